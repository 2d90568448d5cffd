"""Tokens after their issue: the server that issued them lists, renews and revokes them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.idempotency import SeededIds
from application.keys.callers import Caller
from application.keys.issuing_upload_tokens import TokenWish
from application.keys.managing import KeyWish
from application.ports.keys.token_reads import TokenRecord
from application.ports.tasks.tasks import TaskStatus
from domain.keys.api_key import Permission
from domain.refusals import ForbiddenError, NotFoundError, UnauthenticatedError, WrongStateError
from domain.uploads.upload import Status
from domain.uploads.upload_events import FailureReason, UploadRequested
from tests.unit.application.world import Client, World

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


async def holder(world: World, client: Client, **wished: Any) -> Client:  # noqa: ANN401  # the fields of a wish
    """Return a client that has only a token."""
    wish = TokenWish(**{"expires_in": QUARTER, "max_count": 5, **wished})
    _, secret = await world.issue_token(client.caller, client.namespace, client.bucket, wish)
    return await with_secret(world, client, secret)


async def with_secret(world: World, client: Client, secret: str) -> Client:
    made = Client(world, await world.admitting.caller(secret), secret, client.namespace)
    made.bucket = client.bucket
    return made


async def with_key(world: World, client: Client, *permissions: Permission) -> Client:
    """Return a client with another key of the organization."""
    organization = client.caller.organization
    wish = KeyWish(name=world.ids.new("name_"), user_id="usr_2", permissions=permissions)
    key, secret = await world.keys.create(organization.organization_id, wish, actor_id="system:operator")
    made = Client(world, Caller(key=key, organization=organization), secret, client.namespace)
    made.bucket = client.bucket
    return made


async def renew(world: World, client: Client, page: Client, **options: Any) -> tuple[TokenRecord, str]:  # noqa: ANN401
    asked = {"only_buckets": None, "expires_in": HOUR, **options}
    return await world.manage_tokens.renew(client.caller, client.namespace, page.caller.actor_id, **asked)


async def revoke(world: World, client: Client, page: Client, *, lets_open_finish: bool = False) -> TokenRecord:
    return await world.manage_tokens.revoke(
        client.caller,
        client.namespace,
        page.caller.actor_id,
        only_buckets=None,
        lets_open_finish=lets_open_finish,
    )


async def listed(world: World, client: Client, **wanted: Any) -> Sequence[str]:  # noqa: ANN401  # options of the list
    asked = {"only_buckets": None, "limit": 10, **wanted}
    return [each.token_id for each in await world.manage_tokens.list(client.caller, client.namespace, **asked)]


async def code_of(world: World, secret: str) -> str:
    with pytest.raises(UnauthenticatedError) as refused:
        await world.admitting.caller(secret)
    return refused.value.code


async def test_a_file_that_takes_longer_than_its_token_is_confirmed_with_the_renewed_one(
    world: World, client: Client
) -> None:
    page = await holder(world, client)
    answer = await page.request()
    world.clock.advance(QUARTER)
    assert await code_of(world, page.secret) == "token_expired"

    token, secret = await renew(world, client, page)

    later = await with_secret(world, client, secret)
    assert token.token_id == page.caller.actor_id == later.caller.actor_id
    page.put(answer)
    assert (await later.confirm(answer)).status is Status.COMPLETED


async def test_the_previous_secret_works_until_its_own_end_and_older_ones_no_longer(
    world: World, client: Client
) -> None:
    page = await holder(world, client)
    _, second = await renew(world, client, page)
    await world.admitting.caller(page.secret)
    _, third = await renew(world, client, page, expires_in=2 * HOUR)

    assert await code_of(world, page.secret) == "token_unknown"
    world.clock.advance(HOUR)
    assert await code_of(world, second) == "token_expired"
    await world.admitting.caller(third)


async def test_a_renewed_token_goes_on_counting(world: World, client: Client) -> None:
    page = await holder(world, client, max_count=2, max_total_bytes=100)
    await page.request(size=60)
    _, secret = await renew(world, client, page)
    later = await with_secret(world, client, secret)

    with pytest.raises(ForbiddenError) as refused:
        await later.request(size=41)
    assert refused.value.code == "token_bytes_used_up"
    await page.request(size=40)
    with pytest.raises(ForbiddenError) as refused:
        await later.request(size=1)
    assert refused.value.code == "token_used_up"


async def test_a_renewal_that_is_repeated_after_a_lost_answer_changes_nothing_more(
    world: World, client: Client
) -> None:
    page = await holder(world, client)
    _, secret = await renew(world, client, page, ids=SeededIds("seed", world.ids))

    token, none = await renew(world, client, page, ids=SeededIds("seed", world.ids))

    assert none == ""
    assert token.version == 2
    await world.admitting.caller(secret)


async def test_a_renewed_token_does_not_outlive_its_key(world: World, client: Client) -> None:
    page = await holder(world, client)
    admin = await with_key(world, client, Permission.ADMIN)
    ends_at = world.clock.now() + HOUR
    world.log.tables.keys[client.caller.key.key_id] = msgspec.structs.replace(client.caller.key, expires_at=ends_at)

    token, _ = await renew(world, admin, page, expires_in=2 * HOUR)

    assert token.expires_at == ends_at
    world.clock.advance(HOUR)
    with pytest.raises(WrongStateError) as refused:
        await renew(world, admin, page)
    assert refused.value.code == "token_key_ended"


async def test_a_token_is_managed_by_the_key_that_issued_it_and_by_admins(world: World, client: Client) -> None:
    page = await holder(world, client)
    other = await with_key(world, client, Permission.READ, Permission.WRITE)
    admin = await with_key(world, client, Permission.ADMIN)
    token_id = page.caller.actor_id

    assert await listed(world, other) == []
    for act in (renew(world, other, page), revoke(world, other, page)):
        with pytest.raises(NotFoundError) as refused:
            await act
        assert refused.value.code == "token_not_found"
    for keeper in (client, admin):
        assert await listed(world, keeper) == [token_id]
        await renew(world, keeper, page)
    await revoke(world, admin, page)


async def test_a_token_of_a_bucket_out_of_scope_does_not_exist(world: World, client: Client) -> None:
    page = await holder(world, client)

    assert await listed(world, client, only_buckets={"bkt_other"}) == []
    assert await listed(world, client, only_buckets={client.bucket.bucket_id}) == [page.caller.actor_id]
    for act in (
        renew(world, client, page, only_buckets={"bkt_other"}),
        world.manage_tokens.revoke(client.caller, client.namespace, page.caller.actor_id, only_buckets={"bkt_other"}),
        world.manage_tokens.get(client.caller, client.namespace, page.caller.actor_id, only_buckets={"bkt_other"}),
        world.manage_tokens.get(client.caller, client.namespace, "utk_none", only_buckets=None),
    ):
        with pytest.raises(NotFoundError):
            await act


async def test_a_list_leaves_out_what_has_ended_unless_it_is_asked_for(world: World, client: Client) -> None:
    pages = [await holder(world, client, subject=subject) for subject in ("user-42", "user-43", None)]
    await revoke(world, client, pages[1])
    newest_first = [page.caller.actor_id for page in reversed(pages)]

    assert await listed(world, client) == [newest_first[0], newest_first[2]]
    assert await listed(world, client, ended=True) == newest_first
    assert await listed(world, client, ended=True, subject="user-43") == [newest_first[1]]
    world.clock.advance(QUARTER)
    assert await listed(world, client) == []


async def test_a_revoked_token_is_refused_at_once_everywhere(world: World, client: Client) -> None:
    page = await holder(world, client)
    opened = await page.request()
    page.put(opened)

    token = await revoke(world, client, page)

    assert (token.revoked_at, token.revoked_by) == (world.clock.now(), client.caller.key.key_id)
    assert await code_of(world, page.secret) == "token_revoked"
    for act in (page.request(), page.confirm(opened), page.cancel(opened)):  # admitted before
        with pytest.raises(UnauthenticatedError) as refused:
            await act
        assert refused.value.code == "token_revoked"
    with pytest.raises(WrongStateError) as wrong:
        await renew(world, client, page)
    assert wrong.value.code == "token_is_revoked"
    assert (await revoke(world, client, page)).version == token.version


@pytest.mark.parametrize("lets_open_finish", [False, True])
async def test_bytes_that_arrive_after_a_revocation_are_refused_unless_they_may(
    world: World, client: Client, *, lets_open_finish: bool
) -> None:
    page = await holder(world, client)
    answer = await page.request()
    await revoke(world, client, page, lets_open_finish=lets_open_finish)
    page.put(answer)

    await world.pass_time(2 * HOUR)  # no client confirms: the sweeper finds the bytes

    record = await client.record(answer)
    if lets_open_finish:
        assert record.status is Status.COMPLETED
    else:
        assert record.failure_reason == FailureReason.REQUESTER_REVOKED


async def test_a_revocation_between_admission_and_append_refuses_the_upload(world: World, client: Client) -> None:
    page = await holder(world, client)
    world.once_before(lambda event: isinstance(event, UploadRequested), lambda: revoke(world, client, page))

    with pytest.raises(UnauthenticatedError) as refused:
        await page.request()
    assert refused.value.code == "token_revoked"


async def test_all_tokens_of_a_subject_are_revoked_together_even_expired_ones_with_open_uploads(
    world: World, client: Client
) -> None:
    expired = await holder(world, client, subject="user-42")
    old = await expired.request()
    world.clock.advance(QUARTER)
    live = await holder(world, client, subject="user-42")
    other = await holder(world, client, subject="user-43")
    long_over = await holder(world, client, subject="user-42", upload_lifetime=timedelta(minutes=1))

    revoked = await world.manage_tokens.revoke_subject(
        client.caller, client.namespace, bucket_id=client.bucket.bucket_id, subject="user-42"
    )

    assert {each.token_id for each in revoked} == {each.caller.actor_id for each in (expired, live, long_over)}
    await other.request()
    expired.put(old)
    with pytest.raises(WrongStateError) as refused:
        await client.confirm(old)
    assert refused.value.code == "requester_revoked"
    assert not await world.manage_tokens.revoke_subject(
        client.caller, client.namespace, bucket_id=client.bucket.bucket_id, subject="user-42"
    )


async def test_the_open_uploads_of_revoked_tokens_can_be_canceled_as_a_task(world: World, client: Client) -> None:
    page, other = await holder(world, client), await holder(world, client)
    mine, theirs = await page.request(), await other.request()
    token = await revoke(world, client, page)

    task = await world.cancel_open_uploads(client.caller, (token.token_id,))
    await world.pass_time(timedelta(0))

    ended = await world.tasks.task(client.caller.organization.organization_id, task.task_id)
    assert ended is not None
    assert ended.status is TaskStatus.COMPLETED
    assert (await client.record(mine)).status is Status.CANCELED
    assert (await client.record(theirs)).status is Status.PENDING
