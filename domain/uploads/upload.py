"""The upload: one intended file, from its request to its verification. This module owns its states and transitions.

Theory of operation. An upload is defined by its events. `evolve` applies one recorded fact and never refuses; `decide`
returns the facts that follow from a command in a state, or refuses, and then nothing has changed. These two functions
are the whole machine: a command without an arm in `decide` is refused. The diagram in the docs is drawn from their
results (`scripts/draw_state_machine.py`).

Facts that hold only under the log's lock (room in the quota, a free unique key, no earlier upload of the same bytes, no
object that holds the bytes) are not decided here. The caller passes them as conditions of the append; when the log
reports that one does not hold, the caller calls `decide` again with the reported fact (`duplicate_of`,
`existing_object_id`).

The events are in `upload_events`. The request is a value in `request`, the claimed and verified content in `content`;
an avoided duplicate has no states, and is in `avoided_duplicates`.
"""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

import msgspec

from domain.decider import Decider
from domain.events.event import Origin
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import made_from
from domain.uploads.content import Claimed, VerifiedContent
from domain.uploads.request import UploadRequest, reserved
from domain.uploads.retention import end_of
from domain.uploads.upload_events import (
    FailureReason,
    SeenBy,
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadContentChanged,
    UploadDeleted,
    UploadEvent,
    UploadFailed,
    UploadForgotten,
    UploadRequested,
    UploadSkipped,
    UploadStarted,
    UploadUrlReissued,
    UploadVerificationAbandoned,
    UploadVerificationBegan,
    UploadVerified,
)


class Status(enum.StrEnum):
    """The statuses of an upload on the wire."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    SKIPPED = "SKIPPED"


# States


class NoUpload(msgspec.Struct, frozen=True):
    """Before the first event."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A URL was issued; no bytes were seen. `claimed_by`: the actor that confirmed with claims."""

    upload_id: str
    request: UploadRequest
    task_id: str | None = None
    attempts: int = 0
    claimed: Claimed = Claimed()
    claimed_by: str | None = None


class InProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Parts were signed."""

    upload_id: str
    request: UploadRequest
    multipart_id: str
    task_id: str | None = None
    attempts: int = 0
    claimed: Claimed = Claimed()
    claimed_by: str | None = None


class Processing(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes are being verified; `before` is the state to return to if storage is unavailable."""

    before: Pending | InProgress
    task_id: str
    began_at: datetime
    claimed: Claimed


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes are verified; the same command completes the upload, so no stream ends in this state."""

    processing: Processing
    content: VerifiedContent
    verified_at: datetime


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """Completed. `changed_etag`: storage holds other bytes since then (an ETag, or '' for none).

    `request.storage_key` and `content` locate its bytes, even if they were inherited.
    """

    upload_id: str
    request: UploadRequest
    content: VerifiedContent
    verified_at: datetime
    completed_at: datetime
    task_id: str
    object_id: str | None
    duplicate_of: str | None
    existing_object_id: str | None
    accepted_bytes: int
    keeps_bytes: bool
    deletes_at: datetime | None = None
    changed_etag: str | None = None

    @property
    def has_verified_bytes(self) -> bool:
        """Whether storage still has the verified bytes under this upload's key."""
        return self.keeps_bytes and self.changed_etag is None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The upload will never complete."""

    upload_id: str
    request: UploadRequest
    reason: FailureReason
    message: str


class Canceled(msgspec.Struct, frozen=True, kw_only=True):
    """Canceled."""

    upload_id: str
    request: UploadRequest
    kept_bytes: int


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """Skipped: its unique key was taken."""

    upload_id: str
    request: UploadRequest
    existing_object_id: str


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """Forgotten or deleted. `heir_id`: the duplicate that inherited the bytes."""

    upload_id: str
    heir_id: str | None = None


Upload = NoUpload | Pending | InProgress | Processing | Verified | Completed | Failed | Canceled | Skipped | Forgotten

STATUS_OF: Mapping[type, Status | None] = {
    NoUpload: None,
    Pending: Status.PENDING,
    InProgress: Status.IN_PROGRESS,
    Processing: Status.PROCESSING,
    Verified: Status.PROCESSING,
    Completed: Status.COMPLETED,
    Failed: Status.FAILED,
    Canceled: Status.CANCELED,
    Skipped: Status.SKIPPED,
    Forgotten: None,
}


# Commands


def task_of(upload_id: str) -> str:
    """Return the id of the task that is an upload's verification. It names the upload, so that no index has to."""
    return f"task_{upload_id.removeprefix('upl_')}"


class RequestUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Announce a file. `existing_object_id`: the object that already has the unique key, under `insert`."""

    origin: Origin
    upload_id: str
    request: UploadRequest
    existing_object_id: str | None = None
    forget_at: datetime


class StartUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Begin to send parts."""

    origin: Origin
    multipart_id: str


class ReissueUrl(msgspec.Struct, frozen=True, kw_only=True):
    """Issue a fresh URL."""

    origin: Origin
    expires_at: datetime
    due_at: datetime


class BeginVerification(msgspec.Struct, frozen=True, kw_only=True):
    """Verify the bytes that were seen."""

    origin: Origin
    task_id: str
    seen_by: SeenBy
    inline: bool
    claimed: Claimed = Claimed()


class AcceptContent(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes match the request.

    `object_id`: the object that this upload becomes part of, if any. `duplicate_of` and `existing_object_id`: other
    holders of the same bytes or unique key, reported by the log; then the upload's own bytes are not kept.
    """

    origin: Origin
    content: VerifiedContent
    object_id: str | None = None
    duplicate_of: str | None = None
    existing_object_id: str | None = None


class RejectContent(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes do not match the request, or may not stay."""

    origin: Origin
    reason: FailureReason
    message: str
    forget_at: datetime


class AbandonVerification(msgspec.Struct, frozen=True, kw_only=True):
    """Storage was unavailable."""

    origin: Origin
    reason: str
    retry_at: datetime


class ExpireUpload(msgspec.Struct, frozen=True, kw_only=True):
    """No bytes arrived in time."""

    origin: Origin
    forget_at: datetime


class CancelUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel the upload. `kept_bytes` None: the bytes are deleted; otherwise they stay until it is forgotten."""

    origin: Origin
    kept_bytes: int | None = None
    forget_at: datetime


class ReportChangedContent(msgspec.Struct, frozen=True, kw_only=True):
    """Storage now holds other bytes. `etag` None: nothing."""

    origin: Origin
    etag: str | None


class InheritBytes(msgspec.Struct, frozen=True, kw_only=True):
    """Inherit the bytes of the deleted original. `upload`: the original."""

    origin: Origin
    upload: Completed


class DeleteUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a finished upload. `heir_id`: the duplicate that inherits the bytes."""

    origin: Origin
    heir_id: str | None = None


class ForgetUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Erase the record. `heir_id`: the duplicate that inherits the bytes."""

    origin: Origin
    heir_id: str | None = None


UploadCommand = (
    RequestUpload
    | StartUpload
    | ReissueUrl
    | BeginVerification
    | AcceptContent
    | RejectContent
    | AbandonVerification
    | ExpireUpload
    | CancelUpload
    | ReportChangedContent
    | InheritBytes
    | DeleteUpload
    | ForgetUpload
)


# The machine


def decide(  # noqa: C901, PLR0911, PLR0912  # one arm for every line of the machine
    command: UploadCommand, upload: Upload
) -> tuple[UploadEvent, ...]:
    """Return the events of a command, or refuse it with `WrongStateError`. Reads nothing but its arguments."""
    match upload, command:
        case NoUpload(), RequestUpload():
            return (_request(command),)
        case Pending(), StartUpload(origin=origin, multipart_id=multipart_id):
            return (UploadStarted(origin=origin, upload_id=upload.upload_id, multipart_id=multipart_id),)
        case Pending() | InProgress(), ReissueUrl(origin=origin):
            if command.expires_at <= origin.at:
                raise InvalidInputError(
                    "invalid_expiry",
                    "presigned_url_expiration has already passed: send more seconds.",
                    {"field": "presigned_url_expiration"},
                )
            return (
                UploadUrlReissued(
                    origin=origin, upload_id=upload.upload_id, expires_at=command.expires_at, due_at=command.due_at
                ),
            )
        case Pending() | InProgress(), BeginVerification(origin=origin):
            return (
                UploadVerificationBegan(
                    origin=origin,
                    upload_id=upload.upload_id,
                    task_id=upload.task_id or command.task_id,
                    seen_by=command.seen_by,
                    inline=command.inline,
                    claimed=command.claimed if command.seen_by is SeenBy.CONFIRM else upload.claimed,
                ),
            )
        case Processing(), AcceptContent():
            return _accept(command, upload.before)
        case Processing(before=before), RejectContent(origin=origin):
            return (_fail(before, origin, command.reason, command.message, command.forget_at),)
        case Processing(before=before), AbandonVerification(origin=origin):
            return (
                UploadVerificationAbandoned(
                    origin=origin,
                    upload_id=before.upload_id,
                    reason=command.reason,
                    attempt=before.attempts + 1,
                    retry_at=command.retry_at,
                    due_at=max(
                        before.request.due_at, command.retry_at
                    ),  # otherwise the sweeper would try again at once
                ),
            )
        case Pending() | InProgress(), ExpireUpload(origin=origin):
            arrived = "No bytes" if isinstance(upload, Pending) else "Not all parts"
            message = f"{arrived} arrived before the upload URL expired; request a new upload."
            return (_fail(upload, origin, FailureReason.EXPIRED, message, command.forget_at),)
        case Pending() | InProgress(), CancelUpload():
            return (_cancel(upload, command, reserved(upload.request)),)
        case Processing(before=before), CancelUpload():
            return (_cancel(before, command, reserved(before.request)),)
        case Failed(), CancelUpload():
            return (_cancel(upload, command, 0),)
        case Completed(), ReportChangedContent(origin=origin, etag=etag):
            if not upload.keeps_bytes or upload.content.version_id is not None:
                return ()  # it has no own bytes, or a pinned version: its content does not depend on the key
            if (etag or "") in {upload.content.etag, upload.changed_etag}:
                return ()
            return (UploadContentChanged(origin=origin, upload_id=upload.upload_id, etag=etag),)
        case Completed(), InheritBytes(origin=origin, upload=original):
            if upload.keeps_bytes:
                return ()
            return (_inherited(upload, origin, original),)
        case Completed() | Skipped(), DeleteUpload():
            return (_gone(upload, command),)
        case Completed() | Skipped() | Canceled() | Failed(), ForgetUpload():
            return (_gone(upload, command),)
        case (
            (InProgress(), StartUpload())
            | (Processing() | Completed(), BeginVerification())
            | (Completed(), AcceptContent())
            | (Canceled(), CancelUpload())
            | (Forgotten(), DeleteUpload() | ForgetUpload())
        ):
            return ()  # repeated: nothing new
        case _:
            raise _wrong_state(upload, command)


def evolve(upload: Upload, event: UploadEvent) -> Upload:  # noqa: C901, PLR0911, PLR0912  # one arm for every event
    """Apply a recorded fact. Total: the past is not refused; a fact that fits no state changes nothing."""
    match event:
        case UploadRequested():
            return Pending(upload_id=event.upload_id, request=event.request)
        case UploadSkipped():
            return Skipped(
                upload_id=event.upload_id, request=event.request, existing_object_id=event.existing_object_id
            )
        case UploadStarted():
            if not isinstance(upload, Pending):
                return upload
            return made_from(InProgress, upload, multipart_id=event.multipart_id)
        case UploadUrlReissued():
            if not isinstance(upload, Pending | InProgress):
                return upload
            request = msgspec.structs.replace(upload.request, expires_at=event.expires_at, due_at=event.due_at)
            return msgspec.structs.replace(upload, request=request)
        case UploadVerificationBegan():
            if not isinstance(upload, Pending | InProgress):
                return upload
            claimed_by = event.origin.actor_id if event.seen_by is SeenBy.CONFIRM else upload.claimed_by
            return Processing(
                before=msgspec.structs.replace(
                    upload, task_id=event.task_id, claimed=event.claimed, claimed_by=claimed_by
                ),
                task_id=event.task_id,
                began_at=event.origin.at,
                claimed=event.claimed,
            )
        case UploadVerified():
            if not isinstance(upload, Processing):
                return upload
            return Verified(processing=upload, content=event.content, verified_at=event.origin.at)
        case UploadCompleted():
            if not isinstance(upload, Verified):
                return upload
            return made_from(
                Completed,
                event,
                request=upload.processing.before.request,
                content=upload.content,
                verified_at=upload.verified_at,
                completed_at=event.origin.at,
                task_id=upload.processing.task_id,
            )
        case UploadFailed():
            asked = request_of(upload)
            if asked is None:
                return upload
            return Failed(upload_id=event.upload_id, request=asked, reason=event.reason, message=event.message)
        case UploadVerificationAbandoned():
            if not isinstance(upload, Processing):
                return upload
            return msgspec.structs.replace(upload.before, attempts=event.attempt)
        case UploadCanceled():
            asked = request_of(upload)
            if asked is None:
                return upload
            return Canceled(upload_id=event.upload_id, request=asked, kept_bytes=event.kept_bytes)
        case UploadContentChanged():
            if not isinstance(upload, Completed):
                return upload
            return msgspec.structs.replace(upload, changed_etag=event.etag or "")
        case UploadBytesInherited():
            if not isinstance(upload, Completed):
                return upload
            return msgspec.structs.replace(
                upload,
                request=msgspec.structs.replace(upload.request, storage_key=event.storage_key, due_at=event.due_at),
                content=msgspec.structs.replace(upload.content, etag=event.etag, version_id=event.version_id),
                object_id=None,
                duplicate_of=None,
                accepted_bytes=event.accepted_bytes,
                keeps_bytes=True,
            )
        case UploadDeleted() | UploadForgotten():
            return Forgotten(upload_id=event.upload_id, heir_id=event.heir_id)
        case _:
            assert_never(event)


def upload_not_found(upload_id: str) -> NotFoundError:
    """Return the refusal of an upload that does not exist for the caller."""
    return NotFoundError(
        "upload_not_found",
        "The upload does not exist, or you cannot access it: check its id.",
        {"upload_id": upload_id[:100]},
    )


UPLOAD: Decider[UploadCommand, UploadEvent, Upload] = Decider(
    initial=NoUpload(), decide=decide, evolve=evolve, not_found=upload_not_found
)


def request_of(upload: Upload) -> UploadRequest | None:
    """Return the request, in any state."""
    match upload:
        case NoUpload() | Forgotten():
            return None
        case Processing():
            return upload.before.request
        case Verified():
            return upload.processing.before.request
        case _:
            return upload.request


def is_in_parts(upload: Upload) -> bool:
    """Return whether an ended upload was a multipart upload, started or not."""
    return isinstance(upload, Completed | Failed | Canceled) and upload.request.part_size is not None


def _request(command: RequestUpload) -> UploadEvent:
    if command.existing_object_id is not None:
        return made_from(UploadSkipped, command, existing_object_id=command.existing_object_id)
    return UploadRequested(
        origin=command.origin,
        upload_id=command.upload_id,
        request=command.request,
        reserved_bytes=reserved(command.request),
    )


def _accept(command: AcceptContent, before: Pending | InProgress) -> tuple[UploadEvent, ...]:
    keeps_bytes = command.duplicate_of is None and command.existing_object_id is None
    object_id = command.object_id if command.existing_object_id is None else None
    return (
        UploadVerified(origin=command.origin, upload_id=before.upload_id, content=command.content),
        UploadCompleted(
            origin=command.origin,
            upload_id=before.upload_id,
            object_id=object_id,
            duplicate_of=command.duplicate_of,
            existing_object_id=command.existing_object_id,
            keeps_bytes=keeps_bytes,
            released_bytes=reserved(before.request),
            accepted_bytes=command.content.size_bytes if keeps_bytes else 0,
            due_at=before.request.due_at,
            forget_at=None,
            deletes_at=end_of(before.request, command.origin.at),
        ),
    )


def _inherited(heir: Completed, origin: Origin, original: Completed) -> UploadEvent:
    return UploadBytesInherited(
        origin=origin,
        upload_id=heir.upload_id,
        from_upload_id=original.upload_id,
        storage_key=original.request.storage_key,
        etag=original.content.etag,
        version_id=original.content.version_id,
        accepted_bytes=heir.content.size_bytes,  # the same bytes
        due_at=original.request.due_at,
    )


def _gone(upload: Completed | Skipped | Canceled | Failed, command: DeleteUpload | ForgetUpload) -> UploadEvent:
    match upload:
        case Completed():
            freed_bytes = upload.accepted_bytes
        case Canceled():
            freed_bytes = upload.kept_bytes
        case _:
            freed_bytes = 0
    kind = UploadDeleted if isinstance(command, DeleteUpload) else UploadForgotten
    return kind(origin=command.origin, upload_id=upload.upload_id, freed_bytes=freed_bytes, heir_id=command.heir_id)


def _fail(
    upload: Pending | InProgress, origin: Origin, reason: FailureReason, message: str, forget_at: datetime
) -> UploadEvent:
    return UploadFailed(
        origin=origin,
        upload_id=upload.upload_id,
        reason=reason,
        message=message,
        released_bytes=reserved(upload.request),
        due_at=upload.request.due_at,
        forget_at=forget_at,
    )


def _cancel(upload: Pending | InProgress | Failed, command: CancelUpload, released_bytes: int) -> UploadEvent:
    return UploadCanceled(
        origin=command.origin,
        upload_id=upload.upload_id,
        keeps_bytes=command.kept_bytes is not None,
        kept_bytes=command.kept_bytes or 0,
        released_bytes=released_bytes,
        due_at=upload.request.due_at,
        forget_at=command.forget_at,
    )


def upload_completed(status: Status | None, object_id: str | None = None) -> WrongStateError:
    """Return the refusal to cancel or delete a finished upload. `object_id`: the object that its bytes are part of."""
    what = (
        "it cannot be canceled. Delete it with an API key, without only_open."
        if object_id is None
        else f"its bytes are part of the object {object_id}. Delete the object instead."
    )
    return WrongStateError(
        "upload_completed", f"The upload is {status}: {what}", {"status": status, "object_id": object_id}
    )


def _wrong_state(upload: Upload, command: UploadCommand) -> WrongStateError:
    status = STATUS_OF[type(upload)]
    if isinstance(upload, Completed | Skipped) and isinstance(command, CancelUpload):
        own = upload.object_id if isinstance(upload, Completed) and upload.duplicate_of is None else None
        return upload_completed(status, own)
    if isinstance(upload, Failed | Canceled | Skipped):
        why = upload.message if isinstance(upload, Failed) else "request a new upload."
        return WrongStateError(f"upload_{str(status).lower()}", f"The upload is {status}: {why}", {"status": status})
    return WrongStateError(
        "wrong_state",
        f"The upload is {status or 'missing'}, so this is not possible: check its status first.",
        {"status": status},
    )
