"""The role that keeps the exact storage usage of an organization.

The rules are in the domain (`domain.organizations.ledger`): what each event reserves, accepts and frees, and when there
is room. Only the log writes the ledger, under its lock and in the transaction that appends.
"""

from typing import Protocol

import msgspec


class QuotaUse(msgspec.Struct, frozen=True, kw_only=True):
    """The storage usage of an organization, in bytes. `limit_bytes` None: no quota."""

    limit_bytes: int | None
    reserved_bytes: int
    accepted_bytes: int


class QuotaLedger(Protocol):
    """The promises of every append about the quota, and the query that shows them.

    - Room: a command whose events need more bytes than the limit has left raises `QuotaExceededError` with the limit,
      the usage and the needed bytes, and nothing is appended. Reserved plus accepted bytes never exceed the limit,
      under any concurrency. A command that needs no bytes always passes: a limit may be below the usage.
    - Reservation and settlement: the usage changes with the events, in the same transaction. It is always the sum of
      `change_of` over all events of the organization.
    """

    async def use(self, organization_id: str) -> QuotaUse:
        """Return the usage of an organization as of the last append; zero for an unknown one."""
        ...
