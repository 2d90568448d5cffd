"""Pages of lists on PostgreSQL: queries with a time limit, and with the search index if it helps."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import records_of
from adapters.postgres.database.tenancy import Reads
from adapters.postgres.lists.filtering import Columns, Statement, indexed_pattern
from application.ports.events.event_log import LogUnavailableError
from application.ports.lists.pages import Figures, Page, PageRequest
from domain.refusals import InvalidInputError

LIST_SECONDS = 5.0
SEARCH_PATIENCE_SECONDS = 0.02  # some 20,000 rows; then it is worth while to ask what can be found at all
_CANDIDATES = 5_000
_CANDIDATES_SECONDS = 1.0

Record = TypeVar("Record")


async def fetch_page(
    reads: Reads, columns: Columns, kind: type[Record], scope: tuple[str, ...], asked: PageRequest
) -> Page[Record]:
    """Return a page of a list, with the counts of all matching rows."""
    figures = total = None
    asking = _Asking(reads, columns, scope, asked)
    async with _list_errors(asked), log_errors():
        rows = await asking.fetch(Statement.page)
        if asked.with_figures:
            figures = _figures(columns, await asking.fetch(Statement.figures))
            total = figures.count
        elif asked.with_total:
            total = (await asking.fetch(Statement.total))[0]["count"]
    return Page(
        rows=records_of(rows[: asked.limit], kind),
        has_more=len(rows) > asked.limit,
        total=total if asked.with_total else None,
        figures=figures,
    )


class _Asking:
    """Queries the table of a list. A search for a common word ends with the first rows; a slow search is restarted.

    The second attempt reads the ids of all possible rows from the search index, and if they are few, only those
    rows.
    """

    def __init__(self, reads: Reads, columns: Columns, scope: tuple[str, ...], asked: PageRequest) -> None:
        self._reads = reads
        self._columns = columns
        self._scope = scope
        self._asked = asked
        self._pattern = indexed_pattern(columns, asked)
        self._among: Sequence[str] | None = None

    async def fetch(self, query: Callable[[Statement], str]) -> Sequence[Any]:
        """Return the rows of a query; raise `TimeoutError` if even the second attempt takes too long."""
        if self._pattern is not None and self._columns.indexed is not None:
            with suppress(TimeoutError):
                return await self._fetch(query, SEARCH_PATIENCE_SECONDS)
            with suppress(TimeoutError):
                self._among = await self._candidates(self._columns.indexed[0], self._pattern)
            self._pattern = None
        return await self._fetch(query, LIST_SECONDS)

    async def _fetch(self, query: Callable[[Statement], str], seconds: float) -> Sequence[Any]:
        statement = Statement(self._columns, self._scope, self._asked, among=self._among)
        return await self._reads.fetch(query(statement), *statement.arguments, timeout=seconds)

    async def _candidates(self, kind: str, pattern: str) -> Sequence[str] | None:
        bucket_id = self._scope[0]
        rows = await self._reads.fetch(
            QUERIES["search_candidates"], kind, bucket_id, pattern, _CANDIDATES, timeout=_CANDIDATES_SECONDS
        )
        ids: Sequence[str] | None = rows[0]["ids"]
        return ids


@asynccontextmanager
async def _list_errors(asked: PageRequest) -> AsyncIterator[None]:
    """Distinguish a slow list and a pattern that is too complex for PostgreSQL from a lost server."""
    try:
        yield
    except LogUnavailableError as error:
        slow = isinstance(error.__cause__, TimeoutError | asyncpg.QueryCanceledError)
        if slow and (asked.where or asked.search or asked.order or asked.with_total or asked.offset):
            raise InvalidInputError(
                "list_too_slow",
                "This list takes too long: filter by status, sort by created_at, or leave out include_total.",
                {"field": "filters"},
            ) from error
        raise
    except asyncpg.InvalidRegularExpressionError as error:
        raise InvalidInputError(
            "invalid_pattern", "The regular expression is too complex: simplify it.", {"field": "filters"}
        ) from error


def _figures(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> Figures:
    """Add up the sums of each status."""
    return Figures(
        count=sum(row["count_"] for row in rows),
        sums={name: sum(row[name] for row in rows) for name in columns.sums},
        by_status={row["status_"]: row["count_"] for row in rows if row["status_"] is not None},
    )
