from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.keys.callers import check_active, check_permission, hash_of
from application.keys.managing import KeyChange, KeyWish
from application.ports.events.event_log import Command, StreamAppend
from domain.buckets.bucket import BucketStatus, BucketStatusChanged
from domain.events.event import Origin
from domain.keys.api_key import Permission
from domain.refusals import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from tests.unit.application.uploads.test_replacing import token_of
from tests.unit.application.world import Client, World


async def test_a_key_names_its_holder(world: World, client: Client) -> None:
    assert await world.admitting.caller(client.secret) == client.caller


async def test_only_a_hash_of_the_secret_is_kept(world: World, client: Client) -> None:
    assert client.caller.key.key_hash == hash_of(client.secret) != client.secret
    for event in await world.log.read_feed(after=0, limit=100):
        assert client.secret.encode() not in event.state


@pytest.mark.parametrize(("secret", "code"), [(None, "key_missing"), ("", "key_missing"), ("sk_other", "key_unknown")])
async def test_an_unknown_key_opens_nothing(world: World, client: Client, secret: str | None, code: str) -> None:
    assert client.secret != secret
    with pytest.raises(UnauthenticatedError) as caught:
        await world.admitting.caller(secret)

    assert caught.value.code == code


async def test_a_key_opens_nothing_from_the_moment_of_its_expiry(world: World, client: Client) -> None:
    wish = KeyWish(name="short", user_id="usr_1", expires_at=world.clock.now() + timedelta(hours=1))
    _, secret = await world.keys.create(client.caller.organization.organization_id, wish, actor_id="system:operator")
    world.clock.advance(timedelta(minutes=59))
    await world.admitting.caller(secret)
    world.clock.advance(timedelta(minutes=1))

    with pytest.raises(UnauthenticatedError) as caught:
        await world.admitting.caller(secret)

    assert caught.value.code == "key_expired"


async def test_a_revoked_key_opens_nothing(world: World, client: Client) -> None:
    organization_id = client.caller.organization.organization_id
    await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")

    with pytest.raises(UnauthenticatedError) as caught:
        await world.admitting.caller(client.secret)

    assert caught.value.code == "key_revoked"


async def test_a_namespace_is_named_by_id_or_name(world: World, client: Client) -> None:
    by_id = await world.admitting.namespace(client.caller, client.namespace.namespace_id)
    by_name = await world.admitting.namespace(client.caller, "production")

    assert by_id == by_name
    assert by_id.namespace_id == client.namespace.namespace_id


@pytest.mark.parametrize(
    ("named", "error", "code"),
    [
        (None, InvalidInputError, "namespace_required"),
        ("", InvalidInputError, "namespace_required"),
        ("other", NotFoundError, "namespace_not_found"),
    ],
)
async def test_a_namespace_must_be_named_and_known(
    world: World, client: Client, named: str | None, error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as caught:
        await world.admitting.namespace(client.caller, named)

    refusal: Any = caught.value
    assert refusal.code == code


async def test_a_namespace_of_another_organization_is_not_found(world: World, client: Client) -> None:
    stranger = await world.tenant()

    with pytest.raises(NotFoundError):
        await world.admitting.namespace(stranger.caller, client.namespace.namespace_id)


async def test_a_bucket_of_another_namespace_is_not_found(world: World, client: Client) -> None:
    stranger = await world.tenant()

    with pytest.raises(NotFoundError) as caught:
        await world.admitting.bucket(stranger.namespace, client.bucket.bucket_id)

    assert caught.value.code == "bucket_not_found"


async def test_a_bucket_that_is_not_active_takes_no_uploads_and_can_still_be_seen(world: World, client: Client) -> None:
    origin = Origin(
        organization_id=client.caller.organization.organization_id,
        namespace_id=client.namespace.namespace_id,
        bucket_id=client.bucket.bucket_id,
        actor_id="system:operator",
        command_id="cmd_suspend",
        at=world.clock.now(),
    )
    fact = BucketStatusChanged(origin=origin, bucket_id=client.bucket.bucket_id, status=BucketStatus.SUSPENDED)
    stream = StreamAppend(stream_id=client.bucket.bucket_id, expected_version=1, events=(fact,))
    await world.log.append(Command(command_id="cmd_suspend", organization_id=origin.organization_id, streams=(stream,)))

    seen = await world.admitting.bucket(client.namespace, "clips")
    assert seen.status is BucketStatus.SUSPENDED
    with pytest.raises(ForbiddenError) as caught:
        check_active(seen)
    assert caught.value.code == "bucket_not_active"
    with pytest.raises(ForbiddenError):
        await client.request()  # a request that passed admission before is refused under the lock


@pytest.mark.parametrize(
    ("has", "needed", "allowed"),
    [
        ({Permission.READ}, Permission.READ, True),
        ({Permission.READ}, Permission.WRITE, False),
        ({Permission.ADMIN}, Permission.DELETE, True),
        ({Permission.READ, Permission.WRITE, Permission.DELETE}, Permission.ADMIN, False),
        (set(), Permission.READ, False),
    ],
)
async def test_a_key_does_what_it_may(
    world: World, client: Client, has: set[Permission], needed: Permission, *, allowed: bool
) -> None:
    wish = KeyWish(name="some", user_id="usr_1", permissions=tuple(sorted(has)))
    _, secret = await world.keys.create(client.caller.organization.organization_id, wish, actor_id="system:operator")
    caller = await world.admitting.caller(secret)

    if allowed:
        check_permission(caller, needed)
    else:
        with pytest.raises(ForbiddenError) as caught:
            check_permission(caller, needed)
        assert caught.value.code == "permission_denied"


@pytest.mark.parametrize(
    ("scopes", "reaches"),
    [
        ([("organization", None)], True),
        ([("namespace", ["write_data"])], True),
        ([("bucket", None)], True),
        ([("bucket", ["read_data", "write_data"]), ("other bucket", None)], True),
        ([("other bucket", None)], False),
        ([("bucket", ["read_data"]), ("other bucket", ["write_data"])], False),
    ],
)
async def test_an_upload_token_reaches_no_further_than_its_key_does_now(
    client: Client, scopes: list[tuple[str, list[str] | None]], reaches: bool
) -> None:
    world, holder = client.world, await token_of(client)
    other = await client.make_bucket("other")
    token = holder.caller.token
    assert token is not None
    own = frozenset({token.bucket_id})
    assert await world.admitting.reachable_buckets(holder.caller, client.namespace, Permission.READ) == own
    ids = {
        "organization": client.caller.organization.organization_id,
        "namespace": client.namespace.namespace_id,
        "bucket": token.bucket_id,
        "other bucket": other.bucket_id,
    }
    await world.keys.change(
        client.caller.organization.organization_id,
        KeyChange(
            scopes=tuple(
                {"resource_type": kind.removeprefix("other "), "resource_id": ids[kind], "operations": operations}
                for kind, operations in scopes
            )
        ),
        user_id="usr_1",
        name=client.caller.key.name,
        actor_id="system:operator",
        by=client.caller.key,
    )

    narrowed = await world.admitting.caller(holder.secret)

    found = await world.admitting.reachable_buckets(narrowed, client.namespace, Permission.READ)
    assert found == (own if reaches else frozenset())


async def test_an_upload_token_finds_no_namespace_that_its_key_was_kept_from(client: Client) -> None:
    holder = await token_of(client)
    elsewhere = {"resource_type": "bucket", "resource_id": "bkt_elsewhere"}
    key = msgspec.structs.replace(holder.caller.key, scopes=(elsewhere,))
    narrowed = msgspec.structs.replace(holder.caller, key=key)
    with pytest.raises(NotFoundError, check=lambda error: error.code == "namespace_not_found"):
        await client.world.admitting.reachable_buckets(narrowed, client.namespace, Permission.WRITE)
