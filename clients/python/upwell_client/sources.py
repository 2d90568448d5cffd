"""The sources of bytes: seekable ones that can be read again, and streams that can be read once."""

import errno
import hashlib
import mimetypes
import os
import stat
import tempfile
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias, cast

from upwell_client.errors import FileChangedError, FileError
from upwell_client.wires import Content, Wire

BLOCK_BYTES = 1024 * 1024
ANY_BYTES = "application/octet-stream"

Advance = Callable[[int], None]
Given: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Iterable[bytes]
AsyncGiven: TypeAlias = Given | AsyncIterable[bytes]


class Source(Protocol):
    """Bytes that can be read at any offset, repeatedly and concurrently. All methods block."""

    size_bytes: int

    def read(self, offset: int, size_bytes: int) -> Iterator[bytes]:
        """Yield blocks of exactly this many bytes; raise `FileChangedError` if there are fewer."""
        ...

    def check_unchanged(self) -> None:
        """Raise `FileChangedError` if the bytes have changed."""
        ...


class PathSource:
    """Implements `Source` with a separate handle for each reader. Links are followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        try:
            self.name.encode()
        except UnicodeEncodeError:
            raise FileError("the name is not valid UTF-8: rename the file", "invalid_filename") from None
        try:
            self._found = path.stat()
            if stat.S_ISDIR(self._found.st_mode):
                raise FileError("it is a folder: pass the files in it", "not_a_file")
            if not stat.S_ISREG(self._found.st_mode):  # opening a pipe would wait forever
                raise FileError("it is not a regular file", "not_a_file")
            path.open("rb").close()
        except OSError as error:
            raise _unreadable(path, error) from error
        self.size_bytes = self._found.st_size

    def read(self, offset: int, size_bytes: int) -> Iterator[bytes]:
        """Yield blocks."""
        try:
            with self.path.open("rb", buffering=0) as file:
                self._compare(os.fstat(file.fileno()))
                file.seek(offset)
                while size_bytes:
                    block = file.read(min(BLOCK_BYTES, size_bytes))
                    if not block:
                        raise FileChangedError
                    size_bytes -= len(block)
                    yield block
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def check_unchanged(self) -> None:
        """Compare the file system's metadata."""
        try:
            self._compare(self.path.stat())
        except OSError as error:
            raise FileChangedError from error

    def _compare(self, now: os.stat_result) -> None:
        found = self._found
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (found.st_ino, found.st_size, found.st_mtime_ns):
            raise FileChangedError


class FileSource:
    """Implements `Source` with a seekable file object, from its current position; readers take turns."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._turn = threading.Lock()
        self._begin = file.tell()
        self.size_bytes = file.seek(0, os.SEEK_END) - self._begin

    def read(self, offset: int, size_bytes: int) -> Iterator[bytes]:
        """Yield blocks."""
        end = offset + size_bytes
        while offset < end:
            with self._turn:
                self._file.seek(self._begin + offset)
                block = self._file.read(min(BLOCK_BYTES, end - offset))
            if not block:
                raise FileChangedError
            offset += len(block)
            yield block

    def check_unchanged(self) -> None:
        """Compare the size, the only known property."""
        with self._turn:
            if self._file.seek(0, os.SEEK_END) - self._begin != self.size_bytes:
                raise FileChangedError


class Stream:
    """Bytes that can be read once. `more` returns the next block, None at the end."""

    def __init__(self, more: Callable[[], Awaitable[bytes | None]]) -> None:
        self._more = more
        self._held = bytearray()

    async def take(self, size_bytes: int) -> bytes:
        """Return the next bytes; fewer only at the end."""
        while len(self._held) < size_bytes:
            block = await self._more()
            if block is None:
                break
            self._held += block
        taken = bytes(memoryview(self._held)[:size_bytes])
        del self._held[:size_bytes]
        return taken

    async def spool(self, wire: Wire, file: BinaryIO) -> None:
        """Write the whole stream to a file."""
        while block := await self.take(BLOCK_BYTES):
            await wire.work(lambda block=block: file.write(block))  # type: ignore[misc]  # bound at once
        file.seek(0)


def source_of(given: AsyncGiven, wire: Wire) -> Source | Stream:
    """Return the source for the given argument."""
    if isinstance(given, str | os.PathLike):
        return PathSource(Path(given))
    if isinstance(given, bytes):
        return BytesSource(given)
    if hasattr(given, "read"):
        file = cast("BinaryIO", given)
        if file.seekable():
            return FileSource(file)
        return Stream(lambda: wire.work(lambda: file.read(BLOCK_BYTES) or None))
    if isinstance(given, AsyncIterable):
        arriving = aiter(given)
        return Stream(lambda: cast("Awaitable[bytes | None]", anext(arriving, None)))
    blocks = iter(given)
    return Stream(lambda: wire.work(lambda: next(blocks, None)))


class BytesSource:
    """Implements `Source` with bytes in memory."""

    def __init__(self, held: bytes) -> None:
        self._held = held
        self.size_bytes = len(held)

    def read(self, offset: int, size_bytes: int) -> Iterator[bytes]:
        """Yield blocks."""
        for start in range(offset, offset + size_bytes, BLOCK_BYTES):
            yield self._held[start : min(start + BLOCK_BYTES, offset + size_bytes)]

    def check_unchanged(self) -> None:
        """Do nothing: bytes do not change."""


def content_of(source: Source, advance: Advance, offset: int = 0, size_bytes: int | None = None) -> Content:
    """Return a range of a source as content; a repeated read is subtracted from `advance`."""
    length = source.size_bytes if size_bytes is None else size_bytes
    counted = 0

    def blocks() -> Iterator[bytes]:
        nonlocal counted
        if counted:
            advance(-counted)
        counted = 0
        for block in source.read(offset, length):
            yield block
            counted += len(block)
            advance(len(block))

    return Content(length, blocks)


def digest_of(
    source: Source, advance: Advance, kind: str = "sha256", offset: int = 0, size_bytes: int | None = None
) -> str:
    """Return the hash of a range in hex digits."""
    digest: Any = hashlib.new(kind, usedforsecurity=False)
    for block in source.read(offset, source.size_bytes if size_bytes is None else size_bytes):
        digest.update(block)
        advance(len(block))
    return str(digest.hexdigest())


def temporary_file() -> BinaryIO:
    """Return a file that is deleted when it is closed."""
    return cast("BinaryIO", tempfile.TemporaryFile())


def name_of(given: AsyncGiven) -> str | None:
    """Return the name of a file, if it has one."""
    named = given if isinstance(given, str | os.PathLike) else getattr(given, "name", None)
    return Path(named).name if isinstance(named, str | os.PathLike) else None


def guess_content_type(name: str) -> str:
    """Return the content type of the name's extension."""
    kind, encoding = mimetypes.guess_type(name)
    return ANY_BYTES if kind is None or encoding is not None else kind


def _unreadable(path: Path, error: OSError) -> FileError:
    if error.errno == errno.ENOENT and path.is_symlink():
        return FileError("the file that this link points to does not exist", "no_such_file")
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return FileError("the file does not exist", "no_such_file")
    return FileError(f"it cannot be read: {error.strerror or error}")
