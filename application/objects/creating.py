"""Creating objects from uploads and inline data."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from application.handling import Objection, command_of, settle
from application.keys.callers import Admitting, Caller, may_read, may_replace, new_command_id
from application.objects.changing import ChangingObjects, ObjectChange, check_ends, taken_by_another
from application.objects.composing import ComposingObjects, schema_of_bucket
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Command, Conditions, EventLog, StreamAppend
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError, OriginalGoneError
from application.ports.objects.object_reads import ObjectRecord
from application.ports.read_side import ReadSide
from domain.buckets.bucket import Policy, check_retention
from domain.buckets.schema import with_defaults
from domain.claims import Claim, content_claim, is_on_content, unique_key_claim
from domain.objects.composition import BlobWish, check_fields, check_key_prefix, check_size, key_of
from domain.objects.object import (
    OBJECT,
    CreateObject,
    ReplaceDeniedError,
    content_digest,
    object_not_found,
    uploads_of,
)
from domain.refusals import InvalidInputError, NotFoundError
from domain.uploads.retention import lasts_until


class ObjectWish(msgspec.Struct, frozen=True, kw_only=True):
    """The requested object. `fields`: its own fields, under the names of the schema's properties.

    `skip_duplicates`: an existing object of the same content that was created with it is returned instead, and later
    ones find this one, unless the existing object ends sooner; then the new object is not compared.
    `expires_after_seconds`: how long the object is kept; None: the bucket's retention.
    """

    blobs: Sequence[BlobWish] = ()
    fields: dict[str, Any] = {}
    key_prefix: str | None = None
    skip_duplicates: bool = False
    expires_after_seconds: int | None = None


class CreatingObjects(msgspec.Struct, frozen=True, kw_only=True):
    """One command: creates an object, or changes the one with the unique key according to the policy."""

    log: EventLog
    read_side: ReadSide
    admit: Admitting
    compose: ComposingObjects
    change: ChangingObjects
    clock: Clock
    ids: Ids

    async def __call__(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        wish: ObjectWish,
        *,
        policy: Policy | None = None,
        ids: Ids | None = None,
    ) -> ObjectRecord:
        """Create an object, or find the one of the same content.

        `ids`: those of a request under an idempotency key; the object's id is generated first.

        If another object has the unique key, `insert` raises `ConflictError`, and `upsert` and `update` change that
        object, if the caller may; if none has it, `update` raises `NotFoundError`. `policy` None: the bucket's.
        """
        object_id = (ids or self.ids).new("obj_")
        policy = _policy(bucket, policy)
        check_key_prefix(wish.key_prefix)
        check_retention(wish.expires_after_seconds, "expires_after_seconds")
        check_size(wish.fields)
        given = {name: value for name, value in wish.fields.items() if value is not None}
        fields = with_defaults(schema_of_bucket(bucket), given)
        unique_key = key_of(bucket.unique_key, fields)
        reads = may_read(caller, namespace, bucket)
        found: ObjectRecord | None = None

        async def create() -> Command | None:
            nonlocal found
            if found is not None:
                return None
            owner_id = await self._owner(bucket, unique_key, policy)
            if owner_id is not None:
                found = await self._put(caller, namespace, bucket, owner_id, wish)
                if found is not None:
                    return None
                await self._owner(bucket, unique_key, policy)  # it was deleted: `update` no longer finds it
            return await self._creation(caller, namespace, bucket, wish, object_id, fields, unique_key)

        async def learn(objection: Objection) -> bool:
            nonlocal found, wish
            if isinstance(objection, ClaimTakenError):
                same = await self._taken(bucket, objection, policy, reads=reads)
                if same is not None and not lasts_until(_end(bucket, wish, self.clock.now()), same.deletes_at):
                    wish = msgspec.structs.replace(wish, skip_duplicates=False)
                elif same is not None and not reads:
                    raise taken_by_another(objection, reads=reads) from objection
                else:
                    found = same
                return True
            return isinstance(objection, OriginalGoneError)  # an upload was forgotten: the next attempt reports it

        await settle(self.log, create, learn)
        return found or await self._made(bucket, object_id)

    async def _owner(self, bucket: BucketRecord, unique_key: str | None, policy: Policy) -> str | None:
        """Return the object to change; None: create one."""
        owner_id = None
        if unique_key is not None and policy is not Policy.INSERT:
            claim = unique_key_claim(bucket.bucket_id, unique_key)
            owner_id = await self.read_side.claim_owner(claim)
        if owner_id is None and policy is Policy.UPDATE:
            raise NotFoundError(
                "object_not_found",
                "No object has this unique key, but the policy 'update' needs one: send policy=upsert, or check the"
                " values.",
            )
        return owner_id

    async def _taken(
        self, bucket: BucketRecord, taken: ClaimTakenError, policy: Policy, *, reads: bool
    ) -> ObjectRecord | None:
        """Return the object of the same content; None to try again."""
        if is_on_content(taken.claim):
            return await self.read_side.bucket_object(bucket.namespace_id, taken.owner_id)
        if policy is Policy.INSERT:
            raise taken_by_another(taken, reads=reads) from taken
        return None

    async def _put(
        self, caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord, object_id: str, wish: ObjectWish
    ) -> ObjectRecord | None:
        """Change the existing object as requested; None if it was deleted in the meantime."""
        if not may_replace(caller, namespace, bucket):
            raise ReplaceDeniedError
        change = ObjectChange(
            blobs=wish.blobs,
            keep_others=True,
            fields=wish.fields,
            key_prefix=wish.key_prefix,
            skip_duplicates=wish.skip_duplicates or None,
            kept_until=_end(bucket, wish, self.clock.now()),
        )
        try:
            return await self.change(caller, namespace, bucket, object_id, change)
        except NotFoundError as error:
            if error.code != "object_not_found":
                raise
            return None

    async def _made(self, bucket: BucketRecord, object_id: str) -> ObjectRecord:
        record = await self.read_side.bucket_object(bucket.namespace_id, object_id)
        if record is None:  # already deleted
            raise object_not_found(object_id)
        return record

    async def _creation(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        wish: ObjectWish,
        object_id: str,
        fields: dict[str, Any],
        unique_key: str | None,
    ) -> Command:
        blobs = await self.compose(bucket, wish.blobs)
        check_fields(fields, blobs, schema_of_bucket(bucket))
        origin = caller.origin(
            self.clock.now(),
            new_command_id(self.ids),
            namespace_id=bucket.namespace_id,
            bucket_id=bucket.bucket_id,
        )
        command = CreateObject(
            origin=origin,
            object_id=object_id,
            blobs=blobs,
            metadata=fields,
            unique_key=unique_key,
            key_prefix=wish.key_prefix,
            content_key=content_digest(blobs, fields) if wish.skip_duplicates else None,
            deletes_at=_end(bucket, wish, origin.at),
        )
        if not may_replace(caller, namespace, bucket):
            await check_ends(self.admit, self.read_side, caller, bucket, uploads_of(blobs), command.deletes_at)
        free: list[Claim] = []
        if command.content_key is not None:
            free.append(content_claim(bucket.bucket_id, command.content_key))
        if unique_key is not None:
            free.append(unique_key_claim(bucket.bucket_id, unique_key))
        stream = StreamAppend(stream_id=object_id, expected_version=0, events=OBJECT.decide(command, OBJECT.initial))
        conditions = Conditions(
            key_id=caller.key.key_id,
            namespace_id=bucket.namespace_id,
            bucket_id=bucket.bucket_id,
            free=tuple(free),
            stored=tuple(sorted(uploads_of(blobs))),
        )
        return command_of(origin, (stream,), conditions)


def _policy(bucket: BucketRecord, named: Policy | None) -> Policy:
    policy = named or (bucket.unique_key.default_policy if bucket.unique_key else None) or Policy.INSERT
    if policy is Policy.UPDATE and bucket.unique_key is None:
        raise InvalidInputError(
            "no_unique_key",
            "The policy 'update' needs a unique key, but the bucket has none: use the policy 'insert'.",
            {"field": "policy"},
        )
    return policy


def _end(bucket: BucketRecord, wish: ObjectWish, now: datetime) -> datetime | None:
    """Return the end of a new object."""
    kept_seconds = bucket.retention_seconds if wish.expires_after_seconds is None else wish.expires_after_seconds
    return None if kept_seconds is None else now + timedelta(seconds=kept_seconds)
