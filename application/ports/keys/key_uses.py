"""The role that remembers when keys were used last."""

from datetime import datetime
from typing import Protocol


class KeyUses(Protocol):
    """Takes a note for every request, so it costs next to nothing; what a process knew when it was killed is lost."""

    def note(self, key_id: str, at: datetime) -> None:
        """Remember that a key was used. `ReadSide.keys` tells it within a minute."""
        ...
