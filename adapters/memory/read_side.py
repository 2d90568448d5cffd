"""The read side on the tables of a log in memory."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.keys.key_uses import MemoryKeyUses
from adapters.memory.lists.filtering import page_of
from adapters.memory.objects.object_creation import MemoryObjectCreation
from application.lists.listing import AVOIDED_DUPLICATES, BUCKETS, NAMESPACES, OBJECTS, UPLOADS
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import Notification
from application.ports.keys.key_reads import KeyRecord
from application.ports.lists.pages import Page, PageRequest, Placed
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_reads import ObjectRecord
from application.ports.organizations.organization_reads import AuditQuery, OrganizationRecord, OrganizationUse
from application.ports.uploads.upload_reads import AvoidedDuplicate, KeyPlace, StoredSizes, UploadBytes, UploadRecord
from application.ports.webhooks.webhook_reads import WebhookKey, WebhookRecord
from domain.events.registry import decode
from domain.keys.upload_token import UploadToken, UploadTokenIssued, token_of
from domain.uploads.originals import Sameness, original_of
from domain.uploads.upload import Status, UploadDuplicateAvoided

Record = TypeVar("Record")


class MemoryReadSide(MemoryObjectCreation):
    """Implements `ReadSide`."""

    def __init__(self, log: MemoryEventLog, uses: MemoryKeyUses | None = None) -> None:
        super().__init__(lambda: log.tables)
        self._log = log
        self._uses = uses or MemoryKeyUses()

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        found = self._log.tables.uploads.get(upload_id)
        return found if found is not None and found.namespace_id == namespace_id else None

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that are the namespace's, by their ids."""
        found = [await self.upload(namespace_id, upload_id) for upload_id in upload_ids]
        return {upload.upload_id: upload for upload in found if upload is not None}

    async def open_uploads_of(self, organization_id: str, key_id: str, *, after: str, limit: int) -> Sequence[str]:
        """Return uploads that a key or its tokens requested and that have not ended."""
        open_ = {Status.PENDING, Status.IN_PROGRESS, Status.PROCESSING}
        found = []
        for upload in self._log.tables.uploads.values():
            if upload.organization_id != organization_id or upload.status not in open_ or upload.upload_id <= after:
                continue
            requester = decode((await self._log.read_stream(upload.upload_id))[0].state).origin.actor_id
            for stored in (await self._log.read_stream(requester))[:1]:
                issued = decode(stored.state)
                requester = issued.key_id if isinstance(issued, UploadTokenIssued) else requester
            if requester == key_id:
                found.append(upload.upload_id)
        return sorted(found)[:limit]

    async def originals(self, wanted: Collection[Sameness]) -> Mapping[Sameness, UploadRecord]:
        """Return the uploads that later ones with these bytes, which last so long, would be duplicates of."""
        uploads = self._log.tables.uploads.values()
        found = {sameness: original_of(sameness, uploads) for sameness in wanted}
        return {sameness: upload for sameness, upload in found.items() if upload is not None}

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads."""
        rows = (
            upload
            for upload in self._log.tables.uploads.values()
            if (upload.bucket_id, upload.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(UPLOADS, rows, page)

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates."""
        rows = (
            avoided
            for avoided in self._log.tables.avoided_duplicates.values()
            if (avoided.bucket_id, avoided.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(AVOIDED_DUPLICATES, rows, page)

    async def bucket_object(self, namespace_id: str, object_id: str) -> ObjectRecord | None:
        """Return an object of the namespace."""
        found = self._log.tables.objects.get(object_id)
        return found if found is not None and found.namespace_id == namespace_id else None

    async def bucket_objects(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[ObjectRecord]:
        """List a bucket's objects."""
        rows = (
            found
            for found in self._log.tables.objects.values()
            if (found.bucket_id, found.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(OBJECTS, rows, page)

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace."""
        return _first(bucket for bucket in self._buckets(namespace_id) if id_or_name in {bucket.bucket_id, bucket.name})

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return uploads of a bucket above a position."""
        rows = self._log.tables.uploads.values()
        return _next(((row.position, row.upload_id) for row in rows if row.bucket_id == bucket_id), after, limit)

    async def objects_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return objects of a bucket above a position."""
        rows = self._log.tables.objects.values()
        return _next(((row.position, row.object_id) for row in rows if row.bucket_id == bucket_id), after, limit)

    async def buckets_in(self, namespace_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return buckets of a namespace above a position."""
        rows = self._buckets(namespace_id)
        return _next(((row.position, row.bucket_id) for row in rows), after, limit)

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return by upload what these places are to the log."""
        ours = {each.internal_id: each.organization_id for each in self._log.tables.organizations.values()}
        return {
            place.upload_id: await self._bytes(place.upload_id)
            for place in places
            if place.internal_id in ours and await self._made_by(place.namespace_id) == ours[place.internal_id]
        }

    async def proved_bytes(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return completed uploads that keep their bytes."""
        ids = sorted(
            upload.upload_id
            for upload in self._log.tables.uploads.values()
            if upload.upload_id > after and upload.status is Status.COMPLETED and upload.keeps_bytes
        )
        return [await self._bytes(upload_id) for upload_id in ids[:limit]]

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads."""
        sizes = [
            upload.size_bytes
            for upload in self._log.tables.uploads.values()
            if (upload.namespace_id, upload.bucket_id) == (namespace_id, bucket_id)
            and upload.status is Status.COMPLETED
            and upload.keeps_bytes
            and upload.size_bytes is not None
        ]
        if not sizes:
            return StoredSizes()
        return StoredSizes(
            total_bytes=sum(sizes),
            average_bytes=sum(sizes) // len(sizes),
            largest_bytes=max(sizes),
            smallest_bytes=min(sizes),
        )

    async def buckets(self, namespace_id: str, page: PageRequest) -> Page[BucketRecord]:
        """List a namespace's buckets."""
        return page_of(BUCKETS, self._buckets(namespace_id), page)

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization."""
        return _first(
            namespace
            for namespace in self._namespaces(organization_id)
            if id_or_name in {namespace.namespace_id, namespace.name}
        )

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces."""
        return page_of(NAMESPACES, self._namespaces(organization_id), page)

    async def webhook(self, organization_id: str, id_or_name: str) -> WebhookRecord | None:
        """Return a webhook of the organization."""
        return _first(
            each for each in await self.webhooks(organization_id) if id_or_name in {each.webhook_id, each.settings.name}
        )

    async def webhooks(self, organization_id: str) -> Sequence[WebhookRecord]:
        """Return an organization's webhooks, the newest first."""
        found = [
            self._with_key(each)
            for each in self._log.tables.webhooks.values()
            if each.organization_id == organization_id
        ]
        return sorted(found, key=lambda each: each.position, reverse=True)

    async def listening_webhooks(self, organization_ids: Collection[str]) -> Sequence[WebhookRecord]:
        """Return the webhooks of these organizations that are switched on."""
        return [
            self._with_key(each)
            for each in self._log.tables.webhooks.values()
            if each.organization_id in organization_ids and each.settings.is_active
        ]

    async def changed_webhooks(self, organization_ids: Collection[str] | None) -> Sequence[tuple[WebhookRecord, int]]:
        """Return webhooks, each with the position of its last event."""
        return [
            (self._with_key(each), (await self._log.read_stream(each.webhook_id))[-1].id)
            for each in self._log.tables.webhooks.values()
            if organization_ids is None or each.organization_id in organization_ids
        ]

    def _with_key(self, webhook: WebhookRecord) -> WebhookRecord:
        key = self._log.tables.keys.get(webhook.key_id)
        if key is None:
            return webhook
        now = WebhookKey(
            permissions=key.permissions, scopes=key.scopes, expires_at=key.expires_at, revoked_at=key.revoked_at
        )
        return msgspec.structs.replace(webhook, key=now)

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's live key of this name."""
        return _first(
            key
            for key in self._log.tables.keys.values()
            if (key.organization_id, key.user_id, key.name, key.revoked_at) == (organization_id, user_id, name, None)
        )

    async def keys(self, organization_id: str, user_id: str) -> Sequence[KeyRecord]:
        """Return all keys of a user, the newest first."""
        found = [
            msgspec.structs.replace(key, last_used_at=self._uses.last.get(key.key_id))
            for key in self._log.tables.keys.values()
            if (key.organization_id, key.user_id) == (organization_id, user_id)
        ]
        return sorted(found, key=lambda key: (key.created_at, key.key_id), reverse=True)

    async def users(self, organization_id: str) -> Mapping[str, int]:
        """Return the ids of those who have live keys, each with how many."""
        return Counter(
            key.user_id
            for key in self._log.tables.keys.values()
            if key.organization_id == organization_id and key.revoked_at is None
        )

    async def organizations(self, *, name: str | None = None) -> Sequence[OrganizationRecord]:
        """Return all organizations, or those of one name, the oldest first."""
        found = [each for each in self._log.tables.organizations.values() if name in {None, each.name}]
        return sorted(found, key=lambda each: (each.created_at, each.organization_id))

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by id, or by a name that only one has."""
        found = [
            organization
            for organization in self._log.tables.organizations.values()
            if id_or_name in {organization.organization_id, organization.name}
        ]
        return found[0] if len(found) == 1 else None

    async def usage(self, organization_id: str, *, start: datetime | None, end: datetime | None) -> OrganizationUse:
        """Return what an organization has, and what it requested to upload in some time."""
        namespaces = list(self._namespaces(organization_id))
        uploads = [
            upload
            for upload in self._log.tables.uploads.values()
            if upload.organization_id == organization_id and _within(upload.created_at, start, end)
        ]
        events = [decode(each.state) for each in await self._log.read_feed(after=0, limit=await self._log.head())]
        avoided = [
            event
            for event in events
            if isinstance(event, UploadDuplicateAvoided)
            and event.origin.organization_id == organization_id
            and _within(event.origin.at, start, end)
        ]
        duplicates = [upload for upload in uploads if upload.duplicate_of is not None]
        completed = [each for each in uploads if each.status is Status.COMPLETED and each.duplicate_of is None]
        return OrganizationUse(
            namespaces=len(namespaces),
            buckets=sum(namespace.bucket_count for namespace in namespaces),
            objects=sum(namespace.object_count for namespace in namespaces),
            uploads_by_status=Counter(upload.status.value for upload in uploads),
            completed_bytes=sum(upload.size_bytes or 0 for upload in completed),
            duplicates_avoided=len(avoided) + len(duplicates),
            saved_bytes=sum(event.saved_bytes for event in avoided) + sum(each.size_bytes or 0 for each in duplicates),
        )

    async def audit(self, organization_id: str, query: AuditQuery) -> tuple[Sequence[Notification], int]:
        """Return a page of an organization's events, newest first, and how many match altogether."""
        found = []
        for each in reversed(await self._log.read_feed(after=0, limit=await self._log.head())):
            if each.topic in query.topics and query.resource_id in {None, each.originator_id}:
                origin = decode(each.state).origin
                ours = origin.organization_id == organization_id and query.actor_id in {None, origin.actor_id}
                ours = ours and (query.command_ids is None or origin.command_id in query.command_ids)
                if ours and _within(origin.at, query.start, query.end):
                    found.append(each)
        return found[query.skip : query.skip + query.limit], len(found)

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return _first(
            key for key in self._log.tables.keys.values() if key_hash in {key.key_hash, key.previous_key_hash}
        )

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        return self._log.tables.keys.get(key_id)

    async def upload_token(self, token_id: str) -> UploadToken | None:
        """Return an upload token by its id."""
        stored = await self._log.read_stream(token_id)
        issued = decode(stored[0].state) if stored else None
        return token_of(issued) if isinstance(issued, UploadTokenIssued) else None

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return self._log.tables.organizations.get(organization_id)

    async def _made_by(self, stream_id: str) -> str | None:
        stored = await self._log.read_stream(stream_id)
        return decode(stored[0].state).origin.organization_id if stored else None

    async def _bytes(self, upload_id: str) -> UploadBytes:
        tables = self._log.tables
        upload = tables.uploads.get(upload_id)
        heir = next((heir for heir, stored_for in tables.inherited.items() if stored_for == upload_id), None)
        if heir is not None:
            return msgspec.structs.replace(await self._bytes(heir), upload_id=upload_id)
        if upload is None:
            return UploadBytes(upload_id=upload_id, known=bool(await self._log.read_stream(upload_id)))
        return UploadBytes(
            upload_id=upload_id,
            status=upload.status,
            needed=(upload.keeps_bytes and upload.status is not Status.SKIPPED)
            or any(held == upload_id for held, _ in self._log.tables.holds),
            storage_key=upload.storage_key,
            multipart_id=upload.multipart_id,
            etag=upload.etag,
            size_bytes=upload.size_bytes,
            version_id=upload.version_id,
        )

    def _buckets(self, namespace_id: str) -> Iterator[BucketRecord]:
        return (bucket for bucket in self._log.tables.buckets.values() if bucket.namespace_id == namespace_id)

    def _namespaces(self, organization_id: str) -> Iterator[NamespaceRecord]:
        return (each for each in self._log.tables.namespaces.values() if each.organization_id == organization_id)


class MemoryDirectory:
    """Implements `Directory` with answers that are always fresh."""

    def __init__(self, read_side: MemoryReadSide) -> None:
        self._generations = itertools.count()
        self.key = read_side.key
        self.key_by_id = read_side.key_by_id
        self.upload_token = read_side.upload_token
        self.organization = read_side.organization
        self.namespace = read_side.namespace
        self.bucket = read_side.bucket

    @property
    def generation(self) -> int:
        """Never the same."""
        return next(self._generations)


def _next(rows: Iterable[tuple[int, str]], after: int, limit: int) -> Sequence[Placed]:
    found = sorted(row for row in rows if row[0] > after)
    return [Placed(id=each, position=position) for position, each in found[:limit]]


def _within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)


def _first(found: Iterable[Record]) -> Record | None:
    return next(iter(found), None)
