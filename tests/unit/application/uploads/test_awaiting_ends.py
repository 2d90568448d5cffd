"""A reader waits for the end of an upload, and for nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

import pytest

from application.events.reading import FeedEvent, Interest, ReadingEvents
from application.uploads.awaiting_ends import OPEN, AwaitingEnds
from application.uploads.requesting import Answer
from domain.refusals import PositionBeyondEndError, WrongStateError
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from tests.unit.application.world import BYTES, Client, World

SOON = 5.0
FOREVER = 60.0


@pytest.fixture
async def await_end(world: World) -> AsyncIterator[AwaitingEnds]:
    reading = ReadingEvents(log=world.log, own=world.log, tokens=world.read_side)
    following = asyncio.create_task(reading.follow())
    yield AwaitingEnds(read_events=reading)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def until_waiting(await_end: AwaitingEnds) -> None:
    reading = await_end.read_events
    async with asyncio.timeout(SOON):
        while reading._kept_until < 0:  # until it is followed
            await asyncio.sleep(0)
    for _ in range(20):  # and the reader waits for news
        await asyncio.sleep(0)


async def complete(client: Client, answer: Answer) -> None:
    client.put(answer)
    await client.confirm(answer)


async def fail(client: Client, answer: Answer) -> None:
    client.put(answer, b"other bytes")
    with suppress(WrongStateError):
        await client.confirm(answer)


async def cancel(client: Client, answer: Answer) -> None:
    await client.cancel(answer)


async def forget(client: Client, answer: Answer) -> None:
    await client.cancel(answer)
    await client.world.forget(answer.record.upload_id, actor_id="system:test")


def test_open_is_what_has_not_ended() -> None:
    assert {Status.PENDING, Status.IN_PROGRESS, Status.PROCESSING} == OPEN


@pytest.mark.parametrize("end", [complete, fail, cancel, forget])
async def test_a_reader_waits_for_each_end_of_an_upload(
    client: Client, await_end: AwaitingEnds, end: Callable[[Client, Answer], Awaitable[None]]
) -> None:
    answer = await client.request()
    waiting = asyncio.create_task(await_end(answer.record, FOREVER))
    await until_waiting(await_end)

    await end(client, answer)

    async with asyncio.timeout(SOON):
        await waiting


@pytest.mark.parametrize("end", [complete, fail, cancel, forget])
async def test_an_end_that_came_after_the_upload_was_read_is_not_missed(
    client: Client, await_end: AwaitingEnds, end: Callable[[Client, Answer], Awaitable[None]]
) -> None:
    answer = await client.request()
    await end(client, answer)

    async with asyncio.timeout(SOON):
        await await_end(answer.record, FOREVER)


async def test_steps_before_the_end_and_other_uploads_wake_no_reader_and_cost_no_read(
    world: World, client: Client, await_end: AwaitingEnds, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, other = await client.request(multipart=Multipart.ALWAYS), await client.request()
    waiting = asyncio.create_task(await_end(answer.record, FOREVER))
    await until_waiting(await_end)
    looks: list[str] = []
    history = await_end.read_events.history

    async def counted(interest: Interest, stream_id: str) -> Sequence[FeedEvent]:
        looks.append(stream_id)
        return await history(interest, stream_id)

    monkeypatch.setattr(await_end.read_events, "history", counted)

    await client.sign_parts(answer, 1)
    await client.put_part(answer, 1, BYTES)
    await complete(client, other)
    while await_end.read_events._kept_until < await world.log.head():
        await asyncio.sleep(0)

    assert not waiting.done()
    assert looks == []
    await client.confirm(answer)
    async with asyncio.timeout(SOON):
        await waiting
    assert looks == []


async def test_the_time_ends_the_wait(client: Client, await_end: AwaitingEnds) -> None:
    answer = await client.request()

    await await_end(answer.record, 0.01)

    assert (await client.record(answer)).status is Status.PENDING


async def test_a_log_that_came_back_shorter_ends_the_wait(
    client: Client, await_end: AwaitingEnds, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.request()

    async def wait(*_: object, **__: object) -> None:
        raise PositionBeyondEndError(2, 1)

    monkeypatch.setattr(await_end.read_events, "wait", wait)

    await await_end(answer.record, FOREVER)
