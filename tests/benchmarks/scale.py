"""What grows with the number of uploads: each operation at 10,000 uploads and at 10,000,000, ratios first.

Run: `uv run python -m tests.benchmarks.scale [--uploads 10000000] [--completed 1000000] [--real 20000]
[--organizations 1] [--small 10000] [--rounds 5] [--folder DIR] [--json FILE]`. PostgreSQL and S3 are real.

One data set at a time: the uploads are appended to the log (see `scale_data`) up to `--small`, everything is measured,
the rest is appended, and everything is measured again. Each request is for another upload, place or word, drawn at
random. A page is so short that it is full at both sizes. The tables are vacuumed and analysed after the filling, as
autovacuum would do. The index of search is made after the filling, and kept up to date between the rounds.

`--folder`: a folder for the database that PostgreSQL's user can reach. A million uploads need 4 GB; the texts for
search and the analytics are emptied before a rebuild, which needs the same room.

CPU time is that of the service (or worker) and of PostgreSQL together, for each operation. Appended events are the unit
of a rebuild. Expiry and rebuild come last.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from adapters.embedded.postgres_binaries import choose_account
from adapters.postgres.analytics.analytics import NAME, rebuild_analytics
from adapters.postgres.database.connecting import connect
from adapters.postgres.database.rebuilding import rebuild
from tests.benchmarks.bench_creates import print_durability
from tests.benchmarks.life import Figures, File, Line, Meter, Way, http_request, lines
from tests.benchmarks.scale_data import DataSet, drawn, fill, make_tenants, token, upload_id
from tests.stack import Stack, stack

# as of a server with a few GB of memory; the embedded PostgreSQL has 128 MB
POSTGRES = {"shared_buffers": "1GB", "max_wal_size": "2GB", "checkpoint_timeout": "15min"}
CLIENTS = 4
OK = 200
ANY, SOME, NONE = '"results":[', '"results":[{', '"results":[]'
DERIVED = f"""
SELECT (SELECT position FROM upwell.log_head) - least(
    coalesce((SELECT position FROM upwell.subscriptions WHERE name = '{NAME}'), 0),
    CASE WHEN to_regclass('upwell.search_texts_trigrams') IS NULL THEN (SELECT position FROM upwell.log_head)
        ELSE (SELECT position FROM upwell.search_head) END)
"""  # noqa: S608  # a name of ours
INDEX_IN_BULK = """
SET search_path = upwell, upwell_extensions, pg_temp;
SET maintenance_work_mem = '3GB';
DROP INDEX search_texts_trigrams;
INSERT INTO search_texts (id, kind, organization_id, bucket_id, text)
SELECT upload_id, 'upload', organization_id, bucket_id, lower(upload_text(filename, metadata)) FROM uploads
UNION ALL
SELECT object_id, 'object', organization_id, bucket_id, lower(object_text(key_prefix, blobs, metadata)) FROM objects
ON CONFLICT (id) DO NOTHING;
UPDATE search_head SET position = (SELECT position FROM log_head);
SELECT prepare_search()
"""
SIZES = """
SELECT relname, pg_total_relation_size(oid) AS bytes, pg_relation_size(oid) AS rows FROM pg_class
WHERE relnamespace = 'upwell'::regnamespace AND relkind = 'r' ORDER BY 2 DESC LIMIT 6
"""


@dataclass
class Measured:
    """An operation at one size: the medians of its rounds, of one operation. `refused`: other answers than expected."""

    count: int = 0
    times_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    postgres_us: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def ms(self) -> float:
        """The median time."""
        return statistics.median(self.times_ms)

    @property
    def cpu(self) -> float:
        """The median CPU time."""
        return statistics.median(self.cpu_us)

    @property
    def postgres(self) -> float:
        """The median of PostgreSQL's part."""
        return statistics.median(self.postgres_us)

    def add(self, figures: Figures) -> None:
        """Add a round."""
        self.count += figures.count
        self.times_ms.append(figures.cut(50) if len(figures.times) > 1 else figures.seconds / figures.count * 1000)
        self.cpu_us.append(sum(figures.cpu.values()) / figures.count * 1e6)
        self.postgres_us.append(figures.cpu_us("postgres"))


@dataclass(frozen=True)
class Asked:
    """A request, and what its answer contains."""

    request: bytes
    expected: bytes


class Requests:
    """The requests of each operation, for random uploads of the first `filled`."""

    def __init__(self, running: Stack, data: DataSet, filled: int, head: int) -> None:
        self._host = f"127.0.0.1:{running.port}"
        self._data, self._filled, self._head = data, filled, head
        self._page = data.page
        self._chance = random.Random(filled)  # noqa: S311  # places, not secrets

    def number(self) -> int:
        """Return the number of a random upload."""
        return self._chance.randrange(self._filled)

    def way(self, port: int) -> Way:
        """Return the way of a file of a random tenant."""
        return Way(self._data.tenant(self.number()).headers, port)

    def get(self) -> Asked:
        """Return the request of an upload."""
        number = self.number()
        return self._get(number, f"/v1/uploads/{upload_id(number)}", upload_id(number))

    def first_page(self) -> Asked:
        """Return the request of the first page of a list."""
        return self._list(self.number(), {}, SOME)

    def deep_page(self) -> Asked:
        """Return the request of a page anywhere in a list."""
        cursor = base64.urlsafe_b64encode(json.dumps(["", self._chance.randrange(self._head)]).encode()).decode()
        return self._list(self.number(), {}, ANY, f"&cursor={cursor.rstrip('=')}")

    def completed_page(self) -> Asked:
        """Return the request of the first page of the completed uploads."""
        return self._list(self.number(), {"filters": {"status": "COMPLETED"}}, ANY)

    def search_one(self) -> Asked:
        """Return a search for the word of one upload."""
        number = self.number()
        return self._list(number, {"search": token(number)}, f'"upload_id":"{upload_id(number)}"')

    def search_none(self) -> Asked:
        """Return a search that finds nothing."""
        return self._list(self.number(), {"search": drawn("nothing", self._chance.getrandbits(40), 10)}, NONE)

    def search_many(self) -> Asked:
        """Return a search that finds one upload in ninety-seven."""
        return self._list(self.number(), {"search": f"_{self._chance.randrange(97)}"}, ANY)

    def feed_first(self) -> Asked:
        """Return the request of the first events."""
        return self._feed(0)

    def feed_middle(self) -> Asked:
        """Return the request of events anywhere."""
        return self._feed(self._chance.randrange(self._head))

    def feed_last(self) -> Asked:
        """Return the request of the last events."""
        return self._feed(max(self._head - self._page, 0))

    def _feed(self, after: int) -> Asked:
        return self._get(self.number(), f"/v1/events?after={after}&limit={self._page}", '"events":[')

    def _get(self, number: int, target: str, expected: str) -> Asked:
        request = http_request("GET", target, self._host, self._data.tenant(number).headers)
        return Asked(request, expected.encode())

    def _list(self, number: int, asked: dict[str, Any], expected: str, more: str = "") -> Asked:
        headers = {**self._data.tenant(number).headers, "Content-Type": "application/json"}
        target = f"/v1/buckets/files/uploads/list?limit={self._page}{more}"
        return Asked(http_request("POST", target, self._host, headers, json.dumps(asked).encode()), expected.encode())


@dataclass
class Scale:
    """The measurement of one data set."""

    running: Stack
    data: DataSet
    rounds: int
    expire: int
    expired: set[int] = field(default_factory=set)

    def measure(self, filled: int) -> dict[str, Measured]:
        """Measure everything at one size."""
        found: dict[str, Measured] = {}
        self.derive()
        asyncio.run(self.settle())
        self.running.begin("serve")
        pids = {"serve": self.running.processes["serve"].pid, "postgres": self.running.postgres.pid}
        uvloop.run(self.serve(filled, Meter(pids), found))
        self.running.processes.pop("serve").terminate()
        self.expiry(filled, found)
        self.rebuild(found)
        return found

    def derive(self) -> None:
        """Let a worker read the log to its end, for search and analytics."""
        began = time.perf_counter()
        self.running.begin("worker")
        asyncio.run(self.until(DERIVED, 0))
        self.stop_worker()
        print(f"search and analytics have caught up in {time.perf_counter() - began:.0f} s", flush=True)

    def stop_worker(self) -> None:
        """Stop the worker, and wait for its end."""
        process = self.running.processes.pop("worker")
        process.terminate()
        process.wait()

    async def durable(self, on: str) -> None:
        """Switch the flushes of PostgreSQL 'on' or 'off': the filling is not measured, and a crash ends it anyway."""
        owner = await connect(self.running.database.owner_url, role=None)
        for name in ("fsync", "full_page_writes"):
            await owner.execute(f"ALTER SYSTEM SET {name} = {on}")
        await owner.execute("SELECT pg_reload_conf()")
        await owner.close()

    async def index_in_bulk(self) -> None:
        """Write all texts for search, then their index: it takes minutes, and a worker would need an hour."""
        owner = await connect(self.running.database.owner_url, role=None)
        for statement in filter(None, map(str.strip, INDEX_IN_BULK.split(";"))):
            await owner.execute(statement, timeout=7200)
        await owner.close()

    async def index(self) -> None:
        """Do what a worker does within a second: index the texts of the last requests."""
        owner = await connect(self.running.database.owner_url, role=None)
        while await owner.fetchval("SELECT upwell.index_search(1000)"):
            pass
        await owner.close()

    async def until(self, query: str, most: int) -> None:
        """Wait until a query returns no more than this."""
        owner = await connect(self.running.database.owner_url, role=None)
        while await owner.fetchval(query) > most:
            await asyncio.sleep(0.1)
        await owner.close()

    async def settle(self) -> None:
        """Do at once what autovacuum would do soon, and print the sizes."""
        owner = await connect(self.running.database.owner_url, role=None)
        began = time.perf_counter()
        await owner.execute("VACUUM (ANALYZE)", timeout=7200)
        await owner.execute("CHECKPOINT", timeout=600)
        size = await owner.fetchval("SELECT pg_database_size(current_database())")
        tables = ", ".join(
            f"{row['relname']} {row['bytes'] / 1e9:.2f} (rows {row['rows'] / 1e9:.2f})"
            for row in await owner.fetch(SIZES)
        )
        took = time.perf_counter() - began
        print(f"vacuumed in {took:.0f} s; database {size / 1e9:.2f} GB: {tables}", flush=True)
        await owner.close()

    async def head(self) -> int:
        """Return the last position of the log."""
        owner = await connect(self.running.database.owner_url, role=None)
        position = int(await owner.fetchval("SELECT position FROM upwell.log_head"))
        await owner.close()
        return position

    async def serve(self, filled: int, meter: Meter, found: dict[str, Measured]) -> None:
        """Measure what the service answers."""
        requests = Requests(self.running, self.data, filled, await self.head())
        asked: dict[str, tuple[Callable[[], Asked], int]] = {
            "get": (requests.get, 1000),
            "first page": (requests.first_page, 200),
            "deep page": (requests.deep_page, 200),
            "page of a status": (requests.completed_page, 200),
            "search, one": (requests.search_one, 40),
            "search, none": (requests.search_none, 40),
            "search, many": (requests.search_many, 40),
            "feed, beginning": (requests.feed_first, 100),
            "feed, middle": (requests.feed_middle, 100),
            "feed, end": (requests.feed_last, 100),
        }
        async with lines(self.running.port, CLIENTS) as service, lines(self.storage_port(), CLIENTS) as storage:
            for turn in range(self.rounds + 1):  # the first one warms
                for name, (make, count) in asked.items():
                    measured = found.setdefault(name, Measured())
                    figures, refused = await send([make() for _ in range(count)], service, meter)
                    if turn:
                        measured.add(figures)
                        measured.refused += refused
                for name, figures in await self.write(requests, service, storage, meter):
                    if turn:
                        found.setdefault(name, Measured()).add(figures)
                await self.index()
        print(f"measured requests at {filled:,} uploads", flush=True)

    def storage_port(self) -> int:
        """Return the port of the storage."""
        return int(self.running.storage.endpoint_url.rpartition(":")[2])

    async def write(
        self, requests: Requests, service: Sequence[Line], storage: Sequence[Line], meter: Meter
    ) -> list[tuple[str, Figures]]:
        """Measure a create and a confirm."""
        ways = [requests.way(self.running.port) for _ in range(200)]
        files = [File(f"{random.getrandbits(64)}".encode() * 50) for _ in ways]  # content, not a secret

        async def step(name: str, on: Sequence[Line]) -> Figures:
            left, times = iter(zip(ways, files, strict=True)), list[float]()

            async def client(line: Line) -> None:
                for way, file in left:
                    began = time.perf_counter()
                    await way.take(name, file, line)
                    times.append(time.perf_counter() - began)

            before, began = meter.read(), time.perf_counter()
            await asyncio.gather(*map(client, on))
            return Figures(len(times), time.perf_counter() - began, times, meter.since(before))

        created = await step("create", service)
        await step("put", storage)
        return [("create", created), ("confirm", await step("confirm", service))]

    def expiry(self, filled: int, found: dict[str, Measured]) -> None:
        """Measure how a worker expires many uploads that are due at once."""
        count = min(self.expire, filled // 4)
        found["expiry"] = measured = Measured()
        for _ in range(self.rounds if count < self.expire else 1):
            share = count if count == self.expire else count // self.rounds
            head = asyncio.run(self.make_due(filled, share))
            self.running.begin("worker")
            meter = Meter({"worker": self.running.processes["worker"].pid, "postgres": self.running.postgres.pid})
            asyncio.run(self.until(f"SELECT {head + 1} - position FROM upwell.log_head", 0))  # noqa: S608  # a number
            before, began = meter.read(), time.perf_counter()
            for part in range(share // 4, share + 1, max(share // 4, 1)):
                left = f"SELECT {head + part} - position FROM upwell.log_head"  # noqa: S608  # a number
                asyncio.run(self.until(left, 0))
                print(f"  expired {part:,} in {time.perf_counter() - began:.1f} s", flush=True)
            measured.add(Figures(share, time.perf_counter() - began, [], meter.since(before)))
            self.stop_worker()
        print(f"expired {measured.count:,}", flush=True)

    async def make_due(self, filled: int, count: int) -> int:
        """Make the expiry of some uploads due, which were requested one after another; return the last position."""
        numbers: set[int] = set()
        number = random.randrange(filled)  # noqa: S311  # a place
        while len(numbers) < count:
            number = (number + 1) % filled
            if not self.data.is_completed(number) and number not in self.expired:
                numbers.add(number)
        self.expired |= numbers
        owner = await connect(self.running.database.owner_url, role=None)
        await owner.execute(
            "UPDATE upwell.jobs SET due_at = now() - interval '1 minute' WHERE kind = 'expire' AND upload_id = ANY($1)",
            [upload_id(number) for number in numbers],
            timeout=3600,
        )
        await owner.execute("CHECKPOINT", timeout=600)
        await owner.close()
        return await self.head()

    async def empty_derived(self) -> None:
        """Make room for a second copy of the read tables. Search is read again after a rebuild anyway."""
        await rebuild_analytics(self.running.database.owner_url)
        owner = await connect(self.running.database.owner_url, role=None)
        await owner.execute("TRUNCATE upwell.search_texts")
        await owner.close()

    def rebuild(self, found: dict[str, Measured]) -> None:
        """Measure a rebuild; one of a large log is long enough."""
        asyncio.run(self.empty_derived())
        found["rebuild"] = measured = Measured()
        meter = Meter({"postgres": self.running.postgres.pid})
        while len(measured.times_ms) < self.rounds:
            before, began = meter.read(), time.perf_counter()
            events = asyncio.run(rebuild(self.running.database.owner_url, swap=True)).events
            seconds = time.perf_counter() - began
            measured.add(Figures(events, seconds, [], meter.since(before)))
            if seconds > 60:  # seconds
                break
        print(f"rebuilt {measured.count:,} events", flush=True)


async def send(requests: list[Asked], open_lines: Sequence[Line], meter: Meter) -> tuple[Figures, int]:
    """Send requests in a closed loop, and return the figures and the number of other answers than expected."""
    left, times, refused = iter(requests), list[float](), 0

    async def client(line: Line) -> None:
        nonlocal refused
        for asked in left:
            began = time.perf_counter()
            status, body = await line.ask(asked.request)
            times.append(time.perf_counter() - began)
            refused += status != OK or asked.expected not in body

    before, began = meter.read(), time.perf_counter()
    await asyncio.gather(*map(client, open_lines))
    return Figures(len(times), time.perf_counter() - began, times, meter.since(before)), refused


def report(small: dict[str, Measured], large: dict[str, Measured]) -> list[dict[str, Any]]:
    """Print the table, and return its rows."""
    rows = []
    print(
        f"\n{'':18} {'time':>6} {'CPU':>6}   {'small ms':>9} {'large ms':>9}   {'small us':>9} {'large us':>9}"
        f"   {'PostgreSQL':>10} {'':>6}"
    )
    for name, before in small.items():
        after = large[name]
        row = {
            "operation": name,
            "time_ratio": after.ms / before.ms,
            "cpu_ratio": after.cpu / before.cpu,
            "small_ms": before.ms,
            "large_ms": after.ms,
            "small_cpu_us": before.cpu,
            "large_cpu_us": after.cpu,
            "small_postgres_us": before.postgres,
            "large_postgres_us": after.postgres,
            "refused": after.refused,
        }
        rows.append(row)
        print(
            f"{name:18} {row['time_ratio']:6.2f} {row['cpu_ratio']:6.2f}   {before.ms:9.3f} {after.ms:9.3f}"
            f"   {before.cpu:9.0f} {after.cpu:9.0f}"
            f"   {before.postgres:10.0f} {after.postgres:6.0f}"
            + (f"   {after.refused} refused" if after.refused else ""),
            flush=True,
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=10_000_000)
    parser.add_argument("--completed", type=int, default=1_000_000)
    parser.add_argument("--real", type=int, default=20_000)
    parser.add_argument("--organizations", type=int, default=1)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--expire", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with database_folder(options.folder) as disk, stack({}, postgres_settings=POSTGRES, database_disk=disk) as running:
        asyncio.run(print_durability(running.database))
        began = time.perf_counter()
        tenants = uvloop.run(make_tenants(running, options.organizations))
        print(f"made {len(tenants):,} organizations in {time.perf_counter() - began:.0f} s", flush=True)
        every = round(options.uploads / options.completed)
        page = max(min(options.small // len(tenants), 20), 1)
        data = DataSet(tenants, options.uploads, every, round(options.completed / options.real), page)
        scale = Scale(running, data, options.rounds, options.expire)
        watched = disk or running.folder
        uvloop.run(fill(running, data, 0, options.small, watched))
        small = scale.measure(options.small)
        asyncio.run(scale.durable("off"))
        uvloop.run(fill(running, data, options.small, options.uploads, watched))
        asyncio.run(scale.index_in_bulk())
        asyncio.run(scale.durable("on"))
        large = scale.measure(options.uploads)
        print(f"\n{options.organizations:,} organizations, {options.small:,} and {options.uploads:,} uploads")
        rows = report(small, large)
        print(f"\n{(time.perf_counter() - began) / 60:.0f} minutes")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"options": vars(options), "rows": rows}, indent=2, default=str))


@contextmanager
def database_folder(folder: Path | None) -> Iterator[Path | None]:
    """Make an empty folder that PostgreSQL's user owns, and remove it afterwards."""
    if folder is None:
        yield None
        return
    place = folder.absolute() / "scale-database"
    place.mkdir(parents=True)
    account = choose_account()
    if account is not None:
        os.chown(place, account.uid, account.gid)
    try:
        yield place
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
