"""Builds the use cases from ports. The adapters are chosen elsewhere."""

from typing import Any

import msgspec
import structlog

from application.analytics.analyzing import Analyzing
from application.buckets.changing import ChangingBuckets
from application.buckets.creating import CreatingBuckets
from application.buckets.deleting import DeletingBuckets
from application.events.reading import ReadingEvents
from application.events.subscribing import Subscribing
from application.idempotency import DoingOnce
from application.keys.callers import Admitting
from application.keys.issuing_event_tokens import IssuingEventTokens
from application.keys.issuing_upload_tokens import IssuingUploadTokens
from application.keys.managing import ManagingKeys
from application.limits.limiting_requests import LimitingRequests, LimitingStrangers
from application.namespaces.changing import ChangingNamespaces
from application.namespaces.creating import CreatingNamespaces
from application.namespaces.deleting import DeletingNamespaces
from application.objects.changing import ChangingObjects
from application.objects.composing import ComposingObjects
from application.objects.creating import CreatingObjects
from application.objects.deleting import DeletingObjects
from application.organizations.changing import ChangingOrganizations
from application.organizations.opening import OpeningOrganizations
from application.ports.tasks.job_queue import Job
from application.ports.tasks.tasks import TaskType
from application.ports.webhooks.webhook_deliveries import DeliveryRecord
from application.rules import Rules
from application.storage.taking_notifications import TakingStorageEvents
from application.tasks.canceling import CancelingTasks
from application.tasks.reading import ReadingTasks
from application.tasks.running import RunningTasks
from application.tasks.worker import Working
from application.uploads.canceling import CancelingUpload
from application.uploads.canceling_open import CancelingOpenUploads
from application.uploads.confirming import ConfirmingUpload
from application.uploads.confirming_many import ConfirmingMany
from application.uploads.expiring import ExpiringUploads
from application.uploads.forgetting import ForgettingUploads
from application.uploads.rechecking import RecheckingUploads
from application.uploads.requesting import RequestingUpload
from application.uploads.sending_parts import SendingParts
from application.uploads.signing import SigningUploads
from application.uploads.verifying import VerifyingUploads
from application.webhooks.delivering import DeliveringWebhooks, QueueingDeliveries
from application.webhooks.managing import ManagingWebhooks
from application.webhooks.replaying import ReplayingWebhooks
from entrypoints.observability.telemetry import Telemetry
from entrypoints.wiring.ports import Ports

_log = structlog.get_logger(__name__)


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The use cases, ready to be called. `ports`: limited to one tenant; `system`: for all tenants."""

    ports: Ports
    system: Ports
    admit: Admitting
    limit_requests: LimitingRequests | None
    limit_strangers: LimitingStrangers | None
    do_once: DoingOnce
    request_upload: RequestingUpload
    confirm_upload: ConfirmingUpload
    confirm_many: ConfirmingMany
    cancel_open_uploads: CancelingOpenUploads
    sign_uploads: SigningUploads
    send_parts: SendingParts
    cancel_upload: CancelingUpload
    read_task: ReadingTasks
    cancel_task: CancelingTasks
    create_namespace: CreatingNamespaces
    change_namespace: ChangingNamespaces
    create_bucket: CreatingBuckets
    create_object: CreatingObjects
    change_object: ChangingObjects
    delete_bucket: DeletingBuckets
    delete_namespace: DeletingNamespaces
    delete_object: DeletingObjects
    change_bucket: ChangingBuckets
    organizations: OpeningOrganizations
    change_organization: ChangingOrganizations
    keys: ManagingKeys
    issue_upload_token: IssuingUploadTokens
    issue_event_token: IssuingEventTokens
    read_events: ReadingEvents
    subscribe: Subscribing[Any]
    analyze: Analyzing
    webhooks: ManagingWebhooks
    queue_deliveries: QueueingDeliveries
    replay_webhooks: ReplayingWebhooks
    deliver_webhooks: DeliveringWebhooks
    worker: Working
    take_storage_events: TakingStorageEvents


def put_together(
    ports: Ports, rules: Rules, *, system: Ports | None = None, telemetry: Telemetry | None = None
) -> Services:
    """Build the use cases; `system`: the ports for all tenants, if they differ."""
    telemetry = telemetry or Telemetry()
    p, system = ports, system or ports
    admit = Admitting(directory=p.directory, log=p.log, uses=p.key_uses, secrets=p.token_secrets, clock=p.clock)
    compose = ComposingObjects(read_side=p.read_side, ids=p.ids)
    change_object = ChangingObjects(
        log=p.log, read_side=p.read_side, admit=admit, compose=compose, clock=p.clock, ids=p.ids, rules=rules
    )
    return Services(
        ports=ports,
        system=system,
        admit=admit,
        limit_requests=None
        if p.rate_ledger is None
        else LimitingRequests(ledger=p.rate_ledger, report=_report_lone_limits, token_percent=rules.token_rate_percent),
        limit_strangers=None if p.rate_ledger is None else LimitingStrangers(clock=p.clock),
        do_once=_doing_once(p),
        request_upload=RequestingUpload(
            log=p.log, read_side=p.read_side, signer=p.signer, clock=p.clock, ids=p.ids, rules=rules
        ),
        confirm_upload=_confirming(p, rules),
        confirm_many=_confirming_many(p, rules),
        cancel_open_uploads=_canceling_open_uploads(p, rules),
        sign_uploads=SigningUploads(read_side=p.read_side, admit=admit, signer=p.signer, clock=p.clock),
        send_parts=SendingParts(
            log=p.log,
            read_side=p.read_side,
            storage=p.storage,
            signer=p.signer,
            clock=p.clock,
            ids=p.ids,
            rules=rules,
        ),
        cancel_upload=CancelingUpload(
            log=p.log, read_side=p.read_side, storage=p.storage, clock=p.clock, ids=p.ids, rules=rules
        ),
        read_task=ReadingTasks(tasks=p.tasks, admit=admit),
        cancel_task=CancelingTasks(tasks=p.tasks, admit=admit, clock=p.clock),
        create_namespace=CreatingNamespaces(log=p.log, clock=p.clock, ids=p.ids),
        change_namespace=ChangingNamespaces(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids),
        create_bucket=CreatingBuckets(log=p.log, clock=p.clock, ids=p.ids),
        change_bucket=ChangingBuckets(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids),
        create_object=CreatingObjects(
            log=p.log,
            read_side=p.read_side,
            admit=admit,
            compose=compose,
            change=change_object,
            clock=p.clock,
            ids=p.ids,
        ),
        change_object=change_object,
        delete_object=DeletingObjects(log=p.log, clock=p.clock, ids=p.ids),
        delete_bucket=_deleting_bucket(p, rules),
        delete_namespace=_deleting_namespace(p, rules),
        organizations=OpeningOrganizations(
            log=system.log, read_side=system.read_side, clock=p.clock, ids=p.ids, rules=rules
        ),
        change_organization=ChangingOrganizations(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids),
        keys=ManagingKeys(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids, rules=rules),
        issue_upload_token=IssuingUploadTokens(log=p.log, clock=p.clock, ids=p.ids),
        issue_event_token=IssuingEventTokens(log=p.log, secrets=p.token_secrets, clock=p.clock, ids=p.ids),
        read_events=ReadingEvents(log=system.log, own=p.log),
        subscribe=Subscribing(
            log=system.log,
            subscriptions=p.subscriptions,
            clock=p.clock,
            ids=p.ids,
            report=report_subscription,
            around=telemetry.delivery,
        ),
        analyze=Analyzing(analytics=p.analytics, clock=p.clock),
        webhooks=ManagingWebhooks(
            log=p.log,
            read_side=p.read_side,
            endpoints=p.webhook_endpoints,
            sender=p.webhook_sender,
            clock=p.clock,
            ids=p.ids,
        ),
        queue_deliveries=QueueingDeliveries(
            log=system.log, read_side=system.read_side, deliveries=system.webhook_deliveries, clock=p.clock
        ),
        replay_webhooks=ReplayingWebhooks(
            log=system.log, subscriptions=system.subscriptions, deliveries=system.webhook_deliveries, clock=p.clock
        ),
        deliver_webhooks=DeliveringWebhooks(
            log=system.log,
            read_side=system.read_side,
            endpoints=system.webhook_endpoints,
            deliveries=system.webhook_deliveries,
            sender=system.webhook_sender,
            clock=p.clock,
            ids=p.ids,
            report=_report_delivery,
            watch=telemetry,
        ),
        worker=_working(system, rules, telemetry),
        take_storage_events=TakingStorageEvents(
            log=system.log,
            jobs=system.jobs,
            storage=system.storage,
            clock=p.clock,
            ids=p.ids,
            report_unknown=_report_unknown_notification,
        ),
    )


def _verifying(p: Ports, rules: Rules) -> VerifyingUploads:
    return VerifyingUploads(
        log=p.log,
        read_side=p.read_side,
        storage=p.storage,
        directory=p.directory,
        tasks=p.tasks,
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _confirming(p: Ports, rules: Rules) -> ConfirmingUpload:
    return ConfirmingUpload(
        log=p.log,
        read_side=p.read_side,
        storage=p.storage,
        verify=_verifying(p, rules),
        tasks=p.tasks,
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _confirming_many(p: Ports, rules: Rules) -> ConfirmingMany:
    return ConfirmingMany(tasks=p.tasks, confirm=_confirming(p, rules), clock=p.clock, ids=p.ids, rules=rules)


def _canceling_open_uploads(p: Ports, rules: Rules) -> CancelingOpenUploads:
    return CancelingOpenUploads(log=p.log, read_side=p.read_side, tasks=p.tasks, clock=p.clock, ids=p.ids, rules=rules)


def _deleting_bucket(p: Ports, rules: Rules) -> DeletingBuckets:
    return DeletingBuckets(
        log=p.log,
        read_side=p.read_side,
        tasks=p.tasks,
        delete_object=DeletingObjects(log=p.log, clock=p.clock, ids=p.ids),
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _deleting_namespace(p: Ports, rules: Rules) -> DeletingNamespaces:
    return DeletingNamespaces(
        log=p.log,
        read_side=p.read_side,
        tasks=p.tasks,
        delete_bucket=_deleting_bucket(p, rules),
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _doing_once(p: Ports) -> DoingOnce:
    return DoingOnce(keys=p.idempotency_keys, log=p.log, clock=p.clock, ids=p.ids)


def _working(p: Ports, rules: Rules, telemetry: Telemetry) -> Working:
    return Working(
        jobs=p.jobs,
        log=p.log,
        storage=p.storage,
        clock=p.clock,
        verify=_verifying(p, rules),
        expire=ExpiringUploads(log=p.log, storage=p.storage, clock=p.clock, ids=p.ids, rules=rules),
        forget=ForgettingUploads(log=p.log, clock=p.clock, ids=p.ids),
        recheck=RecheckingUploads(log=p.log, storage=p.storage, clock=p.clock, ids=p.ids),
        delete_object=DeletingObjects(log=p.log, clock=p.clock, ids=p.ids),
        tasks=RunningTasks(
            tasks=p.tasks,
            clock=p.clock,
            rules=rules,
            work={
                TaskType.CONFIRM_UPLOADS: _confirming_many(p, rules).work,
                TaskType.CANCEL_UPLOADS: _canceling_open_uploads(p, rules).work,
                TaskType.DELETE_BUCKET: _deleting_bucket(p, rules).work,
                TaskType.DELETE_NAMESPACE: _deleting_namespace(p, rules).work,
            },
        ),
        do_once=_doing_once(p),
        report=_report_job,
        search_index=p.search_index,
        around=telemetry.job,
    )


def _report_job(job: Job, error: BaseException) -> None:
    _log.warning("job_failed", kind=job.kind, upload_id=job.upload_id, attempts=job.attempts, error=repr(error))


def _report_delivery(delivery: DeliveryRecord, error: BaseException) -> None:
    _log.warning("delivery_failed", webhook_id=delivery.webhook_id, position=delivery.position, error=repr(error))


def _report_unknown_notification(body: bytes) -> None:
    decoded = msgspec.json.decode(body)
    _log.warning(
        "storage_event_unknown", fields=sorted(decoded)[:20] if isinstance(decoded, dict) else type(decoded).__name__
    )


def _report_lone_limits(error: Exception) -> None:
    _log.warning("rate_limits_by_itself", error=repr(error))


def report_subscription(name: str, error: BaseException) -> None:
    """Log an error of a reader of the feed."""
    _log.warning("subscription_failed", name=name, error=repr(error))
