"""An organization's own admins change its profile, and its limits within those of its tier."""

import msgspec
import pytest

from application.organizations.changing import OrganizationChange
from domain.organizations.organization import DEFAULT_RATE_LIMITS, RateLimits, Tier
from domain.refusals import ForbiddenError
from tests.unit.application.world import Client, World


async def test_what_is_not_given_stays_and_what_is_empty_goes(world: World, client: Client) -> None:
    first = OrganizationChange(logo_url="https://a.example/l.png", billing_email="a@example.com", metadata={"a": 1})
    await world.change_organization(client.caller, first)
    changed = await world.change_organization(client.caller, OrganizationChange(name="Other", billing_email=""))

    assert (changed.name, changed.logo_url, changed.billing_email, changed.metadata) == (
        "Other",
        "https://a.example/l.png",
        None,
        {"a": 1},
    )


async def test_a_change_that_changes_nothing_appends_nothing(world: World, client: Client) -> None:
    before = await world.log.head()
    await world.change_organization(client.caller, OrganizationChange(name="Acme"))

    assert await world.log.head() == before


async def test_of_rate_limits_what_is_absent_stays_and_null_brings_the_tiers_back(world: World, client: Client) -> None:
    most = DEFAULT_RATE_LIMITS[Tier.FREE]

    async def change(**limits: int | None) -> RateLimits:
        return (await world.change_organization(client.caller, OrganizationChange(rate_limits=limits))).rate_limits

    assert await change(upload=500) == msgspec.structs.replace(most, upload=500)
    assert await change(data=7) == msgspec.structs.replace(most, upload=500, data=7)
    assert await change(upload=None) == msgspec.structs.replace(most, data=7)
    assert await change(upload=1, data=None) == msgspec.structs.replace(most, upload=1)
    await world.organizations.set_limits(
        client.caller.organization.organization_id, tier=Tier.PRO, quota_bytes=None, no_quota=False
    )
    found = await world.read_side.organization_by_name(client.caller.organization.organization_id)
    assert found is not None
    assert found.rate_limits == msgspec.structs.replace(DEFAULT_RATE_LIMITS[Tier.PRO], upload=1)


async def test_rate_limits_go_up_to_the_tiers_and_no_further(world: World, client: Client) -> None:
    most = DEFAULT_RATE_LIMITS[Tier.FREE]
    await world.change_organization(client.caller, OrganizationChange(rate_limits=msgspec.structs.asdict(most)))

    with pytest.raises(ForbiddenError) as caught:
        await world.change_organization(client.caller, OrganizationChange(rate_limits={"data": most.data + 1}))

    assert (caught.value.code, caught.value.details["above"]) == ("rate_limit_above_tier", ["data"])
