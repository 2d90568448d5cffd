"""Keys, organizations, namespaces and buckets: names are unique, limits are recorded as a whole."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from application.buckets.changing import BucketChange
from application.keys.managing import KeyChange, KeyWish, user_id
from application.namespaces.changing import NamespaceChange
from domain.keys.api_key import KeyStatus, Permission
from domain.organizations.organization import Tier
from domain.refusals import InvalidInputError, NotFoundError, UnauthenticatedError, WrongStateError
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


async def test_the_old_secret_of_a_rotated_key_opens_until_the_overlap_ends(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id
    admin, _ = await world.keys.create(
        organization_id, KeyWish(name="admin", user_id="usr_1", permissions=(Permission.ADMIN,)), actor_id="system:test"
    )
    rotated, secret = await world.keys.rotate(
        organization_id, user_id="usr_1", name="ci", actor_id=admin.key_id, by=admin, overlap=timedelta(hours=1)
    )
    world.clock.advance(timedelta(minutes=59))
    for each in (secret, client.secret):
        assert (await world.admitting.caller(each)).key.key_id == rotated.key_id
    world.clock.advance(timedelta(minutes=1))
    await world.admitting.caller(secret)
    with pytest.raises(UnauthenticatedError) as caught:
        await world.admitting.caller(client.secret)
    assert caught.value.code == "key_rotated"


async def test_the_overlap_is_a_day_unless_the_rules_or_the_rotation_say_otherwise(
    world: World, client: Client
) -> None:
    key = client.caller.key
    by = msgspec.structs.replace(key, permissions=(Permission.ADMIN,))
    organization_id = client.caller.organization.organization_id

    rotated, _ = await world.keys.rotate(organization_id, user_id="usr_1", name="ci", actor_id=key.key_id, by=by)

    assert rotated.previous_until == world.clock.now() + timedelta(days=1)


async def test_a_key_revoked_and_renamed_in_one_change_is_both(world: World, client: Client) -> None:
    by = msgspec.structs.replace(client.caller.key, permissions=(Permission.ADMIN,))
    change = KeyChange(name="old", status=KeyStatus.REVOKED)

    changed = await world.keys.change(
        client.caller.organization.organization_id, change, user_id="usr_1", name="ci", actor_id="key_1", by=by
    )

    assert (changed.name, changed.status(world.clock.now())) == ("old", KeyStatus.REVOKED)


async def test_a_request_leaves_a_note_of_when_the_key_was_used(world: World, client: Client) -> None:
    world.clock.advance(timedelta(minutes=5))
    await world.admitting.caller(client.secret)

    (key,) = await world.keys.list(client.caller, "usr_1", revoked=False)

    assert key.last_used_at == world.clock.now()


async def test_a_user_has_an_id_that_reveals_no_name() -> None:
    ada = user_id("int_1", "Ada@Example.com ")

    assert ada == user_id("int_1", "ada@example.com")
    assert ada != user_id("int_2", "ada@example.com")
    assert "ada" not in ada


async def test_whose_a_taken_name_is_stays_unknown_to_a_key_that_may_not_read(world: World, client: Client) -> None:
    await client.make_bucket("films")
    key = msgspec.structs.replace(client.caller.key, permissions=(Permission.WRITE, Permission.DELETE))
    caller = msgspec.structs.replace(client.caller, key=key)
    made = await world.create_namespace(caller, name="staging", description=None, settings={})
    refused = (
        world.create_namespace(caller, name="production", description=None, settings={}),
        world.change_namespace(caller, made.namespace_id, NamespaceChange(name="production")),
        replace(client, caller=caller).make_bucket("clips"),
        world.change_bucket(caller, client.namespace, client.bucket.bucket_id, BucketChange(name="clips")),
    )
    for attempt in refused:
        with pytest.raises(WrongStateError) as taken:
            await attempt
        assert (taken.value.code, taken.value.details) == ("name_taken", {})


async def test_names_of_namespaces_and_buckets_are_given_once(world: World, client: Client) -> None:
    with pytest.raises(WrongStateError) as namespace:
        await world.create_namespace(client.caller, name="production", description=None, settings={})
    with pytest.raises(WrongStateError) as bucket:
        await client.make_bucket("clips", schema=SCHEMA)

    assert (namespace.value.code, bucket.value.code) == ("name_taken", "name_taken")
    assert namespace.value.details == {"namespace_id": client.namespace.namespace_id}
    assert bucket.value.details == {"bucket_id": client.bucket.bucket_id}
    client.namespace = await world.create_namespace(client.caller, name="staging", description=None, settings={})
    await client.make_bucket("clips")


async def test_the_result_of_creating_equals_the_read_side(world: World, client: Client) -> None:
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


async def test_an_unknown_organization_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError) as caught:
        await world.organizations.find("nobody")

    assert caught.value.code == "organization_not_found"


async def test_an_organization_without_a_name_is_not_opened(world: World) -> None:
    with pytest.raises(InvalidInputError):
        await world.organizations.create(name=" ", tier=Tier.FREE)

    assert await world.log.head() == 0
