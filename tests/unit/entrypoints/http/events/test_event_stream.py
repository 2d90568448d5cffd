"""The check of the readers of all streams."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from application.events.reading import Interest
from domain.refusals import ForbiddenError
from entrypoints.http.events import event_stream
from entrypoints.http.events.event_stream import Streams

EventStream = event_stream._Stream


class Reader:
    """The stream of a reader, who may stay until `answer` is another one."""

    def __init__(self, streams: Streams) -> None:
        self.answer: Callable[[], bool] = lambda: True
        self.checked = 0
        self.left = asyncio.Event()
        self._streams = streams

    async def may_stay(self) -> bool:
        self.checked += 1
        return self.answer()

    async def stay(self) -> None:
        with self._streams.checked(cast("EventStream", self), self.left.set):
            await self.left.wait()


def fails() -> bool:
    raise OSError("the connection is lost")


async def test_each_stream_whose_reader_may_no_longer_read_ends_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_stream, "CHECK_SECONDS", 0)
    streams = Streams(per_key=10)
    stays, goes, breaks, later = readers = [Reader(streams) for _ in range(4)]
    goes.answer, breaks.answer = (lambda: False), fails
    open_ones = [asyncio.create_task(reader.stay()) for reader in readers]
    checking = asyncio.create_task(streams.check_readers())

    async with asyncio.timeout(5):
        await asyncio.gather(*open_ones[1:3])
        later.answer = lambda: False
        await open_ones[3]
        seen = stays.checked
        while stays.checked < seen + 2:
            await asyncio.sleep(0)

    assert (goes.checked, breaks.checked) == (1, 1)
    assert not stays.left.is_set()
    for task in (checking, open_ones[0]):
        task.cancel()


async def test_a_stream_that_ends_during_its_check_is_not_ended_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "CHECK_SECONDS", 0)
    streams = Streams(per_key=10)
    going, next_one = Reader(streams), Reader(streams)
    left = []

    def leaves_meanwhile() -> bool:
        going_on.close()
        return False

    going.answer = leaves_meanwhile

    async def stay() -> None:
        with streams.checked(cast("EventStream", going), lambda: left.append(going)):
            await asyncio.Future()

    going_on = stay()
    going_on.send(None)
    next_one.answer = lambda: False
    checking = asyncio.create_task(streams.check_readers())

    async with asyncio.timeout(5):
        await next_one.stay()

    assert left == []
    checking.cancel()


@pytest.mark.parametrize("takes", [True, False])
async def test_a_reader_that_may_no_longer_read_gets_the_reason_and_is_cut_off_if_it_takes_nothing(
    monkeypatch: pytest.MonkeyPatch, takes: bool
) -> None:
    monkeypatch.setattr(event_stream, "CHECK_SECONDS", 0)
    monkeypatch.setattr(event_stream, "_LAST_WORDS_SECONDS", 0.01)
    calls: list[str] = []
    connection = SimpleNamespace(when_ending=lambda _: None, abort=lambda: calls.append("abort"))
    monkeypatch.setattr(event_stream, "connection_of", lambda _: connection)

    async def refuse(_: object) -> None:
        raise ForbiddenError("key_revoked", "This key is revoked.")

    async def wait(*_: object, **__: object) -> None:
        await asyncio.Future()

    async def send(message: Any) -> None:  # noqa: ANN401  # a message of ASGI
        if message["type"] == "http.response.body" and not takes:
            await asyncio.Future()
        if message.get("more_body") is False:
            calls.append(message["body"].decode())

    services: Any = SimpleNamespace(
        read_events=SimpleNamespace(wait=wait),
        admit=SimpleNamespace(still=refuse),
        ports=SimpleNamespace(directory=SimpleNamespace(generation=0)),
    )
    caller: Any = SimpleNamespace(key=SimpleNamespace(key_id="key_1"), is_key=True)
    streams = Streams(per_key=10)
    stream = event_stream._Stream(services, streams, Interest(organization_id="org_1"), 7, caller)
    checking = asyncio.create_task(streams.check_readers())

    async with asyncio.timeout(5):
        await stream(cast("Any", {}), cast("Any", None), send)

    assert len(calls) == 1
    assert ("key_revoked" in calls[0]) == takes
    assert (calls == ["abort"]) == (not takes)
    checking.cancel()
