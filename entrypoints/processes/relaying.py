"""`upwell relay nats`: the feed on NATS. Of any number of relays one publishes; the others stand by."""

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog
import uvloop

from adapters.nats.errors import RelayUnusableError
from entrypoints.observability.logs import configure_logs
from entrypoints.settings import SettingError, Settings
from entrypoints.wiring.operations import subscribing
from entrypoints.wiring.patience import patiently

if TYPE_CHECKING:
    from adapters.nats.relay import NatsRelay
    from adapters.postgres.database.connecting import PoolConnection
    from application.events.subscribing import Subscribing

_log = structlog.get_logger(__name__)


class Reports:
    """Logs once when a relay waits, and once when it resumes; stops a relay that cannot continue."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._waits_for: type[BaseException] | None = None
        self.unusable: RelayUnusableError | None = None

    def failed(self, name: str, error: BaseException) -> None:
        """Report an error that will be retried."""
        if isinstance(error, RelayUnusableError):
            self.unusable = error
            self._stopping.set()
        elif type(error) is not self._waits_for:
            self._waits_for = type(error)
            _log.warning("relay_waits", name=name, error=str(error) or repr(error))

    def published(self) -> None:
        """Report progress."""
        if self._waits_for is not None:
            self._waits_for = None
            _log.info("relay_goes_on")


def relay_nats() -> None:
    """Publish the feed until SIGTERM or SIGINT."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    uvloop.run(_relay_nats(settings))


async def _relay_nats(settings: Settings) -> None:
    chosen = settings.nats
    try:
        from adapters.nats.relay import open_relay  # noqa: PLC0415  # its library is optional
    except ModuleNotFoundError as error:
        raise SettingError(
            f"'upwell relay nats' needs {error.name}: install Upwell with its extra 'nats' (uv sync --extra nats)."
        ) from error
    stopping = asyncio.Event()
    reports = Reports(stopping)
    async with AsyncExitStack() as stack:

        async def attempt() -> "tuple[Subscribing[PoolConnection], NatsRelay]":
            async with AsyncExitStack() as opening:
                subscribe = await opening.enter_async_context(subscribing(settings.database_url, report=reports.failed))
                relay = await opening.enter_async_context(
                    open_relay(
                        chosen.servers,
                        stream=chosen.stream,
                        replicas=chosen.replicas,
                        credentials=chosen.credentials,
                        end=subscribe.end,
                        published=reports.published,
                    )
                )
                if relay.is_new:
                    await subscribe.forget(relay.name)
                stack.push_async_exit(opening.pop_all())
            return subscribe, relay

        subscribe, relay = await patiently("database", attempt, settings.start_patience_seconds)
        # not before: a relay that waits for the database has nothing to bring to an end
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        _log.info("relay_begins", stream=chosen.stream)
        await subscribe.project(relay, stopping)
    if reports.unusable is not None:
        raise reports.unusable
