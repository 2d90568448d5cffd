"""The ledger of quotas in the tables of a log."""

from collections.abc import Callable

from adapters.memory.projecting import Tables
from application.ports.events.event_log import Command
from application.ports.organizations.quota_ledger import QuotaUse
from domain.organizations.ledger import Usage, check_room, sum_of


class MemoryQuotaLedger:
    """Implements `QuotaLedger`. `tables` returns the log's current tables."""

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def use(self, organization_id: str) -> QuotaUse:
        """Return the organization's storage use."""
        usage = self._usage(organization_id)
        return QuotaUse(
            limit_bytes=self._limit_bytes(organization_id),
            reserved_bytes=usage.reserved_bytes,
            accepted_bytes=usage.accepted_bytes,
        )

    def check(self, command: Command) -> None:
        """Refuse a command if the quota has no room for it."""
        wanted = sum_of(event for stream in command.streams for event in stream.events)
        owner_id = command.organization_id
        check_room(self._limit_bytes(owner_id), self._usage(owner_id), wanted.total_bytes)

    def _usage(self, organization_id: str) -> Usage:
        return self._tables().quotas.get(organization_id, Usage())

    def _limit_bytes(self, organization_id: str) -> int | None:
        organization = self._tables().organizations.get(organization_id)
        return None if organization is None else organization.quota_bytes
