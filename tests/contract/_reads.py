"""Queries of the read side for one account, for its tests."""

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.objects.object_reads import ObjectRecord
from tests.contract._log import Account, Kit


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
