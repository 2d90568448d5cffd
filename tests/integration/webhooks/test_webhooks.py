"""Webhooks among several processes."""

import asyncio
import json
import signal
from datetime import UTC, datetime

from adapters.memory.clock import ManualClock
from application.keys.callers import acting_for
from application.webhooks.delivering import LEASE
from domain.webhooks.webhook import WebhookSettings
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from tests.conftest import ANY_RECEIVER_HERE, Database, make_tenant, start
from tests.receiver import Receiver, receiving


async def test_deliveries_of_a_killed_worker_are_sent_by_another(settings: Settings, database: Database) -> None:
    environment = {**settings.environment, **ANY_RECEIVER_HERE, "UPWELL_LOG_LEVEL": "error"}
    tenant = await make_tenant(database, "")
    acting_for.set(tenant.caller.organization.organization_id)
    clock = ManualClock(datetime.now(UTC))
    async with receiving(Receiver(hangs=True)) as receiver, running(Settings(environment), clock=clock) as services:
        wish = WebhookSettings(name="a", url=receiver.url, event_types=("namespace.created",), timeout_seconds=30)
        webhook, _ = await services.webhooks.create(tenant.caller, wish, {})
        made = await services.create_namespace(tenant.caller, name="drafts", description=None, settings={})
        worker = start(environment, "worker")
        try:
            await receiver.wait_for(1)
        finally:
            worker.send_signal(signal.SIGKILL)
            await asyncio.to_thread(worker.wait, 30)
        receiver.hangs = False
        assert await services.deliver_webhooks.deliver_due() == 0  # the dead one's lease still counts

        clock.set(datetime.now(UTC) + LEASE)
        assert await services.deliver_webhooks.deliver_due() == 1

        first, second = receiver.taken
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
        assert json.loads(second.body)["subject"] == made.namespace_id
        (delivery,) = await services.ports.webhook_deliveries.deliveries(
            webhook.organization_id, webhook.webhook_id, before=10**9, status=None, limit=10
        )
        assert (delivery.status, delivery.attempts) == ("delivered", 2)


async def test_a_stopping_worker_gives_back_its_deliveries(settings: Settings, database: Database) -> None:
    environment = {**settings.environment, **ANY_RECEIVER_HERE}
    tenant = await make_tenant(database, "")
    acting_for.set(tenant.caller.organization.organization_id)
    async with receiving(Receiver(hangs=True)) as receiver, running(Settings(environment)) as services:
        wish = WebhookSettings(name="a", url=receiver.url, event_types=("namespace.created",), timeout_seconds=30)
        await services.webhooks.create(tenant.caller, wish, {})
        await services.create_namespace(tenant.caller, name="drafts", description=None, settings={})
        worker = start(environment, "worker")
        await receiver.wait_for(1)
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 30) == 0
        receiver.hangs = False

        assert await services.deliver_webhooks.deliver_due() == 1

        assert len(receiver.taken) == 2
