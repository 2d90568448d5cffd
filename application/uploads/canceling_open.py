"""Canceling the open uploads of a revoked API key, or of revoked upload tokens, as a task, because there may be many.

After the revocation they start no new uploads, so their number only shrinks. Uploads of a key's tokens are included.
"""

from collections.abc import Sequence

import msgspec

from application.handling import BusyError, Loaded, Proposal, handle
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog
from application.ports.tasks.tasks import Json, TaskItem, TaskRecord, Tasks, TaskType
from application.ports.uploads.upload_reads import UploadReads
from application.rules import Rules
from application.tasks.deletions import PAGE, kept_task, new_task
from application.tasks.running import ItemContext
from domain.uploads.upload import UPLOAD, CancelUpload, InProgress, Pending, Processing, Upload
from domain.uploads.upload_events import UploadEvent


class CancelingOpenUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Creates the task, and runs it."""

    log: EventLog
    read_side: UploadReads
    tasks: Tasks
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(self, caller: Caller, revoked: Sequence[str], *, namespace_id: str | None = None) -> TaskRecord:
        """Return the task that cancels all open uploads of a key, or of tokens of a namespace."""
        now = self.clock.now()
        task = new_task(
            caller,
            self.ids.new("task_"),
            TaskType.CANCEL_UPLOADS,
            namespace_id=namespace_id,
            subjects=revoked,
            now=now,
        )
        await self.tasks.create(task, drop_at=now + self.rules.retention)
        return await kept_task(self.tasks, caller, task.task_id)

    async def work(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        """Cancel the open uploads of the item's key or token (an `ItemWork`)."""
        canceled, after = 0, ""
        while page := await self.read_side.open_uploads_of(task.organization_id, item.subject, after=after, limit=PAGE):
            for upload_id in page:
                canceled += await self._cancel(upload_id, task.actor_id)
            after = page[-1]
            await context.record_progress(task, canceled_uploads=canceled)
        return {"canceled_uploads": canceled}

    async def _cancel(self, upload_id: str, actor_id: str) -> bool:

        async def cancel(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            if not isinstance(upload.state, Pending | InProgress | Processing):
                return None
            now = self.clock.now()
            origin = upload.origin_of(actor_id, new_command_id(self.ids), now)
            command = CancelUpload(origin=origin, forget_at=now + self.rules.retention)
            return Proposal(origin=origin, events=UPLOAD.decide(command, upload.state))

        try:
            upload = await handle(self.log, UPLOAD, upload_id, cancel)
        except BusyError:
            return False
        return bool(upload.news)
