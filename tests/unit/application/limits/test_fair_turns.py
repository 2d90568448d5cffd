import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.limits.fair_turns import FairQueue, FairStarts, FairTurns
from domain.refusals import TooManyRequestsError


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Crowd:
    """The callers that have had their turn, in this order; each stays until it is released."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.inside: list[str] = []
        self.order: list[str] = []
        self.most: Counter[str] = Counter()
        self.gates: dict[str, asyncio.Event] = {}

    def come(self, name: str) -> asyncio.Task[None]:
        self.gates[name] = asyncio.Event()
        return asyncio.create_task(self._stay(name))

    async def _stay(self, name: str) -> None:
        holder = name[0]
        async with self.turns.turn(holder):
            self.inside.append(name)
            self.order.append(name)
            self.most[holder] = max(self.most[holder], sum(each[0] == holder for each in self.inside))
            try:
                await self.gates[name].wait()
            finally:
                self.inside.remove(name)

    async def go(self, name: str) -> None:
        self.gates[name].set()
        await settled()


async def test_a_quiet_holder_is_next_however_many_of_another_wait() -> None:
    crowd = Crowd(FairTurns(2, of_one=2))
    tasks = [crowd.come(f"a{number}") for number in range(50)]
    await settled()
    tasks.append(crowd.come("b0"))
    await settled()
    assert crowd.inside == ["a0", "a1"]
    await crowd.go("a0")
    await crowd.go("a1")
    assert "b0" in crowd.inside, "b waited for one turn of a, not for fifty"
    for gate in crowd.gates.values():
        gate.set()
    await asyncio.gather(*tasks)


async def test_a_holder_leaves_room_for_the_next_caller() -> None:
    crowd = Crowd(FairTurns(3, of_one=2))
    tasks = [crowd.come(f"a{number}") for number in range(10)]
    await settled()
    assert crowd.inside == ["a0", "a1"]
    tasks.append(crowd.come("b0"))
    await settled()
    assert crowd.inside == ["a0", "a1", "b0"], "b had its place immediately"
    for gate in crowd.gates.values():
        gate.set()
    await asyncio.gather(*tasks)
    assert crowd.most["a"] == 2


async def test_holders_take_turns_and_each_is_served_in_its_own_order() -> None:
    crowd = Crowd(FairTurns(1, of_one=1))
    tasks = [crowd.come(name) for name in ("a0", "a1", "a2", "b0", "b1", "c0")]
    await settled()
    for number in range(6):
        await crowd.go(crowd.order[number])
    assert crowd.order == ["a0", "a1", "b0", "c0", "a2", "b1"]
    await asyncio.gather(*tasks)


async def test_a_full_queue_is_refused_with_a_time_to_retry() -> None:
    crowd = Crowd(FairTurns(1, of_one=1, waiting_of_one=2))
    tasks = [crowd.come(f"a{number}") for number in range(3)]
    await settled()
    with pytest.raises(TooManyRequestsError, match="1 requests of this kind in progress and 2 waiting") as refused:
        await crowd.turns.take("a")
    assert (refused.value.code, refused.value.details["retry_after_seconds"]) == ("too_many_at_once", 1)
    tasks.append(crowd.come("b0"))
    await crowd.go("a0")
    await crowd.go("a1")
    assert "b0" in crowd.order, "a full queue of one caller does not affect another"
    for gate in crowd.gates.values():
        gate.set()
    await asyncio.gather(*tasks)


async def test_a_caller_that_waited_too_long_is_refused_and_costs_no_place() -> None:
    turns = FairTurns(1, of_one=1, patience_seconds=0.01)
    await turns.take("a")
    with pytest.raises(TooManyRequestsError, match="1 requests of this kind in progress and 1 waiting"):
        await turns.take("a")
    turns.give_back("a")
    async with asyncio.timeout(1):
        await turns.take("a")


async def test_a_cancelled_caller_costs_no_place() -> None:
    crowd = Crowd(FairTurns(1, of_one=1))
    inside, waiting, last = (crowd.come(name) for name in ("a0", "a1", "a2"))
    await settled()
    waiting.cancel()
    await settled()
    inside.cancel()
    await settled()
    assert crowd.inside == ["a2"]
    await crowd.go("a2")
    await last
    async with asyncio.timeout(1):
        await crowd.turns.take("b")


async def test_a_place_granted_to_one_that_is_cancelled_at_that_moment_goes_on_to_the_next() -> None:
    turns = FairTurns(1, of_one=1)
    await turns.take("a")
    first, second = asyncio.create_task(turns.take("a")), asyncio.create_task(turns.take("b"))
    await settled()
    turns.give_back("a")  # grants it to the first
    first.cancel()
    await settled()
    assert first.cancelled()
    assert second.done()
    assert not second.cancelled()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "leave", "cancel"])), min_size=1, max_size=60),
    st.integers(1, 4),
    st.data(),
)
def test_places_are_never_more_than_there_are_and_none_is_lost(
    steps: list[tuple[str, str]], places: int, data: st.DataObject
) -> None:
    of_one = data.draw(st.integers(1, places))

    async def run() -> None:
        turns = FairTurns(places, of_one=of_one)
        crowd = Crowd(turns)
        tasks: dict[str, asyncio.Task[None]] = {}
        for number, (holder, step) in enumerate(steps):
            mine = [name for name, task in tasks.items() if name[0] == holder and not task.done()]
            if step == "come" or not mine:
                tasks[f"{holder}{number}"] = crowd.come(f"{holder}{number}")
            elif step == "leave":
                crowd.gates[mine[0]].set()
            else:
                tasks[mine[-1]].cancel()
            await settled()
            assert len(crowd.inside) <= places
            assert max(Counter(name[0] for name in crowd.inside).values(), default=0) <= of_one
            waiting = {name[0] for name, task in tasks.items() if not task.done() and name not in crowd.inside}
            if len(crowd.inside) < places:
                full = {holder for holder, n in Counter(name[0] for name in crowd.inside).items() if n == of_one}
                assert waiting <= full, "a place is free, and a caller that may have it waits"
        for gate in crowd.gates.values():
            gate.set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for _ in range(places):
            async with asyncio.timeout(1):
                await turns.take(str(_))

    asyncio.run(run())


def test_in_a_queue_holders_take_turns_and_each_keeps_its_order() -> None:
    queue = FairQueue[str]()
    for item in ("a0", "a1", "a2", "b0", "a3", "c0", "b1"):
        queue.append(item[0], item)
    out = []
    while queue:
        out.append(queue.pop())
    assert out == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]
    with pytest.raises(KeyError):
        queue.pop()


async def test_a_free_place_skips_a_waiter_that_was_just_cancelled() -> None:
    turns = FairTurns(1, of_one=1)
    await turns.take("a")
    first, second, other = (asyncio.create_task(turns.take(holder)) for holder in "aab")
    await settled()
    first.cancel()
    turns.give_back("a")  # before the first has run again
    await settled()
    assert [task.done() for task in (first, second, other)] == [True, True, False]
    turns.give_back("a")
    await settled()
    assert other.done()


class Starts:
    """The requests that have begun, in order."""

    def __init__(self) -> None:
        self.starts = FairStarts(4)
        self.begun: list[str] = []

    async def request(self, name: str, *, heavy: bool = False) -> None:
        await self.starts.begin(name[0], heavy=heavy)
        self.begun.append(name)


def test_a_single_caller_begins_immediately() -> None:
    async def run() -> None:
        world = Starts()
        for number in range(20):
            request = world.request(f"a{number}")
            with pytest.raises(StopIteration):  # ended without having waited
                request.send(None)
        assert len(world.begun) == 20

    asyncio.run(run())


async def test_a_caller_with_many_requests_lets_others_begin_in_between() -> None:
    world = Starts()
    await world.request("b0")
    tasks = [asyncio.create_task(world.request(f"a{number}")) for number in range(20)]
    tasks.append(asyncio.create_task(world.request("b1")))
    await asyncio.gather(*tasks)
    assert world.begun.index("b1") == 5
    assert [name for name in world.begun if name[0] == "a"] == [f"a{number}" for number in range(20)]


async def test_what_is_heavy_begins_one_in_a_round() -> None:
    world = Starts()
    await world.request("b0")
    tasks = [asyncio.create_task(world.request(f"a{number}", heavy=True)) for number in range(3)]
    tasks.append(asyncio.create_task(world.request("b1")))
    await asyncio.gather(*tasks)
    assert world.begun == ["b0", "a0", "b1", "a1", "a2"]


async def test_a_request_that_is_cancelled_before_it_begins_delays_no_other() -> None:
    world = Starts()
    await world.request("b0")
    tasks = [asyncio.create_task(world.request(f"a{number}", heavy=True)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(*tasks, return_exceptions=True)
        await world.request("a4", heavy=True)
    assert world.begun == ["b0", "a0", "a2", "a3", "a4"]
