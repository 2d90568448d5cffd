"""Managing upload tokens after their issue: listing, renewing, revoking.

A key manages the tokens that it issued, and a key with the permission `admin` all tokens in its scopes. For other keys
a token does not exist.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import msgspec

from application.handling import Loaded, Proposal, handle
from application.keys.callers import Caller, hash_of, new_command_id, upload_token_secret
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.keys.directory import Directory
from application.ports.keys.token_reads import TokenReads, TokenRecord, WantedTokens
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.events.event import Origin
from domain.keys.api_key import Permission
from domain.keys.upload_token import (
    UPLOAD_TOKEN,
    RenewToken,
    RevokeToken,
    TokenCommand,
    TokenEvent,
    TokenState,
    token_not_found,
)
from domain.refusals import WrongStateError

_FIRST_PAGE = 2**63 - 1
_REVOKED_AT_ONCE = 100


class ManagingUploadTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Lists, renews and revokes tokens of a namespace. `only_buckets`: those in the caller's scopes; None: all."""

    log: EventLog
    read_side: TokenReads
    directory: Directory
    clock: Clock
    ids: Ids

    async def get(
        self, caller: Caller, namespace: NamespaceRecord, token_id: str, *, only_buckets: Collection[str] | None
    ) -> TokenRecord:
        """Return a token, even if it has ended."""
        token = await self.read_side.upload_token(token_id)
        if token is None or not _is_managed(token, caller, namespace, only_buckets):
            raise token_not_found(token_id)
        return token

    async def list(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        *,
        only_buckets: Collection[str] | None,
        subject: str | None = None,
        ended: bool = False,
        before: int | None = None,
        limit: int,
    ) -> Sequence[TokenRecord]:
        """Return up to `limit` tokens that were issued below a position, the newest first. `ended`: include those."""
        wanted = WantedTokens(
            namespace_id=namespace.namespace_id,
            bucket_ids=only_buckets,
            key_id=_issuer_of(caller),
            subject=subject,
            live_at=None if ended else self.clock.now(),
        )
        return await self.read_side.upload_tokens(wanted, before=_FIRST_PAGE if before is None else before, limit=limit)

    async def renew(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        token_id: str,
        *,
        only_buckets: Collection[str] | None,
        expires_in: timedelta,
        ids: Ids | None = None,
    ) -> tuple[TokenRecord, str]:
        """Give a token a new secret and a new end, and return it. The previous secret works until its own end.

        The token ends with the key that issued it at the latest. `ids`: those of a request under an idempotency key. If
        an earlier attempt has renewed the token, it does not change, and the secret is empty: another renewal would end
        the secret in use.
        """
        token = await self.get(caller, namespace, token_id, only_buckets=only_buckets)
        issuer = await self.directory.key_by_id(token.key_id)
        now = self.clock.now()
        if issuer is None or issuer.revoked_at is not None or (issuer.expires_at and issuer.expires_at <= now):
            raise WrongStateError(
                "token_key_ended",
                "The API key that issued this upload token was revoked or has expired: use a live key to create another"
                " token.",
                {"key_id": token.key_id},
            )
        expires_at = now + expires_in if issuer.expires_at is None else min(now + expires_in, issuer.expires_at)
        secret = upload_token_secret(token_id, self.ids.secret().removeprefix("sk_"))
        token_hash = hash_of(secret)
        renewed = await self._carry_out(
            caller,
            token,
            lambda origin: RenewToken(origin=origin, token_hash=token_hash, expires_at=expires_at),
            command_id=new_command_id(ids or self.ids),
        )
        return renewed, secret if renewed.token_hash == token_hash else ""

    async def revoke(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        token_id: str,
        *,
        only_buckets: Collection[str] | None,
        lets_open_finish: bool = False,
    ) -> TokenRecord:
        """Revoke a token: no process accepts a write with it from now on, and reading ends within 5 s.

        Bytes of its uploads are refused from now on, unless open uploads may finish.
        """
        token = await self.get(caller, namespace, token_id, only_buckets=only_buckets)
        return await self._revoke(caller, token, lets_open_finish=lets_open_finish)

    async def revoke_subject(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        *,
        bucket_id: str,
        subject: str,
        lets_open_finish: bool = False,
    ) -> Sequence[TokenRecord]:
        """Revoke all tokens of a subject in a bucket, and return them.

        Tokens that have expired are revoked too, as long as uploads that they began may still be open.
        """
        wanted = WantedTokens(
            namespace_id=namespace.namespace_id,
            bucket_ids=(bucket_id,),
            key_id=_issuer_of(caller),
            subject=subject,
            open_at=self.clock.now(),
        )
        revoked: list[TokenRecord] = []
        while page := await self.read_side.upload_tokens(wanted, before=_FIRST_PAGE, limit=_REVOKED_AT_ONCE):
            revoked += [await self._revoke(caller, token, lets_open_finish=lets_open_finish) for token in page]
        return revoked

    async def _revoke(self, caller: Caller, token: TokenRecord, *, lets_open_finish: bool) -> TokenRecord:
        return await self._carry_out(
            caller, token, lambda origin: RevokeToken(origin=origin, lets_open_finish=lets_open_finish)
        )

    async def _carry_out(
        self,
        caller: Caller,
        token: TokenRecord,
        command_of: Callable[[Origin], TokenCommand],
        *,
        command_id: str | None = None,
    ) -> TokenRecord:
        """Carry out a command on a token, unless the `command_id` was already executed, and return the token."""
        command_id = command_id or new_command_id(self.ids)

        async def change(loaded: Loaded[TokenEvent, TokenState]) -> Proposal[TokenEvent] | None:
            if loaded.has_carried_out(command_id):
                return None
            origin = loaded.origin_of(caller.key.key_id, command_id, self.clock.now())
            events = UPLOAD_TOKEN.decide(command_of(origin), loaded.state)
            return Proposal(origin=origin, events=events, conditions=Conditions(key_id=caller.key.key_id))

        await handle(self.log, UPLOAD_TOKEN, token.token_id, change)
        now = await self.read_side.upload_token(token.token_id)
        if now is None:
            raise token_not_found(token.token_id)
        return now


def _issuer_of(caller: Caller) -> str | None:
    """Return the key whose tokens the caller manages; None: those of all keys."""
    return None if Permission.ADMIN in caller.key.permissions else caller.key.key_id


def _is_managed(
    token: TokenRecord, caller: Caller, namespace: NamespaceRecord, only_buckets: Collection[str] | None
) -> bool:
    return (
        token.namespace_id == namespace.namespace_id
        and (only_buckets is None or token.bucket_id in only_buckets)
        and _issuer_of(caller) in {None, token.key_id}
    )
