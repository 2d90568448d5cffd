"""Managing API keys: creating, changing, rotating, revoking. The secret is shown once and never stored."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from application.handling import Loaded, Proposal, handle, start
from application.keys.callers import Caller, hash_of, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.keys.key_reads import KeyReads, KeyRecord
from application.ports.objects.object_creation import ClaimTakenError
from application.rules import Rules
from domain.claims import key_name_claim
from domain.events.event import Origin
from domain.keys import api_key as keys
from domain.keys.api_key import (
    API_KEY,
    DEFAULT_PERMISSIONS,
    ActiveKey,
    ApiKey,
    ApiKeyEvent,
    ApiKeysListed,
    KeyStatus,
    Permission,
    check_grant,
    key_not_found,
)
from domain.refusals import InvalidInputError, WrongStateError
from domain.shared_fields import made_from

_PREFIX_LENGTH = 10


class KeyWish(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a new key. Without scopes: for everything; without origins: pages of any web origin."""

    name: str
    user_id: str
    description: str = ""
    permissions: tuple[Permission, ...] = DEFAULT_PERMISSIONS
    scopes: tuple[Mapping[str, Any], ...] = ()
    allowed_origins: tuple[str, ...] = ()
    rate_limit_override: int | None = None
    expires_at: datetime | None = None


class KeyChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a key; None keeps a value. `status`: `revoked` revokes it, `active` checks that it is active."""

    name: str | None = None
    description: str | None = None
    permissions: tuple[Permission, ...] | None = None
    scopes: tuple[Mapping[str, Any], ...] | None = None
    allowed_origins: tuple[str, ...] | None = None
    rate_limit_override: int | None = None
    expires_at: datetime | None = None
    status: KeyStatus | None = None


class ManagingKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Creates, changes, rotates and revokes keys; names are unique per user.

    `by`: the calling key, which must be live and cannot grant more than it has; None for the operator.
    """

    log: EventLog
    read_side: KeyReads
    clock: Clock
    ids: Ids
    rules: Rules

    async def create(
        self,
        organization_id: str,
        wish: KeyWish,
        *,
        actor_id: str,
        by: KeyRecord | None = None,
        secret: str | None = None,
        ids: Ids | None = None,
    ) -> tuple[KeyRecord, str]:
        """Create a key and return it with its secret. `ids`: those of a request under an idempotency key."""
        ids = ids or self.ids
        key_id = ids.new("key_")
        secret = secret or ids.secret()
        origin = self._origin(organization_id, actor_id)
        command = made_from(
            keys.CreateKey,
            wish,
            origin=origin,
            key_id=key_id,
            key_hash=hash_of(secret),
            prefix=secret[:_PREFIX_LENGTH],
            scopes=tuple(dict(scope) for scope in wish.scopes),
            allowed_origins=keys.check_origins(wish.allowed_origins),
        )
        if by is not None:
            check_grant(command, by, organization_id)
        conditions = _conditions(origin, by, name=wish.name, user_id=wish.user_id)
        try:
            await start(self.log, key_id, API_KEY.decide(command, API_KEY.initial), conditions)
        except ClaimTakenError as taken:
            raise _name_taken(taken) from taken
        record = made_from(
            KeyRecord,
            command,
            organization_id=organization_id,
            created_at=origin.at,
            created_by=actor_id,
            revoked_at=None,
            revoked_by=None,
        )
        return record, secret

    async def change(
        self, organization_id: str, change: KeyChange, *, user_id: str, name: str, actor_id: str, by: KeyRecord
    ) -> KeyRecord:
        """Change a key, in one command, and return its new state."""
        if change.status is KeyStatus.EXPIRED:
            raise InvalidInputError(
                "invalid_status",
                "status cannot be set to expired: set expires_at, or revoke the key.",
                {"field": "status"},
            )
        given = {f: getattr(change, f) for f in change.__struct_fields__ if f != "status"}
        if change.allowed_origins is not None:
            given["allowed_origins"] = keys.check_origins(change.allowed_origins)
        if change.scopes is not None:
            given["scopes"] = tuple(dict(scope) for scope in change.scopes)

        def decide(origin: Origin, state: ApiKey) -> tuple[ApiKeyEvent, ...]:
            events: tuple[ApiKeyEvent, ...] = ()
            if change.status is not KeyStatus.REVOKED or any(value is not None for value in given.values()):
                events = API_KEY.decide(keys.UpdateKey(origin=origin, **given), state)
                state = API_KEY.fold(state, events)
                if isinstance(state, ActiveKey):
                    _check_active(change, state, origin.at)
                    check_grant(state, by, organization_id)
            if change.status is KeyStatus.REVOKED:
                events += API_KEY.decide(keys.RevokeKey(origin=origin), state)
            return events

        return await self._carry_out(
            organization_id, decide, user_id=user_id, name=name, new_name=change.name, actor_id=actor_id, by=by
        )

    async def rotate(
        self,
        organization_id: str,
        *,
        user_id: str,
        name: str,
        actor_id: str,
        by: KeyRecord,
        overlap: timedelta | None = None,
        ids: Ids | None = None,
    ) -> tuple[KeyRecord, str]:
        """Give a key a new secret and return it. The current one works for `overlap`, by default that of the rules.

        `ids`: those of a request under an idempotency key. If an earlier attempt has rotated the key, it does not
        change, and the secret is empty: another rotation would end the secret in use.
        """
        secret = self.ids.secret()
        command_id = new_command_id(ids or self.ids)
        overlap = self.rules.key_overlap if overlap is None else overlap

        def decide(origin: Origin, state: ApiKey) -> tuple[ApiKeyEvent, ...]:
            if isinstance(state, ActiveKey):
                check_grant(state, by, organization_id)
            command = keys.RotateKey(
                origin=origin,
                key_hash=hash_of(secret),
                prefix=secret[:_PREFIX_LENGTH],
                previous_until=origin.at + overlap,
            )
            return API_KEY.decide(command, state)

        record = await self._carry_out(
            organization_id, decide, user_id=user_id, name=name, actor_id=actor_id, by=by, command_id=command_id
        )
        return record, secret if record.key_hash == hash_of(secret) else ""

    async def again(self, organization_id: str, *, user_id: str, key_id: str) -> tuple[KeyRecord, str]:
        """Return a created or rotated key without its secret, which is not stored."""
        return await self._by_id(organization_id, user_id, key_id), ""

    async def revoke(
        self,
        organization_id: str,
        *,
        user_id: str,
        name: str,
        actor_id: str,
        by: KeyRecord | None = None,
        lets_open_finish: bool = False,
    ) -> KeyRecord:
        """Revoke a key: it stops working in every process, within 5 s.

        Bytes of uploads that it or its tokens requested are refused from now on, unless open uploads may finish.
        """
        if await self.read_side.key_by_name(organization_id, user_id, name) is None:
            raise key_not_found(key_name=name)

        def decide(origin: Origin, state: ApiKey) -> tuple[ApiKeyEvent, ...]:
            return API_KEY.decide(keys.RevokeKey(origin=origin, lets_open_finish=lets_open_finish), state)

        return await self._carry_out(organization_id, decide, user_id=user_id, name=name, actor_id=actor_id, by=by)

    async def revoke_by_id(self, key_id: str, *, actor_id: str) -> KeyRecord:
        """Revoke a key by its id, for the operator, and return it."""
        key = await self.read_side.key_by_id(key_id)
        if key is None:
            raise key_not_found(key_id=key_id)
        if key.revoked_at is None:
            await self.revoke(key.organization_id, user_id=key.user_id, name=key.name, actor_id=actor_id)
        return await self._by_id(key.organization_id, key.user_id, key_id)

    async def list_live(self, organization_id: str) -> Sequence[KeyRecord]:
        """Return all live keys of an organization by user, each user's newest first, for the operator."""
        users = sorted(await self.read_side.users(organization_id))
        found = [key for user in users for key in await self.read_side.keys(organization_id, user)]
        return [key for key in found if key.revoked_at is None]

    async def list(self, caller: Caller, user_id: str, *, revoked: bool) -> Sequence[KeyRecord]:
        """Return a user's keys, the newest first, and record the listing; `revoked`: include revoked ones."""
        origin = caller.origin(self.clock.now(), new_command_id(self.ids))
        listed = ApiKeysListed(origin=origin, user_id=user_id)
        await start(self.log, self.ids.new("audit_"), (listed,), Conditions(key_id=caller.key.key_id))
        found = await self.read_side.keys(origin.organization_id, user_id)
        return [key for key in found if revoked or key.revoked_at is None]

    async def _carry_out(
        self,
        organization_id: str,
        decide: "_Decide",
        *,
        user_id: str,
        name: str,
        new_name: str | None = None,
        actor_id: str,
        by: KeyRecord | None,
        command_id: str | None = None,
    ) -> KeyRecord:
        """Append the events of `decide`, unless the `command_id` was already executed."""
        key_id = (await self._named(organization_id, user_id, name)).key_id

        async def change(key: Loaded[ApiKeyEvent, ApiKey]) -> Proposal[ApiKeyEvent] | None:
            if key.has_carried_out(command_id):
                return None
            origin = self._origin(organization_id, actor_id, command_id)
            claimed = new_name if isinstance(key.state, ActiveKey) and new_name != key.state.name else None
            return Proposal(
                origin=origin,
                events=decide(origin, key.state),
                conditions=_conditions(origin, by, name=claimed, user_id=user_id),
            )

        try:
            await handle(self.log, API_KEY, key_id, change)
        except ClaimTakenError as taken:
            raise _name_taken(taken) from taken
        return await self._by_id(organization_id, user_id, key_id)

    async def _by_id(self, organization_id: str, user_id: str, key_id: str) -> KeyRecord:
        return next(key for key in await self.read_side.keys(organization_id, user_id) if key.key_id == key_id)

    async def _named(self, organization_id: str, user_id: str, name: str) -> KeyRecord:
        """Return the user's key of this name: the live one, otherwise the last revoked one."""
        found = [key for key in await self.read_side.keys(organization_id, user_id) if key.name == name]
        if not found:
            raise key_not_found(key_name=name)
        live = [key for key in found if key.revoked_at is None]
        return live[0] if live else max(found, key=lambda key: key.revoked_at or key.created_at)

    def _origin(self, organization_id: str, actor_id: str, command_id: str | None = None) -> Origin:
        return Origin(
            organization_id=organization_id,
            actor_id=actor_id,
            command_id=command_id or new_command_id(self.ids),
            at=self.clock.now(),
        )


class _Decide(Protocol):
    def __call__(self, origin: Origin, state: ApiKey, /) -> tuple[ApiKeyEvent, ...]: ...


def user_id(internal_id: str, user: str) -> str:
    """Return the id derived from a user's name or e-mail address, which is never stored."""
    return "usr_" + hashlib.sha256(f"{internal_id}:{user.strip().lower()}".encode()).hexdigest()[:16]


def _conditions(origin: Origin, by: KeyRecord | None, *, name: str | None, user_id: str) -> Conditions:
    free = () if name is None else (key_name_claim(origin.organization_id, user_id, name),)
    return Conditions(key_id=None if by is None else by.key_id, free=free)


def _name_taken(taken: ClaimTakenError) -> WrongStateError:
    return WrongStateError(
        "name_taken",
        f"A key named '{taken.claim.key}' exists already: use another name.",
        {"key_id": taken.owner_id},
    )


def _check_active(change: KeyChange, new: ActiveKey, now: datetime) -> None:
    if change.status is KeyStatus.ACTIVE and new.expires_at is not None and new.expires_at <= now:
        raise WrongStateError("key_is_expired", "The API key has expired: set a later expires_at.")
