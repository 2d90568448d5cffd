"""API keys: the permissions to act for an organization, and their scopes. Only a hash of a key is stored."""

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

import msgspec

from domain.decider import Decider
from domain.events.event import JSON, Event, Origin
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import changed_by, made_from


class Permission(enum.StrEnum):
    """The permissions of a key; `admin` includes the others."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMIN = "admin"


DEFAULT_PERMISSIONS = (Permission.READ, Permission.WRITE, Permission.DELETE)


class KeyStatus(enum.StrEnum):
    """The status of a key: `expired` follows from its expiry, the others from commands."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


class ResourceType(enum.StrEnum):
    """The resource types of scopes. Upwell only has organizations, namespaces and buckets."""

    ORGANIZATION = "organization"
    USER = "user"
    API_KEY = "api_key"
    NAMESPACE = "namespace"
    COLLECTION = "collection"
    BUCKET = "bucket"
    RETRIEVER = "retriever"
    CLUSTER = "cluster"
    TAXONOMY = "taxonomy"
    STORAGE_CONNECTION = "storage_connection"
    ALERT = "alert"


class NamespaceOperation(enum.StrEnum):
    """The operations of scopes."""

    READ_DATA = "read_data"
    WRITE_DATA = "write_data"
    DELETE_DATA = "delete_data"
    EXECUTE_RETRIEVER = "execute_retriever"
    CREATE_RETRIEVER = "create_retriever"
    DELETE_RETRIEVER = "delete_retriever"
    EXECUTE_JOB = "execute_job"
    CANCEL_JOB = "cancel_job"
    CREATE_CLUSTER = "create_cluster"
    DELETE_CLUSTER = "delete_cluster"
    MODIFY_CLUSTER = "modify_cluster"
    MODIFY_INFRASTRUCTURE = "modify_infrastructure"
    MANAGE_PERMISSIONS = "manage_permissions"


_THINGS = (ResourceType.ORGANIZATION, ResourceType.NAMESPACE, ResourceType.BUCKET)

OPERATION_OF: Mapping[Permission, NamespaceOperation] = {
    Permission.READ: NamespaceOperation.READ_DATA,
    Permission.WRITE: NamespaceOperation.WRITE_DATA,
    Permission.DELETE: NamespaceOperation.DELETE_DATA,
    Permission.ADMIN: NamespaceOperation.MANAGE_PERMISSIONS,
}


class Reach(enum.Enum):
    """Whether a key's scopes cover a resource: not at all, not for this operation, or completely."""

    NOT_THERE = enum.auto()
    NOT_FOR_THIS = enum.auto()
    THERE = enum.auto()


def reach(scopes: Sequence[Mapping[str, Any]], needed: Permission, named: Mapping[str, Collection[str]]) -> Reach:
    """Return whether a scope contains one of these resources (by id or name) and allows the permission."""
    found = Reach.NOT_THERE
    for scope in scopes:
        if scope.get("resource_id") in named.get(str(scope.get("resource_type")), ()):
            operations = scope.get("operations")
            if operations is None or OPERATION_OF[needed] in operations:
                return Reach.THERE
            found = Reach.NOT_FOR_THIS
    return found


class Powers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a key can do, and until when.

    Without scopes: everywhere; without origins, override or expiry: no such limit.
    """

    permissions: tuple[Permission, ...]
    scopes: tuple[JSON, ...]
    allowed_origins: tuple[str, ...] = ()
    rate_limit_override: int | None
    expires_at: datetime | None


def check_grant(granted: Powers, granter: Powers, organization_id: str) -> None:
    """Refuse to grant a key of the organization more than the granting key has."""
    exceeds = []
    if Permission.ADMIN not in granter.permissions and not set(granted.permissions) <= set(granter.permissions):
        exceeds.append("permissions")
    if granter.scopes and not (
        granted.scopes and all(_covered(scope, granter.scopes, organization_id) for scope in granted.scopes)
    ):
        exceeds.append("scopes")
    if not _origins_covered(granted.allowed_origins, granter.allowed_origins):
        exceeds.append("allowed_origins")
    if _above(granted.rate_limit_override, granter.rate_limit_override):
        exceeds.append("rate_limit_override")
    if granter.expires_at is not None and (granted.expires_at is None or granted.expires_at > granter.expires_at):
        exceeds.append("expires_at")
    if exceeds:
        raise ForbiddenError(
            "grants_too_much",
            f"This API key cannot grant more than it has itself ({', '.join(exceeds)}): request less, or use a key"
            " that has it.",
            {"exceeds": exceeds},
        )


def idle_scopes(
    permissions: Collection[Permission], scopes: Sequence[Mapping[str, Any]], organization_id: str
) -> tuple[str, ...]:
    """Return a sentence for each scope without effect, and one for a key without permissions."""
    notes = [] if permissions else ["The key has no permissions: it allows nothing."]
    may = set(Permission) if Permission.ADMIN in permissions else set(permissions)
    useful = {OPERATION_OF[each] for each in may}
    for scope in scopes:
        kind, thing, operations = (scope.get(name) for name in ("resource_type", "resource_id", "operations"))
        named = f"The scope for the {kind} {thing!r} has no effect"
        if kind not in _THINGS:
            notes.append(f"{named}: use one for an organization, a namespace or a bucket.")
        elif kind == ResourceType.ORGANIZATION and thing != organization_id:
            notes.append(f"{named}: the organization of this key is {organization_id!r}.")
        elif operations is not None and permissions and not useful & set(operations):
            notes.append(f"{named}: the key's permissions need one of {', '.join(sorted(useful))}.")
    return tuple(notes)


def _above(limit: int | None, other: int | None) -> bool:
    return other is not None and (limit is None or limit > other)


def _origins_covered(granted: Sequence[str], by: Sequence[str]) -> bool:
    if not by or ANY_ORIGIN in by:
        return True
    return bool(granted) and set(granted) <= set(by)


def _covered(scope: Mapping[str, Any], by: Sequence[Mapping[str, Any]], organization_id: str) -> bool:
    everything = (ResourceType.ORGANIZATION, organization_id)
    same = [
        other
        for other in by
        if (other.get("resource_type"), other.get("resource_id")) == everything
        or all(other.get(name) == scope.get(name) for name in ("resource_type", "resource_id"))
    ]
    wanted = scope.get("operations")
    return any(
        other.get("operations") is None or (wanted is not None and set(wanted) <= set(other["operations"]))
        for other in same
    )


MAX_ORIGINS = 100
_MAX_ORIGIN_LENGTH = 300
ANY_ORIGIN = "*"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def check_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """Return web origins as browsers send them, or refuse an invalid one."""
    if len(origins) > MAX_ORIGINS:
        raise InvalidInputError(
            "invalid_origin",
            f"allowed_origins has {len(origins)} origins: send at most {MAX_ORIGINS}.",
            {"field": "allowed_origins"},
        )
    return tuple(dict.fromkeys(_origin(origin) for origin in origins))


def _origin(value: str) -> str:
    plain = value.lower()
    if value != ANY_ORIGIN and (len(value) > _MAX_ORIGIN_LENGTH or not _ORIGIN.fullmatch(plain)):
        raise InvalidInputError(
            "invalid_origin",
            "allowed_origins has a value that is not an origin: send a scheme, a host and optionally a port, such as"
            " https://app.example.com, or * for any.",
            {"field": "allowed_origins", "origin": value[:100]},
        )
    return plain


class ApiKeyCreated(Event, frozen=True, tag="api_key.created.v1"):
    """A key was created. `key_hash`: SHA-256 of the secret, 64 hex digits. `prefix`: its first characters."""

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


class ApiKeyRotated(Event, frozen=True, tag="api_key.rotated.v1"):
    """The key has a new secret. The previous one works until `previous_until`, older ones no longer."""

    key_id: str
    key_hash: str
    prefix: str
    previous_until: datetime


class ApiKeySettingsChanged(Event, frozen=True, tag="api_key.settings_changed.v1"):
    """The name, rate limit and expiry of the key, all of them."""

    key_id: str
    name: str
    description: str
    rate_limit_override: int | None
    expires_at: datetime | None


class ApiKeyPermissionsChanged(Event, frozen=True, tag="api_key.permissions_changed.v1"):
    """The key has exactly these permissions from now on."""

    key_id: str
    permissions: tuple[Permission, ...]


class ApiKeyScopesChanged(Event, frozen=True, tag="api_key.scopes_changed.v1"):
    """The scopes of the key (empty: everything), and the web origins of its pages (empty: all)."""

    key_id: str
    scopes: tuple[JSON, ...]
    allowed_origins: tuple[str, ...]


class OpenUploads(enum.StrEnum):
    """What happens to the open uploads of a revoked key and of its tokens.

    Their bytes are refused when they arrive, or may still arrive; or the uploads are canceled at once.
    """

    REFUSE = "refuse"
    FINISH = "finish"
    CANCEL = "cancel"


class ApiKeyRevoked(Event, frozen=True, omit_defaults=True, tag="api_key.revoked.v1"):
    """The key no longer works. `lets_open_finish`: bytes of its open uploads are still accepted."""

    key_id: str
    lets_open_finish: bool = False


class ApiKeysListed(Event, frozen=True, tag="audit.api_keys_listed.v1"):
    """A user's keys were listed. The event has its own stream: it changes no key."""

    user_id: str


ApiKeyEvent = (
    ApiKeyCreated
    | ApiKeyRotated
    | ApiKeySettingsChanged
    | ApiKeyPermissionsChanged
    | ApiKeyScopesChanged
    | ApiKeyRevoked
)


class NoKey(msgspec.Struct, frozen=True):
    """The state before the first event."""


class ActiveKey(Powers, frozen=True, kw_only=True):
    """A key that may be used until it expires."""

    key_id: str
    name: str
    description: str


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A revoked key."""

    key_id: str


ApiKey = NoKey | ActiveKey | RevokedKey


class CreateKey(Powers, frozen=True, kw_only=True):
    """Create a key."""

    origin: Origin
    key_id: str
    user_id: str
    name: str
    description: str
    key_hash: str
    prefix: str


class UpdateKey(msgspec.Struct, frozen=True, kw_only=True):
    """Change a key. None keeps a value."""

    origin: Origin
    name: str | None = None
    description: str | None = None
    permissions: tuple[Permission, ...] | None = None
    scopes: tuple[JSON, ...] | None = None
    allowed_origins: tuple[str, ...] | None = None
    rate_limit_override: int | None = None
    expires_at: datetime | None = None


class RotateKey(msgspec.Struct, frozen=True, kw_only=True):
    """Give the key a new secret; the current one works until `previous_until`."""

    origin: Origin
    key_hash: str
    prefix: str
    previous_until: datetime


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True):
    """Revoke a key. `lets_open_finish`: its open uploads may still complete."""

    origin: Origin
    lets_open_finish: bool = False


ApiKeyCommand = CreateKey | UpdateKey | RotateKey | RevokeKey


def decide(command: ApiKeyCommand, key: ApiKey) -> tuple[ApiKeyEvent, ...]:
    """Return the events of a command, or refuse it."""
    match key, command:
        case NoKey(), CreateKey():
            return _created(command)
        case ActiveKey(), UpdateKey():
            return _updated(command, key)
        case ActiveKey(), RotateKey():
            return (_rotated(command, key),)
        case ActiveKey() | RevokedKey(), CreateKey():
            raise WrongStateError("wrong_state", "The API key exists already: use another id.")
        case ActiveKey(), RevokeKey():
            return (ApiKeyRevoked(origin=command.origin, key_id=key.key_id, lets_open_finish=command.lets_open_finish),)
        case RevokedKey(), RevokeKey():
            return ()
        case RevokedKey(), _:
            raise WrongStateError("key_is_revoked", "The API key is revoked, which is final: create another one.")
        case _:
            raise key_not_found()


def _created(command: CreateKey) -> tuple[ApiKeyEvent, ...]:
    _check_expiry(command.expires_at, command.origin)
    created = made_from(ApiKeyCreated, command)
    if not command.allowed_origins:
        return (created,)
    where = made_from(ApiKeyScopesChanged, command)
    return (created, where)


def _updated(command: UpdateKey, key: ActiveKey) -> tuple[ApiKeyEvent, ...]:
    _check_expiry(command.expires_at, command.origin)
    given = {f: getattr(command, f) for f in UpdateKey.__struct_fields__ if f != "origin"}
    new = msgspec.structs.replace(key, **{f: value for f, value in given.items() if value is not None})
    events: list[ApiKeyEvent] = []
    if new.permissions != key.permissions:
        events.append(ApiKeyPermissionsChanged(origin=command.origin, key_id=key.key_id, permissions=new.permissions))
    if (new.scopes, new.allowed_origins) != (key.scopes, key.allowed_origins):
        events.append(
            ApiKeyScopesChanged(
                origin=command.origin, key_id=key.key_id, scopes=new.scopes, allowed_origins=new.allowed_origins
            )
        )
    settings = made_from(ApiKeySettingsChanged, new, origin=command.origin)
    if any(
        getattr(settings, f) != getattr(key, f) for f in ("name", "description", "rate_limit_override", "expires_at")
    ):
        events.append(settings)
    return tuple(events)


def _rotated(command: RotateKey, key: ActiveKey) -> ApiKeyRotated:
    if key.expires_at is not None and key.expires_at <= command.origin.at:
        raise WrongStateError("key_is_expired", "The API key has expired: set a later expires_at first.")
    return made_from(ApiKeyRotated, command, key_id=key.key_id)


def _check_expiry(expires_at: datetime | None, origin: Origin) -> None:
    if expires_at is not None and expires_at <= origin.at:
        raise InvalidInputError(
            "invalid_expiry", "expires_at is in the past: send a later time, or null.", {"field": "expires_at"}
        )


def evolve(key: ApiKey, event: ApiKeyEvent) -> ApiKey:
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case ApiKeyCreated():
            return made_from(ActiveKey, event)
        case ApiKeyRevoked():
            return RevokedKey(key_id=event.key_id)
        case ApiKeyRotated():
            return key
        case ApiKeySettingsChanged() | ApiKeyPermissionsChanged() | ApiKeyScopesChanged():
            return changed_by(key, event)
        case _:
            assert_never(event)


def key_not_found(**named: str) -> NotFoundError:
    """Return the refusal of an API key that does not exist for the caller. `named`: its id or name."""
    return NotFoundError(
        "key_not_found",
        "The API key does not exist, or you cannot access it: check its id or name.",
        {how: name[:100] for how, name in named.items()},
    )


API_KEY: Decider[ApiKeyCommand, ApiKeyEvent, ApiKey] = Decider(
    initial=NoKey(), decide=decide, evolve=evolve, not_found=lambda key_id: key_not_found(key_id=key_id)
)
