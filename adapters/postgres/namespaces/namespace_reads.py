"""Namespaces on PostgreSQL.

The tables are written by `upwell.project`, in `functions/`.
"""

from adapters.postgres.database.reading import PostgresReads
from adapters.postgres.lists.listing import NAMESPACES
from adapters.postgres.lists.pages import fetch_page
from application.ports.lists.pages import Page, PageRequest
from application.ports.namespaces.namespace_reads import NamespaceRecord


class PostgresNamespaceReads(PostgresReads):
    """Implements `NamespaceReads`."""

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization."""
        return await self._one("namespace", NamespaceRecord, organization_id, id_or_name)

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces."""
        return await fetch_page(self._slow_reads, NAMESPACES, NamespaceRecord, (organization_id,), page)
