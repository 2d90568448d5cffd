import asyncio
import hashlib
from datetime import timedelta

import msgspec
import pytest

from application.idempotency import (
    KEPT,
    LEASE,
    Creation,
    Remembered,
    SeededIds,
    check_idempotency_key,
    keyed_request,
)
from application.ports.clock import Ids
from application.ports.events.event_log import LogUnavailableError, OutcomeUnknownError, VersionConflictError
from application.tasks.worker import TIDY
from application.uploads.requesting import Answer
from domain.buckets.bucket import UniqueKey
from domain.keys.api_key import Permission
from domain.refusals import ConflictError, InvalidInputError, NotFoundError, QuotaExceededError
from domain.uploads.admission import Announcement
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import Status
from tests.unit.application.uploads.test_replacing import key_of, token_of
from tests.unit.application.world import BYTES, SHA256, Client, World

DRAWN = ["upl_7q4kg8s0vmqrgur9", "upl_r83dovo8k4dqsik8"]  # from the seed "a"


def announcing(client: Client, *, size: int = len(BYTES), sha256: str | None = None) -> Creation[Answer]:
    """Return the creation of an upload, as in the route."""
    request_upload = client.world._request
    announcement = Announcement(
        filename="clip.mp4",
        content_type="video/mp4",
        declared_size_bytes=size,
        declared_sha256=sha256,
        blob_property="video",
    )
    return Creation(
        prefix="upl_",
        make=lambda ids: request_upload(client.caller, client.namespace, client.bucket, announcement, ids=ids),
        made=lambda answer: (answer.record.upload_id,),
        found=request_upload.made_before,
        again=lambda known: request_upload.again(
            client.caller, client.namespace, client.bucket, known.ids[0], drawn=known.drawn[0]
        ),
    )


async def once(
    client: Client, creation: Creation[Answer] | None = None, *, key: str = "k", body: bytes = b"{}"
) -> Answer:
    request = keyed_request(
        organization_id=client.caller.organization.organization_id,
        key_id=client.caller.key.key_id,
        key=key,
        what=("POST", "/v1/buckets/clips/uploads"),
        body=body,
    )
    return await client.world.do_once(request, creation or announcing(client))


async def test_the_same_request_is_answered_with_the_same_upload(client: Client) -> None:
    first = await once(client)
    again = await once(client)
    assert again == first
    assert await client.quota() == (len(BYTES), 0)
    assert (await client.world.tags()).count("upload.requested") == 1


async def test_the_url_is_signed_again_with_the_remaining_time(world: World, client: Client) -> None:
    first = await once(client)
    world.clock.advance(timedelta(minutes=40))
    again = await once(client)
    assert first.signed is not None
    assert again.signed is not None
    assert again.signed.expires_at == first.signed.expires_at == first.record.expires_at
    assert again.signed.headers == first.signed.headers
    world.clock.advance(timedelta(minutes=20, seconds=-1))
    last = await once(client)
    assert last.signed is not None
    assert last.signed.expires_at == first.record.expires_at
    world.clock.advance(timedelta(microseconds=1))
    late = await once(client)
    assert (late.record, late.signed) == (first.record, None)


async def test_an_upload_that_has_ended_is_answered_as_it_stands(client: Client) -> None:
    first = await once(client)
    client.put(first, BYTES)
    await client.confirm(first)
    again = await once(client)
    assert again.record.upload_id == first.record.upload_id
    assert (again.record.status, again.signed) == (Status.COMPLETED, None)


async def test_an_upload_that_is_being_verified_has_no_url_again(client: Client) -> None:
    first = await once(client)
    client.put(first, BYTES)
    await client.confirm(first, as_task=True)
    again = await once(client)
    assert (again.record.status, again.signed) == (Status.PROCESSING, None)


async def test_a_skipped_upload_is_answered_as_one_again(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    await client.upload(object_metadata={"title": "A"})
    creation = announcing_many(client, client.announcement(object_metadata={"title": "A"}))
    request = keyed_request(organization_id="org", key_id="key", key="k", what=(), body=b"")
    (first,) = await client.world.do_once(request, creation)
    (again,) = await client.world.do_once(request, creation)
    assert first.message is not None
    assert again == first


@pytest.mark.parametrize("drawn", ["upl_", "upl_zzzzzzzzzzzzzzzz"])
async def test_an_upload_with_another_id_than_was_drawn_is_an_original(client: Client, drawn: str) -> None:
    original = await client.upload()
    answer = await client.world._request.again(
        client.caller, client.namespace, client.bucket, original.record.upload_id, drawn=drawn
    )
    assert (answer.is_duplicate, answer.record) == (True, original.record)


async def test_a_duplicate_is_answered_as_one_again(client: Client) -> None:
    original = await client.request(size=len(BYTES), sha256=SHA256)
    client.put(original, BYTES)
    await client.confirm(original)
    first = await once(client, announcing(client, sha256=SHA256))
    again = await once(client, announcing(client, sha256=SHA256))
    assert first.is_duplicate
    assert again == first
    assert (await client.world.tags()).count("upload.duplicate_avoided") == 1


async def test_another_request_and_one_in_flight_are_refused(client: Client) -> None:
    creation = announcing(client)

    async def twice(ids: Ids) -> Answer:
        with pytest.raises(ConflictError) as in_flight:
            await once(client)
        assert in_flight.value.code == "idempotency_key_in_flight"
        return await creation.make(ids)

    slow: Creation[Answer] = Creation(prefix="upl_", make=twice, made=creation.made, again=creation.again)
    await once(client, slow)
    with pytest.raises(InvalidInputError) as reused:
        await once(client, body=b'{"filename": "another"}')
    assert (reused.value.code, reused.value.details) == ("idempotency_key_reused", {"field": "Idempotency-Key"})
    await once(client, key="another", body=b'{"filename": "another"}')


def test_a_key_of_another_api_key_is_another_one() -> None:
    names = {
        keyed_request(organization_id="org", key_id=key_id, key=key, what=(), body=b"").name
        for key_id, key in (("key_1", "a"), ("key_2", "a"), ("key_1", "b"))
    }
    assert len(names) == 3


async def test_a_refused_request_frees_its_key(client: Client) -> None:
    with pytest.raises(QuotaExceededError):
        await once(client, announcing(client, size=100_000), body=b"too large")
    answer = await once(client, body=b"smaller")
    assert answer.record.status is Status.PENDING


async def test_what_died_after_its_upload_was_made_makes_no_second_one(world: World, client: Client) -> None:
    creation = announcing(client)

    async def dies(ids: Ids) -> Answer:
        await creation.make(ids)
        raise KeyboardInterrupt

    dying: Creation[Answer] = Creation(prefix="upl_", make=dies, made=creation.made, again=creation.again)
    with pytest.raises(KeyboardInterrupt):
        await once(client, dying)
    with pytest.raises(ConflictError):
        await once(client)
    world.clock.advance(LEASE)
    answer = await once(client)
    assert answer.signed is not None
    assert (await world.tags()).count("upload.requested") == 1
    assert await once(client) == answer, "and now the created record is known"


async def test_what_an_earlier_attempt_made_is_the_answer_only_once_it_is_durable(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    creation = announcing(client)

    async def dies(ids: Ids) -> Answer:
        await creation.make(ids)
        raise OutcomeUnknownError("the connection was lost")

    with pytest.raises(OutcomeUnknownError):
        await once(client, Creation(prefix="upl_", make=dies, made=creation.made, again=creation.again))

    async def not_yet() -> None:
        raise OutcomeUnknownError("no standby has it")

    with monkeypatch.context() as patched:
        patched.setattr(world.log, "make_durable", not_yet)
        with pytest.raises(OutcomeUnknownError):
            await once(client)
    assert (await once(client)).record.status is Status.PENDING
    assert (await world.tags()).count("upload.requested") == 1


async def test_what_died_before_its_upload_was_made_is_carried_out_by_the_next_one(
    world: World, client: Client
) -> None:
    creation = announcing(client)

    async def dies(ids: Ids) -> Answer:
        raise KeyboardInterrupt(ids)

    dying: Creation[Answer] = Creation(prefix="upl_", make=dies, made=creation.made, again=creation.again)
    with pytest.raises(KeyboardInterrupt):
        await once(client, dying)
    world.clock.advance(LEASE)
    assert (await once(client)).signed is not None
    assert (await world.tags()).count("upload.requested") == 1


async def test_after_an_unknown_outcome_only_the_same_request_continues_immediately(client: Client) -> None:
    creation = announcing(client)

    async def loses_its_answer(ids: Ids) -> Answer:
        await creation.make(ids)
        raise LogUnavailableError("the connection was lost")

    losing: Creation[Answer] = Creation(prefix="upl_", make=loses_its_answer, made=creation.made, again=creation.again)
    with pytest.raises(LogUnavailableError):
        await once(client, losing)
    with pytest.raises(InvalidInputError):
        await once(client, body=b"another")
    assert (await once(client)).signed is not None
    assert (await client.world.tags()).count("upload.requested") == 1


async def test_a_refusal_after_an_attempt_of_unknown_outcome_keeps_the_key_for_the_same_request(
    client: Client,
) -> None:
    async def loses_its_answer(ids: Ids) -> Answer:
        raise LogUnavailableError(str(ids))

    async def never(known: Remembered) -> Answer:
        raise AssertionError(known)

    losing: Creation[Answer] = Creation(prefix="upl_", make=loses_its_answer, made=lambda _: (), again=never)
    with pytest.raises(LogUnavailableError):
        await once(client, losing)
    with pytest.raises(QuotaExceededError):
        await once(client, announcing(client, size=100_000))
    with pytest.raises(InvalidInputError):
        await once(client, body=b"another")
    assert (await once(client)).signed is not None


async def test_what_an_earlier_attempt_made_is_found_before_anything_is_made_again(client: Client) -> None:
    creation, made = announcing(client), 0

    async def loses_its_answer(ids: Ids) -> Answer:
        nonlocal made
        made += 1
        await creation.make(ids)
        raise OutcomeUnknownError("the connection was lost")

    losing = msgspec.structs.replace(creation, make=loses_its_answer)
    with pytest.raises(OutcomeUnknownError):
        await once(client, losing)

    assert (await once(client, losing)).record.status is Status.PENDING
    assert made == 1


async def test_what_has_no_way_to_be_found_shows_by_the_id_that_is_taken(client: Client) -> None:
    creation = msgspec.structs.replace(announcing(client), found=None)

    async def loses_its_answer(ids: Ids) -> Answer:
        await creation.make(ids)
        raise OutcomeUnknownError("the connection was lost")

    with pytest.raises(OutcomeUnknownError):
        await once(client, msgspec.structs.replace(creation, make=loses_its_answer))

    answer = await once(client, creation)
    assert answer.record.status is Status.PENDING
    assert await once(client, creation) == answer
    assert (await client.world.tags()).count("upload.requested") == 1


@pytest.mark.parametrize("uses", [None, 1, 2], ids=["of a key", "the last of a token", "of a token"])
async def test_an_earlier_attempt_that_counts_only_now_is_the_answer(client: Client, uses: int | None) -> None:
    creation = announcing(client if uses is None else await token_of(client, max_count=uses))

    async def meanwhile(ids: Ids) -> Answer:
        assert isinstance(ids, SeededIds)
        await creation.make(SeededIds(ids._seed, client.world.ids))
        return await creation.make(ids)

    assert (await once(client, msgspec.structs.replace(creation, make=meanwhile))).record.status is Status.PENDING
    assert (await client.world.tags()).count("upload.requested") == 1


@pytest.mark.parametrize("batch", ["KN", "NK"])
async def test_a_batch_whose_earlier_attempt_makes_objects_only_now_is_the_answer(client: Client, batch: str) -> None:
    await client.upload(create_object=False)
    files = [client.announcement(sha256=SHA256 if each == "K" else None) for each in batch]
    creation = announcing_many(client, *files)
    request = keyed_request(organization_id="org", key_id="key", key="k", what=(), body=b"")

    async def meanwhile(ids: Ids) -> list[Answer]:
        assert isinstance(ids, SeededIds)
        earlier = SeededIds(ids._seed, client.world.ids)
        client.world.once_before(
            lambda event: isinstance(event, UploadDuplicateAvoided), lambda: creation.make(earlier)
        )
        return await creation.make(ids)

    answers = await client.world.do_once(request, msgspec.structs.replace(creation, make=meanwhile))

    assert [answer.is_duplicate for answer in answers] == [each == "K" for each in batch]
    assert (await client.world.tags()).count("object.created") == 1


async def test_a_conflict_about_something_else_is_raised(client: Client) -> None:
    async def conflicts(ids: Ids) -> Answer:
        raise VersionConflictError(ids.new("bkt_"), expected=1, actual=2)

    creation = announcing(client)
    for found in (creation.found, None):
        with pytest.raises(VersionConflictError):
            await once(client, msgspec.structs.replace(creation, make=conflicts, found=found))
    assert (await once(client)).record.status is Status.PENDING


async def test_after_24_hours_a_key_is_new_and_a_worker_removes_it(world: World, client: Client) -> None:
    first = await once(client)
    world.clock.advance(KEPT)
    second = await once(client)
    assert second.record.upload_id != first.record.upload_id
    world.clock.advance(KEPT)
    assert await world.do_once.drop_expired() == 1
    assert await world.do_once.drop_expired() == 0
    assert TIDY < KEPT


async def test_a_worker_removes_what_has_expired_while_it_runs(world: World, client: Client) -> None:
    await once(client)
    world.clock.advance(KEPT)
    stopping = asyncio.Event()
    worker = asyncio.create_task(world.working.run(stopping))
    async with asyncio.timeout(10):
        while world.idempotency_keys._rows:
            await asyncio.sleep(0)
    stopping.set()
    await worker


async def test_an_upload_that_was_forgotten_meanwhile_is_not_found(client: Client) -> None:
    first = await once(client)
    await client.cancel(first)
    await client.world.forget(first.record.upload_id, actor_id="system:test")
    with pytest.raises(NotFoundError):
        await once(client)


def test_ids_of_a_seed_are_the_same_in_every_attempt_and_secrets_are_not(world: World) -> None:
    first, second, other = (SeededIds(seed, world.ids) for seed in ("a", "a", "b"))
    drawn = [first.new("upl_") for _ in range(100)]
    assert drawn == [second.new("upl_") for _ in range(100)]
    assert len(set(drawn)) == 100
    assert all(len(upload_id) == 20 for upload_id in drawn)
    assert other.new("upl_") != drawn[0]
    assert drawn[:2] == DRAWN, "a process of another version continues a request of this version"
    assert first.secret() != second.secret()


@pytest.mark.parametrize("key", ["", "a" * 256, "a\tb", "a\nb", "\x7f"])
def test_an_invalid_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_idempotency_key(key)
    assert (refused.value.code, refused.value.details) == ("invalid_idempotency_key", {"field": "Idempotency-Key"})


@pytest.mark.parametrize("key", ["a", "a" * 255, "8e03978e-40d5-43e8-bc93-6894a57f9324", "eine Ü-Zahl"])
def test_any_other_key_is_taken_as_it_is(key: str) -> None:
    assert check_idempotency_key(key) == key


def announcing_many(client: Client, *files: Announcement) -> Creation[list[Answer]]:
    """Return the creation of a batch, as in the route."""
    request_upload = client.world._request
    return Creation(
        prefix="upl_",
        count=len(files),
        make=lambda ids: request_upload.many(client.caller, client.namespace, client.bucket, files, ids=ids),
        made=lambda answers: tuple(answer.record.upload_id for answer in answers),
        found=request_upload.made_before,
        again=lambda known: request_upload.all_again(
            client.caller, client.namespace, client.bucket, files, known.ids, drawn=known.drawn
        ),
    )


@pytest.mark.parametrize("batch", ["K", "N", "KK", "KN", "NK", "NKKN"], ids=lambda batch: f"{batch}-")
@pytest.mark.parametrize("meanwhile", ["nothing", "the new bytes became known"])
async def test_a_batch_that_died_before_its_answer_is_answered_as_it_was(
    world: World, client: Client, batch: str, meanwhile: str
) -> None:
    await client.upload(create_object=False)
    new = hashlib.sha256(b"new bytes").hexdigest()
    files = [
        client.announcement(sha256=SHA256 if each == "K" else new, size=None, create_object=False) for each in batch
    ]
    creation = announcing_many(client, *files)
    answered: list[list[Answer]] = []

    async def dies(ids: Ids) -> list[Answer]:
        answered.append(await creation.make(ids))
        raise KeyboardInterrupt

    request = keyed_request(organization_id="org", key_id="key", key="k", what=(), body=batch.encode())
    with pytest.raises(KeyboardInterrupt):
        await world.do_once(request, msgspec.structs.replace(creation, make=dies))
    if meanwhile != "nothing":
        await client.upload(b"new bytes", create_object=False)
    world.clock.advance(LEASE)
    before = await world.log.head()

    again = await world.do_once(request, creation)

    assert [each.record.upload_id for each in again] == [each.record.upload_id for each in answered[0]]
    assert [each.is_duplicate for each in again] == [each == "K" for each in batch]
    assert [each.signed is None for each in again] == [each == "K" for each in batch]
    assert await world.log.head() == before
    assert [each.record for each in await world.do_once(request, creation)] == [each.record for each in again]


async def test_a_batch_of_which_some_are_gone_is_answered_each_in_its_place(world: World, client: Client) -> None:
    original = await client.upload(create_object=False)
    files = [
        client.announcement(sha256=SHA256, filename="known.mp4", create_object=False),
        client.announcement(filename="erased.mp4", size=9, metadata={"n": 1}, create_object=False),
        client.announcement(filename="awaited.mp4", create_object=False),
    ]
    creation = announcing_many(client, *files)
    request = keyed_request(organization_id="org", key_id="key", key="k", what=(), body=b"")
    known, erased, awaited = await world.do_once(request, creation)
    world.clock.advance(timedelta(minutes=1))
    assert (known.is_duplicate, known.record.upload_id) == (True, original.record.upload_id)
    client.put(erased, b"new bytes")
    await client.confirm(erased)
    await client.cancel(erased)
    await client.cancel(original)
    assert not await client.exists(erased)

    again = await world.do_once(request, creation)

    assert [each.record.filename for each in again] == ["known.mp4", "erased.mp4", "awaited.mp4"]
    assert [each.record.failure_reason for each in again] == ["upload_not_found", "upload_not_found", None]
    assert [each.record.status for each in again] == [Status.FAILED, Status.FAILED, Status.PENDING]
    assert [each.signed is not None for each in again] == [False, False, True]
    assert (again[1].record.upload_id, again[1].record.metadata) == (erased.record.upload_id, {"n": 1})
    assert {each.record.created_at for each in again} == {awaited.record.created_at}
    assert again[0].record.upload_id != original.record.upload_id
    assert not again[0].is_duplicate
    assert again[2].record == awaited.record


async def test_an_original_that_is_no_longer_readable_is_not_returned_again(world: World, client: Client) -> None:
    original = await client.upload()
    less = await key_of(client, Permission.WRITE)
    wish = client.announcement(sha256=SHA256)
    request = keyed_request(organization_id="org", key_id="key", key="k", what=(), body=b"")
    (answer,) = await world.do_once(request, announcing_many(client, wish))
    assert answer.record.upload_id == original.record.upload_id

    (again,) = await world.do_once(request, announcing_many(less, wish))

    assert (again.record.status, again.record.failure_reason) == (Status.FAILED, "upload_not_found")
    assert original.record.upload_id not in str(again)
    with pytest.raises(NotFoundError):
        await world._request.again(
            less.caller, less.namespace, less.bucket, original.record.upload_id, drawn=again.record.upload_id
        )
