"""What `ObjectReads` promises, on every adapter."""

from datetime import timedelta

import msgspec
import pytest

from application.ports.objects.object_creation import NotInObject
from application.ports.objects.object_reads import ObjectRecord
from domain.claims import (
    Claim,
    content_claim,
    unique_key_claim,
)
from domain.objects.object import Blob, CreateObject, NoObject
from domain.objects.object import decide as decide_object
from domain.refusals import RefusedError, WrongStateError
from domain.uploads.originals import WantedContent
from tests.contract._log import HASH, OTHER_HASH, Account, Kit, upload_of
from tests.contract._reads import bucket_of, object_of, quota_of

A_MINUTE = timedelta(minutes=1)


# Objects


async def test_an_object_is_there_with_its_blobs_and_its_upload_names_it(kit: Kit, account: Account) -> None:
    account.clock.advance(A_MINUTE)
    upload_id = await account.complete(kit.log, into_object=True)
    upload = await upload_of(kit, account, upload_id)
    position = await kit.log.head()
    assert await object_of(kit, account, upload.object_id) == ObjectRecord(
        object_id=upload.object_id or "",
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        bucket_id=account.bucket_id,
        version=1,
        blobs=(account.blob(upload_id, blob_id=(await object_of(kit, account, upload.object_id)).blobs[0].blob_id),),
        metadata={"title": "Report"},
        key_prefix="/reports",
        created_at=account.clock.now(),
        updated_at=account.clock.now(),
        position=position,
    )


async def test_an_object_made_of_an_originals_bytes_is_the_originals_object(kit: Kit, account: Account) -> None:
    original = await account.complete(kit.log)
    assert (await upload_of(kit, account, original)).object_id is None
    stream = account.new_object(original)
    await kit.log.append(account.command(stream))
    assert (await upload_of(kit, account, original)).object_id == stream.stream_id


async def test_a_blob_that_was_replaced_is_held_no_more(kit: Kit, account: Account) -> None:
    first = await account.complete(kit.log, into_object=True)
    object_id = (await upload_of(kit, account, first)).object_id or ""
    before = await object_of(kit, account, object_id)
    second = await account.complete(kit.log, sha256=OTHER_HASH)
    account.clock.advance(A_MINUTE)
    put = await account.put_blob(kit.log, object_id, second, sha256=OTHER_HASH)
    await kit.log.append(account.command(put))
    after = await object_of(kit, account, object_id)
    assert [blob.upload_id for blob in after.blobs] == [second]
    assert after == msgspec.structs.replace(
        before,
        version=2,
        blobs=after.blobs,
        metadata={"title": "Report", "pages": 3},
        updated_at=account.clock.now(),
    )
    assert (await upload_of(kit, account, first)).object_id is None
    assert (await upload_of(kit, account, second)).object_id == object_id
    await account.send(kit.log, first, account.forgets(), unheld=(NotInObject(upload_id=first),))
    with pytest.raises(RefusedError):
        await account.send(kit.log, second, account.forgets(), unheld=(NotInObject(upload_id=second),))


# What is around them


async def test_a_deleted_object_is_gone_with_its_uploads_its_bytes_its_claims_and_its_place_in_the_counts(
    kit: Kit, account: Account
) -> None:
    first, second = [await account.complete(kit.log, sha256=sha256) for sha256 in (HASH, OTHER_HASH)]
    stream = account.new_object(first, second, unique_key="u", content_key="c")
    await kit.log.append(account.command(stream))
    assert (await bucket_of(kit, account)).object_count == 1
    await kit.log.append(await account.delete(kit.log, stream.stream_id))
    assert await kit.read_side.bucket_object(account.namespace_id, stream.stream_id) is None
    for upload_id in (first, second):
        assert await kit.read_side.upload(account.namespace_id, upload_id) is None
    assert await kit.object_creation.claim_owner(unique_key_claim(account.bucket_id, "u")) is None
    assert await kit.object_creation.claim_owner(content_claim(account.bucket_id, "c")) is None
    bucket = await bucket_of(kit, account)
    assert (bucket.object_count, bucket.total_size_bytes) == (0, 0)
    namespace = await kit.read_side.namespace(account.organization_id, account.namespace_id)
    assert namespace is not None
    assert namespace.object_count == 0
    assert await quota_of(kit, account) == (0, 0)
    await account.complete(
        kit.log, conditions={"no_original": (WantedContent(bucket_id=account.bucket_id, sha256=HASH),)}
    )


async def test_an_upload_of_two_objects_is_the_others_when_one_is_deleted_and_goes_with_the_last(
    kit: Kit, account: Account
) -> None:
    shared = await account.complete(kit.log)
    one, two = account.new_object(shared), account.new_object(shared)
    for stream in (one, two):
        await kit.log.append(account.command(stream))
    assert (await upload_of(kit, account, shared)).object_id == one.stream_id
    with pytest.raises(WrongStateError, match=two.stream_id) as refused:
        await kit.log.append(await account.delete(kit.log, one.stream_id))
    assert refused.value.details == {"object_id": two.stream_id, "upload_id": shared}
    await kit.log.append(await account.delete(kit.log, one.stream_id, shared))
    assert (await upload_of(kit, account, shared)).object_id == two.stream_id
    assert await quota_of(kit, account) == (0, 100)
    await kit.log.append(await account.delete(kit.log, two.stream_id))
    assert await kit.read_side.upload(account.namespace_id, shared) is None
    assert await quota_of(kit, account) == (0, 0)


async def test_an_update_moves_the_claims_of_an_object_and_releases_its_former_uploads(
    kit: Kit, account: Account
) -> None:
    first, second = [await account.complete(kit.log, sha256=sha256) for sha256 in (HASH, OTHER_HASH)]
    stream = account.new_object(first, unique_key="u1", content_key="c1")
    object_id = stream.stream_id
    await kit.log.append(account.command(stream))
    await kit.log.append(
        account.command(await account.update(kit.log, object_id, second, unique_key="u2", content_key=None))
    )
    record = await object_of(kit, account, object_id)
    assert (record.unique_key, record.content_key, record.key_prefix) == ("u2", None, None)
    claims = [("object", "u1"), ("object", "u2"), ("content", "c1")]
    owners = [
        await kit.object_creation.claim_owner(Claim(scope=f"{kind}:{account.bucket_id}", key=key))
        for kind, key in claims
    ]
    assert owners == [None, object_id, None]
    assert (await upload_of(kit, account, first)).object_id is None
    assert (await upload_of(kit, account, second)).object_id == object_id
    await kit.log.append(account.command(await account.update(kit.log, object_id, second, metadata={})))
    assert await kit.object_creation.claim_owner(unique_key_claim(account.bucket_id, "u2")) == object_id


async def test_a_blob_of_inline_data_is_there_as_it_was_sent_and_holds_no_upload(kit: Kit, account: Account) -> None:
    inline = Blob(
        blob_id="blob_1",
        property="report",
        type="text",
        upload_id=None,
        filename=None,
        storage_key=None,
        version_id=None,
        etag=None,
        size_bytes=None,
        content_type=None,
        sha256=None,
        data=[1, {"a": None}],
        metadata={"b": 2},
    )
    create = CreateObject(
        origin=account.origin(), object_id="obj_inline", blobs=(inline,), metadata={}, unique_key=None, key_prefix="/a"
    )
    await account.append(kit.log, "obj_inline", 0, *decide_object(create, NoObject()))
    record = await object_of(kit, account, "obj_inline")
    assert (record.blobs, record.key_prefix) == ((inline,), "/a")
