"""Figures on the wire: the shapes of requests and answers."""

from datetime import datetime

from entrypoints.http.wire import Response


class TimeRange(Response, frozen=True):
    """From the beginning of the first step until before the end."""

    start: datetime
    end: datetime


class UploadPerformanceMetric(Response, frozen=True):
    """What became of the uploads that were requested in a step. Where none was completed, latencies are 0.

    `error_rate`: the failed ones of those that failed or were completed, from 0 to 1. Latency is from the request to
    the completion; throughput is the mean of what each upload had in that time, in megabits a second.
    """

    time_bucket: datetime
    upload_count: int
    avg_latency_ms: float
    p50_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float
    avg_throughput_mbps: float
    error_rate: float


class UploadFigures(Response, frozen=True):
    """Uploads that were requested in some time, by status now, and what is known of those that were completed.

    The funnel is `requested`, `started` (a part was signed, or the bytes were seen) and `completed`. `duplicates` were
    sent, and not kept again.
    """

    requested: int
    started: int
    pending: int
    in_progress: int
    processing: int
    completed: int
    failed: int
    canceled: int
    skipped: int
    completed_bytes: int
    duplicates: int
    duplicate_bytes: int
    avg_latency_ms: float | None
    p50_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None
    avg_throughput_mbps: float | None
    error_rate: float | None


class Followed(Response, frozen=True):
    """Figures follow the events. `position`: up to which event they tell; `lag_events`: so many have come since."""

    position: int
    lag_events: int


class UploadPerformanceResponse(Followed, frozen=True):
    """The uploads of a bucket, step by step, and all of them as `summary`."""

    bucket_id: str
    time_range: TimeRange
    metrics: list[UploadPerformanceMetric]
    summary: UploadFigures


class StorageMetric(Response, frozen=True):
    """What a bucket held when a step ended. `growth_rate_percent`: against the step before, if that held anything."""

    time_bucket: datetime
    total_size_bytes: int
    object_count: int
    avg_size_bytes: int
    growth_rate_percent: float | None


class StorageSummary(Response, frozen=True):
    """What a bucket holds at the end, and how that differs from the end of the first step."""

    total_size_bytes: int
    object_count: int
    growth_bytes: int
    growth_rate_percent: float | None


class BucketStorageResponse(Followed, frozen=True):
    """What a bucket held, step by step."""

    bucket_id: str
    time_range: TimeRange
    metrics: list[StorageMetric]
    summary: StorageSummary


class UsageMetric(Response, frozen=True):
    """What a bucket used in a step, in gigabytes (1e9 bytes) times hours, and in uploads requested.

    There are no prices here: credits and costs are 0. Nothing is synced either.
    """

    time_bucket: datetime
    storage_gb_hours: float
    upload_operations: int
    sync_operations: int = 0
    total_credits: int = 0
    estimated_cost_usd: float = 0.0


class CostBreakdown(Response, frozen=True):
    """Costs by what they are for: there are none."""

    storage_percent: float = 0.0
    upload_percent: float = 0.0
    sync_percent: float = 0.0
    other_percent: float = 0.0


class BucketUsageResponse(Followed, frozen=True):
    """What a bucket used, step by step."""

    bucket_id: str
    time_range: TimeRange
    metrics: list[UsageMetric]
    cost_breakdown: CostBreakdown = CostBreakdown()
    total_credits: int = 0
    total_cost_usd: float = 0.0


class UploadStep(UploadFigures, frozen=True):
    """The uploads that were requested in a step."""

    time_bucket: datetime


class DuplicateFigures(Response, frozen=True):
    """What was not stored twice. `unsent`: what was known before it was sent; the others were sent, and not kept."""

    unsent: int
    unsent_bytes: int
    unkept: int
    unkept_bytes: int
    saved_bytes: int


class BucketGrowth(Response, frozen=True):
    """What a bucket holds at the end, and what the time has changed in that."""

    bucket_id: str
    total_size_bytes: int
    object_count: int
    growth_bytes: int
    growth_objects: int
    growth_rate_percent: float | None


class AnalyticsOverviewResponse(Followed, frozen=True):
    """All figures."""

    time_range: TimeRange
    uploads: UploadFigures
    failures: dict[str, int]
    duplicates: DuplicateFigures
    steps: list[UploadStep]
    buckets: list[BucketGrowth]
