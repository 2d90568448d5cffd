"""Analytics on PostgreSQL: the projection of the feed into figures per hour, and their queries."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

import msgspec

from adapters.postgres.analytics.folding import (
    TOPICS,
    TOPICS_OF_UPLOADS,
    BucketCreated,
    BucketUpdated,
    BytesInherited,
    Canceled,
    Completed,
    Deleted,
    DuplicateAvoided,
    Failed,
    Figures,
    Forgotten,
    ObjectCreated,
    ObjectDeleted,
    Place,
    Requested,
    Skipped,
    Started,
    StoredBytes,
    Upload,
    UploadChange,
    VerificationAbandoned,
    VerificationBegan,
    Verified,
    beginning_of,
    facts_of,
    folded,
    hour_of,
)
from adapters.postgres.database.comparing import Difference, compare
from adapters.postgres.database.connecting import Connection, PoolConnection, connect, log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import Reads
from adapters.postgres.events.event_log import packed_page
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
from application.ports.events.event_log import PackedPage

NAME: Final = "analytics.v2"
TABLES: Final = ("analytics_figures", "analytics_fields", "analytics_labels")
_GROUPS: Final = "analytics_groups"
_KEPT: Final = "analytics_kept"
_BEFORE: Final = "-infinity"  # the hour of the row for all hours that are no longer kept
_SUMMED_UP: Final = ("stored_bytes", "objects", "avoided", "avoided_bytes")
_RECOUNTED_AT_ONCE: Final = 10_000
_TRIMMED_AT_ONCE: Final = 1000
Key = tuple[tuple[str, str], ...]


class _Row(msgspec.Struct, gc=False):
    """The changes of one hour of a bucket, as the database takes them."""

    organization_id: str
    namespace_id: str
    bucket_id: str
    hour: datetime | str
    labels: Labels
    counts: dict[str, int]
    durations: dict[int, int]
    failures: dict[str, int]


class AnalyticsProjection:
    """Implements `BulkProjection` for the connection of a transaction."""

    name = NAME
    topics = TOPICS

    def gather(self) -> "GatheredFigures":
        """Return an empty collection."""
        return GatheredFigures()


class GatheredFigures:
    """The facts from events: of each upload, and of each hour of each bucket."""

    def __init__(self) -> None:
        self._after: int | None = None  # the position before the first event
        self._uploads: dict[str, Upload] = {}  # those that were requested here
        self._changes: defaultdict[str, list[UploadChange]] = defaultdict(list)  # of those that were requested earlier
        self._ended: dict[str, None] = {}  # forgotten or deleted uploads
        self._hours: dict[tuple[str, int, Key], tuple[Place, Figures]] = {}
        self._fields: dict[str, tuple[str, Sequence[str]]] = {}  # by bucket: the organization, and the last fields
        self._fields_then: dict[str, Sequence[str]] = {}  # by upload requested after its bucket was named here

    def add(self, page: PackedPage) -> None:
        """Add the facts from these events."""
        if self._after is None:
            self._after = page.after
        for states in page.states:
            for fact in facts_of(states):
                _ADD[type(fact)](self, fact)

    def request(self, fact: Requested) -> None:
        """Add an upload."""
        self._uploads[fact.upload_id] = fact.upload()
        if fact.origin.bucket_id in self._fields:
            self._fields_then[fact.upload_id] = self._fields[fact.origin.bucket_id][1]

    def change(self, fact: UploadChange) -> None:
        """Add a change of an upload."""
        upload = self._uploads.get(fact.upload_id)
        if upload is not None:
            fact.change(upload)
        else:
            self._changes[fact.upload_id].append(fact)

    def store(self, fact: StoredBytes) -> None:
        """Add a change of an upload and of its bucket."""
        fact.count(self._hour(fact.origin, fact.origin.at).counts)
        self.change(fact)

    def end(self, fact: Deleted | Forgotten) -> None:
        """Add the last change of an upload."""
        self.store(fact)
        self._ended[fact.upload_id] = None

    def happen(self, fact: DuplicateAvoided | ObjectCreated | ObjectDeleted) -> None:
        """Add a change of a bucket."""
        fact.count(self._hour(fact.origin, fact.origin.at).counts)

    def name_fields(self, fact: BucketCreated) -> None:
        """Add the fields of a bucket."""
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
        kept_from = await tables.kept_from()
        earlier = await self._earlier(transaction)
        before = await tables.labels(list(earlier))
        for upload_id, upload in earlier.items():
            known = before.get(upload_id)
            self._count(upload, known, -1)
            for fact in self._changes[upload_id]:
                fact.change(upload)
            self._count(upload, self._now(upload_id, known), 1)
        labels = await self._label(tables, kept_from)
        for upload_id, upload in self._uploads.items():
            self._count(upload, self._now(upload_id, labels.get(upload_id)), 1)
        await tables.add(self._rows(kept_from))
        await tables.keep_labels(
            [
                (upload_id, self._uploads[upload_id].place.organization_id, known)
                for upload_id, known in labels.items()
                if upload_id not in self._ended
            ]
        )
        await tables.drop_labels([each for each in self._ended if each in before])
        await tables.keep_fields(self._fields)

    async def _earlier(self, transaction: Connection | PoolConnection) -> dict[str, Upload]:
        """Return the uploads that were requested earlier, as they were before these events."""
        if not self._changes:
            return {}
        rows = await transaction.fetch(
            QUERIES["analytics_streams"], list(self._changes), self._after, list(TOPICS_OF_UPLOADS)
        )
        uploads = {upload_id: folded(states) for upload_id, states in rows}
        return {upload_id: upload for upload_id, upload in uploads.items() if upload is not None}

    async def _label(self, tables: "_Tables", kept_from: datetime | None) -> dict[str, Labels]:
        """Return the labels of the uploads that were requested here, in the order of their requests."""
        stored = await tables.fields({upload.place.bucket_id for upload in self._uploads.values()})
        if not stored and not self._fields_then:
            return {}
        found: dict[str, Labels] = {}
        limits: dict[tuple[str, date], LabelLimits] = {}
        # which values were within the limits of a month is kept as long as its figures
        past = [each for each, upload in self._uploads.items() if kept_from is not None and upload.place.at < kept_from]
        live = await tables.live_labels(past)
        for upload_id, upload in self._uploads.items():
            place = upload.place
            fields = self._fields_then.get(upload_id, stored.get(place.bucket_id, ()))
            if not fields or upload.metadata is None:
                continue
            if upload_id in live:
                found[upload_id] = live[upload_id]
                continue
            metadata = msgspec.json.decode(upload.metadata)
            if metadata is None:
                found[upload_id] = (await tables.live_labels([upload_id])).get(upload_id) or erased(fields)
                continue
            month = place.bucket_id, place.at.date().replace(day=1)
            if month not in limits:
                limits[month] = LabelLimits(await tables.groups(*month))
            found[upload_id] = limits[month].limited(labels_of(metadata, fields))
            for new in limits[month].new:
                await tables.keep_group(*month, new, place.organization_id)
            limits[month].new.clear()
        return found

    def _now(self, upload_id: str, labels: Labels | None) -> Labels | None:
        return erased(labels or ()) if upload_id in self._ended else labels

    def _count(self, upload: Upload, labels: Labels | None, sign: int) -> None:
        place = upload.place
        upload.count(self._hour(place, place.at), sign)
        if labels:
            key = tuple(sorted(labels.items()))
            upload.count(self._hour(place, place.at, key), sign)
            for at, stored_bytes in upload.stored:
                self._hour(place, at, key).counts["stored_bytes"] += sign * stored_bytes

    def _rows(self, kept_from: datetime | None) -> list[_Row]:
        """Return the changes of each hour; those of hours that are no longer kept are summed up."""
        rows: list[_Row] = []
        before: dict[tuple[str, Key], tuple[Place, Figures]] = {}
        first = None if kept_from is None else hour_of(kept_from)
        for (bucket_id, hour, key), (place, figures) in self._hours.items():
            if first is None or hour >= first:
                rows.append(_row(bucket_id, beginning_of(hour), key, place, figures))
                continue
            _, summed = before.setdefault((bucket_id, key), (place, Figures()))
            for name in _SUMMED_UP:
                summed.counts[name] += figures.counts[name]
        for (bucket_id, key), (place, figures) in before.items():
            if any(figures.counts.values()):
                rows.append(_row(bucket_id, _BEFORE, key, place, figures))
        return rows

    def _hour(self, place: Place, at: datetime, key: Key = ()) -> Figures:
        hour = place.bucket_id, hour_of(at), key
        found = self._hours.get(hour)
        if found is None:
            found = self._hours[hour] = place, Figures()
        return found[1]


_ADD: Final[Mapping[type, Callable[[GatheredFigures, Any], None]]] = {
    **dict.fromkeys((Requested, Skipped), GatheredFigures.request),
    **dict.fromkeys((Started, VerificationBegan, VerificationAbandoned, Verified, Failed), GatheredFigures.change),
    **dict.fromkeys((Completed, Canceled, BytesInherited), GatheredFigures.store),
    **dict.fromkeys((Deleted, Forgotten), GatheredFigures.end),
    **dict.fromkeys((DuplicateAvoided, ObjectCreated, ObjectDeleted), GatheredFigures.happen),
    **dict.fromkeys((BucketCreated, BucketUpdated), GatheredFigures.name_fields),
}


def _row(bucket_id: str, hour: datetime | str, key: Key, place: Place, figures: Figures) -> _Row:
    return _Row(
        place.organization_id,
        place.namespace_id,
        bucket_id,
        hour,
        dict(key),
        changed(figures.counts),
        changed(figures.durations),
        changed(figures.failures),
    )


class _Tables:
    """The tables of a schema, which are those of the figures or a new count's own."""

    def __init__(self, transaction: Connection | PoolConnection, schema: str) -> None:
        self._transaction = transaction
        self._schema = schema

    def _query(self, name: str) -> str:
        return QUERIES[name].replace("upwell.analytics_", f"{self._schema}.analytics_")

    async def kept_from(self) -> datetime | None:
        """Return the first hour whose figures are kept, None for all. Nothing is trimmed until the transaction ends."""
        row = await self._transaction.fetchrow(self._query("hold_analytics"))
        return None if row is None else cast("datetime | None", row[0])

    async def add(self, rows: Sequence[_Row]) -> None:
        """Add changes, and remove the rows of groups and of former hours that have become empty."""
        if rows:
            await self._transaction.execute(self._query("add_analytics_figures"), _json(rows))
        if grouped := [row for row in rows if row.labels or row.hour == _BEFORE]:
            await self._transaction.execute(self._query("remove_empty_analytics_figures"), _json(grouped))

    async def labels(self, upload_ids: Sequence[str]) -> dict[str, Labels]:
        """Return the labels of uploads that have some."""
        if not upload_ids:
            return {}
        rows = await self._transaction.fetch(self._query("analytics_labels"), upload_ids)
        return {row["upload_id"]: row["labels"] for row in rows}

    async def live_labels(self, upload_ids: Sequence[str]) -> dict[str, Labels]:
        """Return the labels in the figures that callers see, whose reader may not know yet that they were erased."""
        if not upload_ids:
            return {}
        rows = await self._transaction.fetch(QUERIES["analytics_labels"], upload_ids)
        return {row["upload_id"]: row["labels"] for row in rows}

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


def changed(counts: Mapping[Any, int]) -> dict[Any, int]:
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

    async def areas(self) -> Sequence[Area]:
        """Return an area for each bucket."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_areas"])
        return [
            Area(
                organization_id=row["organization_id"],
                namespace_id=row["namespace_id"],
                bucket_ids=frozenset({row["bucket_id"]}),
            )
            for row in rows
        ]

    async def keeps(self, area: Area, field: str) -> bool:
        """Return whether a bucket names this field."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["analytics_keeps"], *_where(area)[:3], field)
        return bool(row and row["kept"])

    async def progress(self) -> Progress:
        """Return the progress of the projection."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["analytics_position"], NAME)
        return Progress(position=row["position"], head=row["head"], kept_from=row["kept_from"])

    async def trim(self, *, before: datetime) -> bool:
        """Drop some figures of hours before a time; return whether more remain."""
        async with log_errors():
            return bool(await self._reads.fetchval(QUERIES["trim_analytics"], before, _TRIMMED_AT_ONCE))


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


async def rebuild_analytics(url: str, kept: timedelta | None = None) -> None:
    """Empty the tables and reset the position, atomically: workers rebuild them.

    `url`: the owner's. `kept`: for how long figures are kept; None: forever.
    """
    connection = await connect(url, role=None)
    try:
        async with connection.transaction():
            await connection.execute(f"TRUNCATE {', '.join(f'upwell.{table}' for table in (*TABLES, _GROUPS))}")
            await connection.execute(QUERIES["forget_subscription"], NAME)
            await connection.execute(QUERIES["keep_analytics_from"], kept)
    finally:
        await connection.close()


async def check_analytics(url: str) -> dict[str, Difference]:
    """Recount the log up to the projection's position; return the differing rows by table.

    Nothing is changed, and workers may keep running. `url`: the owner's.
    """
    connection = await connect(url, role=None)
    try:
        for table in (*TABLES, _GROUPS, _KEPT):
            await connection.execute(f"CREATE TEMP TABLE {table} (LIKE upwell.{table} INCLUDING ALL)")
        # which values are beyond the limits depends on uploads that were erased since
        for table in (_GROUPS, _KEPT):
            await connection.execute(f"INSERT INTO pg_temp.{table} TABLE upwell.{table}")
        counted = await _come_to(connection)
        await _recount(connection, 0, counted)
        async with connection.transaction(isolation="repeatable_read"):
            come_to = await _come_to(connection)
            if come_to < counted or await _trimmed(connection):  # the tables were rebuilt, or lost hours meanwhile
                return {}
            await _recount(connection, counted, come_to)
            return await compare(connection, TABLES, "pg_temp")
    finally:
        await connection.close()


async def _come_to(connection: Connection) -> int:
    [row] = await connection.fetch(QUERIES["analytics_position"], NAME)
    return int(row["position"])


async def _trimmed(connection: Connection) -> bool:
    found = await connection.fetchval(
        f"SELECT l.kept_from <> c.kept_from FROM upwell.{_KEPT} l, pg_temp.{_KEPT} c"  # noqa: S608  # a fixed name
    )
    return bool(found)


async def _recount(connection: Connection, after: int, until: int) -> None:
    while after < until:
        limit = min(_RECOUNTED_AT_ONCE, until - after)
        page = packed_page(after, await connection.fetch(QUERIES["packed_feed"], after, limit, list(TOPICS)))
        if page is None:  # the projection is ahead of the log: rows from beyond its end differ
            return
        gathered = GatheredFigures()
        gathered.add(page)
        async with connection.transaction():
            await gathered.write_into(connection, "pg_temp")
        after = page.position
