"""Expiring uploads: the URL has run out; either bytes are there and get verified, or the upload ends."""

from contextlib import suppress

from application.keys.callers import new_command_id
from application.loading import load_upload
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend
from application.ports.object_storage import ObjectStorage
from application.rules import Rules
from application.uploads.completing_multipart import put_together
from domain.refusals import WrongStateError
from domain.uploads.upload import BeginVerification, ExpireUpload, InProgress, Pending, SeenBy, UploadCommand, decide

ACTOR = "system:sweeper"


class ExpiringUploads:
    """Works one `expire` or `verify` job: looks whether bytes are there, and goes on from that."""

    def __init__(self, *, log: EventLog, storage: ObjectStorage, clock: Clock, ids: Ids, rules: Rules) -> None:
        self._log = log
        self._storage = storage
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def __call__(self, upload_id: str, *, ends: bool) -> None:
        """Begin the verification of bytes that are there. `ends`: without bytes, the upload has failed.

        Raises `VersionConflictError` when the job is stale, and `StorageError` when storage cannot tell.
        """
        loaded = await load_upload(self._log, upload_id)
        if not isinstance(loaded.state, Pending | InProgress):
            return
        request = loaded.state.request
        if isinstance(loaded.state, InProgress) and request.declared_size_bytes is not None:
            with suppress(WrongStateError):  # some are missing
                await put_together(self._storage, loaded.state)
        content = await self._storage.head(request.storage_key or "")
        now = self._clock.now()
        origin = loaded.origin_of(ACTOR, new_command_id(self._ids), now)
        command: UploadCommand
        if content is not None:
            command = BeginVerification(
                origin=origin, task_id=self._ids.new("task_"), seen_by=SeenBy.SWEEPER, inline=False
            )
        elif ends:
            await self._storage.ping()  # a missing bucket looks like a missing object, and must not fail every upload
            command = ExpireUpload(origin=origin, forget_at=now + self._rules.retention)
        else:
            return
        await self._log.append(
            Command(
                command_id=origin.command_id,
                organization_id=origin.organization_id,
                streams=(
                    StreamAppend(
                        stream_id=upload_id, expected_version=loaded.version, events=decide(command, loaded.state)
                    ),
                ),
            )
        )
