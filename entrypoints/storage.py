"""What an operator does about the bucket; each returns an exit code."""

import sys
from datetime import timedelta

import msgspec

from application.checking_storage import Finding, Kind, Tally
from entrypoints.client.output import emit, human, printable
from entrypoints.settings import Settings
from entrypoints.wiring import checking_storage

_TOLD_EVERY = 100_000  # keys
_WORDS = {
    Kind.ORPHAN: "orphan",
    Kind.ABANDONED_PARTS: "abandoned parts",
    Kind.MISSING: "missing",
    Kind.OVERWRITTEN: "overwritten",
}
_DONE = {Kind.ORPHAN: "deleted", Kind.ABANDONED_PARTS: "aborted"}


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `--json`."""

    summary: Tally
    remaining: int


async def check(*, repair: bool, older_than: timedelta, as_json: bool) -> int:
    """Hold the bucket against the log, and tell what is wrong."""
    told = 0

    def report(finding: Finding) -> None:
        emit(msgspec.json.encode(finding).decode() if as_json else _line(finding))

    def progress(tally: Tally) -> None:
        nonlocal told
        if tally.keys - told >= _TOLD_EVERY:
            told = tally.keys
            sys.stderr.write(f"{told} keys, {sum(tally.found.values())} findings\n")

    async with checking_storage(Settings(), report=report, progress=progress) as look:
        tally = await look(repair=repair, older_than=older_than)
    if as_json:
        emit(msgspec.json.encode(_Summary(summary=tally, remaining=tally.remaining)).decode())
    else:
        for line in _summary(tally, repair=repair):
            emit(line)
    return 1 if tally.remaining else 0


def _line(finding: Finding) -> str:
    facts = [finding.reason]
    if finding.size_bytes is not None:
        facts.append(human(finding.size_bytes))
    if finding.at is not None:
        facts.append(f"since {finding.at.isoformat(timespec='seconds')}")
    ending = f": {_DONE[finding.kind]}" if finding.repaired else ""
    if finding.error is not None:
        ending = f": not repaired, {finding.error}"
    return printable(f"{_WORDS[finding.kind]}: {finding.key} ({', '.join(facts)}){ending}")


def _summary(tally: Tally, *, repair: bool) -> list[str]:
    found = ", ".join(f"{_WORDS[kind]} {count}" for kind, count in tally.found.items())
    lines = [
        f"Looked at {tally.keys} keys, {tally.multiparts} uploads in parts and {tally.proved_uploads} proved uploads.",
        f"Not ours: {tally.not_ours}. Too young to judge: {tally.too_young}.",
        f"Found: {found}. Orphans hold {human(tally.orphaned_bytes)}.",
    ]
    if repair:
        lines.append(f"Repaired: {tally.repaired}. Remaining: {tally.remaining}.")
    return lines
