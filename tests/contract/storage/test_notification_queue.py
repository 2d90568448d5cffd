"""What `NotificationQueue` promises, on every adapter."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.memory.storage.notification_queue import MemoryNotificationQueue
from adapters.sqs.notification_queue import SqsNotificationQueue
from application.ports.storage.notification_queue import MAX_DELIVERIES, NotificationQueue, QueueUnavailableError
from tests.contract.storage._s3_server import S3Server, moto_server
from tests.contract.storage._sqs import make_queue, open_client

__all__ = ["moto_server"]  # a fixture

VISIBILITY_SECONDS = 1


class Kit:
    """A queue, a function that sends to it, and one that makes undeleted notifications visible again soon."""

    def __init__(
        self, queue: NotificationQueue, send: Callable[[str], Awaitable[None]], give_back: Callable[[], None]
    ) -> None:
        self.queue = queue
        self.send = send
        self.give_back = give_back

    async def receive(self, count: int) -> dict[str, str]:
        """Receive until there are so many different bodies, and return them with their receipts."""
        got: dict[str, str] = {}
        async with asyncio.timeout(20):
            while len(got) < count:
                deliveries = await self.queue.receive()
                assert len(deliveries) <= MAX_DELIVERIES
                got |= {delivery.body.decode(): delivery.receipt for delivery in deliveries}
        return got


@asynccontextmanager
async def memory_kit() -> AsyncIterator[Kit]:
    queue = MemoryNotificationQueue(wait_seconds=0.05)

    async def send(body: str) -> None:
        queue.put(body.encode())

    yield Kit(queue, send, queue.return_all)


@asynccontextmanager
async def sqs_kit(server: S3Server) -> AsyncIterator[Kit]:
    async with open_client(server) as client:
        url = await make_queue(client, server, visibility_seconds=VISIBILITY_SECONDS)

        async def send(body: str) -> None:
            await client.send_message(QueueUrl=url, MessageBody=body)

        async with SqsNotificationQueue(
            queue_url=url,
            region=server.region,
            access_key_id=server.access_key_id,
            secret_access_key=server.secret_access_key,
            wait_seconds=1,
        ) as queue:
            yield Kit(queue, send, lambda: None)


@pytest.fixture(params=["memory", "sqs"])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    if request.param == "memory":
        async with memory_kit() as made:
            yield made
    else:
        async with sqs_kit(request.getfixturevalue("moto_server")) as made:
            yield made


async def test_a_sent_message_is_received_unchanged(kit: Kit) -> None:
    await kit.send('{"key": "ü +%20"}')
    assert set(await kit.receive(1)) == {'{"key": "ü +%20"}'}


async def test_an_empty_queue_gives_nothing_after_a_while(kit: Kit) -> None:
    async with asyncio.timeout(10):
        assert list(await kit.queue.receive()) == []


async def test_no_more_than_ten_come_at_once_and_none_is_lost(kit: Kit) -> None:
    sent = {secrets.token_hex(4) for _ in range(MAX_DELIVERIES + 3)}
    for body in sent:
        await kit.send(body)
    assert set(await kit.receive(len(sent))) == sent


async def test_what_is_deleted_does_not_come_again_and_the_rest_does(kit: Kit) -> None:
    await kit.send("kept")
    await kit.send("deleted")
    for delivery in [each for _ in range(2) for each in await kit.queue.receive()]:
        if delivery.body == b"deleted":
            await kit.queue.delete(delivery)
            await kit.queue.delete(delivery)  # again: nothing happens
    kit.give_back()
    assert set(await kit.receive(1)) == {"kept"}


async def test_waiting_may_be_cancelled(kit: Kit) -> None:
    waiting = asyncio.create_task(kit.queue.receive())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await kit.send("a")
    kit.give_back()
    assert set(await kit.receive(1)) == {"a"}


async def test_a_missing_queue_is_reported_as_such(moto_server: S3Server) -> None:
    for url in (f"{moto_server.endpoint_url}/123456789012/none", "http://127.0.0.1:9/123456789012/none"):
        async with SqsNotificationQueue(
            queue_url=url, region=moto_server.region, access_key_id="a", secret_access_key="b", wait_seconds=1
        ) as queue:
            with pytest.raises(QueueUnavailableError):
                await queue.receive()
