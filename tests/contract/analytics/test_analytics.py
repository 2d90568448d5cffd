"""What `Analytics` promises, on every adapter: figures are what counting the events gives."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from adapters.memory.analytics.analytics import MemoryAnalytics
from adapters.postgres.analytics.analytics import (
    NAME,
    AnalyticsProjection,
    GatheredFigures,
    PostgresAnalytics,
    check_analytics,
    rebuild_analytics,
)
from adapters.postgres.analytics.folding import TOPICS, Fact, facts_of
from adapters.postgres.database.connecting import PoolConnection, connect, open_pool
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from application.ports.analytics.analytics import (
    Analytics,
    Area,
    BucketFigures,
    Change,
    Interval,
    Progress,
    UploadFigures,
)
from application.ports.analytics.labels import MAX_VALUES
from application.ports.events.event_log import EventLog, LogUnavailableError, StreamAppend
from domain.buckets.bucket import BucketCreated, BucketUpdated
from domain.events.event import topic_of
from domain.events.registry import decode
from domain.objects.object import ObjectCreated, ObjectDeleted
from domain.refusals import RefusedError
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload_events import UploadContentChanged, UploadEvent, UploadUrlReissued
from tests.conftest import Database
from tests.contract._log import Account, Kit, open_account

ALWAYS: dict[str, Any] = {"start": datetime(2000, 1, 1, tzinfo=UTC), "end": datetime(2100, 1, 1, tzinfo=UTC)}
HOUR = timedelta(hours=1)
GOLDEN = Path(__file__).parents[2] / "golden"
READ = (
    *(kind for kind in get_args(UploadEvent) if kind not in {UploadUrlReissued, UploadContentChanged}),
    *(UploadDuplicateAvoided, ObjectCreated, ObjectDeleted, BucketCreated, BucketUpdated),
)
ROUGH = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "latency_avg_ms", "throughput_mbps")


@dataclass(frozen=True)
class Figures:
    """Analytics of a log. `catch_up` reads it to the end, in pages of so many events."""

    analytics: Analytics
    catch_up: Callable[[int], Awaitable[None]]


@pytest.fixture
async def figures(kit: Kit, database_url: str | None) -> AsyncIterator[Figures]:
    if database_url is None:

        async def never_behind(_: int) -> None:
            pass

        yield Figures(MemoryAnalytics(kit.log), never_behind)
        return
    pool = await open_pool(database_url, size=2)
    subscriptions = PostgresSubscriptions(pool)

    async def catch_up(limit: int) -> None:
        await follow(kit.log, subscriptions, AnalyticsProjection(), limit)

    yield Figures(PostgresAnalytics(pool), catch_up)
    await pool.close()


async def follow(
    log: EventLog,
    subscriptions: PostgresSubscriptions,
    projection: Any,  # noqa: ANN401  # or one that fails
    limit: int,
    *,
    until: int | None = None,
) -> None:
    now = datetime.now(UTC)
    lease = await subscriptions.acquire(NAME, begin=0, now=now, leased_until=now + HOUR, token="t")
    assert lease is not None
    try:
        head = await log.head() if until is None else until
        async with aclosing(log.packed_pages(after=lease.position, limit=limit, topics=projection.topics)) as pages:
            while lease.position < head:
                page = await anext(pages)
                gathered = projection.gather()
                gathered.add(page)
                async with subscriptions.recording(lease, page.position, now=now) as transaction:
                    await gathered.write(transaction)
                lease = lease.at(page.position)
    finally:
        await subscriptions.release(lease)


def area_of(account: Account, **others: Any) -> Area:  # noqa: ANN401  # fields of an area
    return Area(organization_id=account.organization_id, **others)


async def avoid_duplicate(log: EventLog, account: Account, saved_bytes: int) -> None:
    event = UploadDuplicateAvoided(
        origin=account.origin(), original_upload_id="upl_1", sha256="a" * 64, saved_bytes=saved_bytes
    )
    stream = StreamAppend(stream_id=account.ids.new("dup_"), expected_version=0, events=(event,))
    await log.append(account.command(stream))


async def complete(log: EventLog, account: Account, seconds: float, **others: Any) -> str:  # noqa: ANN401  # of `Account.complete`
    upload_id = await account.request(log)
    account.clock.advance(timedelta(seconds=seconds))
    return await account.complete(log, upload_id, **others)


async def uploads_of(figures: Figures, area: Area, step: Interval = Interval.DAY) -> Sequence[UploadFigures]:
    await figures.catch_up(1000)
    return await figures.analytics.uploads(area, **ALWAYS, step=step)


async def test_without_uploads_there_is_one_row_of_nothing(figures: Figures, account: Account) -> None:
    assert await uploads_of(figures, area_of(account)) == [UploadFigures(at=None)]
    assert await figures.analytics.changes(area_of(account), **ALWAYS, step=Interval.DAY) == []
    assert await figures.analytics.buckets(area_of(account), **ALWAYS, limit=9) == []
    assert await figures.analytics.failures(area_of(account), **ALWAYS) == {}


async def test_each_bucket_with_figures_is_an_area(figures: Figures, kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    await account.request(kit.log)
    await other.request(kit.log)
    await figures.catch_up(1000)
    areas = await figures.analytics.areas()
    assert sorted(areas, key=lambda area: area.organization_id) == areas
    assert {(area.organization_id, area.namespace_id, area.bucket_ids) for area in areas} == {
        (each.organization_id, each.namespace_id, frozenset({each.bucket_id})) for each in (account, other)
    }


async def test_latency_and_throughput_are_those_of_what_was_completed(
    figures: Figures, kit: Kit, account: Account
) -> None:
    for seconds in (1, 2, 3, 4):
        await complete(kit.log, account, seconds, size_bytes=1_000_000 * seconds)
    await account.request(kit.log)
    *_, total = await uploads_of(figures, area_of(account))
    assert (total.requested, total.started, total.completed, total.pending) == (5, 4, 4, 1)
    assert total.latency_avg_ms == 2500
    assert total.latency_p50_ms == pytest.approx(2500, rel=0.02)
    assert (total.latency_p95_ms, total.latency_p99_ms) == pytest.approx((3850, 3970), rel=0.02)
    assert total.throughput_mbps == pytest.approx(8)
    assert total.completed_bytes == 10_000_000


async def test_each_status_is_counted_as_it_is_now(figures: Figures, kit: Kit, account: Account) -> None:
    log = kit.log
    counts = {
        "pending": [],
        "in_progress": [account.starts()],
        "processing": [account.begins()],
        "failed": [account.begins(), account.rejects()],
        "canceled": [account.starts(), account.cancels()],
    }
    for steps in counts.values():
        upload_id = await account.request(log)
        for step in steps:
            await account.send(log, upload_id, step)
    back = await account.request(log)
    for step in (account.starts(), account.begins(), account.abandons()):
        await account.send(log, back, step)
    expired = await account.request(log)
    await account.send(log, expired, account.expires())
    await account.request(log, existing_object_id="obj_1")
    forgotten = await account.complete(log)
    await account.send(log, forgotten, account.forgets())
    *_, total = await uploads_of(figures, area_of(account))
    counted = {name: getattr(total, name) for name in (*counts, "completed", "skipped", "requested", "started")}
    assert counted == {
        "pending": 1,
        "in_progress": 2,
        "processing": 1,
        "failed": 2,
        "canceled": 1,
        "completed": 1,
        "skipped": 1,
        "requested": 9,
        "started": 6,
    }
    assert await figures.analytics.failures(area_of(account), **ALWAYS) == {"expired": 1, "hash_mismatch": 1}


async def test_duplicates_save_bytes_before_they_are_sent_and_after(
    figures: Figures, kit: Kit, account: Account
) -> None:
    first = await account.complete(kit.log, size_bytes=70)
    await account.complete(kit.log, size_bytes=70, duplicate_of=first)
    await avoid_duplicate(kit.log, account, 30)
    await avoid_duplicate(kit.log, account, 40)
    *_, total = await uploads_of(figures, area_of(account))
    (change,) = await figures.analytics.changes(area_of(account), **ALWAYS, step=Interval.MONTH)
    assert (total.duplicates, total.duplicate_bytes, total.completed_bytes) == (1, 70, 140)
    assert (change.avoided, change.avoided_bytes, change.stored_bytes) == (2, 70, 70)


async def test_what_buckets_hold_grows_and_shrinks(figures: Figures, kit: Kit, account: Account) -> None:
    begin = account.clock.now().replace(minute=0, second=0, microsecond=0)
    account.clock.advance(begin + HOUR - account.clock.now())
    upload_id = await account.complete(kit.log, size_bytes=100, into_object=True)
    account.clock.advance(2 * HOUR)
    kept = await account.request(kit.log)
    await account.send(kit.log, kept, account.cancels(kept_bytes=11))
    loose = await account.complete(kit.log, size_bytes=1000)
    account.clock.advance(HOUR)
    await account.send(kit.log, loose, account.forgets())
    (object_id,) = {
        one.originator_id for one in await kit.log.read_feed(after=0, limit=99) if "obj" in one.originator_id
    }
    await figures.catch_up(1000)
    changes = await figures.analytics.changes(area_of(account), start=begin, end=begin + 9 * HOUR, step=Interval.HOUR)
    assert changes == [
        Change(at=begin + HOUR, stored_bytes=100, objects=1),
        Change(at=begin + 3 * HOUR, stored_bytes=1011),
        Change(at=begin + 4 * HOUR, stored_bytes=-1000),
    ]
    (before, *later) = await figures.analytics.changes(
        area_of(account), start=begin + 2 * HOUR, end=begin + 4 * HOUR, step=Interval.HOUR
    )
    assert before == Change(at=None, stored_bytes=100, objects=1)
    assert later == changes[1:2]
    await kit.log.append(await account.delete(kit.log, object_id))
    await figures.catch_up(1000)
    assert await figures.analytics.buckets(area_of(account), start=begin + 2 * HOUR, end=begin + 9 * HOUR, limit=5) == [
        BucketFigures(
            bucket_id=account.bucket_id, stored_bytes=11, objects=0, stored_bytes_change=-89, objects_change=-1
        )
    ]
    assert upload_id != loose


async def test_bytes_that_come_later_in_a_step_are_there_for_less_of_it(
    figures: Figures, kit: Kit, account: Account
) -> None:
    day = account.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    account.clock.advance(day + 6 * HOUR + timedelta(minutes=59) - account.clock.now())
    await account.complete(kit.log, size_bytes=10)
    await figures.catch_up(1000)
    (change,) = await figures.analytics.changes(area_of(account), start=day, end=day + 24 * HOUR, step=Interval.DAY)
    assert change == Change(at=day, stored_bytes=10, late_byte_hours=60)


async def grouped(figures: Figures, area: Area, field: str) -> dict[str | None, int]:
    await figures.catch_up(1000)
    rows = await figures.analytics.uploads(area, **ALWAYS, step=Interval.DAY, by=field)
    return {row.label: row.requested for row in rows if row.at is None}


async def test_uploads_are_grouped_and_filtered_by_the_fields_of_their_bucket(
    figures: Figures, kit: Kit, account: Account
) -> None:
    area = area_of(account)
    await account.request(kit.log, metadata={"plan": "before"})
    assert not await figures.analytics.keeps(area, "plan")
    await account.send_to_bucket(kit.log, account.renames("films", analytics_fields=("plan", "campaign")))
    assert await figures.analytics.keeps(area, "plan")
    for plan in ("free", "free", 5, "5", True, None, ["free"], "x" * 101):
        await account.request(kit.log, metadata={"plan": plan, "campaign": "spring"})
    upload_id = await account.request(kit.log, metadata={"plan": "free"})
    await account.complete(kit.log, upload_id, size_bytes=70)
    assert await grouped(figures, area, "plan") == {"=free": 3, "=5": 2, "=true": 1, "none": 2, "other": 1}
    assert await grouped(figures, area, "campaign") == {"=spring": 8, "none": 1}
    narrow = area_of(account, metadata={"plan": "free"})
    assert await grouped(figures, narrow, "campaign") == {"=spring": 2, "none": 1}
    *_, total = await uploads_of(figures, narrow)
    assert (total.requested, total.completed, total.completed_bytes) == (3, 1, 70)
    (change,) = await figures.analytics.changes(narrow, **ALWAYS, step=Interval.MONTH)
    assert change.stored_bytes == 70
    await account.send_to_bucket(kit.log, account.renames("films"))
    await account.request(kit.log, metadata={"plan": "free"})
    assert (await grouped(figures, area, "plan"))["=free"] == 3
    *_, total = await uploads_of(figures, area)
    assert total.requested == 11


async def test_values_beyond_the_limit_of_a_month_are_other_ones(figures: Figures, kit: Kit, account: Account) -> None:
    await account.send_to_bucket(kit.log, account.renames("films", analytics_fields=("plan",)))
    for number in range(MAX_VALUES + 3):
        await account.request(kit.log, metadata={"plan": number})
    await account.request(kit.log, metadata={"plan": 7})
    found = await grouped(figures, area_of(account), "plan")
    assert (len(found), found["other"], found["=7"]) == (MAX_VALUES + 1, 3, 2)
    account.clock.advance(timedelta(days=31))
    await account.request(kit.log, metadata={"plan": MAX_VALUES + 1})
    assert (await grouped(figures, area_of(account), "plan"))[f"={MAX_VALUES + 1}"] == 1


async def test_an_erased_upload_counts_in_the_group_of_erased_ones(
    figures: Figures, kit: Kit, account: Account
) -> None:
    await account.send_to_bucket(kit.log, account.renames("films", analytics_fields=("plan",)))
    kept, gone = [await account.request(kit.log, metadata={"plan": plan}) for plan in ("free", "secret")]
    assert await grouped(figures, area_of(account), "plan") == {"=free": 1, "=secret": 1}
    for upload_id in (kept, gone):
        await account.complete(kit.log, upload_id, size_bytes=70)
    assert await grouped(figures, area_of(account), "plan") == {"=free": 1, "=secret": 1}
    await account.send(kit.log, gone, account.forgets())
    assert await grouped(figures, area_of(account), "plan") == {"=free": 1, "erased": 1}
    assert await figures.analytics.changes(
        area_of(account), **ALWAYS, step=Interval.MONTH, by="plan"
    ) == await MemoryAnalytics(kit.log).changes(area_of(account), **ALWAYS, step=Interval.MONTH, by="plan")


async def test_figures_are_of_a_namespace_of_buckets_or_of_an_organization(
    figures: Figures, kit: Kit, account: Account
) -> None:
    other = await open_account(kit.log, beside=account)
    await kit.log.append(account.command(account.bucket("more", "bkt_more")))
    await account.complete(kit.log)
    await account.request(kit.log, where={"bucket_id": "bkt_more"})
    await other.complete(kit.log)
    for area, requested in (
        (area_of(account), 2),
        (area_of(account, namespace_id=account.namespace_id), 2),
        (area_of(account, namespace_id=other.namespace_id), 0),
        (area_of(account, bucket_ids=frozenset({"bkt_more"})), 1),
        (area_of(account, bucket_ids=frozenset({other.bucket_id})), 0),
        (area_of(account, bucket_ids=frozenset()), 0),
        (area_of(other), 1),
    ):
        assert (await uploads_of(figures, area))[-1].requested == requested, area


async def test_progress_is_up_to_the_end_once_all_was_read(figures: Figures, kit: Kit, account: Account) -> None:
    await account.complete(kit.log)
    await figures.catch_up(1000)
    head = await kit.log.head()
    assert await figures.analytics.progress() == Progress(position=head, head=head)


@pytest.mark.parametrize("seed", range(4))
async def test_figures_are_what_counting_the_events_gives(
    figures: Figures, kit: Kit, account: Account, seed: int
) -> None:
    await happen(kit.log, account, random.Random(seed))  # noqa: S311  # a history, not a secret
    await figures.catch_up(seed * 7 + 1)
    await assert_counted(figures.analytics, kit.log, area_of(account))


def test_facts_read_from_a_stored_event_equal_the_event() -> None:
    read: set[tuple[type, str]] = set()
    for path in sorted(GOLDEN.glob("*.json")):
        state = path.read_bytes()
        event = decode(state)
        if isinstance(event, READ):
            (fact,) = facts_of(b"[%b]" % state)
            assert type(fact).__struct_config__.tag == topic_of(event)
            missing = assert_read(fact, event)
            assert all(getattr(fact, name) == 0 for name in missing)
            read |= {(type(fact), name) for name in set(fact.__struct_fields__) - missing}
    assert {topic_of(kind) for kind in READ} == TOPICS
    kinds = get_args(Fact)
    of_others = {"accepted_bytes", "kept_bytes", "freed_bytes"}
    assert {(kind, name) for kind in kinds for name in kind.__struct_fields__ if name not in of_others} <= read
    assert of_others <= {name for _, name in read}


def assert_read(fact: Any, event: Any) -> set[str]:  # noqa: ANN401  # structs with fields of the same names
    """Hold what was read of an event against the event, and return the fields that the event does not have."""
    missing = {name for name in fact.__struct_fields__ if not hasattr(event, name)}
    for name in set(fact.__struct_fields__) - missing:
        found, expected = getattr(fact, name), getattr(event, name)
        if isinstance(found, msgspec.Raw):
            assert msgspec.json.decode(found) == expected
        elif isinstance(found, msgspec.Struct):
            assert assert_read(found, expected) == set()
        else:
            assert found == expected
    return missing


@pytest.fixture
async def own(database: Database) -> AsyncIterator[tuple[PostgresSubscriptions, PostgresAnalytics]]:
    pool = await open_pool(database.url, size=3)
    yield PostgresSubscriptions(pool), PostgresAnalytics(pool)
    await pool.close()


class Dying:
    """A projection whose connection dies after it has written, each second time."""

    name = NAME
    topics = TOPICS

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url
        self._calls = 0

    def gather(self) -> GatheredFigures:
        self._calls += 1
        return DyingFigures(self._owner_url) if self._calls % 2 else GatheredFigures()


class DyingFigures(GatheredFigures):
    """Those of it."""

    def __init__(self, owner_url: str) -> None:
        super().__init__()
        self._owner_url = owner_url

    async def write(self, transaction: PoolConnection) -> None:
        await super().write(transaction)
        owner = await connect(self._owner_url, role=None)
        await owner.execute("SELECT pg_terminate_backend($1)", transaction.get_server_pid())
        await owner.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_what_is_killed_in_the_middle_counts_once_and_a_rebuild_gives_the_same(
    kit: Kit, account: Account, database: Database, own: tuple[PostgresSubscriptions, PostgresAnalytics]
) -> None:
    subscriptions, analytics = own
    await happen(kit.log, account, random.Random(7))  # noqa: S311  # the same
    dying = Dying(database.owner_url)
    head = await kit.log.head()
    deaths = 0
    while (await analytics.progress()).position < head:
        try:
            await follow(kit.log, subscriptions, dying, 25)
        except LogUnavailableError:
            deaths += 1
    assert deaths > 3
    await assert_counted(analytics, kit.log, area_of(account))

    live = await table(database)
    await rebuild_analytics(database.owner_url)
    assert await analytics.progress() == Progress(position=0, head=head)
    assert await table(database) == []
    await follow(kit.log, subscriptions, AnalyticsProjection(), 1000)
    assert await table(database) == live
    assert await check_analytics(database.owner_url) == {}


async def middle_of(log: EventLog) -> tuple[int, datetime]:
    """Return a position in the middle, and a time before it, so that later events are about uploads from before."""
    page = await log.read_feed(after=0, limit=10_000)
    middle = page[len(page) * 2 // 3]
    return middle.id, decode(page[len(page) // 2].state).origin.at


async def test_hours_that_are_no_longer_kept_have_no_figures_and_sizes_stay_right(
    figures: Figures, kit: Kit, account: Account
) -> None:
    stays = await complete(kit.log, account, 1, size_bytes=70, into_object=True)
    goes = await complete(kit.log, account, 1, size_bytes=30)
    account.clock.advance(timedelta(days=2))
    await complete(kit.log, account, 1, size_bytes=5)
    await figures.catch_up(1000)
    assert (await figures.analytics.progress()).kept_from is None
    before = account.clock.now() - timedelta(days=1)

    while await figures.analytics.trim(before=before):
        pass

    kept_from = before.replace(minute=0, second=0, microsecond=0)
    assert (await figures.analytics.progress()).kept_from == kept_from
    area = area_of(account)
    *_, total = await uploads_of(figures, area)
    assert (total.requested, total.completed_bytes) == (1, 5)
    first, last = await figures.analytics.changes(area, **ALWAYS, step=Interval.DAY)
    assert (first.at, first.stored_bytes, first.objects, last.stored_bytes) == (None, 100, 1, 5)

    await account.send(kit.log, goes, account.forgets())
    *_, total = await uploads_of(figures, area)
    assert total.requested == 1, "what happens to an upload of these hours brings no figure back"
    assert stays
    [bucket] = await figures.analytics.buckets(area, **ALWAYS, limit=9)
    assert (bucket.stored_bytes, bucket.objects, bucket.stored_bytes_change) == (75, 1, -25)
    await figures.analytics.trim(before=before - timedelta(days=9))
    assert (await figures.analytics.progress()).kept_from == kept_from, "it never goes back"


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("at_once", [1, 7, 1000])
async def test_trimmed_figures_are_those_of_a_new_count_whatever_happens_afterwards(
    kit: Kit, account: Account, database: Database, own: tuple[PostgresSubscriptions, PostgresAnalytics], at_once: int
) -> None:
    subscriptions, analytics = own
    await happen(kit.log, account, random.Random(at_once))  # noqa: S311  # the same
    until, before = await middle_of(kit.log)
    owner = await connect(database.owner_url, role=None)

    async def trim() -> None:
        while await owner.fetchval("SELECT upwell.trim_analytics($1, $2)", before, at_once):
            [row] = await owner.fetch(
                "SELECT count(*) FROM upwell.analytics_figures f, upwell.analytics_kept k"
                " WHERE f.hour > '-infinity' AND f.hour < k.kept_from"
            )
            assert row[0] == 0, "an hour goes as a whole"

    await follow(kit.log, subscriptions, AnalyticsProjection(), 9, until=until)
    await trim()
    early = await table(database)
    await follow(kit.log, subscriptions, AnalyticsProjection(), 9)
    live = await table(database)
    assert early != live
    assert {row["hour"] for row in early} & {row["hour"] for row in live}
    await assert_counted(analytics, kit.log, area_of(account), kept_from=before)
    assert await check_analytics(database.owner_url) == {}
    assert not await owner.fetchval("SELECT upwell.trim_analytics($1, $2)", before, at_once)
    assert await table(database) == live, "nothing is left to trim"

    kept = datetime.now(UTC) - before.replace(minute=30)
    await rebuild_analytics(database.owner_url, kept)
    await follow(kit.log, subscriptions, AnalyticsProjection(), 1000)
    assert await table(database) == live, "a rebuild gives the same rows"
    assert await check_analytics(database.owner_url) == {}

    await rebuild_analytics(database.owner_url)
    await follow(kit.log, subscriptions, AnalyticsProjection(), 1000)
    await assert_counted(analytics, kit.log, area_of(account))
    await trim()
    assert await table(database) == live, "and so does trimming at the end"
    assert await owner.fetchval("SELECT min(month) FROM upwell.analytics_groups") >= before.date().replace(day=1)
    await owner.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_trimming_waits_for_a_writer_of_figures_and_stops_no_reader(
    kit: Kit, account: Account, database: Database, own: tuple[PostgresSubscriptions, PostgresAnalytics]
) -> None:
    subscriptions, analytics = own
    await complete(kit.log, account, 1)
    await follow(kit.log, subscriptions, AnalyticsProjection(), 1000)
    account.clock.advance(timedelta(days=2))
    writer = await connect(database.owner_url, role=None)
    async with writer.transaction():
        await GatheredFigures().write_into(writer, "upwell")
        trimming = asyncio.create_task(analytics.trim(before=account.clock.now()))
        async with asyncio.timeout(10):
            while not await writer.fetchval(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database() AND query LIKE '%trim_analytics%')"
            ):
                await asyncio.sleep(0.01)
        *_, total = await analytics.uploads(area_of(account), **ALWAYS, step=Interval.DAY)
        assert total.requested == 1
        assert not trimming.done()
    await trimming
    reader = await connect(database.owner_url, role=None)
    async with writer.transaction():
        await writer.fetchval("SELECT upwell.trim_analytics($1, 9)", account.clock.now())
        async with asyncio.timeout(10):
            await kit.log.append(account.command(account.bucket("meanwhile", "bkt_meanwhile")))
            assert (await analytics.progress()).kept_from is not None
            await analytics.uploads(area_of(account), **ALWAYS, step=Interval.DAY)
        modes = await reader.fetch(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = $1 AND relation IS NOT NULL", writer.get_server_pid()
        )
        assert {row["mode"] for row in modes} <= {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}
    for connection in (writer, reader):
        await connection.close()


async def table(database: Database) -> list[Any]:
    owner = await connect(database.owner_url, role=None)
    rows = await owner.fetch("SELECT * FROM upwell.analytics_figures ORDER BY bucket_id, hour, labels")
    await owner.close()
    return rows


async def happen(log: EventLog, account: Account, chance: random.Random) -> None:
    """Append a hundred random events of uploads, over days."""
    await log.append(account.command(account.bucket("more", "bkt_more")))
    uploads: list[str] = []
    objects: list[str] = []
    for number in range(100):
        if number % 30 == 10:  # from now on, uploads have labels, and then others
            fields = chance.choice([("plan",), ("plan", "campaign"), ()])
            await account.send_to_bucket(log, account.renames(f"films-{number}", analytics_fields=fields))
        account.clock.advance(timedelta(milliseconds=chance.choice([0, 40, 7_000, 3_000_000, 40_000_000])))
        commands = [
            account.starts(),
            account.begins(),
            account.begins(),
            account.abandons(),
            account.accepts(chance.randrange(10_000)),
            account.accepts(chance.randrange(10_000)),
            account.accepts(50, duplicate_of="upl_1"),
            account.rejects(),
            account.expires(),
            account.cancels(chance.choice([None, 33])),
            account.forgets(),
        ]
        match chance.randrange(8):
            case 0 | 1:
                where = {"bucket_id": chance.choice([account.bucket_id, "bkt_more"])}
                existing = chance.choice([None, None, None, "obj_taken"])
                metadata = {"plan": chance.choice(["free", 5, True, None, ["x"]]), "campaign": chance.choice("ab")}
                uploads.append(await account.request(log, where=where, existing_object_id=existing, metadata=metadata))
            case 2:
                await avoid_duplicate(log, account, chance.randrange(100))
            case 3:
                upload_id = await account.complete(log, into_object=True, size_bytes=chance.randrange(1000))
                objects += [stream.originator_id for stream in await log.read_feed(after=0, limit=10_000)][-1:]
                assert upload_id
            case 4 if objects:
                await log.append(await account.delete(log, objects.pop(chance.randrange(len(objects)))))
            case _ if uploads:
                with suppress(RefusedError):
                    await account.send(log, chance.choice(uploads), chance.choice(commands))
            case _:
                pass


async def assert_counted(analytics: Analytics, log: EventLog, area: Area, *, kept_from: datetime | None = None) -> None:
    """Hold figures against those that are counted from the events."""
    counted = MemoryAnalytics(log)
    if kept_from is not None:
        await counted.trim(before=kept_from)
    whole = await counted.changes(area, **ALWAYS, step=Interval.DAY)
    middle = whole[len(whole) // 2].at
    assert middle is not None
    narrow = msgspec.structs.replace(area, metadata={"plan": "free"})
    for scope, step, by in product((area, narrow), Interval, (None, "plan", "campaign")):
        for start in (ALWAYS["start"], middle.replace(day=1)):
            when: dict[str, Any] = {"start": start, "end": ALWAYS["end"], "step": step, "by": by}
            rows = await analytics.uploads(scope, **when)
            expected = await counted.uploads(scope, **when)
            assert [exact(row) for row in rows] == [exact(row) for row in expected]
            assert [rough(row) for row in rows] == [pytest.approx(rough(row), rel=0.02, abs=1e-6) for row in expected]
            if step is not Interval.WEEK or start == ALWAYS["start"]:
                assert await analytics.changes(scope, **when) == await counted.changes(scope, **when)
    assert await analytics.failures(narrow, **ALWAYS) == await counted.failures(narrow, **ALWAYS)
    assert await analytics.failures(area, **ALWAYS) == await counted.failures(area, **ALWAYS)
    for start in (ALWAYS["start"], middle):
        asked = {"start": start, "end": ALWAYS["end"]}
        assert await analytics.buckets(area, **asked, limit=9) == await counted.buckets(area, **asked, limit=9)


def exact(row: UploadFigures) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(row).items() if name not in ROUGH}


def rough(row: UploadFigures) -> dict[str, float]:
    """Return the figures that are kept in slots, or rounded for each upload; -1: none."""
    return {name: -1 if getattr(row, name) is None else getattr(row, name) for name in ROUGH}
