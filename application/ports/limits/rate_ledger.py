"""The role that counts requests for all processes together."""

from typing import Protocol


class RateLedger(Protocol):
    """Counts the budget of a window that processes have taken. It may lose its counts."""

    async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:
        """Take `count` more from a window and return the total, including these.

        `limited`: the subject of the limit, a class or the id of a key. Atomic: of two concurrent calls one includes
        the other. Counts of windows before the last one may be lost. Raises `LogUnavailableError` when the ledger is
        unreachable.
        """
        ...
