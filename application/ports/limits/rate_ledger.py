"""The role that counts requests for all processes together."""

from typing import Protocol


class RateLedger(Protocol):
    """Counts what processes have taken of a window's budget. It may lose its counts."""

    async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:
        """Count `count` more in a window and return what has been taken of it altogether, these included.

        `limited`: what the organization's requests are counted by, a class or the id of a key.

        Atomic: of two that take at once each sees the other or is seen by it. Counts of windows before the last one may
        be gone. Raises `LogUnavailableError` when the ledger cannot be reached.
        """
        ...
