"""The feed of one owner: the events of its uploads, even those of workers, and of no others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from application.events.reading import EventPage, Interest, ReadingEvents
from application.keys.issuing_upload_tokens import TokenWish
from application.ports.keys.token_reads import owner_of
from tests.unit.application.world import Client, World

SOON = 5.0


@pytest.fixture
async def reading(world: World) -> AsyncIterator[ReadingEvents]:
    made = ReadingEvents(log=world.log, own=world.log, tokens=world.read_side)
    following = asyncio.create_task(made.follow())
    yield made
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def page_of(world: World, client: Client, **wished: Any) -> Client:  # noqa: ANN401  # the fields of a wish
    """Return a client that has only an upload token."""
    wish = TokenWish(**{"expires_in": timedelta(minutes=15), "max_count": 9, **wished})
    _, secret = await world.issue_token(client.caller, client.namespace, client.bucket, wish)
    made = Client(world, await world.admitting.caller(secret), secret, client.namespace)
    made.bucket = client.bucket
    return made


def interest_of(page: Client) -> Interest:
    token = page.caller.token
    assert token is not None
    return Interest(organization_id=token.organization_id, bucket_id=token.bucket_id, owner=owner_of(token))


def subjects(page: EventPage) -> list[str]:
    return [event.notification.originator_id for event in page.events]


def tags(page: EventPage) -> list[str]:
    return [event.notification.topic.rpartition(".")[0] for event in page.events]


async def next_page(reading: ReadingEvents, page: Client, after: int) -> EventPage:
    return await reading.wait(interest_of(page), after=after, limit=100, seconds=SOON)


async def followed(reading: ReadingEvents) -> None:
    async with asyncio.timeout(SOON):
        while reading._kept_until < 0:
            await asyncio.sleep(0)


async def test_a_page_has_the_events_of_the_uploads_of_the_subject_and_of_no_others(
    world: World, client: Client, reading: ReadingEvents
) -> None:
    page, earlier = [await page_of(world, client, subject="user-42") for _ in range(2)]
    other, bare = await page_of(world, client, subject="user-43"), await page_of(world, client)
    mine = await page.request(create_object=False)
    before = await earlier.request(skip_duplicates=False)
    for stranger in (other, bare, client):
        await stranger.upload(skip_duplicates=False)
    page.put(mine)
    await client.confirm(mine)  # not by the token: the events belong to the upload

    whole = await reading.page(interest_of(page), after=0, limit=100)

    assert set(subjects(whole)) == {mine.record.upload_id, before.record.upload_id}
    assert tags(whole)[-1] == "upload.completed"
    assert (whole.position, whole.has_more) == (await world.log.head(), False)
    assert subjects(await reading.page(interest_of(bare), after=0, limit=100)) != subjects(whole)


async def test_pages_continue_without_a_gap(world: World, client: Client, reading: ReadingEvents) -> None:
    page = await page_of(world, client, subject="user-42")
    for _ in range(3):
        await page.upload(skip_duplicates=False)
        await client.upload(skip_duplicates=False)
    whole = await reading.page(interest_of(page), after=0, limit=100)

    after, found = 0, list[str]()
    while True:
        part = await reading.page(interest_of(page), after=after, limit=2)
        found += [str(event.position) for event in part.events]
        after = part.position
        if not part.has_more:
            break

    assert found == [str(event.position) for event in whole.events]


async def test_a_reader_that_waits_is_woken_by_its_own_uploads_alone(
    world: World, client: Client, reading: ReadingEvents
) -> None:
    page = await page_of(world, client, subject="user-42")
    after = await world.log.head()
    waiting = asyncio.create_task(next_page(reading, page, after))
    await followed(reading)
    await client.upload(skip_duplicates=False)
    await (await page_of(world, client, subject="user-43")).request()
    assert not waiting.done()

    answer = await page.request()

    found = await waiting
    assert (tags(found), subjects(found)) == (["upload.requested"], [answer.record.upload_id])
    page.put(answer)
    waiting = asyncio.create_task(next_page(reading, page, found.position))
    await asyncio.sleep(0)
    await client.confirm(answer)
    assert "upload.completed" in tags(await waiting)


async def test_the_uploads_of_a_token_that_is_issued_later_are_followed(
    world: World, client: Client, reading: ReadingEvents
) -> None:
    page = await page_of(world, client, subject="user-42")
    waiting = asyncio.create_task(next_page(reading, page, await world.log.head()))
    await followed(reading)
    for _ in range(3):  # the reader waits
        await asyncio.sleep(0)

    answer = await (await page_of(world, client, subject="user-42")).request()

    assert subjects(await waiting) == [answer.record.upload_id]


async def test_what_was_not_followed_is_read_again(world: World, client: Client, reading: ReadingEvents) -> None:
    page = await page_of(world, client, subject="user-42")
    owner = owner_of(page.caller.token)  # type: ignore[arg-type]  # it has one
    reading._owning.enter(owner)
    await reading._owning.learn(owner)
    answer = await page.request()  # while no log is followed
    assert not reading._owning.has(owner, answer.record.upload_id)

    reading._owning.lose()
    await reading._owning.learn(owner)

    assert reading._owning.has(owner, answer.record.upload_id)


async def test_nothing_is_kept_of_owners_without_readers(
    world: World, client: Client, reading: ReadingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.events.owning._KEPT_SECONDS", -1.0)
    one, other = await page_of(world, client, subject="user-42"), await page_of(world, client)
    await one.request()
    for page in (one, other):
        await reading.wait(interest_of(page), after=0, limit=1, seconds=0)

    owning = reading._owning
    assert list(owning._known) == [owner_of(other.caller.token)]  # type: ignore[arg-type]  # it has one
    assert (dict(owning._of_upload), list(owning._of_token)) == ({}, [other.caller.actor_id])
