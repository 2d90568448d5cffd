"""Forgetting uploads: deletes the record and its bytes, and redacts the personal fields of its events.

Bytes stay until their last user is deleted: a completed duplicate inherits them from a deleted original.
"""

import msgspec

from application.handling import Loaded, Objection, Proposal, handle, load
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, StreamAppend, VersionConflictError
from application.ports.objects.object_creation import HeirExistsError, NotInObject
from domain.uploads.upload import UPLOAD, Completed, DeleteUpload, ForgetUpload, InheritBytes, Upload
from domain.uploads.upload_events import UploadEvent


class Farewell(msgspec.Struct, frozen=True, kw_only=True):
    """The appends of a deletion, and the upload whose bytes no duplicate may use then.

    `before`: the inheritance of the heir, which comes first, because the read side follows the source of the bytes.
    """

    events: tuple[UploadEvent, ...]
    before: tuple[StreamAppend, ...] = ()
    heirless: tuple[str, ...] = ()


async def farewell(
    log: EventLog, upload: Loaded[UploadEvent, Upload], command: DeleteUpload | ForgetUpload
) -> Farewell:
    """Return the appends of a deletion. The heir of the command inherits the bytes, unless it was deleted itself.

    If the log reports another heir (`HeirExistsError`), call again with its id.
    """
    state = upload.state
    if not isinstance(state, Completed) or not state.has_verified_bytes:
        return Farewell(events=UPLOAD.decide(command, state))
    heir = None if command.heir_id is None else await load(log, UPLOAD, command.heir_id)
    if heir is None or not isinstance(heir.state, Completed):
        command = msgspec.structs.replace(command, heir_id=None)
        return Farewell(events=UPLOAD.decide(command, state), heirless=(upload.stream_id,))
    origin = command.origin
    inherit = InheritBytes(origin=heir.origin_of(origin.actor_id, origin.command_id, origin.at), upload=state)
    return Farewell(events=UPLOAD.decide(command, state), before=(heir.append(UPLOAD.decide(inherit, heir.state)),))


class ForgettingUploads(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Idempotent. An upload that an object holds is refused."""

    log: EventLog
    clock: Clock
    ids: Ids

    async def __call__(self, upload_id: str, *, actor_id: str) -> None:
        """Forget an upload. Raises `WrongStateError` if it is open or held, `VersionConflictError` if it changed."""
        heir_id: str | None = None

        async def forget(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent]:
            origin = upload.origin_of(actor_id, new_command_id(self.ids), self.clock.now())
            going = await farewell(self.log, upload, ForgetUpload(origin=origin, heir_id=heir_id))
            return Proposal(
                origin=origin,
                events=going.events,
                before=going.before,
                conditions=Conditions(unheld=(NotInObject(upload_id=upload_id),), heirless=going.heirless),
            )

        async def learn(objection: Objection) -> bool:
            nonlocal heir_id
            if isinstance(objection, HeirExistsError):
                heir_id = objection.heir_id
                return True
            heir_id = None
            return (
                isinstance(objection, VersionConflictError) and objection.stream_id != upload_id
            )  # the heir has changed

        await handle(self.log, UPLOAD, upload_id, forget, learn=learn)
