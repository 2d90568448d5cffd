"""Events as files, read back and by DuckDB, despite killed processes."""

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import duckdb
import pytest
import structlog

from adapters.postgres.database.connecting import connect
from application.ports.events.event_log import EventLog
from entrypoints.cli import exporting
from entrypoints.cli.errors import UnusableError
from entrypoints.cli.exporting import Export, export
from tests.acceptance.cli.test_command_line import run
from tests.conftest import Database
from tests.contract._log import Account, open_account, postgres_kit

ALL = Export(form="jsonl", after=0, types=())
FORMS = ["jsonl", "parquet"]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def variables(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    monkeypatch.setenv("UPWELL_DATABASE_URL", database.url)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield {"UPWELL_DATABASE_URL": database.url}
    structlog.reset_defaults()  # commands configure both, for a separate process
    root.handlers[:] = handlers
    root.setLevel(level)


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[tuple[EventLog, Account]]:
    async with postgres_kit(database.url) as kit:
        yield kit.log, await open_account(kit.log)


async def fill(log: EventLog, account: Account, count: int) -> None:
    """Complete uploads, one every five hours."""
    for _ in range(count):
        await account.complete(log, into_object=True)
        account.clock.advance(timedelta(hours=5))


async def exported(folder: Path, wanted: Export) -> None:
    await anyio.to_thread.run_sync(export, folder, wanted)


def files(folder: Path) -> dict[Path, bytes]:
    """Return the content of the files."""
    return {path: path.read_bytes() for path in folder.glob("date=*/*")}


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the events of all files, in the order of positions."""
    found = [json.loads(line) for content in files(folder).values() for line in content.splitlines()]
    return sorted(found, key=lambda event: int(event["id"]))


def ids(folder: Path, form: str) -> list[int]:
    """Return the positions in all files, as DuckDB reads them."""
    with duckdb.connect() as connection:
        reading = {"jsonl": f"read_json('{folder}/*/*.jsonl')", "parquet": f"read_parquet('{folder}/*/*.parquet')"}
        rows = connection.execute(f"SELECT id::BIGINT FROM {reading[form]} ORDER BY 1").fetchall()  # noqa: S608  # our names
    return [row[0] for row in rows]


@pytest.mark.usefixtures("variables")
async def test_events_are_written_by_day_as_subscribers_receive_them(tmp_path: Path, database: Database) -> None:
    async with writing(database) as (log, account):
        await fill(log, account, 7)
        stored = await log.read_feed(after=0, limit=1000)
        await exported(tmp_path, ALL)
    found = lines(tmp_path)
    assert [int(event["id"]) for event in found] == [each.id for each in stored]
    assert [event["type"] for event in found] == [each.topic for each in stored]
    days = {path.parent.name.removeprefix("date="): content.decode() for path, content in files(tmp_path).items()}
    assert len(days) == 2
    for day, content in days.items():
        assert {json.loads(line)["time"][:10] for line in content.splitlines()} == {day}
    assert b"key_hash" in b"".join(each.state for each in stored)
    assert "key_hash" not in json.dumps(found)


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("form", FORMS)
async def test_a_later_run_adds_what_has_come_and_leaves_what_is_there(
    tmp_path: Path,
    database: Database,
    form: Any,  # noqa: ANN401  # one of two words
) -> None:
    wanted = Export(form=form, after=2, types=("upload.*",))
    async with writing(database) as (log, account):
        await fill(log, account, 3)
        await exported(tmp_path, wanted)
        before = files(tmp_path)
        await exported(tmp_path, wanted)
        assert files(tmp_path) == before
        await fill(log, account, 3)
        await exported(tmp_path, wanted)
        stored = await log.read_feed(after=0, limit=1000)
    assert before.items() < files(tmp_path).items()
    assert ids(tmp_path, form) == [each.id for each in stored if each.topic.startswith("upload.")]


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("form", FORMS)
async def test_duckdb_reads_it_as_it_is(tmp_path: Path, database: Database, form: Any) -> None:  # noqa: ANN401  # the same
    async with writing(database) as (log, account):
        await fill(log, account, 7)
        await exported(tmp_path, Export(form=form, after=0, types=()))
    reader = {"jsonl": "read_json", "parquet": "read_parquet"}[form]
    source = f"{reader}('{tmp_path}/**/*.{form}', hive_partitioning=true)"
    with duckdb.connect() as connection:
        counted = connection.execute(f"SELECT type, count(*) FROM {source} GROUP BY type").fetchall()  # noqa: S608  # our names
        days = connection.execute(
            f"SELECT date::VARCHAR, count(*) FROM {source} WHERE type = 'upload.completed.v1'"  # noqa: S608  # the same
            " AND date = time::DATE GROUP BY 1 ORDER BY 1"
        ).fetchall()
        sizes = connection.execute(
            f"SELECT sum((data::JSON ->> '$.accepted_bytes')::BIGINT) FROM {source} WHERE type = 'upload.completed.v1'"  # noqa: S608  # the same
        ).fetchone()
    assert dict(counted)["upload.completed.v1"] == dict(counted)["object.created.v1"] == 7
    assert [count for _, count in days] == [5, 2]
    assert sizes == (700,)


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("form", FORMS)
async def test_what_is_killed_at_any_time_is_taken_up_and_no_event_is_written_twice(
    tmp_path: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    form: Any,  # noqa: ANN401  # the same
) -> None:
    monkeypatch.setattr(exporting, "PORTION", 12)
    monkeypatch.setattr(exporting, "_PAGE", 5)
    wanted = Export(form=form, after=0, types=())
    places = kills()
    monkeypatch.setattr(exporting, "_put", dying(exporting._put, places))
    async with writing(database) as (log, account):
        await fill(log, account, 6)
        deaths = 0
        while True:
            try:
                await exported(tmp_path, wanted)
            except Killed:
                deaths += 1
                await fill(log, account, deaths % 2)  # events that arrive meanwhile are in the repeated portion
            else:
                break
        stored = await log.read_feed(after=0, limit=1000)
    assert deaths > 6
    assert ids(tmp_path, form) == [each.id for each in stored]


def kills() -> Iterator[str]:
    """Return where each process dies: before a file is written, after it, or later."""
    for _ in range(4):
        yield from ("after", "lives", "before", "lives", "lives", "after")
    while True:
        yield "lives"


def dying(put: Any, places: Iterator[str]) -> Any:  # noqa: ANN401  # a function of two arguments
    def put_or_die(path: Path, content: bytes) -> None:
        place = next(places)
        if place == "before":
            path.parent.mkdir(exist_ok=True)
            path.with_name(f".{path.name}.tmp").write_bytes(content[:10])
            raise Killed
        put(path, content)
        if place == "after":
            raise Killed

    return put_or_die


# an export in small portions that kills itself when it makes its n-th file durable
_DYING = """
import os, signal, sys
from entrypoints.cli.main import main
from entrypoints.cli import exporting

exporting.PORTION, exporting._PAGE = 12, 5
left, sync = int(sys.argv.pop(1)), os.fsync

def sync_or_die(descriptor):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(descriptor)

os.fsync = sync_or_die
main()
"""


@pytest.mark.parametrize("form", FORMS)
async def test_after_kill_9_there_are_only_whole_files_and_the_next_run_leaves_no_gap(
    tmp_path: Path, database: Database, variables: dict[str, str], form: str
) -> None:
    folder = tmp_path / "events"
    deaths = [1, 2, 5, 6, 9]
    async with writing(database) as (log, account):
        await fill(log, account, 9)
        for left in [*deaths, 0]:
            done = await anyio.run_process(
                [sys.executable, "-c", _DYING, str(left), "events", "export", "--to", str(folder), "--format", form],
                env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(sys.path)},
                check=False,
            )
            assert done.returncode == (-signal.SIGKILL if left else 0), done.stderr
            if files(folder):
                found = ids(folder, form)
                assert len(set(found)) == len(found)
            if left:
                await fill(log, account, left % 2)
        stored = await log.read_feed(after=0, limit=1000)
    assert ids(folder, form) == [each.id for each in stored]


@pytest.mark.usefixtures("variables")
async def test_a_folder_keeps_to_its_options_and_to_one_run(tmp_path: Path, database: Database) -> None:
    async with writing(database):
        await exported(tmp_path, ALL)
        with pytest.raises(UnusableError, match="--format jsonl --after 0"):
            await exported(tmp_path, Export(form="jsonl", after=7, types=()))
        with (tmp_path / ".upwell-export.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(UnusableError, match="Another"):
                await exported(tmp_path, ALL)
        (tmp_path / ".upwell-export.json").write_text("{}")
        with pytest.raises(UnusableError, match="does not hold"):
            await exported(tmp_path, ALL)


async def test_the_command_reports_its_progress(tmp_path: Path, database: Database, variables: dict[str, str]) -> None:
    async with writing(database) as (log, _):
        head = await log.head()
    ran = await run("events", "export", "--to", "out/events", folder=tmp_path, variables=variables)
    assert (ran.code, ran.out, ran.err) == (0, f"{head} events, up to position {head}\n", "")
    again = await run("events", "export", "--to", "out/events", folder=tmp_path, variables=variables)
    assert (again.code, again.out) == (0, f"0 events, up to position {head}\n")
    (tmp_path / "file").write_text("")
    lost = await run("events", "export", "--to", "file/events", folder=tmp_path, variables=variables)
    assert (lost.code, lost.err) == (1, "upwell: file/events cannot be written: Not a directory.\n")


async def test_without_pyarrow_there_is_no_parquet_and_a_message(tmp_path: Path, variables: dict[str, str]) -> None:
    without = "import sys; sys.modules['pyarrow'] = None; from entrypoints.cli.main import main; main()"
    done = await anyio.run_process(
        [sys.executable, "-c", without, "events", "export", "--to", str(tmp_path), "--format", "parquet"],
        env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 2
    assert b"uv sync --extra parquet" in done.stderr


async def test_subscriptions_are_listed_with_their_lag(
    tmp_path: Path, database: Database, variables: dict[str, str]
) -> None:
    async with writing(database) as (log, _):
        head = await log.head()
        command = ("events", "subscriptions", "--json")
        assert (await run(*command, folder=tmp_path, variables=variables)).json == []
        owner = await connect(database.owner_url, role=None)
        await owner.execute("INSERT INTO upwell.subscriptions VALUES ('mine', 1, NULL, NULL, now())")
        await owner.close()
        (listed,) = (await run(*command, folder=tmp_path, variables=variables)).json
        assert listed == {"name": "mine", "position": 1, "lag_events": head - 1, "leased_until": None}
        ran = await run("events", "subscriptions", folder=tmp_path, variables=variables)
        assert ran.out.split() == ["mine", "1", str(head - 1), "-"]


async def test_figures_are_rebuilt_on_command(tmp_path: Path, database: Database) -> None:
    owner = await connect(database.owner_url, role=None)
    await owner.execute("INSERT INTO upwell.subscriptions VALUES ('analytics.v2', 9, NULL, NULL, now())")
    ran = await run(
        "analytics", "rebuild", folder=tmp_path, variables={"UPWELL_DATABASE_OWNER_URL": database.owner_url}
    )
    assert (ran.code, ran.err) == (0, "")
    assert await owner.fetchval("SELECT count(*) FROM upwell.subscriptions") == 0
    await owner.close()
