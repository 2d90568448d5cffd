import asyncio

import pytest

import application.tasks.pausing
from adapters.memory.clock import ManualClock
from application.keys.callers import acting_for
from application.tasks.pausing import while_clocks_agree

FAULT = "The clock of this host is 31 days ahead of the database's."


class Work:
    """Reports when it runs. `fails`: it ends immediately, with an error."""

    def __init__(self, *, fails: bool = False) -> None:
        self.begun = 0
        self.changed = asyncio.Condition()
        self.at_it = False
        self._fails = fails

    async def run(self, stopping: asyncio.Event) -> None:
        if self._fails:
            raise ZeroDivisionError
        await self._set(at_it=True)
        await stopping.wait()
        await self._set(at_it=False)

    async def is_at_it(self, *, at_it: bool = True) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.at_it is at_it)

    async def _set(self, *, at_it: bool) -> None:
        async with self.changed:
            self.at_it = at_it
            self.begun += at_it
            self.changed.notify_all()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application.tasks.pausing, "LOOK_SECONDS", 0.001)


async def test_work_stops_while_clocks_differ_and_begins_again() -> None:
    clock, work, stopping = ManualClock(), Work(), asyncio.Event()
    running = asyncio.create_task(while_clocks_agree(clock, work.run, stopping))
    await work.is_at_it()
    clock.contradict(FAULT)
    await work.is_at_it(at_it=False)
    clock.contradict(None)
    await work.is_at_it()
    stopping.set()
    await running
    assert (work.at_it, work.begun) == (False, 2)


async def test_a_process_that_starts_with_a_wrong_clock_begins_nothing_and_stops_in_order() -> None:
    clock, work, stopping = ManualClock(), Work(), asyncio.Event()
    clock.contradict(FAULT)
    running = asyncio.create_task(while_clocks_agree(clock, work.run, stopping))
    for _ in range(20):
        await asyncio.sleep(0)
    stopping.set()
    await running
    assert work.begun == 0


async def test_what_goes_wrong_in_the_work_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        await while_clocks_agree(ManualClock(), Work(fails=True).run, asyncio.Event())


async def test_the_work_has_no_caller_whichever_request_started_it() -> None:
    seen: list[str] = []
    stopping = asyncio.Event()

    async def work(_: asyncio.Event) -> None:
        seen.append(acting_for.get("nobody"))
        stopping.set()

    acting_for.set("org_of_the_start")
    await while_clocks_agree(ManualClock(), work, stopping)
    assert seen == ["nobody"]
