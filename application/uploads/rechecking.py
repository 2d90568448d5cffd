"""Rechecking uploads: until it expired, a URL could put other bytes over those that were proved.

On a bucket with versions the proved one is pinned. It is made the current one again before storage's own rule deletes
versions that are not, and once the URL has expired the others are deleted, since nobody counts them. On another bucket
what was proved is gone, which is recorded. Uploads in parts that were begun for it and are known to nobody end with it.
"""

from datetime import datetime

from application.keys.callers import new_command_id
from application.loading import is_in_parts, load_upload
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend
from application.ports.object_storage import ObjectStorage
from domain.uploads.upload import Completed, ReportChangedContent, decide

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
        loaded = await load_upload(self._log, upload_id)
        if not isinstance(loaded.state, Completed):
            return None
        key, proved = loaded.state.request.storage_key or "", loaded.state.content.version_id
        content = await self._storage.head(key)
        now, due_at = self._clock.now(), loaded.state.request.due_at
        is_last = due_at <= now
        wanted = proved if loaded.state.keeps_bytes else None
        if content is not None and wanted is not None and (is_last or wanted != content.version_id):
            await self._storage.keep_only(key, wanted)
        if is_last and is_in_parts(loaded.state):
            await self._storage.abort_multiparts(key)  # other than its own, which were put together
        origin = loaded.origin_of(ACTOR, new_command_id(self._ids), now)
        events = decide(ReportChangedContent(origin=origin, etag=content.etag if content else None), loaded.state)
        if events:
            stream = StreamAppend(stream_id=upload_id, expected_version=loaded.version, events=events)
            await self._log.append(
                Command(command_id=origin.command_id, organization_id=origin.organization_id, streams=(stream,))
            )
        return None if is_last else due_at
