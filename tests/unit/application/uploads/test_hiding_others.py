"""A caller that may not read learns that a duplicate exists, and nothing else about it."""

from datetime import timedelta

import msgspec
import pytest

from application.keys.callers import may_read
from application.keys.issuing_upload_tokens import TokenWish
from application.uploads.hiding_others import (
    as_ordinary,
    event_as_ordinary,
    holds_own_bytes,
    output_as_ordinary,
    without_other_uploads,
    without_others,
)
from domain.buckets.bucket import UniqueKey
from domain.events.cloud_events import envelope, origin_of
from domain.keys.api_key import Permission
from domain.refusals import ConflictError
from tests.unit.application.uploads.test_replacing import key_of, token_of
from tests.unit.application.world import SHA256, Client


async def visible(client: Client, upload_id: str) -> list[str]:
    """Return the texts of the history of an upload without others."""
    found = []
    for stored in await client.world.log.read_stream(upload_id):
        origin = origin_of(stored.state)
        assert origin is not None
        event = without_other_uploads(envelope(stored.id, stored.originator_id, stored.topic, stored.state, origin))
        found += [] if event is None else [msgspec.json.encode(event).decode()]
    return found


async def test_a_duplicate_reveals_that_there_is_an_original_and_not_which(client: Client) -> None:
    original = await client.upload()
    holder = await token_of(client)
    duplicate = await holder.upload()
    assert duplicate.record.duplicate_of == original.record.upload_id

    shown = without_others(duplicate.record)

    assert (shown.duplicate_of, shown.object_id) == ("", None)
    assert shown.storage_key == duplicate.record.storage_key
    said = await visible(client, duplicate.record.upload_id)
    assert said
    for secret in (original.record.upload_id, original.record.object_id or "?"):
        assert not any(secret in each for each in said)


async def test_what_is_inherited_does_not_say_where_it_lies(client: Client) -> None:
    original = await client.upload(create_object=False, filename="secret.mp4")
    duplicate = await (await token_of(client)).upload(create_object=False)
    await client.cancel(original)
    heir = await client.record(duplicate)
    assert "secret" in heir.storage_key
    assert not holds_own_bytes(heir)

    shown = without_others(heir)

    assert shown.storage_key == duplicate.record.storage_key
    assert not any("secret" in each for each in await visible(client, heir.upload_id))
    signed = await client.world.sign((await token_of(client)).caller, client.namespace, [heir])
    assert signed[0].get is None


async def test_a_known_hash_is_uploaded_again_by_a_caller_that_may_not_read(client: Client) -> None:
    await client.upload()
    for less in (await token_of(client), await key_of(client, Permission.WRITE)):
        assert not may_read(less.caller, less.namespace, less.bucket)
        assert not (await less.request(sha256=SHA256)).is_duplicate
    assert (await client.request(sha256=SHA256)).is_duplicate


async def test_an_object_that_is_in_the_way_is_not_named(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    await client.make(fields={"title": "a"})
    less = await key_of(client, Permission.WRITE)
    for maker, details in ((client, 1), (less, 0)):
        with pytest.raises(ConflictError) as refused:
            await maker.make(fields={"title": "a"})
        assert len(refused.value.details) == details
    skipped = (await less.request(object_metadata={"title": "a"})).record
    assert skipped.existing_object_id
    assert without_others(skipped).existing_object_id == ""


async def test_a_key_knows_the_uploads_of_its_tokens_and_a_token_its_own(client: Client) -> None:
    admitting, stranger = client.world.admitting, await key_of(client, Permission.WRITE)
    holder = await token_of(client)
    answer = await holder.request()
    wish = TokenWish(expires_in=timedelta(minutes=5))
    _, secret = await client.world.issue_token(client.caller, client.namespace, client.bucket, wish)
    other = await admitting.caller(secret)
    upload_id = answer.record.upload_id
    knows = [await admitting.requested(each, upload_id) for each in (holder.caller, client.caller)]
    does_not = [await admitting.requested(each, upload_id) for each in (stranger.caller, other)]
    assert (knows, does_not) == ([True, True], [False, False])


async def test_to_a_token_a_duplicate_is_an_ordinary_completed_upload(client: Client) -> None:
    holder = await token_of(client)
    first = await holder.upload(create_object=False)
    second = await holder.upload(create_object=False)
    assert second.record.duplicate_of == first.record.upload_id

    shown = as_ordinary(second.record)
    completions = [await completion(client, each.record.upload_id) for each in (first, second)]

    assert (shown.status, shown.duplicate_of, shown.object_id) == (second.record.status, None, None)
    different = {name for name, value in completions[0].items() if completions[1][name] != value}
    assert completions[0].keys() == completions[1].keys()
    assert different <= {"origin", "upload_id", "due_at"}


async def completion(client: Client, upload_id: str) -> dict[str, object]:
    """Return the completion of an upload as the holder of a token sees it."""
    (stored,) = [each for each in await client.world.log.read_stream(upload_id) if each.topic == "upload.completed.v1"]
    origin = origin_of(stored.state)
    assert origin is not None
    event = event_as_ordinary(envelope(stored.id, stored.originator_id, stored.topic, stored.state, origin))
    assert event is not None
    found: dict[str, object] = msgspec.json.decode(event.data)
    return found


def test_an_output_of_a_task_names_no_others_to_a_token() -> None:
    output = {"upload_id": "upl_1", "object_id": "obj_1", "existing_object_id": None}

    assert output_as_ordinary({**output, "duplicate_of_upload_id": None}) == {**output, "duplicate_of_upload_id": None}
    assert output_as_ordinary({**output, "existing_object_id": "obj_2"}) == output
    assert output_as_ordinary({**output, "duplicate_of_upload_id": "upl_2"}) == {
        **output,
        "duplicate_of_upload_id": None,
        "object_id": None,
    }
    assert output_as_ordinary({"code": "upload_not_found"}) == {"code": "upload_not_found"}
    assert output_as_ordinary("text") == "text"
