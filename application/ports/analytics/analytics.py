"""The role that has the figures: what became of uploads, and what buckets hold over time.

Figures follow the feed at some distance; `progress` tells it. Times are UTC; steps begin where `step_begin` says.
"""

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import msgspec


class Interval(enum.StrEnum):
    """How long the steps of a series are. Weeks begin on Mondays."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """What figures are about. `bucket_ids` None: all buckets."""

    organization_id: str
    namespace_id: str | None = None
    bucket_ids: frozenset[str] | None = None


class UploadFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the uploads that were requested in a step. `at`: when it began; None: it is about all of them.

    Latency is from the request to the completion, throughput the mean of what each upload had in that time, in megabits
    a second; both are None where nothing was completed. `started`: a part was signed, or the bytes were seen.
    `completed_bytes`: as they were proved; `duplicate_bytes`: those of them that were not kept again.
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


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a step has changed in what buckets hold. `at`: when it began; None: all that was before.

    `avoided`: duplicates whose bytes were never sent. `late_byte_hours`: the byte hours by which the step has less than
    if all of its bytes had come (or gone) at its beginning. Changes count from the beginning of their hour.
    """

    at: datetime | None
    stored_bytes: int = 0
    objects: int = 0
    avoided: int = 0
    avoided_bytes: int = 0
    late_byte_hours: float = 0.0


class BucketFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a bucket holds, and what some time has changed in that."""

    bucket_id: str
    stored_bytes: int
    objects: int
    stored_bytes_change: int
    objects_change: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which position the figures have come; `head`: the log's last one."""

    position: int
    head: int

    @property
    def lag_events(self) -> int:
        """How many events have come since."""
        return max(0, self.head - self.position)


class Analytics(Protocol):
    """Gives figures of uploads requested, and of changes made, from `start` until before `end`.

    Its methods raise `LogUnavailableError` when it cannot be reached.
    """

    async def uploads(self, area: Area, *, start: datetime, end: datetime, step: Interval) -> Sequence[UploadFigures]:
        """Return a row for each step in which uploads were requested, in order, and at last one about all of them."""
        ...

    async def failures(self, area: Area, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return the uploads that failed by reason, most first."""
        ...

    async def changes(self, area: Area, *, start: datetime, end: datetime, step: Interval) -> Sequence[Change]:
        """Return a row about all before `start`, if there was anything, and one for each step with a change, in order.

        `start` is the beginning of a step; the hour of `end` counts whole.
        """
        ...

    async def buckets(self, area: Area, *, start: datetime, end: datetime, limit: int) -> Sequence[BucketFigures]:
        """Return the buckets that hold or held something, the fullest first; the hours of both ends count whole."""
        ...

    async def progress(self) -> Progress:
        """Return how far the figures have come."""
        ...


def step_begin(at: datetime, step: Interval) -> datetime:
    """Return when the step began in which a time (UTC) lies."""
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
    """Return when the step begins that follows the one which began then."""
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
