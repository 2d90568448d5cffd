"""When keys were used last, in a dictionary."""

from datetime import datetime


class MemoryKeyUses:
    """Implements `KeyUses`; `last` is told by the read side."""

    def __init__(self) -> None:
        self.last: dict[str, datetime] = {}

    def note(self, key_id: str, at: datetime) -> None:
        """Remember that a key was used."""
        self.last[key_id] = at
