"""Forgetting uploads: the record goes, its bytes go, and the personal fields of its events become null."""

from application.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, Unheld
from application.uploads import load_upload
from domain.upload import ForgetUpload, decide


class ForgettingUploads:
    """One command, safe to repeat; an upload that an object holds is refused."""

    def __init__(self, *, log: EventLog, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._clock = clock
        self._ids = ids

    async def __call__(self, upload_id: str, *, actor_id: str) -> None:
        """Forget. Raises `WrongStateError` while it is under way or held, `VersionConflictError` if it just changed."""
        loaded = await load_upload(self._log, upload_id)
        origin = loaded.origin_of(actor_id, new_command_id(self._ids), self._clock.now())
        events = decide(ForgetUpload(origin=origin), loaded.state)
        if events:
            await self._log.append(
                Command(
                    command_id=origin.command_id,
                    organization_id=origin.organization_id,
                    streams=(StreamAppend(stream_id=upload_id, expected_version=loaded.version, events=events),),
                    unheld=(Unheld(upload_id=upload_id),),
                )
            )
