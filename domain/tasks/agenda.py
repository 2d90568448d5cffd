"""The jobs that an event requires, and those that it ends.

An upload or object has at most one job of each kind: a new job replaces the old one, and invalidates its lease. The log
writes the jobs in the transaction that appends the event, in one row for each upload: the job that is due first, and
the one after it. No upload ever has three.

What is done about bytes (`discard`, `recheck`) has the id of the upload that they were stored for, even if another one
has inherited them.

PostgreSQL's `upwell.schedule`, `upwell.schedule_object` and `upwell.write_run` are the twins of `agenda_of`.
"""

import enum
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import assert_never

import msgspec
from msgspec import UNSET

from domain.buckets.bucket import (
    BucketCreated,
    BucketDeleted,
    BucketDeletionBegan,
    BucketSchemaChanged,
    BucketStatusChanged,
    BucketUpdated,
)
from domain.events.registry import KnownEvent
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
from domain.keys.upload_token import UploadTokenIssued, UploadTokenRenewed, UploadTokenRevoked, UploadTokenUsed
from domain.namespaces.namespace import NamespaceCreated, NamespaceDeleted, NamespaceDeletionBegan, NamespaceUpdated
from domain.objects.object import ObjectCreated, ObjectDeleted, ObjectUpdated, uploads_of
from domain.organizations.organization import (
    OrganizationCreated,
    OrganizationLimitsChanged,
    OrganizationProfileChanged,
    OrganizationRateLimitsChanged,
    OrganizationRateLimitsSet,
)
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import Status
from domain.uploads.upload_events import (
    FailureReason,
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadContentChanged,
    UploadDeleted,
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

# The process that confirms inline verifies; a worker takes over only if that process is gone.
INLINE_TAKES = timedelta(seconds=60)


class JobKind(enum.StrEnum):
    """The kind of work, for an upload or another subject.

    `verify`: verify its bytes. `expire`: end an upload that was not confirmed. `forget`: erase a record after its
    retention. `discard`: delete bytes. `recheck`: check that a completed upload's bytes are unchanged. `delete_object`:
    delete an object at its end. `item`: run an item of a task. `drop_task`: remove an old task. The last two are set by
    tasks, not by events.
    """

    VERIFY = "verify"
    EXPIRE = "expire"
    FORGET = "forget"
    DISCARD = "discard"
    RECHECK = "recheck"
    DELETE_OBJECT = "delete_object"
    ITEM = "item"
    DROP_TASK = "drop_task"


class KnownUpload(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an upload before an event, as far as its jobs depend on it.

    `bytes_of`: the upload under whose key its bytes are stored, another one if it has inherited them. `own_end`: when
    it is deleted if no object holds it, for completed uploads. `part_size`: None if it is not sent in parts.
    """

    status: Status
    storage_key: str
    multipart_id: str | None
    part_size: int | None
    due_at: datetime
    bytes_of: str
    own_end: datetime | None


class SetJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job becomes due. `storage_key`, `multipart_id` and `again_at` belong to `discard`."""

    kind: JobKind
    subject_id: str
    due_at: datetime
    storage_key: str | None = None
    multipart_id: str | None = None
    again_at: datetime | None = None


class EndJobs(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs of these kinds are no longer needed."""

    kinds: frozenset[JobKind]
    subject_ids: frozenset[str]


Entry = SetJob | EndJobs
_ALL = frozenset(JobKind)


def agenda_of(  # noqa: C901, PLR0911, PLR0912  # one arm for every event
    stream_id: str, event: KnownEvent, known: Callable[[str], KnownUpload | None]
) -> tuple[Entry, ...]:
    """Return the changes of jobs by an event of this stream, in order.

    `known` returns the state of an upload before the event, or None.
    """
    now = event.origin.at
    match event:
        case UploadRequested():
            return (_set(JobKind.EXPIRE, stream_id, event.request.due_at),)
        case UploadSkipped():
            return (_set(JobKind.FORGET, stream_id, event.forget_at),)
        case UploadUrlReissued():
            return (_set(JobKind.EXPIRE, stream_id, event.due_at),)
        case UploadVerificationBegan():
            takes_over_at = now + INLINE_TAKES if event.inline else now
            return _end([stream_id], JobKind.EXPIRE), _set(JobKind.VERIFY, stream_id, takes_over_at)
        case UploadVerificationAbandoned():
            return _set(JobKind.VERIFY, stream_id, event.retry_at), _set(JobKind.EXPIRE, stream_id, event.due_at)
        case UploadCompleted():
            forget = () if event.deletes_at is None else (_set(JobKind.FORGET, stream_id, event.deletes_at),)
            bytes_ = (
                (_set(JobKind.RECHECK, stream_id, event.due_at),)
                if event.keeps_bytes
                else _discard(known(stream_id), now, event.due_at)
            )
            return _end([stream_id]), *forget, *bytes_
        case UploadFailed():
            discard = () if _is_abandoned(event, known(stream_id)) else _discard(known(stream_id), now, event.due_at)
            return _end([stream_id]), _set(JobKind.FORGET, stream_id, event.forget_at), *discard
        case UploadCanceled():
            discard = () if event.keeps_bytes else _discard(known(stream_id), now, event.due_at)
            return _end([stream_id]), _set(JobKind.FORGET, stream_id, event.forget_at), *discard
        case UploadDeleted() | UploadForgotten():
            return _end_of_upload(stream_id, event, known(stream_id))
        case ObjectCreated():
            delete = () if event.deletes_at is None else (_set(JobKind.DELETE_OBJECT, stream_id, event.deletes_at),)
            return _end(uploads_of(event.blobs), JobKind.FORGET), *delete
        case ObjectUpdated():
            return _changes_of_object(stream_id, event, known)
        case ObjectDeleted():
            # two holders that are deleted at once may each leave an upload to the other
            released = [_set(JobKind.FORGET, upload_id, now) for upload_id in event.released_upload_ids]
            return _end([stream_id], JobKind.DELETE_OBJECT), *released
        case (
            UploadStarted()
            | UploadVerified()
            | UploadContentChanged()
            | UploadBytesInherited()
            | UploadDuplicateAvoided()
            | UploadTokenIssued()
            | UploadTokenUsed()
            | UploadTokenRenewed()
            | UploadTokenRevoked()
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
            return ()
        case _:
            assert_never(event)


def is_due_at_once(agenda: Iterable[Entry], now: datetime) -> bool:
    """Return whether a job is due at once. `now`: the time of the event."""
    return any(isinstance(entry, SetJob) and entry.due_at == now for entry in agenda)


def _set(kind: JobKind, subject_id: str, due_at: datetime) -> SetJob:
    return SetJob(kind=kind, subject_id=subject_id, due_at=due_at)


def _end(subject_ids: Iterable[str], *kinds: JobKind) -> EndJobs:
    return EndJobs(kinds=frozenset(kinds) or _ALL, subject_ids=frozenset(subject_ids))


def _is_abandoned(event: UploadFailed, upload: KnownUpload | None) -> bool:
    """Return whether storage has nothing to delete: no bytes were there when the upload expired, and no parts are.

    Bytes that still arrive, by a PUT that began before the URL expired, are deleted when the upload is forgotten.
    """
    return event.reason is FailureReason.EXPIRED and upload is not None and upload.part_size is None


def _discard(upload: KnownUpload | None, now: datetime, again_at: datetime) -> tuple[Entry, ...]:
    """Delete bytes now, and again when the issued URL has expired.

    The job for inherited bytes has the id of the upload under whose key they are stored.
    """
    if upload is None:
        return ()
    job = SetJob(
        kind=JobKind.DISCARD,
        subject_id=upload.bytes_of,
        due_at=now,
        storage_key=upload.storage_key,
        multipart_id=upload.multipart_id,
        again_at=again_at,
    )
    return (job,)


def _end_of_upload(
    upload_id: str, event: UploadDeleted | UploadForgotten, gone: KnownUpload | None
) -> tuple[Entry, ...]:
    """Delete the bytes of an upload that ends, unless a duplicate inherits them: then they are checked as before."""
    if event.heir_id is not None:
        return (_end([upload_id], JobKind.FORGET),)
    if gone is None:
        return (_end([upload_id]),)
    ended = (
        (_end([upload_id]),)
        if gone.bytes_of == upload_id
        else (_end([upload_id], JobKind.FORGET), _end([gone.bytes_of], JobKind.RECHECK))  # its own are being deleted
    )
    return *ended, *(() if gone.status is Status.SKIPPED else _discard(gone, event.origin.at, gone.due_at))


def _changes_of_object(
    object_id: str, event: ObjectUpdated, known: Callable[[str], KnownUpload | None]
) -> tuple[Entry, ...]:
    entries: list[Entry] = [_end(uploads_of(event.blobs), JobKind.FORGET)]
    if event.deletes_at is None:
        entries.append(_end([object_id], JobKind.DELETE_OBJECT))
    elif event.deletes_at is not UNSET:
        entries.append(_set(JobKind.DELETE_OBJECT, object_id, event.deletes_at))
    for upload_id in event.released_upload_ids:
        released = known(upload_id)
        if released is not None and released.own_end is not None:
            entries.append(_set(JobKind.FORGET, upload_id, released.own_end))
    return tuple(entries)
