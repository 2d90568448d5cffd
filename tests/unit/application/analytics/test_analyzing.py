"""Periods, and series without gaps, over adapters in memory."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from adapters.memory.analytics.analytics import MemoryAnalytics
from adapters.memory.clock import ManualClock
from adapters.memory.events.event_log import MemoryEventLog
from application.analytics.analyzing import MAX_STEPS, Analyzing, Grouping, Period
from application.ports.analytics.analytics import Area, Interval, step_after, step_begin
from domain.refusals import InvalidInputError
from tests.contract._log import Account, open_account

HOUR = timedelta(hours=1)


@pytest.fixture
def log() -> MemoryEventLog:
    return MemoryEventLog()


@pytest.fixture
async def account(log: MemoryEventLog) -> Account:
    return await open_account(log)


@pytest.fixture
def analyzing(log: MemoryEventLog, account: Account) -> Analyzing:
    return Analyzing(analytics=MemoryAnalytics(log), clock=account.clock)


def area_of(account: Account) -> Area:
    return Area(organization_id=account.organization_id)


@pytest.mark.parametrize(
    ("step", "begin", "after"),
    [
        (Interval.HOUR, datetime(2028, 2, 29, 23, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (Interval.DAY, datetime(2028, 2, 29, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (Interval.WEEK, datetime(2028, 2, 28, tzinfo=UTC), datetime(2028, 3, 6, tzinfo=UTC)),
        (Interval.MONTH, datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_time_lies_in_one_step(step: Interval, begin: datetime, after: datetime) -> None:
    at = datetime(2028, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
    assert step_begin(at, step) == begin
    assert step_after(begin, step) == after
    assert step_begin(begin, step) == begin
    assert step_begin(after, step) == after


async def test_a_period_begins_with_a_whole_step_and_ends_now(analyzing: Analyzing, account: Account) -> None:
    account.clock.advance(timedelta(minutes=30))
    now = account.clock.now()
    period = analyzing.last(2, "hour")
    begin = now.replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    assert (period.start, period.end, period.steps) == (begin, now, (begin, begin + HOUR, begin + 2 * HOUR))
    assert analyzing.between(begin, now + HOUR, "hour") == period


async def test_a_step_that_ends_with_the_period_is_the_last(analyzing: Analyzing) -> None:
    start = datetime(2029, 1, 1, tzinfo=UTC)
    period = analyzing.between(start, start + timedelta(days=2), "day")
    assert period.steps == (start, start + timedelta(days=1))


async def test_what_is_no_period_is_refused(analyzing: Analyzing, account: Account) -> None:
    now = account.clock.now()
    for start, end, group_by, code in (
        (now - HOUR, now, "minute", "invalid_group_by"),
        (now, now, "hour", "invalid_period"),
        (now + HOUR, None, "hour", "invalid_period"),
        (now - (MAX_STEPS + 2) * HOUR, now, "hour", "too_many_steps"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            analyzing.between(start, end, group_by)
        assert refused.value.code == code
    assert len(analyzing.between(now - (MAX_STEPS - 1) * HOUR, now, "hour").steps) == MAX_STEPS - 1


async def test_steps_whose_figures_are_no_longer_kept_are_left_out(analyzing: Analyzing, account: Account) -> None:
    account.clock.advance(timedelta(days=99))
    now = account.clock.now().replace(minute=0, second=0, microsecond=0)
    period = analyzing.between(now - timedelta(days=9), None, "day")
    assert await analyzing.kept(period) == (period, None)

    kept_from = now.replace(hour=3) - timedelta(days=4)
    await analyzing.analytics.trim(before=kept_from + timedelta(minutes=59))
    kept, begins = await analyzing.kept(period)
    assert begins == kept_from
    assert kept.start == kept.steps[0] == kept_from.replace(hour=0) + timedelta(days=1), "the first whole day"
    assert (kept.end, kept.steps) == (period.end, period.steps[-len(kept.steps) :])

    with pytest.raises(InvalidInputError) as refused:
        await analyzing.kept(analyzing.between(now - timedelta(days=9), kept_from, "day"))
    assert (refused.value.code, refused.value.details) == ("figures_not_kept", {"figures_from": kept_from.isoformat()})


async def test_figures_are_of_the_kept_part_of_a_period_also_when_hours_are_dropped_meanwhile(
    analyzing: Analyzing, log: MemoryEventLog, account: Account
) -> None:
    for _ in range(20):
        await account.request(log)
        account.clock.advance(timedelta(days=1))
    now = account.clock.now()
    period = analyzing.between(now - timedelta(days=20), None, "week")
    tried: list[Period] = []

    async def read(part: Period) -> int:
        tried.append(part)
        if len(tried) == 1:
            await analyzing.analytics.trim(before=now - timedelta(days=10))
        return (await analyzing.uploads(area_of(account), part))[1].requested

    part, begins, requested = await analyzing.of_kept(period, read)
    assert begins is not None
    assert [each.start for each in tried] == [period.start, part.start]
    assert part.start == part.steps[0] == next(at for at in period.steps if at >= begins)
    assert requested == (now - part.start).days < 10


async def test_a_step_that_does_not_exist_is_refused_with_what_is_allowed_there(analyzing: Analyzing) -> None:
    for refusing, field in (
        (lambda: analyzing.grouping("minute,metadata.a", "day"), True),
        (lambda: analyzing.grouping("minute", "day"), True),
        (lambda: analyzing.between(None, None, "metadata.a"), False),
    ):
        with pytest.raises(InvalidInputError) as refused:
            refusing()
        assert refused.value.code == "invalid_group_by"
        assert ("metadata." in refused.value.message) is field


async def test_the_first_field_that_is_not_kept_is_named(analyzing: Analyzing, account: Account) -> None:
    wanted = {f"field_{number}": "x" for number in range(20)}
    area = msgspec.structs.replace(area_of(account), metadata=wanted)
    with pytest.raises(InvalidInputError) as refused:
        await analyzing.check_fields(area, Grouping(step="day", field="campaign"))
    assert (refused.value.code, refused.value.details) == ("metadata_field_not_kept", {"field": "metadata.field_0"})


async def test_what_is_held_is_carried_from_step_to_step(
    analyzing: Analyzing, log: MemoryEventLog, account: Account
) -> None:
    start = account.clock.now()
    await account.complete(log, size_bytes=100, into_object=True)
    account.clock.advance(3 * HOUR)
    loose = await account.complete(log, size_bytes=50)
    account.clock.advance(HOUR)
    await account.send(log, loose, account.forgets())
    account.clock.advance(HOUR / 2)
    held = await analyzing.storage(area_of(account), analyzing.between(start, None, "hour"))
    assert [each.stored_bytes for each in held] == [100, 100, 100, 150, 100]
    assert [each.byte_hours for each in held] == [100, 100, 100, 150, 50]
    assert [each.growth_percent for each in held] == [None, 0, 0, 50, pytest.approx(-100 / 3)]
    assert {each.objects for each in held} == {1}
    day = (await analyzing.storage(area_of(account), analyzing.between(start, None, "day")))[-1]
    assert (day.stored_bytes, day.byte_hours) == (100, sum(each.byte_hours for each in held))


async def test_a_series_of_uploads_has_no_gaps(analyzing: Analyzing, log: MemoryEventLog, account: Account) -> None:
    start = account.clock.now()
    await account.request(log)
    account.clock.advance(2 * HOUR)
    await account.request(log)
    account.clock.advance(HOUR)
    series, total = await analyzing.uploads(area_of(account), analyzing.between(start, None, "hour"))
    assert [each.requested for each in series] == [1, 0, 1]
    assert [each.at for each in series] == [start, start + HOUR, start + 2 * HOUR]
    assert total.requested == 2


def test_a_clock_at_the_beginning_of_an_hour_gives_that_hour_nothing() -> None:
    clock = ManualClock()
    now = clock.now()
    assert now == step_begin(now, Interval.HOUR)
    period = Analyzing(analytics=MemoryAnalytics(MemoryEventLog()), clock=clock).last(1, "hour")
    assert period.steps == (now - HOUR,)
