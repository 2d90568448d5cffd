"""The ports of the use cases, as one value: the chosen adapters."""

from typing import Any

import msgspec

from application.ports.analytics.analytics import Analytics
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog
from application.ports.events.subscriptions import Subscriptions
from application.ports.idempotency_keys import IdempotencyKeys
from application.ports.keys.directory import Directory
from application.ports.keys.key_uses import KeyUses
from application.ports.limits.rate_ledger import RateLedger
from application.ports.lists.search_index import SearchIndex
from application.ports.organizations.quota_ledger import QuotaLedger
from application.ports.organizations.request_records import RequestRecords
from application.ports.read_side import ReadSide
from application.ports.storage.object_storage import (
    ObjectStorage,
)
from application.ports.storage.url_signer import UrlSigner
from application.ports.tasks.job_queue import JobQueue
from application.ports.tasks.tasks import Tasks
from application.ports.webhooks.webhook_deliveries import WebhookDeliveries
from application.ports.webhooks.webhook_endpoints import WebhookEndpoints
from application.ports.webhooks.webhook_sender import WebhookSender
from domain.keys.token_secrets import TokenSecrets


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen adapters. `rate_ledger` None: requests are not limited. `search_index` None: not needed."""

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
