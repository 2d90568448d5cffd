"""Waiting for the end of an upload: a reader is woken by the event, and costs the database nothing meanwhile."""

from typing import Final

import msgspec

from application.events.reading import Interest, ReadingEvents
from application.ports.uploads.upload_reads import UploadRecord
from domain.events.event import topic_of
from domain.refusals import PositionBeyondEndError
from domain.uploads.upload import Status
from domain.uploads.upload_events import (
    UploadCanceled,
    UploadCompleted,
    UploadDeleted,
    UploadFailed,
    UploadForgotten,
)

OPEN: Final = frozenset({Status.PENDING, Status.IN_PROGRESS, Status.PROCESSING})
_ENDS: Final = frozenset(
    topic_of(kind) for kind in (UploadCompleted, UploadFailed, UploadCanceled, UploadDeleted, UploadForgotten)
)


class AwaitingEnds(msgspec.Struct, frozen=True, kw_only=True):
    """Waits until an upload is completed, failed, canceled or gone."""

    read_events: ReadingEvents

    async def __call__(self, record: UploadRecord, seconds: float) -> None:
        """Return when the upload has ended, or the time is over. Nothing in between wakes the caller.

        `record`: the upload as it was read; an end that came after that is not missed.
        """
        interest = Interest(
            organization_id=record.organization_id,
            namespace_id=record.namespace_id,
            tags=_ENDS,
            stream_id=record.upload_id,
        )
        try:
            await self.read_events.wait(interest, after=record.position, limit=1, seconds=seconds)
        except PositionBeyondEndError:  # the log came back shorter, perhaps without the upload
            return
