"""Canceling an open upload, and deleting a finished one.

Bytes are deleted by a worker, when the job that the event calls for is due.
"""

import msgspec

from application.handling import Loaded, Objection, Proposal, handle
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, VersionConflictError
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import HeirExistsError, NotInObject
from application.ports.storage.object_storage import ObjectStorage
from application.ports.uploads.upload_reads import UploadReads
from application.rules import Rules
from application.uploads.forgetting import farewell
from application.uploads.records import find_upload
from domain.refusals import WrongStateError
from domain.uploads.upload import (
    STATUS_OF,
    UPLOAD,
    Canceled,
    CancelUpload,
    Completed,
    DeleteUpload,
    Failed,
    Forgotten,
    Skipped,
    Status,
    Upload,
    request_of,
    upload_completed,
    upload_not_found,
)
from domain.uploads.upload_events import UploadEvent


class CancelingUpload(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Idempotent. A worker deletes the bytes right after, unless they should be kept.

    Bytes that a duplicate or an object also uses stay.
    """

    log: EventLog
    read_side: UploadReads
    storage: ObjectStorage
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
        keep_bytes: bool,
        only_open: bool = False,
    ) -> None:
        """Cancel, or delete a finished upload.

        `keep_bytes`: the stored bytes of a canceled upload stay, and count, until the record is forgotten. `only_open`:
        refuse a finished upload, as for tokens.
        """
        record = await find_upload(self.read_side, namespace.namespace_id, upload_id, bucket_id)
        heir_id: str | None = None

        async def end(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            if isinstance(upload.state, Forgotten):
                raise upload_not_found(upload_id)
            if not isinstance(upload.state, Completed | Skipped):
                return await self._cancel(caller, upload, keep_bytes=keep_bytes)
            if only_open or caller.grant is not None:
                own_object = record.object_id if record.duplicate_of is None else None
                raise upload_completed(STATUS_OF[type(upload.state)], own_object)
            return await self._delete(caller, upload, heir_id, keep_bytes=keep_bytes)

        async def learn(objection: Objection) -> bool:
            nonlocal heir_id
            if isinstance(objection, WrongStateError):
                raise upload_completed(Status.COMPLETED, objection.details["object_id"]) from objection
            heir_id = objection.heir_id if isinstance(objection, HeirExistsError) else None
            return isinstance(objection, HeirExistsError | VersionConflictError)

        await handle(self.log, UPLOAD, upload_id, end, learn=learn)

    async def _cancel(
        self, caller: Caller, upload: Loaded[UploadEvent, Upload], *, keep_bytes: bool
    ) -> Proposal[UploadEvent] | None:
        now = self.clock.now()
        origin = upload.origin_of(caller.actor_id, new_command_id(self.ids), now)
        request, kept_bytes = request_of(upload.state), None
        cancel = CancelUpload(origin=origin, forget_at=now + self.rules.retention)
        UPLOAD.decide(cancel, upload.state)  # refuses before the call to storage
        if isinstance(upload.state, Canceled):
            return None
        if keep_bytes and request is not None and not isinstance(upload.state, Failed):
            content = await self.storage.head(request.storage_key or "")
            kept_bytes = content.size_bytes if content else None  # nothing to keep: later bytes are deleted
        cancel = msgspec.structs.replace(cancel, kept_bytes=kept_bytes)
        return Proposal(
            origin=origin,
            events=UPLOAD.decide(cancel, upload.state),
            conditions=Conditions(key_id=caller.key.key_id, token_id=caller.token_id),
        )

    async def _delete(
        self, caller: Caller, upload: Loaded[UploadEvent, Upload], heir_id: str | None, *, keep_bytes: bool
    ) -> Proposal[UploadEvent]:
        if keep_bytes:
            raise WrongStateError(
                "bytes_go_with_upload",
                "A completed upload is deleted together with its bytes: leave delete_s3_object out.",
                {"upload_id": upload.stream_id},
            )
        origin = upload.origin_of(caller.actor_id, new_command_id(self.ids), self.clock.now())
        going = await farewell(self.log, upload, DeleteUpload(origin=origin, heir_id=heir_id))
        return Proposal(
            origin=origin,
            events=going.events,
            before=going.before,
            conditions=Conditions(
                key_id=caller.key.key_id, unheld=(NotInObject(upload_id=upload.stream_id),), heirless=going.heirless
            ),
        )
