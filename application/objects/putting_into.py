"""Putting uploads into objects: what is appended for the object that the bytes of an upload become part of.

Two ways lead here, and mean the same: bytes that were sent and proved, and bytes that were known when they were
announced.
"""

from datetime import datetime

import msgspec

from application.keys.callers import ReplaceDeniedError
from application.loading import load_object
from application.objects.composing import schema_of
from application.ports.clock import Ids
from application.ports.event_log import EventLog, StreamAppend
from application.ports.read_side import BucketRecord, ReadSide, UploadRecord
from application.rules import Rules
from domain.buckets.bucket import Policy
from domain.buckets.schema import with_defaults
from domain.claims import Claim, unique_key_claim
from domain.events.event import Origin
from domain.objects import object as objects
from domain.uploads.upload import UploadRequest, end_of, later_end


class StoredBytes(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one upload, as storage has them."""

    upload_id: str
    storage_key: str | None
    version_id: str | None
    etag: str
    size_bytes: int
    sha256: str


class IntoObject(msgspec.Struct, frozen=True, kw_only=True):
    """What is appended to the object's stream, and the claims that must be free then. `ends_at`: the object's end."""

    stream: StreamAppend
    ends_at: datetime | None
    free: tuple[Claim, ...] = ()


class PuttingIntoObjects:
    """Decides between a new object and the one that has the unique key."""

    def __init__(self, *, log: EventLog, read_side: ReadSide, ids: Ids, rules: Rules) -> None:
        self._log = log
        self._read_side = read_side
        self._ids = ids
        self._rules = rules

    async def __call__(
        self,
        request: UploadRequest,
        policy: Policy,
        stored: StoredBytes,
        origin: Origin,
        bucket: BucketRecord | None,
        *,
        may_replace: bool,
    ) -> IntoObject | None:
        """Return what is to be appended; None if there is no object that `update` could put the blob into.

        Refuses with `ReplaceDeniedError` where the blob belongs into an object that is there, unless it `may_replace`.
        Whoever appends it must demand that the bytes are still stored, if they are another upload's.
        """
        blob = objects.Blob(
            blob_id=self._ids.new("blob_"),
            property=request.blob_property or "",
            type=(request.blob_type or "").lower(),
            upload_id=stored.upload_id,
            filename=request.filename,
            storage_key=stored.storage_key,
            version_id=stored.version_id,
            etag=stored.etag,
            size_bytes=stored.size_bytes,
            content_type=request.content_type,
            sha256=stored.sha256,
        )
        metadata = request.object_metadata or {}
        claim = unique_key_claim(origin.bucket_id or "", request.unique_key) if request.unique_key else None
        if claim is not None and policy is not Policy.INSERT:
            owner_id = await self._read_side.claim_owner(claim.scope, claim.key)
            current = None if owner_id is None else await load_object(self._log, owner_id)
            if current is not None and isinstance(current.state, objects.LiveObject):
                if not may_replace:
                    raise ReplaceDeniedError
                forget_at = origin.at + self._rules.retention
                ends_at = end_of(request, origin.at)
                put = objects.PutBlob(
                    origin=origin, blob=blob, metadata=metadata, forget_at=forget_at, deletes_at=ends_at
                )
                events = objects.decide(put, current.state)
                return IntoObject(
                    stream=StreamAppend(stream_id=current.object_id, expected_version=current.version, events=events),
                    ends_at=later_end(current.state.deletes_at, ends_at),
                )
            if policy is Policy.UPDATE:
                return None
        create = objects.CreateObject(
            origin=origin,
            object_id=self._ids.new("obj_"),
            blobs=(blob,),
            metadata=metadata if bucket is None else with_defaults(schema_of(bucket), metadata),
            unique_key=request.unique_key,
            deletes_at=end_of(request, origin.at),
        )
        events = objects.decide(create, objects.NoObject())
        return IntoObject(
            stream=StreamAppend(stream_id=create.object_id, expected_version=0, events=events),
            ends_at=create.deletes_at,
            free=() if claim is None else (claim,),
        )


def stored_bytes(upload: UploadRecord) -> StoredBytes:
    """Return the bytes of a completed upload."""
    return StoredBytes(
        upload_id=upload.upload_id,
        storage_key=upload.storage_key,
        version_id=upload.version_id,
        etag=upload.etag or "",
        size_bytes=upload.size_bytes or 0,
        sha256=upload.sha256 or "",
    )
