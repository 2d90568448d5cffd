"""The feed as readers get it, over the log in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any

import pytest

from application.events import reading as reading_events
from application.events.reading import Announced, EventPage, FeedEvent, Interest, ReadingEvents, exactly
from application.ports.events.event_log import Notification
from tests.unit.application.world import SHA256, Client, World

SOON = 5.0


@pytest.fixture
async def reading(world: World) -> AsyncIterator[ReadingEvents]:
    made = ReadingEvents(log=world.log, own=world.log, tokens=world.read_side)
    following = asyncio.create_task(made.follow())
    yield made
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


def interest_of(client: Client, **fields: object) -> Interest:
    return Interest(organization_id=client.caller.organization.organization_id, **fields)  # type: ignore[arg-type]  # any


def tags(page: EventPage) -> list[str]:
    return [event.notification.topic for event in page.events]


async def test_pages_come_one_after_the_other_without_a_gap(
    world: World, client: Client, reading: ReadingEvents
) -> None:
    await client.make_bucket("files")
    for _ in range(5):
        await client.request()
    interest = interest_of(client)
    whole = await reading.page(interest, after=0, limit=100)
    assert not whole.has_more
    assert whole.position == await world.log.head()

    pages: list[FeedEvent] = []
    after = 0
    while True:
        page = await reading.page(interest, after=after, limit=2)
        pages += page.events
        after = page.position
        if not page.has_more:
            break

    assert pages == list(whole.events)


async def test_a_page_reads_no_more_rows_than_it_may_have_events(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await client.request()
    asked: list[int] = []
    real = world.log.read_feed

    async def counted(*, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        asked.append(limit)
        return await real(after=after, limit=limit, organization_id=organization_id)

    monkeypatch.setattr(world.log, "read_feed", counted)
    head = await world.log.head()

    page = await reading.page(interest_of(client), after=head - 4, limit=2)
    assert (len(page.events), page.has_more, asked) == (2, True, [3])

    page = await reading.page(interest_of(client), after=head - 2, limit=2)
    assert (len(page.events), page.has_more) == (2, False)

    asked.clear()
    page = await reading.page(interest_of(client, tags=frozenset({"upload.failed.v1"})), after=0, limit=2)
    assert (len(page.events), page.has_more, page.position, asked) == (0, False, head, [3, 3 * 8])


async def test_further_windows_are_as_large_as_the_events_of_interest_are_rare(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        answer = await client.request()
        if number % 4 == 0:
            await client.cancel(answer)
    asked: list[int] = []
    real = world.log.read_feed

    async def counted(*, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        asked.append(limit)
        return await real(after=after, limit=limit, organization_id=organization_id)

    monkeypatch.setattr(world.log, "read_feed", counted)
    interest = interest_of(client, tags=frozenset({"upload.canceled.v1"}))
    before = await world.log.head() - 50  # 4 of 5 events are of no interest

    page = await reading.page(interest, after=before, limit=4)

    assert (len(page.events), page.has_more) == (4, True)
    assert asked == [5, 5 * 3 + 8]
    seen = [*page.events, *(await reading.page(interest, after=page.position, limit=100)).events]
    assert [event.notification.topic for event in seen] == ["upload.canceled.v1"] * 10
    assert len({event.position for event in seen}) == 10


async def test_an_organization_reads_one_window_at_a_time_and_others_do_not_wait(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await world.tenant(name="Other")
    began: list[str | None] = []
    released = asyncio.Event()
    real = world.log.read_feed

    async def held(*, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        began.append(organization_id)
        await released.wait()
        return await real(after=after, limit=limit, organization_id=organization_id)

    monkeypatch.setattr(world.log, "read_feed", held)
    async with asyncio.timeout(SOON), asyncio.TaskGroup() as together:
        for each in (client, client, other):
            together.create_task(reading.page(interest_of(each), after=0, limit=2))
        for _ in range(5):
            await asyncio.sleep(0)
        before = list(began)
        released.set()

    ours, others = (each.caller.organization.organization_id for each in (client, other))
    assert before == [ours, others]
    assert began.count(ours) > 1


async def test_another_organization_sees_nothing(world: World, client: Client, reading: ReadingEvents) -> None:
    other = await world.tenant(name="Other")
    await other.request()

    page = await reading.page(interest_of(client), after=0, limit=100)

    assert {event.origin.organization_id for event in page.events} == {client.caller.organization.organization_id}


async def test_interests_narrow(client: Client, reading: ReadingEvents) -> None:
    first = await client.make_bucket("first")
    one = await client.request()
    second = await client.make_bucket("second")
    two = await client.request()
    asked = {"tags": frozenset({"upload.requested.v1"})}

    async def found(**fields: object) -> list[str]:
        page = await reading.page(interest_of(client, **fields), after=0, limit=100)
        return [event.notification.originator_id for event in page.events]

    assert await found(**asked) == [one.record.upload_id, two.record.upload_id]
    assert await found(**asked, bucket_id=first.bucket_id) == [one.record.upload_id]
    assert await found(**asked, only_buckets=frozenset({second.bucket_id})) == [two.record.upload_id]
    assert await found(**asked, stream_id=two.record.upload_id) == [two.record.upload_id]
    assert await found(**asked, namespace_id="ns_other") == []


async def test_announcements_are_found_by_their_fields(client: Client, reading: ReadingEvents) -> None:
    original = (await client.upload(filename="take 1.mp4", metadata={"album": 7, "tags": ["a"]})).record.upload_id
    await client.request(sha256=SHA256, filename="take 2.mp4", metadata={"album": 7.0, "tags": ["a", "b"]})
    await client.upload(b"other bytes!", filename="take 2.mp4", object_metadata={"title": "A"})

    async def found(**said: Any) -> list[str]:  # noqa: ANN401  # the fields of an announcement
        wanted: dict[str, Any] = {name: exactly(of) if isinstance(of, dict) else of for name, of in said.items()}
        announced = Announced(**wanted)
        page = await reading.page(interest_of(client, announced=announced), after=0, limit=100)
        return tags(page)

    requested, avoided = "upload.requested.v1", "upload.duplicate_avoided.v1"
    assert await found() == [requested, avoided, requested]
    assert await found(original_upload_id=original) == [avoided]
    assert await found(filename="take 2.mp4") == [avoided, requested]
    assert await found(filename="take") == []
    assert await found(metadata={"album": 7}) == [requested, avoided], "7 and 7.0 are the same"
    assert await found(metadata={"album": "7"}) == await found(metadata={"album": None}) == []
    assert await found(metadata={"album": 7, "tags": ["a", "b"]}) == [avoided]
    assert await found(object_metadata={"title": "A"}) == [requested]
    assert await found(filename="take 2.mp4", object_metadata={"title": "A"}, metadata={"album": 7}) == []


@pytest.mark.parametrize("already", [0, 3])
async def test_waiting_readers_are_woken_by_new_events(
    world: World, client: Client, reading: ReadingEvents, already: int
) -> None:
    await client.make_bucket("files")
    for _ in range(already):
        await client.request()
    after = await world.log.head()
    waiting = asyncio.create_task(reading.wait(interest_of(client), after=after, limit=10, seconds=SOON))
    await asyncio.sleep(0)
    await client.request()

    async with asyncio.timeout(SOON):
        page = await waiting

    assert tags(page) == ["upload.requested.v1"]
    assert page.position == await world.log.head()


async def test_a_waiting_reader_is_not_woken_by_other_events_and_skips_them(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.make_bucket("files")
    one = await client.request()
    looks: list[int] = []
    real = reading._of_kept  # the frequency of its reads is the subject

    def counted(interest: Interest, after: int, limit: int) -> EventPage | None:
        looks.append(after)
        return real(interest, after, limit)

    monkeypatch.setattr(reading, "_of_kept", counted)
    completed = interest_of(client, tags=frozenset({"upload.completed.v1"}))
    of_one = interest_of(client, stream_id=one.record.upload_id)
    after = await world.log.head()
    begun = [
        asyncio.create_task(reading.wait(interest, after=after, limit=10, seconds=0.5))
        for interest in (completed, completed, of_one)
    ]
    async with asyncio.timeout(SOON):
        while reading._kept_until < 0:  # until it is followed
            await asyncio.sleep(0)
    for _ in range(20):  # and the waiting reader is notified
        await asyncio.sleep(0)
    until_then = len(looks)
    for _ in range(5):
        await client.request()

    pages = await asyncio.gather(*begun)

    assert [tags(page) for page in pages] == [[], [], []]
    assert {page.position for page in pages} == {await world.log.head()}
    assert len(looks) == until_then
    assert reading._waiting == {}  # nothing is left of a reader that is gone


async def test_a_reader_that_waited_while_many_other_events_passed_gets_its_own_from_memory(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_events, "KEPT_EVENTS", 10)
    other = await world.tenant(name="Other")
    after = await world.log.head()
    waiting = asyncio.create_task(reading.wait(interest_of(client), after=after, limit=10, seconds=SOON))
    async with asyncio.timeout(SOON):
        while reading._kept_until < 0:  # until it is followed
            await asyncio.sleep(0)
        for _ in range(30):
            await other.request()
        while reading._kept_until < await world.log.head():
            await asyncio.sleep(0)
        monkeypatch.setattr(reading, "_look_through", None)  # it would fail
        await client.request()
        page = await waiting

    assert tags(page) == ["upload.requested.v1"]
    assert page.position == await world.log.head()


async def test_waiting_in_vain_gives_an_empty_page_and_the_position_that_was_searched(
    world: World, client: Client, reading: ReadingEvents
) -> None:
    await client.make_bucket("files")
    await client.request()
    interest = interest_of(client, tags=frozenset({"upload.completed.v1"}))

    page = await reading.wait(interest, after=0, limit=10, seconds=0.01)

    assert (list(page.events), page.position) == ([], await world.log.head())


async def test_of_100_readers_each_sees_every_event_once_while_others_write(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_events, "KEPT_EVENTS", 7)  # so that readers fall behind the kept events
    await client.make_bucket("files")
    begin = await world.log.head()
    interest = interest_of(client, tags=frozenset({"upload.requested.v1"}))
    wanted = 40

    async def read(limit: int) -> list[int]:
        seen: list[int] = []
        after = begin
        while len(seen) < wanted:
            page = await reading.wait(interest, after=after, limit=limit, seconds=SOON)
            seen += [event.position for event in page.events]
            after = page.position
        return seen

    readers = [asyncio.create_task(read(1 + number % 5)) for number in range(100)]
    for _ in range(wanted):
        await client.request()
    async with asyncio.timeout(30):
        every = await asyncio.gather(*readers)

    assert every == [list(range(begin + 1, begin + 1 + wanted))] * 100


async def test_without_waiting_readers_the_log_is_not_followed(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_events, "_LINGER_SECONDS", -1.0)
    await client.make_bucket("files")
    await reading.wait(interest_of(client), after=await world.log.head(), limit=1, seconds=0.01)
    for _ in range(3):  # the first one is followed, and then no reader is left
        await client.request()
        await asyncio.sleep(0)

    assert reading._kept == []
    waiting = asyncio.create_task(
        reading.wait(interest_of(client), after=await world.log.head(), limit=1, seconds=SOON)
    )
    await asyncio.sleep(0)
    await client.request()
    async with asyncio.timeout(SOON):
        assert tags(await waiting) == ["upload.requested.v1"]


async def test_a_reader_that_arrives_while_the_log_is_released_gets_new_events(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    letting_go, gone = asyncio.Event(), asyncio.Event()
    real = world.log.pages

    async def pages(*, after: int, limit: int) -> AsyncGenerator[Sequence[Notification]]:
        async with aclosing(real(after=after, limit=limit)) as found:
            try:
                async for each in found:
                    yield each
            finally:
                letting_go.set()
                await gone.wait()

    monkeypatch.setattr(reading_events, "_LINGER_SECONDS", -1.0)
    monkeypatch.setattr(world.log, "pages", pages)
    reading = ReadingEvents(log=world.log, own=world.log, tokens=world.read_side)
    following = asyncio.create_task(reading.follow())
    await client.make_bucket("files")
    await reading.wait(interest_of(client), after=await world.log.head(), limit=1, seconds=0.01)
    await client.request()
    async with asyncio.timeout(SOON):
        await letting_go.wait()
        after = await world.log.head()
        waiting = asyncio.create_task(reading.wait(interest_of(client), after=after, limit=1, seconds=SOON))
        await asyncio.sleep(0)
        gone.set()
        while reading._kept_until < 0 or reading._kept:  # until it is followed again
            await asyncio.sleep(0)
        await client.request()
        assert tags(await waiting) == ["upload.requested.v1"]
    following.cancel()
    await asyncio.wait({following})


async def test_a_redacted_event_in_memory_is_not_sent(world: World, client: Client, reading: ReadingEvents) -> None:
    await client.make_bucket("files")
    before = await world.log.head()
    interest = interest_of(client)
    waiting = asyncio.create_task(reading.wait(interest, after=before, limit=1, seconds=SOON))
    async with asyncio.timeout(SOON):
        while reading._kept_until < 0:  # until it is followed
            await asyncio.sleep(0)
    one = await client.upload(filename="one.mp4", create_object=False)
    known = await client.request(filename="other.mp4", sha256=SHA256, create_object=False)
    other = await client.upload(b"other bytes", filename="stays.mp4")
    await waiting
    for _ in range(2):  # from memory, before and after
        while reading._kept_until < await world.log.head():
            await asyncio.sleep(0)
        page = await reading.wait(interest, after=before, limit=100, seconds=SOON)
        text = b"".join(event.message for event in page.events)
        if b"upload.forgotten.v1" in text:
            break
        assert known.is_duplicate
        assert b"one.mp4" in text
        assert b"other.mp4" in text
        await world.forget(one.record.upload_id, actor_id="system:operator")

    assert b"one.mp4" not in text
    assert b"other.mp4" not in text
    assert b"stays.mp4" in text
    assert other.record.upload_id.encode() in text
    assert len(reading._kept) < len(page.events)
    assert reading._last_of.keys() <= {event.notification.originator_id for event in page.events}
    assert reading._kept_bytes == sum(reading_events._bytes_of(event) for event in reading._kept if event)


async def test_a_history_is_of_one_stream(client: Client, reading: ReadingEvents) -> None:
    await client.make_bucket("files")
    answer = await client.request()

    history = await reading.history(interest_of(client), answer.record.upload_id)

    assert [event.notification.originator_version for event in history] == [1]
    assert await reading.history(interest_of(client), "upl_nobody") == []
