"""Deliveries to webhooks in a dictionary."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.webhooks.webhook_endpoints import MemoryWebhookEndpoints
from application.ports.webhooks.webhook_deliveries import DeliveryRecord, DeliveryStatus, Ended, NewDelivery
from domain.shared_fields import made_from

_Place = tuple[str, int]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    record: DeliveryRecord
    leased_until: datetime | None = None


class MemoryWebhookDeliveries:
    """Implements `WebhookDeliveries[None]`."""

    def __init__(self, log: MemoryEventLog, endpoints: MemoryWebhookEndpoints) -> None:
        self._log = log
        self._endpoints = endpoints
        self._rows: dict[_Place, _Row] = {}
        self._dropped: dict[str, int] = {}

    async def add(self, transaction: None, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:  # noqa: ARG002  # there is none
        """Store these deliveries."""
        for each in deliveries:
            record = made_from(
                DeliveryRecord,
                each,
                status=DeliveryStatus.PENDING,
                attempts=0,
                history=(),
                created_at=now,
                first_at=None,
                next_at=now,
                ended_at=None,
            )
            self._rows.setdefault((each.webhook_id, each.position), _Row(record=record))

    async def lease(
        self, *, now: datetime, leased_until: datetime, token: str, limit: int, of_each: int
    ) -> Sequence[DeliveryRecord]:
        """Lease due deliveries."""
        due = sorted(self._due(self._log.agreed_time(now), of_each), key=lambda each: (each.next_at, each.position))[
            :limit
        ]
        leased = [
            msgspec.structs.replace(each, attempts=each.attempts + 1, first_at=each.first_at or now, lease=token)
            for each in due
        ]
        for each in leased:
            self._rows[_place(each)] = _Row(record=each, leased_until=leased_until)
        return sorted(leased, key=lambda each: each.position)

    async def end(self, ended: Sequence[Ended]) -> None:
        """Record the results."""
        for each in ended:
            self._end(
                each.delivery,
                status=each.status,
                history=each.delivery.with_attempt(each.attempt),
                next_at=each.next_at,
                ended_at=None if each.status is DeliveryStatus.PENDING else each.attempt.at,
            )

    async def give_back(self, delivery: DeliveryRecord) -> None:
        """Undo a lease."""
        self._end(delivery, attempts=delivery.attempts - 1)

    async def deliveries(
        self, organization_id: str, webhook_id: str, *, before: int, status: DeliveryStatus | None, limit: int
    ) -> Sequence[DeliveryRecord]:
        """Return deliveries below a position, the newest first."""
        found = [
            row.record
            for row in self._rows.values()
            if (row.record.organization_id, row.record.webhook_id) == (organization_id, webhook_id)
            and row.record.position < before
            and status in {None, row.record.status}
        ]
        return sorted(found, key=lambda each: each.position, reverse=True)[:limit]

    async def redeliver(self, organization_id: str, webhook_id: str, position: int, *, now: datetime) -> None:
        """Make a finished delivery due again."""
        row = self._rows.get((webhook_id, position))
        if row is None or row.record.organization_id != organization_id or row.record.status is DeliveryStatus.PENDING:
            return
        again = msgspec.structs.replace(
            row.record,
            status=DeliveryStatus.PENDING,
            attempts=0,
            first_at=None,
            created_at=now,
            next_at=now,
            ended_at=None,
        )
        self._rows[webhook_id, position] = _Row(record=again)

    async def replay(self, deliveries: Sequence[NewDelivery], *, now: datetime) -> int:
        """Make these deliveries due, again or for the first time."""
        ended = [each for each in deliveries if not self._pending(each)]
        for each in ended:
            if (each.webhook_id, each.position) in self._rows:
                await self.redeliver(each.organization_id, each.webhook_id, each.position, now=now)
            else:
                await self.add(None, [each], now=now)
        return len(ended)

    async def queued(
        self, webhook_ids: Collection[str], *, after: int, until: int
    ) -> Mapping[tuple[str, int], DeliveryStatus]:
        """Return the deliveries between two positions."""
        return {
            (webhook_id, position): row.record.status
            for (webhook_id, position), row in self._rows.items()
            if webhook_id in webhook_ids and after < position <= until
        }

    async def dropped_until(self, webhook_ids: Collection[str]) -> Mapping[str, int]:
        """Return the positions up to which deliveries may have been deleted."""
        return {each: position for each, position in self._dropped.items() if each in webhook_ids}

    async def drop(self, *, now: datetime, kept: timedelta, limit: int) -> int:
        """Delete old deliveries, and those of deleted webhooks."""
        there, before = self._log.tables.webhooks, self._log.agreed_time(now) - kept
        old = [
            place
            for place, row in self._rows.items()
            if row.record.created_at < before or row.record.webhook_id not in there
        ][:limit]
        for webhook_id, position in old:
            del self._rows[webhook_id, position]
            self._dropped[webhook_id] = max(self._dropped.get(webhook_id, 0), position)
        self._dropped = {each: position for each, position in self._dropped.items() if each in there}
        return len(old)

    def _pending(self, delivery: NewDelivery) -> bool:
        row = self._rows.get((delivery.webhook_id, delivery.position))
        return row is not None and row.record.status is DeliveryStatus.PENDING

    def _due(self, now: datetime, of_each: int) -> Iterator[DeliveryRecord]:
        for webhook in self._log.tables.webhooks.values():
            endpoint = self._endpoints.rows.get(webhook.webhook_id)
            if endpoint is None or not webhook.settings.is_active:
                continue
            if endpoint.resting_until is not None and endpoint.resting_until > now:
                continue
            rows = [row for row in self._rows.values() if row.record.webhook_id == webhook.webhook_id]
            under_way = [row for row in rows if row.leased_until is not None and row.leased_until > now]
            heads: dict[str, _Row] = {}
            for row in sorted(rows, key=lambda each: each.record.position):
                if row.record.status is DeliveryStatus.PENDING:
                    heads.setdefault(row.record.stream_id, row)
            due = [row.record for row in heads.values() if row.record.next_at <= now and row not in under_way]
            due.sort(key=lambda each: (each.next_at, each.position))
            yield from due[: max((1 if endpoint.failures else of_each) - len(under_way), 0)]

    def _end(self, delivery: DeliveryRecord, **changes: object) -> None:
        row = self._rows.get(_place(delivery))
        if row is not None and row.record.lease == delivery.lease:
            self._rows[_place(delivery)] = _Row(record=msgspec.structs.replace(row.record, lease=None, **changes))


def _place(delivery: DeliveryRecord) -> _Place:
    return delivery.webhook_id, delivery.position
