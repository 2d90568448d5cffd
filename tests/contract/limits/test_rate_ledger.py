"""What `RateLedger` promises, on every adapter."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.memory.limits.rate_ledger import MemoryRateLedger
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.limits.rate_ledger import PostgresRateLedger
from application.ports.limits.rate_ledger import RateLedger

Ledgers = tuple[RateLedger, RateLedger]


@pytest.fixture
async def ledgers(database_url: str | None) -> AsyncIterator[Ledgers]:
    """The ledger as two processes see it."""
    if database_url is None:
        memory = MemoryRateLedger()
        yield memory, memory
        return
    pools = [await open_pool(database_url, size=4) for _ in range(2)]
    yield PostgresRateLedger(pools[0]), PostgresRateLedger(pools[1])
    for pool in pools:
        await pool.close()


async def test_what_processes_take_adds_up(ledgers: Ledgers) -> None:
    first, second = ledgers
    assert [
        await first.take("org_a", "data", 7, 3),
        await second.take("org_a", "data", 7, 5),
        await first.take("org_a", "data", 7, 1),
    ] == [3, 8, 9]


async def test_organizations_what_is_limited_and_windows_are_counted_apart(ledgers: Ledgers) -> None:
    ledger, _ = ledgers
    await ledger.take("org_a", "data", 7, 3)
    assert await ledger.take("org_b", "data", 7, 1) == 1
    assert await ledger.take("org_a", "upload", 7, 1) == 1
    assert await ledger.take("org_a", "data", 8, 2) == 2
    assert await ledger.take("org_a", "data", 7, 1) == 4, (
        "a process whose clock is a little late counts in its own window"
    )


async def test_of_many_at_once_none_is_lost(ledgers: Ledgers) -> None:
    sums = await asyncio.gather(*(ledgers[number % 2].take("org_a", "data", 7, 2) for number in range(50)))
    assert sorted(sums) == list(range(2, 101, 2))
