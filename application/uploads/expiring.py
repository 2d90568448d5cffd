"""Expiring uploads: after the URL has expired, existing bytes are verified, otherwise the upload ends."""

from contextlib import suppress

import msgspec

from application.handling import Loaded, Objection, Proposal, handle
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog, VersionConflictError
from application.ports.storage.object_storage import Fetched, ObjectStorage
from application.rules import Rules
from application.uploads.completing_multipart import put_together
from application.uploads.verifying import FETCH_BYTES, Verification, VerifyingUploads, in_one
from domain.refusals import WrongStateError
from domain.uploads.upload import UPLOAD, BeginVerification, ExpireUpload, InProgress, Pending, Upload, task_of
from domain.uploads.upload_events import SeenBy, UploadEvent

ACTOR = "system:sweeper"


class ExpiringUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Runs an `expire` or `verify` job: checks for bytes, and continues accordingly."""

    log: EventLog
    storage: ObjectStorage
    verify: VerifyingUploads
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(self, upload_id: str, *, ends: bool, loaded: Loaded[UploadEvent, Upload] | None = None) -> None:
        """Verify a small file, and begin the verification of a large one. `ends`: without bytes, the upload fails.

        `loaded`: as for `handle`. Raises `VersionConflictError` if the job is stale, and `StorageError` if storage is
        unavailable.
        """
        begun: Proposal[UploadEvent] | None = None
        verification: Verification | None = None

        async def go_on(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            nonlocal begun, verification
            if begun is not None and verification is not None:  # what was found counts for this version
                return await in_one(upload, begun, verification)
            if not isinstance(upload.state, Pending | InProgress):
                return None
            seen = await self._look(upload.state)
            origin = upload.origin_of(ACTOR, new_command_id(self.ids), self.clock.now())
            if seen is None:
                if not ends:
                    return None
                expire = ExpireUpload(origin=origin, forget_at=origin.at + self.rules.retention)
                return Proposal(origin=origin, events=UPLOAD.decide(expire, upload.state))
            small = seen.body is not None
            begin = BeginVerification(origin=origin, task_id=task_of(upload_id), seen_by=SeenBy.SWEEPER, inline=small)
            begun = Proposal(origin=origin, events=UPLOAD.decide(begin, upload.state))
            if not small:
                return begun
            verification = self.verify.begin(upload_id, actor_id=ACTOR, seen=seen)
            return await in_one(upload, begun, verification)

        async def learn(objection: Objection) -> bool:
            stale = isinstance(objection, VersionConflictError) and objection.stream_id == upload_id
            return not stale and verification is not None and await verification.learn(objection)

        await handle(self.log, UPLOAD, upload_id, go_on, loaded=loaded, learn=learn)

    async def _look(self, state: Pending | InProgress) -> Fetched | None:
        """Return what is stored, after parts were put together."""
        if isinstance(state, InProgress) and state.request.declared_size_bytes is not None:
            with suppress(WrongStateError):  # some parts are missing
                await put_together(self.storage, state)
        # not a HEAD: after its 404, a second request would have to find out whether the S3 bucket is missing
        return await self.storage.fetch(state.request.storage_key or "", limit_bytes=FETCH_BYTES)
