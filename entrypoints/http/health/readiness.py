"""Whether requests can be served: each part is tested as a request uses it, at a limited rate."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from datetime import timedelta

import structlog

from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import PROBE_KEY, StorageError, StorageUnavailableError
from application.ports.storage.url_signer import CredentialsExpiredError
from entrypoints.wiring.ports import Ports

PATIENCE_SECONDS = 5
DATABASE_SECONDS = 1.0
STORAGE_SECONDS = 10.0  # each test is two calls, which some storages charge for
BROKEN_STORAGE_SECONDS = 2.0

_log = structlog.get_logger(__name__)

Trouble = LogUnavailableError | StorageError | CredentialsExpiredError


class Check:
    """Tests one part. Concurrent callers wait for the same test, and its result is valid for a while.

    `late`: the error of a part that does not respond in time.
    """

    def __init__(
        self, attempt: Callable[[], Awaitable[None]], late: Trouble, *, well_seconds: float, broken_seconds: float
    ) -> None:
        self._attempt = attempt
        self._late = late
        self._well_seconds = well_seconds
        self._broken_seconds = broken_seconds
        self._task: asyncio.Task[None] | None = None
        self._due = 0.0
        self.trouble: Trouble | None = None

    async def __call__(self) -> Trouble | None:
        """Return the error of the part, or None."""
        await asyncio.shield(self.begin())
        return self.trouble

    def begin(self) -> asyncio.Task[None]:
        """Start a test, unless one is running or has just ended."""
        loop = asyncio.get_running_loop()
        if self._task is None or (self._task.done() and loop.time() >= self._due):
            self._task = loop.create_task(self._try(), name="readiness", context=Context())
        return self._task

    async def _try(self) -> None:
        before = self.trouble
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._attempt()
            self.trouble = None
        except TimeoutError:
            self.trouble = self._late
        except (LogUnavailableError, StorageError, CredentialsExpiredError) as error:
            self.trouble = error
        if (before is None) is not (self.trouble is None):
            _log.warning("readiness_changed", trouble=None if self.trouble is None else repr(self.trouble))
        seconds = self._well_seconds if self.trouble is None else self._broken_seconds
        self._due = asyncio.get_running_loop().time() + seconds


class Readiness:
    """The state for `/readyz`, also from the last tests alone."""

    def __init__(self, ports: Ports) -> None:
        """`ports`: those without a tenant."""
        self._ports = ports
        self._database = Check(
            ports.log.try_writing,
            LogUnavailableError(f"PostgreSQL did not answer within {PATIENCE_SECONDS} s", reason="too_slow"),
            well_seconds=DATABASE_SECONDS,
            broken_seconds=DATABASE_SECONDS,
        )
        self._storage = Check(
            self._try_storage,
            StorageUnavailableError(f"The storage did not answer within {PATIENCE_SECONDS} s"),
            well_seconds=STORAGE_SECONDS,
            broken_seconds=BROKEN_STORAGE_SECONDS,
        )

    async def __call__(self) -> Mapping[str, str]:
        """Return each part's state: `ok`, or its error."""
        checks = {"database": self._database, "storage": self._storage}
        found = await asyncio.gather(*(check() for check in checks.values()))
        states = {
            part: "ok" if trouble is None else str(trouble) or type(trouble).__name__
            for part, trouble in zip(checks, found, strict=True)
        }
        return {**states, "clock": self._clock_state()}

    def check_storage(self) -> None:
        """Raise the known error of the storage, if any; makes no call, but may start a new test."""
        if self._storage.trouble is not None:
            self._storage.begin()
            raise self._storage.trouble

    def _clock_state(self) -> str:
        try:
            self._ports.clock.check()
        except ClockDiffersError as error:
            return str(error)
        return "ok"

    async def _try_storage(self) -> None:
        self._ports.signer.sign_put(PROBE_KEY, headers={}, expires_in=timedelta(minutes=1), now=self._ports.clock.now())
        await self._ports.storage.try_writing()
