"""An embedded PostgreSQL for development and tests: persistent, a child of this process, on a Unix socket only.

The socket is in a private folder, so only this user can connect, without a password. The server ends with the thread
that started it, with a fast shutdown, which leaves no process behind and loses no data.
"""

import hashlib
import itertools
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import quote

from adapters.embedded.errors import EmbeddedError
from adapters.embedded.postgres_binaries import (
    SHARED,
    PostgresBinaries,
    choose_account,
    find_binaries,
    make_shared,
    may_enter,
)
from adapters.embedded.process import (
    Account,
    Child,
    FolderLock,
    await_leftovers,
    wait_until,
    write_private,
)

READY_WITHIN = timedelta(seconds=20)

# SIGINT requests a fast shutdown: sessions end, everything is written, and the next start needs no recovery.
_FAST = signal.SIGINT
_NOTHING: Mapping[str, str] = MappingProxyType({})
_SETTINGS = {"shared_buffers": "128MB", "max_connections": "100", "timezone": "UTC", "log_timezone": "UTC"}
_PORT = 5432
# The path of a socket has 103 bytes on macOS and 107 on Linux.
_SOCKET_PATH_BYTES = 103
# Our environment is not inherited: a PGPORT or LC_ALL of the user would change the server. initdb needs TZ.
_ENVIRONMENT = MappingProxyType({"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"})
_NOTE = "postgres-data-is-elsewhere.txt"


class EmbeddedPostgres:
    """A running PostgreSQL with its data in a folder. `url`: for the superuser and the database `postgres`."""

    def __init__(self, child: Child, socket_folder: Path, lock: FolderLock) -> None:
        self._child = child
        self._socket_folder = socket_folder
        self._lock = lock
        self.pid = child.pid
        self.url = self.url_for("postgres", "postgres")

    @classmethod
    def start(cls, data: Path, *, settings: Mapping[str, str] = _NOTHING, wait: timedelta = READY_WITHIN) -> Self:
        """Start the cluster in `data`, created if it is missing, and return when the server accepts connections.

        Call this from the main thread: PostgreSQL ends with the calling thread. `settings`: of postgresql.conf,
        except the addresses. Raises `EmbeddedError`.
        """
        data = Path(os.path.realpath(data))
        with ExitStack() as undo:
            lock = undo.enter_context(FolderLock.acquire(data, name="postgres.lock"))
            account = choose_account()
            binaries = find_binaries(account)
            cluster = _cluster_folder(data, account)
            recorded = data / "postgres.pid"
            await_leftovers("postgres", cluster, recorded, _FAST)
            _prepare_cluster(
                cluster, binaries, account, log=data / "initdb.log", durable=settings.get("fsync") != "off"
            )
            socket_folder = _socket_folder(data / "postgres.socket", account)
            own = {"listen_addresses": "", "unix_socket_directories": str(socket_folder), "port": str(_PORT)}
            child = Child.start(
                [
                    binaries.folder / "postgres",
                    *("-D", cluster),
                    *(f"--{name}={value}" for name, value in {**_SETTINGS, **settings, **own}.items()),
                ],
                folder=Path("/"),
                environment=_ENVIRONMENT,
                log=data / "postgres.log",
                death_signal=_FAST,
                account=account,
            )
            server = cls(child, socket_folder, lock)
            undo.callback(server.stop)
            write_private(recorded, f"{child.pid}\n")
            if not wait_until(lambda: not server.alive() or _is_ready(cluster, child.pid), wait):
                raise EmbeddedError(
                    f"PostgreSQL was not ready within {wait.total_seconds():g} s: start again, "
                    f"or find the reason; {child.complaint()}"
                )
            if not server.alive():
                raise EmbeddedError(
                    f"PostgreSQL ended during its start, with status {child.returncode}; {child.complaint()}"
                )
            undo.pop_all()
        return server

    def url_for(self, user: str, database: str, password: str | None = None) -> str:
        """Return the libpq URI for that user and database, for psql, psycopg and asyncpg."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        host = quote(str(self._socket_folder), safe="")
        return f"postgresql://{quote(user, safe='')}{secret}@/{quote(database, safe='')}?host={host}&port={_PORT}"

    def alive(self) -> bool:
        """Return whether the server is running."""
        return self._child.returncode is None

    def check(self) -> None:
        """Raise `EmbeddedError` if it has ended."""
        self._child.check("PostgreSQL")

    def stop(self) -> None:
        """Stop with a fast shutdown: end all sessions and write everything. A second call does nothing."""
        self._child.end((_FAST, timedelta(seconds=30)), (signal.SIGQUIT, timedelta(seconds=5)))
        with suppress(OSError):
            self._socket_folder.rmdir()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _is_ready(cluster: Path, pid: int) -> bool:
    """Return whether *this* postmaster accepts connections: the file may be left over from a killed one."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 - its 8th line


def _cluster_folder(data: Path, account: Account | None) -> Path:
    """Return the folder of the cluster: in `data`, unless `account` cannot access it."""
    inside = data / "pgdata"
    if account is None:
        return inside
    note = data / _NOTE
    place = SHARED / hashlib.sha256(os.fsencode(data)).hexdigest()[:32]
    if note.exists():
        noted = Path(note.read_text().splitlines()[-1])
        if noted != place:
            raise EmbeddedError(
                f"The folder {data} was moved or copied, but its PostgreSQL data stayed in {noted}: move the folder"
                f" back, or rename {noted} to {place} and write that path into the last line of {note}."
            )
    elif may_enter(account, data):
        return inside
    elif inside.exists():
        raise EmbeddedError(
            f"The user {account.name}, as whom root runs PostgreSQL, can no longer reach {inside}: "
            "give back the permission to pass through the folders above it, or start as an ordinary user."
        )
    else:
        _set_aside(place)
        write_private(
            note,
            f"PostgreSQL does not run as root, and the user {account.name} cannot reach this folder. "
            f"So its data is kept in\n{place}\n",
        )
    try:
        make_shared()
        if not place.exists():
            _make_owned(place, account)
    except OSError as error:
        raise EmbeddedError(
            f"The user {account.name}, as whom root runs PostgreSQL, cannot reach {data}, and {place} cannot be made "
            f"({error.strerror}): start as an ordinary user, or name a folder that {account.name} can reach."
        ) from error
    return place / "pgdata"


def _set_aside(place: Path) -> None:
    """Rename the data that a deleted folder of this path left behind."""
    if place.exists():
        number = next(number for number in itertools.count(1) if not place.with_name(f"{place.name}.{number}").exists())
        place.rename(place.with_name(f"{place.name}.{number}"))


def _make_owned(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _prepare_cluster(
    cluster: Path, binaries: PostgresBinaries, account: Account | None, *, log: Path, durable: bool
) -> None:
    """Ensure that a cluster exists that these programs can open. It is created completely or not at all."""
    if cluster.exists():
        _check_cluster(cluster, binaries, account)
        if sys.platform == "linux":
            # No process uses the cluster. This file would prevent a start if any process of the same user had the pid
            # in it, which is likely in a restarted container.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
        return
    new = cluster.with_name(f"{cluster.name}.new")
    if new.exists():
        shutil.rmtree(new)
    _make_owned(new, account)
    builtin = binaries.major >= 17  # noqa: PLR2004 - the first with a C.UTF-8 that is the same everywhere
    child = Child.start(
        [
            binaries.folder / "initdb",
            *("-D", new),
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--data-checksums",
            *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else []),
            *([] if durable else ["--no-sync"]),
        ],
        folder=Path("/"),
        environment=_ENVIRONMENT,
        log=log,
        death_signal=signal.SIGKILL,
        account=account,
    )
    try:
        done = wait_until(lambda: child.returncode is not None, timedelta(minutes=2))
    finally:
        child.end()
    if not done or child.returncode != 0:
        raise EmbeddedError(f"PostgreSQL's initdb failed with status {child.returncode}; {child.complaint()}")
    new.rename(cluster)


def _check_cluster(cluster: Path, binaries: PostgresBinaries, account: Account | None) -> None:
    owner, uid = cluster.stat().st_uid, os.geteuid() if account is None else account.uid
    if owner != uid:
        raise EmbeddedError(
            f"The PostgreSQL data in {cluster} belongs to uid {owner}, and uid {uid} would open it: start as the user"
            " that created the data, or use another folder."
        )
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"The folder {cluster} has no readable PostgreSQL data ({error.strerror}): move the folder away to start"
            " with an empty database, or restore its data."
        ) from error
    if version != str(binaries.major):
        raise EmbeddedError(
            f"The data in {cluster} was created by PostgreSQL {version}, but the programs here are PostgreSQL"
            f" {binaries.major}: use programs of version {version}, or move that folder away to start with an empty"
            " database."
        )


def _socket_folder(remembered: Path, account: Account | None) -> Path:
    """Return a private folder with a short path for the socket: the previous one if possible, so that URLs stay."""
    uid = os.geteuid() if account is None else account.uid
    with suppress(OSError):
        folder = Path(remembered.read_text().strip())
        with suppress(FileExistsError):
            _make_owned(folder, account)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077:
            return folder
    folder = Path(tempfile.mkdtemp(prefix="upwell-", dir=_temporary_folder(account)))
    if account is not None:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    write_private(remembered, f"{folder}\n")
    return folder


def _temporary_folder(account: Account | None) -> str:
    own = tempfile.gettempdir()
    too_long = len(os.fsencode(f"{own}/upwell-12345678/.s.PGSQL.{_PORT}")) > _SOCKET_PATH_BYTES
    # PostgreSQL reads a list: quotes and commas separate.
    if too_long or set(own) & set("\",'@") or (account is not None and not may_enter(account, Path(own))):
        return "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it
    return own
