"""`upwell serve` and `upwell worker`: the parts as production runs them, any number of each."""

import asyncio
import signal

import uvicorn
import uvloop
from litestar import Litestar

from adapters.embedded.process import end_with_parent
from entrypoints.garbage import collect_seldom
from entrypoints.http.app import create_app
from entrypoints.http.server import options
from entrypoints.logs import configure_logs
from entrypoints.settings import Settings
from entrypoints.telemetry import check_telemetry, telemetry_of
from entrypoints.wiring import check_migrated, open_storage, run_worker, running, url_signer


def serve(workers: int) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    asyncio.run(_prepare(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ended)
    app = "entrypoints.serving:create_child_app" if workers > 1 else "entrypoints.http.app:create_app"
    uvicorn.run(app, factory=True, workers=workers, **options(settings.host, settings.port))


def create_child_app() -> Litestar:
    """Return the application of one of several processes: it ends with the one that started it."""
    end_with_parent()
    return create_app()


def work() -> None:
    """Work jobs until SIGTERM or SIGINT; leases are given back."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    uvloop.run(_work(settings))


def _ended(number: int, frame: object) -> None:
    """Do nothing: uvicorn has ended in order by the time that it hands a signal on."""


async def _prepare(settings: Settings) -> None:
    """Find out what is wrong before any process is started, and set the bucket up."""
    url_signer(settings.s3)
    _ = settings.token_secrets
    check_telemetry(settings)
    await check_migrated(settings.database_url)
    async with open_storage(settings.s3) as storage:
        await storage.prepare(cors_origins=settings.s3.cors_origins)


async def _work(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with running(settings, telemetry=telemetry_of(settings)) as services:
        collect_seldom()
        await run_worker(services, settings, stopping)
