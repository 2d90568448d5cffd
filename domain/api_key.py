"""API keys: who may act for an organization. Only a hash of a key is ever stored."""

import enum
from datetime import datetime
from typing import assert_never

import msgspec

from domain.events import JSON, Event, Origin
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError


class Permission(enum.StrEnum):
    """What a key may do; `admin` includes the others."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMIN = "admin"


DEFAULT_PERMISSIONS = (Permission.READ, Permission.WRITE, Permission.DELETE)


class ApiKeyCreated(Event, frozen=True, tag="api_key.created.v1"):
    """A key was given out. `key_hash`: SHA-256 of the secret, 64 hex digits. `prefix`: its first characters."""

    key_id: str
    user_id: str
    name: str
    description: str
    key_hash: str
    prefix: str
    permissions: tuple[Permission, ...]
    scopes: tuple[JSON, ...]
    rate_limit_override: int | None
    expires_at: datetime | None


class ApiKeyRevoked(Event, frozen=True, tag="api_key.revoked.v1"):
    """The key opens nothing any more."""

    key_id: str


ApiKeyEvent = ApiKeyCreated | ApiKeyRevoked


class NoKey(msgspec.Struct, frozen=True):
    """The state before the first event."""


class ActiveKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that may be used until it expires."""

    key_id: str


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was taken back."""

    key_id: str


ApiKey = NoKey | ActiveKey | RevokedKey


class CreateKey(msgspec.Struct, frozen=True, kw_only=True):
    """Give out a key."""

    origin: Origin
    key_id: str
    user_id: str
    name: str
    description: str
    key_hash: str
    prefix: str
    permissions: tuple[Permission, ...]
    scopes: tuple[JSON, ...]
    rate_limit_override: int | None
    expires_at: datetime | None


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True):
    """Take a key back."""

    origin: Origin


ApiKeyCommand = CreateKey | RevokeKey


def decide(command: ApiKeyCommand, key: ApiKey) -> tuple[ApiKeyEvent, ...]:
    """Say what happens, or refuse."""
    match key, command:
        case NoKey(), CreateKey():
            if command.expires_at is not None and command.expires_at <= command.origin.at:
                raise InvalidInputError("invalid_expiry", "expires_at lies in the past: give a later time, or none.")
            fields = {f: getattr(command, f) for f in CreateKey.__struct_fields__}
            return (ApiKeyCreated(**fields),)
        case ActiveKey(), RevokeKey():
            return (ApiKeyRevoked(origin=command.origin, key_id=key.key_id),)
        case RevokedKey(), RevokeKey():
            return ()
        case NoKey(), _:
            raise NotFoundError("key_not_found", "There is no such API key.")
        case _:
            raise WrongStateError("wrong_state", "The API key exists already.")


def evolve(key: ApiKey, event: ApiKeyEvent) -> ApiKey:  # noqa: ARG001  # the last fact tells all
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case ApiKeyCreated():
            return ActiveKey(key_id=event.key_id)
        case ApiKeyRevoked():
            return RevokedKey(key_id=event.key_id)
        case _:
            assert_never(event)
