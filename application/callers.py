"""Who asks: a key, its organization, and the namespace and bucket that it named. Checked before a body is read."""

import hashlib
from contextvars import ContextVar
from datetime import datetime

import msgspec

from application.ports.clock import Clock, Ids
from application.ports.read_side import BucketRecord, Directory, KeyRecord, NamespaceRecord, OrganizationRecord
from domain.api_key import Permission
from domain.bucket import BucketStatus
from domain.events import Origin
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError

# Whose request is at hand, from the moment that it is known. What is read for it can be held to this organization.
acting_for: ContextVar[str] = ContextVar("acting_for")

_HELP = "send 'Authorization: Bearer sk_…' with a key of yours"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated key and its organization."""

    key: KeyRecord
    organization: OrganizationRecord

    def origin(
        self, now: datetime, command_id: str, *, namespace_id: str | None = None, bucket_id: str | None = None
    ) -> Origin:
        """Return the origin of what this caller does."""
        return Origin(
            organization_id=self.organization.organization_id,
            namespace_id=namespace_id,
            bucket_id=bucket_id,
            actor_id=self.key.key_id,
            command_id=command_id,
            at=now,
        )


def hash_of(secret: str) -> str:
    """Return what is stored of an API key's secret: its SHA-256. A secret has 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Admitting:
    """Finds out who asks and what they named, or refuses."""

    def __init__(self, *, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    async def caller(self, secret: str | None) -> Caller:
        """Return who holds this secret; refuse an unknown, revoked or expired one."""
        if not secret:
            raise UnauthenticatedError("key_missing", f"No API key: {_HELP}.")
        key = await self._directory.key(hash_of(secret))
        if key is None:
            raise UnauthenticatedError("key_unknown", f"This API key is not known here: {_HELP}.")
        if key.revoked_at is not None:
            raise UnauthenticatedError("key_revoked", "This API key was revoked.")
        if key.expires_at is not None and key.expires_at <= self._clock.now():
            raise UnauthenticatedError("key_expired", "This API key has expired.")
        organization = await self._directory.organization(key.organization_id)
        if organization is None:
            raise UnauthenticatedError("key_unknown", f"This API key is not known here: {_HELP}.")
        acting_for.set(organization.organization_id)
        return Caller(key=key, organization=organization)

    async def namespace(self, caller: Caller, id_or_name: str | None) -> NamespaceRecord:
        """Return the namespace that the caller named, by id or name."""
        if not id_or_name:
            raise InvalidInputError(
                "namespace_required", "Name a namespace (its id or name) in the header X-Namespace."
            )
        namespace = await self._directory.namespace(caller.organization.organization_id, id_or_name)
        if namespace is None:
            raise NotFoundError("namespace_not_found", "There is no such namespace.", {"namespace": id_or_name[:200]})
        return namespace

    async def bucket(self, namespace: NamespaceRecord, id_or_name: str, *, active: bool) -> BucketRecord:
        """Return the bucket that the caller named, by id or name. `active`: refuse one that takes no uploads."""
        bucket = await self._directory.bucket(namespace.namespace_id, id_or_name)
        if bucket is None:
            raise NotFoundError("bucket_not_found", "There is no such bucket.", {"bucket": id_or_name[:200]})
        if active and bucket.status is not BucketStatus.ACTIVE:
            raise ForbiddenError(
                "bucket_not_active",
                f"The bucket is {bucket.status} and takes no uploads.",
                {"status": bucket.status},
            )
        return bucket


def check_permission(caller: Caller, needed: Permission) -> None:
    """Refuse a key that may not do this."""
    if not {needed, Permission.ADMIN} & set(caller.key.permissions):
        raise ForbiddenError(
            "permission_denied",
            f"This API key lacks the permission '{needed}'.",
            {"needed": needed, "permissions": list(caller.key.permissions)},
        )


def new_command_id(ids: Ids) -> str:
    """Return an id for one command."""
    return ids.new("cmd_")
