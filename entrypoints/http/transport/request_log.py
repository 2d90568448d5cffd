"""The layer around every request: its id, its client, a line in the log, and the headers of every response.

It runs before routing, so that the log also has requests without a route, preflights and refused origins.
"""

import asyncio
import ipaddress
import logging
import random
import re
import time
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol, cast

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.keys.callers import Caller
from entrypoints.http.answers.errors import CODE, HEAD_ASKED, StoppingError, answer_error
from entrypoints.http.transport.headers import headers_by_name
from entrypoints.http.transport.server import CONNECTION
from entrypoints.observability import logs
from entrypoints.observability.logs import REQUEST_ID
from entrypoints.settings import Network

_log = structlog.get_logger("upwell.request")
ADDED_HEADERS = "upwell.added_headers"  # in the scope: further headers of a response, also of errors
CALLER = "upwell.caller"  # in the scope, after authentication
_CLIENT = "upwell.client"
MAX_PATH = 500
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_\-.]{1,64}")
_PERSON = re.compile(r"/users/[^/]+")
_UPLOAD_ID = re.compile(r"upl_[a-z0-9]+")
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_CLOSE = (b"connection", b"close")
# For pages. They run only scripts of this service; that of Swagger UI has to be inline.
_POLICY = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    b" font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = (
    (b"content-security-policy", _POLICY),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)


class Observe(Protocol):
    """Observes finished requests, for metrics. `status` 0: there was no response."""

    def __call__(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one."""
        ...


def client_of(scope: Scope) -> str:
    """Return the address of the client, through trusted proxies."""
    return str(scope[_CLIENT])  # type: ignore[literal-required]  # a key of our own in the scope


class RequestLog:
    """ASGI, around the application: uses the client's request id, or generates one, and returns it.

    `trusted`: the proxies whose `X-Forwarded-For` is trusted.
    """

    def __init__(self, app: ASGIApp, *, observe: Observe | None = None, trusted: Sequence[Network] = ()) -> None:
        self._app = app
        self._observe = observe
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        asked = cast("dict[str, Any]", scope)
        if method == "HEAD":  # the server sends no body for it
            asked = {**asked, "method": "GET", HEAD_ASKED: True}
        request_id = self._find_out(asked)
        began = time.perf_counter()
        status = 0

        def answer(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(asked, [*message["headers"], (b"x-request-id", request_id.encode())])
            return send(message)

        logs.request_id.set(request_id)  # ends with the request's context
        try:
            await self._app(cast("Scope", asked), receive, answer)
        except asyncio.CancelledError:
            if status == 0:
                await answer_error(cast("Scope", asked), receive, cast("Send", answer), StoppingError())
            raise
        finally:
            refused = getattr(asked.get(CONNECTION), "refused", None)
            if refused is not None:  # by the server, while the application waited for the body
                status, asked[CODE] = refused
            if self._observe is not None:
                self._observe(asked.get("path_template", ""), method, status, time.perf_counter() - began)
            if _log.is_enabled_for(logging.INFO):
                _tell(asked, method, status, time.perf_counter() - began)

    def _find_out(self, asked: dict[str, Any]) -> str:
        """Record the request's id and its client's address; return the id."""
        request_id = forwarded = None
        named = headers_by_name(cast("Scope", asked))
        given = named.get(b"x-request-id")
        if given is not None and _GIVEN_ID.fullmatch(given):
            request_id = given.decode()
        if self._trusted and b"x-forwarded-for" in named:
            forwarded = b",".join([value for name, value in asked["headers"] if name == b"x-forwarded-for"])
        if request_id is None:
            request_id = f"{random.getrandbits(64):016x}"  # identifies requests, and is no secret
        peer = asked["client"]
        client = peer[0] if peer else ""
        asked[_CLIENT] = client if forwarded is None else self._through_proxies(client, forwarded)
        asked[REQUEST_ID] = request_id
        return request_id

    def _through_proxies(self, peer: str, forwarded: bytes) -> str:
        """Return the address of the client of the outermost trusted proxy."""
        client = peer
        for each in reversed(forwarded.decode("latin-1").split(",")):
            if not self._trusts(client):
                break
            client = each.strip() or client
        return client if client == peer or _is_address(client) else peer

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


def _completed(asked: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add the headers of every response, and the end of the connection if the body was not read completely."""
    headers.append(_NO_SNIFFING)
    headers.extend(cast("Sequence[tuple[bytes, bytes]]", asked.get(ADDED_HEADERS, ())))
    if not asked["path"].startswith("/v1/"):
        headers.extend(_of_page(headers))
    connection = asked.get(CONNECTION)
    if connection is not None and connection.in_body:
        headers.append(_CLOSE)
    return headers


def _of_page(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers that a page must have; its own headers take precedence."""
    given = dict(headers)
    if not given.get(b"content-type", b"").startswith(b"text/html"):
        return []
    return [(name, value) for name, value in _PAGE if name not in given]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _tell(asked: dict[str, Any], method: str, status: int, seconds: float) -> None:
    path = asked["path"][:MAX_PATH]
    upload = _UPLOAD_ID.search(path)
    caller: Caller | None = asked.get(CALLER)
    _log.info(
        "request",
        method=method,
        path=_PERSON.sub("/users/…", path),
        status=status,
        code=asked.get(CODE),
        client=asked[_CLIENT],
        organization_id=None if caller is None else caller.organization.organization_id,
        actor_id=None if caller is None else caller.actor_id,
        upload_id=upload[0] if upload else None,
        ms=round(seconds * 1000, 2),
    )
