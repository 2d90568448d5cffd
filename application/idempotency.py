"""Idempotency keys: a request that a client repeats under its key is executed once.

A key is reserved before its request is executed, together with a seed that generates all ids of the request. A process
that dies leaves the reservation; the next attempt generates the same ids, so that the log refuses to create the same
things twice (`VersionConflictError`), and the existing things are returned. So the lease can be short: two concurrent
executions do no harm.
"""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Generic, TypeVar

import msgspec

from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog, LogUnavailableError, VersionConflictError
from application.ports.idempotency_keys import IdempotencyKeys, InFlight, KeyedRequest, Made, Reserved, Reused
from domain.refusals import ConflictError, InvalidInputError, RefusedError

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=15)
MAX_KEY_LENGTH = 255
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_DROPPED_AT_ONCE = 1000

Result = TypeVar("Result")


class InFlightError(ConflictError):
    """Another request under the same key has not ended yet."""

    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_in_flight",
            "Another request with this idempotency key is still running: try again in a moment.",
        )


class Creation(msgspec.Struct, Generic[Result], frozen=True, kw_only=True):
    """How to create things, and how to find them again.

    `make`: executes the request with these ids. `made`: the ids of the result to store, in the order of the request.
    `again`: returns the current result for stored ids. `prefix`, `count`: the ids that `make` generates first: one for
    each thing, in the order of the request. `found`: returns the ids to store if an earlier attempt was committed, or
    None; without it, all generated ids were created.
    """

    prefix: str
    count: int = 1
    make: Callable[[Ids], Awaitable[Result]]
    made: Callable[[Result], tuple[str, ...]]
    again: Callable[["Remembered"], Awaitable[Result]]
    found: Callable[[tuple[str, ...]], Awaitable[tuple[str, ...] | None]] | None = None


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an earlier request. If it found an existing thing instead, the id differs from the `drawn` one."""

    ids: tuple[str, ...]
    drawn: tuple[str, ...]


class SeededIds:
    """Implements `Ids`: the same seed gives the same ids. Secrets are new each time, because seeds are stored."""

    def __init__(self, seed: str, chance: Ids) -> None:
        self._seed = seed
        self._chance = chance
        self._number = 0

    def new(self, prefix: str, length: int = 16) -> str:
        """Return the next id."""
        self._number += 1
        digest = hashlib.shake_256(f"{self._seed}:{self._number}".encode()).digest(length + 16)
        number = int.from_bytes(digest, "big")
        characters = []
        for _ in range(length):
            number, index = divmod(number, len(_ALPHABET))
            characters.append(_ALPHABET[index])
        return prefix + "".join(characters)

    def secret(self) -> str:
        """Return a new secret."""
        return self._chance.secret()


class DoingOnce(msgspec.Struct, frozen=True, kw_only=True):
    """Executes a request, unless this has already been done under its key."""

    keys: IdempotencyKeys
    log: EventLog
    clock: Clock
    ids: Ids

    async def __call__(self, request: KeyedRequest, creation: Creation[Result]) -> Result:
        """Return the result of the request, or of the earlier one under the same key.

        A refused request releases its key. After any other error the outcome is unknown, and only the same request may
        be tried again.
        """
        now = self.clock.now()
        reservation = await self.keys.reserve(
            request, seed=self.ids.new("", 32), now=now, leased_until=now + LEASE, expires_at=now + KEPT
        )
        match reservation:
            case Made():
                drawn = self._drawn(creation, reservation.seed)
                return await creation.again(Remembered(ids=reservation.ids, drawn=drawn))
            case InFlight():
                raise InFlightError
            case Reused():
                raise InvalidInputError(
                    "idempotency_key_reused",
                    "The idempotency key was used for another request: use a new one.",
                    {"field": "Idempotency-Key"},
                )
            case Reserved():
                return await self._carry_out(reservation, creation)

    async def drop_expired(self) -> int:
        """Remove some expired keys, and return their number."""
        return await self.keys.drop_expired(self.clock.now(), limit=_DROPPED_AT_ONCE)

    async def _carry_out(self, reserved: Reserved, creation: Creation[Result]) -> Result:
        try:
            result = await self._make(reserved, creation)
        except RefusedError:
            if reserved.attempt == 1:
                with suppress(LogUnavailableError):
                    await self.keys.release(reserved)
            else:  # an earlier attempt may still be committed
                await self._give_back(reserved)
            raise
        except Exception:
            await self._give_back(reserved)
            raise
        with suppress(LogUnavailableError):  # the request has succeeded, and the next attempt will find it
            await self.keys.finish(reserved, creation.made(result))
        return result

    async def _make(self, reserved: Reserved, creation: Creation[Result]) -> Result:
        drawn = self._drawn(creation, reserved.seed)
        ids = await creation.found(drawn) if creation.found and reserved.attempt > 1 else None
        if ids is None:
            try:
                return await creation.make(SeededIds(reserved.seed, self.ids))
            except VersionConflictError as conflict:
                if creation.found is not None:
                    ids = await creation.found(drawn)
                elif conflict.stream_id in drawn:
                    ids = drawn
                if ids is None:
                    raise
        # another attempt was committed, with the same ids; its process may have died before it knew
        await self.log.make_durable()
        return await creation.again(Remembered(ids=ids, drawn=drawn))

    async def _give_back(self, reserved: Reserved) -> None:
        with suppress(LogUnavailableError):
            await self.keys.give_back(reserved)

    def _drawn(self, creation: Creation[Result], seed: str) -> tuple[str, ...]:
        ids = SeededIds(seed, self.ids)
        return tuple(ids.new(creation.prefix) for _ in range(creation.count))


def keyed_request(*, organization_id: str, key_id: str, key: str, what: tuple[str, ...], body: bytes) -> KeyedRequest:
    """Return a request under an idempotency key of one API key's client. `what`: its method, path and so on."""
    name = hashlib.sha256(f"{key_id}\n{key}".encode()).hexdigest()
    fingerprint = hashlib.sha256("\n".join(what).encode() + b"\n" + body).hexdigest()
    return KeyedRequest(name=name, organization_id=organization_id, fingerprint=fingerprint)


def check_idempotency_key(key: str) -> str:
    """Return the key, or refuse one that is empty, too long, or contains control characters."""
    if not 1 <= len(key) <= MAX_KEY_LENGTH or any(character < " " or character == "\x7f" for character in key):
        raise InvalidInputError(
            "invalid_idempotency_key",
            f"The idempotency key is not allowed: use 1 to {MAX_KEY_LENGTH} characters, without control characters.",
            {"field": "Idempotency-Key"},
        )
    return key
