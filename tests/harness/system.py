"""The role `System` that the machine drives, with its requests and answers.

They are a client's words. A system of your own (another storage adapter, another client of the wire) translates them
and nothing else; what has to come out of it is the model's business.
"""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote_plus

BUCKETS = ("plain", "other", "unique")
UNIQUE_BUCKET = "unique"
AUTO_CONFIRM_BUCKET = "other"
PROPERTIES = ("text", "notes")
SCHEMA: dict[str, Any] = {
    "properties": {**{name: {"type": "text"} for name in PROPERTIES}, "title": {"type": "string"}}
}
CONTENT_TYPE = "text/plain"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a system, small enough for files of a few bytes to reach them.

    `quota_bytes` is what it begins with. `inline_limit_bytes`: a larger file is verified by the worker. `part_bytes`:
    the size of parts. `least_part_bytes`: a part that is smaller, and not the last one, is not taken.
    """

    file_size_bytes: int = 40
    quota_bytes: int = 150
    inline_limit_bytes: int = 30
    part_bytes: int = 15
    least_part_bytes: int = 15
    grace: timedelta = timedelta(minutes=10)
    retention: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Powers:
    """The abilities of a system beside the requests of clients.

    `versioned`: its storage keeps versions, so nothing overwrites verified bytes. `quick`: checks cost nothing, so the
    machine looks at everything after each step and not only now and then.
    """

    versioned: bool
    passes_time: bool = False
    breaks_storage: bool = False
    interrupts: bool = False
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A file as the client announces it. `title`: the value of the unique key, if the bucket has one."""

    bucket: str
    size_bytes: int | None
    sha256: str | None
    skip_duplicates: bool
    create_object: bool
    title: str
    blob_property: str
    expires_in_seconds: int
    in_parts: bool = False
    by_post: bool = False
    auto_confirm: bool | None = None
    expires_after_seconds: int | None = None

    @property
    def confirms_itself(self) -> bool:
        """Whether the checksum of storage is enough."""
        return self.bucket == AUTO_CONFIRM_BUCKET if self.auto_confirm is None else self.auto_confirm

    @property
    def method(self) -> str:
        """How the file is sent."""
        return "multipart" if self.in_parts else "post" if self.by_post else "put"

    def wire(self) -> dict[str, Any]:
        """Return it as the body of the contract's request."""
        return {
            "filename": "file.txt",
            "content_type": CONTENT_TYPE,
            "file_size_bytes": self.size_bytes,
            "presigned_url_expiration": self.expires_in_seconds,
            "create_object_on_confirm": self.create_object,
            "object_metadata": {"title": self.title},
            "blob_property": self.blob_property,
            "file_hash": self.sha256,
            "skip_duplicates": self.skip_duplicates,
            "multipart": "always" if self.in_parts else "auto",
            "method": "post" if self.method == "post" else "put",
            "auto_confirm": self.auto_confirm,
            "expires_after_seconds": self.expires_after_seconds,
        }


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The claims of a client in a confirm. `policy`: `insert`, `update`, `upsert`, or the bucket's."""

    etag: str | None = None
    size_bytes: int | None = None
    policy: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return it as the body of the contract's request; the policy goes into the query."""
        return {"etag": self.etag, "file_size_bytes": self.size_bytes}


@dataclass(frozen=True)
class Refused:
    """A refusal: the status of HTTP, the stable code, and the numbers of the parts that it names."""

    status: int
    code: str
    parts: tuple[int, ...] = ()

    @classmethod
    def of(cls, status: int, code: str, details: Mapping[str, Any] | None) -> "Refused":
        """Read the numbers from the details."""
        known = details or {}
        names = ("missing_parts", "wrong_size_parts", "differing_parts")
        return cls(status, code, tuple(number for name in names for number in known.get(name, ())))


@dataclass(frozen=True, kw_only=True)
class UploadSeen:
    """An upload as an answer shows it. `url`: of a PUT, or of a form with these `fields`."""

    upload_id: str
    status: str
    size_bytes: int | None
    sha256: str | None
    storage_key: str
    expires_at: datetime
    url: str | None
    headers: Mapping[str, str]
    fields: Mapping[str, str] | None
    method: str
    is_duplicate: bool
    duplicate_of: str | None
    skipped_unique_key: bool
    existing_object_id: str | None
    object_id: str | None
    task_id: str | None
    part_size: int | None
    part_count: int | None
    auto_confirm: bool
    deletes_at: datetime | None

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> "UploadSeen":
        """Read it from the contract's response."""
        form = wire["post"]
        assert form is None or wire["presigned_url"] is None, "both a URL and a form"
        return cls(
            upload_id=wire["upload_id"],
            status=wire["status"],
            size_bytes=wire["file_size_bytes"],
            sha256=wire["file_hash"],
            storage_key=wire["s3_key"],
            expires_at=datetime.fromisoformat(wire["expires_at"]),
            url=form["url"] if form else wire["presigned_url"],
            headers=wire.get("required_headers") or {},
            fields=form and form["fields"],
            method=wire["method"],
            is_duplicate=wire["is_duplicate"],
            duplicate_of=wire["duplicate_of_upload_id"],
            skipped_unique_key=wire["skipped_unique_key"],
            existing_object_id=wire["existing_object_id"],
            object_id=wire["object_id"],
            task_id=wire["task_id"],
            part_size=wire["part_size"],
            part_count=wire["part_count"],
            auto_confirm=wire["auto_confirm"],
            deletes_at=None if wire["deletes_at"] is None else datetime.fromisoformat(wire["deletes_at"]),
        )


@dataclass(frozen=True, kw_only=True)
class ConfirmSeen:
    """The answer to a confirmation."""

    upload_id: str
    status: str
    size_bytes: int | None
    sha256: str | None
    is_duplicate: bool
    duplicate_of: str | None
    skipped_unique_key: bool
    existing_object_id: str | None
    object_id: str | None
    task_id: str | None

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> "ConfirmSeen":
        """Read it from the contract's response."""
        return cls(
            upload_id=wire["upload_id"],
            status=wire["status"],
            size_bytes=wire["file_size_bytes"],
            sha256=wire["file_hash"],
            is_duplicate=wire["is_duplicate"],
            duplicate_of=wire["duplicate_of_upload_id"],
            skipped_unique_key=wire["skipped_unique_key"],
            existing_object_id=wire["existing_object_id"],
            object_id=wire["object_id"],
            task_id=wire["task_id"],
        )


@dataclass(frozen=True)
class TaskSeen:
    """A task: its status, and of each item that has ended the code of its error, None without one."""

    status: str
    codes: Sequence[str | None]

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> "TaskSeen":
        """Read it from the contract's response."""
        return cls(wire["status"], [output.get("code") for output in wire["outputs"]])


@dataclass(frozen=True)
class PutSeen:
    """The answer of storage to a PUT; the ETag is without its quotes."""

    status: int
    etag: str | None


@dataclass(frozen=True)
class UrlSeen:
    """The URL for sending a file, and its headers."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class PartsSigned:
    """The URLs for sending parts, by number."""

    urls: Mapping[int, UrlSeen]


@dataclass(frozen=True)
class PartSeen:
    """A part that storage has."""

    part_number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True)
class Notified:
    """The number of events of a notification about existing uploads, and of others."""

    matched: int
    ignored: int


@dataclass(frozen=True)
class BlobSeen:
    """One file of an object."""

    upload_id: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class ObjectSeen:
    """An object: its files by property, its metadata, and when it is deleted."""

    blobs: Mapping[str, BlobSeen]
    title: str | None
    deletes_at: datetime | None


@dataclass(frozen=True)
class BucketSeen:
    """A bucket's counters."""

    object_count: int
    total_size_bytes: int


@dataclass(frozen=True)
class QuotaSeen:
    """The organization's use of storage."""

    limit_bytes: int | None
    reserved_bytes: int
    accepted_bytes: int


@dataclass(frozen=True)
class EventSeen:
    """One event of the feed. `raw`: the JSON as it is stored; `fact`: the same, read."""

    position: int
    stream_id: str
    version: int
    tag: str
    raw: bytes
    fact: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Confirm:
    """One of several concurrent requests. `parts`: numbers and ETags of those that the client names."""

    upload_id: str
    claim: Claim
    as_task: bool = False
    parts: tuple[tuple[int, str], ...] | None = None

    def wire(self) -> dict[str, Any]:
        """Return it as the body of the contract's request; the policy goes into the query."""
        named = [{"part_number": number, "etag": f'"{etag}"'} for number, etag in self.parts or ()]
        return self.claim.wire() | {"parts": named or None}


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """The same, canceling an upload, or deleting a finished one unless `only_open`.

    `keep_bytes`: `delete_s3_object=false`.
    """

    upload_id: str
    keep_bytes: bool = False
    only_open: bool = False


@dataclass(frozen=True, kw_only=True)
class Forget:
    """The same, the operator's: erase an upload."""

    upload_id: str


@dataclass(frozen=True, kw_only=True)
class Delete:
    """The same, deleting an object."""

    bucket: str
    object_id: str


@dataclass(frozen=True, kw_only=True)
class SignParts:
    """The same, requesting URLs of parts. `sizes`: of each, in bytes; None: the file's size was announced."""

    upload_id: str
    part_numbers: tuple[int, ...]
    sizes: tuple[int, ...] | None = None

    def wire(self) -> dict[str, object]:
        """Return the body of the request."""
        if self.sizes is None:
            return {"part_numbers": self.part_numbers}
        sized = zip(self.part_numbers, self.sizes, strict=True)
        return {"parts": [{"part_number": number, "size_bytes": size} for number, size in sized]}


@dataclass(frozen=True, kw_only=True)
class SignAgain:
    """The same, requesting more time."""

    upload_id: str


@dataclass(frozen=True, kw_only=True)
class Notify:
    """A notification of storage: an event of a key, a number of times.

    `etag` None: it does not say. `gone`: it was deleted. `elsewhere`: in another bucket.
    """

    upload_id: str
    storage_key: str
    etag: str | None = None
    gone: bool = False
    elsewhere: bool = False
    times: int = 1

    def wire(self, bucket: str) -> dict[str, Any]:
        """Return it in the form of S3. `bucket`: the name of Upwell's bucket."""
        record = {
            "eventName": "ObjectRemoved:Delete" if self.gone else "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": f"not-{bucket}" if self.elsewhere else bucket},
                "object": {"key": quote_plus(self.storage_key), "eTag": self.etag},
            },
        }
        return {"Records": [record] * self.times}


Request = Ask | Confirm | Cancel | Forget | Delete | SignParts | SignAgain | Notify
Answer = UploadSeen | ConfirmSeen | PartsSigned | Notified | Refused | None


class Outcome(enum.Enum):
    """The outcome of a call to storage. `LOST`: done, but its answer is lost; a read breaks off. `SLOW`: delayed."""

    WELL = "well"
    FAILS = "fails"
    LOST = "lost"
    SLOW = "slow"


OPERATIONS = (
    "head",
    "fetch",
    "read",
    "delete",
    "begin_multipart",
    "parts",
    "complete_multipart",
    "abort_multipart",
    "ping",
)


class NeverRestsError(AssertionError):
    """The worker finds work forever: its work leads to more of the same, without a pause."""


class System(Protocol):
    """A separate organization, with the buckets of `BUCKETS`.

    Calls block until the answer is there. Methods of powers that a system does not have are never called.
    """

    limits: Limits
    powers: Powers

    # The client

    def at_once(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Send these requests at the same time and return their answers in order; a single one is sent alone.

        A cancellation, an erasure or a deletion that is accepted is answered with None, `SignAgain` with the upload.
        """
        ...

    def announce_batch(self, asks: Sequence[Ask]) -> Sequence[UploadSeen] | Refused:
        """Announce files of one bucket in one request."""
        ...

    def confirm_batch(self, bucket: str, upload_ids: Sequence[str]) -> str:
        """Confirm uploads in one request, and return the id of the task."""
        ...

    def task(self, task_id: str) -> TaskSeen | Refused:
        """Get a task."""
        ...

    def put(self, url: str, headers: Mapping[str, str], body: bytes) -> PutSeen:
        """PUT to a presigned URL of a file or a part, as a client does: with these headers and this body's length."""
        ...

    def post(self, url: str, fields: Mapping[str, str], body: bytes) -> PutSeen:
        """POST a form with these fields and a file, as a page does."""
        ...

    def parts(self, upload_id: str) -> Sequence[PartSeen] | Refused:
        """List the parts that storage has."""
        ...

    def get(self, upload_id: str) -> UploadSeen | Refused:
        """Get an upload."""
        ...

    def uploads(self, bucket: str, status: str | None = None) -> Sequence[UploadSeen]:
        """List all of a bucket's uploads, newest first."""
        ...

    def bucket(self, bucket: str) -> BucketSeen:
        """Get a bucket."""
        ...

    def bucket_object(self, bucket: str, object_id: str) -> ObjectSeen | Refused:
        """Get an object."""
        ...

    # The operator, with a wider view

    def quota(self) -> QuotaSeen:
        """Return the organization's use of storage."""
        ...

    def set_quota(self, quota_bytes: int) -> None:
        """Change the organization's quota."""
        ...

    def feed(self, after: int) -> Sequence[EventSeen]:
        """Return all events of the whole log behind a position, in order."""
        ...

    def begins_after(self) -> int:
        """Return a position behind which all events of the organization are, including its creation."""
        ...

    def organization_id(self) -> str:
        """Return the organization of the relevant events; the feed may contain others."""
        ...

    def jobs(self) -> Mapping[tuple[str, str], datetime]:
        """Return the due times of jobs, by upload (or task) and kind."""
        ...

    def stored(self, storage_key: str) -> bytes | None:
        """Return the stored object of a key now."""
        ...

    def verified_bytes(self, upload_id: str) -> bytes | None:
        """Return the bytes that a completed upload was completed with, if storage still has them."""
        ...

    def multiparts(self) -> Collection[tuple[str, str]]:
        """Return storage key and id of all multipart uploads that were neither completed nor aborted."""
        ...

    def work(self) -> None:
        """Run a worker until nothing is due; raise `NeverRestsError` if that does not end."""
        ...

    # Time and trouble

    def now(self) -> datetime:
        """Return the time of the service."""
        ...

    def storage_now(self) -> datetime:
        """Return the time of storage, which checks the expiry of URLs."""
        ...

    def pass_time(self, by: timedelta) -> None:
        """Let time pass (`passes_time`)."""
        ...

    def break_storage(self, outcomes: Sequence[Outcome], *, operation: str | None, reads_fail: bool) -> None:
        """Set the outcomes of the next calls to storage, or of those of one of `OPERATIONS` (`breaks_storage`).

        What comes after them works again, except for reading if `reads_fail`, which fails until `mend_storage`.
        """
        ...

    def mend_storage(self) -> None:
        """Repair storage (`breaks_storage`)."""
        ...

    def interrupted(self, request: Request | None, steps: int) -> None:
        """Drop a request, or the worker's next jobs (None), after so many steps of the event loop (`interrupts`)."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...
