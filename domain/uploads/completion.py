"""What a verified upload becomes: a new object, part of an existing one, a duplicate, or a failure after all.

`complete` gets the known facts about other uploads and objects. Only the log knows all of them, under its lock: a
completion states the conditions that must hold there, and when the log reports that one does not, `complete` is called
again with the reported fact.
"""

from datetime import datetime

import msgspec

from domain.buckets.bucket import Policy
from domain.buckets.schema import BucketSchema, with_defaults
from domain.events.event import Origin
from domain.objects.object import Blob, CreateObject, LiveObject, PutBlob, ReplaceDeniedError
from domain.shared_fields import made_from
from domain.uploads.content import VerifiedContent
from domain.uploads.request import UploadRequest
from domain.uploads.retention import end_of, lasts_until, later_end
from domain.uploads.upload import AcceptContent, Processing
from domain.uploads.upload_events import FailureReason
from domain.uploads.verification import Contradiction


class KeptBytes(msgspec.Struct, frozen=True, kw_only=True):
    """The stored bytes of one upload."""

    upload_id: str
    storage_key: str | None
    version_id: str | None
    etag: str
    size_bytes: int
    sha256: str


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier upload of the same bytes. `object_id`: of the object that holds it; `deletes_at`: its end."""

    kept: KeptBytes
    object_id: str | None
    deletes_at: datetime | None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The object that a blob may be put into. `holder`: the one with the unique key, if the policy changes it.

    `may_replace`: the client that set the policy may replace the content of objects. `object_id`: of a new object;
    `schema`: for its defaults.
    """

    object_id: str
    blob_id: str
    schema: BucketSchema | None
    forget_at: datetime
    holder: LiveObject | None = None
    may_replace: bool = False


class IntoObject(msgspec.Struct, frozen=True, kw_only=True):
    """The events that create or change an object. `ends_at`: the object's new end; None: never."""

    object_id: str
    command: CreateObject | PutBlob
    ends_at: datetime | None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The known facts about others. `existing_object_id`: the object with the unique key, under `insert`.

    `target`: set if an object is wanted (`wants_object`). `refused`: why the log accepts no completion at all.
    """

    original: Original | None = None
    existing_object_id: str | None = None
    target: Target | None = None
    refused: Contradiction | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The events to append, and their conditions.

    The object that `accept` names as existing must still have the unique key. `new_bytes`: no earlier upload has the
    bytes. `stands_on`: the upload whose bytes must still be stored; `held_by`: the object that must still hold it;
    with `unheld` no object may hold it yet.
    """

    accept: AcceptContent
    into: IntoObject | None
    new_bytes: bool
    stands_on: str | None
    held_by: str | None
    unheld: bool


def wants_object(request: UploadRequest, known: Known) -> bool:
    """Return whether an object still has to be created or changed."""
    in_object = known.original is not None and known.original.object_id is not None
    return request.create_object and not in_object and known.existing_object_id is None


def policy_of(upload: Processing) -> Policy:
    """Return the effective policy: that of the confirm, otherwise that of the request."""
    return upload.claimed.policy or upload.before.request.policy


def policy_named_by(upload: Processing, requested_by: str) -> str | None:
    """Return the actor whose permissions count for replacing an object's content; None if nothing is replaced."""
    if policy_of(upload) is Policy.INSERT or upload.before.request.unique_key is None:
        return None
    return requested_by if upload.claimed.policy is None else upload.before.claimed_by


def complete(upload: Processing, content: VerifiedContent, known: Known, origin: Origin) -> Completion | Contradiction:
    """Return what a verified upload becomes, or why it fails."""
    if known.refused is not None:
        return known.refused
    request, original, into = upload.before.request, known.original, None
    new_bytes = request.skip_duplicates and original is None
    if wants_object(request, known):
        assert known.target is not None  # noqa: S101  # as `Known` says
        own = _own(upload, content)
        try:
            into = put_into_object(
                request, policy_of(upload), own if original is None else original.kept, known.target, origin
            )
        except ReplaceDeniedError as denied:
            holder = known.target.holder
            return Contradiction(
                reason=FailureReason.REPLACE_DENIED,
                message=denied.message,
                of_holder=None if holder is None else holder.object_id,
            )
        if into is None:
            return Contradiction(
                reason=FailureReason.OBJECT_NOT_FOUND,
                message="No object has this unique key, and the policy 'update' needs one: send policy=upsert, or check"
                " the values.",
                of_new_bytes=new_bytes,
                of_live_requester=True,
                of_free_key=True,
            )
        if original is not None and not lasts_until(original.deletes_at, into.ends_at):
            original = None  # the object would end first and delete the original: the upload keeps its own bytes
            into = put_into_object(request, policy_of(upload), own, known.target, origin)
    object_id = original.object_id if original is not None else None
    return Completion(
        accept=AcceptContent(
            origin=origin,
            content=content,
            object_id=object_id if into is None else into.object_id,
            duplicate_of=None if original is None else original.kept.upload_id,
            existing_object_id=known.existing_object_id,
        ),
        into=into,
        new_bytes=new_bytes,
        stands_on=None if original is None else original.kept.upload_id,
        held_by=object_id,
        unheld=original is not None and object_id is None,
    )


def put_into_object(
    request: UploadRequest, policy: Policy, kept: KeptBytes, target: Target, origin: Origin
) -> IntoObject | None:
    """Put a blob into a new object, or into the one with the unique key; None if `update` finds none.

    Raises `ReplaceDeniedError` if the object exists and its content may not be replaced.
    """
    blob = made_from(
        Blob,
        kept,
        blob_id=target.blob_id,
        property=request.blob_property or "",
        type=(request.blob_type or "").lower(),
        filename=request.filename,
        content_type=request.content_type,
    )
    metadata, ends_at = request.object_metadata or {}, end_of(request, origin.at)
    holder = target.holder
    if holder is not None:
        if not target.may_replace:
            raise ReplaceDeniedError
        put = PutBlob(origin=origin, blob=blob, metadata=metadata, forget_at=target.forget_at, deletes_at=ends_at)
        return IntoObject(object_id=holder.object_id, command=put, ends_at=later_end(holder.deletes_at, ends_at))
    if policy is Policy.UPDATE and request.unique_key is not None:
        return None
    create = CreateObject(
        origin=origin,
        object_id=target.object_id,
        blobs=(blob,),
        metadata=metadata if target.schema is None else with_defaults(target.schema, metadata),
        unique_key=request.unique_key,
        deletes_at=ends_at,
    )
    return IntoObject(object_id=create.object_id, command=create, ends_at=ends_at)


def _own(upload: Processing, content: VerifiedContent) -> KeptBytes:
    return made_from(
        KeptBytes, content, upload_id=upload.before.upload_id, storage_key=upload.before.request.storage_key
    )
