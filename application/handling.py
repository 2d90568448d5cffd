"""Handling commands: an aggregate is loaded, its decider is asked, and the answer is appended.

Nobody holds an aggregate while a command is decided, so another command may be appended first. Then the log refuses,
and all of it is done once more, `ATTEMPTS` times at most. Every use case that changes an aggregate goes through here:

- `start` appends the first events of a new one, which nobody else changes;
- `handle` changes one that is there, and returns its new state without reading it again;
- `settle` is for commands without one main aggregate, such as a batch of new uploads.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, TypeVar, cast

import msgspec

from application.ports.events.event_log import (
    Command,
    Conditions,
    EventLog,
    LogUnavailableError,
    StreamAppend,
    VersionConflictError,
)
from domain.decider import Decider
from domain.events.event import Event, Origin
from domain.events.registry import decode
from domain.refusals import RefusedError, WrongStateError

ATTEMPTS = 8
NO_CONDITIONS = Conditions()

Intent = TypeVar("Intent")
Fact = TypeVar("Fact", bound=Event)
State = TypeVar("State")

Objection = VersionConflictError | RefusedError
Learn = Callable[[Objection], Awaitable[bool]]


class BusyError(WrongStateError):
    """Other commands were always appended first."""

    def __init__(self, stream_id: str) -> None:
        super().__init__("busy", "It was changed by another request at the same moment: try again.", {"id": stream_id})


class Loaded(msgspec.Struct, Generic[Fact, State], frozen=True, kw_only=True):
    """An aggregate as its events describe it. Of `events` so many were `read`; the others were appended since.

    `besides`: what was appended to other streams together with those.
    """

    stream_id: str
    state: State
    events: tuple[Fact, ...]
    read: int
    besides: tuple[Event, ...] = ()

    @property
    def version(self) -> int:
        """How many events there are."""
        return len(self.events)

    @property
    def news(self) -> tuple[Fact, ...]:
        """The events that were appended since the aggregate was read."""
        return self.events[self.read :]

    @property
    def origin(self) -> Origin:
        """The origin of the first event."""
        return self.events[0].origin

    def origin_of(self, actor_id: str, command_id: str, now: datetime) -> Origin:
        """Return the origin of something that is done to this aggregate now."""
        return msgspec.structs.replace(self.origin, actor_id=actor_id, command_id=command_id, at=now)

    def has_carried_out(self, command_id: str | None) -> bool:
        """Say whether an earlier attempt of this command counts."""
        return any(event.origin.command_id == command_id for event in self.events)

    def append(self, events: tuple[Fact, ...]) -> StreamAppend:
        """Return what appends these events, if nothing else was appended meanwhile."""
        return StreamAppend(stream_id=self.stream_id, expected_version=self.version, events=events)


async def never(objection: Objection) -> bool:  # noqa: ARG001  # whatever it is
    """Learn nothing: for jobs, which are stale once somebody else has changed the aggregate."""
    return False


class Proposal(msgspec.Struct, Generic[Fact], frozen=True, kw_only=True):
    """What is to become of an aggregate, and what must hold then.

    `before`, `after`: what the same command appends to other streams, before and after these events. `undo`: awaited
    when none of it was appended, for what was done beforehand.
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
    stored = await log.read_stream(stream_id)
    if not stored:
        raise decider.not_found(stream_id)
    events = cast("tuple[Fact, ...]", tuple([decode(event.state) for event in stored]))
    return Loaded(stream_id=stream_id, state=decider.replay(events), events=events, read=len(events))


async def start(
    log: EventLog, stream_id: str, events: tuple[Event, ...], conditions: Conditions = NO_CONDITIONS
) -> int:
    """Append the first events of an aggregate, and return the position of the last one.

    Raises `VersionConflictError` where the stream is there already: an earlier attempt has appended them.
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
    """Change an aggregate and return it as it is then; where `propose` returns None, as it is already.

    `propose` sees the aggregate and says what to append, or refuses. `loaded`: the aggregate, where it was just read.
    `learn`, `attempts`: as for `settle`. Without `learn` it goes on after conflicts alone.
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
    assert known is not None  # noqa: S101  # `settle` has asked for the command
    if change is None:
        return known
    besides = tuple([event for stream in (*change.before, *change.after) for event in stream.events])
    return msgspec.structs.replace(
        known,
        state=decider.fold(known.state, change.events),
        events=known.events + change.events,
        besides=known.besides + besides,
    )


async def settle(
    log: EventLog, propose: Callable[[], Awaitable[Command | None]], learn: Learn, *, attempts: int = ATTEMPTS
) -> int | None:
    """Append what `propose` returns, and return the position of the last event; None where there is nothing to append.

    What the log says against it goes to `learn`. Where that returns true, `propose` is asked once more; otherwise the
    answer is raised. Gives up after so many `attempts`: with `BusyError` where others were always first, and with
    `LogUnavailableError` where the log repeats what the read side does not show.
    """
    last: Objection | None = None
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
    if isinstance(last, VersionConflictError):
        raise BusyError(last.stream_id) from last
    raise LogUnavailableError("The log and the read side say different things.", reason="read_side_differs") from last


def command_of(origin: Origin, streams: tuple[StreamAppend, ...], conditions: Conditions) -> Command:
    """Return the command that appends these streams under these conditions."""
    return Command(
        command_id=origin.command_id,
        organization_id=origin.organization_id,
        streams=streams,
        **{name: getattr(conditions, name) for name in Conditions.__struct_fields__},
    )
