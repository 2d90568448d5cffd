"""Lists of 1,000,000 uploads by cursor: the first page against the 1,000th, and their plans.

Run: `uv run python -m tests.benchmarks.bench_listing [--uploads 1000000] [--times 200]`. The rows are written straight
into the read table; the pages are asked of the adapter, through its pool, as the routes do.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.database.connecting import connect, open_pool
from adapters.postgres.database.tenancy import TenantReads
from adapters.postgres.lists.filtering import Statement
from adapters.postgres.lists.listing import UPLOADS as COLUMNS
from adapters.postgres.read_side import PostgresReadSide
from application.keys.callers import acting_for
from application.lists.listing import UPLOADS
from application.ports.lists.pages import PageRequest
from domain.lists.filtering import parse_filter, parse_order
from tests.conftest import Database
from tests.stack import prepare

PAGE = 20
PAGES = 1000
FILL = """
INSERT INTO upwell.uploads (
    upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
    storage_key, declared_size_bytes, url_expires_in_seconds, created_at, expires_at, due_at, metadata, create_object,
    skip_duplicates, policy, keeps_bytes)
SELECT 'upl_' || lpad(n::text, 16, '0'), 'org_1', 'ns_1', 'bkt_1', 1, n,
    (ARRAY['COMPLETED', 'COMPLETED', 'COMPLETED', 'PENDING', 'FAILED'])[1 + n % 5],
    substr(md5(n::text), 1, 12) || '.mp4', 'video/mp4', 'int_1/ns_1/' || n, n, 3600, to_timestamp(1.7e9 + n),
    to_timestamp(1.7e9 + n + 3600), to_timestamp(1.7e9 + n + 4500),
    jsonb_build_object('campaign', 'c' || n % 100, 'user_id', md5((n % 5000)::text)), true, true, 'insert', true
FROM generate_series(1, $1::bigint) n
"""
LISTS: dict[str, dict[str, Any]] = {
    "all": {},
    "status": {"where": parse_filter({"status": "PENDING"}, UPLOADS.known)},
    "created_at, oldest first": {"order": parse_order({"field": "created_at", "direction": "asc"}, UPLOADS.known)},
}
OTHERS: dict[str, dict[str, Any]] = {
    "search that finds nothing": {"search": "needle in a haystack"},
    "search that finds many": {"search": "c42"},
    "metadata.campaign = c7": {"where": parse_filter({"metadata.campaign": "c7"}, UPLOADS.known)},
    "regex on every name": {
        "where": parse_filter({"field": "filename", "operator": "regex", "value": "^0{12}"}, UPLOADS.known)
    },
    "all, with total and figures": {"with_total": True, "with_figures": True},
    "sorted by filename": {"order": parse_order({"field": "filename"}, UPLOADS.known)},
}


async def measure(database: Database, uploads: int, times: int) -> None:
    """Fill the table, walk the lists, and print."""
    owner = await connect(database.owner_url, role=None)
    asking = await connect(database.url)
    await owner.execute(FILL.replace("$1", str(uploads)))
    await owner.execute("VACUUM ANALYZE upwell.uploads")
    pool = await open_pool(database.url, size=1, all_organizations=False)
    side = PostgresReadSide(TenantReads(pool))
    acting_for.set("org_1")

    async def took(asked: PageRequest) -> float:
        began = time.perf_counter()
        await side.uploads("ns_1", "bkt_1", asked)
        return (time.perf_counter() - began) * 1000

    for name, facts in LISTS.items():
        first = last = PageRequest(limit=PAGE, **facts)
        for _ in range(PAGES - 1):
            page = await side.uploads("ns_1", "bkt_1", last)
            last = msgspec.structs.replace(first, after=UPLOADS.place(page.rows[-1], first.order))
        samples = [(await took(first), await took(last)) for _ in range(times)]
        early, late = (statistics.median(column) for column in zip(*samples, strict=True))
        print(f"{name}: page 1 {early:.2f} ms, page {PAGES} {late:.2f} ms, ratio {late / early:.2f}")
        for asked in (first, last):
            statement = Statement(COLUMNS, ("bkt_1", "ns_1"), asked)
            sql = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {statement.page()}"
            for row in await asking.fetch(sql, *statement.arguments):
                print("   ", row[0])
    for name, facts in OTHERS.items():
        try:
            print(f"{name}: {await took(PageRequest(limit=PAGE, **facts)):.0f} ms")
        except Exception as error:  # noqa: BLE001  # what a client would get
            print(f"{name}: {error!r}")
    await pool.close()
    await asking.close()
    await owner.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upwell-bench-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres.start(Path(folder) / "postgres") as postgres:
            database = asyncio.run(prepare(postgres))
            uvloop.run(measure(database, options.uploads, options.times))


if __name__ == "__main__":
    main()
