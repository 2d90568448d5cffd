"""Finds the given files: single files, folders, and patterns that the shell did not expand."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from entrypoints.cli.errors import ClientError
from entrypoints.cli.output import printable

Note = Callable[[str], None]


class Found(msgspec.Struct, frozen=True):
    """A file to upload, or an argument and its error."""

    path: Path
    problem: ClientError | None = None


def find_files(named: Sequence[Path], note: Note) -> list[Found]:
    """Return the files in the order of the arguments, those of a folder by name, without repetitions.

    Hidden files in a folder are left out. A path that does not exist and contains `*`, `?` or `[` is a pattern, in
    which `**` matches any folders.
    """
    found: dict[str, Found] = {}
    for given in named:
        for one in _expanded(given, note):
            found.setdefault(os.path.realpath(one.path), one)
    return list(found.values())


def _expanded(given: Path, note: Note) -> Iterator[Found]:
    if os.path.lexists(given) or not glob.has_magic(str(given)):
        yield from _named(given, note)
        return
    matching = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207  # pathlib's also finds hidden files
    if not matching:
        yield Found(given, ClientError("no file matches this pattern", "no_such_file"))
    for match in matching:
        yield from _named(Path(match), note)


def _named(given: Path, note: Note) -> Iterator[Found]:
    if not given.is_dir():
        yield Found(given)
        return
    inside = list(_inside(given, note))
    yield from inside or [Found(given, ClientError("there is no file in this folder", "no_such_file"))]


def _inside(folder: Path, note: Note) -> Iterator[Found]:
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208  # names only
    except OSError as error:
        yield Found(folder, ClientError(f"it cannot be read: {error.strerror or error}", "unreadable_file"))
        return
    for path in (folder / name for name in names):
        if path.is_dir():
            if path.is_symlink():
                note(f"{printable(str(path))}: left out: a link to a folder is followed only where it is named")
            else:
                yield from _inside(path, note)
        elif path.is_file() or path.is_symlink():  # a broken link is reported as an error
            yield Found(path)
        else:
            note(f"{printable(str(path))}: left out: it is not a regular file")
