"""Delivering events to webhooks: at least once, in order for each stream, and without mutual delays.

A projection queues the deliveries; any number of workers send them under leases. A failing webhook gets one message at
a time, with pauses, so it costs the others almost nothing. Appends have priority: a worker rests between leases, so
that it takes many deliveries at once instead of all CPUs.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Any, ClassVar, Final, Protocol, cast

import msgspec

from application.events.subscribing import Recorded
from application.handling import Loaded, Proposal, handle, never
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog, LogUnavailableError, Notification, VersionConflictError
from application.ports.webhooks.webhook_deliveries import (
    Attempt,
    DeliveryRecord,
    DeliveryStatus,
    Ended,
    NewDelivery,
    WebhookDeliveries,
)
from application.ports.webhooks.webhook_endpoints import WebhookEndpoint, WebhookEndpoints
from application.ports.webhooks.webhook_reads import WebhookReads, WebhookRecord
from application.ports.webhooks.webhook_sender import PostResult, WebhookSender
from application.rules import Rules
from domain.events.cloud_events import CloudEvent, envelope, origin_of
from domain.events.event import Origin, topic_of
from domain.events.registry import decode
from domain.webhooks.published_events import PING, for_webhooks, tags_wanted
from domain.webhooks.standard_webhooks import GIVE_UP_AFTER, pause_after, rest_after, webhook_headers
from domain.webhooks.webhook import (
    WEBHOOK,
    DisabledReason,
    DisableWebhook,
    LiveWebhook,
    Webhook,
    WebhookEvent,
    WebhookSettings,
)

ACTOR: Final = "system:webhooks"
SUBSCRIPTION: Final = "webhooks"
LEASE: Final = timedelta(seconds=60)  # longer than any attempt
CONCURRENCY: Final = 256
OF_EACH: Final = 16
IDLE_SECONDS: Final = 1.0
REST_SECONDS: Final = 0.025
_TIDY_SECONDS: Final = 600.0
_DROPPED_AT_ONCE: Final = 1000
_ORPHANED: Final = timedelta(hours=1)
_LONG: Final = GIVE_UP_AFTER - timedelta(hours=12)  # the tolerance of the last pause
_GONE: Final = 410
_DENIED: Final = "The API key of the webhook may no longer read this event."
_TAKEN: Final = range(200, 300)


class DeliveryWatch(Protocol):
    """Observes attempts, for metrics and traces."""

    def attempting(self, delivery: DeliveryRecord, command_id: str) -> AbstractContextManager[Mapping[str, str]]:
        """Return the context of an attempt for an event of this command; yields headers to send."""
        ...

    def attempted(self, attempt: Attempt) -> None:
        """Observe the result, within the context."""
        ...


class _Matter(msgspec.Struct, frozen=True):
    """The inputs of deliveries: the enabled webhooks, and the events by position."""

    webhooks: Mapping[str, WebhookRecord]
    endpoints: Mapping[str, WebhookEndpoint]
    events: Mapping[int, Notification]


class _Unwatched:
    def attempting(self, delivery: DeliveryRecord, command_id: str) -> AbstractContextManager[Mapping[str, str]]:  # noqa: ARG002  # a no-op
        return nullcontext({})

    def attempted(self, attempt: Attempt) -> None:
        pass


class Listening(msgspec.Struct, frozen=True):
    """The tags of a webhook from each of these positions on. They depend only on the log."""

    webhook: WebhookRecord
    since: Sequence[int]
    tags: Sequence[frozenset[str]]

    def wants(self, position: int, topic: str) -> bool:
        """Return whether the webhook gets an event; not if it is older than the webhook."""
        return position > self.since[0] and topic in self.tags[bisect_right(self.since, position) - 1]


async def listening(
    log: EventLog, read_side: WebhookReads, organization_ids: Collection[str] | None, *, after: int
) -> list[Listening]:
    """Return the tags of the webhooks of these organizations, or of all, after a position."""
    found = []
    for webhook, changed_at in await read_side.changed_webhooks(organization_ids):
        if changed_at <= after:
            found.append(Listening(webhook, [webhook.position], [_tags(webhook.settings)]))
            continue
        state = WEBHOOK.initial
        since, tags = [], []
        for stored in await log.read_stream(webhook.webhook_id):
            state = WEBHOOK.evolve(state, cast("WebhookEvent", decode(stored.state)))
            since.append(stored.id)
            tags.append(_tags(state.settings) if isinstance(state, LiveWebhook) else frozenset())
        found.append(Listening(webhook, since, tags))
    return found


def _tags(settings: WebhookSettings) -> frozenset[str]:
    return tags_wanted(settings.event_types) if settings.is_active else frozenset()


class QueueingDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Implements `Projection`: a webhook gets the events that it listened to when they happened."""

    name: ClassVar[str] = SUBSCRIPTION
    topics: ClassVar[frozenset[str] | None] = None

    log: EventLog
    read_side: WebhookReads
    deliveries: WebhookDeliveries[Any]
    clock: Clock

    async def project(self, transaction: Any, events: Sequence[Recorded]) -> None:  # noqa: ANN401  # the adapter's own
        """Queue the deliveries of these events."""
        organization_ids = {each.event.origin.organization_id for each in events}
        webhooks: dict[str, list[Listening]] = {}
        for each in await listening(self.log, self.read_side, organization_ids, after=events[0].position - 1):
            webhooks.setdefault(each.webhook.organization_id, []).append(each)
        found = [
            NewDelivery(
                webhook_id=each.webhook.webhook_id,
                position=recorded.position,
                organization_id=each.webhook.organization_id,
                stream_id=recorded.stream_id,
                topic=topic_of(recorded.event),
            )
            for recorded in events
            for each in webhooks.get(recorded.event.origin.organization_id, ())
            if each.wants(recorded.position, topic_of(recorded.event))
        ]
        if found:
            await self.deliveries.add(transaction, found, now=self.clock.now())


class DeliveringWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """Sends due deliveries. `report` is called with internal errors, which are retried."""

    log: EventLog
    read_side: WebhookReads
    endpoints: WebhookEndpoints
    deliveries: WebhookDeliveries[Any]
    sender: WebhookSender
    clock: Clock
    ids: Ids
    report: Callable[[DeliveryRecord, BaseException], None]
    rules: Rules = Rules()
    watch: DeliveryWatch = _Unwatched()

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver until `stopping` is set, then release the deliveries in progress."""
        under_way: set[asyncio.Task[Ended | None]] = set()
        ended: list[Ended] = []
        stop = asyncio.create_task(stopping.wait())
        tidying = asyncio.create_task(self._tidy())
        try:
            while not stopping.is_set():
                with suppress(LogUnavailableError):
                    await self._end(ended)
                    ended = []
                    under_way |= await self._begin(CONCURRENCY - len(under_way))
                await asyncio.wait({stop, *under_way}, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({stop}, timeout=REST_SECONDS)
                done = {task for task in under_way if task.done()}
                under_way -= done
                ended += _ended(done)
        finally:
            await asyncio.sleep(0)  # otherwise a leased delivery that has not begun could not release its lease
            for task in (stop, tidying, *under_way):
                task.cancel()
            await asyncio.gather(stop, tidying, *under_way, return_exceptions=True)
            with suppress(LogUnavailableError):
                await self._end(ended + _ended(under_way))

    async def deliver_due(self) -> int:
        """Send the deliveries that are due now, and return their number."""
        begun = await self._begin(CONCURRENCY)
        await asyncio.gather(*begun)
        await self._end(_ended(begun))
        return len(begun)

    async def tidy(self) -> None:
        """Remove old deliveries, and the data of deleted webhooks."""
        now = self.clock.now()
        while await self.deliveries.drop(now=now, kept=self.rules.deliveries_kept, limit=_DROPPED_AT_ONCE):
            pass
        await self.endpoints.drop(now=now, kept=_ORPHANED)

    async def ping(self, webhook: WebhookRecord) -> Attempt:
        """Send a test message at once, and return the result. Nothing is stored."""
        endpoint = await self.endpoints.endpoint(webhook.webhook_id)
        now = self.clock.now()
        message_id = self.ids.new("msg_")
        body = msgspec.json.encode(
            CloudEvent(
                specversion="1.0",
                id=message_id,
                source=f"urn:upwell:{webhook.organization_id}",
                type=PING,
                subject=webhook.webhook_id,
                time=now,
                datacontenttype="application/json",
                actorid=ACTOR,
                data=msgspec.Raw(b"{}"),
            )
        )
        return await self._send(webhook, endpoint, message_id, body, {})

    async def _begin(self, limit: int) -> set[asyncio.Task[Ended | None]]:
        """Lease up to `limit` due deliveries, and begin to send them."""
        if limit <= 0:
            return set()
        now = self.clock.now()
        due = await self.deliveries.lease(
            now=now, leased_until=now + LEASE, token=self.ids.new("lease_"), limit=limit, of_each=OF_EACH
        )
        if not due:
            return set()
        matter = await self._matter(due)
        return {asyncio.create_task(self._deliver(each, matter)) for each in due}

    async def _matter(self, due: Sequence[DeliveryRecord]) -> _Matter:
        webhook_ids = {each.webhook_id for each in due}
        webhooks = await self.read_side.listening_webhooks({each.organization_id for each in due})
        endpoints = await self.endpoints.endpoints(webhook_ids)
        events = await self.log.read_at({each.position for each in due})
        return _Matter(
            webhooks={each.webhook_id: each for each in webhooks},
            endpoints={each.webhook_id: each for each in endpoints},
            events={each.id: each for each in events},
        )

    async def _end(self, ended: Sequence[Ended]) -> None:
        if ended:
            await self.deliveries.end(ended)

    async def _deliver(self, delivery: DeliveryRecord, matter: _Matter) -> Ended | None:
        """Make an attempt. None: there was no attempt, or it is repeated after the lease."""
        try:
            return await self._attempt(delivery, matter)
        except asyncio.CancelledError:
            with suppress(LogUnavailableError):
                await self.deliveries.give_back(delivery)
            raise
        except Exception as error:  # noqa: BLE001  # a failing delivery must not stop the others; its lease expires
            self.report(delivery, error)
            return None

    async def _attempt(self, delivery: DeliveryRecord, matter: _Matter) -> Ended | None:
        webhook = matter.webhooks.get(delivery.webhook_id)
        if webhook is None:  # it was disabled or deleted at this moment
            await self.deliveries.give_back(delivery)
            return None
        now = self.clock.now()
        if delivery.topic not in webhook.tells(now):
            denied = Attempt(at=now, seconds=0.0, error=_DENIED)
            return Ended(delivery=delivery, attempt=denied, status=DeliveryStatus.FAILED, next_at=now)
        endpoint = matter.endpoints.get(delivery.webhook_id)
        body, command_id = _message(delivery, matter.events[delivery.position])
        with self.watch.attempting(delivery, command_id) as headers:
            attempt = await self._send(webhook, endpoint, message_id_of(delivery), body, headers)
            self.watch.attempted(attempt)
        now = self.clock.now()
        if attempt.status_code in _TAKEN:
            if endpoint is not None and endpoint.failures:
                await self.endpoints.answered(delivery.webhook_id)
            return Ended(delivery=delivery, attempt=attempt, status=DeliveryStatus.DELIVERED, next_at=now)
        next_at = now + pause_after(delivery.attempts, message_id_of(delivery))
        gone = attempt.status_code == _GONE
        given_up = gone or next_at > (delivery.first_at or now) + GIVE_UP_AFTER
        status = DeliveryStatus.FAILED if given_up else DeliveryStatus.PENDING
        failures = 0 if endpoint is None else endpoint.failures
        await self.endpoints.failed(
            delivery.webhook_id, now=now, resting_until=now + rest_after(failures + 1, delivery.webhook_id)
        )
        failing = now - (endpoint.failing_since or now) if endpoint is not None else timedelta(0)
        if gone:
            await self._disable(webhook, DisabledReason.GONE)
        elif failing >= GIVE_UP_AFTER or (given_up and failing >= _LONG):
            await self._disable(webhook, DisabledReason.FAILING)
        return Ended(delivery=delivery, attempt=attempt, status=status, next_at=next_at)

    async def _send(
        self,
        webhook: WebhookRecord,
        endpoint: WebhookEndpoint | None,
        message_id: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Attempt:
        now = self.clock.now()
        begun = asyncio.get_running_loop().time()
        if endpoint is None:
            answer = PostResult(error="The webhook no longer has a secret.")
        elif not endpoint.secrets:
            answer = PostResult(
                error="The webhook's secret can no longer be decrypted: rotate it, and set the headers again."
            )
        else:
            secrets = [each.value for each in endpoint.secrets if each.until is None or each.until > now]
            answer = await self.sender.post(
                webhook.settings.url,
                body,
                headers={**headers, **endpoint.headers, **webhook_headers(message_id, now, body, secrets)},
                seconds=webhook.settings.timeout_seconds,
            )
        return Attempt(
            at=now,
            seconds=round(asyncio.get_running_loop().time() - begun, 3),
            status_code=answer.status_code,
            error=answer.error,
        )

    async def _disable(self, webhook: WebhookRecord, reason: DisabledReason) -> None:
        """Disable a webhook, which the feed and the audit log record; a concurrent change wins."""

        async def disable(found: Loaded[WebhookEvent, Webhook]) -> Proposal[WebhookEvent] | None:
            if not isinstance(found.state, LiveWebhook) or found.state.settings != webhook.settings:
                return None
            origin = Origin(
                organization_id=webhook.organization_id,
                actor_id=ACTOR,
                command_id=new_command_id(self.ids),
                at=self.clock.now(),
            )
            events = WEBHOOK.decide(DisableWebhook(origin=origin, reason=reason), found.state)
            return Proposal(origin=origin, events=events)

        with suppress(VersionConflictError):
            await handle(self.log, WEBHOOK, webhook.webhook_id, disable, learn=never)

    async def _tidy(self) -> None:
        while True:
            with suppress(LogUnavailableError):
                await self.tidy()
            await asyncio.sleep(_TIDY_SECONDS)


def _ended(tasks: Iterable["asyncio.Task[Ended | None]"]) -> list[Ended]:
    """Return the results of the finished tasks."""
    results = [task.result() for task in tasks if not task.cancelled()]
    return [each for each in results if each is not None]


def _message(delivery: DeliveryRecord, stored: Notification) -> tuple[bytes, str]:
    """Return the message and the id of its command: the current event in the log, which may be redacted."""
    origin = origin_of(stored.state)
    assert origin is not None  # noqa: S101  # only events of Upwell are queued
    event = for_webhooks(envelope(delivery.position, stored.originator_id, stored.topic, stored.state, origin))
    return msgspec.json.encode(event), origin.command_id


def message_id_of(delivery: DeliveryRecord) -> str:
    """Return the id of a message, the same for every attempt."""
    return f"msg_{delivery.webhook_id.removeprefix('wh_')}_{delivery.position}"
