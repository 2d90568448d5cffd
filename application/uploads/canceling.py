"""Canceling an upload that the client gave up, and deleting one that is finished."""

from application.keys.callers import Caller, new_command_id
from application.loading import CONFLICT_RETRIES, LoadedUpload, load_upload, upload_not_found
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.object_creation import HeirExistsError, Unheld
from application.ports.object_storage import ObjectStorage
from application.ports.read_side import NamespaceRecord, ReadSide
from application.rules import Rules
from application.uploads.forgetting import farewell
from domain.refusals import WrongStateError
from domain.uploads.upload import (
    STATUS_OF,
    Canceled,
    CancelUpload,
    Completed,
    DeleteUpload,
    Failed,
    Forgotten,
    Skipped,
    decide,
    request_of,
    upload_completed,
)


class CancelingUpload:
    """One command, safe to repeat. The bytes are deleted by a worker right after, unless they are to be kept.

    Bytes on which a duplicate or an object stands as well stay for it.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        read_side: ReadSide,
        storage: ObjectStorage,
        clock: Clock,
        ids: Ids,
        rules: Rules,
    ) -> None:
        self._log = log
        self._read_side = read_side
        self._storage = storage
        self._clock = clock
        self._ids = ids
        self._rules = rules

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

        `keep_bytes`: what is stored of a canceled upload stays, and counts, until the record is forgotten. `only_open`:
        refuse a finished upload; it is refused to holders of a token, too.
        """
        record = await self._read_side.upload(namespace.namespace_id, upload_id)
        if record is None or bucket_id not in {None, record.bucket_id}:
            raise upload_not_found(upload_id)
        for _ in range(CONFLICT_RETRIES):
            loaded = await load_upload(self._log, upload_id)
            if isinstance(loaded.state, Forgotten):
                raise upload_not_found(upload_id)
            try:
                if not isinstance(loaded.state, Completed | Skipped):
                    await self._cancel(caller, loaded, keep_bytes=keep_bytes)
                elif only_open or caller.token is not None:
                    own_object = record.object_id if record.duplicate_of is None else None
                    raise upload_completed(STATUS_OF[type(loaded.state)], own_object)
                else:
                    await self._delete(caller, loaded, keep_bytes=keep_bytes)
            except VersionConflictError:
                continue
            return
        raise WrongStateError("busy", "The upload is being changed by other requests: cancel again in a moment.")

    async def _cancel(self, caller: Caller, loaded: LoadedUpload, *, keep_bytes: bool) -> None:
        now = self._clock.now()
        origin = loaded.origin_of(caller.actor_id, new_command_id(self._ids), now)
        forget_at = now + self._rules.retention
        request = request_of(loaded.state)
        kept: int | None = None
        decide(CancelUpload(origin=origin, forget_at=forget_at), loaded.state)  # refuses before storage is asked
        if isinstance(loaded.state, Canceled):
            return
        if keep_bytes and request is not None and not isinstance(loaded.state, Failed):
            content = await self._storage.head(request.storage_key or "")
            kept = content.size_bytes if content else None  # nothing to keep: what comes later is deleted
        command = CancelUpload(origin=origin, kept_bytes=kept, forget_at=forget_at)
        stream = StreamAppend(
            stream_id=loaded.upload_id, expected_version=loaded.version, events=decide(command, loaded.state)
        )
        await self._log.append(
            Command(
                command_id=origin.command_id,
                organization_id=origin.organization_id,
                key_id=caller.key.key_id,
                streams=(stream,),
            )
        )

    async def _delete(self, caller: Caller, loaded: LoadedUpload, *, keep_bytes: bool) -> None:
        if keep_bytes:
            raise WrongStateError(
                "bytes_go_with_upload",
                "A completed upload is deleted together with its bytes: leave delete_s3_object out.",
                {"upload_id": loaded.upload_id},
            )
        heir_id: str | None = None
        while True:
            origin = loaded.origin_of(caller.actor_id, new_command_id(self._ids), self._clock.now())
            going = await farewell(self._log, loaded, DeleteUpload(origin=origin, heir_id=heir_id))
            try:
                await self._log.append(
                    Command(
                        command_id=origin.command_id,
                        organization_id=origin.organization_id,
                        key_id=caller.key.key_id,
                        streams=going.streams,
                        unheld=(Unheld(upload_id=loaded.upload_id),),
                        heirless=going.heirless,
                    )
                )
            except HeirExistsError as found:  # at most once: whoever is named is not asked for again
                heir_id = found.heir_id
            except WrongStateError as held:
                raise upload_completed(STATUS_OF[type(loaded.state)], held.details["object_id"]) from held
            else:
                return
