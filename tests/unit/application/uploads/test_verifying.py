"""Verifications on their own: what a worker does when others change the same things, and when storage is silent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from adapters.memory.storage import object_storage
from application.handling import Loaded, load
from application.keys.callers import Caller
from application.keys.managing import KeyWish
from application.ports.storage.object_storage import StoredContent
from application.ports.uploads.upload_reads import UploadRecord
from application.rules import Rules
from application.uploads import verifying
from application.uploads.requesting import Answer
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import FieldType
from domain.events.registry import decode
from domain.objects.composition import BlobWish
from domain.organizations.organization import Tier, TierLimits
from domain.refusals import WrongStateError
from domain.uploads.content_rules import ContentCheck, ContentRules
from domain.uploads.upload import UPLOAD, Completed, Status, Upload
from domain.uploads.upload_events import UploadCompleted, UploadEvent, UploadVerificationAbandoned
from tests.unit.application.world import BYTES, SHA256, Client, World

OTHER = b"other bytes!"
MIB = 1024 * 1024
KEYED = UniqueKey(fields=("title",))


async def loaded(client: Client, answer: Answer) -> Loaded[UploadEvent, Upload]:
    return await load(client.world.log, UPLOAD, answer.record.upload_id)


async def verify(client: Client, answer: Answer) -> Loaded[UploadEvent, Upload]:
    return await client.world.verify(await loaded(client, answer), actor_id="system:worker")


async def processing(client: Client, body: bytes = BYTES, **asked: object) -> Answer:
    """Return an upload that a worker has to verify."""
    answer = await client.request(**{"size": len(body), **asked})
    client.put(answer, body)
    assert (await client.confirm(answer, as_task=True)).status is Status.PROCESSING
    return answer


def completes(event: object) -> bool:
    return isinstance(event, UploadCompleted)


async def test_of_two_verifications_at_once_the_later_returns_what_the_earlier_recorded(
    world: World, client: Client
) -> None:
    answer = await processing(client)
    world.once_before(completes, lambda: verify(client, answer))

    ended = await verify(client, answer)

    assert isinstance(ended.state, Completed)
    assert (await world.tags()).count("upload.completed") == 1


async def test_bytes_and_claims_of_a_later_confirm_are_examined_again(world: World, client: Client) -> None:
    answer = await processing(client)

    async def again() -> None:
        world.storage.fail_next(1)
        await verify(client, answer)  # abandoned
        client.put(answer, OTHER)
        await client.confirm(answer, as_task=True, size=len(OTHER))

    world.once_before(completes, again)
    await verify(client, answer)

    record = await client.record(answer)
    assert record.status is Status.COMPLETED
    assert world.storage.get(record.storage_key) == world.storage.get(record.storage_key, record.version_id)
    assert record.sha256 != SHA256


async def test_a_change_of_the_object_in_the_meantime_does_not_have_the_bytes_read_again(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.make_bucket("keyed", unique_key=KEYED)
    held = await client.upload(OTHER, object_metadata={"title": "A"})
    answer = await processing(client, object_metadata={"title": "A"}, policy=Policy.UPSERT)
    calls = calls_of(world, monkeypatch)

    world.once_before(completes, lambda: client.change(held.record.object_id or "", fields={"n": 1}))
    await verify(client, answer)

    assert (await client.record(answer)).object_id == held.record.object_id
    assert calls == ["fetch"]


def calls_of(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the reading calls that storage gets from now on."""
    made: list[str] = []

    def watched(name: str) -> Callable[..., object]:
        call = getattr(world.storage, name)

        def noting(*args: object, **options: object) -> object:
            made.append(name)
            return call(*args, **options)

        return noting

    for name in ("head", "fetch", "read"):
        monkeypatch.setattr(world.storage, name, watched(name))
    return made


@pytest.mark.parametrize(
    ("size", "declared", "content_type", "expected"),
    [
        (MIB, True, "video/mp4", ["fetch"]),
        (MIB + 1, True, "video/mp4", ["head", "read"]),
        (12, False, "video/mp4", ["head", "read"]),
        (12, False, "video/webm", ["head"]),
    ],
    ids=["few bytes", "more bytes", "undeclared size", "another type"],
)
@pytest.mark.parametrize("in_a_task", [False, True])
async def test_storage_is_asked_once_and_not_for_bytes_that_are_wrong_anyway(
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    content_type: str,
    expected: list[str],
    *,
    declared: bool,
    in_a_task: bool,
) -> None:
    world = World(rules=Rules(inline_limit_bytes=1 if in_a_task else 2 * MIB))
    client = await world.tenant(quota_bytes=2 * MIB)
    answer = await client.request(size=size if declared else None)
    client.put(answer, bytes(size), content_type)
    calls = calls_of(world, monkeypatch)

    if in_a_task:
        await client.confirm_many(answer)
        await world.pass_time(timedelta(0))
    else:
        with suppress(WrongStateError):
            await client.confirm(answer)

    assert (await client.record(answer)).status is (Status.FAILED if expected == ["head"] else Status.COMPLETED)
    assert calls == expected


async def test_bytes_that_disappear_before_their_verification_do_not_fail_the_upload(
    world: World, client: Client
) -> None:
    answer = await processing(client)
    await world.storage.delete(answer.record.storage_key)

    await world.pass_time(timedelta(0))

    assert world.problems == []
    assert (await client.record(answer)).status is Status.PENDING
    client.put(answer)
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_confirm_that_reads_many_bytes_reports_no_progress(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "_TOUCH_EVERY", timedelta(0))

    assert (await client.upload(size=None)).status is Status.COMPLETED


class SlowReads:
    """Lets reads of storage begin, and end only when `go_on` is set. `under_way`: by organization."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.under_way: list[str] = []
        self.go_on = asyncio.Event()
        self._read = world.storage.read
        monkeypatch.setattr(world.storage, "read", self.read)

    async def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        organization = key.split("/", maxsplit=1)[0]
        self.under_way.append(organization)
        await self.go_on.wait()
        async for chunk in self._read(key, content, first_bytes=first_bytes):
            yield chunk
        self.under_way.remove(organization)


async def stored(client: Client, count: int) -> list[Answer]:
    """Return uploads with bytes that no confirm fetches with its first call."""
    body = bytes(MIB + 1)
    answers = [await client.request(size=len(body), skip_duplicates=False) for _ in range(count)]
    for answer in answers:
        client.put(answer, body)
    return answers


@pytest.fixture
async def busy(world: World) -> Client:
    """A client with room for large files."""
    return await world.tenant(quota_bytes=10**9, tier=Tier.ENTERPRISE)


async def rounds() -> None:
    """Let all other tasks go as far as they can."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_the_confirms_of_one_organization_read_few_large_files_at_a_time_and_leave_places_to_others(
    world: World, busy: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await world.tenant(quota_bytes=10**9, tier=Tier.ENTERPRISE)
    mine, others = await stored(busy, 5), await stored(other, 1)
    small = await busy.request(size=None)
    busy.put(small)
    reads = SlowReads(world, monkeypatch)
    its, others_id = (each.caller.organization.internal_id for each in (busy, other))

    async with asyncio.TaskGroup() as together:
        confirms = [together.create_task(busy.confirm(answer)) for answer in mine]
        await rounds()
        confirms.append(together.create_task(other.confirm(others[0])))
        confirms.append(together.create_task(busy.confirm(small)))
        await rounds()
        large = [its] * verifying.READS_OF_ONE + [others_id]
        assert reads.under_way == [*large, its]  # the last one is small
        reads.go_on.set()

    assert {confirm.result().status for confirm in confirms} == {Status.COMPLETED}


async def test_a_large_file_is_read_in_several_rounds_of_the_event_loop(
    world: World, busy: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "CHUNK_BYTES", MIB // 4)
    (answer,), read, rounds_at_chunk, passed = await stored(busy, 1), world.storage.read, list[int](), [0]

    async def noting(key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        async for chunk in read(key, content, first_bytes=first_bytes):
            rounds_at_chunk.append(passed[0])
            yield chunk

    async def count_rounds() -> None:
        while True:
            passed[0] += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(world.storage, "read", noting)
    counting = asyncio.create_task(count_rounds())
    await busy.confirm(answer)
    counting.cancel()

    assert rounds_at_chunk == sorted(set(rounds_at_chunk))
    assert len(rounds_at_chunk) == 5


async def test_a_claim_of_another_key_has_large_files_read_in_the_same_turns(
    world: World, busy: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, organization = await stored(busy, 5), busy.caller.organization
    wish = KeyWish(name="other", user_id="usr_1")
    key, secret = await world.keys.create(organization.organization_id, wish, actor_id="system:operator")
    another = Client(world, Caller(key=key, organization=organization), secret, busy.namespace)
    reads = SlowReads(world, monkeypatch)

    confirms = [asyncio.create_task(another.confirm(answer, sha256="0" * 64)) for answer in answers]
    await rounds()

    assert len(reads.under_way) == verifying.READS_OF_ONE
    reads.go_on.set()
    results = await asyncio.gather(*confirms, return_exceptions=True)
    assert [type(each) for each in results] == [WrongStateError] * 5


async def test_a_worker_that_has_leased_a_job_waits_for_no_turn(
    world: World, busy: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = await stored(busy, verifying.READS_OF_ONE + 1)
    await busy.confirm(answers[0], as_task=True)
    reads = SlowReads(world, monkeypatch)
    confirms = [asyncio.create_task(busy.confirm(answer)) for answer in answers[1:]]
    await rounds()

    working = asyncio.create_task(world.working.work_due())
    await rounds()

    assert len(reads.under_way) == verifying.READS_OF_ONE + 1
    reads.go_on.set()
    await asyncio.gather(*confirms, working)


async def test_an_outage_is_waited_out_twice_as_long_each_time_up_to_a_quarter_of_an_hour(
    world: World, client: Client
) -> None:
    answer = await client.request()
    client.put(answer)
    pauses = []

    for _ in range(11):
        await client.confirm(answer, as_task=True)
        world.storage.fail_next(1)
        await verify(client, answer)
        abandoned = decode((await world.log.read_stream(answer.record.upload_id))[-1].state)
        assert isinstance(abandoned, UploadVerificationAbandoned)
        pauses.append((abandoned.retry_at - abandoned.origin.at).total_seconds())

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@pytest.mark.parametrize(("tier", "status"), [(Tier.FREE, Status.FAILED), (Tier.PRO, Status.COMPLETED)])
async def test_the_tier_of_the_organization_limits_bytes_of_undeclared_size(tier: Tier, status: Status) -> None:
    sizes = {Tier.FREE: len(BYTES) - 1, Tier.PRO: len(BYTES)}
    limits = {one: TierLimits(file_size_bytes=size, quota_bytes=1000) for one, size in sizes.items()}
    client = await World(rules=Rules(tier_limits=limits)).tenant(tier=tier)
    answer = await client.request(size=None)
    client.put(answer)

    with suppress(WrongStateError):
        await client.confirm(answer)

    record = await client.record(answer)
    assert (record.status, record.failure_reason) == (status, "file_too_large" if tier is Tier.FREE else None)


@pytest.mark.parametrize(("wrong_at", "completes"), [(4095, False), (4096, True)])
async def test_the_head_of_a_file_is_examined_as_a_whole_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, wrong_at: int, *, completes: bool
) -> None:
    client = await world.tenant(quota_bytes=10_000)
    monkeypatch.setattr(object_storage, "CHUNK_BYTES", 1000)
    await client.make_bucket("strict", content_rules=ContentRules(content_check=ContentCheck.STRICT))
    body = b"a" * wrong_at + b"\xff" + b"a" * 1000
    answer = await client.request(size=None, content_type="text/plain; charset=utf-8", create_object=False)
    client.put(answer, body, "text/plain; charset=utf-8")

    with suppress(WrongStateError):
        await client.confirm(answer)

    reason = None if completes else "content_type_mismatch"
    assert (await client.record(answer)).failure_reason == reason


async def test_an_object_made_of_an_upload_has_the_defaults_of_its_schema(client: Client) -> None:
    properties = {"video": {"type": "video"}, "title": {"type": "string", "default": "untitled"}}
    await client.make_bucket("schema", schema={"properties": properties})

    made = await client.object((await client.upload()).record.object_id or "")

    assert made is not None
    assert made.metadata == {"title": "untitled"}


async def test_an_unknown_actor_replaces_nothing_and_no_actor_does_in_a_deleted_bucket(
    world: World, client: Client
) -> None:
    upload = await loaded(client, await client.request())
    key_id = client.caller.key.key_id
    assert await world.verify.may_replace(upload, key_id)

    assert not await world.verify.may_replace(upload, "system:sweeper")
    await world.delete_bucket(client.caller, client.bucket)
    await world.pass_time(timedelta(0))
    assert not await world.verify.may_replace(upload, key_id)


async def test_a_duplicate_completes_even_if_the_object_that_it_was_to_update_is_missing(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEYED)
    original = await client.upload(object_metadata={"title": "A"})
    duplicate = await client.request(object_metadata={"title": "B"})
    wanted = await client.request(object_metadata={"title": "B"}, skip_duplicates=False)
    for answer in (duplicate, wanted):
        client.put(answer)

    confirmed = await client.confirm(duplicate, policy=Policy.UPDATE)

    assert confirmed.record.duplicate_of == original.record.upload_id
    assert confirmed.record.object_id == original.record.object_id
    with pytest.raises(WrongStateError) as failed:
        await client.confirm(wanted, policy=Policy.UPDATE)
    assert failed.value.code == "object_not_found"


def is_duplicate(event: object) -> bool:
    return isinstance(event, UploadCompleted) and event.duplicate_of is not None


@pytest.mark.parametrize("known", [False, True], ids=["before it is read", "before the duplicate is recorded"])
async def test_bytes_whose_original_is_deleted_meanwhile_are_kept(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    original = await client.upload(create_object=False)
    answer = await client.request(create_object=False)
    client.put(answer)
    read = world.read_side.upload

    async def late(namespace_id: str, upload_id: str) -> UploadRecord | None:
        if upload_id == original.record.upload_id:
            monkeypatch.undo()
            await client.cancel(original)
        return await read(namespace_id, upload_id)

    if known:
        world.once_before(is_duplicate, lambda: client.cancel(original))
    else:
        monkeypatch.setattr(world.read_side, "upload", late)
    confirmed = await client.confirm(answer)

    assert not await client.exists(original)
    assert (confirmed.record.duplicate_of, confirmed.record.keeps_bytes) == (None, True)


async def test_an_original_that_an_object_gets_meanwhile_makes_no_other_object(world: World, client: Client) -> None:
    original = await client.upload(create_object=False)
    answer = await client.request()
    client.put(answer)
    blob = BlobWish(property="video", type=FieldType.VIDEO, upload_id=original.record.upload_id)
    world.once_before(is_duplicate, lambda: client.make(blob))

    confirmed = await client.confirm(answer)

    assert confirmed.record.object_id == (await client.record(original)).object_id is not None
    assert (await world.tags()).count("object.created") == 1
