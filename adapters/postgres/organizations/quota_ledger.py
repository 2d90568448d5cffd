"""The ledger of quotas on PostgreSQL. `upwell.append` writes it and checks room, in SQL."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import record_of
from adapters.postgres.database.tenancy import Reads
from application.ports.organizations.quota_ledger import QuotaUse
from domain.organizations.ledger import quota_exceeded

# The errors to raise, by the refusal of `upwell.append`.
REFUSALS: Mapping[str, Callable[[dict[str, Any]], Exception]] = {
    "quota_exceeded": lambda said: quota_exceeded(said["limit_bytes"], said["used_bytes"], said["requested_bytes"]),
}


class PostgresQuotaLedger:
    """Implements `QuotaLedger`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def use(self, organization_id: str) -> QuotaUse:
        """Return the organization's storage use."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["quota"], organization_id)
        if row is None:
            return QuotaUse(limit_bytes=None, reserved_bytes=0, accepted_bytes=0)
        return record_of(row, QuotaUse)
