"""Shared code of the read side: the pools, and the conversion of rows to records."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import Reads
from application.ports.lists.pages import Placed

Record = TypeVar("Record")


def record_of(row: Any, kind: type[Record]) -> Record:  # noqa: ANN401  # a record of asyncpg
    """Return a row as a record of the application; columns that it does not have are ignored."""
    # half the time of `dict(row)`, which looks up each column by its name
    return msgspec.convert(dict(zip(row.keys(), row, strict=True)), kind)


def records_of(rows: Sequence[Any], kind: type[Record]) -> list[Record]:
    """Return rows of one query as records of the application."""
    if not rows:
        return []
    names = tuple(rows[0].keys())
    kinds = list[kind]  # type: ignore[valid-type]  # a type of run time
    return msgspec.convert([dict(zip(names, row, strict=True)) for row in rows], kinds)


class PostgresReads:
    """Asks the projected tables. What may take long goes by `slow_reads`, so that the rest need not wait for it."""

    def __init__(self, reads: Reads, slow_reads: Reads | None = None) -> None:
        """`slow_reads` None: the same as `reads`."""
        self._reads = reads
        self._slow_reads = slow_reads or reads

    async def _one(self, query: str, kind: type[Record], *arguments: object) -> Record | None:
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES[query], *arguments)
        return None if row is None else record_of(row, kind)

    async def _all(self, query: str, kind: type[Record], *arguments: object) -> Sequence[Record]:
        async with log_errors():
            rows = await self._reads.fetch(QUERIES[query], *arguments)
        return records_of(rows, kind)

    async def _placed(self, query: str, within: str, after: int, limit: int) -> Sequence[Placed]:
        async with log_errors():
            rows = await self._reads.fetch(QUERIES[query], within, after, limit)
        return [Placed(**dict(row)) for row in rows]
