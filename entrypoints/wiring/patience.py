"""Waits at start for unreachable parts or a wrong clock; any other error ends the process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageUnavailableError

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

_log = structlog.get_logger(__name__)
Result = TypeVar("Result")


async def patiently(part: str, attempt: Callable[[], Awaitable[Result]], patience_seconds: float) -> Result:
    """Return the result of an attempt, retried while the part is unreachable; at last, raise its last error."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return await attempt()
        except (LogUnavailableError, StorageUnavailableError, ClockDiffersError) as error:
            left = until - loop.time()
            if left <= 0:
                raise
            _log.warning("waiting_for_part", part=part, error=str(error), seconds_left=round(left))
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
