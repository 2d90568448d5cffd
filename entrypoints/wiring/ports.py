"""The ports that the use cases are given, as one value: the adapters that were chosen."""

from typing import Any

import msgspec

from application.ports.analytics import Analytics
from application.ports.clock import Clock, Ids
from application.ports.directory import Directory
from application.ports.event_log import EventLog
from application.ports.idempotency_keys import IdempotencyKeys
from application.ports.jobs import JobQueue
from application.ports.key_uses import KeyUses
from application.ports.object_storage import (
    ObjectStorage,
)
from application.ports.quota_ledger import QuotaLedger
from application.ports.rate_ledger import RateLedger
from application.ports.read_side import ReadSide
from application.ports.request_records import RequestRecords
from application.ports.search_index import SearchIndex
from application.ports.subscriptions import Subscriptions
from application.ports.tasks import Tasks
from application.ports.url_signer import UrlSigner
from application.ports.webhooks import WebhookDeliveries, WebhookEndpoints, WebhookSender
from domain.keys.token_secrets import TokenSecrets


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen adapters. `rate_ledger` None: requests are not limited. `search_index` None: none is needed."""

    log: EventLog
    read_side: ReadSide
    quota_ledger: QuotaLedger
    directory: Directory
    key_uses: KeyUses
    request_records: RequestRecords
    jobs: JobQueue
    tasks: Tasks
    idempotency_keys: IdempotencyKeys
    rate_ledger: RateLedger | None
    search_index: SearchIndex | None = None
    subscriptions: Subscriptions[Any]
    analytics: Analytics
    storage: ObjectStorage
    signer: UrlSigner
    webhook_endpoints: WebhookEndpoints
    webhook_deliveries: WebhookDeliveries[Any]
    webhook_sender: WebhookSender
    token_secrets: TokenSecrets
    clock: Clock
    ids: Ids
