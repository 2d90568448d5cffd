"""The role that provides analytics: outcomes of uploads, and sizes of buckets over time.

The figures lag behind the feed; `progress` returns how far. Times are UTC; `step_begin` defines the steps.
"""

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import msgspec


class Interval(enum.StrEnum):
    """The length of the steps of a series. Weeks begin on Mondays."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """The scope of figures. `bucket_ids` None: all buckets.

    `metadata`: only the uploads with these values, as text, in metadata fields that their buckets keep analytics by.
    Then objects and avoided duplicates count as 0.
    """

    organization_id: str
    namespace_id: str | None = None
    bucket_ids: frozenset[str] | None = None
    metadata: Mapping[str, str] = {}


class UploadFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of the uploads that were requested in a step. `at`: its beginning; None: in total.

    Latency is the time from the request to the completion, its percentiles within 2 %; throughput is the mean over the
    uploads in that time, in megabits per second. Both are None without completed uploads. `started`: a part was signed,
    or the bytes were seen. `completed_bytes`: verified bytes; `duplicate_bytes`: those that were not kept again.
    """

    at: datetime | None
    requested: int = 0
    started: int = 0
    pending: int = 0
    in_progress: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    skipped: int = 0
    completed_bytes: int = 0
    duplicates: int = 0
    duplicate_bytes: int = 0
    latency_avg_ms: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None
    throughput_mbps: float | None = None
    label: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The change of buckets' sizes in a step. `at`: its beginning; None: everything before.

    `avoided`: duplicates whose bytes were never sent. `late_byte_hours`: the byte hours to subtract, compared
    with changes at the beginning of the step. Changes count from the beginning of their hour.
    """

    at: datetime | None
    stored_bytes: int = 0
    objects: int = 0
    avoided: int = 0
    avoided_bytes: int = 0
    late_byte_hours: float = 0.0
    label: str | None = None


class BucketFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a bucket, and its change in a period."""

    bucket_id: str
    stored_bytes: int
    objects: int
    stored_bytes_change: int
    objects_change: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The position of the figures; `head`: the last position of the log.

    `kept_from`: figures of earlier hours are no longer kept; None: all are.
    """

    position: int
    head: int
    kept_from: datetime | None = None

    @property
    def lag_events(self) -> int:
        """The number of newer events."""
        return max(0, self.head - self.position)


class Analytics(Protocol):
    """Returns figures from `start` up to but excluding `end`; the hours of both count completely.

    Its methods raise `LogUnavailableError` when the store is unreachable.
    """

    async def uploads(
        self, area: Area, *, start: datetime, end: datetime, step: Interval, by: str | None = None
    ) -> Sequence[UploadFigures]:
        """Return a row for each step with requested uploads, in order, and finally the total.

        `by`: a metadata field; then the same for each label of it, of the uploads that have one. See `labels`.
        """
        ...

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return the number of failed uploads by reason, the most frequent first."""
        ...

    async def changes(
        self, area: Area, *, start: datetime, end: datetime, step: Interval, by: str | None = None
    ) -> Sequence[Change]:
        """Return a row for everything before `start`, if any, and one for each step with a change, in order.

        `start` is the beginning of a step. `by`: the same for each label of a metadata field.
        """
        ...

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return the buckets that are or were not empty, the largest first."""
        ...

    async def areas(self) -> Sequence[Area]:
        """Return an area for each bucket, also for former ones with figures, of all organizations, in order."""
        ...

    async def keeps(self, area: Area, field: str) -> bool:
        """Return whether a bucket of the area keeps analytics by this metadata field."""
        ...

    async def progress(self) -> Progress:
        """Return the progress of the figures."""
        ...

    async def trim(self, *, before: datetime) -> bool:
        """Drop some figures of hours before a time, the oldest first; return whether more remain.

        Sizes of buckets stay right, and what happens later to uploads of these hours brings no figure back.
        """
        ...


def step_begin(at: datetime, step: Interval) -> datetime:
    """Return the beginning of the step that contains a time (UTC)."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    match step:
        case Interval.HOUR:
            return hour
        case Interval.DAY:
            return hour.replace(hour=0)
        case Interval.WEEK:
            return hour.replace(hour=0) - timedelta(days=at.weekday())
        case Interval.MONTH:
            return hour.replace(hour=0, day=1)
        case _:
            assert_never(step)


def step_after(begin: datetime, step: Interval) -> datetime:
    """Return the beginning of the next step."""
    match step:
        case Interval.HOUR:
            return begin + timedelta(hours=1)
        case Interval.DAY:
            return begin + timedelta(days=1)
        case Interval.WEEK:
            return begin + timedelta(days=7)
        case Interval.MONTH:
            return (begin + timedelta(days=31)).replace(day=1)
        case _:
            assert_never(step)
