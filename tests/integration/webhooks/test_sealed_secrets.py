"""What is secret about webhooks, in the database: encrypted, also what once was not, and rotated with the server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from adapters.postgres.database.connecting import Pool, connect, open_pool
from adapters.postgres.webhooks.webhook_endpoints import PostgresWebhookEndpoints
from adapters.sealing import Sealer
from application.ports.webhooks.webhook_endpoints import Secret, WebhookEndpoint
from domain.keys.token_secrets import TokenSecrets
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from tests.conftest import Database

NEW, OLD = "the newer one of two secrets of a server", "the older one of two secrets of a server"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDPOINT = WebhookEndpoint(
    webhook_id="wh_1",
    organization_id="org_1",
    secrets=(Secret(value="whsec_newest"), Secret(value="whsec_before", until=NOW)),
    headers={"Authorization": "Bearer keep-me-hidden"},
    created_at=NOW,
)
HIDDEN = ("whsec_newest", "whsec_before", "keep-me-hidden")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    opened = await open_pool(database.url, size=2)
    yield opened
    await opened.close()


def endpoints(pool: Pool, *secrets: str) -> PostgresWebhookEndpoints:
    return PostgresWebhookEndpoints(pool, Sealer(TokenSecrets(secrets)))


async def hidden_in(database: Database) -> list[str]:
    """Return the secret values in the table."""
    owner = await connect(database.owner_url, role=None)
    rows = await owner.fetch(
        "SELECT t::text AS row, encode(coalesce(sealed, ''), 'escape') AS sealed FROM upwell.webhook_endpoints t"
    )
    await owner.close()
    dump = "".join(each["row"] + each["sealed"] for each in rows)
    return [each for each in HIDDEN if each in dump]


async def write_as_before(database: Database) -> None:
    """Write a webhook's secrets as before sealing was introduced."""
    owner = await connect(database.owner_url, role=None)
    await owner.execute(
        "INSERT INTO upwell.webhook_endpoints (webhook_id, organization_id, secrets, headers, created_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        *("wh_1", "org_1", msgspec.json.encode(ENDPOINT.secrets), msgspec.json.encode(ENDPOINT.headers), NOW),
    )
    await owner.close()


async def test_a_dump_of_the_database_holds_no_secret_and_no_header(database: Database, pool: Pool) -> None:
    await endpoints(pool, NEW).keep(ENDPOINT)

    assert await endpoints(pool, NEW).endpoint("wh_1") == ENDPOINT
    assert await hidden_in(database) == []


async def test_what_was_kept_plain_works_and_is_sealed_by_the_next_process_that_starts(
    database: Database, pool: Pool, settings: Settings
) -> None:
    await write_as_before(database)
    assert await hidden_in(database) == list(HIDDEN)
    assert await endpoints(pool, NEW).endpoint("wh_1") == ENDPOINT

    async with running(settings) as services:
        assert await services.ports.webhook_endpoints.endpoint("wh_1") == ENDPOINT

    assert await hidden_in(database) == []


async def test_secrets_are_rotated_with_the_servers_and_none_is_lost(pool: Pool) -> None:
    for number in range(250):
        await endpoints(pool, OLD).keep(msgspec.structs.replace(ENDPOINT, webhook_id=f"wh_{number}"))
    assert await endpoints(pool, OLD, NEW).seal_anew() == []
    assert await endpoints(pool, NEW, OLD).seal_anew() == []

    for number in range(250):
        assert await endpoints(pool, NEW).endpoint(f"wh_{number}") == msgspec.structs.replace(
            ENDPOINT, webhook_id=f"wh_{number}"
        )


async def test_without_the_secret_that_sealed_them_they_are_lost_and_reported(pool: Pool) -> None:
    await endpoints(pool, OLD).keep(ENDPOINT)

    assert await endpoints(pool, NEW).seal_anew() == ["wh_1"]
    lost = await endpoints(pool, NEW).endpoint("wh_1")
    assert lost is not None
    assert (lost.secrets, lost.headers) == ((), {})
    assert await endpoints(pool, NEW, OLD).seal_anew() == []
    assert await endpoints(pool, NEW).endpoint("wh_1") == ENDPOINT
