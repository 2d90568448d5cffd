"""Programs of the pages, run as a reader of them would."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

SOON: Final = 30.0
Found = TypeVar("Found")


async def until(running: "subprocess.Popen[bytes]", read: Callable[[], Awaitable[Found]], wanted: Found) -> None:
    """Wait until what is read is what is wanted, while the program runs."""
    try:
        async with asyncio.timeout(SOON):
            while await read() != wanted:
                assert running.poll() is None
                await asyncio.sleep(0.02)
    except TimeoutError:
        assert await read() == wanted
