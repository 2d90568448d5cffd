"""PostgreSQL clusters of a test's own: with a standby, on a small disk, of another version, asking for passwords."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from adapters.embedded.postgres_binaries import choose_account, find_binaries
from adapters.embedded.process import Child, wait_until
from tests.disks import quick_folder

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
_FAST = (signal.SIGINT, timedelta(seconds=30))


class Cluster:
    """A cluster in a folder. It listens on a socket in that folder, and on `port` of loopback if there is one."""

    def __init__(self, folder: Path, binaries: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = port
        self._binaries = binaries
        self._account = choose_account()
        self._child: Child | None = None
        self._settings: dict[str, str] = {}

    def make(self) -> None:
        """Make an empty cluster."""
        self._run("initdb", "-D", self.data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")

    def copy(self, primary: "Cluster") -> None:
        """Make a standby of a cluster that runs."""
        host = ("-h", str(primary.folder))
        self._run("pg_basebackup", "-D", self.data, *host, "-U", "postgres", "-R", "--checkpoint=fast")

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start it, with these settings from now on, and return when it accepts connections."""
        self._settings |= settings or {}
        own = {
            "listen_addresses": "" if self.port is None else "127.0.0.1",
            "port": "5432" if self.port is None else str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
        }
        self._child = Child.start(
            [
                self._binaries / "postgres",
                *("-D", self.data),
                *(f"--{name}={value}" for name, value in (own | self._settings).items()),
            ],
            folder=Path("/"),
            environment=ENVIRONMENT,
            log=self.folder.with_name(f"{self.folder.name}.log"),
            death_signal=signal.SIGQUIT,
            account=self._account,
        )
        child = self._child
        if not wait_until(lambda: child.returncode is not None or self._is_ready(), timedelta(seconds=60)):
            raise TimeoutError(child.complaint())
        if child.returncode is not None:
            raise RuntimeError(child.complaint())

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it, in order or immediately."""
        if self._child is not None:
            self._child.end((signal.SIGQUIT, timedelta(seconds=10)) if at_once else _FAST)
            self._child = None

    def promote(self) -> None:
        """Let a standby lead."""
        self._run("pg_ctl", "promote", "-D", self.data)

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return the URI that leads to it by its socket."""
        port = "5432" if self.port is None else self.port
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}&port={port}"

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() in {"ready", "standby"}  # its 8th line

    def _run(self, program: str, *arguments: str | Path) -> None:
        account = self._account
        subprocess.run(  # a program of PostgreSQL
            [self._binaries / program, *arguments],
            cwd="/",
            env=ENVIRONMENT,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            check=True,
            capture_output=True,
        )


@contextmanager
def cluster(*, binaries: Path | None = None, port: int | None = None) -> Iterator[Cluster]:
    """A cluster with a separate folder, which is removed afterwards. It is neither created nor started."""
    account = choose_account()
    folder = quick_folder("upwell-pg-")  # sockets need a short path
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    made = Cluster(folder, binaries or find_binaries(account).folder, port=port)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
        for log in folder.parent.glob(f"{folder.name}.log*"):
            log.unlink()


@contextmanager
def running_cluster(settings: Mapping[str, str] | None = None, **options: Path | int | None) -> Iterator[Cluster]:
    """A cluster that runs."""
    with cluster(**options) as made:  # type: ignore[arg-type]  # those of `cluster`
        made.make()
        made.start(settings)
        yield made
