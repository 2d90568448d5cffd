"""The routes of API keys."""

from datetime import UTC, datetime

from litestar import delete, post
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from application.managing_keys import KeyWish, user_id
from application.ports.read_side import KeyRecord
from domain.api_key import Permission
from domain.refusals import InvalidInputError
from domain.schema import check_json
from entrypoints.http.admission import Needs, admitted_in
from entrypoints.http.wire.api_keys import APIKeyCreateRequest, APIKeyCreateResponse
from entrypoints.http.wire.base import GenericSuccessResponse

_READ = Needs(Permission.READ, namespace=False).opt()
_WRITE = Needs(Permission.WRITE, namespace=False).opt()
_ADMIN = Needs(Permission.ADMIN, namespace=False).opt()
_MAX_SETTINGS_BYTES = 256 * 1024
_PAGE = 10


@post("/organizations/users/{user_email:str}/api-keys", status_code=200, opt=_ADMIN, tags=["API keys"])
async def create_api_key(
    user_email: FromPath[str], data: JSONBody[APIKeyCreateRequest], scope: Scope
) -> APIKeyCreateResponse:
    """Give out an API key. Its secret is in this answer and nowhere else."""
    admitted = admitted_in(scope)
    check_json([data.name, data.description, list(data.scopes or ())], "the key", max_bytes=_MAX_SETTINGS_BYTES)
    organization = admitted.caller.organization
    record, secret = await admitted.services.keys.create(
        organization.organization_id,
        KeyWish(
            name=data.name,
            user_id=user_id(organization.internal_id, user_email),
            description=data.description or "",
            permissions=data.permissions,
            scopes=data.scopes or (),
            rate_limit_override=data.rate_limit_override,
            expires_at=_in_utc(data.expires_at),
        ),
        actor_id=admitted.caller.key.key_id,
        by_key_id=admitted.caller.key.key_id,
    )
    return _render_key(record, secret, organization.internal_id)


@delete("/organizations/users/{user_email:str}/api-keys/{key_name:str}", status_code=200, opt=_ADMIN, tags=["API keys"])
async def delete_api_key(user_email: FromPath[str], key_name: FromPath[str], scope: Scope) -> GenericSuccessResponse:
    """Revoke an API key."""
    admitted = admitted_in(scope)
    organization = admitted.caller.organization
    await admitted.services.keys.revoke(
        organization.organization_id,
        user_id=user_id(organization.internal_id, user_email),
        name=key_name.replace("\0", ""),
        actor_id=admitted.caller.key.key_id,
        by_key_id=admitted.caller.key.key_id,
    )
    return GenericSuccessResponse(message="The API key is revoked.")


def _in_utc(expires_at: datetime | None) -> datetime | None:
    """Return the same moment in UTC: PostgreSQL takes offsets of less than 16 hours alone."""
    if expires_at is None:
        return None
    if expires_at.tzinfo is None:
        raise InvalidInputError("invalid_expiry", "expires_at needs a time zone, such as 2027-01-01T00:00:00Z.")
    try:
        return expires_at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError("invalid_expiry", "expires_at is out of range.") from error


def _render_key(record: KeyRecord, secret: str, internal_id: str) -> APIKeyCreateResponse:
    return APIKeyCreateResponse(
        key=secret,
        key_id=record.key_id,
        key_hash=record.key_hash,
        key_prefix=record.prefix,
        internal_id=internal_id,
        organization_id=record.organization_id,
        user_id=record.user_id,
        name=record.name,
        description=record.description,
        permissions=record.permissions,
        scopes=tuple(record.scopes),
        rate_limit_override=record.rate_limit_override,
        expires_at=record.expires_at,
        created_at=record.created_at,
        created_by=record.created_by,
    )


ROUTES = [create_api_key, delete_api_key]
