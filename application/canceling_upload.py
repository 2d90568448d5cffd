"""Canceling an upload: the client gave it up."""

from application.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.object_storage import ObjectStorage
from application.ports.read_side import NamespaceRecord, ReadSide
from application.rules import Rules
from application.uploads import CONFLICT_RETRIES, load_upload, upload_not_found
from domain.refusals import WrongStateError
from domain.upload import Canceled, CancelUpload, Failed, decide, request_of, reserved


class CancelingUpload:
    """One command, safe to repeat. The bytes are deleted by a worker right after, unless they are to be kept."""

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
    ) -> None:
        """Cancel. `keep_bytes`: what is stored stays, and counts, until the record is forgotten."""
        record = await self._read_side.upload(namespace.namespace_id, upload_id)
        if record is None or bucket_id not in {None, record.bucket_id}:
            raise upload_not_found(upload_id)
        for _ in range(CONFLICT_RETRIES):
            loaded = await load_upload(self._log, upload_id)
            now = self._clock.now()
            origin = loaded.origin_of(caller.key.key_id, new_command_id(self._ids), now)
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
                stream_id=upload_id, expected_version=loaded.version, events=decide(command, loaded.state)
            )
            try:
                await self._log.append(
                    Command(
                        command_id=origin.command_id,
                        organization_id=origin.organization_id,
                        key_id=caller.key.key_id,
                        streams=(stream,),
                        room_bytes=kept - reserved(request) if kept is not None and request is not None else 0,
                    )
                )
            except VersionConflictError:
                continue
            return
        raise WrongStateError("busy", "Others change this upload at this very moment; cancel again.")
