"""The origins of administrative requests: stored next to the log for some days, and never in an event."""

from collections.abc import Collection, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

# The ids of the commands that the current request has appended, if they are recorded.
commands_of_request: ContextVar[list[str]] = ContextVar("commands_of_request")


def note_command(command_id: str) -> None:
    """Note that the current request appends a command."""
    noted = commands_of_request.get(None)
    if noted is not None:
        noted.append(command_id)


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A request that changed something, or was refused for missing permissions. `code`: of the refusal."""

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
    """A refused request, with its time."""

    at: datetime
    request: RequestRecord


class RefusalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The selected refusals, newest first. `start` is inclusive, `end` exclusive."""

    actor_id: str | None = None
    request_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int


class RequestRecords(Protocol):
    """Stores the records, with the time of the store's own clock."""

    async def record(self, request: RequestRecord) -> None:
        """Store a record."""
        ...

    async def of_commands(self, organization_id: str, command_ids: Collection[str]) -> Mapping[str, RequestRecord]:
        """Return the requests of an organization that appended these commands, by command, if they are stored."""
        ...

    async def of_request(self, organization_id: str, request_id: str) -> tuple[RequestRecord, ...]:
        """Return the requests of an organization that had this id, the oldest first."""
        ...

    async def refusals(self, organization_id: str, query: RefusalQuery) -> tuple[Refusal, ...]:
        """Return the newest requests of an organization that were refused."""
        ...

    async def forget(self, older_than: timedelta) -> None:
        """Delete older records."""
        ...
