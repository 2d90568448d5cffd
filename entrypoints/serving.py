"""`upwell serve` and `upwell worker`: the parts as production runs them, any number of each."""

import asyncio
import signal

import uvloop
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from entrypoints.logs import configure_logs
from entrypoints.settings import Settings
from entrypoints.wiring import check_migrated, open_storage, running, url_signer


def serve(workers: int) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    asyncio.run(_prepare(settings))
    Server(
        "entrypoints.http.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=20,
        respawn_failed_workers=True,
    ).serve()


def work() -> None:
    """Work jobs until SIGTERM or SIGINT; leases are given back."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    uvloop.run(_work(settings))


async def _prepare(settings: Settings) -> None:
    """Find out what is wrong before any process is started, and set the bucket up."""
    url_signer(settings.s3)
    await check_migrated(settings.database_url)
    async with open_storage(settings.s3) as storage:
        await storage.prepare(cors_origins=settings.s3.cors_origins)


async def _work(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with running(settings) as services:
        await services.worker.run(stopping)
