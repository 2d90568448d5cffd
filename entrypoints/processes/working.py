"""`upwell worker`, in any number. It does not load the HTTP API, which is half of the work of a start."""

import asyncio
import signal

import structlog
import uvloop

from entrypoints.observability.logs import configure_logs
from entrypoints.observability.telemetry import telemetry_of
from entrypoints.processes.announcing import say_what_starts
from entrypoints.settings import Settings
from entrypoints.wiring.garbage import keep_what_is_loaded
from entrypoints.wiring.running import running
from entrypoints.wiring.worker import run_worker

_log = structlog.get_logger("upwell.serve")


def work() -> None:
    """Run jobs until SIGTERM or SIGINT; leases are released."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopping = asyncio.Event()
    async with running(settings, telemetry=telemetry_of(settings)) as services:
        # not before: a worker that waits for a part has nothing to bring to an end
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        keep_what_is_loaded()
        say_what_starts("working", settings)
        await run_worker(services, settings, stopping)
        _log.info("stopping")
    _log.info("stopped")
