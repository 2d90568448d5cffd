"""Shared code of the embedded servers: child processes that end with this process, folder locks, waiting, ports.

A child is tied to the *thread* that started it: on Linux, the kernel signals the child when that thread ends for any
reason. So only the main thread starts children, and the child sets this signal after it has changed its user, because
a change of user resets it. On systems without this signal, the next start ends the processes that were left behind.
"""

import ctypes
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from adapters.embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"
LEFTOVERS_GONE_WITHIN = timedelta(seconds=20)

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded now: a child must load nothing between fork and exec
# Below the ephemeral ports of Linux and macOS, so that a remembered port is likely to stay free.
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a child runs as, if not its parent's user."""

    name: str
    uid: int
    gid: int


class FolderLock:
    """A lock on a folder, held by one process until it releases the lock or ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, folder: Path, *, name: str = "lock") -> Self:
        """Lock `folder` (created if it is missing) by an flock on the file `name` in it, without waiting."""
        make_folder(folder)
        path = folder / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedError(_not_writable(folder, error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise EmbeddedError(
                f"The folder {folder} is in use by another upwell dev (pid {holder}): "
                "stop the other one, or use another folder."
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise EmbeddedError(
                f"The folder {folder} cannot be locked ({error.strerror}): use a folder on a local disk."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Release the lock. A second call does nothing. The file stays, because two processes could lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Child:
    """A server started by this process, in a separate session, so that Ctrl-C reaches only this process."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = popen
        self.log = log

    @classmethod
    def start(
        cls,
        arguments: Sequence[str | Path],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        death_signal: signal.Signals,
        account: Account | None = None,
    ) -> Self:
        """Start a program in `folder`, with its output in `log` (the previous log becomes `.1`).

        `death_signal`: sent to the child when the calling thread, which must be the main thread, ends. The environment
        is not inherited, because an unknown variable could reconfigure the server.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "start embedded servers from the main thread: they end with the thread that started them"
            )
        if log.exists():
            log.chmod(0o600)
            log.replace(log.with_name(f"{log.name}.1"))
        private = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(log, private, 0o600), "wb") as output:
            popen = subprocess.Popen(  # noqa: S603 - the program is the wheel's own or the one found on PATH
                [*arguments],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_tie(death_signal, os.getpid()),  # noqa: PLW1509 - called on the main thread, takes no lock
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
            )
        return cls(popen, log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit status (negative: the signal that ended the process); None while it runs."""
        return self._popen.poll()

    def end(self, *steps: tuple[signal.Signals, timedelta]) -> None:
        """Send the signals and wait, step by step, until the process has ended; SIGKILL is the last step."""
        for number, patience in (*steps, (signal.SIGKILL, None)):
            if self._popen.poll() is not None:
                return
            self._popen.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(None if patience is None else patience.total_seconds())

    def check(self, name: str) -> None:
        """Raise `EmbeddedError` if the server has ended. `name`: of the server, for the sentence."""
        if self.returncode is not None:
            raise EmbeddedError(
                f"{name} has ended with status {self.returncode}: start again, nothing is lost; {self.complaint()}"
            )

    def complaint(self) -> str:
        """Return the path of the log and its last line, as the end of a sentence."""
        lines = self.log.read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        return f"its log is {self.log} and ends with: {last}"


def wait_until(condition: Callable[[], bool], within: timedelta) -> bool:
    """Return whether `condition` became true within that time. It is polled every 10 ms, and at least once."""
    deadline = time.monotonic() + within.total_seconds()
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def run_as(account: Account | None, *arguments: str | Path) -> str | None:
    """Return the output of a short program, or None if it failed or could not be executed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*arguments],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    except OSError:
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Create a folder with its parents if it is missing, and check that it is writable."""
    try:
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(_not_writable(folder, error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EmbeddedError(_not_writable(folder, PermissionError(13, "Permission denied")))


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically by one that only this user can read."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def await_leftovers(program: str, folder: Path, recorded: Path, death_signal: signal.Signals) -> None:
    """Wait until the children of a dead process have ended: each `program` that works in `folder`.

    Call this while holding the lock of the folder. `recorded`: the file with the pid of the last child. On
    platforms without a parent-death signal, that child is still running, and gets the signal now.
    """

    def remaining() -> list[int]:
        return processes_in(folder, program) if sys.platform == "linux" else _orphan(recorded, program)

    if sys.platform != "linux":
        for pid in remaining():
            os.kill(pid, death_signal)
    if not wait_until(lambda: not remaining(), LEFTOVERS_GONE_WITHIN):
        pids = ", ".join(str(pid) for pid in remaining())
        raise EmbeddedError(f"An earlier {program} still uses {folder}: stop the process (pid {pids}), then try again.")


def processes_in(folder: Path, program: str) -> list[int]:
    """Return the processes of that name whose working directory is `folder`: those of ours that /proc shows us."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):
            if (entry / "comm").read_text().strip() == program and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found


def is_free(port: int) -> bool:
    """Say whether a server could listen on that port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def pick_port(taken: Collection[int]) -> int:
    """Return a free port of the loopback address that is not among `taken`."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if port not in taken and is_free(port):
            return port
    raise EmbeddedError(
        f"No port from {_PORTS.start} to {_PORTS.stop} is free on {LOOPBACK}: free a few, then try again."
    )


def _tie(death_signal: signal.Signals, parent: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None

    def tie() -> None:
        if death_signal != signal.SIGKILL:
            signal.signal(death_signal, signal.SIG_DFL)  # a shell's `&` has us ignore SIGINT, and children inherit that
        if _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def _orphan(recorded: Path, program: str) -> list[int]:
    """Return the recorded child if it lives on without its starter. `ps` is asked: a pid alone may be anyone's."""
    try:
        pid = int(recorded.read_text())
    except (OSError, ValueError):
        return []
    parent, _, command = (run_as(None, "/bin/ps", "-o", "ppid=,comm=", "-p", str(pid)) or "").strip().partition(" ")
    return [pid] if parent == "1" and Path(command.strip()).name == program else []


def _not_writable(folder: Path, error: OSError) -> str:
    return f"The folder {folder} cannot be written ({error.strerror}): make it writable for this user, or name another."
