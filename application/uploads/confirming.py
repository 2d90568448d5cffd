"""Confirming an upload: after the client has sent the bytes, Upwell verifies them.

The verification is in `verifying`; its result is judged in `domain.uploads.verification`.
"""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from application.handling import BusyError, Loaded, Objection, Proposal, handle
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.read_side import ReadSide
from application.ports.storage.object_storage import Fetched, ObjectStorage, StorageUnavailableError
from application.ports.tasks.tasks import NewTask, Tasks, TaskType
from application.ports.uploads.upload_reads import UploadRecord
from application.rules import Rules
from application.uploads.completing_multipart import NamedPart, put_together
from application.uploads.records import brought_forward, find_upload, load_upload
from application.uploads.verifying import Touch, Verification, VerifyingUploads, fetch_stored, in_one
from domain.buckets.bucket import Policy
from domain.claims import unique_key_claim
from domain.keys.api_key import Permission
from domain.objects.object import ReplaceDeniedError
from domain.refusals import ForbiddenError, WrongStateError
from domain.uploads.content import Claimed
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    STATUS_OF,
    UPLOAD,
    BeginVerification,
    Completed,
    Failed,
    InProgress,
    Pending,
    Processing,
    Status,
    Upload,
    request_of,
    task_of,
    upload_not_found,
)
from domain.uploads.upload_events import SeenBy, UploadEvent, UploadVerificationAbandoned, UploadVerificationBegan

_STORAGE_IS_SLOW = "Storage was unavailable; the verification continues in the background."


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """The upload after the confirmation: COMPLETED, or PROCESSING with its task."""

    record: UploadRecord
    status: Status
    task_id: str | None
    message: str | None


class _Confirmer(msgspec.Struct, frozen=True, kw_only=True):
    """The confirming caller. `requested`: it requested the upload; `may_delete`: its permission in the bucket."""

    actor_id: str
    requested: bool
    may_delete: bool


class _Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a confirm found in storage for a version of the upload, kept for further attempts."""

    version: int
    command: BeginVerification
    seen: Fetched
    verification: Verification


class ConfirmingUpload(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Idempotent: a repeated confirm of a completed upload gets the same result."""

    log: EventLog
    read_side: ReadSide
    storage: ObjectStorage
    verify: VerifyingUploads
    tasks: Tasks
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        upload_id: str,
        *,
        bucket_id: str | None,
        claimed: Claimed,
        as_task: bool,
        parts: Sequence[NamedPart] | None = None,
    ) -> Confirmed:
        """Verify the stored bytes, after assembling parts. `parts`: those that the client lists.

        `bucket_id`: the bucket in the request. `as_task`: return at once and let a worker verify. Refuses with
        `content_not_found` while nothing is stored (the client may send and confirm again), and with the reason of the
        failure if the bytes are wrong. Raises `StorageError` if storage is unavailable; nothing has changed.

        A claim by a key that did not request the upload fails no upload: if the stored bytes match the request, the
        claim is refused, and the upload does not change.
        """
        loaded, record = await load_upload(self.log, namespace.namespace_id, upload_id, bucket_id)
        key_id, looked, worker_ends = caller.key.key_id, None, as_task

        async def confirm(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            nonlocal looked
            if isinstance(upload.state, Completed | Processing):
                return None
            looked = await self._looked(looked, upload, caller.actor_id, key_id, claimed, parts)
            command, content = looked.command, looked.seen.content
            takes_long = worker_ends or content.size_bytes >= self.rules.inline_limit_bytes
            inline = not takes_long or await self.verify.refutes(upload, content, command.claimed) is not None
            events = UPLOAD.decide(msgspec.structs.replace(command, inline=inline), upload.state)
            begun = Proposal(
                origin=command.origin, events=events, conditions=Conditions(key_id=key_id, token_id=caller.token_id)
            )
            proposal = await in_one(upload, begun, looked.verification) if inline else begun
            if not inline or isinstance(proposal.events[-1], UploadVerificationAbandoned):  # a worker ends it
                await self._make_task(upload, events)
            return proposal

        async def learn(objection: Objection) -> bool:
            return looked is not None and await looked.verification.learn(objection)

        try:
            upload = await handle(self.log, UPLOAD, upload_id, confirm, loaded=loaded, learn=learn)
        except BusyError:  # others change the same object all the time: a worker ends the verification
            worker_ends = True
            upload = await handle(self.log, UPLOAD, upload_id, confirm, learn=learn)
        return await self._answer(record, upload)

    async def within_task(
        self, namespace_id: str, upload_id: str, *, bucket_id: str, actor_id: str, claimed: Claimed, touch: Touch
    ) -> Confirmed:
        """Verify a file of any size, and return when the upload has ended; refuses like a confirm.

        `actor_id`: a key, or an upload token, which reaches only its own uploads. A verification in progress is
        repeated, because its process may be gone.
        """
        (loaded, record), looked = await load_upload(self.log, namespace_id, upload_id, bucket_id), None
        if not await self.verify.reaches(actor_id, loaded):
            raise upload_not_found(upload_id)
        key_id = await self.verify.key_of(actor_id)

        async def confirm(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            nonlocal looked
            if isinstance(upload.state, Completed | Failed | Processing):
                return None
            looked = await self._looked(looked, upload, actor_id, key_id, claimed)
            begun = Proposal(origin=looked.command.origin, events=UPLOAD.decide(looked.command, upload.state))
            if looked.seen.content.size_bytes >= self.rules.inline_limit_bytes:
                return begun
            return await in_one(upload, begun, looked.verification)

        async def learn(objection: Objection) -> bool:
            return looked is not None and await looked.verification.learn(objection)

        upload = await handle(self.log, UPLOAD, upload_id, confirm, loaded=loaded, learn=learn)
        if isinstance(upload.state, Processing):
            seen = looked.seen if looked is not None and upload.news else None
            upload = await self.verify(upload, actor_id=actor_id, seen=seen, touch=touch)
        if isinstance(upload.state, Pending | InProgress):
            raise StorageUnavailableError(_STORAGE_IS_SLOW)
        return await self._answer(record, upload)

    async def _looked(
        self,
        before: _Looked | None,
        upload: Loaded[UploadEvent, Upload],
        actor_id: str,
        key_id: str,
        claimed: Claimed,
        parts: Sequence[NamedPart] | None = None,
    ) -> _Looked:
        """Check the policy, and return what is stored: the result from before, if it was for this version."""
        confirmer = await self._confirmer(upload, actor_id, key_id)
        await self._check_policy(upload, confirmer, claimed)
        if before is not None and before.version == upload.version:
            return before
        command, seen = await self._look(upload, confirmer, claimed, parts)
        verification = self.verify.begin(upload.stream_id, actor_id=actor_id, seen=seen)
        return _Looked(version=upload.version, command=command, seen=seen, verification=verification)

    async def _confirmer(self, loaded: Loaded[UploadEvent, Upload], actor_id: str, key_id: str) -> _Confirmer:
        requested = key_id == await self.verify.key_of(loaded.origin.actor_id)
        may_delete = not requested and await self.verify.may_replace(loaded, key_id)
        return _Confirmer(actor_id=actor_id, requested=requested, may_delete=may_delete)

    async def _check_policy(self, loaded: Loaded[UploadEvent, Upload], confirmer: _Confirmer, claimed: Claimed) -> None:
        """Refuse a policy that the confirmer may not set, or that would replace content without permission."""
        request = request_of(loaded.state)
        if request is None or request.unique_key is None:
            return
        policy = claimed.policy or request.policy
        if policy is not request.policy and not confirmer.requested and not confirmer.may_delete:
            raise _not_yours("with another policy")
        if policy is Policy.INSERT:
            return
        named_by = loaded.origin.actor_id if claimed.policy is None else confirmer.actor_id
        claim = unique_key_claim(loaded.origin.bucket_id or "", request.unique_key)
        if await self.read_side.claim_owner(claim) is None:
            return
        if not await self.verify.may_replace(loaded, named_by):
            raise ReplaceDeniedError

    async def _check_claims(
        self, loaded: Loaded[UploadEvent, Upload], request: UploadRequest, seen: Fetched, claimed: Claimed
    ) -> None:
        """Refuse wrong claims about bytes that match the request; the hash of a large file is not compared."""
        content = seen.content
        if await self.verify.refutes(loaded, content, Claimed()) is not None:
            return
        sha256 = request.declared_sha256
        if claimed.sha256 is not UNSET and content.size_bytes < self.rules.inline_limit_bytes:
            sha256 = await self.verify.sha256_of(loaded, request, seen)
        wrong = await self.verify.refutes(loaded, content, claimed, sha256=sha256)
        if wrong is not None:
            raise WrongStateError(
                wrong.value,
                "The stored bytes match the request of this upload, but not this confirm, so the upload does not"
                " change."
                " Confirm it with the ETag of the storage, or without etag, file_hash and other claims.",
                {"upload_id": loaded.stream_id, "status": STATUS_OF[type(loaded.state)]},
            )

    async def _look(
        self,
        loaded: Loaded[UploadEvent, Upload],
        confirmer: _Confirmer,
        claimed: Claimed,
        parts: Sequence[NamedPart] | None = None,
    ) -> tuple[BeginVerification, Fetched]:
        """Return the command that begins the verification, and the stored content; refuse if nothing is stored."""
        command = BeginVerification(
            origin=loaded.origin_of(confirmer.actor_id, new_command_id(self.ids), self.clock.now()),
            task_id=task_of(loaded.stream_id),
            seen_by=SeenBy.CONFIRM,
            inline=True,
            claimed=claimed,
        )
        UPLOAD.decide(command, loaded.state)  # refuses before the call to storage
        if isinstance(loaded.state, InProgress):
            unsized = loaded.state.request.declared_size_bytes is None
            if unsized and not confirmer.requested and not confirmer.may_delete:
                raise _not_yours("without knowing the number of its parts")
            await put_together(self.storage, loaded.state, parts)
        request = request_of(loaded.state)
        seen = None if request is None else await fetch_stored(self.storage, request)
        if request is None or seen is None:
            raise WrongStateError(
                "content_not_found",
                "No bytes are stored for this upload: send the file to its URL, then confirm again.",
                {"upload_id": loaded.stream_id},
            )
        if not confirmer.requested:
            await self._check_claims(loaded, request, seen, claimed)
            command = msgspec.structs.replace(command, claimed=Claimed(policy=claimed.policy))
        return command, seen

    async def _make_task(self, upload: Loaded[UploadEvent, Upload], events: tuple[UploadEvent, ...]) -> None:
        """Store the task of the response. If the verification does not begin, the task is never visible."""
        (began,) = (event for event in events if isinstance(event, UploadVerificationBegan))
        origin = began.origin
        await self.tasks.create(
            NewTask(
                task_id=began.task_id,
                organization_id=origin.organization_id,
                namespace_id=origin.namespace_id,
                task_type=TaskType.CONFIRM_UPLOAD,
                actor_id=origin.actor_id,
                created_at=origin.at,
                inputs=[upload.stream_id],
                upload_id=upload.stream_id,
            ),
            drop_at=origin.at + self.rules.retention,
        )

    async def _answer(self, known: UploadRecord, upload: Loaded[UploadEvent, Upload]) -> Confirmed:
        """Return the current upload. `known`: its record before."""
        state = upload.state
        if isinstance(state, Failed):
            raise WrongStateError(
                state.reason.value, state.message, {"upload_id": upload.stream_id, "status": "FAILED"}
            )
        record = brought_forward(known, upload)
        if record is None or known.status is Status.COMPLETED:  # it has changed since, or its end may have moved
            record = await find_upload(self.read_side, known.namespace_id, upload.stream_id, None)
        match state:
            case Completed():
                return Confirmed(record=record, status=Status.COMPLETED, task_id=record.task_id, message=record.message)
            case Processing():
                return Confirmed(record=record, status=Status.PROCESSING, task_id=state.task_id, message=None)
            case Pending() | InProgress():
                # storage became unavailable: a worker continues, and so does the client's task
                return Confirmed(
                    record=record, status=Status.PROCESSING, task_id=state.task_id, message=_STORAGE_IS_SLOW
                )
            case _:
                status = STATUS_OF[type(state)]
                raise WrongStateError(
                    "wrong_state", f"The upload is {status}: request a new upload.", {"status": status}
                )


def _not_yours(how: str) -> ForbiddenError:
    return ForbiddenError(
        "permission_denied",
        f"Another key requested this upload, and confirming it {how} needs the permission 'delete': use the key that"
        " requested it, or one with this permission.",
        {"needed": Permission.DELETE},
    )
