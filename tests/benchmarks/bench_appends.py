"""Appends per second of the log on the real PostgreSQL, as a ratio to plain one-row commits in the same run.

Run: `uv run python -m tests.benchmarks.bench_appends [--appends 200]`. Each append is one `upload.requested.v1` with
its quota condition, its projection and its job; `synchronous_commit` is on. The yardstick commits one row for each
request, each of 32 connections by itself.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.database.connecting import connect, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.system import SystemIds
from application.ports.events.event_log import Command, StreamAppend
from domain.buckets.bucket import Policy
from domain.events.event import Origin
from domain.uploads.request import UploadRequest
from domain.uploads.upload_events import UploadRequested
from tests.conftest import Database, Tenant, make_tenant
from tests.stack import prepare

WRITERS = 32
_NOW = datetime.now(UTC)
_REQUEST = UploadRequest(
    filename="product_video.mp4",
    content_type="video/mp4",
    storage_key="int_0123456789abcdef/ns_0123456789abcdef/api_buckets_uploads_create/upl_0123456789abcdef/a.mp4",
    declared_size_bytes=10_485_760,
    declared_sha256=None,
    url_expires_in_seconds=3600,
    expires_at=_NOW,
    due_at=_NOW,
    metadata={"campaign": "summer_2024"},
    create_object=True,
    object_metadata=None,
    blob_property="video",
    blob_type="VIDEO",
    skip_duplicates=True,
    unique_key=None,
    policy=Policy.INSERT,
)


async def appends(database: Database, tenant: Tenant, each: int) -> tuple[float, float, float]:
    """Return appends per second, and p50 and p99 in milliseconds."""
    pool = await open_pool(database.url, size=1)
    listener = Listener(database.url)
    log = PostgresEventLog(database.url, pool, listener)
    ids = SystemIds()
    caller = tenant.caller
    times: list[float] = []

    async def writer() -> None:
        for _ in range(each):
            upload_id, command_id = ids.new("upl_"), ids.new("cmd_")
            origin = Origin(
                organization_id=caller.organization.organization_id,
                namespace_id=tenant.namespace.namespace_id,
                bucket_id=tenant.bucket.bucket_id,
                actor_id=caller.key.key_id,
                command_id=command_id,
                at=_NOW,
            )
            event = UploadRequested(origin=origin, upload_id=upload_id, request=_REQUEST, reserved_bytes=10_485_760)
            began = time.perf_counter()
            await log.append(
                Command(
                    command_id=command_id,
                    organization_id=origin.organization_id,
                    key_id=caller.key.key_id,
                    namespace_id=origin.namespace_id,
                    bucket_id=origin.bucket_id,
                    streams=(StreamAppend(stream_id=upload_id, expected_version=0, events=(event,)),),
                )
            )
            times.append(time.perf_counter() - began)

    async with log.running():
        began = time.perf_counter()
        await asyncio.gather(*(writer() for _ in range(WRITERS)))
        took = time.perf_counter() - began
    await pool.close()
    cuts = statistics.quantiles(times, n=100)
    return len(times) / took, cuts[49] * 1000, cuts[98] * 1000


async def plain_commits(database: Database, each: int) -> float:
    """Return commits per second of one row each, on 32 connections."""
    connections = [await connect(database.owner_url, role=None) for _ in range(WRITERS)]
    await connections[0].execute("CREATE TABLE IF NOT EXISTS yardstick (state bytea)")
    began = time.perf_counter()

    async def writer(number: int) -> None:
        for _ in range(each):
            await connections[number].execute("INSERT INTO yardstick VALUES ($1)", b"x" * 700)

    await asyncio.gather(*(writer(number) for number in range(WRITERS)))
    took = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    return WRITERS * each / took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--appends", type=int, default=200, help="for each of 32 writers and each of 3 rounds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upwell-bench-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres.start(Path(folder) / "postgres") as postgres:
            database = asyncio.run(prepare(postgres))
            tenant = asyncio.run(make_tenant(database, "http://nowhere"))
            for _ in range(3):
                rate, p50, p99 = uvloop.run(appends(database, tenant, options.appends))
                plain = uvloop.run(plain_commits(database, options.appends))
                print(
                    f"{WRITERS} writers: {rate:6.0f} appends/s  p50 {p50:5.2f} ms  p99 {p99:5.2f} ms"
                    f"   plain commits {plain:6.0f}/s   ratio {rate / plain:4.2f}"
                )


if __name__ == "__main__":
    main()
