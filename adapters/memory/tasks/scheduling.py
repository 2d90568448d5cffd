"""The jobs, and how events write and delete them. `domain.tasks.agenda` decides which ones."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from adapters.memory.projecting import Tables
from domain.events.registry import KnownEvent
from domain.shared_fields import made_from
from domain.tasks.agenda import EndJobs, JobKind, KnownUpload, SetJob, agenda_of, is_due_at_once


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of a subject: the one that is due first, and the one after it.

    `attempts`: the number of leases since an event set the first one. `storage_key` and the two fields after it belong
    to `discard`, whether it comes first or not.
    """

    kind: JobKind
    upload_id: str
    due_at: datetime
    attempts: int = 0
    lease: str | None = None
    leased_until: datetime | None = None
    last_error: str | None = None
    storage_key: str | None = None
    multipart_id: str | None = None
    again_at: datetime | None = None
    then_kind: JobKind | None = None
    then_at: datetime | None = None

    @property
    def kinds(self) -> set[JobKind]:
        """Return the kinds of both jobs."""
        return {self.kind} if self.then_kind is None else {self.kind, self.then_kind}

    def next(self) -> "JobRow | None":
        """Return the row after the first job has ended, or None."""
        if self.then_kind is None or self.then_at is None:
            return None
        row = JobRow(kind=self.then_kind, upload_id=self.upload_id, due_at=self.then_at)
        return _with_discard(row, self) if row.kind is JobKind.DISCARD else row

    def without_next(self) -> "JobRow":
        """Return the row after the second job has ended."""
        row = msgspec.structs.replace(self, then_kind=None, then_at=None)
        return row if row.kind is JobKind.DISCARD else _with_discard(row, None)

    def put_off(self, until: datetime) -> "JobRow":
        """Return the row with the first job due at `until`, after the second one if that is due before."""
        if self.then_at is None or self.then_kind is None or self.then_at >= until:
            return msgspec.structs.replace(self, due_at=until)
        return msgspec.structs.replace(
            self, kind=self.then_kind, due_at=self.then_at, then_kind=self.kind, then_at=until
        )


class JobTable:
    """The jobs: one row for each subject."""

    def __init__(self, rows: Iterable[JobRow] = ()) -> None:
        self.rows = {row.upload_id: row for row in rows}

    def copy(self) -> "JobTable":
        """Return a copy that can be changed independently."""
        return JobTable(self.rows.values())

    def set(self, kind: JobKind, subject_id: str, due_at: datetime) -> None:
        """Set a job, in place of an existing one of its kind, whose lease becomes invalid."""
        self.enter(SetJob(kind=kind, subject_id=subject_id, due_at=due_at))

    def end(self, kind: JobKind, subject_id: str) -> None:
        """Delete a job, if it exists."""
        self.enter(EndJobs(kinds=frozenset({kind}), subject_ids=frozenset({subject_id})))

    def enter(self, entry: SetJob | EndJobs) -> None:
        """Carry out an entry of an agenda; a job that is set again loses its lease."""
        if isinstance(entry, SetJob):
            self.rows[entry.subject_id] = _set(self.rows.get(entry.subject_id), entry)
            return
        for subject_id in entry.subject_ids:
            row = self.rows.pop(subject_id, None)
            if row is not None and row.then_kind in entry.kinds:
                row = row.without_next()
            if row is not None and row.kind in entry.kinds:
                row = row.next()
            if row is not None:
                self.rows[subject_id] = row


def schedule(jobs: JobTable, tables: Tables, stream_id: str, event: KnownEvent) -> bool:
    """Write and delete the jobs of one event, *before* it is projected into `tables`.

    Return whether workers should be woken.
    """

    def known(upload_id: str) -> KnownUpload | None:
        upload = tables.uploads.get(upload_id)
        if upload is None:
            return None
        return made_from(KnownUpload, upload, bytes_of=tables.inherited.get(upload_id, upload_id))

    agenda = agenda_of(stream_id, event, known)
    for entry in agenda:
        jobs.enter(entry)
    return is_due_at_once(agenda, event.origin.at)


def _set(row: JobRow | None, entry: SetJob) -> JobRow:
    new = made_from(JobRow, entry, upload_id=entry.subject_id)
    if row is None:
        return new
    if len(row.kinds | {new.kind}) > 2:  # noqa: PLR2004  # no upload needs three jobs
        return row
    if new.kind is not JobKind.DISCARD:
        new = _with_discard(new, row)
    if row.kind is new.kind:
        other = row.next()
    else:
        other = row
        if row.due_at <= new.due_at:
            return _with_discard(msgspec.structs.replace(row, then_kind=new.kind, then_at=new.due_at), new)
    if other is None:
        return new
    if other.due_at < new.due_at:
        first = JobRow(kind=other.kind, upload_id=other.upload_id, due_at=other.due_at)
        return _with_discard(msgspec.structs.replace(first, then_kind=new.kind, then_at=new.due_at), new)
    return msgspec.structs.replace(new, then_kind=other.kind, then_at=other.due_at)


def _with_discard(row: JobRow, of: JobRow | None) -> JobRow:
    """Return a row with the fields for `discard` of another one; None: without them."""
    return msgspec.structs.replace(
        row,
        storage_key=of.storage_key if of else None,
        multipart_id=of.multipart_id if of else None,
        again_at=of.again_at if of else None,
    )
