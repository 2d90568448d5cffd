"""What `WebhookDeliveries` promises, on every adapter."""

from datetime import timedelta

from application.ports.webhooks.webhook_deliveries import (
    KEPT_ATTEMPTS,
    Attempt,
    DeliveryRecord,
    DeliveryStatus,
    Ended,
    NewDelivery,
)
from domain.webhooks.webhook import (
    WebhookDeleted,
)
from tests.contract.webhooks._desk import LASTS, PAUSE, Desk, places


async def test_what_is_due_is_leased_once_and_ends(desk: Desk) -> None:
    await desk.make("wh_1")
    await desk.add(("wh_1", 7, "upl_1"))
    await desk.add(("wh_1", 7, "upl_1"))  # repeated
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


async def test_a_stream_is_delivered_in_order_and_waits_for_no_other(desk: Desk) -> None:
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


async def test_no_webhook_exceeds_its_concurrent_deliveries_and_others_have_theirs(desk: Desk) -> None:
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


async def test_a_disabled_or_deleted_webhook_gets_no_messages(desk: Desk) -> None:
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


async def test_waiting_deliveries_are_listed_and_sent_in_order_in_any_number(desk: Desk) -> None:
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

    sent: list[DeliveryRecord] = []
    while due := await desk.lease(of_each=3):
        for each in due:
            await desk.end(each, ended)
        sent += due
    assert sorted(each.position for each in sent) == list(range(1, 41))
    for stream in range(8):
        mine = [each.position for each in sent if each.stream_id == f"upl_{stream}"]
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


async def test_old_and_orphaned_deliveries_are_removed(desk: Desk) -> None:
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


async def test_deliveries_between_two_positions_are_listed_in_any_table(desk: Desk) -> None:
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


async def test_replayed_deliveries_are_due_before_later_ones_and_waiting_ones_are_sent_once(desk: Desk) -> None:
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
    sent: list[int] = []
    while due := await desk.lease(f"t{len(sent)}"):
        for each in due:
            await desk.end(each, DeliveryStatus.DELIVERED)
        sent += [each.position for each in due]
    assert sent == [3, 4, 5, 6, 7]
    assert (await desk.all())[-1].created_at == now
