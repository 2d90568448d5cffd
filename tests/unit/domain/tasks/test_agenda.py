"""The jobs that events require, and those that they end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from domain.events.registry import KnownEvent, decode
from domain.objects.object import ObjectCreated, ObjectDeleted, ObjectUpdated
from domain.tasks.agenda import (
    INLINE_TAKES,
    EndJobs,
    Entry,
    JobKind,
    KnownUpload,
    SetJob,
    agenda_of,
    is_due_at_once,
)
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import Status
from domain.uploads.upload_events import FailureReason
from tests.unit.domain.examples import (
    ABANDON,
    ABANDONED,
    BEGAN,
    CANCELED,
    CHANGED,
    COMPLETED,
    DELETED,
    DUE,
    FAILED,
    FORGOTTEN,
    INHERITED,
    LATER,
    NOW,
    ORIGIN,
    REISSUE,
    REISSUED,
    REQUEST,
    REQUESTED,
    SHA256,
    SKIPPED,
    STARTED,
    VERIFIED,
    blob,
)

HOUR = timedelta(hours=1)
GOLDEN = sorted((Path(__file__).parents[3] / "golden").iterdir())
KNOWN = KnownUpload(
    status=Status.PENDING,
    storage_key=REQUEST.storage_key or "",
    multipart_id="mp_1",
    part_size=5 * 1024 * 1024,
    due_at=DUE,
    bytes_of="upl_1",
    own_end=None,
)
VERIFY, EXPIRE, FORGET, DISCARD, RECHECK, DELETE_OBJECT = (
    JobKind.VERIFY,
    JobKind.EXPIRE,
    JobKind.FORGET,
    JobKind.DISCARD,
    JobKind.RECHECK,
    JobKind.DELETE_OBJECT,
)


class Given:
    """The known facts about uploads before an event."""

    def __init__(self, **uploads: KnownUpload) -> None:
        self._uploads: Mapping[str, KnownUpload] = uploads

    def when(self, event: KnownEvent, stream_id: str = "upl_1") -> "When":
        return When(event, agenda_of(stream_id, event, self._uploads.get))


class When:
    """An event that was appended."""

    def __init__(self, event: KnownEvent, agenda: tuple[Entry, ...]) -> None:
        self._event = event
        self._agenda = agenda

    def then(self, *entries: Entry, at_once: bool = False) -> None:
        """Require exactly this agenda, and whether a worker is woken."""
        assert self._agenda == entries
        assert is_due_at_once(self._agenda, self._event.origin.at) is at_once


given = Given


def sets(kind: JobKind, due_at: datetime, subject_id: str = "upl_1") -> SetJob:
    return SetJob(kind=kind, subject_id=subject_id, due_at=due_at)


def ends(*kinds: JobKind, of: tuple[str, ...] = ("upl_1",)) -> EndJobs:
    return EndJobs(kinds=frozenset(kinds or JobKind), subject_ids=frozenset(of))


def discards(again_at: datetime = DUE, bytes_of: str = "upl_1") -> SetJob:
    return SetJob(
        kind=DISCARD,
        subject_id=bytes_of,
        due_at=NOW,
        storage_key=KNOWN.storage_key,
        multipart_id="mp_1",
        again_at=again_at,
    )


def test_every_event_has_an_agenda_even_of_an_unknown_upload() -> None:
    for path in GOLDEN:
        event = decode(path.read_bytes())
        entries = agenda_of("upl_1", event, lambda _: None)
        assert all(isinstance(entry, SetJob | EndJobs) for entry in entries), path.name


# Under way


def test_a_job_checks_for_bytes_when_the_url_has_expired() -> None:
    given().when(REQUESTED).then(sets(EXPIRE, DUE))
    given(upl_1=KNOWN).when(REISSUED).then(sets(EXPIRE, REISSUE.due_at))


def test_what_was_skipped_is_forgotten_in_the_end() -> None:
    given().when(SKIPPED).then(sets(FORGET, LATER))


def test_a_worker_takes_an_inline_verification_over_only_after_a_while_and_any_other_at_once() -> None:
    given(upl_1=KNOWN).when(BEGAN).then(ends(EXPIRE), sets(VERIFY, NOW + INLINE_TAKES))
    by_worker = msgspec.structs.replace(BEGAN, inline=False)
    given(upl_1=KNOWN).when(by_worker).then(ends(EXPIRE), sets(VERIFY, NOW), at_once=True)


def test_where_storage_cannot_answer_verification_is_tried_again_and_the_client_is_waited_for() -> None:
    given(upl_1=KNOWN).when(ABANDONED).then(sets(VERIFY, ABANDON.retry_at), sets(EXPIRE, DUE))


# Ended


def test_a_completed_upload_is_checked_again_when_its_url_has_expired() -> None:
    given(upl_1=KNOWN).when(COMPLETED).then(ends(), sets(RECHECK, DUE))


def test_a_completed_upload_with_an_end_is_forgotten_then() -> None:
    event = msgspec.structs.replace(COMPLETED, deletes_at=LATER)
    given(upl_1=KNOWN).when(event).then(ends(), sets(FORGET, LATER), sets(RECHECK, DUE))


def test_the_bytes_of_a_duplicate_are_deleted_at_once_and_again_when_its_url_has_expired() -> None:
    event = msgspec.structs.replace(COMPLETED, keeps_bytes=False, duplicate_of="upl_0", deletes_at=LATER)
    given(upl_1=KNOWN).when(event).then(ends(), sets(FORGET, LATER), discards(), at_once=True)


def test_the_bytes_of_a_failed_upload_are_deleted_and_its_record_is_forgotten_in_the_end() -> None:
    given(upl_1=KNOWN).when(FAILED).then(ends(), sets(FORGET, LATER), discards(), at_once=True)


def test_an_upload_that_expired_leaves_parts_to_delete_and_nothing_else() -> None:
    expired = msgspec.structs.replace(FAILED, reason=FailureReason.EXPIRED)
    given(upl_1=KNOWN).when(expired).then(ends(), sets(FORGET, LATER), discards(), at_once=True)
    given(upl_1=msgspec.structs.replace(KNOWN, part_size=None)).when(expired).then(ends(), sets(FORGET, LATER))


def test_the_bytes_of_a_canceled_upload_are_deleted_unless_they_are_kept() -> None:
    given(upl_1=KNOWN).when(CANCELED).then(ends(), sets(FORGET, LATER), discards(), at_once=True)
    kept = msgspec.structs.replace(CANCELED, keeps_bytes=True, kept_bytes=5)
    given(upl_1=KNOWN).when(kept).then(ends(), sets(FORGET, LATER))


@pytest.mark.parametrize("event", [DELETED, FORGOTTEN])
def test_the_bytes_of_an_upload_go_with_it_unless_an_heir_stands_on_them(event: KnownEvent) -> None:
    given(upl_1=KNOWN).when(event).then(ends(), discards(), at_once=True)
    with_heir = msgspec.structs.replace(event, heir_id="upl_2")
    given(upl_1=KNOWN).when(with_heir).then(ends(FORGET))  # and its bytes are checked as before


@pytest.mark.parametrize("event", [DELETED, FORGOTTEN])
def test_inherited_bytes_go_under_the_id_that_they_were_stored_for_and_its_own_are_still_deleted(
    event: KnownEvent,
) -> None:
    heir = msgspec.structs.replace(KNOWN, bytes_of="upl_0")
    given(upl_1=heir).when(event).then(
        ends(FORGET), ends(RECHECK, of=("upl_0",)), discards(bytes_of="upl_0"), at_once=True
    )
    with_heir = msgspec.structs.replace(event, heir_id="upl_2")
    given(upl_1=heir).when(with_heir).then(ends(FORGET))


@pytest.mark.parametrize("event", [DELETED, FORGOTTEN])
def test_of_an_upload_that_was_skipped_there_are_no_bytes_to_delete(event: KnownEvent) -> None:
    given(upl_1=msgspec.structs.replace(KNOWN, status=Status.SKIPPED)).when(event).then(ends())


@pytest.mark.parametrize("event", [DELETED, FORGOTTEN])
def test_of_an_upload_that_nothing_is_known_of_nothing_is_deleted(event: KnownEvent) -> None:
    given().when(event).then(ends())


# Objects


def object_created(deletes_at: datetime | None = None) -> ObjectCreated:
    blobs = (blob("video", "upl_1"), blob("poster", "upl_2"))
    return ObjectCreated(
        origin=ORIGIN, object_id="obj_1", blobs=blobs, metadata={}, unique_key=None, deletes_at=deletes_at
    )


def object_updated(*released: str, deletes_at: datetime | UnsetType | None = UNSET) -> ObjectUpdated:
    return ObjectUpdated(
        origin=ORIGIN,
        object_id="obj_1",
        blobs=(blob("video", "upl_1"),),
        metadata={},
        released_upload_ids=released,
        forget_at=LATER,
        deletes_at=deletes_at,
    )


def object_deleted(*released: str) -> ObjectDeleted:
    return ObjectDeleted(
        origin=ORIGIN, object_id="obj_1", forgotten_upload_ids=("upl_1",), released_upload_ids=released
    )


def test_what_an_object_holds_is_not_forgotten_by_itself() -> None:
    given().when(object_created(), "obj_1").then(ends(FORGET, of=("upl_1", "upl_2")))
    given().when(object_updated(), "obj_1").then(ends(FORGET))


def test_an_object_with_an_end_is_deleted_then() -> None:
    event = object_created(deletes_at=LATER)
    given().when(event, "obj_1").then(ends(FORGET, of=("upl_1", "upl_2")), sets(DELETE_OBJECT, LATER, "obj_1"))


def test_the_end_of_an_object_may_move_or_go_and_stays_where_an_update_does_not_mention_it() -> None:
    moved, gone = object_updated(deletes_at=LATER + HOUR), object_updated(deletes_at=None)
    given().when(moved, "obj_1").then(ends(FORGET), sets(DELETE_OBJECT, LATER + HOUR, "obj_1"))
    given().when(gone, "obj_1").then(ends(FORGET), ends(DELETE_OBJECT, of=("obj_1",)))
    given().when(object_updated(), "obj_1").then(ends(FORGET))


def test_an_upload_that_an_object_releases_is_forgotten_at_its_own_end_if_it_has_one() -> None:
    mortal = msgspec.structs.replace(KNOWN, own_end=LATER)
    event = object_updated("upl_7", "upl_8", "upl_9")
    given(upl_7=mortal, upl_8=KNOWN).when(event, "obj_1").then(ends(FORGET), sets(FORGET, LATER, "upl_7"))


def test_what_a_deleted_object_left_to_another_is_looked_at_at_once() -> None:
    given().when(object_deleted("upl_2"), "obj_1").then(
        ends(DELETE_OBJECT, of=("obj_1",)), sets(FORGET, NOW, "upl_2"), at_once=True
    )
    given().when(object_deleted(), "obj_1").then(ends(DELETE_OBJECT, of=("obj_1",)))


@pytest.mark.parametrize(
    "event",
    [
        STARTED,
        VERIFIED,
        CHANGED,
        INHERITED,
        UploadDuplicateAvoided(origin=ORIGIN, original_upload_id="upl_0", sha256=SHA256, saved_bytes=1),
    ],
)
def test_other_events_call_for_no_job(event: KnownEvent) -> None:
    given(upl_1=KNOWN).when(event).then()
