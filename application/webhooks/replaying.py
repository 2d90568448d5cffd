"""Replaying: queues a range of the feed for one webhook again, in addition to new events.

A message has its original `webhook-id`, so a receiver that stores these ids processes it once. Messages of one subject
come in order, before newer events of that subject.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from application.ports.clock import Clock
from application.ports.events.event_log import EventLog, Notification, check_position
from application.ports.events.subscriptions import Subscriptions
from application.ports.webhooks.webhook_deliveries import NewDelivery, WebhookDeliveries
from application.ports.webhooks.webhook_reads import WebhookRecord
from application.webhooks.delivering import SUBSCRIPTION
from domain.events.cloud_events import origin_of
from domain.refusals import WrongStateError

MAX_MESSAGES: Final = 1000
_WINDOW: Final = 1000
_LOOK: Final = 100  # a log may contain events of other programs, without a time
_WINDOWS: Final = 20  # the number of events that are scanned at once, in windows
_SKEW: Final = timedelta(minutes=5)  # the tolerated clock difference between processes that write events


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The selected events: above position `after`, up to `until`, at `since` or later, before `before`."""

    after: int = 0
    until: int | None = None
    since: datetime | None = None
    before: datetime | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The number of queued messages, and the last position; `done`: there are no more in the range."""

    queued: int
    position: int
    done: bool


class ReplayingWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """Queues events again. `log` is without a tenant: it reads one organization's events."""

    log: EventLog
    subscriptions: Subscriptions[Any]
    deliveries: WebhookDeliveries[Any]
    clock: Clock

    async def replay(self, webhook: WebhookRecord, wish: Replay) -> Replayed:
        """Queue the first events of a range, up to 1,000 messages; call again after `position` for the others.

        These are the events that the webhook gets now, including older ones than the webhook. Pending messages do not
        change, and events after the reader's position are queued later. Raises `PositionBeyondEndError`.
        """
        now = self.clock.now()
        if not webhook.settings.is_active or webhook.stopped(now) is not None:
            raise WrongStateError("webhook_not_active", "The webhook is inactive: set is_active to true first.")
        end = await self.log.head()
        check_position(max(wish.after, wish.until or 0), end)
        records = await self.subscriptions.subscriptions()
        come_to = next((each.position for each in records if each.name == SUBSCRIPTION), 0)
        until = min(come_to, end if wish.until is None else wish.until)
        position = wish.after
        if wish.since is not None:
            position = max(position, await self._position_before(wish.since - _SKEW, end))
        found: list[NewDelivery] = []
        for _ in range(_WINDOWS):
            if position >= until or len(found) == MAX_MESSAGES:
                break
            page = await self.log.read_feed(after=position, limit=_WINDOW, organization_id=webhook.organization_id)
            last = until if len(page) < _WINDOW else min(page[-1].id, until)
            position = _take(found, [each for each in page if each.id <= until], webhook, wish, now) or last
        queued = await self.deliveries.replay(found, now=now) if found else 0
        return Replayed(queued=queued, position=position, done=position >= until)

    async def _position_before(self, at: datetime, end: int) -> int:
        """Return the last position before a time; positions are in the order of time, except for clock differences."""
        low, high = 0, end
        while low < high:
            middle = (low + high + 1) // 2
            origins = [origin_of(each.state) for each in await self.log.read_feed(after=middle - 1, limit=_LOOK)]
            first = next((each.at for each in origins if each is not None), None)
            if first is not None and first < at:
                low = middle
            else:
                high = middle - 1
        return low


def _take(
    found: list[NewDelivery], page: Sequence[Notification], webhook: WebhookRecord, wish: Replay, now: datetime
) -> int | None:
    """Add the wanted events of a page. Return where it stopped, if not at its end."""
    wanted = webhook.tells(now)
    for stored in page:
        origin = origin_of(stored.state) if stored.topic in wanted else None
        if (
            origin is None
            or (wish.since is not None and origin.at < wish.since)
            or (wish.before is not None and origin.at >= wish.before)
        ):
            continue
        found.append(_delivery(stored, webhook))
        if len(found) == MAX_MESSAGES:
            return stored.id
    return None


def _delivery(stored: Notification, webhook: WebhookRecord) -> NewDelivery:
    return NewDelivery(
        webhook_id=webhook.webhook_id,
        position=stored.id,
        organization_id=webhook.organization_id,
        stream_id=stored.originator_id,
        topic=stored.topic,
    )
