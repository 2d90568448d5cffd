"""The state of unfinished uploads on disk, so that an interrupted upload can be resumed.

The state is next to the file, as `.NAME.upwell-upload`; if that folder is not writable, in the user's folder for state
(`$XDG_STATE_HOME/upwell/uploads`, otherwise `~/.local/state/…`). It is written atomically, and readable only for its
owner.
"""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from entrypoints.cli.errors import ClientError
from entrypoints.cli.wish import Wish

_SUFFIX = ".upwell-upload"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An open upload: its file, its target and its options, without keys or signed URLs."""

    upload_id: str
    url: str
    namespace: str
    bucket: str
    path: str
    size_bytes: int
    mtime_ns: int
    wish: Wish


class Holding:
    """The stored state of an upload, locked against other processes until it is deleted or released."""

    def __init__(self, kept: Kept, place: Path, descriptor: int) -> None:
        self.kept = kept
        self._place = place
        self._descriptor = descriptor

    def forget(self) -> None:
        """Delete the state: the upload has ended."""
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(self._descriptor), self._place.lstat()):  # and not a later one's
                self._place.unlink()
        self.release()

    def release(self) -> None:
        """Release the state, and keep it for later."""
        os.close(self._descriptor)


def keep(kept: Kept, path: Path) -> Holding:
    """Store and lock the upload of the file at this real path; raise OSError if that is not possible."""
    *others, last = _places(path)
    for place in others:
        with contextlib.suppress(OSError):
            return _written(kept, place)
    return _written(kept, last)


def hold(path: Path) -> Holding | None:
    """Return the stored state of the file's upload; raise `ClientError` if another process has locked it."""
    for place in _places(Path(os.path.realpath(path))):
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            _lock(descriptor)
            kept = msgspec.json.decode(os.read(descriptor, os.fstat(descriptor).st_size), type=Kept)
        except BlockingIOError:
            os.close(descriptor)
            raise ClientError("another 'upwell upload' is sending it", "in_use") from None
        except msgspec.MsgspecError:
            os.close(descriptor)
            raise ClientError(f"{place} does not hold what 'upwell upload' writes: delete it", "not_usable") from None
        return Holding(kept, place, descriptor)
    return None


def find_state(path: Path) -> Path | None:
    """Return the file with the state of an upload of this file, which need not exist."""
    return next((place for place in _places(Path(os.path.realpath(path))) if place.is_file()), None)


def find_kept(folder: Path) -> list[Path]:
    """Return the files in and below a folder that have a stored upload, by name."""
    found: set[Path] = set()
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        kept = (name for name in names if name.startswith(".") and name.endswith(_SUFFIX))
        found.update(Path(where, name[1 : -len(_SUFFIX)]) for name in kept)
    found.update(_elsewhere(folder))
    return sorted(found)


def _elsewhere(folder: Path) -> Iterator[Path]:
    top = folder.resolve()
    for states in _states():
        for place in states.glob("*.json"):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                path = Path(msgspec.json.decode(place.read_bytes(), type=Kept).path)
                if path.is_relative_to(top):
                    yield folder / path.relative_to(top)


def _places(path: Path) -> list[Path]:
    name = f"{hashlib.sha256(os.fsencode(path)).hexdigest()}.json"
    return [path.with_name(f".{path.name}{_SUFFIX}"), *(states / name for states in _states())]


def _states() -> list[Path]:
    """Return the user's folder for state; a user without a home has none."""
    folder_of_xdg = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return [
            (folder_of_xdg if folder_of_xdg.is_absolute() else Path.home() / ".local" / "state") / "upwell" / "uploads"
        ]
    except RuntimeError:
        return []


def _written(kept: Kept, place: Path) -> Holding:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(prefix=".upwell-", dir=place.parent)  # with mode 600
    try:
        os.write(descriptor, msgspec.json.encode(kept))
        os.fsync(descriptor)
        _lock(descriptor)
        Path(made).replace(place)
    except BaseException:
        os.close(descriptor)
        Path(made).unlink(missing_ok=True)
        raise
    return Holding(kept, place, descriptor)


def _lock(descriptor: int) -> None:
    """Lock the file until this process releases it or ends; without locks of the file system, do nothing."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return
