"""Changing buckets: name, description, metadata, status, or a larger schema.

The unique key cannot change.
"""

from collections.abc import Sequence

import msgspec

from application.handling import Loaded, Proposal, handle
from application.keys.callers import Caller, may_read, new_command_id
from application.lists.listing import OBJECTS
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.lists.pages import PageRequest
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError
from application.ports.read_side import ReadSide
from domain.buckets.bucket import (
    BUCKET,
    Bucket,
    BucketCommand,
    BucketEvent,
    BucketSettings,
    BucketStatus,
    ChangeBucketSchema,
    ChangeBucketStatus,
    LiveBucket,
    UpdateBucket,
    bucket_not_found,
    merge_patch,
)
from domain.buckets.schema import check_json, grown, parse_schema, value_problems
from domain.claims import Claim, bucket_name_claim
from domain.events.event import JSON, Origin
from domain.lists.filtering import AnyOf, Condition, Operator, Ref, ValueType
from domain.refusals import InvalidInputError, WrongStateError
from domain.shared_fields import made_from
from domain.uploads.content_rules import ContentRules

_OBJECTS_AT_ONCE = 500
_NO_LIVE_BUCKET = LiveBucket(  # every command for it is refused
    bucket_id="", status=BucketStatus.DELETING, name="", description=None, metadata={}
)


class BucketChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a bucket; UNSET keeps a value.

    `metadata` replaces the old value, unless `merges`: then it is a JSON merge patch (RFC 7396).
    """

    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    metadata: JSON | msgspec.UnsetType = msgspec.UNSET
    merges: bool = False
    status: BucketStatus | msgspec.UnsetType = msgspec.UNSET
    bucket_schema: JSON | msgspec.UnsetType = msgspec.UNSET
    auto_confirm: bool | msgspec.UnsetType = msgspec.UNSET
    content_rules: ContentRules | msgspec.UnsetType = msgspec.UNSET
    retention_seconds: int | msgspec.UnsetType | None = msgspec.UNSET
    analytics_fields: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    part_size: int | msgspec.UnsetType | None = msgspec.UNSET


class ChangingBuckets(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Idempotent."""

    log: EventLog
    read_side: ReadSide
    clock: Clock
    ids: Ids

    async def __call__(
        self, caller: Caller, namespace: NamespaceRecord, bucket_id: str, change: BucketChange
    ) -> BucketRecord:
        """Change a bucket and return its new state. A taken name is refused, and then nothing changes.

        A bucket that is not active accepts no uploads; open ones can still be confirmed.
        """
        if isinstance(change.metadata, dict):
            check_json(change.metadata, "metadata")

        async def make(bucket: Loaded[BucketEvent, Bucket]) -> Proposal[BucketEvent]:
            return await self._change(caller, namespace, bucket, change)

        try:
            await handle(self.log, BUCKET, bucket_id, make)
        except ClaimTakenError as taken:
            raise bucket_name_taken(taken, shown=may_read(caller, namespace)) from taken
        record = await self.read_side.bucket(namespace.namespace_id, bucket_id)
        if record is None:
            raise bucket_not_found(bucket_id)
        return record

    async def _change(
        self, caller: Caller, namespace: NamespaceRecord, bucket: Loaded[BucketEvent, Bucket], change: BucketChange
    ) -> Proposal[BucketEvent]:
        bucket_id, before = bucket.stream_id, bucket.state
        origin = caller.origin(
            self.clock.now(),
            new_command_id(self.ids),
            namespace_id=namespace.namespace_id,
            bucket_id=bucket_id,
        )
        if isinstance(change.bucket_schema, dict) and isinstance(before, LiveBucket):
            await self._check_objects(namespace, bucket_id, before.bucket_schema, change.bucket_schema)
        events = BUCKET.decide_all(_commands(change, before, origin), before)
        after = BUCKET.fold(before, events)
        free: tuple[Claim, ...] = ()
        if isinstance(before, LiveBucket) and isinstance(after, LiveBucket) and after.name != before.name:
            free = (bucket_name_claim(namespace.namespace_id, after.name),)
        conditions = Conditions(key_id=caller.key.key_id, namespace_id=namespace.namespace_id, free=free)
        return Proposal(origin=origin, events=events, conditions=conditions)

    async def _check_objects(self, namespace: NamespaceRecord, bucket_id: str, before: JSON, after: JSON) -> None:
        """Refuse a schema with a new property for which an existing object has a conflicting value."""
        known, schema = parse_schema(before), parse_schema(after)
        names = grown(known, schema)
        if not names:
            return
        held = AnyOf(
            tuple(Condition(Ref("metadata", ValueType.JSON, (name,)), Operator.EXISTS, True, False) for name in names)
        )
        after_place = None
        while True:
            asked = PageRequest(limit=_OBJECTS_AT_ONCE, where=held, after=after_place)
            page = await self.read_side.bucket_objects(namespace.namespace_id, bucket_id, asked)
            for record in page.rows:
                for name in names:
                    for problem in value_problems(schema.properties[name], record.metadata.get(name), name):
                        raise InvalidInputError(
                            "schema_contradicted",
                            f"The object {record.object_id} does not fit bucket_schema: {problem}. Change the object, "
                            "or give the property another name.",
                            {"field": f"bucket_schema.properties.{name}", "object_id": record.object_id},
                        )
            if not page.has_more:
                return
            after_place = OBJECTS.place(page.rows[-1], None)


def _commands(change: BucketChange, before: Bucket, origin: Origin) -> Sequence[BucketCommand]:
    """Return the commands of the change for this bucket; absent values stay."""
    known = before if isinstance(before, LiveBucket) else _NO_LIVE_BUCKET
    given = {f: getattr(change, f) for f in BucketSettings.__struct_fields__ if getattr(change, f) is not msgspec.UNSET}
    if isinstance(change.metadata, dict) and change.merges:
        given["metadata"] = merge_patch(known.metadata, change.metadata)
    update = msgspec.structs.replace(made_from(UpdateBucket, known, origin=origin), **given)
    commands: list[BucketCommand] = [update]
    if isinstance(change.bucket_schema, dict):
        commands.append(ChangeBucketSchema(origin=origin, bucket_schema=change.bucket_schema))
    if isinstance(change.status, BucketStatus):
        commands.append(ChangeBucketStatus(origin=origin, status=change.status))
    return commands


def bucket_name_taken(taken: ClaimTakenError, *, shown: bool) -> WrongStateError:
    """Return the refusal of a taken name. `shown`: whether the caller may see the other bucket's id."""
    return WrongStateError(
        "name_taken",
        f"A bucket named '{taken.claim.key}' exists already: use another name.",
        {"bucket_id": taken.owner_id} if shown else {},
    )
