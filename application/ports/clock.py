"""The roles of time and chance, so that neither hides in the code that uses them."""

from datetime import datetime
from typing import Protocol


class ClockDiffersError(Exception):
    """The clock of this host and the time that all processes share differ: one of them is wrong."""


class Clock(Protocol):
    """Gives the time that all processes share, whatever the clock of the host that each runs on."""

    def now(self) -> datetime:
        """Return the time in UTC, aware of its zone."""
        ...

    def check(self) -> None:
        """Raise `ClockDiffersError` while this process must not work: its host's clock contradicts the time."""
        ...


class Ids(Protocol):
    """Draws names that nobody can guess."""

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and `length` random characters of a-z and 0-9."""
        ...

    def secret(self) -> str:
        """Return an API key's secret, `sk_` and at least 256 bits of chance."""
        ...
