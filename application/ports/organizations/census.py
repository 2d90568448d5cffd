"""The role that counts over all organizations, for operators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

import msgspec

from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status

MAX_COUNTED_JOBS: Final = 10_000


class StoredBytes(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of all quotas together."""

    reserved: int
    accepted: int


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Due jobs of one kind without a worker. `oldest_due_at`: the due time of the oldest."""

    count: int
    oldest_due_at: datetime


class Census(Protocol):
    """Counts. Its methods raise `LogUnavailableError` when the store is unreachable."""

    async def uploads(self) -> Mapping[Status, int]:
        """Return the number of uploads in each state; no entry: none. Expensive with many uploads: call it rarely."""
        ...

    async def stored_bytes(self) -> StoredBytes:
        """Return the bytes that count towards quotas."""
        ...

    async def backlog(self, *, now: datetime) -> Mapping[JobKind, Backlog]:
        """Return the waiting jobs; no entry: none of that kind.

        Counts at most the `MAX_COUNTED_JOBS` oldest jobs.
        """
        ...
