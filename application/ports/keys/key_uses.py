"""The role that records the last uses of keys."""

from datetime import datetime
from typing import Protocol


class KeyUses(Protocol):
    """Called for every request, so it must be cheap; a killed process loses its recent notes."""

    def note(self, key_id: str, at: datetime) -> None:
        """Record the use of a key. `ReadSide.keys` returns it within a minute."""
        ...
