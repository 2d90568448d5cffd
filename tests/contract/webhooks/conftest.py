"""The desk of webhooks, once on every adapter."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.webhooks.webhook_deliveries import MemoryWebhookDeliveries
from adapters.memory.webhooks.webhook_endpoints import MemoryWebhookEndpoints
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.webhooks.webhook_deliveries import PostgresWebhookDeliveries
from adapters.postgres.webhooks.webhook_endpoints import PostgresWebhookEndpoints
from adapters.sealing import Sealer
from domain.keys.token_secrets import TokenSecrets
from tests.contract._log import Account, Kit
from tests.contract.webhooks._desk import Desk


@pytest.fixture
async def desk(kit: Kit, account: Account, database_url: str | None) -> AsyncIterator[Desk]:
    if database_url is None:
        assert isinstance(kit.log, MemoryEventLog)
        endpoints = MemoryWebhookEndpoints(kit.log)
        yield Desk(kit, account, endpoints, MemoryWebhookDeliveries(kit.log, endpoints), None)
        return
    pool = await open_pool(database_url, size=4)
    sealer = Sealer(TokenSecrets(["a secret of the server in a contract test"]))
    yield Desk(kit, account, PostgresWebhookEndpoints(pool, sealer), PostgresWebhookDeliveries(pool, pool), pool)
    await pool.close()
