"""Checks whether a command could be appended now, by trying the steps of an append on a separate connection."""

import asyncio

from adapters.postgres.database.connecting import Connection, close_quietly, connect, log_errors
from adapters.postgres.database.sqlstates import Meaning, answer_to

LOCK_SECONDS = 2
CALL_SECONDS = 4.0


class WriteProbe:
    """One connection, opened like the writer's and reopened when it is lost. One check at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._trying = asyncio.Lock()

    async def __call__(self) -> None:
        """Return if the log accepts commands now; raise `LogUnavailableError` if not."""
        async with self._trying, log_errors():
            try:
                await self._try()
            except Exception as error:
                kept = self._connection is not None and not self._connection.is_closed()
                await self.close()
                # the result of an old connection may be outdated: the server has restarted, or another server leads
                if not kept or isinstance(error, TimeoutError) or answer_to(error).meaning is Meaning.BUSY:
                    raise
                await self._try()

    async def _try(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
            await self._connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        await self._connection.execute("SELECT upwell.try_locks()", timeout=CALL_SECONDS)
        await self._connection.execute("SELECT upwell.try_writing()", timeout=CALL_SECONDS)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close_quietly(connection)
