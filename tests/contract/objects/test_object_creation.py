"""What `ObjectCreation` promises, on every adapter."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeirExistsError,
    HeldUpload,
    NotInObject,
    OriginalExistsError,
    OriginalGoneError,
    OwnedClaim,
)
from application.ports.tasks.job_queue import Job
from domain.claims import (
    Claim,
    bucket_name_claim,
    content_claim,
    deletion_claim,
    key_name_claim,
    namespace_name_claim,
    unique_key_claim,
)
from domain.events.registry import decode
from domain.refusals import WrongStateError
from domain.tasks.agenda import JobKind
from domain.uploads.originals import WantedContent
from tests.contract._log import HASH, Account, Kit, Refusal, refused, refused_whole, twins, upload_of, whole_feed

Prepare = Callable[[Kit, Account], Awaitable[dict[str, Any]]]


TAKEN: Refusal = (ClaimTakenError, "taken")
RELEASED: Refusal = (ClaimReleasedError, "released")
DUPLICATE: Refusal = (OriginalExistsError, "duplicate")
GONE: Refusal = (OriginalGoneError, "original_gone")
HELD: Refusal = (WrongStateError, "held_by_object")
LET_GO: Refusal = (WrongStateError, "released_by_object")


# What a command demands


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


async def an_owner_whose_claim_is_free(_: Kit, account: Account) -> dict[str, Any]:
    return {"owned": (OwnedClaim(claim=unique_key_claim(account.bucket_id, "k1"), owner_id="obj_1"),)}


async def an_owner_whose_claim_another_has(_: Kit, account: Account) -> dict[str, Any]:
    claim = bucket_name_claim(account.namespace_id, "files")
    return {"owned": tuple(OwnedClaim(claim=claim, owner_id=owner) for owner in (account.bucket_id, "bkt_other"))}


async def bytes_that_are_there(kit: Kit, account: Account) -> dict[str, Any]:
    await account.complete(kit.log)
    return {"no_original": (WantedContent(bucket_id=account.bucket_id, sha256=HASH),)}


async def an_unknown_original(_: Kit, account: Account) -> dict[str, Any]:
    return {"stored": (account.ids.new("upl_"),)}


async def an_original_that_is_not_completed(kit: Kit, account: Account) -> dict[str, Any]:
    return {"stored": (await account.request(kit.log),)}


async def an_original_that_keeps_no_bytes(kit: Kit, account: Account) -> dict[str, Any]:
    original = await account.complete(kit.log)
    return {"stored": (await account.complete(kit.log, duplicate_of=original),)}


async def an_original_that_was_forgotten(kit: Kit, account: Account) -> dict[str, Any]:
    upload_id = await account.complete(kit.log)
    await account.send(kit.other_log, upload_id, account.forgets(), unheld=(NotInObject(upload_id=upload_id),))
    return {"stored": (upload_id,)}


async def an_upload_that_an_object_holds(kit: Kit, account: Account) -> dict[str, Any]:
    return {"unheld": (NotInObject(upload_id=await account.complete(kit.log, into_object=True)),)}


async def an_upload_that_another_object_holds(kit: Kit, account: Account) -> dict[str, Any]:
    upload_id = await account.complete(kit.log, into_object=True)
    object_id = (await upload_of(kit, account, upload_id)).object_id or ""
    return {"held": tuple(HeldUpload(upload_id=upload_id, object_id=each) for each in (object_id, "obj_other"))}


@pytest.mark.parametrize(
    ("prepare", "refusal"),
    [
        (a_claim_that_an_object_holds, TAKEN),
        (a_name_that_a_bucket_has, TAKEN),
        (a_name_that_a_namespace_has, TAKEN),
        (a_name_that_a_key_has, TAKEN),
        (an_owner_whose_claim_is_free, RELEASED),
        (an_owner_whose_claim_another_has, RELEASED),
        (bytes_that_are_there, DUPLICATE),
        (an_unknown_original, GONE),
        (an_original_that_is_not_completed, GONE),
        (an_original_that_keeps_no_bytes, GONE),
        (an_original_that_was_forgotten, GONE),
        (an_upload_that_an_object_holds, HELD),
        (an_upload_that_another_object_holds, LET_GO),
    ],
)
async def test_a_demand_that_does_not_hold_refuses_the_command_and_nothing_is_appended(
    kit: Kit, account: Account, prepare: Prepare, refusal: Refusal
) -> None:
    command = account.request_command(conditions=await prepare(kit, account), declared_size_bytes=7)
    await refused_whole(kit, account, command, refusal)


# Claims


async def test_claims_name_their_owners(kit: Kit, account: Account) -> None:
    upload_id = await account.complete(kit.log, into_object=True, unique_key="k1")
    object_id = (await upload_of(kit, account, upload_id)).object_id
    held = {
        unique_key_claim(account.bucket_id, "k1"): object_id,
        bucket_name_claim(account.namespace_id, "files"): account.bucket_id,
        namespace_name_claim(account.organization_id, "main"): account.namespace_id,
        key_name_claim(account.organization_id, account.user_id, "main"): account.key_id,
    }
    free = [
        unique_key_claim(account.bucket_id, "k2"),
        unique_key_claim("bkt_other", "k1"),
        content_claim(account.bucket_id, "k1"),
        bucket_name_claim("ns_other", "files"),
        deletion_claim(account.namespace_id),
    ]
    for claim, owner_id in held.items():
        assert await kit.object_creation.claim_owner(claim) == owner_id
    for claim in free:
        assert await kit.object_creation.claim_owner(claim) is None
    assert await kit.object_creation.claim_owners([*free, *held]) == held
    assert await kit.object_creation.claim_owners([]) == {}


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
        assert await kit.object_creation.claim_owner(claim) == winner.stream_id


async def test_a_claim_is_free_again_when_its_key_was_revoked(kit: Kit, account: Account) -> None:
    claim = Claim(scope=f"key:{account.organization_id}:{account.user_id}", key="main")
    second = account.key("main")
    await refused(*TAKEN, kit.log.append(account.command(second, free=(claim,))))
    await account.revoke(kit.log)
    await kit.log.append(account.command(second, free=(claim,)))
    assert await kit.object_creation.claim_owner(claim) == second.stream_id


async def test_what_stands_on_a_claim_is_appended_while_its_owner_holds_it(kit: Kit, account: Account) -> None:
    upload_id = await account.complete(kit.log, into_object=True, unique_key="k1")
    object_id = (await upload_of(kit, account, upload_id)).object_id or ""
    claim = unique_key_claim(account.bucket_id, "k1")
    owned = (OwnedClaim(claim=claim, owner_id=object_id),)
    assert await account.request(kit.other_log, conditions={"owned": owned})

    await kit.log.append(await account.delete(kit.log, object_id))

    command = account.request_command(conditions={"owned": owned}, declared_size_bytes=7)
    assert await refused_whole(kit, account, command, RELEASED) == {"owner_id": object_id}
    with pytest.raises(ClaimReleasedError) as released:
        await kit.other_log.append(command)
    assert (released.value.claim, released.value.owner_id) == (claim, object_id)
    await account.complete(kit.log, into_object=True, unique_key="k1")
    await refused_whole(kit, account, command, RELEASED)


async def test_what_stands_on_the_bytes_of_an_object_is_appended_while_it_holds_them(
    kit: Kit, account: Account
) -> None:
    upload_id, other_id = await account.complete(kit.log, into_object=True), await account.complete(kit.log)
    object_id = (await upload_of(kit, account, upload_id)).object_id or ""
    held = (HeldUpload(upload_id=upload_id, object_id=object_id),)
    assert await account.request(kit.other_log, conditions={"held": held})

    await kit.log.append(account.command(await account.put_blob(kit.log, object_id, other_id)))

    command = account.request_command(conditions={"held": held}, declared_size_bytes=7)
    assert await refused_whole(kit, account, command, LET_GO) == {"object_id": object_id, "upload_id": upload_id}


async def test_an_event_that_takes_what_is_held_is_appended_in_no_part(kit: Kit, account: Account) -> None:
    """A command that forgot its condition: what error it is stays open, that nothing is appended does not."""
    upload = account.request_command().streams[0]
    before = await whole_feed(kit.log)
    with pytest.raises(Exception, match="files"):
        await kit.log.append(account.command(upload, account.bucket("files")))
    assert await whole_feed(kit.log) == before
    assert await kit.read_side.upload(account.namespace_id, upload.stream_id) is None
    assert await account.request(kit.log)


# Originals and heirs


async def test_of_two_originals_the_first_one_is_reported(kit: Kit, account: Account) -> None:
    first, second = await account.request(kit.log), await account.request(kit.log)
    await account.complete(kit.log, second)
    await account.complete(kit.log, first)
    wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=HASH)
    with pytest.raises(OriginalExistsError) as caught:
        await kit.log.append(account.request_command(conditions={"no_original": (wanted_content,)}))
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
    await account.send(kit.log, failed, account.begins())
    await account.send(kit.log, failed, account.rejects())
    forgotten = await account.complete(kit.log)
    await account.send(kit.log, forgotten, account.forgets())
    under_way = await account.request(kit.log, declared_sha256=HASH)
    await account.send(kit.log, under_way, account.begins())
    wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=HASH)
    assert await account.request(kit.log, conditions={"no_original": (wanted_content,)})


async def test_an_upload_that_ends_is_an_original_only_of_what_ends_no_later(kit: Kit, account: Account) -> None:
    minute, hour, now = timedelta(minutes=1), timedelta(hours=1), account.clock.now()

    async def original(lasts: timedelta | None) -> str | None:
        """Return what both the read side and the log name as the original of an upload that lasts so long."""
        ends_at = None if lasts is None else now + lasts
        wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=HASH, ends_at=ends_at)
        found = await kit.read_side.originals([wanted_content])
        named = found[wanted_content].upload_id if found else None
        command = account.request_command(conditions={"no_original": (wanted_content,)})
        if named is None:
            await kit.log.append(command)
            return None
        with pytest.raises(OriginalExistsError) as caught:
            await kit.log.append(command)
        assert (caught.value.upload_id, caught.value.wanted_content) == (named, wanted_content)
        return named

    short = await account.complete(kit.log, await account.request(kit.log, expires_after_seconds=60))
    assert await original(minute) == short
    assert await original(hour) is None
    assert await original(None) is None

    good = await account.complete(kit.log)
    assert await original(minute) == short, "the earliest of those that last long enough"
    assert await original(hour) == await original(None) == good
    wanted_content = [
        WantedContent(bucket_id=account.bucket_id, sha256=HASH, ends_at=end) for end in (now + minute, None)
    ]
    found = await kit.read_side.originals(wanted_content)
    assert [found[each].upload_id for each in wanted_content] == [short, good], "several at once, each its own"

    await kit.log.append(account.command(account.new_object(good, deletes_at=now + hour)))
    assert await original(hour) == good
    assert await original(None) is None, "it ends with its object"

    await kit.log.append(account.command(account.new_object(short)))
    assert await original(hour) == good, "an object that lasts may release it, and then it has its own end"


async def test_of_many_uploads_with_the_same_bytes_that_complete_at_once_one_is_the_original(
    kit: Kit, account: Account
) -> None:
    wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=HASH)
    uploads = [await account.request(kit.log) for _ in range(8)]
    for upload_id in uploads:
        await account.send(kit.log, upload_id, account.begins())
    commands = [
        await account.to_upload(kit.log, upload_id, account.accepts(), no_original=(wanted_content,))
        for upload_id in uploads
    ]
    outcomes = await asyncio.gather(
        *((kit.log, kit.other_log)[index % 2].append(command) for index, command in enumerate(commands)),
        return_exceptions=True,
    )
    (original,) = [upload for upload, outcome in zip(uploads, outcomes, strict=True) if isinstance(outcome, int)]
    found = [outcome for outcome in outcomes if isinstance(outcome, OriginalExistsError)]
    assert [each.upload_id for each in found] == [original] * 7


async def test_a_deletion_gets_the_earliest_duplicate_as_heir(kit: Kit, account: Account) -> None:
    first, second, _ = await twins(kit, account, 3)
    with pytest.raises(HeirExistsError) as raised:
        await kit.log.append(await account.goes(kit.log, first))
    assert (raised.value.upload_id, raised.value.heir_id) == (first, second)
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
    other = await kit.read_side.originals([WantedContent(bucket_id=account.bucket_id, sha256=HASH)])
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
