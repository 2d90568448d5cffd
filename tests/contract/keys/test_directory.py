"""What `Directory` promises, on every adapter."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from adapters.postgres.database.connecting import open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.keys import directory as postgres_directory
from adapters.postgres.keys.directory import PostgresDirectory
from adapters.postgres.read_side import PostgresReadSide
from domain.buckets.bucket import BeginBucketDeletion, BucketStatus, EndBucketDeletion
from domain.namespaces.namespace import BeginNamespaceDeletion, EndNamespaceDeletion
from domain.organizations.organization import Tier
from tests.conftest import Database
from tests.contract._log import SOON, Account, Kit, open_account, postgres_kit

Answer = TypeVar("Answer")


@pytest.fixture
def caching_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a cached answer live until an event drops it."""
    monkeypatch.setattr(postgres_directory, "CACHE_SECONDS", 1e9)


async def until(ask: Callable[[], Awaitable[Answer]], holds: Callable[[Answer], bool]) -> Answer:
    """Repeat the query until the answer is right."""
    async with asyncio.timeout(SOON):
        while not holds(answer := await ask()):
            await asyncio.sleep(0.005)
    return answer


async def test_every_caller_is_found_as_in_the_read_side(kit: Kit, account: Account) -> None:
    directory = kit.directory
    for _ in range(2):  # the second time perhaps from a cache
        key = await directory.key(account.key_hash)
        assert key is not None
        assert key == await kit.read_side.key_by_name(account.organization_id, account.user_id, "main")
        organization = await directory.organization(account.organization_id)
        assert organization is not None
        assert organization == await kit.read_side.organization_by_name(account.organization_id)
        for name in (account.namespace_id, "main"):
            namespace = await directory.namespace(account.organization_id, name)
            assert namespace is not None
            assert namespace == await kit.read_side.namespace(account.organization_id, name)
        for name in (account.bucket_id, "files"):
            bucket = await directory.bucket(account.namespace_id, name)
            assert bucket is not None
            assert bucket == await kit.read_side.bucket(account.namespace_id, name)


async def test_what_belongs_to_others_does_not_exist(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    directory = kit.directory
    assert await directory.namespace(other.organization_id, account.namespace_id) is None
    assert await directory.bucket(other.namespace_id, account.bucket_id) is None
    same_name = await directory.namespace(other.organization_id, "main")
    assert same_name is not None
    assert same_name.namespace_id == other.namespace_id
    same_name_bucket = await directory.bucket(account.namespace_id, "files")
    assert same_name_bucket is not None
    assert same_name_bucket.bucket_id == account.bucket_id


async def test_revoked_and_expired_keys_are_found_too(kit: Kit, account: Account) -> None:
    expired = account.key("expired", expires_at=account.clock.now() - timedelta(days=1))
    await kit.log.append(account.command(expired))
    await account.revoke(kit.log)
    found = await kit.directory.key(expired.stream_id.rjust(64, "0"))
    assert found is not None
    assert found.expires_at == account.clock.now() - timedelta(days=1)
    revoked = await kit.directory.key(account.key_hash)
    assert revoked is not None
    assert (revoked.revoked_at, revoked.revoked_by) == (account.clock.now(), account.key_id)


@pytest.mark.usefixtures("caching_forever")
async def test_absence_is_never_cached(kit: Kit, account: Account) -> None:
    directory = kit.directory
    namespace, key = account.namespace("late"), account.key("late")
    bucket = account.bucket("late")
    key_hash = key.stream_id.rjust(64, "0")
    assert await directory.namespace(account.organization_id, "late") is None
    assert await directory.bucket(account.namespace_id, "late") is None
    assert await directory.key(key_hash) is None
    assert await directory.organization("org_late") is None
    await kit.other_log.append(account.command(namespace, key, bucket))
    assert await directory.namespace(account.organization_id, "late") is not None
    assert await directory.bucket(account.namespace_id, "late") is not None
    assert await directory.key(key_hash) is not None


@pytest.mark.usefixtures("caching_forever")
async def test_a_cached_answer_is_dropped_by_the_events_that_change_it(kit: Kit, account: Account) -> None:
    directory = kit.directory
    await directory.key(account.key_hash)
    await account.revoke(kit.other_log)
    await until(lambda: directory.key(account.key_hash), lambda key: key is not None and key.revoked_at is not None)
    await directory.organization(account.organization_id)
    await account.set_quota(kit.other_log, 5, Tier.TEAM)
    await until(
        lambda: directory.organization(account.organization_id),
        lambda found: found is not None and (found.tier, found.quota_bytes) == (Tier.TEAM, 5),
    )
    await directory.bucket(account.namespace_id, "files")
    for status in (BucketStatus.SUSPENDED, BucketStatus.ACTIVE):
        await account.set_status(kit.other_log, status)
        await until(
            lambda: directory.bucket(account.namespace_id, "files"),
            lambda found, status=status: found is not None and found.status is status,  # type: ignore[misc]  # mypy cannot see that `status` is no second argument
        )


@pytest.mark.usefixtures("caching_forever")
async def test_a_new_name_is_found_and_the_old_one_no_longer(kit: Kit, account: Account) -> None:
    directory = kit.directory
    for old, new in (("files", "films"), ("films", "files")):
        assert await directory.bucket(account.namespace_id, old) is not None
        await account.send_to_bucket(kit.other_log, account.renames(new))
        await until(lambda old=old: directory.bucket(account.namespace_id, old), lambda found: found is None)  # type: ignore[misc]  # mypy cannot see that `old` is no argument
        renamed = await directory.bucket(account.namespace_id, new)
        assert renamed is not None
        assert renamed.bucket_id == account.bucket_id
    assert await directory.namespace(account.organization_id, "main") is not None
    await account.send_to_namespace(kit.other_log, account.renames_namespace("live"))
    await until(lambda: directory.namespace(account.organization_id, "main"), lambda found: found is None)
    assert await directory.namespace(account.organization_id, "live") is not None


@pytest.mark.usefixtures("caching_forever")
async def test_what_is_being_deleted_is_known_to_be_and_then_gone(kit: Kit, account: Account) -> None:
    directory, log = kit.directory, kit.other_log
    assert await directory.bucket(account.namespace_id, "files") is not None
    assert await directory.namespace(account.organization_id, "main") is not None
    await account.send_to_namespace(log, lambda origin: BeginNamespaceDeletion(origin=origin, task_id="task_1"))
    await until(
        lambda: directory.bucket(account.namespace_id, "files"),
        lambda found: found is not None and found.status is BucketStatus.DELETING,
    )
    await account.send_to_bucket(log, lambda origin: BeginBucketDeletion(origin=origin, task_id="task_1"))
    await account.send_to_bucket(log, lambda origin: EndBucketDeletion(origin=origin))
    await until(lambda: directory.bucket(account.namespace_id, account.bucket_id), lambda found: found is None)
    await account.send_to_namespace(log, lambda origin: EndNamespaceDeletion(origin=origin))
    await until(lambda: directory.namespace(account.organization_id, account.namespace_id), lambda found: found is None)


@pytest.mark.usefixtures("caching_forever")
async def test_a_change_by_the_same_process_is_visible_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listener, "_heard", lambda *_: None)  # as if each notification were late
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        for status in (BucketStatus.SUSPENDED, BucketStatus.ACTIVE):
            assert await kit.directory.bucket(account.namespace_id, "files") is not None
            await account.set_status(kit.log, status)
            bucket = await kit.directory.bucket(account.namespace_id, "files")
            assert bucket is not None
            assert bucket.status is status


async def test_an_answer_is_no_older_than_it_may_be_cached_and_that_is_5_seconds(
    kit: Kit, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postgres_directory.CACHE_SECONDS <= 5
    monkeypatch.setattr(postgres_directory, "CACHE_SECONDS", 0.0)
    for count in range(3):  # an upload that completes changes counters alone: no event drops the answer
        bucket = await kit.directory.bucket(account.namespace_id, account.bucket_id)
        assert bucket is not None
        assert bucket.total_size_bytes == 100 * count
        await account.complete(kit.log)


async def test_a_directory_that_gets_no_notifications_reads_each_time(database: Database) -> None:
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        pool = await open_pool(database.url, size=1)
        deaf = PostgresDirectory(PostgresReadSide(pool), Listener(database.url))  # a listener that is not connected
        async with deaf.running():
            assert (await deaf.key(account.key_hash)) is not None
            await account.revoke(kit.log)
            key = await deaf.key(account.key_hash)
            assert key is not None
            assert key.revoked_at is not None
        await pool.close()


@pytest.mark.usefixtures("caching_forever")
async def test_absence_is_not_cached_even_where_no_change_is_announced(database: Database) -> None:
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        pool = await open_pool(database.url, size=1)
        listener = Listener(database.url)
        listener.connected = True  # as it believes; it receives nothing
        directory = PostgresDirectory(PostgresReadSide(pool), listener)
        assert await directory.bucket(account.namespace_id, "late") is None
        await kit.log.append(account.command(account.bucket("late")))
        assert await directory.bucket(account.namespace_id, "late") is not None
        await pool.close()
