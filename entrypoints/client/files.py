"""The file that is uploaded: opened once, and read twice in blocks, to be hashed and to be sent."""

import errno
import hashlib
import mimetypes
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from entrypoints.client.errors import FileChangedError, FileError

BLOCK_BYTES = 1024 * 1024
ANY_BYTES = "application/octet-stream"

Advance = Callable[[int], None]


class LocalFile:
    """A regular file (links are followed), held open from the first byte that is hashed to the last that is sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        try:
            self.name.encode()
        except UnicodeEncodeError:
            raise FileError("its name is not valid UTF-8: rename it", "invalid_filename") from None
        try:
            kind = path.stat().st_mode
            if stat.S_ISDIR(kind):
                raise FileError("it is a folder: name the files in it", "not_a_file")
            if not stat.S_ISREG(kind):  # opening a pipe would wait for ever
                raise FileError("it is no regular file", "not_a_file")
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(path, error) from error
        self._found = os.fstat(self._descriptor)
        self.size_bytes = self._found.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def sha256(self, advance: Advance) -> str:
        """Return the hash of the bytes, 64 hex digits."""
        digest = hashlib.sha256()
        for block in self.blocks(advance):
            digest.update(block)
        return digest.hexdigest()

    def blocks(self, advance: Advance) -> Iterator[bytes]:
        """Yield as many bytes as the file had when it was opened; raise `FileChangedError` if there are fewer now."""
        offset = 0
        while offset < self.size_bytes:
            try:
                block = os.pread(self._descriptor, min(BLOCK_BYTES, self.size_bytes - offset), offset)
            except OSError as error:
                raise _unreadable(self.path, error) from error
            if not block:
                raise FileChangedError
            offset += len(block)
            yield block
            advance(len(block))

    def check_unchanged(self) -> None:
        """Raise `FileChangedError` if somebody has written to the file since it was opened."""
        now = os.fstat(self._descriptor)
        if (now.st_size, now.st_mtime_ns) != (self._found.st_size, self._found.st_mtime_ns):
            raise FileChangedError


def guess_content_type(name: str) -> str:
    """Return the content type that the name's ending stands for."""
    kind, encoding = mimetypes.guess_type(name)
    return ANY_BYTES if kind is None or encoding is not None else kind


def _unreadable(path: Path, error: OSError) -> FileError:
    if error.errno == errno.ENOENT and path.is_symlink():
        return FileError("the file that this link points to does not exist", "no_such_file")
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return FileError("there is no such file", "no_such_file")
    return FileError(f"it cannot be read: {error.strerror or error}")
