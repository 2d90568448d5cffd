"""A record from events alone equals the one of the read side."""

from datetime import timedelta

import pytest

from application.uploads.records import load_upload, record_at
from domain.refusals import NotFoundError, WrongStateError
from domain.uploads.upload import Pending, Status
from tests.unit.application.world import BYTES, Client, World


@pytest.mark.parametrize("ends", ["completes", "fails", "is canceled", "expires", "is a duplicate", "waits"])
async def test_the_record_from_the_events_is_the_one_that_is_shown(world: World, client: Client, ends: str) -> None:
    if ends == "is a duplicate":
        await client.upload()
    answer = await client.request(size=None, sha256="0" * 64 if ends == "fails" else None)
    if ends not in {"expires", "waits"}:
        client.put(answer)
    match ends:
        case "completes" | "is a duplicate":
            await client.confirm(answer)
        case "fails":
            with pytest.raises(WrongStateError):
                await client.confirm(answer)
        case "is canceled":
            await client.cancel(answer)
        case "expires":
            await world.pass_time(timedelta(hours=2))

    history = await world.log.read_stream(answer.record.upload_id)

    assert record_at(history, world.clock.now()) == await client.record(answer)


async def test_an_upload_is_loaded_with_the_record_that_is_shown(world: World, client: Client) -> None:
    answer = await client.request()
    upload_id, namespace_id = answer.record.upload_id, answer.record.namespace_id

    upload, record = await load_upload(world.log, namespace_id, upload_id, answer.record.bucket_id)

    assert record == await client.record(answer)
    assert isinstance(upload.state, Pending)
    assert (upload.stream_id, upload.version, upload.news) == (upload_id, 1, ())


@pytest.mark.parametrize("asked", ["another namespace", "another bucket", "no upload", "an object"])
async def test_only_an_upload_of_the_namespace_and_bucket_is_loaded(world: World, client: Client, asked: str) -> None:
    record = (await client.upload()).record
    namespace_id, bucket_id, upload_id = record.namespace_id, record.bucket_id, record.upload_id
    match asked:
        case "another namespace":
            namespace_id = "ns_other"
        case "another bucket":
            bucket_id = "bkt_other"
        case "no upload":
            upload_id = "upl_other"
        case _:
            assert record.object_id is not None
            upload_id = record.object_id

    with pytest.raises(NotFoundError) as refused:
        await load_upload(world.log, namespace_id, upload_id, bucket_id)

    assert refused.value.code == "upload_not_found"


async def test_a_record_contains_what_was_known_at_its_time(world: World, client: Client) -> None:
    began = world.clock.now()
    answer = await client.request()
    client.put(answer)
    confirmed_at = world.clock.advance(timedelta(minutes=5))
    await client.confirm(answer)
    history = await world.log.read_stream(answer.record.upload_id)

    first, later = record_at(history, began), record_at(history, confirmed_at - timedelta(microseconds=1))
    last = record_at(history, confirmed_at)

    assert record_at(history, began - timedelta(microseconds=1)) is None
    assert first == later
    assert first is not None
    assert (first.status, first.size_bytes) == (Status.PENDING, None)
    assert last is not None
    assert (last.status, last.size_bytes) == (Status.COMPLETED, len(BYTES))
