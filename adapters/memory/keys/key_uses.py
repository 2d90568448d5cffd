"""The last use of keys, in a dictionary."""

from datetime import datetime


class MemoryKeyUses:
    """Implements `KeyUses`; the read side returns `last`."""

    def __init__(self) -> None:
        self.last: dict[str, datetime] = {}

    def note(self, key_id: str, at: datetime) -> None:
        """Record the use of a key."""
        self.last[key_id] = at
