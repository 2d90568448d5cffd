"""For scripts that kill: subscribers of every kind, whose memory is held against the log.

A subscriber here receives events in its own way, and keeps them in this process, which is never killed. What each has
after any kill has to be the log: the durable iterator every event at least once, the JetStream stream and the export
every event once and in order, figures what a new count gives. Every event that the webhook wants is queued; it has
received all of them at the end, because what was under way in a crash is sent again a minute later.
"""

import asyncio
import contextlib
import io
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import msgspec
import nats
from nats.js.errors import NotFoundError

from adapters.postgres.database.connecting import Connection, connect
from application.ports.events.event_log import LogUnavailableError
from application.ports.events.subscriptions import LeaseLostError
from domain.events.registry import BY_TAG
from domain.webhooks.published_events import tags_wanted
from entrypoints.cli.checking import check
from entrypoints.cli.exporting import Export, export
from entrypoints.settings import Settings
from entrypoints.wiring.operations import subscribing
from tests.conftest import ANY_RECEIVER_HERE, Tenant
from tests.nats_cluster import STREAM, Cluster
from tests.receiver import Receiver, receiving
from tests.stack import Stack

ITERATOR: Final = "faults.iterator"
READERS: Final = ("webhooks", "analytics.v2", ITERATOR, "relay.nats")
EVENT_TYPES: Final = ("upload.*", "object.*")
STANDSTILL_SECONDS: Final = 150  # a message that a crash cut off is sent again after 60, a confirm after 60
STILL_SECONDS: Final = 0.5


def settings_for(cluster: Cluster) -> dict[str, str]:
    """Return the settings of a stack for these subscribers."""
    return {
        "UPWELL_NATS_SERVERS": ",".join(cluster.servers),
        "UPWELL_NATS_STREAM": STREAM,
        "UPWELL_NATS_REPLICAS": "1",
        **ANY_RECEIVER_HERE,
    }


def make_webhook(tenant: Tenant, url: str) -> None:
    """Create a webhook for all events of uploads and objects; the service must be ready."""
    channel = {"channel": "webhook", "configs": {"url": url, "timeout": 5}}
    asked = {"webhook_name": "load", "event_types": [*EVENT_TYPES], "channels": [channel]}
    answer = httpx.post(f"{tenant.url}/v1/organizations/webhooks", json=asked, headers=tenant.headers, timeout=60)
    answer.raise_for_status()


async def missed(running: Stack) -> list[str]:
    """Return the findings of 'upwell rebuild --check': tables, figures, queues of webhooks, and positions."""
    owner = {"UPWELL_DATABASE_OWNER_URL": running.database.owner_url}
    lines, good = await check(Settings({**running.environment, **owner}))
    return [] if good else lines


class Subscribers:
    """The events that each has received so far, by position, in the order of arrival."""

    def __init__(self, running: Stack, tenant: Tenant, receiver: Receiver, folder: Path) -> None:
        self._stack = running
        self._tenant = tenant
        self._receiver = receiver
        self._folder = folder
        self._made_at = 0
        self.tasks: list[asyncio.Task[None]] = []
        self.iterated: list[int] = []
        self.published: list[int] = []

    async def listen(self) -> None:
        """Create the webhook; the service must be ready."""
        await asyncio.to_thread(make_webhook, self._tenant, self._receiver.url)
        connection = await connect(self._stack.database.owner_url, role=None)
        self._made_at = await connection.fetchval("SELECT max(position) FROM upwell.webhooks")
        await connection.close()

    async def iterate(self) -> None:
        """Be a durable iterator, again and again."""
        async with subscribing(self._stack.environment["UPWELL_DATABASE_URL"]) as subscribe:
            while True:
                with contextlib.suppress(LeaseLostError, LogUnavailableError):
                    async with aclosing(subscribe.events(ITERATOR)) as events:
                        async for each in events:
                            self.iterated.append(each.position)
                await asyncio.sleep(0.1)

    async def consume(self, server: str) -> None:
        """Read the JetStream stream."""
        servers = await nats.connect(server)
        try:
            jetstream = servers.jetstream(timeout=10)
            while True:
                with contextlib.suppress(NotFoundError, TimeoutError):
                    await jetstream.stream_info(STREAM)
                    reader = await jetstream.subscribe(">", stream=STREAM, ordered_consumer=True)
                    break
                await asyncio.sleep(0.05)
            while True:
                with contextlib.suppress(TimeoutError):
                    message = await reader.next_msg(timeout=10)
                    self.published.append(int((message.headers or {})["Nats-Msg-Id"]))
        finally:
            await servers.close()

    async def compare(self, *, at_end: bool) -> list[str]:
        """Wait until all have reached the end of the log, and return the differences of their events from it.

        `at_end`: wait for what the webhook has not received, too.
        """
        url = self._stack.database.owner_url
        for task in self.tasks:
            if task.done():
                task.result()
        connection = await connect(url, role=None, wait_seconds=60)
        try:
            head, late = await _caught_up(connection, self, self._stack, at_end=at_end)
            # the log may grow meanwhile: the received events are read before the log
            iterated, published = sorted({*self.iterated}), [*self.published]
            delivered = {int(taken.headers["webhook-id"].rpartition("_")[2]) for taken in self._receiver.taken}
            exported = await asyncio.to_thread(self._export)
            rows = await connection.fetch(
                "SELECT notification_id, topic, organization_id FROM upwell.upwell_events ORDER BY 1"
            )
        finally:
            await connection.close()
        ours = [row["notification_id"] for row in rows if row["topic"] in BY_TAG]
        own, wanted = self._tenant.caller.organization.organization_id, tags_wanted(EVENT_TYPES)
        theirs = [
            row["notification_id"]
            for row in rows
            if row["topic"] in wanted and row["organization_id"] == own and row["notification_id"] > self._made_at
        ]
        return [
            *late,
            *_difference("the webhook", sorted(delivered), theirs, until=head if at_end else 0),
            *_difference("the durable iterator", iterated, ours, until=head),
            *_difference("the JetStream stream", published, ours, until=head),
            *_difference("the export", exported, ours, until=head),
            *await missed(self._stack),
        ]

    def counts(self) -> str:
        """Return how many events each has received."""
        return (
            f"{len(self._receiver.taken)} messages to the webhook, {len(self.iterated)} events to the iterator,"
            f" {len(self.published)} in the stream"
        )

    def _export(self) -> list[int]:
        os.environ["UPWELL_DATABASE_URL"] = self._stack.database.url
        with contextlib.redirect_stdout(io.StringIO()):
            export(self._folder, Export(form="jsonl", after=0, types=()))
        return sorted(
            int(msgspec.json.decode(line)["id"])
            for path in self._folder.glob("date=*/*.jsonl")
            for line in path.read_bytes().splitlines()
        )


@asynccontextmanager
async def subscribers(running: Stack, tenant: Tenant, cluster: Cluster) -> AsyncIterator[Subscribers]:
    """Subscribe while inside: start the relay, and call `listen` once the service is ready."""
    async with receiving(Receiver()) as receiver:
        made = Subscribers(running, tenant, receiver, running.folder / "export")
        made.tasks = [asyncio.create_task(made.iterate()), asyncio.create_task(made.consume(cluster.servers[0]))]
        try:
            yield made
        finally:
            for task in made.tasks:
                task.cancel()
            await asyncio.gather(*made.tasks, return_exceptions=True)


async def _caught_up(
    connection: Connection, following: Subscribers, running: Stack, *, at_end: bool
) -> tuple[int, list[str]]:
    """Wait until the log stops growing and all have reached its end; return the end, and those that have not.

    However slow the machine is, something has to go on.
    """
    moved_at = time.monotonic()
    before: object = None
    head, since = -1, time.monotonic()
    behind: Sequence[str] = READERS
    while time.monotonic() - moved_at < STANDSTILL_SECONDS:
        await asyncio.to_thread(running.revive)
        now = await connection.fetchval("SELECT position FROM upwell.log_head")
        if now != head:
            head, since = now, time.monotonic()
        positions = dict(await connection.fetch("SELECT name, position FROM upwell.subscriptions"))
        waiting = at_end and await connection.fetchval(
            "SELECT (SELECT count(*) FROM upwell.webhook_batches)"
            " + (SELECT count(*) FROM upwell.webhook_deliveries WHERE status = 'pending')"
        )
        state = (head, positions, waiting, len(following.published))
        if state != before:
            before, moved_at = state, time.monotonic()
        behind = [name for name in READERS if positions.get(name) != head]
        arrived = max(following.published, default=0) == head
        if not behind and not waiting and arrived and time.monotonic() - since > STILL_SECONDS:
            return head, []
        await asyncio.sleep(0.05)
    return head, [
        f"{name} has not come to the end of the log, {head}" for name in behind or ["the webhook or the stream"]
    ]


def _difference(name: str, received: Sequence[int], logged: Sequence[int], *, until: int) -> list[str]:
    """Return what is wrong with the received events. Up to `until` nothing may be missing."""
    missing = sorted({position for position in logged if position <= until} - {*received})
    foreign = sorted({*received} - {*logged})
    twice = len(received) - len({*received})
    in_order = list(received) == sorted(received)
    if in_order and not (missing or foreign or twice):
        return []
    order = "in order" if in_order else "out of order"
    difference = (
        f"{name} received {len(received)} events, and the log has {len(logged)}: {len(missing)} are missing"
        f" {missing[:10]}, {len(foreign)} are not its own {foreign[:10]}, {twice} came twice, {order}"
    )
    return [difference]
