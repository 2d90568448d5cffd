"""What `ReadSide` promises, on every adapter; and that all of them tell the same after any history."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.lists.listing import UPLOADS
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.keys.key_reads import KeyRecord
from application.ports.lists.pages import Page, PageRequest, SortKey
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError, Unheld
from application.ports.objects.object_reads import ObjectRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from application.ports.uploads.upload_reads import AvoidedDuplicate, KeyPlace, UploadRecord
from domain.buckets.bucket import (
    BeginBucketDeletion,
    BucketStatus,
    ChangeBucketSchema,
    EndBucketDeletion,
    Policy,
    UniqueKey,
)
from domain.claims import (
    Claim,
    bucket_name_claim,
    content_claim,
    deletion_claim,
    namespace_name_claim,
    unique_key_claim,
)
from domain.events.event import Origin
from domain.keys.api_key import Permission
from domain.lists.filtering import parse_filter
from domain.namespaces.namespace import BeginNamespaceDeletion, EndNamespaceDeletion, NamespaceCommand, NamespaceStatus
from domain.objects.object import Blob, CreateObject, NoObject
from domain.objects.object import decide as decide_object
from domain.organizations.organization import (
    DEFAULT_RATE_LIMITS,
    OrganizationProfileChanged,
    OrganizationRateLimitsChanged,
    OrganizationRateLimitsSet,
    OwnRateLimits,
    RateLimits,
    Tier,
)
from domain.refusals import ForbiddenError, NotFoundError, RefusedError, WrongStateError
from domain.uploads.content_rules import ANY_CONTENT, ContentCheck, ContentRules
from domain.uploads.originals import Sameness
from domain.uploads.upload import (
    ForgetUpload,
    Status,
    UploadDuplicateAvoided,
)
from tests.contract._log import HASH, OTHER_HASH, Account, Kit, open_account, upload_of

A_MINUTE = timedelta(minutes=1)


async def bucket_of(kit: Kit, account: Account) -> BucketRecord:
    found = await kit.read_side.bucket(account.namespace_id, account.bucket_id)
    assert found is not None
    return found


async def object_of(kit: Kit, account: Account, object_id: str | None) -> ObjectRecord:
    found = await kit.read_side.bucket_object(account.namespace_id, object_id or "")
    assert found is not None
    return found


async def quota_of(kit: Kit, account: Account) -> tuple[int, int]:
    use = await kit.quota_ledger.use(account.organization_id)
    return use.reserved_bytes, use.accepted_bytes


# Uploads


async def test_a_requested_upload_is_there_with_all_that_was_asked_for(kit: Kit, account: Account) -> None:
    command = account.request_command(declared_size_bytes=7, declared_sha256=HASH)
    position = await kit.log.append(command)
    upload_id = command.streams[0].stream_id
    now = account.clock.now()
    assert await kit.read_side.upload(account.namespace_id, upload_id) == UploadRecord(
        upload_id=upload_id,
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        bucket_id=account.bucket_id,
        version=1,
        position=position,
        status=Status.PENDING,
        filename="report.txt",
        content_type="text/plain",
        storage_key=f"int/{upload_id}/report.txt",
        declared_size_bytes=7,
        declared_sha256=HASH,
        url_expires_in_seconds=3600,
        created_at=now,
        expires_at=now + timedelta(hours=1),
        due_at=now + timedelta(hours=1, minutes=15),
        metadata={"shelf": 7},
        create_object=True,
        object_metadata={"title": "Report"},
        blob_property="report",
        blob_type="TEXT",
        skip_duplicates=True,
    )


async def test_a_skipped_upload_names_the_object_that_has_its_key(kit: Kit, account: Account) -> None:
    skipped = await upload_of(kit, account, await account.request(kit.log, existing_object_id="obj_1"))
    assert (skipped.status, skipped.existing_object_id) == (Status.SKIPPED, "obj_1")


async def test_an_upload_and_its_bucket_tell_whether_they_confirm_by_themselves(kit: Kit, account: Account) -> None:
    wanted = [
        await upload_of(kit, account, await account.request(kit.log, auto_confirm=each)) for each in (True, False)
    ]
    assert [upload.auto_confirm for upload in wanted] == [True, False]
    assert (await upload_of(kit, account, await account.request(kit.log))).auto_confirm is False
    assert (await bucket_of(kit, account)).auto_confirm is False
    await account.tell_bucket(kit.log, account.renames("films", auto_confirm=True))
    assert (await bucket_of(kit, account)).auto_confirm is True
    await account.tell_bucket(kit.log, account.renames("films"))
    assert (await bucket_of(kit, account)).auto_confirm is False
    made = account.bucket("quick", auto_confirm=True)
    await kit.log.append(account.command(made))
    quick = await kit.read_side.bucket(account.namespace_id, "quick")
    assert quick is not None
    assert quick.auto_confirm is True


async def test_a_bucket_tells_the_schema_that_it_has_grown_to(kit: Kit, account: Account) -> None:
    wider = {"properties": {**(await bucket_of(kit, account)).bucket_schema["properties"], "more": {"type": "date"}}}
    await account.tell_bucket(kit.log, lambda origin: ChangeBucketSchema(origin=origin, bucket_schema=wider))
    assert (await bucket_of(kit, account)).bucket_schema == wider


async def test_a_bucket_tells_its_rules_for_files(kit: Kit, account: Account) -> None:
    rules = ContentRules(
        content_check=ContentCheck.STRICT,
        allowed_content_types=("image/*", "application/pdf"),
        min_file_size_bytes=1,
        max_file_size_bytes=2**62,
    )
    assert (await bucket_of(kit, account)).content_rules == ANY_CONTENT
    await account.tell_bucket(kit.log, account.renames("films", content_rules=rules))
    assert (await bucket_of(kit, account)).content_rules == rules
    known = await kit.directory.bucket(account.namespace_id, account.bucket_id)
    assert known is not None
    assert known.content_rules == rules
    await account.tell_bucket(kit.log, account.renames("films"))
    assert (await bucket_of(kit, account)).content_rules == ANY_CONTENT
    await kit.log.append(account.command(account.bucket("strict", content_rules=rules)))
    strict = await kit.read_side.bucket(account.namespace_id, "strict")
    assert strict is not None
    assert strict.content_rules == rules


class Following:
    """An upload, and the record that is expected of it after each step."""

    def __init__(self, kit: Kit, account: Account, record: UploadRecord) -> None:
        self.kit, self.account, self.record = kit, account, record

    async def step(self, told: Callable[..., Any], **changes: object) -> None:
        self.account.clock.advance(A_MINUTE)
        await self.account.tell(self.kit.log, self.record.upload_id, told)
        version = len(await self.kit.log.read_stream(self.record.upload_id))
        self.record = msgspec.structs.replace(self.record, version=version, **changes)
        assert await upload_of(self.kit, self.account, self.record.upload_id) == self.record


@pytest.fixture
async def following(kit: Kit, account: Account) -> Following:
    return Following(kit, account, await upload_of(kit, account, await account.request(kit.log)))


async def test_an_upload_follows_every_step_to_its_good_end_and_is_gone_when_forgotten(
    kit: Kit, account: Account, following: Following
) -> None:
    await following.step(account.starts(), status=Status.IN_PROGRESS, multipart_id="multipart-1")
    expires_at = account.clock.now() + timedelta(hours=5)
    due_at = expires_at + timedelta(minutes=15)
    await following.step(account.reissues(timedelta(hours=5)), expires_at=expires_at, due_at=due_at)
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    await following.step(account.abandons(), status=Status.IN_PROGRESS, multipart_id="multipart-1")
    await following.step(account.begins(task_id="task_2"), status=Status.PROCESSING)  # the task stays the first
    now = account.clock.now() + A_MINUTE
    await following.step(
        account.accepts(9, note="looks like a picture"),
        status=Status.COMPLETED,
        size_bytes=9,
        sha256=HASH,
        etag="etag-1",
        version_id="version-1",
        message="looks like a picture",
        verified_at=now,
        completed_at=now,
    )
    await account.tell(kit.log, following.record.upload_id, account.forgets())
    assert await kit.read_side.upload(account.namespace_id, following.record.upload_id) is None


async def test_a_verification_that_was_abandoned_goes_back_to_pending_where_it_came_from(
    account: Account, following: Following
) -> None:
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    await following.step(account.abandons(), status=Status.PENDING)


async def test_a_failed_upload_tells_why_and_keeps_nothing_and_may_be_canceled(
    account: Account, following: Following
) -> None:
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    why = {"failure_reason": "hash_mismatch", "message": "other bytes"}
    await following.step(account.rejects(), status=Status.FAILED, keeps_bytes=False, **why)
    await following.step(account.cancels(), status=Status.CANCELED)


async def test_an_expired_upload_has_failed(account: Account, following: Following) -> None:
    message = "No bytes arrived before the upload URL expired; request a new upload."
    await following.step(
        account.expires(), status=Status.FAILED, keeps_bytes=False, failure_reason="expired", message=message
    )


@pytest.mark.parametrize("kept_bytes", [None, 0, 50])
async def test_a_canceled_upload_says_whether_its_bytes_stay(
    account: Account, following: Following, kept_bytes: int | None
) -> None:
    await following.step(account.cancels(kept_bytes), status=Status.CANCELED, keeps_bytes=kept_bytes is not None)


async def test_a_duplicate_names_its_original_and_the_originals_object(
    kit: Kit, account: Account, following: Following
) -> None:
    original = await account.complete(kit.log, into_object=True)
    object_id = (await upload_of(kit, account, original)).object_id
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    now = account.clock.now() + A_MINUTE
    await following.step(
        account.accepts(version_id=None, duplicate_of=original, object_id=object_id),
        status=Status.COMPLETED,
        size_bytes=100,
        sha256=HASH,
        etag="etag-1",
        verified_at=now,
        completed_at=now,
        duplicate_of=original,
        object_id=object_id,
        keeps_bytes=False,
    )


async def test_an_upload_whose_key_was_taken_meanwhile_names_the_object_and_keeps_nothing(
    kit: Kit, account: Account
) -> None:
    upload_id = await account.complete(kit.log, existing_object_id="obj_1")
    completed = await upload_of(kit, account, upload_id)
    assert (completed.status, completed.existing_object_id) == (Status.COMPLETED, "obj_1")
    assert (completed.object_id, completed.keeps_bytes) == (None, False)


@pytest.mark.parametrize(("etag", "told"), [("etag-2", "etag-2"), (None, "")])
async def test_bytes_that_changed_afterwards_are_told_by_their_etag_and_the_empty_one_if_they_are_gone(
    kit: Kit, account: Account, etag: str | None, told: str
) -> None:
    upload_id = await account.complete(kit.log, version_id=None)
    await account.tell(kit.log, upload_id, account.reports_change(etag))
    changed = await upload_of(kit, account, upload_id)
    assert (changed.status, changed.changed_etag, changed.etag) == (Status.COMPLETED, told, "etag-1")


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
    await account.tell(kit.log, first, account.forgets(), unheld=(Unheld(upload_id=first),))
    with pytest.raises(RefusedError):
        await account.tell(kit.log, second, account.forgets(), unheld=(Unheld(upload_id=second),))


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
    await account.complete(kit.log, conditions={"no_original": (Sameness(bucket_id=account.bucket_id, sha256=HASH),)})


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


async def test_an_update_moves_the_claims_of_an_object_and_lets_go_of_the_uploads_it_has_no_more(
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


async def test_an_organization_has_its_tiers_rate_limits_until_it_is_given_its_own(kit: Kit) -> None:
    account = await open_account(kit.log)
    found = await kit.read_side.organization_by_name(account.organization_id)
    assert found is not None
    assert found.rate_limits == DEFAULT_RATE_LIMITS[Tier.PRO]
    own = RateLimits(metadata=1, data=2, search=3, upload=4, compute=5)
    await account.append(
        kit.log,
        account.organization_id,
        1,
        OrganizationRateLimitsChanged(origin=account.origin(), rate_limits=own),
        OrganizationProfileChanged(
            origin=account.origin(),
            name="Acme & Sons",
            logo_url="https://acme.example/logo.png",
            billing_email="billing@acme.example",
            metadata={"plan": "yearly"},
        ),
    )
    found = await kit.read_side.organization_by_name("Acme & Sons")
    assert found is not None
    assert found.rate_limits == own
    some = OrganizationRateLimitsSet(origin=account.origin(), rate_limits=OwnRateLimits(upload=7))
    await account.append(kit.log, account.organization_id, 3, some)
    found = await kit.read_side.organization_by_name("Acme & Sons")
    assert found is not None
    assert found.rate_limits == msgspec.structs.replace(DEFAULT_RATE_LIMITS[Tier.PRO], upload=7)
    none = OrganizationRateLimitsSet(origin=account.origin(), rate_limits=OwnRateLimits())
    await account.append(kit.log, account.organization_id, 4, none)
    found = await kit.read_side.organization_by_name("Acme & Sons")
    assert found is not None
    assert (found.own_rate_limits, found.rate_limits) == (None, DEFAULT_RATE_LIMITS[Tier.PRO])
    assert (found.logo_url, found.billing_email, found.metadata) == (
        "https://acme.example/logo.png",
        "billing@acme.example",
        {"plan": "yearly"},
    )


async def test_organization_key_namespace_and_bucket_are_there_as_they_were_made(kit: Kit) -> None:
    account = await open_account(kit.log, name="Acme", quota_bytes=500)
    now = account.clock.now()
    assert await kit.read_side.organization_by_name("Acme") == OrganizationRecord(
        organization_id=account.organization_id,
        internal_id=f"int_{account.organization_id}",
        name="Acme",
        tier=Tier.PRO,
        quota_bytes=500,
        created_at=now,
        updated_at=now,
    )
    assert await kit.read_side.key_by_name(account.organization_id, account.user_id, "main") == KeyRecord(
        key_id=account.key_id,
        organization_id=account.organization_id,
        user_id=account.user_id,
        name="main",
        description="for tests",
        key_hash=account.key_hash,
        prefix="sk_abc",
        permissions=tuple(Permission),
        scopes=({"resource": "bucket"},),
        rate_limit_override=None,
        expires_at=None,
        created_at=now,
        created_by=account.key_id,
        revoked_at=None,
        revoked_by=None,
    )
    assert await kit.read_side.namespace(account.organization_id, account.namespace_id) == NamespaceRecord(
        namespace_id=account.namespace_id,
        organization_id=account.organization_id,
        name="main",
        description=None,
        settings={"color": "blue"},
        status=NamespaceStatus.ACTIVE,
        created_at=now,
        updated_at=now,
        bucket_count=1,
        object_count=0,
        position=3,
    )
    assert await bucket_of(kit, account) == BucketRecord(
        bucket_id=account.bucket_id,
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        name="files",
        description="what we keep",
        bucket_schema={"properties": {"report": {"type": "text"}}},
        unique_key=UniqueKey(fields=("report",), default_policy=Policy.UPSERT),
        metadata={"floor": 2},
        status=BucketStatus.ACTIVE,
        object_count=0,
        total_size_bytes=0,
        last_upload_at=None,
        created_at=now,
        updated_at=now,
        position=4,
    )


async def test_a_bucket_without_a_unique_key_has_none(kit: Kit, account: Account) -> None:
    stream = account.bucket("plain", unique_key=None, description=None)
    await kit.log.append(account.command(stream))
    plain = await kit.read_side.bucket(account.namespace_id, stream.stream_id)
    assert plain is not None
    assert (plain.unique_key, plain.description) == (None, None)


async def test_buckets_and_namespaces_are_found_by_id_and_by_name(kit: Kit, account: Account) -> None:
    read_side = kit.read_side
    by_id = await read_side.namespace(account.organization_id, account.namespace_id)
    assert by_id is not None
    assert await read_side.namespace(account.organization_id, "main") == by_id
    assert await read_side.bucket(account.namespace_id, "files") == await bucket_of(kit, account)
    assert await read_side.namespace(account.organization_id, "files") is None
    assert await read_side.bucket(account.namespace_id, "FILES") is None


async def test_what_belongs_to_others_does_not_exist(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account)
    upload_id = await account.complete(kit.log, into_object=True)
    object_id = (await upload_of(kit, account, upload_id)).object_id or ""
    ask = kit.read_side
    page = PageRequest(limit=10, with_total=True)
    nothing = Page[Any](rows=[], has_more=False, total=0)
    assert await ask.upload(other.namespace_id, upload_id) is None
    assert await ask.bucket_object(other.namespace_id, object_id) is None
    assert await ask.bucket(other.namespace_id, account.bucket_id) is None
    assert await ask.namespace(other.organization_id, account.namespace_id) is None
    assert await ask.key_by_name(other.organization_id, account.user_id, "main") is None
    assert await ask.uploads(other.namespace_id, account.bucket_id, page) == nothing
    assert await ask.uploads(account.namespace_id, other.bucket_id, page) == nothing
    assert [row.bucket_id for row in (await ask.buckets(other.namespace_id, page)).rows] == [other.bucket_id]
    spaces = (await ask.namespaces(other.organization_id, page)).rows
    assert [row.namespace_id for row in spaces] == [other.namespace_id]
    assert await quota_of(kit, other) == (0, 0)
    assert await quota_of(kit, account) == (0, 100)


async def test_what_nobody_made_does_not_exist(kit: Kit, account: Account) -> None:
    ask = kit.read_side
    assert await ask.upload(account.namespace_id, "upl_unknown") is None
    assert await ask.bucket_object(account.namespace_id, "obj_unknown") is None
    assert await ask.bucket(account.namespace_id, "unknown") is None
    assert await ask.namespace(account.organization_id, "unknown") is None
    assert await ask.key_by_name(account.organization_id, account.user_id, "unknown") is None
    assert await ask.organization_by_name("unknown") is None


async def test_a_key_is_found_by_name_until_it_is_revoked_and_then_its_name_may_be_given_again(
    kit: Kit, account: Account
) -> None:
    await account.revoke(kit.log)
    assert await kit.read_side.key_by_name(account.organization_id, account.user_id, "main") is None
    second = account.key("main")
    await kit.log.append(account.command(second))
    found = await kit.read_side.key_by_name(account.organization_id, account.user_id, "main")
    assert found is not None
    assert found.key_id == second.stream_id


async def test_an_organization_is_found_by_id_and_by_a_name_that_only_it_has(kit: Kit) -> None:
    acme = await open_account(kit.log, name="Acme")
    first = await open_account(kit.log, beside=acme, name="Twins")
    second = await open_account(kit.log, beside=acme, name="Twins")
    for given_name in (acme.organization_id, "Acme"):
        found = await kit.read_side.organization_by_name(given_name)
        assert found is not None
        assert found.organization_id == acme.organization_id
    assert await kit.read_side.organization_by_name("Twins") is None
    for twin in (first, second):
        found = await kit.read_side.organization_by_name(twin.organization_id)
        assert found is not None
        assert found.organization_id == twin.organization_id


async def test_organizations_are_listed_oldest_first_all_or_those_of_a_name(kit: Kit) -> None:
    acme = await open_account(kit.log, name="Acme")
    acme.clock.advance(timedelta(seconds=1))
    first = await open_account(kit.log, beside=acme, name="Twins")
    acme.clock.advance(timedelta(seconds=1))
    second = await open_account(kit.log, beside=acme, name="Twins")
    found = [each.organization_id for each in await kit.read_side.organizations()]
    assert [
        each for each in found if each in {acme.organization_id, first.organization_id, second.organization_id}
    ] == [
        acme.organization_id,
        first.organization_id,
        second.organization_id,
    ]
    named = await kit.read_side.organizations(name="Twins")
    assert [each.organization_id for each in named] == [first.organization_id, second.organization_id]
    assert await kit.read_side.organizations(name="Nobody") == []


async def test_a_key_is_found_by_its_id_also_when_it_is_revoked(kit: Kit, account: Account) -> None:
    found = await kit.read_side.key_by_id(account.key_id)
    assert found is not None
    assert (found.key_id, found.revoked_at) == (account.key_id, None)
    await account.revoke(kit.log)
    found = await kit.read_side.key_by_id(account.key_id)
    assert found is not None
    assert found.revoked_at is not None
    assert await kit.read_side.key_by_id("key_nobody") is None


async def test_a_buckets_status_changes_and_it_says_when(kit: Kit, account: Account) -> None:
    before = await bucket_of(kit, account)
    for status in (BucketStatus.SUSPENDED, BucketStatus.ARCHIVED, BucketStatus.ACTIVE):
        account.clock.advance(A_MINUTE)
        await account.set_status(kit.log, status)
        assert await bucket_of(kit, account) == msgspec.structs.replace(
            before, status=status, updated_at=account.clock.now()
        )


# Counters


async def test_many_uploads_are_asked_for_at_once_within_their_namespace(kit: Kit, account: Account) -> None:
    ids = {await account.request(kit.log) for _ in range(3)}
    found = await kit.read_side.uploads_by_id(account.namespace_id, {*ids, "upl_none"})
    assert found == {upload_id: await upload_of(kit, account, upload_id) for upload_id in ids}
    assert await kit.read_side.uploads_by_id("ns_other", ids) == {}


async def test_the_originals_of_hashes_are_the_earliest_uploads_that_still_hold_the_bytes(
    kit: Kit, account: Account
) -> None:
    async def originals(bucket_id: str = account.bucket_id) -> dict[str, str]:
        wanted = [Sameness(bucket_id=bucket_id, sha256=sha256) for sha256 in (HASH, OTHER_HASH, "c" * 64)]
        found = await kit.read_side.originals(wanted)
        return {sameness.sha256: upload.upload_id for sameness, upload in found.items()}

    assert await originals() == {}
    without = await account.request(kit.log, skip_duplicates=False)
    await account.complete(kit.log, without)
    assert await originals() == {}, "one that takes no part in it is no original"
    first = await account.complete(kit.log)
    second = await account.complete(kit.log)
    other = await account.complete(kit.log, sha256=OTHER_HASH, version_id=None)
    assert await originals() == {HASH: first, OTHER_HASH: other}
    assert await originals("bkt_other") == {}
    await account.tell(kit.log, first, account.forgets())
    await account.tell(kit.log, other, account.reports_change())
    assert await originals() == {HASH: second}
    sameness = Sameness(bucket_id=account.bucket_id, sha256=HASH)
    found = await kit.read_side.originals([sameness])
    assert found[sameness] == await upload_of(kit, account, second)
    assert await kit.read_side.originals([]) == {}


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
    await account.tell(kit.log, second, account.forgets())
    assert await bucket_of(kit, account) == msgspec.structs.replace(after, total_size_bytes=40)
    kept = await account.request(kit.log)
    await account.tell(kit.log, kept, account.cancels(5))
    assert (await bucket_of(kit, account)).total_size_bytes == 45
    await account.tell(kit.log, kept, account.forgets())
    assert (await bucket_of(kit, account)).total_size_bytes == 40


async def test_a_namespace_counts_its_buckets_and_their_objects(kit: Kit, account: Account) -> None:
    await kit.log.append(account.command(account.bucket("second")))
    await account.complete(kit.log, into_object=True)
    await account.complete(kit.log, into_object=True, sha256=OTHER_HASH)
    found = await kit.read_side.namespace(account.organization_id, "main")
    assert found is not None
    assert (found.bucket_count, found.object_count) == (2, 2)


# Pages


@dataclass(frozen=True)
class Listing:
    """A list, and how a row with a name gets into it; it begins with `before` rows."""

    add: Callable[[Kit, Account, str], Awaitable[str]]
    page: Callable[[Kit, Account, PageRequest], Awaitable[Page[Any]]]
    id_of: Callable[[Any], str]
    before: int = 0

    async def ids(self, kit: Kit, account: Account, **asked: Any) -> list[str]:  # noqa: ANN401  # a field of PageRequest
        page = await self.page(kit, account, PageRequest(**{"limit": 100, **asked}))
        return [self.id_of(row) for row in page.rows]


async def add_upload(kit: Kit, account: Account, name: str) -> str:
    return await account.request(kit.log, filename=name)


async def add_bucket(kit: Kit, account: Account, name: str) -> str:
    stream = account.bucket(name)
    await kit.log.append(account.command(stream))
    return stream.stream_id


async def add_namespace(kit: Kit, account: Account, name: str) -> str:
    stream = account.namespace(name)
    await kit.log.append(account.command(stream))
    return stream.stream_id


LISTINGS = [
    pytest.param(
        Listing(
            add=add_upload,
            page=lambda kit, account, page: kit.read_side.uploads(account.namespace_id, account.bucket_id, page),
            id_of=lambda row: str(row.upload_id),
        ),
        id="uploads",
    ),
    pytest.param(
        Listing(
            add=add_bucket,
            page=lambda kit, account, page: kit.read_side.buckets(account.namespace_id, page),
            id_of=lambda row: str(row.bucket_id),
            before=1,
        ),
        id="buckets",
    ),
    pytest.param(
        Listing(
            add=add_namespace,
            page=lambda kit, account, page: kit.read_side.namespaces(account.organization_id, page),
            id_of=lambda row: str(row.namespace_id),
            before=1,
        ),
        id="namespaces",
    ),
]


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_page_comes_newest_first_and_tells_whether_more_follow(
    kit: Kit, account: Account, listing: Listing
) -> None:
    made = [await listing.add(kit, account, f"n{number}") for number in range(5)][::-1]
    old = await listing.ids(kit, account, offset=5)
    assert len(old) == listing.before
    everything = [*made, *old]
    assert await listing.ids(kit, account) == everything
    for limit in (1, 2, len(everything), 100):
        for offset in range(len(everything) + 2):
            page = await listing.page(kit, account, PageRequest(limit=limit, offset=offset))
            assert [listing.id_of(row) for row in page.rows] == everything[offset : offset + limit]
            assert page.has_more is (offset + limit < len(everything))
            assert page.total is None


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_total_counts_what_matches_whatever_the_page(kit: Kit, account: Account, listing: Listing) -> None:
    for name in ("a1", "a2", "a3", "b1"):
        await listing.add(kit, account, name)
    page = await listing.page(kit, account, PageRequest(limit=1, offset=1, search="a", with_total=True))
    named_before = 1 if listing.before and listing.id_of(page.rows[0]).startswith("ns_") else 0
    assert page.total == 3 + named_before  # the namespace that was there is called 'main'
    assert page.has_more
    position = SortKey(position=page.rows[0].position)
    after = await listing.page(kit, account, PageRequest(limit=10, after=position, with_total=True))
    assert after.total == 4 + listing.before
    assert not after.has_more


@pytest.mark.parametrize("listing", LISTINGS)
async def test_pages_by_position_show_every_row_once_while_new_ones_come(
    kit: Kit, account: Account, listing: Listing
) -> None:
    made = [await listing.add(kit, account, f"n{number}") for number in range(7)][::-1]
    seen: list[str] = []
    position: SortKey | None = None
    for number in range(20):
        page = await listing.page(kit, account, PageRequest(limit=2, after=position))
        seen += [listing.id_of(row) for row in page.rows]
        position = SortKey(position=page.rows[-1].position)
        await listing.add(kit, account, f"new-{number}")
        if not page.has_more:
            break
    assert seen[:7] == made
    assert len(seen) == 7 + listing.before


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_search_is_for_a_substring_as_it_is_written_in_any_case(
    kit: Kit, account: Account, listing: Listing
) -> None:
    old = set(await listing.ids(kit, account))
    named = {await listing.add(kit, account, name): name for name in ("a%b", "a_b", "A\\B", "axb", "GRÖSSE")}
    for search, found in {
        "%": {"a%b"},
        "_": {"a_b"},
        "\\": {"A\\B"},
        "a%b": {"a%b"},
        "a_b": {"a_b"},
        "a\\b": {"A\\B"},
        "AXB": {"axb"},
        "x": {"axb"},
        "grö": {"GRÖSSE"},
        "": set(named.values()),
        "nothing like it": set(),
    }.items():
        ids = set(await listing.ids(kit, account, search=search))
        assert {named[one] for one in ids - old} == found, search


async def test_uploads_are_listed_by_status(kit: Kit, account: Account) -> None:
    pending = await account.request(kit.log)
    completed = await account.complete(kit.log)
    canceled = await account.request(kit.log)
    await account.tell(kit.log, canceled, account.cancels())

    async def ids(status: str) -> tuple[list[str], int | None]:
        asked = PageRequest(limit=10, where=parse_filter({"status": status}, UPLOADS.known), with_total=True)
        page = await kit.read_side.uploads(account.namespace_id, account.bucket_id, asked)
        return [row.upload_id for row in page.rows], page.total

    assert await ids(Status.PENDING) == ([pending], 1)
    assert await ids("COMPLETED") == ([completed], 1)
    assert await ids(Status.CANCELED) == ([canceled], 1)
    assert await ids(Status.FAILED) == ([], 0)
    assert await ids("unheard of") == ([], 0)


async def test_avoided_duplicates_are_no_uploads_and_have_a_list_of_their_own(kit: Kit, account: Account) -> None:
    original = await account.complete(kit.log)
    before = await kit.read_side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=10))
    older = UploadDuplicateAvoided(origin=account.origin(), original_upload_id=original, sha256=HASH, saved_bytes=100)
    await account.append(kit.log, "dup_1", 0, older)
    ends_at = account.clock.now() + timedelta(hours=1)
    stream = account.avoids(original, object_metadata=None, deletes_at=ends_at)
    position = await kit.log.append(account.command(stream))
    assert await kit.read_side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=10)) == before

    page = await kit.read_side.avoided_duplicates(account.namespace_id, account.bucket_id, PageRequest(limit=10))

    assert page.rows[0] == AvoidedDuplicate(
        duplicate_id=stream.stream_id,
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        bucket_id=account.bucket_id,
        original_upload_id=original,
        sha256=HASH,
        saved_bytes=100,
        created_at=account.clock.now(),
        position=position,
        filename="take 2.mp4",
        content_type="video/mp4",
        declared_size_bytes=100,
        metadata={"campaign": "summer"},
        create_object=True,
        blob_property="video",
        deletes_at=ends_at,
    )
    assert [(row.duplicate_id, row.filename, row.create_object) for row in page.rows[1:]] == [("dup_1", None, None)]
    for namespace_id, bucket_id in ((account.namespace_id, "bkt_other"), ("ns_other", account.bucket_id)):
        other = await kit.read_side.avoided_duplicates(namespace_id, bucket_id, PageRequest(limit=10))
        assert other.rows == []


async def test_a_bucket_that_was_renamed_keeps_all_else_and_lets_its_old_name_go(kit: Kit, account: Account) -> None:
    before = await bucket_of(kit, account)
    account.clock.advance(A_MINUTE)
    name = Claim(scope=f"bucket:{account.namespace_id}", key="films")
    await account.tell_bucket(kit.log, account.renames("films"), free=(name,))
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
        await account.tell_bucket(kit.log, account.renames("files"), free=(Claim(scope=name.scope, key="files"),))
    await account.tell_bucket(kit.log, account.renames("films", description="the same name"))
    assert await kit.object_creation.claim_owner(bucket_name_claim(account.namespace_id, "films")) == account.bucket_id


async def test_a_namespace_that_was_renamed_keeps_all_else_and_lets_its_old_name_go(kit: Kit, account: Account) -> None:
    before = await kit.read_side.namespace(account.organization_id, "main")
    assert before is not None
    account.clock.advance(A_MINUTE)
    await account.tell_namespace(kit.log, account.renames_namespace("live"))
    after = await kit.read_side.namespace(account.organization_id, "live")
    assert after == msgspec.structs.replace(
        before,
        name="live",
        description="as it is now",
        settings={"color": "red"},
        updated_at=account.clock.now(),
    )
    assert await kit.read_side.namespace(account.organization_id, "main") is None
    assert (
        await kit.object_creation.claim_owner(namespace_name_claim(account.organization_id, "live"))
        == account.namespace_id
    )
    assert await kit.object_creation.claim_owner(namespace_name_claim(account.organization_id, "main")) is None


async def test_a_bucket_that_is_being_deleted_takes_nothing_and_is_gone_at_the_end(kit: Kit, account: Account) -> None:
    await account.tell_bucket(kit.log, lambda origin: BeginBucketDeletion(origin=origin, task_id="task_1"))
    assert (await bucket_of(kit, account)).status is BucketStatus.DELETING
    with pytest.raises(ForbiddenError):
        await account.request(kit.log, conditions=account.live)
    await account.tell_bucket(kit.log, lambda origin: EndBucketDeletion(origin=origin))
    assert await kit.read_side.bucket(account.namespace_id, account.bucket_id) is None
    assert await kit.object_creation.claim_owner(bucket_name_claim(account.namespace_id, "files")) is None
    namespace = await kit.read_side.namespace(account.organization_id, account.namespace_id)
    assert namespace is not None
    assert namespace.bucket_count == 0
    with pytest.raises(NotFoundError):
        await account.request(kit.log, conditions=account.live)


async def test_a_namespace_that_is_being_deleted_takes_nothing_and_is_gone_at_the_end(
    kit: Kit, account: Account
) -> None:
    def begins(origin: Origin) -> NamespaceCommand:
        return BeginNamespaceDeletion(origin=origin, task_id="task_1")

    await account.tell_namespace(kit.log, begins)
    namespace = await kit.read_side.namespace(account.organization_id, account.namespace_id)
    assert namespace is not None
    assert namespace.status is NamespaceStatus.DELETING
    for _ in range(2):
        assert (await bucket_of(kit, account)).status is BucketStatus.DELETING
        with pytest.raises(ForbiddenError):
            await account.request(kit.log, conditions=account.live)
        await account.set_status(kit.log, BucketStatus.ACTIVE)  # the second time round: no way back
    deleting = deletion_claim(account.namespace_id)
    with pytest.raises(ClaimTakenError) as taken:
        await kit.log.append(account.command(account.bucket("late"), free=(deleting,)))
    assert (taken.value.claim, taken.value.owner_id) == (deleting, "task_1")
    await account.tell_namespace(kit.log, lambda origin: EndNamespaceDeletion(origin=origin))
    assert await kit.read_side.namespace(account.organization_id, "main") is None
    assert await kit.object_creation.claim_owner(namespace_name_claim(account.organization_id, "main")) is None
    assert await kit.object_creation.claim_owner(deleting) is None


async def test_what_is_in_a_bucket_or_namespace_comes_in_the_order_of_creation(kit: Kit, account: Account) -> None:
    uploads = [await account.complete(kit.log, into_object=True, sha256=f"{n}" * 64) for n in range(5)]
    objects = [(await upload_of(kit, account, one)).object_id for one in uploads]
    for name in ("b1", "b2"):
        await kit.log.append(account.command(account.bucket(name, f"bkt_{name}")))
    for listing, within, whole in (
        (kit.read_side.uploads_in, account.bucket_id, uploads),
        (kit.read_side.objects_in, account.bucket_id, objects),
        (kit.read_side.buckets_in, account.namespace_id, [account.bucket_id, "bkt_b1", "bkt_b2"]),
    ):
        first = await listing(within, after=0, limit=2)
        rest = await listing(within, after=first[-1].position, limit=10)
        assert [each.id for each in [*first, *rest]] == whole
        assert await listing("elsewhere", after=0, limit=10) == []


async def test_sizes_are_those_of_the_stored_uploads(kit: Kit, account: Account) -> None:
    async def sizes() -> tuple[int, int, int, int]:
        told = await kit.read_side.stored_sizes(account.namespace_id, account.bucket_id)
        return told.total_bytes, told.average_bytes, told.largest_bytes, told.smallest_bytes

    assert await sizes() == (0, 0, 0, 0)
    first = await account.complete(kit.log, size_bytes=10)
    await account.complete(kit.log, size_bytes=25, sha256=OTHER_HASH)
    await account.request(kit.log, declared_size_bytes=1000)
    await account.complete(kit.log, size_bytes=10, duplicate_of=first)
    assert await sizes() == (35, 17, 25, 10)
    await account.tell(kit.log, first, account.forgets())
    assert await sizes() == (25, 25, 25, 25)
    other = await kit.read_side.stored_sizes("ns_other", account.bucket_id)
    assert other.total_bytes == 0


# Bytes in storage


def place_of(account: Account, upload_id: str, **others: str) -> KeyPlace:
    internal_id = f"int_{account.organization_id}"
    place = KeyPlace(internal_id=internal_id, namespace_id=account.namespace_id, upload_id=upload_id)
    return msgspec.structs.replace(place, **others)


async def test_the_log_tells_whose_bytes_are_needed(kit: Kit, account: Account) -> None:
    log = kit.log
    pending, started, failed, kept, canceled, forgotten, completed, twin = [
        await account.request(log, skip_duplicates=False) for _ in range(8)
    ]
    await account.tell(log, started, account.starts())
    await account.tell(log, failed, account.expires())
    await account.tell(log, kept, account.cancels(kept_bytes=5))
    for upload_id in (canceled, forgotten):
        await account.tell(log, upload_id, account.cancels())
    await account.tell(log, forgotten, lambda origin: ForgetUpload(origin=origin))
    for upload_id in (completed, twin):
        await account.tell(log, upload_id, account.begins())
    await account.tell(log, completed, account.accepts())
    await account.tell(log, twin, account.accepts(duplicate_of=completed))
    skipped = await account.request(log, existing_object_id="obj_1")
    ids = [pending, started, failed, kept, canceled, forgotten, completed, twin, skipped, "upl_unknown"]

    said = await kit.read_side.bytes_at([place_of(account, upload_id) for upload_id in ids])

    assert [(said[each].status, said[each].needed, said[each].known) for each in ids] == [
        (Status.PENDING, True, True),
        (Status.IN_PROGRESS, True, True),
        (Status.FAILED, False, True),
        (Status.CANCELED, True, True),
        (Status.CANCELED, False, True),
        (None, False, True),
        (Status.COMPLETED, True, True),
        (Status.COMPLETED, False, True),
        (Status.SKIPPED, False, True),
        (None, False, False),
    ]
    assert said[started].multipart_id == "multipart-1"
    assert said[forgotten].storage_key is None
    found = said[completed]
    record = await upload_of(kit, account, completed)
    assert (found.storage_key, found.etag, found.size_bytes, found.version_id) == (
        record.storage_key,
        "etag-1",
        100,
        "version-1",
    )


async def test_places_that_the_log_never_made_are_left_out(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    upload_id = await account.request(kit.log)
    places = [
        place_of(account, "upl_1", internal_id="int_elsewhere"),
        place_of(account, "upl_2", namespace_id="ns_elsewhere"),
        place_of(account, "upl_3", namespace_id=other.namespace_id),
    ]

    assert await kit.read_side.bytes_at(places) == {}
    assert await kit.read_side.bytes_at([]) == {}
    assert set(await kit.read_side.bytes_at([*places, place_of(account, upload_id)] * 2)) == {upload_id}


async def test_proved_bytes_are_listed_by_id_in_pages(kit: Kit, account: Account) -> None:
    log = kit.log
    ids = [await account.request(log, skip_duplicates=False) for _ in range(5)]
    for upload_id in ids[:4]:
        await account.tell(log, upload_id, account.begins())
    for upload_id in ids[:3]:
        await account.tell(log, upload_id, account.accepts())
    await account.tell(log, ids[3], account.accepts(duplicate_of=ids[0]))

    first = await kit.read_side.proved_bytes(after="", limit=2)
    rest = await kit.read_side.proved_bytes(after=first[-1].upload_id, limit=2)

    assert [each.upload_id for each in (*first, *rest)] == sorted(ids[:3])
    assert await kit.read_side.bytes_at([place_of(account, ids[0])]) == {ids[0]: first[0]}
