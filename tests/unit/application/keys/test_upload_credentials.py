"""The token of one upload: what its holder may do, and what ends it."""

from datetime import timedelta
from typing import Any

import pytest

from application.keys.callers import may_read, may_replace
from application.keys.issuing_upload_tokens import TokenWish
from application.ports.uploads.upload_reads import UploadRecord
from domain.keys.api_key import Permission
from domain.refusals import NotFoundError, UnauthenticatedError, WrongStateError
from domain.uploads.upload import Status
from tests.unit.application.world import Client, World

HOUR = timedelta(hours=1)


async def page_of(world: World, client: Client, **wished: Any) -> Client:  # noqa: ANN401  # the fields of a wish
    """Return a client that has only an upload token."""
    wish = TokenWish(**{"expires_in": timedelta(minutes=15), "max_count": 5, **wished})
    _, secret = await world.issue_token(client.caller, client.namespace, client.bucket, wish)
    return await with_secret(world, client, secret)


async def with_secret(world: World, client: Client, secret: str) -> Client:
    made = Client(world, await world.admitting.caller(secret), secret, client.namespace)
    made.bucket = client.bucket
    return made


async def holder_of(world: World, client: Client, record: UploadRecord) -> Client:
    return await with_secret(world, client, world.admitting.credential_for(client.caller, record))


async def refusal(world: World, secret: str) -> str:
    with pytest.raises(UnauthenticatedError) as refused:
        await world.admitting.caller(secret)
    return refused.value.code


@pytest.mark.parametrize("through_a_token", [False, True])
async def test_the_holder_completes_its_upload_and_reaches_no_other(
    world: World, client: Client, *, through_a_token: bool
) -> None:
    requester = await page_of(world, client) if through_a_token else client
    answer, other = await requester.request(), await requester.request()

    page = await holder_of(world, requester, answer.record)

    await world.admitting.check_own(page.caller, answer.record.upload_id)
    with pytest.raises(NotFoundError):
        await world.admitting.check_own(page.caller, other.record.upload_id)
    assert page.caller.actor_id == requester.caller.actor_id
    page.put(answer)
    assert (await page.confirm(answer)).status is Status.COMPLETED
    with pytest.raises(WrongStateError) as refused:
        await page.cancel(answer)
    assert refused.value.code == "upload_completed"


async def test_the_holder_of_an_upload_of_a_key_has_none_of_the_keys_permissions(world: World, client: Client) -> None:
    page = await holder_of(world, client, (await client.request()).record)
    caller = page.caller

    assert not caller.is_key
    assert not caller.is_plain
    assert not may_read(caller, client.namespace, client.bucket)
    assert not may_replace(caller, client.namespace, client.bucket)
    assert not await world.admitting.reads(caller, client.namespace, client.bucket.bucket_id)
    reached = await world.admitting.reachable_buckets(caller, client.namespace, Permission.WRITE)
    assert reached == frozenset({client.bucket.bucket_id})
    assert caller.holder_id not in {client.caller.holder_id, caller.key.key_id}


async def test_it_counts_to_the_token_that_requested_the_upload(world: World, client: Client) -> None:
    giver = await page_of(world, client)
    page = await holder_of(world, giver, (await giver.request()).record)

    assert page.caller.holder_id == giver.caller.holder_id


async def test_it_works_longer_than_its_token_and_ends_with_the_lifetime_of_its_uploads(
    world: World, client: Client
) -> None:
    giver = await page_of(world, client, upload_lifetime=2 * HOUR)
    page = await holder_of(world, giver, (await giver.request()).record)

    world.clock.advance(HOUR)
    assert await refusal(world, giver.secret) == "token_expired"
    await world.admitting.caller(page.secret)
    await world.admitting.still(page.caller)

    world.clock.advance(HOUR)
    assert await refusal(world, page.secret) == "token_expired"
    with pytest.raises(UnauthenticatedError):
        await world.admitting.still(page.caller)


async def test_a_rotation_of_the_key_and_a_renewal_of_the_token_do_not_end_it(world: World, client: Client) -> None:
    giver = await page_of(world, client)
    page = await holder_of(world, giver, (await giver.request()).record)
    organization_id = client.caller.organization.organization_id

    await world.manage_tokens.renew(
        client.caller, client.namespace, giver.caller.actor_id, only_buckets=None, expires_in=HOUR
    )
    await world.keys.rotate(
        organization_id, user_id="usr_1", name="ci", actor_id="usr_1", by=client.caller.key, overlap=timedelta(0)
    )

    await world.admitting.caller(page.secret)
    await world.admitting.still(page.caller)


@pytest.mark.parametrize("whose", ["key", "token"])
async def test_a_revocation_above_it_ends_it(world: World, client: Client, whose: str) -> None:
    giver = await page_of(world, client)
    answer = await giver.request()
    page = await holder_of(world, giver, answer.record)
    if whose == "token":
        await world.manage_tokens.revoke(client.caller, client.namespace, giver.caller.actor_id, only_buckets=None)
    else:
        organization_id = client.caller.organization.organization_id
        await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")

    assert await refusal(world, page.secret) == f"{whose}_revoked"
    for act in (page.confirm(answer), page.cancel(answer)):  # admitted before
        page.put(answer)
        with pytest.raises(UnauthenticatedError) as refused:
            await act
        assert refused.value.code == f"{whose}_revoked"
    with pytest.raises(UnauthenticatedError):
        await world.admitting.still(page.caller)


async def test_a_forged_one_is_unknown(world: World, client: Client) -> None:
    answer, other = await client.request(), await client.request()
    mine, theirs = (world.admitting.credential_for(client.caller, each.record) for each in (answer, other))

    assert await refusal(world, f"{mine.rpartition('.')[0]}.{theirs.rpartition('.')[2]}") == "token_unknown"
    assert await refusal(world, "uo_") == "token_unknown"


async def test_the_same_upload_has_the_same_credential(world: World, client: Client) -> None:
    giver = await page_of(world, client)
    answer = await giver.request()
    record = await giver.record(answer)
    await world.manage_tokens.renew(
        client.caller, client.namespace, giver.caller.actor_id, only_buckets=None, expires_in=HOUR
    )

    again = await with_secret(world, client, giver.secret)
    assert world.admitting.credential_for(again.caller, record) == world.admitting.credential_for(
        giver.caller, answer.record
    )
