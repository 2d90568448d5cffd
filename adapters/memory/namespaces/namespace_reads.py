"""Namespaces in memory."""

from collections.abc import Iterator

from adapters.memory.lists.filtering import page_of
from adapters.memory.reading import MemoryReads, first
from application.lists.listing import NAMESPACES
from application.ports.lists.pages import Page, PageRequest
from application.ports.namespaces.namespace_reads import NamespaceRecord


class MemoryNamespaceReads(MemoryReads):
    """Implements `NamespaceReads`."""

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization."""
        return first(
            namespace
            for namespace in self._namespaces(organization_id)
            if id_or_name in {namespace.namespace_id, namespace.name}
        )

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces."""
        return page_of(NAMESPACES, self._namespaces(organization_id), page)

    def _namespaces(self, organization_id: str) -> Iterator[NamespaceRecord]:
        return (each for each in self._log.tables.namespaces.values() if each.organization_id == organization_id)
