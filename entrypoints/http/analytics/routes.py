"""The routes of analytics: the performance of uploads, and the growth of buckets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import QueryParameter
from litestar.types import Scope

from application.analytics.analyzing import METADATA, GroupFigures, Grouping, Held, Period
from application.ports.analytics.analytics import Area, BucketFigures
from application.ports.analytics.analytics import UploadFigures as Figures
from application.ports.analytics.labels import Group
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.shared_fields import Made, made_from
from entrypoints.http.admission.admission import Admitted, Needs, admitted_in
from entrypoints.http.analytics.wire import (
    AnalyticsOverviewResponse,
    BucketGrowth,
    BucketStorageResponse,
    BucketUsageResponse,
    DuplicateFigures,
    StorageMetric,
    StorageSummary,
    TimeRange,
    UploadFigures,
    UploadGroup,
    UploadPerformanceGroup,
    UploadPerformanceMetric,
    UploadPerformanceResponse,
    UploadStep,
    UsageGroup,
    UsageMetric,
)
from entrypoints.http.events.routes import buckets_in_reach
from entrypoints.http.requests.queries import METADATA_FILTERS, metadata_filters
from entrypoints.http.requests.times import time_named

_TAGS = ["Analytics"]
_BUCKET = Needs(Permission.READ, counts_as=RequestClass.SEARCH).opt()
_GROUPED = {**_BUCKET, METADATA_FILTERS: True}
_OVERVIEW = {
    **Needs(Permission.READ, namespace=False, narrowed=True, scoped=True, counts_as=RequestClass.SEARCH).opt(),
    METADATA_FILTERS: True,
}
_GIGABYTE = 1e9

Hours = Annotated[int, QueryParameter(ge=1, le=720, description="The number of hours up to now.")]
GroupBy = Annotated[
    str,
    QueryParameter(
        description="hour, day, week or month; metadata.NAME, a metadata field that the bucket keeps analytics by; or"
        " both, separated by a comma."
    ),
]
Step = Annotated[str, QueryParameter(description="hour, day, week or month.")]
Date = Annotated[str | None, QueryParameter(description="A date or a time; UTC if it has no zone.")]


@get("/analytics/overview", opt=_OVERVIEW, tags=_TAGS)
async def get_analytics_overview(
    request: Request[Any, Any, Any], scope: Scope, hours: Hours = 24, group_by: GroupBy = "hour"
) -> AnalyticsOverviewResponse:
    """Return the figures of the organization, or of the namespace in X-Namespace."""
    admitted = admitted_in(scope)
    analyze = admitted.services.analyze
    named = request.headers.get("x-namespace")
    namespace = await admitted.services.admit.namespace(admitted.caller, named) if named else None
    area = Area(
        organization_id=admitted.caller.organization.organization_id,
        namespace_id=None if namespace is None else namespace.namespace_id,
        bucket_ids=await buckets_in_reach(admitted, named),
        metadata=metadata_filters(scope),
    )
    grouping = analyze.grouping(group_by, "hour")
    period = analyze.last(hours, grouping.step)
    await analyze.check_fields(area, grouping)
    period, figures_from, found = await analyze.of_kept(
        period, lambda kept: analyze.overview(area, kept, grouping.field)
    )
    return AnalyticsOverviewResponse(
        position=found.progress.position,
        lag_events=found.progress.lag_events,
        time_range=_range(period),
        figures_from=figures_from,
        uploads=_figures(UploadFigures, found.total),
        failures=dict(found.failures),
        duplicates=DuplicateFigures(
            unsent=found.avoided,
            unsent_bytes=found.avoided_bytes,
            unkept=found.total.duplicates,
            unkept_bytes=found.total.duplicate_bytes,
            saved_bytes=found.avoided_bytes + found.total.duplicate_bytes,
        ),
        steps=[_figures(UploadStep, each, time_bucket=at) for at, each in zip(period.steps, found.series, strict=True)],
        buckets=[_growth(each) for each in found.buckets],
        groups=tuple(
            UploadGroup(
                **_group(grouping, each.group),
                uploads=_figures(UploadFigures, each.total),
                steps=[_figures(UploadStep, step, time_bucket=step.at) for step in each.series],
            )
            for each in found.groups
        ),
    )


@get("/analytics/buckets/{bucket_identifier:str}/upload-performance", opt=_GROUPED, tags=_TAGS)
async def get_upload_performance(
    scope: Scope, hours: Hours = 24, group_by: GroupBy = "hour"
) -> UploadPerformanceResponse:
    """Return the performance of a bucket's uploads in the last hours."""
    admitted = admitted_in(scope)
    analyze = admitted.services.analyze
    grouping = analyze.grouping(group_by, "hour")
    period = analyze.last(hours, grouping.step)
    area = _area(admitted, metadata_filters(scope))
    await analyze.check_fields(area, grouping)
    progress = await analyze.progress()

    async def read(kept: Period) -> tuple[Sequence[Figures], Figures, Sequence[GroupFigures]]:
        series, total = await analyze.uploads(area, kept)
        return series, total, await analyze.groups(area, kept, grouping.field)

    period, figures_from, (series, total, groups) = await analyze.of_kept(period, read)
    return UploadPerformanceResponse(
        position=progress.position,
        lag_events=progress.lag_events,
        bucket_id=admitted.bucket.bucket_id,
        time_range=_range(period),
        figures_from=figures_from,
        metrics=[_performance(at, each) for at, each in zip(period.steps, series, strict=True)],
        summary=_figures(UploadFigures, total),
        groups=tuple(
            UploadPerformanceGroup(
                **_group(grouping, each.group),
                metrics=[_performance(step.at or period.start, step) for step in each.series],
                summary=_figures(UploadFigures, each.total),
            )
            for each in groups
        ),
    )


@get("/analytics/buckets/{bucket_identifier:str}/storage", opt=_BUCKET, tags=_TAGS)
async def get_bucket_storage(
    scope: Scope, start_date: Date = None, end_date: Date = None, group_by: Step = "day"
) -> BucketStorageResponse:
    """Return the size of a bucket over time; by default, over the last 30 days."""
    admitted = admitted_in(scope)
    analyze = admitted.services.analyze
    period = analyze.between(time_named(start_date, "start_date"), time_named(end_date, "end_date"), group_by)
    progress = await analyze.progress()
    held = await analyze.storage(_area(admitted), period)
    period, figures_from = await analyze.kept(period)
    held = held[-len(period.steps) :]
    first, last = held[0], held[-1]
    growth = last.stored_bytes - first.stored_bytes
    return BucketStorageResponse(
        position=progress.position,
        lag_events=progress.lag_events,
        bucket_id=admitted.bucket.bucket_id,
        time_range=_range(period),
        figures_from=figures_from,
        metrics=[_metric(each) for each in held],
        summary=StorageSummary(
            total_size_bytes=last.stored_bytes,
            object_count=last.objects,
            growth_bytes=growth,
            growth_rate_percent=growth / first.stored_bytes * 100 if first.stored_bytes > 0 else None,
        ),
    )


@get("/analytics/buckets/{bucket_identifier:str}/usage", opt=_GROUPED, tags=_TAGS)
async def get_bucket_usage(
    scope: Scope, start_date: Date = None, end_date: Date = None, group_by: GroupBy = "day"
) -> BucketUsageResponse:
    """Return the usage of a bucket over time; by default, over the last 30 days."""
    admitted = admitted_in(scope)
    analyze = admitted.services.analyze
    grouping = analyze.grouping(group_by, "day")
    period = analyze.between(time_named(start_date, "start_date"), time_named(end_date, "end_date"), grouping.step)
    area = _area(admitted, metadata_filters(scope))
    await analyze.check_fields(area, grouping)
    progress = await analyze.progress()
    held = await analyze.storage(area, period)
    series, _ = await analyze.uploads(area, period)
    groups = {each.group: each.series for each in await analyze.groups(area, period, grouping.field)}
    held_by_groups = await analyze.storage_of_groups(area, period, grouping.field)
    period, figures_from = await analyze.kept(period)
    return BucketUsageResponse(
        position=progress.position,
        lag_events=progress.lag_events,
        bucket_id=admitted.bucket.bucket_id,
        time_range=_range(period),
        figures_from=figures_from,
        metrics=_usage(period, held, series),
        groups=tuple(
            UsageGroup(
                **_group(grouping, group), metrics=_usage(period, held_by_groups.get(group, ()), groups.get(group, ()))
            )
            for group in {**groups, **held_by_groups}
        ),
    )


def _area(admitted: Admitted, metadata: Mapping[str, str] = MappingProxyType({})) -> Area:
    return Area(
        organization_id=admitted.caller.organization.organization_id,
        bucket_ids=frozenset({admitted.bucket.bucket_id}),
        metadata=metadata,
    )


def _group(grouping: Grouping, group: Group) -> dict[str, Any]:
    return {"field": f"{METADATA}{grouping.field}", "kind": group.kind, "value": group.value}


def _usage(period: Period, held: Sequence[Held], series: Sequence[Figures]) -> list[UsageMetric]:
    byte_hours = {each.at: each.byte_hours for each in held}
    requested = {each.at: each.requested for each in series}
    return [
        UsageMetric(
            time_bucket=at,
            storage_gb_hours=byte_hours.get(at, 0.0) / _GIGABYTE,
            upload_operations=requested.get(at, 0),
        )
        for at in period.steps
    ]


def _performance(at: datetime, figures: Figures) -> UploadPerformanceMetric:
    return UploadPerformanceMetric(
        time_bucket=at,
        upload_count=figures.requested,
        avg_latency_ms=figures.latency_avg_ms or 0.0,
        p50_latency_ms=figures.latency_p50_ms or 0.0,
        p95_latency_ms=figures.latency_p95_ms or 0.0,
        p99_latency_ms=figures.latency_p99_ms or 0.0,
        avg_throughput_mbps=figures.throughput_mbps or 0.0,
        error_rate=_error_rate(figures) or 0.0,
    )


def _range(period: Period) -> TimeRange:
    return TimeRange(start=period.start, end=period.end)


def _figures(kind: type[Made], figures: Figures, **others: object) -> Made:
    return made_from(
        kind,
        figures,
        avg_latency_ms=figures.latency_avg_ms,
        p50_latency_ms=figures.latency_p50_ms,
        p95_latency_ms=figures.latency_p95_ms,
        p99_latency_ms=figures.latency_p99_ms,
        avg_throughput_mbps=figures.throughput_mbps,
        error_rate=_error_rate(figures),
        **others,
    )


def _error_rate(figures: Figures) -> float | None:
    ended = figures.completed + figures.failed
    return figures.failed / ended if ended else None


def _metric(held: Held) -> StorageMetric:
    return StorageMetric(
        time_bucket=held.at,
        total_size_bytes=held.stored_bytes,
        object_count=held.objects,
        avg_size_bytes=held.stored_bytes // held.objects if held.objects else 0,
        growth_rate_percent=held.growth_percent,
    )


def _growth(bucket: BucketFigures) -> BucketGrowth:
    before = bucket.stored_bytes - bucket.stored_bytes_change
    return BucketGrowth(
        bucket_id=bucket.bucket_id,
        total_size_bytes=bucket.stored_bytes,
        object_count=bucket.objects,
        growth_bytes=bucket.stored_bytes_change,
        growth_objects=bucket.objects_change,
        growth_rate_percent=bucket.stored_bytes_change / before * 100 if before > 0 else None,
    )


ROUTES = [get_analytics_overview, get_upload_performance, get_bucket_storage, get_bucket_usage]
