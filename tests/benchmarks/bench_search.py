"""Search in a large bucket, with and without the index of texts, and what the index costs a worker.

Run: `uv run python -m tests.benchmarks.bench_search [--uploads 200000] [--times 20]`. The rows are written straight
into the log and the read table; the searches are asked of the adapter, through its pool, as the routes do. The ways
take turns, so that a noisy machine is noisy for all.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.database.connecting import connect, open_pool
from adapters.postgres.database.tenancy import TenantReads
from adapters.postgres.lists import pages
from adapters.postgres.lists.search_index import PostgresSearchIndex
from adapters.postgres.read_side import PostgresReadSide
from application.keys.callers import acting_for
from application.ports.lists.pages import PageRequest
from domain.refusals import InvalidInputError
from tests.benchmarks.bench_listing import FILL
from tests.conftest import Database
from tests.stack import prepare

PATIENCE = pages.SEARCH_PATIENCE_SECONDS
SEARCHES = {
    "finds nothing": PageRequest(limit=20, search="needle in a haystack"),
    "finds one": PageRequest(limit=20, search="c4ca4238a0b9"),  # md5 of 1
    "finds one, with total": PageRequest(limit=20, search="c4ca4238a0b9", with_total=True),
    "finds one in 5000, with total": PageRequest(limit=20, search="cfcd208495d565ef66e7dff9f98764da", with_total=True),
    "finds one in 100, with total": PageRequest(limit=20, search="c42", with_total=True),
    "finds one in 100": PageRequest(limit=20, search="c42"),
}
LOG = """
INSERT INTO upwell.upwell_events
SELECT upload_id, 1, 'upload.requested.v1', '{}', position, organization_id FROM upwell.uploads
"""
HEAD = "UPDATE upwell.log_head SET position = (SELECT max(notification_id) FROM upwell.upwell_events)"


async def measure(database: Database, uploads: int, times: int) -> None:
    """Fill the tables, let the index catch up, search, and print."""
    owner = await connect(database.owner_url, role=None)
    await owner.execute(FILL.replace("$1", str(uploads)))
    await owner.execute(LOG)
    await owner.execute(HEAD)
    await owner.execute("VACUUM ANALYZE upwell.uploads, upwell.upwell_events")
    unlimited = await open_pool(database.url, size=1)
    index = PostgresSearchIndex(unlimited)
    began = time.perf_counter()
    while await index.catch_up():
        pass
    took = time.perf_counter() - began
    size = await owner.fetchval("SELECT pg_size_pretty(pg_total_relation_size('upwell.search_texts'))")
    print(f"{uploads} uploads were taken in in {took:.1f} s ({took / uploads * 1e6:.0f} µs each), {size}")
    pool = await open_pool(database.url, size=1, all_organizations=False)
    side = PostgresReadSide(TenantReads(pool))
    acting_for.set("org_1")

    async def search(asked: PageRequest, patience: float) -> float:
        pages.SEARCH_PATIENCE_SECONDS = patience
        began = time.perf_counter()
        try:
            await side.uploads("ns_1", "bkt_1", asked)
        except InvalidInputError:
            return float("inf")
        return (time.perf_counter() - began) * 1000

    for name, asked in SEARCHES.items():
        samples = [
            (
                await search(asked, pages.LIST_SECONDS),
                await search(asked, PATIENCE),
                await search(asked, 1e-9),
            )
            for _ in range(times)
        ]
        plain, both, indexed = (statistics.median(column) for column in zip(*samples, strict=True))
        print(
            f"{name}: all rows {plain:.1f} ms, by the index at once {indexed:.1f} ms ({indexed / plain:.3f}),"
            f" as served {both:.1f} ms ({both / plain:.3f})"
        )
    for one in (pool, unlimited, owner):
        await one.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upwell-bench-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres.start(Path(folder) / "postgres") as postgres:
            database = asyncio.run(prepare(postgres))
            uvloop.run(measure(database, options.uploads, options.times))


if __name__ == "__main__":
    main()
