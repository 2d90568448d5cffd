"""The log and what follows it, on every adapter, and facts to write: an account whose uploads go through all states."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.memory.clock import ManualClock, SequentialIds
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.keys.directory import MemoryDirectory
from adapters.memory.keys.key_uses import MemoryKeyUses
from adapters.memory.read_side import MemoryReadSide
from adapters.memory.tasks.job_queue import MemoryJobQueue
from adapters.memory.tasks.tasks import MemoryTasks
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.keys.directory import PostgresDirectory
from adapters.postgres.keys.key_uses import PostgresKeyUses
from adapters.postgres.objects.object_creation import PostgresObjectCreation
from adapters.postgres.organizations.quota_ledger import PostgresQuotaLedger
from adapters.postgres.read_side import PostgresReadSide
from adapters.postgres.tasks.job_queue import PostgresJobQueue
from adapters.postgres.tasks.tasks import PostgresTasks
from application.handling import load
from application.ports.events.event_log import Command, EventLog, StreamAppend
from application.ports.keys.directory import Directory
from application.ports.keys.key_uses import KeyUses
from application.ports.objects.object_creation import NotInObject, ObjectCreation
from application.ports.organizations.quota_ledger import QuotaLedger
from application.ports.read_side import ReadSide
from application.ports.tasks.job_queue import JobQueue
from application.ports.tasks.tasks import Tasks
from application.ports.uploads.upload_reads import UploadRecord
from application.uploads.forgetting import farewell
from domain.buckets.bucket import (
    BUCKET,
    BucketCommand,
    BucketCreated,
    BucketStatus,
    BucketStatusChanged,
    Policy,
    UniqueKey,
    UpdateBucket,
)
from domain.events.event import Event, Origin
from domain.keys.api_key import ApiKeyCreated, ApiKeyRevoked, Permission
from domain.namespaces.namespace import NAMESPACE, NamespaceCommand, NamespaceCreated, UpdateNamespace
from domain.objects.object import (
    OBJECT,
    Blob,
    CreateObject,
    DeleteObject,
    LiveObject,
    ObjectDeleted,
    PutBlob,
    UpdateObject,
)
from domain.organizations.organization import OrganizationCreated, OrganizationLimitsChanged, Tier
from domain.refusals import RefusedError
from domain.uploads.avoided_duplicates import AnnouncedFile, UploadDuplicateAvoided
from domain.uploads.content import VerifiedContent
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    UPLOAD,
    AbandonVerification,
    AcceptContent,
    BeginVerification,
    CancelUpload,
    DeleteUpload,
    ExpireUpload,
    ForgetUpload,
    NoUpload,
    ReissueUrl,
    RejectContent,
    ReportChangedContent,
    RequestUpload,
    StartUpload,
    UploadCommand,
    decide,
)
from domain.uploads.upload_events import FailureReason, SeenBy

SOON = 20.0  # seconds: what must happen has happened by then, on a busy machine too
HASH = "a" * 64
OTHER_HASH = "b" * 64
GRACE = timedelta(minutes=15)
RETENTION = timedelta(days=30)
Refusal = tuple[type[RefusedError], str]
Value = Any  # of a field that is handed on: the struct that gets it knows its type


@dataclass(frozen=True)
class Kit:
    """The ports on one log. `other_log` and `other_jobs` are those of another process."""

    log: EventLog
    other_log: EventLog
    read_side: ReadSide
    quota_ledger: QuotaLedger
    object_creation: ObjectCreation
    directory: Directory
    jobs: JobQueue
    other_jobs: JobQueue
    tasks: Tasks
    key_uses: KeyUses
    flush_key_uses: Callable[[], Awaitable[None]]


def memory_kit() -> Kit:
    log = MemoryEventLog()
    uses = MemoryKeyUses()
    read_side = MemoryReadSide(log, uses)

    async def at_once() -> None:
        pass

    return Kit(
        log=log,
        other_log=log,
        read_side=read_side,
        quota_ledger=log.quota_ledger,
        object_creation=log.object_creation,
        directory=MemoryDirectory(read_side),
        jobs=MemoryJobQueue(log),
        other_jobs=MemoryJobQueue(log),
        tasks=MemoryTasks(log),
        key_uses=uses,
        flush_key_uses=at_once,
    )


class _ListenerElsewhere(Listener):
    """A process's listener for a log of another process, whose changes are known by notifications alone."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401  # any attribute
        if name in {"_listener", "announce"}:
            return object.__getattribute__(self, name)
        return getattr(self._listener, name)

    def announce(self, channel: str) -> None:
        """Call nothing."""


@asynccontextmanager
async def postgres_kit(url: str) -> AsyncIterator[Kit]:
    async with AsyncExitStack() as stack:
        pool = await open_pool(url, size=4)
        stack.push_async_callback(pool.close)
        listener = Listener(url)
        read_side = PostgresReadSide(pool)
        directory = PostgresDirectory(read_side, listener)
        logs = [PostgresEventLog(url, pool, each) for each in (listener, _ListenerElsewhere(listener))]
        uses = PostgresKeyUses(pool)
        queues = [PostgresJobQueue(pool, listener) for _ in range(2)]
        for running in (
            directory.running(),
            *(queue.running() for queue in queues),
            listener.running(),
            *(log.running() for log in logs),
        ):
            await stack.enter_async_context(running)
        yield Kit(
            log=logs[0],
            other_log=logs[1],
            read_side=read_side,
            quota_ledger=PostgresQuotaLedger(pool),
            object_creation=PostgresObjectCreation(pool),
            directory=directory,
            jobs=queues[0],
            other_jobs=queues[1],
            tasks=PostgresTasks(pool, pool),
            key_uses=uses,
            flush_key_uses=uses.flush,
        )


@dataclass
class Account:
    """An organization with a key, a namespace and a bucket. Its methods append to the log that they are given."""

    organization_id: str
    key_id: str
    namespace_id: str
    bucket_id: str
    clock: ManualClock = field(default_factory=ManualClock)
    ids: SequentialIds = field(default_factory=SequentialIds)

    @property
    def user_id(self) -> str:
        return f"usr_{self.organization_id}"

    @property
    def key_hash(self) -> str:
        return self.key_id.rjust(64, "0")

    @property
    def live(self) -> dict[str, str]:
        """The conditions that everything which a client does demands."""
        return {"key_id": self.key_id, "namespace_id": self.namespace_id, "bucket_id": self.bucket_id}

    def origin(self, **others: Value) -> Origin:
        facts: dict[str, Any] = {
            "organization_id": self.organization_id,
            "namespace_id": self.namespace_id,
            "bucket_id": self.bucket_id,
            "actor_id": self.key_id,
            "command_id": self.ids.new("cmd_"),
            "at": self.clock.now(),
        }
        return Origin(**{**facts, **others})

    def command(self, *streams: StreamAppend, **conditions: Value) -> Command:
        command_id = streams[0].events[0].origin.command_id
        return Command(command_id=command_id, organization_id=self.organization_id, streams=streams, **conditions)

    async def append(
        self, log: EventLog, stream_id: str, expected_version: int, *events: Event, **conditions: Value
    ) -> int:
        stream = StreamAppend(stream_id=stream_id, expected_version=expected_version, events=events)
        return await log.append(self.command(stream, **conditions))

    # uploads

    def asked(self, upload_id: str, **others: Value) -> UploadRequest:
        expires_at = self.clock.now() + timedelta(hours=1)
        facts: dict[str, Any] = {
            "filename": "report.txt",
            "content_type": "text/plain",
            "storage_key": f"int/{upload_id}/report.txt",
            "declared_size_bytes": None,
            "declared_sha256": None,
            "url_expires_in_seconds": 3600,
            "expires_at": expires_at,
            "due_at": expires_at + GRACE,
            "metadata": {"shelf": 7},
            "create_object": True,
            "object_metadata": {"title": "Report"},
            "blob_property": "report",
            "blob_type": "TEXT",
            "skip_duplicates": True,
            "unique_key": None,
            "policy": Policy.INSERT,
        }
        return UploadRequest(**{**facts, **others})

    def request_command(
        self,
        *,
        upload_id: str | None = None,
        where: dict[str, str] | None = None,
        existing_object_id: str | None = None,
        conditions: dict[str, Value] | None = None,
        **asked: Value,
    ) -> Command:
        upload_id = upload_id or self.ids.new("upl_")
        events = decide(
            RequestUpload(
                origin=self.origin(**(where or {})),
                upload_id=upload_id,
                request=self.asked(upload_id, **asked),
                existing_object_id=existing_object_id,
                forget_at=self.clock.now() + RETENTION,
            ),
            NoUpload(),
        )
        stream = StreamAppend(stream_id=upload_id, expected_version=0, events=events)
        return self.command(stream, **(conditions or {}))

    async def request(self, log: EventLog, **others: Value) -> str:
        """Request an upload; see `request_command`."""
        command = self.request_command(**others)
        await log.append(command)
        return command.streams[0].stream_id

    async def to_upload(
        self,
        log: EventLog,
        upload_id: str,
        command: Callable[[Origin], UploadCommand],
        *also: StreamAppend,
        then: Callable[[Origin], UploadCommand] | None = None,
        **conditions: Value,
    ) -> Command:
        """Return the events to append for this command to the upload, and `then` for another one, all at once."""
        loaded = await load(log, UPLOAD, upload_id)
        command_id, now = self.ids.new("cmd_"), self.clock.now()
        origin = loaded.origin_of(self.key_id, command_id, now)
        events = UPLOAD.decide(command(origin), loaded.state)
        if then is not None:
            events += UPLOAD.decide(then(origin), UPLOAD.fold(loaded.state, events))
        stream = loaded.append(events)
        return Command(
            command_id=command_id, organization_id=self.organization_id, streams=(stream, *also), **conditions
        )

    async def send(
        self, log: EventLog, upload_id: str, command: Callable[[Origin], UploadCommand], **conditions: Value
    ) -> int:
        return await log.append(await self.to_upload(log, upload_id, command, **conditions))

    def starts(self) -> Callable[[Origin], UploadCommand]:
        return lambda origin: StartUpload(origin=origin, multipart_id="multipart-1")

    def reissues(self, expires_in: timedelta = timedelta(hours=2)) -> Callable[[Origin], UploadCommand]:
        expires_at = self.clock.now() + expires_in
        return lambda origin: ReissueUrl(origin=origin, expires_at=expires_at, due_at=expires_at + GRACE)

    def begins(self, *, inline: bool = False, task_id: str | None = None) -> Callable[[Origin], UploadCommand]:
        task_id = task_id or self.ids.new("task_")
        return lambda origin: BeginVerification(origin=origin, task_id=task_id, seen_by=SeenBy.CONFIRM, inline=inline)

    def abandons(self, retry_in: timedelta = timedelta(seconds=2)) -> Callable[[Origin], UploadCommand]:
        retry_at = self.clock.now() + retry_in
        return lambda origin: AbandonVerification(origin=origin, reason="storage is silent", retry_at=retry_at)

    def accepts(
        self,
        size_bytes: int = 100,
        sha256: str = HASH,
        *,
        version_id: str | None = "version-1",
        object_id: str | None = None,
        duplicate_of: str | None = None,
        existing_object_id: str | None = None,
        note: str | None = None,
    ) -> Callable[[Origin], UploadCommand]:
        content = VerifiedContent(
            size_bytes=size_bytes,
            etag="etag-1",
            sha256=sha256,
            content_type="text/plain",
            version_id=version_id,
            note=note,
        )
        return lambda origin: AcceptContent(
            origin=origin,
            content=content,
            object_id=object_id,
            duplicate_of=duplicate_of,
            existing_object_id=existing_object_id,
        )

    def rejects(self) -> Callable[[Origin], UploadCommand]:
        return lambda origin: RejectContent(
            origin=origin,
            reason=FailureReason.HASH_MISMATCH,
            message="other bytes",
            forget_at=self.clock.now() + RETENTION,
        )

    def expires(self) -> Callable[[Origin], UploadCommand]:
        return lambda origin: ExpireUpload(origin=origin, forget_at=self.clock.now() + RETENTION)

    def cancels(self, kept_bytes: int | None = None) -> Callable[[Origin], UploadCommand]:
        return lambda origin: CancelUpload(origin=origin, kept_bytes=kept_bytes, forget_at=self.clock.now() + RETENTION)

    def reports_change(self, etag: str | None = "etag-2") -> Callable[[Origin], UploadCommand]:
        return lambda origin: ReportChangedContent(origin=origin, etag=etag)

    def forgets(self) -> Callable[[Origin], UploadCommand]:
        return lambda origin: ForgetUpload(origin=origin)

    async def complete(
        self,
        log: EventLog,
        upload_id: str | None = None,
        *,
        size_bytes: int = 100,
        sha256: str = HASH,
        into_object: bool = False,
        unique_key: str | None = None,
        conditions: dict[str, Value] | None = None,
        **others: Value,
    ) -> str:
        """Bring an upload (a new one by default) to its good end, perhaps as an object's first blob."""
        upload_id = upload_id or await self.request(log)
        await self.send(log, upload_id, self.begins())
        also: tuple[StreamAppend, ...] = ()
        if into_object:
            also = (self.new_object(upload_id, unique_key=unique_key, size_bytes=size_bytes, sha256=sha256),)
            others["object_id"] = also[0].stream_id
        command = self.accepts(size_bytes, sha256, **others)
        await log.append(await self.to_upload(log, upload_id, command, *also, **(conditions or {})))
        return upload_id

    def avoids(self, original_id: str, **announced: Value) -> StreamAppend:
        """Return what is recorded of a file that was announced, and whose bytes the original has."""
        facts: dict[str, Any] = {
            "filename": "take 2.mp4",
            "content_type": "video/mp4",
            "declared_size_bytes": 100,
            "metadata": {"campaign": "summer"},
            "create_object": True,
            "object_metadata": {"title": "A day out"},
            "blob_property": "video",
        }
        avoided = UploadDuplicateAvoided(
            origin=self.origin(),
            original_upload_id=original_id,
            sha256=HASH,
            saved_bytes=100,
            request=AnnouncedFile(**{**facts, **announced}),
        )
        return StreamAppend(stream_id=self.ids.new("dup_"), expected_version=0, events=(avoided,))

    # objects

    def blob(self, upload_id: str, *, size_bytes: int = 100, sha256: str = HASH, **others: Value) -> Blob:
        facts: dict[str, Any] = {
            "blob_id": self.ids.new("blob_"),
            "property": "report",
            "type": "text",
            "upload_id": upload_id,
            "filename": "report.txt",
            "storage_key": f"int/{upload_id}/report.txt",
            "version_id": "version-1",
            "etag": "etag-1",
            "size_bytes": size_bytes,
            "content_type": "text/plain",
            "sha256": sha256,
        }
        return Blob(**{**facts, **others})

    def new_object(
        self,
        *upload_ids: str,
        unique_key: str | None = None,
        content_key: str | None = None,
        metadata: dict[str, Any] | None = None,
        deletes_at: datetime | None = None,
        **blob: Value,
    ) -> StreamAppend:
        object_id = self.ids.new("obj_")
        create = CreateObject(
            origin=self.origin(),
            object_id=object_id,
            blobs=tuple(self.blob(upload_id, **blob) for upload_id in upload_ids),
            metadata={"title": "Report"} if metadata is None else metadata,
            unique_key=unique_key,
            key_prefix="/reports",
            content_key=content_key,
            deletes_at=deletes_at,
        )
        return StreamAppend(stream_id=object_id, expected_version=0, events=OBJECT.decide(create, OBJECT.initial))

    async def put_blob(
        self, log: EventLog, object_id: str, upload_id: str, *, deletes_at: datetime | None = None, **blob: Value
    ) -> StreamAppend:
        """Return what puts an upload in the place of the blob that the object has for the same property."""
        loaded = await load(log, OBJECT, object_id)
        put = PutBlob(
            origin=self.origin(),
            blob=self.blob(upload_id, **blob),
            metadata={"pages": 3},
            forget_at=self.clock.now() + RETENTION,
            deletes_at=deletes_at,
        )
        return loaded.append(OBJECT.decide(put, loaded.state))

    async def update(self, log: EventLog, object_id: str, *upload_ids: str, **others: Value) -> StreamAppend:
        """Return what gives an object these uploads for blobs, and perhaps other keys."""
        loaded = await load(log, OBJECT, object_id)
        current = loaded.state
        if not isinstance(current, LiveObject):
            raise OBJECT.not_found(object_id)
        facts: dict[str, Any] = {
            "blobs": tuple(self.blob(upload_id) for upload_id in upload_ids),
            "metadata": {"pages": 4},
            "key_prefix": None,
            "unique_key": current.unique_key,
            "content_key": current.content_key,
            "forget_at": self.clock.now() + RETENTION,
            "deletes_at": current.deletes_at,
        }
        return loaded.append(OBJECT.decide(UpdateObject(origin=self.origin(), **{**facts, **others}), current))

    async def delete(self, log: EventLog, object_id: str, *kept_upload_ids: str) -> Command:
        """Return what deletes an object and forgets its uploads, those excepted that other objects hold too."""
        loaded = await load(log, OBJECT, object_id)
        delete = DeleteObject(origin=self.origin(), kept_upload_ids=frozenset(kept_upload_ids))
        events = OBJECT.decide(delete, loaded.state)
        streams = [loaded.append(events)]
        going = [one for event in events if isinstance(event, ObjectDeleted) for one in event.forgotten_upload_ids]
        for upload_id in going:
            streams += (await self.to_upload(log, upload_id, self.forgets())).streams
        unheld = tuple(NotInObject(upload_id=upload_id, besides=object_id) for upload_id in going)
        return self.command(*streams, unheld=unheld)

    async def goes(
        self, log: EventLog, upload_id: str, *, heir_id: str | None = None, deleted: bool = True, **conditions: Value
    ) -> Command:
        """Return what deletes (or forgets) an upload, and leaves its bytes to an heir."""
        kind = DeleteUpload if deleted else ForgetUpload
        loaded = await load(log, UPLOAD, upload_id)
        gone = await farewell(log, loaded, kind(origin=self.origin(), heir_id=heir_id))
        return self.command(*gone.before, loaded.append(gone.events), **{"heirless": gone.heirless, **conditions})

    # what is around them

    def namespace(self, name: str, namespace_id: str | None = None) -> StreamAppend:
        namespace_id = namespace_id or self.ids.new("ns_")
        event = NamespaceCreated(
            origin=self.origin(namespace_id=namespace_id, bucket_id=None),
            namespace_id=namespace_id,
            name=name,
            description=None,
            settings={"color": "blue"},
        )
        return StreamAppend(stream_id=namespace_id, expected_version=0, events=(event,))

    def bucket(
        self, name: str, bucket_id: str | None = None, *, namespace_id: str | None = None, **others: Value
    ) -> StreamAppend:
        bucket_id = bucket_id or self.ids.new("bkt_")
        facts: dict[str, Any] = {
            "name": name,
            "description": "what we keep",
            "bucket_schema": {"properties": {"report": {"type": "text"}}},
            "unique_key": UniqueKey(fields=("report",), default_policy=Policy.UPSERT),
            "metadata": {"floor": 2},
        }
        origin = self.origin(namespace_id=namespace_id or self.namespace_id, bucket_id=bucket_id)
        event = BucketCreated(origin=origin, bucket_id=bucket_id, **{**facts, **others})
        return StreamAppend(stream_id=bucket_id, expected_version=0, events=(event,))

    def key(self, name: str, key_id: str | None = None, **others: Value) -> StreamAppend:
        key_id = key_id or self.ids.new("key_")
        facts: dict[str, Any] = {
            "user_id": self.user_id,
            "name": name,
            "description": "for tests",
            "key_hash": key_id.rjust(64, "0"),
            "prefix": "sk_abc",
            "permissions": tuple(Permission),
            "scopes": ({"resource": "bucket"},),
            "rate_limit_override": None,
            "expires_at": None,
        }
        event = ApiKeyCreated(
            origin=self.origin(namespace_id=None, bucket_id=None), key_id=key_id, **{**facts, **others}
        )
        return StreamAppend(stream_id=key_id, expected_version=0, events=(event,))

    async def append_to_key(self, log: EventLog, *events: Event, key_id: str | None = None, **conditions: Value) -> int:
        """Append to a key's stream."""
        return await log.append(self.command(await self._after(log, key_id or self.key_id, *events), **conditions))

    async def revocation(self, log: EventLog, key_id: str | None = None) -> StreamAppend:
        key_id = key_id or self.key_id
        origin = self.origin(namespace_id=None, bucket_id=None)
        return await self._after(log, key_id, ApiKeyRevoked(origin=origin, key_id=key_id))

    async def revoke(self, log: EventLog, key_id: str | None = None) -> int:
        return await log.append(self.command(await self.revocation(log, key_id)))

    async def new_status(self, log: EventLog, status: BucketStatus) -> StreamAppend:
        event = BucketStatusChanged(origin=self.origin(), bucket_id=self.bucket_id, status=status)
        return await self._after(log, self.bucket_id, event)

    async def set_status(self, log: EventLog, status: BucketStatus) -> int:
        return await log.append(self.command(await self.new_status(log, status)))

    async def to_bucket(self, log: EventLog, command: Callable[[Origin], BucketCommand]) -> StreamAppend:
        """Return the events to append for this command to the bucket."""
        bucket = await load(log, BUCKET, self.bucket_id)
        return bucket.append(BUCKET.decide(command(self.origin()), bucket.state))

    async def send_to_bucket(
        self, log: EventLog, command: Callable[[Origin], BucketCommand], **conditions: Value
    ) -> int:
        return await log.append(self.command(await self.to_bucket(log, command), **conditions))

    async def to_namespace(self, log: EventLog, command: Callable[[Origin], NamespaceCommand]) -> StreamAppend:
        """Return the events to append for this command to the namespace."""
        namespace = await load(log, NAMESPACE, self.namespace_id)
        return namespace.append(NAMESPACE.decide(command(self.origin(bucket_id=None)), namespace.state))

    async def send_to_namespace(
        self, log: EventLog, command: Callable[[Origin], NamespaceCommand], **conditions: Value
    ) -> int:
        return await log.append(self.command(await self.to_namespace(log, command), **conditions))

    def renames(self, name: str, **others: Value) -> Callable[[Origin], BucketCommand]:
        facts: dict[str, Any] = {"description": None, "metadata": {"floor": 3}, **others}
        return lambda origin: UpdateBucket(origin=origin, name=name, **facts)

    def renames_namespace(self, name: str) -> Callable[[Origin], NamespaceCommand]:
        return lambda origin: UpdateNamespace(
            origin=origin, name=name, description="as it is now", settings={"color": "red"}
        )

    async def new_limits(self, log: EventLog, quota_bytes: int | None, tier: Tier = Tier.PRO) -> StreamAppend:
        origin = self.origin(namespace_id=None, bucket_id=None)
        event = OrganizationLimitsChanged(origin=origin, tier=tier, quota_bytes=quota_bytes)
        return await self._after(log, self.organization_id, event)

    async def set_quota(self, log: EventLog, quota_bytes: int | None, tier: Tier = Tier.PRO) -> int:
        return await log.append(self.command(await self.new_limits(log, quota_bytes, tier)))

    @staticmethod
    async def _after(log: EventLog, stream_id: str, *events: Event) -> StreamAppend:
        version = len(await log.read_stream(stream_id))
        return StreamAppend(stream_id=stream_id, expected_version=version, events=events)


def opening(account: Account, *, name: str = "Acme", quota_bytes: int | None = None) -> Command:
    """Return what makes an account: four facts in four streams, one command."""
    created = OrganizationCreated(
        origin=account.origin(namespace_id=None, bucket_id=None),
        internal_id=f"int_{account.organization_id}",
        name=name,
        tier=Tier.PRO,
        quota_bytes=quota_bytes,
    )
    organization = StreamAppend(stream_id=account.organization_id, expected_version=0, events=(created,))
    return account.command(
        organization,
        account.key("main", account.key_id),
        account.namespace("main", account.namespace_id),
        account.bucket("files", account.bucket_id),
    )


def new_account(ids: SequentialIds, clock: ManualClock) -> Account:
    """Return an account that no log knows yet."""
    return Account(
        organization_id=ids.new("org_"),
        key_id=ids.new("key_"),
        namespace_id=ids.new("ns_"),
        bucket_id=ids.new("bkt_"),
        clock=clock,
        ids=ids,
    )


async def open_account(
    log: EventLog,
    *,
    beside: Account | None = None,
    name: str = "Acme",
    quota_bytes: int | None = None,
) -> Account:
    """Open an account. `beside`: another account on the same log."""
    ids, clock = (beside.ids, beside.clock) if beside else (SequentialIds(), ManualClock())
    account = new_account(ids, clock)
    await log.append(opening(account, name=name, quota_bytes=quota_bytes))
    return account


async def whole_feed(log: EventLog) -> Sequence[Any]:
    """Return every notification there is."""
    return await log.read_feed(after=0, limit=10_000)


def far(now: datetime) -> datetime:
    """Return a time by which every job is due."""
    return now + timedelta(days=365)


async def twins(kit: Kit, account: Account, count: int = 2) -> list[str]:
    """Complete an upload, and duplicates of it."""
    first = await account.complete(kit.log)
    return [first, *[await account.complete(kit.log, duplicate_of=first) for _ in range(count - 1)]]


async def refused(kind: type[RefusedError], code: str, appending: Awaitable[int]) -> dict[str, Any]:
    """Await an append that is refused so, and return the facts that come with it."""
    with pytest.raises(kind) as caught:
        await appending
    assert type(caught.value) is kind
    assert caught.value.code == code
    return caught.value.details


async def refused_whole(kit: Kit, account: Account, command: Command, refusal: Refusal) -> dict[str, Any]:
    """Append a command that is refused so and of which nothing is there then; return the facts that come with it."""
    before, use = await whole_feed(kit.log), await kit.quota_ledger.use(account.organization_id)
    facts = await refused(*refusal, kit.log.append(command))
    assert await whole_feed(kit.log) == before
    assert list(await kit.log.read_stream(command.streams[0].stream_id)) == []
    assert await kit.quota_ledger.use(account.organization_id) == use
    return facts


async def upload_of(kit: Kit, account: Account, upload_id: str) -> UploadRecord:
    found = await kit.read_side.upload(account.namespace_id, upload_id)
    assert found is not None
    return found
