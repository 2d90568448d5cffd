"""A clock that only tests advance, and sequential ids: both are predictable."""

import string
from datetime import UTC, datetime, timedelta

from application.ports.clock import Clock, ClockDiffersError

_ALPHABET = string.digits + string.ascii_lowercase
_SECRET_LENGTH = 43


class ManualClock:
    """Implements `Clock`. `advance`, `set` and `contradict` are not part of the port: tests use them."""

    def __init__(self, now: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._fault: str | None = None
        self.set(now)

    def now(self) -> datetime:
        """Return the time that was last set."""
        return self._now

    def check(self) -> None:
        """Raise the error that `contradict` was given."""
        if self._fault is not None:
            raise ClockDiffersError(self._fault)

    def contradict(self, fault: str | None) -> None:
        """Make the host's clock differ, or agree again."""
        self._fault = fault

    def advance(self, by: timedelta) -> datetime:
        """Advance the time, and return it."""
        self.set(self._now + by)
        return self._now

    def set(self, now: datetime) -> None:
        """Set the time, which must have a zone."""
        if now.tzinfo is None:
            raise ValueError("the time has no zone")
        self._now = now.astimezone(UTC)


def earlier(caller_time: datetime, clock: Clock | None) -> datetime:
    """Return the earlier of the given time and the clock's time, if there is a clock."""
    return caller_time if clock is None else min(caller_time, clock.now())


class SequentialIds:
    """Implements `Ids` with predictable ids. `begin`: for a second instance with different ids."""

    def __init__(self, begin: int = 1) -> None:
        self._next = begin

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and the next number in `length` characters of 0-9 and a-z."""
        number, self._next = self._next, self._next + 1
        characters = ""
        while number:
            number, index = divmod(number, len(_ALPHABET))
            characters = _ALPHABET[index] + characters
        if len(characters) > length:
            raise ValueError(f"{length} characters are too few")
        return prefix + characters.rjust(length, _ALPHABET[0])

    def secret(self) -> str:
        """Return `sk_` and the next number, as long as a real one."""
        return self.new("sk_", _SECRET_LENGTH)
