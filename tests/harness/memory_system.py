"""The use cases over adapters in memory, with a stopped clock: quick, and every failure is possible."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from adapters.memory.analytics.analytics import MemoryAnalytics
from adapters.memory.clock import ManualClock, SequentialIds
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.events.subscriptions import MemorySubscriptions
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.keys.directory import MemoryDirectory
from adapters.memory.keys.key_uses import MemoryKeyUses
from adapters.memory.organizations.request_records import MemoryRequestRecords
from adapters.memory.read_side import MemoryReadSide
from adapters.memory.storage.object_storage import MemoryObjectStorage
from adapters.memory.storage.url_signer import MemoryUrlSigner, WrongFileError
from adapters.memory.storage.url_signer import RefusedError as UrlRefusedError
from adapters.memory.tasks.job_queue import MemoryJobQueue
from adapters.memory.tasks.tasks import MemoryTasks
from adapters.memory.webhooks.webhook_deliveries import MemoryWebhookDeliveries
from adapters.memory.webhooks.webhook_endpoints import MemoryWebhookEndpoints
from adapters.memory.webhooks.webhook_sender import MemoryWebhookSender
from application.lists.listing import UPLOADS
from application.ports.lists.pages import PageRequest
from application.ports.storage.object_storage import (
    ObjectStorage,
    StorageError,
    StoredContent,
    StoredPart,
)
from application.rules import Rules
from application.uploads.completing_multipart import NamedPart
from application.uploads.confirming_many import Confirmation
from application.uploads.requesting import Answer as RequestAnswer
from application.uploads.sending_parts import WantedPart
from domain import refusals
from domain.buckets.bucket import Policy
from domain.keys.token_secrets import TokenSecrets
from domain.lists.filtering import parse_filter
from domain.uploads.admission import Announcement
from domain.uploads.content import Claimed
from entrypoints.http.objects.routes import render as render_object
from entrypoints.http.tasks.routes import render as render_task
from entrypoints.http.uploads.routes import _announced as announced_of
from entrypoints.http.uploads.routes import _render_confirmed as render_confirmed
from entrypoints.http.uploads.routes import render
from entrypoints.http.uploads.wire import CreateUploadRequest
from entrypoints.wiring.ports import Ports
from entrypoints.wiring.use_cases import Services, put_together
from tests.harness import in_process
from tests.harness.failing_storage import FailingStorage
from tests.harness.system import (
    Answer,
    Ask,
    BlobSeen,
    BucketSeen,
    Cancel,
    Confirm,
    ConfirmSeen,
    Delete,
    EventSeen,
    Forget,
    Limits,
    Notify,
    ObjectSeen,
    Outcome,
    PartSeen,
    PartsSigned,
    Powers,
    PutSeen,
    QuotaSeen,
    Refused,
    Request,
    SignAgain,
    SignParts,
    TaskSeen,
    UploadSeen,
    UrlSeen,
)

T = TypeVar("T")

# A subclass precedes its class.
_STATUS_OF: tuple[tuple[type[refusals.RefusedError], int], ...] = (
    (refusals.UnauthenticatedError, 401),
    (refusals.ForbiddenError, 403),
    (refusals.NotFoundError, 404),
    (refusals.InvalidInputError, 422),
    (refusals.WrongStateError, 400),
    (refusals.ConflictError, 409),
)
_LIST_LIMIT = 1000


class ClientsStorage(Protocol):
    """The side of storage that clients see; another adapter needs it beside `ObjectStorage`."""

    def put(self, key: str, body: bytes, content_type: str | None = None) -> StoredContent:
        """Store a body like a PUT."""
        ...

    def put_part(self, key: str, multipart_id: str, part_number: int, body: bytes) -> StoredPart | None:
        """Store a part like a PUT; None if there is no such multipart upload."""
        ...


class PutableStorage(ObjectStorage, ClientsStorage, Protocol):
    """Storage from both sides."""


class MemorySystem:
    """Implements `System`. `storage`: another one than that in memory; `versioned`: whether it keeps versions."""

    def __init__(
        self, *, versioned: bool = True, limits: Limits | None = None, storage: PutableStorage | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.powers = Powers(versioned=versioned, passes_time=True, breaks_storage=True, interrupts=True, quick=True)
        self._loop = asyncio.new_event_loop()  # a Runner would handle signals in each of thousands of calls
        self._clock = ManualClock()
        self._signer = MemoryUrlSigner()
        self._log = MemoryEventLog(self._clock)
        self._storage: PutableStorage = storage or MemoryObjectStorage(
            versioned=versioned, min_part_bytes=self.limits.least_part_bytes
        )
        self._failing = FailingStorage(self._storage)
        read_side = MemoryReadSide(self._log)
        endpoints = MemoryWebhookEndpoints(self._log)
        ports = Ports(
            log=self._log,
            idempotency_keys=MemoryIdempotencyKeys(self._clock),
            rate_ledger=None,
            read_side=read_side,
            quota_ledger=self._log.quota_ledger,
            directory=MemoryDirectory(read_side),
            key_uses=MemoryKeyUses(),
            request_records=MemoryRequestRecords(self._clock),
            jobs=MemoryJobQueue(self._log),
            tasks=MemoryTasks(self._log),
            subscriptions=MemorySubscriptions(self._clock),
            analytics=MemoryAnalytics(self._log),
            storage=self._failing,
            signer=self._signer,
            webhook_endpoints=endpoints,
            webhook_deliveries=MemoryWebhookDeliveries(self._log, endpoints),
            webhook_sender=MemoryWebhookSender(),
            token_secrets=TokenSecrets(["a secret of the harness alone, in memory"]),
            clock=self._clock,
            ids=SequentialIds(),
        )
        rules = Rules(
            tier_limits=in_process.tier_limits(self.limits),
            grace=self.limits.grace,
            retention=self.limits.retention,
            inline_limit_bytes=self.limits.inline_limit_bytes,
            part_bytes=self.limits.part_bytes,
        )
        self._services: Services = put_together(ports, rules)
        self._account = self._run(in_process.open_account(self._services, self.limits))

    def at_once(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Send the requests as tasks of one event loop."""

        async def send() -> list[Answer]:
            return list(await asyncio.gather(*(self._send(request) for request in requests)))

        return self._run(send())

    def announce_batch(self, asks: Sequence[Ask]) -> Sequence[UploadSeen] | Refused:
        """Announce files in one request."""
        files = [_announced(ask) for ask in asks]
        account = self._account
        many = self._services.request_upload.many(
            account.caller, account.namespace, account.buckets[asks[0].bucket], files
        )
        try:
            return [_upload_seen(answer) for answer in self._run(many)]
        except refusals.RefusedError as refused:
            return _refused(refused)

    def confirm_batch(self, bucket: str, upload_ids: Sequence[str]) -> str:
        """Confirm uploads in one request."""
        confirmations = [Confirmation(upload_id=upload_id, claimed=Claimed()) for upload_id in upload_ids]
        account = self._account
        confirm = self._services.confirm_many(account.caller, account.buckets[bucket], confirmations)
        return self._run(confirm).task_id

    def task(self, task_id: str) -> TaskSeen | Refused:
        """Get a task."""
        record = self._run(self._services.ports.tasks.task(self._account.organization_id, task_id))
        if record is None:
            return Refused(404, "task_not_found")
        return TaskSeen.of(in_process.wire(render_task(record)))

    def put(self, url: str, headers: Mapping[str, str], body: bytes) -> PutSeen:
        """Store the body, if the URL allows it."""
        sent = {**headers, "Content-Length": str(len(body))}
        try:
            allowed = self._signer.check("PUT", url, headers=sent, now=self._clock.now())
        except UrlRefusedError:
            return PutSeen(403, None)
        if allowed.part is None:
            return PutSeen(200, self._storage.put(allowed.key, body, headers["Content-Type"]).etag)
        part = self._storage.put_part(allowed.key, *allowed.part, body)
        return PutSeen(404, None) if part is None else PutSeen(200, part.etag)

    def post(self, url: str, fields: Mapping[str, str], body: bytes) -> PutSeen:
        """Store the file, if the form allows it."""
        del url  # all forms have the same
        try:
            allowed = self._signer.check_form(fields, body, now=self._clock.now())
        except UrlRefusedError:
            return PutSeen(403, None)
        except WrongFileError:
            return PutSeen(400, None)
        return PutSeen(201, self._storage.put(allowed.key, body, fields["Content-Type"]).etag)

    def parts(self, upload_id: str) -> Sequence[PartSeen] | Refused:
        """List the parts that storage has."""
        listing = self._services.send_parts.parts(self._account.namespace, upload_id, bucket_id=None)
        try:
            return [PartSeen(part.part_number, part.size_bytes, part.etag) for part in self._run(listing)]
        except refusals.RefusedError as refused:
            return _refused(refused)
        except StorageError:
            return Refused(503, "storage_unavailable")

    def get(self, upload_id: str) -> UploadSeen | Refused:
        """Query the read side, like the route."""
        record = self._run(self._services.ports.read_side.upload(self._account.namespace.namespace_id, upload_id))
        return Refused(404, "upload_not_found") if record is None else UploadSeen.of(in_process.wire(render(record)))

    def uploads(self, bucket: str, status: str | None = None) -> Sequence[UploadSeen]:
        """Query the read side, like the route."""
        page = self._run(
            self._services.ports.read_side.uploads(
                self._account.namespace.namespace_id,
                self._account.buckets[bucket].bucket_id,
                PageRequest(
                    limit=_LIST_LIMIT, where=None if status is None else parse_filter({"status": status}, UPLOADS.known)
                ),
            )
        )
        return [UploadSeen.of(in_process.wire(render(record))) for record in page.rows]

    def bucket(self, bucket: str) -> BucketSeen:
        """Query the read side."""
        record = self._run(self._services.ports.read_side.bucket(self._account.namespace.namespace_id, bucket))
        assert record is not None
        return BucketSeen(record.object_count, record.total_size_bytes)

    def bucket_object(self, bucket: str, object_id: str) -> ObjectSeen | Refused:
        """Query the read side."""
        record = self._run(
            self._services.ports.read_side.bucket_object(self._account.namespace.namespace_id, object_id)
        )
        if record is None or record.bucket_id != self._account.buckets[bucket].bucket_id:
            return Refused(404, "object_not_found")
        return object_seen(in_process.wire(render_object(record)))

    def quota(self) -> QuotaSeen:
        """Return the organization's use of storage."""
        return self._run(in_process.quota(self._services, self._account))

    def set_quota(self, quota_bytes: int) -> None:
        """Change the quota."""
        self._run(
            self._services.organizations.set_limits(self._account.organization_id, tier=None, quota_bytes=quota_bytes)
        )

    def feed(self, after: int) -> Sequence[EventSeen]:
        """Return the events behind a position."""
        return self._run(in_process.feed(self._services, after))

    def begins_after(self) -> int:
        """Return the first position."""
        return 0

    def organization_id(self) -> str:
        """Return the organization of the relevant events."""
        return self._account.organization_id

    def jobs(self) -> Mapping[tuple[str, str], datetime]:
        """Return the jobs."""
        rows = self._log.jobs.rows.values()
        first = {(row.upload_id, row.kind.value): row.due_at for row in rows}
        return first | {
            (row.upload_id, row.then_kind.value): row.then_at for row in rows if row.then_kind and row.then_at
        }

    def stored(self, storage_key: str) -> bytes | None:
        """Return the stored object of a key."""
        return self._run(in_process.stored(self._storage, storage_key))

    def verified_bytes(self, upload_id: str) -> bytes | None:
        """Return the bytes that an upload was completed with."""
        return self._run(in_process.verified_bytes(self._services, self._account, self._storage, upload_id))

    def multiparts(self) -> Collection[tuple[str, str]]:
        """Return the multipart uploads that were neither completed nor aborted."""
        return self._run(in_process.multiparts(self._storage, self._account))

    def work(self) -> None:
        """Work until nothing is due."""
        with structlog.testing.capture_logs():
            self._run(in_process.work(self._services))

    def now(self) -> datetime:
        """Return the time."""
        return self._clock.now()

    def storage_now(self) -> datetime:
        """Return the same."""
        return self._clock.now()

    def pass_time(self, by: timedelta) -> None:
        """Set the clock forward."""
        self._clock.advance(by)

    def break_storage(self, outcomes: Sequence[Outcome], *, operation: str | None, reads_fail: bool) -> None:
        """Let calls fail."""
        self._failing.fail(outcomes, operation=operation, reads_fail=reads_fail)

    def mend_storage(self) -> None:
        """Let no call fail."""
        self._failing.fail([], operation=None, reads_fail=False)

    def interrupted(self, request: Request | None, steps: int) -> None:
        """Cancel the task after so many turns of the event loop."""

        async def drop() -> None:
            work: Coroutine[Any, Any, object] = (
                self._services.worker.work_due() if request is None else self._send(request)
            )
            task = asyncio.create_task(work)
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(outcome, Exception):
                raise outcome

        with structlog.testing.capture_logs():
            self._run(drop())

    def close(self) -> None:
        """Close the event loop."""
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    async def _send(self, request: Request) -> Answer:  # noqa: C901, PLR0911  # one arm for every kind of request
        try:
            match request:
                case Ask():
                    return await self._announce(request)
                case Confirm():
                    return await self._confirm(request)
                case SignParts():
                    return await self._sign_parts(request)
                case SignAgain():
                    return await self._sign_again(request)
                case Notify():
                    body = msgspec.json.encode(request.wire(self._storage.bucket))
                    return in_process.notified(await self._services.take_storage_events(body))
                case Cancel():
                    await self._cancel(request)
                    return None
                case Forget():
                    return await in_process.forget(self._services, request.upload_id)
                case Delete():
                    key_id = self._account.caller.key.key_id
                    await self._services.delete_object(request.object_id, actor_id=key_id, key_id=key_id)
                    return None
        except refusals.RefusedError as refused:
            return _refused(refused)
        except StorageError:
            return Refused(503, "storage_unavailable")

    async def _announce(self, ask: Ask) -> UploadSeen:
        account = self._account
        answer = await self._services.request_upload(
            account.caller, account.namespace, account.buckets[ask.bucket], _announced(ask)
        )
        return _upload_seen(answer)

    async def _sign_parts(self, request: SignParts) -> PartsSigned:
        account = self._account
        sizes = request.sizes or (None,) * len(request.part_numbers)
        wanted = [
            WantedPart(part_number=number, size_bytes=size)
            for number, size in zip(request.part_numbers, sizes, strict=True)
        ]
        signed = await self._services.send_parts.sign(
            account.caller, account.namespace, request.upload_id, wanted, bucket_id=None
        )
        return PartsSigned({part.part_number: UrlSeen(part.signed.url, part.signed.headers) for part in signed})

    async def _sign_again(self, request: SignAgain) -> UploadSeen:
        account = self._account
        record, signed = await self._services.send_parts.sign_again(
            account.caller, account.namespace, request.upload_id, bucket_id=None
        )
        return UploadSeen.of(in_process.wire(render(record, signed)))

    async def _confirm(self, request: Confirm) -> ConfirmSeen:
        claim = request.claim
        parts = request.parts
        confirmed = await self._services.confirm_upload(
            self._account.caller,
            self._account.namespace,
            request.upload_id,
            bucket_id=None,
            claimed=Claimed(
                etag=claim.etag,
                size_bytes=claim.size_bytes,
                policy=None if claim.policy is None else Policy(claim.policy),
            ),
            as_task=request.as_task,
            parts=None if parts is None else [NamedPart(part_number=number, etag=etag) for number, etag in parts],
        )
        return ConfirmSeen.of(in_process.wire(render_confirmed(confirmed)))

    async def _cancel(self, request: Cancel) -> None:
        await self._services.cancel_upload(
            self._account.caller,
            self._account.namespace,
            request.upload_id,
            bucket_id=None,
            keep_bytes=request.keep_bytes,
            only_open=request.only_open,
        )


def _announced(ask: Ask) -> Announcement:
    return announced_of(msgspec.convert(ask.wire(), CreateUploadRequest), None)


def _upload_seen(answer: RequestAnswer) -> UploadSeen:
    shown = render(answer.record, answer.signed, is_duplicate=answer.is_duplicate, message=answer.message)
    return UploadSeen.of(in_process.wire(shown))


def _refused(refused: refusals.RefusedError) -> Refused:
    status = next(status for kind, status in _STATUS_OF if isinstance(refused, kind))
    return Refused.of(status, refused.code, refused.details)


def object_seen(wire: Mapping[str, Any]) -> ObjectSeen:
    """Read an object from the contract's response."""
    blobs = {
        blob["property"]: BlobSeen(blob["upload_id"], blob["details"]["hash"], blob["details"]["size_bytes"])
        for blob in wire["blobs"]
    }
    end = wire["deletes_at"]
    return ObjectSeen(blobs, wire.get("title"), None if end is None else datetime.fromisoformat(end))
