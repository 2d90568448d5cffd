"""The jobs that events write and remove: what `upwell.schedule` does in SQL."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import assert_never

import msgspec
from msgspec import UNSET

from adapters.memory.projecting import KnownEvent, Tables
from application.ports.jobs import JobKind
from domain.buckets.bucket import (
    BucketCreated,
    BucketDeleted,
    BucketDeletionBegan,
    BucketSchemaChanged,
    BucketStatusChanged,
    BucketUpdated,
)
from domain.keys.api_key import (
    ApiKeyCreated,
    ApiKeyPermissionsChanged,
    ApiKeyRevoked,
    ApiKeyRotated,
    ApiKeyScopesChanged,
    ApiKeySettingsChanged,
    ApiKeysListed,
)
from domain.keys.event_token import EventTokenIssued
from domain.keys.upload_token import UploadTokenIssued, UploadTokenUsed
from domain.namespaces.namespace import NamespaceCreated, NamespaceDeleted, NamespaceDeletionBegan, NamespaceUpdated
from domain.objects.object import ObjectCreated, ObjectDeleted, ObjectUpdated, uploads_of
from domain.organizations.organization import (
    OrganizationCreated,
    OrganizationLimitsChanged,
    OrganizationProfileChanged,
    OrganizationRateLimitsChanged,
    OrganizationRateLimitsSet,
)
from domain.uploads.upload import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadContentChanged,
    UploadDeleted,
    UploadDuplicateAvoided,
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
from domain.webhooks.webhook import (
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookSecretRotated,
    WebhookUpdated,
)

# Whoever confirms inline is at it; a worker takes over only if that process is gone.
INLINE_TAKES = timedelta(seconds=60)


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is kept. `attempts`: how often it was leased since an event set it."""

    kind: JobKind
    upload_id: str
    due_at: datetime
    attempts: int = 0
    lease: str | None = None
    leased_until: datetime | None = None
    last_error: str | None = None
    storage_key: str | None = None
    multipart_id: str | None = None
    again_at: datetime | None = None


class JobTable:
    """The jobs there are: one of a kind for each upload."""

    def __init__(self, rows: Iterable[JobRow] = ()) -> None:
        self.rows = {(row.upload_id, row.kind): row for row in rows}

    def copy(self) -> "JobTable":
        """Return a table that can be written without this one changing."""
        return JobTable(self.rows.values())

    def set(self, kind: JobKind, upload_id: str, due_at: datetime) -> None:
        """Set a job; one that is there is set anew, and a lease on it counts no more."""
        self.rows[upload_id, kind] = JobRow(kind=kind, upload_id=upload_id, due_at=due_at)

    def set_discard(self, tables: Tables, upload_id: str, now: datetime, again_at: datetime) -> None:
        """Have the bytes of an upload deleted now, and once more when a URL that was given out has expired.

        Those that it has inherited go under the id of the upload that they were stored for.
        """
        upload = tables.uploads.get(upload_id)
        stored_for = tables.inherited.get(upload_id, upload_id)
        if upload is not None:
            self.rows[stored_for, JobKind.DISCARD] = JobRow(
                kind=JobKind.DISCARD,
                upload_id=stored_for,
                due_at=now,
                storage_key=upload.storage_key,
                multipart_id=upload.multipart_id,
                again_at=again_at,
            )

    def remove(self, upload_ids: Iterable[str], *kinds: JobKind) -> None:
        """Remove these uploads' jobs of some kinds, or all of them."""
        for upload_id in upload_ids:
            for each in kinds or JobKind:
                self.rows.pop((upload_id, each), None)


def schedule(jobs: JobTable, tables: Tables, upload_id: str, event: KnownEvent) -> bool:  # noqa: C901, PLR0912  # one arm for every event
    """Write and remove the jobs that one event calls for, *before* it is projected into `tables`.

    Return whether a worker should look at once.
    """
    now = event.origin.at
    match event:
        case UploadRequested():
            jobs.set(JobKind.EXPIRE, upload_id, event.request.due_at)
        case UploadSkipped():
            jobs.set(JobKind.FORGET, upload_id, event.forget_at)
        case UploadUrlReissued():
            jobs.set(JobKind.EXPIRE, upload_id, event.due_at)
        case UploadVerificationBegan():
            jobs.remove([upload_id], JobKind.EXPIRE)
            jobs.set(JobKind.VERIFY, upload_id, now + INLINE_TAKES if event.inline else now)
            return not event.inline
        case UploadVerificationAbandoned():
            jobs.set(JobKind.VERIFY, upload_id, event.retry_at)
            jobs.set(JobKind.EXPIRE, upload_id, event.due_at)
        case UploadCompleted():
            jobs.remove([upload_id])
            if event.deletes_at is not None:
                jobs.set(JobKind.FORGET, upload_id, event.deletes_at)
            if not event.keeps_bytes:
                jobs.set_discard(tables, upload_id, now, event.due_at)
                return True
            jobs.set(JobKind.RECHECK, upload_id, event.due_at)
        case UploadFailed() | UploadCanceled():
            jobs.remove([upload_id])
            jobs.set(JobKind.FORGET, upload_id, event.forget_at)
            if isinstance(event, UploadFailed) or not event.keeps_bytes:
                jobs.set_discard(tables, upload_id, now, event.due_at)
                return True
        case UploadBytesInherited():
            jobs.set(JobKind.RECHECK, upload_id, event.due_at)
        case UploadDeleted() | UploadForgotten():
            return _schedule_end(jobs, tables, upload_id, event)
        case ObjectCreated():
            jobs.remove(uploads_of(event.blobs), JobKind.FORGET)
            if event.deletes_at is not None:
                jobs.set(JobKind.DELETE_OBJECT, upload_id, event.deletes_at)
        case ObjectUpdated():
            jobs.remove(uploads_of(event.blobs), JobKind.FORGET)
            if event.deletes_at is None:
                jobs.remove([upload_id], JobKind.DELETE_OBJECT)
            elif event.deletes_at is not UNSET:
                jobs.set(JobKind.DELETE_OBJECT, upload_id, event.deletes_at)
            for released in event.released_upload_ids:
                if released in tables.own_ends:
                    jobs.set(JobKind.FORGET, released, tables.own_ends[released])
        case ObjectDeleted():
            jobs.remove([upload_id], JobKind.DELETE_OBJECT)
            for released in event.released_upload_ids:  # of two holders that go at once each may leave it to the other
                jobs.set(JobKind.FORGET, released, now)
            return bool(event.released_upload_ids)
        case (
            UploadStarted()
            | UploadVerified()
            | UploadContentChanged()
            | UploadDuplicateAvoided()
            | UploadTokenIssued()
            | UploadTokenUsed()
            | OrganizationCreated()
            | OrganizationLimitsChanged()
            | OrganizationRateLimitsChanged()
            | OrganizationRateLimitsSet()
            | OrganizationProfileChanged()
            | ApiKeyCreated()
            | ApiKeyRotated()
            | ApiKeySettingsChanged()
            | ApiKeyPermissionsChanged()
            | ApiKeyScopesChanged()
            | ApiKeyRevoked()
            | ApiKeysListed()
            | EventTokenIssued()
            | NamespaceCreated()
            | NamespaceUpdated()
            | NamespaceDeletionBegan()
            | NamespaceDeleted()
            | BucketCreated()
            | BucketStatusChanged()
            | BucketSchemaChanged()
            | BucketUpdated()
            | BucketDeletionBegan()
            | BucketDeleted()
            | WebhookCreated()
            | WebhookUpdated()
            | WebhookSecretRotated()
            | WebhookDisabled()
            | WebhookDeleted()
        ):
            pass
        case _:
            assert_never(event)
    return False


def _schedule_end(jobs: JobTable, tables: Tables, upload_id: str, event: UploadDeleted | UploadForgotten) -> bool:
    """Have the bytes of an upload that goes deleted, unless a duplicate inherits them."""
    gone = tables.uploads.get(upload_id)
    # where it has inherited bytes, its own are being deleted still
    own = [JobKind.DISCARD] if upload_id in tables.inherited else []
    jobs.remove([upload_id], *(kind for kind in JobKind if kind not in own))
    if gone is not None and event.heir_id is None:
        jobs.set_discard(tables, upload_id, event.origin.at, gone.due_at)
    return event.heir_id is None
