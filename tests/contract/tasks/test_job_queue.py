"""What `JobQueue` promises, on every adapter, and which jobs the events write and remove."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from application.ports.tasks.job_queue import Job, JobQueue
from application.ports.tasks.tasks import NewItem, NewTask, TaskType
from domain.tasks.agenda import JobKind
from tests.contract._log import GRACE, OTHER_HASH, RETENTION, SOON, Account, Kit, Value, far, open_account, twins

LASTS = timedelta(minutes=2)
INLINE = timedelta(seconds=60)


async def lease_all(jobs: JobQueue, now: datetime, limit: int = 1000) -> Sequence[Job]:
    return await jobs.lease(now=now, limit=limit, lasts=LASTS)


async def lease_one(jobs: JobQueue, now: datetime) -> Job:
    (job,) = await lease_all(jobs, now)
    return job


async def due(kit: Kit, account: Account, upload_id: str) -> dict[JobKind, datetime]:
    """Return the due times of the jobs of an upload. This leases and ends them, so call it once."""
    found: dict[JobKind, datetime] = {}
    while mine := [job for job in await lease_all(kit.jobs, far(account.clock.now())) if job.upload_id == upload_id]:
        (job,) = mine
        assert job.due_at >= max(found.values(), default=job.due_at)
        found[job.kind] = job.due_at
        await kit.jobs.done(job)
    return found


@pytest.fixture
async def upload_id(kit: Kit, account: Account) -> str:
    """An upload whose only job is to expire."""
    return await account.request(kit.log)


@pytest.fixture
def due_at(account: Account) -> datetime:
    """When that job is due."""
    return account.clock.now() + timedelta(hours=1) + GRACE


# Leasing


async def test_a_job_is_leased_when_it_is_due_and_not_before(kit: Kit, upload_id: str, due_at: datetime) -> None:
    assert list(await lease_all(kit.jobs, due_at - timedelta(microseconds=1))) == []
    job = await lease_one(kit.jobs, due_at)
    assert job == Job(kind=JobKind.EXPIRE, upload_id=upload_id, due_at=due_at, attempts=1, lease=job.lease)


async def test_up_to_the_limit_the_longest_due_come_first(kit: Kit, account: Account) -> None:
    uploads = []
    for hours in (3, 1, 5, 2, 4):
        expires_at = account.clock.now() + timedelta(hours=hours)
        uploads.append(await account.request(kit.log, due_at=expires_at))
    now = account.clock.now() + timedelta(hours=4)
    first = await lease_all(kit.jobs, now, limit=3)
    assert [job.upload_id for job in first] == [uploads[1], uploads[3], uploads[0]]
    second = await lease_all(kit.jobs, now, limit=3)
    assert [job.upload_id for job in second] == [uploads[4]]


async def test_what_one_organization_has_waiting_does_not_keep_another_from_its_turn(
    kit: Kit, account: Account
) -> None:
    quiet = await open_account(kit.log, beside=account, name="Quiet")
    for _ in range(30):
        await account.request(kit.log)
    account.clock.advance(timedelta(seconds=1))
    one = await quiet.request(kit.log)
    now = far(account.clock.now())
    taken = [job.upload_id for _ in range(2) for job in await lease_all(kit.jobs, now, limit=4)]
    assert one in taken, "it came last, and was not behind all thirty"
    assert len(taken) >= 5
    rest = [job for _ in range(10) for job in await lease_all(kit.jobs, now, limit=4)]
    assert len(taken) + len(rest) == 31, "none is forgotten"


async def test_the_jobs_of_a_task_take_the_turns_of_its_organization(kit: Kit, account: Account) -> None:
    for _ in range(20):
        await account.request(kit.log)
    quiet = await open_account(kit.log, beside=account, name="Quiet")
    began = quiet.clock.now()
    task = NewTask(
        task_id="task_1",
        organization_id=quiet.organization_id,
        namespace_id=None,
        task_type=TaskType.CONFIRM_UPLOADS,
        actor_id="key",
        created_at=began,
        inputs=[],
        items=(NewItem(subject="upl_1"),),
    )
    await kit.tasks.create(task, drop_at=began + timedelta(days=999))
    now = far(began)
    taken = [job.kind for _ in range(2) for job in await lease_all(kit.jobs, now, limit=4)]
    assert JobKind.ITEM in taken


async def test_a_leased_job_belongs_to_one_worker(kit: Kit, due_at: datetime, upload_id: str) -> None:
    job = await lease_one(kit.jobs, due_at)
    assert job.upload_id == upload_id
    for queue in (kit.jobs, kit.other_jobs):
        assert list(await lease_all(queue, due_at)) == []


async def test_workers_that_lease_at_once_get_each_job_once(kit: Kit, account: Account) -> None:
    uploads = {await account.request(kit.log) for _ in range(30)}
    now = far(account.clock.now())
    leased = await asyncio.gather(
        *((kit.jobs, kit.other_jobs)[number % 2].lease(now=now, limit=4, lasts=LASTS) for number in range(12))
    )
    taken = [job.upload_id for some in leased for job in some]
    assert len(taken) == len(set(taken))
    rest = await lease_all(kit.jobs, now)  # a job that another worker was just reading may have been skipped
    assert {*taken, *(job.upload_id for job in rest)} == uploads


async def test_several_jobs_that_are_done_are_gone_except_those_that_were_set_again(kit: Kit, account: Account) -> None:
    uploads = [await account.request(kit.log) for _ in range(3)]
    leased = await lease_all(kit.jobs, far(account.clock.now()))
    await account.send(kit.log, uploads[1], account.reissues())
    await kit.jobs.done(*leased)
    assert [job.upload_id for job in await lease_all(kit.jobs, far(account.clock.now()))] == [uploads[1]]


async def test_when_the_lease_ends_the_job_is_leased_again(kit: Kit, upload_id: str, due_at: datetime) -> None:
    first = await lease_one(kit.jobs, due_at)
    assert list(await lease_all(kit.other_jobs, due_at + LASTS - timedelta(microseconds=1))) == []
    second = await lease_one(kit.other_jobs, due_at + LASTS)
    assert (second.upload_id, second.attempts, second.due_at) == (upload_id, 2, due_at)
    assert second.lease != first.lease


async def test_a_job_that_is_done_is_gone(kit: Kit, upload_id: str, due_at: datetime) -> None:
    job = await lease_one(kit.jobs, due_at)
    assert job.upload_id == upload_id
    await kit.jobs.done(job)
    await kit.jobs.done(job)  # again: nothing happens
    assert await kit.jobs.next_due() is None
    assert list(await lease_all(kit.jobs, far(due_at))) == []


async def test_a_job_is_set_without_an_event_and_is_due_then(
    kit: Kit, account: Account, upload_id: str, due_at: datetime
) -> None:
    now = account.clock.now()
    await kit.jobs.set(JobKind.RECHECK, upload_id, now)
    job = await lease_one(kit.other_jobs, now)
    assert job == Job(kind=JobKind.RECHECK, upload_id=upload_id, due_at=now, attempts=1, lease=job.lease)
    await kit.jobs.done(job)
    assert await due(kit, account, upload_id) == {JobKind.EXPIRE: due_at}


async def test_a_rescheduled_job_no_longer_belongs_to_its_previous_worker(
    kit: Kit, account: Account, upload_id: str
) -> None:
    now = account.clock.now()
    await kit.jobs.set(JobKind.RECHECK, upload_id, now)
    before = await lease_one(kit.jobs, now)
    await kit.jobs.set(JobKind.RECHECK, upload_id, now)
    await kit.jobs.done(before)
    again = await lease_one(kit.other_jobs, now)
    assert (again.kind, again.attempts) == (JobKind.RECHECK, 1)
    assert again.lease != before.lease


async def test_setting_a_job_wakes_the_workers(kit: Kit, account: Account, upload_id: str) -> None:
    waiting = asyncio.create_task(kit.other_jobs.wait(timedelta(hours=1)))
    async with asyncio.timeout(10):
        while not waiting.done():
            await kit.jobs.set(JobKind.RECHECK, upload_id, account.clock.now())
            await asyncio.wait({waiting}, timeout=0.1)


async def test_of_an_uploads_jobs_only_the_one_that_is_done_is_removed(
    kit: Kit, account: Account, upload_id: str
) -> None:
    await account.send(kit.log, upload_id, account.cancels())
    discard = await lease_one(kit.jobs, account.clock.now())
    await kit.jobs.done(discard)
    assert await due(kit, account, upload_id) == {JobKind.FORGET: account.clock.now() + RETENTION}


async def test_a_job_that_is_put_off_is_due_again_then(kit: Kit, upload_id: str, due_at: datetime) -> None:
    job = await lease_one(kit.jobs, due_at)
    later = due_at + timedelta(seconds=30)
    await kit.jobs.put_off(job, until=later, error="storage is silent")
    assert await kit.jobs.next_due() == later
    assert list(await lease_all(kit.other_jobs, later - timedelta(microseconds=1))) == []
    again = await lease_one(kit.other_jobs, later)
    assert (again.upload_id, again.due_at, again.attempts) == (upload_id, later, 2)


async def test_a_job_that_is_given_back_at_once_is_there_for_others(kit: Kit, upload_id: str, due_at: datetime) -> None:
    job = await lease_one(kit.jobs, due_at)
    await kit.jobs.put_off(job, until=job.due_at, error=None)
    assert (await lease_one(kit.other_jobs, due_at)).upload_id == upload_id


async def test_a_lease_that_is_extended_ends_later(kit: Kit, upload_id: str, due_at: datetime) -> None:
    job = await lease_one(kit.jobs, due_at)
    until = due_at + 3 * LASTS
    assert await kit.jobs.extend(job, until=until)
    assert list(await lease_all(kit.other_jobs, until - timedelta(microseconds=1))) == []
    assert (await lease_one(kit.other_jobs, until)).upload_id == upload_id


async def lost_to_another_worker(kit: Kit, _: Account, job: Job) -> None:
    await lease_one(kit.other_jobs, job.due_at + LASTS)


async def given_back(kit: Kit, _: Account, job: Job) -> None:
    await kit.jobs.put_off(job, until=job.due_at + LASTS, error=None)


async def reschedules(kit: Kit, account: Account, job: Job) -> None:
    await account.send(kit.log, job.upload_id, account.reissues())


async def done_by_another(kit: Kit, _: Account, job: Job) -> None:
    await kit.other_jobs.done(await lease_one(kit.other_jobs, job.due_at + LASTS))


@pytest.mark.parametrize("lost", [lost_to_another_worker, given_back, reschedules, done_by_another])
async def test_a_worker_that_lost_the_lease_changes_nothing(
    kit: Kit, account: Account, upload_id: str, due_at: datetime, lost: Callable[..., Any]
) -> None:
    job = await lease_one(kit.jobs, due_at)
    assert job.upload_id == upload_id
    await lost(kit, account, job)
    before = await kit.jobs.next_due()
    assert not await kit.jobs.extend(job, until=far(due_at))
    await kit.jobs.put_off(job, until=far(due_at), error="late")
    await kit.jobs.done(job)
    assert await kit.jobs.next_due() == before


async def test_an_event_reschedules_a_leased_job(kit: Kit, account: Account, upload_id: str, due_at: datetime) -> None:
    first = await lease_one(kit.jobs, due_at)
    await kit.jobs.put_off(first, until=due_at, error="storage is silent")
    second = await lease_one(kit.jobs, due_at)
    assert second.attempts == 2
    await account.send(kit.log, upload_id, account.reissues(timedelta(minutes=30)))
    again = await lease_one(kit.other_jobs, account.clock.now() + timedelta(minutes=30) + GRACE)
    assert (again.upload_id, again.kind, again.attempts) == (upload_id, JobKind.EXPIRE, 1)
    await kit.jobs.done(second)
    assert await kit.other_jobs.extend(again, until=far(due_at))


# When to check


async def test_next_due_returns_when_a_job_is_due_or_its_lease_ends(
    kit: Kit, account: Account, due_at: datetime
) -> None:
    assert await kit.jobs.next_due() is None
    await account.request(kit.log)
    assert await kit.jobs.next_due() == due_at
    job = await lease_one(kit.jobs, due_at + timedelta(hours=1))
    assert await kit.other_jobs.next_due() == due_at + timedelta(hours=1) + LASTS
    await account.request(kit.log)
    assert await kit.other_jobs.next_due() == due_at
    (other,) = await lease_all(kit.jobs, due_at)
    await kit.jobs.done(other)
    await kit.jobs.extend(job, until=due_at - timedelta(hours=9))
    assert await kit.jobs.next_due() == due_at  # a lease that ended does not make it due before


async def test_waiting_ends_when_the_time_is_up(kit: Kit) -> None:
    async with asyncio.timeout(SOON):
        for _ in range(3):
            await kit.jobs.wait(timedelta(milliseconds=5))


async def begin_as_task(account: Account) -> Callable[..., Any]:
    return account.begins(inline=False)


async def cancel(account: Account) -> Callable[..., Any]:
    return account.cancels()


@pytest.mark.parametrize("happens", [begin_as_task, cancel])
async def test_waiting_ends_when_an_event_writes_a_job_that_is_due_at_once(
    kit: Kit, account: Account, upload_id: str, happens: Callable[..., Any]
) -> None:
    queues = (kit.jobs, kit.other_jobs)
    for queue in queues:
        await queue.wait(timedelta(0))  # what was announced before
    waiting = [asyncio.ensure_future(queue.wait(timedelta(hours=1))) for queue in queues]
    await asyncio.sleep(0)
    await account.send(kit.other_log, upload_id, await happens(account))
    async with asyncio.timeout(SOON):
        await asyncio.gather(*waiting)
    assert (await lease_all(kit.jobs, account.clock.now()))[0].upload_id == upload_id


async def test_an_event_that_came_before_the_waiting_ends_it(kit: Kit, account: Account, upload_id: str) -> None:
    await kit.jobs.wait(timedelta(0))
    await account.send(kit.log, upload_id, account.cancels())
    async with asyncio.timeout(SOON):
        await kit.jobs.wait(timedelta(hours=1))


async def test_waiting_that_is_cancelled_at_the_moment_of_a_notification_ends_as_cancelled(kit: Kit) -> None:
    await kit.jobs.wait(timedelta(0))
    waiting = asyncio.ensure_future(kit.jobs.wait(timedelta(hours=1)))
    for _ in range(3):
        await asyncio.sleep(0)
    kit.jobs._news.set()  # type: ignore[attr-defined]  # both adapters have it
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


# Which jobs the events write


async def test_a_requested_upload_is_looked_after_when_its_url_has_expired(
    kit: Kit, account: Account, upload_id: str, due_at: datetime
) -> None:
    assert await due(kit, account, upload_id) == {JobKind.EXPIRE: due_at}


async def test_a_new_url_is_looked_after_at_its_own_time(kit: Kit, account: Account, upload_id: str) -> None:
    await account.send(kit.log, upload_id, account.starts())
    await account.send(kit.log, upload_id, account.reissues(timedelta(hours=9)))
    assert await due(kit, account, upload_id) == {JobKind.EXPIRE: account.clock.now() + timedelta(hours=9) + GRACE}


@pytest.mark.parametrize(("inline", "after"), [(True, INLINE), (False, timedelta(0))])
async def test_a_verification_that_began_is_taken_over_at_once_or_when_the_request_must_have_ended(
    kit: Kit, account: Account, upload_id: str, inline: bool, after: timedelta
) -> None:
    await account.send(kit.log, upload_id, account.begins(inline=inline))
    assert await due(kit, account, upload_id) == {JobKind.VERIFY: account.clock.now() + after}


async def test_a_verification_that_was_abandoned_is_tried_again_and_the_upload_expires_when_it_would_have(
    kit: Kit, account: Account, upload_id: str, due_at: datetime
) -> None:
    await account.send(kit.log, upload_id, account.begins())
    account.clock.advance(timedelta(seconds=5))
    await account.send(kit.log, upload_id, account.abandons(timedelta(seconds=40)))
    assert await due(kit, account, upload_id) == {
        JobKind.VERIFY: account.clock.now() + timedelta(seconds=40),
        JobKind.EXPIRE: due_at,
    }


async def test_a_completed_upload_is_forgotten_only_where_it_has_an_end(
    kit: Kit, account: Account, upload_id: str, due_at: datetime
) -> None:
    await account.complete(kit.log, upload_id)
    assert await due(kit, account, upload_id) == {JobKind.RECHECK: due_at}

    other = await account.request(kit.log, expires_after_seconds=60)
    await account.complete(kit.log, other)
    assert (await due(kit, account, other))[JobKind.FORGET] == account.clock.now() + timedelta(seconds=60)


@pytest.mark.parametrize("version_id", ["version-1", None])
async def test_when_the_url_has_expired_the_bytes_of_a_completed_upload_are_checked_again(
    kit: Kit, account: Account, upload_id: str, due_at: datetime, version_id: str | None
) -> None:
    await account.complete(kit.log, upload_id, into_object=True, version_id=version_id)
    assert await due(kit, account, upload_id) == {JobKind.RECHECK: due_at}


@pytest.mark.parametrize("abandoned", [False, True])
async def test_a_verification_in_one_command_leaves_the_recheck_alone_even_while_a_worker_holds_the_job(
    kit: Kit, account: Account, upload_id: str, due_at: datetime, *, abandoned: bool
) -> None:
    if abandoned:
        await account.send(kit.log, upload_id, account.begins())
        await account.send(kit.log, upload_id, account.abandons())
    now = far(due_at)
    held = await lease_all(kit.jobs, now)
    assert {job.upload_id for job in held} == {upload_id}
    await kit.log.append(await account.to_upload(kit.log, upload_id, account.begins(), then=account.accepts()))
    (job,) = await lease_all(kit.other_jobs, now)
    assert (job.kind, job.upload_id, job.due_at, job.attempts) == (JobKind.RECHECK, upload_id, due_at, 1)
    again = await lease_all(kit.jobs, now + 2 * LASTS)
    assert [each.kind for each in again] == [JobKind.RECHECK]


async def discards(kit: Kit, account: Account, upload_id: str) -> dict[JobKind, Job]:
    """Return the jobs of an upload whose bytes must be deleted, and check how they are reported. This ends them."""
    jobs: dict[JobKind, Job] = {}
    while leased := await lease_all(kit.jobs, far(account.clock.now())):
        (job,) = leased
        jobs[job.kind] = job
        await kit.jobs.done(job)
    discard = jobs[JobKind.DISCARD]
    assert discard.due_at == account.clock.now()
    assert discard.storage_key == f"int/{upload_id}/report.txt"
    return jobs


@pytest.mark.parametrize("others", [{"duplicate_of": "upl_other"}, {"existing_object_id": "obj_other"}])
async def test_the_bytes_of_a_completed_upload_that_keeps_none_are_deleted_now_and_again_after_expiry(
    kit: Kit, account: Account, upload_id: str, due_at: datetime, others: dict[str, Any]
) -> None:
    account.clock.advance(timedelta(minutes=1))
    await account.complete(kit.log, upload_id, **others)
    jobs = await discards(kit, account, upload_id)
    assert jobs[JobKind.DISCARD].again_at == due_at
    assert set(jobs) == {JobKind.DISCARD}


@pytest.mark.parametrize("part_size", [None, 5 * 1024 * 1024])
async def test_an_upload_that_expired_leaves_parts_to_delete_and_otherwise_one_job(
    kit: Kit, account: Account, part_size: int | None
) -> None:
    upload_id = await account.request(kit.log, part_size=part_size)
    await account.send(kit.log, upload_id, account.expires())
    forgotten = {JobKind.FORGET: account.clock.now() + RETENTION}
    discarded = {} if part_size is None else {JobKind.DISCARD: account.clock.now()}
    assert await due(kit, account, upload_id) == forgotten | discarded


@pytest.mark.parametrize("end", ["reject", "cancel", "cancel after failing"])
async def test_the_bytes_of_an_upload_that_ended_otherwise_are_deleted_now_and_again_after_expiry(
    kit: Kit, account: Account, upload_id: str, due_at: datetime, end: str
) -> None:
    account.clock.advance(timedelta(minutes=1))
    match end:
        case "reject":
            commands = [account.begins(), account.rejects()]
        case "cancel":
            commands = [account.begins(), account.cancels()]
        case _:
            commands = [account.expires(), account.cancels()]
    for step in commands:
        await account.send(kit.log, upload_id, step)
    jobs = await discards(kit, account, upload_id)
    assert jobs[JobKind.DISCARD].again_at == due_at
    assert jobs[JobKind.FORGET].due_at == account.clock.now() + RETENTION
    assert set(jobs) == {JobKind.DISCARD, JobKind.FORGET}


async def test_bytes_that_should_stay_after_a_cancel_are_not_deleted(
    kit: Kit, account: Account, upload_id: str
) -> None:
    await account.send(kit.log, upload_id, account.cancels(5))
    assert await due(kit, account, upload_id) == {JobKind.FORGET: account.clock.now() + RETENTION}


async def test_the_bytes_of_a_forgotten_upload_are_deleted_though_its_record_is_gone(
    kit: Kit, account: Account, upload_id: str, due_at: datetime
) -> None:
    await account.complete(kit.log, upload_id)
    account.clock.advance(RETENTION)
    await account.send(kit.log, upload_id, account.forgets())
    jobs = await discards(kit, account, upload_id)
    assert jobs[JobKind.DISCARD].again_at == due_at
    assert set(jobs) == {JobKind.DISCARD}


async def test_a_discard_that_was_put_off_for_its_second_look_keeps_what_it_deletes(
    kit: Kit, account: Account, upload_id: str, due_at: datetime
) -> None:
    await account.send(kit.log, upload_id, account.cancels())
    discard = await lease_one(kit.jobs, account.clock.now())
    await kit.jobs.put_off(discard, until=due_at, error=None)
    again = await lease_one(kit.jobs, due_at)
    assert again == msgspec.structs.replace(discard, due_at=due_at, attempts=2, lease=again.lease)


async def test_a_skipped_upload_is_forgotten_later(kit: Kit, account: Account) -> None:
    skipped = await account.request(kit.log, existing_object_id="obj_1")
    assert await due(kit, account, skipped) == {JobKind.FORGET: account.clock.now() + RETENTION}


async def test_an_upload_that_an_object_takes_up_is_not_forgotten_until_it_is_released(
    kit: Kit, account: Account
) -> None:
    first = await account.request(kit.log, expires_after_seconds=60)
    await account.complete(kit.log, first)
    end = account.clock.now() + timedelta(seconds=60)
    stream = account.new_object(first)
    await kit.log.append(account.command(stream))
    assert await kit.jobs.next_due() == (await due(kit, account, first))[JobKind.RECHECK]  # and not to be forgotten
    second = await account.complete(kit.log, sha256=OTHER_HASH)
    account.clock.advance(timedelta(days=1))
    await kit.log.append(account.command(await account.put_blob(kit.log, stream.stream_id, second)))
    jobs = await lease_all(kit.jobs, far(account.clock.now()))
    (job,) = [each for each in jobs if each.kind is not JobKind.RECHECK]
    assert (job.kind, job.upload_id, job.due_at) == (JobKind.FORGET, first, end)


async def test_the_end_of_an_object_is_put_off_by_what_is_put_into_it_and_may_be_taken_away(
    kit: Kit, account: Account
) -> None:
    first, second, third = [await account.complete(kit.log, sha256=each * 32) for each in ("aa", "bb", "cc")]
    end = account.clock.now() + timedelta(days=2)
    stream = account.new_object(first, deletes_at=end)
    object_id = stream.stream_id
    await kit.log.append(account.command(stream))
    for upload_id, wanted, there in (
        (second, end - timedelta(days=1), end),
        (second, end + timedelta(days=1), end + timedelta(days=1)),
        (third, None, None),
    ):
        put = await account.put_blob(kit.log, object_id, upload_id, deletes_at=wanted)
        await kit.log.append(account.command(put))
        assert (await due(kit, account, object_id)).get(JobKind.DELETE_OBJECT) == there
        found = await kit.read_side.bucket_object(account.namespace_id, object_id)
        assert found is not None
        assert found.deletes_at == there
        held = await kit.read_side.upload(account.namespace_id, upload_id)
        assert held is not None
        assert held.deletes_at == there
    ended = await account.update(kit.log, object_id, third, deletes_at=end)
    await kit.log.append(account.command(ended))
    assert (await due(kit, account, object_id))[JobKind.DELETE_OBJECT] == end


async def test_an_upload_that_a_deleted_object_left_to_another_is_looked_at_at_once(kit: Kit, account: Account) -> None:
    shared = await account.complete(kit.log)
    stream = account.new_object(shared)
    await kit.log.append(account.command(stream))
    woken = asyncio.create_task(kit.jobs.wait(timedelta(seconds=SOON)))
    await asyncio.sleep(0)
    await kit.log.append(await account.delete(kit.log, stream.stream_id, shared))
    (job,) = await lease_all(kit.jobs, account.clock.now())
    assert (job.kind, job.upload_id, job.due_at) == (JobKind.FORGET, shared, account.clock.now())
    async with asyncio.timeout(SOON / 2):
        await woken


async def test_a_refused_command_writes_no_job(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.log, 1)
    with pytest.raises(Exception, match="quota"):
        await account.request(kit.log, declared_size_bytes=2)
    assert await kit.jobs.next_due() is None


# How many


End = Callable[[Kit, Account], Awaitable[str]]


def after(*steps: Callable[[Account], Any], **asked: Value) -> End:
    """Return a way to end an upload."""

    async def end(kit: Kit, account: Account) -> str:
        upload_id = await account.request(kit.log, **asked)
        for step in steps:
            await account.send(kit.log, upload_id, step(account))
        return upload_id

    return end


def completed(*, lasts: int | None = None, object_: bool = False, then: str = "", **others: Value) -> End:
    """Return a way to complete an upload. `lasts`: the seconds until its own end."""

    async def end(kit: Kit, account: Account) -> str:
        upload_id = await account.request(kit.log, **({} if lasts is None else {"expires_after_seconds": lasts}))
        await account.complete(kit.log, upload_id, **others)
        if object_:
            stream = account.new_object(upload_id)
            await kit.log.append(account.command(stream))
            if then == "released":
                second = await account.complete(kit.log, sha256=OTHER_HASH)
                await kit.log.append(account.command(await account.put_blob(kit.log, stream.stream_id, second)))
            elif then:
                kept = (upload_id,) if then == "left to another" else ()
                await kit.log.append(await account.delete(kit.log, stream.stream_id, *kept))
        elif then:
            await kit.log.append(await account.goes(kit.log, upload_id, deleted=then == "deleted"))
        return upload_id

    return end


def inherited(which: int, **others: Value) -> End:
    """Return what makes a duplicate inherit the bytes of its original. `which`: 0 for the original, 1 for the heir."""

    async def end(kit: Kit, account: Account) -> str:
        first = await account.complete(kit.log)
        account.clock.advance(timedelta(minutes=10))
        second = await account.request(kit.log, **others)
        await account.complete(kit.log, second, duplicate_of=first)
        await kit.log.append(await account.goes(kit.log, first, heir_id=second))
        return (first, second)[which]

    return end


async def heir_that_goes(kit: Kit, account: Account) -> str:
    first, second = await twins(kit, account)
    await kit.log.append(await account.goes(kit.log, first, heir_id=second))
    await kit.log.append(await account.goes(kit.log, second))
    return first


FORGET, DISCARD, RECHECK = JobKind.FORGET, JobKind.DISCARD, JobKind.RECHECK
BY_TASK = [Account.begins, Account.rejects]
ENDS: dict[str, tuple[End, list[JobKind]]] = {
    "expired": (after(Account.expires), [FORGET]),
    "expired, in parts": (after(Account.expires, part_size=5 * 1024 * 1024), [DISCARD, FORGET]),
    "failed": (after(*BY_TASK), [DISCARD, FORGET]),
    "failed after an abandoned verification": (after(Account.begins, Account.abandons, *BY_TASK), [DISCARD, FORGET]),
    "canceled": (after(Account.cancels), [DISCARD, FORGET]),
    "canceled after it failed": (after(*BY_TASK, Account.cancels), [DISCARD, FORGET]),
    "canceled while it is verified": (after(Account.begins, Account.cancels), [DISCARD, FORGET]),
    "canceled, and its bytes stay": (after(lambda account: account.cancels(5)), [FORGET]),
    "canceled and forgotten": (after(Account.cancels, Account.forgets), [DISCARD]),
    "skipped": (after(existing_object_id="obj_1"), [FORGET]),
    "skipped and forgotten": (after(Account.forgets, existing_object_id="obj_1"), []),
    "completed": (completed(), [RECHECK]),
    "completed, ends with its URL or later": (completed(lasts=90_000), [RECHECK, FORGET]),
    "completed, ends before its URL": (completed(lasts=60), [FORGET, RECHECK]),
    "completed as a duplicate": (completed(duplicate_of="upl_other"), [DISCARD]),
    "completed as a duplicate that ends": (completed(lasts=90_000, duplicate_of="upl_other"), [DISCARD, FORGET]),
    "completed and deleted": (completed(then="deleted"), [DISCARD]),
    "completed and forgotten": (completed(lasts=60, then="forgotten"), [DISCARD]),
    "in an object": (completed(object_=True), [RECHECK]),
    "in an object, ends before its URL": (completed(lasts=60, object_=True), [RECHECK]),
    "in an object, ends after its URL": (completed(lasts=90_000, object_=True), [RECHECK]),
    "released by its object": (completed(lasts=60, object_=True, then="released"), [FORGET, RECHECK]),
    "deleted with its object": (completed(object_=True, then="deleted"), [DISCARD]),
    "left to another object": (completed(object_=True, then="left to another"), [FORGET, RECHECK]),
    "an heir, whose own bytes are deleted": (inherited(1), [DISCARD]),
    "an heir that ends": (inherited(1, expires_after_seconds=90_000), [DISCARD, FORGET]),
    "an original that has an heir": (inherited(0), [RECHECK]),
    "an original whose heir has gone": (heir_that_goes, [DISCARD]),
}


@pytest.mark.parametrize(("end", "kinds"), ENDS.values(), ids=ENDS.keys())
async def test_an_ended_upload_has_one_job_at_most_and_each_is_followed_by_the_next(
    kit: Kit, account: Account, end: End, kinds: list[JobKind]
) -> None:
    upload_id = await end(kit, account)
    leased = await lease_all(kit.jobs, far(account.clock.now()))
    assert sum(job.upload_id == upload_id for job in leased) == min(len(kinds), 1), "all that are there were leased"
    for job in leased:
        await kit.jobs.put_off(job, until=job.due_at, error=None)
    assert list(await due(kit, account, upload_id)) == kinds


async def test_a_job_that_is_put_off_beyond_the_next_one_comes_after_it(kit: Kit, account: Account) -> None:
    upload_id = await completed(lasts=90_000, duplicate_of="upl_other")(kit, account)
    now = account.clock.now()
    discard = await lease_one(kit.jobs, now)
    late = now + timedelta(seconds=100_000)
    await kit.jobs.put_off(discard, until=late, error="storage is silent")
    assert await kit.jobs.next_due() == now + timedelta(seconds=90_000)
    forget = await lease_one(kit.jobs, far(now))
    assert (forget.kind, forget.due_at) == (FORGET, now + timedelta(seconds=90_000))
    await kit.jobs.done(discard)  # its lease is over
    await kit.jobs.done(forget)
    again = await lease_one(kit.jobs, far(now))
    assert (again.kind, again.upload_id, again.due_at, again.storage_key, again.again_at) == (
        DISCARD,
        upload_id,
        late,
        discard.storage_key,
        discard.again_at,
    )


async def test_the_bytes_of_an_heir_and_its_own_are_deleted_once_it_is_forgotten(kit: Kit, account: Account) -> None:
    first = await account.complete(kit.log)
    second = await account.complete(kit.log, duplicate_of=first)
    await kit.log.append(await account.goes(kit.log, first, heir_id=second))
    await kit.log.append(await account.goes(kit.log, second, deleted=False))
    leased = await lease_all(kit.jobs, far(account.clock.now()))
    assert {(job.kind, job.storage_key) for job in leased} == {
        (DISCARD, f"int/{upload_id}/report.txt") for upload_id in (first, second)
    }


async def test_what_the_service_sets_without_an_event_does_not_displace_what_events_set(
    kit: Kit, account: Account
) -> None:
    upload_id = await completed(lasts=90_000, duplicate_of="upl_other")(kit, account)
    await kit.jobs.set(RECHECK, upload_id, account.clock.now())
    assert list(await due(kit, account, upload_id)) == [DISCARD, FORGET]
