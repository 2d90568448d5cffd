"""Checks before the body is read: the caller, its permissions, and the existence of the namespace and the bucket.

Each check is a named value. `STEPS` is their order: the first refusal wins, so the order is part of the public
behaviour, and `docs/explanation/admission-order.md` is generated from it. An acceptance test violates each step
together with all later ones, and expects the refusal of that step.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, cast
from urllib.parse import parse_qs

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from application.idempotency import check_idempotency_key
from application.keys.callers import (
    Caller,
    check_active,
    check_organization_scope,
    check_origin,
    check_permission,
    hash_of,
    out_of_scope,
)
from application.limits.fair_turns import PAUSE_SECONDS, FairStarts
from application.limits.limiting_requests import LimitingRequests
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.buckets.bucket import bucket_not_found
from domain.keys.api_key import Permission
from domain.keys.event_token import PREFIX
from domain.limits.rate_limits import RequestClass
from domain.namespaces.namespace import namespace_not_found
from domain.refusals import ForbiddenError, InvalidInputError, TooManyRequestsError, UnauthenticatedError
from domain.uploads.upload import upload_not_found
from entrypoints.http.admission.rate_limits import headers
from entrypoints.http.admission.recording import Recording, is_recorded
from entrypoints.http.answers.errors import CLIENT_DISCONNECTED, answer_error
from entrypoints.http.requests.calling import call_of
from entrypoints.http.requests.queries import settle_query
from entrypoints.http.transport.addresses import check_address
from entrypoints.http.transport.headers import headers_by_name
from entrypoints.http.transport.methods import answer_options
from entrypoints.http.transport.request_log import ADDED_HEADERS, CALLER, client_of
from entrypoints.wiring.use_cases import Services

NEEDS = "needs"  # in the `opt` of a route: its requirements
_KEY = "upwell.admitted"
_COUNTED = "upwell.counted"  # in the scope: the caller whose limits a request counts against
_REFUSED = {*range(400, 500)} - {CLIENT_DISCONNECTED}
_HEAVY = {RequestClass.SEARCH, RequestClass.COMPUTE}
TOO_MANY = 429
_Asked = tuple[int, str, str | None, str | None]  # route, digest of the key, namespace, bucket
MAX_KNOWN = 10_000
MAX_IDENTIFIER = 200


class Needs(msgspec.Struct, frozen=True):
    """The requirements of a route. `active`: the bucket must accept uploads. `counts_as`: for rate limits.

    `scoped`: keys with scopes for single namespaces or buckets are accepted, and the route shows them nothing else.
    `tokens`: upload tokens are accepted, and see only their own uploads. `own`: so are tokens of single uploads, even
    though the path names no upload. `once`: the route creates something, and an
    `Idempotency-Key` prevents creating it twice. `event_tokens`: event tokens are accepted, also in the query.
    `narrowed`: a namespace is optional and limits the result. `many`: one request may contain many items.
    `bytes_follow`: the response lets a client send bytes, so it is useless while storage is known to refuse writes.
    """

    permission: Permission
    namespace: bool = True
    active: bool = False
    scoped: bool = False
    tokens: bool = False
    own: bool = False
    counts_as: RequestClass = RequestClass.METADATA
    once: bool = False
    event_tokens: bool = False
    narrowed: bool = False
    bytes_follow: bool = False
    many: bool = False

    @property
    def heavy(self) -> bool:
        """Whether one request may cost as much as several others."""
        return self.many or self.counts_as in _HEAVY

    def opt(self) -> dict[str, Any]:
        """Return the requirements as the `opt` of a route."""
        return {NEEDS: self}


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """An admitted request. `only_buckets`: the ids of the buckets in scope; None: no limit."""

    services: Services
    caller: Caller
    given_namespace: NamespaceRecord | None
    given_bucket: BucketRecord | None
    only_buckets: frozenset[str] | None = None
    idempotency_key: str | None = None

    @property
    def namespace(self) -> NamespaceRecord:
        """The namespace, on routes that need one."""
        if self.given_namespace is None:
            raise InvalidInputError(
                "namespace_required",
                "The header X-Namespace is missing: send the id or name of a namespace.",
                {"field": "X-Namespace"},
            )
        return self.given_namespace

    @property
    def bucket(self) -> BucketRecord:
        """The bucket, on routes that name one."""
        if self.given_bucket is None:
            raise InvalidInputError(
                "bucket_required",
                "The path has no bucket: use the id or name of one.",
                {"field": "bucket_identifier"},
            )
        return self.given_bucket


class Admission:
    """ASGI middleware of the routes under /v1. Litestar would copy the route handler for each guard."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._generation = -1
        self._known: dict[_Asked, Admitted] = {}  # results for this generation of the directory

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Admit or refuse a request, in the documented order: key, rate, origin, permission, namespace, bucket."""
        needs: Needs | None = scope["route_handler"].opt.get(NEEDS)
        if needs is None:  # Litestar's own handler of OPTIONS
            return answer_options(scope, send)
        services: Services = scope["litestar_app"].state.services
        if is_recorded(scope["path_template"]):
            serve = partial(self._serve, services, needs)
            return Recording(serve, services.system.request_records)(scope, receive, send)
        return self._serve(services, needs, scope, receive, send)

    async def _serve(self, services: Services, needs: Needs, scope: Scope, receive: Receive, send: Send) -> None:
        limits = services.limit_requests
        try:
            check_address(scope)
            admitted = await self._admit(services, scope, needs)
            settle_query(scope)
            if needs.bytes_follow:
                scope["litestar_app"].state.readiness.check_storage()
        except Exception as error:  # noqa: BLE001  # handled here, so that the request log sees the response
            if isinstance(error, TooManyRequestsError):
                await asyncio.sleep(PAUSE_SECONDS)
            await answer_error(scope, receive, send if limits is None else _counting(scope, send, limits, needs), error)
            return
        starts: FairStarts = scope["litestar_app"].state.starts
        await starts.begin(admitted.caller.organization.organization_id, heavy=needs.heavy)
        scope[_KEY] = admitted  # type: ignore[literal-required]  # a key of our own in the scope
        send_refusal = send if limits is None else _counting(scope, send, limits, needs)
        handler = cast("HTTPRouteHandler", scope["route_handler"])
        call = call_of(handler)
        if call is not None:
            await call(scope, receive, send, send_refusal)
        else:
            ScopeState.from_scope(scope).exception_handlers = handler.resolve_exception_handlers()
            await self._app(scope, receive, send_refusal)

    async def _admit(self, services: Services, scope: Scope, needs: Needs) -> Admitted:
        clock = services.system.clock
        clock.check()
        request = _Request(services, needs, scope, clock.now())
        generation = services.ports.directory.generation
        if generation != self._generation or len(self._known) > MAX_KNOWN:
            self._generation = generation
            self._known = {}
        request.known = self._known.get(request.asked)
        for step in STEPS if request.known is None else _AGAIN:
            waiting = step.check(request)
            if waiting is not None:
                await waiting
        admitted = request.known
        if admitted is None:
            admitted = request.admitted()
            if request.caller.is_plain and services.ports.directory.generation == generation == self._generation:
                self._known[request.asked] = admitted
        if request.idempotency_key is None or not needs.once:
            return admitted
        return msgspec.structs.replace(admitted, idempotency_key=request.idempotency_key)


class _Request:
    """A request during the checks: their input, and the results that later checks use.

    `known`: the results of an earlier request with the same parameters, in this generation of the directory.
    """

    __slots__ = (
        "asked",
        "authorization",
        "bucket",
        "caller",
        "idempotency_key",
        "known",
        "named_namespace",
        "namespace",
        "needs",
        "now",
        "only_buckets",
        "origin",
        "scope",
        "services",
    )

    def __init__(self, services: Services, needs: Needs, scope: Scope, now: datetime) -> None:
        self.services = services
        self.needs = needs
        self.scope = scope
        self.now = now
        self.authorization, self.named_namespace, self.origin, self.idempotency_key = _headers(scope)
        self.asked: _Asked = (
            id(needs),
            hash_of(self.authorization or ""),
            self.named_namespace,
            scope["path_params"].get("bucket_identifier"),
        )
        self.known: Admitted | None = None
        self.caller: Caller  # the first check finds it, or refuses
        self.namespace: NamespaceRecord | None = None
        self.bucket: BucketRecord | None = None
        self.only_buckets: frozenset[str] | None = None

    def admitted(self) -> Admitted:
        """Return the results of the checks."""
        return Admitted(
            services=self.services,
            caller=self.caller,
            given_namespace=self.namespace,
            given_bucket=self.bucket,
            only_buckets=self.only_buckets,
        )


class Step(msgspec.Struct, frozen=True, eq=False):
    """One check. `subject`: what it checks, for the docs. `refusals`: the codes of its refusals, by status.

    `check`: refuses, or stores its result; returns an awaitable if it has to wait. `again`: runs even if `known` has
    the results.
    """

    subject: str
    refusals: Mapping[int, tuple[str, ...]]
    check: Callable[[_Request], Awaitable[None] | None]
    again: bool = False


def _find_caller(request: _Request) -> Awaitable[None] | None:
    if request.known is None:
        return _authenticate(request)
    request.caller = request.known.caller
    request.services.admit.again(request.caller, request.now)
    request.scope[CALLER] = request.caller  # type: ignore[literal-required]  # a key of our own in the scope
    return None


async def _authenticate(request: _Request) -> None:
    secret = _bearer(request.authorization)
    if request.needs.event_tokens and request.authorization is None:
        secret = _token_in_query(request.scope)
    request.caller = await _caller(request.services, request.scope, secret)
    request.scope[CALLER] = request.caller  # type: ignore[literal-required]  # a key of our own in the scope


async def _count(request: _Request) -> None:
    if request.services.limit_requests is None:
        return
    verdict = await request.services.limit_requests(request.caller, request.needs.counts_as, request.now)
    request.scope[ADDED_HEADERS] = headers(verdict)  # type: ignore[literal-required]  # the same
    verdict.check()
    request.scope[_COUNTED] = request.caller  # type: ignore[literal-required]  # the same


def _check_origin(request: _Request) -> None:
    if request.origin is not None:
        check_origin(request.caller, request.origin)


def _check_permission(request: _Request) -> None:
    caller, needs = request.caller, request.needs
    if caller.event_token is not None and not needs.event_tokens:
        raise ForbiddenError("token_denied", "An event token can only read events: use an API key.")
    check_permission(caller, needs.permission if caller.grant is None else _of_token(needs, caller, request.scope))


async def _find_namespace(request: _Request) -> None:
    caller, needs, admit = request.caller, request.needs, request.services.admit
    if not needs.namespace:
        if caller.key.scopes and not needs.scoped:
            await _check_scope_of_path(request)
        return
    named = request.named_namespace
    if caller.grant is not None:
        named = named or caller.grant.namespace_id
    request.namespace = await admit.namespace(caller, _identifier(named))
    request.only_buckets = await admit.reachable_buckets(caller, request.namespace, needs.permission)


async def _find_bucket(request: _Request) -> None:
    if request.namespace is None:
        return
    named = request.scope["path_params"].get("bucket_identifier")
    if named is not None:
        request.bucket = await request.services.admit.bucket(request.namespace, _identifier(str(named)) or "")
    if request.only_buckets is not None:
        await _check_reach(request, request.namespace, request.only_buckets)


def _check_active(request: _Request) -> None:
    if request.bucket is not None and request.needs.active:
        check_active(request.bucket)


def _check_idempotency_key(request: _Request) -> None:
    if request.idempotency_key is not None and request.needs.once:
        request.idempotency_key = check_idempotency_key(request.idempotency_key)


KEY = Step(
    "the API key or token",
    {
        401: (
            "key_missing",
            "key_unknown",
            "key_rotated",
            "key_revoked",
            "key_expired",
            "token_unknown",
            "token_revoked",
            "token_expired",
        )
    },
    _find_caller,
    again=True,
)
RATE = Step("the rate of the organization and of the key", {429: ("rate_limited",)}, _count, again=True)
ORIGIN = Step(
    "the web origin of the page that sends the request", {403: ("origin_not_allowed",)}, _check_origin, again=True
)
PERMISSION = Step(
    "the permissions of the key or token", {403: ("permission_denied", "token_denied")}, _check_permission
)
NAMESPACE = Step(
    "the namespace in `X-Namespace`, and whether it is in the key's scopes",
    {422: ("namespace_required",), 404: ("namespace_not_found",), 403: ("permission_denied",)},
    _find_namespace,
)
BUCKET = Step(
    "the bucket in the path, and whether it is in the key's scopes",
    {404: ("bucket_not_found",), 403: ("out_of_scope",)},
    _find_bucket,
)
ACTIVE = Step("the status of the bucket, for uploads and objects", {403: ("bucket_not_active",)}, _check_active)
IDEMPOTENCY_KEY = Step(
    "the idempotency key, if there is one", {422: ("invalid_idempotency_key",)}, _check_idempotency_key, again=True
)

STEPS = (KEY, RATE, ORIGIN, PERMISSION, NAMESPACE, BUCKET, ACTIVE, IDEMPOTENCY_KEY)
_AGAIN = tuple(step for step in STEPS if step.again)


async def _caller(services: Services, scope: Scope, secret: str | None) -> Caller:
    """Authenticate the caller; unauthenticated requests count against the client's address."""
    if services.limit_strangers is None:
        return await services.admit.caller(secret)
    address = client_of(scope)
    try:
        async with services.limit_strangers.narrow(address):
            return await services.admit.caller(secret)
    except UnauthenticatedError:
        services.limit_strangers.check(address)
        raise


def _counting(scope: Scope, send: Send, limits: LimitingRequests, needs: Needs) -> Send:
    """Return a `send` that counts a refusal against the key or token, and not against the organization."""

    def watch(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start" and message["status"] in _REFUSED:
            caller: Caller | None = scope.get(_COUNTED)  # type: ignore[assignment]  # a key of our own in the scope
            if caller is not None and message["status"] != TOO_MANY:
                limits.refused(caller, needs.counts_as)
        return send(message)

    return watch


def _headers(scope: Scope) -> tuple[str | None, str | None, str | None, str | None]:
    """Return the credentials, the namespace, the origin of the page, and the idempotency key.

    Refuses one that is repeated: a proxy in front may have looked at another of the two.
    """
    named = headers_by_name(scope)
    if len(named) == len(cast("list[object]", scope["headers"])):
        return (
            _text(named, b"authorization"),
            _text(named, b"x-namespace"),
            _text(named, b"origin"),
            _text(named, b"idempotency-key"),
        )
    authorization = namespace = origin = idempotency_key = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = _once(authorization, value, "Authorization")
        elif name == b"x-namespace":
            namespace = _once(namespace, value, "X-Namespace")
        elif name == b"origin":
            origin = _once(origin, value, "Origin")
        elif name == b"idempotency-key":
            idempotency_key = _once(idempotency_key, value, "Idempotency-Key")
    return authorization, namespace, origin, idempotency_key


def _text(named: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = named.get(name)
    return None if value is None else value.decode("latin-1")


def _once(known: str | None, value: bytes, name: str) -> str:
    if known is not None:
        raise InvalidInputError(
            "repeated_header", f"The header {name} is repeated: send it once.", {"field": name, "in": "header"}
        )
    return value.decode("latin-1")


def _of_token(needs: Needs, caller: Caller, scope: Scope) -> Permission:
    """Return the permission that the key of an upload token needs; refuse routes that no such token may use."""
    if caller.own is not None and not needs.own and "upload_id" not in scope["path_params"]:
        raise ForbiddenError(
            "token_denied",
            "The token of an upload can only confirm, cancel and show that upload: use an upload token or an API key.",
        )
    if not needs.tokens or "policy" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        raise ForbiddenError(
            "token_denied",
            "An upload token can only create, confirm, cancel and show its own uploads: use an API key.",
        )
    return Permission.WRITE


async def _check_scope_of_path(request: _Request) -> None:
    """Refuse requests beyond the key's scopes: about the organization, or a whole namespace in the path."""
    caller, needed, admit = request.caller, request.needs.permission, request.services.admit
    named = request.scope["path_params"].get("namespace_identifier")
    if named is None:
        check_organization_scope(caller, needed)
        return
    namespace = await admit.namespace(caller, _identifier(str(named)))
    if await admit.reachable_buckets(caller, namespace, needed) is not None:
        raise namespace_not_found(str(named))


async def _check_reach(request: _Request, namespace: NamespaceRecord, reached: frozenset[str]) -> None:
    """Refuse resources outside the scope of an upload token or a key for single buckets as not found."""
    services, grant, bucket = request.services, request.caller.grant, request.bucket
    upload_id = request.scope["path_params"].get("upload_id")
    if bucket is not None:
        if bucket.bucket_id not in reached:
            raise bucket_not_found(str(request.scope["path_params"]["bucket_identifier"]))
    elif upload_id is None and not request.needs.scoped:
        raise out_of_scope()
    if upload_id is None:
        return
    plain_id = str(upload_id)
    if grant is not None:
        if grant.bucket_id not in reached:
            raise upload_not_found(plain_id)
        await services.admit.check_own(request.caller, plain_id)
    elif bucket is None:
        upload = await services.ports.read_side.upload(namespace.namespace_id, plain_id)
        if upload is None or upload.bucket_id not in reached:
            raise upload_not_found(plain_id)


def admitted_in(scope: Scope) -> Admitted:
    """Return the result of `Admission`."""
    admitted: Admitted = scope[_KEY]  # type: ignore[literal-required]  # the same
    return admitted


def check_bucket_named_in_body(admitted: Admitted, bucket: BucketRecord) -> None:
    """Refuse a bucket outside the key's scopes that the body names, not the path."""
    if admitted.only_buckets is not None and bucket.bucket_id not in admitted.only_buckets:
        raise bucket_not_found(bucket.name)


def _bearer(header: str | None) -> str | None:
    scheme, _, secret = (header or "").strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _token_in_query(scope: Scope) -> str | None:
    named = parse_qs(scope["query_string"].decode("latin-1")).get("token")
    return named[0] if named and named[0].startswith(PREFIX) else None  # keys are not accepted in URLs


def _identifier(value: str | None) -> str | None:
    """Make an identifier safe to look up: an impossible one finds nothing."""
    if value is None:
        return None
    return value[:MAX_IDENTIFIER].replace("\0", "")
