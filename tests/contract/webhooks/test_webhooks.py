"""What `WebhookEndpoints`, `WebhookDeliveries` and the read side's webhooks promise, on every adapter."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.webhooks.webhooks import MemoryWebhookDeliveries, MemoryWebhookEndpoints
from adapters.postgres.database.connecting import Pool, open_pool
from adapters.postgres.webhooks.webhooks import PostgresWebhookDeliveries, PostgresWebhookEndpoints
from adapters.sealing import Sealer
from application.ports.objects.object_creation import ClaimTakenError
from application.ports.webhooks.webhook_reads import WebhookRecord
from application.ports.webhooks.webhooks import (
    KEPT_ATTEMPTS,
    Attempt,
    DeliveryRecord,
    DeliveryStatus,
    Ended,
    NewDelivery,
    Secret,
    WebhookDeliveries,
    WebhookEndpoint,
    WebhookEndpoints,
)
from domain.claims import Claim, webhook_name_claim
from domain.keys.api_key import ApiKeyRevoked, Permission
from domain.keys.token_secrets import TokenSecrets
from domain.webhooks.webhook import (
    DisabledReason,
    StoppedReason,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookSecretRotated,
    WebhookSettings,
    WebhookUpdated,
)
from tests.contract._log import Account, Kit, open_account

LASTS = timedelta(minutes=1)
PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Desk:
    """The ports of webhooks, and how to enter a transaction of theirs."""

    kit: Kit
    account: Account
    endpoints: WebhookEndpoints
    deliveries: WebhookDeliveries[Any]
    pool: Pool | None

    async def make(self, webhook_id: str, account: Account | None = None, **others: Any) -> None:  # noqa: ANN401  # of any field
        account = account or self.account
        facts = {"name": webhook_id, "url": "https://hooks.example.invalid/", "event_types": ("upload.*",), **others}
        created = WebhookCreated(origin=account.origin(), webhook_id=webhook_id, settings=WebhookSettings(**facts))
        await account.append(self.kit.log, webhook_id, 0, created)
        await self.endpoints.keep(endpoint(account, webhook_id))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        if self.pool is None:
            yield None
            return
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection

    async def add(self, *places: tuple[str, int, str], account: Account | None = None) -> None:
        account = account or self.account
        new = [
            NewDelivery(
                webhook_id=webhook_id,
                position=position,
                organization_id=account.organization_id,
                stream_id=stream_id,
                topic="upload.completed.v1",
            )
            for webhook_id, position, stream_id in places
        ]
        async with self.transaction() as transaction:
            await self.deliveries.add(transaction, new, now=self.account.clock.now())

    async def lease(self, by: str = "a", *, limit: int = 10, of_each: int = 10) -> Sequence[DeliveryRecord]:
        now = self.account.clock.now()
        return await self.deliveries.lease(now=now, leased_until=now + LASTS, token=by, limit=limit, of_each=of_each)

    async def end(self, delivery: DeliveryRecord, status: DeliveryStatus, code: int = 200) -> None:
        now = self.account.clock.now()
        attempt = Attempt(at=now, seconds=0.1, status_code=code)
        await self.deliveries.end([Ended(delivery=delivery, attempt=attempt, status=status, next_at=now + PAUSE)])

    async def all(self, webhook_id: str = "wh_1") -> Sequence[DeliveryRecord]:
        return await self.deliveries.deliveries(
            self.account.organization_id, webhook_id, before=1000, status=None, limit=100
        )


def endpoint(account: Account, webhook_id: str) -> WebhookEndpoint:
    return WebhookEndpoint(
        webhook_id=webhook_id,
        organization_id=account.organization_id,
        secrets=(Secret(value="whsec_b"), Secret(value="whsec_a", until=account.clock.now())),
        headers={"X-Team": "tides"},
        created_at=account.clock.now(),
    )


def places(found: Sequence[DeliveryRecord]) -> list[tuple[str, int]]:
    return sorted((each.webhook_id, each.position) for each in found)


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


async def test_the_read_side_follows_a_webhook_from_its_making_to_its_end(desk: Desk) -> None:
    log, account, read_side = desk.kit.log, desk.account, desk.kit.read_side
    organization_id = account.organization_id
    await desk.make("wh_1", name="warehouse", header_names=("X-Team",), timeout_seconds=2.5)
    made = await read_side.webhook(organization_id, "warehouse")
    assert made is not None
    assert made.settings.header_names == ("X-Team",)
    assert made.settings.timeout_seconds == 2.5
    assert await read_side.webhook(organization_id, "wh_1") == made

    at = account.clock.advance(timedelta(minutes=1))
    disabled = WebhookDisabled(origin=account.origin(), webhook_id="wh_1", reason=DisabledReason.FAILING)
    await account.append(log, "wh_1", 1, disabled)
    off = await read_side.webhook(organization_id, "wh_1")
    assert off is not None
    assert (off.settings, off.disabled_reason, off.updated_at) == (
        msgspec.structs.replace(made.settings, is_active=False),
        DisabledReason.FAILING,
        at,
    )
    assert await read_side.listening_webhooks([organization_id]) == []

    await account.append(log, "wh_1", 2, WebhookSecretRotated(origin=account.origin(), webhook_id="wh_1"))
    renamed = msgspec.structs.replace(made.settings, name="store")
    await account.append(log, "wh_1", 3, WebhookUpdated(origin=account.origin(), webhook_id="wh_1", settings=renamed))
    on = await read_side.webhook(organization_id, "store")
    assert on is not None
    assert (on.settings, on.disabled_reason, on.position) == (renamed, None, made.position)
    assert await read_side.listening_webhooks([organization_id]) == [on]
    assert await read_side.webhook(organization_id, "warehouse") is None

    await account.append(log, "wh_1", 4, WebhookDeleted(origin=account.origin(), webhook_id="wh_1"))
    assert await read_side.webhooks(organization_id) == []
    assert await read_side.claim_owner(webhook_name_claim(organization_id, "store")) is None


async def test_webhooks_are_listed_newest_first_and_for_their_organization(desk: Desk) -> None:
    other = await open_account(desk.kit.log, beside=desk.account, name="Other")
    await desk.make("wh_1")
    await desk.make("wh_2")
    await desk.make("wh_3", other)
    found = await desk.kit.read_side.webhooks(desk.account.organization_id)
    assert [each.webhook_id for each in found] == ["wh_2", "wh_1"]
    assert await desk.kit.read_side.webhook(desk.account.organization_id, "wh_3") is None
    changed = await desk.kit.read_side.changed_webhooks([other.organization_id])
    head = await desk.kit.log.head()
    assert [position for _, position in changed] == sorted(position for _, position in changed)
    assert all(webhook.position <= position <= head for webhook, position in changed)
    assert {webhook.organization_id for webhook, _ in changed} == {other.organization_id}
    assert len(await desk.kit.read_side.changed_webhooks(None)) > len(changed)
    listening = await desk.kit.read_side.listening_webhooks([other.organization_id])
    assert [each.webhook_id for each in listening] == ["wh_3"]


async def test_a_name_is_given_once(desk: Desk) -> None:
    await desk.make("wh_1", name="warehouse")
    created = WebhookCreated(
        origin=desk.account.origin(),
        webhook_id="wh_2",
        settings=WebhookSettings(name="warehouse", url="https://hooks.example.invalid/", event_types=("upload.*",)),
    )
    claim = Claim(scope=f"webhook:{desk.account.organization_id}", key="warehouse")
    with pytest.raises(ClaimTakenError):
        await desk.account.append(desk.kit.log, "wh_2", 0, created, free=(claim,))


async def test_a_webhook_comes_with_what_has_become_of_its_key(desk: Desk) -> None:
    await desk.make("wh_1")
    webhook = await found(desk)
    assert webhook.key_id == desk.account.key_id
    assert webhook.key is not None
    assert (webhook.key.permissions, webhook.key.revoked_at) == (tuple(Permission), None)

    revoked = ApiKeyRevoked(origin=desk.account.origin(), key_id=desk.account.key_id)
    await desk.account.tell_key(desk.kit.log, revoked, key_id=None)

    webhook = await found(desk)
    assert webhook.key is not None
    assert webhook.key.revoked_at == desk.account.clock.now()
    (listening,) = await desk.kit.read_side.listening_webhooks({desk.account.organization_id})
    (listed,) = await desk.kit.read_side.webhooks(desk.account.organization_id)
    assert listening == listed == webhook
    assert webhook.stopped(desk.account.clock.now()) is StoppedReason.KEY_REVOKED


async def found(desk: Desk) -> WebhookRecord:
    webhook = await desk.kit.read_side.webhook(desk.account.organization_id, "wh_1")
    assert webhook is not None
    return webhook


async def test_secrets_are_kept_and_replaced(desk: Desk) -> None:
    await desk.make("wh_1")
    kept = endpoint(desk.account, "wh_1")
    assert await desk.endpoints.endpoint("wh_1") == kept
    other = msgspec.structs.replace(kept, secrets=(Secret(value="whsec_c"),), headers={})
    await desk.endpoints.keep(other)
    assert await desk.endpoints.endpoint("wh_1") == other
    assert await desk.endpoints.endpoint("wh_2") is None


async def test_failures_are_counted_until_it_answers(desk: Desk) -> None:
    await desk.make("wh_1")
    begun = desk.account.clock.now()
    await desk.endpoints.failed("wh_1", now=begun, resting_until=begun + PAUSE)
    later = desk.account.clock.advance(LASTS)
    await desk.endpoints.failed("wh_1", now=later, resting_until=later)
    found = await desk.endpoints.endpoint("wh_1")
    assert found is not None
    assert (found.failures, found.failing_since, found.resting_until) == (2, begun, begun + PAUSE)
    await desk.endpoints.answered("wh_1")
    assert await desk.endpoints.endpoint("wh_1") == msgspec.structs.replace(
        found, failures=0, failing_since=None, resting_until=None
    )


async def test_secrets_of_what_is_gone_or_was_never_made_are_removed(desk: Desk) -> None:
    await desk.make("wh_1")
    now = desk.account.clock.now()
    await desk.endpoints.keep(endpoint(desk.account, "wh_2"))
    await desk.endpoints.drop(now=now, kept=timedelta())
    assert await desk.endpoints.endpoint("wh_2") is not None
    await desk.endpoints.drop(now=now + LASTS, kept=LASTS / 2)
    assert await desk.endpoints.endpoint("wh_2") is None
    assert await desk.endpoints.endpoint("wh_1") is not None
    assert [each.webhook_id for each in await desk.endpoints.endpoints(["wh_1", "wh_2"])] == ["wh_1"]


async def test_what_is_due_is_leased_once_and_ends(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 7, "upl_1"))
    await desk.add(("wh_1", 7, "upl_1"))  # told twice
    (leased,) = await desk.lease()
    assert (leased.attempts, leased.first_at, leased.status) == (1, desk.account.clock.now(), DeliveryStatus.PENDING)
    assert await desk.lease("b") == []
    await desk.end(leased, DeliveryStatus.DELIVERED)
    assert await desk.lease("b") == []
    (ended,) = await desk.all()
    assert (ended.status, ended.attempts, ended.ended_at) == (DeliveryStatus.DELIVERED, 1, desk.account.clock.now())
    assert [each.status_code for each in ended.history] == [200]


async def test_what_was_not_taken_is_due_again_and_keeps_its_history(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 7, "upl_1"))
    begun = desk.account.clock.now()
    for number in range(KEPT_ATTEMPTS + 2):
        (leased,) = await desk.lease()
        assert (leased.attempts, leased.first_at) == (number + 1, begun)
        await desk.end(leased, DeliveryStatus.PENDING, 500 + number)
        assert await desk.lease() == []
        desk.account.clock.advance(PAUSE)
    (found,) = await desk.all()
    assert [each.status_code for each in found.history] == [502 + number for number in range(KEPT_ATTEMPTS)]
    assert found.ended_at is None


async def test_a_lease_that_has_run_out_is_taken_over_and_the_first_records_nothing(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 7, "upl_1"))
    (lost,) = await desk.lease("a")
    desk.account.clock.advance(LASTS)
    (taken,) = await desk.lease("b")
    assert taken.attempts == 2
    await desk.end(lost, DeliveryStatus.DELIVERED)
    await desk.deliveries.give_back(lost)
    (found,) = await desk.all()
    assert (found.status, found.attempts, found.history) == (DeliveryStatus.PENDING, 2, ())


async def test_what_is_given_back_was_not_attempted(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 7, "upl_1"))
    (leased,) = await desk.lease()
    await desk.deliveries.give_back(leased)
    (again,) = await desk.lease("b")
    assert again.attempts == 1


async def test_a_stream_is_told_in_order_and_waits_for_no_other(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.make("wh_2")
    await desk.add(("wh_1", 8, "upl_1"), ("wh_1", 7, "upl_1"), ("wh_1", 9, "upl_2"), ("wh_2", 8, "upl_1"))
    first = await desk.lease()
    assert places(first) == [("wh_1", 7), ("wh_1", 9), ("wh_2", 8)]
    assert await desk.lease("b") == []
    await desk.end(first[0], DeliveryStatus.PENDING)
    assert await desk.lease("b") == []  # the first one comes again before the second
    desk.account.clock.advance(PAUSE)
    await desk.endpoints.answered("wh_1")
    (again, *_) = await desk.lease("c")
    assert again.position == 7
    await desk.end(again, DeliveryStatus.FAILED)
    assert ("wh_1", 8) in places(await desk.lease("d"))


async def test_no_webhook_has_more_under_way_than_it_may_and_others_have_theirs(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.make("wh_2")
    await desk.add(*(("wh_1", number, f"upl_{number}") for number in range(1, 9)), ("wh_2", 9, "upl_9"))
    first = await desk.lease(of_each=3)
    assert places(first) == [("wh_1", 1), ("wh_1", 2), ("wh_1", 3), ("wh_2", 9)]
    assert await desk.lease("b", of_each=3) == []
    await desk.end(first[0], DeliveryStatus.DELIVERED)
    assert places(await desk.lease("b", of_each=3)) == [("wh_1", 4)]


async def test_no_more_are_leased_than_are_asked_for(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(*(("wh_1", number, f"upl_{number}") for number in range(1, 9)))
    assert len(await desk.lease(limit=5)) == 5
    assert len(await desk.lease("b", limit=5)) == 3


async def test_one_that_failed_last_rests_and_is_tried_with_one_at_a_time(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(*(("wh_1", number, f"upl_{number}") for number in range(1, 9)))
    now = desk.account.clock.now()
    await desk.endpoints.failed("wh_1", now=now, resting_until=now + PAUSE)
    assert await desk.lease() == []
    desk.account.clock.advance(PAUSE)
    assert len(await desk.lease("b")) == 1
    assert await desk.lease("c") == []
    await desk.endpoints.answered("wh_1")
    assert len(await desk.lease("d")) == 7


async def test_what_is_switched_off_or_gone_is_told_nothing(desk: Desk) -> None:
    await desk.make("wh_1", is_active=False)
    await desk.make("wh_2")
    await desk.add(("wh_1", 7, "upl_1"), ("wh_2", 7, "upl_1"))
    await desk.account.append(desk.kit.log, "wh_2", 1, WebhookDeleted(origin=desk.account.origin(), webhook_id="wh_2"))
    assert await desk.lease() == []


async def test_what_has_ended_is_sent_again_on_request_and_nothing_else_is(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 7, "upl_1"), ("wh_1", 8, "upl_2"))
    first, second = await desk.lease()
    await desk.end(first, DeliveryStatus.FAILED)
    now = desk.account.clock.advance(timedelta(seconds=1))
    for place in (7, 8, 9):
        await desk.deliveries.redeliver(desk.account.organization_id, "wh_1", place, now=now)
        await desk.deliveries.redeliver("org_other", "wh_1", place, now=now)
    (again,) = await desk.lease("b")
    assert (again.position, again.attempts, again.first_at, len(again.history)) == (7, 1, now, 1)
    await desk.end(second, DeliveryStatus.DELIVERED)  # its lease is still its own
    assert [each.status for each in await desk.all()] == [DeliveryStatus.DELIVERED, DeliveryStatus.PENDING]


async def test_deliveries_are_listed_in_pages_and_for_their_organization(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(*(("wh_1", number, f"upl_{number}") for number in range(1, 6)))
    leased = await desk.lease(limit=1)
    await desk.end(leased[0], DeliveryStatus.DELIVERED)
    organization_id, deliveries = desk.account.organization_id, desk.deliveries

    async def listed(before: int, status: DeliveryStatus | None, of: str = organization_id) -> list[int]:
        found = await deliveries.deliveries(of, "wh_1", before=before, status=status, limit=2)
        return [each.position for each in found]

    assert await listed(1000, None) == [5, 4]
    assert await listed(4, None) == [3, 2]
    assert await listed(1000, DeliveryStatus.DELIVERED) == [1]
    assert await listed(1000, None, "org_other") == []


async def test_what_waits_is_listed_too_and_told_in_its_order_however_much_it_is(desk: Desk) -> None:
    await desk.make("wh_1")
    for first in range(1, 41, 4):  # each four come together; the streams come again in the next eight
        await desk.add(*(("wh_1", number, f"upl_{number % 8}") for number in range(first, first + 4)))
    organization_id, found, before = desk.account.organization_id, list[int](), 1000
    while page := await desk.deliveries.deliveries(organization_id, "wh_1", before=before, status=None, limit=3):
        assert {(each.status, each.attempts, each.history) for each in page} == {(DeliveryStatus.PENDING, 0, ())}
        found += [each.position for each in page]
        before = found[-1]
    assert found == list(range(40, 0, -1))
    ended = DeliveryStatus.DELIVERED
    assert await desk.deliveries.deliveries(organization_id, "wh_1", before=99, status=ended, limit=3) == []

    told: list[DeliveryRecord] = []
    while due := await desk.lease(of_each=3):
        for each in due:
            await desk.end(each, ended)
        told += due
    assert sorted(each.position for each in told) == list(range(1, 41))
    for stream in range(8):
        mine = [each.position for each in told if each.stream_id == f"upl_{stream}"]
        assert mine == sorted(mine)


async def test_what_waits_behind_a_stream_that_is_tried_again_holds_up_no_other(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 1, "upl_1"))
    (failed,) = await desk.lease()
    await desk.end(failed, DeliveryStatus.PENDING, 500)
    for number in range(2, 30):
        await desk.add(("wh_1", number, "upl_1"))
    await desk.add(("wh_1", 30, "upl_2"))
    assert places(await desk.lease(of_each=2)) == [("wh_1", 30)]


async def test_several_are_ended_at_once_each_under_its_own_lease(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(*(("wh_1", number, f"upl_{number}") for number in range(1, 4)))
    first, *others = await desk.lease("a")
    desk.account.clock.advance(LASTS)
    await desk.lease("b", limit=1)
    now = desk.account.clock.now()
    statuses = (DeliveryStatus.FAILED, DeliveryStatus.FAILED, DeliveryStatus.DELIVERED)
    await desk.deliveries.end(
        [
            Ended(delivery=each, attempt=Attempt(at=now, seconds=0.1, status_code=code), status=status, next_at=now)
            for each, status, code in zip((first, *others), statuses, (500, 501, 200), strict=True)
        ]
    )
    found = {each.position: each for each in await desk.all()}
    assert [found[each].status for each in (1, 2, 3)] == ["pending", "failed", "delivered"]
    assert [len(found[each].history) for each in (1, 2, 3)] == [0, 1, 1]
    assert found[2].history[0].status_code == 501


async def test_what_is_old_or_belongs_to_nobody_is_removed(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(*(("wh_1", number, f"upl_{number}") for number in range(1, 4)))
    await desk.add(("wh_2", 1, "upl_1"))  # which is not there
    middle = desk.account.clock.advance(LASTS)
    await desk.add(("wh_1", 9, "upl_9"))
    dropped: list[int] = []
    while not dropped or dropped[-1]:
        dropped.append(await desk.deliveries.drop(now=middle, kept=timedelta(), limit=3))
    assert sum(dropped) == 4
    assert places(await desk.all()) == [("wh_1", 9)]
    assert await desk.deliveries.dropped_until(["wh_1", "wh_2"]) == {"wh_1": 3}


async def test_what_is_remembered_between_two_positions_is_told_however_it_waits(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.make("wh_2")
    await desk.add(("wh_1", 3, "upl_1"), ("wh_1", 4, "upl_2"))
    first, second = await desk.lease()
    await desk.end(first, DeliveryStatus.DELIVERED)
    await desk.end(second, DeliveryStatus.FAILED)
    await desk.add(*(("wh_1", number, "upl_1") for number in range(5, 9)), ("wh_2", 6, "upl_1"))
    assert await desk.deliveries.queued(["wh_1", "wh_2"], after=3, until=6) == {
        ("wh_1", 4): DeliveryStatus.FAILED,
        ("wh_1", 5): DeliveryStatus.PENDING,
        ("wh_1", 6): DeliveryStatus.PENDING,
        ("wh_2", 6): DeliveryStatus.PENDING,
    }
    assert await desk.deliveries.queued(["wh_2"], after=0, until=5) == {}
    assert await desk.deliveries.dropped_until(["wh_1", "wh_2"]) == {}


async def test_what_is_replayed_is_due_before_what_came_later_and_what_waits_is_told_once(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 3, "upl_1"), ("wh_1", 4, "upl_1"))
    (first,) = await desk.lease()
    await desk.end(first, DeliveryStatus.DELIVERED)
    await desk.add(("wh_1", 6, "upl_1"), ("wh_1", 7, "upl_1"))  # 5 was missed
    now = desk.account.clock.advance(timedelta(seconds=1))
    new = [
        NewDelivery(
            webhook_id="wh_1",
            position=position,
            organization_id=desk.account.organization_id,
            stream_id="upl_1",
            topic="upload.completed.v1",
        )
        for position in (3, 4, 5, 6)
    ]
    assert await desk.deliveries.replay(new, now=now) in {2, 3}  # 6 may wait in a batch, which is no row yet
    told: list[int] = []
    while due := await desk.lease(f"t{len(told)}"):
        for each in due:
            await desk.end(each, DeliveryStatus.DELIVERED)
        told += [each.position for each in due]
    assert told == [3, 4, 5, 6, 7]
    assert (await desk.all())[-1].created_at == now
