"""What `Subscriptions` promises, on every adapter."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.memory.events.subscriptions import MemorySubscriptions
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from application.ports.events.subscriptions import Lease, LeaseLostError, Subscriptions

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
LATER = NOW + timedelta(minutes=5)

Two = tuple[Subscriptions[Any], Subscriptions[Any]]


@pytest.fixture
async def two(database_url: str | None) -> AsyncIterator[Two]:
    """The subscriptions as two processes see them."""
    if database_url is None:
        memory = MemorySubscriptions()
        yield memory, memory
        return
    pools = [await open_pool(database_url, size=4) for _ in range(2)]
    yield PostgresSubscriptions(pools[0]), PostgresSubscriptions(pools[1])
    for pool in pools:
        await pool.close()


async def acquire(
    subscriptions: Subscriptions[Any], token: str, name: str = "reader", *, begin: int = 0, now: datetime = NOW
) -> Lease | None:
    return await subscriptions.acquire(name, begin=begin, now=now, leased_until=now + (SOON - NOW), token=token)


async def record(subscriptions: Subscriptions[Any], lease: Lease | None, position: int) -> None:
    assert lease is not None
    async with subscriptions.recording(lease, position, now=NOW):
        pass


async def test_a_new_name_starts_at_the_given_position_and_continues_from_its_own(two: Two) -> None:
    first, second = two
    lease = await acquire(first, "a", begin=7)
    assert lease == Lease(name="reader", token="a", position=7)
    await record(first, lease, 12)
    await first.release(lease)
    assert await acquire(second, "b", begin=99) == Lease(name="reader", token="b", position=12)


async def test_one_process_has_a_name_and_others_have_others(two: Two) -> None:
    first, second = two
    assert await acquire(first, "a") is not None
    assert await acquire(second, "b") is None
    assert await acquire(second, "b", "another") is not None


async def test_of_many_at_once_one_gets_it(two: Two) -> None:
    leases = await asyncio.gather(*(acquire(two[number % 2], str(number)) for number in range(20)))
    assert sum(lease is not None for lease in leases) == 1


async def test_when_a_lease_has_run_out_another_process_takes_over_and_the_first_records_nothing(two: Two) -> None:
    first, second = two
    lost = await acquire(first, "a")
    taken = await acquire(second, "b", now=SOON)
    assert taken is not None
    with pytest.raises(LeaseLostError):
        await record(first, lost, 5)
    assert lost is not None
    with pytest.raises(LeaseLostError):
        await first.renew(lost, leased_until=LATER)
    await first.release(lost)  # which takes nothing from the other one
    await record(second, taken, 3)
    assert [(each.name, each.position) for each in await first.subscriptions()] == [("reader", 3)]


async def test_a_renewed_lease_lasts(two: Two) -> None:
    first, second = two
    lease = await acquire(first, "a")
    assert lease is not None
    await first.renew(lease, leased_until=LATER)
    assert await acquire(second, "b", now=SOON) is None
    assert await acquire(second, "b", now=LATER) is not None


async def test_a_position_is_recorded_only_over_the_one_that_it_was_read_after(two: Two) -> None:
    first, second = two
    lease = await acquire(first, "a", begin=3)
    assert lease is not None
    await record(first, lease, 5)
    for stale in (lease, lease.at(4), lease.at(9)):  # the last one: the database was taken back since
        with pytest.raises(LeaseLostError):
            await record(second, stale, 12)
    await record(second, lease.at(5), 12)
    assert [each.position for each in await first.subscriptions()] == [12]


async def test_a_lease_that_could_not_be_given_back_is_taken_again_with_its_token(two: Two) -> None:
    first, second = two
    lease = await acquire(first, "a", begin=3)
    assert lease is not None
    await record(first, lease, 5)
    assert await acquire(second, "b") is None
    assert await acquire(second, "a", begin=3) == Lease(name="reader", token="a", position=5)


async def test_what_fails_in_a_recording_is_not_recorded(two: Two) -> None:
    first, _ = two
    lease = await acquire(first, "a")
    assert lease is not None
    with pytest.raises(ZeroDivisionError):
        async with first.recording(lease, 5, now=NOW):
            raise ZeroDivisionError
    assert [each.position for each in await first.subscriptions()] == [0]


async def test_a_forgotten_name_is_new_again_and_its_reader_has_lost_it(two: Two) -> None:
    first, second = two
    lease = await acquire(first, "a", begin=3)
    await second.forget("reader")
    assert await second.subscriptions() == []
    with pytest.raises(LeaseLostError):
        await record(first, lease, 5)
    assert await acquire(second, "b", begin=0) == Lease(name="reader", token="b", position=0)
