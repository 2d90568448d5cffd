"""The last use of keys: recorded in memory, and written twice a minute."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from datetime import datetime

import structlog

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES
from application.ports.events.event_log import LogUnavailableError

FLUSH_SECONDS = 30.0
_log = structlog.get_logger(__name__)


class PostgresKeyUses:
    """Implements `KeyUses`. Use `running()`: outside of it, only `flush` writes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted: dict[str, datetime] = {}

    def note(self, key_id: str, at: datetime) -> None:
        """Record the use of a key."""
        self._noted[key_id] = at

    async def flush(self) -> None:
        """Write the uses since the last flush, in one statement."""
        noted, self._noted = self._noted, {}
        if noted:
            async with log_errors():
                await self._pool.execute(QUERIES["note_key_uses"], list(noted), list(noted.values()))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write inside the context, and a last time at its end."""
        flushing = asyncio.create_task(self._flush_for_ever(), name="key-uses", context=Context())
        try:
            yield
        finally:
            flushing.cancel()
            with suppress(asyncio.CancelledError):
                await flushing
            await self._try_to_flush()

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._try_to_flush()

    async def _try_to_flush(self) -> None:
        try:
            await self.flush()
        except LogUnavailableError as error:  # a use is not worth more effort
            _log.warning("key_uses_lost", error=repr(error))
