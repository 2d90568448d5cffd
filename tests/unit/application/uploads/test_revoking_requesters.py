"""An issued URL cannot be revoked: bytes that arrive through it are refused once its key is revoked."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from application.handling import load
from application.keys.callers import Caller
from application.keys.issuing_upload_tokens import TokenWish
from application.keys.managing import KeyWish
from application.ports.tasks.tasks import TaskStatus
from application.uploads import canceling_open
from domain.buckets.bucket import Policy, UniqueKey
from domain.refusals import ForbiddenError, UnauthenticatedError, WrongStateError
from domain.uploads.upload import UPLOAD, Status, request_of
from domain.uploads.upload_events import FailureReason, UploadVerificationBegan
from tests.unit.application.world import BYTES, Client

NOW = timedelta(0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def other(client: Client) -> Client:
    """The same organization through another key, which will be revoked."""
    key, secret = await client.world.keys.create(
        client.caller.organization.organization_id, KeyWish(name="other", user_id="usr_1"), actor_id="system:operator"
    )
    made = Client(client.world, Caller(key=key, organization=client.caller.organization), secret, client.namespace)
    made.bucket = client.bucket
    return made


async def by_token(client: Client, **wished: Any) -> Client:  # noqa: ANN401  # the fields of a wish
    """Return a client with a token of the client's key."""
    wish = TokenWish(**{"expires_in": HOUR, **wished})
    token, secret = await client.world.issue_token(client.caller, client.namespace, client.bucket, wish)
    holder = Client(client.world, msgspec.structs.replace(client.caller, token=token), secret, client.namespace)
    holder.bucket = client.bucket
    return holder


async def revoke(client: Client, *, lets_open_finish: bool = False) -> None:
    await client.world.keys.revoke(
        client.caller.organization.organization_id,
        user_id="usr_1",
        name="other",
        actor_id="system:operator",
        lets_open_finish=lets_open_finish,
    )


async def by_confirm(client: Client, answer: object) -> None:
    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)  # type: ignore[arg-type]  # an answer
    assert refused.value.code == "requester_revoked"


async def by_task(client: Client, answer: object) -> None:
    await client.confirm(answer, as_task=True)  # type: ignore[arg-type]  # an answer
    await client.world.pass_time(NOW)


async def by_sweeper(client: Client, answer: object) -> None:  # noqa: ARG001  # it finds all of them
    await client.world.pass_time(2 * HOUR)


WAYS = [by_confirm, by_task, by_sweeper]


@pytest.mark.parametrize("through_a_token", [False, True])
@pytest.mark.parametrize("way", WAYS)
async def test_bytes_of_a_revoked_key_are_refused_whichever_caller_starts_the_verification(
    client: Client, other: Client, way: Callable[[Client, object], Awaitable[None]], *, through_a_token: bool
) -> None:
    requester = await by_token(other) if through_a_token else other
    answer = await requester.request()
    requester.put(answer)
    await revoke(other)

    await way(client, answer)

    record = await client.record(answer)
    assert (record.status, record.failure_reason) == (Status.FAILED, FailureReason.REQUESTER_REVOKED)
    await client.world.pass_time(NOW)
    assert client.world.storage.get(record.storage_key) is None
    assert await client.quota() == (0, 0)
    assert client.world.problems == []


async def test_open_uploads_may_finish_if_the_revocation_allows_it(client: Client, other: Client) -> None:
    answer = await other.request()
    other.put(answer)

    await revoke(other, lets_open_finish=True)

    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_what_was_completed_before_stays(client: Client, other: Client) -> None:
    confirmed = await other.upload()

    await revoke(other)

    assert (await client.record(confirmed)).status is Status.COMPLETED


async def test_a_revocation_that_comes_while_bytes_are_read_is_in_time(
    client: Client, other: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await other.request(size=None)  # otherwise a small file is fetched at once
    other.put(answer)
    read = client.world.storage.read

    async def read_slowly(*args: object, **kwargs: object) -> object:
        await revoke(other)
        async for chunk in read(*args, **kwargs):  # type: ignore[arg-type]  # what it is given
            yield chunk

    monkeypatch.setattr(client.world.storage, "read", read_slowly)

    await by_confirm(client, answer)


async def test_a_revocation_is_the_reason_also_where_the_object_to_update_is_missing(
    client: Client, other: Client
) -> None:
    other.bucket = await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    answer = await other.request(object_metadata={"title": "A"})
    other.put(answer)
    await revoke(other)

    with pytest.raises(WrongStateError) as failed:
        await client.confirm(answer, policy=Policy.UPDATE)

    assert failed.value.code == "requester_revoked"


@pytest.mark.parametrize("as_task", [False, True])
async def test_a_key_that_is_revoked_during_its_confirm_changes_nothing(
    client: Client, other: Client, *, as_task: bool
) -> None:
    answer = await client.request()
    client.put(answer)
    client.world.once_before(lambda event: isinstance(event, UploadVerificationBegan), lambda: revoke(other))

    with pytest.raises(UnauthenticatedError) as refused:
        await other.confirm(answer, as_task=as_task)

    assert refused.value.code == "key_revoked"
    assert (await client.record(answer)).status is Status.PENDING


async def test_neither_an_end_nor_a_rotation_is_a_revocation(client: Client) -> None:
    token = await by_token(client)
    answer = await token.request()
    token.put(answer)
    client.world.clock.advance(HOUR)
    await client.world.keys.rotate(
        client.caller.organization.organization_id,
        user_id="usr_1",
        name="ci",
        actor_id="system:operator",
        by=client.caller.key,
    )

    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_all_that_a_key_and_its_tokens_have_open_is_canceled(client: Client, other: Client) -> None:
    mine = await client.request(skip_duplicates=False)
    theirs = [await other.request(skip_duplicates=False), await (await by_token(other)).request(skip_duplicates=False)]
    await revoke(other)

    task = await client.world.cancel_open_uploads(client.caller, (other.caller.key.key_id,))
    await client.world.pass_time(NOW)

    ended = await client.task(task.task_id)
    (output,) = ended.outputs
    assert isinstance(output, dict)
    assert (ended.status, output["canceled_uploads"]) == (TaskStatus.COMPLETED, 2)
    assert [(await client.record(each)).status for each in theirs] == [Status.CANCELED] * 2
    assert (await client.record(mine)).status is Status.PENDING
    assert await client.quota() == (len(BYTES), 0)


async def test_more_than_a_page_of_them_is_canceled(
    client: Client, other: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canceling_open, "PAGE", 2)
    for _ in range(5):
        await other.request(skip_duplicates=False, size=1)

    task = await client.world.cancel_open_uploads(client.caller, (other.caller.key.key_id,))
    await client.world.pass_time(NOW)

    (output,) = (await client.task(task.task_id)).outputs
    assert output == {"subject": other.caller.key.key_id, "canceled_uploads": 5}
    assert await client.quota() == (0, 0)


# How long URLs live


async def test_a_url_does_not_outlive_the_key_that_gave_it_out(client: Client) -> None:
    end = client.world.clock.now() + HOUR / 2
    client.caller = msgspec.structs.replace(
        client.caller, key=msgspec.structs.replace(client.caller.key, expires_at=end)
    )

    answer = await client.request(expires_in=3600)
    in_parts = await client.request(skip_duplicates=False, multipart="always")
    (part,) = await client.sign_parts(in_parts, 1)
    _, again = await client.world.send_parts.sign_again(
        client.caller, client.namespace, answer.record.upload_id, bucket_id=None
    )
    client.put(answer)
    confirmed = await client.confirm(answer)
    (signed,) = await client.world.sign(client.caller, client.namespace, [confirmed.record])

    given = [answer.signed, part.signed, again, signed.get]
    assert [each.expires_at for each in given if each is not None] == [end] * 4


async def test_a_token_sets_how_long_its_uploads_get_urls(client: Client) -> None:
    holder = await by_token(client, upload_lifetime=HOUR)
    end = client.world.clock.now() + HOUR

    answer = await holder.request(expires_in=7200)

    assert answer.record.expires_at == end
    request = request_of((await load(client.world.log, UPLOAD, answer.record.upload_id)).state)
    assert request is not None
    assert request.urls_end_at == end
    client.world.clock.advance(HOUR / 2)
    sign_again = partial(
        client.world.send_parts.sign_again,
        namespace=client.namespace,
        upload_id=answer.record.upload_id,
        bucket_id=None,
    )
    _, signed = await sign_again(holder.caller)
    assert signed is not None
    assert signed.expires_at == end
    for later in (HOUR / 2, HOUR):
        client.world.clock.advance(later)
        for caller in (holder.caller, client.caller):
            with pytest.raises(ForbiddenError) as refused:
                await sign_again(caller)
            assert refused.value.code == "upload_lifetime_over"


async def test_uploads_of_a_token_get_urls_for_a_day_by_default(client: Client) -> None:
    answer = await (await by_token(client)).request()

    request = request_of((await load(client.world.log, UPLOAD, answer.record.upload_id)).state)

    assert request is not None
    assert request.urls_end_at == client.world.clock.now() + DAY
