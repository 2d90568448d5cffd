"""Organizations on PostgreSQL, their usage, and their audit log."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import PostgresReads
from application.ports.events.event_log import Notification
from application.ports.organizations.organization_reads import AuditQuery, OrganizationRecord, OrganizationUse


class PostgresOrganizationReads(PostgresReads):
    """Implements `OrganizationReads`, and what the directory asks of organizations."""

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return await self._one("organization", OrganizationRecord, organization_id)

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by its id, or by its name if that is unambiguous."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["organization_by_name"], id_or_name)
        return msgspec.convert(dict(rows[0]), OrganizationRecord) if len(rows) == 1 else None

    async def organizations(self, *, name: str | None = None) -> Sequence[OrganizationRecord]:
        """Return all organizations, or those of one name, the oldest first."""
        return await self._all("organizations", OrganizationRecord, name)

    async def usage(self, organization_id: str, *, start: datetime | None, end: datetime | None) -> OrganizationUse:
        """Return an organization's resources, and the uploads requested in a period."""
        async with log_errors():
            (things,) = await self._slow_reads.fetch(QUERIES["usage_things"], organization_id)
            uploads = await self._slow_reads.fetch(QUERIES["usage_uploads"], organization_id, start, end)
            (avoided,) = await self._slow_reads.fetch(QUERIES["usage_avoided"], organization_id, start, end)
        return OrganizationUse(
            **dict(things),
            uploads_by_status={row["status"]: row["uploads"] for row in uploads},
            completed_bytes=sum(row["completed_bytes"] for row in uploads),
            duplicates_avoided=avoided["avoided"] + sum(row["duplicates"] for row in uploads),
            saved_bytes=avoided["saved_bytes"] + sum(row["duplicate_bytes"] for row in uploads),
        )

    async def audit(self, organization_id: str, query: AuditQuery) -> tuple[Sequence[Notification], int]:
        """Return a page of an organization's events, newest first, and the total number of matches."""
        commands = None if query.command_ids is None else list(query.command_ids)
        which = (
            organization_id,
            list(query.topics),
            query.resource_id,
            query.actor_id,
            query.start,
            query.end,
            commands,
        )
        async with log_errors():
            rows = await self._slow_reads.fetch(QUERIES["audit"], *which, query.limit, query.skip)
            total = await self._slow_reads.fetchval(QUERIES["audit_total"], *which)
        return [Notification(**dict(row)) for row in rows], total
