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
from application.ports.analytics.labels import LabelLimits, Labels, erased, label_of, labels_of
from application.ports.events.event_log import EventLog
from domain.buckets.bucket import BucketCreated, BucketDeleted, BucketUpdated
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
    UploadRequested,
    UploadSkipped,
    UploadStarted,
    UploadVerificationBegan,
)

_PAGE = 10_000

# Changes of records do not change the outcomes of uploads.
_AFTERWARDS = (UploadBytesInherited, UploadDeleted, UploadForgotten)
_AREAS = (BucketCreated, UploadRequested, UploadSkipped)  # and what changes a bucket


class _Known(NamedTuple):
    """The upload before its record was deleted."""

    requested_at: datetime
    started: bool
    upload: Upload
    labels: Labels


class _Counted(NamedTuple):
    """The changes of a bucket by one event."""

    bucket_id: str
    hour: datetime
    labels: tuple[tuple[str, str], ...] = ()
    stored_bytes: int = 0
    objects: int = 0
    avoided: int = 0
    avoided_bytes: int = 0


class MemoryAnalytics:
    """Implements `Analytics`, always up to date. No figure of an hour that is no longer kept is returned."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._kept_from: datetime | None = None

    async def uploads(
        self, area: Area, *, start: datetime, end: datetime, step: Interval, by: str | None = None
    ) -> Sequence[UploadFigures]:
        """Return the outcomes of requested uploads, per interval and in total."""
        known = await self._uploads(area, start, end)
        rows: list[UploadFigures] = []
        for label in [None] if by is None else sorted({each.labels[by] for each in known if by in each.labels}):
            of_label = [each for each in known if by is None or each.labels.get(by) == label]
            steps = sorted({step_begin(each.requested_at, step) for each in of_label})
            rows += [
                _figures(at, [each for each in of_label if step_begin(each.requested_at, step) == at], label)
                for at in steps
            ]
            rows.append(_figures(None, of_label, label))
        return rows

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return failed uploads by reason, the most frequent first."""
        known = await self._uploads(area, start, end)
        counted = Counter(each.upload.reason.value for each in known if isinstance(each.upload, Failed))
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    async def changes(
        self, area: Area, *, start: datetime, end: datetime, step: Interval, by: str | None = None
    ) -> Sequence[Change]:
        """Return the state before `start`, and the changes of each interval."""
        start = self._first_kept(start)
        changes = [each for each in await self._changes(area, by) if each.hour < end]
        rows: dict[tuple[str | None, datetime | None], list[_Counted]] = {}
        for each in changes:
            at = step_begin(each.hour, step) if each.hour >= start else None
            rows.setdefault((None if by is None else dict(each.labels)[by], at), []).append(each)
        ordered = sorted(rows, key=lambda key: (key[0] or "", key[1] is not None, key[1] or start))
        return [_summed_up(at, rows[label, at], label) for label, at in ordered]

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return the contents of buckets, and their changes."""
        begin = self._first_kept(step_begin(start, Interval.HOUR))
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

    async def areas(self) -> Sequence[Area]:
        """Return an area for each bucket."""
        found: set[tuple[str, str, str]] = set()
        after = 0
        while page := await self._log.read_feed(after=after, limit=_PAGE):
            for event in (decode(each.state) for each in page if each.topic in BY_TAG):
                counted = _count(event) is not None or isinstance(event, _AREAS)
                if counted:
                    origin = event.origin
                    found.add((origin.organization_id, origin.namespace_id or "", origin.bucket_id or ""))
            after = page[-1].id
        return [
            Area(organization_id=organization_id, namespace_id=namespace_id, bucket_ids=frozenset({bucket_id}))
            for organization_id, namespace_id, bucket_id in sorted(found)
        ]

    async def keeps(self, area: Area, field: str) -> bool:
        """Return whether a bucket names this field."""
        fields: dict[str, tuple[str, ...]] = {}
        for event in await self._events(area):
            match event:
                case BucketCreated() | BucketUpdated():
                    fields[event.bucket_id] = event.analytics_fields
                case BucketDeleted():
                    fields.pop(event.bucket_id, None)
                case _:
                    pass
        return any(field in names for names in fields.values())

    async def progress(self) -> Progress:
        """Return the progress: always the end."""
        head = await self._log.head()
        return Progress(position=head, head=head, kept_from=self._kept_from)

    async def trim(self, *, before: datetime) -> bool:
        """Keep no figures of hours before a time."""
        self._kept_from = self._first_kept(step_begin(before, Interval.HOUR))
        return False

    def _first_kept(self, start: datetime) -> datetime:
        return start if self._kept_from is None else max(start, self._kept_from)

    async def _events(self, area: Area) -> list[Event]:
        events: list[Event] = []
        after = 0
        while page := await self._log.read_feed(after=after, limit=_PAGE, organization_id=area.organization_id):
            events += [decode(each.state) for each in page if each.topic in BY_TAG]
            after = page[-1].id
        return [event for event in events if _lies_in(event, area)]

    async def _changes(self, area: Area, by: str | None = None) -> list[_Counted]:
        """Return the changes of buckets by hour, in order; not the hours after which all is as before."""
        events = await self._events(area)
        labels = _labels(events)
        found: dict[tuple[str, datetime, tuple[tuple[str, str], ...]], list[_Counted]] = {}
        for event in events:
            counted = _count(event)
            own = labels.get(event.upload_id, {}) if isinstance(event, UploadEvent) else {}
            if counted is None or not _is_wanted(own, area, by):
                continue
            key = tuple(sorted(own.items())) if area.metadata or by is not None else ()
            found.setdefault((counted.bucket_id, counted.hour, key), []).append(counted)
        summed = [
            _Counted(
                bucket_id,
                hour,
                key,
                stored_bytes=sum(each.stored_bytes for each in changes),
                objects=sum(each.objects for each in changes),
                avoided=sum(each.avoided for each in changes),
                avoided_bytes=sum(each.avoided_bytes for each in changes),
            )
            for (bucket_id, hour, key), changes in found.items()
        ]
        return sorted((each for each in summed if any(each[3:])), key=lambda each: each.hour)

    async def _uploads(self, area: Area, start: datetime, end: datetime) -> list[_Known]:
        start = self._first_kept(start)
        streams: dict[str, list[UploadEvent]] = {}
        all_events = await self._events(area)
        labels = _labels(all_events)
        for event in all_events:
            if isinstance(event, UploadEvent) and not isinstance(event, _AFTERWARDS):
                streams.setdefault(event.upload_id, []).append(event)
        known = [
            _Known(
                requested_at=events[0].origin.at,
                started=any(isinstance(event, UploadStarted | UploadVerificationBegan) for event in events),
                upload=UPLOAD.replay(events),
                labels=labels.get(upload_id, {}),
            )
            for upload_id, events in streams.items()
        ]
        return [
            each
            for each in known
            if start <= step_begin(each.requested_at, Interval.HOUR) < end and _is_wanted(each.labels, area)
        ]


def _labels(events: Sequence[Event]) -> dict[str, Labels]:
    """Return the labels of the uploads in buckets that name fields, as the limits leave them."""
    fields: dict[str, tuple[str, ...]] = {}
    limits: dict[tuple[str, datetime], LabelLimits] = {}
    found: dict[str, Labels] = {}
    for event in events:
        bucket_id = event.origin.bucket_id or ""
        match event:
            case BucketCreated() | BucketUpdated():
                fields[event.bucket_id] = event.analytics_fields
            case UploadRequested() | UploadSkipped() if names := fields.get(bucket_id):
                labels = labels_of(event.request.metadata, names)
                month = bucket_id, step_begin(event.origin.at, Interval.MONTH)
                if event.request.metadata is not None:
                    labels = dict(limits.setdefault(month, LabelLimits()).limited(labels))
                found[event.upload_id] = labels
            case UploadDeleted() | UploadForgotten() if event.upload_id in found:
                found[event.upload_id] = erased(found[event.upload_id])
            case _:
                pass
    return found


def _is_wanted(labels: Labels, area: Area, by: str | None = None) -> bool:
    return (by is None or by in labels) and all(
        labels.get(field) == label_of(text) for field, text in area.metadata.items()
    )


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


def _summed_up(at: datetime | None, changes: Sequence[_Counted], label: str | None) -> Change:
    return Change(
        at=at,
        label=label,
        stored_bytes=sum(each.stored_bytes for each in changes),
        objects=sum(each.objects for each in changes),
        avoided=sum(each.avoided for each in changes),
        avoided_bytes=sum(each.avoided_bytes for each in changes),
        late_byte_hours=0.0
        if at is None
        else sum(each.stored_bytes * ((each.hour - at) / timedelta(hours=1)) for each in changes),
    )


def _figures(at: datetime | None, known: Sequence[_Known], label: str | None) -> UploadFigures:
    statuses = Counter(STATUS_OF[type(each.upload)] for each in known)
    completed = [(each.requested_at, each.upload) for each in known if isinstance(each.upload, Completed)]
    duplicates = [upload.content.size_bytes for _, upload in completed if upload.duplicate_of is not None]
    took = [((upload.completed_at - at).total_seconds(), upload.content.size_bytes) for at, upload in completed]
    latencies = sorted(seconds * 1000 for seconds, _ in took)
    rates = [size_bytes * 8 / seconds / 1_000_000 for seconds, size_bytes in took if seconds]
    return UploadFigures(
        at=at,
        label=label,
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
