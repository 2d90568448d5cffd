"""Counts of requests, in memory."""


class MemoryRateLedger:
    """Implements `RateLedger`."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], dict[int, int]] = {}

    async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:
        """Add `count` and return the sum."""
        known = self._taken.get((organization_id, limited), {})
        kept = {each: taken for each, taken in known.items() if each >= window - 1}
        kept[window] = kept.get(window, 0) + count
        self._taken[organization_id, limited] = kept
        return kept[window]
