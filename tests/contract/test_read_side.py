"""What `ReadSide` promises of all streets together, on every adapter."""

from typing import Any

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.keys.key_reads import KeyRecord
from application.ports.lists.pages import Page, PageRequest
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from domain.buckets.bucket import (
    BucketStatus,
    Policy,
    UniqueKey,
)
from domain.keys.api_key import Permission
from domain.namespaces.namespace import NamespaceStatus
from domain.organizations.organization import (
    Tier,
)
from tests.contract._log import Account, Kit, open_account, upload_of
from tests.contract._reads import bucket_of, quota_of


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


async def test_unknown_ids_do_not_exist(kit: Kit, account: Account) -> None:
    ask = kit.read_side
    assert await ask.upload(account.namespace_id, "upl_unknown") is None
    assert await ask.bucket_object(account.namespace_id, "obj_unknown") is None
    assert await ask.bucket(account.namespace_id, "unknown") is None
    assert await ask.namespace(account.organization_id, "unknown") is None
    assert await ask.key_by_name(account.organization_id, account.user_id, "unknown") is None
    assert await ask.organization_by_name("unknown") is None


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
