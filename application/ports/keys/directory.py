"""The role that finds callers and the resources that they name."""

from typing import Protocol

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.keys.key_reads import KeyRecord
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from domain.keys.upload_token import UploadToken


class Directory(Protocol):
    """Callers and the resources that they name: read before every request, so adapters may cache it for up to 5 s.

    Events invalidate cached results: those appended by this process at once. Absence is never cached.
    """

    @property
    def generation(self) -> int:
        """A value that is unchanged while earlier results are valid: read it before the results to cache."""
        ...

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key whose secret has this SHA-256, or had it before its last rotation, even if revoked."""
        ...

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id, even if revoked or expired."""
        ...

    async def upload_token(self, token_id: str) -> UploadToken | None:
        """Return an upload token by its id, even if expired."""
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
