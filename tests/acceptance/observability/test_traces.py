"""Traces: from a request through the append to its deliveries."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from entrypoints.observability.telemetry import Telemetry
from entrypoints.observability.traces import Traces
from tests.acceptance.webhooks.test_webhooks import make_for
from tests.acceptance.world import World, open_world
from tests.conftest import ANY_RECEIVER_HERE, Database, Servers
from tests.receiver import Receiver, Taken, receiving

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
CONFIRM = "POST /v1/uploads/{upload_id}/confirm"


@dataclass
class Traced:
    """A service of a test's own whose spans are kept."""

    world: World
    exporter: InMemorySpanExporter

    def spans(self, name: str) -> list[ReadableSpan]:
        """Return those that have ended, by name."""
        return [each for each in self.exporter.get_finished_spans() if each.name == name]

    def within(self, parent: ReadableSpan, name: str) -> list[ReadableSpan]:
        """Return those that were made right in another one."""
        return [each for each in self.spans(name) if each.parent is not None and each.parent.span_id == id_of(parent)]

    async def ended(self, name: str) -> ReadableSpan:
        """Wait for one: a request's ends after its answer."""
        async with asyncio.timeout(20):
            while not (found := self.spans(name)):
                await asyncio.sleep(0.01)
        return found[-1]


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


@pytest.fixture
async def traced(servers: Servers, database: Database) -> AsyncIterator[Traced]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry(traces=Traces(provider))
    async with open_world(servers, database, environment=ANY_RECEIVER_HERE, telemetry=telemetry) as world:
        yield Traced(world, exporter)


async def deliver(world: World, receiver: Receiver) -> Sequence[Taken]:
    """Let a worker send the due deliveries."""
    services, stopping = world.services, asyncio.Event()
    queueing = asyncio.create_task(services.subscribe.project(services.queue_deliveries, stopping))
    async with asyncio.timeout(20):
        while not receiver.taken:
            await services.deliver_webhooks.deliver_due()
            await asyncio.sleep(0.01)
    stopping.set()
    await queueing
    return receiver.taken


async def test_a_trace_leads_from_the_request_to_the_webhook(traced: Traced) -> None:
    world = traced.world
    async with receiving(Receiver()) as receiver:
        await make_for(world.tenant, receiver.url)
        upload = await world.sent()
        traced.exporter.clear()
        answer = await world.client.post(
            f"/v1/uploads/{upload['upload_id']}/confirm", json={}, headers={"traceparent": CALLER}
        )
        (taken,) = await deliver(world, receiver)
    request = await traced.ended(CONFIRM)
    assert trace_of(request) == TRACE
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == answer.status_code == 200
    assert request.attributes["upwell.request_id"] == answer.headers["x-request-id"]

    appends = traced.within(request, "append")
    assert appends
    linked = {link.context.span_id for group in traced.spans("append group") for link in group.links}
    assert {id_of(each) for each in appends} <= linked

    delivery = await traced.ended("deliver webhook")
    assert delivery.parent is not None
    assert (trace_of(delivery), delivery.parent.span_id) == (TRACE, id_of(request))
    assert taken.headers["traceparent"] == f"00-{TRACE}-{id_of(delivery):016x}-01"
    assert any(
        link.context.span_id == id_of(request) for batch in traced.spans("deliver webhooks") for link in batch.links
    ), "the span that records deliveries links to it too"


async def test_nothing_secret_stands_in_a_span(traced: Traced) -> None:
    world = traced.world
    async with receiving(Receiver(status=500)) as receiver:
        made = await make_for(world.tenant, receiver.url)
        upload = await world.sent()
        await world.confirm(upload)
        await deliver(world, receiver)
        failed = await traced.ended("deliver webhook")
    assert failed.status.status_code is StatusCode.ERROR
    world.gate.shut()
    refused = await world.ask(filename="b.mp4")
    await world.confirm(refused.json())
    broken = next(each for each in traced.exporter.get_finished_spans() if "error.type" in (each.attributes or {}))
    assert broken.status.status_code is StatusCode.ERROR
    text = json.dumps([json.loads(each.to_json()) for each in traced.exporter.get_finished_spans()])
    key = world.tenant.headers["Authorization"].removeprefix("Bearer ")
    for secret in (key, made["secret"], upload["s3_key"], "a.mp4", "b.mp4", receiver.url, "X-Amz-Signature"):
        assert secret not in text
