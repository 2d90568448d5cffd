import msgspec
import pytest

from domain import object as objects
from domain.events import JSON
from domain.object import (
    Blob,
    BucketObject,
    CreateObject,
    LiveObject,
    NoObject,
    ObjectCommand,
    ObjectCreated,
    ObjectEvent,
    ObjectUpdated,
    PutBlob,
    replay,
)
from domain.refusals import NotFoundError, WrongStateError
from tests.unit.domain.examples import LATER, ORIGIN, SHA256
from tests.unit.domain.spec import Behaviour

given: Behaviour[BucketObject, ObjectCommand, ObjectEvent] = Behaviour(
    decide=objects.decide, evolve=objects.evolve, nothing=NoObject()
)


def blob(name: str, upload_id: str) -> Blob:
    return Blob(
        blob_id=f"blob_{name}_{upload_id}",
        property=name,
        type="video",
        upload_id=upload_id,
        filename=f"{name}.mp4",
        storage_key=f"int_1/ns_1/api_buckets_uploads_create/{upload_id}/{name}.mp4",
        version_id=None,
        etag="abc",
        size_bytes=10,
        content_type="video/mp4",
        sha256=SHA256,
    )


VIDEO = blob("video", "upl_1")
POSTER = blob("poster", "upl_2")
CREATE = CreateObject(
    origin=ORIGIN, object_id="obj_1", blobs=(VIDEO, POSTER), metadata={"title": "A", "n": 1}, unique_key="u"
)
CREATED = ObjectCreated(
    origin=ORIGIN, object_id="obj_1", blobs=(VIDEO, POSTER), metadata={"title": "A", "n": 1}, unique_key="u"
)


def put(new: Blob, metadata: JSON | None = None) -> PutBlob:
    return PutBlob(origin=ORIGIN, blob=new, metadata=metadata or {}, forget_at=LATER)


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

    assert state == LiveObject(object_id="obj_1", blobs=(VIDEO, POSTER), metadata={"title": "A", "n": 1})


def test_an_object_is_made_once() -> None:
    given(CREATED).when(CREATE).then_refused(WrongStateError, "wrong_state")


def test_a_blob_takes_the_place_of_the_one_before_and_lets_go_of_its_upload() -> None:
    new = blob("video", "upl_3")

    state = (
        given(CREATED)
        .when(put(new, {"n": 2}))
        .then(updated(POSTER, new, metadata={"title": "A", "n": 2}, released=("upl_1",)))
    )

    assert state == LiveObject(object_id="obj_1", blobs=(POSTER, new), metadata={"title": "A", "n": 2})


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
    assert replay([updated(VIDEO, metadata={}, released=())]) == NoObject()


@pytest.mark.parametrize("event", [CREATED, updated(VIDEO, metadata={"a": 1}, released=("upl_2",))])
def test_an_object_whose_past_was_redacted_is_still_there(event: ObjectCreated | ObjectUpdated) -> None:
    bare = tuple(msgspec.structs.replace(one, filename=None, storage_key=None) for one in event.blobs)
    redacted = msgspec.structs.replace(event, blobs=bare, metadata=None)

    assert replay([CREATED, redacted]) == LiveObject(object_id="obj_1", blobs=bare, metadata={})
