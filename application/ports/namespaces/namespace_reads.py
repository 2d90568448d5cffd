"""The records of namespaces, and the role that reads them."""

from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest
from domain.namespaces.namespace import NamespaceStatus


class NamespaceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace. `position`: in the order of creation."""

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


class NamespaceReads(Protocol):
    """Reads namespaces. Results include everything that was appended before."""

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace by id or name, with its current counters."""
        ...

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces (`NAMESPACES`)."""
        ...
