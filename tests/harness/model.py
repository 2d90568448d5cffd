"""The observable behaviour of Upwell for a client, as simple as possible: the design, not the code.

The model gets the requests, and then follows the feed: each event must be one that the design allows at that very
moment, and means what the design says. So it knows nothing of threads, retries or batches: with any interleaving,
the log has one order, and in this order everything must be right. What *must* have happened by now (a worker that has
rested, a confirmation that was answered) it says as duties.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tests.harness.records import (
    CANCELED,
    COMPLETED,
    FAILED,
    FORGOTTEN,
    IN_PROGRESS,
    OPEN,
    PENDING,
    PROCESSING,
    SKIPPED,
    WAITING,
    Admission,
    Bad,
    Give,
    Good,
    Known,
    Object,
    Part,
    Skip,
    Upload,
    etag_of_parts,
    later,
    sha256,
    sooner,
)
from tests.harness.system import (
    UNIQUE_BUCKET,
    Ask,
    BucketSeen,
    Cancel,
    Claim,
    Confirm,
    EventSeen,
    Limits,
    Notify,
    PartSeen,
    Refused,
)

# How long a worker may take after a failure until it has tried again: the maximum pause of retries.
PATIENCE = timedelta(minutes=16)
# The maximum number of parts of a storage.
MAX_PARTS = 10_000
# How long a worker leaves a confirmation alone whose caller may have died.
INTERRUPTED = timedelta(minutes=5)


class Model:
    """The state of one organization, by the design."""

    def __init__(self, limits: Limits, *, versioned: bool) -> None:
        self.limits = limits
        self.quota_bytes = limits.quota_bytes
        self.versioned = versioned
        self.uploads: dict[str, Upload] = {}
        self.objects: list[Object] = []
        self.deleted: list[Object] = []
        self.versions: dict[str, int] = {}
        # The requests under way: the feed must not show anything else.
        self.asked: dict[str, Upload] = {}
        self.confirming: dict[str, Confirm] = {}
        self.batched: dict[str, list[str]] = {}  # the uploads of the tasks that are not known to have ended
        self.canceling: dict[str, Cancel] = {}
        self.forgetting: set[str] = set()
        self.deleting: set[str] = set()
        self.signing: set[str] = set()
        self.prolonging: set[str] = set()
        self.announced: set[str] = set()
        self.orphans: set[tuple[str, str]] = set()  # multipart uploads that storage began during a failure
        self.working = False
        self.troubled = False
        self.trouble_ended: datetime | None = None
        self._unborn: Object | None = None
        self._put_into: Object | None = None
        self._avoided: set[Upload] = set()
        self._going: set[Upload] = set()
        self._heir_of: tuple[Upload, Upload] | None = None

    # State

    @property
    def reserved(self) -> int:
        """The reserved bytes."""
        return sum(upload.reserved for upload in self.uploads.values())

    @property
    def accepted(self) -> int:
        """The accepted bytes."""
        return sum(upload.accepted for upload in self.uploads.values())

    @property
    def used(self) -> int:
        """The bytes that count against the quota."""
        return self.reserved + self.accepted

    def in_bucket(self, bucket: str) -> list[Upload]:
        """Return the uploads that a list shows, newest first."""
        return [
            upload
            for upload in reversed(self.uploads.values())
            if upload.ask.bucket == bucket and upload.status != FORGOTTEN
        ]

    def counters(self, bucket: str) -> BucketSeen:
        """Return a bucket's counters."""
        return BucketSeen(
            object_count=sum(each.bucket == bucket for each in self.objects),
            total_size_bytes=sum(each.accepted for each in self.uploads.values() if each.ask.bucket == bucket),
        )

    def original(self, bucket: str, digest: str, ends_at: datetime | None) -> Upload | None:
        """Return the upload that later ones with these bytes are duplicates of: the lowest position wins.

        An upload that ends sooner than they do is none.
        """
        for upload in self.uploads.values():
            if (
                upload.ask.bucket == bucket
                and upload.status == COMPLETED
                and upload.ask.skip_duplicates
                and not sooner(upload.first_end, ends_at)
                and upload.keeps
                and upload.changed_etag is None
                and upload.content is not None
                and sha256(upload.content) == digest
            ):
                return upload
        return None

    def owner(self, ask: Ask) -> Object | None:
        """Return the object that has the unique key, if any."""
        if ask.bucket != UNIQUE_BUCKET or not ask.create_object:
            return None
        return next((each for each in self.objects if (each.bucket, each.title) == (ask.bucket, ask.title)), None)

    def room(self, size_bytes: int, reserved: int = 0) -> bool:
        """Return whether the quota has room for this, of which some may be reserved already."""
        more = size_bytes - reserved
        return more <= 0 or self.used + more <= self.quota_bytes

    def end(self, ask: Ask, now: datetime) -> datetime | None:
        """Return when an upload ends that is completed now."""
        return None if ask.expires_after_seconds is None else now + timedelta(seconds=ask.expires_after_seconds)

    # Decisions

    def admission(self, ask: Ask, now: datetime) -> Admission:
        """Return the outcome of an announcement: limit, unique key, duplicate, quota, in this order."""
        if ask.size_bytes is not None and ask.size_bytes > self.limits.file_size_bytes:
            return Refused(403, "file_too_large")
        owner = self.owner(ask)
        if owner is not None:
            return Skip(owner)
        known = (
            self.original(ask.bucket, ask.sha256, self.end(ask, now)) if ask.sha256 and ask.skip_duplicates else None
        )
        if known is not None and not self._is_judged_first(ask, known) and not self._would_end(ask, known, now):
            return Known(known, wants_object=ask.create_object)
        if not self.room(ask.size_bytes or 0):
            return Refused(403, "quota_exceeded")
        return Give()

    @staticmethod
    def _is_judged_first(ask: Ask, known: Upload) -> bool:
        """Return whether an object would be made of bytes that are not of the announced size: they are sent."""
        makes = ask.create_object and known.object is None
        return makes and ask.size_bytes not in {None, len(known.content or b"")}

    def _would_end(self, ask: Ask, known: Upload, now: datetime) -> bool:
        """Return whether an original would end early, with an object that would be made of its bytes."""
        if not ask.create_object or known.object is not None:
            return False
        return sooner(self.end(ask, now), known.ends_at)

    def batch(self, asks: Sequence[Ask], now: datetime) -> Sequence[Admission] | Refused:
        """Return the outcome of files that are announced together: all of them are admitted or none."""
        admissions = [self.admission(ask, now) for ask in asks]
        made: dict[str, Upload] = {}
        for index, (ask, each) in enumerate(zip(asks, admissions, strict=True)):
            if isinstance(each, Known) and each.wants_object and each.original.object is None:
                if each.original in made.values():
                    continue
                if made.setdefault(ask.title, each.original) is not each.original and ask.bucket == UNIQUE_BUCKET:
                    admissions[index] = Give()  # it finds the object with its key when its bytes are verified
        too_large = Refused(403, "file_too_large")
        if too_large in admissions:
            return too_large
        wanted = sum(
            ask.size_bytes or 0 for ask, each in zip(asks, admissions, strict=True) if isinstance(each, Give | Refused)
        )
        return admissions if self.room(wanted) else Refused(403, "quota_exceeded")

    def verdict(self, upload: Upload, now: datetime) -> Good | Bad:
        """Return the outcome of the stored bytes: contradiction, duplicate, unique key, quota."""
        ask, body = upload.ask, upload.stored
        assert body is not None, "there are no bytes to verify"
        wrong = self._wrong(upload, body)
        if wrong is not None:
            return Bad(wrong)
        ends_at = self.end(ask, now)
        original = self.original(ask.bucket, sha256(body), ends_at) if ask.skip_duplicates else None
        if not ask.create_object or (original is not None and original.object is not None):
            good = Good(original, existing=None, makes=False, into=None)
        else:
            owner, policy = self.owner(ask), upload.claim.policy or "insert"
            if owner is not None and policy == "insert":
                good = Good(original, existing=owner, makes=False, into=None)
            elif owner is None and policy == "update" and ask.bucket == UNIQUE_BUCKET:
                return Bad("object_not_found")
            else:
                object_ends_at = later(owner.ends_at, ends_at) if owner else ends_at
                if original is not None and sooner(object_ends_at, original.ends_at):
                    original = None  # it would end with the object
                good = Good(original, existing=None, makes=owner is None, into=owner)
        if good.keeps and not self.room(len(body), upload.reserved):
            return Bad("quota_exceeded")
        return good

    def _wrong(self, upload: Upload, body: bytes) -> str | None:
        """Return what is wrong with the bytes themselves: ETag, size, limit, hash, in this order."""
        ask, claim = upload.ask, upload.claim
        if claim.etag is not None and claim.etag.strip('"') != upload.etag:
            return "etag_mismatch"
        if any(promised not in {None, len(body)} for promised in (ask.size_bytes, claim.size_bytes)):
            return "size_mismatch"
        if len(body) > self.limits.file_size_bytes:
            return "file_too_large"
        if ask.sha256 not in {None, sha256(body)}:
            return "hash_mismatch"
        return None

    def assembly(self, upload: Upload, named: Sequence[tuple[int, str]] | None) -> list[Part] | Refused:
        """Return the parts that make up the file: all that storage has, or the named ones; or the problems."""
        parts, size_bytes = dict(sorted(upload.parts.items())), upload.ask.size_bytes
        if named is not None:
            etags = dict(named)
            differing = [number for number, part in parts.items() if etags.get(number, part.etag) != part.etag]
            if differing:
                return Refused(400, "parts_differ", tuple(differing))
            absent = sorted(etags.keys() - parts.keys())
            if absent:
                return Refused(400, "content_not_found", tuple(absent))
            parts = {number: parts[number] for number in sorted(etags)}
        last = upload.part_count or max(parts, default=1)
        wrong = [number for number in range(1, last + 1) if number not in parts]
        if not wrong or size_bytes is not None:
            wrong += [number for number, part in parts.items() if not self._fits(upload, number, part, last)]
        return Refused(400, "content_not_found", tuple(wrong)) if wrong else list(parts.values())

    def _fits(self, upload: Upload, number: int, part: Part, last: int) -> bool:
        """Return whether a part has the size that it must have."""
        if upload.part_size is None or upload.ask.size_bytes is None:
            return number == last or len(part.body) >= self.limits.least_part_bytes
        whole = upload.part_size
        return len(part.body) == (whole if number < last else upload.ask.size_bytes - whole * (last - 1))

    def put_together(self, upload: Upload, parts: Sequence[Part]) -> None:
        """Assemble one file of parts; the others are removed."""
        assert upload.multipart is not None, "missing parts were assembled"
        upload.multipart, upload.parts = None, {}
        upload.store(b"".join(part.body for part in parts), etag_of_parts(parts))

    def refusal_to_confirm(self, upload: Upload, named: Sequence[tuple[int, str]] | None) -> Refused | None:
        """Return why this upload cannot be confirmed, if its state says so."""
        if upload.status == FORGOTTEN:
            return Refused(404, "upload_not_found")
        if upload.status in {FAILED, CANCELED, SKIPPED}:
            return Refused(400, f"upload_{upload.status.lower()}")
        if upload.status in WAITING and upload.stored is None:
            found = Refused(400, "content_not_found") if upload.status == PENDING else self.assembly(upload, named)
            return found if isinstance(found, Refused) else None
        return None

    def refusal_to_sign(
        self, upload: Upload, part_numbers: Sequence[int] | None, sizes: Sequence[int] | None = None
    ) -> Refused | None:
        """Return why these parts cannot be signed, or, None, the upload cannot be given more time, if so."""
        if upload.status == FORGOTTEN:
            return Refused(404, "upload_not_found")
        if upload.status not in WAITING:
            ended = upload.status in {FAILED, CANCELED, SKIPPED}
            return Refused(400, f"upload_{upload.status.lower()}" if ended else "wrong_state")
        if part_numbers is None:
            return None
        if upload.part_size is None:
            return Refused(400, "not_in_parts")
        beyond = any(number > (upload.part_count or MAX_PARTS) for number in part_numbers)
        if beyond or len(set(part_numbers)) < len(part_numbers):
            return Refused(422, "invalid_part_numbers")
        ends = [(number - 1) * upload.part_size + size for number, size in zip(part_numbers, sizes or (), strict=False)]
        too_large = any(end > self.limits.file_size_bytes for end in ends)
        return Refused(403, "file_too_large") if too_large else None

    def listed_parts(self, upload: Upload) -> Sequence[PartSeen] | Refused:
        """Return the list of the parts."""
        if upload.status == FORGOTTEN:
            return Refused(404, "upload_not_found")
        if upload.status not in WAITING:
            return Refused(400, "wrong_state")
        if upload.part_size is None:
            return Refused(400, "not_in_parts")
        if upload.status == IN_PROGRESS and upload.multipart is None:
            return Refused(400, "parts_gone")
        return [PartSeen(number, len(part.body), part.etag) for number, part in sorted(upload.parts.items())]

    def notified(self, notification: Notify, now: datetime) -> None:
        """Record a notification about a completed upload: a worker has to check it."""
        upload = self.uploads[notification.upload_id]
        etag = None if notification.gone else notification.etag or "?"
        if (
            upload.status == COMPLETED
            and upload.keeps
            and not self.versioned
            and not notification.elsewhere
            and notification.storage_key == upload.storage_key
            and (etag or "") not in {upload.content_etag, upload.changed_etag}
        ):
            upload.recheck_at = now

    def refusal_to_cancel(self, upload: Upload, cancel: Cancel) -> Refused | None:
        """Return why this upload cannot be canceled or deleted, if so."""
        keep_bytes = cancel.keep_bytes
        if upload.status == FORGOTTEN:
            return Refused(404, "upload_not_found")
        if upload.status in {COMPLETED, SKIPPED} and keep_bytes and not cancel.only_open:
            return Refused(400, "bytes_go_with_upload")
        if upload.status in {COMPLETED, SKIPPED}:
            return Refused(400, "upload_completed") if cancel.only_open or upload.held else None
        if keep_bytes and upload.status in OPEN and not self.room(len(upload.stored or b""), upload.reserved):
            return Refused(403, "quota_exceeded")
        return None

    def refusal_to_delete(self, object_id: str) -> Refused | None:
        """Return why this object cannot be deleted, if so."""
        there = any(each.object_id == object_id for each in self.objects)
        return None if there else Refused(404, "object_not_found")

    def refusal_to_forget(self, upload: Upload) -> Refused | None:
        """Return why this upload cannot be forgotten, if so."""
        if upload.status in OPEN:
            return Refused(400, "wrong_state")
        return Refused(400, "held_by_object") if upload.held else None

    # Events

    def follow(self, event: EventSeen, now: datetime) -> None:
        """Apply the next event of the feed; fail if the design does not allow it here."""
        version = self.versions.get(event.stream_id, 0) + 1
        assert event.version == version, f"{event.stream_id} goes on with version {event.version}, not {version}"
        self.versions[event.stream_id] = version
        self._foresee(now)
        used = self.used
        match event.tag.split("."):
            case ["upload", "duplicate_avoided", "v1"]:
                named = self.uploads[event.fact["original_upload_id"]]
                ends_at = event.fact["request"].get("deletes_at")
                until = None if ends_at is None else datetime.fromisoformat(ends_at)
                known = self.original(named.ask.bucket, event.fact["sha256"], until)
                assert known is named, f"the event names an upload that is no original: {event.fact}"
                self._avoided.add(known)
            case ["upload", "requested" | "skipped" as what, "v1"]:
                self._begin(what, event, now)
            case ["upload", what, "v1"]:
                upload = self.uploads.get(event.stream_id)
                assert upload is not None, f"{event.tag} of an upload that was not requested"
                upload.tags.append(event.tag)
                self._go_on(upload, what, event, now)
            case ["object", what, "v1"]:
                self._follow_object(what, event, now)
            case _:
                pass  # organizations, keys, namespaces, buckets: created by the harness
        assert self.used <= max(used, self.quota_bytes), f"{event.tag} takes {self.used} bytes of {self.quota_bytes}"

    def followed(self) -> None:
        """Report that the feed has reached its end for now: no command may be partly appended."""
        assert self._unborn is None, "an upload completed, and its object was not made with it"
        assert self._put_into is None, "an upload completed, and its object was not updated with it"
        assert not self._going, "an object was deleted, and its uploads were not forgotten with it"
        self._avoided.clear()
        for upload in self.uploads.values():
            upload.once_bad.clear()

    def _foresee(self, now: datetime) -> None:
        """Record how each verification would end now.

        What the log demands of a completion it checks at the place where the completion stands. A refusal was right
        when it was found, and what comes of it is appended a little later; for a small file even the beginning is.
        """
        for upload in self.uploads.values():
            if upload.status == PROCESSING or (upload.status in WAITING and upload.stored is not None):
                verdict = self.verdict(upload, now)
                if isinstance(verdict, Bad):
                    upload.once_bad.add(verdict.reason)

    def _go_on(  # noqa: C901, PLR0912  # one arm for every event
        self, upload: Upload, what: str, event: EventSeen, now: datetime
    ) -> None:
        where = f"{event.tag} of {upload.upload_id}, which is {upload.status}"
        match what, upload.status:
            case "started", "PENDING":
                assert upload.upload_id in self.signing, f"{where}: no part was requested"
                assert upload.part_size is not None, where
                upload.status, upload.multipart = IN_PROGRESS, event.fact["multipart_id"]
            case "url_reissued", "PENDING" | "IN_PROGRESS":
                self._prolong(upload, event, now)
            case "verification_began", "PENDING" | "IN_PROGRESS":
                self._verification_began(upload, event, now)
            case "verified", "PROCESSING":
                assert upload.content is None, where
                upload.content, upload.content_etag = upload.stored, upload.etag
            case "completed", "PROCESSING":
                self._complete(upload, now)
            case "verification_abandoned", "PROCESSING":
                assert self.troubled, f"{where}: storage was well"
                upload.status, upload.worker_from = upload.before, now + PATIENCE
            case "failed", "PENDING" | "IN_PROGRESS" | "PROCESSING":
                self._fail(upload, event.fact["reason"], now)
            case "canceled", "PENDING" | "IN_PROGRESS" | "PROCESSING" | "FAILED":
                self._cancel(upload, event.fact["keeps_bytes"], now)
            case "content_changed", "COMPLETED":
                self._content_changed(upload, event.fact["etag"], now)
            case "bytes_inherited", "COMPLETED":
                self._inherit(upload, self.uploads[event.fact["from_upload_id"]])
            case "deleted", "COMPLETED" | "SKIPPED":
                cancel = self.canceling.get(upload.upload_id)
                assert cancel is not None, f"{where}: it was not requested"
                assert not cancel.only_open, f"{where}: it was asked for only if it is open"
                assert not cancel.keep_bytes, f"{where}: its bytes were to be kept"
                self._go(upload, event, now)
            case "forgotten", "COMPLETED" | "FAILED" | "CANCELED" | "SKIPPED":
                self._forget(upload, event, now)
            case _:
                raise AssertionError(where)

    def _prolong(self, upload: Upload, event: EventSeen, now: datetime) -> None:
        asked = upload.upload_id in self.prolonging
        assert asked or upload.upload_id in self.signing, "an upload got more time without a request"
        expires_at = datetime.fromisoformat(event.fact["expires_at"])
        expected = now + timedelta(seconds=upload.ask.expires_in_seconds)
        assert asked or expires_at > upload.expires_at, "an upload got more time that it has already"
        assert timedelta(0) <= expected - expires_at < timedelta(seconds=1), "it got another time than requested"
        upload.expires_at, upload.due_at = expires_at, expires_at + self.limits.grace

    def _fail(self, upload: Upload, reason: str, now: datetime) -> None:
        if upload.status in WAITING:
            assert self.working, "an upload expired while no worker ran"
            assert now >= upload.due_at, "it is too early to expire"
            assert upload.stored is None, "an upload expired, and its bytes are there"
            assert not self._is_whole(upload), "an upload expired, and all its parts are there"
            assert reason == "expired"
        else:
            assert reason in upload.once_bad, (
                f"{upload.upload_id} failed: {reason}, expected {self.verdict(upload, now)}"
            )
        self._end(upload, FAILED, now)
        upload.reason = reason

    def _is_whole(self, upload: Upload) -> bool:
        """Return whether it is known that all parts are there: the number of parts may be unknown."""
        known = upload.status == IN_PROGRESS and upload.ask.size_bytes is not None
        return known and not isinstance(self.assembly(upload, None), Refused)

    def _content_changed(self, upload: Upload, etag: str | None, now: datetime) -> None:
        assert not self.versioned, "bytes changed that were pinned"
        assert upload.keeps, "bytes changed that no upload keeps"
        assert upload.has_other_bytes, "bytes changed, and are the same"
        assert etag == upload.etag, "bytes changed, and are others"
        assert self.working, "bytes changed while no worker ran"
        assert upload.recheck_at is not None
        assert now >= upload.recheck_at, "the worker checked too early"
        upload.changed_etag, upload.changed_at = etag or "", now

    def _inherit(self, heir: Upload, original: Upload) -> None:
        """Let a duplicate keep the bytes of its original, which is deleted next.

        The first one, except for those whose confirm was sent together with the deletion: the deletion may have been
        decided before they were completed.
        """
        standing = [
            each for each in self.uploads.values() if each.duplicate_of is original and each.status == COMPLETED
        ]
        assert heir in standing, f"{heir.upload_id} inherits, expected one of {standing}"
        earlier = standing[: standing.index(heir)]
        assert self.confirming.keys() >= {each.upload_id for each in earlier}, f"{heir.upload_id} before {earlier}"
        assert original.keeps, "bytes were inherited that no upload keeps"
        assert original.changed_etag is None, "other bytes were inherited"
        original.swap(heir)
        original.keeps, heir.keeps = False, True
        heir.accepted, original.accepted = original.accepted, 0
        heir.content_etag, heir.object, heir.duplicate_of = original.content_etag, None, None
        heir.recheck_at = original.recheck_at
        for each in standing:
            if each is not heir:
                each.duplicate_of = heir
        self._heir_of = (original, heir)

    def _standing_on(self, original: Upload) -> list[Upload]:
        return [each for each in self.uploads.values() if each.duplicate_of is original and each.status == COMPLETED]

    def _go(self, upload: Upload, event: EventSeen, now: datetime) -> None:
        """Remove a record, with its bytes unless a duplicate has inherited them."""
        assert not upload.held, "an upload is gone, and an object holds it"
        heir_id, deletions, skipped = event.fact.get("heir_id"), upload.deletions, upload.status == SKIPPED
        if heir_id is None:
            left = self._standing_on(upload)
            assert not left or not upload.keeps or upload.changed_etag is not None, f"{left} were robbed"
        else:
            assert self._heir_of == (upload, self.uploads[heir_id]), "bytes went to another upload"
        self._heir_of = None
        self._end(upload, FORGOTTEN, now)
        if heir_id is not None:
            upload.deletions = deletions
        if skipped:
            upload.deletions = []  # it never had a URL
        upload.forget_at = None

    def _forget(self, upload: Upload, event: EventSeen, now: datetime) -> None:
        if upload in self._going:
            self._going.remove(upload)
        elif upload.upload_id not in self.forgetting:
            assert self.working, "an upload was forgotten without a request"
            assert upload.forget_at is not None
            assert now >= upload.forget_at, "it is too early to forget"
        self._go(upload, event, now)

    def _begin(self, what: str, event: EventSeen, now: datetime) -> None:
        upload = self.asked.pop(event.stream_id, None)
        assert upload is not None, f"{event.tag} of an upload that was not requested"
        admission = self.admission(upload.ask, now)
        self.uploads[upload.upload_id] = upload
        upload.tags.append(event.tag)
        if what == "skipped":
            assert isinstance(admission, Skip), f"skipped, expected {admission}"
            upload.existing, upload.forget_at = admission.existing, now + self.limits.retention
        else:
            assert admission == Give(), f"a URL was issued, expected {admission}"
            upload.reserved = upload.ask.size_bytes or 0
            upload.ends_at = self.end(upload.ask, now)

    def _verification_began(self, upload: Upload, event: EventSeen, now: datetime) -> None:
        confirm = self.confirming.get(upload.upload_id)
        if confirm is None and self.working and any(upload.upload_id in each for each in self.batched.values()):
            confirm = Confirm(upload_id=upload.upload_id, claim=Claim())
        seen_by = event.fact["seen_by"]
        if upload.status == IN_PROGRESS and upload.stored is None:
            assert seen_by == "confirm" or self._is_whole(upload), "verification began, and parts may be missing"
            parts = self.assembly(upload, confirm.parts if confirm and seen_by == "confirm" else None)
            assert not isinstance(parts, Refused), f"verification began, expected {parts}"
            self.put_together(upload, parts)
        assert upload.stored is not None, "verification began, and nothing is stored"
        if seen_by == "confirm":
            assert confirm is not None, "verification began without a confirmation"
            upload.claim = confirm.claim
            as_task = confirm.as_task or len(upload.stored) >= self.limits.inline_limit_bytes
        elif seen_by == "storage_event":
            assert upload.upload_id in self.announced, "verification began without a notification"
            assert upload.ask.confirms_itself, "verification began, and storage's word is not enough"
            as_task = True
        else:
            assert self.working, "verification began while no worker ran"
            assert now >= upload.due_at or upload.task_id is not None, "the worker checked too early"
            as_task = True
        assert upload.task_id in {None, event.fact["task_id"]}, "the task of an upload changed"
        upload.task_id = event.fact["task_id"]
        upload.before, upload.status = upload.status, PROCESSING
        upload.worker_from = now if as_task else now + INTERRUPTED

    def _complete(self, upload: Upload, now: datetime) -> None:
        assert upload.content is not None, "completed, and not verified"
        good = self.verdict(upload, now)
        assert isinstance(good, Good), f"{upload.upload_id} completed, expected {good}"
        holder = good.original or upload
        upload.duplicate_of, upload.existing = good.original, good.existing
        self._end(upload, COMPLETED, now)
        upload.ends_at = self.end(upload.ask, now)
        upload.forget_at = upload.ends_at
        if good.keeps:
            upload.keeps, upload.accepted, upload.deletions = True, len(upload.content), []
            upload.recheck_at = upload.due_at
        if good.makes:
            blobs = {upload.ask.blob_property: holder}
            made = Object(upload.ask.bucket, upload.ask.title, blobs, ends_at=upload.ends_at)
            self.objects.append(made)
            self._unborn = holder.object = upload.object = made
        elif good.into is not None:
            self._put_blob(good.into, upload.ask.blob_property, holder)
            good.into.ends_at = later(good.into.ends_at, upload.ends_at)
            self._put_into = holder.object = upload.object = good.into
        elif good.original is not None and good.existing is None:
            upload.object = good.original.object
        for each in (holder, upload):
            if each.held:
                each.forget_at = None

    @staticmethod
    def _put_blob(into: Object, blob_property: str, holder: Upload) -> None:
        replaced = into.blobs.get(blob_property)
        into.blobs[blob_property] = holder
        if replaced is not None and not into.holds(replaced):
            replaced.object = None
            replaced.forget_at = replaced.ends_at

    def _cancel(self, upload: Upload, keeps: bool, now: datetime) -> None:
        assert upload.upload_id in self.canceling, f"{upload.upload_id} was canceled without a request"
        if keeps and upload.stored is None:  # a confirmation has assembled it at this moment
            parts = self.assembly(upload, self.confirming[upload.upload_id].parts)
            assert not isinstance(parts, Refused), f"bytes were kept, expected {parts}"
            self.put_together(upload, parts)
        can_keep = self.canceling[upload.upload_id].keep_bytes and upload.status != FAILED and upload.stored is not None
        assert keeps == can_keep, f"{upload.upload_id} was canceled, and keeps its bytes: {keeps}"
        self._end(upload, CANCELED, now)
        if keeps:
            upload.keeps, upload.accepted, upload.deletions = True, len(upload.stored or b""), []

    def _end(self, upload: Upload, status: str, now: datetime) -> None:
        """Nothing is reserved, kept or awaited now; the bytes are deleted now, and again when the URL has expired."""
        upload.status = status
        upload.content = upload.content if status == COMPLETED else None
        upload.reserved = upload.accepted = 0
        upload.keeps = False
        upload.worker_from = upload.recheck_at = None
        upload.forget_at = now + self.limits.retention
        upload.ends_at = None
        upload.deletions = [now, upload.due_at]

    def _follow_object(self, what: str, event: EventSeen, now: datetime) -> None:
        if what == "created":
            made = self._unborn or self._of_known_bytes(event)
            made.object_id, self._unborn = event.stream_id, None
        elif what == "deleted":
            gone = next((each for each in self.objects if each.object_id == event.stream_id), None)
            assert gone is not None, "an object was deleted that is not there"
            if gone.object_id not in self.deleting:
                assert self.working, "an object was deleted without a request"
                assert gone.ends_at is not None, "an object was deleted that has no end"
                assert now >= gone.ends_at, "it is too early to delete an object"
            self.objects.remove(gone)
            self.deleted.append(gone)
            self._going, gone.blobs = set(gone.blobs.values()), {}
            assert set(event.fact["forgotten_upload_ids"]) == {upload.upload_id for upload in self._going}
            assert event.fact["released_upload_ids"] == [], "no other object holds it"
        else:
            assert self._put_into is not None, "an object was changed, and no upload wanted it"
            assert self._put_into.object_id == event.stream_id
            self._put_into = None

    def _of_known_bytes(self, event: EventSeen) -> Object:
        """Return the object that was created for announced bytes that are known and that no object holds."""
        (blob,) = event.fact["blobs"]
        holder, ends_at = self.uploads[blob["upload_id"]], event.fact.get("deletes_at")
        assert holder in self._avoided, "an object was created without a request"
        assert holder.object is None, "an object was made of bytes that are in one"
        assert not sooner(None if ends_at is None else datetime.fromisoformat(ends_at), holder.ends_at), "robbed"
        made = Object(
            holder.ask.bucket,
            event.fact["metadata"]["title"],
            {blob["property"]: holder},
            ends_at=None if ends_at is None else datetime.fromisoformat(ends_at),
        )
        if made.bucket == UNIQUE_BUCKET:
            assert all((each.bucket, each.title) != (made.bucket, made.title) for each in self.objects), "a key taken"
        self.objects.append(made)
        holder.object, holder.forget_at = made, None
        return made

    # Invariants

    def patient(self, now: datetime) -> bool:
        """Return whether a failure is so recent that work may be late."""
        return self.troubled or (self.trouble_ended is not None and now < self.trouble_ended + PATIENCE)

    def delete_due(self, now: datetime) -> list[Upload]:
        """Return the uploads whose bytes an idle worker must have deleted, and clear that list."""
        due = [upload for upload in self.uploads.values() if any(at <= now for at in upload.deletions)]
        for upload in due:
            upload.deletions = [at for at in upload.deletions if at > now]
        return due

    def restore_due(self, now: datetime) -> list[Upload]:
        """Return the uploads whose verified version an idle worker must have made the current one again."""
        due = [each for each in self.covered() if each.recheck_at is not None and now >= each.recheck_at]
        for upload in due:
            upload.stored, upload.etag = upload.content, upload.content_etag
        return due

    def covered(self) -> Iterable[Upload]:
        """Return the uploads with other bytes above their verified version."""
        return [
            each
            for each in self.uploads.values()
            if self.versioned
            and each.keeps
            and each.status == COMPLETED
            and each.stored is not None
            and each.has_other_bytes
        ]

    def overdue(self, now: datetime) -> Iterable[str]:
        """Return the work that an idle worker should have done, and has not."""
        for upload in self.uploads.values():
            name = f"{upload.upload_id} ({upload.status})"
            if upload.status == PROCESSING and upload.worker_from is not None and now >= upload.worker_from:
                yield f"{name} should be verified"
            if upload.status in WAITING and now >= upload.due_at:
                yield f"{name} should have ended with its URL"
            if upload.status in WAITING and upload.worker_from is not None and now >= upload.worker_from:
                yield f"{name} should be verified again"
            just_changed = upload.changed_at == now  # the job that forgets it tries again in a moment
            if upload.forget_at is not None and now >= upload.forget_at and not just_changed:
                yield f"{name} should be forgotten"
            if upload.recheck_at is not None and now >= upload.recheck_at:
                if upload.has_other_bytes and not self.versioned:
                    yield f"{name} has other bytes now, without an event"
                upload.recheck_at = upload.due_at if upload.due_at > now else None

        for each in self.objects:
            if each.ends_at is not None and now >= each.ends_at:
                yield f"{each.object_id} should be deleted"

    def jobs(self, upload: Upload) -> set[str]:
        """Return the kinds of jobs that an upload has: open uploads will be ended, and unneeded bytes deleted."""
        kinds: set[str] = set()
        if upload.status in WAITING:
            kinds |= {"expire"} if upload.task_id is None else {"expire", "verify"}  # abandoned for now: tried again
        elif upload.status == PROCESSING:
            kinds.add("verify")
        elif upload.forget_at is not None:
            kinds.add("forget")
        return kinds
