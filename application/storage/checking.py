"""Checks the storage against the log: unneeded bytes, and missing bytes.

Theory of operation. A key is judged by the state of its upload in the log. It belongs to this Upwell only if its
organization and its namespace were created in this log: others may share the S3 bucket. An ended upload never comes
back, so waste stays waste; the minimum age covers objects that storage has before the log. States are read for a page
of keys at a time, and again right before a deletion.
"""

import asyncio
import enum
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar, cast

import msgspec

from application.ports.clock import Clock
from application.ports.storage.object_storage import (
    PROBE_KEY,
    ContentChangedError,
    ObjectStorage,
    StorageError,
    StoredContent,
)
from application.ports.uploads.upload_reads import KeyPlace, UploadBytes, UploadReads
from domain.uploads.filenames import STORAGE_KEY
from domain.uploads.upload import Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SAFE_AGE: Final = timedelta(days=8)  # a day longer than the lifetime of a URL
PAGE: Final = 1000
_TOGETHER: Final = 16  # concurrent calls to storage
_UNDER_WAY: Final = frozenset({Status.IN_PROGRESS, Status.PROCESSING})

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class FindingKind(enum.StrEnum):
    """The kind of a finding."""

    ORPHAN = "orphan"
    ABANDONED_PARTS = "abandoned_parts"
    MISSING = "missing"
    OVERWRITTEN = "overwritten"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A difference. `reason`: the state in the log, or in storage.

    `at`: when the object was put or the multipart upload created. `error`: why it could not be repaired.
    """

    kind: FindingKind
    key: str
    upload_id: str
    reason: str
    size_bytes: int | None = None
    at: datetime | None = None
    multipart_id: str | None = None
    repaired: bool = False
    error: str | None = None


class Tally(msgspec.Struct, kw_only=True):
    """The counts of a check. `not_ours`: keys and multipart uploads; `too_young`: waste that is left for later.

    `old_versions`: versions of Upwell's keys hidden by later ones; no quota counts them, and storage's lifecycle rule
    deletes them.
    """

    keys: int = 0
    multiparts: int = 0
    verified_uploads: int = 0
    not_ours: int = 0
    too_young: int = 0
    found: dict[FindingKind, int] = msgspec.field(default_factory=lambda: dict.fromkeys(FindingKind, 0))
    orphaned_bytes: int = 0
    old_versions: int = 0
    old_version_bytes: int = 0
    repaired: int = 0

    @property
    def remaining(self) -> int:
        """Return the number of findings that were not repaired."""
        return sum(self.found.values()) - self.repaired


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A key, or a multipart upload of a key."""

    key: str
    at: datetime
    size_bytes: int | None = None
    multipart_id: str | None = None


class CheckingStorage(msgspec.Struct, frozen=True, kw_only=True):
    """Checks everything once; safe to run during uploads, and to repeat.

    `report` is called with each finding, and `progress` with the counts after each page.
    """

    read_side: UploadReads
    storage: ObjectStorage
    clock: Clock
    report: Callable[[Finding], None]
    progress: Callable[[Tally], None]

    async def __call__(self, *, repair: bool, older_than: timedelta = SAFE_AGE) -> Tally:
        """Check, and `repair` if possible: delete orphans, abort abandoned parts. Missing bytes are only reported.

        Raises `StorageError` if storage cannot list keys, or is unavailable.
        """
        tally, before = Tally(), self.clock.now() - older_than
        async for objects in self.storage.list_objects(page=PAGE):
            tally.keys += len(objects)
            listed = [_Listed(key=each.key, at=each.modified_at, size_bytes=each.size_bytes) for each in objects]
            await self._judge(listed, tally, before, repair=repair)
        async for versions in self.storage.list_old_versions(page=PAGE):
            ours = [each for each in versions if _place(each.key) is not None]
            tally.old_versions += len(ours)
            tally.old_version_bytes += sum(each.size_bytes for each in ours)
        async for multiparts in self.storage.list_multiparts(page=PAGE):
            tally.multiparts += len(multiparts)
            listed = [_Listed(key=each.key, at=each.begun_at, multipart_id=each.multipart_id) for each in multiparts]
            await self._judge(listed, tally, before, repair=repair)
        after = ""
        while verified := await self.read_side.verified_uploads(after=after, limit=PAGE):
            tally.verified_uploads += len(verified)
            self._tell([found for found in await _together(self._look, verified) if found is not None], tally)
            after = verified[-1].upload_id
        return tally

    async def _judge(self, listed: Sequence[_Listed], tally: Tally, before: datetime, *, repair: bool) -> None:
        """Find the waste on a page."""
        listed = [each for each in listed if each.key != PROBE_KEY]  # a test that was cut off leaves one behind
        places = {each.key: place for each in listed if (place := _place(each.key)) is not None}
        said = await self.read_side.bytes_at(set(places.values()))
        waste = []
        for each in listed:
            place = places.get(each.key)
            upload = said.get(place.upload_id) if place is not None else None
            if upload is None or upload.storage_key not in {None, each.key}:
                tally.not_ours += 1
            elif (reason := _waste(upload, each.multipart_id)) is not None:
                if each.at > before:
                    tally.too_young += 1
                else:
                    waste.append(_finding(each, upload.upload_id, reason))
        if repair:
            waste = [found for found in await _together(self._repair, waste) if found is not None]
        self._tell(waste, tally)

    async def _repair(self, finding: Finding) -> Finding | None:
        """Delete a finding that is still waste according to the log; None if it is not."""
        upload = await self._upload(finding.key)
        if upload is None or _waste(upload, finding.multipart_id) is None:
            return None
        try:
            if finding.multipart_id is None:
                await self.storage.delete(finding.key)
            else:
                await self.storage.abort_multipart(finding.key, finding.multipart_id)
        except StorageError as error:
            return msgspec.structs.replace(finding, error=str(error))
        return msgspec.structs.replace(finding, repaired=True)

    async def _look(self, upload: UploadBytes) -> Finding | None:
        """Check that the verified bytes exist, and are the current version."""
        key = upload.storage_key or ""
        verified = StoredContent(
            size_bytes=upload.size_bytes or 0, etag=upload.etag or "", version_id=upload.version_id
        )
        current = await self.storage.head(key)
        if current is not None and _same(current, verified):
            return None
        kind, reason = FindingKind.OVERWRITTEN, "a later version"
        if not await self._is_there(key, verified):
            kind, reason = FindingKind.MISSING, "nothing is there" if current is None else "other bytes are there"
        latest = await self._upload(key)
        if latest is None or not latest.needed:  # forgotten in the meantime
            return None
        return Finding(kind=kind, key=key, upload_id=upload.upload_id, reason=reason, size_bytes=upload.size_bytes)

    async def _is_there(self, key: str, verified: StoredContent) -> bool:
        try:
            async with aclosing(cast("AsyncGenerator[bytes]", self.storage.read(key, verified))) as chunks:
                await anext(chunks, b"")
        except ContentChangedError:
            return False
        return True

    async def _upload(self, key: str) -> UploadBytes | None:
        place = _place(key)
        return None if place is None else (await self.read_side.bytes_at([place])).get(place.upload_id)

    def _tell(self, findings: Sequence[Finding], tally: Tally) -> None:
        for finding in findings:
            tally.found[finding.kind] += 1
            tally.repaired += finding.repaired
            if finding.kind is FindingKind.ORPHAN:
                tally.orphaned_bytes += finding.size_bytes or 0
            self.report(finding)
        self.progress(tally)


def _place(key: str) -> KeyPlace | None:
    """Return the owner in a key; None for a key that Upwell never creates."""
    found = STORAGE_KEY.fullmatch(key)
    if found is None:
        return None
    return KeyPlace(internal_id=found["internal_id"], namespace_id=found["namespace_id"], upload_id=found["upload_id"])


def _waste(upload: UploadBytes, multipart_id: str | None) -> str | None:
    """Return why the bytes are not needed; None: they are, or may be soon."""
    if multipart_id is None:
        return None if upload.needed else _state(upload)
    if upload.status is Status.PENDING or (upload.status is None and upload.needed):
        return None
    if upload.status in _UNDER_WAY:
        return None if multipart_id == upload.multipart_id else "other parts are used"
    return _state(upload)


def _state(upload: UploadBytes) -> str:
    if upload.status is None:
        return "forgotten" if upload.known else "unknown"
    return upload.status.lower()


def _finding(listed: _Listed, upload_id: str, reason: str) -> Finding:
    return Finding(
        kind=FindingKind.ORPHAN if listed.multipart_id is None else FindingKind.ABANDONED_PARTS,
        key=listed.key,
        upload_id=upload_id,
        reason=reason,
        size_bytes=listed.size_bytes,
        at=listed.at,
        multipart_id=listed.multipart_id,
    )


def _same(current: StoredContent, verified: StoredContent) -> bool:
    """Return whether the current bytes are the verified ones: the same version, if there are versions."""
    return (current.etag, current.size_bytes) == (verified.etag, verified.size_bytes) and verified.version_id in {
        None,
        current.version_id,
    }


async def _together(call: Callable[[Asked], Awaitable[Answer]], asked: Sequence[Asked]) -> list[Answer]:
    """Call for each, some concurrently."""
    return [answer for some in _chunks(asked) for answer in await asyncio.gather(*map(call, some))]


def _chunks(asked: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    return (asked[first : first + _TOGETHER] for first in range(0, len(asked), _TOGETHER))
