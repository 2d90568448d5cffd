"""The log on PostgreSQL: one writer task per process, which commits the waiting commands as one group.

`upwell.append` (in `functions/`) does the work; this module collects commands, calls the function, and returns each
outcome to its caller. If the connection is lost during a call, the outcome is unknown until it is queried with
`stored_states`, which waits for the writer's lock, and so for anything that the lost connection had begun. A command
that is found counts once a later commit has succeeded, because the first commit may not have reached a standby. A
command that was sent on a lost connection, and is not found in time, is reported as unknown, never as not written.

The server's timeout is shorter than ours, so that no abandoned call is carried out later.
"""

import asyncio
import copy
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, suppress
from contextvars import Context
from functools import lru_cache
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import asyncpg
import msgspec
import structlog

from adapters.postgres.database.connecting import CONNECTION_ERRORS, Connection, close_quietly, connect, log_errors
from adapters.postgres.database.listening import DIRECTORY, EVENTS, Listener
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.sqlstates import Meaning, answer_to, unavailable
from adapters.postgres.database.tenancy import Reads
from adapters.postgres.events.write_probe import WriteProbe
from adapters.postgres.objects import object_creation
from adapters.postgres.organizations import quota_ledger
from application.keys.callers import acting_for
from application.limits.fair_turns import FairQueue
from application.ports.events.event_log import (
    Command,
    Conditions,
    ForeignEventError,
    LogUnavailableError,
    Notification,
    OutcomeUnknownError,
    PackedPage,
    RequesterRevokedError,
    VersionConflictError,
    bucket_not_active,
    check_position,
    foreign_stream,
    key_revoked,
    place_gone,
)
from application.ports.organizations.request_records import note_command
from domain.events.event import encode, topic_of
from domain.keys.upload_token import token_revoked
from domain.organizations.ledger import change_of

MAX_BATCH = 64
MAX_BATCH_EVENTS = 256  # a group with this many events is full; the next group waits for it
RECONNECT_SECONDS = 10.0
CALL_SECONDS = 30.0
STATEMENT_SECONDS = 20.0  # the server's timeout: shorter than ours
TRIES = 3
_PAGE = 1000
_AWAY_SECONDS = 0.5
_RECENT_SECONDS = 1.0
_RECENT_BYTES = 1024 * 1024
_APPEND = "SELECT positions, refusals FROM upwell.append($1, $2, $3, $4, $5, $6, $7, $8)"
_STORED = "SELECT state, notification_id FROM upwell.stored_states($1, $2) ORDER BY n"
_OF_CALLER = {"key_id", "token_id", "namespace_id", "bucket_id"}
_CONDITIONS = [name for name in Conditions.__struct_fields__ if name not in _OF_CALLER]  # that `upwell.refusal` reads
_conditions_of = attrgetter(*_CONDITIONS)

# of a topic; the same rule as in `upwell.append`
_changes_directory = re.compile(r"(?!upload\.|object\.)|upload\.token_re(newed|voked)\.").match
_PROVE = "SELECT pg_logical_emit_message(true, 'upwell', '')::text"  # an empty commit, as synchronous as any other

# The errors to raise, by the refusal of `upwell.append` and `upwell.lapses`; two other roles have the rest.
_REFUSALS: Mapping[str, Callable[[dict[str, Any]], Exception]] = {
    "version_conflict": lambda said: VersionConflictError(said["stream_id"], said["expected"], said["actual"]),
    "foreign": lambda said: foreign_stream(said["stream_id"]),
    "key_revoked": lambda _: key_revoked(),
    "token_revoked": lambda _: token_revoked(),
    "namespace_not_found": lambda said: place_gone(said["refused"]),
    "bucket_not_found": lambda said: place_gone(said["refused"]),
    "bucket_not_active": lambda said: bucket_not_active(said["status"]),
    "requester_revoked": lambda said: RequesterRevokedError(said["requester"]),
    **object_creation.REFUSALS,
    **quota_ledger.REFUSALS,
}

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
_Page = tuple[_T, int, int]  # with its last position, and how many events it has


class GroupWatch(Protocol):
    """Observes the groups that are written, for metrics and traces."""

    def waiting(self, command: Command) -> AbstractContextManager[object]:
        """Return a context for the time that a command waits. Its value is passed to `written`."""
        ...

    def written(self, group: Sequence[object], seconds: float) -> None:
        """Record that a group was written in this many seconds."""
        ...


class _Entry:
    """A waiting command, encoded by its caller, so that the writer only sends it.

    `sent_before`: the command was sent on a lost connection, and may still be carried out.
    """

    __slots__ = (
        "caller",
        "conditions",
        "done",
        "ids",
        "organization_id",
        "room_bytes",
        "seen",
        "sent_before",
        "states",
        "topics",
        "versions",
    )

    def __init__(self, command: Command, done: asyncio.Future[int]) -> None:
        self.done = done
        self.organization_id = command.organization_id
        self.seen: object = None
        self.sent_before = False
        self.ids: list[str] = []
        self.versions: list[int] = []
        self.topics: list[str] = []
        self.states: list[bytes] = []
        self.room_bytes = 0
        for stream in command.streams:
            for version, event in enumerate(stream.events, stream.expected_version + 1):
                if event.origin.organization_id != command.organization_id:
                    raise ForeignEventError(stream.stream_id)
                self.ids.append(stream.stream_id)
                self.versions.append(version)
                self.topics.append(topic_of(event))
                self.states.append(encode(event))
                self.room_bytes += change_of(event).total_bytes
        self.caller = _caller(
            command.organization_id, command.key_id, command.token_id, command.namespace_id, command.bucket_id
        )
        values = _conditions_of(command)
        self.conditions = None
        if any(values):
            conditions = {name: value for name, value in zip(_CONDITIONS, values, strict=True) if value}
            if command.requester in (command.key_id, command.token_id):  # checked as the caller's: they are live
                conditions.pop("requester", None)
            self.conditions = _text(conditions) if conditions else None


@lru_cache(maxsize=1024)
def _caller(
    organization_id: str, key_id: str | None, token_id: str | None, namespace_id: str | None, bucket_id: str | None
) -> str:
    caller = {
        "organization_id": organization_id,
        "key_id": key_id,
        "namespace_id": namespace_id,
        "bucket_id": bucket_id,
    }
    return _text(caller if token_id is None else {**caller, "token_id": token_id})


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


class _Outcomes(msgspec.Struct, frozen=True):
    """The outcome of a group: each command's last position or None, and the refusals by number from 1."""

    entries: list[_Entry]
    positions: list[int | None]
    refusals: dict[str, dict[str, Any]]


class PostgresEventLog:
    """Implements `EventLog`. Use `running()`: nothing is written outside of it."""

    def __init__(self, url: str, reads: Reads, listener: Listener, watch: GroupWatch | None = None) -> None:
        self._url = url
        self._watch = watch
        self._reads = reads
        self._listener = listener
        self._waiting: FairQueue[_Entry] = FairQueue()
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._connection: Connection | None = None
        self._recent = RecentGroups()
        self._probe = WriteProbe(url)

    def read_through(self, reads: Reads) -> "PostgresEventLog":
        """Return the same log with the same writer, but other reads."""
        narrower = copy.copy(self)
        narrower._reads = reads  # noqa: SLF001  # of the same class
        narrower._recent = RecentGroups()  # noqa: SLF001  # stays empty: what was just committed is of all tenants
        return narrower

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write inside the context; at its end, waiting commands are written first."""
        writer = asyncio.create_task(self._write(), name="log-writer", context=Context())
        try:
            yield
        finally:
            self._closing.set()
            self._news.set()
            await writer
            await self._probe.close()
            if self._connection is not None:
                await close_quietly(self._connection)

    async def make_durable(self) -> None:
        """Commit an empty transaction, so that every earlier commit is durable."""
        try:
            async with log_errors():
                await self._reads.fetchval(_PROVE)
        except LogUnavailableError as error:
            raise OutcomeUnknownError(str(error), reason=error.reason) from error

    async def try_writing(self) -> None:
        """Return if a command could be appended now."""
        await self._probe()

    async def append(self, command: Command) -> int:
        """Append a command's events and return the position of the last one."""
        if self._closing.is_set():
            raise LogUnavailableError("The service is stopping.", reason="stopping")
        if acting_for.get(command.organization_id) != command.organization_id:
            raise ForeignEventError(command.organization_id)
        if not any(stream.events for stream in command.streams):
            return await self.head()
        note_command(command.command_id)
        entry = _Entry(command, asyncio.get_running_loop().create_future())
        if self._watch is None:
            position = await self._send(entry)
        else:
            with self._watch.waiting(command) as entry.seen:
                position = await self._send(entry)
        if any(map(_changes_directory, entry.topics)):
            self._listener.announce(DIRECTORY)
        return position

    async def read_stream(self, stream_id: str) -> Sequence[Notification]:
        """Return all events of a stream by version."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["stream"], stream_id)
        return _notifications(rows)

    async def read_streams(self, stream_ids: Collection[str]) -> Mapping[str, Sequence[Notification]]:
        """Return the events of several streams by version."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["streams"], list(stream_ids))
        streams: dict[str, list[Notification]] = {}
        for event in _notifications(rows):
            streams.setdefault(event.originator_id, []).append(event)
        return streams

    async def read_feed(self, *, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        """Return up to `limit` notifications above `after`, in order."""
        async with log_errors():
            if organization_id is None:
                rows = await self._reads.fetch(QUERIES["feed"], after, limit)
            else:
                rows = await self._reads.fetch(QUERIES["feed_of_organization"], after, limit, organization_id)
        if not rows:
            check_position(after, await self.head())
        return _notifications(rows)

    async def read_at(self, positions: Collection[int]) -> Sequence[Notification]:
        """Return the notifications at these positions, in order."""
        async with log_errors():
            return _notifications(await self._reads.fetch(QUERIES["feed_at"], list(positions)))

    async def tail(self, *, after: int) -> AsyncGenerator[Notification]:
        """Yield every notification above `after`, and then new ones; survives a restart of PostgreSQL."""
        while True:
            try:
                async with aclosing(self.pages(after=after, limit=_PAGE)) as pages:
                    async for page in pages:
                        for notification in page:
                            after = notification.id
                            yield notification
            except LogUnavailableError:
                await asyncio.sleep(_AWAY_SECONDS)

    def pages(self, *, after: int, limit: int) -> AsyncGenerator[Sequence[Notification]]:
        """Yield everything above `after` in pages, and then new pages until a connection is lost."""

        async def read(after: int) -> _Page[Sequence[Notification]] | None:
            page = self._recent.after(after, limit) or await self.read_feed(after=after, limit=limit)
            return (page, page[-1].id, len(page)) if page else None

        return self._follow(after, limit, read)

    def packed_pages(self, *, after: int, limit: int, topics: Collection[str]) -> AsyncGenerator[PackedPage]:
        """Yield the states of everything above `after` that has these topics, in the same way."""
        wanted = list(topics)

        async def read(after: int) -> _Page[PackedPage] | None:
            async with log_errors():
                page = packed_page(after, await self._reads.fetch(QUERIES["packed_feed"], after, limit, wanted))
            if page is None:
                check_position(after, await self.head())
                return None
            return page, page.position, page.events

        return self._follow(after, limit, read)

    async def _follow(
        self, after: int, limit: int, read: Callable[[int], Coroutine[None, None, _Page[_T] | None]]
    ) -> AsyncGenerator[_T]:
        news = asyncio.Event()
        losses = self._listener.losses
        ahead: asyncio.Task[_Page[_T] | None] | None = None
        async with self._listener.hearing(EVENTS, news.set):
            try:
                while True:
                    if ahead is None:
                        news.clear()  # otherwise, events after that page could be missed
                    found = await (ahead or read(after))
                    ahead = None
                    if self._listener.losses != losses:
                        raise LogUnavailableError("The connection to PostgreSQL was lost.")
                    if found is not None:
                        page, after, events = found
                        if events == limit:  # fetch the next page while this one is processed
                            ahead = asyncio.create_task(read(after))
                            await asyncio.sleep(0)  # start the fetch before this page is processed
                        yield page
                    if ahead is None:
                        with suppress(TimeoutError):
                            async with asyncio.timeout(1 if not self._listener.connected else 30):
                                await news.wait()
            finally:
                if ahead is not None:
                    ahead.cancel()
                    await asyncio.gather(ahead, return_exceptions=True)

    async def head(self) -> int:
        """Return the last position; 0 for an empty log."""
        async with log_errors():
            return int(await self._reads.fetchval(QUERIES["head"]))

    def _send(self, entry: _Entry) -> asyncio.Future[int]:
        self._waiting.append(entry.organization_id, entry)
        self._news.set()
        return entry.done

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(0)  # include the commands of callers that are ready now
            while self._waiting:
                batch: list[_Entry] = []
                events = 0
                while self._waiting and len(batch) < MAX_BATCH and events < MAX_BATCH_EVENTS:
                    entry = self._waiting.pop()
                    if not entry.done.cancelled():
                        batch.append(entry)
                        events += len(entry.ids)
                if batch:
                    await self._write_batch(batch)
            if self._closing.is_set():
                return

    async def _write_batch(self, batch: list[_Entry], tries: int = TRIES) -> None:
        sent = False
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            sent = True
            await self._try_batch(self._connection, batch)
        except Exception as error:  # noqa: BLE001  # PostgreSQL's error goes to the caller of the command
            if sent and answer_to(error).meaning is Meaning.AWAY:
                for entry in batch:
                    entry.sent_before = True
            await self._after(error, batch, tries)

    async def _connect(self) -> Connection:
        connection = await connect(self._url)
        self._listener.lines.add(connection)
        try:
            await connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'", timeout=CALL_SECONDS)
        except BaseException:
            connection.terminate()
            raise
        self._listener.announced_pid = connection.get_server_pid()
        return connection

    async def _after(self, error: Exception, batch: list[_Entry], tries: int) -> None:
        """Handle an error by its meaning in the table of SQLSTATEs."""
        meaning = answer_to(error).meaning
        if meaning is Meaning.AWAY:
            await self._after_a_loss(error, batch, tries)
        elif meaning is Meaning.DEFECT:
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            for entry in batch:  # one command made the whole group fail
                await self._write_batch([entry])
        elif meaning in {Meaning.READ_ONLY, Meaning.AGAIN} and tries > 1:
            if self._connection is not None and meaning is Meaning.READ_ONLY:
                self._connection.terminate()  # another server may accept writes by now
            await self._write_batch(batch, tries - 1)
        else:  # nothing was written, and a retry would fail too
            _log.warning("log_refused", error=repr(error), commands=len(batch))
            for entry in batch:
                _give_up(entry, error)

    async def _after_a_loss(self, error: Exception, batch: list[_Entry], tries: int) -> None:
        _log.warning("log_connection_lost", error=repr(error), commands=len(batch))
        missing = await self._settle(batch)
        if not missing:
            return
        if tries > 1:
            await self._write_batch(missing, tries - 1)
        elif len(missing) > 1:  # one command may break every connection that sends it
            for entry in missing:
                await self._write_batch([entry])
        else:
            _give_up(missing[0], error)

    async def _try_batch(self, connection: Connection, batch: list[_Entry]) -> None:
        began = time.perf_counter()
        [row] = await connection.fetch(
            _APPEND,
            [entry.caller for entry in batch],
            [entry.conditions for entry in batch],
            [entry.room_bytes for entry in batch],
            [number for number, entry in enumerate(batch, 1) for _ in entry.ids],
            [value for entry in batch for value in entry.ids],
            [value for entry in batch for value in entry.versions],
            [value for entry in batch for value in entry.topics],
            [value for entry in batch for value in entry.states],
            timeout=CALL_SECONDS,
        )
        if self._watch is not None:
            self._watch.written([entry.seen for entry in batch], time.perf_counter() - began)
        outcomes = _Outcomes(entries=batch, positions=row["positions"], refusals=row["refusals"])
        if self._listener.hears(EVENTS):  # first: whatever fails from here on, the group is committed
            self._recent.add(_group(outcomes))
            self._listener.announce(EVENTS)
        # a conflict with itself: the lost connection did append it, after the query
        late = [
            batch[int(number) - 1]
            for number, refusal in outcomes.refusals.items()
            if batch[int(number) - 1].sent_before and refusal["refused"] == "version_conflict"
        ]
        positions = await _positions(connection, late, CALL_SECONDS) if late else {}
        # not immediately: the next group is sent to PostgreSQL before these callers continue
        asyncio.get_running_loop().call_soon(_report, outcomes, positions)

    async def _settle(self, batch: list[_Entry]) -> list[_Entry]:
        """After a lost connection: complete the commands that were appended, and return the others."""
        self._recent.clear()
        try:
            return await self._search(batch)
        finally:
            self._listener.announce(EVENTS)  # the lost connection may have appended some, without an announcement

    async def _search(self, batch: list[_Entry]) -> list[_Entry]:
        loop = asyncio.get_running_loop()
        until = loop.time() + RECONNECT_SECONDS
        pause = 0.05
        while True:
            if self._connection is not None:
                await close_quietly(self._connection)  # the server learns that no client is waiting
                self._connection = None
            try:
                self._connection = await self._connect()
                positions = await _positions(self._connection, batch, max(until - loop.time(), 1))
            except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:  # on any error, the writer must survive
                if loop.time() > until:
                    for entry in batch:
                        _give_up(entry, error)
                    return []
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1)
                continue
            missing = []
            for entry in batch:
                if entry in positions:
                    _succeed(entry, positions[entry])
                else:
                    missing.append(entry)
            return missing


class RecentGroups:
    """The events of the last groups that this process has committed, for those that follow the log in this process.

    They stay for a second at most: what is older is read from the log, where it may have been redacted since.
    """

    def __init__(self) -> None:
        self._groups: deque[tuple[float, list[Notification]]] = deque()
        self._bytes = 0

    def add(self, group: list[Notification]) -> None:
        """Keep the events of a group; its positions follow each other."""
        if group:
            self._groups.append((time.monotonic(), group))
            self._bytes += _bytes_of(group)
            while self._bytes > _RECENT_BYTES:
                self._bytes -= _bytes_of(self._groups.popleft()[1])

    def after(self, position: int, limit: int) -> list[Notification]:
        """Return up to `limit` events that follow a position without a gap; none if the next one is not here."""
        since = time.monotonic() - _RECENT_SECONDS
        while self._groups and self._groups[0][0] < since:
            self._bytes -= _bytes_of(self._groups.popleft()[1])
        found: list[Notification] = []
        for _, group in self._groups:
            begin = position - group[0].id + 1
            if 0 <= begin < len(group):
                found += group[begin : begin + limit - len(found)]
                position = found[-1].id
                if len(found) == limit:
                    break
        return found

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
        self._bytes = 0


def _bytes_of(group: list[Notification]) -> int:
    return sum([len(event.state) for event in group])


def _group(outcomes: _Outcomes) -> list[Notification]:
    """Return the events that the accepted commands of a group have appended."""
    return [
        Notification(originator_id=stream_id, originator_version=version, topic=topic, state=state, id=position)
        for entry, last in zip(outcomes.entries, outcomes.positions, strict=True)
        if last is not None
        for position, (stream_id, version, topic, state) in enumerate(
            zip(entry.ids, entry.versions, entry.topics, entry.states, strict=True), last - len(entry.ids) + 1
        )
    ]


def packed_page(after: int, rows: Sequence[Any]) -> PackedPage | None:
    """Return the page that `packed_feed` has found; None: no events."""
    if not rows:
        return None
    return PackedPage(
        after=after,
        position=rows[-1]["position"],
        events=sum(row["events"] for row in rows),
        states=[row["states"] for row in rows if row["states"] is not None],
    )


def _notifications(rows: Iterable[Any]) -> list[Notification]:
    return [
        Notification(originator_id=stream_id, originator_version=version, topic=topic, state=state, id=position)
        for stream_id, version, topic, state, position in rows
    ]


async def _positions(connection: Connection, entries: list[_Entry], seconds: float) -> dict[_Entry, int]:
    """Return the last positions of the commands that are durably in the log."""
    async with asyncio.timeout(seconds):
        rows = await connection.fetch(
            _STORED, [entry.ids[0] for entry in entries], [entry.versions[0] for entry in entries]
        )
        found = {
            entry: row["notification_id"] + len(entry.ids) - 1
            for entry, row in zip(entries, rows, strict=True)
            if row["state"] == entry.states[0]  # the state contains the command id
        }
        if found:
            await connection.execute(_PROVE)
    return found


def _report(outcomes: _Outcomes, late: dict[_Entry, int]) -> None:
    for number, (entry, position) in enumerate(zip(outcomes.entries, outcomes.positions, strict=True), 1):
        if position is not None:
            _succeed(entry, position)
        elif entry in late:
            _succeed(entry, late[entry])
        else:
            _fail(entry, _refusal(outcomes.refusals[str(number)]))


def _succeed(entry: _Entry, position: int) -> None:
    if not entry.done.done():
        entry.done.set_result(position)


def _fail(entry: _Entry, error: BaseException) -> None:
    if not entry.done.done():
        entry.done.set_exception(error)


def _give_up(entry: _Entry, error: Exception) -> None:
    """Fail a command. If it was sent on a lost connection, it may still be carried out."""
    outcomes = unavailable(error) or error
    if entry.sent_before and isinstance(outcomes, LogUnavailableError):
        outcomes = OutcomeUnknownError(str(outcomes), reason=outcomes.reason)
    _fail(entry, outcomes)


def _refusal(said: dict[str, Any]) -> Exception:
    build = _REFUSALS.get(said["refused"])
    return asyncpg.InternalServerError(f"unknown refusal {said['refused']!r}") if build is None else build(said)
