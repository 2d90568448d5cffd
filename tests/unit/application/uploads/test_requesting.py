import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import Command
from application.uploads import requesting
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import BucketSchema
from domain.events.registry import decode
from domain.refusals import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    RefusedError,
    UnauthenticatedError,
)
from domain.uploads.avoided_duplicates import AnnouncedFile, UploadDuplicateAvoided
from domain.uploads.content_rules import ContentRules
from domain.uploads.upload import Status
from domain.uploads.upload_events import UploadSkipped
from tests.unit.application.world import BYTES, SHA256, Client, World

KEY = UniqueKey(fields=("title",))


async def test_a_request_is_answered_with_a_url_and_reserves_its_size(client: Client) -> None:
    answer = await client.request()

    assert answer.signed is not None
    assert answer.signed.headers == {"Content-Type": "video/mp4", "Content-Length": str(len(BYTES))}
    assert answer.record == await client.record(answer), "the answer equals the later record of the read side"
    assert answer.record.status is Status.PENDING
    assert await client.quota() == (len(BYTES), 0)


async def test_a_size_that_is_not_declared_is_neither_signed_nor_reserved(client: Client) -> None:
    answer = await client.request(size=None)

    assert answer.signed is not None
    assert answer.signed.headers == {"Content-Type": "video/mp4"}
    assert await client.quota() == (0, 0)


@pytest.mark.parametrize("seconds", [60, 86_400])
async def test_a_url_lives_as_long_as_was_asked(client: Client, seconds: int) -> None:
    answer = await client.request(expires_in=seconds)

    assert answer.record.expires_at == client.world.clock.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"expires_in": 59}, InvalidInputError, "invalid_expiry"),
        ({"expires_in": 86_401}, InvalidInputError, "invalid_expiry"),
        ({"filename": "a/b"}, InvalidInputError, "invalid_filename"),
        ({"size": 100_000_001}, ForbiddenError, "file_too_large"),
        ({"size": 1001}, QuotaExceededError, "quota_exceeded"),
    ],
)
async def test_a_refused_request_records_and_reserves_nothing(
    client: Client, asked: dict[str, Any], error: type[RefusedError], code: str
) -> None:
    before = await client.world.log.head()

    with pytest.raises(error) as caught:
        await client.request(**asked)

    assert caught.value.code == code
    assert await client.world.log.head() == before
    assert await client.quota() == (0, 0)


async def test_reservations_fill_the_quota_to_the_last_byte(client: Client) -> None:
    await client.request(size=600)
    await client.request(size=400)

    with pytest.raises(QuotaExceededError):
        await client.request(size=1)


async def test_known_bytes_are_answered_with_the_upload_that_holds_them(client: Client) -> None:
    original = await client.upload()

    answer = await client.request(sha256=SHA256)

    assert (answer.is_duplicate, answer.signed, answer.record) == (True, None, original.record)
    assert (await client.world.tags())[-1] == "upload.duplicate_avoided"
    assert await client.quota() == (0, len(BYTES))


async def test_what_was_announced_of_known_bytes_is_recorded(client: Client) -> None:
    original = await client.upload(create_object=False)

    await client.request(
        sha256=SHA256,
        filename="take 2.mp4",
        metadata={"campaign": "summer"},
        object_metadata={"title": "A day out"},
        create_object=False,
    )

    stored = (await client.world.log.read_feed(after=0, limit=100))[-1]
    avoided = decode(stored.state)
    assert isinstance(avoided, UploadDuplicateAvoided)
    assert avoided.original_upload_id == original.record.upload_id
    assert avoided.request == AnnouncedFile(
        filename="take 2.mp4",
        content_type="video/mp4",
        declared_size_bytes=len(BYTES),
        metadata={"campaign": "summer"},
        create_object=False,
        object_metadata={"title": "A day out"},
        blob_property=None,
    )


async def test_known_bytes_are_uploaded_again_on_request(client: Client) -> None:
    await client.upload()

    answer = await client.request(sha256=SHA256, skip_duplicates=False)

    assert not answer.is_duplicate
    assert answer.signed is not None


async def test_bytes_in_another_bucket_are_not_known_here(client: Client) -> None:
    await client.upload()
    await client.make_bucket("other")

    assert not (await client.request(sha256=SHA256)).is_duplicate


async def test_a_taken_unique_key_is_skipped_and_reserves_nothing(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    first = await client.upload(object_metadata={"title": "A"})

    answer = await client.request(object_metadata={"title": "A"})

    assert answer.signed is None
    assert answer.record.status is Status.SKIPPED
    assert answer.record.existing_object_id == first.record.object_id is not None
    assert answer.record == await client.record(answer)
    assert await client.quota() == (0, len(BYTES))


async def test_an_upsert_never_skips(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    await client.upload(object_metadata={"title": "A"})

    assert (await client.request(object_metadata={"title": "A"})).signed is not None


async def test_an_update_needs_an_object(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPDATE))

    with pytest.raises(NotFoundError) as caught:
        await client.request(object_metadata={"title": "A"})

    assert caught.value.code == "object_not_found"
    assert await client.quota() == (0, 0)


async def test_a_revoked_key_requests_nothing(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id
    await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")

    with pytest.raises(UnauthenticatedError) as caught:
        await client.request()

    assert caught.value.code == "key_revoked"
    assert await client.quota() == (0, 0)


@pytest.mark.parametrize(
    ("policy", "outcome"), [(Policy.INSERT, "skipped"), (Policy.UPDATE, "signed"), (Policy.UPSERT, "signed")]
)
async def test_the_policy_of_a_request_goes_before_the_buckets(client: Client, policy: Policy, outcome: str) -> None:
    other = Policy.UPSERT if policy is Policy.INSERT else Policy.INSERT
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=other))
    await client.upload(object_metadata={"title": "A"})

    answer = await client.request(object_metadata={"title": "A"}, policy=policy)

    assert (answer.signed is None) == (outcome == "skipped")


async def test_an_update_that_was_asked_for_needs_an_object(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)

    with pytest.raises(NotFoundError) as caught:
        await client.request(object_metadata={"title": "A"}, policy=Policy.UPDATE)

    assert (caught.value.code, caught.value.details) == ("object_not_found", {})


async def test_an_original_that_is_forgotten_meanwhile_is_no_original(world: World, client: Client) -> None:
    """The log has reported the original; before that is recorded, the original is gone."""
    original = await client.upload(create_object=False)
    append, commands = world.log.append, []

    async def forget_between(command: Command) -> int:
        if command.stored:
            commands.append(command.stored)
            world.log.append = append  # type: ignore[method-assign]  # once
            await world.forget(original.record.upload_id, actor_id="system:test")
        return await append(command)

    world.log.append = forget_between  # type: ignore[method-assign]  # for this test
    answer = await client.request(sha256=SHA256)

    assert commands == [(original.record.upload_id,)]
    assert (answer.is_duplicate, answer.signed is not None) == (False, True)


async def test_a_file_is_not_skipped_for_an_object_that_is_deleted_meanwhile(world: World, client: Client) -> None:
    """The unique key was looked up; before the skip is recorded, its object is gone."""
    await client.make_bucket("keyed", unique_key=KEY)
    objects = {
        title: (await client.upload(title.encode(), object_metadata={"title": title})).record.object_id
        for title in ("A", "B", "C")  # the digest of B is between the others
    }

    commands = world.appending()
    world.once_before(
        lambda event: isinstance(event, UploadSkipped), lambda: client.delete_object(objects.pop("B") or "")
    )
    titles = ["A", "B", "C", "B"]
    answers = await client.request_many(*(client.announcement(object_metadata={"title": title}) for title in titles))

    for title, answer in zip(titles, answers, strict=True):
        assert (answer.signed is None) == (title in objects)
        assert answer.record.status is (Status.SKIPPED if title in objects else Status.PENDING)
        assert answer.record.existing_object_id == objects.get(title)
    assert sum(len(command.streams) == len(titles) for command in commands) == 2, "one objection, about one key"


async def test_of_many_known_files_only_that_whose_original_is_forgotten_meanwhile_is_sent(
    world: World, client: Client
) -> None:
    bodies = [b"one", b"two", b"three"]
    originals = [await client.upload(body, create_object=False) for body in bodies]
    known = [client.announcement(sha256=hashlib.sha256(body).hexdigest(), create_object=False) for body in bodies]

    commands = world.appending()
    world.once_before(
        lambda event: isinstance(event, UploadDuplicateAvoided),
        lambda: world.forget(originals[1].record.upload_id, actor_id="system:test"),
    )
    answers = await client.request_many(client.announcement(), *known)

    assert [answer.is_duplicate for answer in answers] == [False, True, False, True]
    assert [answer.signed is not None for answer in answers] == [True, False, True, False]
    assert sum(len(command.streams) == len(answers) for command in commands) == 2, "one objection, about one original"


async def test_a_batch_has_an_attempt_for_every_objection(world: World, client: Client) -> None:
    bodies = [str(number).encode() for number in range(20)]
    originals = [(await client.upload(body, create_object=False)).record.upload_id for body in bodies]

    async def forget_all() -> None:
        for original in originals:
            await world.forget(original, actor_id="system:test")

    world.once_before(lambda event: isinstance(event, UploadDuplicateAvoided), forget_all)
    answers = await client.request_many(
        *(client.announcement(sha256=hashlib.sha256(body).hexdigest(), create_object=False) for body in bodies)
    )

    assert all(answer.signed is not None for answer in answers)


async def test_a_single_insert_is_settled_by_the_log_alone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    await client.upload(object_metadata={"title": "A"})

    async def look_up(_: object) -> None:
        pytest.fail("the log names the object that has the key")

    monkeypatch.setattr(client.world.read_side, "claim_owners", look_up)

    assert (await client.request(object_metadata={"title": "A"})).record.status is Status.SKIPPED


async def test_a_skipped_upload_is_forgotten_after_the_retention_time(world: World, client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    await client.upload(object_metadata={"title": "A"})
    skipped = await client.request(object_metadata={"title": "A"})

    await world.pass_time(world.rules.retention - timedelta(seconds=1))
    assert await client.exists(skipped)
    await world.pass_time(timedelta(seconds=1))
    assert not await client.exists(skipped)


# The rules of buckets


async def test_a_file_is_judged_by_the_rules_that_its_bucket_has_now(client: Client) -> None:
    await client.request()
    client.bucket = msgspec.structs.replace(client.bucket, content_rules=ContentRules(max_file_size_bytes=1))

    for _ in range(2):
        with pytest.raises(ForbiddenError) as refused:
            await client.request()
        assert refused.value.details["limit_bytes"] == 1


async def test_the_schema_of_a_bucket_is_parsed_once_while_few_buckets_are_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse, parsed = requesting._schema, list[str]()

    def schema(bucket: BucketRecord) -> BucketSchema | None:
        parsed.append(bucket.name)
        return parse(bucket)

    monkeypatch.setattr(requesting, "_schema", schema)
    monkeypatch.setattr(requesting, "_KNOWN_BUCKETS", 2)
    buckets = {name: await client.make_bucket(name) for name in "abc"}

    for name in "ababcca":
        client.bucket = buckets[name]
        await client.request(size=1)

    assert parsed == ["a", "b", "c", "a"], "the third one made the process forget the others"


# Many at once


async def test_a_batch_is_one_command_and_answered_in_its_order(world: World, client: Client) -> None:
    before = await world.log.head()

    answers = await client.request_many(*(client.announcement(filename=f"{n}.mp4", size=1 + n % 9) for n in range(100)))

    assert [answer.record.filename for answer in answers] == [f"{n}.mp4" for n in range(100)]
    assert all(answer.signed is not None for answer in answers)
    assert [answer.record.position for answer in answers] == list(range(before + 1, before + 101))
    assert [answer.record for answer in answers] == [await client.record(answer) for answer in answers]
    assert len({one.state.split(b"cmd_")[1][:16] for one in await world.log.read_feed(after=before, limit=100)}) == 1


async def test_duplicates_and_skips_of_a_batch_are_each_items_own(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    original = await client.upload(object_metadata={"title": "A"})

    commands = client.world.appending()
    new, duplicate, skipped, both = await client.request_many(
        client.announcement(object_metadata={"title": "B"}),
        client.announcement(object_metadata={"title": "C"}, sha256=SHA256),
        client.announcement(object_metadata={"title": "A"}),
        client.announcement(object_metadata={"title": "A"}, sha256=SHA256),
    )

    assert (new.signed is not None, new.is_duplicate) == (True, False)
    assert (duplicate.is_duplicate, duplicate.signed, duplicate.record) == (True, None, original.record)
    for answer in (skipped, both):
        assert answer.record.status is Status.SKIPPED
        assert answer.record.existing_object_id == original.record.object_id
        assert answer.record == await client.record(answer)
    assert await client.quota() == (len(BYTES), len(BYTES))
    assert len(commands) == 1, "all of them were looked up before"


async def test_what_is_not_used_of_the_announcement_of_known_bytes_is_named(world: World, client: Client) -> None:
    await client.upload(create_object=False)
    before = await world.log.head()

    same, other = await client.request_many(
        client.announcement(sha256=SHA256),
        client.announcement(sha256=SHA256, filename="b.mp4", content_type="video/webm", metadata={"n": 1}),
    )

    assert "Not used" not in (same.message or "")
    assert "Not used: filename, content_type, metadata;" in (other.message or "")
    avoided = [decode(each.state) for each in await world.log.read_feed(after=before, limit=2)]
    assert [(event.sha256, event.saved_bytes) for event in avoided if isinstance(event, UploadDuplicateAvoided)] == [
        (SHA256, len(BYTES))
    ] * 2


async def test_the_first_file_of_a_batch_without_room_is_named(client: Client) -> None:
    await client.upload(b"known", create_object=False)
    known = client.announcement(sha256=hashlib.sha256(b"known").hexdigest(), size=5, create_object=False)
    left = 1000 - len(b"known")

    for sizes, index in (([left, 1], 2), ([left - 1, 2, 1], 2), ([left + 1], 1)):
        with pytest.raises(QuotaExceededError) as refused:
            await client.request_many(known, *(client.announcement(size=size) for size in sizes))
        assert refused.value.details["index"] == index


async def test_a_known_file_has_room_in_a_quota_that_was_lowered_below_its_use(world: World, client: Client) -> None:
    await client.upload(b"known", create_object=False)
    known = client.announcement(sha256=hashlib.sha256(b"known").hexdigest(), size=5, create_object=False)
    await world.organizations.set_limits(client.caller.organization.organization_id, tier=None, quota_bytes=1)

    with pytest.raises(QuotaExceededError) as refused:
        await client.request_many(known, client.announcement(size=1))

    assert refused.value.details["index"] == 1


async def test_a_batch_of_known_bytes_asks_the_log_once(world: World, client: Client) -> None:
    await client.upload()

    commands = world.appending()
    answers = await client.request_many(*(client.announcement(sha256=SHA256) for _ in range(100)))

    assert all(answer.is_duplicate for answer in answers)
    assert len(commands) == 1


@pytest.mark.parametrize("races", ["duplicate", "unique key"])
async def test_what_comes_between_is_settled_by_the_log(world: World, client: Client, races: str) -> None:
    """An upload completes after everything was looked up and before the batch is appended."""
    await client.make_bucket("keyed", unique_key=KEY)
    commands = world.appending()
    append = world.log.append

    async def another_comes_between(command: Command) -> int:
        world.log.append = append  # type: ignore[method-assign]  # once
        await client.upload(object_metadata={"title": "A"})
        return await append(command)

    world.log.append = another_comes_between  # type: ignore[method-assign]  # for this test
    wanted: dict[str, Any] = {"sha256": SHA256} if races == "duplicate" else {}
    title = "B" if races == "duplicate" else "A"
    first, *others = await client.request_many(
        client.announcement(object_metadata={"title": "other"}),
        *(client.announcement(object_metadata={"title": title}, **wanted) for _ in range(2)),
    )

    assert first.signed is not None
    for other in others:
        assert other.signed is None
        assert other.is_duplicate == (races == "duplicate")
        assert (other.record.status is Status.SKIPPED) == (races == "unique key")
    assert sum(len(command.streams) == 3 for command in commands) == 2, "one objection for both"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"filename": "a/b"}, "invalid_filename"),
        ({"expires_in": 59}, "invalid_expiry"),
        ({"size": 100_000_001}, "file_too_large"),
        ({"size": 990}, "quota_exceeded"),
        ({"policy": Policy.UPDATE, "object_metadata": {"title": "A"}}, "object_not_found"),
    ],
)
async def test_a_refusal_refuses_the_whole_batch_and_names_its_item(
    client: Client, asked: dict[str, Any], code: str
) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    before = await client.world.log.head()
    good = client.announcement(object_metadata={"title": "B"})

    with pytest.raises(RefusedError) as caught:
        await client.request_many(good, client.announcement(**{"object_metadata": {"title": "C"}, **asked}), good)

    assert (caught.value.code, caught.value.details["index"]) == (code, 1)
    assert await client.world.log.head() == before
    assert await client.quota() == (0, 0)


async def test_the_quota_has_room_for_a_whole_batch_or_none_of_it(client: Client) -> None:
    with pytest.raises(QuotaExceededError) as caught:
        await client.request_many(*(client.announcement(size=300) for _ in range(4)))
    assert caught.value.details == {"limit_bytes": 1000, "used_bytes": 0, "requested_bytes": 1200, "index": 3}

    await client.request_many(*(client.announcement(size=250) for _ in range(4)))
    assert await client.quota() == (1000, 0)
