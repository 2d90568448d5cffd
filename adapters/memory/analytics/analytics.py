"""Analytics, computed from the log for each query."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from application.ports.analytics.analytics import (
    Area,
    BucketFigures,
    Change,
    Interval,
    Progress,
    UploadFigures,
    step_begin,
)
from application.ports.events.event_log import EventLog
from domain.events.event import Event
from domain.events.registry import BY_TAG, decode
from domain.objects.object import ObjectCreated, ObjectDeleted
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import STATUS_OF, UPLOAD, Completed, Failed, Status, Upload
from domain.uploads.upload_events import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadDeleted,
    UploadEvent,
    UploadForgotten,
    UploadStarted,
    UploadVerificationBegan,
)

_PAGE = 10_000

# Changes of records do not change the outcomes of uploads.
_AFTERWARDS = (UploadBytesInherited, UploadDeleted, UploadForgotten)


class _Known(NamedTuple):
    """The upload before its record was deleted."""

    requested_at: datetime
    started: bool
    upload: Upload


class _Counted(NamedTuple):
    """The changes of a bucket by one event."""

    bucket_id: str
    hour: datetime
    stored_bytes: int = 0
    objects: int = 0
    avoided: int = 0
    avoided_bytes: int = 0


class MemoryAnalytics:
    """Implements `Analytics`, always up to date."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def uploads(self, area: Area, *, start: datetime, end: datetime, step: Interval) -> Sequence[UploadFigures]:
        """Return the outcomes of requested uploads, per interval and in total."""
        known = await self._uploads(area, start, end)
        steps = sorted({step_begin(each.requested_at, step) for each in known})
        rows = [_figures(at, [each for each in known if step_begin(each.requested_at, step) == at]) for at in steps]
        return [*rows, _figures(None, known)]

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return failed uploads by reason, the most frequent first."""
        known = await self._uploads(area, start, end)
        counted = Counter(each.upload.reason.value for each in known if isinstance(each.upload, Failed))
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    async def changes(self, area: Area, *, start: datetime, end: datetime, step: Interval) -> Sequence[Change]:
        """Return the state before `start`, and the changes of each interval."""
        changes = [each for each in await self._changes(area) if each.hour < end]
        before = [each for each in changes if each.hour < start]
        later: dict[datetime, list[_Counted]] = {}
        for each in changes[len(before) :]:
            later.setdefault(step_begin(each.hour, step), []).append(each)
        rows = [_summed_up(at, later[at]) for at in sorted(later)]
        return [_summed_up(None, before), *rows] if before else rows

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return the contents of buckets, and their changes."""
        begin = step_begin(start, Interval.HOUR)
        found: dict[str, list[_Counted]] = {}
        for each in await self._changes(area):
            if each.hour < end:
                found.setdefault(each.bucket_id, []).append(each)
        rows = [
            BucketFigures(
                bucket_id=bucket_id,
                stored_bytes=sum(each.stored_bytes for each in changes),
                objects=sum(each.objects for each in changes),
                stored_bytes_change=sum(each.stored_bytes for each in changes if each.hour >= begin),
                objects_change=sum(each.objects for each in changes if each.hour >= begin),
            )
            for bucket_id, changes in found.items()
        ]
        return sorted(rows, key=lambda row: (-row.stored_bytes, row.bucket_id))[:limit]

    async def progress(self) -> Progress:
        """Return the progress: always the end."""
        head = await self._log.head()
        return Progress(position=head, head=head)

    async def _events(self, area: Area) -> list[Event]:
        events: list[Event] = []
        after = 0
        while page := await self._log.read_feed(after=after, limit=_PAGE, organization_id=area.organization_id):
            events += [decode(each.state) for each in page if each.topic in BY_TAG]
            after = page[-1].id
        return [event for event in events if _lies_in(event, area)]

    async def _changes(self, area: Area) -> list[_Counted]:
        """Return the changes of buckets by hour, in order; not the hours after which all is as before."""
        found: dict[tuple[str, datetime], list[_Counted]] = {}
        for event in await self._events(area):
            if (counted := _count(event)) is not None:
                found.setdefault((counted.bucket_id, counted.hour), []).append(counted)
        summed = [
            _Counted(
                bucket_id,
                hour,
                stored_bytes=sum(each.stored_bytes for each in changes),
                objects=sum(each.objects for each in changes),
                avoided=sum(each.avoided for each in changes),
                avoided_bytes=sum(each.avoided_bytes for each in changes),
            )
            for (bucket_id, hour), changes in found.items()
        ]
        return sorted((each for each in summed if any(each[2:])), key=lambda each: each.hour)

    async def _uploads(self, area: Area, start: datetime, end: datetime) -> list[_Known]:
        streams: dict[str, list[UploadEvent]] = {}
        for event in await self._events(area):
            if isinstance(event, UploadEvent) and not isinstance(event, _AFTERWARDS):
                streams.setdefault(event.upload_id, []).append(event)
        known = [
            _Known(
                requested_at=events[0].origin.at,
                started=any(isinstance(event, UploadStarted | UploadVerificationBegan) for event in events),
                upload=UPLOAD.replay(events),
            )
            for events in streams.values()
        ]
        return [each for each in known if start <= step_begin(each.requested_at, Interval.HOUR) < end]


def _lies_in(event: Event, area: Area) -> bool:
    origin = event.origin
    return (area.namespace_id in {None, origin.namespace_id}) and (
        area.bucket_ids is None or origin.bucket_id in area.bucket_ids
    )


def _count(event: Event) -> _Counted | None:
    bucket_id, hour = event.origin.bucket_id or "", step_begin(event.origin.at, Interval.HOUR)
    match event:
        case (
            UploadCompleted(accepted_bytes=stored)
            | UploadCanceled(kept_bytes=stored)
            | UploadBytesInherited(accepted_bytes=stored)
        ):
            return _Counted(bucket_id, hour, stored_bytes=stored)
        case UploadDeleted(freed_bytes=freed) | UploadForgotten(freed_bytes=freed):
            return _Counted(bucket_id, hour, stored_bytes=-freed)
        case UploadDuplicateAvoided(saved_bytes=saved):
            return _Counted(bucket_id, hour, avoided=1, avoided_bytes=saved)
        case ObjectCreated():
            return _Counted(bucket_id, hour, objects=1)
        case ObjectDeleted():
            return _Counted(bucket_id, hour, objects=-1)
        case _:
            return None


def _summed_up(at: datetime | None, changes: Sequence[_Counted]) -> Change:
    return Change(
        at=at,
        stored_bytes=sum(each.stored_bytes for each in changes),
        objects=sum(each.objects for each in changes),
        avoided=sum(each.avoided for each in changes),
        avoided_bytes=sum(each.avoided_bytes for each in changes),
        late_byte_hours=0.0
        if at is None
        else sum(each.stored_bytes * ((each.hour - at) / timedelta(hours=1)) for each in changes),
    )


def _figures(at: datetime | None, known: Sequence[_Known]) -> UploadFigures:
    statuses = Counter(STATUS_OF[type(each.upload)] for each in known)
    completed = [(each.requested_at, each.upload) for each in known if isinstance(each.upload, Completed)]
    duplicates = [upload.content.size_bytes for _, upload in completed if upload.duplicate_of is not None]
    took = [((upload.completed_at - at).total_seconds(), upload.content.size_bytes) for at, upload in completed]
    latencies = sorted(seconds * 1000 for seconds, _ in took)
    rates = [size_bytes * 8 / seconds / 1_000_000 for seconds, size_bytes in took if seconds]
    return UploadFigures(
        at=at,
        requested=len(known),
        started=sum(each.started for each in known),
        pending=statuses[Status.PENDING],
        in_progress=statuses[Status.IN_PROGRESS],
        processing=statuses[Status.PROCESSING],
        completed=statuses[Status.COMPLETED],
        failed=statuses[Status.FAILED],
        canceled=statuses[Status.CANCELED],
        skipped=statuses[Status.SKIPPED],
        completed_bytes=sum(upload.content.size_bytes for _, upload in completed),
        duplicates=len(duplicates),
        duplicate_bytes=sum(duplicates),
        latency_avg_ms=_mean(latencies),
        latency_p50_ms=_percentile(latencies, 0.5),
        latency_p95_ms=_percentile(latencies, 0.95),
        latency_p99_ms=_percentile(latencies, 0.99),
        throughput_mbps=_mean(rates),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _percentile(ascending: Sequence[float], part: float) -> float | None:
    """Return a percentile as PostgreSQL's percentile_cont does, by linear interpolation."""
    if not ascending:
        return None
    place = (len(ascending) - 1) * part
    below = ascending[int(place)]
    above = ascending[min(int(place) + 1, len(ascending) - 1)]
    return below + (above - below) * (place - int(place))
