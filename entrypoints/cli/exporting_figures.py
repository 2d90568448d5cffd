"""Figures as lines, for spreadsheets and programs: uploads by bucket and step, and by the values of a metadata field.

The figures have the names of the API.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from adapters.postgres.analytics.analytics import PostgresAnalytics
from application.analytics.analyzing import METADATA, Analyzing, Grouping
from application.ports.analytics.analytics import Analytics, Area, Interval, UploadFigures, step_begin
from application.ports.analytics.labels import group_of
from domain.refusals import InvalidInputError
from entrypoints.cli.errors import UnusableError
from entrypoints.cli.output import emit, json_of
from entrypoints.cli.reading import known_database, open_log, reading

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_PLACE: Final = ("organization_id", "namespace_id", "bucket_id", "time_bucket", "field", "kind", "value")
_OF_THE_API: Final = {
    "latency_avg_ms": "avg_latency_ms",
    "latency_p50_ms": "p50_latency_ms",
    "latency_p95_ms": "p95_latency_ms",
    "latency_p99_ms": "p99_latency_ms",
    "throughput_mbps": "avg_throughput_mbps",
}
_FIGURES: Final = tuple(name for name in UploadFigures.__struct_fields__ if name not in {"at", "label"})


class FiguresWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The exported figures. `metadata`: only uploads with these values, by field. `bucket_id` None: all buckets."""

    form: Literal["csv", "jsonl"]
    group_by: str
    start: datetime | None
    end: datetime | None
    metadata: Mapping[str, str]
    bucket_id: str | None


def export_figures(wanted: FiguresWanted) -> None:
    """Print a line for each bucket, step and group with uploads."""
    try:
        grouping = Analyzing.grouping(wanted.group_by, Interval.DAY)
        step = Interval(grouping.step)
    except (InvalidInputError, ValueError):
        raise UnusableError(
            f"--group-by cannot be {wanted.group_by}: use hour, day, week or month, 'metadata.' with a field's name, or"
            " both, separated by a comma.",
            "invalid_group_by",
        ) from None
    known = known_database()
    with reading():
        asyncio.run(_export(known, wanted, grouping, step))


async def _export(known: Mapping[str, str], wanted: FiguresWanted, grouping: Grouping, step: Interval) -> None:
    async with open_log(known) as (_, _, pool):
        analytics = PostgresAnalytics(pool)
        areas = [
            msgspec.structs.replace(area, metadata=wanted.metadata)
            for area in await analytics.areas()
            if wanted.bucket_id is None or wanted.bucket_id in (area.bucket_ids or ())
        ]
        if wanted.bucket_id is not None and not areas:
            raise UnusableError(
                f"The bucket {wanted.bucket_id} does not exist: run 'upwell bucket list'.", "bucket_not_found"
            )
        for field in dict.fromkeys([*wanted.metadata, *([] if grouping.field is None else [grouping.field])]):
            if not [area for area in areas if await analytics.keeps(area, field)]:
                raise UnusableError(
                    f"Analytics are not kept by the metadata field '{field}': add it to analytics_fields of the bucket;"
                    " later uploads are then counted by it.",
                    "metadata_field_not_kept",
                )
        if wanted.form == "csv" and not emit(_csv([*_PLACE, *(_OF_THE_API.get(name, name) for name in _FIGURES)])):
            return
        for area in areas:
            async for row in _rows(analytics, area, wanted, grouping, step):
                line = json_of(row) if wanted.form == "jsonl" else _csv([_cell(value) for value in row.values()])
                if not emit(line):
                    return


async def _rows(
    analytics: Analytics, area: Area, wanted: FiguresWanted, grouping: Grouping, step: Interval
) -> AsyncIterator[dict[str, Any]]:
    start = _BEGINNING if wanted.start is None else step_begin(wanted.start, Interval.HOUR)
    found = await analytics.uploads(area, start=start, end=wanted.end or _END, step=step, by=grouping.field)
    for figures in found:
        if figures.at is None:
            continue
        group = None if figures.label is None else group_of(figures.label)
        yield {
            "organization_id": area.organization_id,
            "namespace_id": area.namespace_id,
            "bucket_id": next(iter(area.bucket_ids or ())),
            "time_bucket": figures.at,
            "field": None if group is None else f"{METADATA}{grouping.field}",
            "kind": None if group is None else group.kind.value,
            "value": None if group is None else group.value,
            **{_OF_THE_API.get(name, name): getattr(figures, name) for name in _FIGURES},
        }


def _cell(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _csv(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
