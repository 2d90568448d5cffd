"""What `BucketReads` promises, on every adapter."""

from datetime import timedelta

import msgspec
import pytest

from application.ports.objects.object_creation import ClaimTakenError
from domain.buckets.bucket import (
    BeginBucketDeletion,
    BucketStatus,
    ChangeBucketSchema,
    EndBucketDeletion,
)
from domain.claims import (
    Claim,
    bucket_name_claim,
)
from domain.refusals import ForbiddenError, NotFoundError
from domain.uploads.content_rules import ANY_CONTENT, ContentCheck, ContentRules
from tests.contract._log import OTHER_HASH, Account, Kit
from tests.contract._reads import bucket_of

A_MINUTE = timedelta(minutes=1)


async def test_a_bucket_record_contains_the_extended_schema(kit: Kit, account: Account) -> None:
    wider = {"properties": {**(await bucket_of(kit, account)).bucket_schema["properties"], "more": {"type": "date"}}}
    await account.send_to_bucket(kit.log, lambda origin: ChangeBucketSchema(origin=origin, bucket_schema=wider))
    assert (await bucket_of(kit, account)).bucket_schema == wider


async def test_a_bucket_record_contains_its_rules_for_files(kit: Kit, account: Account) -> None:
    rules = ContentRules(
        content_check=ContentCheck.STRICT,
        allowed_content_types=("image/*", "application/pdf"),
        min_file_size_bytes=1,
        max_file_size_bytes=2**62,
    )
    assert (await bucket_of(kit, account)).content_rules == ANY_CONTENT
    await account.send_to_bucket(kit.log, account.renames("films", content_rules=rules))
    assert (await bucket_of(kit, account)).content_rules == rules
    known = await kit.directory.bucket(account.namespace_id, account.bucket_id)
    assert known is not None
    assert known.content_rules == rules
    await account.send_to_bucket(kit.log, account.renames("films"))
    assert (await bucket_of(kit, account)).content_rules == ANY_CONTENT
    await kit.log.append(account.command(account.bucket("strict", content_rules=rules)))
    strict = await kit.read_side.bucket(account.namespace_id, "strict")
    assert strict is not None
    assert strict.content_rules == rules


async def test_a_bucket_record_contains_its_part_size(kit: Kit, account: Account) -> None:
    assert (await bucket_of(kit, account)).part_size is None
    await account.send_to_bucket(kit.log, account.renames("films", part_size=5 * 1024**3))
    assert (await bucket_of(kit, account)).part_size == 5 * 1024**3
    await account.send_to_bucket(kit.log, account.renames("films"))
    assert (await bucket_of(kit, account)).part_size is None
    await kit.log.append(account.command(account.bucket("parts", part_size=5 * 1024**2)))
    made = await kit.read_side.bucket(account.namespace_id, "parts")
    assert made is not None
    assert made.part_size == 5 * 1024**2


async def test_a_bucket_without_a_unique_key_has_none(kit: Kit, account: Account) -> None:
    stream = account.bucket("plain", unique_key=None, description=None)
    await kit.log.append(account.command(stream))
    plain = await kit.read_side.bucket(account.namespace_id, stream.stream_id)
    assert plain is not None
    assert (plain.unique_key, plain.description) == (None, None)


async def test_a_buckets_status_changes_and_it_says_when(kit: Kit, account: Account) -> None:
    before = await bucket_of(kit, account)
    for status in (BucketStatus.SUSPENDED, BucketStatus.ARCHIVED, BucketStatus.ACTIVE):
        account.clock.advance(A_MINUTE)
        await account.set_status(kit.log, status)
        assert await bucket_of(kit, account) == msgspec.structs.replace(
            before, status=status, updated_at=account.clock.now()
        )


async def test_a_bucket_counts_its_objects_its_accepted_bytes_and_when_the_last_upload_completed(
    kit: Kit, account: Account
) -> None:
    before = await bucket_of(kit, account)
    await account.request(kit.log, declared_size_bytes=1000)
    assert await bucket_of(kit, account) == before
    account.clock.advance(A_MINUTE)
    first = await account.complete(kit.log, size_bytes=40, into_object=True)
    first_at = account.clock.advance(A_MINUTE)
    second = await account.complete(kit.log, size_bytes=60, sha256=OTHER_HASH)
    after = msgspec.structs.replace(before, object_count=1, total_size_bytes=100, last_upload_at=first_at)
    assert await bucket_of(kit, account) == after
    account.clock.advance(A_MINUTE)
    await account.complete(kit.log, duplicate_of=first)
    after = msgspec.structs.replace(after, last_upload_at=account.clock.now())
    assert await bucket_of(kit, account) == after
    await account.send(kit.log, second, account.forgets())
    assert await bucket_of(kit, account) == msgspec.structs.replace(after, total_size_bytes=40)
    kept = await account.request(kit.log)
    await account.send(kit.log, kept, account.cancels(5))
    assert (await bucket_of(kit, account)).total_size_bytes == 45
    await account.send(kit.log, kept, account.forgets())
    assert (await bucket_of(kit, account)).total_size_bytes == 40


async def test_a_bucket_that_was_renamed_keeps_all_else_and_lets_its_old_name_go(kit: Kit, account: Account) -> None:
    before = await bucket_of(kit, account)
    account.clock.advance(A_MINUTE)
    name = Claim(scope=f"bucket:{account.namespace_id}", key="films")
    await account.send_to_bucket(kit.log, account.renames("films"), free=(name,))
    after = await bucket_of(kit, account)
    assert after == msgspec.structs.replace(
        before, name="films", description=None, metadata={"floor": 3}, updated_at=account.clock.now()
    )
    assert await kit.read_side.bucket(account.namespace_id, "films") == after
    assert await kit.read_side.bucket(account.namespace_id, "files") is None
    assert await kit.object_creation.claim_owner(bucket_name_claim(account.namespace_id, "films")) == account.bucket_id
    assert await kit.object_creation.claim_owner(bucket_name_claim(account.namespace_id, "files")) is None
    other = account.bucket("files")
    await kit.log.append(account.command(other, free=(Claim(scope=name.scope, key="files"),)))
    with pytest.raises(ClaimTakenError):
        await account.send_to_bucket(kit.log, account.renames("files"), free=(Claim(scope=name.scope, key="files"),))
    await account.send_to_bucket(kit.log, account.renames("films", description="the same name"))
    assert await kit.object_creation.claim_owner(bucket_name_claim(account.namespace_id, "films")) == account.bucket_id


async def test_a_bucket_that_is_being_deleted_takes_nothing_and_is_gone_at_the_end(kit: Kit, account: Account) -> None:
    await account.send_to_bucket(kit.log, lambda origin: BeginBucketDeletion(origin=origin, task_id="task_1"))
    assert (await bucket_of(kit, account)).status is BucketStatus.DELETING
    with pytest.raises(ForbiddenError):
        await account.request(kit.log, conditions=account.live)
    await account.send_to_bucket(kit.log, lambda origin: EndBucketDeletion(origin=origin))
    assert await kit.read_side.bucket(account.namespace_id, account.bucket_id) is None
    assert await kit.object_creation.claim_owner(bucket_name_claim(account.namespace_id, "files")) is None
    namespace = await kit.read_side.namespace(account.organization_id, account.namespace_id)
    assert namespace is not None
    assert namespace.bucket_count == 0
    with pytest.raises(NotFoundError):
        await account.request(kit.log, conditions=account.live)
