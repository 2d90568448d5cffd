"""Storage that fails on command: before an operation, after it, or in the middle of a read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from application.ports.storage.object_storage import (
    LIST_PAGE,
    BucketSetup,
    Fetched,
    ListedMultipart,
    ListedObject,
    ObjectStorage,
    StorageUnavailableError,
    StoredContent,
    StoredPart,
)
from tests.harness.system import Outcome

T = TypeVar("T")

_SLOW_TURNS = 7  # of the event loop: enough for another request to get past


class FailingStorage:
    """Passes calls on to storage, except for those that are set to fail."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage
        self._outcomes: list[Outcome] = []
        self._operation: str | None = None
        self._reads_fail = False

    def fail(self, outcomes: Sequence[Outcome], *, operation: str | None, reads_fail: bool) -> None:
        """Set the outcomes of the next calls, or of those of one operation; `reading` may fail as well."""
        self._outcomes, self._operation, self._reads_fail = list(outcomes), operation, reads_fail

    @property
    def bucket(self) -> str:
        """Name it."""
        return self._storage.bucket

    async def head(self, key: str) -> StoredContent | None:
        """Look."""
        return await self._call("head", lambda: self._storage.head(key))

    async def fetch(self, key: str, *, limit_bytes: int) -> Fetched | None:
        """Look, and read."""
        outcome = await self._begin("fetch")
        if self._reads_fail:
            raise StorageUnavailableError("reading fails")
        fetched = await self._storage.fetch(key, limit_bytes=limit_bytes)
        self._end(outcome)
        return fetched

    async def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Read."""
        outcome = await self._begin("read")
        if self._reads_fail:
            raise StorageUnavailableError("set to fail")
        async for chunk in self._storage.read(key, content, first_bytes=first_bytes):
            if outcome is Outcome.LOST:
                yield chunk[: len(chunk) // 2]
                break
            yield chunk
        self._end(outcome)

    async def delete(self, key: str) -> None:
        """Delete."""
        await self._call("delete", lambda: self._storage.delete(key))

    async def keep_only(self, key: str, version_id: str) -> None:
        """Delete the other versions."""
        await self._call("keep_only", lambda: self._storage.keep_only(key, version_id))

    async def begin_multipart(self, key: str, *, content_type: str, checked: bool = False) -> str:
        """Begin a multipart upload."""
        return await self._call(
            "begin_multipart", lambda: self._storage.begin_multipart(key, content_type=content_type, checked=checked)
        )

    async def parts(
        self, key: str, multipart_id: str, *, etags: Mapping[int, str] | None = None
    ) -> Sequence[StoredPart] | None:
        """List its parts."""
        return await self._call("parts", lambda: self._storage.parts(key, multipart_id, etags=etags))

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, only_new: bool = False
    ) -> bool:
        """Complete it."""
        return await self._call(
            "complete_multipart",
            lambda: self._storage.complete_multipart(key, multipart_id, parts, only_new=only_new),
        )

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Give it up."""
        await self._call("abort_multipart", lambda: self._storage.abort_multipart(key, multipart_id))

    async def abort_multiparts(self, key: str) -> None:
        """Abort all of a key."""
        await self._call("abort_multiparts", lambda: self._storage.abort_multiparts(key))

    def list_objects(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """List keys."""
        return self._storage.list_objects(page=page)

    def list_old_versions(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """List versions that are not current."""
        return self._storage.list_old_versions(page=page)

    def list_multiparts(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedMultipart]]:
        """List multipart uploads."""
        return self._storage.list_multiparts(page=page)

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Set up."""
        return await self._storage.prepare(cors_origins=cors_origins)

    async def ping(self) -> None:
        """Check whether it answers."""
        await self._call("ping", self._storage.ping)

    async def try_writing(self) -> None:
        """Check whether it accepts bytes."""
        await self._call("try_writing", self._storage.try_writing)

    async def _call(self, operation: str, do: Callable[[], Awaitable[T]]) -> T:
        outcome = await self._begin(operation)
        answer = await do()
        self._end(outcome)
        return answer

    async def _begin(self, operation: str) -> Outcome:
        planned = self._outcomes and self._operation in {None, operation}
        outcome = self._outcomes.pop(0) if planned else Outcome.WELL
        if outcome is Outcome.FAILS:
            raise StorageUnavailableError("set to fail")
        for _ in range(_SLOW_TURNS if outcome is Outcome.SLOW else 0):
            await asyncio.sleep(0)
        return outcome

    @staticmethod
    def _end(outcome: Outcome) -> None:
        if outcome is Outcome.LOST:
            raise StorageUnavailableError("the answer was lost")
