"""The closed list of ways in which Upwell says no.

A refusal carries facts, not HTTP: `code` is stable and made for machines, `message` says what to do, `details` holds
the facts. The kinds (the classes) are what callers dispatch on.
"""

from collections.abc import Mapping
from typing import Any


class RefusedError(Exception):
    """A command or a query that Upwell will not carry out. Nothing has changed."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})


class UnauthenticatedError(RefusedError):
    """Nobody we know is asking."""


class ForbiddenError(RefusedError):
    """We know who asks, and they may not."""


class QuotaExceededError(ForbiddenError):
    """The organization's storage has no room for this."""


class NotFoundError(RefusedError):
    """There is no such thing, or it is not the caller's."""


class InvalidInputError(RefusedError):
    """The request cannot be understood or breaks a rule of its own."""


class PositionBeyondEndError(InvalidInputError):
    """A position lies behind the last event of the log: it is another log's, or this one was restored from a backup."""

    def __init__(self, after: int, end: int) -> None:
        super().__init__(
            "position_beyond_end",
            f"The position {after} is beyond the end of the log, which is {end}. The log was restored from a backup, or"
            f" the position belongs to another log: read again from {end}, or from an earlier position.",
            {"after": after, "end": end},
        )


class WrongStateError(RefusedError):
    """The thing is in a state in which this command means nothing."""


class ConflictError(RefusedError):
    """Something else has this place already."""


class TooManyRequestsError(RefusedError):
    """The caller has asked more often than its limits allow; `details` say when to ask again."""
