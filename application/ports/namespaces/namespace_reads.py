"""Namespaces as they stand, and the role that answers questions about them."""

from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest
from domain.namespaces.namespace import NamespaceStatus


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


class NamespaceReads(Protocol):
    """Questions about namespaces. What was appended before is in the answer."""

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace by id or name, with its counters as they are now."""
        ...

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces (`NAMESPACES`)."""
        ...
