"""The closed list of refusals.

A refusal contains facts, not HTTP: `code` is stable and for machines, `message` says what to do, `details` has the
facts. Callers dispatch on the classes.
"""

from collections.abc import Mapping
from typing import Any


class RefusedError(Exception):
    """A refused command or query. Nothing has changed."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})


class UnauthenticatedError(RefusedError):
    """The caller is unknown."""


class ForbiddenError(RefusedError):
    """The caller is known, but not allowed."""


class QuotaExceededError(ForbiddenError):
    """The organization's quota has no room."""


class NotFoundError(RefusedError):
    """The resource does not exist for the caller."""


class InvalidInputError(RefusedError):
    """The request is malformed or breaks a rule by itself."""


class PositionBeyondEndError(InvalidInputError):
    """A position is beyond the end of the log: it belongs to another log, or this one was restored from a backup."""

    def __init__(self, after: int, end: int) -> None:
        super().__init__(
            "position_beyond_end",
            f"The position {after} is beyond the end of the log, which is {end}. The log was restored from a backup, or"
            f" the position belongs to another log: read again from {end}, or from an earlier position.",
            {"after": after, "end": end},
        )


class WrongStateError(RefusedError):
    """The command is not possible in the current state."""


class ConflictError(RefusedError):
    """Something else already has this name or key."""


class TooManyRequestsError(RefusedError):
    """The caller has exceeded its limits; `details` say when to try again."""
