"""Pausing: work stops while the host's clock contradicts the shared time, and resumes when they agree."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context

from application.ports.clock import Clock, ClockDiffersError

LOOK_SECONDS = 1.0


async def while_clocks_agree(
    clock: Clock, run: Callable[[asyncio.Event], Coroutine[None, None, None]], stopping: asyncio.Event
) -> None:
    """Run `run` until `stopping` is set. While the clocks differ, it is stopped in the same way."""
    stop = asyncio.create_task(stopping.wait())
    try:
        while not stopping.is_set():
            if _agree(clock):
                await _run_while_they_agree(clock, run, stop)
            else:
                await asyncio.wait({stop}, timeout=LOOK_SECONDS)
    finally:
        stop.cancel()


async def _run_while_they_agree(
    clock: Clock, run: Callable[[asyncio.Event], Coroutine[None, None, None]], stop: "asyncio.Task[object]"
) -> None:
    pausing = asyncio.Event()
    running = asyncio.create_task(run(pausing), context=Context())  # without the caller of the starting request
    try:
        while _agree(clock) and not stop.done() and not running.done():
            await asyncio.wait({stop, running}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        pausing.set()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _agree(clock: Clock) -> bool:
    try:
        clock.check()
    except ClockDiffersError:
        return False
    return True
