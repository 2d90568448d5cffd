"""Analytics on PostgreSQL: the projection of the feed into figures per hour, and their queries."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from adapters.postgres.analytics.folding import (
    CHANGES,
    HAPPENED,
    REQUESTS,
    Fact,
    Figures,
    Place,
    fact_of,
    folded,
    hour_of,
)
from adapters.postgres.database.comparing import Difference, compare
from adapters.postgres.database.connecting import Connection, PoolConnection, connect, log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import Reads
from application.ports.analytics.analytics import (
    Area,
    BucketFigures,
    Change,
    Interval,
    Progress,
    UploadFigures,
    step_begin,
)
from application.ports.analytics.durations import percentile_us
from application.ports.events.event_log import Notification

NAME: Final = "analytics.v2"
TABLES: Final = ("analytics_figures",)
_RECOUNTED_AT_ONCE: Final = 10_000


class _Row(msgspec.Struct, gc=False):
    """The changes of one hour of a bucket, as the database takes them."""

    organization_id: str
    namespace_id: str
    bucket_id: str
    hour: datetime
    counts: dict[str, int]
    durations: dict[int, int]
    failures: dict[str, int]


class AnalyticsProjection:
    """Implements `BulkProjection` for the connection of a transaction."""

    name = NAME

    def gather(self) -> "GatheredFigures":
        """Return an empty collection."""
        return GatheredFigures()


class GatheredFigures:
    """The facts from events: of each upload, and of each hour of each bucket."""

    def __init__(self) -> None:
        self._first = 0  # the position of the first event
        self._uploads: dict[str, list[tuple[str, Fact]]] = {}
        self._hours: dict[tuple[str, datetime], tuple[Place, Figures]] = {}

    def add(self, page: Sequence[Notification]) -> None:
        """Add the facts from these events."""
        if page and not self._first:
            self._first = page[0].id
        for each in page:
            topic = each.topic
            changes, happened = topic in REQUESTS or topic in CHANGES, HAPPENED.get(topic)
            if not changes and happened is None:
                continue
            fact = fact_of(each.state)
            if changes:
                self._uploads.setdefault(fact.upload_id, []).append((topic, fact))
            if happened is not None:
                happened(self._hour(fact.origin).counts, fact)

    async def write(self, transaction: PoolConnection) -> None:
        """Write all facts."""
        await self.write_into(transaction, "upwell")

    async def write_into(self, transaction: Connection | PoolConnection, schema: str) -> None:
        """Write all facts into the table of a schema."""
        # a crash of PostgreSQL loses the position as well, so that the rows are written again
        await transaction.execute(
            "SET LOCAL synchronous_commit = off;"
            # plans are made while the tables are empty, and kept as they grow
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
        )
        earlier = await self._earlier(transaction)
        for upload_id, events in self._uploads.items():
            known = folded(earlier.get(upload_id, ()))
            if known is not None:
                known.count(self._hour(known.place), -1)
            upload = folded(events, known)
            if upload is not None:
                upload.count(self._hour(upload.place), 1)
        rows = [
            _Row(
                place.organization_id,
                place.namespace_id,
                bucket_id,
                hour,
                changed(figures.counts),
                changed(figures.durations),
                changed(figures.failures),
            )
            for (bucket_id, hour), (place, figures) in self._hours.items()
        ]
        if rows:
            query = QUERIES["add_analytics_figures"].replace("upwell.analytics_", f"{schema}.analytics_")
            await transaction.execute(query, msgspec.json.encode(rows).decode())

    async def _earlier(self, transaction: Connection | PoolConnection) -> dict[str, list[tuple[str, Fact]]]:
        """Return the earlier events of the uploads that were requested earlier."""
        known = [upload_id for upload_id, ((topic, _), *_) in self._uploads.items() if topic not in REQUESTS]
        found: dict[str, list[tuple[str, Fact]]] = {}
        if known:
            for row in await transaction.fetch(QUERIES["analytics_streams"], known, self._first):
                found.setdefault(row["originator_id"], []).append((row["topic"], fact_of(row["state"])))
        return found

    def _hour(self, place: Place) -> Figures:
        key = place.bucket_id, hour_of(place)
        found = self._hours.get(key)
        if found is None:
            found = self._hours[key] = place, Figures()
        return found[1]


def changed(counts: Counter[Any]) -> dict[Any, int]:
    """Return the counters that are not 0."""
    return {name: count for name, count in counts.items() if count}


class PostgresAnalytics:
    """Implements `Analytics`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def uploads(self, area: Area, *, start: datetime, end: datetime, step: Interval) -> Sequence[UploadFigures]:
        """Return the outcomes of requested uploads, per interval and in total."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_uploads"], *_where(area), start, step.value, end)
        return [_figures(dict(row)) for row in rows]

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return failed uploads by reason, the most frequent first."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_failures"], *_where(area), start, end)
        return {row["reason"]: row["uploads"] for row in rows}

    async def changes(self, area: Area, *, start: datetime, end: datetime, step: Interval) -> Sequence[Change]:
        """Return the state before `start`, and the changes of each interval."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_changes"], *_where(area), start, step.value, end)
        return [Change(**dict(row)) for row in rows]

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return the contents of buckets, and their changes."""
        begin = step_begin(start, Interval.HOUR)
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_buckets"], *_where(area), begin, end, limit)
        return [BucketFigures(**dict(row)) for row in rows]

    async def progress(self) -> Progress:
        """Return the progress of the projection."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["analytics_position"], NAME)
        return Progress(position=row["position"], head=row["head"])


def _where(area: Area) -> tuple[str, str | None, list[str] | None]:
    buckets = None if area.bucket_ids is None else sorted(area.bucket_ids)
    return area.organization_id, area.namespace_id, buckets


def _figures(row: dict[str, Any]) -> UploadFigures:
    took_us, timed, bits_per_second = row.pop("took_us"), row.pop("timed"), row.pop("bits_per_second")
    durations = {int(slot): uploads for slot, uploads in (row.pop("durations") or {}).items()}
    median, p95, p99 = (_milliseconds(percentile_us(durations, part)) for part in (0.5, 0.95, 0.99))
    return UploadFigures(
        latency_avg_ms=_milliseconds(took_us / row["completed"]) if row["completed"] else None,
        latency_p50_ms=median,
        latency_p95_ms=p95,
        latency_p99_ms=p99,
        throughput_mbps=bits_per_second / timed / 1_000_000 if timed else None,
        **row,
    )


def _milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1000


async def rebuild_analytics(url: str) -> None:
    """Empty the table and reset the position, atomically: workers rebuild them. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        async with connection.transaction():
            await connection.execute("TRUNCATE upwell.analytics_figures")
            await connection.execute(QUERIES["forget_subscription"], NAME)
    finally:
        await connection.close()


async def check_analytics(url: str) -> dict[str, Difference]:
    """Recount the log up to the projection's position; return the differing rows by table.

    Nothing is changed, and workers may keep running. `url`: the owner's.
    """
    connection = await connect(url, role=None)
    try:
        for table in TABLES:
            await connection.execute(f"CREATE TEMP TABLE {table} (LIKE upwell.{table} INCLUDING ALL)")
        counted = await _come_to(connection)
        await _recount(connection, 0, counted)
        async with connection.transaction(isolation="repeatable_read"):
            come_to = await _come_to(connection)
            if come_to < counted:  # the tables were rebuilt
                return {}
            await _recount(connection, counted, come_to)
            return await compare(connection, TABLES, "pg_temp")
    finally:
        await connection.close()


async def _come_to(connection: Connection) -> int:
    [row] = await connection.fetch(QUERIES["analytics_position"], NAME)
    return int(row["position"])


async def _recount(connection: Connection, after: int, until: int) -> None:
    while after < until:
        rows = await connection.fetch(QUERIES["feed"], after, min(_RECOUNTED_AT_ONCE, until - after))
        if not rows:  # the projection is ahead of the log: rows from beyond its end differ
            return
        gathered = GatheredFigures()
        gathered.add([Notification(**dict(row)) for row in rows])
        async with connection.transaction():
            await gathered.write_into(connection, "pg_temp")
        after = rows[-1]["id"]
