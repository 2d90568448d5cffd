"""Finds out whether a command would be appended now, by trying what appending needs on a connection of its own."""

import asyncio

from adapters.postgres.database.connecting import Connection, close_quietly, connect, log_errors
from adapters.postgres.database.sqlstates import Meaning, answer_to

LOCK_SECONDS = 2
CALL_SECONDS = 4.0


class WriteProbe:
    """One connection, opened as the writer opens its own, and opened again when it is lost. One try at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._trying = asyncio.Lock()

    async def __call__(self) -> None:
        """Return if the log would take a command now; raise `LogUnavailableError` if not."""
        async with self._trying, log_errors():
            try:
                await self._try()
            except Exception as error:
                kept = self._connection is not None and not self._connection.is_closed()
                await self.close()
                # what was found out on an old connection may be over: the server has restarted, or another one leads
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
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close_quietly(connection)
