"""Putting uploads into objects: the appends for the object that the bytes of an upload become part of.

It is used for verified bytes and for bytes that were already known at the request. `domain.uploads.completion` decides
which object it is, and how it changes.
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
from domain.shared_fields import made_from
from domain.uploads.completion import IntoObject, KeptBytes, Original, Target
from domain.uploads.request import UploadRequest


class FoundTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The object that a blob may be put into. `version`: of its holder's stream; 0 if there is none."""

    target: Target
    version: int

    def append(self, into: IntoObject) -> StreamAppend:
        """Return the append of the object's events. It needs a condition for the bytes of another upload."""
        state = OBJECT.initial if self.target.holder is None else self.target.holder
        return StreamAppend(
            stream_id=into.object_id, expected_version=self.version, events=OBJECT.decide(into.command, state)
        )


class FindingTargets(msgspec.Struct, frozen=True, kw_only=True):
    """Finds the object with the unique key, or generates the ids of a new one."""

    log: EventLog
    read_side: ObjectCreation
    ids: Ids
    rules: Rules

    async def __call__(
        self, request: UploadRequest, policy: Policy, origin: Origin, bucket: BucketRecord | None, *, may_replace: bool
    ) -> FoundTarget:
        """Return the target of this upload's blob. `origin`: of the command."""
        holder, version = None, 0
        if request.unique_key is not None and policy is not Policy.INSERT:
            claim = unique_key_claim(origin.bucket_id or "", request.unique_key)
            owner_id = await self.read_side.claim_owner(claim)
            owner = None if owner_id is None else await load(self.log, OBJECT, owner_id)
            if owner is not None and isinstance(owner.state, LiveObject):
                holder, version = owner.state, owner.version
        target = Target(
            object_id=self.ids.new("obj_"),
            blob_id=self.ids.new("blob_"),
            schema=None if bucket is None else schema_of_bucket(bucket),
            forget_at=origin.at + self.rules.retention,
            holder=holder,
            may_replace=may_replace,
        )
        return FoundTarget(target=target, version=version)


def as_original(upload: UploadRecord) -> Original:
    """Return a completed upload as an original."""
    kept = made_from(
        KeptBytes, upload, etag=upload.etag or "", size_bytes=upload.size_bytes or 0, sha256=upload.sha256 or ""
    )
    return Original(kept=kept, object_id=upload.object_id, deletes_at=upload.deletes_at)


def claims_of(bucket_id: str, into: IntoObject) -> tuple[Claim, ...]:
    """Return the claims that must be free for a new object."""
    unique_key = into.command.unique_key if isinstance(into.command, CreateObject) else None
    return () if unique_key is None else (unique_key_claim(bucket_id, unique_key),)
