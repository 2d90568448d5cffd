"""An organization's own admins change what it tells of itself, and its limits within those of its tier."""

import msgspec
import pytest

from application.changing_organizations import OrganizationChange
from domain.organization import DEFAULT_RATE_LIMITS, Tier
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


async def test_rate_limits_go_down_and_up_again_to_the_tiers(world: World, client: Client) -> None:
    most = DEFAULT_RATE_LIMITS[Tier.FREE]
    lower = msgspec.structs.replace(most, upload=1)
    for limits in (lower, most):
        changed = await world.change_organization(client.caller, OrganizationChange(rate_limits=limits))
        assert changed.rate_limits == limits

    above = msgspec.structs.replace(most, data=most.data + 1)
    with pytest.raises(ForbiddenError) as caught:
        await world.change_organization(client.caller, OrganizationChange(rate_limits=above))

    assert (caught.value.code, caught.value.details["above"]) == ("rate_limit_above_tier", ["data"])
