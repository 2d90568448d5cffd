"""`/metrics` as Prometheus reads it, and what it is read for."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # it is there for other packages
from prometheus_client.parser import text_string_to_metric_families

from adapters.postgres.database.connecting import connect
from domain.tasks.agenda import JobKind
from entrypoints.observability.metrics import Metrics
from entrypoints.observability.telemetry import Telemetry
from tests.acceptance.events.test_events import plain, streaming
from tests.acceptance.uploads.test_main_job import announce
from tests.acceptance.webhooks.test_webhooks import make_for
from tests.acceptance.world import BODY, World, open_world
from tests.conftest import ANY_RECEIVER_HERE, Database, Servers, Service, free_port, start, wait_ready
from tests.docs.pages import ROOT
from tests.receiver import Receiver, receiving

TOKEN = "what-prometheus-knows"
OPERATIONS = ROOT / "docs" / "operations"
_NAME = re.compile(r"\b(?:upwell|process)_[a-z_]+")
CREATE = {"route": "/v1/buckets/{bucket_identifier}/uploads", "method": "POST", "status": "200"}


@dataclass
class Read:
    """The metrics of a process."""

    text: str

    def value(self, name: str, **labels: str) -> float:
        found = [
            sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found)

    def names(self) -> set[str]:
        """Return the names of everything, also of what has not been counted yet."""
        kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.MULTILINE))
        return {
            name + suffix
            for name, kind in kinds.items()
            for suffix in (("_bucket", "_count", "_sum") if kind == "histogram" else ("",))
        }


@dataclass
class Watched:
    """A separate service with metrics."""

    world: World
    metrics: Metrics
    url: str

    async def read(self) -> Read:
        async with httpx.AsyncClient() as client:
            answer = await client.get(self.url, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=")
        return Read(answer.text)


@pytest.fixture
async def watched(servers: Servers, database: Database) -> AsyncIterator[Watched]:
    port = free_port()
    metrics = Metrics(max_age_seconds=0, counting_share=0)
    settings = {
        "UPWELL_METRICS_PORT": str(port),
        "UPWELL_METRICS_TOKEN": TOKEN,
        **ANY_RECEIVER_HERE,
    }
    async with open_world(servers, database, environment=settings, telemetry=Telemetry(metrics=metrics)) as world:
        yield Watched(world, metrics, f"http://127.0.0.1:{port}/metrics")


async def test_an_upload_changes_the_figures(watched: Watched) -> None:
    before = await watched.read()
    assert before.value("upwell_uploads") == 0
    upload = await watched.world.sent()
    pending = await watched.read()
    assert pending.value("upwell_uploads", status="PENDING") == 1
    assert pending.value("upwell_stored_bytes", state="reserved") == len(BODY)
    assert pending.value("upwell_append_group_commands_sum") == pending.value("upwell_append_seconds_count") == 1
    await watched.world.confirm(upload)
    done = await watched.read()
    assert done.value("upwell_uploads", status="PENDING") == 0
    assert done.value("upwell_uploads", status="COMPLETED") == 1
    assert done.value("upwell_stored_bytes", state="reserved") == 0
    assert done.value("upwell_stored_bytes", state="accepted") == len(BODY)
    assert done.value("upwell_http_request_seconds_count", **CREATE) == 1
    assert done.value("upwell_http_request_seconds_sum", **CREATE) > 0
    assert done.value("upwell_feed_head") == await watched.world.services.system.log.head() > 0
    assert done.value("upwell_database_up") == 1


async def test_refusals_are_counted_with_their_status_and_by_route(watched: Watched) -> None:
    client = watched.world.client
    for each in ("upl_a", "upl_b"):
        assert (await client.get(f"/v1/uploads/{each}")).status_code == 404
    read = await watched.read()
    labels = {"route": "/v1/uploads/{upload_id}", "method": "GET", "status": "404"}
    assert read.value("upwell_http_request_seconds_count", **labels) == 2
    assert read.value("upwell_http_request_seconds_bucket", **labels, le="+Inf") == 2
    assert "upl_a" not in read.text


async def test_metrics_contain_no_id_or_name_of_a_tenant(watched: Watched) -> None:
    upload = await announce(watched.world.client, BODY)
    await watched.world.record(upload)
    await watched.world.client.get("/v1/organizations")
    text = (await watched.read()).text
    tenant = watched.world.tenant
    for secret in (
        tenant.caller.organization.organization_id,
        tenant.caller.organization.name,
        tenant.caller.key.key_id,
        tenant.namespace.namespace_id,
        tenant.bucket.bucket_id,
        upload["upload_id"],
    ):
        assert secret not in text


async def test_the_backlog_has_a_depth_and_an_age(watched: Watched) -> None:
    world = watched.world
    now = world.clock.now()
    for number, minutes in enumerate((1, 5)):
        await world.services.system.jobs.set(JobKind.RECHECK, f"upl_{number}", now - timedelta(minutes=minutes))
    read = await watched.read()
    assert read.value("upwell_jobs_waiting", kind="recheck") == 2
    assert read.value("upwell_jobs_oldest_seconds", kind="recheck") == 300
    await world.work()
    assert (await watched.read()).value("upwell_jobs_waiting") == 0


async def test_a_durable_reader_lags_behind_by_what_it_has_not_read(watched: Watched) -> None:
    services = watched.world.services
    await announce(watched.world.client, BODY)
    reading = services.subscribe.events("reports")
    first = await anext(reading)
    await anext(reading)
    await reading.aclose()
    head = await services.system.log.head()
    read = await watched.read()
    assert read.value("upwell_subscription_lag_events", subscription="reports") == head - first.position


async def test_waiting_readers_are_counted(watched: Watched) -> None:
    world = watched.world
    assert (await watched.read()).value("upwell_event_readers") == 0
    async with plain(world.tenant.url, **world.tenant.headers) as client, asyncio.timeout(20):
        async with streaming(client, "?after=latest"):
            while (await watched.read()).value("upwell_event_readers") != 1:
                await asyncio.sleep(0.01)
        while (await watched.read()).value("upwell_event_readers") != 0:
            await asyncio.sleep(0.01)


async def test_pools_say_how_much_of_them_is_in_use(watched: Watched) -> None:
    async with plain(watched.world.tenant.url, **watched.world.tenant.headers) as client:
        assert (await client.get("/v1/uploads/upl_nothing")).status_code == 404
        assert (await client.post("/v1/buckets/files/uploads/list")).status_code == 200
    read = await watched.read()
    for pool, size in {"requests": 10, "lists": 4, "system": 4}.items():
        assert read.value("upwell_pool_max_connections", pool=pool) == size
        assert 1 <= read.value("upwell_pool_connections", pool=pool) <= size


async def test_attempts_to_deliver_are_counted_by_outcome(watched: Watched) -> None:
    world = watched.world
    services = world.services
    async with receiving(Receiver()) as taking, receiving(Receiver(status=500)) as failing:
        gone = f"http://127.0.0.1:{free_port()}/"
        for name, url in {"ledger": taking.url, "warehouse": failing.url, "attic": gone}.items():
            await make_for(world.tenant, url, webhook_name=name)
        upload = await world.sent()
        await world.confirm(upload)
        stopping = asyncio.Event()
        behind = asyncio.create_task(services.subscribe.project(services.queue_deliveries, stopping))
        async with asyncio.timeout(20):
            while (read := await watched.read()).value("upwell_webhook_attempt_seconds_count") < 3:
                await services.deliver_webhooks.deliver_due()
            stopping.set()
            await behind
    assert read.value("upwell_webhook_attempt_seconds_count") == 3
    for outcome in ("2xx", "5xx", "no_answer"):
        assert read.value("upwell_webhook_attempt_seconds_count", outcome=outcome) == 1
        assert read.value("upwell_webhook_attempt_seconds_bucket", outcome=outcome, le="+Inf") == 1
    for secret in ("ledger", "warehouse", "attic", "127.0.0.1"):
        assert secret not in read.text
    lag = 'upwell_subscription_lag_events{subscription="webhooks"} 0.0'
    assert lag in (await watched.read()).text


async def test_without_its_database_a_process_serves_its_other_metrics(watched: Watched, servers: Servers) -> None:
    await announce(watched.world.client, BODY)
    admin = await connect(servers.postgres_url, role=None)
    name = watched.world.tenant.database.name
    await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    read = await watched.read()
    assert read.value("upwell_database_up") == 0
    assert "upwell_feed_head" not in read.text
    assert read.value("upwell_http_request_seconds_count", **CREATE) == 1
    await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    await admin.close()
    async with asyncio.timeout(20):
        while (await watched.read()).value("upwell_database_up") != 1:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", f"bearer {TOKEN}", TOKEN, "Bearer"])
async def test_only_callers_with_the_token_read_metrics(watched: Watched, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.get(watched.url)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.content == b""
        assert (await client.get(watched.url.replace("/metrics", "/"))).status_code == 401


async def test_a_key_of_an_organization_reads_no_metrics_wherever_it_asks(watched: Watched) -> None:
    tenant = watched.world.tenant
    async with httpx.AsyncClient(headers=tenant.headers) as client:
        assert (await client.get(f"{tenant.url}/v1/uploads")).status_code != 401, "the key is good"
        refused = await client.get(watched.url)
        assert (refused.status_code, refused.content) == (401, b"")
        for path in ("/metrics", "/v1/metrics", "/v1/organizations/metrics"):
            answer = await client.get(f"{tenant.url}{path}")
            assert answer.status_code in {404, 405}
            assert "upwell_" not in answer.text


async def test_there_is_nothing_else_and_the_service_itself_has_no_metrics(watched: Watched) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        assert (await client.get(watched.url.replace("/metrics", "/v1/buckets"))).status_code == 404
        assert (await client.post(watched.url)).status_code == 405
        head = await client.head(watched.url)
        assert head.status_code == 200
        assert int(head.headers["content-length"]) > 0
        assert (await client.get(f"{watched.world.tenant.url}/metrics")).status_code == 404


async def test_each_process_of_a_machine_has_a_port_of_its_own(service: Service) -> None:
    port, first = free_port(), free_port()
    settings = {"UPWELL_METRICS_PORT": str(first), "UPWELL_PORT": str(port)}
    with socket.create_server(("127.0.0.1", first)):  # another process has the first one
        serving = start({**service.environment, **settings}, "serve", "--workers", "2")
        working = start({**service.environment, **settings}, "worker")
        try:
            await asyncio.to_thread(wait_ready, f"http://127.0.0.1:{port}", serving)
            async with httpx.AsyncClient() as client, asyncio.timeout(30):
                served_at: set[int] = set()
                while len(served_at) < 3:  # other tests may have some of the ports after the first
                    for each in range(first + 1, first + 40):
                        with suppress(httpx.TransportError):
                            answer = await client.get(f"http://127.0.0.1:{each}/metrics")
                            if answer.status_code == 200 and Read(answer.text).value("upwell_database_up") == 1:
                                served_at.add(each)
                    await asyncio.sleep(0.02)
        finally:
            for process in (serving, working):
                process.terminate()
            assert [process.wait(45) for process in (serving, working)] == [0, 0]


async def test_the_dashboard_and_the_alerts_name_metrics_that_there_are(watched: Watched) -> None:
    names = (await watched.read()).names()
    dashboard = json.loads((OPERATIONS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((OPERATIONS / "alerts.yml").read_text(encoding="utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    expressions += [alert["expr"] for alert in alerts]
    asked = {name for expression in expressions for name in _NAME.findall(expression)}
    assert asked <= names, asked - names
    ours = {re.sub("_(bucket|count|sum)$", "", name) for name in names if name.startswith("upwell_")}
    shown = {re.sub("_(bucket|count|sum)$", "", name) for name in asked}
    assert ours <= shown, "every reported metric is shown"


def test_every_metric_and_every_alert_is_explained() -> None:
    page = (ROOT / "docs" / "how-to" / "monitor.md").read_text(encoding="utf-8")
    rules = yaml.safe_load((OPERATIONS / "alerts.yml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert f"`{rule['alert']}`" in page
            assert rule["annotations"]["summary"]
            assert rule["labels"]["severity"] in {"page", "ticket"}
    for family in Metrics().collect():
        assert f"`{family.name}`" in page


def test_every_panel_takes_the_data_source_that_is_chosen() -> None:
    dashboard = json.loads((OPERATIONS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    variables = {each["name"]: each["type"] for each in dashboard["templating"]["list"]}
    assert variables == {"datasource": "datasource"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["title"]
