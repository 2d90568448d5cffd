"""The upload, line by line: allowed and refused transitions, and the content of each event."""

from datetime import datetime, timedelta
from typing import get_args

import msgspec
import pytest

from domain.events.event import topic_of
from domain.refusals import InvalidInputError, WrongStateError
from domain.uploads.content import Claimed
from domain.uploads.request import reserved
from domain.uploads.retention import lasts_until
from domain.uploads.upload import (
    STATUS_OF,
    UPLOAD,
    AbandonVerification,
    BeginVerification,
    Canceled,
    Completed,
    Failed,
    Forgotten,
    InheritBytes,
    InProgress,
    NoUpload,
    Pending,
    Processing,
    ReportChangedContent,
    Skipped,
    Status,
    Upload,
    UploadCommand,
    Verified,
    evolve,
    is_in_parts,
    request_of,
    upload_not_found,
)
from domain.uploads.upload_events import (
    FailureReason,
    SeenBy,
    UploadEvent,
    UploadForgotten,
    UploadRequested,
    UploadVerificationBegan,
)
from scripts.draw_state_machine import TRANSITIONS
from tests.unit.domain.examples import (
    ABANDON,
    ABANDONED,
    ACCEPT,
    BEGAN,
    BEGIN,
    CANCEL,
    CANCELED,
    CHANGED,
    COMMANDS,
    COMPLETED,
    CONTENT,
    DELETE,
    DELETED,
    EXPIRE,
    FAILED,
    FORGET,
    FORGOTTEN,
    INHERIT,
    INHERITED,
    NOW,
    ORIGIN,
    PASTS,
    REISSUE,
    REISSUED,
    REJECT,
    REPORT,
    REQUEST,
    REQUEST_IT,
    REQUEST_IT_WITH_A_TAKEN_KEY,
    REQUESTED,
    SIZE,
    SKIPPED,
    START,
    STARTED,
    VERIFIED,
    asked,
    given,
)

EXPIRED = msgspec.structs.replace(
    FAILED,
    reason=FailureReason.EXPIRED,
    message="No bytes arrived before the upload URL expired; request a new upload.",
)
REISSUED_TO = asked(expires_at=REISSUED.expires_at, due_at=REISSUED.due_at)

# Written by hand: from, command, the tags of the events, to.
TABLE: tuple[tuple[type[Upload], UploadCommand, tuple[str, ...], type[Upload]], ...] = (
    (NoUpload, REQUEST_IT, ("upload.requested.v1",), Pending),
    (NoUpload, REQUEST_IT_WITH_A_TAKEN_KEY, ("upload.skipped.v1",), Skipped),
    (Pending, START, ("upload.started.v1",), InProgress),
    (Pending, REISSUE, ("upload.url_reissued.v1",), Pending),
    (InProgress, REISSUE, ("upload.url_reissued.v1",), InProgress),
    (Pending, BEGIN, ("upload.verification_began.v1",), Processing),
    (InProgress, BEGIN, ("upload.verification_began.v1",), Processing),
    (Processing, ACCEPT, ("upload.verified.v1", "upload.completed.v1"), Completed),
    (Processing, REJECT, ("upload.failed.v1",), Failed),
    (Processing, ABANDON, ("upload.verification_abandoned.v1",), Pending),
    (Pending, EXPIRE, ("upload.failed.v1",), Failed),
    (InProgress, EXPIRE, ("upload.failed.v1",), Failed),
    (Pending, CANCEL, ("upload.canceled.v1",), Canceled),
    (InProgress, CANCEL, ("upload.canceled.v1",), Canceled),
    (Processing, CANCEL, ("upload.canceled.v1",), Canceled),
    (Failed, CANCEL, ("upload.canceled.v1",), Canceled),
    (Completed, REPORT, ("upload.content_changed.v1",), Completed),
    (Failed, FORGET, ("upload.forgotten.v1",), Forgotten),
    (Canceled, FORGET, ("upload.forgotten.v1",), Forgotten),
    (Skipped, FORGET, ("upload.forgotten.v1",), Forgotten),
    (Completed, FORGET, ("upload.forgotten.v1",), Forgotten),
    (Completed, DELETE, ("upload.deleted.v1",), Forgotten),
    (Skipped, DELETE, ("upload.deleted.v1",), Forgotten),
)
# Commands that may repeat: accepted, without another event.
REPEATED: tuple[tuple[type[Upload], UploadCommand], ...] = (
    (InProgress, START),
    (Processing, BEGIN),
    (Completed, BEGIN),
    (Completed, ACCEPT),
    (Completed, INHERIT),
    (Canceled, CANCEL),
    (Forgotten, DELETE),
    (Forgotten, FORGET),
)
ALLOWED = {(state, type(command)) for state, command, _, _ in TABLE} | {
    (state, type(command)) for state, command in REPEATED
}
STATES = get_args(Upload)


def _name(value: object) -> str:
    return value.__name__ if isinstance(value, type) else type(value).__name__


def test_every_state_and_every_command_has_an_example_here() -> None:
    assert set(PASTS) == set(STATES)
    assert {type(command) for command in COMMANDS} == set(get_args(UploadCommand))
    for state, past in PASTS.items():
        assert type(UPLOAD.replay(past)) is state


@pytest.mark.parametrize(("state", "command", "tags", "after"), TABLE, ids=_name)
def test_each_line_of_the_table_is_allowed(
    state: type[Upload], command: UploadCommand, tags: tuple[str, ...], after: type[Upload]
) -> None:
    when = given(*PASTS[state]).when(command)

    assert tuple(topic_of(event) for event in when.events) == tags
    assert type(when.then(*when.events)) is after


@pytest.mark.parametrize(("state", "command"), REPEATED, ids=_name)
def test_a_repeated_command_appends_no_event(state: type[Upload], command: UploadCommand) -> None:
    given(*PASTS[state]).when(command).then_nothing()


@pytest.mark.parametrize("command", COMMANDS, ids=_name)
@pytest.mark.parametrize("state", STATES, ids=_name)
def test_a_transition_outside_the_table_is_refused_and_changes_nothing(
    state: type[Upload], command: UploadCommand
) -> None:
    when = given(*PASTS[state]).when(command)
    if (state, type(command)) in ALLOWED:
        assert isinstance(when.events, tuple)
        return
    code = {Failed: "upload_failed", Canceled: "upload_canceled", Skipped: "upload_skipped"}.get(state, "wrong_state")
    if state in {Completed, Skipped} and command is CANCEL:
        code = "upload_completed"

    refusal = when.then_refused(WrongStateError, code)

    assert refusal.details["status"] == STATUS_OF[state]
    assert refusal.message


def test_the_codes_table_lists_exactly_what_the_design_lists() -> None:
    assert set(TRANSITIONS) == ALLOWED
    listed = {
        (state, command, tuple(topic_of(kind) for kind in step.events), step.to)
        for (state, command), steps in TRANSITIONS.items()
        for step in steps
    }
    by_hand = {(state, type(command), tags, after) for state, command, tags, after in TABLE}
    by_hand |= {(state, type(command), (), state) for state, command in REPEATED}
    by_hand |= {
        (Processing, AbandonVerification, ("upload.verification_abandoned.v1",), InProgress),  # back to where it was
        (Completed, InheritBytes, ("upload.bytes_inherited.v1",), Completed),  # if it keeps no bytes itself
        (Completed, ReportChangedContent, (), Completed),  # only known bytes
    }

    assert listed == by_hand


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (NoUpload, None),
        (Pending, "PENDING"),
        (InProgress, "IN_PROGRESS"),
        (Processing, "PROCESSING"),
        (Verified, "PROCESSING"),
        (Completed, "COMPLETED"),
        (Failed, "FAILED"),
        (Canceled, "CANCELED"),
        (Skipped, "SKIPPED"),
        (Forgotten, None),
    ],
    ids=_name,
)
def test_each_state_has_its_status_on_the_wire(state: type[Upload], status: Status | None) -> None:
    assert STATUS_OF[state] == status


def test_all_states_have_a_status() -> None:
    assert set(STATUS_OF) == set(STATES)
    assert {status for status in STATUS_OF.values() if status} == set(Status)


# request


def test_a_request_reserves_the_declared_size() -> None:
    given().when(REQUEST_IT).then(REQUESTED)


def test_a_request_without_a_size_reserves_nothing() -> None:
    request = asked(declared_size_bytes=None)

    given().when(msgspec.structs.replace(REQUEST_IT, request=request)).then(
        UploadRequested(origin=ORIGIN, upload_id="upl_1", request=request, reserved_bytes=0)
    )


def test_a_request_whose_unique_key_is_taken_is_skipped_and_will_be_forgotten() -> None:
    given().when(REQUEST_IT_WITH_A_TAKEN_KEY).then(SKIPPED)


# start, sign again


def test_the_first_part_starts_an_upload() -> None:
    state = given(REQUESTED).when(START).then(STARTED)

    assert state == InProgress(upload_id="upl_1", request=REQUEST, multipart_id="mp_1")


@pytest.mark.parametrize("past", [(REQUESTED,), (REQUESTED, STARTED)], ids=["pending", "in progress"])
def test_a_fresh_url_moves_the_expiry_and_nothing_else(past: tuple[UploadEvent, ...]) -> None:
    before = UPLOAD.replay(past)

    after = given(*past).when(REISSUE).then(REISSUED)

    assert isinstance(before, Pending | InProgress)
    assert after == msgspec.structs.replace(before, request=REISSUED_TO)


@pytest.mark.parametrize("too_early", [NOW, NOW - timedelta(seconds=1)])
def test_a_url_that_would_have_expired_already_is_refused(too_early: object) -> None:
    command = msgspec.structs.replace(REISSUE, expires_at=too_early)

    given(REQUESTED).when(command).then_refused(InvalidInputError, "invalid_expiry")


# begin verification


def test_a_confirmed_upload_is_processing_and_remembers_what_the_client_claimed() -> None:
    state = given(REQUESTED).when(BEGIN).then(BEGAN)

    assert isinstance(state, Processing)
    assert (state.task_id, state.began_at, state.claimed) == ("task_1", NOW, Claimed(etag="abc-1"))


def test_the_sweeper_keeps_what_the_client_had_claimed_before_storage_went_silent() -> None:
    sweep = BeginVerification(origin=ORIGIN, task_id="task_2", seen_by=SeenBy.SWEEPER, inline=False)
    again = UploadVerificationBegan(
        origin=ORIGIN,
        upload_id="upl_1",
        task_id="task_1",
        seen_by=SeenBy.SWEEPER,
        inline=False,
        claimed=Claimed(etag="abc-1"),
    )

    given(REQUESTED, BEGAN, ABANDONED).when(sweep).then(again)


def test_a_second_confirm_after_storage_went_silent_replaces_the_claim_and_keeps_the_task() -> None:
    claimed = Claimed(etag="def-1", size_bytes=SIZE)
    confirm = msgspec.structs.replace(BEGIN, task_id="task_2", claimed=claimed)

    given(REQUESTED, BEGAN, ABANDONED).when(confirm).then(msgspec.structs.replace(BEGAN, claimed=claimed))


def test_a_storage_event_claims_nothing_in_the_clients_name() -> None:
    seen = msgspec.structs.replace(BEGIN, seen_by=SeenBy.STORAGE_EVENT, inline=False)

    given(REQUESTED).when(seen).then(
        msgspec.structs.replace(BEGAN, seen_by=SeenBy.STORAGE_EVENT, inline=False, claimed=Claimed())
    )


# accept


def test_accepted_content_completes_the_upload_and_settles_its_quota() -> None:
    state = given(REQUESTED, BEGAN).when(ACCEPT).then(VERIFIED, COMPLETED)

    assert state == Completed(
        upload_id="upl_1",
        request=REQUEST,
        content=CONTENT,
        verified_at=NOW,
        completed_at=NOW,
        task_id="task_1",
        object_id="obj_1",
        duplicate_of=None,
        existing_object_id=None,
        accepted_bytes=SIZE,
        keeps_bytes=True,
    )


def test_an_undeclared_size_is_claimed_at_completion() -> None:
    requested = msgspec.structs.replace(REQUESTED, request=asked(declared_size_bytes=None), reserved_bytes=0)

    given(requested, BEGAN).when(ACCEPT).then(
        VERIFIED, msgspec.structs.replace(COMPLETED, released_bytes=0, accepted_bytes=SIZE)
    )


def test_content_without_an_object_is_kept_until_it_is_deleted() -> None:
    command = msgspec.structs.replace(ACCEPT, object_id=None)

    given(REQUESTED, BEGAN).when(command).then(VERIFIED, msgspec.structs.replace(COMPLETED, object_id=None))


def test_an_end_that_was_wished_for_counts_from_the_completion() -> None:
    requested = msgspec.structs.replace(REQUESTED, request=asked(expires_after_seconds=60, deletes_at=NOW))
    later = msgspec.structs.replace(ORIGIN, at=NOW + timedelta(hours=2))

    state = (
        given(requested, BEGAN)
        .when(msgspec.structs.replace(ACCEPT, origin=later))
        .then(
            msgspec.structs.replace(VERIFIED, origin=later),
            msgspec.structs.replace(COMPLETED, origin=later, deletes_at=NOW + timedelta(hours=2, minutes=1)),
        )
    )

    assert isinstance(state, Completed)
    assert state.deletes_at == NOW + timedelta(hours=2, minutes=1)


def test_a_duplicate_keeps_no_bytes_and_carries_the_originals_object() -> None:
    command = msgspec.structs.replace(ACCEPT, duplicate_of="upl_0")

    given(REQUESTED, BEGAN).when(command).then(
        VERIFIED,
        msgspec.structs.replace(
            COMPLETED,
            duplicate_of="upl_0",
            object_id="obj_1",
            keeps_bytes=False,
            accepted_bytes=0,
            released_bytes=SIZE,
        ),
    )


def test_a_unique_key_taken_meanwhile_completes_without_bytes_and_without_a_new_object() -> None:
    command = msgspec.structs.replace(ACCEPT, existing_object_id="obj_9")

    given(REQUESTED, BEGAN).when(command).then(
        VERIFIED,
        msgspec.structs.replace(
            COMPLETED,
            object_id=None,
            existing_object_id="obj_9",
            keeps_bytes=False,
            accepted_bytes=0,
            released_bytes=SIZE,
        ),
    )


# reject, abandon


def test_rejected_content_fails_the_upload_and_releases_its_quota() -> None:
    state = given(REQUESTED, BEGAN).when(REJECT).then(FAILED)

    assert state == Failed(
        upload_id="upl_1", request=REQUEST, reason=FailureReason.HASH_MISMATCH, message="Other bytes."
    )


def test_a_silent_storage_leaves_a_pending_upload_where_it_was() -> None:
    state = given(REQUESTED, BEGAN).when(ABANDON).then(ABANDONED)

    assert state == Pending(
        upload_id="upl_1",
        request=REQUEST,
        task_id="task_1",
        attempts=1,
        claimed=Claimed(etag="abc-1"),
        claimed_by=ORIGIN.actor_id,
    )


def test_a_silent_storage_leaves_an_upload_in_progress_where_it_was() -> None:
    state = given(REQUESTED, STARTED, BEGAN).when(ABANDON).then(ABANDONED)

    assert state == InProgress(
        upload_id="upl_1",
        request=REQUEST,
        multipart_id="mp_1",
        task_id="task_1",
        attempts=1,
        claimed=Claimed(etag="abc-1"),
        claimed_by=ORIGIN.actor_id,
    )


def test_attempts_are_counted() -> None:
    past = (REQUESTED, BEGAN, ABANDONED, BEGAN)

    given(*past).when(ABANDON).then(msgspec.structs.replace(ABANDONED, attempt=2))


def test_parts_signed_after_a_silent_storage_keep_its_attempts_and_claim() -> None:
    state = given(REQUESTED, BEGAN, ABANDONED).when(START).then(STARTED)

    assert state == InProgress(
        upload_id="upl_1",
        request=REQUEST,
        multipart_id="mp_1",
        task_id="task_1",
        attempts=1,
        claimed=Claimed(etag="abc-1"),
        claimed_by=ORIGIN.actor_id,
    )


# expire


@pytest.mark.parametrize(
    ("past", "arrived"),
    [((REQUESTED,), "No bytes"), ((REQUESTED, STARTED), "Not all parts")],
    ids=["pending", "in progress"],
)
def test_an_expired_upload_has_failed_and_holds_no_quota(past: tuple[UploadEvent, ...], arrived: str) -> None:
    message = f"{arrived} arrived before the upload URL expired; request a new upload."
    state = given(*past).when(EXPIRE).then(msgspec.structs.replace(EXPIRED, message=message))

    assert isinstance(state, Failed)
    assert EXPIRED.released_bytes == SIZE


def test_a_reissued_url_moves_the_time_at_which_late_bytes_are_looked_for() -> None:
    given(REQUESTED, REISSUED).when(EXPIRE).then(msgspec.structs.replace(EXPIRED, due_at=REISSUED.due_at))


# cancel


@pytest.mark.parametrize(
    "past", [(REQUESTED,), (REQUESTED, STARTED), (REQUESTED, BEGAN)], ids=["pending", "in progress", "processing"]
)
def test_a_canceled_upload_releases_its_quota(past: tuple[UploadEvent, ...]) -> None:
    state = given(*past).when(CANCEL).then(CANCELED)

    assert state == Canceled(upload_id="upl_1", request=REQUEST, kept_bytes=0)


def test_a_failed_upload_that_is_canceled_releases_nothing_a_second_time() -> None:
    given(REQUESTED, BEGAN, FAILED).when(CANCEL).then(msgspec.structs.replace(CANCELED, released_bytes=0))


@pytest.mark.parametrize("kept", [0, 700])
def test_bytes_that_are_to_stay_count_until_they_are_forgotten(kept: int) -> None:
    canceled = msgspec.structs.replace(CANCELED, keeps_bytes=True, kept_bytes=kept)

    given(REQUESTED).when(msgspec.structs.replace(CANCEL, kept_bytes=kept)).then(canceled)
    given(REQUESTED, canceled).when(FORGET).then(msgspec.structs.replace(FORGOTTEN, freed_bytes=kept))


def test_a_completed_upload_is_not_canceled_and_its_object_is_named() -> None:
    refusal = given(*PASTS[Completed]).when(CANCEL).then_refused(WrongStateError, "upload_completed")

    assert refusal.details == {"status": "COMPLETED", "object_id": "obj_1"}


def test_a_failed_upload_says_why_when_it_refuses() -> None:
    refusal = given(*PASTS[Failed]).when(BEGIN).then_refused(WrongStateError, "upload_failed")

    assert "Other bytes." in refusal.message


# changed content


def test_bytes_overwritten_after_completion_are_marked() -> None:
    state = given(*PASTS[Completed]).when(REPORT).then(CHANGED)

    assert isinstance(state, Completed)
    assert state.changed_etag == "other"
    assert msgspec.structs.replace(state, changed_etag=None) == UPLOAD.replay(PASTS[Completed])


def test_the_same_bytes_are_no_change() -> None:
    given(*PASTS[Completed]).when(ReportChangedContent(origin=ORIGIN, etag=CONTENT.etag)).then_nothing()


def test_a_known_change_appends_no_event() -> None:
    given(*PASTS[Completed], CHANGED).when(REPORT).then_nothing()


def test_bytes_that_vanished_after_completion_are_marked_once() -> None:
    gone = ReportChangedContent(origin=ORIGIN, etag=None)
    vanished = msgspec.structs.replace(CHANGED, etag=None)

    state = given(*PASTS[Completed]).when(gone).then(vanished)

    assert isinstance(state, Completed)
    assert state.changed_etag == ""
    given(*PASTS[Completed], vanished).when(gone).then_nothing()


def test_bytes_that_vanished_after_they_were_overwritten_append_an_event() -> None:
    gone = ReportChangedContent(origin=ORIGIN, etag=None)

    given(*PASTS[Completed], CHANGED).when(gone).then(msgspec.structs.replace(CHANGED, etag=None))


def test_a_pinned_version_cannot_change() -> None:
    pinned = msgspec.structs.replace(VERIFIED, content=msgspec.structs.replace(CONTENT, version_id="v1"))

    for etag in ("other", None):
        command = ReportChangedContent(origin=ORIGIN, etag=etag)
        given(REQUESTED, BEGAN, pinned, COMPLETED).when(command).then_nothing()


def test_an_upload_that_keeps_no_bytes_has_none_to_change() -> None:
    duplicate = msgspec.structs.replace(COMPLETED, duplicate_of="upl_0", keeps_bytes=False, accepted_bytes=0)

    for etag in ("other", None):
        command = ReportChangedContent(origin=ORIGIN, etag=etag)
        given(REQUESTED, BEGAN, VERIFIED, duplicate).when(command).then_nothing()


# forget


@pytest.mark.parametrize(
    ("past", "freed"),
    [(PASTS[Completed], SIZE), (PASTS[Failed], 0), (PASTS[Canceled], 0), (PASTS[Skipped], 0)],
    ids=["completed", "failed", "canceled", "skipped"],
)
def test_a_forgotten_upload_frees_the_bytes_it_kept(past: tuple[UploadEvent, ...], freed: int) -> None:
    state = given(*past).when(FORGET).then(UploadForgotten(origin=ORIGIN, upload_id="upl_1", freed_bytes=freed))

    assert state == Forgotten(upload_id="upl_1")


def test_a_deleted_upload_frees_the_bytes_it_kept() -> None:
    given(*PASTS[Completed]).when(DELETE).then(DELETED)
    given(*PASTS[Skipped]).when(DELETE).then(msgspec.structs.replace(DELETED, freed_bytes=0))


def test_a_duplicate_inherits_the_location_of_the_bytes_and_is_no_longer_a_duplicate() -> None:
    duplicate = msgspec.structs.replace(COMPLETED, duplicate_of="upl_0", keeps_bytes=False, accepted_bytes=0)

    state = given(REQUESTED, BEGAN, VERIFIED, duplicate).when(INHERIT).then(INHERITED)

    assert isinstance(state, Completed)
    assert state.has_verified_bytes
    assert (state.request.storage_key, state.content.version_id) == (INHERITED.storage_key, "v1")
    assert (state.accepted_bytes, state.duplicate_of, state.object_id) == (SIZE, None, None)


def test_a_refusal_to_cancel_a_duplicate_does_not_name_the_originals_object() -> None:
    duplicate = msgspec.structs.replace(COMPLETED, duplicate_of="upl_0", keeps_bytes=False, accepted_bytes=0)

    refusal = (
        given(REQUESTED, BEGAN, VERIFIED, duplicate).when(CANCEL).then_refused(WrongStateError, "upload_completed")
    )

    assert refusal.details == {"status": "COMPLETED", "object_id": None}


def test_a_refusal_names_the_upload_or_the_field() -> None:
    assert upload_not_found("upl_1").details == {"upload_id": "upl_1"}
    assert len(upload_not_found("u" * 500).details["upload_id"]) == 100
    over = msgspec.structs.replace(REISSUE, expires_at=NOW)
    refusal = given(REQUESTED).when(over).then_refused(InvalidInputError, "invalid_expiry")
    assert refusal.details == {"field": "presigned_url_expiration"}


def test_an_upload_that_is_not_there_is_called_missing() -> None:
    assert "is missing" in given().when(BEGIN).then_refused(WrongStateError, "wrong_state").message


# properties of states


def test_only_a_client_that_confirms_claims_the_upload() -> None:
    notified = msgspec.structs.replace(BEGAN, seen_by=SeenBy.STORAGE_EVENT)

    for past, claimed_by in (
        ((BEGAN,), ORIGIN.actor_id),
        ((notified,), None),
        ((BEGAN, ABANDONED, notified), ORIGIN.actor_id),
    ):
        state = UPLOAD.replay((REQUESTED, *past))
        assert isinstance(state, Processing)
        assert state.before.claimed_by == claimed_by


def test_stored_bytes_are_verified_unless_they_belong_to_another_upload_or_have_changed() -> None:
    duplicate = msgspec.structs.replace(COMPLETED, duplicate_of="upl_0", keeps_bytes=False, accepted_bytes=0)

    for past, verified in (((COMPLETED,), True), ((duplicate,), False), ((COMPLETED, CHANGED), False)):
        state = UPLOAD.replay((REQUESTED, BEGAN, VERIFIED, *past))
        assert isinstance(state, Completed)
        assert state.has_verified_bytes is verified


def test_an_heir_knows_where_the_bytes_are_and_until_when_they_could_be_overwritten() -> None:
    duplicate = msgspec.structs.replace(COMPLETED, duplicate_of="upl_0", keeps_bytes=False, accepted_bytes=0)
    inherited = msgspec.structs.replace(INHERITED, due_at=INHERITED.due_at + timedelta(hours=3))

    heir = UPLOAD.replay((REQUESTED, BEGAN, VERIFIED, duplicate, inherited))

    assert isinstance(heir, Completed)
    assert (heir.request.storage_key, heir.request.due_at) == (inherited.storage_key, inherited.due_at)
    assert (heir.content.etag, heir.content.version_id) == ("first", "v1")


def test_an_ended_upload_was_multipart_if_its_parts_had_a_size() -> None:
    whole, parts = REQUESTED, msgspec.structs.replace(REQUESTED, request=asked(part_size=5_242_880))

    assert [is_in_parts(UPLOAD.replay((first, CANCELED))) for first in (whole, parts)] == [False, True]
    assert not is_in_parts(UPLOAD.replay((parts,)))


# the past is not refused


def test_any_event_after_any_other_changes_a_state_or_nothing() -> None:
    for past in PASTS.values():
        for event in (
            REQUESTED,
            SKIPPED,
            STARTED,
            REISSUED,
            BEGAN,
            VERIFIED,
            COMPLETED,
            FAILED,
            ABANDONED,
            CANCELED,
            CHANGED,
            INHERITED,
            DELETED,
            FORGOTTEN,
        ):
            assert isinstance(evolve(UPLOAD.replay(past), event), STATES)


@pytest.mark.parametrize(
    ("past", "event"),
    [
        ((), STARTED),
        ((), CANCELED),
        ((), FAILED),
        ((), CHANGED),
        (PASTS[Completed], STARTED),
        (PASTS[Completed], REISSUED),
        (PASTS[Completed], BEGAN),
        (PASTS[Completed], VERIFIED),
        (PASTS[Pending], COMPLETED),
        (PASTS[Pending], VERIFIED),
        (PASTS[Pending], ABANDONED),
        (PASTS[Pending], CHANGED),
        (PASTS[Processing], COMPLETED),
    ],
    ids=_name,
)
def test_a_fact_that_fits_no_state_changes_nothing(past: tuple[UploadEvent, ...], event: UploadEvent) -> None:
    assert evolve(UPLOAD.replay(past), event) == UPLOAD.replay(past)


@pytest.mark.parametrize("state", STATES, ids=_name)
def test_what_was_asked_for_is_known_until_it_is_forgotten(state: type[Upload]) -> None:
    expected = None if state in {NoUpload, Forgotten} else REQUEST

    assert request_of(UPLOAD.replay(PASTS[state])) == expected


@pytest.mark.parametrize(("declared", "held"), [(None, 0), (0, 0), (SIZE, SIZE)])
def test_a_request_holds_its_declared_size(declared: int | None, held: int) -> None:
    assert reserved(asked(declared_size_bytes=declared)) == held


def test_a_redacted_past_still_gives_the_same_state() -> None:
    personal: dict[str, None] = dict.fromkeys(("filename", "storage_key", "metadata", "object_metadata"))
    redacted = msgspec.structs.replace(REQUESTED, request=asked(**personal))

    state = UPLOAD.replay((redacted, BEGAN, VERIFIED, COMPLETED))

    assert isinstance(state, Completed)
    assert state.request == asked(**personal)


@pytest.mark.parametrize(
    ("moment", "end", "lasts"),
    [
        (None, None, True),
        (NOW, None, True),
        (None, NOW, False),
        (NOW, NOW, True),
        (NOW + timedelta(seconds=1), NOW, False),
        (NOW - timedelta(seconds=1), NOW, True),
    ],
)
def test_what_has_no_end_lasts_until_any_moment(moment: datetime | None, end: datetime | None, lasts: bool) -> None:
    assert lasts_until(moment, end) is lasts
