"""Managing API keys: giving them out and taking them back. The secret is shown once and never stored."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from application.callers import hash_of, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.event_log import Claim, ClaimTakenError, Command, EventLog, StreamAppend
from application.ports.read_side import KeyRecord, ReadSide
from domain import api_key as keys
from domain.api_key import DEFAULT_PERMISSIONS, Permission
from domain.events import Origin
from domain.refusals import NotFoundError, WrongStateError

_PREFIX_LENGTH = 10


class KeyWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a new key should be like."""

    name: str
    user_id: str
    description: str = ""
    permissions: tuple[Permission, ...] = DEFAULT_PERMISSIONS
    scopes: tuple[Mapping[str, Any], ...] = ()
    rate_limit_override: int | None = None
    expires_at: datetime | None = None


class ManagingKeys:
    """Creates and revokes keys; a user's keys have names of their own."""

    def __init__(self, *, log: EventLog, read_side: ReadSide, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._read_side = read_side
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        organization_id: str,
        wish: KeyWish,
        *,
        actor_id: str,
        by_key_id: str | None = None,
        secret: str | None = None,
        ids: Ids | None = None,
    ) -> tuple[KeyRecord, str]:
        """Give out a key and return it with its secret. `by_key_id`: the key that asks, which must be live.

        `ids`: those of a request under an idempotency key.
        """
        ids = ids or self._ids
        key_id = ids.new("key_")
        secret = secret or ids.secret()
        origin = self._origin(organization_id, actor_id)
        command = keys.CreateKey(
            origin=origin,
            key_id=key_id,
            user_id=wish.user_id,
            name=wish.name,
            description=wish.description,
            key_hash=hash_of(secret),
            prefix=secret[:_PREFIX_LENGTH],
            permissions=wish.permissions,
            scopes=tuple(dict(scope) for scope in wish.scopes),
            rate_limit_override=wish.rate_limit_override,
            expires_at=wish.expires_at,
        )
        stream = StreamAppend(stream_id=key_id, expected_version=0, events=keys.decide(command, keys.NoKey()))
        try:
            await self._log.append(
                Command(
                    command_id=origin.command_id,
                    organization_id=organization_id,
                    key_id=by_key_id,
                    streams=(stream,),
                    free=(Claim(scope=f"key:{organization_id}:{wish.user_id}", key=wish.name),),
                )
            )
        except ClaimTakenError as taken:
            raise WrongStateError(
                "name_taken", f"A key named {wish.name!r} exists already.", {"key_id": taken.owner_id}
            ) from taken
        return (
            KeyRecord(
                key_id=key_id,
                organization_id=organization_id,
                user_id=wish.user_id,
                name=wish.name,
                description=wish.description,
                key_hash=command.key_hash,
                prefix=command.prefix,
                permissions=wish.permissions,
                scopes=command.scopes,
                rate_limit_override=wish.rate_limit_override,
                expires_at=wish.expires_at,
                created_at=origin.at,
                created_by=actor_id,
                revoked_at=None,
                revoked_by=None,
            ),
            secret,
        )

    async def again(self, organization_id: str, *, user_id: str, name: str, key_id: str) -> tuple[KeyRecord, str]:
        """Return a key that was given out, without its secret, which nobody knows any more."""
        record = await self._read_side.key_by_name(organization_id, user_id, name)
        if record is None or record.key_id != key_id:
            raise NotFoundError("key_not_found", "There is no such API key.", {"key_name": name[:100]})
        return record, ""

    async def revoke(
        self, organization_id: str, *, user_id: str, name: str, actor_id: str, by_key_id: str | None = None
    ) -> None:
        """Take a key back: it opens nothing any more, in no process, 5 s from now at the latest."""
        record = await self._read_side.key_by_name(organization_id, user_id, name)
        if record is None:
            raise NotFoundError("key_not_found", "There is no such API key.", {"key_name": name[:100]})
        origin = self._origin(organization_id, actor_id)
        events = keys.decide(keys.RevokeKey(origin=origin), keys.ActiveKey(key_id=record.key_id))
        stored = await self._log.read_stream(record.key_id)
        stream = StreamAppend(stream_id=record.key_id, expected_version=len(stored), events=events)
        await self._log.append(
            Command(command_id=origin.command_id, organization_id=organization_id, key_id=by_key_id, streams=(stream,))
        )

    def _origin(self, organization_id: str, actor_id: str) -> Origin:
        return Origin(
            organization_id=organization_id,
            actor_id=actor_id,
            command_id=new_command_id(self._ids),
            at=self._clock.now(),
        )


def user_id(internal_id: str, user: str) -> str:
    """Return the id that stands for a user's name or e-mail address, which itself is never stored."""
    return "usr_" + hashlib.sha256(f"{internal_id}:{user.strip().lower()}".encode()).hexdigest()[:16]
