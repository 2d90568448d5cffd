from datetime import timedelta
from typing import Any

import pytest

from domain.bucket import Policy, UniqueKey
from domain.refusals import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    RefusedError,
    UnauthenticatedError,
)
from domain.upload import Status
from tests.unit.application.world import BYTES, SHA256, Client, World

KEY = UniqueKey(fields=("title",))


async def test_a_request_is_answered_with_a_url_and_reserves_its_size(client: Client) -> None:
    answer = await client.request()

    assert answer.signed is not None
    assert answer.signed.headers == {"Content-Type": "video/mp4", "Content-Length": str(len(BYTES))}
    assert answer.record == await client.record(answer), "the answer is what the read side will say"
    assert answer.record.status is Status.PENDING
    assert await client.quota() == (len(BYTES), 0)


async def test_a_size_that_is_not_declared_is_neither_signed_nor_reserved(client: Client) -> None:
    answer = await client.request(size=None)

    assert answer.signed is not None
    assert answer.signed.headers == {"Content-Type": "video/mp4"}
    assert await client.quota() == (0, 0)


@pytest.mark.parametrize("seconds", [60, 86_400])
async def test_a_url_lives_as_long_as_was_asked(client: Client, seconds: int) -> None:
    answer = await client.request(expires_in=seconds)

    assert answer.record.expires_at == client.world.clock.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"expires_in": 59}, InvalidInputError, "invalid_expiry"),
        ({"expires_in": 86_401}, InvalidInputError, "invalid_expiry"),
        ({"filename": "a/b"}, InvalidInputError, "invalid_filename"),
        ({"size": 100_000_001}, ForbiddenError, "file_too_large"),
        ({"size": 1001}, QuotaExceededError, "quota_exceeded"),
    ],
)
async def test_a_refused_request_records_and_reserves_nothing(
    client: Client, asked: dict[str, Any], error: type[RefusedError], code: str
) -> None:
    before = await client.world.log.head()

    with pytest.raises(error) as caught:
        await client.request(**asked)

    assert caught.value.code == code
    assert await client.world.log.head() == before
    assert await client.quota() == (0, 0)


async def test_reservations_fill_the_quota_to_the_last_byte(client: Client) -> None:
    await client.request(size=600)
    await client.request(size=400)

    with pytest.raises(QuotaExceededError):
        await client.request(size=1)


async def test_known_bytes_are_answered_with_the_upload_that_holds_them(client: Client) -> None:
    original = await client.upload()

    answer = await client.request(sha256=SHA256)

    assert (answer.is_duplicate, answer.signed, answer.record) == (True, None, original.record)
    assert (await client.world.tags())[-1] == "upload.duplicate_avoided"
    assert await client.quota() == (0, len(BYTES))


async def test_known_bytes_are_uploaded_again_for_those_who_want_that(client: Client) -> None:
    await client.upload()

    answer = await client.request(sha256=SHA256, skip_duplicates=False)

    assert not answer.is_duplicate
    assert answer.signed is not None


async def test_bytes_in_another_bucket_are_not_known_here(client: Client) -> None:
    await client.upload()
    await client.make_bucket("other")

    assert not (await client.request(sha256=SHA256)).is_duplicate


async def test_a_taken_unique_key_is_skipped_and_reserves_nothing(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    first = await client.upload(object_metadata={"title": "A"})

    answer = await client.request(object_metadata={"title": "A"})

    assert answer.signed is None
    assert answer.record.status is Status.SKIPPED
    assert answer.record.existing_object_id == first.record.object_id is not None
    assert answer.record == await client.record(answer)
    assert await client.quota() == (0, len(BYTES))


async def test_an_upsert_never_skips(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    await client.upload(object_metadata={"title": "A"})

    assert (await client.request(object_metadata={"title": "A"})).signed is not None


async def test_an_update_needs_an_object(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPDATE))

    with pytest.raises(NotFoundError) as caught:
        await client.request(object_metadata={"title": "A"})

    assert caught.value.code == "object_not_found"
    assert await client.quota() == (0, 0)


async def test_a_revoked_key_requests_nothing(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id
    await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")

    with pytest.raises(UnauthenticatedError) as caught:
        await client.request()

    assert caught.value.code == "key_revoked"
    assert await client.quota() == (0, 0)
