"""Each component is checked rarely, once for all callers, and known results are returned without a check."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest
from structlog.testing import capture_logs

from adapters.memory.clock import ManualClock
from adapters.memory.events.event_log import MemoryEventLog
from application.keys.callers import acting_for
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageDeniedError, StorageError, StorageUnavailableError
from application.ports.storage.url_signer import CredentialsExpiredError
from entrypoints.http.health import readiness
from entrypoints.http.health.readiness import Check, Readiness
from entrypoints.wiring.ports import Ports

LATE = LogUnavailableError("no response in time", reason="too_slow")


class Part:
    """A part that counts how often it is tried."""

    def __init__(self) -> None:
        self.tries = 0
        self.broken: Exception | None = None
        self.hangs = False
        self.goes_on = asyncio.Event()

    async def __call__(self) -> None:
        self.tries += 1
        if self.hangs:
            await self.goes_on.wait()
        if self.broken is not None:
            raise self.broken


async def test_concurrent_callers_wait_for_one_check() -> None:
    part = Part()
    part.hangs = True
    check = Check(part, LATE, well_seconds=60, broken_seconds=60)
    asking = [asyncio.create_task(check()) for _ in range(100)]
    await asyncio.sleep(0)
    part.goes_on.set()
    assert await asyncio.gather(*asking) == [None] * 100
    assert part.tries == 1


async def test_an_outcome_is_good_for_a_while() -> None:
    part = Part()
    check = Check(part, LATE, well_seconds=60, broken_seconds=0)
    part.broken = LogUnavailableError("its disk is full", reason="disk_full")
    with capture_logs():
        assert await check() is part.broken
        found, part.broken = part.broken, None
        assert check.trouble is found
        assert await check() is None  # broken: tried again at once
        assert await check() is None  # well: good for a while
    assert part.tries == 2


async def test_a_caller_that_stops_waiting_does_not_end_the_check_of_the_others() -> None:
    part = Part()
    part.hangs = True
    check = Check(part, LATE, well_seconds=60, broken_seconds=60)
    first, second = asyncio.create_task(check()), asyncio.create_task(check())
    await asyncio.sleep(0)
    first.cancel()
    part.goes_on.set()
    assert await second is None
    assert part.tries == 1


async def test_a_part_that_does_not_answer_in_time_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.01)
    part = Part()
    part.hangs = True
    check = Check(part, LATE, well_seconds=60, broken_seconds=60)
    with capture_logs() as logs:
        assert await check() is LATE
    assert [entry["event"] for entry in logs] == ["readiness_changed"]


async def test_a_defect_is_not_taken_for_an_outage() -> None:
    part = Part()
    part.broken = ZeroDivisionError()
    check = Check(part, LATE, well_seconds=60, broken_seconds=60)
    with pytest.raises(ZeroDivisionError):
        await check()


async def test_a_check_has_no_caller_whichever_request_started_it() -> None:
    seen: list[str] = []

    async def attempt() -> None:
        seen.append(acting_for.get("nobody"))

    acting_for.set("org_of_the_request")
    check = Check(attempt, LogUnavailableError("late"), well_seconds=1, broken_seconds=1)
    assert await check() is None
    assert seen == ["nobody"]


# The effect of the storage's state on new uploads


class Storage:
    """A storage with set outcomes."""

    def __init__(self, trouble: StorageError | None) -> None:
        self.trouble = trouble
        self.tries = 0

    async def try_writing(self) -> None:
        self.tries += 1
        if self.trouble is not None:
            raise self.trouble


class Signer:
    """A signer whose credentials may have expired."""

    def __init__(self, expired_at: datetime | None = None) -> None:
        self.expired_at = expired_at

    def sign_put(self, *_: object, **__: object) -> None:
        if self.expired_at is not None:
            raise CredentialsExpiredError(self.expired_at)


def readiness_of(storage: Storage, signer: Signer | None = None) -> Readiness:
    ports = SimpleNamespace(log=MemoryEventLog(), storage=storage, signer=signer or Signer(), clock=ManualClock())
    return Readiness(cast("Ports", ports))


@pytest.mark.parametrize(
    "trouble",
    [StorageDeniedError("ExpiredToken: the token has expired"), StorageUnavailableError("InternalError: disk full")],
    ids=repr,
)
async def test_a_storage_that_takes_no_bytes_is_named_and_new_uploads_wait_until_it_does(trouble: StorageError) -> None:
    storage = Storage(trouble)
    state = readiness_of(storage)
    state.check_storage()  # nothing is known yet, and nothing is checked
    assert storage.tries == 0
    with capture_logs():
        assert (await state())["storage"] == str(trouble)
        assert storage.tries == 1
        for _ in range(100):
            with pytest.raises(type(trouble)):
                state.check_storage()
        assert storage.tries == 1  # never a call for each upload
        storage.trouble = None
        state._storage._due = 0  # the while is over
        with pytest.raises(type(trouble)):
            state.check_storage()  # lets it be tried again
        await state._storage()
    state.check_storage()


async def test_credentials_that_sign_no_more_are_named_though_storage_takes_bytes() -> None:
    state = readiness_of(Storage(None), Signer(datetime(2025, 12, 31, tzinfo=UTC)))
    with capture_logs():
        assert "expired at 2025-12-31" in (await state())["storage"]
    with pytest.raises(CredentialsExpiredError):
        state.check_storage()
