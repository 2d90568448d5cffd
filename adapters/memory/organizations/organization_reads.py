"""Organizations in memory, their usage, and their audit log."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from adapters.memory.reading import MemoryReads
from application.ports.events.event_log import Notification
from application.ports.organizations.organization_reads import AuditQuery, OrganizationRecord, OrganizationUse
from domain.events.registry import decode
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import Status


class MemoryOrganizationReads(MemoryReads):
    """Implements `OrganizationReads`, and what the directory asks of organizations."""

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return self._log.tables.organizations.get(organization_id)

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by its id, or by its name if that is unambiguous."""
        found = [
            organization
            for organization in self._log.tables.organizations.values()
            if id_or_name in {organization.organization_id, organization.name}
        ]
        return found[0] if len(found) == 1 else None

    async def organizations(self, *, name: str | None = None) -> Sequence[OrganizationRecord]:
        """Return all organizations, or those of one name, the oldest first."""
        found = [each for each in self._log.tables.organizations.values() if name in {None, each.name}]
        return sorted(found, key=lambda each: (each.created_at, each.organization_id))

    async def usage(self, organization_id: str, *, start: datetime | None, end: datetime | None) -> OrganizationUse:
        """Return an organization's resources, and the uploads requested in a period."""
        namespaces = [each for each in self._log.tables.namespaces.values() if each.organization_id == organization_id]
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
        """Return a page of an organization's events, newest first, and the total number of matches."""
        found = []
        for each in reversed(await self._log.read_feed(after=0, limit=await self._log.head())):
            if each.topic in query.topics and query.resource_id in {None, each.originator_id}:
                origin = decode(each.state).origin
                ours = origin.organization_id == organization_id and query.actor_id in {None, origin.actor_id}
                ours = ours and (query.command_ids is None or origin.command_id in query.command_ids)
                if ours and _within(origin.at, query.start, query.end):
                    found.append(each)
        return found[query.skip : query.skip + query.limit], len(found)


def _within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)
