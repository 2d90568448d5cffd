"""Before the body is read: who asks, may they, and do the namespace and the bucket that they name exist."""

from typing import Any

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from application.callers import Caller, check_permission
from application.doing_once import check_idempotency_key
from application.ports.read_side import BucketRecord, NamespaceRecord
from domain.api_key import Permission
from domain.rate_limiting import RequestClass
from domain.refusals import InvalidInputError
from entrypoints.http.errors import answer_error
from entrypoints.http.rate_limits import headers
from entrypoints.http.request_log import ADDED_HEADERS
from entrypoints.wiring import Services

_KEY = "upwell.admitted"
MAX_IDENTIFIER = 200


class Needs(msgspec.Struct, frozen=True):
    """What a route needs before it runs. `active`: the bucket must take uploads. `counts_as`: for rate limits.

    `once`: the route makes something, and an `Idempotency-Key` keeps it from making it twice.
    """

    permission: Permission
    namespace: bool = True
    active: bool = False
    counts_as: RequestClass = RequestClass.METADATA
    once: bool = False

    def opt(self) -> dict[str, Any]:
        """Return it in the form that routes carry."""
        return {"needs": self}


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about a request."""

    services: Services
    caller: Caller
    given_namespace: NamespaceRecord | None
    given_bucket: BucketRecord | None
    idempotency_key: str | None = None

    @property
    def namespace(self) -> NamespaceRecord:
        """The namespace, on routes that need one."""
        if self.given_namespace is None:
            raise InvalidInputError("namespace_required", "Name a namespace in the header X-Namespace.")
        return self.given_namespace

    @property
    def bucket(self) -> BucketRecord:
        """The bucket, on routes that name one."""
        if self.given_bucket is None:
            raise InvalidInputError("bucket_required", "Name a bucket in the path.")
        return self.given_bucket


class Admission:
    """ASGI middleware of the routes under /v1. A guard would do the same, but for each Litestar copies the route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse a request, in the documented order: key, rate, permission, namespace, bucket."""
        needs: Needs | None = scope["route_handler"].opt.get("needs")
        if needs is None:  # Litestar's own answer to OPTIONS
            await self._app(scope, receive, send)
            return
        try:
            admitted = await self._admit(scope, needs)
        except Exception as error:  # noqa: BLE001  # answered here, so that the request's log sees the answer
            await answer_error(scope, receive, send, error)
            return
        scope[_KEY] = admitted  # type: ignore[literal-required]  # a key of our own in the scope
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, needs: Needs) -> Admitted:
        services: Services = scope["litestar_app"].state.services
        authorization = named_namespace = idempotency_key = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value.decode("latin-1")
            elif name == b"x-namespace":
                named_namespace = value.decode("latin-1")
            elif name == b"idempotency-key" and needs.once:
                idempotency_key = value.decode("latin-1")
        caller = await services.admit.caller(_bearer(authorization))
        if services.limit_requests is not None:
            verdict = await services.limit_requests(caller, needs.counts_as)
            scope[ADDED_HEADERS] = headers(verdict)  # type: ignore[literal-required]  # the same
            verdict.check()
        check_permission(caller, needs.permission)
        namespace = bucket = None
        if needs.namespace:
            namespace = await services.admit.namespace(caller, _identifier(named_namespace))
            named = scope["path_params"].get("bucket_identifier")
            if named is not None:
                bucket = await services.admit.bucket(namespace, _identifier(str(named)) or "", active=needs.active)
        return Admitted(
            services=services,
            caller=caller,
            given_namespace=namespace,
            given_bucket=bucket,
            idempotency_key=None if idempotency_key is None else check_idempotency_key(idempotency_key),
        )


def admitted_in(scope: Scope) -> Admitted:
    """Return what `Admission` found out."""
    admitted: Admitted = scope[_KEY]  # type: ignore[literal-required]  # the same
    return admitted


def _bearer(header: str | None) -> str | None:
    scheme, _, secret = (header or "").strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _identifier(value: str | None) -> str | None:
    """Make an identifier safe to look up: what could be none gives nothing to find."""
    if value is None:
        return None
    return value[:MAX_IDENTIFIER].replace("\0", "")
