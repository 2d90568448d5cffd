from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from adapters.postgres.clock import TOLERANCE, PostgresClock
from adapters.postgres.database.connecting import Pool
from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError

BEGIN = datetime(2030, 1, 1, tzinfo=UTC).timestamp()


class Place:
    """A host and a server with a clock each, and the true time. It is the pool, and its only connection."""

    def __init__(self) -> None:
        self.elapsed = 1000.0
        self.host_ahead = 0.0
        self.server_ahead = 0.0
        self.there = self.back = 0.0  # the time of a query to the server, and of its answer
        self.away = False
        self.clock = PostgresClock(
            cast("Pool", self), host=lambda: self.true + self.host_ahead, elapsed=lambda: self.elapsed
        )

    @property
    def true(self) -> float:
        return BEGIN + self.elapsed - 1000

    @property
    def off(self) -> float:
        """How far the clock is from the server's."""
        return self.clock.now().timestamp() - self.true - self.server_ahead

    @asynccontextmanager
    async def acquire(self, *, timeout: float) -> AsyncIterator[Any]:  # noqa: ARG002, ASYNC109  # as a pool has it
        if self.away:
            raise ConnectionRefusedError
        yield self

    async def fetchval(self, _: str, *, timeout: float) -> datetime:  # noqa: ARG002, ASYNC109  # the same
        self.elapsed += self.there
        measured = datetime.fromtimestamp(self.true + self.server_ahead, UTC)
        self.elapsed += self.back
        return measured


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.parametrize("host_ahead", [timedelta(days=31), -timedelta(hours=2), timedelta(hours=26)])
async def test_the_time_is_the_servers_even_with_a_wrong_host_clock(place: Place, host_ahead: timedelta) -> None:
    place.host_ahead = host_ahead.total_seconds()
    await place.clock.measure()
    assert place.off == pytest.approx(0, abs=1e-6)
    place.elapsed += 3600
    assert place.off == pytest.approx(0, abs=1e-6)
    place.host_ahead = 0
    assert place.off == pytest.approx(0, abs=1e-6)


async def test_a_process_whose_hosts_clock_differs_must_not_work_until_it_is_set(place: Place) -> None:
    with capture_logs() as logs:
        await place.clock.measure()
        place.clock.check()
        place.host_ahead = -7200
        for _ in range(3):
            await place.clock.measure()
        with pytest.raises(
            ClockDiffersError, match=r"2:00:00 behind the database's, but at most 10 s are tolerated: sync"
        ):
            place.clock.check()
        place.host_ahead = TOLERANCE.total_seconds() - 0.1
        await place.clock.measure()
        place.clock.check()
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("clock_differs", "error"),
        ("clock_agrees", "warning"),
    ]


@pytest.mark.parametrize("leap", [timedelta(days=31), -timedelta(days=31)])
async def test_a_leap_of_the_server_that_the_host_contradicts_changes_no_time_and_stops_work(
    place: Place, leap: timedelta
) -> None:
    await place.clock.measure()
    place.server_ahead = leap.total_seconds()
    await place.clock.measure()
    assert place.clock.now().timestamp() == pytest.approx(place.true, abs=1e-6)
    with pytest.raises(ClockDiffersError):
        place.clock.check()
    place.server_ahead = 0
    await place.clock.measure()
    place.clock.check()


async def test_a_machine_that_was_frozen_goes_on_with_the_servers_time(place: Place) -> None:
    await place.clock.measure()
    place.server_ahead = place.host_ahead = 3600  # both advanced, and the counter of seconds here did not
    await place.clock.measure()
    assert place.off == pytest.approx(0, abs=1e-6)
    place.clock.check()


async def test_a_slow_answer_changes_nothing_that_it_does_not_contradict(place: Place) -> None:
    place.there, place.back = 0.001, 0.001
    await place.clock.measure()
    known = place.off
    place.there, place.back = 0.0, 4.0
    await place.clock.measure()
    assert place.off == pytest.approx(known, abs=1e-6)


async def test_the_first_answer_is_as_good_as_half_of_its_way_and_quicker_ones_are_better(place: Place) -> None:
    place.there, place.back = 0.0, 4.0
    await place.clock.measure()
    assert place.off == pytest.approx(-2, abs=1e-6)
    place.clock.check()  # which is no evidence against this host
    place.there, place.back = 0.01, 0.02
    await place.clock.measure()
    assert abs(place.off) <= 0.02


async def test_a_host_that_is_set_while_postgresql_is_away_is_noticed_and_the_time_goes_on(place: Place) -> None:
    await place.clock.measure()
    place.away = True
    place.elapsed += 60
    with pytest.raises(LogUnavailableError):
        await place.clock.measure()
    assert place.off == pytest.approx(0, abs=1e-6)
    place.host_ahead = 3600
    place.clock.compare()
    with pytest.raises(ClockDiffersError):
        place.clock.check()
