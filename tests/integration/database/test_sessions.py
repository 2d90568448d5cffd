"""The settings of sessions on a real server."""

from adapters.postgres.database.connecting import connect, open_pool
from tests.conftest import Database

SHOW = "SHOW max_parallel_workers_per_gather"


async def test_the_service_reads_each_page_with_one_process_and_the_owner_rebuilds_with_several(
    database: Database,
) -> None:
    session, owner = await connect(database.url), await connect(database.owner_url, role=None)
    pool = await open_pool(database.url, size=1)
    try:
        assert [await each.fetchval(SHOW) for each in (session, pool, owner)] == ["0", "0", "2"]
    finally:
        await pool.close()
        await session.close()
        await owner.close()
