"""Events as figures: what an upload's events mean for the hours of its bucket.

An upload counts in the hour of its request, with its current status. So later events take something back there: what
the upload counted before is folded from its earlier events, which the log has.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from application.ports.analytics.analytics import Interval, step_begin
from application.ports.analytics.durations import slot_of
from domain.buckets.bucket import BucketCreated, BucketUpdated
from domain.events.event import topic_of
from domain.objects.object import ObjectCreated, ObjectDeleted
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import Status
from domain.uploads.upload_events import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadDeleted,
    UploadFailed,
    UploadForgotten,
    UploadRequested,
    UploadSkipped,
    UploadStarted,
    UploadVerificationAbandoned,
    UploadVerificationBegan,
    UploadVerified,
)

REQUESTS: Final = frozenset({topic_of(UploadRequested), topic_of(UploadSkipped)})
FORGETS: Final = frozenset({topic_of(UploadForgotten), topic_of(UploadDeleted)})
STORES: Final = FORGETS | {topic_of(UploadCompleted), topic_of(UploadBytesInherited), topic_of(UploadCanceled)}
NAMES_FIELDS: Final = frozenset({topic_of(BucketCreated), topic_of(BucketUpdated)})


class Place(msgspec.Struct, gc=False):
    """The origin of an event."""

    at: datetime
    organization_id: str
    namespace_id: str = ""
    bucket_id: str = ""


class _Content(msgspec.Struct, gc=False):
    size_bytes: int


class _Request(msgspec.Struct, gc=False):
    metadata: msgspec.Raw = msgspec.Raw()


class Fact(msgspec.Struct, gc=False):
    """The fields of an event that analytics need; a replay decodes nothing else."""

    origin: Place
    upload_id: str = ""
    reason: str | None = None
    request: _Request | None = None
    analytics_fields: tuple[str, ...] = ()
    content: _Content | None = None
    duplicate_of: str | None = None
    accepted_bytes: int = 0
    kept_bytes: int = 0
    freed_bytes: int = 0
    saved_bytes: int = 0


fact_of: Final = msgspec.json.Decoder(Fact).decode


class Figures:
    """The changes of one hour of a bucket: counters by name, durations by slot, failures by reason."""

    __slots__ = ("counts", "durations", "failures")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.durations: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()


class Upload:
    """An upload as its events left it."""

    __slots__ = (
        *("completed_at", "duplicate", "place", "processing", "reason", "size_bytes", "started", "status"),
        "stored_bytes",
    )

    def __init__(self, place: Place) -> None:
        self.place = place
        self.status = Status.PENDING
        self.started = self.processing = self.duplicate = False
        self.completed_at: datetime | None = None
        self.reason: str | None = None
        self.size_bytes = 0
        self.stored_bytes: Counter[datetime] = Counter()

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
        took_us = max(microseconds(self.completed_at, self.place.at), 0)
        counts["took_us"] += sign * took_us
        figures.durations[slot_of(took_us)] += sign
        if took_us:
            counts["timed"] += sign
            counts["bits_per_second"] += sign * (self.size_bytes * 8_000_000 // took_us)


def microseconds(after: datetime, before: datetime) -> int:
    """Return the time between two times."""
    passed = after - before
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def hour_of(place: Place) -> datetime:
    """Return the beginning of the hour of an event."""
    return step_begin(place.at, Interval.HOUR)


def folded(events: Iterable[tuple[str, Fact]], upload: Upload | None = None) -> Upload | None:
    """Return an upload after its events, which begin with its request unless it is given; None without a request."""
    for topic, fact in events:
        if topic in REQUESTS:
            upload = Upload(fact.origin)
            if topic == _SKIPPED:
                upload.status = Status.SKIPPED
        elif upload is not None:
            if (changes := CHANGES.get(topic)) is not None:
                changes(upload, fact)
            if topic in STORES:
                upload.stored_bytes[hour_of(fact.origin)] += fact.accepted_bytes + fact.kept_bytes - fact.freed_bytes
    return upload


def _started(upload: Upload, _: Fact) -> None:
    upload.status = Status.IN_PROGRESS
    upload.started = True
    upload.processing = False


def _verification_began(upload: Upload, _: Fact) -> None:
    upload.started = True
    upload.processing = True


def _verification_abandoned(upload: Upload, _: Fact) -> None:
    upload.processing = False


def _verified(upload: Upload, fact: Fact) -> None:
    if fact.content is not None:
        upload.size_bytes = fact.content.size_bytes


def _completed(upload: Upload, fact: Fact) -> None:
    upload.status = Status.COMPLETED
    upload.processing = False
    upload.completed_at = fact.origin.at
    upload.duplicate = fact.duplicate_of is not None


def _failed(upload: Upload, fact: Fact) -> None:
    upload.status = Status.FAILED
    upload.processing = False
    upload.reason = fact.reason


def _canceled(upload: Upload, _: Fact) -> None:
    upload.status = Status.CANCELED
    upload.processing = False


_SKIPPED = topic_of(UploadSkipped)
_COLUMN: Final = {status: status.value.lower() for status in Status}

# What the events of an upload change about it.
CHANGES: Final[Mapping[str, Callable[[Upload, Fact], None]]] = {
    topic_of(UploadStarted): _started,
    topic_of(UploadVerificationBegan): _verification_began,
    topic_of(UploadVerificationAbandoned): _verification_abandoned,
    topic_of(UploadVerified): _verified,
    topic_of(UploadCompleted): _completed,
    topic_of(UploadFailed): _failed,
    topic_of(UploadCanceled): _canceled,
}


def _stored(counts: Counter[str], fact: Fact) -> None:
    counts["stored_bytes"] += fact.accepted_bytes + fact.kept_bytes - fact.freed_bytes


def _avoided(counts: Counter[str], fact: Fact) -> None:
    counts["avoided"] += 1
    counts["avoided_bytes"] += fact.saved_bytes


def _object_created(counts: Counter[str], _: Fact) -> None:
    counts["objects"] += 1


def _object_deleted(counts: Counter[str], _: Fact) -> None:
    counts["objects"] -= 1


# What events change in the bucket, in their own hour.
HAPPENED: Final[Mapping[str, Callable[[Counter[str], Fact], None]]] = {
    **dict.fromkeys(STORES, _stored),
    topic_of(UploadDuplicateAvoided): _avoided,
    topic_of(ObjectCreated): _object_created,
    topic_of(ObjectDeleted): _object_deleted,
}
