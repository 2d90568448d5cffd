"""The routes of API keys and tokens: create, list, show, change, rotate, renew, revoke."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import Scope

from application.idempotency import Creation, Remembered
from application.keys.callers import check_active
from application.keys.issuing_upload_tokens import TokenWish
from application.keys.managing import KeyChange, KeyWish, user_id
from application.lists.listing import Listing
from application.ports.keys.key_reads import KeyRecord
from application.ports.keys.token_reads import TokenRecord
from application.ports.lists.pages import Page
from domain.buckets.schema import check_json
from domain.keys.api_key import KeyStatus, OpenUploads, Permission, ResourceType, idle_scopes
from domain.keys.upload_token import UploadToken, token_not_found
from domain.limits.rate_limits import RequestClass
from domain.refusals import InvalidInputError
from domain.shared_fields import made_from
from entrypoints.http.admission.admission import (
    MAX_IDENTIFIER,
    Admitted,
    Needs,
    admitted_in,
    check_bucket_named_in_body,
)
from entrypoints.http.admission.idempotency import once
from entrypoints.http.keys.wire import (
    APIKeyCreateRequest,
    APIKeyCreateResponse,
    APIKeyListResponse,
    APIKeyModel,
    APIKeyUpdateRequest,
    ListUploadTokensResponse,
    RenewUploadTokenRequest,
    ResourceScope,
    RevocationResponse,
    TokenRevocationResponse,
    UploadTokenModel,
    UploadTokenRequest,
    UploadTokenResponse,
)
from entrypoints.http.requests.paging import Cursor, Limit, Offset, page_request, pagination
from entrypoints.http.requests.times import in_utc

_CREATE = Needs(Permission.ADMIN, namespace=False, once=True).opt()
_ADMIN = Needs(Permission.ADMIN, namespace=False).opt()
_TOKEN = Needs(Permission.WRITE, scoped=True, counts_as=RequestClass.UPLOAD, once=True).opt()
_TOKENS = Needs(Permission.WRITE, scoped=True).opt()
_RENEW = Needs(Permission.WRITE, scoped=True, counts_as=RequestClass.UPLOAD, once=True).opt()
_TAGS = ["API keys"]
_TOKEN_TAGS = ["Upload tokens"]
_PAGE = 20
_BY_AGE = Listing[TokenRecord](fields={}, names=lambda _: (), sums={})
_MAX_SETTINGS_BYTES = 256 * 1024
_PATH = "/organizations/users/{user_email:str}/api-keys"
# The substitute for a scope from before scopes were checked: it grants nothing.
_UNREADABLE = ResourceScope(resource_type=ResourceType.ORGANIZATION, resource_id="unreadable", operations=())

Overlap = Annotated[int | None, QueryParameter(ge=0, le=30 * 86_400)]


@post(_PATH, status_code=200, opt=_CREATE, tags=_TAGS)
async def create_api_key(
    user_email: FromPath[str], data: JSONBody[APIKeyCreateRequest], scope: Scope
) -> APIKeyCreateResponse:
    """Create an API key. Only this response contains its secret.

    The response to a request that is repeated under its idempotency key has an empty `key`.
    """
    admitted = admitted_in(scope)
    organization = admitted.caller.organization
    wish = made_from(
        KeyWish,
        data,
        user_id=user_id(organization.internal_id, user_email),
        description=data.description or "",
        scopes=_scopes(data.scopes) or (),
        allowed_origins=data.allowed_origins or (),
        expires_at=_expiry(data.expires_at),
    )
    check_json([wish.name, wish.description, list(wish.scopes)], "the key", max_bytes=_MAX_SETTINGS_BYTES)
    keys, asking = admitted.services.keys, admitted.caller.key
    record, secret = await once(
        scope,
        data,
        Creation(
            prefix="key_",
            make=lambda ids: keys.create(
                organization.organization_id, wish, actor_id=asking.key_id, by=asking, ids=ids
            ),
            made=lambda created: (created[0].key_id,),
            again=lambda known: keys.again(organization.organization_id, user_id=wish.user_id, key_id=known.ids[0]),
        ),
    )
    return _with_secret(record, secret, admitted)


@get(_PATH, opt=_ADMIN, tags=_TAGS)
async def list_api_keys(
    user_email: FromPath[str], scope: Scope, include_revoked: FromQuery[bool] = False
) -> APIKeyListResponse:
    """List a user's API keys, newest first. The audit log records that they were listed."""
    admitted = admitted_in(scope)
    organization = admitted.caller.organization
    found = await admitted.services.keys.list(
        admitted.caller, user_id(organization.internal_id, user_email), revoked=include_revoked
    )
    return APIKeyListResponse(results=[_render(record, admitted) for record in found], total=len(found))


@patch(f"{_PATH}/{{key_name:str}}", opt=_ADMIN, tags=_TAGS)
async def update_api_key(
    user_email: FromPath[str], key_name: FromPath[str], data: JSONBody[APIKeyUpdateRequest], scope: Scope
) -> APIKeyModel:
    """Change an API key; the status `revoked` revokes it."""
    admitted = admitted_in(scope)
    organization = admitted.caller.organization
    change = made_from(KeyChange, data, scopes=_scopes(data.scopes), expires_at=_expiry(data.expires_at))
    check_json([change.name, change.description, list(change.scopes or ())], "the key", max_bytes=_MAX_SETTINGS_BYTES)
    record = await admitted.services.keys.change(
        organization.organization_id,
        change,
        user_id=user_id(organization.internal_id, user_email),
        name=key_name,
        actor_id=admitted.caller.key.key_id,
        by=admitted.caller.key,
    )
    return _render(record, admitted)


@post(f"{_PATH}/{{key_name:str}}/rotate", status_code=200, opt=_CREATE, tags=_TAGS)
async def rotate_api_key(
    user_email: FromPath[str], key_name: FromPath[str], scope: Scope, overlap_seconds: Overlap = None
) -> APIKeyCreateResponse:
    """Give an API key a new secret, which only this response contains. The old one still works for a while.

    The response to a request that is repeated under its idempotency key has an empty `key`.
    """
    admitted = admitted_in(scope)
    organization = admitted.caller.organization
    keys, user = admitted.services.keys, user_id(organization.internal_id, user_email)
    record, secret = await once(
        scope,
        None,
        Creation(
            prefix="key_",
            count=0,
            make=lambda ids: keys.rotate(
                organization.organization_id,
                user_id=user,
                name=key_name,
                actor_id=admitted.caller.key.key_id,
                by=admitted.caller.key,
                overlap=None if overlap_seconds is None else timedelta(seconds=overlap_seconds),
                ids=ids,
            ),
            made=lambda rotated: (rotated[0].key_id,),
            again=lambda known: keys.again(organization.organization_id, user_id=user, key_id=known.ids[0]),
        ),
    )
    return _with_secret(record, secret, admitted)


@delete(f"{_PATH}/{{key_name:str}}", status_code=200, opt=_ADMIN, tags=_TAGS)
async def delete_api_key(
    user_email: FromPath[str], key_name: FromPath[str], scope: Scope, open_uploads: FromQuery[str] = OpenUploads.REFUSE
) -> RevocationResponse:
    """Revoke an API key. Its open uploads are refused at confirm, may finish, or are canceled as a task."""
    admitted = admitted_in(scope)
    organization = admitted.caller.organization
    wanted = _open_uploads(open_uploads)
    revoked = await admitted.services.keys.revoke(
        organization.organization_id,
        user_id=user_id(organization.internal_id, user_email),
        name=key_name,
        actor_id=admitted.caller.key.key_id,
        by=admitted.caller.key,
        lets_open_finish=wanted is OpenUploads.FINISH,
    )
    if wanted is not OpenUploads.CANCEL:
        return RevocationResponse(message="The API key is revoked.")
    task = await admitted.services.cancel_open_uploads(admitted.caller, (revoked.key_id,))
    return RevocationResponse(
        message="The API key is revoked, and its open uploads are being canceled.", task_id=task.task_id
    )


@post("/upload-tokens", status_code=200, opt=_TOKEN, tags=_TOKEN_TAGS)
async def create_upload_token(data: JSONBody[UploadTokenRequest], scope: Scope) -> UploadTokenResponse:
    """Issue a short-lived token that uploads to one bucket, for browsers and phones.

    The response to a request that is repeated under its idempotency key has an empty `token`.
    """
    admitted = admitted_in(scope)
    named = data.bucket[:MAX_IDENTIFIER]
    bucket = await admitted.services.admit.bucket(admitted.namespace, named)
    check_bucket_named_in_body(admitted, bucket)
    check_active(bucket)
    wish = made_from(
        TokenWish,
        data,
        content_types=data.content_types or (),
        expires_in=timedelta(seconds=data.expires_in),
        upload_lifetime=timedelta(seconds=data.upload_lifetime),
    )
    token, secret = await once(
        scope,
        data,
        Creation(
            prefix="utk_",
            make=lambda ids: admitted.services.issue_upload_token(
                admitted.caller, admitted.namespace, bucket, wish, ids=ids
            ),
            made=lambda issued: (issued[0].token_id,),
            again=lambda known: _token(admitted, known.ids[0]),
        ),
    )
    return _with_token_secret(token, secret)


@get("/upload-tokens", opt=_TOKENS, tags=_TOKEN_TAGS)
async def list_upload_tokens(
    request: Request[Any, Any, Any],
    scope: Scope,
    bucket: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    include_ended: FromQuery[bool] = False,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
) -> ListUploadTokensResponse:
    """List the upload tokens that the API key issued, newest first; all, with a key that has `admin`."""
    admitted = admitted_in(scope)
    asked = page_request(
        _BY_AGE,
        limit=limit or _PAGE,
        offset=offset or 0,
        cursor=cursor,
        search=None,
        filters=None,
        sort=None,
        with_total=False,
    )
    last = asked.offset + asked.limit
    found = await admitted.services.upload_tokens.list(
        admitted.caller,
        admitted.namespace,
        only_buckets=admitted.only_buckets if bucket is None else (await _bucket_named(admitted, bucket),),
        subject=subject,
        ended=include_ended,
        before=None if asked.after is None else asked.after.position,
        limit=last + 1,
    )
    page = Page(rows=found[asked.offset : last], has_more=len(found) > last, total=None)
    wanted = {"bucket": bucket, "subject": subject, "include_ended": "true" if include_ended else None}
    path = f"{request.url.path}?{urlencode({name: value for name, value in wanted.items() if value is not None})}"
    now = admitted.services.ports.clock.now()
    return ListUploadTokensResponse(
        results=[_render_token(token, now) for token in page.rows],
        pagination=pagination(path.removesuffix("?"), _BY_AGE, page, asked),
    )


@get("/upload-tokens/{token_id:str}", opt=_TOKENS, tags=_TOKEN_TAGS)
async def get_upload_token(token_id: FromPath[str], scope: Scope) -> UploadTokenModel:
    """Return an upload token without its secret, even if it has ended."""
    admitted = admitted_in(scope)
    token = await admitted.services.upload_tokens.get(
        admitted.caller, admitted.namespace, _id(token_id), only_buckets=admitted.only_buckets
    )
    return _render_token(token, admitted.services.ports.clock.now())


@post("/upload-tokens/{token_id:str}/renew", status_code=200, opt=_RENEW, tags=_TOKEN_TAGS)
async def renew_upload_token(
    token_id: FromPath[str], scope: Scope, data: JSONBody[RenewUploadTokenRequest | None] = None
) -> UploadTokenResponse:
    """Give an upload token a new secret and a new end. The previous secret works until its own end.

    The response to a request that is repeated under its idempotency key has an empty `token`.
    """
    admitted = admitted_in(scope)
    asked = data or RenewUploadTokenRequest()
    tokens, named = admitted.services.upload_tokens, _id(token_id)
    where = {"only_buckets": admitted.only_buckets}

    async def again(known: Remembered) -> tuple[UploadToken, str]:
        return await tokens.get(admitted.caller, admitted.namespace, known.ids[0], **where), ""

    token, secret = await once(
        scope,
        asked,
        Creation(
            prefix="utk_",
            count=0,
            make=lambda ids: tokens.renew(
                admitted.caller,
                admitted.namespace,
                named,
                expires_in=timedelta(seconds=asked.expires_in),
                ids=ids,
                **where,
            ),
            made=lambda renewed: (renewed[0].token_id,),
            again=again,
        ),
    )
    return _with_token_secret(token, secret)


@delete("/upload-tokens/{token_id:str}", status_code=200, opt=_TOKENS, tags=_TOKEN_TAGS)
async def revoke_upload_token(
    token_id: FromPath[str], scope: Scope, open_uploads: FromQuery[str] = OpenUploads.REFUSE
) -> TokenRevocationResponse:
    """Revoke an upload token. Its open uploads are refused at confirm, may finish, or are canceled as a task."""
    admitted = admitted_in(scope)
    wanted = _open_uploads(open_uploads)
    token = await admitted.services.upload_tokens.revoke(
        admitted.caller,
        admitted.namespace,
        _id(token_id),
        only_buckets=admitted.only_buckets,
        lets_open_finish=wanted is OpenUploads.FINISH,
    )
    return await _revoked(admitted, [token], wanted)


@delete("/upload-tokens", status_code=200, opt=_TOKENS, tags=_TOKEN_TAGS)
async def revoke_upload_tokens(
    scope: Scope,
    bucket: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    open_uploads: FromQuery[str] = OpenUploads.REFUSE,
) -> TokenRevocationResponse:
    """Revoke all upload tokens of a subject in a bucket; their open uploads as for one token."""
    admitted = admitted_in(scope)
    for name, value in (("bucket", bucket), ("subject", subject)):
        if not value:
            raise InvalidInputError(
                "parameter_required",
                f"{name} is missing: send bucket and subject, or revoke one token with DELETE"
                " /v1/upload-tokens/{token_id}.",
                {"field": name, "in": "query"},
            )
    wanted = _open_uploads(open_uploads)
    tokens = await admitted.services.upload_tokens.revoke_subject(
        admitted.caller,
        admitted.namespace,
        bucket_id=await _bucket_named(admitted, bucket or ""),
        subject=subject or "",
        lets_open_finish=wanted is OpenUploads.FINISH,
    )
    return await _revoked(admitted, tokens, wanted)


async def _revoked(
    admitted: Admitted, tokens: Sequence[TokenRecord], open_uploads: OpenUploads
) -> TokenRevocationResponse:
    """Return the answer to a revocation; cancel the open uploads of the tokens if that is wanted."""
    ids = [token.token_id for token in tokens]
    message = "The upload token is revoked." if len(ids) == 1 else f"{len(ids)} upload tokens are revoked."
    if open_uploads is not OpenUploads.CANCEL or not ids:
        return TokenRevocationResponse(message=message, token_ids=ids)
    task = await admitted.services.cancel_open_uploads(
        admitted.caller, ids, namespace_id=admitted.namespace.namespace_id
    )
    return TokenRevocationResponse(
        message=f"{message} Their open uploads are being canceled.", token_ids=ids, task_id=task.task_id
    )


async def _bucket_named(admitted: Admitted, id_or_name: str) -> str:
    """Return the id of a bucket in the caller's scopes."""
    bucket = await admitted.services.admit.bucket(admitted.namespace, _id(id_or_name))
    check_bucket_named_in_body(admitted, bucket)
    return bucket.bucket_id


def _id(value: str) -> str:
    return value[:MAX_IDENTIFIER].replace("\0", "")


def _with_token_secret(token: UploadToken, secret: str) -> UploadTokenResponse:
    return made_from(UploadTokenResponse, token, token=secret, upload_lifetime=token.upload_lifetime_seconds)


def _render_token(token: TokenRecord, now: datetime) -> UploadTokenModel:
    if token.revoked_at is not None:
        status = KeyStatus.REVOKED
    else:
        status = KeyStatus.EXPIRED if token.expires_at <= now else KeyStatus.ACTIVE
    return made_from(UploadTokenModel, token, upload_lifetime=token.upload_lifetime_seconds, status=status)


def _open_uploads(name: str) -> OpenUploads:
    try:
        return OpenUploads(name)
    except ValueError:
        raise InvalidInputError(
            "invalid_open_uploads",
            f"open_uploads '{name[:50]}' does not exist: use one of {', '.join(OpenUploads)}.",
            {"open_uploads": name[:50]},
        ) from None


def _scopes(scopes: tuple[ResourceScope, ...] | None) -> tuple[dict[str, Any], ...] | None:
    return None if scopes is None else tuple(msgspec.to_builtins(each) for each in scopes)


async def _token(admitted: Admitted, token_id: str) -> tuple[UploadToken, str]:
    """Return an issued token, without its secret, which is not stored."""
    token = await admitted.services.ports.directory.upload_token(token_id)
    if token is None:
        raise token_not_found(token_id)
    return token, ""


def _expiry(expires_at: datetime | None) -> datetime | None:
    if expires_at is None:
        return None
    if expires_at.tzinfo is None:
        raise InvalidInputError(
            "invalid_expiry",
            "expires_at has no time zone: send a time such as 2027-01-01T00:00:00Z.",
            {"field": "expires_at"},
        )
    try:
        return in_utc(expires_at)
    except OverflowError:
        raise InvalidInputError(
            "invalid_expiry",
            "expires_at is out of range: send a time before the year 9999.",
            {"field": "expires_at"},
        ) from None


def _render(record: KeyRecord, admitted: Admitted) -> APIKeyModel:
    return made_from(APIKeyModel, record, **_facts(record, admitted))


def _with_secret(record: KeyRecord, secret: str, admitted: Admitted) -> APIKeyCreateResponse:
    return made_from(APIKeyCreateResponse, record, **_facts(record, admitted), key=secret)


def _facts(record: KeyRecord, admitted: Admitted) -> dict[str, Any]:
    """Return the fields that the record does not have itself."""
    return {
        "key_hash": record.fingerprint,
        "key_prefix": record.prefix,
        "internal_id": admitted.caller.organization.internal_id,
        "scopes": tuple(_readable(each) for each in record.scopes),
        "status": record.status(admitted.services.ports.clock.now()),
        "allowed_origins": list(record.allowed_origins) or None,
        "notes": idle_scopes(record.permissions, record.scopes, record.organization_id),
    }


def _readable(scope: dict[str, Any]) -> ResourceScope:
    try:
        return msgspec.convert(scope, ResourceScope)
    except msgspec.ValidationError:
        return _UNREADABLE


ROUTES = [
    create_api_key,
    list_api_keys,
    update_api_key,
    rotate_api_key,
    delete_api_key,
    create_upload_token,
    list_upload_tokens,
    get_upload_token,
    renew_upload_token,
    revoke_upload_token,
    revoke_upload_tokens,
]
