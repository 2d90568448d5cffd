"""Analytics on PostgreSQL: the projection of the feed into figures per hour, and their queries."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from adapters.postgres.analytics.folding import (
    CHANGES,
    FORGETS,
    HAPPENED,
    NAMES_FIELDS,
    REQUESTS,
    STORES,
    Fact,
    Figures,
    Place,
    Upload,
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
from application.ports.analytics.labels import LabelLimits, Labels, erased, label_of, labels_of
from application.ports.events.event_log import Notification

NAME: Final = "analytics.v2"
TABLES: Final = ("analytics_figures", "analytics_fields", "analytics_labels")
_GROUPS: Final = "analytics_groups"
_RECOUNTED_AT_ONCE: Final = 10_000
_OF_UPLOADS: Final = REQUESTS | CHANGES.keys() | STORES
Key = tuple[tuple[str, str], ...]


class _Row(msgspec.Struct, gc=False):
    """The changes of one hour of a bucket, as the database takes them."""

    organization_id: str
    namespace_id: str
    bucket_id: str
    hour: datetime
    labels: Labels
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
        self._hours: dict[tuple[str, datetime, Key], tuple[Place, Figures]] = {}
        self._fields: dict[str, tuple[str, Sequence[str]]] = {}  # by bucket: the organization, and the last fields
        self._fields_then: dict[str, Sequence[str]] = {}  # by upload requested after its bucket was named here

    def add(self, page: Sequence[Notification]) -> None:
        """Add the facts from these events."""
        if page and not self._first:
            self._first = page[0].id
        for each in page:
            topic = each.topic
            if topic in _OF_UPLOADS:
                fact = fact_of(each.state)
                self._uploads.setdefault(fact.upload_id, []).append((topic, fact))
                if topic in REQUESTS and fact.origin.bucket_id in self._fields:
                    self._fields_then[fact.upload_id] = self._fields[fact.origin.bucket_id][1]
                if topic in STORES:
                    HAPPENED[topic](self._hour(fact.origin).counts, fact)
            elif topic in HAPPENED:
                fact = fact_of(each.state)
                HAPPENED[topic](self._hour(fact.origin).counts, fact)
            elif topic in NAMES_FIELDS:
                fact = fact_of(each.state)
                self._fields[fact.origin.bucket_id] = fact.origin.organization_id, fact.analytics_fields

    async def write(self, transaction: PoolConnection) -> None:
        """Write all facts."""
        await self.write_into(transaction, "upwell")

    async def write_into(self, transaction: Connection | PoolConnection, schema: str) -> None:
        """Write all facts into the tables of a schema."""
        # a crash of PostgreSQL loses the position as well, so that the rows are written again
        await transaction.execute(
            "SET LOCAL synchronous_commit = off;"
            # plans are made while the tables are empty, and kept as they grow
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
        )
        tables = _Tables(transaction, schema)
        earlier = await self._earlier(transaction)
        before = await tables.labels([each for each in self._uploads if each in earlier])
        labels = await self._label(tables)
        ended = []
        for upload_id, events in self._uploads.items():
            known = folded(earlier.get(upload_id, ()))
            was = before.get(upload_id)
            if known is not None:
                self._count(known, was, -1)
            now = labels.get(upload_id, was)
            if any(topic in FORGETS for topic, _ in events):
                ended.append(upload_id)
                now = erased(now or ())
            upload = folded(events, known)
            if upload is not None:
                self._count(upload, now, 1)
        await tables.add(
            [
                _Row(
                    place.organization_id,
                    place.namespace_id,
                    bucket_id,
                    hour,
                    dict(key),
                    changed(figures.counts),
                    changed(figures.durations),
                    changed(figures.failures),
                )
                for (bucket_id, hour, key), (place, figures) in self._hours.items()
            ]
        )
        organizations = {upload_id: self._uploads[upload_id][0][1].origin.organization_id for upload_id in labels}
        await tables.keep_labels([(each, organizations[each], labels[each]) for each in labels if each not in ended])
        await tables.drop_labels([each for each in ended if each in before])
        await tables.keep_fields(self._fields)

    async def _earlier(self, transaction: Connection | PoolConnection) -> dict[str, list[tuple[str, Fact]]]:
        """Return the earlier events of the uploads that were requested earlier."""
        known = [upload_id for upload_id, ((topic, _), *_) in self._uploads.items() if topic not in REQUESTS]
        found: dict[str, list[tuple[str, Fact]]] = {}
        if known:
            for row in await transaction.fetch(QUERIES["analytics_streams"], known, self._first):
                found.setdefault(row["originator_id"], []).append((row["topic"], fact_of(row["state"])))
        return found

    async def _label(self, tables: "_Tables") -> dict[str, Labels]:
        """Return the labels of the uploads that were requested here, in the order of their requests."""
        requests = {upload_id: fact for upload_id, ((topic, fact), *_) in self._uploads.items() if topic in REQUESTS}
        stored = await tables.fields({fact.origin.bucket_id for fact in requests.values()})
        found: dict[str, Labels] = {}
        limits: dict[tuple[str, date], LabelLimits] = {}
        for upload_id, fact in requests.items():
            place = fact.origin
            fields = self._fields_then.get(upload_id, stored.get(place.bucket_id, ()))
            if not fields or fact.request is None:
                continue
            metadata = msgspec.json.decode(fact.request.metadata)
            if metadata is None:
                found[upload_id] = (await tables.live_labels(upload_id)) or erased(fields)
                continue
            month = place.bucket_id, place.at.date().replace(day=1)
            if month not in limits:
                limits[month] = LabelLimits(await tables.groups(*month))
            found[upload_id] = limits[month].limited(labels_of(metadata, fields))
            for new in limits[month].new:
                await tables.keep_group(*month, new, place.organization_id)
            limits[month].new.clear()
        return found

    def _count(self, upload: Upload, labels: Labels | None, sign: int) -> None:
        upload.count(self._hour(upload.place), sign)
        if labels:
            key = tuple(sorted(labels.items()))
            upload.count(self._hour(upload.place, key), sign)
            for hour, stored_bytes in upload.stored_bytes.items():
                self._at(upload.place, hour, key).counts["stored_bytes"] += sign * stored_bytes

    def _hour(self, place: Place, key: Key = ()) -> Figures:
        return self._at(place, hour_of(place), key)

    def _at(self, place: Place, hour: datetime, key: Key) -> Figures:
        found = self._hours.get((place.bucket_id, hour, key))
        if found is None:
            found = self._hours[place.bucket_id, hour, key] = place, Figures()
        return found[1]


class _Tables:
    """The tables of a schema, which are those of the figures or a new count's own."""

    def __init__(self, transaction: Connection | PoolConnection, schema: str) -> None:
        self._transaction = transaction
        self._schema = schema

    def _query(self, name: str) -> str:
        return QUERIES[name].replace("upwell.analytics_", f"{self._schema}.analytics_")

    async def add(self, rows: Sequence[_Row]) -> None:
        """Add changes, and remove the groups that have become empty."""
        if rows:
            await self._transaction.execute(self._query("add_analytics_figures"), _json(rows))
        if grouped := [row for row in rows if row.labels]:
            await self._transaction.execute(self._query("remove_empty_analytics_figures"), _json(grouped))

    async def labels(self, upload_ids: Sequence[str]) -> dict[str, Labels]:
        """Return the labels of uploads that have some."""
        if not upload_ids:
            return {}
        rows = await self._transaction.fetch(self._query("analytics_labels"), upload_ids)
        return {row["upload_id"]: row["labels"] for row in rows}

    async def live_labels(self, upload_id: str) -> Labels | None:
        """Return the labels in the figures that callers see, whose reader may not know yet that they were erased."""
        rows = await self._transaction.fetch(QUERIES["analytics_labels"], [upload_id])
        return rows[0]["labels"] if rows else None

    async def keep_labels(self, labels: Sequence[tuple[str, str, Labels]]) -> None:
        """Keep the labels of uploads: (upload, organization, labels)."""
        if labels:
            await self._transaction.execute(self._query("add_analytics_labels"), _json(labels))

    async def drop_labels(self, upload_ids: Sequence[str]) -> None:
        """Drop the labels of uploads."""
        if upload_ids:
            await self._transaction.execute(self._query("remove_analytics_labels"), upload_ids)

    async def fields(self, bucket_ids: Collection[str]) -> dict[str, Sequence[str]]:
        """Return the fields of buckets that have some."""
        if not bucket_ids:
            return {}
        rows = await self._transaction.fetch(self._query("analytics_fields"), sorted(bucket_ids))
        return {row["bucket_id"]: row["fields"] for row in rows}

    async def keep_fields(self, fields: Mapping[str, tuple[str, Sequence[str]]]) -> None:
        """Keep the fields of buckets: (organization, fields) by bucket."""
        if not fields:
            return
        await self._transaction.execute(self._query("remove_analytics_fields"), list(fields))
        kept = [(bucket_id, organization_id, names) for bucket_id, (organization_id, names) in fields.items() if names]
        if kept:
            await self._transaction.execute(self._query("add_analytics_fields"), _json(kept))

    async def groups(self, bucket_id: str, month: date) -> list[Labels]:
        """Return the combinations of labels in a month of a bucket."""
        rows = await self._transaction.fetch(self._query("analytics_groups"), bucket_id, month)
        return [row["labels"] for row in rows]

    async def keep_group(self, bucket_id: str, month: date, labels: Labels, organization_id: str) -> None:
        """Keep a combination of labels."""
        await self._transaction.execute(
            self._query("add_analytics_group"), bucket_id, month, _json(labels), organization_id
        )


def changed(counts: Counter[Any]) -> dict[Any, int]:
    """Return the counters that are not 0."""
    return {name: count for name, count in counts.items() if count}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class PostgresAnalytics:
    """Implements `Analytics`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def uploads(
        self, area: Area, *, start: datetime, end: datetime, step: Interval, by: str | None = None
    ) -> Sequence[UploadFigures]:
        """Return the outcomes of requested uploads, per interval and in total."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_uploads"], *_where(area), start, end, step.value, by)
        found = [_figures(dict(row)) for row in rows]
        return found if found or by is not None else [UploadFigures(at=None)]

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return failed uploads by reason, the most frequent first."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_failures"], *_where(area), start, end)
        return {row["reason"]: row["uploads"] for row in rows}

    async def changes(
        self, area: Area, *, start: datetime, end: datetime, step: Interval, by: str | None = None
    ) -> Sequence[Change]:
        """Return the state before `start`, and the changes of each interval."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_changes"], *_where(area), start, end, step.value, by)
        return [Change(**dict(row)) for row in rows]

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return the contents of buckets, and their changes."""
        begin = step_begin(start, Interval.HOUR)
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_buckets"], *_where(area), begin, end, limit)
        return [BucketFigures(**dict(row)) for row in rows]

    async def keeps(self, area: Area, field: str) -> bool:
        """Return whether a bucket names this field."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["analytics_keeps"], *_where(area)[:3], field)
        return bool(row and row["kept"])

    async def progress(self) -> Progress:
        """Return the progress of the projection."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["analytics_position"], NAME)
        return Progress(position=row["position"], head=row["head"])


def _where(area: Area) -> tuple[str, str | None, list[str] | None, str]:
    buckets = None if area.bucket_ids is None else sorted(area.bucket_ids)
    labels = {field: label_of(text) for field, text in area.metadata.items()}
    return area.organization_id, area.namespace_id, buckets, _json(labels)


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
    """Empty the tables and reset the position, atomically: workers rebuild them. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        async with connection.transaction():
            await connection.execute(f"TRUNCATE {', '.join(f'upwell.{table}' for table in (*TABLES, _GROUPS))}")
            await connection.execute(QUERIES["forget_subscription"], NAME)
    finally:
        await connection.close()


async def check_analytics(url: str) -> dict[str, Difference]:
    """Recount the log up to the projection's position; return the differing rows by table.

    Nothing is changed, and workers may keep running. `url`: the owner's.
    """
    connection = await connect(url, role=None)
    try:
        for table in (*TABLES, _GROUPS):
            await connection.execute(f"CREATE TEMP TABLE {table} (LIKE upwell.{table} INCLUDING ALL)")
        # which values are beyond the limits depends on uploads that were erased since
        await connection.execute(f"INSERT INTO pg_temp.{_GROUPS} TABLE upwell.{_GROUPS}")
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
