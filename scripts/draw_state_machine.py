"""Draws the diagram of docs/explanation/state-machine.md from the results of `decide` and `evolve`.

An upload is led along every way that the sample commands open, and at each state every command is tried. What was
answered is the table of transitions. Run it after a change of the machine: `python -m scripts.draw_state_machine`. A
unit test compares the page, and a property test looks for answers that these samples do not bring about.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec

from domain.buckets.bucket import Policy
from domain.events.event import Origin, topic_of
from domain.refusals import RefusedError
from domain.uploads.content import VerifiedContent
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    STATUS_OF,
    UPLOAD,
    AbandonVerification,
    AcceptContent,
    BeginVerification,
    CancelUpload,
    Completed,
    DeleteUpload,
    ExpireUpload,
    ForgetUpload,
    Forgotten,
    InheritBytes,
    NoUpload,
    ReissueUrl,
    RejectContent,
    ReportChangedContent,
    RequestUpload,
    StartUpload,
    Upload,
    UploadCommand,
    Verified,
)
from domain.uploads.upload_events import FailureReason, SeenBy, UploadEvent

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "state-machine.md"
BEGIN = "<!-- drawn by scripts/draw_state_machine.py: begin -->\n"
END = "<!-- drawn by scripts/draw_state_machine.py: end -->\n"
_STEPS_AT_MOST = 6  # no state is further away; abandoned verifications could go on forever

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_LATER = _NOW + timedelta(hours=1)
_ORIGIN = Origin(organization_id="org_1", actor_id="key_1", command_id="cmd_1", at=_NOW)
_REQUEST = UploadRequest(
    filename="clip.mp4",
    content_type="video/mp4",
    storage_key="clip.mp4",
    declared_size_bytes=1,
    declared_sha256=None,
    url_expires_in_seconds=3600,
    expires_at=_LATER,
    due_at=_LATER,
    metadata=None,
    create_object=False,
    object_metadata=None,
    blob_property=None,
    blob_type=None,
    skip_duplicates=True,
    unique_key=None,
    policy=Policy.INSERT,
)
_CONTENT = VerifiedContent(size_bytes=1, etag="a", sha256="0" * 64, content_type=None, version_id=None)
_ORIGINAL = Completed(
    upload_id="upl_0",
    request=_REQUEST,
    content=_CONTENT,
    verified_at=_NOW,
    completed_at=_NOW,
    task_id="task_0",
    object_id=None,
    duplicate_of=None,
    existing_object_id=None,
    accepted_bytes=1,
    keeps_bytes=True,
)
_REQUESTED = RequestUpload(origin=_ORIGIN, upload_id="upl_1", request=_REQUEST, forget_at=_LATER)
_ACCEPTED = AcceptContent(origin=_ORIGIN, content=_CONTENT)
_SAMPLES: tuple[UploadCommand, ...] = (
    _REQUESTED,
    msgspec.structs.replace(_REQUESTED, existing_object_id="obj_0"),
    StartUpload(origin=_ORIGIN, multipart_id="multipart_1"),
    ReissueUrl(origin=_ORIGIN, expires_at=_LATER, due_at=_LATER),
    BeginVerification(origin=_ORIGIN, task_id="task_1", seen_by=SeenBy.CONFIRM, inline=True),
    _ACCEPTED,
    msgspec.structs.replace(_ACCEPTED, duplicate_of="upl_0"),
    RejectContent(origin=_ORIGIN, reason=FailureReason.HASH_MISMATCH, message="", forget_at=_LATER),
    AbandonVerification(origin=_ORIGIN, reason="", retry_at=_LATER),
    ExpireUpload(origin=_ORIGIN, forget_at=_LATER),
    CancelUpload(origin=_ORIGIN, forget_at=_LATER),
    ReportChangedContent(origin=_ORIGIN, etag="b"),
    InheritBytes(origin=_ORIGIN, upload=_ORIGINAL),
    DeleteUpload(origin=_ORIGIN),
    ForgetUpload(origin=_ORIGIN),
)
_STATES: tuple[type[Upload], ...] = get_args(Upload)
_COMMANDS: tuple[type[UploadCommand], ...] = get_args(UploadCommand)


class Step(msgspec.Struct, frozen=True):
    """One possible outcome of a command: its events (empty: no change), and the state they lead to."""

    events: tuple[type[UploadEvent], ...]
    to: type[Upload]


def transitions() -> Mapping[tuple[type[Upload], type[UploadCommand]], tuple[Step, ...]]:
    """Return the possible outcomes of each command in each state, except for refusals."""
    found: dict[tuple[type[Upload], type[UploadCommand]], set[Step]] = {}
    seen: list[Upload] = [UPLOAD.initial]
    reached = seen
    for _ in range(_STEPS_AT_MOST):
        reached = [state for before in reached for state in _led_on(before, found)]
        reached = [state for place, state in enumerate(reached) if state not in seen and state not in reached[:place]]
        seen = seen + reached
    return {
        (state, command): tuple(sorted(found[state, command], key=_place_of))
        for command in _COMMANDS
        for state in _STATES
        if (state, command) in found
    }


def _led_on(before: Upload, found: dict[tuple[type[Upload], type[UploadCommand]], set[Step]]) -> Iterator[Upload]:
    """Yield the states that the samples lead to from this one, and record the steps."""
    for command in _SAMPLES:
        try:
            events = UPLOAD.decide(command, before)
        except RefusedError:
            continue
        after = UPLOAD.fold(before, events)
        step = Step(tuple(type(event) for event in events), type(after))
        found.setdefault((type(before), type(command)), set()).add(step)
        yield after


def _place_of(step: Step) -> tuple[bool, int]:
    return not step.events, _STATES.index(step.to)


TRANSITIONS = transitions()


def draw() -> str:
    """Return the machine as a Mermaid diagram, and the accepted commands without a change as a table."""
    arrows = [
        f"    {_name(before)} --> {_name(step.to)}: {command.__name__}<br/>{_tags(step)}"
        for (before, command), step in _steps()
        if step.events
    ]
    states = [
        f"    {kind.__name__}: {status}"
        for kind, status in STATUS_OF.items()
        if status is not None and kind is not Verified
    ]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *states, *arrows, "```"])
    rows = [
        f"| {_status(before)} | `{command.__name__}`{'' if len(steps) == 1 else ' of what is known already'} |"
        for (before, command), steps in TRANSITIONS.items()
        for step in steps
        if not step.events
    ]
    table = "\n".join(["| state | command |", "|---|---|", *rows])
    return f"{diagram}\n\nWhen they are repeated, these commands change nothing and append nothing:\n\n{table}\n"


def redrawn(page: str) -> str:
    """Return the page with the current drawing."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{draw()}\n{END}{after}"


def _steps() -> Iterator[tuple[tuple[type[Upload], type[UploadCommand]], Step]]:
    for line, steps in TRANSITIONS.items():
        for step in steps:
            yield line, step


def _name(state: type[Upload]) -> str:
    return "[*]" if state in {NoUpload, Forgotten} else state.__name__


def _status(state: type[Upload]) -> str:
    return STATUS_OF[state] or state.__name__.lower()


def _tags(step: Step) -> str:
    return ", ".join(topic_of(event).rpartition(".")[0] for event in step.events)


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text()))
    print(f"drew {len(TRANSITIONS)} lines of the table into {PAGE}")
