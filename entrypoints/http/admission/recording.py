"""Records the origin of administrative requests, for the audit log. Uploads and objects are too many for it."""

import functools
from typing import Any, cast

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.keys.callers import Caller
from application.ports.events.event_log import LogUnavailableError
from application.ports.organizations.request_records import RequestRecord, RequestRecords, commands_of_request
from entrypoints.http.answers.errors import CODE
from entrypoints.http.transport.request_log import CALLER, client_of
from entrypoints.observability.logs import REQUEST_ID

MAX_USER_AGENT = 500
_FORBIDDEN = 403
_NOT_RECORDED = ("/uploads", "/objects", "/tasks", "/analytics")
_log = structlog.get_logger(__name__)


@functools.cache
def is_recorded(template: str) -> bool:
    """Return whether requests of a route belong in the audit log."""
    return not any(part in template for part in _NOT_RECORDED)


class Recording:
    """ASGI, around a route: records the request before the response is sent, so that the client can find it."""

    def __init__(self, app: ASGIApp, records: RequestRecords) -> None:
        self._app = app
        self._records = records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; record it if it changed something, or was refused for missing permissions."""
        command_ids: list[str] = []
        token = commands_of_request.set(command_ids)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _record(scope, message["status"], command_ids, self._records)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            commands_of_request.reset(token)


async def _record(scope: Scope, status: int, command_ids: list[str], records: RequestRecords) -> None:
    asked = cast("dict[str, Any]", scope)
    caller: Caller | None = asked.get(CALLER)
    if caller is None or not (command_ids or status == _FORBIDDEN):
        return
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), None)
    request = RequestRecord(
        request_id=asked[REQUEST_ID],
        organization_id=caller.organization.organization_id,
        actor_id=caller.actor_id,
        address=client_of(scope),
        user_agent=None if agent is None else agent.decode("latin-1")[:MAX_USER_AGENT].replace("\0", ""),
        method=asked["method"],
        route=scope["path_template"],
        status=status,
        code=asked.get(CODE),
        command_ids=tuple(command_ids),
    )
    try:
        await records.record(request)
    except LogUnavailableError as error:  # the request itself has succeeded
        _log.warning("request_record_lost", request_id=request.request_id, error=repr(error))
