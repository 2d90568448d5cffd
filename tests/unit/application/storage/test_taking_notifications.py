"""Notifications of storage have small files verified at once, and make jobs due for others."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest

from adapters.memory.storage.notification_queue import MemoryNotificationQueue
from application.handling import load
from application.ports.events.event_log import Command, LogUnavailableError
from application.ports.storage.object_storage import Fetched, StorageUnavailableError
from application.storage.consuming_notifications import ConsumingStorageEvents
from application.storage.taking_notifications import TOGETHER, Taken, TakingStorageEvents
from application.uploads.requesting import Answer
from application.uploads.verifying import FETCH_BYTES
from domain.events.registry import decode
from domain.refusals import InvalidInputError
from domain.tasks.agenda import JobKind
from domain.uploads.upload import UPLOAD, Status
from domain.uploads.upload_events import SeenBy, UploadVerificationBegan
from tests.unit.application.world import BYTES, Client, World

MATCHED = Taken(received=1, matched=1, ignored=0)
IGNORED = Taken(received=1, matched=0, ignored=1)


def notification(*keys: str, name: str = "ObjectCreated:Put", etag: str = "e", bucket: str = "memory") -> bytes:
    return json.dumps(
        {
            "Records": [
                {
                    "eventName": name,
                    "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "eTag": etag}},
                }
                for key in keys
            ]
        }
    ).encode()


@pytest.fixture
def unknown() -> list[bytes]:
    return []


@pytest.fixture
def take(client: Client, unknown: list[bytes]) -> TakingStorageEvents:
    return taking(client.world, unknown)


def taking(world: World, unknown: list[bytes] | None = None) -> TakingStorageEvents:
    return TakingStorageEvents(
        log=world.log,
        jobs=world.jobs,
        storage=world.storage,
        verify=world.verify,
        clock=world.clock,
        ids=world.ids,
        report_unknown=([] if unknown is None else unknown).append,
    )


async def request(client: Client, *, auto_confirm: bool | None = True, **asked: Any) -> Answer:  # noqa: ANN401  # as for `wish`
    return await client.request(auto_confirm=auto_confirm, **asked)


async def work(world: World) -> None:
    await world.pass_time(timedelta(0))


async def began(client: Client, answer: Answer) -> UploadVerificationBegan:
    stored = await client.world.log.read_stream(answer.record.upload_id)
    (event,) = (e for e in map(decode, (s.state for s in stored)) if isinstance(e, UploadVerificationBegan))
    return event


async def test_a_small_file_that_storage_reports_is_verified_at_once_by_one_command(
    client: Client, take: TakingStorageEvents
) -> None:
    answer = await request(client)
    client.put(answer)
    append, commands = client.world.log.append, []

    async def counted(command: Command) -> int:
        commands.append(command)
        return await append(command)

    client.world.log.append = counted  # type: ignore[method-assign]  # for this test
    assert await take(notification(answer.record.storage_key)) == MATCHED

    record = await client.record(answer)
    assert (record.status, record.auto_confirm, record.size_bytes) == (Status.COMPLETED, True, len(BYTES))
    event = await began(client, answer)
    assert (event.seen_by, event.inline, event.origin.actor_id) == (SeenBy.STORAGE_EVENT, True, "system:storage")
    assert len(commands) == 1


@pytest.mark.parametrize("size", [None, FETCH_BYTES + 1])
async def test_a_worker_verifies_a_file_that_may_be_large(world: World, size: int | None) -> None:
    client = await world.tenant(quota_bytes=10 * FETCH_BYTES)
    answer = await request(client, size=size)
    client.put(answer, bytes(FETCH_BYTES + 1))

    await taking(world)(notification(answer.record.storage_key))

    assert (await client.record(answer)).status is Status.PROCESSING  # nothing is verified within the call
    await work(world)
    assert (await client.record(answer)).status is Status.COMPLETED
    event = await began(client, answer)
    assert (event.seen_by, event.inline) == (SeenBy.STORAGE_EVENT, False)


async def test_an_event_during_an_outage_of_storage_is_not_lost(client: Client, take: TakingStorageEvents) -> None:
    answer = await request(client)
    client.put(answer)
    client.world.storage.fail_next(1)

    assert await take(notification(answer.record.storage_key)) == MATCHED

    assert (await client.record(answer)).status is Status.PROCESSING
    await work(client.world)
    assert (await client.record(answer)).status is Status.COMPLETED


async def test_after_one_failure_of_storage_the_rest_is_left_to_workers_without_a_look(
    client: Client, take: TakingStorageEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [await request(client, filename=f"{number}.mp4") for number in range(2 * TOGETHER + 1)]
    for answer in answers:
        client.put(answer)
    looks, all_look = 0, asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        nonlocal looks
        looks += 1
        if looks == TOGETHER:
            all_look.set()
        await all_look.wait()
        raise StorageUnavailableError

    with monkeypatch.context() as hanging:
        hanging.setattr(client.world.storage, "fetch", hang)
        async with asyncio.timeout(5):
            taken = await take(notification(*(answer.record.storage_key for answer in answers)))

    assert (taken.matched, looks) == (len(answers), TOGETHER)
    assert {(await client.record(answer)).status for answer in answers} == {Status.PROCESSING}
    await work(client.world)
    assert {(await client.record(answer)).status for answer in answers} == {Status.COMPLETED}


async def test_events_about_one_key_are_processed_in_turn(
    client: Client, take: TakingStorageEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await request(client)
    client.put(answer)
    fetch, looks = client.world.storage.fetch, []

    async def look(key: str, *, limit_bytes: int) -> Fetched | None:
        looks.append(key)
        await asyncio.sleep(0)
        return await fetch(key, limit_bytes=limit_bytes)

    monkeypatch.setattr(client.world.storage, "fetch", look)
    await take(notification(*[answer.record.storage_key] * 3))

    assert looks == [answer.record.storage_key]  # the others find it completed


async def test_an_error_of_the_log_ends_the_processing_and_is_raised_as_it_is(
    client: Client, take: TakingStorageEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [(await request(client, filename=name)).record.storage_key for name in ("a.mp4", "b.mp4")]

    async def fail(*_: object) -> None:
        raise LogUnavailableError

    monkeypatch.setattr(client.world.log, "read_stream", fail)
    with pytest.raises(LogUnavailableError):
        await take(notification(*keys))


async def test_wrong_bytes_fail_as_if_they_had_been_confirmed(client: Client, take: TakingStorageEvents) -> None:
    answer = await request(client, sha256="0" * 64)
    client.put(answer)

    await take(notification(answer.record.storage_key))
    await work(client.world)

    assert (await client.record(answer)).failure_reason == "hash_mismatch"


async def test_without_auto_confirm_nothing_happens_until_the_client_confirms(
    client: Client, take: TakingStorageEvents
) -> None:
    answer = await request(client, auto_confirm=None)
    client.put(answer)
    before = await client.world.log.head()

    assert await take(notification(answer.record.storage_key)) == MATCHED

    assert await client.world.log.head() == before
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_an_upload_follows_its_bucket_by_default(client: Client) -> None:
    await client.make_bucket("quick", auto_confirm=True)

    asked = [await request(client, auto_confirm=wanted) for wanted in (None, True, False)]

    assert [answer.record.auto_confirm for answer in asked] == [True, True, False]
    assert [(await client.record(answer)).auto_confirm for answer in asked] == [True, True, False]


async def test_events_that_come_twice_or_late_change_nothing(client: Client, take: TakingStorageEvents) -> None:
    answer = await request(client)
    content = client.put(answer)
    body = notification(answer.record.storage_key, answer.record.storage_key, etag=content.etag)

    assert await take(body) == Taken(received=2, matched=2, ignored=0)
    await work(client.world)
    done = await client.world.log.head()
    assert await take(body) == Taken(received=2, matched=2, ignored=0)
    await work(client.world)

    assert await client.world.log.head() == done


async def test_a_notification_before_the_bytes_are_visible_is_handled_later(
    client: Client, take: TakingStorageEvents
) -> None:
    answer = await request(client)
    before = await client.world.log.head()

    await take(notification(answer.record.storage_key))
    await work(client.world)
    assert (await client.record(answer)).status is Status.PENDING
    assert await client.world.log.head() == before
    client.put(answer)
    await client.world.pass_time(timedelta(seconds=3))

    assert (await client.record(answer)).status is Status.COMPLETED


@pytest.mark.parametrize("name", ["ObjectCreated:Put", "ObjectRemoved:Delete"])
async def test_events_of_a_canceled_upload_change_nothing(client: Client, take: TakingStorageEvents, name: str) -> None:
    answer = await request(client)
    await client.cancel(answer)
    before = await client.world.log.head()

    assert await take(notification(answer.record.storage_key, name=name)) == MATCHED

    assert await client.world.log.head() == before


async def test_an_upload_that_failed_stays_failed(client: Client, take: TakingStorageEvents) -> None:
    answer = await request(client)
    await client.world.pass_time(timedelta(hours=2))
    client.put(answer)

    assert await take(notification(answer.record.storage_key)) == MATCHED
    await work(client.world)

    assert (await client.record(answer)).status is Status.FAILED


async def test_foreign_notifications_are_ignored(client: Client, take: TakingStorageEvents) -> None:
    key = (await request(client)).record.storage_key
    head = await client.world.log.head()

    assert await take(notification(key, bucket="another")) == IGNORED
    for other in ("HappyFace.jpg", key + "x", "x" + key, key.replace("/upl_", "/upl_9"), key + "\0", ""):
        assert await take(notification(other)) == IGNORED, other
    assert await client.world.log.head() == head


async def test_a_notification_for_a_forgotten_upload_is_ignored(client: Client, take: TakingStorageEvents) -> None:
    answer = await request(client)
    await client.world.pass_time(timedelta(hours=2))
    await client.world.pass_time(timedelta(days=31))

    assert await take(notification(answer.record.storage_key)) == IGNORED


async def test_an_unknown_shape_is_reported_and_holds_nothing(take: TakingStorageEvents, unknown: list[bytes]) -> None:
    assert await take(b'{"hello": "world"}') == Taken(received=0, matched=0, ignored=0)
    assert unknown == [b'{"hello": "world"}']


async def test_what_is_not_json_is_refused(take: TakingStorageEvents) -> None:
    with pytest.raises(InvalidInputError):
        await take(b"hello")


class TestWithoutVersions:
    """Storage where a URL that still works can overwrite the verified bytes."""

    @pytest.fixture
    async def client(self) -> Client:
        return await World(versioned=False).tenant()

    async def test_other_bytes_are_looked_at_at_once_and_again_when_the_url_is_dead(
        self, client: Client, take: TakingStorageEvents
    ) -> None:
        answer = await request(client)
        client.put(answer)
        await client.confirm(answer)
        changed = client.put(answer, b"other")

        assert await take(notification(answer.record.storage_key, etag=changed.etag)) == MATCHED
        await work(client.world)

        assert (await client.record(answer)).changed_etag == changed.etag
        last = client.put(answer, b"and others")
        await client.world.pass_time(timedelta(hours=2))
        assert (await client.record(answer)).changed_etag == last.etag

    async def test_the_verified_etag_appends_no_event(self, client: Client, take: TakingStorageEvents) -> None:
        answer = await request(client)
        content = client.put(answer)
        await client.confirm(answer)

        await take(notification(answer.record.storage_key, etag=content.etag))

        assert await client.world.jobs.next_due() == answer.record.due_at

    async def test_bytes_that_are_gone_are_recorded(self, client: Client, take: TakingStorageEvents) -> None:
        answer = await request(client)
        client.put(answer)
        await client.confirm(answer)
        await client.world.storage.delete(answer.record.storage_key)

        await take(notification(answer.record.storage_key, name="ObjectRemoved:Delete"))
        await work(client.world)

        assert (await client.record(answer)).changed_etag == ""


async def test_an_overwritten_upload_with_a_version_of_its_own_needs_no_look(
    client: Client, take: TakingStorageEvents
) -> None:
    answer = await request(client)
    client.put(answer)
    await client.confirm(answer)

    await take(notification(answer.record.storage_key, etag="another"))

    leased = await client.world.jobs.lease(now=client.world.clock.now(), limit=9, lasts=timedelta(1))
    assert JobKind.RECHECK not in {job.kind for job in leased}


class TestConsuming:
    """The same, from a queue."""

    async def test_a_notification_is_deleted_once_it_was_taken_in(
        self, client: Client, take: TakingStorageEvents
    ) -> None:
        queue = MemoryNotificationQueue(wait_seconds=0)
        answer = await request(client)
        client.put(answer)
        queue.put(notification(answer.record.storage_key))
        queue.put(b"not JSON")
        problems: list[Exception] = []
        consume = ConsumingStorageEvents(queue=queue, take=take, report=problems.append)

        assert await consume.take_some()
        queue.return_all()

        assert list(await queue.receive()) == []
        assert [type(problem) for problem in problems] == [InvalidInputError]
        await work(client.world)
        assert (await client.record(answer)).status is Status.COMPLETED

    async def test_what_could_not_be_taken_in_comes_again(
        self, client: Client, take: TakingStorageEvents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue = MemoryNotificationQueue(wait_seconds=0)
        answer = await request(client)
        client.put(answer)
        queue.put(notification(answer.record.storage_key))
        problems: list[Exception] = []
        consume = ConsumingStorageEvents(queue=queue, take=take, report=problems.append)

        with monkeypatch.context() as broken:
            broken.setattr(client.world.log, "read_stream", None)
            assert not await consume.take_some()
        queue.return_all()
        assert await consume.take_some()

        assert len(problems) == 1
        loaded = await load(client.world.log, UPLOAD, answer.record.upload_id)
        assert type(loaded.state).__name__ == "Completed"

    async def test_it_stops_at_once_while_it_waits(self, take: TakingStorageEvents) -> None:
        queue = MemoryNotificationQueue(wait_seconds=3600)
        stopping = asyncio.Event()
        running = asyncio.create_task(
            ConsumingStorageEvents(queue=queue, take=take, report=lambda _: None).run(stopping)
        )

        stopping.set()

        async with asyncio.timeout(5):
            await running
