"""Analytics on the wire: the shapes of requests and responses."""

from datetime import datetime

from application.ports.analytics.labels import GroupKind
from entrypoints.http.wire import Response


class TimeRange(Response, frozen=True):
    """A period from the beginning of the first step, up to but excluding the end."""

    start: datetime
    end: datetime


class UploadPerformanceMetric(Response, frozen=True):
    """The uploads that were requested in a step, by outcome. Without completed uploads, latencies are 0.

    `error_rate`: the share of failed uploads among those that failed or were completed, from 0 to 1. Latency is the
    time from the request to the completion; throughput is the mean over the uploads in that time, in megabits per
    second.
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
    """Uploads that were requested in a period, by current status, and figures about the completed ones.

    The funnel is `requested`, `started` (a part was signed, or the bytes were seen) and `completed`. `duplicates` were
    sent, but not stored again.
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
    """Figures follow the events. `position`: the last event in them; `lag_events`: the number of newer events."""

    position: int
    lag_events: int


class MetadataGroup(Response, frozen=True):
    """The uploads with the same value in a metadata field.

    `kind`: `value`; `none`: without a value that is a string, a number or a boolean; `other`: with more than 100
    characters, or beyond the 100 values of the month; `erased`: forgotten. `value`: as text, of the kind `value`.
    """

    field: str
    kind: GroupKind
    value: str | None


class UploadPerformanceGroup(MetadataGroup, frozen=True):
    """Such uploads for each step that has some, and all of them as `summary`."""

    metrics: list[UploadPerformanceMetric]
    summary: UploadFigures


class UploadPerformanceResponse(Followed, frozen=True):
    """The uploads of a bucket for each step, and all of them as `summary`.

    `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
    """

    bucket_id: str
    time_range: TimeRange
    metrics: list[UploadPerformanceMetric]
    summary: UploadFigures
    groups: tuple[UploadPerformanceGroup, ...] = ()
    figures_from: datetime | None = None


class StorageMetric(Response, frozen=True):
    """The size of a bucket at the end of a step. `growth_rate_percent`: from the step before, unless that was empty."""

    time_bucket: datetime
    total_size_bytes: int
    object_count: int
    avg_size_bytes: int
    growth_rate_percent: float | None


class StorageSummary(Response, frozen=True):
    """The size of a bucket at the end, and its difference from the end of the first step."""

    total_size_bytes: int
    object_count: int
    growth_bytes: int
    growth_rate_percent: float | None


class BucketStorageResponse(Followed, frozen=True):
    """The size of a bucket for each step.

    `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
    """

    bucket_id: str
    time_range: TimeRange
    metrics: list[StorageMetric]
    summary: StorageSummary
    figures_from: datetime | None = None


class UsageMetric(Response, frozen=True):
    """The usage of a bucket in a step, in gigabyte-hours (1e9 bytes) and requested uploads.

    There are no prices: credits and costs are 0. Nothing is synced either.
    """

    time_bucket: datetime
    storage_gb_hours: float
    upload_operations: int
    sync_operations: int = 0
    total_credits: int = 0
    estimated_cost_usd: float = 0.0


class CostBreakdown(Response, frozen=True):
    """Costs by kind: all are 0."""

    storage_percent: float = 0.0
    upload_percent: float = 0.0
    sync_percent: float = 0.0
    other_percent: float = 0.0


class UsageGroup(MetadataGroup, frozen=True):
    """The usage by uploads with the same value in a metadata field."""

    metrics: list[UsageMetric]


class BucketUsageResponse(Followed, frozen=True):
    """The usage of a bucket for each step.

    `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
    """

    bucket_id: str
    time_range: TimeRange
    metrics: list[UsageMetric]
    cost_breakdown: CostBreakdown = CostBreakdown()
    total_credits: int = 0
    total_cost_usd: float = 0.0
    groups: tuple[UsageGroup, ...] = ()
    figures_from: datetime | None = None


class UploadStep(UploadFigures, frozen=True):
    """The uploads that were requested in a step."""

    time_bucket: datetime


class UploadGroup(MetadataGroup, frozen=True):
    """The uploads with the same value in a metadata field, and each step that has some."""

    uploads: UploadFigures
    steps: list[UploadStep]


class DuplicateFigures(Response, frozen=True):
    """Bytes that were not stored twice. `unsent`: found before they were sent; the others were sent, but not kept."""

    unsent: int
    unsent_bytes: int
    unkept: int
    unkept_bytes: int
    saved_bytes: int


class BucketGrowth(Response, frozen=True):
    """The size of a bucket at the end, and its growth in the period."""

    bucket_id: str
    total_size_bytes: int
    object_count: int
    growth_bytes: int
    growth_objects: int
    growth_rate_percent: float | None


class AnalyticsOverviewResponse(Followed, frozen=True):
    """All figures.

    `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
    """

    time_range: TimeRange
    uploads: UploadFigures
    failures: dict[str, int]
    duplicates: DuplicateFigures
    steps: list[UploadStep]
    buckets: list[BucketGrowth]
    groups: tuple[UploadGroup, ...] = ()
    figures_from: datetime | None = None
