"""`upwell rebuild --check` where readers of the log have missed some of it, and how that is mended."""

import asyncio
import json
import os
import subprocess
import sys
from functools import partial

from adapters.postgres.analytics.analytics import AnalyticsProjection, check_analytics
from adapters.postgres.database.comparing import Difference
from adapters.postgres.database.connecting import connect
from adapters.postgres.database.queries import QUERIES
from application.keys.callers import acting_for
from domain.webhooks.webhook import WebhookSettings
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.use_cases import Services
from tests.conftest import Database, Tenant, make_tenant

SOON = 20.0


async def upwell(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Run a command, and return its exit code and what it printed."""
    command = [sys.executable, "-c", "from entrypoints.cli.main import main; main()", *arguments]
    environment = {**os.environ, **settings.environment}
    ran = await asyncio.to_thread(
        partial(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)
    )
    return ran.returncode, ran.stdout + ran.stderr


async def catch_up(services: Services) -> None:
    """Let figures and webhooks read the log to its end."""
    stopping = asyncio.Event()
    head = await services.system.log.head()
    async with asyncio.TaskGroup() as together, asyncio.timeout(SOON):
        together.create_task(services.subscribe.project_in_bulk(AnalyticsProjection(), stopping))
        together.create_task(services.subscribe.project(services.queue_deliveries, stopping))
        while True:
            records = await services.system.subscriptions.subscriptions()
            if len(records) == 2 and all(each.position == head for each in records):
                break
            await asyncio.sleep(0.02)
        stopping.set()


async def happen(services: Services, tenant: Tenant, count: int) -> None:
    for number in range(count):
        await services.create_namespace(tenant.caller, name=f"drafts-{number}", description=None, settings={})


async def test_what_was_missed_is_named_with_the_command_that_mends_it(settings: Settings, database: Database) -> None:
    tenant = await make_tenant(database, "")
    acting_for.set(tenant.caller.organization.organization_id)
    async with running(settings) as services:
        wish = WebhookSettings(name="a", url="https://hooks.invalid/", event_types=("namespace.created",))
        webhook, _ = await services.webhooks.create(tenant.caller, wish, {})
        await happen(services, tenant, 5)
        await catch_up(services)
        code, printed = await upwell(settings, "rebuild", "--check")
        assert (code, printed.splitlines()[-1]) == (0, "Readers of the log have missed nothing."), printed

        owner = await connect(database.owner_url, role=None)
        lost = "UPDATE upwell.webhook_batches SET deliveries = deliveries - 1 RETURNING deliveries->0->>'position'"
        first = int(await owner.fetchval(lost))
        await owner.execute("UPDATE upwell.subscriptions SET position = position + 1000 WHERE name = 'analytics.v2'")

        code, printed = await upwell(settings, "rebuild", "--check")
        mend = f"upwell webhooks replay {webhook.webhook_id} --after {first} --until {first + 1}"
        assert code == 1
        assert f"1 events were never queued: {first + 1}; run '{mend}'" in printed
        assert "analytics.v2: its position" in printed
        assert "is beyond the end of the log" in printed
        await owner.execute("UPDATE upwell.subscriptions SET position = position - 1000 WHERE name = 'analytics.v2'")

        code, printed = await upwell(settings, *mend.split()[1:])
        assert (code, printed) == (0, f"1 messages are queued for {webhook.webhook_id}.\n")
        code, printed = await upwell(settings, "rebuild", "--check")
        assert code == 0, printed
        code, printed = await upwell(settings, "webhooks", "replay", "wh_0123456789abcdef")
        assert code != 0
        assert "webhook does not exist" in printed
        await owner.close()


async def test_figures_that_were_never_counted_differ_from_a_new_count(database: Database, settings: Settings) -> None:
    tenant = await make_tenant(database, "")
    acting_for.set(tenant.caller.organization.organization_id)
    async with running(settings) as services:
        await catch_up(services)
        owner = await connect(database.owner_url, role=None)
        row = {"organization_id": "a", "namespace_id": "b", "bucket_id": "c", "hour": "2026-01-01T00:00:00Z"}
        others = {"labels": {}, "counts": {"requested": 1}, "durations": {}, "failures": {}}
        await owner.execute(QUERIES["add_analytics_figures"], json.dumps([row | others]))
        (difference,) = (await check_analytics(database.owner_url)).items()
        assert difference == ("analytics_figures", Difference(1, ("c/2026-01-01 00:00:00+00/{}",)))
        await owner.execute("DELETE FROM upwell.analytics_figures")
        assert await check_analytics(database.owner_url) == {}
        await owner.close()
