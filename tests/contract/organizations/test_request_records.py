"""What `RequestRecords` promises, on every adapter."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.organizations.request_records import MemoryRequestRecords
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.organizations.request_records import PostgresRequestRecords
from application.ports.organizations.request_records import RefusalQuery, RequestRecord, RequestRecords

ONE = RequestRecord(
    request_id="one",
    organization_id="org_1",
    actor_id="key_1",
    address="2001:db8::7",
    user_agent="curl/8",
    method="POST",
    route="/v1/buckets",
    status=200,
    code=None,
    command_ids=("cmd_1", "cmd_2"),
)


@pytest.fixture
async def records(database_url: str | None) -> AsyncIterator[RequestRecords]:
    """The records of a database of this test's own."""
    if database_url is None:
        yield MemoryRequestRecords(ManualClock(datetime(2030, 1, 1, tzinfo=UTC)))
        return
    pool = await open_pool(database_url, size=2)
    yield PostgresRequestRecords(pool)
    await pool.close()


async def test_a_request_is_found_by_its_commands_and_by_its_id(records: RequestRecords) -> None:
    await records.record(ONE)
    assert await records.of_commands("org_1", {"cmd_2", "cmd_9"}) == {"cmd_2": ONE}
    assert await records.of_request("org_1", "one") == (ONE,)


async def test_another_organization_finds_nothing(records: RequestRecords) -> None:
    await records.record(ONE)
    assert not await records.of_commands("org_2", {"cmd_1"})
    assert await records.of_request("org_2", "one") == ()


async def test_ids_that_clients_choose_may_come_again(records: RequestRecords) -> None:
    again = msgspec.structs.replace(ONE, command_ids=(), status=403, code="permission_denied", user_agent=None)
    await records.record(ONE)
    await records.record(again)
    assert await records.of_request("org_1", "one") == (ONE, again)


async def test_what_is_old_is_forgotten(records: RequestRecords) -> None:
    await records.record(ONE)
    await records.forget(timedelta(days=1))
    assert await records.of_request("org_1", "one") == (ONE,)
    await records.forget(timedelta(days=-1))
    assert await records.of_request("org_1", "one") == ()


async def test_what_was_refused_is_found_the_newest_first(records: RequestRecords) -> None:
    refused = msgspec.structs.replace(ONE, request_id="two", command_ids=(), status=403, code="permission_denied")
    later = msgspec.structs.replace(refused, request_id="three", actor_id="utk_1")
    for each in (ONE, refused, later, msgspec.structs.replace(refused, organization_id="org_2")):
        await records.record(each)

    async def found(**which: Any) -> list[RequestRecord]:  # noqa: ANN401  # fields of the query
        query = RefusalQuery(**{"limit": 10, **which})
        return [each.request for each in await records.refusals("org_1", query)]

    assert sorted(await found(), key=lambda each: each.request_id) == [later, refused]
    assert await found(actor_id="utk_1") == [later]
    assert await found(request_id="two") == [refused]
    assert len(await found(limit=1)) == 1
    (known,) = await records.refusals("org_1", RefusalQuery(request_id="two", limit=1))
    assert refused in await found(start=known.at)
    assert refused not in await found(end=known.at)
