"""The roles of time and chance, so that neither hides in the code that uses them."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time in UTC, aware of its zone."""
        ...


class Ids(Protocol):
    """Draws names that nobody can guess."""

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and `length` random characters of a-z and 0-9."""
        ...

    def secret(self) -> str:
        """Return an API key's secret, `sk_` and at least 256 bits of chance."""
        ...
