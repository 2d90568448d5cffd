"""Webhooks over the log in memory: which messages are sent, when, how often, and what ends them."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.memory.webhooks.webhook_deliveries import MemoryWebhookDeliveries
from adapters.memory.webhooks.webhook_endpoints import MemoryWebhookEndpoints
from adapters.memory.webhooks.webhook_sender import MemoryWebhookSender
from application.events.subscribing import Recorded
from application.idempotency import SeededIds
from application.keys.callers import Caller
from application.keys.issuing_upload_tokens import TokenWish
from application.keys.managing import KeyChange, KeyWish
from application.ports.events.event_log import LogUnavailableError
from application.ports.webhooks.webhook_deliveries import DeliveryRecord, DeliveryStatus, Ended
from application.ports.webhooks.webhook_reads import WebhookRecord
from application.ports.webhooks.webhook_sender import PostResult
from application.rules import Rules
from application.webhooks import delivering as delivering_webhooks
from application.webhooks.delivering import DeliveringWebhooks, QueueingDeliveries
from application.webhooks.managing import MAX_WEBHOOKS, ManagingWebhooks
from domain.events.registry import decode
from domain.keys.api_key import KeyStatus, Permission
from domain.namespaces.namespace import MASK
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from domain.webhooks.webhook import DisabledReason, StoppedReason, WebhookSettings
from tests.unit.application.world import Client, World

URL = "https://hooks.example.invalid/"
GONE = 410
BROKEN = 503
SOON = 10.0


@dataclass
class Office:
    """The use cases of webhooks, with their deliveries. `status`: the answer of receivers; None: no answer."""

    world: World
    status: int | None = 200
    by_url: dict[str, int] = field(default_factory=dict)
    delivered: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = self.world
        self.endpoints = MemoryWebhookEndpoints(world.log)
        self.deliveries = MemoryWebhookDeliveries(world.log, self.endpoints)
        self.sender = MemoryWebhookSender(self._receive)
        self.problems: list[BaseException] = []
        self._queued = 0
        self.managing = ManagingWebhooks(
            log=world.log,
            read_side=world.read_side,
            endpoints=self.endpoints,
            sender=self.sender,
            clock=world.clock,
            ids=world.ids,
        )
        self._queue = QueueingDeliveries(
            log=world.log, read_side=world.read_side, deliveries=self.deliveries, clock=world.clock
        )
        self.delivering = DeliveringWebhooks(
            log=world.log,
            read_side=world.read_side,
            endpoints=self.endpoints,
            deliveries=self.deliveries,
            sender=self.sender,
            clock=world.clock,
            ids=world.ids,
            report=lambda _, error: self.problems.append(error),
        )

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        self.delivered.append((url, json.loads(body)))
        self.headers.append(headers)
        self.bodies.append(body)
        status = self.by_url.get(url, self.status)
        return PostResult(error="No server is there.") if status is None else PostResult(status_code=status)

    @property
    def types(self) -> list[str]:
        return [message["type"] for _, message in self.delivered]

    async def make(self, client: Client, *types: str, name: str = "warehouse", **others: Any) -> WebhookRecord:  # noqa: ANN401  # of any field
        settings = WebhookSettings(name=name, url=others.pop("url", URL), event_types=types or ("upload.*",), **others)
        return (await self.managing.create(client.caller, settings, {}))[0]

    async def queue(self) -> None:
        """Record the deliveries of the events since the last time."""
        page = await self.world.log.read_feed(after=self._queued, limit=10_000)
        if page:
            events = [
                Recorded(
                    position=each.id,
                    stream_id=each.originator_id,
                    version=each.originator_version,
                    event=decode(each.state),
                )
                for each in page
            ]
            await self._queue.project(None, events)
            self._queued = page[-1].id

    async def deliver(self) -> None:
        """Deliver everything that is due now."""
        await self.queue()
        while await self.delivering.deliver_due():
            pass

    async def wait(self, how: timedelta, step: timedelta = timedelta(minutes=10)) -> None:
        """Let time pass, and send the deliveries that become due."""
        end = self.world.clock.now() + how
        while self.world.clock.now() < end:
            self.world.clock.advance(step)
            await self.deliver()

    async def of(self, webhook: WebhookRecord) -> list[DeliveryRecord]:
        """Return its deliveries, the oldest first."""
        found = await self.deliveries.deliveries(
            webhook.organization_id, webhook.webhook_id, before=10**9, status=None, limit=1000
        )
        return list(reversed(found))

    async def again(self, webhook: WebhookRecord) -> WebhookRecord:
        return await self.managing.named(webhook.organization_id, webhook.webhook_id)


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Verify as a receiver does."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, each) for each in headers["webhook-signature"].split(" "))


async def test_an_upload_is_delivered_in_order_from_its_request_to_its_end(office: Office, client: Client) -> None:
    await office.make(client)
    answer = await client.request()
    client.put(answer)
    await client.confirm(answer)

    await office.deliver()

    assert office.types == [
        "upload.requested",
        "upload.verification_began",
        "upload.verified",
        "upload.completed",
    ]
    _, first = office.delivered[0]
    assert first["subject"] == answer.record.upload_id
    assert first["data"]["request"]["filename"] == "clip.mp4"
    assert first["source"] == f"urn:upwell:{client.caller.organization.organization_id}"
    assert len({headers["webhook-id"] for headers in office.headers}) == len(office.headers)


async def test_messages_are_signed_with_the_secret(office: Office, client: Client) -> None:
    settings = WebhookSettings(name="a", url=URL, event_types=("upload.*",))
    _, secret = await office.managing.create(client.caller, settings, {"Authorization": "Bearer x"})
    await client.request()

    await office.deliver()

    assert is_signed(office.bodies[0], office.headers[0], secret)
    assert not is_signed(office.bodies[0] + b" ", office.headers[0], secret)
    assert office.headers[0]["Authorization"] == "Bearer x"
    assert office.headers[0]["webhook-timestamp"] == str(int(office.world.clock.now().timestamp()))


async def test_after_a_rotation_both_secrets_sign_and_later_only_the_new_one(office: Office, client: Client) -> None:
    settings = WebhookSettings(name="a", url=URL, event_types=("upload.*",))
    webhook, old = await office.managing.create(client.caller, settings, {})
    record, new = await office.managing.rotate(client.caller, "a", overlap=timedelta(hours=1))
    assert (record.webhook_id, old == new) == (webhook.webhook_id, False)
    await client.request()
    await office.deliver()
    assert [is_signed(office.bodies[0], office.headers[0], each) for each in (old, new)] == [True, True]

    office.world.clock.advance(timedelta(hours=1))
    await client.request()
    await office.deliver()

    assert [is_signed(office.bodies[1], office.headers[1], each) for each in (old, new)] == [False, True]
    assert await office.managing.again(webhook.organization_id, webhook.webhook_id) == (record, "")


async def test_no_secret_and_no_header_is_in_the_log(office: Office, client: Client) -> None:
    settings = WebhookSettings(name="a", url=URL, event_types=("upload.*",))
    _, secret = await office.managing.create(client.caller, settings, {"X-Token": "keep-me-hidden"})
    _, other = await office.managing.rotate(client.caller, "a")
    whole = b"".join([each.state for each in await office.world.log.read_feed(after=0, limit=1000)])

    assert b"X-Token" in whole
    assert not any(each.encode() in whole for each in (secret, other, "keep-me-hidden"))


async def test_earlier_events_and_other_types_are_not_delivered(office: Office, client: Client) -> None:
    await client.request()
    await office.make(client, "upload.canceled", "object.created")
    answer = await client.request()
    await office.deliver()
    assert office.types == []

    await client.cancel(answer)
    await office.deliver()
    assert office.types == ["upload.canceled"]


async def test_another_organizations_events_never_arrive(office: Office, world: World, client: Client) -> None:
    other = await world.tenant(name="Other")
    await office.make(client, url="https://one.example.invalid/")
    await office.make(other, url="https://other.example.invalid/")
    await client.request()
    answer = await other.request()
    await other.cancel(answer)

    await office.deliver()

    sources = {(url, message["source"]) for url, message in office.delivered}
    assert sources == {
        ("https://one.example.invalid/", f"urn:upwell:{client.caller.organization.organization_id}"),
        ("https://other.example.invalid/", f"urn:upwell:{other.caller.organization.organization_id}"),
    }
    assert len(office.delivered) == 3


async def test_what_is_not_taken_comes_again_later_and_later_in_order(office: Office, client: Client) -> None:
    webhook = await office.make(client)
    office.status = None
    answer = await client.request()
    await client.cancel(answer)
    await office.deliver()
    assert office.types == ["upload.requested"]
    first, second = await office.of(webhook)
    assert (first.status, first.attempts, first.history[0].error) == (DeliveryStatus.PENDING, 1, "No server is there.")
    assert second.attempts == 0
    assert timedelta(seconds=4) <= first.next_at - office.world.clock.now() <= timedelta(seconds=6)

    await office.wait(timedelta(hours=3))
    count = len(office.delivered)
    assert 8 < count < 14
    assert set(office.types) == {"upload.requested"}
    office.status = 200
    await office.wait(timedelta(hours=6))

    assert office.types[count:] == ["upload.requested", "upload.canceled"]
    assert {headers["webhook-id"] for headers in office.headers[:count]} == {office.headers[count]["webhook-id"]}
    assert [each.status for each in await office.of(webhook)] == [DeliveryStatus.DELIVERED] * 2


async def test_after_three_days_of_failures_a_webhook_is_disabled_and_the_reason_recorded(
    office: Office, client: Client
) -> None:
    dead = await office.make(client, name="dead", url="https://dead.example.invalid/")
    admin = await key_of(client, "admin")
    await office.make(admin, "webhook.disabled", name="watch", url="https://watch.example.invalid/")
    office.by_url["https://dead.example.invalid/"] = BROKEN
    await client.request()

    await office.wait(timedelta(days=2))
    assert (await office.again(dead)).settings.is_active
    await office.wait(timedelta(days=2), timedelta(hours=1))

    off = await office.again(dead)
    assert (off.settings.is_active, off.disabled_reason) == (False, DisabledReason.FAILING)
    (failed,) = await office.of(dead)
    assert failed.status is DeliveryStatus.FAILED
    assert 18 <= failed.attempts <= 30
    url, message = office.delivered[-1]
    assert (url, message["type"]) == ("https://watch.example.invalid/", "webhook.disabled")
    assert message["data"]["reason"] == "failing"


async def test_a_failing_webhook_is_disabled_after_three_days_even_with_many_messages(
    office: Office, client: Client
) -> None:
    webhook = await office.make(client)
    office.status = BROKEN
    for _ in range(200):
        await client.request(size=1)

    await office.wait(timedelta(days=3), timedelta(hours=1))
    assert (await office.again(webhook)).settings.is_active
    await office.wait(timedelta(hours=2), timedelta(hours=1))

    assert (await office.again(webhook)).disabled_reason is DisabledReason.FAILING
    assert {each.status for each in await office.of(webhook)} == {DeliveryStatus.PENDING}


async def test_a_receiver_that_answers_410_is_disabled_immediately(office: Office, client: Client) -> None:
    webhook = await office.make(client)
    office.status = GONE
    answer = await client.request()
    await client.cancel(answer)

    await office.deliver()
    await office.wait(timedelta(hours=1))

    assert len(office.delivered) == 1
    assert (await office.again(webhook)).disabled_reason is DisabledReason.GONE
    assert sorted(each.status for each in await office.of(webhook)) == [DeliveryStatus.FAILED, DeliveryStatus.PENDING]


async def test_a_disabled_webhook_gets_its_pending_events_when_it_is_enabled(office: Office, client: Client) -> None:
    webhook = await office.make(client)
    office.status = GONE
    answer = await client.request()
    await client.cancel(answer)
    await office.deliver()
    office.status = 200
    await client.request()  # no listener
    await office.deliver()

    await office.managing.update(client.caller, webhook.webhook_id, webhook.settings, {})
    await office.deliver()

    assert office.types == ["upload.requested", "upload.canceled"]
    assert (await office.again(webhook)).disabled_reason is None


async def test_a_message_that_one_webhook_never_takes_does_not_switch_it_off_while_it_takes_others(
    office: Office, client: Client
) -> None:
    webhook = await office.make(client)
    poison = await client.request()
    receive: Callable[..., PostResult] = office._receive

    def picky(url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        answer = receive(url, body, headers)
        bad = json.loads(body)["subject"] == poison.record.upload_id
        return msgspec.structs.replace(answer, status_code=400) if bad else answer

    office.sender._receive = picky
    for _ in range(4):
        await office.wait(timedelta(days=1), timedelta(hours=1))
        await client.request()
        await office.deliver()
        await office.wait(timedelta(minutes=10), timedelta(minutes=5))

    first, *others = await office.of(webhook)
    assert first.status is DeliveryStatus.FAILED
    assert {each.status for each in others} == {DeliveryStatus.DELIVERED}
    assert (await office.again(webhook)).settings.is_active


async def test_a_dead_address_is_tried_rarely_even_with_many_messages(office: Office, client: Client) -> None:
    await office.make(client, name="dead", url="https://dead.example.invalid/")
    await office.make(client, name="live", url="https://live.example.invalid/")
    office.by_url["https://dead.example.invalid/"] = BROKEN
    for _ in range(50):
        await client.request(size=1)
    await office.queue()
    await office.wait(timedelta(hours=1), timedelta(seconds=10))

    urls = [url for url, _ in office.delivered]
    assert urls.count("https://live.example.invalid/") == 50
    assert urls.count("https://dead.example.invalid/") < 50


async def test_a_deleted_webhook_gets_no_messages_and_leaves_no_rows(office: Office, client: Client) -> None:
    webhook = await office.make(client)
    await client.request()
    await office.queue()
    await office.managing.delete(client.caller, "warehouse")

    await office.deliver()
    office.world.clock.advance(timedelta(hours=2))
    await office.delivering.tidy()

    assert office.delivered == []
    assert await office.of(webhook) == []
    assert await office.endpoints.endpoint(webhook.webhook_id) is None
    with pytest.raises(NotFoundError):
        await office.managing.delete(client.caller, "warehouse")
    await office.make(client)  # its name is free


async def test_old_messages_are_removed(office: Office, client: Client) -> None:
    webhook = await office.make(client)
    await client.request()
    await office.deliver()
    office.world.clock.advance(Rules().deliveries_kept)
    await office.delivering.tidy()
    assert len(await office.of(webhook)) == 1
    office.world.clock.advance(timedelta(seconds=1))
    await office.delivering.tidy()
    assert await office.of(webhook) == []


async def test_erased_data_is_no_longer_delivered(office: Office, world: World, client: Client) -> None:
    await office.make(client, "upload.requested")
    answer = await client.request()
    await office.queue()
    await client.cancel(answer)
    await world.forget(answer.record.upload_id, actor_id="system:operator")

    await office.deliver()

    ((_, message),) = office.delivered
    assert message["data"]["request"]["filename"] is None


async def test_a_ping_is_sent_at_once_and_signed(office: Office, client: Client) -> None:
    settings = WebhookSettings(name="a", url=URL, event_types=("upload.*",), is_active=False)
    webhook, secret = await office.managing.create(client.caller, settings, {})

    attempt = await office.delivering.ping(webhook)

    assert (attempt.status_code, attempt.error, attempt.at) == (200, None, office.world.clock.now())
    assert office.types == ["webhook.ping"]
    assert is_signed(office.bodies[0], office.headers[0], secret)
    assert await office.of(webhook) == []


async def test_a_name_is_given_once(office: Office, client: Client) -> None:
    first = await office.make(client, name="a")
    await office.make(client, name="b")
    with pytest.raises(WrongStateError) as taken:
        await office.make(client, name="a")
    assert taken.value.details == {"webhook_id": first.webhook_id}
    renamed = msgspec.structs.replace(first.settings, name="b")
    with pytest.raises(WrongStateError):
        await office.managing.update(client.caller, "a", renamed, {})


async def test_there_are_so_many_and_no_more(office: Office, client: Client) -> None:
    for number in range(MAX_WEBHOOKS):
        await office.make(client, name=f"n{number}")
    with pytest.raises(WrongStateError) as refused:
        await office.make(client, name="one more")
    assert refused.value.code == "too_many_webhooks"


async def test_a_webhook_whose_secret_is_lost_gets_no_messages_until_it_has_another(
    office: Office, client: Client
) -> None:
    webhook = await office.make(client)
    kept = office.endpoints.rows[webhook.webhook_id]
    office.endpoints.rows[webhook.webhook_id] = msgspec.structs.replace(kept, secrets=(), headers={})
    await client.request()
    await office.deliver()
    assert office.delivered == []
    (waiting,) = await office.of(webhook)
    assert (waiting.status, waiting.history[0].error) == (
        DeliveryStatus.PENDING,
        "The webhook's secret can no longer be decrypted: rotate it, and set the headers again.",
    )

    _, secret = await office.managing.rotate(client.caller, webhook.webhook_id)
    await office.wait(timedelta(minutes=10))
    assert is_signed(office.bodies[0], office.headers[0], secret)


async def test_a_masked_header_keeps_its_value_and_others_are_replaced(office: Office, client: Client) -> None:
    settings = WebhookSettings(name="a", url=URL, event_types=("upload.*",))
    webhook, _ = await office.managing.create(client.caller, settings, {"X-A": "1", "X-B": "2"})

    changed = await office.managing.update(client.caller, "a", settings, {"X-A": MASK, "X-C": "3"})

    assert changed.settings.header_names == ("X-A", "X-C")
    kept = await office.endpoints.endpoint(webhook.webhook_id)
    assert kept is not None
    assert kept.headers == {"X-A": "1", "X-C": "3"}


async def test_what_leads_into_a_private_network_is_refused_and_nothing_is_made(office: Office, client: Client) -> None:
    office.sender.refused.add("http://10.0.0.1/")
    with pytest.raises(InvalidInputError) as refused:
        await office.make(client, url="http://10.0.0.1/")
    assert refused.value.code == "target_not_allowed"
    assert await office.world.read_side.webhooks(client.caller.organization.organization_id) == []


async def test_what_goes_wrong_on_our_side_is_reported_and_comes_again(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await office.make(client)
    await client.request()
    await office.queue()

    async def broken(*_: object, **__: object) -> PostResult:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(office.sender, "post", broken)
        await office.deliver()
    assert [type(each) for each in office.problems] == [ZeroDivisionError]

    await office.wait(timedelta(minutes=2), timedelta(minutes=1))
    assert [each.status for each in await office.of(webhook)] == [DeliveryStatus.DELIVERED]


async def test_deliveries_that_were_sent_without_the_log_are_recorded_when_it_is_back_and_not_repeated(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering_webhooks, "IDLE_SECONDS", 0.01)
    webhook = await office.make(client)
    await client.request()
    await office.queue()
    recorded, failures, stopping = asyncio.Event(), [LogUnavailableError(), LogUnavailableError()], asyncio.Event()
    end = office.deliveries.end

    async def sometimes(ended: Sequence[Ended]) -> None:
        if failures:
            raise failures.pop()
        await end(ended)
        recorded.set()

    monkeypatch.setattr(office.deliveries, "end", sometimes)
    running = asyncio.create_task(office.delivering.run(stopping))
    async with asyncio.timeout(SOON):
        await recorded.wait()
        stopping.set()
        await running
    assert [each.status for each in await office.of(webhook)] == [DeliveryStatus.DELIVERED]
    assert office.types == ["upload.requested"]
    assert failures == office.problems == []


async def test_what_was_taken_is_recorded_before_a_worker_stops(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering_webhooks, "REST_SECONDS", 60.0)
    webhook = await office.make(client)
    await client.request()
    await office.queue()
    stopping = asyncio.Event()
    running = asyncio.create_task(office.delivering.run(stopping))
    async with asyncio.timeout(SOON):
        while not office.delivered:
            await asyncio.sleep(0)
        stopping.set()
        await running
    assert [each.status for each in await office.of(webhook)] == [DeliveryStatus.DELIVERED]


async def test_the_log_alone_decides_the_messages_of_a_webhook_however_late_it_is_read(
    office: Office, client: Client
) -> None:
    webhook = await office.make(client, "upload.requested")
    await client.request()  # delivered
    other = WebhookSettings(name="warehouse", url=URL, event_types=("upload.canceled",))
    await office.managing.update(client.caller, webhook.webhook_id, other, {})
    await client.request()  # not delivered: it listens to other types now
    off = msgspec.structs.replace(other, event_types=("upload.*",), is_active=False)
    await office.managing.update(client.caller, webhook.webhook_id, off, {})
    await client.request()  # not delivered: it is disabled
    on = msgspec.structs.replace(off, is_active=True)
    await office.managing.update(client.caller, webhook.webhook_id, on, {})
    await client.request()  # delivered
    wanted = [
        each.id
        for each in await office.world.log.read_feed(after=webhook.position, limit=100)
        if each.topic == "upload.requested.v1"
    ]
    await office.queue()
    assert [each.position for each in await office.of(webhook)] == [wanted[0], wanted[3]]


async def key_of(client: Client, name: str, *permissions: Permission, **others: Any) -> Client:  # noqa: ANN401  # fields of a wish
    """Return the holder of another key of the organization."""
    wish = KeyWish(name=name, user_id="usr_1", permissions=permissions or tuple(Permission), **others)
    record, secret = await client.world.keys.create(
        client.caller.organization.organization_id, wish, actor_id="system:operator"
    )
    holder = Client(client.world, Caller(key=record, organization=client.caller.organization), secret, client.namespace)
    holder.bucket = client.bucket
    return holder


def everywhere(client: Client, *operations: str) -> dict[str, Any]:
    organization_id = client.caller.organization.organization_id
    return {"resource_type": "organization", "resource_id": organization_id, "operations": list(operations)}


async def change_key(client: Client, name: str, **changed: Any) -> None:  # noqa: ANN401  # fields of a change
    root = await key_of(client, f"root of {name} {len(changed)}")
    await client.world.keys.change(
        root.caller.organization.organization_id,
        KeyChange(**changed),
        user_id="usr_1",
        name=name,
        actor_id=root.caller.key.key_id,
        by=root.caller.key,
    )


async def test_a_key_makes_no_webhook_for_what_it_may_not_read(office: Office, client: Client) -> None:
    for narrow in (
        await key_of(client, "manages", scopes=(everywhere(client, "manage_permissions"),)),
        await key_of(client, "elsewhere", scopes=({"resource_type": "bucket", "resource_id": "clips"},)),
        await key_of(client, "writes", Permission.WRITE),
    ):
        with pytest.raises(ForbiddenError) as refused:
            await office.make(narrow, "upload.*", "collection.created")
        assert (refused.value.code, refused.value.details) == ("permission_denied", {"event_types": ["upload.*"]})
    reader = await key_of(client, "reads", Permission.READ)
    with pytest.raises(ForbiddenError) as refused:
        await office.make(reader, "upload.completed", "api_key.*")
    assert refused.value.details == {"event_types": ["api_key.*"]}
    assert office.endpoints.rows == {}


async def test_a_webhook_gets_only_events_that_its_key_may_read(office: Office, client: Client) -> None:
    reader = await key_of(client, "reads", Permission.READ)
    await office.make(reader, "upload.*")
    wish = TokenWish(expires_in=timedelta(minutes=5))
    await client.world.issue_token(client.caller, client.namespace, client.bucket, wish)
    await client.request()

    await office.deliver()

    assert office.types == ["upload.requested"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": KeyStatus.REVOKED}, StoppedReason.KEY_REVOKED),
        ({"expires_at": timedelta(seconds=1)}, StoppedReason.KEY_EXPIRED),
        ({"permissions": (Permission.WRITE,)}, StoppedReason.KEY_DENIED),
        ({"scopes": ({"resource_type": "bucket", "resource_id": "clips"},)}, StoppedReason.KEY_DENIED),
    ],
    ids=["revoked", "expired", "permissions", "scopes"],
)
async def test_a_webhook_stops_with_its_key_also_for_what_waits(
    office: Office, client: Client, changed: dict[str, Any], reason: StoppedReason
) -> None:
    maker = await key_of(client, "maker")
    webhook = await office.make(maker, "upload.*")
    await client.request()
    await office.queue()
    now = office.world.clock.now()
    if isinstance(changed.get("expires_at"), timedelta):
        changed = {"expires_at": now + changed["expires_at"]}
    await change_key(client, "maker", **changed)
    now = office.world.clock.advance(timedelta(seconds=2))
    await client.request()

    await office.deliver()

    assert office.delivered == []
    assert (await office.again(webhook)).stopped(now) is reason
    for waited in await office.of(webhook):
        assert (waited.status, waited.history[0].status_code) == (DeliveryStatus.FAILED, None)
        assert "may no longer read" in (waited.history[0].error or "")


async def test_another_key_takes_a_webhook_over_by_replacing_it(office: Office, client: Client) -> None:
    maker, other = await key_of(client, "maker"), await key_of(client, "other")
    webhook = await office.make(maker, "upload.*")
    await change_key(client, "maker", status=KeyStatus.REVOKED)

    taken_over = await office.managing.update(other.caller, webhook.webhook_id, webhook.settings, {})
    await client.request()
    await office.deliver()

    assert (taken_over.key_id, taken_over.stopped(office.world.clock.now())) == (other.caller.key.key_id, None)
    assert office.types == ["upload.requested"]


async def test_a_key_with_fewer_permissions_cannot_redirect_a_webhook_of_another_key(
    office: Office, client: Client
) -> None:
    webhook = await office.make(await key_of(client, "maker"), "upload.*")
    manager = await key_of(client, "manages", scopes=(everywhere(client, "manage_permissions"),))
    elsewhere = msgspec.structs.replace(webhook.settings, url="https://thief.example.invalid/")

    with pytest.raises(ForbiddenError):
        await office.managing.update(manager.caller, webhook.webhook_id, elsewhere, {})
    assert await office.again(webhook) == webhook


async def test_a_repeated_request_never_shows_a_secret_again(office: Office, client: Client) -> None:
    settings = WebhookSettings(name="a", url=URL, event_types=("upload.*",))
    first, first_again, second, second_again = (SeededIds(each, office.world.ids) for each in "aabb")
    webhook, secret = await office.managing.create(client.caller, settings, {}, ids=first)
    assert await office.managing.create(client.caller, settings, {}, ids=first_again) == (webhook, "")
    rotated, other = await office.managing.rotate(client.caller, "a", ids=second)
    assert await office.managing.rotate(client.caller, "a", ids=second_again) == (rotated, "")
    assert secret != other
    kept = await office.endpoints.endpoint(webhook.webhook_id)
    assert kept is not None
    assert [each.value for each in kept.secrets] == [other, secret]
