"""Fair turns, for queues and limited resources: no holder waits for the whole backlog of another.

Each holder (usually an organization) has its own queue, and a free place goes to the holder whose turn it is, not to
the oldest request. A holder never has more than `of_one` places, so a greedy holder leaves room for others.
"""

import asyncio
import math
from collections import OrderedDict, deque
from contextlib import suppress
from contextvars import Context
from types import TracebackType
from typing import Generic, TypeVar

from domain.refusals import TooManyRequestsError

RETRY_AFTER_SECONDS = 1
STARTS_AT_ONCE = 4
SHARED_SECONDS = 1.0
_APART = 32  # refusals that come together are sent one after another
Item = TypeVar("Item")
PAUSE_SECONDS = 0.25  # before a refusal: slows down clients that retry at once


class FairQueue(Generic[Item]):
    """A queue in which holders take turns; the items of one holder stay in order."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, deque[Item]] = OrderedDict()  # the next holder's first

    def __bool__(self) -> bool:
        return bool(self._queues)

    def append(self, holder: str, item: Item) -> None:
        """Add an item."""
        queue = self._queues.get(holder)
        if queue is None:
            queue = self._queues[holder] = deque()
        queue.append(item)

    def pop(self) -> Item:
        """Remove the next item. Raises `KeyError` if the queue is empty."""
        holder, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[holder] = queue
        return item


class FairTurns:
    """Grants places. `places`: their number; `of_one`: the maximum per holder.

    `waiting_of_one`: the maximum of waiting requests per holder, `patience_seconds`: their timeout; None: unlimited.
    """

    def __init__(
        self,
        places: int,
        *,
        of_one: int,
        waiting_of_one: int | None = None,
        patience_seconds: float | None = None,
    ) -> None:
        if not 1 <= of_one <= places:
            raise ValueError(f"A holder has between 1 and {places} places, not {of_one}.")
        self._free = places
        self._refused = 0
        self._of_one = of_one
        self._waiting_of_one = waiting_of_one
        self._patience_seconds = patience_seconds
        self._taken: dict[str, int] = {}
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()  # the next holder's first

    def turn(self, holder: str) -> "Turn":
        """Return a context manager that holds a place.

        Entering raises `TooManyRequestsError` (`too_many_at_once`) if too many requests wait, or after the timeout.
        """
        return Turn(self, holder)

    async def take(self, holder: str) -> None:
        """Wait for a place."""
        taken = self._taken.get(holder, 0)
        queue = self._queues.get(holder)
        if queue is None:
            if self._free and taken < self._of_one:
                self._free -= 1
                self._taken[holder] = taken + 1
                return
            queue = self._queues[holder] = deque()
        elif self._waiting_of_one is not None and len(queue) >= self._waiting_of_one:
            waiting = len(queue)
            self._refused = (self._refused + 1) % _APART
            await asyncio.sleep(PAUSE_SECONDS * (1 + self._refused / _APART))
            raise _too_many(taken, waiting)
        place = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await place
        except BaseException as stopped:
            if place.done() and not place.cancelled():
                self.give_back(holder)  # it was granted at the same moment
            else:
                with suppress(ValueError):  # it has already been removed from the queue
                    queue.remove(place)
                if not queue and self._queues.get(holder) is queue:
                    del self._queues[holder]
            if isinstance(stopped, TimeoutError):
                raise _too_many(taken, len(queue) + 1) from None
            raise

    def give_back(self, holder: str) -> None:
        """Release a place to the next holder."""
        left = self._taken[holder] - 1
        if left:
            self._taken[holder] = left
        else:
            del self._taken[holder]
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        for holder in list(self._queues):
            if not self._free:
                return
            queue = self._queues[holder]
            taken = self._taken.get(holder, 0)
            if taken >= self._of_one:
                continue
            while queue and queue[0].done():  # cancelled
                queue.popleft()
            place = queue.popleft() if queue else None
            if queue:
                self._queues.move_to_end(holder)
            else:
                del self._queues[holder]
            if place is not None:
                self._free -= 1
                self._taken[holder] = taken + 1
                place.set_result(None)


class Turn:
    """A place, held while inside."""

    __slots__ = ("_holder", "_turns")

    def __init__(self, turns: FairTurns, holder: str) -> None:
        self._turns = turns
        self._holder = holder

    async def __aenter__(self) -> None:
        """Wait for the place."""
        await self._turns.take(self._holder)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the place."""
        self._turns.give_back(self._holder)


class FairStarts:
    """Limits the requests that a holder starts in one round of the event loop, while there are several holders.

    A process has one thread. All ready requests of one holder would run before the request of another one that comes a
    moment later; so a holder starts `at_once` requests in a round, and the others in the next rounds.
    """

    def __init__(self, at_once: int = STARTS_AT_ONCE) -> None:
        self._at_once = at_once
        self._latest = ""
        self._shared_until = -math.inf
        self._begun: dict[str, int] = {}  # in this round
        self._waiting: dict[str, deque[tuple[int, asyncio.Future[None]]]] = {}
        self._goes_round = False

    async def begin(self, holder: str, *, heavy: bool = False) -> None:
        """Wait for this holder's turn. `heavy`: the request costs as much as all others of a round."""
        now = asyncio.get_running_loop().time()
        if holder != self._latest:
            if self._latest:
                self._shared_until = now + SHARED_SECONDS
            self._latest = holder
        if now > self._shared_until and not self._waiting:
            return
        weight = self._at_once if heavy else 1
        begun = self._begun.get(holder, 0)
        if holder not in self._waiting and (not begun or begun + weight <= self._at_once):
            self._begun[holder] = begun + weight
            self._go_round()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(holder, deque()).append((weight, turn))
        self._go_round()
        await turn

    def _go_round(self) -> None:
        if not self._goes_round:
            self._goes_round = True
            asyncio.get_running_loop().call_soon(self._next_round, context=Context())

    def _next_round(self) -> None:
        self._goes_round = False
        self._begun.clear()
        for holder, queue in list(self._waiting.items()):
            begun = 0
            while queue and (queue[0][1].done() or not begun or begun + queue[0][0] <= self._at_once):
                weight, turn = queue.popleft()
                if not turn.done():  # its request was not cancelled
                    begun += weight
                    turn.set_result(None)
            self._begun[holder] = begun
            if not queue:
                del self._waiting[holder]
        if self._begun:
            self._go_round()


def _too_many(at_once: int, waiting: int) -> TooManyRequestsError:
    return TooManyRequestsError(
        "too_many_at_once",
        f"Your organization has {at_once} requests of this kind in progress and {waiting} waiting: send fewer at a"
        " time,"
        " and this one again in a second.",
        {"at_once": at_once, "waiting": waiting, "retry_after_seconds": RETRY_AFTER_SECONDS},
    )
