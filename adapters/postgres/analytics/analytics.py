"""Analytics on PostgreSQL: the projection of the feed into two tables, and their queries."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec

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
from application.ports.events.event_log import Notification
from domain.events.event import topic_of
from domain.objects.object import ObjectCreated, ObjectDeleted
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import Status
from domain.uploads.upload_events import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadDeleted,
    UploadFailed,
    UploadForgotten,
    UploadRequested,
    UploadSkipped,
    UploadStarted,
    UploadVerificationAbandoned,
    UploadVerificationBegan,
    UploadVerified,
)

NAME: Final = "analytics.v1"
TABLES: Final = ("analytics_uploads", "analytics_hours")
_RECOUNTED_AT_ONCE: Final = 10_000
_HOUR: Final = timedelta(hours=1)
_PENDING, _IN_PROGRESS, _COMPLETED, _FAILED, _CANCELED, _SKIPPED = (
    each.value
    for each in (Status.PENDING, Status.IN_PROGRESS, Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.SKIPPED)
)


class _Place(msgspec.Struct, gc=False):
    at: datetime
    organization_id: str
    namespace_id: str = ""
    bucket_id: str = ""


class _Content(msgspec.Struct, gc=False):
    size_bytes: int


class Fact(msgspec.Struct, gc=False):
    """The fields of an event that analytics need; a replay decodes nothing else."""

    origin: _Place
    upload_id: str = ""
    reason: str | None = None
    content: _Content | None = None
    duplicate_of: str | None = None
    accepted_bytes: int = 0
    kept_bytes: int = 0
    freed_bytes: int = 0
    saved_bytes: int = 0


fact_of: Final = msgspec.json.Decoder(Fact).decode


_SHORT: Final = {
    "upload_id": "id",
    "organization_id": "org",
    "namespace_id": "ns",
    "bucket_id": "bucket",
    "requested_at": "asked",
    "started_at": "began",
    "completed_at": "done",
    "processing": "busy",
    "size_bytes": "size",
    "duplicate": "twin",
}


class _Upload(msgspec.Struct, omit_defaults=True, gc=False, rename=_SHORT):
    """The facts about an upload from some events. None: no fact. With `requested_at`, the upload is new.

    PostgreSQL parses a row with short names in half the time.
    """

    upload_id: str
    organization_id: str | None = None
    namespace_id: str | None = None
    bucket_id: str | None = None
    requested_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    status: str | None = None
    processing: bool | None = None
    reason: str | None = None
    size_bytes: int | None = None
    duplicate: bool | None = None


class _Hour(msgspec.Struct, gc=False):
    """The facts about one hour of a bucket from some events."""

    organization_id: str
    namespace_id: str
    bucket_id: str
    hour: datetime
    end: datetime
    stored_bytes: int = 0
    objects: int = 0
    avoided: int = 0
    avoided_bytes: int = 0


class AnalyticsProjection:
    """Implements `BulkProjection` for the connection of a transaction."""

    name = NAME

    def gather(self) -> "GatheredFigures":
        """Return an empty collection."""
        return GatheredFigures()


class GatheredFigures:
    """The facts from events: for each upload, and for each hour of each bucket."""

    def __init__(self) -> None:
        self._uploads: dict[str, _Upload] = {}
        self._hours: dict[tuple[str, datetime], _Hour] = {}
        self._latest: dict[str, _Hour] = {}  # by bucket: most events are in the same hour as the previous one

    def add(self, page: Sequence[Notification]) -> None:
        """Add the facts from these events."""
        arms = self._ARMS
        for each in page:
            arm = arms.get(each.topic)
            if arm is not None:
                arm(self, fact_of(each.state))

    async def write(self, transaction: PoolConnection) -> None:
        """Write all facts: one statement per table."""
        await self.write_into(transaction, "upwell")

    async def write_into(self, transaction: Connection | PoolConnection, schema: str) -> None:
        """Write all facts into the tables of a schema."""
        # a crash of PostgreSQL loses the position as well, so that the rows are written again
        await transaction.execute(
            "SET LOCAL synchronous_commit = off;"
            # plans are made while the tables are empty, and kept as they grow
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
        )
        new: list[_Upload] = []
        changed: list[_Upload] = []
        for upload in self._uploads.values():
            (changed if upload.requested_at is None else new).append(upload)
        for statement, rows in (
            ("insert_analytics_uploads", new),
            ("update_analytics_uploads", changed),
            ("add_analytics_hours", list(self._hours.values())),
        ):
            if rows:
                query = QUERIES[statement].replace("upwell.analytics_", f"{schema}.analytics_")
                await transaction.execute(query, msgspec.json.encode(rows).decode())

    def _requested(self, fact: Fact) -> None:
        self._new(fact, _PENDING)

    def _skipped(self, fact: Fact) -> None:
        self._new(fact, _SKIPPED)

    def _started(self, fact: Fact) -> None:
        upload = self._upload(fact, _IN_PROGRESS)
        upload.started_at = upload.started_at or fact.origin.at

    def _verification_began(self, fact: Fact) -> None:
        upload = self._upload(fact)
        upload.started_at = upload.started_at or fact.origin.at
        upload.processing = True

    def _verification_abandoned(self, fact: Fact) -> None:
        self._upload(fact).processing = False

    def _verified(self, fact: Fact) -> None:
        if fact.content is not None:
            self._upload(fact).size_bytes = fact.content.size_bytes

    def _completed(self, fact: Fact) -> None:
        upload = self._upload(fact, _COMPLETED)
        upload.completed_at = fact.origin.at
        upload.duplicate = fact.duplicate_of is not None
        self._hour(fact).stored_bytes += fact.accepted_bytes

    def _failed(self, fact: Fact) -> None:
        self._upload(fact, _FAILED).reason = fact.reason

    def _canceled(self, fact: Fact) -> None:
        self._upload(fact, _CANCELED)
        self._hour(fact).stored_bytes += fact.kept_bytes

    def _forgotten(self, fact: Fact) -> None:
        self._hour(fact).stored_bytes -= fact.freed_bytes

    def _inherited(self, fact: Fact) -> None:
        self._hour(fact).stored_bytes += fact.accepted_bytes

    def _avoided(self, fact: Fact) -> None:
        hour = self._hour(fact)
        hour.avoided += 1
        hour.avoided_bytes += fact.saved_bytes

    def _object_created(self, fact: Fact) -> None:
        self._hour(fact).objects += 1

    def _object_deleted(self, fact: Fact) -> None:
        self._hour(fact).objects -= 1

    def _new(self, fact: Fact, status: str) -> None:
        place = fact.origin
        self._uploads[fact.upload_id] = _Upload(
            fact.upload_id,
            place.organization_id,
            place.namespace_id,
            place.bucket_id,
            requested_at=place.at,
            status=status,
            processing=False,
            duplicate=False,
        )

    def _upload(self, fact: Fact, status: str | None = None) -> _Upload:
        """Return the facts about an upload. Every status but `processing` ends the processing."""
        upload = self._uploads.get(fact.upload_id)
        if upload is None:
            upload = self._uploads[fact.upload_id] = _Upload(fact.upload_id)
        if status is not None:
            upload.status = status
            upload.processing = False
        return upload

    def _hour(self, fact: Fact) -> _Hour:
        place = fact.origin
        hour = self._latest.get(place.bucket_id)
        if hour is None or not hour.hour <= place.at < hour.end:
            begin = step_begin(place.at, Interval.HOUR)
            hour = self._hours.get((place.bucket_id, begin))
            if hour is None:
                hour = _Hour(place.organization_id, place.namespace_id, place.bucket_id, begin, begin + _HOUR)
                self._hours[place.bucket_id, begin] = hour
            self._latest[place.bucket_id] = hour
        return hour

    _ARMS: ClassVar[Mapping[str, Callable[["GatheredFigures", Fact], None]]] = {
        topic_of(UploadRequested): _requested,
        topic_of(UploadSkipped): _skipped,
        topic_of(UploadStarted): _started,
        topic_of(UploadVerificationBegan): _verification_began,
        topic_of(UploadVerificationAbandoned): _verification_abandoned,
        topic_of(UploadVerified): _verified,
        topic_of(UploadCompleted): _completed,
        topic_of(UploadFailed): _failed,
        topic_of(UploadCanceled): _canceled,
        topic_of(UploadBytesInherited): _inherited,
        topic_of(UploadDeleted): _forgotten,
        topic_of(UploadForgotten): _forgotten,
        topic_of(UploadDuplicateAvoided): _avoided,
        topic_of(ObjectCreated): _object_created,
        topic_of(ObjectDeleted): _object_deleted,
    }


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
    median, p95, p99 = row.pop("latency_ms") or (None, None, None)
    return UploadFigures(latency_p50_ms=median, latency_p95_ms=p95, latency_p99_ms=p99, **row)


async def rebuild_analytics(url: str) -> None:
    """Empty the tables and reset the position, atomically: workers rebuild them. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        async with connection.transaction():
            await connection.execute("TRUNCATE upwell.analytics_uploads, upwell.analytics_hours")
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
