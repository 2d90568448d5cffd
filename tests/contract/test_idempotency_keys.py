"""What `IdempotencyKeys` promises, on every adapter."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from application.ports.idempotency_keys import (
    IdempotencyKeys,
    InFlight,
    KeyedRequest,
    Made,
    Reservation,
    Reserved,
    Reused,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LEASE = timedelta(minutes=1)
KEPT = timedelta(hours=24)
REQUEST = KeyedRequest(name="n" * 64, organization_id="org_1", fingerprint="f" * 64)
OTHER = KeyedRequest(name="n" * 64, organization_id="org_1", fingerprint="e" * 64)


@pytest.fixture
async def keys(database_url: str | None) -> AsyncIterator[IdempotencyKeys]:
    """The keys of a database of this test's own."""
    if database_url is None:
        yield MemoryIdempotencyKeys()
        return
    pool = await open_pool(database_url, size=4)
    yield PostgresIdempotencyKeys(pool)
    await pool.close()


async def reserve(
    keys: IdempotencyKeys, request: KeyedRequest = REQUEST, *, seed: str = "seed", after: timedelta = timedelta()
) -> Reservation:
    now = NOW + after
    return await keys.reserve(request, seed=seed, now=now, leased_until=now + LEASE, expires_at=now + KEPT)


async def reserved(keys: IdempotencyKeys, *, after: timedelta = timedelta(), seed: str = "seed") -> Reserved:
    reservation = await reserve(keys, seed=seed, after=after)
    assert isinstance(reservation, Reserved)
    return reservation


async def test_a_new_key_is_reserved_with_the_seed_that_was_given(keys: IdempotencyKeys) -> None:
    reservation = await reserved(keys)
    assert (reservation.name, reservation.seed, reservation.attempt) == (REQUEST.name, "seed", 1)


async def test_of_many_at_once_one_gets_the_key(keys: IdempotencyKeys) -> None:
    answers = await asyncio.gather(*(reserve(keys, seed=str(number)) for number in range(20)))
    assert [type(answer) for answer in answers].count(Reserved) == 1
    assert answers.count(InFlight()) == 19


async def test_a_finished_request_is_answered_with_what_it_made_for_24_hours(keys: IdempotencyKeys) -> None:
    await keys.finish(await reserved(keys), ("upl_1", "upl_2"))
    for after in (timedelta(), LEASE, KEPT - timedelta(seconds=1)):
        assert await reserve(keys, seed="other", after=after) == Made(seed="seed", ids=("upl_1", "upl_2"))
    fresh = await reserved(keys, seed="other", after=KEPT)
    assert (fresh.seed, fresh.attempt) == ("other", 1)


async def test_another_request_under_the_key_is_refused_in_flight_and_finished(keys: IdempotencyKeys) -> None:
    reservation = await reserved(keys)
    assert await reserve(keys, OTHER) == Reused()
    await keys.finish(reservation, ("upl_1",))
    assert await reserve(keys, OTHER) == Reused()


async def test_when_the_lease_ends_the_request_is_taken_over_with_its_seed(keys: IdempotencyKeys) -> None:
    dead = await reserved(keys)
    assert await reserve(keys, seed="other", after=LEASE - timedelta(seconds=1)) == InFlight()
    assert await reserve(keys, OTHER, after=LEASE) == Reused()
    successor = await reserved(keys, seed="other", after=LEASE)
    assert (successor.seed, successor.attempt) == ("seed", 2)
    await keys.finish(dead, ("upl_dead",))
    await keys.release(dead)
    await keys.give_back(dead)
    assert await reserve(keys, after=LEASE) == InFlight(), "a process that has lost the lease changes nothing"
    await keys.finish(successor, ("upl_1",))
    assert await reserve(keys, after=LEASE) == Made(seed="seed", ids=("upl_1",))


async def test_a_key_that_was_released_is_free_for_any_request(keys: IdempotencyKeys) -> None:
    await keys.release(await reserved(keys))
    fresh = await reserve(keys, OTHER, seed="other")
    assert isinstance(fresh, Reserved)
    assert (fresh.seed, fresh.attempt) == ("other", 1)


async def test_a_lease_that_was_given_back_lets_the_same_request_go_on_at_once(keys: IdempotencyKeys) -> None:
    await keys.give_back(await reserved(keys))
    assert await reserve(keys, OTHER) == Reused()
    again = await reserved(keys, seed="other")
    assert (again.seed, again.attempt) == ("seed", 2)


async def test_what_has_expired_is_removed_bit_by_bit(keys: IdempotencyKeys) -> None:
    for number in range(3):
        request = KeyedRequest(name=str(number) * 64, organization_id="org_1", fingerprint="f" * 64)
        await reserve(keys, request, after=timedelta(hours=number))
    assert await keys.drop_expired(NOW + KEPT - timedelta(seconds=1), limit=10) == 0
    assert await keys.drop_expired(NOW + KEPT + timedelta(hours=1), limit=1) == 1
    assert await keys.drop_expired(NOW + KEPT + timedelta(hours=1), limit=10) == 1
    assert await keys.drop_expired(NOW + KEPT + timedelta(hours=2), limit=10) == 1
