"""`upwell serve`, in any number."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import structlog
import uvicorn
import uvloop
from litestar import Litestar

from adapters.postgres.database.checking import check_database
from application.ports.storage.object_storage import BucketSetup
from entrypoints.failures import UserError
from entrypoints.http.app import create_app
from entrypoints.http.transport.server import Server, bounds_of, options
from entrypoints.observability.logs import configure_logs
from entrypoints.observability.telemetry import check_telemetry
from entrypoints.processes.announcing import say_what_starts
from entrypoints.processes.supervising import DRAIN, SERVES, STOP, Supervisor
from entrypoints.settings import Settings, is_loopback
from entrypoints.wiring.garbage import keep_what_is_loaded
from entrypoints.wiring.operations import check_clock
from entrypoints.wiring.patience import patiently
from entrypoints.wiring.storage import open_storage, prepare_storage, url_signer

_FIRST_HANDED = 3  # the first file descriptor that systemd passes
_log = structlog.get_logger("upwell.serve")


def serve(workers: int, *, reuse_port: bool) -> int:
    """Serve until SIGTERM or SIGINT; requests in flight are finished. Return the exit code.

    `reuse_port`: listen on the same port as another `serve`, which can then be stopped.
    """
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    handed = _handed_listener()
    listener = handed or _bound(settings.host, settings.port, reuse_port=reuse_port)
    setup = asyncio.run(_prepare(settings))
    address, not_prepared = _address(listener), _missing(setup, settings)
    say_what_starts("serving", settings, processes=workers, address=address, not_prepared=not_prepared)
    _warn_of_plain_http(settings, listener.getsockname()[0], address)
    keeps_queue = handed is not None
    if workers == 1:
        uvloop.run(_serve_alone(settings, listener, keeps_queue=keeps_queue))
        status = 0
    else:
        supervisor = Supervisor(listener, workers, drain_seconds=settings.drain_seconds, keeps_queue=keeps_queue)
        status = asyncio.run(supervisor.run())
    _log.info("stopped", exit_code=status)
    return status


def _warn_of_plain_http(settings: Settings, host: str, address: str) -> None:
    """Warn once about plain HTTP, unless only this machine or a proxy can connect."""
    if not settings.trusted_proxies and not is_loopback(host):
        _log.warning(
            "plain_http",
            address=address,
            advice="Keys and URLs cross the network unencrypted: put a proxy with TLS in front, and add it to"
            " UPWELL_TRUSTED_PROXIES.",
        )


def serve_as_child(listener: int, channel: int) -> None:
    """Serve as one of several processes, until the parent's channel says stop, or closes."""
    for number in (signal.SIGINT, signal.SIGTERM):  # handled by the parent, which controls the shutdown
        signal.signal(number, signal.SIG_IGN)
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    uvloop.run(_serve_for_parent(settings, socket.socket(fileno=listener), socket.socket(fileno=channel)))


async def _serve_alone(settings: Settings, listener: socket.socket, *, keeps_queue: bool) -> None:
    stopping, hurry = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (hurry if stopping.is_set() else stopping).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    server = _server(settings, keeps_queue=keeps_queue)
    serving = asyncio.create_task(_run(server, listener))
    await _either(serving, stopping)
    if stopping.is_set():
        _log.info("stopping", drain_seconds=settings.drain_seconds)
        server.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.drain_seconds if server.started else 0):
                await _either(serving, hurry)
    await _end(server, serving)


async def _serve_for_parent(settings: Settings, listener: socket.socket, channel: socket.socket) -> None:
    stopping = asyncio.Event()
    channel.setblocking(False)  # required by asyncio
    server = _server(settings, keeps_queue=True, ready=lambda: _report(channel))

    def hear() -> None:
        heard = _heard(channel)
        if DRAIN in heard:
            server.drain()
        if not heard or STOP in heard:
            asyncio.get_running_loop().remove_reader(channel)
            stopping.set()

    asyncio.get_running_loop().add_reader(channel, hear)
    serving = asyncio.create_task(_run(server, listener))
    await _either(serving, stopping)
    await _end(server, serving)


def _heard(channel: socket.socket) -> bytes:
    """Return what the parent sent; nothing if it is gone. One that is killed before it reads a report resets it."""
    try:
        return channel.recv(16)
    except ConnectionError:
        return b""


def _report(channel: socket.socket) -> None:
    """Report to the parent that this process serves; a parent that is gone is noticed by `_heard`."""
    with suppress(ConnectionError):
        channel.send(SERVES)


def _server(settings: Settings, *, keeps_queue: bool, ready: Callable[[], object] | None = None) -> Server:
    bounds = bounds_of(settings.max_connections, settings.max_connections_per_address, settings.trusted_proxies)
    how = options(settings.host, settings.port, keep_alive_seconds=settings.keep_alive_seconds)
    return Server(
        uvicorn.Config(create_app(), **{**how, "lifespan": "off", "backlog": bounds.queue}),
        bounds,
        keeps_queue=keeps_queue,
        ready=ready,
    )


async def _run(server: Server, listener: socket.socket) -> None:
    app = cast("Litestar", server.config.app)
    try:
        async with app.lifespan():
            keep_what_is_loaded()
            await server.serve(sockets=[listener])
    except BaseExceptionGroup as several:  # Litestar's task group wraps errors at the start
        if len(several.exceptions) == 1:
            raise several.exceptions[0] from several
        raise


async def _either(serving: "asyncio.Task[None]", event: asyncio.Event) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _end(server: Server, serving: "asyncio.Task[None]") -> None:
    """Shut down in order, or at once if serving has not begun."""
    if server.started:
        server.should_exit = True
    else:
        serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def _handed_listener() -> socket.socket | None:
    """Return the listener that systemd, or a compatible supervisor, has opened."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    if count != "1":
        raise UserError(f"LISTEN_FDS is {count}: pass exactly one listening socket.")
    return socket.socket(fileno=_FIRST_HANDED)


def _bound(host: str, port: int, *, reuse_port: bool) -> socket.socket:
    """Bind the port; listening begins when the service is ready."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise UserError(
            f"The address {host}:{port} cannot be used ({error.strerror}): stop what uses it, or set UPWELL_HOST or"
            " UPWELL_PORT. To replace a running service, start its successor with --reuse-port."
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # for a successor with --reuse-port
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _missing(setup: BucketSetup, settings: Settings) -> list[str]:
    """Return the settings that are missing on the S3 bucket."""
    wanted = ("versioned", "noncurrent_expiry", *(["cors"] if settings.s3.cors_origins else []))
    return [name for name in wanted if not getattr(setup, name)]


async def _prepare(settings: Settings) -> BucketSetup:
    """Check the parts before any process is started, and prepare the S3 bucket."""
    url_signer(settings.s3)
    _ = settings.token_secrets
    check_telemetry(settings)
    patience_seconds = settings.start_patience_seconds
    await patiently("database", lambda: check_database(settings.database_url), patience_seconds)
    await patiently("clock", lambda: check_clock(settings), patience_seconds)
    async with open_storage(settings.s3) as storage:
        return await patiently("storage", lambda: prepare_storage(storage, settings.s3), patience_seconds)
