"""The role that answers questions: tables that follow the log, in the same transaction.

Every query names the organization (and namespace) that asks: what is not theirs does not exist.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from application.ports.event_log import Notification
from domain.buckets.bucket import BucketStatus, UniqueKey
from domain.events.cloud_events import told_to
from domain.keys.api_key import KeyStatus, Permission, Powers
from domain.keys.upload_token import UploadToken
from domain.lists.filtering import Filter, Order
from domain.namespaces.namespace import NamespaceStatus
from domain.objects.object import Blob
from domain.organizations.organization import DEFAULT_RATE_LIMITS, OwnRateLimits, RateLimits, Tier
from domain.uploads.content_rules import ANY_CONTENT, ContentRules
from domain.uploads.originals import KeptUpload, Sameness
from domain.uploads.upload import Status
from domain.webhooks.published_events import tags_wanted
from domain.webhooks.webhook import DisabledReason, StoppedReason, WebhookSettings


class OrganizationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An organization. `own_rate_limits`: those set for it alone, where there is none its tier's counts."""

    organization_id: str
    internal_id: str
    name: str
    tier: Tier
    quota_bytes: int | None
    created_at: datetime
    updated_at: datetime
    own_rate_limits: OwnRateLimits | None = None
    logo_url: str | None = None
    billing_email: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def rate_limits(self) -> RateLimits:
        """The limits that count."""
        return (
            DEFAULT_RATE_LIMITS[self.tier] if self.own_rate_limits is None else self.own_rate_limits.within(self.tier)
        )


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without its secret.

    `previous_key_hash`: of the secret before the last rotation, which opens until `previous_until`.
    `last_used_at`: roughly, and only in what `ReadSide` tells.
    `lets_open_finish`: of a revoked one, whether uploads that it has open may complete.
    """

    key_id: str
    organization_id: str
    user_id: str
    name: str
    description: str
    key_hash: str
    prefix: str
    permissions: tuple[Permission, ...]
    scopes: tuple[dict[str, Any], ...]
    rate_limit_override: int | None
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    allowed_origins: tuple[str, ...] = ()
    previous_key_hash: str | None = None
    previous_until: datetime | None = None
    lets_open_finish: bool = False
    last_used_at: datetime | None = None

    def status(self, now: datetime) -> KeyStatus:
        """Return what the key is good for now."""
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        return KeyStatus.EXPIRED if self.expires_at is not None and self.expires_at <= now else KeyStatus.ACTIVE

    @property
    def fingerprint(self) -> str:
        """What tells this secret of the key from others, 64 hex digits. The hash that opens it does not follow."""
        return hashlib.sha256(f"upwell api key {self.key_hash}".encode()).hexdigest()

    def live_hashes(self, now: datetime) -> tuple[str, ...]:
        """Return the hashes of the secrets that open now: the present one, and during an overlap the one before."""
        if self.previous_key_hash is None or self.previous_until is None or self.previous_until <= now:
            return (self.key_hash,)
        return (self.key_hash, self.previous_key_hash)

    @property
    def powers(self) -> Powers:
        """What the key can do altogether."""
        return Powers(
            permissions=self.permissions,
            scopes=self.scopes,
            allowed_origins=self.allowed_origins,
            rate_limit_override=self.rate_limit_override,
            expires_at=self.expires_at,
        )


class NamespaceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace. `position`: its place in the order of creation."""

    namespace_id: str
    organization_id: str
    name: str
    description: str | None
    settings: dict[str, Any]
    status: NamespaceStatus
    created_at: datetime
    updated_at: datetime
    bucket_count: int
    object_count: int
    position: int


class WebhookKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key that a webhook acts for, as it is now."""

    permissions: tuple[Permission, ...]
    scopes: tuple[dict[str, Any], ...]
    expires_at: datetime | None
    revoked_at: datetime | None


class WebhookRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, without what is secret about it. `position`: of the event that made it.

    `key_id`: of the key that made it or changed it last; `key`: what has become of that one. None: it is unknown.
    """

    webhook_id: str
    organization_id: str
    settings: WebhookSettings
    disabled_reason: DisabledReason | None
    created_at: datetime
    updated_at: datetime
    position: int
    key_id: str
    key: WebhookKey | None = None

    def tells(self, now: datetime) -> frozenset[str]:
        """Return the tags of the events that it is told of now: those that it names, where its key may read them."""
        key = self.key
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            return frozenset()
        may = told_to(key.permissions, key.scopes, self.organization_id)
        return tags_wanted(self.settings.event_types) & may

    def stopped(self, now: datetime) -> StoppedReason | None:
        """Say why its key keeps it from being told anything, if that is so."""
        if self.key is None or self.key.revoked_at is not None:
            return StoppedReason.KEY_REVOKED
        if self.key.expires_at is not None and self.key.expires_at <= now:
            return StoppedReason.KEY_EXPIRED
        named = tags_wanted(self.settings.event_types)
        return StoppedReason.KEY_DENIED if named and not self.tells(now) else None


class BucketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket with its counters. `total_size_bytes`: accepted bytes of its uploads that are still stored."""

    bucket_id: str
    organization_id: str
    namespace_id: str
    name: str
    description: str | None
    bucket_schema: dict[str, Any]
    unique_key: UniqueKey | None
    metadata: dict[str, Any]
    status: BucketStatus
    object_count: int
    total_size_bytes: int
    last_upload_at: datetime | None
    created_at: datetime
    updated_at: datetime
    position: int
    auto_confirm: bool = False
    content_rules: ContentRules = ANY_CONTENT
    retention_seconds: int | None = None


class StoredSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of a bucket's completed uploads whose bytes are stored, in bytes; zeros where there are none."""

    total_bytes: int = 0
    average_bytes: int = 0
    largest_bytes: int = 0
    smallest_bytes: int = 0


class UploadRecord(KeptUpload, frozen=True, kw_only=True):
    """An upload as it stands. `size_bytes`, `sha256`, `etag`, `version_id`: of the proved content.

    `part_size`: of every part but the last, of an upload in parts. `multipart_id`: storage's id of it, once it began.
    `storage_checks`: storage itself refuses other bytes than those of `declared_sha256`.
    `deletes_at`: when the upload is deleted, if nobody deletes it before; one that objects hold goes with them. Of one
    that is not completed: when it would be, were it completed at once.
    """

    organization_id: str
    namespace_id: str
    version: int
    filename: str
    content_type: str
    storage_key: str
    declared_size_bytes: int | None
    declared_sha256: str | None
    url_expires_in_seconds: int
    created_at: datetime
    expires_at: datetime
    metadata: dict[str, Any]
    create_object: bool
    object_metadata: dict[str, Any] | None
    blob_property: str | None
    blob_type: str | None
    size_bytes: int | None = None
    etag: str | None = None
    version_id: str | None = None
    verified_at: datetime | None = None
    completed_at: datetime | None = None
    task_id: str | None = None
    object_id: str | None = None
    existing_object_id: str | None = None
    message: str | None = None
    failure_reason: str | None = None
    due_at: datetime
    part_size: int | None = None
    storage_checks: bool = False
    multipart_id: str | None = None
    auto_confirm: bool = False


class AvoidedDuplicate(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was announced and not sent, because `original_upload_id` has its bytes; gone with that upload.

    The fields of the announcement are as it said them; None where it was recorded before they were kept.
    """

    duplicate_id: str
    organization_id: str
    namespace_id: str
    bucket_id: str
    original_upload_id: str
    sha256: str
    saved_bytes: int
    created_at: datetime
    position: int
    filename: str | None = None
    content_type: str | None = None
    declared_size_bytes: int | None = None
    metadata: dict[str, Any] | None = None
    create_object: bool | None = None
    object_metadata: dict[str, Any] | None = None
    blob_property: str | None = None
    deletes_at: datetime | None = None


class KeyPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a key in storage says it is."""

    internal_id: str
    namespace_id: str
    upload_id: str


class UploadBytes(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says of an upload's bytes. `status` None: it was forgotten, or (not `known`) never requested here.

    `needed`: they are its own and stay, or may be on their way, or an object holds them; or it cannot be told. `etag`,
    `size_bytes`, `version_id`: of the proved content.
    """

    upload_id: str
    known: bool = True
    status: Status | None = None
    needed: bool = False
    storage_key: str | None = None
    multipart_id: str | None = None
    etag: str | None = None
    size_bytes: int | None = None
    version_id: str | None = None


class ObjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it stands. `unique_key`, `content_key`: the digests that it claims, if any."""

    object_id: str
    organization_id: str
    namespace_id: str
    bucket_id: str
    version: int
    blobs: tuple[Blob, ...]
    metadata: dict[str, Any]
    key_prefix: str | None = None
    unique_key: str | None = None
    content_key: str | None = None
    created_at: datetime
    updated_at: datetime
    position: int
    deletes_at: datetime | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Something by its id, at its place in the order of creation."""

    id: str
    position: int


class OrganizationUse(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization has, and what it uploaded in some time.

    `duplicates_avoided`: known before they were sent, or found afterwards and not kept; `saved_bytes` are theirs.
    """

    namespaces: int
    buckets: int
    objects: int
    uploads_by_status: Mapping[str, int]
    completed_bytes: int
    duplicates_avoided: int
    saved_bytes: int


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events, newest first. `topics`: none of uploads or objects. `start` counts in, `end` does not.

    `command_ids`: those of these commands only.
    """

    topics: tuple[str, ...]
    resource_id: str | None = None
    actor_id: str | None = None
    command_ids: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    skip: int = 0
    limit: int = 50


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a row stands in an order: by rank, then number, then text, then position. Newest first: the position."""

    position: int
    rank: int = 0
    number: Decimal = Decimal(0)
    text: str = ""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which page. `order` None: newest first. `after`: from a cursor, exclusive; then `offset` rows pass.

    `search`: a substring of the name or of a value in the metadata, in any case unless `search_is_sensitive`.
    `where` and `order` name fields of the list's `Listing`.
    """

    limit: int
    offset: int = 0
    after: Place | None = None
    search: str | None = None
    search_is_sensitive: bool = False
    where: Filter | None = None
    order: Order | None = None
    with_total: bool = False
    with_figures: bool = False


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows there are, what their `Listing` adds up, and how many have each status."""

    count: int
    sums: Mapping[str, int]
    by_status: Mapping[str, int]


Record = TypeVar("Record")


class Page(msgspec.Struct, Generic[Record], frozen=True, kw_only=True):
    """Rows of a page, and whether more follow. Of all that match, if asked for: how many, and their figures."""

    rows: Sequence[Record]
    has_more: bool
    total: int | None
    figures: Figures | None = None


class Directory(Protocol):
    """Who may ask, and what they may name: read before every request, so adapters may cache it for up to 5 s.

    A cached answer is dropped by the events that change it; absence is never cached.
    """

    @property
    def generation(self) -> int:
        """What stays the same while earlier answers may still be used: whoever remembers one asks for this first."""
        ...

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key whose secret has this SHA-256, or had it before its last rotation; revoked ones too."""
        ...

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id, revoked and expired ones too."""
        ...

    async def upload_token(self, token_id: str) -> UploadToken | None:
        """Return an upload token by its id, an expired one too."""
        ...

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization by its id."""
        ...

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization by id or name."""
        ...

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace by id or name; its counters may be 5 s old."""
        ...


class ReadSide(Protocol):
    """Fresh answers: what was appended before the question is in them."""

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        ...

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that are the namespace's, by their ids."""
        ...

    async def open_uploads_of(self, organization_id: str, key_id: str, *, after: str, limit: int) -> Sequence[str]:
        """Return up to `limit` uploads by id, above one, that a key or its tokens requested and that have not ended.

        For the system, not a caller; its cost grows with the number of the organization's uploads.
        """
        ...

    async def originals(self, wanted: Collection[Sameness]) -> Mapping[Sameness, UploadRecord]:
        """Return the uploads that later ones with these bytes, which last so long, would be duplicates of."""
        ...

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads (`UPLOADS`). A list that takes too long is refused: `list_too_slow`."""
        ...

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates (`AVOIDED_DUPLICATES`), as `uploads` does."""
        ...

    async def bucket_object(self, namespace_id: str, object_id: str) -> ObjectRecord | None:
        """Return an object of the namespace."""
        ...

    async def bucket_objects(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[ObjectRecord]:
        """List a bucket's objects (`OBJECTS`)."""
        ...

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace by id or name, with its counters as they are now."""
        ...

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` uploads of a bucket above a position, the oldest first. For the system, not a caller."""
        ...

    async def objects_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` objects of a bucket above a position, the oldest first. For the system, not a caller."""
        ...

    async def buckets_in(self, namespace_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` buckets above a position, the oldest first. For the system, not a caller."""
        ...

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return by upload what these places are to the log; a place is left out whose namespace was never here.

        For the system, not a caller.
        """
        ...

    async def proved_bytes(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return up to `limit` completed uploads that keep their bytes, by id, above one. For the system."""
        ...

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads. Its cost grows with their number."""
        ...

    async def buckets(self, namespace_id: str, page: PageRequest) -> Page[BucketRecord]:
        """List a namespace's buckets (`BUCKETS`)."""
        ...

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace by id or name, with its counters as they are now."""
        ...

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces (`NAMESPACES`)."""
        ...

    async def webhook(self, organization_id: str, id_or_name: str) -> WebhookRecord | None:
        """Return a webhook of the organization."""
        ...

    async def webhooks(self, organization_id: str) -> Sequence[WebhookRecord]:
        """Return an organization's webhooks, the newest first."""
        ...

    async def listening_webhooks(self, organization_ids: Collection[str]) -> Sequence[WebhookRecord]:
        """Return the webhooks of these organizations that are switched on."""
        ...

    async def changed_webhooks(self, organization_ids: Collection[str] | None) -> Sequence[tuple[WebhookRecord, int]]:
        """Return all webhooks of these organizations, or of all, each with the position of its last event."""
        ...

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's key of this name that is not revoked."""
        ...

    async def keys(self, organization_id: str, user_id: str) -> Sequence[KeyRecord]:
        """Return all keys of a user, the newest first, revoked ones too."""
        ...

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id; a revoked one too."""
        ...

    async def users(self, organization_id: str) -> Mapping[str, int]:
        """Return the ids of those who have live keys, each with how many."""
        ...

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by id or, where only one has it, by name."""
        ...

    async def organizations(self, *, name: str | None = None) -> Sequence[OrganizationRecord]:
        """Return all organizations, or those of one name, the oldest first."""
        ...

    async def claim_owner(self, scope: str, key: str) -> str | None:
        """Return the id of the thing that holds a claim."""
        ...

    async def claim_owners(self, scope: str, keys: Collection[str]) -> Mapping[str, str]:
        """Return by key the ids of the things that hold these claims."""
        ...

    async def usage(self, organization_id: str, *, start: datetime | None, end: datetime | None) -> OrganizationUse:
        """Return what an organization has, and what it requested to upload from `start` until `end`.

        Counts the uploads one by one: a report, not for every request.
        """
        ...

    async def audit(self, organization_id: str, query: AuditQuery) -> tuple[Sequence[Notification], int]:
        """Return a page of an organization's events, newest first, and how many match altogether."""
        ...
