"""Rechecking uploads: until it expires, a URL can overwrite the verified bytes.

With versioning the verified version is pinned. It becomes the current one again before storage's lifecycle rule deletes
it, and after the URL has expired the other versions are deleted, because no quota counts them. Without versioning the
verified bytes are lost, which is recorded. Multipart uploads with unknown ids are aborted.
"""

from datetime import datetime

import msgspec

from application.handling import Loaded, Proposal, handle, load, never
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog
from application.ports.storage.object_storage import ObjectStorage
from domain.uploads.upload import UPLOAD, Completed, Forgotten, ReportChangedContent, Upload, is_in_parts
from domain.uploads.upload_events import UploadEvent

ACTOR = "system:recheck"


class RecheckingUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Runs a `recheck` job: checks the object, and restores it or records a change."""

    log: EventLog
    storage: ObjectStorage
    clock: Clock
    ids: Ids

    async def __call__(self, upload_id: str) -> datetime | None:
        """Check once, and return when to check again: the object may change while the URL works.

        Bytes that were inherited are checked under the id of the upload that they were stored for. Raises
        `StorageError` if storage is unavailable.
        """
        again_at: datetime | None = None

        async def look(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            nonlocal again_at
            if not isinstance(upload.state, Completed):
                return None
            key, version_id = upload.state.request.storage_key or "", upload.state.content.version_id
            content = await self.storage.head(key)
            now, due_at = self.clock.now(), upload.state.request.due_at
            again_at = None if due_at <= now else due_at
            wanted = version_id if upload.state.keeps_bytes else None
            if content is not None and wanted is not None and (again_at is None or wanted != content.version_id):
                await self.storage.keep_only(key, wanted)
            if again_at is None and is_in_parts(upload.state):
                await self.storage.abort_multiparts(key)  # other than its own, which is completed
            origin = upload.origin_of(ACTOR, new_command_id(self.ids), now)
            report = ReportChangedContent(origin=origin, etag=content.etag if content else None)
            events = UPLOAD.decide(report, upload.state)
            return Proposal(origin=origin, events=events) if events else None

        found = await load(self.log, UPLOAD, upload_id)
        while isinstance(found.state, Forgotten) and found.state.heir_id is not None:
            found = await load(self.log, UPLOAD, found.state.heir_id)
        await handle(self.log, UPLOAD, found.stream_id, look, loaded=found, learn=never)
        return again_at
