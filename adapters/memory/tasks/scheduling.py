"""The jobs, and how events write and delete them. `domain.tasks.agenda` decides which ones."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from adapters.memory.projecting import Tables
from domain.events.registry import KnownEvent
from domain.shared_fields import made_from
from domain.tasks.agenda import EndJobs, JobKind, KnownUpload, SetJob, agenda_of, is_due_at_once


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stored job. `attempts`: the number of leases since an event set the job."""

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


class JobTable:
    """The jobs: at most one of each kind per upload."""

    def __init__(self, rows: Iterable[JobRow] = ()) -> None:
        self.rows = {(row.upload_id, row.kind): row for row in rows}

    def copy(self) -> "JobTable":
        """Return a copy that can be changed independently."""
        return JobTable(self.rows.values())

    def set(self, kind: JobKind, subject_id: str, due_at: datetime) -> None:
        """Set a job, in place of an existing one, whose lease becomes invalid."""
        self.enter(SetJob(kind=kind, subject_id=subject_id, due_at=due_at))

    def end(self, kind: JobKind, subject_id: str) -> None:
        """Delete a job, if it exists."""
        self.enter(EndJobs(kinds=frozenset({kind}), subject_ids=frozenset({subject_id})))

    def enter(self, entry: SetJob | EndJobs) -> None:
        """Carry out an entry of an agenda; a job that is set again loses its lease."""
        if isinstance(entry, EndJobs):
            for subject_id in entry.subject_ids:
                for kind in entry.kinds:
                    self.rows.pop((subject_id, kind), None)
        else:
            self.rows[entry.subject_id, entry.kind] = made_from(JobRow, entry, upload_id=entry.subject_id)


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
