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
from application.keys.managing_upload_tokens import ManagingUploadTokens
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
from application.tasks.running import ItemWork, RunningTasks
from application.tasks.worker import Working
from application.uploads.awaiting_ends import AwaitingEnds
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
from domain.shared_fields import made_from
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
    upload_tokens: ManagingUploadTokens
    issue_event_token: IssuingEventTokens
    read_events: ReadingEvents
    await_end: AwaitingEnds
    subscribe: Subscribing[Any]
    analyze: Analyzing
    webhooks: ManagingWebhooks
    queue_deliveries: QueueingDeliveries
    replay_webhooks: ReplayingWebhooks
    deliver_webhooks: DeliveringWebhooks
    worker: Working
    take_storage_events: TakingStorageEvents


class _Parts(Ports, frozen=True, kw_only=True):
    """What use cases are made of. Each use case takes the parts that its own fields name."""

    rules: Rules


def put_together(
    ports: Ports, rules: Rules, *, system: Ports | None = None, telemetry: Telemetry | None = None
) -> Services:
    """Build the use cases; `system`: the ports for all tenants, if they differ."""
    telemetry = telemetry or Telemetry()
    parts = made_from(_Parts, ports, rules=rules)
    whole = made_from(_Parts, system or ports, rules=rules)
    admit = made_from(Admitting, parts, uses=parts.key_uses, secrets=parts.token_secrets)
    compose = made_from(ComposingObjects, parts)
    change_object = made_from(ChangingObjects, parts, admit=admit, compose=compose)
    read_events = ReadingEvents(log=whole.log, own=parts.log, tokens=parts.read_side)
    return Services(
        ports=ports,
        system=system or ports,
        admit=admit,
        limit_requests=None
        if parts.rate_ledger is None
        else LimitingRequests(
            ledger=parts.rate_ledger, report=_report_lone_limits, token_percent=rules.token_rate_percent
        ),
        limit_strangers=None if parts.rate_ledger is None else LimitingStrangers(clock=parts.clock),
        do_once=_doing_once(parts),
        request_upload=RequestingUpload(
            log=parts.log,
            read_side=parts.read_side,
            signer=parts.signer,
            clock=parts.clock,
            ids=parts.ids,
            rules=rules,
        ),
        confirm_upload=_confirming(parts),
        confirm_many=_confirming_many(parts),
        cancel_open_uploads=made_from(CancelingOpenUploads, parts),
        sign_uploads=made_from(SigningUploads, parts, admit=admit),
        send_parts=made_from(SendingParts, parts),
        cancel_upload=made_from(CancelingUpload, parts),
        read_task=made_from(ReadingTasks, parts, admit=admit),
        cancel_task=made_from(CancelingTasks, parts, admit=admit),
        create_namespace=made_from(CreatingNamespaces, parts),
        change_namespace=made_from(ChangingNamespaces, parts),
        create_bucket=made_from(CreatingBuckets, parts),
        change_bucket=made_from(ChangingBuckets, parts),
        create_object=made_from(CreatingObjects, parts, admit=admit, compose=compose, change=change_object),
        change_object=change_object,
        delete_object=made_from(DeletingObjects, parts),
        delete_bucket=_deleting_bucket(parts),
        delete_namespace=_deleting_namespace(parts),
        organizations=made_from(OpeningOrganizations, whole),
        change_organization=made_from(ChangingOrganizations, parts),
        keys=made_from(ManagingKeys, parts),
        issue_upload_token=made_from(IssuingUploadTokens, parts),
        upload_tokens=made_from(ManagingUploadTokens, parts),
        issue_event_token=made_from(IssuingEventTokens, parts, secrets=parts.token_secrets),
        read_events=read_events,
        await_end=AwaitingEnds(read_events=read_events),
        subscribe=Subscribing(
            log=whole.log,
            subscriptions=parts.subscriptions,
            clock=parts.clock,
            ids=parts.ids,
            report=report_subscription,
            around=telemetry.delivery,
        ),
        analyze=made_from(Analyzing, parts),
        webhooks=made_from(ManagingWebhooks, parts, endpoints=parts.webhook_endpoints, sender=parts.webhook_sender),
        queue_deliveries=made_from(QueueingDeliveries, whole, deliveries=whole.webhook_deliveries),
        replay_webhooks=made_from(ReplayingWebhooks, whole, deliveries=whole.webhook_deliveries),
        deliver_webhooks=made_from(
            DeliveringWebhooks,
            whole,
            endpoints=whole.webhook_endpoints,
            deliveries=whole.webhook_deliveries,
            sender=whole.webhook_sender,
            report=_report_delivery,
            watch=telemetry,
        ),
        worker=_working(whole, telemetry),
        take_storage_events=made_from(
            TakingStorageEvents,
            whole,
            verify=made_from(VerifyingUploads, whole),
            report_unknown=_report_unknown_notification,
        ),
    )


def _confirming(parts: _Parts) -> ConfirmingUpload:
    return made_from(ConfirmingUpload, parts, verify=made_from(VerifyingUploads, parts))


def _confirming_many(parts: _Parts) -> ConfirmingMany:
    return made_from(ConfirmingMany, parts, confirm=_confirming(parts))


def _deleting_bucket(parts: _Parts) -> DeletingBuckets:
    return made_from(DeletingBuckets, parts, delete_object=made_from(DeletingObjects, parts))


def _deleting_namespace(parts: _Parts) -> DeletingNamespaces:
    return made_from(DeletingNamespaces, parts, delete_bucket=_deleting_bucket(parts))


def _doing_once(parts: _Parts) -> DoingOnce:
    return made_from(DoingOnce, parts, keys=parts.idempotency_keys)


def _working(parts: _Parts, telemetry: Telemetry) -> Working:
    work: dict[TaskType, ItemWork] = {
        TaskType.CONFIRM_UPLOADS: _confirming_many(parts).work,
        TaskType.CANCEL_UPLOADS: made_from(CancelingOpenUploads, parts).work,
        TaskType.DELETE_BUCKET: _deleting_bucket(parts).work,
        TaskType.DELETE_NAMESPACE: _deleting_namespace(parts).work,
    }
    verify = made_from(VerifyingUploads, parts)
    return made_from(
        Working,
        parts,
        verify=verify,
        expire=made_from(ExpiringUploads, parts, verify=verify),
        forget=made_from(ForgettingUploads, parts),
        recheck=made_from(RecheckingUploads, parts),
        delete_object=made_from(DeletingObjects, parts),
        tasks=made_from(RunningTasks, parts, work=work),
        do_once=_doing_once(parts),
        report=_report_job,
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
