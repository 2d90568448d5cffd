import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.embedded import process
from adapters.embedded.errors import EmbeddedError
from adapters.embedded.process import (
    Child,
    FolderLock,
    await_leftovers,
    is_free,
    make_folder,
    pick_port,
    processes_in,
    run_as,
    wait_until,
    write_private,
)

LONG = timedelta(seconds=10)
ENVIRONMENT = {"PATH": os.defpath}
STUBBORN = "trap '' INT TERM; echo ready; while :; do sleep 0.01; done"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    children = []

    def shell(script: str) -> Child:
        child = Child.start(
            ["/bin/sh", "-c", script],
            folder=tmp_path,
            environment=ENVIRONMENT,
            log=tmp_path / "log",
            death_signal=signal.SIGKILL,
        )
        children.append(child)
        return child

    yield shell
    for child in children:
        child.end()


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with (
        FolderLock.acquire(tmp_path / "new" / "folder"),
        pytest.raises(EmbeddedError, match=rf"in use by another upwell dev \(pid {os.getpid()}\): stop the other one"),
    ):
        FolderLock.acquire(tmp_path / "new" / "folder")
    FolderLock.acquire(tmp_path / "new" / "folder").release()


def test_releasing_a_folder_twice_is_nothing_special(tmp_path: Path) -> None:
    lock = FolderLock.acquire(tmp_path)
    lock.release()
    lock.release()


def test_a_folder_may_be_held_under_two_names(tmp_path: Path) -> None:
    with FolderLock.acquire(tmp_path), FolderLock.acquire(tmp_path, name="another.lock"):
        pass


def test_a_folder_whose_holder_died_is_free(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from adapters.embedded.process import FolderLock\n"
        "lock = FolderLock.acquire(Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    subprocess.run(command, cwd=Path(process.__file__).parents[2], check=False)
    assert (tmp_path / "lock").read_text().strip().isdecimal()
    FolderLock.acquire(tmp_path).release()


def test_a_child_does_not_hold_what_its_parent_released(tmp_path: Path, start: Callable[[str], Child]) -> None:
    lock = FolderLock.acquire(tmp_path)
    start("sleep 100")
    lock.release()
    FolderLock.acquire(tmp_path).release()


def test_a_file_where_the_folder_should_be_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="cannot be written"):
        make_folder(tmp_path / "file" / "folder")


def test_a_private_file_is_for_its_owner_only_and_replaces_the_last(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "first")
    write_private(tmp_path / "secret", "second")
    assert (tmp_path / "secret").read_text() == "second"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_condition_is_asked_at_least_once() -> None:
    assert wait_until(lambda: True, timedelta(0))
    assert not wait_until(lambda: False, timedelta(0))


def test_a_port_that_something_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_picked_port_is_free_and_not_among_the_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    free = pick_port(())
    monkeypatch.setattr(process, "_PORTS", range(free, free + 1))
    assert pick_port(()) == free
    with pytest.raises(EmbeddedError, match="No port"):
        pick_port({free})


def test_a_child_runs_in_a_session_of_its_own(start: Callable[[str], Child]) -> None:
    child = start("sleep 100")
    assert os.getsid(child.pid) == child.pid
    assert child.returncode is None
    child.end()
    child.end()
    assert wait_until(lambda: child.returncode == -signal.SIGKILL, timedelta(0))


def test_a_child_that_ignores_its_signal_is_killed_in_the_end(start: Callable[[str], Child]) -> None:
    child = start(STUBBORN)
    assert wait_until(lambda: "ready" in child.log.read_text(), LONG)
    child.end((signal.SIGINT, timedelta(milliseconds=50)), (signal.SIGTERM, timedelta(milliseconds=50)))
    assert child.returncode == -signal.SIGKILL


def test_a_child_reports_its_last_output_and_the_previous_log_is_kept(
    tmp_path: Path, start: Callable[[str], Child]
) -> None:
    first = start("echo first")
    assert wait_until(lambda: first.returncode == 0, LONG)
    child = start("echo hello; echo 'cannot go on' >&2; echo; exit 3")
    assert wait_until(lambda: child.returncode == 3, LONG)
    assert child.complaint() == f"its log is {tmp_path / 'log'} and ends with: cannot go on"
    assert (tmp_path / "log.1").read_text() == "first\n"


def test_its_logs_are_for_their_owner_only(tmp_path: Path, start: Callable[[str], Child]) -> None:
    (tmp_path / "log").touch()
    (tmp_path / "log").chmod(0o644)
    umask = os.umask(0)
    try:
        start("echo hello")
    finally:
        os.umask(umask)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {"log": 0o600, "log.1": 0o600}


def test_a_child_sees_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, start: Callable[[str], Child]
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    child = start("echo port: $PGPORT")
    assert wait_until(lambda: child.returncode == 0, LONG)
    assert child.log.read_text() == "port:\n"


def test_starting_a_child_from_another_thread_is_a_mistake(start: Callable[[str], Child]) -> None:
    mistakes = []

    def run() -> None:
        with pytest.raises(RuntimeError, match="main thread") as caught:
            start("sleep 100")
        mistakes.append(caught)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(mistakes) == 1


def test_a_program_that_fails_or_is_missing_prints_nothing(tmp_path: Path) -> None:
    assert run_as(None, "/bin/sh", "-c", "echo yes") == "yes\n"
    assert run_as(None, "/bin/sh", "-c", "echo yes; exit 1") is None
    assert run_as(None, tmp_path / "missing") is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_leftovers_are_found_by_name_and_working_directory(tmp_path: Path, start: Callable[[str], Child]) -> None:
    child = start("exec sleep 100")
    assert wait_until(lambda: processes_in(tmp_path, "sleep") == [child.pid], LONG)
    assert processes_in(tmp_path, "weed") == []
    assert processes_in(tmp_path.parent, "sleep") == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_leftovers_that_stay_are_named(
    tmp_path: Path, start: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LEFTOVERS_GONE_WITHIN", timedelta(0))
    child = start("exec sleep 100")
    assert wait_until(lambda: processes_in(tmp_path, "sleep") == [child.pid], LONG)
    with pytest.raises(EmbeddedError, match=rf"An earlier sleep still uses .*\(pid {child.pid}\)"):
        await_leftovers("sleep", tmp_path, tmp_path / "pid", signal.SIGKILL)


def test_without_a_parent_death_signal_the_recorded_orphan_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS."""
    orphan_of_a_shell = subprocess.run(
        ["/bin/sh", "-c", "sleep 100 >/dev/null 2>&1 & echo $!"], check=True, capture_output=True, text=True
    )
    pid = int(orphan_of_a_shell.stdout)
    (tmp_path / "pid").write_text(f"{pid}\n")
    monkeypatch.setattr(sys, "platform", "darwin")
    if process._orphan(tmp_path / "pid", "sleep") != [pid]:
        os.kill(pid, signal.SIGKILL)
        pytest.skip("orphans have another parent than 1 here, or there is no ps")
    assert process._orphan(tmp_path / "pid", "weed") == []
    await_leftovers("sleep", tmp_path, tmp_path / "pid", signal.SIGKILL)
    assert process._orphan(tmp_path / "pid", "sleep") == []
    assert process._orphan(tmp_path / "missing", "sleep") == []
