"""One upload of a video, in full: its commands, its events, and a past that leads to each of its states."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.buckets.bucket import Policy
from domain.events.event import Origin
from domain.objects.object import Blob
from domain.uploads.content import Claimed, VerifiedContent
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    UPLOAD,
    AbandonVerification,
    AcceptContent,
    BeginVerification,
    Canceled,
    CancelUpload,
    Completed,
    DeleteUpload,
    ExpireUpload,
    Failed,
    ForgetUpload,
    Forgotten,
    InheritBytes,
    InProgress,
    NoUpload,
    Pending,
    Processing,
    ReissueUrl,
    RejectContent,
    ReportChangedContent,
    RequestUpload,
    Skipped,
    StartUpload,
    Upload,
    UploadCommand,
    Verified,
)
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
from tests.unit.domain.spec import Behaviour

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPIRES = NOW + timedelta(hours=1)
DUE = EXPIRES + timedelta(minutes=15)
LATER = NOW + timedelta(days=30)
ORIGIN = Origin(
    organization_id="org_1",
    namespace_id="ns_1",
    bucket_id="bkt_1",
    actor_id="key_1",
    command_id="cmd_1",
    at=NOW,
)
SIZE = 1000
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
REQUEST = UploadRequest(
    filename="clip.mp4",
    content_type="video/mp4",
    storage_key="int_1/ns_1/api_buckets_uploads_create/upl_1/clip.mp4",
    declared_size_bytes=SIZE,
    declared_sha256=SHA256,
    url_expires_in_seconds=3600,
    expires_at=EXPIRES,
    due_at=DUE,
    metadata={"campaign": "spring"},
    create_object=True,
    object_metadata={"title": "A clip"},
    blob_property="video",
    blob_type="VIDEO",
    skip_duplicates=True,
    unique_key=None,
    policy=Policy.INSERT,
)
CONTENT = VerifiedContent(
    size_bytes=SIZE, etag="abc-1", sha256=SHA256, content_type="video/mp4", version_id=None, note=None
)

given: Behaviour[Upload, UploadCommand, UploadEvent] = Behaviour(UPLOAD)


def asked(**changed: Any) -> UploadRequest:  # noqa: ANN401  # any field values of a request
    return msgspec.structs.replace(REQUEST, **changed)


# Commands

REQUEST_IT = RequestUpload(origin=ORIGIN, upload_id="upl_1", request=REQUEST, forget_at=LATER)
REQUEST_IT_WITH_A_TAKEN_KEY = msgspec.structs.replace(REQUEST_IT, existing_object_id="obj_9")
START = StartUpload(origin=ORIGIN, multipart_id="mp_1")
REISSUE = ReissueUrl(origin=ORIGIN, expires_at=EXPIRES + timedelta(hours=1), due_at=DUE + timedelta(hours=1))
BEGIN = BeginVerification(
    origin=ORIGIN, task_id="task_1", seen_by=SeenBy.CONFIRM, inline=True, claimed=Claimed(etag="abc-1")
)
ACCEPT = AcceptContent(origin=ORIGIN, content=CONTENT, object_id="obj_1")
REJECT = RejectContent(origin=ORIGIN, reason=FailureReason.HASH_MISMATCH, message="Other bytes.", forget_at=LATER)
ABANDON = AbandonVerification(origin=ORIGIN, reason="503 Slow Down", retry_at=NOW + timedelta(seconds=2))
EXPIRE = ExpireUpload(origin=ORIGIN, forget_at=LATER)
CANCEL = CancelUpload(origin=ORIGIN, forget_at=LATER)
REPORT = ReportChangedContent(origin=ORIGIN, etag="other")
ORIGINAL = Completed(
    upload_id="upl_0",
    request=msgspec.structs.replace(REQUEST, storage_key="int_1/ns_1/api_buckets_uploads_create/upl_0/first.mp4"),
    content=msgspec.structs.replace(CONTENT, etag="first", version_id="v1"),
    verified_at=NOW,
    completed_at=NOW,
    task_id="task_0",
    object_id=None,
    duplicate_of=None,
    existing_object_id=None,
    accepted_bytes=SIZE,
    keeps_bytes=True,
)
INHERIT = InheritBytes(origin=ORIGIN, upload=ORIGINAL)
DELETE = DeleteUpload(origin=ORIGIN)
FORGET = ForgetUpload(origin=ORIGIN)

COMMANDS: tuple[UploadCommand, ...] = (
    REQUEST_IT,
    START,
    REISSUE,
    BEGIN,
    ACCEPT,
    REJECT,
    ABANDON,
    EXPIRE,
    CANCEL,
    REPORT,
    INHERIT,
    DELETE,
    FORGET,
)

# Events

REQUESTED = UploadRequested(origin=ORIGIN, upload_id="upl_1", request=REQUEST, reserved_bytes=SIZE)
SKIPPED = UploadSkipped(origin=ORIGIN, upload_id="upl_1", request=REQUEST, existing_object_id="obj_9", forget_at=LATER)
STARTED = UploadStarted(origin=ORIGIN, upload_id="upl_1", multipart_id="mp_1")
REISSUED = UploadUrlReissued(origin=ORIGIN, upload_id="upl_1", expires_at=REISSUE.expires_at, due_at=REISSUE.due_at)
BEGAN = UploadVerificationBegan(
    origin=ORIGIN,
    upload_id="upl_1",
    task_id="task_1",
    seen_by=SeenBy.CONFIRM,
    inline=True,
    claimed=Claimed(etag="abc-1"),
)
VERIFIED = UploadVerified(origin=ORIGIN, upload_id="upl_1", content=CONTENT)
COMPLETED = UploadCompleted(
    origin=ORIGIN,
    upload_id="upl_1",
    object_id="obj_1",
    duplicate_of=None,
    existing_object_id=None,
    keeps_bytes=True,
    released_bytes=SIZE,
    accepted_bytes=SIZE,
    due_at=DUE,
    forget_at=None,
)
FAILED = UploadFailed(
    origin=ORIGIN,
    upload_id="upl_1",
    reason=FailureReason.HASH_MISMATCH,
    message="Other bytes.",
    released_bytes=SIZE,
    due_at=DUE,
    forget_at=LATER,
)
ABANDONED = UploadVerificationAbandoned(
    origin=ORIGIN, upload_id="upl_1", reason="503 Slow Down", attempt=1, retry_at=ABANDON.retry_at, due_at=DUE
)
CANCELED = UploadCanceled(
    origin=ORIGIN,
    upload_id="upl_1",
    keeps_bytes=False,
    kept_bytes=0,
    released_bytes=SIZE,
    due_at=DUE,
    forget_at=LATER,
)
CHANGED = UploadContentChanged(origin=ORIGIN, upload_id="upl_1", etag="other")
INHERITED = UploadBytesInherited(
    origin=ORIGIN,
    upload_id="upl_1",
    from_upload_id="upl_0",
    storage_key=ORIGINAL.request.storage_key,
    etag="first",
    version_id="v1",
    accepted_bytes=SIZE,
    due_at=DUE,
)
DELETED = UploadDeleted(origin=ORIGIN, upload_id="upl_1", freed_bytes=SIZE)
FORGOTTEN = UploadForgotten(origin=ORIGIN, upload_id="upl_1", freed_bytes=0)

PASTS: dict[type[Upload], tuple[UploadEvent, ...]] = {
    NoUpload: (),
    Pending: (REQUESTED,),
    InProgress: (REQUESTED, STARTED),
    Processing: (REQUESTED, BEGAN),
    Verified: (REQUESTED, BEGAN, VERIFIED),
    Completed: (REQUESTED, BEGAN, VERIFIED, COMPLETED),
    Failed: (REQUESTED, BEGAN, FAILED),
    Canceled: (REQUESTED, CANCELED),
    Skipped: (SKIPPED,),
    Forgotten: (REQUESTED, CANCELED, FORGOTTEN),
}

# Objects


def blob(name: str, upload_id: str) -> Blob:
    return Blob(
        blob_id=f"blob_{name}_{upload_id}",
        property=name,
        type="video",
        upload_id=upload_id,
        filename=f"{name}.mp4",
        storage_key=f"int_1/ns_1/api_buckets_uploads_create/{upload_id}/{name}.mp4",
        version_id=None,
        etag="abc",
        size_bytes=10,
        content_type="video/mp4",
        sha256=SHA256,
    )
