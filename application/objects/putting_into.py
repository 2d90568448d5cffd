"""Putting uploads into objects: what is appended for the object that the bytes of an upload become part of.

Two ways lead here, and mean the same: bytes that were sent and proved, and bytes that were known when they were
announced. Which object it is, and what becomes of it, is decided in `domain.uploads.completion`.
"""

import msgspec

from application.handling import load
from application.objects.composing import schema_of_bucket
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Ids
from application.ports.events.event_log import EventLog, StreamAppend
from application.ports.objects.object_creation import ObjectCreation
from application.ports.uploads.upload_reads import UploadRecord
from application.rules import Rules
from domain.buckets.bucket import Policy
from domain.claims import Claim, unique_key_claim
from domain.events.event import Origin
from domain.objects.object import OBJECT, CreateObject, LiveObject
from domain.uploads.completion import IntoObject, KeptBytes, Original, Target
from domain.uploads.request import UploadRequest


class FoundTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The object that a blob may go into. `version`: of its holder's stream; 0 where there is none."""

    target: Target
    version: int

    def append(self, into: IntoObject) -> StreamAppend:
        """Return what appends the object's events. Bytes of another upload must be demanded together with it."""
        state = OBJECT.initial if self.target.holder is None else self.target.holder
        return StreamAppend(
            stream_id=into.object_id, expected_version=self.version, events=OBJECT.decide(into.command, state)
        )


class FindingTargets:
    """Finds the object that has the unique key, or draws the ids of a new one."""

    def __init__(self, *, log: EventLog, read_side: ObjectCreation, ids: Ids, rules: Rules) -> None:
        self._log = log
        self._read_side = read_side
        self._ids = ids
        self._rules = rules

    async def __call__(
        self, request: UploadRequest, policy: Policy, origin: Origin, bucket: BucketRecord | None, *, may_replace: bool
    ) -> FoundTarget:
        """Return where a blob of this upload goes. `origin`: of the command that puts it there."""
        holder, version = None, 0
        if request.unique_key is not None and policy is not Policy.INSERT:
            claim = unique_key_claim(origin.bucket_id or "", request.unique_key)
            owner_id = await self._read_side.claim_owner(claim)
            owner = None if owner_id is None else await load(self._log, OBJECT, owner_id)
            if owner is not None and isinstance(owner.state, LiveObject):
                holder, version = owner.state, owner.version
        target = Target(
            object_id=self._ids.new("obj_"),
            blob_id=self._ids.new("blob_"),
            schema=None if bucket is None else schema_of_bucket(bucket),
            forget_at=origin.at + self._rules.retention,
            holder=holder,
            may_replace=may_replace,
        )
        return FoundTarget(target=target, version=version)


def as_original(upload: UploadRecord) -> Original:
    """Return a completed upload as the original of later ones."""
    kept = KeptBytes(
        upload_id=upload.upload_id,
        storage_key=upload.storage_key,
        version_id=upload.version_id,
        etag=upload.etag or "",
        size_bytes=upload.size_bytes or 0,
        sha256=upload.sha256 or "",
    )
    return Original(kept=kept, object_id=upload.object_id, deletes_at=upload.deletes_at)


def claims_of(bucket_id: str, into: IntoObject) -> tuple[Claim, ...]:
    """Return the claims that a new object needs to be free."""
    unique_key = into.command.unique_key if isinstance(into.command, CreateObject) else None
    return () if unique_key is None else (unique_key_claim(bucket_id, unique_key),)
