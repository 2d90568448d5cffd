"""Rechecking uploads: until it expired, a URL could put other bytes over those that were proved.

On a bucket with versions the proved one is pinned. It is made the current one again before storage's own rule deletes
versions that are not, and once the URL has expired the others are deleted, since nobody counts them. On another bucket
what was proved is gone, which is recorded. Uploads in parts that were begun for it and are known to nobody end with it.
"""

from datetime import datetime

from application.handling import Loaded, Proposal, handle, never
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog
from application.ports.storage.object_storage import ObjectStorage
from domain.uploads.upload import UPLOAD, Completed, ReportChangedContent, Upload, UploadEvent, is_in_parts

ACTOR = "system:recheck"


class RecheckingUploads:
    """Works one `recheck` job: heads the object once, and restores or records it when the bytes are others."""

    def __init__(self, *, log: EventLog, storage: ObjectStorage, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._storage = storage
        self._clock = clock
        self._ids = ids

    async def __call__(self, upload_id: str) -> datetime | None:
        """Look once, and return when to look again: while the URL works, what is there may change.

        Raises `StorageError` when storage cannot tell.
        """
        again_at: datetime | None = None

        async def look(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            nonlocal again_at
            if not isinstance(upload.state, Completed):
                return None
            key, proved = upload.state.request.storage_key or "", upload.state.content.version_id
            content = await self._storage.head(key)
            now, due_at = self._clock.now(), upload.state.request.due_at
            again_at = None if due_at <= now else due_at
            wanted = proved if upload.state.keeps_bytes else None
            if content is not None and wanted is not None and (again_at is None or wanted != content.version_id):
                await self._storage.keep_only(key, wanted)
            if again_at is None and is_in_parts(upload.state):
                await self._storage.abort_multiparts(key)  # other than its own, which were put together
            origin = upload.origin_of(ACTOR, new_command_id(self._ids), now)
            report = ReportChangedContent(origin=origin, etag=content.etag if content else None)
            events = UPLOAD.decide(report, upload.state)
            return Proposal(origin=origin, events=events) if events else None

        await handle(self._log, UPLOAD, upload_id, look, learn=never)
        return again_at
