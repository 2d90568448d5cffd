"""The texts that search looks through, beside the log: `upwell.search_texts`, with an index of trigrams."""

import asyncpg
import structlog

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES

_EVENTS = 1_000
_log = structlog.get_logger(__name__)


class PostgresSearchIndex:
    """Implements `SearchIndex`. Where PostgreSQL has no pg_trgm, there is nothing to take in."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def catch_up(self) -> bool:
        """Take in the next events, in one transaction."""
        try:
            async with log_errors():
                taken: int = await self._pool.fetchval(QUERIES["index_search"], _EVENTS)
        except asyncpg.PostgresError as error:  # a full disk, for example: until it has room, search does without
            _log.warning("search_not_indexed", error=repr(error))
            return False
        return taken == _EVENTS
