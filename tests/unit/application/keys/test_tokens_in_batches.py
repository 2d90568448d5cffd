"""Batches of the holder of a token: one command, and one task that only this token can read."""

from datetime import timedelta
from typing import Any

import pytest

from application.keys.issuing_upload_tokens import TokenWish
from application.ports.tasks.tasks import TaskStatus
from domain.refusals import ForbiddenError, NotFoundError
from domain.uploads.upload import Status
from tests.unit.application.world import BYTES, Client, World

NOW = timedelta(0)


async def page_of(world: World, client: Client, **wished: Any) -> Client:  # noqa: ANN401  # the fields of a wish
    """Return a client that has only an upload token."""
    wish = TokenWish(**{"expires_in": timedelta(minutes=15), "max_count": 9, **wished})
    _, secret = await world.issue_token(client.caller, client.namespace, client.bucket, wish)
    return await with_secret(world, client, secret)


async def with_secret(world: World, client: Client, secret: str) -> Client:
    made = Client(world, await world.admitting.caller(secret), secret, client.namespace)
    made.bucket = client.bucket
    return made


async def counted(world: World, page: Client) -> tuple[int, int]:
    record = await world.read_side.upload_token(page.caller.actor_id)
    assert record is not None
    return record.used_count, record.used_bytes


async def test_a_batch_counts_each_of_its_files_in_one_command(world: World, client: Client) -> None:
    page = await page_of(world, client, max_total_bytes=100)
    commands = world.appending()

    answers = await page.request_many(*(page.announcement(size=size) for size in (10, 20, 30)))

    assert [answer.record.status for answer in answers] == [Status.PENDING] * 3
    assert len(commands) == 1
    assert await counted(world, page) == (3, 60)
    await page.request(size=40)
    assert await counted(world, page) == (4, 100)


@pytest.mark.parametrize(
    ("limits", "code"), [({"max_count": 2}, "token_used_up"), ({"max_total_bytes": 59}, "token_bytes_used_up")]
)
async def test_a_batch_that_a_token_does_not_allow_makes_nothing_and_names_the_file(
    world: World, client: Client, limits: dict[str, int], code: str
) -> None:
    page = await page_of(world, client, **limits)

    with pytest.raises(ForbiddenError) as refused:
        await page.request_many(*(page.announcement(size=20) for _ in range(3)))

    assert (refused.value.code, refused.value.details["index"]) == (code, 2)
    assert await counted(world, page) == (0, 0)
    assert await client.quota() == (0, 0)


async def test_a_refused_single_file_has_no_index(world: World, client: Client) -> None:
    page = await page_of(world, client, max_total_bytes=9)

    with pytest.raises(ForbiddenError) as refused:
        await page.request(size=10)
    assert "index" not in refused.value.details


async def test_a_batch_confirm_completes_what_the_token_reaches_and_nothing_else(world: World, client: Client) -> None:
    page, earlier = [await page_of(world, client, subject="user-42") for _ in range(2)]
    other = await page_of(world, client, subject="user-43")
    mine, of_subject, theirs, of_key = [
        await each.request(skip_duplicates=False) for each in (page, earlier, other, client)
    ]
    for answer in (mine, of_subject, theirs, of_key):
        client.put(answer)

    task = await page.confirm_many(mine, of_subject, theirs, of_key, "upl_none")
    await world.pass_time(NOW)

    task = await world.read_task(page.caller, task.task_id)
    assert task.status is TaskStatus.COMPLETED_WITH_ERRORS
    codes = [output["code"] if "code" in output else output["status"] for output in task.outputs]  # type: ignore[index]  # objects
    assert codes == ["COMPLETED", "COMPLETED", *["upload_not_found"] * 3]
    statuses = [(await client.record(each)).status for each in (mine, of_subject, theirs, of_key)]
    assert statuses == [Status.COMPLETED, Status.COMPLETED, Status.PENDING, Status.PENDING]


async def test_a_task_is_read_by_the_token_that_started_it_and_by_no_other(world: World, client: Client) -> None:
    page, other = [await page_of(world, client, subject="user-42") for _ in range(2)]
    answer = await page.request()
    page.put(answer)
    task = await page.confirm_many(answer)
    of_upload = await with_secret(world, client, world.admitting.credential_for(page.caller, answer.record))

    assert (await world.read_task(page.caller, task.task_id)).task_id == task.task_id
    assert (await world.read_task(client.caller, task.task_id)).task_id == task.task_id
    for stranger in (other, of_upload):
        with pytest.raises(NotFoundError):
            await world.read_task(stranger.caller, task.task_id)


async def test_the_token_of_an_upload_reads_the_task_that_verifies_it(world: World, client: Client) -> None:
    answer, other = [await client.request(skip_duplicates=False) for _ in range(2)]
    page, stranger = [
        await with_secret(world, client, world.admitting.credential_for(client.caller, each.record))
        for each in (answer, other)
    ]
    page.put(answer)
    confirmed = await page.confirm(answer, as_task=True)

    task = await world.read_task(page.caller, confirmed.task_id or "")

    assert task.upload_id == answer.record.upload_id
    with pytest.raises(NotFoundError):
        await world.read_task(stranger.caller, confirmed.task_id or "")


async def test_the_outputs_of_a_task_name_nothing_of_others_to_a_token(world: World, client: Client) -> None:
    original = await client.upload()
    page = await page_of(world, client)
    answer = await page.request(size=len(BYTES))
    page.put(answer)
    task = await page.confirm_many(answer)
    await world.pass_time(NOW)

    (output,) = (await world.read_task(page.caller, task.task_id)).outputs

    assert (await client.record(answer)).duplicate_of == original.record.upload_id
    assert output["status"] == "COMPLETED"  # type: ignore[index]  # an object
    assert original.record.upload_id not in str(output)
    assert str(original.record.object_id) not in str(output)
