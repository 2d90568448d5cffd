"""Analytics of uploads and buckets as series without gaps, over a given period."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from application.ports.analytics.analytics import (
    Analytics,
    Area,
    BucketFigures,
    Change,
    Interval,
    Progress,
    UploadFigures,
    step_after,
    step_begin,
)
from application.ports.analytics.labels import Group, group_of
from application.ports.clock import Clock
from domain.refusals import InvalidInputError

MAX_STEPS: Final = 1000
MAX_BUCKETS: Final = 100
MAX_GROUPS_SHOWN: Final = 500
METADATA: Final = "metadata."
USUAL_SPAN: Final = timedelta(days=30)
_HOUR: Final = timedelta(hours=1)
_T = TypeVar("_T")


class Grouping(msgspec.Struct, frozen=True, kw_only=True):
    """How figures are grouped: by steps, and by a metadata field unless it is None."""

    step: str
    field: str | None = None


class GroupFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the uploads with the same label in a metadata field. `series`: steps with uploads only."""

    group: Group
    series: Sequence[UploadFigures]
    total: UploadFigures


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A period in steps. `steps`: their beginnings; the first is `start`, and `end` may truncate the last one."""

    start: datetime
    end: datetime
    step: Interval
    steps: tuple[datetime, ...]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The size of buckets at the end of a step. `byte_hours`: bytes times the hours of their presence in the step.

    `growth_percent`: from the step before; None if that was empty.
    """

    at: datetime
    stored_bytes: int
    objects: int
    byte_hours: float
    growth_percent: float | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of an area. `total` covers the whole period."""

    series: Sequence[UploadFigures]
    total: UploadFigures
    failures: Mapping[str, int]
    avoided: int
    avoided_bytes: int
    buckets: Sequence[BucketFigures]
    groups: Sequence[GroupFigures]
    progress: Progress


class Analyzing(msgspec.Struct, frozen=True, kw_only=True):
    """Returns analytics."""

    analytics: Analytics
    clock: Clock

    def last(self, hours: int, group_by: str) -> Period:
        """Return the period of the last hours."""
        now = self.clock.now()
        return self._period(now - timedelta(hours=hours), now, group_by)

    def between(self, start: datetime | None, end: datetime | None, group_by: str) -> Period:
        """Return the period between two times, by default 30 days; it ends now at the latest."""
        now = self.clock.now()
        ends = now if end is None else min(end, now)
        if start is None:
            start = max(ends, datetime.min.replace(tzinfo=ends.tzinfo) + USUAL_SPAN) - USUAL_SPAN
        return self._period(start, ends, group_by)

    async def progress(self) -> Progress:
        """Return the progress of the figures; later queries are at least as recent."""
        return await self.analytics.progress()

    async def kept(self, period: Period) -> tuple[Period, datetime | None]:
        """Return the part of a period whose figures are kept, and where figures begin; None: none were dropped.

        Call it after the figures were read, because hours may be dropped at any time; or see `of_kept`. Refuses a
        period without such steps.
        """
        kept_from = (await self.analytics.progress()).kept_from
        if kept_from is None:
            return period, None
        steps = tuple(at for at in period.steps if at >= kept_from)
        if not steps:
            raise InvalidInputError(
                "figures_not_kept",
                f"Figures are kept from {kept_from.isoformat()} on, and no step of the period begins after that: send a"
                " later period, or group by shorter steps.",
                {"figures_from": kept_from.isoformat()},
            )
        return msgspec.structs.replace(period, start=steps[0], steps=steps), kept_from

    async def of_kept(
        self, period: Period, read: Callable[[Period], Awaitable[_T]]
    ) -> tuple[Period, datetime | None, _T]:
        """Return the part of a period whose figures are kept, where figures begin, and what was read of this part."""
        kept, figures_from = await self.kept(period)
        while True:
            found = await read(kept)
            still, figures_from = await self.kept(period)
            if still == kept:
                return kept, figures_from, found
            kept = still

    async def uploads(self, area: Area, period: Period) -> tuple[Sequence[UploadFigures], UploadFigures]:
        """Return the outcomes of uploads for each step, and in total."""
        *found, total = await self.analytics.uploads(area, start=period.start, end=period.end, step=period.step)
        known = {each.at: each for each in found}
        return [known.get(at) or UploadFigures(at=at) for at in period.steps], total

    async def storage(self, area: Area, period: Period) -> Sequence[Held]:
        """Return the sizes at the end of each step, and the byte hours."""
        return _held(await self._changes(area, period), period)

    async def groups(self, area: Area, period: Period, field: str | None) -> Sequence[GroupFigures]:
        """Return the outcomes of uploads for each label of a metadata field, the largest group first; None: none."""
        if field is None:
            return []
        rows: dict[str, list[UploadFigures]] = {}
        for row in await self.analytics.uploads(area, start=period.start, end=period.end, step=period.step, by=field):
            rows.setdefault(row.label or "", []).append(row)
        groups = [
            GroupFigures(group=group_of(label), series=series, total=total) for label, (*series, total) in rows.items()
        ]
        return sorted(groups, key=lambda each: -each.total.requested)[:MAX_GROUPS_SHOWN]

    async def storage_of_groups(self, area: Area, period: Period, field: str | None) -> Mapping[Group, Sequence[Held]]:
        """Return the byte hours for each label of a metadata field."""
        if field is None:
            return {}
        rows: dict[str, list[Change]] = {}
        for row in await self.analytics.changes(area, start=period.start, end=period.end, step=period.step, by=field):
            rows.setdefault(row.label or "", []).append(row)
        return {group_of(label): _held(changes, period) for label, changes in rows.items()}

    async def check_fields(self, area: Area, grouping: Grouping) -> None:
        """Refuse metadata fields by which no bucket of the area keeps analytics."""
        for field in dict.fromkeys([*area.metadata, *([] if grouping.field is None else [grouping.field])]):
            if not await self.analytics.keeps(area, field):
                raise InvalidInputError(
                    "metadata_field_not_kept",
                    f"Analytics are not kept by the metadata field '{field[:100]}': add it to analytics_fields of the"
                    " bucket; later uploads are then counted by it.",
                    {"field": f"{METADATA}{field[:100]}"},
                )

    @staticmethod
    def grouping(group_by: str, usual_step: str) -> Grouping:
        """Return the meaning of `group_by`: a step, `metadata.` with a field, or both, separated by a comma."""
        parts = group_by.split(",")
        fields = [part.removeprefix(METADATA) for part in parts if part.startswith(METADATA)]
        steps = [part for part in parts if not part.startswith(METADATA)]
        if len(fields) > 1 or len(steps) > 1 or "" in fields or not set(steps) <= set(Interval):
            raise _invalid_group_by(
                group_by, "hour, day, week or month, 'metadata.' with a field's name, or both, separated by a comma"
            )
        return Grouping(step=steps[0] if steps else usual_step, field=fields[0] if fields else None)

    async def overview(self, area: Area, period: Period, field: str | None = None) -> Overview:
        """Return all figures. `field`: a metadata field to group by."""
        progress = await self.progress()
        series, total = await self.uploads(area, period)
        changes = [each for each in await self._changes(area, period) if each.at is not None]
        return Overview(
            series=series,
            total=total,
            failures=await self.analytics.failures(area, start=period.start, end=period.end),
            avoided=sum(each.avoided for each in changes),
            avoided_bytes=sum(each.avoided_bytes for each in changes),
            buckets=await self.analytics.buckets(area, start=period.start, end=period.end, limit=MAX_BUCKETS),
            groups=await self.groups(area, period, field),
            progress=progress,
        )

    async def _changes(self, area: Area, period: Period) -> Sequence[Change]:
        return await self.analytics.changes(area, start=period.start, end=period.end, step=period.step)

    @staticmethod
    def _period(start: datetime, end: datetime, group_by: str) -> Period:
        if group_by not in set(Interval):
            raise _invalid_group_by(group_by, "hour, day, week or month")
        if start >= end:
            raise InvalidInputError(
                "invalid_period",
                "The start of the period is not before its end and before now: send an earlier start.",
                {"start": start.isoformat(), "end": end.isoformat()},
            )
        step = Interval(group_by)
        steps = [step_begin(start, step)]
        while (at := step_after(steps[-1], step)) < end:
            steps.append(at)
            if len(steps) > MAX_STEPS:
                raise InvalidInputError(
                    "too_many_steps",
                    f"The period has more than {MAX_STEPS} steps: shorten it, or group by longer steps.",
                    {"max_steps": MAX_STEPS},
                )
        return Period(start=steps[0], end=end, step=step, steps=tuple(steps))


def _invalid_group_by(group_by: str, allowed: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_group_by",
        f"group_by has a value that is not allowed: use {allowed}.",
        {"group_by": group_by[:100]},
    )


def _held(changes: Sequence[Change], period: Period) -> list[Held]:
    known = {each.at: each for each in changes}
    before = known.get(None) or Change(at=None)
    stored_bytes, objects = before.stored_bytes, before.objects
    held = []
    for at in period.steps:
        change = known.get(at) or Change(at=at)
        earlier = stored_bytes
        stored_bytes += change.stored_bytes
        objects += change.objects
        hours = (min(step_after(at, period.step), period.end) - at) / _HOUR
        held.append(
            Held(
                at=at,
                stored_bytes=stored_bytes,
                objects=objects,
                byte_hours=stored_bytes * hours - change.late_byte_hours,
                growth_percent=None if earlier <= 0 else (stored_bytes - earlier) / earlier * 100,
            )
        )
    return held
