"""Every error in one envelope: refusals, Litestar's own errors, unreachable parts, and unexpected errors."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import Receive, Scope, Send

from application.handling import BusyError
from application.idempotency import InFlightError
from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError, OutcomeUnknownError, VersionConflictError
from application.ports.storage.object_storage import StorageError
from application.ports.storage.url_signer import CredentialsExpiredError
from domain.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    RefusedError,
    TooManyRequestsError,
    UnauthenticatedError,
    WrongStateError,
)
from entrypoints.http.answers.complaints import parameter_complaint, unreadable
from entrypoints.http.answers.unavailability import SOON, unavailability
from entrypoints.http.transport.methods import reads_as_id
from entrypoints.http.wire import ErrorDetail, ErrorResponse
from entrypoints.observability.logs import request_id

_log = structlog.get_logger(__name__)

# The kinds of refusals on the wire: status and the contract's error type. A subclass precedes its class.
_KINDS: tuple[tuple[type[RefusedError], int, str], ...] = (
    (UnauthenticatedError, 401, "UnauthorizedError"),
    (QuotaExceededError, 403, "QuotaExceededError"),
    (ForbiddenError, 403, "ForbiddenError"),
    (NotFoundError, 404, "NotFoundError"),
    (InvalidInputError, 422, "ValidationError"),
    (WrongStateError, 400, "BadRequestError"),
    (ConflictError, 409, "ConflictError"),
    (TooManyRequestsError, 429, "TooManyRequestsError"),
)
_TYPE_OF = {400: "BadRequestError", 401: "UnauthorizedError", 403: "ForbiddenError", 404: "NotFoundError"}
_CLIENT_ERRORS = range(400, 500)
CLIENT_DISCONNECTED = 499  # in the log and the metrics, as nginx has it
_PROBLEM = "application/problem+json"
HEAD_ASKED = "upwell.head"  # in the scope: the client sent HEAD for this GET
CODE = "upwell.code"  # in the scope: the code of the refusal


class ClientDisconnectedError(Exception):
    """The client has gone before the end of its body."""


class StoppingError(Exception):
    """The server stops before the request is finished."""


def render(
    request: Request[Any, Any, Any],
    status: int,
    detail: ErrorDetail,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """Return the envelope, or its equivalent of RFC 9457 if the client requests it."""
    request.scope[CODE] = detail.code  # type: ignore[literal-required]  # a key of our own in the scope
    headers = {"Cache-Control": "no-store", **(headers or {})}
    if _PROBLEM in request.headers.get("accept", ""):
        problem = {
            "type": "about:blank",
            "title": detail.type,
            "status": status,
            "detail": detail.message,
            "code": detail.code,
            "details": detail.details,
        }
        return Response(problem, status_code=status, media_type=_PROBLEM, headers=headers)
    return Response(
        ErrorResponse(status=status, error=detail), status_code=status, media_type=MediaType.JSON, headers=headers
    )


def kind_of(error: RefusedError) -> tuple[int, str]:
    """Return the status and the contract's error type of a refusal."""
    return next((status, kind) for cls, status, kind in _KINDS if isinstance(error, cls))


def _refused(request: Request[Any, Any, Any], error: RefusedError) -> Response[Any]:
    status, kind = kind_of(error)
    detail = ErrorDetail(type=kind, message=error.message, code=error.code, details=error.details)
    return render(request, status, detail, _headers(error))


def _headers(error: RefusedError) -> dict[str, str] | None:
    match error:
        case UnauthenticatedError():
            return {"WWW-Authenticate": "Bearer"}
        case TooManyRequestsError():
            return {"Retry-After": str(error.details["retry_after_seconds"])}
        case BusyError() | InFlightError():
            return {"Retry-After": "1"}
        case _:
            return None


def _unavailable(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    answer = unavailability(error)
    _log.warning("part_unavailable", part=answer.part, reason=answer.reason, error=repr(error))
    detail = ErrorDetail(
        type="ServiceUnavailableError",
        message=answer.message,
        code=f"{answer.part}_unavailable",
        details={"reason": answer.reason},
    )
    return render(request, 503, detail, {"Retry-After": str(answer.retry_after_seconds)})


def _outcome_unknown(request: Request[Any, Any, Any], error: OutcomeUnknownError) -> Response[Any]:
    _log.warning("outcome_unknown", reason=error.reason, error=repr(error))
    detail = ErrorDetail(
        type="ServiceUnavailableError",
        message="The database did not confirm the outcome, and the request may still take effect: repeat it with"
        " the same Idempotency-Key, or check the current state first.",
        code="outcome_unknown",
        details={"reason": error.reason},
    )
    return render(request, 503, detail, {"Retry-After": str(SOON)})


def _clock_differs(request: Request[Any, Any, Any], error: ClockDiffersError) -> Response[Any]:
    detail = ErrorDetail(
        type="ServiceUnavailableError",
        message="The clock of this process is wrong, and it serves no requests until the clock is right: try again,"
        " since"
        " another process may respond.",
        code="clock_differs",
        details={"reason": str(error)},
    )
    return render(request, 503, detail, {"Retry-After": "2"})


def _stopping(request: Request[Any, Any, Any], error: StoppingError) -> Response[Any]:  # noqa: ARG001  # a handler's signature
    detail = ErrorDetail(
        type="ServiceUnavailableError",
        message="The server stopped before the request was finished: repeat it, with its Idempotency-Key if it has"
        " one.",
        code="stopping",
        details={},
    )
    return render(request, 503, detail, {"Retry-After": "1"})


def _conflict(request: Request[Any, Any, Any], error: VersionConflictError) -> Response[Any]:
    return _refused(request, BusyError(error.stream_id))


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    status = error.status_code
    headers = dict(error.headers or {})
    if isinstance(error, MethodNotAllowedException) and reads_as_id(request.app, request.method, request.url.path):
        error, status, headers = NotFoundException(), 404, {}
    if isinstance(error, MethodNotAllowedException):
        detail = ErrorDetail(
            type="MethodNotAllowedError",
            message=f"{'HEAD' if HEAD_ASKED in request.scope else request.method} is not allowed here: use a method"
            " in the Allow header.",
            code="method_not_allowed",
            details={},
        )
    elif isinstance(error, NotFoundException):
        detail = ErrorDetail(
            type="NotFoundError",
            message="The path does not exist: check it.",
            code="no_such_route",
            details={},
        )
    elif status == 413:  # noqa: PLR2004  # Content Too Large, which the contract does not know
        status = 422
        detail = ErrorDetail(
            type="ValidationError",
            message="The body is too large: send at most 1 MiB, or 4 MiB for a batch.",
            code="body_too_large",
            details={},
        )
    elif status == 400:  # noqa: PLR2004  # Litestar's status for a body or parameter that does not parse
        status = 422
        handler: Any = request.scope.get("route_handler")
        refusal = unreadable() if handler is None else parameter_complaint(handler, error)
        detail = ErrorDetail(
            type="ValidationError", message=refusal.message, code=refusal.code, details=refusal.details
        )
    else:
        kind = _TYPE_OF.get(status, "ClientError" if status in _CLIENT_ERRORS else "InternalServerError")
        message = f"The request failed with the status {status}: check the method, the path and the headers."
        detail = ErrorDetail(type=kind, message=message, code="http_error", details={})
    return render(request, status, detail, headers)


def _disconnected(request: Request[Any, Any, Any], _error: ClientDisconnectedError) -> Response[Any]:
    """Return a response for the log and the metrics: no client gets it."""
    detail = ErrorDetail(
        type="ClientError",
        message="The connection ended before the end of the body: send the request again.",
        code="client_disconnected",
        details={},
    )
    return render(request, CLIENT_DISCONNECTED, detail)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("unexpected_error", path=request.url.path, method=request.method, exc_info=error)
    detail = ErrorDetail(
        type="InternalServerError",
        message="The service failed unexpectedly: try again, or send the request_id in the details to its operator.",
        code="internal_error",
        details={"request_id": request_id.get()},
    )
    return render(request, 500, detail)


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    RefusedError: _refused,
    StorageError: _unavailable,
    CredentialsExpiredError: _unavailable,
    OutcomeUnknownError: _outcome_unknown,
    LogUnavailableError: _unavailable,
    ClockDiffersError: _clock_differs,
    VersionConflictError: _conflict,
    StoppingError: _stopping,
    ClientDisconnectedError: _disconnected,
    HTTPException: _http,
    Exception: _unexpected,
}


async def answer_error(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    """Send the response to an error from within a middleware."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    handler = next(EXCEPTION_HANDLERS[kind] for kind in type(error).__mro__ if kind in EXCEPTION_HANDLERS)
    await handler(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)
