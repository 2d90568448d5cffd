"""Batch confirmations: one item for each upload, on any worker."""

import hashlib
from datetime import datetime, timedelta

import pytest

from application.ports.storage.object_storage import StorageUnavailableError
from application.ports.tasks.job_queue import Job
from application.ports.tasks.tasks import TaskStatus, TaskType
from application.rules import Rules
from application.uploads import verifying
from application.uploads.sending_parts import WantedPart
from domain.events.registry import decode
from domain.keys.api_key import DEFAULT_PERMISSIONS
from domain.refusals import ForbiddenError, NotFoundError, WrongStateError
from domain.tasks.agenda import JobKind
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from domain.uploads.upload_events import UploadCompleted, UploadVerificationBegan
from tests.unit.application.uploads.test_replacing import key_of
from tests.unit.application.world import BYTES, SHA256, Client, World

NOW = timedelta(0)


async def test_a_batch_is_a_task_that_workers_complete(world: World, client: Client) -> None:
    answers = [await client.request(skip_duplicates=False) for _ in range(3)]
    for answer in answers:
        client.put(answer)

    task = await client.confirm_many(*answers)
    assert (task.status, task.task_type) == (TaskStatus.PENDING, TaskType.CONFIRM_UPLOADS)
    assert task.inputs == tuple(answer.record.upload_id for answer in answers)
    assert {(await client.record(answer)).status for answer in answers} == {Status.PENDING}
    await world.pass_time(NOW)

    task = await client.task(task.task_id)
    records = [await client.record(answer) for answer in answers]
    assert task.status is TaskStatus.COMPLETED
    assert {record.status for record in records} == {Status.COMPLETED}
    assert task.outputs[0] == {
        "subject": records[0].upload_id,
        "upload_id": records[0].upload_id,
        "status": "COMPLETED",
        "object_id": records[0].object_id,
        "file_size_bytes": len(BYTES),
        "file_hash": SHA256,
        "etag": records[0].etag,
        "duplicate_of_upload_id": None,
        "existing_object_id": None,
        "deletes_at": None,
    }
    assert await client.quota() == (0, 3 * len(BYTES))


async def test_a_file_of_a_batch_that_is_known_already_is_a_duplicate(world: World, client: Client) -> None:
    answers = [await client.request() for _ in range(2)]
    for answer in answers:
        client.put(answer)

    await client.confirm_many(*answers)
    await world.pass_time(NOW)

    first, second = [await client.record(answer) for answer in answers]
    assert {first.duplicate_of, second.duplicate_of} in ({None, first.upload_id}, {None, second.upload_id})
    assert await client.quota() == (0, len(BYTES))


async def test_an_upload_of_another_bucket_or_namespace_is_its_items_error(world: World, client: Client) -> None:
    elsewhere = await client.request()
    client.put(elsewhere)
    await client.make_bucket("other")
    here = await client.request()
    client.put(here)

    task = await client.confirm_many(here, elsewhere, "upl_none")
    await world.pass_time(NOW)

    task = await client.task(task.task_id)
    assert task.status is TaskStatus.COMPLETED_WITH_ERRORS
    assert [output.get("code") for output in task.outputs if isinstance(output, dict)] == [
        None,
        "upload_not_found",
        "upload_not_found",
    ]
    assert (await client.record(elsewhere)).status is Status.PENDING


async def test_a_large_file_is_verified_by_the_worker_that_has_its_item() -> None:
    world = World(rules=Rules(inline_limit_bytes=1))
    client = await world.tenant()
    answer = await client.request()
    client.put(answer)

    task = await client.confirm_many(answer)
    assert await world.working.work_due() == 1, "there is one job, not two"

    assert (await client.task(task.task_id)).status is TaskStatus.COMPLETED


@pytest.mark.parametrize(("limit", "commands"), [(len(BYTES) - 1, 2), (len(BYTES), 2), (len(BYTES) + 1, 1)])
async def test_the_verification_of_a_large_file_is_recorded_before_its_bytes_are_read(
    limit: int, commands: int
) -> None:
    world = World(rules=Rules(inline_limit_bytes=limit))
    client = await world.tenant()
    answer = await client.request()
    client.put(answer)
    before = await world.log.head()

    await client.confirm_many(answer)
    await world.pass_time(NOW)

    events = [decode(each.state) for each in await world.log.read_feed(after=before, limit=9)]
    assert len({each.origin.command_id for each in events}) == commands
    assert (await client.record(answer)).status is Status.COMPLETED


async def test_bytes_that_another_confirm_finds_first_are_those_that_an_item_verifies() -> None:
    world = World(rules=Rules(inline_limit_bytes=1))
    client = await world.tenant()
    answer = await client.request()
    client.put(answer)
    await client.confirm_many(answer)

    async def again() -> None:
        client.put(answer, b"other bytes!")
        await client.confirm(answer)

    world.once_before(lambda event: isinstance(event, UploadVerificationBegan), again)
    await world.pass_time(NOW)

    record = await client.record(answer)
    assert (record.status, record.sha256) == (Status.COMPLETED, hashlib.sha256(b"other bytes!").hexdigest())


async def test_a_wrong_file_fails_its_upload_and_its_item_however_often_it_is_worked(
    world: World, client: Client
) -> None:
    answer = await client.request()
    client.put(answer, b"other bytes!")
    task = await client.confirm_many(answer, answer)

    await world.pass_time(NOW)

    task = await client.task(task.task_id)
    assert task.status is TaskStatus.COMPLETED, "there was no claim about the bytes"
    wrong = await client.request(sha256="0" * 64)
    client.put(wrong)
    task = await client.confirm_many(wrong, wrong)
    await world.pass_time(NOW)
    task = await client.task(task.task_id)
    assert task.status is TaskStatus.FAILED
    assert [output["code"] for output in task.outputs if isinstance(output, dict)] == ["hash_mismatch"] * 2
    assert (await client.record(wrong)).status is Status.FAILED


async def test_a_worker_that_died_in_the_middle_of_an_item_is_replaced(world: World, client: Client) -> None:
    """A worker is killed during the verification: its item and the upload are taken over."""
    answer = await client.request()
    client.put(answer)
    task = await client.confirm_many(answer)
    (job,) = await world.jobs.lease(now=world.clock.now(), limit=1, lasts=timedelta(seconds=30))
    assert job.kind is JobKind.ITEM
    await world.tasks.begin(task.task_id, 0, now=world.clock.now())
    await client.begin_verification(answer)

    await world.pass_time(timedelta(seconds=29))
    assert (await client.task(task.task_id)).status is TaskStatus.PROCESSING
    await world.pass_time(timedelta(seconds=1))

    assert (await client.task(task.task_id)).status is TaskStatus.COMPLETED
    assert (await client.record(answer)).status is Status.COMPLETED


async def test_storage_that_is_silent_fails_nothing(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.request()
    client.put(answer)
    task = await client.confirm_many(answer)

    async def silent(key: str, **_: object) -> None:
        raise StorageUnavailableError(key)

    with monkeypatch.context() as broken:
        broken.setattr(world.storage, "fetch", silent)
        await world.pass_time(NOW)
    assert (await client.task(task.task_id)).status is TaskStatus.PROCESSING
    assert (await client.record(answer)).status is Status.PENDING

    await world.pass_time(timedelta(minutes=1))
    assert (await client.task(task.task_id)).status is TaskStatus.COMPLETED


@pytest.mark.parametrize("in_parts", [False, True])
async def test_storage_that_goes_silent_while_a_large_file_is_read_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, *, in_parts: bool
) -> None:
    world = World(rules=Rules(inline_limit_bytes=1))
    client = await world.tenant()
    answer = await client.request(size=None, multipart=Multipart.ALWAYS if in_parts else Multipart.AUTO)
    if in_parts:
        await client.sign_parts(answer, WantedPart(part_number=1, size_bytes=len(BYTES)))
        await client.put_part(answer, 1, BYTES)
    else:
        client.put(answer)
    task = await client.confirm_many(answer)

    def silent(key: str, *_: object, **__: object) -> None:
        raise StorageUnavailableError(key)

    with monkeypatch.context() as broken:
        broken.setattr(world.storage, "read", silent)
        await world.pass_time(NOW)
    assert (await client.task(task.task_id)).status is TaskStatus.PROCESSING
    assert (await client.record(answer)).status is (Status.IN_PROGRESS if in_parts else Status.PENDING)

    await world.pass_time(timedelta(minutes=1))
    assert (await client.task(task.task_id)).status is TaskStatus.COMPLETED


async def test_an_upload_that_is_canceled_while_an_item_verifies_it_is_the_items_error() -> None:
    world = World(rules=Rules(inline_limit_bytes=1))
    client = await world.tenant()
    answer = await client.request()
    client.put(answer)
    task = await client.confirm_many(answer)
    world.once_before(lambda event: isinstance(event, UploadCompleted), lambda: client.cancel(answer))

    await world.pass_time(NOW)

    task = await client.task(task.task_id)
    assert task.status is TaskStatus.FAILED
    assert [output["code"] for output in task.outputs if isinstance(output, dict)] == ["wrong_state"]
    assert (await client.record(answer)).status is Status.CANCELED


async def test_an_item_is_leased_for_longer_while_its_bytes_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_TOUCH_EVERY", timedelta(0))
    world = World(rules=Rules(inline_limit_bytes=1))
    client = await world.tenant()
    answer = await client.request(size=None)
    client.put(answer)
    extended: list[JobKind] = []

    async def extend(job: Job, *, until: datetime) -> bool:
        extended.append(job.kind)
        return await extend_lease(job, until=until)

    extend_lease = world.jobs.extend
    monkeypatch.setattr(world.jobs, "extend", extend)
    await client.confirm_many(answer)
    await world.pass_time(NOW)

    assert extended == [JobKind.ITEM]


async def test_of_a_canceled_batch_no_more_is_confirmed(world: World, client: Client) -> None:
    answers = [await client.request(skip_duplicates=False) for _ in range(2)]
    for answer in answers:
        client.put(answer)
    task = await client.confirm_many(*answers)
    for _ in range(2):  # the second time appends no event
        await world.cancel_task(client.caller, task.task_id)

    await world.pass_time(NOW)

    assert (await client.task(task.task_id)).status is TaskStatus.CANCELED
    assert {(await client.record(answer)).status for answer in answers} == {Status.PENDING}


async def test_a_verification_is_canceled_with_its_upload_only(world: World, client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    confirmed = await client.confirm(answer, as_task=True)

    with pytest.raises(WrongStateError) as refused:
        await world.cancel_task(client.caller, confirmed.task_id or "")
    assert refused.value.code == "task_not_cancelable"
    assert (await client.task(confirmed.task_id)).status is TaskStatus.PROCESSING
    await client.cancel(answer)

    assert (await client.task(confirmed.task_id)).status is TaskStatus.CANCELED


async def test_a_task_that_is_over_or_not_there_is_not_canceled(world: World, client: Client) -> None:
    task = await client.confirm_many("upl_none")
    await world.pass_time(NOW)

    with pytest.raises(WrongStateError) as over:
        await world.cancel_task(client.caller, task.task_id)
    with pytest.raises(NotFoundError):
        await world.cancel_task(client.caller, "task_none")

    assert over.value.code == "task_over"


async def test_the_task_of_an_asynchronous_confirm_is_known_before_its_answer(client: Client) -> None:
    answer = await client.request()
    client.put(answer)

    confirmed = await client.confirm(answer, as_task=True)

    task = await client.task(confirmed.task_id)
    assert (task.status, task.inputs) == (TaskStatus.PROCESSING, (answer.record.upload_id,))
    assert task.actor_id == client.caller.key.key_id


@pytest.mark.parametrize("resource", ["bucket", "namespace", "organization"])
async def test_a_task_is_shown_to_a_key_that_may_read_where_it_works(client: Client, resource: str) -> None:
    world = client.world
    here = {
        "resource_type": resource,
        "resource_id": {
            "bucket": client.bucket.name,
            "namespace": client.namespace.name,
            "organization": client.caller.organization.organization_id,
        }[resource],
    }
    reader = await key_of(client, *DEFAULT_PERMISSIONS, scopes=(here,))
    answer, large = await client.request(), await client.request(skip_duplicates=False)
    client.put(answer)
    client.put(large)
    tasks = [
        (await client.confirm_many(answer)).task_id,
        (await client.confirm(large, as_task=True)).task_id or "",
    ]
    await world.pass_time(NOW)

    for task_id in tasks:
        assert await world.read_task(reader.caller, task_id) == await client.task(task_id)
        with pytest.raises(WrongStateError):
            await world.cancel_task(reader.caller, task_id)
    deletion = await world.delete_bucket(client.caller, client.bucket)
    assert (await world.read_task(reader.caller, deletion.task_id)).task_id == deletion.task_id


@pytest.mark.parametrize("operations", [None, ["write_data", "delete_data"]])
async def test_a_task_out_of_reach_is_shown_to_the_key_that_began_it_alone(
    client: Client, operations: list[str] | None
) -> None:
    world, bucket = client.world, client.bucket
    elsewhere = {"resource_type": "bucket", "resource_id": "bkt_elsewhere"}
    there = {"resource_type": "bucket", "resource_id": bucket.bucket_id, "operations": operations}
    scopes = (elsewhere,) if operations is None else (there, elsewhere)
    other = await key_of(client, *DEFAULT_PERMISSIONS, scopes=scopes)
    answer = await client.request()
    client.put(answer)
    own, foreign = await other.confirm_many(answer), await client.confirm_many(answer)
    await world.pass_time(NOW)

    assert (await world.read_task(client.caller, own.task_id)).outputs
    shown = await world.read_task(other.caller, own.task_id)
    assert (shown.status, shown.outputs) == (TaskStatus.COMPLETED, ())
    for refused in (world.read_task, world.cancel_task):
        with pytest.raises(NotFoundError, check=lambda error: error.code == "task_not_found"):
            await refused(other.caller, foreign.task_id)


async def test_a_key_cancels_no_task_where_its_scopes_do_not_let_it_delete(client: Client) -> None:
    here = {"resource_type": "bucket", "resource_id": client.bucket.name, "operations": ["read_data", "write_data"]}
    other = await key_of(client, *DEFAULT_PERMISSIONS, scopes=(here,))
    task = await other.confirm_many("upl_none")
    with pytest.raises(ForbiddenError, check=lambda error: error.code == "permission_denied"):
        await client.world.cancel_task(other.caller, task.task_id)


async def test_a_key_that_deleted_its_bucket_sees_that_it_is_done(client: Client) -> None:
    here = {"resource_type": "bucket", "resource_id": client.bucket.bucket_id}
    other = await key_of(client, *DEFAULT_PERMISSIONS, scopes=(here,))
    task = await client.world.delete_bucket(other.caller, client.bucket)
    await client.world.pass_time(timedelta(hours=1))
    assert (await client.world.read_task(other.caller, task.task_id)).status is TaskStatus.COMPLETED
