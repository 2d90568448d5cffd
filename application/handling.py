"""Handling commands: loads an aggregate, calls its decider, and appends the resulting events.

An aggregate is not locked while a command is decided, so another command may be appended first. Then the log refuses,
and everything is repeated, at most `ATTEMPTS` times. Every use case that changes an aggregate uses this module:

- `start` appends the first events of a new aggregate;
- `handle` changes an existing one, and returns its new state without reading it again;
- `settle` is for commands without one main aggregate, such as a batch of new uploads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from application.ports.events.event_log import (
    Command,
    Conditions,
    EventLog,
    LogUnavailableError,
    StoredEvent,
    StreamAppend,
    VersionConflictError,
)
from domain.decider import Decider
from domain.events.event import Event, Origin
from domain.events.registry import decode
from domain.refusals import RefusedError, WrongStateError

ATTEMPTS = 8
_PATIENCE_SECONDS = 5.0
NO_CONDITIONS = Conditions()
# By event loop and stream, while a command waits for a turn or has one.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[str, asyncio.Lock]] = WeakKeyDictionary()

Intent = TypeVar("Intent")
Fact = TypeVar("Fact", bound=Event)
State = TypeVar("State")

Objection = VersionConflictError | RefusedError
Learn = Callable[[Objection], Awaitable[bool]]


class BusyError(WrongStateError):
    """Other commands were appended first in every attempt."""

    def __init__(self, stream_id: str) -> None:
        super().__init__("busy", "Another request changed it at the same moment: try again.", {"id": stream_id})


class Loaded(msgspec.Struct, Generic[Fact, State], frozen=True, kw_only=True):
    """An aggregate with its events. `read`: the number of events that were read; the others were appended since.

    `besides`: the events appended to other streams in the same command.
    """

    stream_id: str
    state: State
    events: tuple[Fact, ...]
    read: int
    besides: tuple[Event, ...] = ()

    @property
    def version(self) -> int:
        """The number of events."""
        return len(self.events)

    @property
    def news(self) -> tuple[Fact, ...]:
        """The events appended since the aggregate was read."""
        return self.events[self.read :]

    @property
    def origin(self) -> Origin:
        """The origin of the first event."""
        return self.events[0].origin

    def origin_of(self, actor_id: str, command_id: str, now: datetime) -> Origin:
        """Return the origin of a new event of this aggregate."""
        return msgspec.structs.replace(self.origin, actor_id=actor_id, command_id=command_id, at=now)

    def has_carried_out(self, command_id: str | None) -> bool:
        """Return whether an earlier attempt of this command was committed."""
        return any(event.origin.command_id == command_id for event in self.events)

    def followed_by(self, decider: "Decider[Any, Fact, State]", events: tuple[Fact, ...]) -> "Loaded[Fact, State]":
        """Return the aggregate after these events."""
        return msgspec.structs.replace(self, state=decider.fold(self.state, events), events=self.events + events)

    def append(self, events: tuple[Fact, ...]) -> StreamAppend:
        """Return the append of these events, which fails if other events were appended in the meantime."""
        return StreamAppend(stream_id=self.stream_id, expected_version=self.version, events=events)


async def never(objection: Objection) -> bool:  # noqa: ARG001  # of any kind
    """Never retry: for jobs, which are stale once another command has changed the aggregate."""
    return False


class Proposal(msgspec.Struct, Generic[Fact], frozen=True, kw_only=True):
    """The proposed events of an aggregate, with their conditions.

    `before`, `after`: appends to other streams in the same command, before and after these events. `undo`: awaited if
    nothing was appended, to revert earlier work.
    """

    origin: Origin
    events: tuple[Fact, ...]
    conditions: Conditions = NO_CONDITIONS
    before: tuple[StreamAppend, ...] = ()
    after: tuple[StreamAppend, ...] = ()
    undo: Callable[[], Awaitable[object]] | None = None


Propose = Callable[[Loaded[Fact, State]], Awaitable[Proposal[Fact] | None]]


async def load(log: EventLog, decider: Decider[Intent, Fact, State], stream_id: str) -> Loaded[Fact, State]:
    """Rebuild an aggregate from its events; refuse as its decider does if there are none."""
    return rebuilt(decider, stream_id, await log.read_stream(stream_id))


def rebuilt(
    decider: Decider[Intent, Fact, State], stream_id: str, stored: Sequence[StoredEvent]
) -> Loaded[Fact, State]:
    """Rebuild an aggregate from its stored events; refuse as its decider does if there are none."""
    if not stored:
        raise decider.not_found(stream_id)
    events = cast("tuple[Fact, ...]", tuple([decode(event.state) for event in stored]))
    return Loaded(stream_id=stream_id, state=decider.replay(events), events=events, read=len(events))


async def start(
    log: EventLog, stream_id: str, events: tuple[Event, ...], conditions: Conditions = NO_CONDITIONS
) -> int:
    """Append the first events of an aggregate, and return the position of the last one.

    Raises `VersionConflictError` if the stream exists: an earlier attempt has appended them.
    """
    stream = StreamAppend(stream_id=stream_id, expected_version=0, events=events)
    return await log.append(command_of(events[0].origin, (stream,), conditions))


async def handle(
    log: EventLog,
    decider: Decider[Intent, Fact, State],
    stream_id: str,
    propose: "Propose[Fact, State]",
    *,
    loaded: Loaded[Fact, State] | None = None,
    learn: Learn | None = None,
    attempts: int = ATTEMPTS,
) -> Loaded[Fact, State]:
    """Change an aggregate and return its new state; if `propose` returns None, its current one.

    `propose` gets the aggregate and returns the events to append, or refuses. `loaded`: the aggregate, if it was just
    read. `learn`, `attempts`: as for `settle`. Without `learn` only conflicts are retried.
    """
    known, change = loaded, None

    async def command() -> Command | None:
        nonlocal known, change
        known = known or await load(log, decider, stream_id)
        change = await propose(known)
        if change is None:
            return None
        streams = (*change.before, known.append(change.events), *change.after)
        return command_of(change.origin, streams, change.conditions)

    async def learnt(objection: Objection) -> bool:
        nonlocal known
        if change is not None and change.undo is not None:
            await change.undo()
        conflict = isinstance(objection, VersionConflictError)
        if conflict:
            known = None
        return conflict if learn is None else await learn(objection)

    await settle(log, command, learnt, attempts=attempts)
    assert known is not None  # noqa: S101  # `settle` has called `command`
    if change is None:
        return known
    besides = tuple([event for stream in (*change.before, *change.after) for event in stream.events])
    return msgspec.structs.replace(known.followed_by(decider, change.events), besides=known.besides + besides)


async def settle(
    log: EventLog, propose: Callable[[], Awaitable[Command | None]], learn: Learn, *, attempts: int = ATTEMPTS
) -> int | None:
    """Append the proposal of `propose`, and return the position of the last event; None if there is nothing to append.

    An objection of the log is passed to `learn`. If that returns true, `propose` is called again; otherwise the
    objection is raised. After a conflict, commands of this process that change the same stream take turns: then they
    conflict only with those of other processes. Gives up after `attempts`: with `BusyError` if others came first,
    and with `LogUnavailableError` if the log repeats an objection that the read side does not show.
    """
    last: Objection | None = None
    turn: asyncio.Lock | None = None
    try:
        for _ in range(attempts):
            command = await propose()
            if command is None:
                return None
            try:
                return await log.append(command)
            except (VersionConflictError, RefusedError) as objection:
                if not await learn(objection):
                    raise
                last = objection
            if turn is None and isinstance(last, VersionConflictError):
                turn = await _turn_on(last.stream_id)
    finally:
        if turn is not None:
            turn.release()
    if isinstance(last, VersionConflictError):
        raise BusyError(last.stream_id) from last
    raise LogUnavailableError("The log and the read side contradict each other.", reason="read_side_differs") from last


async def _turn_on(stream_id: str) -> asyncio.Lock | None:
    """Wait for the turn of a command that met a conflict on this stream, and return what ends it.

    None after `_PATIENCE_SECONDS`: a command then tries without a turn, so nothing waits forever.
    """
    turns = _turns.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    turn = turns.get(stream_id)
    if turn is None:
        turn = turns[stream_id] = asyncio.Lock()
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await turn.acquire()
            return turn
    return None


def command_of(origin: Origin, streams: tuple[StreamAppend, ...], conditions: Conditions) -> Command:
    """Return the command that appends these streams under these conditions."""
    return Command(
        command_id=origin.command_id,
        organization_id=origin.organization_id,
        streams=streams,
        **{name: getattr(conditions, name) for name in Conditions.__struct_fields__},
    )
