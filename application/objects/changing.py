"""Changing objects: blobs, fields, prefix, end."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from application.handling import Loaded, Objection, Proposal, handle
from application.keys.callers import Admitting, Caller, EndDeniedError, may_read, may_replace, new_command_id
from application.objects.composing import ComposingObjects, schema_of_bucket
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, VersionConflictError
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError, OriginalGoneError
from application.ports.objects.object_reads import ObjectRecord
from application.ports.read_side import ReadSide
from application.rules import Rules
from domain.buckets.bucket import check_retention
from domain.claims import content_claim, is_on_content, unique_key_claim
from domain.objects.composition import BlobWish, check_fields, check_key_prefix, key_of
from domain.objects.object import (
    OBJECT,
    Blob,
    BucketObject,
    LiveObject,
    ObjectEvent,
    ReplaceDeniedError,
    UpdateObject,
    content_digest,
    holds_all_of,
    object_not_found,
    uploads_of,
    with_blobs,
)
from domain.refusals import ConflictError
from domain.uploads.retention import lasts_until, later_end


class ObjectChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an object; None keeps a value.

    `blobs` replace all blobs, or with `keep_others` only those of the same properties. `fields` are merged into the
    object's own; null removes one. `skip_duplicates`: whether later objects of the same content find this one.
    `expires_after_seconds`: its new end, from now, None: never. `kept_until`: it ends no sooner, None: never.
    """

    blobs: Sequence[BlobWish] | None = None
    keep_others: bool = False
    fields: dict[str, Any] = {}
    key_prefix: str | None = None
    skip_duplicates: bool | None = None
    expires_after_seconds: int | UnsetType | None = UNSET
    kept_until: datetime | UnsetType | None = UNSET


class ChangingObjects(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Uploads that the object releases stay until they are deleted."""

    log: EventLog
    read_side: ReadSide
    admit: Admitting
    compose: ComposingObjects
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(
        self, caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord, object_id: str, wish: ObjectChange
    ) -> ObjectRecord:
        """Change an object and return it. Raises `ConflictError` if another one has its key or content.

        A caller without `delete` can add blobs and change fields, but cannot replace existing blobs, and can only
        shorten the life of its own uploads.
        """
        check_key_prefix(wish.key_prefix)
        if wish.expires_after_seconds is not UNSET:
            check_retention(wish.expires_after_seconds, "expires_after_seconds")
        record = await self.read_side.bucket_object(bucket.namespace_id, object_id)
        if record is None or record.bucket_id != bucket.bucket_id:
            raise object_not_found(object_id)
        replaces = may_replace(caller, namespace, bucket)

        async def make(found: Loaded[ObjectEvent, BucketObject]) -> Proposal[ObjectEvent] | None:
            blobs = None if wish.blobs is None else await self.compose(bucket, wish.blobs)
            return await self._change(caller, bucket, found, wish, blobs, replaces=replaces)

        async def learn(objection: Objection) -> bool:
            return isinstance(
                objection, VersionConflictError | OriginalGoneError
            )  # check the object and the uploads again

        try:
            await handle(self.log, OBJECT, object_id, make, learn=learn)
        except ClaimTakenError as taken:
            raise taken_by_another(taken, reads=may_read(caller, namespace, bucket)) from taken
        changed = await self.read_side.bucket_object(bucket.namespace_id, object_id)
        if changed is None:
            raise object_not_found(object_id)
        return changed

    async def _change(
        self,
        caller: Caller,
        bucket: BucketRecord,
        found: Loaded[ObjectEvent, BucketObject],
        wish: ObjectChange,
        blobs: tuple[Blob, ...] | None,
        *,
        replaces: bool,
    ) -> Proposal[ObjectEvent] | None:
        object_id, current = found.stream_id, found.state
        if not isinstance(current, LiveObject):
            raise object_not_found(object_id)
        origin = found.origin_of(caller.key.key_id, new_command_id(self.ids), self.clock.now())
        if blobs is None:
            blobs = current.blobs
        elif wish.keep_others:
            blobs = with_blobs(current.blobs, blobs)
        if not replaces and not holds_all_of(blobs, current.blobs):
            raise ReplaceDeniedError
        ends_at = _end(wish, current, origin.at)
        if not replaces:
            if not lasts_until(current.deletes_at, ends_at):
                raise EndDeniedError("The object", {"object_id": object_id})
            added = uploads_of(blobs) - current.upload_ids()
            await check_ends(self.admit, self.read_side, caller, bucket, added, ends_at)
        metadata = merge_fields(current.metadata, wish.fields)
        check_fields(metadata, blobs, schema_of_bucket(bucket))
        findable = current.content_key is not None if wish.skip_duplicates is None else wish.skip_duplicates
        command = UpdateObject(
            origin=origin,
            blobs=blobs,
            metadata=metadata,
            key_prefix=current.key_prefix if wish.key_prefix is None else wish.key_prefix,
            unique_key=key_of(bucket.unique_key, metadata),
            content_key=content_digest(blobs, metadata) if findable else None,
            forget_at=origin.at + self.rules.retention,
            deletes_at=ends_at,
        )
        free = []
        if command.content_key is not None and command.content_key != current.content_key:
            free.append(content_claim(bucket.bucket_id, command.content_key))
        if command.unique_key is not None and command.unique_key != current.unique_key:
            free.append(unique_key_claim(bucket.bucket_id, command.unique_key))
        events = OBJECT.decide(command, current)
        if not events:
            return None
        return Proposal(
            origin=origin,
            events=events,
            conditions=Conditions(
                key_id=caller.key.key_id,
                namespace_id=origin.namespace_id,
                free=tuple(free),
                stored=tuple(sorted(uploads_of(blobs) - current.upload_ids())),
            ),
        )


def _end(change: ObjectChange, current: LiveObject, now: datetime) -> datetime | None:
    """Return the new end of a changed object."""
    if change.expires_after_seconds is None:
        return None
    if change.expires_after_seconds is not UNSET:
        return now + timedelta(seconds=change.expires_after_seconds)
    return current.deletes_at if change.kept_until is UNSET else later_end(current.deletes_at, change.kept_until)


async def check_ends(
    admit: Admitting,
    read_side: ReadSide,
    caller: Caller,
    bucket: BucketRecord,
    upload_ids: Collection[str],
    ends_at: datetime | None,
) -> None:
    """Refuse to shorten the life of other callers' uploads by adding them to an object that ends sooner."""
    if ends_at is None:
        return
    for upload in (await read_side.uploads_by_id(bucket.namespace_id, upload_ids)).values():
        if upload.object_id is not None or lasts_until(upload.deletes_at, ends_at):
            continue
        if not await admit.requested(caller, upload.upload_id):
            raise EndDeniedError(f"The upload {upload.upload_id}", {"upload_id": upload.upload_id})


def merge_fields(metadata: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return an object's fields after a merge; null removes one."""
    return {name: value for name, value in {**metadata, **fields}.items() if value is not None or name not in fields}


def taken_by_another(taken: ClaimTakenError, *, reads: bool) -> ConflictError:
    """Return the refusal of an object with the unique key or content of another one, whose id only `reads` reveals."""
    details = {"existing_object_id": taken.owner_id} if reads else {}
    if is_on_content(taken.claim):
        return ConflictError(
            "duplicate_object",
            "Another object has exactly this content: use that object, or send skip_duplicates=false.",
            details,
        )
    return ConflictError(
        "unique_key_taken",
        "Another object has the same values of the bucket's unique key: change them, or update that object.",
        details,
    )
