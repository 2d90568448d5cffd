"""Checks readers against the log: their positions, and the deliveries that webhooks should have got.

The events that a webhook wants depend only on the log, so each of them up to the position of its reader must have been
queued. Old deliveries are removed; events up to the last removed delivery are not compared.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from application.ports.events.event_log import EventLog
from application.ports.events.subscriptions import Subscriptions
from application.ports.read_side import ReadSide
from application.ports.webhooks.webhook_deliveries import DeliveryStatus, WebhookDeliveries
from application.webhooks.delivering import SUBSCRIPTION, Listening, listening
from domain.events.cloud_events import origin_of

_PAGE: Final = 10_000
_ALL: Final = 2**63 - 1


class AheadOfLog(msgspec.Struct, frozen=True, kw_only=True):
    """A reader is ahead of the log: `end` is the log's, `position` the reader's."""

    reader: str
    position: int
    end: int


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Events that a webhook wanted but that were never queued, by position."""

    webhook_id: str
    organization_id: str
    positions: Sequence[int]


class WebhookProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the events above `after` that a webhook wanted were delivered, wait, or failed."""

    webhook_id: str
    after: int
    wanted: int
    delivered: int
    waiting: int
    failed: int


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check. `end`: of the log; `position`: up to which webhooks were compared."""

    end: int
    position: int
    ahead: Sequence[AheadOfLog]
    missed: Sequence[Missed]
    progress: Sequence[WebhookProgress]

    @property
    def good(self) -> bool:
        """Whether nothing is missing."""
        return not self.ahead and not self.missed


class CheckingReaders(msgspec.Struct, frozen=True, kw_only=True):
    """Changes nothing; the service and its workers may keep running."""

    log: EventLog
    read_side: ReadSide
    subscriptions: Subscriptions[Any]
    deliveries: WebhookDeliveries[Any]

    async def check(self) -> Checked:
        """Compare. Raises `LogUnavailableError`."""
        records = await self.subscriptions.subscriptions()
        end = await self.log.head()  # after the positions: none is ahead of it
        ahead = [
            AheadOfLog(reader=each.name, position=each.position, end=end) for each in records if each.position > end
        ]
        position = min(next((each.position for each in records if each.name == SUBSCRIPTION), 0), end)
        webhooks = await listening(self.log, self.read_side, None, after=0)
        ahead += [
            AheadOfLog(reader=webhook_id, position=place, end=end)
            for (webhook_id, place) in await self.deliveries.queued(_ids(webhooks), after=end, until=_ALL)
            if place > await self.log.head()
        ]
        missed, progress = await self._compare(webhooks, position)
        return Checked(end=end, position=position, ahead=ahead, missed=missed, progress=progress)

    async def _compare(
        self, webhooks: Sequence[Listening], position: int
    ) -> tuple[list[Missed], list[WebhookProgress]]:
        wanted: dict[str, list[int]] = {webhook_id: [] for webhook_id in _ids(webhooks)}
        found: dict[tuple[str, int], DeliveryStatus] = {}
        dropped = await self.deliveries.dropped_until(_ids(webhooks))
        after = min(
            (max(each.since[0], dropped.get(each.webhook.webhook_id, 0)) for each in webhooks), default=position
        )
        while after < position:
            page = await self.log.read_feed(after=after, limit=_PAGE)
            until = min(page[-1].id, position)
            for stored in page:
                origin = origin_of(stored.state) if stored.id <= until else None
                for each in webhooks if origin is not None else ():
                    organization_id = None if origin is None else origin.organization_id
                    if each.webhook.organization_id == organization_id and each.wants(stored.id, stored.topic):
                        wanted[each.webhook.webhook_id].append(stored.id)
            found |= await self.deliveries.queued(_ids(webhooks), after=after, until=until)
            after = until
        dropped = await self.deliveries.dropped_until(
            _ids(webhooks)
        )  # deliveries removed in the meantime are not missing
        there = _ids(await listening(self.log, self.read_side, None, after=_ALL))
        missed, progress = [], []
        for each in webhooks:
            webhook_id = each.webhook.webhook_id
            begin = dropped.get(webhook_id, 0)
            places = [place for place in wanted[webhook_id] if place > begin]
            statuses = [found.get((webhook_id, place)) for place in places]
            lost = [place for place, status in zip(places, statuses, strict=True) if status is None]
            if lost and webhook_id in there:
                missed.append(
                    Missed(webhook_id=webhook_id, organization_id=each.webhook.organization_id, positions=lost)
                )
            progress.append(
                WebhookProgress(
                    webhook_id=webhook_id,
                    after=max(begin, each.since[0]),
                    wanted=len(places),
                    delivered=statuses.count(DeliveryStatus.DELIVERED),
                    waiting=statuses.count(DeliveryStatus.PENDING),
                    failed=statuses.count(DeliveryStatus.FAILED),
                )
            )
        return missed, progress


def position_ranges(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and the last position of each contiguous run."""
    runs: list[tuple[int, int]] = []
    for each in positions:
        if runs and runs[-1][1] == each - 1:
            runs[-1] = runs[-1][0], each
        else:
            runs.append((each, each))
    return runs


def _ids(webhooks: Sequence[Listening]) -> list[str]:
    return [each.webhook.webhook_id for each in webhooks]
