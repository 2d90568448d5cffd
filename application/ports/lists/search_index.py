"""The role of the index for search."""

from typing import Protocol


class SearchIndex(Protocol):
    """Follows the log asynchronously. Search returns the same results without it, only slower."""

    async def catch_up(self) -> bool:
        """Index some more events; return whether more are waiting. Any number of workers may call it at once.

        Raises `LogUnavailableError` when the index is unreachable.
        """
        ...
