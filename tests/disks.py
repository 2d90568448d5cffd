"""Places for files of tests: small file systems to fill, if mounting is allowed, and folders in memory."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from adapters.embedded.postgres_binaries import choose_account
from tests.programs import left_out

_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder with a random name is made in it
_ROOM_BYTES = 2 * 1024**3


def quick_folder(prefix: str) -> Path:
    """Make a folder with a short path for a database, in memory where there is room.

    A database is some 500 files. ext4 skips each inode that was deleted in the last five seconds before it gives
    out another, so that to make a database for each test would take ten times the CPU time.
    """
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES):
        return Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    for left in _MEMORY.glob(f"{prefix}[0-9]*-*"):  # memory that a run which was killed has left
        if not psutil.pid_exists(int(left.name.removeprefix(prefix).split("-")[0])):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=_MEMORY))


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A file system of a few MiB that PostgreSQL can write to; root can anyway."""
    account = choose_account()
    if account is None:
        left_out("only root can mount a small file system: a full disk is not tried")
    place = Path(tempfile.mkdtemp(prefix="upwell-disk-", dir="/tmp"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700,uid={account.uid},gid={account.gid}"]
    mounted = subprocess.run([*mount, "tmpfs", place], check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        place.rmdir()
        left_out(f"this root may not mount a file system ({mounted.stderr.strip()}): a full disk is not tried")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


def fill(place: Path) -> Path:
    """Fill a file system to the last byte."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


@contextmanager
def full(place: Path) -> Iterator[None]:
    """Leave no free block of such a file system while inside: it is made as small as its content."""
    whole = os.statvfs(place)
    ending = threading.Event()

    def keep_full() -> None:
        while not ending.wait(0.02):  # files that are deleted meanwhile leave no room either
            _shrink(place)

    while not _shrink(place):
        pass  # it has grown meanwhile
    keeping = threading.Thread(target=keep_full)
    keeping.start()
    try:
        yield
    finally:
        ending.set()
        keeping.join()
        _resize(place, whole.f_blocks * whole.f_frsize)


def _shrink(place: Path) -> bool:
    """Make it as small as its content; return whether there is no room left."""
    now = os.statvfs(place)
    return not now.f_bfree or _resize(place, (now.f_blocks - now.f_bfree) * now.f_frsize)


def _resize(place: Path, size: int) -> bool:
    options = ["mount", "-o", f"remount,size={size}", str(place)]
    return subprocess.run(options, check=False, capture_output=True).returncode == 0
