"""What `NamespaceReads` promises, on every adapter."""

from datetime import timedelta

import msgspec
import pytest

from application.ports.objects.object_creation import ClaimTakenError
from domain.buckets.bucket import (
    BucketStatus,
)
from domain.claims import (
    deletion_claim,
    namespace_name_claim,
)
from domain.events.event import Origin
from domain.namespaces.namespace import BeginNamespaceDeletion, EndNamespaceDeletion, NamespaceCommand, NamespaceStatus
from domain.refusals import ForbiddenError
from tests.contract._log import OTHER_HASH, Account, Kit
from tests.contract._reads import bucket_of

A_MINUTE = timedelta(minutes=1)


async def test_a_namespace_counts_its_buckets_and_their_objects(kit: Kit, account: Account) -> None:
    await kit.log.append(account.command(account.bucket("second")))
    await account.complete(kit.log, into_object=True)
    await account.complete(kit.log, into_object=True, sha256=OTHER_HASH)
    found = await kit.read_side.namespace(account.organization_id, "main")
    assert found is not None
    assert (found.bucket_count, found.object_count) == (2, 2)


async def test_a_namespace_that_was_renamed_keeps_all_else_and_lets_its_old_name_go(kit: Kit, account: Account) -> None:
    before = await kit.read_side.namespace(account.organization_id, "main")
    assert before is not None
    account.clock.advance(A_MINUTE)
    await account.send_to_namespace(kit.log, account.renames_namespace("live"))
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


async def test_a_namespace_that_is_being_deleted_takes_nothing_and_is_gone_at_the_end(
    kit: Kit, account: Account
) -> None:
    def begins(origin: Origin) -> NamespaceCommand:
        return BeginNamespaceDeletion(origin=origin, task_id="task_1")

    await account.send_to_namespace(kit.log, begins)
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
    await account.send_to_namespace(kit.log, lambda origin: EndNamespaceDeletion(origin=origin))
    assert await kit.read_side.namespace(account.organization_id, "main") is None
    assert await kit.object_creation.claim_owner(namespace_name_claim(account.organization_id, "main")) is None
    assert await kit.object_creation.claim_owner(deleting) is None
