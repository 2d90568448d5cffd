"""What `OrganizationReads` promises, on every adapter."""

from datetime import timedelta
from typing import Any

import msgspec

from application.ports.organizations.organization_reads import AuditQuery
from domain.events.registry import decode
from domain.organizations.organization import (
    DEFAULT_RATE_LIMITS,
    OrganizationProfileChanged,
    OrganizationRateLimitsChanged,
    OrganizationRateLimitsSet,
    OwnRateLimits,
    RateLimits,
    Tier,
)
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from tests.contract._log import HASH, Account, Kit, open_account
from tests.contract.keys._changes import rotated


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


AUDITED = ("api_key.created.v1", "api_key.rotated.v1", "bucket.created.v1", "namespace.created.v1")


async def test_usage_counts_an_organizations_own_things_in_some_time(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    await other.complete(kit.log)
    await account.complete(kit.log, size_bytes=100, into_object=True)
    began = account.clock.now()
    account.clock.advance(timedelta(hours=1))
    await account.request(kit.log)
    await account.complete(kit.log, size_bytes=30, duplicate_of="upl_x")
    avoided = UploadDuplicateAvoided(origin=account.origin(), original_upload_id="upl_x", sha256=HASH, saved_bytes=7)
    await account.append(kit.log, "dup_1", 0, avoided)
    ask = kit.read_side.usage
    use = await ask(account.organization_id, start=None, end=None)
    assert (use.namespaces, use.buckets, use.objects) == (1, 1, 1)
    assert dict(use.uploads_by_status) == {"COMPLETED": 2, "PENDING": 1}
    assert (use.completed_bytes, use.duplicates_avoided, use.saved_bytes) == (100, 2, 37)
    later = await ask(account.organization_id, start=began + timedelta(seconds=1), end=None)
    assert dict(later.uploads_by_status) == {"COMPLETED": 1, "PENDING": 1}
    earlier = await ask(account.organization_id, start=began, end=began + timedelta(seconds=1))
    assert (dict(earlier.uploads_by_status), earlier.saved_bytes) == ({"COMPLETED": 1}, 0)


async def test_the_audit_log_is_an_organizations_own_newest_first_in_pages(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    began = account.clock.now()
    account.clock.advance(timedelta(hours=1))
    await account.append_to_key(kit.log, rotated(account))
    await account.request(kit.log)

    async def ask(**query: Any) -> tuple[list[str], int]:  # noqa: ANN401  # any field values
        found, total = await kit.read_side.audit(account.organization_id, AuditQuery(**{"topics": AUDITED, **query}))
        return [event.topic for event in found], total

    whole, total = await ask()
    assert (whole[0], total) == ("api_key.rotated.v1", 4)
    assert sorted(whole) == sorted(AUDITED)
    assert await ask(skip=1, limit=2) == (whole[1:3], 4)
    assert await ask(topics=("bucket.created.v1",)) == (["bucket.created.v1"], 1)
    assert await ask(topics=()) == ([], 0)
    assert (await ask(resource_id=account.key_id))[1] == 2
    assert (await ask(resource_id=other.key_id))[1] == 0
    assert (await ask(actor_id=account.key_id))[1] == 4
    assert (await ask(actor_id="key_other"))[1] == 0
    assert await ask(start=began + timedelta(seconds=1)) == (["api_key.rotated.v1"], 1)
    assert (await ask(end=began + timedelta(seconds=1)))[1] == 3


async def test_a_former_billing_address_is_in_the_log_no_longer(kit: Kit, account: Account) -> None:
    async def change(version: int, address: str | None) -> None:
        changed = OrganizationProfileChanged(
            origin=account.origin(), name="Acme", logo_url=None, billing_email=address, metadata={"kept": True}
        )
        await account.append(kit.log, account.organization_id, version, changed)

    async def log() -> bytes:
        return b"".join(event.state for event in await kit.log.read_feed(after=0, limit=100))

    await change(1, "old@acme.example")
    assert b"old@acme.example" in await log()
    await change(2, "new@acme.example")
    assert b"old@acme.example" not in await log()
    assert b"new@acme.example" in await log()
    await change(3, None)
    assert b"@acme.example" not in await log()
    profiles = (await kit.log.read_stream(account.organization_id))[1:]
    assert [event.originator_version for event in profiles] == [2, 3, 4]
    assert all(isinstance(event := decode(one.state), OrganizationProfileChanged) for one in profiles)
    assert isinstance(event, OrganizationProfileChanged)
    assert event.metadata == {"kept": True}
