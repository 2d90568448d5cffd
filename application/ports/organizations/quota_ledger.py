"""The role that keeps what an organization's storage holds, to the byte.

The rules are the domain's (`domain.organizations.ledger`): what each event reserves, settles and frees, and when there
is room. The log writes the ledger, under the lock that orders it and in the transaction that appends: nothing else can.
"""

from typing import Protocol

import msgspec


class QuotaUse(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization's storage holds, in bytes. `limit_bytes` None: no quota."""

    limit_bytes: int | None
    reserved_bytes: int
    accepted_bytes: int


class QuotaLedger(Protocol):
    """What every append to the log promises of the quota, and the question that shows it.

    - Room: a command whose events want more bytes than the limit leaves raises `QuotaExceededError` with the limit, the
      use and the wish, and nothing of it is appended. Reserved and accepted bytes together never grow past the limit,
      under any concurrency. What wants no bytes always passes: a limit may be lowered below the use.
    - Reservation and settlement: the use changes with the events, in the same transaction. It is always the sum of
      `change_of` over all events of the organization.
    """

    async def use(self, organization_id: str) -> QuotaUse:
        """Return what the organization's storage holds, as of the last append. An unknown one holds nothing."""
        ...
