"""The fold that makes the read tables of the log, event by event: what `upwell.project` does in SQL.

It reads the event alone: no clock, no chance. What each event means for jobs is `scheduling`'s.
"""

from collections.abc import Iterable
from typing import TypeVar, assert_never

import msgspec
from msgspec import UNSET

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.keys.key_reads import KeyRecord
from application.ports.keys.token_reads import TokenRecord
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_reads import ObjectRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from application.ports.uploads.upload_reads import AvoidedDuplicate, UploadRecord
from application.ports.webhooks.webhook_reads import WebhookRecord
from application.uploads.records import EventPosition, following
from domain.buckets.bucket import (
    BucketCreated,
    BucketDeleted,
    BucketDeletionBegan,
    BucketEvent,
    BucketSchemaChanged,
    BucketStatus,
    BucketStatusChanged,
    BucketUpdated,
)
from domain.claims import Claim, Held, held_after
from domain.events.registry import KnownEvent
from domain.keys.api_key import (
    ApiKeyCreated,
    ApiKeyEvent,
    ApiKeyPermissionsChanged,
    ApiKeyRevoked,
    ApiKeyRotated,
    ApiKeyScopesChanged,
    ApiKeySettingsChanged,
    ApiKeysListed,
)
from domain.keys.event_token import EventTokenIssued
from domain.keys.upload_token import (
    TokenEvent,
    UploadTokenIssued,
    UploadTokenRenewed,
    UploadTokenRevoked,
    UploadTokenUsed,
    token_of,
)
from domain.namespaces.namespace import (
    NamespaceCreated,
    NamespaceDeleted,
    NamespaceDeletionBegan,
    NamespaceEvent,
    NamespaceStatus,
    NamespaceUpdated,
)
from domain.objects.object import Blob, ObjectCreated, ObjectDeleted, ObjectEvent, ObjectUpdated, uploads_of
from domain.organizations.ledger import Usage, change_of
from domain.organizations.organization import (
    OrganizationCreated,
    OrganizationEvent,
    OrganizationLimitsChanged,
    OrganizationProfileChanged,
    OrganizationRateLimitsChanged,
    OrganizationRateLimitsSet,
    OwnRateLimits,
)
from domain.shared_fields import changed_by, made_from
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload_events import UploadBytesInherited, UploadCompleted, UploadEvent
from domain.webhooks.webhook import (
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookEvent,
    WebhookSecretRotated,
    WebhookUpdated,
    switched_off,
)

Row = TypeVar("Row", bound=msgspec.Struct)


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """The read tables, by id; a row is replaced, never changed.

    `holds`: pairs of an upload and an object that holds its bytes. `inherited`: by upload, whose bytes it has
    inherited. `claims`: by claim, who holds it; `claimed_by`: the same, by the stream whose events took them.
    """

    organizations: dict[str, OrganizationRecord] = {}
    quotas: dict[str, Usage] = {}
    keys: dict[str, KeyRecord] = {}
    upload_tokens: dict[str, TokenRecord] = {}
    namespaces: dict[str, NamespaceRecord] = {}
    buckets: dict[str, BucketRecord] = {}
    uploads: dict[str, UploadRecord] = {}
    avoided_duplicates: dict[str, AvoidedDuplicate] = {}
    objects: dict[str, ObjectRecord] = {}
    holds: set[tuple[str, str]] = set()
    inherited: dict[str, str] = {}
    webhooks: dict[str, WebhookRecord] = {}
    claims: dict[Claim, str] = {}
    claimed_by: dict[str, Held] = {}

    def copy(self) -> "Tables":
        """Return tables that can be written without these changing."""
        return Tables(**{name: getattr(self, name).copy() for name in self.__struct_fields__})

    def avoided_for(self, upload_id: str) -> list[str]:
        """Return the streams of the duplicates that were avoided because of an upload."""
        return [each.duplicate_id for each in self.avoided_duplicates.values() if each.original_upload_id == upload_id]


class ClaimHeldError(Exception):
    """An event claims what another thing holds: its command did not demand that the claim be free."""


def project(tables: Tables, event: KnownEvent, place: EventPosition) -> None:
    """Write what one event changes. Total: a fact about a row that is not there changes no row."""
    _settle_claims(tables, event, place.stream_id)
    match event:
        case (
            OrganizationCreated()
            | OrganizationLimitsChanged()
            | OrganizationRateLimitsChanged()
            | OrganizationRateLimitsSet()
            | OrganizationProfileChanged()
        ):
            _project_organization(tables, event, place)
        case (
            ApiKeyCreated()
            | ApiKeyRotated()
            | ApiKeySettingsChanged()
            | ApiKeyPermissionsChanged()
            | ApiKeyScopesChanged()
            | ApiKeyRevoked()
        ):
            _project_key(tables, event, place)
        case NamespaceCreated() | NamespaceUpdated() | NamespaceDeletionBegan() | NamespaceDeleted():
            _project_namespace(tables, event, place)
        case (
            BucketCreated()
            | BucketStatusChanged()
            | BucketSchemaChanged()
            | BucketUpdated()
            | BucketDeletionBegan()
            | BucketDeleted()
        ):
            _project_bucket(tables, event, place)
        case ObjectCreated() | ObjectUpdated() | ObjectDeleted():
            _project_object(tables, event, place)
        case WebhookCreated() | WebhookUpdated() | WebhookSecretRotated() | WebhookDisabled() | WebhookDeleted():
            _project_webhook(tables, event, place)
        case UploadDuplicateAvoided():
            _project_avoided(tables, event, place)
        case UploadTokenIssued() | UploadTokenUsed() | UploadTokenRenewed() | UploadTokenRevoked():
            _project_token(tables, event, place)
        case EventTokenIssued() | ApiKeysListed():
            pass  # no list shows it
        case _:
            _project_upload(tables, event, place)
            _settle_quota(tables, event)


def _project_organization(tables: Tables, event: OrganizationEvent, place: EventPosition) -> None:
    at = event.origin.at
    match event:
        case OrganizationCreated():
            tables.organizations[place.stream_id] = made_from(
                OrganizationRecord, event, organization_id=place.stream_id, created_at=at, updated_at=at
            )
            tables.quotas[place.stream_id] = Usage()
        case OrganizationLimitsChanged():
            _follow(tables.organizations, place.stream_id, event, updated_at=at)
        case OrganizationRateLimitsChanged():
            own = made_from(OwnRateLimits, event.rate_limits)
            _change(tables.organizations, place.stream_id, own_rate_limits=own, updated_at=at)
        case OrganizationRateLimitsSet():
            chosen = None if event.rate_limits == OwnRateLimits() else event.rate_limits
            _change(tables.organizations, place.stream_id, own_rate_limits=chosen, updated_at=at)
        case OrganizationProfileChanged():
            _follow(tables.organizations, place.stream_id, event, updated_at=at)
        case _:
            assert_never(event)


def _project_key(tables: Tables, event: ApiKeyEvent, place: EventPosition) -> None:
    origin = event.origin
    match event:
        case ApiKeyCreated():
            key = made_from(
                KeyRecord,
                event,
                key_id=place.stream_id,
                organization_id=origin.organization_id,
                created_at=origin.at,
                created_by=origin.actor_id,
                revoked_at=None,
                revoked_by=None,
            )
            tables.keys[place.stream_id] = key
        case ApiKeyRotated():
            rotated = tables.keys.get(place.stream_id)
            if rotated is not None:
                _follow(tables.keys, place.stream_id, event, previous_key_hash=rotated.key_hash)
        case ApiKeySettingsChanged() | ApiKeyPermissionsChanged() | ApiKeyScopesChanged():
            _follow(tables.keys, place.stream_id, event)
        case ApiKeyRevoked():
            _follow(tables.keys, place.stream_id, event, revoked_at=origin.at, revoked_by=origin.actor_id)
        case _:
            assert_never(event)


def _project_token(tables: Tables, event: TokenEvent, place: EventPosition) -> None:
    tokens, token_id, origin = tables.upload_tokens, place.stream_id, event.origin
    known = tokens.get(token_id)
    match event:
        case UploadTokenIssued():
            tokens[token_id] = made_from(
                TokenRecord,
                token_of(event),
                created_at=origin.at,
                version=place.version,
                position=place.position,
            )
        case UploadTokenUsed():
            if known is not None:
                _change(
                    tokens,
                    token_id,
                    used_count=known.used_count + 1,
                    used_bytes=known.used_bytes + (event.size_bytes or 0),
                    last_used_at=origin.at,
                    version=place.version,
                )
        case UploadTokenRenewed():
            if known is not None:
                _follow(
                    tokens,
                    token_id,
                    event,
                    previous_token_hash=known.token_hash,
                    renewed_at=origin.at,
                    version=place.version,
                )
        case UploadTokenRevoked():
            _follow(tokens, token_id, event, revoked_at=origin.at, revoked_by=origin.actor_id, version=place.version)
        case _:
            assert_never(event)


def _project_namespace(tables: Tables, event: NamespaceEvent, place: EventPosition) -> None:
    origin = event.origin
    namespace_id = place.stream_id
    match event:
        case NamespaceCreated():
            tables.namespaces[namespace_id] = made_from(
                NamespaceRecord,
                event,
                namespace_id=namespace_id,
                organization_id=origin.organization_id,
                status=NamespaceStatus.ACTIVE,
                created_at=origin.at,
                updated_at=origin.at,
                bucket_count=0,
                object_count=0,
                position=place.position,
            )
        case NamespaceUpdated():
            _follow(tables.namespaces, namespace_id, event, updated_at=origin.at)
        case NamespaceDeletionBegan():
            _change(tables.namespaces, namespace_id, status=NamespaceStatus.DELETING, updated_at=origin.at)
            for bucket in [each for each in tables.buckets.values() if each.namespace_id == namespace_id]:
                _change(tables.buckets, bucket.bucket_id, status=BucketStatus.DELETING)
        case NamespaceDeleted():
            tables.namespaces.pop(namespace_id, None)
        case _:
            assert_never(event)


def _project_bucket(tables: Tables, event: BucketEvent, place: EventPosition) -> None:
    origin = event.origin
    namespace_id, bucket_id = origin.namespace_id or "", place.stream_id
    match event:
        case BucketCreated():
            tables.buckets[bucket_id] = made_from(
                BucketRecord,
                event,
                bucket_id=bucket_id,
                organization_id=origin.organization_id,
                namespace_id=namespace_id,
                status=BucketStatus.ACTIVE,
                object_count=0,
                total_size_bytes=0,
                last_upload_at=None,
                created_at=origin.at,
                updated_at=origin.at,
                position=place.position,
            )
            _count_buckets(tables, namespace_id, 1)
        case BucketStatusChanged():
            known = tables.buckets.get(bucket_id)
            deleting = known is not None and known.status is BucketStatus.DELETING  # its namespace is being deleted
            _change(
                tables.buckets,
                bucket_id,
                status=BucketStatus.DELETING if deleting else event.status,
                updated_at=origin.at,
            )
        case BucketSchemaChanged() | BucketUpdated():
            _follow(tables.buckets, bucket_id, event, updated_at=origin.at)
        case BucketDeletionBegan():
            _change(tables.buckets, bucket_id, status=BucketStatus.DELETING, updated_at=origin.at)
        case BucketDeleted():
            tables.buckets.pop(bucket_id, None)
            _count_buckets(tables, namespace_id, -1)
        case _:
            assert_never(event)


def _count_buckets(tables: Tables, namespace_id: str, by: int) -> None:
    namespace = tables.namespaces.get(namespace_id)
    if namespace is not None:
        _change(tables.namespaces, namespace_id, bucket_count=namespace.bucket_count + by)


def _project_object(tables: Tables, event: ObjectEvent, place: EventPosition) -> None:
    origin = event.origin
    object_id = place.stream_id
    match event:
        case ObjectCreated():
            bucket_id, namespace_id = origin.bucket_id or "", origin.namespace_id or ""
            tables.objects[object_id] = made_from(
                ObjectRecord,
                event,
                object_id=object_id,
                organization_id=origin.organization_id,
                namespace_id=namespace_id,
                bucket_id=bucket_id,
                version=place.version,
                metadata=event.metadata or {},
                created_at=origin.at,
                updated_at=origin.at,
                position=place.position,
            )
            _count_objects(tables, tables.objects[object_id], 1)
            _hold_bytes(tables, object_id, event.blobs)
        case ObjectUpdated():
            if object_id in tables.objects:
                current = tables.objects[object_id]
                _follow(
                    tables.objects,
                    object_id,
                    event,
                    version=place.version,
                    metadata=event.metadata or {},
                    unique_key=event.unique_key or current.unique_key,
                    updated_at=origin.at,
                    deletes_at=current.deletes_at if event.deletes_at is UNSET else event.deletes_at,
                )
            _release_bytes(tables, object_id, event.released_upload_ids)
            _hold_bytes(tables, object_id, event.blobs)
        case ObjectDeleted():
            deleted = tables.objects.pop(object_id, None)
            if deleted is not None:
                _count_objects(tables, deleted, -1)
            _release_bytes(tables, object_id, event.released_upload_ids)
        case _:
            assert_never(event)


def _count_objects(tables: Tables, record: ObjectRecord, change: int) -> None:
    bucket, namespace = tables.buckets.get(record.bucket_id), tables.namespaces.get(record.namespace_id)
    if bucket is not None:
        _change(tables.buckets, record.bucket_id, object_count=bucket.object_count + change)
    if namespace is not None:
        _change(tables.namespaces, record.namespace_id, object_count=namespace.object_count + change)


def _release_bytes(tables: Tables, object_id: str, released_upload_ids: tuple[str, ...]) -> None:
    """Let the object hold nothing; its former uploads are assigned to another object that holds them, if any."""
    for hold in [hold for hold in tables.holds if hold[1] == object_id]:
        tables.holds.remove(hold)
    for upload_id in released_upload_ids:
        released = tables.uploads.get(upload_id)
        if released is not None and released.object_id == object_id:
            other = min((holder for held, holder in tables.holds if held == upload_id), default=None)
            _change(tables.uploads, upload_id, object_id=other)
    _show_ends(tables, released_upload_ids)


def _hold_bytes(tables: Tables, object_id: str, blobs: tuple[Blob, ...]) -> None:
    for upload_id in uploads_of(blobs):
        tables.holds.add((upload_id, object_id))
        upload = tables.uploads.get(upload_id)
        if upload is not None and upload.object_id is None:
            _change(tables.uploads, upload_id, object_id=object_id)
    _show_ends(tables, uploads_of(blobs))


def _show_ends(tables: Tables, upload_ids: Iterable[str]) -> None:
    """Say when uploads are deleted: with the last object that holds them, otherwise at their own end."""
    for upload_id in upload_ids:
        holders = [tables.objects[holder] for held, holder in tables.holds if held == upload_id]
        ends = [each.deletes_at for each in holders]
        upload = tables.uploads.get(upload_id)
        own = None if upload is None else upload.own_end
        end = own if not holders else max((each for each in ends if each), default=None) if all(ends) else None
        _change(tables.uploads, upload_id, deletes_at=end)


def _project_upload(tables: Tables, event: UploadEvent, place: EventPosition) -> None:
    upload_id = place.stream_id
    record = following(tables.uploads.get(upload_id), event, place)
    if record is None:
        for duplicate_id in tables.avoided_for(upload_id):
            del tables.avoided_duplicates[duplicate_id]
        tables.uploads.pop(upload_id, None)
        tables.inherited.pop(upload_id, None)
        return
    tables.uploads[upload_id] = record
    if isinstance(event, UploadBytesInherited):
        tables.inherited[upload_id] = tables.inherited.get(event.from_upload_id, event.from_upload_id)
        for other in [each for each in tables.uploads.values() if each.duplicate_of == event.from_upload_id]:
            _change(tables.uploads, other.upload_id, duplicate_of=upload_id)


def _project_avoided(tables: Tables, event: UploadDuplicateAvoided, place: EventPosition) -> None:
    origin, request = event.origin, event.request
    tables.avoided_duplicates[place.stream_id] = made_from(
        AvoidedDuplicate,
        event,
        duplicate_id=place.stream_id,
        organization_id=origin.organization_id,
        namespace_id=origin.namespace_id or "",
        bucket_id=origin.bucket_id or "",
        created_at=origin.at,
        position=place.position,
        **({} if request is None else msgspec.structs.asdict(request)),
    )


def _settle_quota(tables: Tables, event: UploadEvent) -> None:
    """Count what the event says of bytes, for the organization and for the bucket."""
    change = change_of(event)
    usage = tables.quotas.get(event.origin.organization_id)
    if usage is not None:
        tables.quotas[event.origin.organization_id] = usage.plus(change)
    bucket = tables.buckets.get(event.origin.bucket_id or "")
    if bucket is not None:
        completed = isinstance(event, UploadCompleted)
        _change(
            tables.buckets,
            bucket.bucket_id,
            total_size_bytes=bucket.total_size_bytes + change.accepted_bytes,
            last_upload_at=event.origin.at if completed else bucket.last_upload_at,
        )


def _project_webhook(tables: Tables, event: WebhookEvent, place: EventPosition) -> None:
    origin, webhook_id = event.origin, place.stream_id
    known = tables.webhooks.get(webhook_id)
    match event:
        case WebhookCreated():
            tables.webhooks[webhook_id] = WebhookRecord(
                webhook_id=webhook_id,
                key_id=origin.actor_id,
                organization_id=origin.organization_id,
                settings=event.settings,
                disabled_reason=None,
                created_at=origin.at,
                updated_at=origin.at,
                position=place.position,
            )
        case WebhookUpdated():
            _follow(
                tables.webhooks,
                webhook_id,
                event,
                disabled_reason=None,
                updated_at=origin.at,
                key_id=origin.actor_id,
            )
        case WebhookDisabled():
            if known is not None:
                _change(
                    tables.webhooks,
                    webhook_id,
                    settings=switched_off(known.settings),
                    disabled_reason=event.reason,
                    updated_at=origin.at,
                )
        case WebhookSecretRotated():
            _change(tables.webhooks, webhook_id, updated_at=origin.at)
        case WebhookDeleted():
            tables.webhooks.pop(webhook_id, None)
        case _:
            assert_never(event)


def _settle_claims(tables: Tables, event: KnownEvent, stream_id: str) -> None:
    held = tables.claimed_by.get(stream_id, {})
    after = held_after(stream_id, event, held)
    if after == held:
        return
    for claim in held:
        del tables.claims[claim]
    for claim, owner_id in after.items():
        if claim in tables.claims:
            raise ClaimHeldError(f"{claim.scope} {claim.key} is held by {tables.claims[claim]}")
        tables.claims[claim] = owner_id
    tables.claimed_by[stream_id] = after


def _change(rows: dict[str, Row], row_id: str, **values: object) -> None:
    """Replace a row by one with these values, if it is there."""
    row = rows.get(row_id)
    if row is not None:
        rows[row_id] = msgspec.structs.replace(row, **values)


def _follow(rows: dict[str, Row], row_id: str, event: KnownEvent, **values: object) -> None:
    """Replace a row by one with what the event says of it, and these values, if it is there."""
    row = rows.get(row_id)
    if row is not None:
        rows[row_id] = changed_by(row, event, **values)
