"""Multipart uploads: from the first URL to one object, and the failures in between."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from adapters.memory.storage.object_storage import WrongChecksumError
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageUnavailableError, StoredPart
from application.rules import Rules
from application.uploads.completing_multipart import NamedPart
from application.uploads.requesting import Answer
from application.uploads.sending_parts import WantedPart
from domain.organizations.organization import Tier, TierLimits
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from domain.uploads.content_rules import ContentRules
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from domain.uploads.upload_events import FailureReason
from tests.unit.application.world import Client, World

BODY = b"0123456789" * 2 + b"abcde"
PARTS = {1: b"0123456789", 2: b"0123456789", 3: b"abcde"}
AFTER_THE_GRACE = timedelta(hours=1, minutes=16)


SMALL = TierLimits(file_size_bytes=24, quota_bytes=None)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    return World(rules=Rules(part_bytes=10, **getattr(request, "param", {})))


async def in_parts(client: Client, size: int | None = len(BODY), **asked: object) -> Answer:
    return await client.request(size=size, multipart=Multipart.ALWAYS, **asked)


def sized(number: int, size_bytes: int) -> WantedPart:
    return WantedPart(part_number=number, size_bytes=size_bytes)


async def send(client: Client, answer: Answer, *numbers: int) -> None:
    await client.sign_parts(answer, *numbers)
    for number in numbers:
        await client.put_part(answer, number, PARTS[number])


async def test_a_multipart_upload_is_begun_sent_and_assembled(client: Client) -> None:
    answer = await in_parts(client)
    assert answer.signed is None
    assert answer.record.part_size == 10
    assert await client.parts(answer) == []

    signed = await client.sign_parts(answer, 1, 2, 3)
    assert [part.part_number for part in signed] == [1, 2, 3]
    assert [part.signed.headers for part in signed] == [{"Content-Length": size} for size in ("10", "10", "5")]
    assert (await client.record(answer)).status is Status.IN_PROGRESS
    for number, body in PARTS.items():
        await client.put_part(answer, number, body)
    assert [(part.part_number, part.size_bytes) for part in await client.parts(answer)] == [(1, 10), (2, 10), (3, 5)]

    confirmed = await client.confirm(answer)

    assert confirmed.status is Status.COMPLETED
    assert confirmed.record.size_bytes == len(BODY)
    assert (confirmed.record.etag or "").endswith("-3")
    assert await client.quota() == (0, len(BODY))
    assert (await client.world.tags())[-5:] == [
        "upload.started",
        "upload.verification_began",
        "upload.verified",
        "upload.completed",
        "object.created",
    ]


async def test_the_url_of_a_part_takes_the_length_that_the_announced_size_leaves(client: Client) -> None:
    answer = await in_parts(client)

    for part, length in ((sized(3, 5), "5"), (sized(1, 10), "10"), (WantedPart(part_number=3), "5")):
        (signed,) = await client.sign_parts(answer, part)
        assert signed.signed.headers == {"Content-Length": length}
    for wrong in (sized(3, 6), sized(1, 9), sized(2, 11)):
        with pytest.raises(InvalidInputError) as refused:
            await client.sign_parts(answer, wrong)
        assert refused.value.code == "invalid_part_size"


async def test_for_an_unknown_size_each_part_is_announced_with_its_size_before_anything_begins(client: Client) -> None:
    answer = await in_parts(client, size=None)

    for parts, code in (([1], "part_size_required"), ([sized(1, 11)], "invalid_part_size")):
        with pytest.raises(InvalidInputError) as refused:
            await client.sign_parts(answer, *parts)
        assert refused.value.code == code
    assert (await client.record(answer)).status is Status.PENDING
    (signed,) = await client.sign_parts(answer, sized(1, 7))
    assert signed.signed.headers == {"Content-Length": "7"}


@pytest.mark.parametrize("world", [{"tier_limits": dict.fromkeys(Tier, SMALL)}], indirect=True)
async def test_all_urls_of_an_unknown_size_together_take_no_more_than_the_limit(client: Client) -> None:
    answer = await in_parts(client, size=None)
    signed = await client.sign_parts(answer, sized(1, 10), sized(2, 10), sized(3, 4))  # none of them was sent
    assert sum(int(part.signed.headers["Content-Length"]) for part in signed) == SMALL.file_size_bytes

    for beyond in (sized(3, 5), sized(4, 1)):
        with pytest.raises(ForbiddenError) as refused:
            await client.sign_parts(answer, beyond)
        assert (refused.value.code, refused.value.details["limit_bytes"]) == ("file_too_large", 24)


async def test_the_limit_of_the_bucket_counts_as_that_of_the_tier_does(client: Client) -> None:
    await client.make_bucket("small", content_rules=ContentRules(max_file_size_bytes=12))
    answer = await in_parts(client, size=None)

    await client.sign_parts(answer, sized(1, 10), sized(2, 2))
    with pytest.raises(ForbiddenError) as refused:
        await client.sign_parts(answer, sized(2, 3))
    assert refused.value.details["limit_bytes"] == 12


async def test_a_later_url_starts_no_new_multipart_upload(client: Client) -> None:
    answer = await in_parts(client)
    await client.sign_parts(answer, 1)
    begun = (await client.record(answer)).multipart_id
    before = await client.world.log.head()

    await client.sign_parts(answer, 2)

    assert (await client.record(answer)).multipart_id == begun
    assert await client.world.log.head() == before


async def test_parts_that_are_sent_late_give_the_upload_more_time(client: Client) -> None:
    answer = await in_parts(client)
    await client.sign_parts(answer, 1)
    client.world.clock.advance(timedelta(minutes=30))

    (signed,) = await client.sign_parts(answer, 2)

    record = await client.record(answer)
    assert record.expires_at == client.world.clock.now() + timedelta(hours=1)
    assert signed.signed.expires_at <= record.expires_at
    await client.world.pass_time(timedelta(minutes=50))
    assert (await client.record(answer)).status is Status.IN_PROGRESS


async def test_parts_give_an_upload_more_time_only_after_a_quarter_of_its_time(client: Client) -> None:
    answer = await in_parts(client, expires_in=600)
    await client.sign_parts(answer, 1)
    client.world.clock.advance(timedelta(seconds=150))
    await client.sign_parts(answer, 2)
    assert (await client.record(answer)).expires_at == answer.record.expires_at

    now = client.world.clock.advance(timedelta(seconds=1))
    await client.sign_parts(answer, 3)

    assert (await client.record(answer)).expires_at == now + timedelta(minutes=10)


async def test_an_upload_that_lasts_for_long_is_not_ended_before_the_urls_of_its_parts(client: Client) -> None:
    answer = await in_parts(client, expires_in=24 * 3600)
    await client.world.pass_time(timedelta(hours=1))
    (part,) = await client.sign_parts(answer, 1)
    assert (await client.record(answer)).expires_at >= part.signed.expires_at


async def test_of_two_that_begin_at_once_one_does(client: Client) -> None:
    answer = await in_parts(client)

    await asyncio.gather(*(client.sign_parts(answer, number) for number in (1, 2, 3)))

    assert (await client.world.tags()).count("upload.started") == 1
    record = await client.record(answer)
    assert client.world.storage.multiparts() == {(record.storage_key, record.multipart_id)}


async def test_a_part_number_that_the_file_has_not_is_refused_before_anything_begins(client: Client) -> None:
    answer = await in_parts(client)
    for numbers in ((4,), (0,), (1, 1)):
        with pytest.raises(InvalidInputError) as refused:
            await client.sign_parts(answer, *numbers)
        assert refused.value.code == "invalid_part_numbers"
    assert (await client.record(answer)).status is Status.PENDING


async def test_the_first_100_wrong_part_numbers_are_named(client: Client) -> None:
    answer = await in_parts(client)
    with pytest.raises(InvalidInputError) as refused:
        await client.sign_parts(answer, *range(1, 201))
    assert refused.value.details == {"part_count": 3, "invalid_part_numbers": list(range(4, 104))}


async def test_an_upload_by_a_single_put_has_no_parts(client: Client) -> None:
    answer = await client.request()
    with pytest.raises(WrongStateError) as refused:
        await client.sign_parts(answer, 1)
    assert refused.value.code == "not_in_parts"
    with pytest.raises(WrongStateError):
        await client.parts(answer)


async def test_missing_parts_are_reported_and_can_still_be_sent(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1, 3)
    before = await client.world.log.head()

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)

    assert refused.value.code == "content_not_found"
    assert refused.value.details["missing_parts"] == [2]
    assert await client.world.log.head() == before
    await send(client, answer, 2)
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_part_of_a_wrong_size_is_reported_before_the_parts_are_assembled(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1, 2, 3)
    await client.put_part(answer, 2, b"short")

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)

    assert refused.value.details["wrong_size_parts"] == [2]
    await client.put_part(answer, 2, PARTS[2])
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_what_the_client_names_must_be_what_storage_has(client: Client) -> None:
    answer = await in_parts(client)
    await client.sign_parts(answer, 1, 2, 3)
    named = [
        NamedPart(part_number=number, etag=(await client.put_part(answer, number, body)).etag)
        for number, body in PARTS.items()
    ]
    other = await client.put_part(answer, 2, b"9876543210")

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer, parts=named)

    assert refused.value.code == "parts_differ"
    assert refused.value.details == {"upload_id": answer.record.upload_id, "differing_parts": [2]}
    named[1] = NamedPart(part_number=2, etag=other.etag)
    assert (await client.confirm(answer, parts=named)).status is Status.COMPLETED


async def test_a_part_that_is_replaced_during_assembly_is_reported(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1, 2, 3)
    storage = client.world.storage
    listed = await storage.parts(answer.record.storage_key, (await client.record(answer)).multipart_id or "")
    other = await client.put_part(answer, 2, b"9876543210")

    async def before_it(*_: object, **__: object) -> Sequence[StoredPart] | None:
        return listed

    with monkeypatch.context() as patched:
        patched.setattr(storage, "parts", before_it)
        with pytest.raises(WrongStateError) as refused:
            await client.confirm(answer)

    assert refused.value.code == "content_not_found"
    assert refused.value.details == {
        "upload_id": answer.record.upload_id,
        "missing_parts": [2],
        "wrong_size_parts": [],
    }
    assert other in await client.parts(answer)
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_part_that_only_the_client_knows_is_missing(client: Client) -> None:
    answer = await in_parts(client, size=None)
    await client.sign_parts(answer, sized(1, 3))
    one = await client.put_part(answer, 1, b"abc")

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(
            answer, parts=[NamedPart(part_number=1, etag=one.etag), NamedPart(part_number=2, etag="0" * 32)]
        )

    assert refused.value.details["missing_parts"] == [2]


async def test_of_an_unknown_size_as_many_parts_count_as_the_client_names(client: Client) -> None:
    answer = await in_parts(client, size=None)
    await client.sign_parts(answer, sized(1, 10), sized(2, 10), sized(3, 5))
    parts = [await client.put_part(answer, number, body) for number, body in PARTS.items()]
    named = [NamedPart(part_number=part.part_number, etag=part.etag) for part in parts[:2]]

    confirmed = await client.confirm(answer, parts=named)

    assert confirmed.record.size_bytes == 20


async def test_parts_that_were_put_together_before_an_answer_was_lost_are_confirmed_again(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1, 2, 3)
    record = await client.record(answer)
    stored = await client.parts(answer)
    await client.world.storage.complete_multipart(record.storage_key, record.multipart_id or "", stored)
    with pytest.raises(WrongStateError) as refused:
        await client.parts(answer)
    assert refused.value.code == "parts_gone"

    assert (await client.confirm(answer)).status is Status.COMPLETED


def hashed(number: int) -> WantedPart:
    return WantedPart(part_number=number, sha256=hashlib.sha256(PARTS[number]).hexdigest())


async def checked(client: Client) -> Answer:
    """Send all parts of an upload that storage checks."""
    answer = await in_parts(client, storage_checks=True)
    await client.sign_parts(answer, *map(hashed, PARTS))
    for number, body in PARTS.items():
        await client.put_part(answer, number, body, sha256=hashed(number).sha256)
    return answer


async def test_storage_checks_every_part_and_the_whole_is_still_verified(client: Client) -> None:
    answer = await in_parts(client, storage_checks=True)
    signed = await client.sign_parts(answer, *map(hashed, PARTS))
    assert [part.signed.headers for part in signed] == [
        {"Content-Length": str(len(body)), "x-amz-checksum-sha256": b64encode(hashlib.sha256(body).digest()).decode()}
        for body in PARTS.values()
    ]
    with pytest.raises(WrongChecksumError):
        await client.put_part(answer, 1, b"9876543210", sha256=hashed(1).sha256)
    for number, body in PARTS.items():
        await client.put_part(answer, number, body, sha256=hashed(number).sha256)
    assert [part.sha256 for part in await client.parts(answer)] == [hashed(number).sha256 for number in PARTS]

    confirmed = await client.confirm(answer)

    assert confirmed.status is Status.COMPLETED
    assert confirmed.record.sha256 == hashlib.sha256(BODY).hexdigest()


async def test_checked_parts_that_all_came_complete_without_their_client(client: Client) -> None:
    answer = await checked(client)

    await client.world.pass_time(AFTER_THE_GRACE)

    assert (await client.record(answer)).status is Status.COMPLETED


async def test_the_parts_that_storage_checks_are_named_with_their_hashes(client: Client) -> None:
    answer = await in_parts(client, storage_checks=True)
    with pytest.raises(InvalidInputError) as refused:
        await client.sign_parts(answer, hashed(1), 2)
    assert refused.value.code == "part_hash_required"
    assert (await client.record(answer)).status is Status.PENDING


async def test_the_parts_that_storage_does_not_check_are_named_without_hashes(client: Client) -> None:
    answer = await in_parts(client)
    with pytest.raises(InvalidInputError) as refused:
        await client.sign_parts(answer, 1, hashed(2))
    assert refused.value.code == "integrity_not_requested"


@pytest.mark.parametrize(("there", "status"), [(BODY, Status.COMPLETED), (b"others", Status.FAILED)])
async def test_what_is_there_before_checked_parts_are_put_together_is_not_replaced_and_judged_as_it_is(
    client: Client, there: bytes, status: Status
) -> None:
    answer = await checked(client)
    stored = client.put(answer, there)

    with suppress(WrongStateError):  # it says that the bytes differ
        await client.confirm(answer)

    record = await client.record(answer)
    assert record.status is status
    assert record.version_id in {stored.version_id, None}
    assert client.world.storage.multiparts() == set()


async def test_storage_that_does_not_answer_changes_nothing(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1, 2, 3)
    client.world.storage.fail_next(1)
    with pytest.raises(StorageUnavailableError):
        await client.confirm(answer)
    assert (await client.record(answer)).status is Status.IN_PROGRESS
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_what_may_have_been_begun_is_not_aborted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await in_parts(client)
    append = client.world.log.append

    async def lose_the_answer(command: object) -> int:
        await append(command)  # type: ignore[arg-type]  # any command
        raise LogUnavailableError("lost")

    monkeypatch.setattr(client.world.log, "append", lose_the_answer)
    with pytest.raises(LogUnavailableError):
        await client.sign_parts(answer, 1)
    monkeypatch.undo()

    await send(client, answer, 1, 2, 3)
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_canceled_upload_leaves_no_parts(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1)

    await client.cancel(answer)
    await client.world.pass_time(timedelta(0))

    assert client.world.storage.multiparts() == set()
    assert await client.quota() == (0, 0)
    with pytest.raises(WrongStateError):
        await client.sign_parts(answer, 2)


async def test_an_upload_whose_parts_stop_coming_fails_and_leaves_none(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1)

    await client.world.pass_time(AFTER_THE_GRACE)

    record = await client.record(answer)
    assert (record.status, record.failure_reason) == (Status.FAILED, FailureReason.EXPIRED)
    assert client.world.storage.multiparts() == set()


async def lose_the_answer(client: Client, answer: Answer) -> None:
    """Begin a multipart upload whose id is lost."""
    await client.world.storage.begin_multipart(answer.record.storage_key, content_type="video/mp4")


async def canceled(client: Client, answer: Answer) -> None:
    await client.cancel(answer)
    await client.world.pass_time(timedelta(0))


async def canceled_after_a_part(client: Client, answer: Answer) -> None:
    await send(client, answer, 1)
    await canceled(client, answer)


async def expired(client: Client, _: Answer) -> None:
    await client.world.pass_time(AFTER_THE_GRACE)


async def completed(client: Client, answer: Answer) -> None:
    await send(client, answer, 1, 2, 3)
    assert (await client.confirm(answer)).status is Status.COMPLETED
    await client.world.pass_time(AFTER_THE_GRACE)


@pytest.mark.parametrize("ended", [canceled, canceled_after_a_part, expired, completed])
async def test_unrecorded_parts_are_aborted_with_the_upload_and_no_others(
    client: Client, ended: Callable[[Client, Answer], Awaitable[None]]
) -> None:
    answer = await in_parts(client)
    await lose_the_answer(client, answer)
    longer = await client.world.storage.begin_multipart(f"{answer.record.storage_key}.old", content_type="video/mp4")

    await ended(client, answer)

    assert client.world.storage.multiparts() == {(f"{answer.record.storage_key}.old", longer)}


async def test_an_upload_whose_parts_all_came_completes_without_its_client(client: Client) -> None:
    answer = await in_parts(client)
    await send(client, answer, 1, 2, 3)

    await client.world.pass_time(AFTER_THE_GRACE)

    assert (await client.record(answer)).status is Status.COMPLETED


async def test_an_upload_of_unknown_size_is_complete_only_when_the_client_confirms_it(client: Client) -> None:
    answer = await in_parts(client, size=None)
    await client.sign_parts(answer, sized(1, 3))
    await client.put_part(answer, 1, b"abc")

    await client.world.pass_time(AFTER_THE_GRACE)

    assert (await client.record(answer)).status is Status.FAILED


async def test_a_pending_upload_gets_a_fresh_url_and_as_much_time_as_at_first(client: Client) -> None:
    answer = await client.request()
    await client.world.pass_time(timedelta(minutes=70))

    record, signed = await client.world.send_parts.sign_again(
        client.caller, client.namespace, answer.record.upload_id, bucket_id=None
    )

    assert signed is not None
    assert answer.signed is not None
    assert signed.url != answer.signed.url
    assert record.expires_at == signed.expires_at == client.world.clock.now() + timedelta(hours=1)
    assert record.due_at == record.expires_at + client.world.rules.grace
    await client.world.pass_time(timedelta(minutes=10))
    assert (await client.record(answer)).status is Status.PENDING


async def test_more_time_for_parts_has_no_url(client: Client) -> None:
    answer = await in_parts(client)
    _, signed = await client.world.send_parts.sign_again(
        client.caller, client.namespace, answer.record.upload_id, bucket_id=None
    )
    assert signed is None


async def test_an_upload_that_has_ended_gets_no_url(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    await client.confirm(answer)
    with pytest.raises(WrongStateError):
        await client.world.send_parts.sign_again(
            client.caller, client.namespace, answer.record.upload_id, bucket_id=None
        )


async def test_what_is_in_another_bucket_is_not_there(client: Client) -> None:
    answer = await in_parts(client)
    for ask in (
        client.world.send_parts.sign(
            client.caller,
            client.namespace,
            answer.record.upload_id,
            [WantedPart(part_number=1)],
            bucket_id="bkt_other",
        ),
        client.world.send_parts.parts(client.namespace, answer.record.upload_id, bucket_id="bkt_other"),
    ):
        with pytest.raises(NotFoundError):
            await ask
