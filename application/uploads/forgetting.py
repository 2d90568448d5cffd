"""Forgetting uploads: the record goes, its bytes go, and the personal fields of its events become null.

Bytes go with the last record that stands on them: a completed duplicate inherits them from an original that goes.
"""

import msgspec

from application.keys.callers import new_command_id
from application.loading import CONFLICT_RETRIES, LoadedUpload, load_upload
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.object_creation import HeirExistsError, Unheld
from domain.refusals import WrongStateError
from domain.uploads.upload import Completed, DeleteUpload, ForgetUpload, InheritBytes, decide


class Farewell(msgspec.Struct, frozen=True, kw_only=True):
    """What is appended when a record goes, and the upload on whose bytes no duplicate may stand then."""

    streams: tuple[StreamAppend, ...]
    heirless: tuple[str, ...] = ()


async def farewell(log: EventLog, loaded: LoadedUpload, command: DeleteUpload | ForgetUpload) -> Farewell:
    """Return how a record goes. The heir that the command names inherits the bytes.

    Where the log reports an heir (`HeirExistsError`), ask again with its id. Raises `VersionConflictError` if the heir
    is gone itself: then another may be the heir.
    """
    own = StreamAppend(
        stream_id=loaded.upload_id, expected_version=loaded.version, events=decide(command, loaded.state)
    )
    if not isinstance(loaded.state, Completed) or not loaded.state.has_proved_bytes:
        return Farewell(streams=(own,))
    if command.heir_id is None:
        return Farewell(streams=(own,), heirless=(loaded.upload_id,))
    heir = await load_upload(log, command.heir_id)
    if not isinstance(heir.state, Completed):
        raise VersionConflictError(heir.upload_id, heir.version, heir.version)
    origin = command.origin
    inherit = InheritBytes(origin=heir.origin_of(origin.actor_id, origin.command_id, origin.at), upload=loaded.state)
    inherited = StreamAppend(
        stream_id=heir.upload_id, expected_version=heir.version, events=decide(inherit, heir.state)
    )
    return Farewell(streams=(inherited, own))  # in this order: the read side follows where the bytes come from


class ForgettingUploads:
    """One command, safe to repeat; an upload that an object holds is refused."""

    def __init__(self, *, log: EventLog, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._clock = clock
        self._ids = ids

    async def __call__(self, upload_id: str, *, actor_id: str) -> None:
        """Forget. Raises `WrongStateError` while it is under way or held, `VersionConflictError` if it just changed."""
        loaded = await load_upload(self._log, upload_id)
        heir_id: str | None = None
        for _ in range(CONFLICT_RETRIES):
            origin = loaded.origin_of(actor_id, new_command_id(self._ids), self._clock.now())
            try:
                going = await farewell(self._log, loaded, ForgetUpload(origin=origin, heir_id=heir_id))
                await self._log.append(
                    Command(
                        command_id=origin.command_id,
                        organization_id=origin.organization_id,
                        streams=going.streams,
                        unheld=(Unheld(upload_id=upload_id),),
                        heirless=going.heirless,
                    )
                )
            except HeirExistsError as found:
                heir_id = found.heir_id
            except VersionConflictError as conflict:
                if conflict.stream_id == upload_id:
                    raise
                heir_id = None  # the heir is going itself
            else:
                return
        raise WrongStateError("busy", "The upload is being changed by other requests: try again in a moment.")
