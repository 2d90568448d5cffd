"""The role that counts what there is of all organizations together, for those who run the service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

import msgspec

from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status

MAX_COUNTED_JOBS: Final = 10_000


class StoredBytes(msgspec.Struct, frozen=True, kw_only=True):
    """What the quotas of all organizations say together."""

    reserved: int
    accepted: int


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs of one kind that are due and that no worker has. `oldest_due_at`: since when the first of them is."""

    count: int
    oldest_due_at: datetime


class Census(Protocol):
    """Counts. Its methods raise `LogUnavailableError` when it cannot."""

    async def uploads(self) -> Mapping[Status, int]:
        """Return how many uploads are in each state; no entry: none. Takes longer the more there are: ask seldom."""
        ...

    async def stored_bytes(self) -> StoredBytes:
        """Return the bytes that count towards quotas."""
        ...

    async def backlog(self, *, now: datetime) -> Mapping[JobKind, Backlog]:
        """Return the jobs that wait for a worker; no entry: none of that kind.

        Of more than `MAX_COUNTED_JOBS` only those count that have been due the longest.
        """
        ...
