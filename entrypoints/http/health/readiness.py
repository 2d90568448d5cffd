"""Whether requests can be served: each part is tried as a request uses it, once in a while, however many ask."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from datetime import timedelta

import structlog

from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageError, StorageUnavailableError
from application.ports.storage.url_signer import CredentialsExpiredError
from entrypoints.wiring.ports import Ports

PATIENCE_SECONDS = 5
DATABASE_SECONDS = 1.0
STORAGE_SECONDS = 10.0  # each try is two calls, for which some storages charge
BROKEN_STORAGE_SECONDS = 2.0
_PROBE = "upwell-readiness"

_log = structlog.get_logger(__name__)

Trouble = LogUnavailableError | StorageError | CredentialsExpiredError


class Check:
    """Tries one part. Whoever asks while it is being tried waits for the same try, and its outcome is good for a while.

    `late`: what is wrong with a part that does not answer in time.
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
        """Return what is wrong with the part, None if nothing is."""
        await asyncio.shield(self.begin())
        return self.trouble

    def begin(self) -> asyncio.Task[None]:
        """Try it, unless it is being tried or was tried just now."""
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
    """What `/readyz` answers, and what is known of it without asking anybody."""

    def __init__(self, ports: Ports) -> None:
        """`ports`: those that see everything."""
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
        """Return each part's state: `ok`, or what is wrong with it."""
        checks = {"database": self._database, "storage": self._storage}
        found = await asyncio.gather(*(check() for check in checks.values()))
        states = {
            part: "ok" if trouble is None else str(trouble) or type(trouble).__name__
            for part, trouble in zip(checks, found, strict=True)
        }
        return {**states, "clock": self._clock_state()}

    def check_storage(self) -> None:
        """Raise what is wrong with the storage, if that is known; asks nobody, but lets it be tried again."""
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
        self._ports.signer.sign_put(_PROBE, headers={}, expires_in=timedelta(minutes=1), now=self._ports.clock.now())
        await self._ports.storage.try_writing()
