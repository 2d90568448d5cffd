"""The roles of time and randomness, as explicit dependencies."""

from datetime import datetime
from typing import Protocol


class ClockDiffersError(Exception):
    """The clock of this host differs from the shared time: one of them is wrong."""


class Clock(Protocol):
    """Returns the time that all processes share, regardless of their hosts' clocks."""

    def now(self) -> datetime:
        """Return the time in UTC, with its time zone."""
        ...

    def check(self) -> None:
        """Raise `ClockDiffersError` while this process must not work: its host's clock contradicts the time."""
        ...


class Ids(Protocol):
    """Generates unguessable ids."""

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and `length` random characters of a-z and 0-9."""
        ...

    def secret(self) -> str:
        """Return an API key's secret, `sk_` and at least 256 random bits."""
        ...
