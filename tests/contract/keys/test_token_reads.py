"""What `TokenReads` promises, and the conditions on upload tokens, on every adapter."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from application.ports.events.event_log import RequesterRevokedError, StreamAppend
from application.ports.keys.token_reads import Owner, WantedTokens
from domain.buckets.bucket import Policy
from domain.keys.api_key import ApiKeyRevoked
from domain.keys.upload_token import token_of
from domain.refusals import UnauthenticatedError
from domain.shared_fields import made_from
from tests.contract._log import Account, Kit, open_account
from tests.contract.keys._tokens import TOKEN, issued, renewed, revoked, used
from tests.contract.keys.test_directory import until

LATE = 2**62


async def ids_of(kit: Kit, account: Account, *, before: int = LATE, limit: int = 10, **wanted: object) -> list[str]:
    asked = WantedTokens(namespace_id=account.namespace_id, **wanted)  # type: ignore[arg-type]  # as its fields are
    return [each.token_id for each in await kit.read_side.upload_tokens(asked, before=before, limit=limit)]


async def test_a_token_is_read_as_it_was_issued(kit: Kit, account: Account) -> None:
    for token_id, limits in (
        ("utk_bare", {"token_hash": None}),
        (
            "utk_full",
            {
                "max_size_bytes": 10,
                "max_total_bytes": 100,
                "upload_lifetime_seconds": 3600,
                "policy": Policy.UPSERT,
                "subject": "user-42",
                "part_size": 8 * 1024**2,
                "blob_property": "photo",
            },
        ),
    ):
        event = issued(account, token_id, **limits)
        assert await kit.read_side.upload_token(token_id) is None
        position = await account.append(kit.log, token_id, 0, event)

        found = await kit.read_side.upload_token(token_id)

        assert found is not None
        assert found == await kit.directory.upload_token(token_id)
        assert made_from(type(token_of(event)), found) == token_of(event)
        assert (found.created_at, found.position, found.version) == (account.clock.now(), position, 1)
        assert (found.used_count, found.used_bytes, found.last_used_at) == (0, 0, None)
    assert await kit.directory.upload_token(account.key_id) is None


async def test_the_uses_of_a_token_and_their_bytes_are_counted(kit: Kit, account: Account) -> None:
    await account.append(kit.log, TOKEN, 0, issued(account), used(account, size_bytes=7))
    account.clock.advance(timedelta(minutes=1))
    await account.append(kit.log, TOKEN, 2, used(account), used(account, size_bytes=5))

    found = await kit.read_side.upload_token(TOKEN)

    assert found is not None
    assert (found.used_count, found.used_bytes, found.version) == (3, 12, 4)
    assert found.last_used_at == account.clock.now()


async def test_a_renewal_and_a_revocation_are_seen_at_once_and_by_other_processes_soon(
    kit: Kit, account: Account
) -> None:
    await account.append(kit.log, TOKEN, 0, issued(account))
    before = await kit.directory.upload_token(TOKEN)
    assert before is not None
    account.clock.advance(timedelta(minutes=1))
    renewal = renewed(account)
    await account.append(kit.other_log, TOKEN, 1, renewal)

    after = await until(
        lambda: kit.directory.upload_token(TOKEN),
        lambda token: token is not None and token.token_hash == renewal.token_hash,
    )
    assert after is not None
    assert (after.previous_token_hash, after.previous_until) == (before.token_hash, renewal.previous_until)
    assert after.expires_at == renewal.expires_at
    record = await kit.read_side.upload_token(TOKEN)
    assert record is not None
    assert (record.renewed_at, record.version) == (account.clock.now(), 2)

    await account.append(kit.other_log, TOKEN, 2, revoked(account, lets_open_finish=True))
    await until(
        lambda: kit.directory.upload_token(TOKEN), lambda token: token is not None and token.revoked_at is not None
    )
    record = await kit.read_side.upload_token(TOKEN)
    assert record is not None
    assert (record.revoked_at, record.revoked_by) == (account.clock.now(), account.key_id)
    assert record.lets_open_finish


async def test_tokens_are_listed_newest_first_in_pages(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    await other.append(kit.log, "utk_theirs", 0, issued(other, "utk_theirs"))
    for number in range(3):
        await account.append(kit.log, f"utk_{number}", 0, issued(account, f"utk_{number}"))

    assert await ids_of(kit, account) == ["utk_2", "utk_1", "utk_0"]
    assert await ids_of(kit, account, limit=2) == ["utk_2", "utk_1"]
    second = await kit.read_side.upload_token("utk_1")
    assert second is not None
    assert await ids_of(kit, account, before=second.position) == ["utk_0"]


async def test_tokens_are_found_by_bucket_key_and_subject(kit: Kit, account: Account) -> None:
    subjects = {"utk_a": "user-42", "utk_b": None, "utk_c": "user-43"}
    for token_id, subject in subjects.items():
        await account.append(kit.log, token_id, 0, issued(account, token_id, subject=subject))
    elsewhere = msgspec.structs.replace(account.origin(), bucket_id="bkt_other")
    event = issued(account, "utk_d", origin=elsewhere, key_id="key_other", subject="user-42")
    await account.append(kit.log, "utk_d", 0, event)

    assert await ids_of(kit, account, subject="user-42") == ["utk_d", "utk_a"]
    assert await ids_of(kit, account, bucket_ids={account.bucket_id}) == ["utk_c", "utk_b", "utk_a"]
    assert await ids_of(kit, account, bucket_ids=()) == []
    assert await ids_of(kit, account, key_id="key_other") == ["utk_d"]
    assert await ids_of(kit, account, key_id="key_other", subject="user-43") == []


async def test_ended_tokens_can_be_left_out(kit: Kit, account: Account) -> None:
    now = account.clock.now()
    ended = {"expires_at": now, "upload_lifetime_seconds": 60}
    await account.append(kit.log, "utk_ended", 0, issued(account, "utk_ended", **ended))
    await account.append(kit.log, "utk_live", 0, issued(account, "utk_live"))
    await account.append(kit.log, "utk_gone", 0, issued(account, "utk_gone"), revoked(account, "utk_gone"))

    assert await ids_of(kit, account) == ["utk_gone", "utk_live", "utk_ended"]
    assert await ids_of(kit, account, live_at=now) == ["utk_live"]
    assert await ids_of(kit, account, open_at=now) == ["utk_live", "utk_ended"]
    assert await ids_of(kit, account, open_at=now + timedelta(seconds=60)) == ["utk_live"]


async def test_a_command_through_a_revoked_token_is_refused(kit: Kit, account: Account) -> None:
    await account.append(kit.log, TOKEN, 0, issued(account))
    through = {**account.live, "token_id": TOKEN}
    await kit.log.append(account.request_command(conditions=through))
    await account.append(kit.log, TOKEN, 1, revoked(account, lets_open_finish=True))

    for token_id in (TOKEN, "utk_of_nobody"):
        with pytest.raises(UnauthenticatedError) as refused:
            await kit.log.append(account.request_command(conditions={**through, "token_id": token_id}))
        assert refused.value.code == "token_revoked"


async def test_of_two_commands_at_once_the_one_after_a_revocation_is_refused(kit: Kit, account: Account) -> None:
    await account.append(kit.log, TOKEN, 0, issued(account))
    through = {**account.live, "token_id": TOKEN}
    commands = [
        account.request_command(conditions=through),
        account.command(StreamAppend(stream_id=TOKEN, expected_version=1, events=(revoked(account),))),
        account.request_command(conditions=through),
    ]

    results = await asyncio.gather(*(kit.log.append(each) for each in commands), return_exceptions=True)

    assert [isinstance(each, int) for each in results[:2]] == [True, True]
    assert isinstance(results[2], UnauthenticatedError)


@pytest.mark.parametrize("lets_open_finish", [False, True])
@pytest.mark.parametrize("whose", ["token", "key"])
async def test_an_upload_of_a_token_is_refused_once_it_or_its_key_was_revoked(
    kit: Kit, account: Account, whose: str, *, lets_open_finish: bool
) -> None:
    await account.append(kit.log, TOKEN, 0, issued(account))
    await kit.log.append(account.request_command(conditions={"requester": TOKEN}))
    if whose == "token":
        await account.append(kit.log, TOKEN, 1, revoked(account, lets_open_finish=lets_open_finish))
    else:
        event = ApiKeyRevoked(origin=account.origin(), key_id=account.key_id, lets_open_finish=lets_open_finish)
        await account.append(kit.log, account.key_id, 1, event)

    asked = kit.log.append(account.request_command(conditions={"requester": TOKEN}))

    if lets_open_finish:
        await asked
    else:
        with pytest.raises(RequesterRevokedError) as refused:
            await asked
        named = {"token": {"token_id": TOKEN}, "key": {"key_id": account.key_id}}
        assert refused.value.details == named[whose]


async def test_the_open_uploads_of_one_token_are_found(kit: Kit, account: Account) -> None:
    for token_id in ("utk_1", "utk_2"):
        await account.append(kit.log, token_id, 0, issued(account, token_id))
    mine = await account.request(kit.log, where={"actor_id": "utk_1"})
    await account.request(kit.log, where={"actor_id": "utk_2"})
    await account.request(kit.log)

    assert await kit.read_side.open_uploads_of(account.organization_id, "utk_1", after="", limit=10) == [mine]


async def owned(kit: Kit, account: Account, token_id: str, **limits: object) -> str:
    """Issue a token, request an upload with it, and return the upload."""
    await account.append(kit.log, token_id, 0, issued(account, token_id, **limits))
    use = used(account, token_id)
    await account.append(kit.log, token_id, 1, use)
    return await account.request(kit.log, upload_id=use.upload_id, where={"actor_id": token_id})


async def test_the_tokens_and_uploads_of_an_owner_are_found(kit: Kit, account: Account) -> None:
    mine = await owned(kit, account, "utk_1", subject="user-42")
    under_another_key = await owned(kit, account, "utk_2", subject="user-42", key_id="key_other")
    of_another = await owned(kit, account, "utk_3", subject="user-43")
    bare = await owned(kit, account, "utk_4")
    bucket_id = account.bucket_id
    reads = kit.read_side
    for owner, tokens, uploads in (
        (Owner(bucket_id=bucket_id, subject="user-42", key_id=account.key_id), ["utk_1"], [mine]),
        (Owner(bucket_id=bucket_id, subject="user-42"), ["utk_1", "utk_2"], [mine, under_another_key]),
        (Owner(bucket_id=bucket_id, subject="user-43"), ["utk_3"], [of_another]),
        (Owner(bucket_id=bucket_id, token_id="utk_4"), ["utk_4"], [bare]),
        (Owner(bucket_id="bkt_other", subject="user-42"), [], []),
        (Owner(bucket_id="bkt_other", token_id="utk_4"), [], []),
    ):
        assert sorted(await reads.tokens_of(owner)) == tokens
        assert sorted(await reads.uploads_of(tokens)) == sorted(uploads)
        events = await reads.events_of(owner, after=0, limit=100)
        assert [each.originator_id for each in events] == uploads
        assert [each.topic for each in events] == ["upload.requested.v1"] * len(uploads)


async def test_the_events_of_an_owner_are_read_in_order_from_any_position(kit: Kit, account: Account) -> None:
    upload_id = await owned(kit, account, "utk_1", subject="user-42")
    await account.request(kit.log)
    other = await owned(kit, account, "utk_2", subject="user-42")
    await account.send(kit.log, upload_id, account.starts())
    owner = Owner(bucket_id=account.bucket_id, subject="user-42")

    whole = await kit.read_side.events_of(owner, after=0, limit=100)

    assert [each.originator_id for each in whole] == [upload_id, other, upload_id]
    assert [each.id for each in whole] == sorted(each.id for each in whole)
    assert await kit.log.read_at([each.id for each in whole]) == whole
    assert await kit.read_side.events_of(owner, after=0, limit=2) == whole[:2]
    assert await kit.read_side.events_of(owner, after=whole[1].id, limit=2) == whole[2:]
