"""Issuing tokens for reading events."""

from datetime import timedelta

import msgspec

from application.handling import start
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.events.cloud_events import tags_named
from domain.keys.event_token import MAX_SECONDS, MIN_SECONDS, EventToken, EventTokenIssued, event_token_secret
from domain.keys.token_secrets import TokenSecrets
from domain.keys.upload_token import check_subject
from domain.refusals import InvalidInputError
from domain.shared_fields import made_from


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """Which of its key's events a token reads (see `EventToken`); None and empty: all."""

    bucket_id: str | None = None
    types: tuple[str, ...] = ()
    subject: str | None = None
    upload_id: str | None = None


_ALL = Narrowing()


class IssuingEventTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Issues a token. The token is not stored; its issue is recorded for the audit log."""

    log: EventLog
    secrets: TokenSecrets
    clock: Clock
    ids: Ids

    async def __call__(
        self,
        caller: Caller,
        namespace: NamespaceRecord | None,
        *,
        expires_in_seconds: int,
        narrowing: Narrowing = _ALL,
    ) -> tuple[str, EventToken]:
        """Return the secret of a token, and the token: for the key's events, of one namespace if given.

        Refuses unknown types, and a subject that no upload token can have.
        """
        if not MIN_SECONDS <= expires_in_seconds <= MAX_SECONDS:
            raise InvalidInputError(
                "invalid_expiry",
                f"expires_in_seconds is out of range: send a number from {MIN_SECONDS} to {MAX_SECONDS}.",
                {"field": "expires_in_seconds"},
            )
        check_subject(narrowing.subject)
        if narrowing.types:
            tags_named(narrowing.types)
        now, key = self.clock.now(), caller.key
        namespace_id = None if namespace is None else namespace.namespace_id
        expires_at = now + timedelta(seconds=expires_in_seconds)
        token = made_from(
            EventToken,
            narrowing,
            token_id=self.ids.new("etk_"),
            key_id=key.key_id,
            namespace_id=namespace_id,
            expires_at=expires_at if key.expires_at is None else min(expires_at, key.expires_at),
        )
        origin = caller.origin(now, new_command_id(self.ids), namespace_id=namespace_id)
        issued = made_from(EventTokenIssued, token, origin=origin)
        await start(self.log, token.token_id, (issued,), Conditions(key_id=key.key_id))
        return event_token_secret(token, key.key_hash, self.secrets), token
