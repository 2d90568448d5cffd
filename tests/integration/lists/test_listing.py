"""Lists on PostgreSQL: what takes too long is refused and leaves nothing behind."""

import time
from collections.abc import AsyncIterator

import pytest

from adapters.postgres.database.connecting import Connection, connect
from adapters.postgres.lists import pages
from adapters.postgres.lists.filtering import Statement
from adapters.postgres.lists.listing import UPLOADS as UPLOAD_COLUMNS
from application.lists.listing import UPLOADS
from application.ports.events.event_log import LogUnavailableError
from application.ports.lists.pages import PageRequest
from domain.lists.filtering import parse_filter, parse_order
from domain.refusals import InvalidInputError
from tests.conftest import Database
from tests.contract._log import Account, Kit, open_account, postgres_kit

HEAVY = [
    "(a?b?c?d?e?){40}",
    ".*.*.*.*.*.*.*.*.*x",
    "(a|b|ab|ba|aab)*c",
    "[a-y]{200}",
    "(a|aa|aaa)*[^a]{0,50}$",
    "a" * 100 + "?" + ".{0,99}z",
    "|".join("abcdefghi"[i % 9] * 20 for i in range(9)),
]


@pytest.fixture
async def kit(database: Database) -> AsyncIterator[Kit]:
    async with postgres_kit(database.url) as made:
        yield made


@pytest.fixture
async def account(kit: Kit) -> Account:
    return await open_account(kit.log)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await connect(database.owner_url, role=None)
    yield connection
    await connection.close()


async def test_a_list_that_takes_too_long_is_refused_and_the_next_one_is_answered(
    kit: Kit, account: Account, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = await account.request(kit.log)
    filtered = PageRequest(limit=10, where=parse_filter({"filename": "report.txt"}, UPLOADS.known))
    monkeypatch.setattr(pages, "LIST_SECONDS", 0.2)
    async with owner.transaction():
        await owner.execute("LOCK TABLE upwell.uploads IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(InvalidInputError) as refused:
            await kit.read_side.uploads(account.namespace_id, account.bucket_id, filtered)
        assert refused.value.code == "list_too_slow"
        with pytest.raises(LogUnavailableError):  # no query that the client could change
            await kit.read_side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=10))
        running = await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        assert running == 0
    page = await kit.read_side.uploads(account.namespace_id, account.bucket_id, filtered)
    assert [row.upload_id for row in page.rows] == [upload_id]


@pytest.mark.parametrize("pattern", HEAVY)
async def test_no_allowed_pattern_keeps_the_database_busy(kit: Kit, account: Account, pattern: str) -> None:
    await account.request(kit.log, metadata={"text": "ab" * 5000 + "aaaa" * 500})
    where = parse_filter({"field": "metadata.text", "operator": "regex", "value": pattern}, UPLOADS.known)
    began = time.monotonic()
    await kit.read_side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=10, where=where))
    assert time.monotonic() - began < pages.LIST_SECONDS


async def test_a_text_of_a_client_never_stands_in_a_statement() -> None:
    text = "x'); DROP TABLE upwell.uploads; --"
    asked = PageRequest(
        limit=1,
        search=text,
        where=parse_filter(
            {
                "OR": [
                    {"field": f"metadata.{text.replace('.', '')}", "operator": operator, "value": text}
                    for operator in ("eq", "gt", "contains", "starts_with", "text")
                ],
                "filename": [text],
            },
            UPLOADS.known,
        ),
        order=parse_order({"field": f"metadata.{text.replace('.', '')}"}, UPLOADS.known),
    )
    statement = Statement(UPLOAD_COLUMNS, ("b", "n"), asked)
    for sql in (statement.page(), statement.figures(), statement.total()):
        assert "DROP" not in sql
