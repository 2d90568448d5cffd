"""Events as files, partitioned by day, each event exactly once, even after kills and repeated runs.

Theory of operation. The folder's state has the position up to which events are in its files. A run continues from there
in portions: for each portion, it writes one file per day, named after its first event, and then the state. A kill
between the two leaves files that the state does not cover. The next run begins at the same position, so its files have
the same names, contain at least the same events, and replace them. Files appear complete, because they are renamed.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final, Literal

import click
import msgspec

from application.ports.events.event_log import Notification, check_position
from domain.events.cloud_events import CloudEvent, envelope, origin_of
from domain.events.registry import BY_TAG
from entrypoints.cli.errors import ClientError, UnusableError
from entrypoints.cli.reading import known_database, open_log, reading
from entrypoints.cli.showing import Wanted

PORTION: Final = 50_000
_PAGE: Final = 5_000
_STATE: Final = ".upwell-export.json"
_LOCK: Final = ".upwell-export.lock"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The exported events. `types`: patterns of tags; empty: all events."""

    form: Literal["jsonl", "parquet"]
    after: int
    types: tuple[str, ...]


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """The stored state of a folder. `position`: events up to it are in the files."""

    export: Export
    position: int


def export(folder: Path, wanted: Export) -> None:
    """Add new events to the files in a folder, and report their number."""
    if wanted.form == "parquet":
        _pyarrow()
    known = known_database()
    with _filing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with reading(), _only_one(folder):
        state = _state_of(folder, wanted)
        events, position = asyncio.run(_export(known, folder, state))
    click.echo(f"{events} events, up to position {position}")


async def _export(known: Mapping[str, str], folder: Path, state: _State) -> tuple[int, int]:
    count = 0
    async with open_log(known) as (log, _, _):
        head = await log.head()
        check_position(state.position, head)
        while state.position < head:
            read: list[Notification] = []
            position = state.position
            while position < head and len(read) < PORTION:
                page = await log.read_feed(after=position, limit=_PAGE)
                read += [notification for notification in page if notification.id <= head]
                position = read[-1].id
            new_events = _envelopes(read, state.export)
            _write(folder, new_events, state.export.form)
            state = msgspec.structs.replace(state, position=position)
            _put(folder / _STATE, msgspec.json.encode(state))
            count += len(new_events)
    return count, state.position


def _envelopes(read: Sequence[Notification], wanted: Export) -> list[CloudEvent]:
    chosen = Wanted(after=None, types=wanted.types, follow=False)
    new_events = []
    for each in read:
        origin = origin_of(each.state) if each.topic in BY_TAG and chosen.has(each.topic) else None
        if origin is not None:
            new_events.append(envelope(each.id, each.originator_id, each.topic, each.state, origin))
    return new_events


def _write(folder: Path, new_events: Sequence[CloudEvent], form: Literal["jsonl", "parquet"]) -> None:
    days: dict[str, list[CloudEvent]] = {}
    for event in new_events:
        days.setdefault(event.time.astimezone(UTC).date().isoformat(), []).append(event)
    for day, events in days.items():
        place = folder / f"date={day}"
        content = _parquet(events) if form == "parquet" else msgspec.json.Encoder().encode_lines(events)
        _put(place / f"{int(events[0].id):018d}.{form}", content)


def _parquet(events: Sequence[CloudEvent]) -> memoryview:
    pa, pq = _pyarrow()
    text = pa.string()
    fields: dict[str, tuple[Any, list[Any]]] = {
        "id": (pa.int64(), [int(event.id) for event in events]),
        "type": (text, [event.type for event in events]),
        "subject": (text, [event.subject for event in events]),
        "time": (pa.timestamp("us", tz="UTC"), [event.time for event in events]),
        "source": (text, [event.source for event in events]),
        "actorid": (text, [event.actorid for event in events]),
        "namespaceid": (text, [event.namespaceid for event in events]),
        "bucketid": (text, [event.bucketid for event in events]),
        "data": (text, [bytes(event.data).decode() for event in events]),
    }
    table = pa.table({name: pa.array(values, type=kind) for name, (kind, values) in fields.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return memoryview(sink.getvalue())


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra
        import pyarrow.parquet as pq  # noqa: PLC0415  # the same
    except ImportError as error:
        raise UnusableError(
            "Parquet files are written by pyarrow, which is not installed: install Upwell with its extra 'parquet'"
            " (uv sync --extra parquet), or use --format jsonl.",
            "not_installed",
        ) from error
    return pa, pq


def _state_of(folder: Path, wanted: Export) -> _State:
    """Return the folder's state; for a new folder, store the options."""
    path = folder / _STATE
    try:
        state = msgspec.json.decode(path.read_bytes(), type=_State)
    except FileNotFoundError:
        state = _State(export=wanted, position=wanted.after)
        _put(path, msgspec.json.encode(state))
    except msgspec.MsgspecError as error:
        raise UnusableError(f"{path} does not hold what 'upwell events export' writes.", "not_usable") from error
    if state.export != wanted:
        raise UnusableError(
            f"{folder} holds an export with other options: {_options(state.export)}. Use these, or another folder.",
            "other_export",
        )
    return state


def _options(wanted: Export) -> str:
    types = f" --types {','.join(wanted.types)}" if wanted.types else ""
    return f"--format {wanted.form} --after {wanted.after}{types}"


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Lock the folder against other runs."""
    with _filing(folder):
        lock = (folder / _LOCK).open("wb")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnusableError(f"Another 'upwell events export' writes to {folder}.", "in_use") from None
        yield


@contextlib.contextmanager
def _filing(path: Path) -> Iterator[None]:
    """Translate errors of the file system into a sentence."""
    try:
        yield
    except OSError as error:
        raise ClientError(f"{path} cannot be written: {error.strerror}.", "not_writable") from error


def _put(path: Path, content: bytes | memoryview) -> None:
    """Write a file atomically, so that even after a power cut it is either complete or unchanged."""
    begun = path.with_name(f".{path.name}.tmp")
    with _filing(path):
        path.parent.mkdir(exist_ok=True)
        with begun.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        begun.replace(path)
        for folder in (path.parent, path.parent.parent):  # the day's folder may be new
            _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
