"""The origins of requests, in a separate table."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import record_of
from application.ports.organizations.request_records import Refusal, RefusalQuery, RequestRecord


class PostgresRequestRecords:
    """Implements `RequestRecords`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, request: RequestRecord) -> None:
        """Store a request."""
        async with log_errors():
            await self._pool.execute(
                QUERIES["record_request"],
                request.request_id,
                request.organization_id,
                request.actor_id,
                request.address,
                request.user_agent,
                request.method,
                request.route,
                request.status,
                request.code,
                list(request.command_ids),
            )

    async def of_commands(self, organization_id: str, command_ids: Collection[str]) -> Mapping[str, RequestRecord]:
        """Return the stored requests of an organization that appended these commands, by command."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["requests_of_commands"], organization_id, list(command_ids))
        found = [record_of(row, RequestRecord) for row in rows]
        return {command_id: each for each in found for command_id in each.command_ids if command_id in command_ids}

    async def of_request(self, organization_id: str, request_id: str) -> tuple[RequestRecord, ...]:
        """Return the requests of an organization with this id, the oldest first."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["requests_of_id"], organization_id, request_id)
        return tuple(record_of(row, RequestRecord) for row in rows)

    async def refusals(self, organization_id: str, query: RefusalQuery) -> tuple[Refusal, ...]:
        """Return the newest refused requests of an organization."""
        which = query.actor_id, query.request_id, query.start, query.end, query.limit
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["refused_requests"], organization_id, *which)
        return tuple(Refusal(at=row["at"], request=record_of(row, RequestRecord)) for row in rows)

    async def forget(self, older_than: timedelta) -> None:
        """Delete older requests."""
        async with log_errors():
            await self._pool.execute(QUERIES["forget_requests"], older_than)
