"""Where requests that administer came from: kept beside the log for some days, and never in an event."""

from collections.abc import Collection, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

# The ids of the commands that the request at hand has appended, if somebody wants to know.
commands_of_request: ContextVar[list[str]] = ContextVar("commands_of_request")


def note_command(command_id: str) -> None:
    """Note that the request at hand appends a command."""
    noted = commands_of_request.get(None)
    if noted is not None:
        noted.append(command_id)


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A request that changed something, or was refused for what the caller may not do. `code`: why it was refused."""

    request_id: str
    organization_id: str
    actor_id: str
    address: str
    user_agent: str | None
    method: str
    route: str
    status: int
    code: str | None
    command_ids: tuple[str, ...]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was refused, and when it came."""

    at: datetime
    request: RequestRecord


class RefusalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which refusals, newest first. `start` counts in, `end` does not."""

    actor_id: str | None = None
    request_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int


class RequestRecords(Protocol):
    """Keeps them; when they came, storage's own clock says."""

    async def record(self, request: RequestRecord) -> None:
        """Keep one."""
        ...

    async def of_commands(self, organization_id: str, command_ids: Collection[str]) -> Mapping[str, RequestRecord]:
        """Return the requests of an organization that appended these commands, by command; those that are kept."""
        ...

    async def of_request(self, organization_id: str, request_id: str) -> tuple[RequestRecord, ...]:
        """Return the requests of an organization that had this id, the oldest first."""
        ...

    async def refusals(self, organization_id: str, query: RefusalQuery) -> tuple[Refusal, ...]:
        """Return the newest requests of an organization that were refused."""
        ...

    async def forget(self, older_than: timedelta) -> None:
        """Delete those that came longer ago."""
        ...
