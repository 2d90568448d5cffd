"""The caller of a request: its key, organization, namespace and bucket. Checked before the body is read."""

import hashlib
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import msgspec

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog, bucket_not_active
from application.ports.keys.directory import Directory
from application.ports.keys.key_reads import KeyRecord
from application.ports.keys.key_uses import KeyUses
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from application.ports.uploads.upload_reads import UploadRecord
from domain.buckets.bucket import BucketStatus, bucket_not_found
from domain.events.event import Origin
from domain.events.registry import decode
from domain.keys.api_key import ANY_ORIGIN, OPERATION_OF, Permission, Reach, ResourceType, reach
from domain.keys.event_token import PREFIX as EVENT_TOKEN_PREFIX
from domain.keys.event_token import EventToken, key_id_in, token_in
from domain.keys.token_secrets import TokenSecrets
from domain.keys.upload_credential import PREFIX as CREDENTIAL_PREFIX
from domain.keys.upload_credential import UploadCredential, credential_in, credential_of, credential_secret
from domain.keys.upload_token import ID_PREFIX, PREFIX, UploadToken, token_expired, token_revoked, token_unknown
from domain.namespaces.namespace import namespace_not_found
from domain.refusals import ForbiddenError, InvalidInputError, UnauthenticatedError
from domain.uploads.upload import upload_not_found

# The caller of the current request, after authentication. Reads for the request are limited to this organization.
acting_for: ContextVar[str] = ContextVar("acting_for")

_DERIVED_ID_LENGTH = 32
_HELP = "send 'Authorization: Bearer sk_…' with one of your keys"

_SHORTEST_URL = timedelta(seconds=1)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated key and its organization. `token`: the upload token of this key that was used, if any.

    `own`: the credential of one upload that was used, if any; `token` is then the token that requested that upload.
    `event_token`: the event token of this key that was used, if any. `ends_at`: the end of what was used, if it is not
    that of the key.
    """

    key: KeyRecord
    organization: OrganizationRecord
    token: UploadToken | None = None
    own: UploadCredential | None = None
    event_token: EventToken | None = None
    ends_at: datetime | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the caller's permissions depend only on the records of the key and the organization."""
        key = self.key
        return self.is_key and not key.scopes and key.expires_at is None and key.previous_until is None

    @property
    def is_key(self) -> bool:
        """Whether the key itself was used, not one of its tokens."""
        return self.grant is None and self.event_token is None

    @property
    def grant(self) -> UploadToken | UploadCredential | None:
        """What limits the caller to a bucket, and there to its own uploads; None: nothing does."""
        return self.own or self.token

    @property
    def holder_id(self) -> str:
        """The holder of a rate limit: the key, the upload token, or all event tokens of one key together.

        The credential of an upload counts as its token; that of an upload of a key has a share of its own.
        """
        if self.event_token is not None:
            return f"{self.key.key_id}:events"
        return (
            self.actor_id if self.own is None or self.token is not None else f"{self.key.key_id}:{self.own.upload_id}"
        )

    @property
    def token_id(self) -> str | None:
        """The upload token that was used, if any: it must still be live when a command is appended."""
        return None if self.token is None else self.token.token_id

    @property
    def actor_id(self) -> str:
        """The actor in events."""
        return self.key.key_id if self.token is None else self.token.token_id

    def url_lasts(self, wanted: timedelta, now: datetime, *ends: datetime | None) -> timedelta:
        """Return the lifetime of a new URL, at least a second; it ends with the key, or one of these, at the latest."""
        lasts = wanted
        for end in (self.key.expires_at, *ends):
            if end is not None:
                lasts = min(lasts, end - now)
        return max(lasts, _SHORTEST_URL)

    def origin(
        self, now: datetime, command_id: str, *, namespace_id: str | None = None, bucket_id: str | None = None
    ) -> Origin:
        """Return the origin of an event of this caller."""
        return Origin(
            organization_id=self.organization.organization_id,
            namespace_id=namespace_id,
            bucket_id=bucket_id,
            actor_id=self.actor_id,
            command_id=command_id,
            at=now,
        )


def hash_of(secret: str) -> str:
    """Return the stored hash of an API key's secret: its SHA-256. A secret has 256 random bits, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def upload_token_secret(token_id: str, chance: str) -> str:
    """Return the secret of an upload token: its id, to find it, and a random part, to authenticate it."""
    return f"{PREFIX}{token_id.removeprefix(ID_PREFIX)}.{chance}"


class Admitting(msgspec.Struct, frozen=True, kw_only=True):
    """Authenticates callers, and finds the namespace and bucket that they name."""

    directory: Directory
    log: EventLog
    uses: KeyUses
    secrets: TokenSecrets
    clock: Clock

    async def caller(self, secret: str | None) -> Caller:
        """Return the caller with this secret; refuse an unknown, revoked or expired one."""
        if not secret:
            raise UnauthenticatedError("key_missing", f"The API key is missing: {_HELP}.")
        if secret.startswith(PREFIX):
            return await self._holder_of_token(secret)
        if secret.startswith(CREDENTIAL_PREFIX):
            return await self._holder_of_credential(secret)
        if secret.startswith(EVENT_TOKEN_PREFIX):
            return await self._holder_of_event_token(secret)
        key_hash = hash_of(secret)
        key = await self.directory.key(key_hash)
        if key is None:
            raise UnauthenticatedError("key_unknown", f"This API key is unknown: {_HELP}.")
        now = self.clock.now()
        if key_hash not in key.live_hashes(now):
            raise UnauthenticatedError("key_rotated", "This API key was rotated: use its new secret.")
        return Caller(key=key, organization=await self._organization_of(key, now))

    def again(self, caller: Caller, now: datetime) -> None:
        """Act for a caller that was admitted before and has not changed since."""
        acting_for.set(caller.organization.organization_id)
        self.uses.note(caller.key.key_id, now)

    async def still(self, caller: Caller) -> None:
        """Refuse a caller whose key or token was revoked or changed, or has expired since it was admitted."""
        key = await self.directory.key_by_id(caller.key.key_id)
        now = self.clock.now()
        if key is None:
            raise UnauthenticatedError("key_unknown", f"This API key is unknown: {_HELP}.")
        await self._organization_of(key, now)
        if caller.event_token is not None and caller.event_token.expires_at <= now:
            raise UnauthenticatedError("token_expired", "This event token has expired: request another one.")
        if caller.ends_at is not None and caller.ends_at <= now:
            raise token_expired()
        token = None if caller.token is None else await self.directory.upload_token(caller.token.token_id)
        if token is not None and token.revoked_at is not None:
            raise token_revoked()
        known = caller.key
        # a rotation of the key ends none of its upload tokens
        key_hash = key.key_hash if caller.grant is None else known.key_hash
        if (key_hash, key.permissions, key.scopes, key.allowed_origins) != (
            known.key_hash,
            known.permissions,
            known.scopes,
            known.allowed_origins,
        ):
            raise UnauthenticatedError("key_changed", "This API key was changed during the request: try again.")

    async def _holder_of_token(self, secret: str) -> Caller:
        named, dot, _ = secret.removeprefix(PREFIX).partition(".")
        whole_hash = hash_of(secret)
        # An old token has an id derived from its secret, which authenticates it.
        token_id = ID_PREFIX + (named if dot else whole_hash[:_DERIVED_ID_LENGTH])
        token = await self.directory.upload_token(token_id)
        ends_at = None if token is None else token.end_of(whole_hash if dot else None)
        key = None if token is None else await self.directory.key_by_id(token.key_id)
        if token is None or ends_at is None or key is None:
            raise token_unknown()
        now = self.clock.now()
        if token.revoked_at is not None:
            raise token_revoked()
        if ends_at <= now:
            raise token_expired()
        return Caller(key=key, organization=await self._organization_of(key, now), token=token, ends_at=ends_at)

    async def _holder_of_credential(self, secret: str) -> Caller:
        own = credential_in(secret, self.secrets)
        key = None if own is None else await self.directory.key_by_id(own.key_id)
        token = None if own is None or own.token_id is None else await self.directory.upload_token(own.token_id)
        if own is None or key is None or (token is None and own.token_id is not None):
            raise token_unknown()
        now = self.clock.now()
        if token is not None and token.revoked_at is not None:
            raise token_revoked()
        ends_at = None if own.ends_at is None else datetime.fromtimestamp(own.ends_at, tz=now.tzinfo)
        if ends_at is not None and ends_at <= now:
            raise token_expired()
        organization = await self._organization_of(key, now)
        return Caller(key=key, organization=organization, token=token, own=own, ends_at=ends_at)

    def credential_for(self, caller: Caller, upload: UploadRecord) -> str:
        """Return the credential of an upload that the caller has requested, for the answer; it costs no query."""
        credential = credential_of(
            upload.upload_id,
            key_id=caller.key.key_id,
            token=caller.token,
            namespace_id=upload.namespace_id,
            bucket_id=upload.bucket_id,
            created_at=upload.created_at,
        )
        return credential_secret(credential, self.secrets)

    async def _holder_of_event_token(self, secret: str) -> Caller:
        key_id = key_id_in(secret)
        key = None if key_id is None else await self.directory.key_by_id(key_id)
        now = self.clock.now()
        token = None if key is None else token_in(secret, key.live_hashes(now), self.secrets)
        if key is None or token is None or not token.may_have_been_issued(now):
            raise UnauthenticatedError("token_unknown", "This event token is unknown: request another one.")
        if token.expires_at <= now:
            raise UnauthenticatedError("token_expired", "This event token has expired: request another one.")
        return Caller(key=key, organization=await self._organization_of(key, now), event_token=token)

    async def _organization_of(self, key: KeyRecord, now: datetime) -> OrganizationRecord:
        """Return a live key's organization."""
        if key.revoked_at is not None:
            raise UnauthenticatedError("key_revoked", "This API key was revoked: use another one.")
        if key.expires_at is not None and key.expires_at <= now:
            raise UnauthenticatedError(
                "key_expired", "This API key has expired: use another one, or set a later expires_at."
            )
        organization = await self.directory.organization(key.organization_id)
        if organization is None:
            raise UnauthenticatedError("key_unknown", f"This API key is unknown: {_HELP}.")
        acting_for.set(organization.organization_id)
        self.uses.note(key.key_id, now)
        return organization

    async def reachable_buckets(
        self, caller: Caller, namespace: NamespaceRecord, needed: Permission
    ) -> frozenset[str] | None:
        """Return the ids of the buckets in the namespace that the caller can access; None: all of them.

        A key can access the buckets in its scopes, and an upload token its own bucket, while its key may write there. A
        namespace without any accessible bucket does not exist for the caller.
        """
        grant = caller.grant
        if grant is None:
            return await self._reached_by_key(caller, namespace, needed) if caller.key.scopes else None
        if namespace.namespace_id != grant.namespace_id:
            raise namespace_not_found(namespace.name)
        own = frozenset({grant.bucket_id})
        reached = await self._reached_by_key(caller, namespace, Permission.WRITE) if caller.key.scopes else None
        return own if reached is None else own & reached

    async def _reached_by_key(
        self, caller: Caller, namespace: NamespaceRecord, needed: Permission
    ) -> frozenset[str] | None:
        scopes = caller.key.scopes
        organization_id = caller.organization.organization_id
        found = reach(
            scopes,
            needed,
            {
                ResourceType.ORGANIZATION: {organization_id},
                ResourceType.NAMESPACE: {namespace.namespace_id, namespace.name},
            },
        )
        if found is Reach.THERE:
            return None
        named = {str(scope["resource_id"]) for scope in scopes if scope.get("resource_type") == ResourceType.BUCKET}
        buckets = [await self.directory.bucket(namespace.namespace_id, each) for each in sorted(named)]
        there = [bucket for bucket in buckets if bucket is not None]
        if not there:
            if found is Reach.NOT_FOR_THIS:
                raise lacking_operation(needed)
            raise namespace_not_found(namespace.name)
        reached = {each.bucket_id: reach_of_bucket(caller, each, needed) for each in there}
        allowed = frozenset(bucket_id for bucket_id, how in reached.items() if how is Reach.THERE)
        if not allowed:
            raise lacking_operation(needed)
        return allowed

    async def check_own(self, caller: Caller, upload_id: str) -> None:
        """Refuse an upload as not found that was not requested with the caller's token, or for its subject."""
        if caller.grant is None or not await self.requested(caller, upload_id):
            raise upload_not_found(upload_id)

    async def requested(self, caller: Caller, upload_id: str) -> bool:
        """Return whether the caller requested an upload: with its key, or a token of the key.

        With a token: whether it was this token, or one of the same key, bucket and subject. With the credential of an
        upload: whether it is that upload.
        """
        if caller.own is not None:
            return upload_id == caller.own.upload_id
        stored = await self.log.read_stream(upload_id)
        actor_id = decode(stored[0].state).origin.actor_id if stored else ""
        if actor_id == caller.actor_id:
            return True
        token = await self.directory.upload_token(actor_id) if actor_id.startswith(ID_PREFIX) else None
        if token is None:
            return False
        return token.key_id == caller.key.key_id if caller.token is None else caller.token.reaches(token)

    async def reads(self, caller: Caller, namespace: NamespaceRecord, bucket_id: str) -> bool:
        """Return whether the caller may read the content of a bucket."""
        return caller.grant is None and await self._may(caller, Permission.READ, namespace, bucket_id)

    async def writes(self, caller: Caller, namespace: NamespaceRecord, bucket_id: str) -> bool:
        """Return whether the caller's key may send files to a bucket."""
        return await self._may(caller, Permission.WRITE, namespace, bucket_id)

    async def reaches(self, caller: Caller, needed: Permission, *, namespace_id: str | None, bucket_id: str) -> bool:
        """Return whether the scopes of the caller's key cover a bucket for this permission.

        Only a key for the whole organization covers a deleted bucket, or one without a namespace (None).
        """
        organization_id = caller.organization.organization_id
        organization: dict[str, set[str]] = {ResourceType.ORGANIZATION: {organization_id}}
        if not caller.key.scopes or reach(caller.key.scopes, needed, organization) is Reach.THERE:
            return True
        namespace = await self.directory.namespace(organization_id, namespace_id) if namespace_id else None
        return namespace is not None and await self._may(caller, needed, namespace, bucket_id)

    async def _may(self, caller: Caller, needed: Permission, namespace: NamespaceRecord, bucket_id: str) -> bool:
        if may(caller.key, needed, namespace):
            return True
        bucket = await self.directory.bucket(namespace.namespace_id, bucket_id)
        return bucket is not None and may(caller.key, needed, namespace, bucket)

    async def namespace(self, caller: Caller, id_or_name: str | None) -> NamespaceRecord:
        """Return the namespace that the caller named, by id or name."""
        if not id_or_name:
            raise InvalidInputError(
                "namespace_required",
                "The header X-Namespace is missing: send the id or name of a namespace.",
                {"field": "X-Namespace"},
            )
        namespace = await self.directory.namespace(caller.organization.organization_id, id_or_name)
        if namespace is None:
            raise namespace_not_found(id_or_name)
        return namespace

    async def bucket(self, namespace: NamespaceRecord, id_or_name: str) -> BucketRecord:
        """Return the bucket that the caller named, by id or name."""
        bucket = await self.directory.bucket(namespace.namespace_id, id_or_name)
        if bucket is None:
            raise bucket_not_found(id_or_name)
        return bucket


def check_active(bucket: BucketRecord) -> None:
    """Refuse a bucket that accepts no uploads."""
    if bucket.status is not BucketStatus.ACTIVE:
        raise bucket_not_active(bucket.status)


def check_permission(caller: Caller, needed: Permission) -> None:
    """Refuse a key without this permission."""
    if not {needed, Permission.ADMIN} & set(caller.key.permissions):
        raise ForbiddenError(
            "permission_denied",
            f"This API key does not have the permission '{needed}': use one that has it.",
            {"needed": needed, "permissions": list(caller.key.permissions)},
        )


def may(key: KeyRecord, needed: Permission, namespace: NamespaceRecord, bucket: BucketRecord | None = None) -> bool:
    """Return whether a key has a permission for the content of a bucket, or of a whole namespace."""
    if needed not in key.permissions and Permission.ADMIN not in key.permissions:
        return False
    if not key.scopes:
        return True
    named: dict[str, set[str]] = {
        ResourceType.ORGANIZATION: {key.organization_id},
        ResourceType.NAMESPACE: {namespace.namespace_id, namespace.name},
    }
    if bucket is not None:
        named[ResourceType.BUCKET] = {bucket.bucket_id, bucket.name}
    return reach(key.scopes, needed, named) is Reach.THERE


def may_read(caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord | None = None) -> bool:
    """Return whether a caller may read the content of a bucket; upload tokens may not."""
    return caller.grant is None and may(caller.key, Permission.READ, namespace, bucket)


def may_replace(caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord) -> bool:
    """Return whether a caller may replace the content of objects in a bucket, which loses the old content.

    This needs the permission to delete; an upload token also needs its own replacing policy.
    """
    named = caller.grant is None or (caller.token is not None and caller.token.replaces)
    return named and may(caller.key, Permission.DELETE, namespace, bucket)


class EndDeniedError(ForbiddenError):
    """The caller may not shorten the lifetime of something."""

    def __init__(self, what: str, details: dict[str, Any]) -> None:
        super().__init__(
            "end_denied",
            f"{what} would end sooner than before, which needs the permission 'delete': choose a later end, or none, or"
            " use an API key that has it.",
            {"needed": Permission.DELETE, **details},
        )


def reach_of_bucket(caller: Caller, bucket: BucketRecord, needed: Permission) -> Reach:
    """Return whether the scopes of the key cover this bucket for a permission."""
    return reach(caller.key.scopes, needed, {ResourceType.BUCKET: {bucket.bucket_id, bucket.name}})


def reached_namespaces(caller: Caller, needed: Permission) -> list[str] | None:
    """Return the namespaces, by id or name, that the key's scopes cover completely; None: all of the organization."""
    scopes = caller.key.scopes
    if not scopes:
        return None
    organization: dict[str, set[str]] = {ResourceType.ORGANIZATION: {caller.organization.organization_id}}
    if reach(scopes, needed, organization) is Reach.THERE:
        return None
    named = {str(each["resource_id"]) for each in scopes if each.get("resource_type") == ResourceType.NAMESPACE}
    return [each for each in sorted(named) if reach(scopes, needed, {ResourceType.NAMESPACE: {each}}) is Reach.THERE]


def check_organization_scope(caller: Caller, needed: Permission) -> None:
    """Refuse a key with scopes for a request about the whole organization."""
    named: dict[str, set[str]] = {ResourceType.ORGANIZATION: {caller.organization.organization_id}}
    match reach(caller.key.scopes, needed, named) if caller.key.scopes else Reach.THERE:
        case Reach.NOT_THERE:
            raise out_of_scope()
        case Reach.NOT_FOR_THIS:
            raise lacking_operation(needed)
        case Reach.THERE:
            pass


def check_origin(caller: Caller, origin: str) -> None:
    """Refuse a page of a web origin that the key does not allow."""
    allowed = caller.key.allowed_origins
    if allowed and ANY_ORIGIN not in allowed and origin.lower() not in allowed:
        raise ForbiddenError(
            "origin_not_allowed",
            "This API key is not allowed for this web origin: add it to the key's allowed_origins, or use another key.",
            {"origin": origin[:300]},
        )


def out_of_scope() -> ForbiddenError:
    """Return the refusal of a request beyond the key's scopes."""
    return ForbiddenError(
        "out_of_scope",
        "This API key is limited to some namespaces or buckets, but this request is wider: use a key without scopes.",
    )


def lacking_operation(needed: Permission) -> ForbiddenError:
    """Return the refusal of an operation that the key's scopes do not allow here."""
    operation = OPERATION_OF[needed]
    return ForbiddenError(
        "permission_denied",
        f"The scopes of this API key do not allow '{operation}' here: use a key with such a scope.",
        {"needed": operation},
    )


def new_command_id(ids: Ids) -> str:
    """Return an id for one command."""
    return ids.new("cmd_")
