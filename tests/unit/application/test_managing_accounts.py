"""Keys, organizations, namespaces and buckets: names are given once, limits are told whole."""

import pytest

from application.managing_keys import KeyWish, user_id
from domain.organization import Tier
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from tests.unit.application.world import SCHEMA, Client, World


async def test_a_users_keys_have_names_of_their_own(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id

    with pytest.raises(WrongStateError) as caught:
        await world.keys.create(organization_id, KeyWish(name="ci", user_id="usr_1"), actor_id="system:operator")

    assert (caught.value.code, caught.value.details) == ("name_taken", {"key_id": client.caller.key.key_id})
    await world.keys.create(organization_id, KeyWish(name="ci", user_id="usr_2"), actor_id="system:operator")


async def test_a_key_taken_back_frees_its_name_and_is_not_found_again(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id
    await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")

    with pytest.raises(NotFoundError) as caught:
        await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")

    assert caught.value.code == "key_not_found"
    await world.keys.create(organization_id, KeyWish(name="ci", user_id="usr_1"), actor_id="system:operator")


async def test_a_user_is_known_by_an_id_that_tells_no_name() -> None:
    ada = user_id("int_1", "Ada@Example.com ")

    assert ada == user_id("int_1", "ada@example.com")
    assert ada != user_id("int_2", "ada@example.com")
    assert "ada" not in ada


async def test_names_of_namespaces_and_buckets_are_given_once(world: World, client: Client) -> None:
    with pytest.raises(WrongStateError) as namespace:
        await world.create_namespace(client.caller, name="production", description=None, settings={})
    with pytest.raises(WrongStateError) as bucket:
        await client.make_bucket("clips", schema=SCHEMA)

    assert (namespace.value.code, bucket.value.code) == ("name_taken", "name_taken")
    client.namespace = await world.create_namespace(client.caller, name="staging", description=None, settings={})
    await client.make_bucket("clips")


async def test_what_creating_answers_is_what_the_read_side_says(world: World, client: Client) -> None:
    bucket = await world.read_side.bucket(client.namespace.namespace_id, "clips")
    namespace = await world.create_namespace(client.caller, name="empty", description="Nothing", settings={"a": 1})

    assert bucket == client.bucket
    assert await world.read_side.namespace(namespace.organization_id, "empty") == namespace


async def test_a_new_tier_brings_its_quota_unless_one_is_given(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id

    pro = await world.organizations.set_limits(organization_id, tier=Tier.PRO, quota_bytes=None)
    own = await world.organizations.set_limits(organization_id, tier=None, quota_bytes=5)
    team = await world.organizations.set_limits(organization_id, tier=Tier.TEAM, quota_bytes=7)
    none = await world.organizations.set_limits(organization_id, tier=None, quota_bytes=None, no_quota=True)

    assert (pro.tier, pro.quota_bytes) == (Tier.PRO, 10**12)
    assert (own.tier, own.quota_bytes) == (Tier.PRO, 5)
    assert (team.tier, team.quota_bytes) == (Tier.TEAM, 7)
    assert (none.tier, none.quota_bytes) == (Tier.TEAM, None)


async def test_limits_that_stay_the_same_are_not_recorded(world: World, client: Client) -> None:
    before = await world.log.head()

    await world.organizations.set_limits("Acme", tier=Tier.FREE, quota_bytes=1000)

    assert client.caller.organization.quota_bytes == 1000
    assert await world.log.head() == before


async def test_an_organization_that_nobody_opened_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError) as caught:
        await world.organizations.find("nobody")

    assert caught.value.code == "organization_not_found"


async def test_an_organization_without_a_name_is_not_opened(world: World) -> None:
    with pytest.raises(InvalidInputError):
        await world.organizations.create(name=" ", tier=Tier.FREE)

    assert await world.log.head() == 0
