"""How fast the projection of figures is replayed, as a ratio to reading the same rows with plain asyncpg.

Run: `uv run python -m tests.benchmarks.bench_projection [--events 300000] [--rounds 5]`. Rounds alternate. Both read
the whole log in pages of the same size. The yardstick reads all columns as rows and does nothing with them; the
projection is run as a worker runs it, on emptied tables, until its position is the log's last.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from random import Random

import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.memory.clock import ManualClock
from adapters.postgres.analytics.analytics import AnalyticsProjection, PostgresAnalytics, rebuild_analytics
from adapters.postgres.database.connecting import Pool, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from adapters.system import SystemIds
from application.events.subscribing import PAGE, Subscribing
from application.ports.events.event_log import EventLog, StreamAppend
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from entrypoints.wiring.garbage import collect_seldom, keep_what_is_loaded
from tests.conftest import Database
from tests.contract._log import Account, open_account, postgres_kit
from tests.stack import prepare

COHORT = 400  # so many uploads are under way at once: their events are in several pages
_ENDS = ("completed", "failed", "canceled", "left", "avoided")
_SHARES = (80, 5, 5, 5, 5)


async def fill(database: Database, events: int) -> int:
    """Append so many events, of uploads over weeks, and return how many there are."""
    chance = Random(7)  # noqa: S311  # a history, not a secret
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        while (head := await kit.log.head()) < events:
            await _cohort(kit.log, account, chance)
        return head


async def _cohort(log: EventLog, account: Account, chance: Random) -> None:
    """Let uploads be requested, then seen, then end."""
    account.clock.advance(timedelta(hours=3))
    upload_ids = await asyncio.gather(*(account.request(log, declared_size_bytes=100) for _ in range(COHORT)))
    ends = dict(zip(upload_ids, chance.choices(_ENDS, _SHARES, k=COHORT), strict=True))
    account.clock.advance(timedelta(seconds=30))
    seen = [upload_id for upload_id, end in ends.items() if end in {"completed", "failed"}]
    await asyncio.gather(*(account.send(log, upload_id, account.begins()) for upload_id in seen))
    account.clock.advance(timedelta(seconds=1))
    await asyncio.gather(*(_end(log, account, upload_id, end) for upload_id, end in ends.items()))


async def _end(log: EventLog, account: Account, upload_id: str, end: str) -> None:
    match end:
        case "completed":
            made = account.new_object(upload_id)
            command = account.accepts(object_id=made.stream_id)
            await log.append(await account.to_upload(log, upload_id, command, made))
        case "failed":
            await account.send(log, upload_id, account.rejects())
        case "canceled":
            await account.send(log, upload_id, account.cancels())
        case "avoided":
            event = UploadDuplicateAvoided(
                origin=account.origin(), original_upload_id=upload_id, sha256="a" * 64, saved_bytes=100
            )
            stream = StreamAppend(stream_id=account.ids.new("dup_"), expected_version=0, events=(event,))
            await log.append(account.command(stream))


async def read(pool: Pool) -> int:
    """Read the log to its end, and return how many rows there were."""
    async with pool.acquire() as connection:
        after = count = 0
        while rows := await connection.fetch(QUERIES["feed"], after, PAGE):
            after = rows[-1]["id"]
            count += len(rows)
    return count


async def replay(database: Database, pool: Pool, head: int) -> float:
    """Rebuild the figures, and return how many seconds that took."""
    await rebuild_analytics(database.owner_url)
    listener = Listener(database.url)
    stopping = asyncio.Event()
    subscribe = Subscribing(
        log=PostgresEventLog(database.url, pool, listener),
        subscriptions=PostgresSubscriptions(pool),
        clock=ManualClock(),
        ids=SystemIds(),
        report=lambda name, error: print(name, repr(error)),
    )
    async with listener.running():
        began = time.perf_counter()
        running = asyncio.create_task(subscribe.project_in_bulk(AnalyticsProjection(), stopping))
        while (await PostgresAnalytics(pool).progress()).position < head:
            await asyncio.sleep(0.02)
        took = time.perf_counter() - began
        stopping.set()
        await running
    return took


async def compare(database: Database, events: int, rounds: int) -> None:
    """Measure in turn, and print."""
    head = await fill(database, events)
    pool = await open_pool(database.url, size=3)
    collect_seldom()
    keep_what_is_loaded()
    await read(pool)  # neither is measured cold
    await replay(database, pool, head)
    ratios: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        count = await read(pool)
        plain = count / (time.perf_counter() - began)
        projected = head / await replay(database, pool, head)
        ratios.append(projected / plain)
        print(f"plain {plain:7.0f} events/s   projection {projected:7.0f} events/s   ratio {ratios[-1]:4.2f}")
    print(f"{head} events, pages of {PAGE}: ratio {statistics.median(ratios):.2f} (median of {rounds})")
    await pool.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upwell-bench-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres.start(Path(folder) / "postgres") as postgres:
            database = asyncio.run(prepare(postgres))
            uvloop.run(compare(database, options.events, options.rounds))


if __name__ == "__main__":
    main()
