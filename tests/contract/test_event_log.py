"""What `EventLog` promises, on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from application.ports.event_log import (
    Command,
    EventLog,
    ForeignEventError,
    Notification,
    RequesterRevokedError,
    StreamAppend,
    VersionConflictError,
)
from application.ports.jobs import Job
from application.ports.object_creation import (
    ClaimTakenError,
    HeirExistsError,
    OriginalExistsError,
    OriginalGoneError,
    Unheld,
)
from application.ports.read_side import KeyPlace, PageRequest
from domain.buckets.bucket import BucketStatus
from domain.claims import Claim
from domain.events.event import Event, Origin, encode, topic_of
from domain.events.registry import decode
from domain.keys.api_key import ApiKeyRevoked
from domain.keys.upload_token import UploadTokenIssued
from domain.objects.object import ObjectCreated
from domain.refusals import (
    ForbiddenError,
    NotFoundError,
    PositionBeyondEndError,
    QuotaExceededError,
    RefusedError,
    UnauthenticatedError,
    WrongStateError,
)
from domain.tasks.agenda import JobKind
from domain.uploads.originals import Sameness
from domain.uploads.upload import UploadCommand, UploadDuplicateAvoided, UploadRequested, UploadSkipped
from tests.contract._log import HASH, OTHER_HASH, SOON, Account, Kit, open_account, whole_feed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


async def refused(kind: type[RefusedError], code: str, appending: Awaitable[int]) -> dict[str, Any]:
    """Await an append that is refused so, and return the facts that come with it."""
    with pytest.raises(kind) as caught:
        await appending
    assert type(caught.value) is kind
    assert caught.value.code == code
    return caught.value.details


async def listen(log: EventLog, count: int, *, after: int = 0) -> list[Notification]:
    """Return the first `count` notifications that a tail yields."""
    heard: list[Notification] = []
    async with asyncio.timeout(SOON), aclosing(log.tail(after=after)) as tail:
        async for notification in tail:
            heard.append(notification)
            if len(heard) == count:
                break
    return heard


# Appending


async def test_an_empty_log_has_the_head_0_no_streams_and_no_feed(kit: Kit) -> None:
    assert await kit.log.head() == 0
    assert list(await kit.log.read_stream("upl_1")) == []
    assert list(await whole_feed(kit.log)) == []


async def test_append_returns_the_position_of_the_last_event(kit: Kit) -> None:
    account = await open_account(kit.log)
    assert await kit.log.head() == 4
    upload_id = await account.request(kit.log)
    assert await kit.log.head() == 5
    assert await account.tell(kit.log, upload_id, account.begins()) == 6
    assert await account.tell(kit.log, upload_id, account.accepts()) == 8  # verified and completed


async def test_what_was_appended_is_there_for_every_reader_when_append_returns(kit: Kit, account: Account) -> None:
    for log, reader in ((kit.log, kit.other_log), (kit.other_log, kit.log)):
        upload_id = await account.request(log)
        position = await account.tell(log, upload_id, account.starts())
        assert await reader.head() == position
        assert [event.originator_version for event in await reader.read_stream(upload_id)] == [1, 2]
        assert [each.id for each in await reader.read_feed(after=position - 1, limit=10)] == [position]


async def test_a_stream_is_given_back_by_version_as_it_was_appended(kit: Kit, account: Account) -> None:
    upload_id = await account.request(kit.log)
    first = await account.to_upload(kit.log, upload_id, account.starts())
    await kit.log.append(first)
    second = await account.to_upload(kit.log, upload_id, account.reissues())
    await kit.log.append(second)
    stored = await kit.log.read_stream(upload_id)
    assert [event.id for event in stored] == list(range(stored[0].id, stored[0].id + 3))
    assert [event.originator_id for event in stored] == [upload_id] * 3
    assert [event.originator_version for event in stored] == [1, 2, 3]
    for event, appended in zip(stored[1:], (first, second), strict=True):
        (fact,) = appended.streams[0].events
        assert event.topic == topic_of(fact)
        assert event.state == encode(fact)
        assert decode(event.state) == fact


async def test_one_command_appends_to_several_streams_one_after_the_other(kit: Kit, account: Account) -> None:
    upload_id = await account.complete(kit.log, into_object=True)
    feed = await whole_feed(kit.log)
    object_id = feed[-1].originator_id
    assert [(each.originator_id, each.originator_version, each.topic) for each in feed[-3:]] == [
        (upload_id, 3, "upload.verified.v1"),
        (upload_id, 4, "upload.completed.v1"),
        (object_id, 1, "object.created.v1"),
    ]
    assert [each.id for each in feed] == list(range(1, len(feed) + 1))


async def test_events_that_are_not_ours_are_kept_like_any_other(kit: Kit, account: Account) -> None:
    class TideTurned(Event, frozen=True, tag="tide.turned.v1"):
        metres: float

    event = TideTurned(origin=account.origin(), metres=4.5)
    position = await account.append(kit.log, "tide_1", 0, event)
    (notification,) = await kit.log.read_feed(after=position - 1, limit=1)
    assert (notification.topic, notification.state) == ("tide.turned.v1", encode(event))


async def test_a_command_without_events_appends_nothing(kit: Kit, account: Account) -> None:
    nothing = StreamAppend(stream_id="upl_1", expected_version=0, events=())
    command = Command(command_id="cmd_none", organization_id=account.organization_id, streams=(nothing,))
    assert await kit.log.append(command) == await kit.log.head() == 4


# Versions


@pytest.mark.parametrize("expected", [0, 1, 3, 99])
async def test_another_version_than_the_expected_one_is_a_conflict_and_appends_nothing(
    kit: Kit, account: Account, expected: int
) -> None:
    upload_id = await account.request(kit.log)
    await account.tell(kit.log, upload_id, account.starts())
    before = await whole_feed(kit.log)
    command = await account.to_upload(kit.log, upload_id, account.reissues())
    stream = msgspec.structs.replace(command.streams[0], expected_version=expected)
    with pytest.raises(VersionConflictError) as caught:
        await kit.log.append(msgspec.structs.replace(command, streams=(stream,)))
    assert (caught.value.stream_id, caught.value.expected, caught.value.actual) == (upload_id, expected, 2)
    assert await whole_feed(kit.log) == before


@pytest.mark.parametrize("conflicting", [0, 1])
async def test_if_one_stream_conflicts_nothing_of_the_command_is_appended(
    kit: Kit, account: Account, conflicting: int
) -> None:
    other = await account.request(kit.log)
    await account.tell(kit.log, other, account.starts())
    late = StreamAppend(
        stream_id=other,
        expected_version=1,
        events=(await account.to_upload(kit.log, other, account.reissues())).streams[0].events,
    )
    fresh = account.request_command().streams[0]
    before = await whole_feed(kit.log)
    streams = (late, fresh) if conflicting == 0 else (fresh, late)
    with pytest.raises(VersionConflictError) as caught:
        await kit.log.append(account.command(*streams))
    assert caught.value.stream_id == other
    assert await whole_feed(kit.log) == before
    assert list(await kit.log.read_stream(fresh.stream_id)) == []


async def test_a_command_that_was_appended_already_is_a_conflict(kit: Kit, account: Account) -> None:
    command = account.request_command(conditions=account.live)
    await kit.log.append(command)
    for log in (kit.log, kit.other_log):
        with pytest.raises(VersionConflictError):
            await log.append(command)
    assert len(await kit.log.read_stream(command.streams[0].stream_id)) == 1


async def test_of_many_commands_that_expect_the_same_version_one_is_appended(kit: Kit, account: Account) -> None:
    upload_id = await account.request(kit.log)
    commands = [await account.to_upload(kit.log, upload_id, account.starts()) for _ in range(20)]
    logs = [kit.log, kit.other_log] * 10
    outcomes = await asyncio.gather(
        *(log.append(command) for log, command in zip(logs, commands, strict=True)), return_exceptions=True
    )
    assert sorted(type(outcome) is VersionConflictError for outcome in outcomes) == [False] + [True] * 19
    assert len(await kit.log.read_stream(upload_id)) == 2


# Order


async def test_positions_are_gapless_in_commit_order_and_readers_see_each_event_once(kit: Kit) -> None:
    writers, commands = 32, 12
    account = await open_account(kit.log)
    total = 4 + writers * commands * 2
    last_seen: dict[int, int] = {}

    async def write(number: int) -> None:
        log = (kit.log, kit.other_log)[number % 2]
        for _ in range(commands):
            streams = [account.request_command().streams[0] for _ in range(2)]
            position = await log.append(account.command(*streams))
            assert position > last_seen.get(number, 0)
            last_seen[number] = position

    async def page() -> list[Notification]:
        read: list[Notification] = []
        while len(read) < total:
            read += await kit.other_log.read_feed(after=len(read), limit=7)
            assert [each.id for each in read] == list(range(1, len(read) + 1))
            await asyncio.sleep(0)
        return read

    async with asyncio.timeout(2 * SOON):
        *heard, paged, _ = await asyncio.gather(
            listen(kit.log, total), listen(kit.other_log, total), page(), asyncio.gather(*map(write, range(writers)))
        )
    feed = list(await whole_feed(kit.log))
    assert [each.id for each in feed] == list(range(1, total + 1))
    assert [*heard, paged] == [feed] * 3
    assert max(last_seen.values()) == total


async def test_the_feed_gives_what_is_above_a_position_up_to_the_limit(kit: Kit, account: Account) -> None:
    for _ in range(6):
        await account.request(kit.log)
    assert [each.id for each in await kit.log.read_feed(after=0, limit=3)] == [1, 2, 3]
    assert [each.id for each in await kit.log.read_feed(after=3, limit=10_000)] == [4, 5, 6, 7, 8, 9, 10]
    assert list(await kit.log.read_feed(after=10, limit=5)) == []
    assert [each.id for each in await kit.log.read_at({7, 99, 2, 0})] == [2, 7]
    assert list(await kit.log.read_at([])) == []


async def test_a_tail_begins_after_its_position_and_wakes_for_what_another_process_appends(
    kit: Kit, account: Account
) -> None:
    await account.request(kit.log)
    tail = kit.log.tail(after=4)
    async with asyncio.timeout(SOON), aclosing(tail):
        assert (await anext(tail)).id == 5
        for number, log in enumerate((kit.other_log, kit.log, kit.other_log), 6):
            waiting = asyncio.ensure_future(anext(tail))
            await asyncio.sleep(0)
            await account.request(log)
            assert (await waiting).id == number


async def test_who_reads_behind_the_end_is_told_where_it_is(kit: Kit, account: Account) -> None:
    await account.request(kit.log)
    end = await kit.log.head()
    assert await kit.log.read_feed(after=end, limit=10) == []
    organization_id = account.organization_id

    async def read(reading: "AsyncGenerator[Any]") -> None:
        async with aclosing(reading):
            await anext(reading)

    for asked in (
        kit.log.read_feed(after=end + 1, limit=10),
        kit.log.read_feed(after=end + 1, limit=10, organization_id=organization_id),
        read(kit.log.pages(after=end + 1, limit=10)),
        read(kit.log.tail(after=end + 1)),
    ):
        with pytest.raises(PositionBeyondEndError) as refused:
            await asked
        assert (refused.value.code, refused.value.details) == ("position_beyond_end", {"after": end + 1, "end": end})
        assert str(end) in refused.value.message


async def test_tails_do_not_take_events_from_each_other(kit: Kit, account: Account) -> None:
    listening = [asyncio.ensure_future(listen(kit.log, 3, after=after)) for after in (0, 2, 4, 4)]
    for _ in range(3):
        await account.request(kit.other_log)
    heard = [[each.id for each in await one] for one in listening]
    assert heard == [[1, 2, 3], [3, 4, 5], [5, 6, 7], [5, 6, 7]]


# Conditions

Prepare = Callable[[Kit, Account], Awaitable[dict[str, Any]]]
Refusal = tuple[type[RefusedError], str]

KEY_REVOKED: Refusal = (UnauthenticatedError, "key_revoked")
NAMESPACE_GONE: Refusal = (NotFoundError, "namespace_not_found")
BUCKET_GONE: Refusal = (NotFoundError, "bucket_not_found")
NOT_ACTIVE: Refusal = (ForbiddenError, "bucket_not_active")
TAKEN: Refusal = (ClaimTakenError, "taken")
DUPLICATE: Refusal = (OriginalExistsError, "duplicate")
GONE: Refusal = (OriginalGoneError, "original_gone")
HELD: Refusal = (WrongStateError, "held_by_object")
NO_ROOM: Refusal = (QuotaExceededError, "quota_exceeded")


async def a_revoked_key(kit: Kit, account: Account) -> dict[str, Any]:
    await account.revoke(kit.other_log)
    return {"key_id": account.key_id}


async def an_unknown_key(_: Kit, _account: Account) -> dict[str, Any]:
    return {"key_id": "key_unknown"}


async def a_key_of_another_organization(kit: Kit, account: Account) -> dict[str, Any]:
    return {"key_id": (await open_account(kit.log, beside=account)).key_id}


async def an_unknown_namespace(_: Kit, _account: Account) -> dict[str, Any]:
    return {"namespace_id": "ns_unknown"}


async def a_namespace_of_another_organization(kit: Kit, account: Account) -> dict[str, Any]:
    return {"namespace_id": (await open_account(kit.log, beside=account)).namespace_id}


async def an_unknown_bucket(_: Kit, account: Account) -> dict[str, Any]:
    return {**account.live, "bucket_id": "bkt_unknown"}


async def a_bucket_of_another_namespace(kit: Kit, account: Account) -> dict[str, Any]:
    other = account.namespace("other")
    await kit.log.append(account.command(other))
    return {**account.live, "namespace_id": other.stream_id}


async def a_bucket_of_another_organization(kit: Kit, account: Account) -> dict[str, Any]:
    return {**account.live, "bucket_id": (await open_account(kit.log, beside=account)).bucket_id}


async def a_bucket_without_its_namespace(_: Kit, account: Account) -> dict[str, Any]:
    return {"bucket_id": account.bucket_id}


async def a_suspended_bucket(kit: Kit, account: Account) -> dict[str, Any]:
    await account.set_status(kit.other_log, BucketStatus.SUSPENDED)
    return account.live


async def an_archived_bucket(kit: Kit, account: Account) -> dict[str, Any]:
    await account.set_status(kit.other_log, BucketStatus.ARCHIVED)
    return account.live


async def a_claim_that_an_object_holds(kit: Kit, account: Account) -> dict[str, Any]:
    await account.complete(kit.log, into_object=True, unique_key="k1")
    bucket = f"object:{account.bucket_id}"
    return {"free": (Claim(scope=bucket, key="k2"), Claim(scope=bucket, key="k1"))}


async def a_name_that_a_bucket_has(_: Kit, account: Account) -> dict[str, Any]:
    return {"free": (Claim(scope=f"bucket:{account.namespace_id}", key="files"),)}


async def a_name_that_a_namespace_has(_: Kit, account: Account) -> dict[str, Any]:
    return {"free": (Claim(scope=f"namespace:{account.organization_id}", key="main"),)}


async def a_name_that_a_key_has(_: Kit, account: Account) -> dict[str, Any]:
    scope = f"key:{account.organization_id}:{account.user_id}"
    return {"free": (Claim(scope=scope, key="main"),)}


async def bytes_that_are_there(kit: Kit, account: Account) -> dict[str, Any]:
    await account.complete(kit.log)
    return {"no_original": (Sameness(bucket_id=account.bucket_id, sha256=HASH),)}


async def an_original_that_nobody_knows(_: Kit, account: Account) -> dict[str, Any]:
    return {"stored": (account.ids.new("upl_"),)}


async def an_original_that_is_not_completed(kit: Kit, account: Account) -> dict[str, Any]:
    return {"stored": (await account.request(kit.log),)}


async def an_original_that_keeps_no_bytes(kit: Kit, account: Account) -> dict[str, Any]:
    original = await account.complete(kit.log)
    return {"stored": (await account.complete(kit.log, duplicate_of=original),)}


async def an_original_that_was_forgotten(kit: Kit, account: Account) -> dict[str, Any]:
    upload_id = await account.complete(kit.log)
    await account.tell(kit.other_log, upload_id, account.forgets(), unheld=(Unheld(upload_id=upload_id),))
    return {"stored": (upload_id,)}


async def an_upload_that_an_object_holds(kit: Kit, account: Account) -> dict[str, Any]:
    return {"unheld": (Unheld(upload_id=await account.complete(kit.log, into_object=True)),)}


async def more_than_the_quota(kit: Kit, account: Account) -> dict[str, Any]:
    await account.set_quota(kit.other_log, 6)
    return {}


async def more_than_the_quota_has_left(kit: Kit, account: Account) -> dict[str, Any]:
    await account.set_quota(kit.other_log, 206)
    await account.complete(kit.log)
    await account.request(kit.log, declared_size_bytes=100)
    return {}


@pytest.mark.parametrize(
    ("prepare", "refusal"),
    [
        (a_revoked_key, KEY_REVOKED),
        (an_unknown_key, KEY_REVOKED),
        (a_key_of_another_organization, KEY_REVOKED),
        (an_unknown_namespace, NAMESPACE_GONE),
        (a_namespace_of_another_organization, NAMESPACE_GONE),
        (an_unknown_bucket, BUCKET_GONE),
        (a_bucket_of_another_namespace, BUCKET_GONE),
        (a_bucket_of_another_organization, BUCKET_GONE),
        (a_bucket_without_its_namespace, BUCKET_GONE),
        (a_suspended_bucket, NOT_ACTIVE),
        (an_archived_bucket, NOT_ACTIVE),
        (a_claim_that_an_object_holds, TAKEN),
        (a_name_that_a_bucket_has, TAKEN),
        (a_name_that_a_namespace_has, TAKEN),
        (a_name_that_a_key_has, TAKEN),
        (bytes_that_are_there, DUPLICATE),
        (an_original_that_nobody_knows, GONE),
        (an_original_that_is_not_completed, GONE),
        (an_original_that_keeps_no_bytes, GONE),
        (an_original_that_was_forgotten, GONE),
        (an_upload_that_an_object_holds, HELD),
        (more_than_the_quota, NO_ROOM),
        (more_than_the_quota_has_left, NO_ROOM),
    ],
)
async def test_a_condition_that_does_not_hold_refuses_the_command_and_nothing_is_appended(
    kit: Kit, account: Account, prepare: Prepare, refusal: Refusal
) -> None:
    conditions = await prepare(kit, account)
    command = account.request_command(conditions=conditions, declared_size_bytes=7)
    before, use = await whole_feed(kit.log), await kit.quota_ledger.use(account.organization_id)
    await refused(*refusal, kit.log.append(command))
    assert await whole_feed(kit.log) == before
    assert list(await kit.log.read_stream(command.streams[0].stream_id)) == []
    assert await kit.quota_ledger.use(account.organization_id) == use


async def test_a_command_whose_conditions_all_hold_is_appended(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.log, 300)
    original = await account.complete(kit.log)
    command = account.request_command(
        conditions={
            **account.live,
            "free": (Claim(scope=f"object:{account.bucket_id}", key="free"),),
            "no_original": (Sameness(bucket_id=account.bucket_id, sha256=OTHER_HASH),),
            "stored": (original,),
            "unheld": (Unheld(upload_id=original),),
        },
        declared_size_bytes=200,
    )
    assert await kit.log.append(command) == await kit.log.head()


async def test_conditions_are_checked_in_the_order_of_the_fields(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.log, 100)
    held = await account.complete(kit.log, into_object=True, unique_key="taken")
    active = account.bucket("active")
    await kit.log.append(account.command(active))
    revoked = account.key("second")
    await kit.log.append(account.command(revoked))
    await account.revoke(kit.log, revoked.stream_id)
    await account.set_status(kit.log, BucketStatus.SUSPENDED)
    known = await account.request(kit.log)
    wrong: dict[str, Any] = {
        "key_id": revoked.stream_id,
        "namespace_id": "ns_unknown",
        "bucket_id": account.bucket_id,
        "free": (Claim(scope=f"object:{account.bucket_id}", key="taken"),),
        "no_original": (Sameness(bucket_id=account.bucket_id, sha256=HASH),),
        "stored": (known,),
        "unheld": (Unheld(upload_id=held),),
    }
    command = account.request_command(upload_id=known, conditions=wrong, declared_size_bytes=1)
    with pytest.raises(VersionConflictError):
        await kit.log.append(command)
    for repaired, refusal in (
        ({"streams": account.request_command(declared_size_bytes=1).streams}, KEY_REVOKED),
        ({"key_id": account.key_id}, NAMESPACE_GONE),
        ({"namespace_id": account.namespace_id}, NOT_ACTIVE),
        ({"bucket_id": active.stream_id}, TAKEN),
        ({"free": ()}, DUPLICATE),
        ({"no_original": ()}, GONE),
        ({"stored": (held,)}, HELD),
        ({"unheld": ()}, NO_ROOM),
    ):
        command = msgspec.structs.replace(command, **repaired)
        await refused(*refusal, kit.log.append(command))
    command = msgspec.structs.replace(command, streams=account.request_command().streams)
    assert await kit.log.append(command) == await kit.log.head()


async def test_refusals_carry_their_facts(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.log, 150)
    holder = await account.complete(kit.log, into_object=True, unique_key="k1")
    (object_id,) = {e.originator_id for e in await whole_feed(kit.log) if e.topic == "object.created.v1"}
    await account.set_status(kit.log, BucketStatus.ARCHIVED)
    claim = Claim(scope=f"object:{account.bucket_id}", key="k1")

    async def details(refusal: Refusal, size_bytes: int | None = None, **conditions: object) -> dict[str, Any]:
        command = account.request_command(conditions=conditions, declared_size_bytes=size_bytes)
        return await refused(*refusal, kit.log.append(command))

    assert await details(NOT_ACTIVE, **account.live) == {"status": "ARCHIVED"}
    assert await details(TAKEN, free=(claim,)) == {"owner_id": object_id}
    sameness = Sameness(bucket_id=account.bucket_id, sha256=HASH)
    assert await details(DUPLICATE, no_original=(sameness,)) == {"upload_id": holder}
    assert await details(GONE, stored=("upl_unknown",)) == {"upload_id": "upl_unknown"}
    assert await details(HELD, unheld=(Unheld(upload_id=holder),)) == {
        "object_id": object_id,
        "upload_id": holder,
    }
    alone = (Unheld(upload_id=holder, besides=object_id),)
    assert await kit.log.append(account.request_command(conditions={"unheld": alone}))
    several = (Sameness(bucket_id=account.bucket_id, sha256=OTHER_HASH), sameness)
    assert await details(DUPLICATE, no_original=several) == {"upload_id": holder}
    assert await details(GONE, stored=(holder, "upl_unknown")) == {"upload_id": "upl_unknown"}
    assert await details(NO_ROOM, 51) == {"limit_bytes": 150, "used_bytes": 100, "requested_bytes": 51}
    with pytest.raises(ClaimTakenError) as taken:
        await kit.log.append(account.request_command(conditions={"free": (claim,)}))
    assert (taken.value.claim, taken.value.owner_id) == (claim, object_id)


async def test_nobody_writes_into_a_stream_of_another_organization(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account)
    upload_id = await account.request(kit.log)
    head = await kit.log.head()
    stored = await kit.log.read_stream(upload_id)
    for expected_version in (0, 1, 2):
        stream = StreamAppend(
            stream_id=upload_id, expected_version=expected_version, events=other.request_command().streams[0].events
        )
        command = msgspec.structs.replace(other.request_command(), streams=(stream,))
        await refused(NotFoundError, "not_found", kit.log.append(command))
    assert await kit.log.head() == head
    assert await kit.log.read_stream(upload_id) == stored


async def test_nobody_writes_events_in_the_name_of_another_organization(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account)
    head = await kit.log.head()
    command = msgspec.structs.replace(account.request_command(), organization_id=other.organization_id)
    with pytest.raises(ForeignEventError):
        await kit.log.append(command)
    assert await kit.log.head() == head


async def test_a_command_that_needs_no_room_passes_even_where_the_quota_was_lowered_below_its_use(
    kit: Kit, account: Account
) -> None:
    done = await account.complete(kit.log)
    uploads = [await account.request(kit.log, declared_size_bytes=100) for _ in range(3)]
    await account.set_quota(kit.log, 10)
    assert await account.request(kit.log, declared_size_bytes=0)
    await account.complete(kit.log, uploads[0], size_bytes=100)
    await account.complete(kit.log, uploads[1], size_bytes=99)
    await account.tell(kit.log, uploads[2], account.cancels(kept_bytes=100))
    await account.tell(kit.log, done, account.forgets())
    await refused(*NO_ROOM, kit.log.append(account.request_command(declared_size_bytes=1)))


async def test_what_a_command_frees_makes_room_for_what_else_it_wants(kit: Kit, account: Account) -> None:
    done = await account.complete(kit.log, size_bytes=10)
    await account.set_quota(kit.log, 10)
    for size_bytes, refusals in ((11, [NO_ROOM]), (10, [])):
        wish = account.request_command(declared_size_bytes=size_bytes).streams[0]
        exchange = await account.to_upload(kit.log, done, account.forgets(), wish)
        for refusal in refusals:
            await refused(*refusal, kit.log.append(exchange))
    await kit.log.append(exchange)
    use = await kit.quota_ledger.use(account.organization_id)
    assert (use.reserved_bytes, use.accepted_bytes) == (10, 0)


@pytest.mark.parametrize("grow", ["complete", "cancel"])
async def test_bytes_beyond_those_that_were_reserved_need_room(kit: Kit, account: Account, grow: str) -> None:
    upload_id = await account.request(kit.log, declared_size_bytes=10)
    await account.set_quota(kit.log, 11)
    await account.tell(kit.log, upload_id, account.begins())

    def told(size_bytes: int) -> Callable[[Origin], UploadCommand]:
        return account.accepts(size_bytes) if grow == "complete" else account.cancels(kept_bytes=size_bytes)

    command = await account.to_upload(kit.log, upload_id, told(12))
    facts = await refused(*NO_ROOM, kit.log.append(command))
    assert facts == {"limit_bytes": 11, "used_bytes": 10, "requested_bytes": 2}
    await account.tell(kit.log, upload_id, told(11))
    use = await kit.quota_ledger.use(account.organization_id)
    assert (use.reserved_bytes, use.accepted_bytes) == (0, 11)


async def test_the_last_byte_of_a_quota_may_be_used_and_without_a_quota_any_number(kit: Kit, account: Account) -> None:
    await account.request(kit.log, declared_size_bytes=10**15)
    await account.set_quota(kit.log, 10**15 + 1)
    await refused(*NO_ROOM, kit.log.append(account.request_command(declared_size_bytes=2)))
    await account.request(kit.log, declared_size_bytes=1)
    await refused(*NO_ROOM, kit.log.append(account.request_command(declared_size_bytes=1)))


async def test_of_two_originals_the_one_that_came_first_is_told(kit: Kit, account: Account) -> None:
    first, second = await account.request(kit.log), await account.request(kit.log)
    await account.complete(kit.log, second)
    await account.complete(kit.log, first)
    sameness = Sameness(bucket_id=account.bucket_id, sha256=HASH)
    with pytest.raises(OriginalExistsError) as caught:
        await kit.log.append(account.request_command(conditions={"no_original": (sameness,)}))
    assert caught.value.upload_id == first


async def test_only_completed_uploads_that_share_and_whose_bytes_are_kept_in_this_bucket_are_originals(
    kit: Kit, account: Account
) -> None:
    other = account.bucket("other")
    await kit.log.append(account.command(other))
    elsewhere = await account.request(kit.log, where={"bucket_id": other.stream_id})
    await account.complete(kit.log, elsewhere)
    await account.complete(kit.log, await account.request(kit.log, skip_duplicates=False))
    await account.complete(kit.log, duplicate_of=elsewhere)
    failed = await account.request(kit.log, declared_sha256=HASH)
    await account.tell(kit.log, failed, account.begins())
    await account.tell(kit.log, failed, account.rejects())
    forgotten = await account.complete(kit.log)
    await account.tell(kit.log, forgotten, account.forgets())
    under_way = await account.request(kit.log, declared_sha256=HASH)
    await account.tell(kit.log, under_way, account.begins())
    sameness = Sameness(bucket_id=account.bucket_id, sha256=HASH)
    assert await account.request(kit.log, conditions={"no_original": (sameness,)})


async def test_an_upload_that_ends_is_an_original_only_of_what_ends_no_later(kit: Kit, account: Account) -> None:
    minute, hour, now = timedelta(minutes=1), timedelta(hours=1), account.clock.now()

    async def original(lasts: timedelta | None) -> str | None:
        """Return what both the read side and the log name as the original of an upload that lasts so long."""
        ends_at = None if lasts is None else now + lasts
        sameness = Sameness(bucket_id=account.bucket_id, sha256=HASH, ends_at=ends_at)
        found = await kit.read_side.originals([sameness])
        named = found[sameness].upload_id if found else None
        command = account.request_command(conditions={"no_original": (sameness,)})
        if named is None:
            await kit.log.append(command)
            return None
        with pytest.raises(OriginalExistsError) as caught:
            await kit.log.append(command)
        assert (caught.value.upload_id, caught.value.sameness) == (named, sameness)
        return named

    short = await account.complete(kit.log, await account.request(kit.log, expires_after_seconds=60))
    assert await original(minute) == short
    assert await original(hour) is None
    assert await original(None) is None

    good = await account.complete(kit.log)
    assert await original(minute) == short, "the earliest of those that last long enough"
    assert await original(hour) == await original(None) == good
    sameness = [Sameness(bucket_id=account.bucket_id, sha256=HASH, ends_at=end) for end in (now + minute, None)]
    found = await kit.read_side.originals(sameness)
    assert [found[each].upload_id for each in sameness] == [short, good], "several at once, each its own"

    await kit.log.append(account.command(account.new_object(good, deletes_at=now + hour)))
    assert await original(hour) == good
    assert await original(None) is None, "it goes with its object"

    await kit.log.append(account.command(account.new_object(short)))
    assert await original(hour) == good, "an object that lasts may let go of it, and then it has its own end"


async def test_a_quota_is_exact_under_any_concurrency(kit: Kit, account: Account) -> None:
    limit, asked = 1_000, 2_000
    await account.set_quota(kit.log, limit)
    begin = await kit.log.head()
    commands = [account.request_command(declared_size_bytes=1, conditions=account.live) for _ in range(asked)]
    logs = [kit.log, kit.other_log]
    outcomes = await asyncio.gather(
        *(logs[number % 2].append(command) for number, command in enumerate(commands)), return_exceptions=True
    )
    positions = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert sorted(positions) == list(range(begin + 1, begin + limit + 1))
    assert {type(outcome) for outcome in outcomes} == {int, QuotaExceededError}
    use = await kit.quota_ledger.use(account.organization_id)
    assert (use.reserved_bytes, use.accepted_bytes) == (limit, 0)
    assert await kit.log.head() == begin + limit


async def test_the_quotas_of_organizations_that_write_at_once_are_exact_while_bytes_come_and_go(
    kit: Kit, account: Account
) -> None:
    accounts = [account, *[await open_account(kit.log, beside=account) for _ in range(2)]]
    ended: list[list[Command]] = []
    for each, limit in zip(accounts, (30, 50, 70), strict=True):
        uploads = [await each.request(kit.log, declared_size_bytes=10) for _ in range(2)]
        uploads.append(await each.complete(kit.log, size_bytes=10))
        told = (each.cancels(), each.expires(), each.forgets())
        ended.append([await each.to_upload(kit.log, one, tell) for one, tell in zip(uploads, told, strict=True)])
        await each.set_quota(kit.log, limit)
    wishes = [
        each.request_command(declared_size_bytes=1, conditions=each.live) for _ in range(100) for each in accounts
    ]
    for number in range(9):
        wishes.insert(25 * (number + 1), ended[number % 3][number // 3])
    outcomes = await asyncio.gather(
        *((kit.log, kit.other_log)[number % 2].append(command) for number, command in enumerate(wishes)),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} == {int, QuotaExceededError}
    for each, limit in zip(accounts, (30, 50, 70), strict=True):
        use = await kit.quota_ledger.use(each.organization_id)
        assert (use.reserved_bytes, use.accepted_bytes) == (limit, 0)
        feed = [decode(one.state) for one in await whole_feed(kit.log)]
        mine = [event for event in feed if event.origin.organization_id == each.organization_id]
        assert sum(isinstance(event, UploadRequested) and event.reserved_bytes == 1 for event in mine) == limit


async def suspends_the_bucket(kit: Kit, account: Account) -> tuple[StreamAppend, Refusal]:
    return await account.new_status(kit.log, BucketStatus.SUSPENDED), NOT_ACTIVE


async def revokes_the_key(kit: Kit, account: Account) -> tuple[StreamAppend, Refusal]:
    return await account.revocation(kit.log), KEY_REVOKED


async def lowers_the_quota(kit: Kit, account: Account) -> tuple[StreamAppend, Refusal]:
    return await account.new_limits(kit.log, 0), NO_ROOM


@pytest.mark.parametrize("beside_an_upload", [False, True])
@pytest.mark.parametrize("change", [suspends_the_bucket, revokes_the_key, lowers_the_quota])
async def test_of_commands_that_come_at_once_none_passes_that_follows_the_change_which_forbids_it(
    kit: Kit,
    account: Account,
    change: Callable[[Kit, Account], Awaitable[tuple[StreamAppend, Refusal]]],
    beside_an_upload: bool,
) -> None:
    stream, (kind, code) = await change(kit, account)
    first = [account.request_command().streams[0]] if beside_an_upload else []
    wishes = [account.request_command(declared_size_bytes=1, conditions=account.live) for _ in range(40)]
    wishes.insert(20, account.command(*first, stream, **account.live))
    outcomes = await asyncio.gather(*(kit.log.append(wish) for wish in wishes), return_exceptions=True)
    changed_at = outcomes.pop(20)
    assert isinstance(changed_at, int)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, kind)]
    positions = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(positions) + len(refusals) == 40
    assert {refusal.code for refusal in refusals} <= {code}
    assert all(position < changed_at for position in positions)
    assert await kit.log.head() == changed_at


async def test_of_two_commands_that_claim_the_same_key_at_once_one_wins(kit: Kit, account: Account) -> None:
    for number in range(5):
        key = f"key-{number}"
        claim = Claim(scope=f"object:{account.bucket_id}", key=key)
        uploads = [await account.request(kit.log) for _ in range(4)]
        streams = [account.new_object(upload_id, unique_key=key) for upload_id in uploads]
        outcomes = await asyncio.gather(
            *(
                (kit.log, kit.other_log)[index % 2].append(account.command(stream, free=(claim,)))
                for index, stream in enumerate(streams)
            ),
            return_exceptions=True,
        )
        (winner,) = [stream for stream, outcome in zip(streams, outcomes, strict=True) if isinstance(outcome, int)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, ClaimTakenError)]
        assert [loser.owner_id for loser in losers] == [winner.stream_id] * 3
        assert await kit.read_side.claim_owner(claim.scope, key) == winner.stream_id


async def test_of_many_uploads_with_the_same_bytes_that_complete_at_once_one_is_the_original(
    kit: Kit, account: Account
) -> None:
    sameness = Sameness(bucket_id=account.bucket_id, sha256=HASH)
    uploads = [await account.request(kit.log) for _ in range(8)]
    for upload_id in uploads:
        await account.tell(kit.log, upload_id, account.begins())
    commands = [
        await account.to_upload(kit.log, upload_id, account.accepts(), no_original=(sameness,)) for upload_id in uploads
    ]
    outcomes = await asyncio.gather(
        *((kit.log, kit.other_log)[index % 2].append(command) for index, command in enumerate(commands)),
        return_exceptions=True,
    )
    (original,) = [upload for upload, outcome in zip(uploads, outcomes, strict=True) if isinstance(outcome, int)]
    found = [outcome for outcome in outcomes if isinstance(outcome, OriginalExistsError)]
    assert [each.upload_id for each in found] == [original] * 7


async def test_no_write_of_a_key_follows_its_revocation(kit: Kit, account: Account) -> None:
    commands = [account.request_command(conditions={"key_id": account.key_id}) for _ in range(60)]

    async def write(log: EventLog, some: list[Command]) -> list[int | Exception]:
        outcomes: list[int | Exception] = []
        for command in some:
            try:
                outcomes.append(await log.append(command))
            except UnauthenticatedError as error:
                outcomes.append(error)
        return outcomes

    writing = [
        asyncio.ensure_future(write((kit.log, kit.other_log)[index % 2], commands[index::6])) for index in range(6)
    ]
    await listen(kit.log, 1, after=4)
    revoked_at = await account.revoke(kit.other_log)
    outcomes = [outcome for some in await asyncio.gather(*writing) for outcome in some]
    positions = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(outcomes) == 60
    assert all(position < revoked_at for position in positions)
    assert await kit.log.head() == revoked_at == 5 + len(positions)


async def test_a_claim_is_free_again_when_its_key_was_revoked(kit: Kit, account: Account) -> None:
    claim = Claim(scope=f"key:{account.organization_id}:{account.user_id}", key="main")
    second = account.key("main")
    await refused(*TAKEN, kit.log.append(account.command(second, free=(claim,))))
    await account.revoke(kit.log)
    await kit.log.append(account.command(second, free=(claim,)))
    assert await kit.read_side.claim_owner(claim.scope, claim.key) == second.stream_id


async def test_an_event_that_takes_what_is_held_is_appended_in_no_part(kit: Kit, account: Account) -> None:
    """A command that forgot its condition: what error it is stays open, that nothing is appended does not."""
    upload = account.request_command().streams[0]
    before = await whole_feed(kit.log)
    with pytest.raises(Exception, match="files"):
        await kit.log.append(account.command(upload, account.bucket("files")))
    assert await whole_feed(kit.log) == before
    assert await kit.read_side.upload(account.namespace_id, upload.stream_id) is None
    assert await account.request(kit.log)


# Callers that vanish


async def test_a_cancelled_caller_leaves_the_log_whole(kit: Kit, account: Account) -> None:
    async def ticks(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    commands: list[Command] = []
    for number in range(80):
        streams = [account.request_command(declared_size_bytes=1).streams[0] for _ in range(3)]
        commands.append(account.command(*streams))
        appending = asyncio.ensure_future((kit.log, kit.other_log)[number % 2].append(commands[-1]))
        await ticks(number % 20)
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
    for log in (kit.log, kit.other_log):  # whatever was under way is done when a later one is
        await account.request(log)
    feed = await whole_feed(kit.log)
    assert [each.id for each in feed] == list(range(1, len(feed) + 1))
    versions = {each.originator_id: each.originator_version for each in feed}
    whole = 0
    for command in commands:
        found = [stream.stream_id in versions for stream in command.streams]
        assert len(set(found)) == 1
        whole += found[0]
    assert (await kit.quota_ledger.use(account.organization_id)).reserved_bytes == 3 * whole


# Forgetting


async def forgotten_uploads(kit: Kit, account: Account) -> AsyncIterator[str]:
    completed = await account.complete(kit.log)
    await account.tell(kit.log, completed, account.forgets())
    yield completed
    canceled = await account.request(kit.log)
    await account.tell(kit.log, canceled, account.reissues(timedelta(hours=3)))
    await account.tell(kit.log, canceled, account.cancels())
    await account.tell(kit.log, canceled, account.forgets())
    yield canceled
    skipped = await account.request(kit.log, existing_object_id="obj_1")
    await account.tell(kit.log, skipped, account.forgets())
    yield skipped


async def test_forgetting_makes_the_personal_fields_of_the_stored_events_null(kit: Kit, account: Account) -> None:
    async for upload_id in forgotten_uploads(kit, account):
        stored = await kit.log.read_stream(upload_id)
        first = decode(stored[0].state)
        assert isinstance(first, UploadRequested | UploadSkipped)
        assert first.request.filename is None
        assert first.request.storage_key is None
        assert first.request.metadata is None
        assert first.request.object_metadata is None
        everything = b"".join(each.state for each in stored)
        for personal in (b"report.txt", b"shelf", b"title", b"Report"):
            assert personal not in everything
        in_feed = [each for each in await whole_feed(kit.log) if each.originator_id == upload_id]
        assert [each.state for each in in_feed] == [each.state for each in stored]


async def test_forgetting_leaves_position_version_tag_and_everything_else_as_it_was(kit: Kit, account: Account) -> None:
    other = await account.complete(kit.log, sha256=OTHER_HASH)
    upload_id = await account.complete(kit.log)
    before = await whole_feed(kit.log)
    await account.tell(kit.log, upload_id, account.forgets())
    after = await whole_feed(kit.log)
    assert len(after) == len(before) + 1
    for old, new in zip(before, after, strict=False):
        assert (new.id, new.originator_id, new.originator_version, new.topic) == (
            old.id,
            old.originator_id,
            old.originator_version,
            old.topic,
        )
        if new.originator_id != upload_id:
            assert new.state == old.state
        else:
            fact, was = msgspec.json.decode(new.state), msgspec.json.decode(old.state)
            hidden = dict.fromkeys(("filename", "storage_key", "metadata", "object_metadata"))
            assert fact == was | ({"request": was["request"] | hidden} if "request" in was else {})
    assert other in {each.originator_id for each in after}


async def test_deleting_an_object_makes_the_personal_fields_of_its_stored_events_null(
    kit: Kit, account: Account
) -> None:
    upload_id = await account.complete(kit.log)
    stream = account.new_object(upload_id, data="secret", metadata={"title": "Report"})
    await kit.log.append(account.command(stream))
    await kit.log.append(
        account.command(await account.update(kit.log, stream.stream_id, upload_id, key_prefix="/other"))
    )
    await kit.log.append(await account.delete(kit.log, stream.stream_id))
    stored = await kit.log.read_stream(stream.stream_id)
    assert [each.topic for each in stored] == ["object.created.v1", "object.updated.v1", "object.deleted.v1"]
    made = decode(stored[0].state)
    assert isinstance(made, ObjectCreated)
    assert (made.metadata, made.key_prefix, made.blobs[0].data, made.blobs[0].filename) == (None, None, None, None)
    assert made.blobs[0].sha256 == HASH
    everything = b"".join(each.state for each in stored)
    for personal in (b"report.txt", b"secret", b"title", b"pages", b"/reports", b"/other"):
        assert personal not in everything


async def twins(kit: Kit, account: Account, count: int = 2) -> list[str]:
    """Complete an upload, and duplicates of it."""
    first = await account.complete(kit.log)
    return [first, *[await account.complete(kit.log, duplicate_of=first) for _ in range(count - 1)]]


@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.parametrize("leaves_an_heir", [True, False])
async def test_what_was_announced_and_not_sent_goes_with_the_upload_that_has_the_bytes(
    kit: Kit, account: Account, *, deleted: bool, leaves_an_heir: bool
) -> None:
    async def listed() -> list[str]:
        page = await kit.read_side.avoided_duplicates(account.namespace_id, account.bucket_id, PageRequest(limit=9))
        return [each.duplicate_id for each in page.rows]

    original, *heirs = await twins(kit, account, 2 if leaves_an_heir else 1)
    other = await account.complete(kit.log, sha256=OTHER_HASH)
    streams = [account.avoids(each) for each in (original, original, other)]
    for stream in streams:
        await kit.log.append(account.command(stream))
    first, second, kept = (stream.stream_id for stream in streams)
    assert await listed() == [kept, second, first]
    before = await kit.log.read_stream(first)

    await kit.log.append(await account.goes(kit.log, original, heir_id=heirs[0] if heirs else None, deleted=deleted))

    assert await listed() == [kept]
    for stream_id in (first, second):
        (stored,) = await kit.log.read_stream(stream_id)
        avoided = decode(stored.state)
        assert isinstance(avoided, UploadDuplicateAvoided)
        assert avoided.request is not None
        request = avoided.request
        assert (request.filename, request.metadata, request.object_metadata) == (None, None, None)
        assert (request.content_type, request.blob_property, avoided.saved_bytes) == ("video/mp4", "video", 100)
        assert not any(personal in stored.state for personal in (b"take 2", b"summer", b"A day out"))
    assert msgspec.json.decode(before[0].state).keys() == msgspec.json.decode(stored.state).keys()
    (untouched,) = await kit.log.read_stream(kept)
    assert untouched.state == encode(streams[2].events[0])


async def test_who_goes_is_told_of_the_earliest_duplicate_that_stands_on_the_bytes(kit: Kit, account: Account) -> None:
    first, second, _ = await twins(kit, account, 3)
    with pytest.raises(HeirExistsError) as told:
        await kit.log.append(await account.goes(kit.log, first))
    assert (told.value.upload_id, told.value.heir_id) == (first, second)
    assert (await kit.log.read_stream(first))[-1].topic == "upload.completed.v1"


@pytest.mark.parametrize("deleted", [True, False])
async def test_bytes_go_from_heir_to_heir_and_with_the_last_of_them(
    kit: Kit, account: Account, *, deleted: bool
) -> None:
    first, second, third = await twins(kit, account, 3)
    before = await kit.read_side.upload(account.namespace_id, first)
    assert before is not None
    for gone, heir in ((first, second), (second, third)):
        await kit.log.append(await account.goes(kit.log, gone, heir_id=heir, deleted=deleted))
        assert await kit.read_side.upload(account.namespace_id, gone) is None
        kept = await kit.read_side.upload(account.namespace_id, heir)
        assert kept is not None
        assert (kept.storage_key, kept.etag, kept.version_id) == (before.storage_key, before.etag, before.version_id)
        assert (kept.duplicate_of, kept.keeps_bytes) == (None, True)
        quota = await kit.quota_ledger.use(account.organization_id)
        assert quota.accepted_bytes == before.size_bytes
        jobs = {job.kind for job in await lease_all_of(kit, account) if job.upload_id == first}
        assert JobKind.DISCARD not in jobs
    other = await kit.read_side.originals([Sameness(bucket_id=account.bucket_id, sha256=HASH)])
    assert [each.upload_id for each in other.values()] == [third]

    await kit.log.append(await account.goes(kit.log, third, deleted=deleted))

    assert (await kit.quota_ledger.use(account.organization_id)).accepted_bytes == 0
    discards = [job for job in await lease_all_of(kit, account) if job.storage_key == before.storage_key]
    assert [(job.kind, job.upload_id) for job in discards] == [(JobKind.DISCARD, first)]
    for upload_id in (first, second, third):
        stored = await kit.log.read_stream(upload_id)
        assert not any(b"report.txt" in event.state for event in stored)
        assert all(decode(event.state) for event in stored)


async def lease_all_of(kit: Kit, account: Account) -> Sequence[Job]:
    """Return all jobs, by looking at them from far in the future and giving them back."""
    jobs = await kit.jobs.lease(now=account.clock.now() + timedelta(days=900), limit=100, lasts=timedelta(seconds=1))
    for job in jobs:
        await kit.jobs.put_off(job, until=job.due_at, error=None)
    return jobs


async def test_other_duplicates_are_duplicates_of_the_heir(kit: Kit, account: Account) -> None:
    first, second, third = await twins(kit, account, 3)
    await kit.log.append(await account.goes(kit.log, first, heir_id=second))
    record = await kit.read_side.upload(account.namespace_id, third)
    assert record is not None
    assert record.duplicate_of == second


async def test_what_is_kept_for_an_heir_is_needed_in_storage(kit: Kit, account: Account) -> None:
    first, second = await twins(kit, account)
    (organization, namespace) = (await kit.directory.organization(account.organization_id), account.namespace_id)
    assert organization is not None
    places = [KeyPlace(internal_id=organization.internal_id, namespace_id=namespace, upload_id=first)]
    await kit.log.append(await account.goes(kit.log, first, heir_id=second))
    assert (await kit.read_side.bytes_at(places))[first].needed
    await kit.log.append(await account.goes(kit.log, second))
    assert not (await kit.read_side.bytes_at(places))[first].needed


@pytest.mark.parametrize("lets_open_finish", [False, True])
async def test_a_command_for_a_requester_is_refused_once_its_key_was_revoked(
    kit: Kit, account: Account, *, lets_open_finish: bool
) -> None:
    await kit.log.append(account.request_command(conditions={"requester": account.key_id}))
    await kit.log.append(account.request_command(conditions={"requester": "key_of_nobody"}))
    revoked = ApiKeyRevoked(origin=account.origin(), key_id=account.key_id, lets_open_finish=lets_open_finish)
    await account.append(kit.log, account.key_id, 1, revoked)

    asked = kit.log.append(account.request_command(conditions={"requester": account.key_id}))

    if lets_open_finish:
        await asked
    else:
        facts = await refused(RequesterRevokedError, "requester_revoked", asked)
        assert facts == {"key_id": account.key_id}


async def test_what_a_key_and_its_tokens_have_open_is_found(kit: Kit, account: Account) -> None:
    token_id = "utk_1"
    token = UploadTokenIssued(
        origin=account.origin(),
        token_id=token_id,
        key_id=account.key_id,
        content_types=("*/*",),
        max_size_bytes=None,
        max_count=1,
        expires_at=account.clock.now() + timedelta(hours=1),
    )
    await account.append(kit.log, token_id, 0, token)
    own = await account.request(kit.log)
    of_token = await account.request(kit.log, where={"actor_id": token_id})
    await account.request(kit.log, where={"actor_id": "key_other"})
    await account.complete(kit.log)

    found = await kit.read_side.open_uploads_of(account.organization_id, account.key_id, after="", limit=10)

    assert found == sorted([own, of_token])
    rest = await kit.read_side.open_uploads_of(account.organization_id, account.key_id, after=found[0], limit=10)
    assert rest == found[1:]
