"""The plans of lists and feeds, as the service gets them: a page reads no more in a larger organization."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from adapters.postgres.database.connecting import Pool, connect, open_pool
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import walled
from adapters.postgres.lists.filtering import Statement
from adapters.postgres.lists.listing import UPLOADS as COLUMNS
from application.lists.listing import UPLOADS
from application.ports.lists.pages import PageRequest, SortKey
from domain.lists.filtering import parse_filter
from tests.conftest import Database

LARGE = 40  # the number of the organization that has 19 of 20 uploads
UPLOADS_COUNT = 40_000
MOST = 150  # rows: the longest page has 100, and some of other organizations may lie between them
FILL = """
INSERT INTO upwell.uploads (
    upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
    url_expires_in_seconds, created_at, expires_at, due_at, metadata, create_object, skip_duplicates, policy,
    keeps_bytes)
SELECT 'upl_' || md5(n::text), 'org_' || o, 'ns_' || o, 'bkt_' || o, 1, n,
    CASE WHEN n % 10 = 0 THEN 'COMPLETED' ELSE 'PENDING' END, md5(n::text) || '.mp4', 'video/mp4', 3600, now(), now(),
    now(), '{}', true, true, 'insert', true
FROM generate_series(1, 40000) n,
    LATERAL (SELECT CASE WHEN n % 20 = 0 THEN n % 39 ELSE 40 END AS o) owner;
INSERT INTO upwell.upwell_events (
    originator_id, originator_version, topic, state, notification_id, organization_id)
SELECT upload_id, 1, 'upload.requested.v1', '{}', position, organization_id FROM upwell.uploads;
VACUUM (ANALYZE) upwell.uploads, upwell.upwell_events
"""
COMPLETED = parse_filter({"status": "COMPLETED"}, UPLOADS.known)
PAGES = {
    "first": PageRequest(limit=20),
    "deep": PageRequest(limit=20, after=SortKey(position=UPLOADS_COUNT // 2)),
    "of a status": PageRequest(limit=20, where=COMPLETED),
    "deep, of a status": PageRequest(limit=20, where=COMPLETED, after=SortKey(position=UPLOADS_COUNT // 2)),
}


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    owner = await connect(database.owner_url, role=None)
    for statement in FILL.split(";\n"):
        await owner.execute(statement)
    await owner.close()
    pool = await open_pool(database.url, size=1, all_organizations=False)
    yield pool
    await pool.close()


def requests(number: int) -> dict[str, tuple[str, Sequence[object]]]:
    """Return the queries of an organization, with their arguments."""
    found: dict[str, tuple[str, Sequence[object]]] = {}
    for name, page in PAGES.items():
        statement = Statement(COLUMNS, (f"bkt_{number}", f"ns_{number}"), page)
        found[f"{name} page"] = statement.page(), statement.arguments
    for after in (0, UPLOADS_COUNT // 2, UPLOADS_COUNT - 100):
        found[f"feed after {after}"] = QUERIES["feed_of_organization"], (after, 100, f"org_{number}")
    return found


async def plan(connection: Any, query: str, arguments: Sequence[object]) -> list[str]:  # noqa: ANN401  # the pool's proxy
    """Return the plan with which a prepared query was executed."""
    values = ", ".join(str(each) if isinstance(each, int) else f"'{each}'" for each in arguments)
    await connection.execute(f"PREPARE asked AS {walled(query, len(arguments) - 1)}")
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE asked ({values})")
    await connection.execute("DEALLOCATE asked")
    return [row[0] for row in rows]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_of_a_list_or_feed_reads_only_its_own_rows(pool: Pool, mode: str) -> None:
    """PostgreSQL makes a plan for the values of the first calls, and then perhaps one for any values."""
    async with pool.acquire() as connection:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        for number in (1, LARGE):
            for name, (query, arguments) in requests(number).items():
                found = await plan(connection, query, [*arguments, f"org_{number}"])
                read = [int(rows.split(".")[0]) for line in found for rows in re.findall(r"actual rows=([\d.]+)", line)]
                removed = [int(line.rpartition(":")[2]) for line in found if "Rows Removed by Filter" in line]
                assert max(read) + sum(removed) <= MOST, (number, name, "\n".join(found))
