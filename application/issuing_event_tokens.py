"""Giving out tokens for reading events."""

from datetime import timedelta

from application.callers import Caller
from application.ports.clock import Clock
from application.ports.read_side import NamespaceRecord
from domain.event_token import MAX_SECONDS, MIN_SECONDS, EventToken, secret_of
from domain.refusals import InvalidInputError


class IssuingEventTokens:
    """Gives out one token; nothing is stored."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def __call__(
        self, caller: Caller, namespace: NamespaceRecord | None, *, expires_in_seconds: int
    ) -> tuple[str, EventToken]:
        """Return a token's secret and what it is for: what the key may see, of one namespace if one is named."""
        if not MIN_SECONDS <= expires_in_seconds <= MAX_SECONDS:
            raise InvalidInputError(
                "invalid_expiry", f"expires_in_seconds must be between {MIN_SECONDS} and {MAX_SECONDS}."
            )
        token = EventToken(
            key_id=caller.key.key_id,
            namespace_id=None if namespace is None else namespace.namespace_id,
            expires_at=self._clock.now() + timedelta(seconds=expires_in_seconds),
        )
        return secret_of(token, caller.key.key_hash), token
