"""The routes of API keys."""

from litestar import delete, post
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from application.doing_once import Creation
from application.managing_keys import KeyWish, user_id
from application.ports.read_side import KeyRecord
from domain.api_key import Permission
from domain.refusals import InvalidInputError
from domain.schema import check_json
from entrypoints.http.admission import Needs, admitted_in
from entrypoints.http.idempotency import once
from entrypoints.http.wire.api_keys import APIKeyCreateRequest, APIKeyCreateResponse
from entrypoints.http.wire.base import GenericSuccessResponse

_CREATE = Needs(Permission.ADMIN, namespace=False, once=True).opt()
_ADMIN = Needs(Permission.ADMIN, namespace=False).opt()
_MAX_SETTINGS_BYTES = 256 * 1024


@post("/organizations/users/{user_email:str}/api-keys", status_code=200, opt=_CREATE, tags=["API keys"])
async def create_api_key(
    user_email: FromPath[str], data: JSONBody[APIKeyCreateRequest], scope: Scope
) -> APIKeyCreateResponse:
    """Give out an API key. Its secret is in this answer and nowhere else.

    A request that is repeated under its idempotency key is answered with an empty `key`.
    """
    admitted = admitted_in(scope)
    check_json([data.name, data.description, list(data.scopes or ())], "the key", max_bytes=_MAX_SETTINGS_BYTES)
    organization = admitted.caller.organization
    if data.expires_at is not None and data.expires_at.tzinfo is None:
        raise InvalidInputError("invalid_expiry", "expires_at needs a time zone, such as 2027-01-01T00:00:00Z.")
    wish = KeyWish(
        name=data.name,
        user_id=user_id(organization.internal_id, user_email),
        description=data.description or "",
        permissions=data.permissions,
        scopes=data.scopes or (),
        rate_limit_override=data.rate_limit_override,
        expires_at=data.expires_at,
    )
    keys = admitted.services.keys
    record, secret = await once(
        scope,
        data,
        Creation(
            prefix="key_",
            make=lambda ids: keys.create(
                organization.organization_id,
                wish,
                actor_id=admitted.caller.key.key_id,
                by_key_id=admitted.caller.key.key_id,
                ids=ids,
            ),
            made=lambda created: (created[0].key_id,),
            again=lambda known: keys.again(
                organization.organization_id, user_id=wish.user_id, name=wish.name, key_id=known.ids[0]
            ),
        ),
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
