"""Figures on PostgreSQL: two tables that the feed is made into, and what is asked of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.postgres.connecting import PoolConnection, connect, log_errors
from adapters.postgres.queries import QUERIES
from adapters.postgres.tenancy import Reads
from application.ports.analytics import Area, BucketFigures, Change, Progress, Step, UploadFigures, step_begin
from application.subscribing import Recorded
from domain.events import Event, Origin, topic_of
from domain.object import ObjectCreated, ObjectDeleted
from domain.upload import (
    Status,
    UploadCanceled,
    UploadCompleted,
    UploadDuplicateAvoided,
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
_KINDS: Final = (
    UploadRequested,
    UploadSkipped,
    UploadStarted,
    UploadVerificationBegan,
    UploadVerificationAbandoned,
    UploadVerified,
    UploadCompleted,
    UploadFailed,
    UploadCanceled,
    UploadForgotten,
    UploadDuplicateAvoided,
    ObjectCreated,
    ObjectDeleted,
)
_WANTED: Final = frozenset(topic_of(kind) for kind in _KINDS)


@dataclass(slots=True)
class _Upload:
    """What a page of events says of an upload. `requested`: it is new, and this is where; None elsewhere: nothing."""

    requested: Origin | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    status: str | None = None
    processing: bool | None = None
    reason: str | None = None
    size_bytes: int | None = None
    duplicate: bool | None = None


@dataclass(slots=True)
class _Hour:
    """What a page of events says of an hour of a bucket."""

    stored_bytes: int = 0
    objects: int = 0
    avoided: int = 0
    avoided_bytes: int = 0


class AnalyticsProjection:
    """Implements `Projection` for the connection of a transaction."""

    name = NAME
    topics: frozenset[str] | None = _WANTED

    async def project(self, transaction: PoolConnection, events: Sequence[Recorded]) -> None:
        """Write what these events mean: each table at once."""
        sums = _Sums()
        for recorded in events:
            sums.add(recorded.event)
        uploads, hours = sums.uploads, sums.hours
        # what a crash of PostgreSQL takes away goes together with the position, and is made again
        await transaction.execute("SET LOCAL synchronous_commit = off")
        new = {upload_id: each for upload_id, each in uploads.items() if each.requested is not None}
        if new:
            places = [each.requested for each in new.values() if each.requested is not None]
            await transaction.execute(
                QUERIES["insert_analytics_uploads"],
                list(new),
                [place.organization_id for place in places],
                [place.namespace_id for place in places],
                [place.bucket_id for place in places],
                [place.at for place in places],
                *_columns(list(new.values())),
            )
        if len(new) < len(uploads):
            changed = {upload_id: each for upload_id, each in uploads.items() if each.requested is None}
            await transaction.execute(
                QUERIES["update_analytics_uploads"], list(changed), *_columns(list(changed.values()))
            )
        if hours:
            await transaction.execute(
                QUERIES["add_analytics_hours"],
                *([key[number] for key in hours] for number in range(4)),
                [each.stored_bytes for each in hours.values()],
                [each.objects for each in hours.values()],
                [each.avoided for each in hours.values()],
                [each.avoided_bytes for each in hours.values()],
            )


_Place = tuple[str, str | None, str | None, datetime]


class _Sums:
    """What a page of events comes to: for each upload, and for each hour of each bucket."""

    def __init__(self) -> None:
        self.uploads: dict[str, _Upload] = {}
        self.hours: dict[_Place, _Hour] = {}

    def add(self, event: Event) -> None:  # noqa: C901, PLR0912  # one arm for every event
        """Add an event."""
        at = event.origin.at
        match event:
            case UploadRequested():
                self._new(event.upload_id, Status.PENDING, event.origin)
            case UploadSkipped():
                self._new(event.upload_id, Status.SKIPPED, event.origin)
            case UploadStarted():
                upload = self._upload(event.upload_id, Status.IN_PROGRESS)
                upload.started_at = upload.started_at or at
            case UploadVerificationBegan():
                upload = self._upload(event.upload_id)
                upload.started_at = upload.started_at or at
                upload.processing = True
            case UploadVerificationAbandoned():
                self._upload(event.upload_id).processing = False
            case UploadVerified():
                self._upload(event.upload_id).size_bytes = event.content.size_bytes
            case UploadCompleted():
                upload = self._upload(event.upload_id, Status.COMPLETED)
                upload.completed_at = at
                upload.duplicate = event.duplicate_of is not None
                self._hour(event).stored_bytes += event.accepted_bytes
            case UploadFailed():
                self._upload(event.upload_id, Status.FAILED).reason = event.reason
            case UploadCanceled():
                self._upload(event.upload_id, Status.CANCELED)
                self._hour(event).stored_bytes += event.kept_bytes
            case UploadForgotten():
                self._hour(event).stored_bytes -= event.freed_bytes
            case UploadDuplicateAvoided():
                hour = self._hour(event)
                hour.avoided += 1
                hour.avoided_bytes += event.saved_bytes
            case ObjectCreated():
                self._hour(event).objects += 1
            case ObjectDeleted():
                self._hour(event).objects -= 1
            case _:
                raise AssertionError(f"{topic_of(event)} was not asked for")

    def _new(self, upload_id: str, status: Status, requested: Origin) -> None:
        upload = self._upload(upload_id, status)
        upload.requested = requested
        upload.duplicate = False

    def _upload(self, upload_id: str, status: Status | None = None) -> _Upload:
        """Return what is known of an upload. Each status but that of processing ends the processing."""
        upload = self.uploads.get(upload_id)
        if upload is None:
            upload = self.uploads[upload_id] = _Upload()
        if status is not None:
            upload.status = status
            upload.processing = False
        return upload

    def _hour(self, event: Event) -> _Hour:
        origin = event.origin
        place = (origin.organization_id, origin.namespace_id, origin.bucket_id, step_begin(origin.at, Step.HOUR))
        hour = self.hours.get(place)
        if hour is None:
            hour = self.hours[place] = _Hour()
        return hour


def _columns(uploads: Collection[_Upload]) -> tuple[list[object], ...]:
    """Return what is known of uploads, column by column, in the order of both statements."""
    return (
        [each.started_at for each in uploads],
        [each.completed_at for each in uploads],
        [each.status for each in uploads],
        [each.processing for each in uploads],
        [each.reason for each in uploads],
        [each.size_bytes for each in uploads],
        [each.duplicate for each in uploads],
    )


class PostgresAnalytics:
    """Implements `Analytics`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def uploads(self, area: Area, *, start: datetime, end: datetime, step: Step) -> Sequence[UploadFigures]:
        """Return what became of the uploads that were requested, step by step, and in all."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_uploads"], *_where(area), start, step.value, end)
        return [_figures(dict(row)) for row in rows]

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return the uploads that failed by reason, most first."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_failures"], *_where(area), start, end)
        return {row["reason"]: row["uploads"] for row in rows}

    async def changes(self, area: Area, *, start: datetime, end: datetime, step: Step) -> Sequence[Change]:
        """Return what was before, and what each step has changed."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_changes"], *_where(area), start, step.value, end)
        return [Change(**dict(row)) for row in rows]

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return what buckets hold, and what has changed in it."""
        begin = step_begin(start, Step.HOUR)
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["analytics_buckets"], *_where(area), begin, end, limit)
        return [BucketFigures(**dict(row)) for row in rows]

    async def progress(self) -> Progress:
        """Return how far the figures have come."""
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
    """Empty the tables and forget the position, at once: workers make them anew. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        async with connection.transaction():
            await connection.execute("TRUNCATE upwell.analytics_uploads, upwell.analytics_hours")
            await connection.execute(QUERIES["forget_subscription"], NAME)
    finally:
        await connection.close()
