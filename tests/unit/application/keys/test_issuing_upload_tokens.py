"""The log counts the uses of tokens, even if another count is wrong."""

import asyncio
from datetime import timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest

from application.keys.callers import hash_of
from application.keys.issuing_upload_tokens import TokenWish
from application.keys.managing import KeyWish
from application.ports.events.event_log import Command, StreamAppend
from application.uploads.requesting import Answer
from application.uploads.sending_parts import WantedPart
from domain.events.registry import decode
from domain.keys.upload_token import UploadTokenIssued, UploadTokenUsed
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError, WrongStateError
from domain.uploads.content_rules import ContentRules
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from domain.uploads.upload_events import UploadRequested
from tests.unit.application.world import Client, World


async def holder(world: World, client: Client, *, max_count: int = 1, **wished: Any) -> tuple[Client, str]:  # noqa: ANN401  # the fields of a wish
    """Return a client that has only a token, and its secret."""
    wish = TokenWish(max_count=max_count, expires_in=timedelta(minutes=15), **wished)
    _, secret = await world.issue_token(client.caller, client.namespace, client.bucket, wish)
    made = Client(world, await world.admitting.caller(secret), secret, client.namespace)
    made.bucket = client.bucket
    return made, secret


async def test_uploads_of_a_token_bear_its_id_and_its_issue_bears_the_keys(world: World, client: Client) -> None:
    page, secret = await holder(world, client)
    answer = await page.request()
    token = page.caller.token
    assert token is not None
    actors = {
        event.topic: msgspec.json.decode(event.state)["origin"]["actor_id"]
        for event in await world.log.read_feed(after=0, limit=100)
    }
    assert actors["upload.token_issued.v1"] == client.caller.key.key_id
    assert actors["upload.token_used.v1"] == actors["upload.requested.v1"] == token.token_id
    assert secret not in b"".join(event.state for event in await world.log.read_feed(after=0, limit=100)).decode()
    await world.admitting.check_own(page.caller, answer.record.upload_id)


async def test_a_token_is_authenticated_by_its_secret_and_not_by_its_id(world: World, client: Client) -> None:
    page, secret = await holder(world, client)
    token = page.caller.token
    assert token is not None
    assert hash_of(secret) == token.token_hash
    named, _, chance = secret.partition(".")
    for forged in (named, f"{named}.", f"{named}.{'a' * 43}", f"ut_{token.token_id}.{chance}"):
        with pytest.raises(UnauthenticatedError) as caught:
            await world.admitting.caller(forged)
        assert caught.value.code == "token_unknown"


async def test_a_token_from_before_tokens_had_ids_of_their_own_works_on(world: World, client: Client) -> None:
    page, _ = await holder(world, client)
    known = page.caller.token
    assert known is not None
    secret = "ut_fromBefore"
    digits = hash_of(secret)[:32]
    origin = client.caller.origin(
        world.clock.now(), "cmd_old", namespace_id=known.namespace_id, bucket_id=known.bucket_id
    )
    event = UploadTokenIssued(
        origin=origin,
        token_id=f"utk_{digits}",
        key_id=known.key_id,
        content_types=known.content_types,
        max_size_bytes=None,
        max_count=1,
        expires_at=known.expires_at,
    )
    stream = StreamAppend(stream_id=event.token_id, expected_version=0, events=(event,))
    await world.log.append(Command(command_id="cmd_old", organization_id=known.organization_id, streams=(stream,)))

    assert (await world.admitting.caller(secret)).token_id == event.token_id
    for forged in (f"ut_{digits}.", f"ut_{digits}.x"):
        with pytest.raises(UnauthenticatedError):
            await world.admitting.caller(forged)


async def test_of_20_uploads_at_once_a_token_for_5_makes_5(world: World, client: Client) -> None:
    page, secret = await holder(world, client, max_count=5)
    answers = await asyncio.gather(*(page.request() for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(answer, Answer) for answer in answers) == 5
    refused = [answer for answer in answers if not isinstance(answer, Answer)]
    assert {(type(each), getattr(each, "code", None)) for each in refused} == {(ForbiddenError, "token_used_up")}
    again = Client(world, await world.admitting.caller(secret), secret, client.namespace)
    again.bucket = client.bucket
    with pytest.raises(ForbiddenError):
        await again.request()


async def test_each_upload_of_a_token_asks_the_log_once(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_count=5)

    commands = world.appending()
    for _ in range(5):
        await page.request(size=1)

    assert len(commands) == 5


async def test_an_upload_of_a_token_is_made_however_often_others_come_first(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_count=20)
    token = page.caller.token
    assert token is not None
    origin = page.caller.origin(
        world.clock.now(), "cmd_other", namespace_id=token.namespace_id, bucket_id=token.bucket_id
    )
    used = UploadTokenUsed(origin=origin, token_id=token.token_id, upload_id="upl_other")
    append, versions = world.log.append, iter(range(1, 20))

    async def after_another(command: Command) -> int:
        for version in islice(versions, 1):
            use = StreamAppend(stream_id=token.token_id, expected_version=version, events=(used,))
            await append(Command(command_id="cmd_other", organization_id=token.organization_id, streams=(use,)))
        return await append(command)

    world.log.append = after_another  # type: ignore[method-assign]  # for this test

    assert (await page.request()).signed is not None
    with pytest.raises(ForbiddenError):
        await page.request()


@pytest.mark.parametrize("size", [0, 3])
async def test_a_file_without_a_size_is_held_against_the_tokens_limit_when_it_is_verified(
    world: World, client: Client, size: int
) -> None:
    page, _ = await holder(world, client, max_count=9, max_size_bytes=2)
    answer = await page.request(size=None)
    assert answer.record.declared_size_bytes is None

    page.put(answer, b"x" * size)
    if size == 0:
        assert (await page.confirm(answer)).status is Status.COMPLETED
    else:
        with pytest.raises(WrongStateError) as refused:
            await page.confirm(answer)
        assert refused.value.code == "file_too_large"


async def test_the_parts_of_a_file_without_a_size_stay_within_the_tokens_limit(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_size_bytes=12)
    answer = await page.request(size=None, multipart=Multipart.ALWAYS)

    await page.sign_parts(answer, WantedPart(part_number=1, size_bytes=12))
    with pytest.raises(ForbiddenError) as refused:
        await page.sign_parts(answer, WantedPart(part_number=1, size_bytes=13))
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize(("of_bucket", "of_token", "holds"), [(9, 5, 5), (5, 9, 5), (None, 5, 5), (5, None, 5)])
async def test_the_lower_limit_of_bucket_and_token_holds(
    world: World, client: Client, of_bucket: int | None, of_token: int | None, holds: int
) -> None:
    await client.make_bucket("limited", content_rules=ContentRules(max_file_size_bytes=of_bucket))
    page, _ = await holder(world, client, max_size_bytes=of_token)

    answer = await page.request(size=None)

    event = decode((await world.log.read_stream(answer.record.upload_id))[0].state)
    assert isinstance(event, UploadRequested)
    assert event.request.max_file_size_bytes == holds


async def test_a_refused_upload_does_not_count(world: World, client: Client) -> None:
    page, _ = await holder(world, client)
    with pytest.raises(ForbiddenError):
        await page.request(size=10**12)
    await page.request()


async def test_another_tokens_upload_is_not_found(world: World, client: Client) -> None:
    mine, _ = await holder(world, client)
    other, _ = await holder(world, client)
    answer = await mine.request()
    for upload_id in (answer.record.upload_id, "upl_none"):
        with pytest.raises(NotFoundError) as caught:
            await world.admitting.check_own(other.caller, upload_id)
        assert caught.value.code == "upload_not_found"


async def test_a_token_ends_with_its_time_and_with_its_key(world: World, client: Client) -> None:
    page, secret = await holder(world, client)
    organization_id = client.caller.organization.organization_id
    await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")
    with pytest.raises(UnauthenticatedError) as caught:
        await world.admitting.caller(secret)
    assert caught.value.code == "key_revoked"
    with pytest.raises(UnauthenticatedError):
        await page.request()  # a request that passed admission before is refused under the lock
    world.clock.advance(timedelta(minutes=15))
    with pytest.raises(UnauthenticatedError) as caught:
        await world.admitting.caller(secret)
    assert caught.value.code == "token_expired"


async def test_a_token_does_not_outlive_its_key(world: World, client: Client) -> None:
    soon = world.clock.now() + timedelta(minutes=1)
    key = msgspec.structs.replace(client.caller.key, expires_at=soon)
    caller = msgspec.structs.replace(client.caller, key=key)
    wish = TokenWish(expires_in=timedelta(hours=1))
    token, _ = await world.issue_token(caller, client.namespace, client.bucket, wish)
    assert token.expires_at == soon


async def test_another_token_of_the_subject_reaches_its_uploads(world: World, client: Client) -> None:
    mine, _ = await holder(world, client, subject="user-42")
    later, _ = await holder(world, client, subject="user-42")
    other, _ = await holder(world, client, subject="user-43")
    bare, _ = await holder(world, client)
    answer = await mine.request()

    await world.admitting.check_own(later.caller, answer.record.upload_id)
    for caller in (other.caller, bare.caller):
        with pytest.raises(NotFoundError):
            await world.admitting.check_own(caller, answer.record.upload_id)
    with pytest.raises(NotFoundError):
        await world.admitting.check_own(later.caller, (await bare.request()).record.upload_id)
    later.put(answer)
    assert (await later.confirm(answer)).status is Status.COMPLETED


async def test_a_subject_of_another_bucket_or_key_is_another_one(world: World, client: Client) -> None:
    mine, _ = await holder(world, client, subject="user-42")
    answer = await mine.request()
    await client.make_bucket("elsewhere")
    there, _ = await holder(world, client, subject="user-42")
    organization_id = client.caller.organization.organization_id
    key, secret = await world.keys.create(organization_id, KeyWish(name="other", user_id="usr_1"), actor_id="usr_1")
    of_key = Client(world, msgspec.structs.replace(client.caller, key=key), secret, client.namespace)
    of_key.bucket = mine.bucket
    under, _ = await holder(world, of_key, subject="user-42")

    for caller in (there.caller, under.caller):
        with pytest.raises(NotFoundError):
            await world.admitting.check_own(caller, answer.record.upload_id)


async def test_uploads_at_once_never_pass_the_bytes_of_a_token(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_count=100, max_total_bytes=50)

    answers = await asyncio.gather(*(page.request(size=20) for _ in range(9)), return_exceptions=True)

    assert sum(isinstance(answer, Answer) for answer in answers) == 2
    codes = {getattr(answer, "code", None) for answer in answers if not isinstance(answer, Answer)}
    assert codes == {"token_bytes_used_up"}
    await page.request(size=10)
    record = await world.read_side.upload_token(page.caller.actor_id)
    assert record is not None
    assert (record.used_count, record.used_bytes) == (3, 50)


async def test_an_omitted_size_must_be_bounded_where_a_token_counts_bytes(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_count=9, max_total_bytes=20)
    bounded, _ = await holder(world, client, max_count=9, max_total_bytes=20, max_size_bytes=15)

    with pytest.raises(InvalidInputError) as refused:
        await page.request(size=None)
    assert refused.value.code == "size_required"
    await bounded.request(size=None)
    with pytest.raises(ForbiddenError):
        await bounded.request(size=6)


async def test_the_defaults_of_a_token_count_where_its_uploads_name_nothing_else(world: World, client: Client) -> None:
    await client.make_bucket("two", schema={"properties": {"a": {"type": "video"}, "b": {"type": "video"}}})
    page, _ = await holder(world, client, max_count=9, part_size=6 * 1024**2, blob_property="b")

    plain = await page.request(multipart=Multipart.ALWAYS)
    named = await page.request(blob_property="a")

    assert (plain.record.blob_property, plain.record.part_size) == ("b", 6 * 1024**2)
    assert named.record.blob_property == "a"
