"""Reads the log with the operator's access to the database: the history of an upload, and new events."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import msgspec

from adapters.postgres.database.connecting import CONNECTION_ERRORS, Pool, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from application.ports.events.event_log import LogUnavailableError, Notification, check_position
from domain.refusals import PositionBeyondEndError
from entrypoints.cli.errors import UnusableError
from entrypoints.cli.output import emit, json_of, note, printable
from entrypoints.cli.showing import Wanted, line_of, recorded
from entrypoints.cli.target import ENV_FILE, known_variables
from entrypoints.observability.logs import configure_logs
from entrypoints.settings import SettingError, Settings

_PAGE = 1000
_LOOK_SECONDS = 0.5


def tail(known: Mapping[str, str], wanted: Wanted, *, as_json: bool) -> None:
    """Print events as they are appended, until the pipe closes or the user interrupts."""
    with reading():
        asyncio.run(_tail(known, wanted, as_json=as_json))


def show_subscriptions(*, as_json: bool) -> None:
    """Print each subscription: name, position, number of missing events, end of the lease."""
    known = known_database()
    with reading():
        asyncio.run(_show_subscriptions(known, as_json=as_json))


def known_database() -> dict[str, str]:
    """Return the known variables; raise an error without the database's."""
    known = known_variables()
    if not known.get("UPWELL_DATABASE_URL"):
        raise UnusableError(
            f"UPWELL_DATABASE_URL is not set, and there is no {ENV_FILE} here or in a folder above with it: the"
            " events are read from the database.",
            "not_configured",
        )
    return known


async def history_of(known: Mapping[str, str], stream_id: str) -> list[dict[str, Any]]:
    """Return a stream's events in order, each with its version, time, tag, actor and main facts."""
    async with open_log(known) as (log, _, _):
        stored = await log.read_stream(stream_id)
        return [recorded(each.topic, msgspec.json.decode(each.state), each.originator_version) for each in stored]


@contextmanager
def reading() -> Iterator[None]:
    """Turn errors of the database into a sentence."""
    configure_logs("console", "error")
    try:
        yield
    except SettingError as error:
        raise UnusableError(str(error), "not_configured") from error
    except PositionBeyondEndError as error:
        raise UnusableError(error.message, error.code) from error
    except (LogUnavailableError, *CONNECTION_ERRORS) as error:
        reason = error.__cause__ if isinstance(error, LogUnavailableError) else error
        raise UnusableError(
            f"PostgreSQL cannot be reached: {str(reason).strip() or type(reason).__name__}", "unreachable"
        ) from error
    except asyncpg.PostgresError as error:
        raise UnusableError(f"PostgreSQL refuses: {error}", "database_refused") from error


@asynccontextmanager
async def open_log(known: Mapping[str, str]) -> AsyncIterator[tuple[PostgresEventLog, Listener, Pool]]:
    """Open the log for reading."""
    url = Settings({"UPWELL_DATABASE_URL": known["UPWELL_DATABASE_URL"]}).database_url
    pool = await open_pool(url, size=1)
    try:
        listener = Listener(url)
        yield PostgresEventLog(url, pool, listener), listener, pool
    finally:
        pool.terminate()


async def _tail(known: Mapping[str, str], wanted: Wanted, *, as_json: bool) -> None:
    async with open_log(known) as (log, listener, _):
        after = wanted.after
        if after is None:
            after = await log.head() if wanted.follow else 0
        if not wanted.follow:
            await _print_all(log, after, wanted, as_json=as_json)
            return
        async with listener.running():
            watching = asyncio.create_task(_watch(listener))
            try:
                async with aclosing(log.tail(after=after)) as news:
                    async for notification in news:
                        if wanted.has(notification.topic) and not emit(_line(notification, as_json=as_json)):
                            return
            finally:
                watching.cancel()


async def _show_subscriptions(known: Mapping[str, str], *, as_json: bool) -> None:
    async with open_log(known) as (log, _, pool):
        records = await PostgresSubscriptions(pool).subscriptions()  # before the head: no position is ahead of it
        head = await log.head()
    for record in records:
        lag, until = head - record.position, record.leased_until
        if as_json:
            values = {"name": record.name, "position": record.position, "lag_events": lag, "leased_until": until}
            line = json_of(values)
        else:
            cells = (record.name, str(record.position), str(lag), "-" if until is None else until.isoformat())
            line = "\t".join(map(printable, cells))
        if not emit(line):
            return


async def _print_all(log: PostgresEventLog, after: int, wanted: Wanted, *, as_json: bool) -> None:
    last = await log.head()
    check_position(after, last)
    while after < last:
        page: Sequence[Notification] = await log.read_feed(after=after, limit=_PAGE)
        for notification in page:
            after = notification.id
            if after > last:
                return
            if wanted.has(notification.topic) and not emit(_line(notification, as_json=as_json)):
                return


async def _watch(listener: Listener) -> None:
    """Report when the database becomes unreachable, and when it is back: no events are printed in between."""
    connected = True
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if listener.connected != connected:
            connected = listener.connected
            values = "PostgreSQL is back" if connected else "PostgreSQL is unreachable; waiting for it"
            note(values)


def _line(notification: Notification, *, as_json: bool) -> str:
    event = msgspec.json.decode(notification.state)
    return line_of(
        notification.topic,
        event,
        position=notification.id,
        stream_id=notification.originator_id,
        version=notification.originator_version,
        as_json=as_json,
    )
