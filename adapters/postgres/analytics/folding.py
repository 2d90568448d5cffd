"""Events as figures: what an upload's events mean for the hours of its bucket.

An upload counts in the hour of its request, with its current status. So later events take something back there: what
the upload counted before is folded from its earlier events, which the log has.

Each type of event has a class here, with the few fields that analytics need: a replay decodes nothing else.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

import msgspec

from application.ports.analytics.durations import slot_of
from domain.buckets import bucket
from domain.events.event import topic_of
from domain.objects import object as objects
from domain.uploads import avoided_duplicates, upload_events
from domain.uploads.upload import Status


class Place(msgspec.Struct, gc=False):
    """The origin of an event."""

    at: datetime
    organization_id: str
    namespace_id: str = ""
    bucket_id: str = ""


class Figures:
    """The changes of one hour of a bucket: counters by name, durations by slot, failures by reason."""

    __slots__ = ("counts", "durations", "failures")

    def __init__(self) -> None:
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.durations: defaultdict[int, int] = defaultdict(int)
        self.failures: defaultdict[str, int] = defaultdict(int)


class Upload(msgspec.Struct, gc=False):
    """An upload as its events left it. `stored`: the bytes that each of them added, with its time."""

    place: Place
    metadata: msgspec.Raw | None
    status: Status = Status.PENDING
    started: bool = False
    processing: bool = False
    completed_at: datetime | None = None
    duplicate: bool = False
    reason: str | None = None
    size_bytes: int = 0
    stored: tuple[tuple[datetime, int], ...] = ()

    def count(self, figures: Figures, sign: int) -> None:
        """Add what the upload counts in the hour of its request, or take it back."""
        counts = figures.counts
        status = Status.PROCESSING if self.processing else self.status
        counts["requested"] += sign
        counts[_COLUMN[status]] += sign
        if self.started:
            counts["started"] += sign
        if status is Status.FAILED and self.reason is not None:
            figures.failures[self.reason] += sign
        if status is not Status.COMPLETED or self.completed_at is None:
            return
        counts["completed_bytes"] += sign * self.size_bytes
        if self.duplicate:
            counts["duplicates"] += sign
            counts["duplicate_bytes"] += sign * self.size_bytes
        took_us = max((self.completed_at - self.place.at) // _MICROSECOND, 0)
        counts["took_us"] += sign * took_us
        figures.durations[slot_of(took_us)] += sign
        if took_us:
            counts["timed"] += sign
            counts["bits_per_second"] += sign * (self.size_bytes * 8_000_000 // took_us)


class _Request(msgspec.Struct, gc=False):
    metadata: msgspec.Raw = msgspec.Raw()


class Requested(msgspec.Struct, gc=False, tag_field="type", tag=topic_of(upload_events.UploadRequested)):
    """The first event of an upload."""

    origin: Place
    upload_id: str
    request: _Request | None = None

    def upload(self) -> Upload:
        """Return the upload."""
        return Upload(self.origin, None if self.request is None else self.request.metadata)


class Skipped(Requested, tag=topic_of(upload_events.UploadSkipped)):
    """The first event of an upload whose unique key was taken."""

    def upload(self) -> Upload:
        """Return the upload."""
        skipped = super().upload()
        skipped.status = Status.SKIPPED
        return skipped


class UploadChange(msgspec.Struct, gc=False, tag_field="type"):
    """A later event of an upload."""

    upload_id: str

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        raise NotImplementedError  # each kind of change has its own


class Started(UploadChange, tag=topic_of(upload_events.UploadStarted)):
    """The upload was started."""

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        upload.status = Status.IN_PROGRESS
        upload.started = True
        upload.processing = False


class VerificationBegan(UploadChange, tag=topic_of(upload_events.UploadVerificationBegan)):
    """Its bytes were seen."""

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        upload.started = True
        upload.processing = True


class VerificationAbandoned(UploadChange, tag=topic_of(upload_events.UploadVerificationAbandoned)):
    """Storage was unavailable."""

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        upload.processing = False


class _Content(msgspec.Struct, gc=False):
    size_bytes: int


class Verified(UploadChange, tag=topic_of(upload_events.UploadVerified)):
    """Its bytes match the request."""

    content: _Content

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        upload.size_bytes = self.content.size_bytes


class Failed(UploadChange, tag=topic_of(upload_events.UploadFailed)):
    """It failed."""

    reason: str

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        upload.status = Status.FAILED
        upload.processing = False
        upload.reason = self.reason


class StoredBytes(UploadChange):
    """A change of an upload that also changes what its bucket stores, in the hour of the event."""

    origin: Place
    accepted_bytes: int = 0
    kept_bytes: int = 0
    freed_bytes: int = 0

    def stored_bytes(self) -> int:
        """Return how many bytes are stored from now on, or no longer."""
        return self.accepted_bytes + self.kept_bytes - self.freed_bytes

    def count(self, counts: dict[str, int]) -> None:
        """Count the bytes in the hour of the event."""
        counts["stored_bytes"] += self.stored_bytes()

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        upload.stored += ((self.origin.at, self.stored_bytes()),)


class Completed(StoredBytes, tag=topic_of(upload_events.UploadCompleted)):
    """It is completed."""

    duplicate_of: str | None = None

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        super().change(upload)
        upload.status = Status.COMPLETED
        upload.processing = False
        upload.completed_at = self.origin.at
        upload.duplicate = self.duplicate_of is not None


class Canceled(StoredBytes, tag=topic_of(upload_events.UploadCanceled)):
    """It was canceled."""

    def change(self, upload: Upload) -> None:
        """Change the upload."""
        super().change(upload)
        upload.status = Status.CANCELED
        upload.processing = False


class BytesInherited(StoredBytes, tag=topic_of(upload_events.UploadBytesInherited)):
    """It got the bytes of its original."""


class Deleted(StoredBytes, tag=topic_of(upload_events.UploadDeleted)):
    """It was deleted."""


class Forgotten(StoredBytes, tag=topic_of(upload_events.UploadForgotten)):
    """It was forgotten."""


class DuplicateAvoided(
    msgspec.Struct, gc=False, tag_field="type", tag=topic_of(avoided_duplicates.UploadDuplicateAvoided)
):
    """Bytes were never sent."""

    origin: Place
    saved_bytes: int

    def count(self, counts: dict[str, int]) -> None:
        """Count in the hour of the event."""
        counts["avoided"] += 1
        counts["avoided_bytes"] += self.saved_bytes


class ObjectCreated(msgspec.Struct, gc=False, tag_field="type", tag=topic_of(objects.ObjectCreated)):
    """An object was created."""

    origin: Place

    def count(self, counts: dict[str, int]) -> None:
        """Count in the hour of the event."""
        counts["objects"] += 1


class ObjectDeleted(msgspec.Struct, gc=False, tag_field="type", tag=topic_of(objects.ObjectDeleted)):
    """An object was deleted."""

    origin: Place

    def count(self, counts: dict[str, int]) -> None:
        """Count in the hour of the event."""
        counts["objects"] -= 1


class BucketCreated(msgspec.Struct, gc=False, tag_field="type", tag=topic_of(bucket.BucketCreated)):
    """A bucket names the fields of its analytics."""

    origin: Place
    analytics_fields: tuple[str, ...] = ()


class BucketUpdated(BucketCreated, tag=topic_of(bucket.BucketUpdated)):
    """A bucket names others."""


OfUpload = (
    Requested
    | Skipped
    | Started
    | VerificationBegan
    | VerificationAbandoned
    | Verified
    | Failed
    | Completed
    | Canceled
    | BytesInherited
    | Deleted
    | Forgotten
)
Fact = OfUpload | DuplicateAvoided | ObjectCreated | ObjectDeleted | BucketCreated | BucketUpdated
TOPICS: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Fact))
TOPICS_OF_UPLOADS: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(OfUpload))
# one array costs less than its events, one by one
facts_of: Final = msgspec.json.Decoder(list[Fact]).decode
facts_of_upload: Final = msgspec.json.Decoder(list[OfUpload]).decode

_COLUMN: Final = {status: status.value.lower() for status in Status}
_FIRST_HOUR: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def hour_of(at: datetime) -> int:
    """Return the number of the hour of a time; it is found faster than the hour's beginning."""
    passed = at - _FIRST_HOUR
    return passed.days * 24 + passed.seconds // 3600


def beginning_of(hour: int) -> datetime:
    """Return the beginning of an hour by its number."""
    return _FIRST_HOUR + timedelta(hours=hour)


def folded(states: bytes) -> Upload | None:
    """Return an upload after its events, which begin with its request; None without it."""
    upload: Upload | None = None
    for fact in facts_of_upload(states):
        if isinstance(fact, Requested):
            upload = fact.upload()
        elif upload is not None:
            fact.change(upload)
    return upload
