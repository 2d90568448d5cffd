"""Verifying uploads: the bytes that arrived are held against what was promised, and the upload ends.

The upload is PROCESSING when this begins. Whoever began it (a confirm request, a worker) may die at any line: a job
that was written with `upload.verification_began` lets a worker do all of it again. Two at once do no harm, since only
one of them appends; the other finds the end and reports it.
"""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import msgspec

from application.keys.callers import ReplaceDeniedError, may, new_command_id
from application.loading import CONFLICT_RETRIES, LoadedUpload, load_upload
from application.objects.putting_into import IntoObject, PuttingIntoObjects, StoredBytes, stored_bytes
from application.ports.clock import Clock, Ids
from application.ports.event_log import (
    Command,
    EventLog,
    LogUnavailableError,
    RequesterRevokedError,
    StreamAppend,
    VersionConflictError,
)
from application.ports.object_creation import ClaimTakenError, OriginalExistsError, OriginalGoneError, Unheld
from application.ports.object_storage import (
    ContentChangedError,
    ObjectStorage,
    StorageError,
    StoredContent,
)
from application.ports.read_side import Directory, ReadSide, UploadRecord
from application.ports.tasks import Tasks
from application.rules import Rules
from application.uploads.sniffing import recognise
from domain.buckets.bucket import Policy
from domain.events.event import Origin
from domain.keys.api_key import Permission
from domain.keys.upload_token import ID_PREFIX as TOKEN_PREFIX
from domain.organizations.organization import Tier
from domain.refusals import QuotaExceededError, WrongStateError
from domain.uploads.formats import HEAD_BYTES
from domain.uploads.originals import Sameness
from domain.uploads.upload import (
    AbandonVerification,
    AcceptContent,
    Claimed,
    FailureReason,
    Processing,
    RejectContent,
    UploadCommand,
    UploadRequest,
    VerifiedContent,
    decide,
    end_of,
    lasts_until,
    request_of,
)
from domain.uploads.verification import Contradiction, Found, judge, note

RETRY_FIRST = timedelta(seconds=2)
RETRY_LAST = timedelta(minutes=15)
_TOUCH_BYTES = 8 * 1024 * 1024

Touch = Callable[[], Awaitable[None]]


class VerifyingUploads:
    """Proves the bytes of one upload and ends it; answers with the upload as it is afterwards."""

    def __init__(
        self,
        *,
        log: EventLog,
        read_side: ReadSide,
        storage: ObjectStorage,
        directory: Directory,
        tasks: Tasks,
        clock: Clock,
        ids: Ids,
        rules: Rules,
    ) -> None:
        self._log = log
        self._read_side = read_side
        self._storage = storage
        self._directory = directory
        self._tasks = tasks
        self._clock = clock
        self._ids = ids
        self._rules = rules
        self._put_into_object = PuttingIntoObjects(log=log, read_side=read_side, ids=ids, rules=rules)

    async def __call__(
        self,
        loaded: LoadedUpload,
        *,
        actor_id: str,
        seen: StoredContent | None = None,
        touch: Touch | None = None,
    ) -> LoadedUpload:
        """Verify an upload that is PROCESSING.

        `seen`: what storage has just said of the bytes. `touch` is awaited now and then while bytes are read.
        """
        for _ in range(CONFLICT_RETRIES):
            if not isinstance(loaded.state, Processing):
                return loaded
            try:
                await self._verify(loaded, loaded.state, actor_id, seen, touch)
            except VersionConflictError:
                pass  # somebody else went on with it: see where it is now
            except StorageError as error:
                await self._abandon(loaded, loaded.state, actor_id, error)
            seen = None
            loaded = await load_upload(self._log, loaded.upload_id)
        return loaded

    async def refutes(
        self, loaded: LoadedUpload, content: StoredContent, claimed: Claimed, *, sha256: str | None = None
    ) -> FailureReason | None:
        """Return why what storage says of the bytes contradicts what was promised, if it does.

        `sha256`: of the bytes, where they were read.
        """
        request = request_of(loaded.state)
        if request is None:
            return None
        found = _found(content)
        if sha256 is not None:
            found = msgspec.structs.replace(found, sha256=sha256)
        wrong = judge(found, request, claimed=claimed, max_size_bytes=await self._max_size_bytes(loaded))
        return None if wrong is None else wrong.reason

    async def sha256_of(self, loaded: LoadedUpload, content: StoredContent) -> str:
        """Return the SHA-256 of the bytes; they are read, unless storage has proved it."""
        request = request_of(loaded.state)
        return (await self._read((request.storage_key if request else None) or "", content, None))[0]

    async def may_replace(self, loaded: LoadedUpload, actor_id: str) -> bool:
        """Say whether an actor may, as things are now, replace what an object of the upload's bucket holds."""
        origin = loaded.origin
        token = await self._directory.upload_token(actor_id) if actor_id.startswith(TOKEN_PREFIX) else None
        key = await self._directory.key_by_id(actor_id if token is None else token.key_id)
        namespace = await self._directory.namespace(origin.organization_id, origin.namespace_id or "")
        bucket = await self._directory.bucket(origin.namespace_id or "", origin.bucket_id or "")
        if key is None or namespace is None or bucket is None or not (token is None or token.replaces):
            return False
        return may(key, Permission.DELETE, namespace, bucket)

    async def _max_size_bytes(self, loaded: LoadedUpload) -> int:
        organization = await self._directory.organization(loaded.origin.organization_id)
        return self._rules.tier_limits[organization.tier if organization else Tier.FREE].file_size_bytes

    async def _verify(
        self,
        loaded: LoadedUpload,
        state: Processing,
        actor_id: str,
        seen: StoredContent | None,
        touch: Touch | None,
    ) -> None:
        outcome = await self._examine(state, await self._max_size_bytes(loaded), seen, touch)
        origin = loaded.origin_of(actor_id, new_command_id(self._ids), self._clock.now())
        wrong = outcome if isinstance(outcome, Contradiction) else await self._accept(loaded, state, origin, outcome)
        if wrong is not None:
            await self._append(loaded, self._rejection(origin, wrong))

    async def _examine(
        self, state: Processing, max_size_bytes: int, seen: StoredContent | None, touch: Touch | None
    ) -> VerifiedContent | Contradiction:
        """Look at the bytes, and read them only where storage has not proved their hash and nothing else is wrong."""
        request = state.before.request
        key = request.storage_key or ""
        content = seen or await self._storage.head(key)
        if content is None:
            raise ContentChangedError("The bytes are not there any more.")
        found = _found(content)
        wrong = judge(found, request, claimed=state.claimed, max_size_bytes=max_size_bytes)
        if wrong is not None:
            return wrong
        told = touch and _Progress(touch, self._tasks, self._clock, state.task_id, content.size_bytes)
        sha256, head = await self._read(key, content, told)
        found = msgspec.structs.replace(
            found, sha256=sha256, head=head, looks_like=recognise(head, request.content_type)
        )
        return judge(found, request, claimed=state.claimed, max_size_bytes=max_size_bytes) or VerifiedContent(
            size_bytes=content.size_bytes,
            etag=content.etag,
            sha256=sha256,
            content_type=content.content_type,
            version_id=content.version_id,
            note=note(found, request),
        )

    async def _read(self, key: str, content: StoredContent, told: "_Progress | None") -> tuple[str, bytes]:
        """Return the SHA-256 of the bytes, and how they begin; only that is read where storage has proved the hash."""
        digest, head = hashlib.sha256(), b""
        read_bytes = untold = 0
        async for chunk in self._storage.read(key, content, first_bytes=HEAD_BYTES if content.sha256 else None):
            digest.update(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
            read_bytes += len(chunk)
            untold += len(chunk)
            if told is not None and untold >= _TOUCH_BYTES:
                await told(read_bytes)
                untold = 0
        return content.sha256 or digest.hexdigest(), head

    async def _accept(
        self, loaded: LoadedUpload, state: Processing, origin: Origin, content: VerifiedContent
    ) -> Contradiction | None:
        """Complete the upload. What the log says of duplicates, unique keys and quota changes how, in that order."""
        request = state.before.request
        policy = state.claimed.policy or request.policy
        told = _Told()
        for _ in range(CONFLICT_RETRIES):
            try:
                await self._end(loaded, state, policy, origin, content, told)
            except RequesterRevokedError as revoked:
                return Contradiction(reason=FailureReason.REQUESTER_REVOKED, message=revoked.message)
            except OriginalExistsError as found:
                told = await self._told_of(loaded, found.upload_id)
            except (OriginalGoneError, WrongStateError):  # it was forgotten, or became part of an object meanwhile
                told = await self._told_of(loaded, told.original.upload_id if told.original else "")
            except ClaimTakenError as taken:
                if policy is Policy.INSERT:
                    told = msgspec.structs.replace(told, existing_object_id=taken.owner_id)
            except QuotaExceededError as refused:
                return Contradiction(reason=FailureReason.QUOTA_EXCEEDED, message=refused.message)
            except ReplaceDeniedError as denied:
                return Contradiction(reason=FailureReason.REPLACE_DENIED, message=denied.message)
            else:
                return None
        raise LogUnavailableError(
            "The log and the read side say different things of this upload.", reason="read_side_differs"
        )

    async def _end(
        self,
        loaded: LoadedUpload,
        state: Processing,
        policy: Policy,
        origin: Origin,
        content: VerifiedContent,
        told: "_Told",
    ) -> None:
        request = state.before.request
        if not told.wants_object(request):
            return await self._complete(loaded, request, origin, content, told, None)
        own = StoredBytes(
            upload_id=loaded.upload_id,
            storage_key=request.storage_key,
            version_id=content.version_id,
            etag=content.etag,
            size_bytes=content.size_bytes,
            sha256=content.sha256,
        )
        stored = own if told.original is None else stored_bytes(told.original)
        bucket = await self._directory.bucket(origin.namespace_id or "", origin.bucket_id or "")
        into = await self._put_into_object(
            request, policy, stored, origin, bucket, may_replace=await self._replaces(loaded, state, policy)
        )
        if into is None:
            return await self._reject_unless_known(loaded, request, origin, content, told)
        if told.original is not None and not lasts_until(told.original.deletes_at, into.ends_at):
            return await self._end(loaded, state, policy, origin, content, _Told(alone=True))
        return await self._complete(loaded, request, origin, content, told, into)

    async def _replaces(self, loaded: LoadedUpload, state: Processing, policy: Policy) -> bool:
        """Say whether what an object holds may be replaced: as far as whoever named the policy may."""
        if policy is Policy.INSERT or state.before.request.unique_key is None:
            return False
        named_by = loaded.origin.actor_id if state.claimed.policy is None else state.before.claimed_by
        return await self.may_replace(loaded, named_by or "")

    async def _told_of(self, loaded: LoadedUpload, original_id: str) -> "_Told":
        return _Told(original=await self._read_side.upload(loaded.origin.namespace_id or "", original_id))

    async def _reject_unless_known(
        self, loaded: LoadedUpload, request: UploadRequest, origin: Origin, content: VerifiedContent, told: "_Told"
    ) -> None:
        """Fail an upload that has no object to update, unless it is a duplicate: then it may need none."""
        wrong = Contradiction(
            reason=FailureReason.OBJECT_NOT_FOUND,
            message="No object has this unique key, and the policy 'update' needs one: send policy=upsert, or check"
            " the values.",
        )
        await self._log.append(
            Command(
                command_id=origin.command_id,
                organization_id=origin.organization_id,
                requester=await self.requester(loaded),
                streams=(self._stream(loaded, self._rejection(origin, wrong)),),
                no_original=self._unknown(origin, request, content, told),
            )
        )

    async def _complete(
        self,
        loaded: LoadedUpload,
        request: UploadRequest,
        origin: Origin,
        content: VerifiedContent,
        told: "_Told",
        into: IntoObject | None,
    ) -> None:
        object_id = told.original.object_id if told.original else None
        if into is not None:
            object_id = into.stream.stream_id
        command = AcceptContent(
            origin=origin,
            content=content,
            object_id=object_id,
            duplicate_of=told.original.upload_id if told.original else None,
            existing_object_id=told.existing_object_id,
        )
        await self._log.append(
            Command(
                command_id=origin.command_id,
                organization_id=origin.organization_id,
                requester=await self.requester(loaded),
                streams=(self._stream(loaded, command), *((into.stream,) if into else ())),
                free=into.free if into else (),
                no_original=self._unknown(origin, request, content, told),
                stored=(told.original.upload_id,) if told.original else (),
                unheld=(Unheld(upload_id=told.original.upload_id),)
                if told.original and told.original.object_id is None
                else (),
            )
        )

    async def requester(self, loaded: LoadedUpload) -> str:
        """Return the key that requested an upload, or issued the token that did."""
        actor_id = loaded.origin.actor_id
        token = await self._directory.upload_token(actor_id) if actor_id.startswith(TOKEN_PREFIX) else None
        return actor_id if token is None else token.key_id

    async def _abandon(self, loaded: LoadedUpload, state: Processing, actor_id: str, error: StorageError) -> None:
        now = self._clock.now()
        pause = min(RETRY_FIRST * 2 ** min(state.before.attempts, 20), RETRY_LAST)
        command = AbandonVerification(
            origin=loaded.origin_of(actor_id, new_command_id(self._ids), now),
            reason=type(error).__name__,  # its text might name the key, and so the filename
            retry_at=now + pause,
        )
        with suppress(VersionConflictError):  # somebody else went on with it
            await self._append(loaded, command)

    async def _append(self, loaded: LoadedUpload, command: UploadCommand) -> None:
        origin = command.origin
        stream = self._stream(loaded, command)
        await self._log.append(
            Command(command_id=origin.command_id, organization_id=origin.organization_id, streams=(stream,))
        )

    def _rejection(self, origin: Origin, wrong: Contradiction) -> RejectContent:
        return RejectContent(
            origin=origin, reason=wrong.reason, message=wrong.message, forget_at=origin.at + self._rules.retention
        )

    @staticmethod
    def _unknown(
        origin: Origin, request: UploadRequest, content: VerifiedContent, told: "_Told"
    ) -> tuple[Sameness, ...]:
        """Return the demand that no earlier upload has the bytes, where it matters and none was told of."""
        if not request.skip_duplicates or told.original is not None or told.alone:
            return ()
        ends_at = end_of(request, origin.at)
        return (Sameness(bucket_id=origin.bucket_id or "", sha256=content.sha256, ends_at=ends_at),)

    @staticmethod
    def _stream(loaded: LoadedUpload, command: UploadCommand) -> StreamAppend:
        return StreamAppend(
            stream_id=loaded.upload_id,
            expected_version=loaded.version,
            events=decide(command, loaded.state),
        )


def _found(content: StoredContent) -> Found:
    return Found(
        size_bytes=content.size_bytes,
        etag=content.etag,
        content_type=content.content_type,
        content_encoding=content.content_encoding,
        sha256=content.sha256,
        crc64nvme=content.crc64nvme,
    )


class _Progress(msgspec.Struct, frozen=True):
    """Keeps a worker's lease while bytes are read, and tells its task how many of them have been."""

    touch: Touch
    tasks: Tasks
    clock: Clock
    task_id: str
    total_bytes: int

    async def __call__(self, read_bytes: int) -> None:
        """Tell of it."""
        await self.touch()
        progress = {"verified_bytes": read_bytes, "total_bytes": self.total_bytes}
        await self.tasks.tell(self.task_id, progress, now=self.clock.now())


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the log has said so far about a completion.

    `original`: the earlier upload that holds the same bytes. `alone`: the upload keeps its own, since the object that
    it wants would end before the original and take it along. `existing_object_id`: the object that has the unique key,
    under `insert`.
    """

    original: UploadRecord | None = None
    alone: bool = False
    existing_object_id: str | None = None

    def wants_object(self, request: UploadRequest) -> bool:
        """Return whether an object is still to be made or changed."""
        in_object = self.original is not None and self.original.object_id is not None
        return request.create_object and not in_object and self.existing_object_id is None
