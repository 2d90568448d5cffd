"""Reading the log itself, with the operator's own access to the database: an upload's history, and what happens now."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from fnmatch import fnmatchcase
from typing import Any

import asyncpg
import click
import msgspec

from adapters.postgres.connecting import CONNECTION_ERRORS, Pool, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.listening import Listener
from adapters.postgres.subscriptions import PostgresSubscriptions
from application.ports.event_log import LogUnavailableError, Notification, StoredEvent, check_position
from domain.refusals import PositionBeyondEndError
from entrypoints.client.errors import UnusableError
from entrypoints.client.output import emit, printable
from entrypoints.client.target import ENV_FILE, known_variables
from entrypoints.logs import configure_logs
from entrypoints.settings import SettingError, Settings

_PAGE = 1000
_LOOK_SECONDS = 0.5
_ORDERLY = frozenset({"type", "origin", "upload_id", "due_at", "forget_at"})
_NESTED = {
    "request": ("filename", "content_type", "declared_size_bytes", "declared_sha256", "blob_property", "expires_at"),
    "content": ("size_bytes", "sha256", "etag", "note"),
    "claimed": ("size_bytes", "policy"),
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which events. `after` None: from the log's end when it is followed, otherwise from its start."""

    after: int | None
    types: tuple[str, ...]
    follow: bool

    def has(self, tag: str) -> bool:
        """Return whether a tag is one of those: patterns may leave its version out."""
        plain = re.sub(r"\.v\d+$", "", tag)
        return not self.types or any(fnmatchcase(tag, kind) or fnmatchcase(plain, kind) for kind in self.types)


def tail(wanted: Wanted, *, as_json: bool) -> None:
    """Print events as they are appended, until nobody reads or the user interrupts."""
    known = known_database()
    with reading():
        asyncio.run(_tail(known, wanted, as_json=as_json))


def show_subscriptions(*, as_json: bool) -> None:
    """Print each subscription: its name, position, how many events it lacks, and until when its lease lasts."""
    known = known_database()
    with reading():
        asyncio.run(_show_subscriptions(known, as_json=as_json))


def known_database() -> dict[str, str]:
    """Return the variables that are known; refuse to go on without the database's."""
    known = known_variables()
    if not known.get("UPWELL_DATABASE_URL"):
        raise UnusableError(
            f"UPWELL_DATABASE_URL is not set, and there is no {ENV_FILE} here or in a folder above that says it: the"
            " events are read from the database.",
            "not_configured",
        )
    return known


async def history_of(known: Mapping[str, str], stream_id: str) -> list[dict[str, Any]]:
    """Return a stream's events in order, each with its version, time, tag, actor and the facts worth seeing."""
    async with open_log(known) as (log, _, _):
        return [_recorded(event) for event in await log.read_stream(stream_id)]


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the database says into a sentence."""
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
        records = await PostgresSubscriptions(pool).subscriptions()  # before the head: nobody is ahead of it
        head = await log.head()
    for record in records:
        lag, until = head - record.position, record.leased_until
        if as_json:
            told = {"name": record.name, "position": record.position, "lag_events": lag, "leased_until": until}
            line = msgspec.json.encode(told).decode()
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
    """Tell when the database goes, and when it is back: between, nothing can be printed."""
    connected = True
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if listener.connected != connected:
            connected = listener.connected
            told = "PostgreSQL is back" if connected else "PostgreSQL is gone; waiting for it"
            click.echo(f"upwell: {told}", err=True)


def _line(notification: Notification, *, as_json: bool) -> str:
    event = msgspec.json.decode(notification.state)
    if as_json:
        return msgspec.json.encode(
            {
                "position": notification.id,
                "originator_id": notification.originator_id,
                "originator_version": notification.originator_version,
                "tag": notification.topic,
                "event": event,
            }
        ).decode()
    origin = event.get("origin") or {}
    ids = [origin.get("bucket_id"), *(event.get(name) for name in ("object_id", "duplicate_of", "original_upload_id"))]
    named = [name for name in dict.fromkeys(ids) if name and name != notification.originator_id]
    cells = (str(notification.id), str(origin.get("at")), notification.topic, notification.originator_id, *named)
    return "\t".join(map(printable, cells))


def _recorded(stored: StoredEvent) -> dict[str, Any]:
    event = msgspec.json.decode(stored.state)
    origin = event.get("origin") or {}
    facts = {name: value for name, value in event.items() if name not in _ORDERLY and not isinstance(value, dict)}
    for name, inner in _NESTED.items():
        within = event.get(name) or {}
        facts |= {key: within[key] for key in inner if key in within}
    return {
        "version": stored.originator_version,
        "at": origin.get("at"),
        "tag": stored.topic,
        "actor_id": origin.get("actor_id"),
        "facts": {name: value for name, value in facts.items() if value is not None},
    }
