"""The role that says who may ask, and what they may name."""

from typing import Protocol

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.keys.key_reads import KeyRecord
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from domain.keys.upload_token import UploadToken


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
