"""Deleting objects: deletes the record, and every upload that no other object holds.

A completed duplicate inherits the bytes of an original that is deleted with its object.
"""

from collections.abc import Mapping

import msgspec

from application.handling import ATTEMPTS, Loaded, Objection, Proposal, handle, load
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, StreamAppend, VersionConflictError
from application.ports.objects.object_creation import HeirExistsError, NotInObject
from application.uploads.forgetting import farewell
from domain.objects.composition import MAX_BLOBS
from domain.objects.object import (
    OBJECT,
    BucketObject,
    DeleteObject,
    LiveObject,
    ObjectEvent,
    has_ended,
    object_not_found,
)
from domain.refusals import WrongStateError
from domain.uploads.upload import UPLOAD, ForgetUpload


class DeletingObjects(msgspec.Struct, frozen=True, kw_only=True):
    """One command for the object and its uploads: all are deleted, or none."""

    log: EventLog
    clock: Clock
    ids: Ids

    async def at_its_end(self, object_id: str, *, actor_id: str) -> None:
        """Delete an object that has reached its end, which may have changed. Raises the same errors as deleting."""
        await self._delete(object_id, actor_id=actor_id, key_id=None, at_its_end=True)

    async def __call__(self, object_id: str, *, actor_id: str, key_id: str | None = None) -> None:
        """Delete an object. Raises `NotFoundError` if it does not exist.

        The caller's access is not checked. `key_id`: the key that must be live, for requests of clients.
        """
        await self._delete(object_id, actor_id=actor_id, key_id=key_id, at_its_end=False)

    async def _delete(self, object_id: str, *, actor_id: str, key_id: str | None, at_its_end: bool) -> None:
        kept: frozenset[str] = frozenset()
        heirs: dict[str, str] = {}

        async def delete(found: Loaded[ObjectEvent, BucketObject]) -> Proposal[ObjectEvent] | None:
            if not isinstance(found.state, LiveObject):
                raise object_not_found(object_id)
            if at_its_end and not has_ended(found.state, self.clock.now()):
                return None
            return await self._deletion(found, found.state, kept, heirs, actor_id=actor_id, key_id=key_id)

        async def learn(objection: Objection) -> bool:
            nonlocal kept
            match objection:
                case WrongStateError():  # another object also holds it: its bytes stay
                    kept |= {objection.details["upload_id"]}
                case HeirExistsError():
                    heirs[objection.upload_id] = objection.heir_id
                case VersionConflictError():  # the object or one of its uploads has changed
                    kept = frozenset()
                    heirs.clear()
                case _:
                    return False
            return True

        await handle(self.log, OBJECT, object_id, delete, learn=learn, attempts=ATTEMPTS + 2 * MAX_BLOBS)

    async def _deletion(
        self,
        found: Loaded[ObjectEvent, BucketObject],
        current: LiveObject,
        kept: frozenset[str],
        heirs: Mapping[str, str],
        *,
        actor_id: str,
        key_id: str | None,
    ) -> Proposal[ObjectEvent]:
        origin = found.origin_of(actor_id, new_command_id(self.ids), self.clock.now())
        streams: list[StreamAppend] = []
        heirless: list[str] = []
        going = sorted(current.upload_ids() - kept)
        for upload_id in going:
            upload = await load(self.log, UPLOAD, upload_id)
            forget = ForgetUpload(
                origin=upload.origin_of(actor_id, origin.command_id, origin.at), heir_id=heirs.get(upload_id)
            )
            gone = await farewell(self.log, upload, forget)
            streams += (*gone.before, upload.append(gone.events))
            heirless += gone.heirless
        return Proposal(
            origin=origin,
            events=OBJECT.decide(DeleteObject(origin=origin, kept_upload_ids=kept), current),
            after=tuple(streams),
            conditions=Conditions(
                key_id=key_id,
                unheld=tuple(NotInObject(upload_id=upload_id, besides=found.stream_id) for upload_id in going),
                heirless=tuple(heirless),
            ),
        )
