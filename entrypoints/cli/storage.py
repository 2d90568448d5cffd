"""Operator commands for the S3 bucket; each returns an exit code."""

import sys
from contextlib import aclosing
from datetime import UTC, timedelta

import msgspec

from adapters.s3.doctor import Diagnosis, Verdict
from application.storage.checking import Finding, FindingKind, Tally
from entrypoints.cli.output import emit, human, json_of, printable
from entrypoints.cli.target import operators_settings
from entrypoints.wiring.operations import checking_storage
from entrypoints.wiring.storage import s3_doctor

_REPORT_EVERY = 100_000  # keys or multipart uploads
_WORDS = {
    FindingKind.ORPHAN: "orphan",
    FindingKind.ABANDONED_PARTS: "abandoned parts",
    FindingKind.MISSING: "missing",
    FindingKind.OVERWRITTEN: "overwritten",
}
_DONE = {FindingKind.ORPHAN: "deleted", FindingKind.ABANDONED_PARTS: "aborted"}


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `--json`."""

    summary: Tally
    remaining: int


async def check(*, repair: bool, older_than: timedelta, as_json: bool) -> int:
    """Compare the S3 bucket with the log, and report the findings."""
    reported = 0

    def report(finding: Finding) -> None:
        emit(json_of(finding) if as_json else _line(finding))

    def progress(tally: Tally) -> None:
        nonlocal reported
        looked = tally.keys + tally.multiparts + tally.verified_uploads
        if looked - reported >= _REPORT_EVERY:
            reported = looked
            sys.stderr.write(
                f"{tally.keys} keys, {tally.multiparts} multipart uploads, {tally.verified_uploads} verified uploads; "
                f"{sum(tally.found.values())} findings\n"
            )

    async with checking_storage(operators_settings(), report=report, progress=progress) as look:
        tally = await look(repair=repair, older_than=older_than)
    if as_json:
        emit(json_of(_Summary(summary=tally, remaining=tally.remaining)))
    else:
        for line in _summary(tally, repair=repair):
            emit(line)
    return 1 if tally.remaining else 0


async def doctor(*, origin: str | None, as_json: bool) -> int:
    """Examine the S3 bucket, and report the results."""
    verdicts = dict.fromkeys(Verdict, 0)
    async with aclosing(s3_doctor(operators_settings().s3, origin).examine()) as diagnoses:
        async for diagnosis in diagnoses:
            verdicts[diagnosis.verdict] += 1
            lines = [json_of(diagnosis)] if as_json else _lines_of(diagnosis)
            for line in lines:
                emit(line)
    if not as_json:
        emit(", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    return 1 if verdicts[Verdict.FAILED] else 0


def _lines_of(diagnosis: Diagnosis) -> list[str]:
    lines = [printable(f"{diagnosis.verdict:8} {diagnosis.check}: {diagnosis.detail}")]
    if diagnosis.advice is not None:
        lines += [" " * 9 + printable(line) for line in diagnosis.advice.splitlines()]
    return lines


def _line(finding: Finding) -> str:
    facts = [finding.reason]
    if finding.size_bytes is not None:
        facts.append(human(finding.size_bytes))
    if finding.at is not None:
        facts.append(f"since {finding.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    ending = f": {_DONE[finding.kind]}" if finding.repaired else ""
    if finding.error is not None:
        ending = f": not repaired, {finding.error}"
    return printable(f"{_WORDS[finding.kind]}: {finding.key} ({', '.join(facts)}){ending}")


def _summary(tally: Tally, *, repair: bool) -> list[str]:
    found = ", ".join(f"{_WORDS[kind]} {count}" for kind, count in tally.found.items())
    verified = tally.verified_uploads
    lines = [
        f"Checked {tally.keys} keys, {tally.multiparts} multipart uploads and {verified} verified uploads.",
        f"Not ours: {tally.not_ours}. Too young to judge: {tally.too_young}.",
        f"Found: {found}. Orphans hold {human(tally.orphaned_bytes)}.",
        f"Older versions: {tally.old_versions}, with {human(tally.old_version_bytes)}.",
    ]
    if repair:
        lines.append(f"Repaired: {tally.repaired}. Remaining: {tally.remaining}.")
    return lines
