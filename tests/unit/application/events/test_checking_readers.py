"""The results of readers, compared with the log, over adapters in memory."""

from datetime import timedelta

import pytest

from adapters.memory.events.subscriptions import MemorySubscriptions
from application.events import checking_readers
from application.events.checking_readers import AheadOfLog, CheckingReaders, position_ranges
from application.ports.webhooks.webhook_deliveries import NewDelivery
from application.ports.webhooks.webhook_reads import WebhookRecord
from application.rules import Rules
from application.webhooks import replaying as replaying_webhooks
from application.webhooks.delivering import SUBSCRIPTION
from application.webhooks.replaying import Replay, Replayed, ReplayingWebhooks
from domain.refusals import PositionBeyondEndError, WrongStateError
from domain.webhooks.webhook import WebhookSettings
from tests.unit.application.webhooks.test_webhooks import Office
from tests.unit.application.world import Client, World


class Bureau(Office):
    """Webhooks, and the use cases that check and repair their deliveries."""

    def __post_init__(self) -> None:
        super().__post_init__()
        world = self.world
        self.subscriptions = MemorySubscriptions()
        self.checking = CheckingReaders(
            log=world.log, read_side=world.read_side, subscriptions=self.subscriptions, deliveries=self.deliveries
        )
        self.replaying = ReplayingWebhooks(
            log=world.log, subscriptions=self.subscriptions, deliveries=self.deliveries, clock=world.clock
        )

    async def come_to(self, position: int, name: str = SUBSCRIPTION) -> None:
        await self.subscriptions.forget(name)
        now = self.world.clock.now()
        await self.subscriptions.acquire(name, begin=position, now=now, leased_until=now, token="t")

    async def caught_up(self) -> None:
        await self.queue()
        await self.come_to(await self.world.log.head())

    def lose(self, webhook: WebhookRecord, *positions: int) -> None:
        for position in positions:
            del self.deliveries._rows[webhook.webhook_id, position]  # as a crash did


@pytest.fixture
def bureau(world: World) -> Bureau:
    return Bureau(world)


async def requested(bureau: Bureau, client: Client, count: int) -> list[int]:
    """Request uploads, and return their positions."""
    begin = await bureau.world.log.head()
    for _ in range(count):
        await client.request()
    page = await bureau.world.log.read_feed(after=begin, limit=1000)
    return [each.id for each in page if each.topic == "upload.requested.v1"]


@pytest.mark.parametrize("page", [1, 3, 10_000])
async def test_what_was_never_queued_is_named_and_a_replay_mends_it(
    bureau: Bureau, client: Client, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(checking_readers, "_PAGE", page)
    webhook = await bureau.make(client, "upload.requested")
    places = await requested(bureau, client, 6)
    await bureau.caught_up()
    assert (await bureau.checking.check()).good
    bureau.lose(webhook, *places[1:3], places[4])

    checked = await bureau.checking.check()

    assert not checked.good
    assert [(each.webhook_id, each.positions) for each in checked.missed] == [
        (webhook.webhook_id, [*places[1:3], places[4]])
    ]
    await bureau.deliver()
    bureau.delivered.clear()
    done = await bureau.replaying.replay(webhook, Replay(after=places[1] - 1, until=places[4]))
    assert (done.queued, done.done) == (4, True)
    await bureau.deliver()
    assert [int(message["id"]) for _, message in bureau.delivered] == places[1:5]
    checked = await bureau.checking.check()
    assert checked.good
    assert [(each.wanted, each.delivered, each.waiting) for each in checked.progress] == [(6, 6, 0)]


async def test_what_was_removed_because_it_is_old_is_not_missing_and_what_came_later_is(
    bureau: Bureau, client: Client
) -> None:
    webhook = await bureau.make(client, "upload.requested")
    old = await requested(bureau, client, 3)
    await bureau.caught_up()
    await bureau.deliver()
    bureau.world.clock.advance(Rules().deliveries_kept + timedelta(days=1))
    await bureau.delivering.tidy()
    assert await bureau.of(webhook) == []
    new = await requested(bureau, client, 3)
    await bureau.caught_up()
    checked = await bureau.checking.check()
    assert checked.good
    assert [(each.after, each.wanted) for each in checked.progress] == [(old[-1], 3)]
    bureau.lose(webhook, new[1])
    (missed,) = (await bureau.checking.check()).missed
    assert missed.positions == [new[1]]


async def test_later_events_are_not_missing_and_a_reader_ahead_of_the_log_is_named(
    bureau: Bureau, client: Client
) -> None:
    webhook = await bureau.make(client, "upload.requested")
    await requested(bureau, client, 3)
    await bureau.come_to(webhook.position)
    assert (await bureau.checking.check()).good
    end = await bureau.world.log.head()
    await bureau.come_to(end + 5, "mine")
    new = NewDelivery(
        webhook_id=webhook.webhook_id,
        position=end + 3,
        organization_id=webhook.organization_id,
        stream_id="upl_1",
        topic="upload.requested.v1",
    )
    await bureau.deliveries.add(None, [new], now=bureau.world.clock.now())
    checked = await bureau.checking.check()
    assert not checked.good
    assert checked.ahead == [
        AheadOfLog(reader="mine", position=end + 5, end=end),
        AheadOfLog(reader=webhook.webhook_id, position=end + 3, end=end),
    ]


async def test_a_replay_is_made_in_steps_and_by_time(
    bureau: Bureau, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying_webhooks, "MAX_MESSAGES", 2)
    monkeypatch.setattr(replaying_webhooks, "_WINDOW", 3)
    first = await requested(bureau, client, 2)
    bureau.world.clock.advance(timedelta(hours=1))
    since = bureau.world.clock.now()
    second = await requested(bureau, client, 5)
    bureau.world.clock.advance(timedelta(hours=1))
    before = bureau.world.clock.now()
    webhook = await bureau.make(client, "upload.requested")
    await requested(bureau, client, 1)
    await bureau.come_to(await bureau.world.log.head())

    async def replayed(wish: Replay) -> list[int]:
        bureau.delivered.clear()
        while True:
            done = await bureau.replaying.replay(webhook, wish)
            assert done.queued <= 2
            if done.done:
                break
            wish = Replay(after=done.position, until=wish.until, since=wish.since, before=wish.before)
        while await bureau.delivering.deliver_due():
            pass
        return [int(message["id"]) for _, message in bureau.delivered]

    assert await replayed(Replay(since=since, before=before)) == second
    assert await replayed(Replay(after=first[0], until=second[0])) == [first[1], second[0]]
    assert await replayed(Replay(before=since)) == first


async def test_a_replay_leaves_what_its_reader_has_not_come_to_and_refuses_what_cannot_be(
    bureau: Bureau, client: Client
) -> None:
    webhook = await bureau.make(client, "upload.requested")
    places = await requested(bureau, client, 3)
    await bureau.come_to(places[0])
    assert await bureau.replaying.replay(webhook, Replay()) == Replayed(queued=1, position=places[0], done=True)
    with pytest.raises(PositionBeyondEndError):
        await bureau.replaying.replay(webhook, Replay(after=10**9))
    off = WebhookSettings(
        name="warehouse", url="https://hooks.example.com/", event_types=("upload.*",), is_active=False
    )
    switched_off = await bureau.managing.update(client.caller, webhook.webhook_id, off, {})
    with pytest.raises(WrongStateError):
        await bureau.replaying.replay(switched_off, Replay())


def test_positions_are_shown_as_runs() -> None:
    assert position_ranges([]) == []
    assert position_ranges([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]
