"""Where requests came from, in a list."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from application.ports.clock import Clock
from application.ports.organizations.request_records import Refusal, RefusalQuery, RequestRecord

_REFUSED = 400


class MemoryRequestRecords:
    """Implements `RequestRecords`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: list[tuple[datetime, RequestRecord]] = []

    async def record(self, request: RequestRecord) -> None:
        """Store a request."""
        self._kept.append((self._clock.now(), request))

    async def of_commands(self, organization_id: str, command_ids: Collection[str]) -> Mapping[str, RequestRecord]:
        """Return the stored requests of an organization that appended these commands, by command."""
        return {
            command_id: request
            for _, request in self._kept
            for command_id in request.command_ids
            if request.organization_id == organization_id and command_id in command_ids
        }

    async def of_request(self, organization_id: str, request_id: str) -> tuple[RequestRecord, ...]:
        """Return the requests of an organization with this id, the oldest first."""
        wanted = organization_id, request_id
        return tuple(each for _, each in self._kept if (each.organization_id, each.request_id) == wanted)

    async def refusals(self, organization_id: str, query: RefusalQuery) -> tuple[Refusal, ...]:
        """Return the newest refused requests of an organization."""
        found = [
            Refusal(at=at, request=request)
            for at, request in reversed(self._kept)
            if request.organization_id == organization_id
            and request.status >= _REFUSED
            and query.actor_id in {None, request.actor_id}
            and query.request_id in {None, request.request_id}
            and (query.start is None or at >= query.start)
            and (query.end is None or at < query.end)
        ]
        return tuple(found[: query.limit])

    async def forget(self, older_than: timedelta) -> None:
        """Delete older requests."""
        oldest = self._clock.now() - older_than
        self._kept = [(at, request) for at, request in self._kept if at >= oldest]
