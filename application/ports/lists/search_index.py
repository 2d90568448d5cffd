"""The role that keeps what makes search quick."""

from typing import Protocol


class SearchIndex(Protocol):
    """Follows the log behind the lists. Search finds the same without it, only slower."""

    async def catch_up(self) -> bool:
        """Take in some more events; return whether more are waiting. Any number of workers may call it at once.

        Raise `LogUnavailableError` when the index cannot be reached.
        """
        ...
