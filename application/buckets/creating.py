"""Creating buckets."""

from typing import Any

import msgspec

from application.buckets.changing import bucket_name_taken
from application.handling import start
from application.keys.callers import Caller, may_read, new_command_id
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError
from domain.buckets.bucket import BUCKET, BucketStatus, CreateBucket, UniqueKey
from domain.claims import bucket_name_claim, deletion_claim
from domain.namespaces.namespace import namespace_deleting
from domain.shared_fields import made_from
from domain.uploads.content_rules import ANY_CONTENT, ContentRules, checked


class CreatingBuckets(msgspec.Struct, frozen=True, kw_only=True):
    """One command; names are unique in a namespace."""

    log: EventLog
    clock: Clock
    ids: Ids

    async def __call__(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        *,
        name: str,
        description: str | None,
        bucket_schema: dict[str, Any],
        unique_key: UniqueKey | None,
        metadata: dict[str, Any],
        auto_confirm: bool = False,
        content_rules: ContentRules = ANY_CONTENT,
        retention_seconds: int | None = None,
        analytics_fields: tuple[str, ...] = (),
        part_size: int | None = None,
        ids: Ids | None = None,
    ) -> BucketRecord:
        """Create a bucket, which accepts uploads at once. `ids`: those of a request under an idempotency key."""
        ids = ids or self.ids
        now = self.clock.now()
        bucket_id = ids.new("bkt_")
        origin = caller.origin(now, new_command_id(ids), namespace_id=namespace.namespace_id, bucket_id=bucket_id)
        command = CreateBucket(
            origin=origin,
            bucket_id=bucket_id,
            name=name,
            description=description,
            bucket_schema=bucket_schema,
            unique_key=unique_key,
            metadata=metadata,
            auto_confirm=auto_confirm,
            content_rules=content_rules,
            retention_seconds=retention_seconds,
            analytics_fields=analytics_fields,
            part_size=part_size,
        )
        conditions = Conditions(
            key_id=caller.key.key_id,
            namespace_id=namespace.namespace_id,
            free=(deletion_claim(namespace.namespace_id), bucket_name_claim(namespace.namespace_id, name)),
        )
        try:
            position = await start(self.log, bucket_id, BUCKET.decide(command, BUCKET.initial), conditions)
        except ClaimTakenError as taken:
            if taken.claim == deletion_claim(namespace.namespace_id):
                raise namespace_deleting(namespace.namespace_id) from taken
            raise bucket_name_taken(taken, shown=may_read(caller, namespace)) from taken
        return made_from(
            BucketRecord,
            command,
            organization_id=origin.organization_id,
            namespace_id=namespace.namespace_id,
            status=BucketStatus.ACTIVE,
            object_count=0,
            total_size_bytes=0,
            last_upload_at=None,
            created_at=now,
            updated_at=now,
            position=position,
            content_rules=checked(content_rules),
        )
