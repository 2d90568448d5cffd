"""The read side on the tables of a log in memory."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from adapters.memory.event_log import MemoryEventLog
from adapters.memory.filtering import page_of
from adapters.memory.projecting import Usage
from application.listing import BUCKETS, NAMESPACES, OBJECTS, UPLOADS
from application.ports.event_log import Claim
from application.ports.read_side import (
    BucketRecord,
    KeyRecord,
    NamespaceRecord,
    ObjectRecord,
    OrganizationRecord,
    Page,
    PageRequest,
    Placed,
    QuotaUse,
    StoredSizes,
    UploadRecord,
)
from domain.upload import Status

Record = TypeVar("Record")


class MemoryReadSide:
    """Implements `ReadSide`."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        found = self._log.tables.uploads.get(upload_id)
        return found if found is not None and found.namespace_id == namespace_id else None

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that are the namespace's, by their ids."""
        found = [await self.upload(namespace_id, upload_id) for upload_id in upload_ids]
        return {upload.upload_id: upload for upload in found if upload is not None}

    async def originals(self, bucket_id: str, hashes: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return by SHA-256 the uploads of the bucket that later ones with these hashes would be duplicates of."""
        found = {sha256: self._log.tables.original(bucket_id, sha256) for sha256 in hashes}
        return {sha256: upload for sha256, upload in found.items() if upload is not None}

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads."""
        rows = (
            upload
            for upload in self._log.tables.uploads.values()
            if (upload.bucket_id, upload.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(UPLOADS, rows, page)

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

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's live key of this name."""
        return _first(
            key
            for key in self._log.tables.keys.values()
            if (key.organization_id, key.user_id, key.name, key.revoked_at) == (organization_id, user_id, name, None)
        )

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by id, or by a name that only one has."""
        found = [
            organization
            for organization in self._log.tables.organizations.values()
            if id_or_name in {organization.organization_id, organization.name}
        ]
        return found[0] if len(found) == 1 else None

    async def claim_owner(self, scope: str, key: str) -> str | None:
        """Return the id of the thing that holds a claim."""
        return self._log.tables.claims.get(Claim(scope=scope, key=key))

    async def claim_owners(self, scope: str, keys: Collection[str]) -> Mapping[str, str]:
        """Return by key the ids of the things that hold these claims."""
        found = {key: await self.claim_owner(scope, key) for key in keys}
        return {key: owner_id for key, owner_id in found.items() if owner_id is not None}

    async def quota(self, organization_id: str) -> QuotaUse:
        """Return what the organization's storage holds."""
        organization = self._log.tables.organizations.get(organization_id)
        usage = self._log.tables.quotas.get(organization_id, Usage())
        return QuotaUse(
            limit_bytes=None if organization is None else organization.quota_bytes,
            reserved_bytes=usage.reserved_bytes,
            accepted_bytes=usage.accepted_bytes,
        )

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return _first(key for key in self._log.tables.keys.values() if key.key_hash == key_hash)

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return self._log.tables.organizations.get(organization_id)

    def _buckets(self, namespace_id: str) -> Iterator[BucketRecord]:
        return (bucket for bucket in self._log.tables.buckets.values() if bucket.namespace_id == namespace_id)

    def _namespaces(self, organization_id: str) -> Iterator[NamespaceRecord]:
        return (each for each in self._log.tables.namespaces.values() if each.organization_id == organization_id)


class MemoryDirectory:
    """Implements `Directory` with answers that are always fresh."""

    def __init__(self, read_side: MemoryReadSide) -> None:
        self.key = read_side.key
        self.organization = read_side.organization
        self.namespace = read_side.namespace
        self.bucket = read_side.bucket


def _next(rows: Iterable[tuple[int, str]], after: int, limit: int) -> Sequence[Placed]:
    found = sorted(row for row in rows if row[0] > after)
    return [Placed(id=each, position=position) for position, each in found[:limit]]


def _first(found: Iterable[Record]) -> Record | None:
    return next(iter(found), None)
