"""Deleting objects: the record goes, and with it every upload that no other object holds.

A completed duplicate inherits the bytes of an original that goes with its object.
"""

from collections.abc import Mapping

from application.keys.callers import new_command_id
from application.loading import CONFLICT_RETRIES, LoadedObject, load_object, load_upload, object_not_found
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.object_creation import HeirExistsError, Unheld
from application.uploads.forgetting import farewell
from domain.objects import object as objects
from domain.objects.object import DeleteObject, LiveObject, has_ended
from domain.refusals import WrongStateError
from domain.uploads.upload import ForgetUpload


class DeletingObjects:
    """One command for the object and its uploads: all of it is gone, or nothing is."""

    def __init__(self, *, log: EventLog, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._clock = clock
        self._ids = ids

    async def at_its_end(self, object_id: str, *, actor_id: str) -> None:
        """Delete it if its end has come: it may have been put off meanwhile. Raises as deleting does."""
        await self._delete(object_id, actor_id=actor_id, key_id=None, at_its_end=True)

    async def __call__(self, object_id: str, *, actor_id: str, key_id: str | None = None) -> None:
        """Delete. Raises `NotFoundError` if it is not there (any more).

        Whether the object is the caller's is not looked at. `key_id`: the key that must be live, if a client asks.
        """
        await self._delete(object_id, actor_id=actor_id, key_id=key_id, at_its_end=False)

    async def _delete(self, object_id: str, *, actor_id: str, key_id: str | None, at_its_end: bool) -> None:
        for _ in range(CONFLICT_RETRIES):
            kept: frozenset[str] = frozenset()
            heirs: dict[str, str] = {}
            loaded = await load_object(self._log, object_id)
            if not isinstance(loaded.state, LiveObject):
                raise object_not_found(object_id)
            if at_its_end and not has_ended(loaded.state, self._clock.now()):
                return
            try:
                while True:
                    command = await self._command(loaded, loaded.state, kept, heirs, actor_id=actor_id, key_id=key_id)
                    try:
                        await self._log.append(command)
                    except WrongStateError as held:  # by another object as well: its bytes stay
                        kept |= {held.details["upload_id"]}
                    except HeirExistsError as found:
                        heirs[found.upload_id] = found.heir_id
                    else:
                        return
            except VersionConflictError:
                continue  # somebody changed it, or one of its uploads
        raise WrongStateError("busy", "The object is being changed by other requests: delete it again in a moment.")

    async def _command(
        self,
        loaded: LoadedObject,
        current: LiveObject,
        kept: frozenset[str],
        heirs: Mapping[str, str],
        *,
        actor_id: str,
        key_id: str | None,
    ) -> Command:
        origin = loaded.origin_of(actor_id, new_command_id(self._ids), self._clock.now())
        events = objects.decide(DeleteObject(origin=origin, kept_upload_ids=kept), current)
        streams = [StreamAppend(stream_id=loaded.object_id, expected_version=loaded.version, events=events)]
        heirless: list[str] = []
        going = sorted(current.upload_ids() - kept)
        for upload_id in going:
            upload = await load_upload(self._log, upload_id)
            forget = ForgetUpload(
                origin=upload.origin_of(actor_id, origin.command_id, origin.at), heir_id=heirs.get(upload_id)
            )
            gone = await farewell(self._log, upload, forget)
            streams += gone.streams
            heirless += gone.heirless
        return Command(
            command_id=origin.command_id,
            organization_id=origin.organization_id,
            key_id=key_id,
            streams=tuple(streams),
            unheld=tuple(Unheld(upload_id=upload_id, besides=loaded.object_id) for upload_id in going),
            heirless=tuple(heirless),
        )
