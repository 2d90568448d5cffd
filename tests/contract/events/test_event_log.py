"""What `EventLog` promises, on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from application.ports.events.event_log import (
    Command,
    EventLog,
    ForeignEventError,
    Notification,
    RequesterRevokedError,
    StreamAppend,
    VersionConflictError,
)
from application.ports.lists.pages import PageRequest
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeldUpload,
    NotInObject,
    OriginalExistsError,
    OriginalGoneError,
    OwnedClaim,
)
from application.ports.uploads.upload_reads import KeyPlace
from domain.buckets.bucket import BucketStatus
from domain.claims import Claim
from domain.events.event import Event, encode, topic_of
from domain.events.registry import decode
from domain.keys.api_key import ApiKeyRevoked
from domain.keys.upload_token import UploadTokenIssued
from domain.objects.object import ObjectCreated
from domain.refusals import (
    ForbiddenError,
    NotFoundError,
    PositionBeyondEndError,
    QuotaExceededError,
    UnauthenticatedError,
    WrongStateError,
)
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.originals import WantedContent
from domain.uploads.upload_events import UploadCanceled, UploadRequested, UploadSkipped
from tests.contract._log import (
    HASH,
    OTHER_HASH,
    SOON,
    Account,
    Kit,
    Refusal,
    open_account,
    refused,
    refused_whole,
    twins,
    whole_feed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


WANTED = frozenset({topic_of(UploadRequested), topic_of(UploadCanceled)})


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
    assert await account.send(kit.log, upload_id, account.begins()) == 6
    assert await account.send(kit.log, upload_id, account.accepts()) == 8  # verified and completed


async def test_what_was_appended_is_there_for_every_reader_when_append_returns(kit: Kit, account: Account) -> None:
    for log, reader in ((kit.log, kit.other_log), (kit.other_log, kit.log)):
        upload_id = await account.request(log)
        position = await account.send(log, upload_id, account.starts())
        assert await reader.head() == position
        assert [event.originator_version for event in await reader.read_stream(upload_id)] == [1, 2]
        assert [each.id for each in await reader.read_feed(after=position - 1, limit=10)] == [position]


async def test_several_streams_are_given_back_as_each_one_is(kit: Kit, account: Account) -> None:
    first, second = [await account.request(kit.log) for _ in range(2)]
    await account.send(kit.log, first, account.starts())
    streams = await kit.log.read_streams([second, "upl_none", first])
    assert streams == {each: list(await kit.log.read_stream(each)) for each in (first, second)}
    assert await kit.log.read_streams([]) == {}


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


async def test_foreign_events_are_kept_like_any_other(kit: Kit, account: Account) -> None:
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
    await account.send(kit.log, upload_id, account.starts())
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
    await account.send(kit.log, other, account.starts())
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


async def test_reading_beyond_the_end_reports_its_position(kit: Kit, account: Account) -> None:
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
        read(kit.log.packed_pages(after=end + 1, limit=10, topics=WANTED)),
        read(kit.log.tail(after=end + 1)),
    ):
        with pytest.raises(PositionBeyondEndError) as refused:
            await asked
        assert (refused.value.code, refused.value.details) == ("position_beyond_end", {"after": end + 1, "end": end})
        assert str(end) in refused.value.message


@pytest.mark.parametrize("limit", [7, 120])
async def test_packed_pages_are_the_pages_without_what_is_not_wanted(kit: Kit, account: Account, limit: int) -> None:
    for _ in range(60):  # with those before, more than a hundred
        upload_id = await account.request(kit.log)
        await account.send(kit.log, upload_id, account.starts())
    head = await kit.log.head()
    after = 3
    async with (
        asyncio.timeout(SOON),
        aclosing(kit.log.pages(after=after, limit=limit)) as pages,
        aclosing(kit.log.packed_pages(after=after, limit=limit, topics=WANTED)) as packed_pages,
    ):
        while after < head:
            page, packed = await anext(pages), await anext(packed_pages)
            assert (packed.after, packed.position, packed.events) == (after, page[-1].id, len(page))
            assert [each for states in packed.states for each in msgspec.json.decode(states)] == [
                msgspec.json.decode(each.state) for each in page if each.topic in WANTED
            ]
            after = packed.position
        for wanted in (False, True):
            waiting = asyncio.ensure_future(anext(packed_pages))
            await asyncio.sleep(0)
            if wanted:
                await account.send(kit.other_log, upload_id, account.cancels())
                await account.request(kit.other_log)
            else:
                await account.send(kit.other_log, upload_id, account.reissues())
            packed = await waiting
            assert (packed.after, bool(packed.states)) == (after, wanted)
            after = packed.position


async def test_tails_do_not_take_events_from_each_other(kit: Kit, account: Account) -> None:
    listening = [asyncio.ensure_future(listen(kit.log, 3, after=after)) for after in (0, 2, 4, 4)]
    for _ in range(3):
        await account.request(kit.other_log)
    heard = [[each.id for each in await one] for one in listening]
    assert heard == [[1, 2, 3], [3, 4, 5], [5, 6, 7], [5, 6, 7]]


# Conditions

Prepare = Callable[[Kit, Account], Awaitable[dict[str, Any]]]

KEY_REVOKED: Refusal = (UnauthenticatedError, "key_revoked")
NAMESPACE_GONE: Refusal = (NotFoundError, "namespace_not_found")
BUCKET_GONE: Refusal = (NotFoundError, "bucket_not_found")
NOT_ACTIVE: Refusal = (ForbiddenError, "bucket_not_active")
TAKEN: Refusal = (ClaimTakenError, "taken")
RELEASED: Refusal = (ClaimReleasedError, "released")
DUPLICATE: Refusal = (OriginalExistsError, "duplicate")
GONE: Refusal = (OriginalGoneError, "original_gone")
LET_GO: Refusal = (WrongStateError, "released_by_object")
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
    ],
)
async def test_a_condition_that_does_not_hold_refuses_the_command_and_nothing_is_appended(
    kit: Kit, account: Account, prepare: Prepare, refusal: Refusal
) -> None:
    command = account.request_command(conditions=await prepare(kit, account), declared_size_bytes=7)
    await refused_whole(kit, account, command, refusal)


async def test_a_command_whose_conditions_all_hold_is_appended(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.log, 300)
    original = await account.complete(kit.log)
    name = Claim(scope=f"bucket:{account.namespace_id}", key="files")
    command = account.request_command(
        conditions={
            **account.live,
            "free": (Claim(scope=f"object:{account.bucket_id}", key="free"),),
            "owned": (OwnedClaim(claim=name, owner_id=account.bucket_id),),
            "no_original": (WantedContent(bucket_id=account.bucket_id, sha256=OTHER_HASH),),
            "stored": (original,),
            "unheld": (NotInObject(upload_id=original),),
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
        "owned": (OwnedClaim(claim=Claim(scope=f"object:{account.bucket_id}", key="free"), owner_id="obj_1"),),
        "no_original": (WantedContent(bucket_id=account.bucket_id, sha256=HASH),),
        "stored": (known,),
        "held": (HeldUpload(upload_id=held, object_id="obj_1"),),
        "unheld": (NotInObject(upload_id=held),),
    }
    command = account.request_command(upload_id=known, conditions=wrong, declared_size_bytes=1)
    with pytest.raises(VersionConflictError):
        await kit.log.append(command)
    for repaired, refusal in (
        ({"streams": account.request_command(declared_size_bytes=1).streams}, KEY_REVOKED),
        ({"key_id": account.key_id}, NAMESPACE_GONE),
        ({"namespace_id": account.namespace_id}, NOT_ACTIVE),
        ({"bucket_id": active.stream_id}, TAKEN),
        ({"free": ()}, RELEASED),
        ({"owned": ()}, DUPLICATE),
        ({"no_original": ()}, GONE),
        ({"stored": (held,)}, LET_GO),
        ({"held": ()}, HELD),
        ({"unheld": ()}, NO_ROOM),
    ):
        command = msgspec.structs.replace(command, **repaired)
        await refused(*refusal, kit.log.append(command))
    command = msgspec.structs.replace(command, streams=account.request_command().streams)
    assert await kit.log.append(command) == await kit.log.head()


async def test_refusals_carry_their_facts(kit: Kit, account: Account) -> None:
    holder = await account.complete(kit.log, into_object=True, unique_key="k1")
    (object_id,) = {e.originator_id for e in await whole_feed(kit.log) if e.topic == "object.created.v1"}
    await account.set_status(kit.log, BucketStatus.ARCHIVED)
    claim = Claim(scope=f"object:{account.bucket_id}", key="k1")

    async def details(refusal: Refusal, **conditions: object) -> dict[str, Any]:
        command = account.request_command(conditions=conditions)
        return await refused(*refusal, kit.log.append(command))

    assert await details(NOT_ACTIVE, **account.live) == {"status": "ARCHIVED"}
    assert await details(TAKEN, free=(claim,)) == {"owner_id": object_id}
    wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=HASH)
    assert await details(DUPLICATE, no_original=(wanted_content,)) == {"upload_id": holder}
    assert await details(GONE, stored=("upl_unknown",)) == {"upload_id": "upl_unknown"}
    assert await details(HELD, unheld=(NotInObject(upload_id=holder),)) == {
        "object_id": object_id,
        "upload_id": holder,
    }
    alone = (NotInObject(upload_id=holder, besides=object_id),)
    assert await kit.log.append(account.request_command(conditions={"unheld": alone}))
    several = (WantedContent(bucket_id=account.bucket_id, sha256=OTHER_HASH), wanted_content)
    assert await details(DUPLICATE, no_original=several) == {"upload_id": holder}
    assert await details(GONE, stored=(holder, "upl_unknown")) == {"upload_id": "upl_unknown"}
    with pytest.raises(ClaimTakenError) as taken:
        await kit.log.append(account.request_command(conditions={"free": (claim,)}))
    assert (taken.value.claim, taken.value.owner_id) == (claim, object_id)


async def test_no_organization_writes_into_a_stream_of_another(kit: Kit, account: Account) -> None:
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


async def test_no_organization_writes_events_in_the_name_of_another(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account)
    head = await kit.log.head()
    command = msgspec.structs.replace(account.request_command(), organization_id=other.organization_id)
    with pytest.raises(ForeignEventError):
        await kit.log.append(command)
    assert await kit.log.head() == head


async def suspends_the_bucket(kit: Kit, account: Account) -> tuple[StreamAppend, Refusal]:
    return await account.new_status(kit.log, BucketStatus.SUSPENDED), NOT_ACTIVE


async def revokes_the_key(kit: Kit, account: Account) -> tuple[StreamAppend, Refusal]:
    return await account.revocation(kit.log), KEY_REVOKED


async def lowers_the_quota(kit: Kit, account: Account) -> tuple[StreamAppend, Refusal]:
    return await account.new_limits(kit.log, 0), NO_ROOM


@pytest.mark.parametrize("beside_an_upload", [False, True])
@pytest.mark.parametrize("change", [suspends_the_bucket, revokes_the_key, lowers_the_quota])
async def test_of_concurrent_commands_none_succeeds_after_the_change_that_forbids_it(
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


async def test_of_two_verifications_of_the_same_bytes_in_one_group_the_second_is_refused_as_a_duplicate(
    kit: Kit, account: Account
) -> None:
    original, duplicate = [await account.request(kit.log) for _ in range(2)]
    verifications = [
        await account.to_upload(
            kit.log,
            upload_id,
            account.begins(inline=True),
            then=account.accepts(),
            no_original=(WantedContent(bucket_id=account.bucket_id, sha256=HASH),),
        )
        for upload_id in (original, duplicate)
    ]
    head = await kit.log.head()
    # the first command is sent alone; those that arrive in the meantime are sent together
    commands = (account.request_command(), *verifications)
    _, position, refused = await asyncio.gather(
        *(kit.log.append(command) for command in commands), return_exceptions=True
    )
    assert position == head + 4
    assert isinstance(refused, OriginalExistsError)
    assert refused.upload_id == original
    assert [len(await kit.log.read_stream(each)) for each in (original, duplicate)] == [4, 1]
    assert await kit.log.head() == head + 4


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
    for log in (kit.log, kit.other_log):  # earlier appends are done when a later one is
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
    await account.send(kit.log, completed, account.forgets())
    yield completed
    canceled = await account.request(kit.log)
    await account.send(kit.log, canceled, account.reissues(timedelta(hours=3)))
    await account.send(kit.log, canceled, account.cancels())
    await account.send(kit.log, canceled, account.forgets())
    yield canceled
    skipped = await account.request(kit.log, existing_object_id="obj_1")
    await account.send(kit.log, skipped, account.forgets())
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
    await account.send(kit.log, upload_id, account.forgets())
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
