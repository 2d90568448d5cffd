from datetime import datetime, timedelta

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from domain.events.event import JSON
from domain.objects.object import (
    OBJECT,
    Blob,
    BucketObject,
    CreateObject,
    DeletedObject,
    DeleteObject,
    LiveObject,
    NoObject,
    ObjectCommand,
    ObjectCreated,
    ObjectDeleted,
    ObjectEvent,
    ObjectUpdated,
    PutBlob,
    UpdateObject,
    content_digest,
    has_ended,
)
from domain.refusals import NotFoundError, WrongStateError
from tests.unit.domain.examples import LATER, ORIGIN, SHA256, blob
from tests.unit.domain.spec import Behaviour

SOON = LATER - timedelta(hours=1)

given: Behaviour[BucketObject, ObjectCommand, ObjectEvent] = Behaviour(OBJECT)


VIDEO = blob("video", "upl_1")
POSTER = blob("poster", "upl_2")
CREATE = CreateObject(
    origin=ORIGIN, object_id="obj_1", blobs=(VIDEO, POSTER), metadata={"title": "A", "n": 1}, unique_key="u"
)
CREATED = ObjectCreated(
    origin=ORIGIN, object_id="obj_1", blobs=(VIDEO, POSTER), metadata={"title": "A", "n": 1}, unique_key="u"
)


def put(new: Blob, metadata: JSON | None = None) -> PutBlob:
    return PutBlob(origin=ORIGIN, blob=new, metadata=metadata or {}, forget_at=LATER, deletes_at=None)


def updated(*blobs: Blob, metadata: JSON, released: tuple[str, ...]) -> ObjectUpdated:
    return ObjectUpdated(
        origin=ORIGIN,
        object_id="obj_1",
        blobs=blobs,
        metadata=metadata,
        released_upload_ids=released,
        forget_at=LATER,
    )


def test_an_object_is_made_of_its_blobs() -> None:
    state = given().when(CREATE).then(CREATED)

    assert state == LiveObject(
        object_id="obj_1", blobs=(VIDEO, POSTER), metadata={"title": "A", "n": 1}, unique_key="u"
    )


def test_an_object_is_made_once() -> None:
    given(CREATED).when(CREATE).then_refused(WrongStateError, "wrong_state")


def test_a_blob_replaces_the_previous_one_and_releases_its_upload() -> None:
    new = blob("video", "upl_3")

    state = (
        given(CREATED)
        .when(put(new, {"n": 2}))
        .then(updated(POSTER, new, metadata={"title": "A", "n": 2}, released=("upl_1",)))
    )

    assert state == LiveObject(object_id="obj_1", blobs=(POSTER, new), metadata={"title": "A", "n": 2}, unique_key="u")


def test_a_blob_for_another_property_is_added_and_releases_nothing() -> None:
    new = blob("trailer", "upl_3")

    given(CREATED).when(put(new)).then(updated(VIDEO, POSTER, new, metadata={"title": "A", "n": 1}, released=()))


def test_the_same_upload_put_again_is_still_held() -> None:
    given(CREATED).when(put(VIDEO)).then(updated(POSTER, VIDEO, metadata={"title": "A", "n": 1}, released=()))


def test_an_upload_that_another_blob_still_holds_is_not_released() -> None:
    twice = msgspec.structs.replace(CREATED, blobs=(VIDEO, blob("poster", "upl_1")))

    given(twice).when(put(blob("video", "upl_3"))).then(
        updated(blob("poster", "upl_1"), blob("video", "upl_3"), metadata={"title": "A", "n": 1}, released=())
    )


def test_an_object_that_is_not_there_takes_no_blob() -> None:
    given().when(put(VIDEO)).then_refused(NotFoundError, "object_not_found")


def test_an_update_without_an_object_changes_nothing() -> None:
    assert OBJECT.replay([updated(VIDEO, metadata={}, released=())]) == NoObject()


@pytest.mark.parametrize("event", [CREATED, updated(VIDEO, metadata={"a": 1}, released=("upl_2",))])
def test_an_object_whose_past_was_redacted_is_still_there(event: ObjectCreated | ObjectUpdated) -> None:
    bare = tuple(msgspec.structs.replace(one, filename=None, storage_key=None) for one in event.blobs)
    redacted = msgspec.structs.replace(event, blobs=bare, metadata=None)

    assert OBJECT.replay([CREATED, redacted]) == LiveObject(object_id="obj_1", blobs=bare, metadata={}, unique_key="u")


def inline(name: str, data: object, **others: object) -> Blob:
    nothing: dict[str, None] = dict.fromkeys(
        ("upload_id", "filename", "storage_key", "version_id", "etag", "size_bytes", "content_type", "sha256")
    )
    return msgspec.structs.replace(blob(name, ""), **nothing, data=data, **others)


def update(*blobs: Blob, **others: object) -> UpdateObject:
    asked = UpdateObject(
        origin=ORIGIN,
        blobs=blobs,
        metadata={"title": "A", "n": 1},
        key_prefix=None,
        unique_key="u",
        content_key=None,
        forget_at=LATER,
        deletes_at=None,
    )
    return msgspec.structs.replace(asked, **others)


@pytest.mark.parametrize(
    ("before", "until", "recorded", "after"),
    [
        (SOON, LATER, LATER, LATER),
        (SOON, None, None, None),
        (LATER, SOON, UNSET, LATER),
        (None, SOON, UNSET, None),
        (None, None, UNSET, None),
    ],
)
def test_an_object_ends_no_sooner_than_what_was_put_into_it(
    before: datetime | None, until: datetime | None, recorded: datetime | UnsetType | None, after: datetime | None
) -> None:
    made = msgspec.structs.replace(CREATED, deletes_at=before)
    asked = msgspec.structs.replace(put(VIDEO, {"n": 2}), deletes_at=until)
    changed = updated(POSTER, VIDEO, metadata={"title": "A", "n": 2}, released=())

    state = given(made).when(asked).then(msgspec.structs.replace(changed, deletes_at=recorded))

    assert isinstance(state, LiveObject)
    assert state.deletes_at == after


def test_an_end_is_set_and_taken_away() -> None:
    set_ = update(*CREATED.blobs, deletes_at=SOON)
    ended = msgspec.structs.replace(
        updated(*CREATED.blobs, metadata=CREATED.metadata or {}, released=()), deletes_at=SOON
    )
    state = given(CREATED).when(set_).then(ended)
    assert isinstance(state, LiveObject)
    assert [has_ended(state, moment) for moment in (SOON - timedelta(seconds=1), SOON, LATER)] == [False, True, True]
    given(CREATED, ended).when(set_).then()
    lifted = given(CREATED, ended).when(update(*CREATED.blobs)).then(msgspec.structs.replace(ended, deletes_at=None))
    assert isinstance(lifted, LiveObject)
    assert not has_ended(lifted, LATER)


def test_an_object_follows_its_last_update_and_releases_its_former_uploads() -> None:
    note = inline("note", "hello")
    changed = updated(VIDEO, note, metadata={"n": 2}, released=("upl_2",))

    state = (
        given(CREATED)
        .when(update(VIDEO, note, metadata={"n": 2}, key_prefix="/a", unique_key="v", content_key="c"))
        .then(msgspec.structs.replace(changed, key_prefix="/a", unique_key="v", content_key="c"))
    )

    assert state == LiveObject(
        object_id="obj_1", blobs=(VIDEO, note), metadata={"n": 2}, key_prefix="/a", unique_key="v", content_key="c"
    )


def test_an_update_that_changes_nothing_appends_no_event() -> None:
    given(CREATED).when(update(VIDEO, POSTER)).then_nothing()


def test_an_update_with_an_unchanged_unique_key_does_not_contain_it() -> None:
    state = (
        given(CREATED).when(update(VIDEO)).then(updated(VIDEO, metadata=CREATED.metadata or {}, released=("upl_2",)))
    )

    assert isinstance(state, LiveObject)
    assert state.unique_key == "u"


def test_a_blob_that_is_put_into_an_object_changes_its_content_so_that_no_duplicate_finds_it() -> None:
    known = msgspec.structs.replace(CREATED, content_key="c", key_prefix="/a")

    state = OBJECT.replay([known, *given(known).when(put(blob("video", "upl_3"))).events])

    assert isinstance(state, LiveObject)
    assert (state.content_key, state.key_prefix, state.unique_key) == (None, "/a", "u")


def test_inline_data_is_of_no_upload() -> None:
    made = msgspec.structs.replace(CREATE, blobs=(VIDEO, inline("note", {"a": 1})))

    state = OBJECT.replay(given().when(made).events)

    assert isinstance(state, LiveObject)
    assert state.upload_ids() == {"upl_1"}


def test_an_object_is_deleted_with_the_uploads_that_no_other_holds() -> None:
    state = (
        given(CREATED)
        .when(DeleteObject(origin=ORIGIN, kept_upload_ids=frozenset({"upl_2", "upl_9"})))
        .then(
            ObjectDeleted(
                origin=ORIGIN,
                object_id="obj_1",
                forgotten_upload_ids=("upl_1",),
                released_upload_ids=("upl_2",),
            )
        )
    )

    assert state == DeletedObject(object_id="obj_1")


DELETED = ObjectDeleted(origin=ORIGIN, object_id="obj_1", forgotten_upload_ids=(), released_upload_ids=())
DELETE = DeleteObject(origin=ORIGIN, kept_upload_ids=frozenset())


@pytest.mark.parametrize("command", [put(VIDEO), update(VIDEO), DELETE])
@pytest.mark.parametrize("past", [(), (CREATED, DELETED)])
def test_a_missing_or_deleted_object_is_neither_changed_nor_deleted(
    command: ObjectCommand, past: tuple[ObjectEvent, ...]
) -> None:
    given(*past).when(command).then_refused(NotFoundError, "object_not_found")


def test_a_deleted_object_is_not_made_again() -> None:
    given(CREATED, DELETED).when(CREATE).then_refused(WrongStateError, "wrong_state")


def test_what_follows_a_deletion_changes_nothing() -> None:
    assert OBJECT.replay([CREATED, DELETED, updated(VIDEO, metadata={}, released=())]) == DeletedObject(
        object_id="obj_1"
    )


@pytest.mark.parametrize(
    ("blobs", "metadata"),
    [
        ((POSTER, VIDEO), {"n": 1.0}),
        ((msgspec.structs.replace(VIDEO, blob_id="blob_x", upload_id="upl_7", filename="b.mp4"), POSTER), {"n": 1}),
    ],
)
def test_the_content_is_the_same_in_any_order_and_under_any_name(blobs: tuple[Blob, ...], metadata: JSON) -> None:
    assert content_digest(blobs, metadata) == content_digest((VIDEO, POSTER), {"n": 1})


@pytest.mark.parametrize(
    ("blobs", "metadata"),
    [
        ((VIDEO,), {"n": 1}),
        ((VIDEO, POSTER), {"n": 2}),
        ((VIDEO, POSTER), {"n": True}),
        ((VIDEO, msgspec.structs.replace(POSTER, sha256="b" * 64)), {"n": 1}),
        ((VIDEO, msgspec.structs.replace(POSTER, property="cover")), {"n": 1}),
        ((VIDEO, inline("poster", SHA256)), {"n": 1}),
        ((VIDEO, inline("poster", 1)), {"n": 1}),
    ],
)
def test_other_bytes_data_properties_or_fields_are_another_content(blobs: tuple[Blob, ...], metadata: JSON) -> None:
    assert content_digest(blobs, metadata) != content_digest((VIDEO, POSTER), {"n": 1})
