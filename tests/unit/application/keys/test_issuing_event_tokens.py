"""Event tokens: signed by the server, recorded when they are issued, and no longer good than the key behind them."""

from datetime import timedelta

import msgspec
import pytest

from application.keys.callers import Admitting
from application.keys.managing import KeyWish
from domain.events.registry import decode
from domain.keys.api_key import Permission
from domain.keys.event_token import MAX_SECONDS, EventToken, EventTokenIssued, event_token_secret
from domain.keys.token_secrets import TokenSecrets
from domain.refusals import InvalidInputError, UnauthenticatedError
from tests.unit.application.world import Client, World


async def issue(world: World, client: Client, seconds: int = 900) -> tuple[str, EventToken]:
    return await world.issue_event_token(client.caller, client.namespace, expires_in_seconds=seconds)


async def refusal(admitting: Admitting, secret: str) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        await admitting.caller(secret)
    return caught.value.code


async def test_a_token_reads_as_its_key_and_that_it_was_issued_is_recorded(world: World, client: Client) -> None:
    secret, token = await issue(world, client)

    assert (await world.admitting.caller(secret)).event_token == token
    (stored,) = await world.log.read_stream(token.token_id)
    issued = decode(stored.state)
    assert isinstance(issued, EventTokenIssued)
    assert (issued.origin.actor_id, issued.expires_at) == (client.caller.key.key_id, token.expires_at)
    assert secret.rpartition(".")[2].encode() not in stored.state


async def test_a_reader_of_the_whole_log_and_of_all_tables_can_sign_no_token(world: World, client: Client) -> None:
    key = client.caller.key
    token = EventToken(token_id="etk_1", key_id=key.key_id, expires_at=world.clock.now() + timedelta(minutes=5))

    for known in (key.key_hash, key.fingerprint, key.key_id):
        forged = event_token_secret(token, key.key_hash, TokenSecrets([known]))
        assert await refusal(world.admitting, forged) == "token_unknown"


async def test_a_token_that_lasts_longer_than_any_that_is_issued_is_refused_at_use(
    world: World, client: Client
) -> None:
    key, now = client.caller.key, world.clock.now()
    for_ever = EventToken(token_id="etk_1", key_id=key.key_id, expires_at=now.replace(year=9999))
    longest = EventToken(token_id="etk_1", key_id=key.key_id, expires_at=now + timedelta(seconds=MAX_SECONDS))

    assert await refusal(world.admitting, event_token_secret(for_ever, key.key_hash, world.secrets)) == "token_unknown"
    await world.admitting.caller(event_token_secret(longest, key.key_hash, world.secrets))


async def test_a_token_ends_with_its_time_and_with_its_key(world: World, client: Client) -> None:
    short, _ = await issue(world, client, 60)
    long, _ = await issue(world, client, 3600)
    world.clock.advance(timedelta(seconds=60))
    assert await refusal(world.admitting, short) == "token_expired"
    await world.admitting.caller(long)

    organization_id = client.caller.organization.organization_id
    await world.keys.revoke(organization_id, user_id="usr_1", name="ci", actor_id="system:operator")
    assert await refusal(world.admitting, long) == "key_revoked"


@pytest.mark.parametrize("seconds", [59, 3601])
async def test_a_token_lasts_from_a_minute_to_an_hour(world: World, client: Client, seconds: int) -> None:
    before = await world.log.head()

    with pytest.raises(InvalidInputError) as refused:
        await issue(world, client, seconds)

    assert refused.value.details == {"field": "expires_in_seconds"}
    assert await world.log.head() == before


async def test_a_token_ends_with_the_secret_that_asked_for_it(world: World, client: Client) -> None:
    secret, _ = await issue(world, client, 3600)
    wish = KeyWish(name="admin", user_id="usr_1", permissions=tuple(Permission))
    by, _ = await world.keys.create(client.caller.organization.organization_id, wish, actor_id="system:operator")
    overlap = timedelta(minutes=5)
    await world.keys.rotate(by.organization_id, user_id="usr_1", name="ci", actor_id=by.key_id, by=by, overlap=overlap)
    await world.admitting.caller(secret)

    world.clock.advance(overlap)
    assert await refusal(world.admitting, secret) == "token_unknown"


async def test_a_token_does_not_outlive_its_key(world: World, client: Client) -> None:
    soon = world.clock.now() + timedelta(minutes=1)
    key = msgspec.structs.replace(client.caller.key, expires_at=soon)
    caller = msgspec.structs.replace(client.caller, key=key)

    _, token = await world.issue_event_token(caller, None, expires_in_seconds=900)

    assert token.expires_at == soon


async def test_after_the_servers_secret_was_rotated_without_overlap_no_token_of_before_counts(
    world: World, client: Client
) -> None:
    secret, _ = await issue(world, client)
    elsewhere = Admitting(
        directory=world.directory,
        log=world.log,
        uses=world.key_uses,
        secrets=TokenSecrets(["quite another secret of the server"]),
        clock=world.clock,
    )

    assert await refusal(elsewhere, secret) == "token_unknown"
