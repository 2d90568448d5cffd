"""What `RequestRecords` promises, on every adapter."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.request_records import MemoryRequestRecords
from adapters.postgres.connecting import open_pool
from adapters.postgres.request_records import PostgresRequestRecords
from application.ports.request_records import RequestRecord, RequestRecords

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
