"""What `Census` promises, on every adapter."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import pytest

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.organizations.census import MemoryCensus
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.organizations.census import PostgresCensus
from application.ports.organizations.census import Backlog, Census, StoredBytes
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status
from tests.contract._log import GRACE, Account, Kit, open_account


@pytest.fixture
async def census(kit: Kit, database_url: str | None) -> AsyncIterator[Census]:
    """The keys and webhooks that count in that log."""
    if database_url is None:
        assert isinstance(kit.log, MemoryEventLog)
        yield MemoryCensus(kit.log)
        return
    pool = await open_pool(database_url, size=2)
    yield PostgresCensus(pool)
    await pool.close()


def some(counts: Mapping[Status, int]) -> dict[Status, int]:
    return {status: count for status, count in counts.items() if count}


async def test_uploads_count_by_their_state_in_any_organization(census: Census, kit: Kit, account: Account) -> None:
    assert some(await census.uploads()) == {}
    other = await open_account(kit.log, beside=account)
    await account.request(kit.log)
    await account.complete(kit.log)
    await other.request(kit.log)
    expired = await other.request(kit.log)
    await other.send(kit.log, expired, other.expires())
    assert some(await census.uploads()) == {Status.PENDING: 2, Status.COMPLETED: 1, Status.FAILED: 1}


async def test_bytes_are_reserved_and_then_accepted(census: Census, kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account)
    assert await census.stored_bytes() == StoredBytes(reserved=0, accepted=0)
    await account.request(kit.log, declared_size_bytes=70)
    await other.request(kit.log, declared_size_bytes=5)
    await other.complete(kit.log, size_bytes=100)
    assert await census.stored_bytes() == StoredBytes(reserved=75, accepted=100)


async def test_a_job_waits_from_when_it_is_due_until_a_worker_has_it(
    census: Census, kit: Kit, account: Account
) -> None:
    due_at = account.clock.now() + timedelta(hours=1) + GRACE
    await account.request(kit.log)
    await kit.jobs.set(JobKind.RECHECK, "upl_x", due_at + timedelta(minutes=1))
    await kit.jobs.set(JobKind.RECHECK, "upl_y", due_at + timedelta(minutes=2))
    now = due_at + timedelta(hours=1)
    assert await census.backlog(now=due_at - timedelta(microseconds=1)) == {}
    assert await census.backlog(now=now) == {
        JobKind.EXPIRE: Backlog(count=1, oldest_due_at=due_at),
        JobKind.RECHECK: Backlog(count=2, oldest_due_at=due_at + timedelta(minutes=1)),
    }
    await kit.jobs.lease(now=now, limit=2, lasts=timedelta(minutes=1))
    assert sum(each.count for each in (await census.backlog(now=now)).values()) == 1
    again: datetime = now + timedelta(minutes=1)
    assert (await census.backlog(now=again))[JobKind.EXPIRE].count == 1, "its lease has ended"
