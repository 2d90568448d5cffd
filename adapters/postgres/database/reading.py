"""Shared code of the read side: the pools, and the conversion of rows to records."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import Reads
from application.ports.lists.pages import Placed

Record = TypeVar("Record")


class PostgresReads:
    """Asks the projected tables. What may take long goes by `slow_reads`, so that the rest need not wait for it."""

    def __init__(self, reads: Reads, slow_reads: Reads | None = None) -> None:
        """`slow_reads` None: the same as `reads`."""
        self._reads = reads
        self._slow_reads = slow_reads or reads

    async def _one(self, query: str, kind: type[Record], *arguments: object) -> Record | None:
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES[query], *arguments)
        return None if row is None else msgspec.convert(dict(row), kind)

    async def _all(self, query: str, kind: type[Record], *arguments: object) -> Sequence[Record]:
        async with log_errors():
            rows = await self._reads.fetch(QUERIES[query], *arguments)
        return [msgspec.convert(dict(row), kind) for row in rows]

    async def _placed(self, query: str, within: str, after: int, limit: int) -> Sequence[Placed]:
        async with log_errors():
            rows = await self._reads.fetch(QUERIES[query], within, after, limit)
        return [Placed(**dict(row)) for row in rows]
