"""The observations of a system, compared with the model: answers, the feed, storage, tasks and lists."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from tests.harness.model import Model
from tests.harness.records import (
    CANCELED,
    COMPLETED,
    FAILED,
    FORGOTTEN,
    IN_PROGRESS,
    OPEN,
    PENDING,
    PROCESSING,
    WAITING,
    Admission,
    Give,
    Known,
    Skip,
    Upload,
    Url,
    sha256,
)
from tests.harness.system import (
    BUCKETS,
    CONTENT_TYPE,
    Answer,
    Ask,
    BlobSeen,
    Cancel,
    Confirm,
    ConfirmSeen,
    Delete,
    Forget,
    Notified,
    Notify,
    ObjectSeen,
    PartsSigned,
    QuotaSeen,
    Refused,
    Request,
    SignAgain,
    SignParts,
    System,
    TaskSeen,
    UploadSeen,
    UrlSeen,
)
from tests.harness.wishes import (
    About,
    Wish,
)

BUSY = Refused(400, "busy")
STORAGE_UNAVAILABLE = Refused(503, "storage_unavailable")


@dataclass
class Tally:
    """Statistics of the attempts; shrinking counts too."""

    examples: int = 0
    steps: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """Return it in lines for a person."""
        rules = ", ".join(f"{name} {count}" for name, count in sorted(self.rules.items()))
        events = ", ".join(f"{tag} {count}" for tag, count in sorted(self.events.items()))
        return f"{self.examples} examples, {self.steps} steps\n  rules: {rules}\n  events: {events}"


class Watching(RuleBasedStateMachine):
    """Follows a separate system with a model, and compares. `UploadMachine` chooses the actions."""

    def __init__(self, system: System, tally: Tally) -> None:
        super().__init__()
        self.system = system
        self.tally = tally
        self.model = Model(system.limits, versioned=system.powers.versioned)
        self.wishes: dict[str, Wish] = {}
        self.position = system.begins_after()
        self.counted: dict[str, int] = {"reserved": 0, "accepted": 0}
        self.touched: set[str] = set()
        self.trouble_lasts = -1
        tally.examples += 1
        self._follow()

    def teardown(self) -> None:
        """Check everything again, including what was skipped for speed."""
        try:
            if sys.exc_info()[0] is not None:
                return  # a step has failed: further problems do not matter
            self._check_storage(self.model.uploads.values())
            self._check_multiparts()
            self._check_objects(everything=True)
            self._check_buckets(BUCKETS)
        finally:
            self.system.close()

    @invariant()
    def lists_and_counters_are_right(self) -> None:
        """All uploads, and the counters of their buckets, equal the model's, at one of two moments if necessary."""
        looked_at = BUCKETS if self.system.powers.quick else BUCKETS[self.tally.steps % len(BUCKETS) :][:1]
        self._check_buckets(looked_at)

    @invariant()
    def the_quota_is_right(self) -> None:
        """The sums equal the model's, and a replay of the log."""
        model = self.model
        assert self.system.quota() == QuotaSeen(model.quota_bytes, model.reserved, model.accepted)
        assert self.counted == {"reserved": model.reserved, "accepted": model.accepted}

    @invariant()
    def objects_are_right(self) -> None:
        """Objects hold the blobs that they should."""
        self._check_objects(everything=self.system.powers.quick)

    @invariant()
    def will_be_continued(self) -> None:
        """Every open upload has a job that ends it; every ended one has those that clean up."""
        kinds: dict[str, set[str]] = {}
        jobs = self.system.jobs()
        for subject, kind in jobs:
            if not subject.startswith("task_"):  # a task has its own jobs
                kinds.setdefault(subject, set()).add(kind)
        for upload in self.model.uploads.values():
            there, expected = kinds.pop(upload.upload_id, set()) - {"discard", "recheck"}, self.model.jobs(upload)
            assert there == expected, f"{upload.upload_id} ({upload.status}) has the jobs {there}, not {expected}"
            if "expire" in there:
                looked_at = jobs[upload.upload_id, "expire"]
                assert looked_at >= upload.due_at, f"{upload.upload_id} is ended at {looked_at}, before its URL is over"
        for each in self.model.objects:
            there, expected = kinds.pop(each.object_id, set()), {"delete_object"} if each.ends_at else set()
            assert there == expected, f"{each.object_id} has the jobs {there}, not {expected}"
        assert not kinds, f"jobs of missing uploads: {kinds}"
        rechecks = {subject for subject, kind in jobs if kind == "recheck"}
        assert rechecks == {each.discards for each in self.model.uploads.values() if each.recheck_at is not None}
        discards = {subject for subject, kind in jobs if kind == "discard"}
        assert discards == {each.discards for each in self.model.uploads.values() if each.deletions}

    @invariant()
    def bytes_are_where_they_should_be(self) -> None:
        """Storage holds exactly the objects of the model."""
        if self.system.powers.quick:
            self._check_storage(self.model.uploads.values())
            self._check_multiparts()

    def _follow(self) -> None:
        """Read the feed to its end, and let the model follow it."""
        now, ours = self.system.now(), self.system.organization_id()
        for event in self.system.feed(self.position):
            self.position += 1
            assert event.position == self.position, f"position {event.position} follows {self.position - 1}"
            if event.fact["origin"]["organization_id"] != ours:
                continue
            assert event.fact["type"] == event.tag
            self._check_secrets(event.raw)
            self.tally.events[event.tag] += 1
            fact = event.fact
            self.counted["reserved"] += fact.get("reserved_bytes", 0) - fact.get("released_bytes", 0)
            self.counted["accepted"] += fact.get("accepted_bytes", 0) + fact.get("kept_bytes", 0)
            self.counted["accepted"] -= fact.get("freed_bytes", 0)
            self.model.follow(event, now)
        self.model.followed()

    @contextmanager
    def _expecting(self, requests: Sequence[Request]) -> Iterator[None]:
        """Pass the requests to the model while the feed is followed."""
        model = self.model
        for request in requests:
            if isinstance(request, Confirm):
                model.confirming[request.upload_id] = request
            elif isinstance(request, Cancel):
                model.canceling[request.upload_id] = request
            elif isinstance(request, Forget):
                model.forgetting.add(request.upload_id)
            elif isinstance(request, Delete):
                model.deleting.add(request.object_id)
            elif isinstance(request, SignParts):
                model.signing.add(request.upload_id)
            elif isinstance(request, SignAgain):
                model.prolonging.add(request.upload_id)
            elif isinstance(request, Notify):
                model.announced.add(request.upload_id)
        try:
            yield
            self._follow()
        finally:
            model.confirming.clear()
            model.canceling.clear()
            model.forgetting.clear()
            model.deleting.clear()
            model.signing.clear()
            model.prolonging.clear()
            model.announced.clear()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Mark a worker as running in the model while the feed is followed."""
        self.model.working = True
        try:
            yield
            self._follow()
        finally:
            self.model.working = False

    def _refusal(self, request: About) -> Refused | None:  # noqa: PLR0911  # one arm for every kind of request
        if isinstance(request, Delete):
            return self.model.refusal_to_delete(request.object_id)
        upload = self.model.uploads[request.upload_id]
        match request:
            case Cancel():
                return self.model.refusal_to_cancel(upload, request)
            case Forget():
                return self.model.refusal_to_forget(upload)
            case Confirm():
                return self.model.refusal_to_confirm(upload, request.parts)
            case SignParts():
                return self.model.refusal_to_sign(upload, request.part_numbers, request.sizes)
            case SignAgain():
                return self.model.refusal_to_sign(upload, None)
            case Notify():
                return None

    @staticmethod
    def _admitted(answer: Answer, admission: Admission) -> bool:
        """Return whether an announcement got the expected answer."""
        match admission, answer:
            case Refused(), Refused():
                return answer == admission
            case Skip(existing), UploadSeen(status="SKIPPED", url=None, skipped_unique_key=True):
                return answer.existing_object_id == existing.object_id
            case Known(original), UploadSeen(status="COMPLETED", url=None, is_duplicate=True):
                made = original.object.object_id if original.object else None
                in_object = answer.object_id == made is not None or not admission.wants_object
                return in_object and answer.upload_id == answer.duplicate_of == original.upload_id
            case Give(), UploadSeen(status="PENDING"):
                return (answer.url is None) == (answer.part_size is not None)
            case _:
                return False

    def _check_fresh(self, wish: Wish, answer: UploadSeen) -> None:
        lasts = answer.expires_at - self.system.now()
        assert abs(lasts - timedelta(seconds=wish.ask.expires_in_seconds)) < timedelta(seconds=2)
        assert answer.part_size == (self.model.limits.part_bytes if wish.ask.in_parts else None)
        assert answer.method == wish.ask.method
        if answer.fields is not None:
            assert answer.headers == {}
            assert answer.fields.items() >= {"Content-Type": CONTENT_TYPE, "key": answer.storage_key}.items()
        elif answer.url is not None:
            length = wish.ask.size_bytes
            signed = {"content-type": CONTENT_TYPE} | ({} if length is None else {"content-length": str(length)})
            assert {name.lower(): value for name, value in answer.headers.items()} == signed

    def _url(self, ask: Ask, answer: UploadSeen, now: datetime, expires_at: datetime) -> Url | None:
        """Return the URL or form of an answer."""
        if answer.url is None:
            return None
        declared = ask.size_bytes
        sizes = (0, self.model.limits.file_size_bytes) if declared is None else (declared, declared)
        assert (answer.fields is not None) == (ask.method == "post")
        return Url(answer.url, answer.headers, now, expires_at, answer.fields, sizes)

    def _check_tasks(self) -> None:
        """Check the tasks that were under way: they have ended, unless storage failed."""
        for task_id in list(self.model.batched):
            seen = self.system.task(task_id)
            if isinstance(seen, TaskSeen) and seen.status in {PENDING, PROCESSING}:
                assert self.model.patient(self.system.now()), f"{task_id} should have ended"
            else:
                assert isinstance(seen, TaskSeen) or seen == Refused(404, "task_not_found")  # ended long ago
                del self.model.batched[task_id]

    def _check_outcomes(self, task_id: str, upload_ids: Sequence[str]) -> None:
        """Compare a task that has just ended with its uploads."""
        seen = self.system.task(task_id)
        assert isinstance(seen, TaskSeen), seen
        for upload_id, code in zip(upload_ids, seen.codes, strict=True):
            status = self.model.uploads[upload_id].status
            # one that ended in the same round was confirmed before that, or was already gone
            assert status == FORGOTTEN or (code is None or code == BUSY.code) == (status == COMPLETED), seen
        good = sum(code is None for code in seen.codes)
        some = "COMPLETED_WITH_ERRORS" if good else FAILED
        assert seen.status == (COMPLETED if good == len(upload_ids) else some), seen

    def _check_signed(
        self,
        request: SignParts | SignAgain,
        answer: Answer,
        allowed: Sequence[Refused | None],
        now: datetime,
        *,
        raced: bool,
    ) -> None:
        """Compare an answer with URLs with its request, and record them."""
        upload = self.model.uploads[request.upload_id]
        if isinstance(answer, Refused):
            meanwhile = {Refused(400, code) for code in ("upload_failed", "upload_canceled", "wrong_state")}
            assert answer in allowed or (raced and answer in meanwhile), (request, answer, allowed)
            return
        assert None in allowed, (request, answer, allowed)
        lasts = timedelta(seconds=upload.ask.expires_in_seconds)
        if isinstance(request, SignAgain):
            assert isinstance(answer, UploadSeen), answer
            assert (answer.url is None) == (upload.part_size is not None)
            if not raced:
                self._check_upload(upload, replace(answer, url=None, fields=None))
                assert now + lasts - upload.expires_at < timedelta(seconds=1), "an upload got no more time"
            upload.url = self._url(upload.ask, answer, now, upload.expires_at) or upload.url
            return
        assert isinstance(answer, PartsSigned), answer
        assert list(answer.urls) == list(request.part_numbers)
        assert raced or upload.status == IN_PROGRESS
        assert raced or now + lasts <= upload.due_at, "URLs were issued that outlive the upload"
        for number, signed in answer.urls.items():
            assert isinstance(signed, UrlSeen)
            upload.part_urls[number] = Url(signed.url, signed.headers, now, now + lasts)

    def _check_notified(self, request: Notify, answer: Answer, state: str, now: datetime, *, raced: bool) -> None:
        """Check the answer to a notification, and that a worker continues with the upload."""
        upload = self.model.uploads[request.upload_id]
        ours = not request.elsewhere and request.storage_key == upload.storage_key and state != FORGOTTEN
        ours = ours and upload.discards == upload.upload_id  # an heir's bytes are under another upload's key
        # a record that was deleted at the same moment may have been gone for some of the events
        least = 0 if raced and upload.status == FORGOTTEN else request.times
        possible = range(least, request.times + 1) if ours else (0,)
        assert answer in [Notified(matched, request.times - matched) for matched in possible], (request, answer)
        if not raced and ours:
            self.model.notified(request, now)
        if ours and not request.gone and upload.ask.confirms_itself:
            assert upload.status not in WAITING, f"no worker checks {upload.upload_id} after its notification"

    def _check_confirmed(
        self, request: Confirm, answer: Answer, state: str, allowed: Sequence[Refused | None], *, raced: bool
    ) -> None:
        upload = self.model.uploads[request.upload_id]
        description = f"{upload.upload_id} was {state}, is {upload.status}, and the answer was {answer}"
        if isinstance(answer, Refused):
            assert answer in allowed or answer in self._late_refusals(upload, state, raced=raced), description
            return
        assert None in allowed, description
        assert isinstance(answer, ConfirmSeen), description
        assert (answer.upload_id, answer.task_id) == (upload.upload_id, upload.task_id), description
        if answer.status == PROCESSING:
            goes_on = upload.status == PROCESSING and (request.as_task or state == PROCESSING or self._is_large(upload))
            given_up = self.model.troubled and upload.status in WAITING
            assert goes_on or given_up or raced, description
            return
        assert answer.status == upload.status == COMPLETED, description
        shown = upload.shown()
        if raced and answer.object_id is None:
            shown["object_id"] = None  # an object was made of its bytes after it was answered
        if raced and answer.duplicate_of != shown["duplicate_of"]:  # the original was deleted after the answer
            shown |= {name: getattr(answer, name) for name in ("is_duplicate", "duplicate_of", "object_id")}
        assert {name: getattr(answer, name) for name in shown} == shown, description

    @staticmethod
    def _late_refusals(upload: Upload, state: str, *, raced: bool) -> set[Refused]:
        """Return the refusals by the findings of the confirmation, or by concurrent changes."""
        codes: set[str] = set()
        if state in WAITING and upload.reason is not None:
            codes.add(upload.reason)
        if raced and upload.status in {FAILED, CANCELED}:
            codes |= (
                {"upload_failed"} if upload.status == FAILED else {"upload_failed", "upload_canceled", "wrong_state"}
            )
        return {Refused(400, code) for code in codes}

    def _is_large(self, upload: Upload) -> bool:
        return upload.stored is not None and len(upload.stored) >= self.model.limits.inline_limit_bytes

    def _see_parts(self, requests: Sequence[Request], *, leaves_some: bool = False) -> None:
        """Find out which parts were assembled without an event, because no process could continue.

        `leaves_some`: unrecorded ones may have begun; they are removed when their upload has ended.
        """
        model, there = self.model, set(self.system.multiparts())
        named = {each.upload_id: each.parts for each in requests if isinstance(each, Confirm)}
        for upload in model.uploads.values():
            stored = None
            if upload.multipart is not None and (upload.storage_key, upload.multipart) not in there:
                stored = self.system.stored(upload.storage_key)
            if stored is None:
                continue
            parts = model.assembly(upload, named.get(upload.upload_id))
            assert not isinstance(parts, Refused), f"parts were put together, expected {parts}"
            assert stored == b"".join(part.body for part in parts), "other parts were assembled"
            model.put_together(upload, parts)
        if leaves_some:
            model.orphans |= there - self._multiparts()
        self._see_orphans(rests=False)

    def _see_orphans(self, *, rests: bool) -> None:
        """Find out which unrecorded parts are gone: those of an open upload must stay.

        `rests`: a worker has done all that is due, so none are left of an upload whose bytes were to be deleted.
        """
        model, now = self.model, self.system.now()
        there = set(self.system.multiparts()) if model.orphans else set()
        for orphan in list(model.orphans):
            owners = [each for each in model.uploads.values() if each.storage_key == orphan[0]]
            if orphan not in there:
                assert not any(each.status in OPEN for each in owners), f"{orphan} was aborted under an open upload"
                model.orphans.remove(orphan)
            elif rests:
                ended = [each.status not in OPEN and (not each.keeps or now >= each.due_at) for each in owners]
                assert not all(ended), f"{orphan} was left behind"

    def _multiparts(self) -> set[tuple[str, str]]:
        uploads = self.model.uploads.values()
        return {(each.storage_key, each.multipart) for each in uploads if each.multipart is not None}

    def _see_deletions(self) -> None:
        """Find out which bytes a worker has deleted, which may also have left some for later."""
        now, jobs, there = self.system.now(), self.system.jobs(), self.system.multiparts()
        for upload in self.model.uploads.values():
            if any(at <= now for at in upload.deletions) and self.system.stored(upload.storage_key) is None:
                upload.stored = upload.etag = None
                if (upload.storage_key, upload.multipart or "") not in there:
                    upload.lose()
            later = jobs.get((upload.discards, "discard"))
            if later is None:
                deleted = upload.stored is None and upload.multipart is None
                assert deleted or upload.keeps or not upload.deletions, "a deletion was dropped"
            if later is None or later > now:  # done, or put off
                rest = {at for at in upload.deletions if at > now}
                upload.deletions = sorted(rest if later is None else rest | {later})
        self._see_rechecks()

    def _see_rechecks(self) -> None:
        """Find out when a worker checks completed uploads, after concurrent or partial requests."""
        jobs, now = self.system.jobs(), self.system.now()
        for upload in self.model.covered():
            job = jobs.get((upload.discards, "recheck"))
            if upload.recheck_at is not None and now >= upload.recheck_at:
                if self.system.stored(upload.storage_key) == upload.content:
                    upload.stored, upload.etag = upload.content, upload.content_etag
                else:
                    assert job is not None, "a check for other bytes was dropped"
        for upload in self.model.uploads.values():
            if upload.keeps and upload.status == COMPLETED:
                upload.recheck_at = jobs.get((upload.discards, "recheck"))

    def _check_secrets(self, raw: bytes) -> None:
        assert b"signature" not in raw.lower(), "a presigned URL is in an event"

    def _check_upload(self, upload: Upload, seen: UploadSeen) -> None:
        shown = upload.shown() | upload.listed()
        assert {name: getattr(seen, name) for name in shown} == shown, upload.tags
        assert seen.storage_key == upload.storage_key
        assert seen.expires_at == upload.expires_at
        assert seen.url is None, "a URL was issued twice"

    def _check_objects(self, *, everything: bool) -> None:
        objects = self.model.objects if everything else self.model.objects[-1:]
        for each in objects:
            seen = self.system.bucket_object(each.bucket, each.object_id)
            blobs = {
                name: BlobSeen(upload.upload_id, sha256(upload.content), len(upload.content))
                for name, upload in each.blobs.items()
                if upload.content is not None
            }
            assert seen == ObjectSeen(blobs, each.title, each.ends_at)
            assert len(blobs) == len(each.blobs), "an object holds an upload that is not completed"
        for each in self.model.deleted if everything else self.model.deleted[-1:]:
            assert self.system.bucket_object(each.bucket, each.object_id) == Refused(404, "object_not_found")

    def _check_multiparts(self) -> None:
        there, expected = set(self.system.multiparts()), self._multiparts() | self.model.orphans
        assert there == expected, f"storage has parts of {there - expected}, and none of {expected - there}"

    def _check_storage(self, uploads: Any) -> None:  # noqa: ANN401  # any iterable of uploads
        for upload in uploads:
            assert self.system.stored(upload.storage_key) == upload.stored, (upload.upload_id, upload.status)
            if upload.status == COMPLETED and upload.keeps:
                intact = self.model.versioned or upload.stored == upload.content
                assert self.system.verified_bytes(upload.upload_id) == (upload.content if intact else None)
            if upload.status in OPEN:
                assert not upload.keeps

    def _check_buckets(self, buckets: Sequence[str]) -> None:
        for bucket in buckets:
            expected = self.model.in_bucket(bucket)
            seen = self.system.uploads(bucket)
            assert [each.upload_id for each in seen] == [each.upload_id for each in expected]
            for upload, each in zip(expected, seen, strict=True):
                self._check_upload(upload, each)
            assert self.system.bucket(bucket) == self.model.counters(bucket), bucket
