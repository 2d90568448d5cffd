"""The records of organizations and their usage, and the role that reads them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.events.event_log import Notification
from domain.organizations.organization import DEFAULT_RATE_LIMITS, OwnRateLimits, RateLimits, Tier


class OrganizationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An organization. `own_rate_limits`: its own limits; None: the tier's."""

    organization_id: str
    internal_id: str
    name: str
    tier: Tier
    quota_bytes: int | None
    created_at: datetime
    updated_at: datetime
    own_rate_limits: OwnRateLimits | None = None
    logo_url: str | None = None
    billing_email: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def rate_limits(self) -> RateLimits:
        """The effective limits."""
        return (
            DEFAULT_RATE_LIMITS[self.tier] if self.own_rate_limits is None else self.own_rate_limits.within(self.tier)
        )


class OrganizationUse(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of an organization, and its uploads in a period.

    `duplicates_avoided`: found before they were sent, or afterwards and not kept; `saved_bytes`: their bytes.
    """

    namespaces: int
    buckets: int
    objects: int
    uploads_by_status: Mapping[str, int]
    completed_bytes: int
    duplicates_avoided: int
    saved_bytes: int


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The selected events, newest first. `topics`: none of uploads or objects. `start` is inclusive, `end` exclusive.

    `command_ids`: only events of these commands.
    """

    topics: tuple[str, ...]
    resource_id: str | None = None
    actor_id: str | None = None
    command_ids: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    skip: int = 0
    limit: int = 50


class OrganizationReads(Protocol):
    """Reads organizations. Results include everything that was appended before."""

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by id or unique name."""
        ...

    async def organizations(self, *, name: str | None = None) -> Sequence[OrganizationRecord]:
        """Return all organizations, or those of one name, the oldest first."""
        ...

    async def usage(self, organization_id: str, *, start: datetime | None, end: datetime | None) -> OrganizationUse:
        """Return the usage of an organization, and its requested uploads from `start` until `end`.

        Counts the uploads one by one: for reports, not for every request.
        """
        ...

    async def audit(self, organization_id: str, query: AuditQuery) -> tuple[Sequence[Notification], int]:
        """Return a page of an organization's events, newest first, and the total number of matches."""
        ...
