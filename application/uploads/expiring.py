"""Expiring uploads: after the URL has expired, existing bytes are verified, otherwise the upload ends."""

from contextlib import suppress

import msgspec

from application.handling import Loaded, Proposal, handle, never
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog
from application.ports.storage.object_storage import ObjectStorage
from application.rules import Rules
from application.uploads.completing_multipart import put_together
from domain.refusals import WrongStateError
from domain.uploads.upload import UPLOAD, BeginVerification, ExpireUpload, InProgress, Pending, Upload, UploadCommand
from domain.uploads.upload_events import SeenBy, UploadEvent

ACTOR = "system:sweeper"


class ExpiringUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Runs an `expire` or `verify` job: checks for bytes, and continues accordingly."""

    log: EventLog
    storage: ObjectStorage
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(self, upload_id: str, *, ends: bool, loaded: Loaded[UploadEvent, Upload] | None = None) -> None:
        """Begin the verification of existing bytes. `ends`: without bytes, the upload fails. `loaded`: as for `handle`.

        Raises `VersionConflictError` if the job is stale, and `StorageError` if storage is unavailable.
        """

        async def go_on(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            command = await self._command(upload, ends=ends)
            if command is None:
                return None
            return Proposal(origin=command.origin, events=UPLOAD.decide(command, upload.state))

        await handle(self.log, UPLOAD, upload_id, go_on, loaded=loaded, learn=never)

    async def _command(self, upload: Loaded[UploadEvent, Upload], *, ends: bool) -> UploadCommand | None:
        if not isinstance(upload.state, Pending | InProgress):
            return None
        request = upload.state.request
        if isinstance(upload.state, InProgress) and request.declared_size_bytes is not None:
            with suppress(WrongStateError):  # some parts are missing
                await put_together(self.storage, upload.state)
        found = await self.storage.fetch(request.storage_key or "", limit_bytes=0)
        now = self.clock.now()
        origin = upload.origin_of(ACTOR, new_command_id(self.ids), now)
        if found is not None:
            return BeginVerification(origin=origin, task_id=self.ids.new("task_"), seen_by=SeenBy.SWEEPER, inline=False)
        if not ends:
            return None
        return ExpireUpload(origin=origin, forget_at=now + self.rules.retention)
