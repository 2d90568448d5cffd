"""The texts for search, in `upwell.search_texts`, with a trigram index."""

import asyncpg
import structlog

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES

_EVENTS = 1_000
_log = structlog.get_logger(__name__)


class PostgresSearchIndex:
    """Implements `SearchIndex`. Without pg_trgm in PostgreSQL, it does nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def catch_up(self) -> bool:
        """Index the next events, in one transaction."""
        try:
            async with log_errors():
                taken: int = await self._pool.fetchval(QUERIES["index_search"], _EVENTS)
        except asyncpg.PostgresError as error:  # a full disk, for example: until then, search works without the index
            _log.warning("search_not_indexed", error=repr(error))
            return False
        return taken == _EVENTS
