"""All use cases over adapters in memory, one tenant, and a client that does what clients do."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from adapters.memory.clock import ManualClock, SequentialIds
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.keys.directory import MemoryDirectory
from adapters.memory.keys.key_uses import MemoryKeyUses
from adapters.memory.read_side import MemoryReadSide
from adapters.memory.storage.object_storage import MemoryObjectStorage
from adapters.memory.storage.url_signer import MemoryUrlSigner
from adapters.memory.tasks.job_queue import MemoryJobQueue
from adapters.memory.tasks.tasks import MemoryTasks
from application.buckets.changing import ChangingBuckets
from application.buckets.creating import CreatingBuckets
from application.buckets.deleting import DeletingBuckets
from application.handling import Loaded, Proposal, handle
from application.idempotency import DoingOnce
from application.keys.callers import Admitting, Caller
from application.keys.issuing_event_tokens import IssuingEventTokens
from application.keys.issuing_upload_tokens import IssuingUploadTokens
from application.keys.managing import KeyWish, ManagingKeys
from application.keys.managing_upload_tokens import ManagingUploadTokens
from application.namespaces.changing import ChangingNamespaces
from application.namespaces.creating import CreatingNamespaces
from application.namespaces.deleting import DeletingNamespaces
from application.objects.changing import ChangingObjects, ObjectChange
from application.objects.composing import ComposingObjects
from application.objects.creating import CreatingObjects, ObjectWish
from application.objects.deleting import DeletingObjects
from application.organizations.changing import ChangingOrganizations
from application.organizations.opening import OpeningOrganizations
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import Command
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_reads import ObjectRecord
from application.ports.storage.object_storage import StoredContent, StoredPart
from application.ports.tasks.job_queue import Job
from application.ports.tasks.tasks import TaskRecord, TaskType
from application.ports.uploads.upload_reads import UploadRecord
from application.rules import Rules
from application.tasks.canceling import CancelingTasks
from application.tasks.reading import ReadingTasks
from application.tasks.running import RunningTasks
from application.tasks.worker import Working
from application.uploads.canceling import CancelingUpload
from application.uploads.canceling_open import CancelingOpenUploads
from application.uploads.completing_multipart import NamedPart
from application.uploads.confirming import Confirmed, ConfirmingUpload
from application.uploads.confirming_many import Confirmation, ConfirmingMany
from application.uploads.expiring import ExpiringUploads
from application.uploads.forgetting import ForgettingUploads
from application.uploads.rechecking import RecheckingUploads
from application.uploads.requesting import Answer, RequestingUpload
from application.uploads.sending_parts import SendingParts, SignedPart, WantedPart
from application.uploads.signing import SigningUploads
from application.uploads.verifying import VerifyingUploads
from domain.buckets.bucket import Policy, UniqueKey
from domain.events.event import Event
from domain.keys.token_secrets import TokenSecrets
from domain.objects.composition import BlobWish
from domain.organizations.organization import Tier
from domain.uploads.admission import Announcement
from domain.uploads.content import Claimed
from domain.uploads.content_rules import ANY_CONTENT, ContentRules
from domain.uploads.upload import UPLOAD, Upload
from domain.uploads.upload_events import UploadEvent

BYTES = b"a short clip"
SHA256 = hashlib.sha256(BYTES).hexdigest()
SCHEMA = {"properties": {"video": {"type": "video"}, "title": {"type": "string"}}}


@dataclass
class World:
    """All components. `problems`: the reports of workers."""

    versioned: bool = True
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.ids = SequentialIds()
        self.log = MemoryEventLog(self.clock)
        self.key_uses = MemoryKeyUses()
        self.read_side = MemoryReadSide(self.log, self.key_uses)
        self.directory = MemoryDirectory(self.read_side)
        self.storage = MemoryObjectStorage(versioned=self.versioned, min_part_bytes=1, now=self.clock.now)
        self.jobs = MemoryJobQueue(self.log)
        self.tasks = MemoryTasks(self.log)
        self.problems: list[BaseException] = []
        log, read_side, storage, clock, ids, rules = (
            self.log,
            self.read_side,
            self.storage,
            self.clock,
            self.ids,
            self.rules,
        )
        self.secrets = TokenSecrets(["a secret of the server in unit tests"])
        self.admitting = Admitting(
            directory=self.directory, log=log, uses=self.key_uses, secrets=self.secrets, clock=clock
        )
        self.organizations = OpeningOrganizations(log=log, read_side=read_side, clock=clock, ids=ids, rules=rules)
        self.keys = ManagingKeys(log=log, read_side=read_side, clock=clock, ids=ids, rules=rules)
        self.change_organization = ChangingOrganizations(log=log, read_side=read_side, clock=clock, ids=ids)
        self.issue_token = IssuingUploadTokens(log=log, clock=clock, ids=ids)
        self.manage_tokens = ManagingUploadTokens(
            log=log, read_side=read_side, directory=self.directory, clock=clock, ids=ids
        )
        self.issue_event_token = IssuingEventTokens(log=log, secrets=self.secrets, clock=clock, ids=ids)
        self.create_namespace = CreatingNamespaces(log=log, clock=clock, ids=ids)
        self.change_namespace = ChangingNamespaces(log=log, read_side=read_side, clock=clock, ids=ids)
        self.create_bucket = CreatingBuckets(log=log, clock=clock, ids=ids)
        self.change_bucket = ChangingBuckets(log=log, read_side=read_side, clock=clock, ids=ids)
        signer = MemoryUrlSigner()
        self._request = RequestingUpload(log=log, read_side=read_side, signer=signer, clock=clock, ids=ids, rules=rules)
        self.verify = VerifyingUploads(
            log=log,
            read_side=read_side,
            storage=storage,
            directory=self.directory,
            tasks=self.tasks,
            clock=clock,
            ids=ids,
            rules=rules,
        )
        self._confirm = ConfirmingUpload(
            log=log,
            read_side=read_side,
            storage=storage,
            verify=self.verify,
            tasks=self.tasks,
            clock=clock,
            ids=ids,
            rules=rules,
        )
        self._confirm_many = ConfirmingMany(tasks=self.tasks, confirm=self._confirm, clock=clock, ids=ids, rules=rules)
        self.sign = SigningUploads(read_side=read_side, admit=self.admitting, signer=signer, clock=clock)
        self.send_parts = SendingParts(
            log=log, read_side=read_side, storage=storage, signer=signer, clock=clock, ids=ids, rules=rules
        )
        self.read_task = ReadingTasks(tasks=self.tasks, admit=self.admitting)
        self.cancel_task = CancelingTasks(tasks=self.tasks, admit=self.admitting, clock=clock)
        self._cancel = CancelingUpload(log=log, read_side=read_side, storage=storage, clock=clock, ids=ids, rules=rules)
        self.forget = ForgettingUploads(log=log, clock=clock, ids=ids)
        compose = ComposingObjects(read_side=read_side, ids=ids)
        self._change_object = ChangingObjects(
            log=log, read_side=read_side, admit=self.admitting, compose=compose, clock=clock, ids=ids, rules=rules
        )
        self._create_object = CreatingObjects(
            log=log,
            read_side=read_side,
            admit=self.admitting,
            compose=compose,
            change=self._change_object,
            clock=clock,
            ids=ids,
        )
        self.delete_object = DeletingObjects(log=log, clock=clock, ids=ids)
        self.delete_bucket = DeletingBuckets(
            log=log,
            read_side=read_side,
            tasks=self.tasks,
            delete_object=self.delete_object,
            clock=clock,
            ids=ids,
            rules=rules,
        )
        self.delete_namespace = DeletingNamespaces(
            log=log,
            read_side=read_side,
            tasks=self.tasks,
            delete_bucket=self.delete_bucket,
            clock=clock,
            ids=ids,
            rules=rules,
        )
        self.cancel_open_uploads = CancelingOpenUploads(
            log=log, read_side=read_side, tasks=self.tasks, clock=clock, ids=ids, rules=rules
        )
        self.idempotency_keys = MemoryIdempotencyKeys(clock)
        self.do_once = DoingOnce(keys=self.idempotency_keys, log=log, clock=clock, ids=ids)
        self.working = Working(
            jobs=self.jobs,
            log=log,
            storage=storage,
            clock=clock,
            verify=self.verify,
            expire=ExpiringUploads(log=log, storage=storage, verify=self.verify, clock=clock, ids=ids, rules=rules),
            forget=self.forget,
            recheck=RecheckingUploads(log=log, storage=storage, clock=clock, ids=ids),
            delete_object=self.delete_object,
            tasks=RunningTasks(
                tasks=self.tasks,
                clock=clock,
                rules=rules,
                work={
                    TaskType.CONFIRM_UPLOADS: self._confirm_many.work,
                    TaskType.CANCEL_UPLOADS: self.cancel_open_uploads.work,
                    TaskType.DELETE_BUCKET: self.delete_bucket.work,
                    TaskType.DELETE_NAMESPACE: self.delete_namespace.work,
                },
            ),
            do_once=self.do_once,
            report=self._report,
        )

    def _report(self, job: Job, error: BaseException) -> None:  # noqa: ARG002  # the error says enough
        self.problems.append(error)

    def once_before(self, meant: Callable[[Event], bool], deed: Callable[[], Awaitable[object]]) -> None:
        """Run an action once, right before the log gets a command with a matching event."""
        append = self.log.append

        async def between(command: Command) -> int:
            if any(meant(event) for stream in command.streams for event in stream.events):
                self.log.append = append  # type: ignore[method-assign]  # once
                await deed()
            return await append(command)

        self.log.append = between  # type: ignore[method-assign]  # for this test

    def appending(self) -> list[Command]:
        """Return a list to which every later command for the log is added."""
        append, commands = self.log.append, list[Command]()

        async def noted(command: Command) -> int:
            commands.append(command)
            return await append(command)

        self.log.append = noted  # type: ignore[method-assign]  # for this test
        return commands

    async def tenant(self, *, name: str = "Acme", quota_bytes: int = 1000, tier: Tier = Tier.FREE) -> "Client":
        """Make an organization with a key, a namespace and a bucket."""
        organization = await self.organizations.create(name=name, tier=tier, quota_bytes=quota_bytes)
        key, secret = await self.keys.create(
            organization.organization_id, KeyWish(name="ci", user_id="usr_1"), actor_id="system:operator"
        )
        caller = Caller(key=key, organization=organization)
        namespace = await self.create_namespace(caller, name="production", description=None, settings={})
        client = Client(self, caller, secret, namespace)
        await client.make_bucket("clips")
        return client

    async def tags(self, after: int = 0) -> list[str]:
        """Return the tags of the recorded events, without their versions."""
        return [one.topic.rpartition(".")[0] for one in await self.log.read_feed(after=after, limit=1000)]

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass, and let workers run the due jobs."""
        self.clock.advance(by)
        while await self.working.work_due():
            pass


@dataclass
class Client:
    """A client that uploads. `bucket` is the one created last."""

    world: World
    caller: Caller
    secret: str
    namespace: NamespaceRecord

    async def make_bucket(
        self,
        name: str,
        *,
        unique_key: UniqueKey | None = None,
        schema: dict[str, Any] | None = None,
        auto_confirm: bool = False,
        content_rules: ContentRules = ANY_CONTENT,
        retention: timedelta | None = None,
    ) -> BucketRecord:
        self.bucket = await self.world.create_bucket(
            self.caller,
            self.namespace,
            name=name,
            description=None,
            bucket_schema=schema or SCHEMA,
            unique_key=unique_key,
            metadata={},
            auto_confirm=auto_confirm,
            content_rules=content_rules,
            retention_seconds=None if retention is None else int(retention.total_seconds()),
        )
        return self.bucket

    async def request(self, **asked: Any) -> Answer:  # noqa: ANN401  # as for `announcement`
        return await self.world._request(self.caller, self.namespace, self.bucket, self.announcement(**asked))

    async def request_many(self, *files: Announcement) -> list[Answer]:
        return await self.world._request.many(self.caller, self.namespace, self.bucket, files)

    @staticmethod
    def announcement(
        *,
        size: int | None = len(BYTES),
        sha256: str | None = None,
        skip_duplicates: bool = True,
        expires_in: int = 3600,
        policy: Policy | None = None,
        auto_confirm: bool | None = None,
        expires_after: timedelta | None = None,
        **announced: Any,  # noqa: ANN401  # the fields of an announcement
    ) -> Announcement:
        usual = Announcement(
            filename="clip.mp4",
            content_type="video/mp4",
            declared_size_bytes=size,
            declared_sha256=sha256,
            url_expires_in_seconds=expires_in,
            skip_duplicates=skip_duplicates,
            policy=policy,
            auto_confirm=auto_confirm,
            expires_after_seconds=None if expires_after is None else int(expires_after.total_seconds()),
        )
        return msgspec.structs.replace(usual, **announced)

    def put(self, answer: Answer, body: bytes = BYTES, content_type: str = "video/mp4") -> StoredContent:
        return self.world.storage.put(answer.record.storage_key, body, content_type)

    async def confirm(
        self,
        answer: Answer,
        *,
        etag: str | None = None,
        size: int | None = None,
        policy: Policy | None = None,
        as_task: bool = False,
        parts: Sequence[NamedPart] | None = None,
        **hashes: str,
    ) -> Confirmed:
        return await self.world._confirm(
            self.caller,
            self.namespace,
            answer.record.upload_id,
            bucket_id=None,
            claimed=Claimed(etag=etag, size_bytes=size, policy=policy, **hashes),
            as_task=as_task,
            parts=parts,
        )

    async def sign_parts(self, answer: Answer, *parts: int | WantedPart) -> list[SignedPart]:
        wanted = [WantedPart(part_number=part) if isinstance(part, int) else part for part in parts]
        return await self.world.send_parts.sign(
            self.caller, self.namespace, answer.record.upload_id, wanted, bucket_id=None
        )

    async def parts(self, answer: Answer) -> Sequence[StoredPart]:
        return await self.world.send_parts.parts(self.namespace, answer.record.upload_id, bucket_id=None)

    async def put_part(self, answer: Answer, number: int, body: bytes, *, sha256: str | None = None) -> StoredPart:
        """Send a part by its URL."""
        record = await self.record(answer)
        stored = self.world.storage.put_part(record.storage_key, record.multipart_id or "", number, body, sha256=sha256)
        assert stored is not None
        return stored

    async def confirm_many(self, *answers: Answer | str) -> TaskRecord:
        """Confirm these uploads (or ids of some) as a task."""
        ids = [answer if isinstance(answer, str) else answer.record.upload_id for answer in answers]
        confirmations = [Confirmation(upload_id=upload_id, claimed=Claimed()) for upload_id in ids]
        return await self.world._confirm_many(self.caller, self.bucket, confirmations)

    async def begin_verification(self, answer: Answer) -> None:
        """Do the first step of a confirm, and no more: as if its process were killed then."""
        confirm = self.world._confirm

        async def begin(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent]:
            confirmer = await confirm._confirmer(upload, self.caller.actor_id, self.caller.key.key_id)
            command, _ = await confirm._look(upload, confirmer, Claimed())
            return Proposal(origin=command.origin, events=UPLOAD.decide(command, upload.state))

        await handle(self.world.log, UPLOAD, answer.record.upload_id, begin)

    async def task(self, task_id: str | None) -> TaskRecord:
        found = await self.world.tasks.task(self.caller.organization.organization_id, task_id or "")
        assert found is not None
        return found

    async def cancel(
        self,
        answer: Answer | Confirmed,
        *,
        keep_bytes: bool = False,
        only_open: bool = False,
        caller: Caller | None = None,
    ) -> None:
        await self.world._cancel(
            caller or self.caller,
            self.namespace,
            answer.record.upload_id,
            bucket_id=None,
            keep_bytes=keep_bytes,
            only_open=only_open,
        )

    async def upload(self, body: bytes = BYTES, **asked: Any) -> Confirmed:  # noqa: ANN401  # as for `request`
        """Request, PUT and confirm."""
        answer = await self.request(**{"size": len(body), **asked})
        self.put(answer, body)
        return await self.confirm(answer)

    async def make(self, *blobs: BlobWish, policy: Policy | None = None, **wished: Any) -> ObjectRecord:  # noqa: ANN401  # the fields of a wish
        """Make an object."""
        return await self.world._create_object(
            self.caller, self.namespace, self.bucket, ObjectWish(blobs=blobs, **wished), policy=policy
        )

    async def change(self, object_id: str, **changed: Any) -> ObjectRecord:  # noqa: ANN401  # the fields of a change
        """Change an object."""
        return await self.world._change_object(
            self.caller, self.namespace, self.bucket, object_id, ObjectChange(**changed)
        )

    async def delete_object(self, object_id: str) -> None:
        key_id = self.caller.key.key_id
        await self.world.delete_object(object_id, actor_id=key_id, key_id=key_id)

    async def object(self, object_id: str) -> ObjectRecord | None:
        return await self.world.read_side.bucket_object(self.namespace.namespace_id, object_id)

    async def record(self, answer: Answer | Confirmed) -> UploadRecord:
        found = await self.world.read_side.upload(self.namespace.namespace_id, answer.record.upload_id)
        assert found is not None
        return found

    async def exists(self, answer: Answer | Confirmed) -> bool:
        """Return whether the upload can be found."""
        return await self.world.read_side.upload(self.namespace.namespace_id, answer.record.upload_id) is not None

    async def quota(self) -> tuple[int, int]:
        """Return the bytes that are reserved, and those that are accepted."""
        use = await self.world.log.quota_ledger.use(self.caller.organization.organization_id)
        return use.reserved_bytes, use.accepted_bytes
