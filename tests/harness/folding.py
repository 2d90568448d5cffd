"""A fold of the log by the domain's functions alone: the expected tables, without any adapter.

What spans aggregates is asked of `ledger`, `agenda`, `claims` and `originals`; what an upload or an object is, of its
own `evolve`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, get_args

import msgspec

from application.ports.events.event_log import Command
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeirExistsError,
    OriginalExistsError,
    OriginalGoneError,
    held_by_object,
    released_by_object,
)
from domain.claims import Claim, Held, held_after
from domain.events.registry import KnownEvent
from domain.objects import object as objects
from domain.objects.object import BucketObject, LiveObject, NoObject, ObjectEvent, uploads_of
from domain.organizations.ledger import Usage, change_of, check_room, sum_of
from domain.organizations.organization import OrganizationCreated, OrganizationLimitsChanged
from domain.refusals import RefusedError
from domain.tasks.agenda import EndJobs, JobKind, KnownUpload, SetJob, agenda_of
from domain.uploads import upload as uploads
from domain.uploads.originals import KeptUpload, WantedContent, heir_of, original_of
from domain.uploads.upload import STATUS_OF, Completed, NoUpload, Upload, request_of
from domain.uploads.upload_events import UploadBytesInherited, UploadCompleted, UploadEvent, UploadStarted

_OF_UPLOADS, _OF_OBJECTS = get_args(UploadEvent), get_args(ObjectEvent)


class FoldedUpload(msgspec.Struct, kw_only=True):
    """The facts of an upload from its events so far."""

    bucket_id: str
    position: int
    state: Upload
    bytes_of: str
    multipart_id: str | None = None
    duplicate_of: str | None = None
    deletes_at: datetime | None = None

    @property
    def own_end(self) -> datetime | None:
        return self.state.deletes_at if isinstance(self.state, Completed) else None


class Fold:
    """The tables that the events make: quotas, claims, jobs and uploads."""

    def __init__(self) -> None:
        self.usage: dict[str, Usage] = {}
        self.limits: dict[str, int | None] = {}
        self.claims: dict[str, Held] = {}
        self.jobs: dict[tuple[str, JobKind], SetJob] = {}
        self.uploads: dict[str, FoldedUpload] = {}
        self.objects: dict[str, BucketObject] = {}

    def append(self, command: Command, last: int) -> None:
        """Fold the events of a command, whose last one has position `last`."""
        position = last - sum(len(stream.events) for stream in command.streams)
        for stream in command.streams:
            for event in stream.events:
                position += 1
                self._fold(stream.stream_id, event, position)  # type: ignore[arg-type]  # all of them are Upwell's

    def refusal(self, command: Command) -> RefusedError | None:
        """Return the refusal of a command by these tables, from its events and the domain's functions."""
        try:
            self._check(command)
        except RefusedError as refused:
            return refused
        return None

    def held(self) -> Mapping[Claim, str]:
        """Return the claims, and the ids that they are held by."""
        return {claim: owner_id for held in self.claims.values() for claim, owner_id in held.items()}

    def kept(self) -> list[KeptUpload]:
        """Return the candidates for originals."""
        return [self._kept(upload_id, upload) for upload_id, upload in self.uploads.items()]

    def original(self, wanted_content: WantedContent) -> str | None:
        """Return the id of an original."""
        original = original_of(wanted_content, self.kept())
        return None if original is None else original.upload_id

    def _fold(self, stream_id: str, event: KnownEvent, position: int) -> None:
        self._settle_quota(event)
        self.claims[stream_id] = held_after(stream_id, event, self.claims.get(stream_id, {}))
        for entry in agenda_of(stream_id, event, self._known):
            if isinstance(entry, EndJobs):
                for key in [key for key in self.jobs if key[0] in entry.subject_ids and key[1] in entry.kinds]:
                    del self.jobs[key]
            else:
                self.jobs[entry.subject_id, entry.kind] = entry
        if isinstance(event, _OF_UPLOADS):
            self._fold_upload(stream_id, event, position)
        elif isinstance(event, _OF_OBJECTS):
            self._fold_object(stream_id, event)

    def _settle_quota(self, event: KnownEvent) -> None:
        organization_id = event.origin.organization_id
        if isinstance(event, OrganizationCreated):
            self.usage[organization_id] = Usage()
        if isinstance(event, OrganizationCreated | OrganizationLimitsChanged):
            self.limits[organization_id] = event.quota_bytes
        self.usage[organization_id] = self.usage[organization_id].plus(change_of(event))

    def _fold_upload(self, upload_id: str, event: UploadEvent, position: int) -> None:
        folded = self.uploads.get(upload_id)
        state = uploads.evolve(NoUpload() if folded is None else folded.state, event)
        if STATUS_OF[type(state)] is None:
            self.uploads.pop(upload_id, None)
            return
        if folded is None:
            folded = FoldedUpload(
                bucket_id=event.origin.bucket_id or "", position=position, state=state, bytes_of=upload_id
            )
            self.uploads[upload_id] = folded
        folded.state = state
        match event:
            case UploadStarted():
                folded.multipart_id = event.multipart_id
            case UploadCompleted():
                folded.duplicate_of, folded.deletes_at = event.duplicate_of, event.deletes_at
            case UploadBytesInherited():
                folded.duplicate_of = None
                source = self.uploads.get(event.from_upload_id)
                folded.bytes_of = event.from_upload_id if source is None else source.bytes_of
                for other in self.uploads.values():
                    if other.duplicate_of == event.from_upload_id:
                        other.duplicate_of = upload_id
            case _:
                pass

    def _fold_object(self, object_id: str, event: ObjectEvent) -> None:
        self.objects[object_id] = objects.evolve(self.objects.get(object_id, NoObject()), event)
        touched = set(() if isinstance(event, objects.ObjectDeleted) else uploads_of(event.blobs))
        if not isinstance(event, objects.ObjectCreated):
            touched |= set(event.released_upload_ids)
        for upload_id in touched & self.uploads.keys():
            ends = [holder.deletes_at for _, holder in self._holders(upload_id)]
            folded = self.uploads[upload_id]
            folded.deletes_at = folded.own_end
            if ends:
                lasting = [end for end in ends if end is not None]
                folded.deletes_at = max(lasting) if len(lasting) == len(ends) else None

    def _holders(self, upload_id: str) -> Iterable[tuple[str, LiveObject]]:
        for object_id, holder in self.objects.items():
            if isinstance(holder, LiveObject) and upload_id in holder.upload_ids():
                yield object_id, holder

    def _known(self, upload_id: str) -> KnownUpload | None:
        folded = self.uploads.get(upload_id)
        request = None if folded is None else request_of(folded.state)
        status = None if folded is None else STATUS_OF[type(folded.state)]
        if folded is None or request is None or status is None:
            return None
        return KnownUpload(
            status=status,
            storage_key=request.storage_key or "",
            multipart_id=folded.multipart_id,
            part_size=request.part_size,
            due_at=request.due_at,
            bytes_of=folded.bytes_of,
            own_end=folded.own_end,
        )

    def _kept(self, upload_id: str, folded: FoldedUpload) -> KeptUpload:
        state, request = folded.state, request_of(folded.state)
        status = STATUS_OF[type(state)]
        assert request is not None
        assert status is not None
        of_completed: dict[str, Any] = {}
        if isinstance(state, Completed):
            of_completed = {
                "sha256": state.content.sha256,
                "duplicate_of": folded.duplicate_of,
                "changed_etag": state.changed_etag,
                "keeps_bytes": state.keeps_bytes,
                "own_end": folded.own_end,
                "deletes_at": folded.deletes_at,
            }
        return KeptUpload(
            upload_id=upload_id,
            bucket_id=folded.bucket_id,
            position=folded.position,
            status=status,
            skip_duplicates=request.skip_duplicates,
            **of_completed,
        )

    def _check(self, command: Command) -> None:
        kept = {upload.upload_id: upload for upload in self.kept()}
        self._check_claims(command)
        for wanted_content in command.no_original:
            original = original_of(wanted_content, kept.values())
            if original is not None:
                raise OriginalExistsError(original.upload_id, wanted_content)
        for upload_id in command.stored:
            if upload_id not in kept or not kept[upload_id].has_verified_bytes:
                raise OriginalGoneError(upload_id)
        self._check_holders(command)
        for upload_id in command.heirless:
            heir = heir_of(upload_id, kept.values())
            if heir is not None:
                raise HeirExistsError(upload_id, heir.upload_id)
        wanted = sum_of(event for stream in command.streams for event in stream.events)
        owner_id = command.organization_id
        check_room(self.limits.get(owner_id), self.usage.get(owner_id, Usage()), wanted.total_bytes)

    def _check_claims(self, command: Command) -> None:
        held = self.held()
        for claim in command.free:
            if claim in held:
                raise ClaimTakenError(claim, held[claim])
        for owned in command.owned:
            if held.get(owned.claim) != owned.owner_id:
                raise ClaimReleasedError(owned.claim, owned.owner_id)

    def _check_holders(self, command: Command) -> None:
        for held in command.held:
            if held.object_id not in [holder for holder, _ in self._holders(held.upload_id)]:
                raise released_by_object(held.upload_id, held.object_id)
        for unheld in command.unheld:
            holders = [holder for holder, _ in self._holders(unheld.upload_id) if holder != unheld.besides]
            if holders:
                raise held_by_object(unheld.upload_id, min(holders))
