"""A Hypothesis state machine that does to a system what clients, workers, time and bad luck do, and believes the model.

After each rule the feed is followed event by event, and everything that can be seen is compared with the model. A rule
says what was answered; the feed says in which order things happened; the model says whether that was right.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.harness.model import (
    CANCELED,
    COMPLETED,
    FAILED,
    FORGOTTEN,
    OPEN,
    PENDING,
    PROCESSING,
    STATUSES,
    Admission,
    Give,
    Known,
    Model,
    Skip,
    Upload,
    sha256,
)
from tests.harness.system import (
    BUCKETS,
    CONTENT_TYPE,
    PROPERTIES,
    UNIQUE_BUCKET,
    Answer,
    Ask,
    BlobSeen,
    Cancel,
    Claim,
    Confirm,
    ConfirmSeen,
    Delete,
    Forget,
    ObjectSeen,
    QuotaSeen,
    Refused,
    Request,
    System,
    TaskSeen,
    UploadSeen,
)

EXAMPLES_VARIABLE = "UPWELL_HARNESS_EXAMPLES"

# How far the clocks of the service and of storage may be apart for a PUT to say anything, and how near an expiry.
AHEAD = timedelta(minutes=10)
BORDER = timedelta(seconds=20)

SHORT, LONG = 60, 3600
WRONG_ETAG = "0" * 32
UNKNOWN = "upl_0000000000nobody"
BUSY = Refused(400, "busy")
STORAGE_UNAVAILABLE = Refused(503, "storage_unavailable")

bodies = st.builds(
    lambda letter, length: letter * length,
    st.sampled_from([b"a", b"b"]),
    st.sampled_from([10, 10, 10, 0, 1, 29, 30, 31, 40, 41, 50]),
)
titles = st.sampled_from(["one", "two"])
policies = st.sampled_from([None, None, "insert", "upsert", "update"])
steps = st.integers(0, 12)


About = Confirm | Cancel | Forget | Delete


@dataclass
class Wish:
    """A file that a client has, and what it says of it. The two mostly agree."""

    body: bytes
    ask: Ask


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Draw a file and an announcement of it."""
    body = draw(bodies)
    promised = draw(bodies) if draw(st.integers(0, 9)) == 0 else body  # now and then it promises another one
    declares = draw(st.booleans()) and len(promised) > 0
    ask = Ask(
        bucket=draw(st.sampled_from(BUCKETS)),
        size_bytes=len(promised) if declares else None,
        sha256=sha256(promised) if draw(st.booleans()) else None,
        skip_duplicates=draw(st.sampled_from([True, True, False])),
        create_object=draw(st.booleans()),
        title=draw(titles),
        blob_property=draw(st.sampled_from(PROPERTIES)),
        expires_in_seconds=draw(st.sampled_from([SHORT, LONG, LONG])),
    )
    return Wish(body, ask)


claims = st.sampled_from(["nothing", "nothing", "right", "right etag", "right size", "wrong etag", "wrong size"])


@dataclass
class Tally:
    """How much was tried; shrinking counts too."""

    examples: int = 0
    steps: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """Return it in lines for a person."""
        rules = ", ".join(f"{name} {count}" for name, count in sorted(self.rules.items()))
        events = ", ".join(f"{tag} {count}" for tag, count in sorted(self.events.items()))
        return f"{self.examples} examples, {self.steps} steps\n  rules: {rules}\n  events: {events}"


class UploadMachine(RuleBasedStateMachine):
    """Drives one system of its own; `close` of the system is called at the end."""

    sent = Bundle("sent")

    def __init__(self, system: System, tally: Tally) -> None:
        super().__init__()
        self.system = system
        self.tally = tally
        self.model = Model(system.limits, versioned=system.powers.versioned)
        self.wishes: dict[str, Wish] = {}
        self.position = system.begins_after()
        self.counted: dict[str, int] = {"reserved": 0, "accepted": 0}
        self.touched: set[str] = set()
        self.trouble_lasts = 0
        tally.examples += 1
        self._follow()

    def teardown(self) -> None:
        """Look at everything once more, whatever was left out for speed."""
        try:
            if sys.exc_info()[0] is not None:
                return  # a step has failed: what else is wrong is of no interest
            self._check_storage(self.model.uploads.values())
            self._check_objects(everything=True)
            self._check_buckets(BUCKETS)
        finally:
            self.system.close()

    # Clients

    @rule(target=sent, wish=wishes())
    def announce(self, wish: Wish) -> Any:  # noqa: ANN401  # Hypothesis has no name for the type of `multiple`
        """Announce a file."""
        return self._announce([wish])

    @rule(target=sent, wish=wishes(), other=wishes())
    def announce_two_at_once(self, wish: Wish, other: Wish) -> Any:  # noqa: ANN401  # the same
        """Announce two files at the same time: they may want the same room."""
        return self._announce([wish, other])

    @rule(target=sent, several=st.lists(wishes(), min_size=1, max_size=4))
    def announce_batch(self, several: list[Wish]) -> Any:  # noqa: ANN401  # the same
        """Announce files of one bucket in one request: all of them are answered or none."""
        self._note("announce_batch")
        bucket, model, now = several[0].ask.bucket, self.model, self.system.now()
        asked = [Wish(wish.body, replace(wish.ask, bucket=bucket)) for wish in several]
        expected = model.batch([wish.ask for wish in asked])
        answers = self.system.announce_batch([wish.ask for wish in asked])
        made: list[str] = []
        if isinstance(expected, Refused):
            assert answers == expected
        else:
            assert not isinstance(answers, Refused), answers
            made = [each for wish, answer in zip(asked, answers, strict=True) for each in self._made(wish, answer, now)]
            for answer, admission in zip(answers, expected, strict=True):
                assert self._admitted(answer, admission), (answer, admission)
        self._follow()
        assert not model.asked, "an upload was told of that is not in the log"
        return multiple(*made)

    @rule(several=st.lists(sent, min_size=1, max_size=4), puts=st.booleans())
    def confirm_batch(self, several: list[str], puts: bool) -> None:
        """Confirm uploads in one request, perhaps one of them twice, and have a worker work."""
        self._note("confirm_batch")
        bucket = self.model.uploads[several[0]].ask.bucket
        here = [upload_id for upload_id in several if self.model.uploads[upload_id].ask.bucket == bucket]
        for upload_id in here:
            if puts and self.model.uploads[upload_id].stored is None:
                self._put(upload_id, self.wishes[upload_id].body)
        task_id = self.system.confirm_batch(bucket, here)
        self.model.batched[task_id] = here
        self._work()
        if task_id not in self.model.batched and not self.model.patient(self.system.now()):
            self._check_outcomes(task_id, here)

    @rule(target=sent, wish=wishes())
    def announce_and_put(self, wish: Wish) -> Any:  # noqa: ANN401  # the same
        """Announce a file and send it."""
        made = self._announce([wish])
        self._put_all(made)
        return made

    @rule(target=sent, wish=wishes(), claim=claims, policy=policies)
    def announce_put_and_confirm(self, wish: Wish, claim: str, policy: str | None) -> Any:  # noqa: ANN401  # the same
        """Do the whole job."""
        return self._do_the_job(wish, claim, policy)

    @rule(target=sent, several=st.lists(wishes(), min_size=2, max_size=4))
    def do_several_jobs(self, several: list[Wish]) -> Any:  # noqa: ANN401  # the same
        """Do the whole job with one file after the other, and without a wrong word."""
        return multiple(*(each for wish in several for each in self._do_the_job(wish, "nothing", None).values))

    @rule(upload_id=sent)
    def put(self, upload_id: str) -> None:
        """Send the file, perhaps again."""
        self._put(upload_id, self.wishes[upload_id].body)

    @rule(upload_id=sent, body=bodies)
    def put_other_bytes(self, upload_id: str, body: bytes) -> None:
        """Send another file, perhaps of another length, perhaps over the first."""
        self._put(upload_id, body)

    @rule(upload_id=sent, claim=claims, policy=policies, as_task=st.booleans())
    def confirm(self, upload_id: str, claim: str, policy: str | None, as_task: bool) -> None:
        """Say that it is there, perhaps for the second time."""
        self._at_once([self._confirmation(upload_id, claim, policy, as_task=as_task)])

    @rule(upload_id=sent, claim=claims, as_task=st.booleans())
    def confirm_twice_at_once(self, upload_id: str, claim: str, as_task: bool) -> None:
        """Say it twice at the same time."""
        request = self._confirmation(upload_id, claim, None, as_task=as_task)
        self._at_once([request, request])

    @rule(one=sent, other=sent, policy=policies)
    def confirm_two_at_once(self, one: str, other: str, policy: str | None) -> None:
        """Say it of two uploads, which may have the same bytes, the same unique key, and room for one only."""
        if one != other:
            self._at_once([self._confirmation(each, "nothing", policy, as_task=False) for each in (one, other)])

    @rule(target=sent, several=st.lists(wishes(), min_size=2, max_size=3), policies=st.lists(policies, min_size=3))
    def several_want_one_key(self, several: list[Wish], policies: list[str | None]) -> Any:  # noqa: ANN401  # the same
        """Announce files of one unique key before any of them is an object, then send and confirm them."""
        title = several[0].ask.title
        made: list[str] = []
        for wish in several:
            asked = replace(wish.ask, bucket=UNIQUE_BUCKET, create_object=True, title=title)
            made += self._announce([Wish(wish.body, asked)]).values
        for upload_id, policy in zip(made, policies, strict=False):
            self._put(upload_id, self.wishes[upload_id].body)
            self._at_once([self._confirmation(upload_id, "nothing", policy, as_task=False)])
        return multiple(*made)

    @rule(target=sent, wish=wishes(), wants=st.lists(st.booleans(), min_size=1, max_size=2), forgets=st.booleans())
    def duplicates_race(self, wish: Wish, wants: list[bool], forgets: bool) -> Any:  # noqa: ANN401  # the same
        """Confirm duplicates of an upload that has no object at the same time, perhaps while it is being erased."""
        alike = replace(wish.ask, sha256=None, skip_duplicates=True, create_object=False)
        made = list(self._do_the_job(Wish(wish.body, alike), "nothing", None).values)
        originals = list(made)
        for wants_object in wants:
            made += self._announce([Wish(wish.body, replace(alike, create_object=wants_object))]).values
        duplicates = made[len(originals) :]
        for upload_id in duplicates:
            self._put(upload_id, wish.body)
        requests: list[About] = [
            self._confirmation(upload_id, "nothing", None, as_task=False) for upload_id in duplicates
        ]
        requests += [Forget(upload_id=upload_id) for upload_id in originals if forgets]
        if requests:
            self._at_once(requests)
        return multiple(*made)

    @rule(upload_id=sent, other=st.none() | sent)
    def forget(self, upload_id: str, other: str | None) -> None:
        """Have the operator erase an upload, perhaps while another one is being confirmed that has the same bytes."""
        requests: list[About] = [Forget(upload_id=upload_id)]
        if other is not None:
            requests.insert(0, self._confirmation(other, "nothing", None, as_task=False))
        self._at_once(requests)

    @rule(upload_id=sent, keep_bytes=st.booleans(), claim=st.none() | claims)
    def cancel(self, upload_id: str, keep_bytes: bool, claim: str | None) -> None:
        """Give it up, perhaps for the second time, perhaps while it is being confirmed."""
        requests: list[About] = [Cancel(upload_id=upload_id, keep_bytes=keep_bytes)]
        if claim is not None:
            requests.insert(0, self._confirmation(upload_id, claim, None, as_task=False))
        self._at_once(requests)

    @rule(number=st.integers(0, 3), twice=st.booleans())
    def delete_object(self, number: int, twice: bool) -> None:
        """Delete an object, perhaps one that was deleted already, perhaps twice at the same time."""
        there = [*self.model.objects, *self.model.deleted[-1:]]
        if there:
            each = there[number % len(there)]
            request = Delete(bucket=each.bucket, object_id=each.object_id)
            self._at_once([request, request] if twice else [request])

    @rule(target=sent, wish=wishes(), makes_first=st.booleans())
    def delete_while_a_duplicate_is_confirmed(self, wish: Wish, makes_first: bool) -> Any:  # noqa: ANN401  # the same
        """Confirm a duplicate of an upload whose object is being deleted."""
        asked = replace(wish.ask, bucket="plain", sha256=None, skip_duplicates=True, create_object=True)
        made = list(self._do_the_job(Wish(wish.body, asked), "nothing", None).values)
        holders = [self.model.uploads[upload_id].object for upload_id in made]
        made += self._announce([Wish(wish.body, asked)]).values
        requests: list[About] = [
            Delete(bucket=each.bucket, object_id=each.object_id) for each in holders if each is not None
        ]
        for upload_id in made[len(holders) :]:
            self._put(upload_id, wish.body)
            requests.append(self._confirmation(upload_id, "nothing", None, as_task=False))
        if requests:
            self._at_once(requests if makes_first else requests[::-1])
        return multiple(*made)

    @rule(upload_id=sent)
    def get(self, upload_id: str) -> None:
        """Ask how it is."""
        self._note("get")
        upload, seen = self.model.uploads[upload_id], self.system.get(upload_id)
        if upload.status == FORGOTTEN:
            assert seen == Refused(404, "upload_not_found")
        else:
            assert isinstance(seen, UploadSeen), seen
            self._check_upload(upload, seen)

    @rule(bucket=st.sampled_from(BUCKETS), status=st.sampled_from(STATUSES))
    def uploads(self, bucket: str, status: str) -> None:
        """List what has a status."""
        self._note("list")
        expected = [upload.upload_id for upload in self.model.in_bucket(bucket) if upload.status == status]
        assert [seen.upload_id for seen in self.system.uploads(bucket, status)] == expected

    @rule(request=st.sampled_from([None, Confirm(upload_id=UNKNOWN, claim=Claim()), Cancel(upload_id=UNKNOWN)]))
    def ask_for_what_is_not_there(self, request: Confirm | Cancel | None) -> None:
        """Name an upload that never was."""
        self._note("ask_for_what_is_not_there")
        answer = self.system.get(UNKNOWN) if request is None else self.system.at_once([request])[0]
        assert answer == Refused(404, "upload_not_found")

    # The operator and the worker

    @rule(quota_bytes=st.sampled_from([60, 150, 150, 300]))
    def set_quota(self, quota_bytes: int) -> None:
        """Raise or lower the quota, perhaps below what is used."""
        self._note("set_quota")
        self.system.set_quota(quota_bytes)
        self.model.quota_bytes = quota_bytes
        self._follow()

    @rule()
    def work(self) -> None:
        """Have a worker work until nothing is due."""
        self._note("work")
        self._work()

    # Time, trouble and death

    @precondition(lambda self: self.system.powers.passes_time)
    @rule(by=st.sampled_from(["a moment", "a short URL", "a long URL", "patience", "retention", "retention"]))
    def time_passes(self, by: str) -> None:
        """Let time pass, and the worker go on."""
        self._note("time_passes")
        limits, second = self.model.limits, timedelta(seconds=1)
        self.system.pass_time(
            {
                "a moment": timedelta(seconds=70),
                "a short URL": timedelta(seconds=SHORT) + limits.grace + second,
                "a long URL": timedelta(seconds=LONG) + limits.grace + second,
                "patience": timedelta(minutes=17),
                "retention": limits.retention + second,
            }[by]
        )
        self._work()

    @precondition(lambda self: self.system.powers.breaks_storage)
    @rule(outcomes=st.lists(st.booleans(), max_size=8), reads_fail=st.booleans(), lasts=st.integers(1, 4))
    def storage_breaks(self, outcomes: list[bool], reads_fail: bool, lasts: int) -> None:
        """Let calls to storage fail, until so many things were done."""
        self._note("storage_breaks")
        self.system.break_storage(outcomes, reads_fail=reads_fail)
        self.model.troubled, self.trouble_lasts = True, lasts

    @precondition(lambda self: self.system.powers.interrupts)
    @rule(upload_id=sent, after=steps, cancels=st.booleans(), claim=claims, flag=st.booleans())
    def the_client_leaves(self, upload_id: str, after: int, cancels: bool, claim: str, flag: bool) -> None:
        """Drop a request somewhere in the middle."""
        self._note("the_client_leaves")
        request = (
            Cancel(upload_id=upload_id, keep_bytes=flag)
            if cancels
            else self._confirmation(upload_id, claim, None, as_task=flag)
        )
        with self._expecting([request]):
            self.system.interrupted(request, after)

    @precondition(lambda self: self.system.powers.interrupts)
    @rule(after=steps)
    def the_worker_is_stopped(self, after: int) -> None:
        """Stop a worker somewhere in the middle of its jobs; nobody may get them until its lease is over."""
        self._note("the_worker_is_stopped")
        self.model.trouble_ended = self.system.now()
        with self._at_work():
            self.system.interrupted(None, after)
        self._see_deletions()

    # What always holds

    @invariant()
    def lists_and_counters_are_right(self) -> None:
        """All uploads, and the counters of their buckets, are as the model has them: now here, now there if need be."""
        looked_at = BUCKETS if self.system.powers.quick else BUCKETS[self.tally.steps % len(BUCKETS) :][:1]
        self._check_buckets(looked_at)

    def _check_buckets(self, buckets: Sequence[str]) -> None:
        for bucket in buckets:
            expected = self.model.in_bucket(bucket)
            seen = self.system.uploads(bucket)
            assert [each.upload_id for each in seen] == [each.upload_id for each in expected]
            for upload, each in zip(expected, seen, strict=True):
                self._check_upload(upload, each)
            assert self.system.bucket(bucket) == self.model.counters(bucket), bucket

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
    def somebody_will_go_on_with_it(self) -> None:
        """Every upload that has not ended has a job that ends it; every one that has, those that clean up."""
        kinds: dict[str, set[str]] = {}
        for subject, kind in self.system.jobs():
            if not subject.startswith("task_"):  # a task has jobs of its own
                kinds.setdefault(subject, set()).add(kind)
        for upload in self.model.uploads.values():
            there, expected = kinds.pop(upload.upload_id, set()), self.model.jobs(upload)
            assert there == expected, f"{upload.upload_id} ({upload.status}) has the jobs {there}, not {expected}"
        assert not kinds, f"jobs of uploads that are not there: {kinds}"

    @invariant()
    def bytes_are_where_they_should_be(self) -> None:
        """Storage holds what the model says, and nothing else."""
        if self.system.powers.quick:
            self._check_storage(self.model.uploads.values())

    # How it is done

    def _note(self, name: str) -> None:
        self.tally.steps += 1
        self.tally.rules[name] += 1
        self.trouble_lasts -= 1
        if self.model.troubled and self.trouble_lasts < 0:
            self.system.mend_storage()
            self.model.troubled, self.model.trouble_ended = False, self.system.now()

    def _announce(self, asked: Sequence[Wish]) -> Any:  # noqa: ANN401  # what `multiple` returns has no name
        self._note("announce" if len(asked) == 1 else "announce_two_at_once")
        model, now = self.model, self.system.now()
        before = [model.admission(wish.ask) for wish in asked]
        answers = self.system.at_once([wish.ask for wish in asked])
        made: list[str] = []
        for wish, answer in zip(asked, answers, strict=True):
            made += self._made(wish, answer, now)
        self._follow()
        assert not model.asked, "an upload was told of that is not in the log"
        after = [model.admission(wish.ask) for wish in asked]
        for answer, first, last in zip(answers, before, after, strict=True):
            assert self._admitted(answer, first) or (len(asked) > 1 and self._admitted(answer, last)), (answer, first)
        return multiple(*made)

    def _made(self, wish: Wish, answer: Answer, now: datetime) -> list[str]:
        """Take in an answer to an announcement; return the id of the upload if it is a new one."""
        if not isinstance(answer, UploadSeen) or answer.upload_id in self.model.uploads:
            return []
        self._check_fresh(wish, answer)
        self.model.asked[answer.upload_id] = Upload(
            ask=wish.ask,
            upload_id=answer.upload_id,
            storage_key=answer.storage_key,
            signed_at=now,
            expires_at=answer.expires_at,
            due_at=answer.expires_at + self.model.limits.grace,
            status=answer.status,
            url=answer.url,
            headers=dict(answer.headers),
        )
        self.wishes[answer.upload_id] = wish
        return [answer.upload_id]

    def _check_tasks(self) -> None:
        """Look at the tasks that were under way: they have ended, unless storage was in trouble."""
        for task_id in list(self.model.batched):
            seen = self.system.task(task_id)
            if isinstance(seen, TaskSeen) and seen.status in {PENDING, PROCESSING}:
                assert self.model.patient(self.system.now()), f"{task_id} should have ended"
            else:
                assert isinstance(seen, TaskSeen) or seen == Refused(404, "task_not_found")  # ended long ago
                del self.model.batched[task_id]

    def _check_outcomes(self, task_id: str, upload_ids: Sequence[str]) -> None:
        """Hold a task that has just ended to what became of its uploads."""
        seen = self.system.task(task_id)
        assert isinstance(seen, TaskSeen), seen
        completed = [self.model.uploads[upload_id].status == COMPLETED for upload_id in upload_ids]
        assert [code is None or code == BUSY.code for code in seen.codes] == completed, seen
        good = sum(code is None for code in seen.codes)
        some = "COMPLETED_WITH_ERRORS" if good else FAILED
        assert seen.status == (COMPLETED if good == len(upload_ids) else some), seen

    def _check_fresh(self, wish: Wish, answer: UploadSeen) -> None:
        lasts = answer.expires_at - self.system.now()
        assert abs(lasts - timedelta(seconds=wish.ask.expires_in_seconds)) < timedelta(seconds=2)
        if answer.url is not None:
            length = wish.ask.size_bytes
            signed = {"content-type": CONTENT_TYPE} | ({} if length is None else {"content-length": str(length)})
            assert {name.lower(): value for name, value in answer.headers.items()} == signed

    @staticmethod
    def _admitted(answer: Answer, admission: Admission) -> bool:
        """Return whether an announcement was answered as was expected."""
        match admission, answer:
            case Refused(), Refused():
                return answer == admission
            case Skip(existing), UploadSeen(status="SKIPPED", url=None, skipped_unique_key=True):
                return answer.existing_object_id == existing.object_id
            case Known(original), UploadSeen(status="COMPLETED", url=None, is_duplicate=True):
                return answer.upload_id == answer.duplicate_of == original.upload_id
            case Give(), UploadSeen(status="PENDING", url=str()):
                return True
            case _:
                return False

    def _do_the_job(self, wish: Wish, claim: str, policy: str | None) -> Any:  # noqa: ANN401  # what `multiple` returns
        made = self._announce([wish])
        self._put_all(made)
        for upload_id in made.values:
            self._at_once([self._confirmation(upload_id, claim, policy, as_task=False)])
        return made

    def _put_all(self, made: Any) -> None:  # noqa: ANN401  # what `multiple` returns has no name
        for upload_id in made.values:
            self._put(upload_id, self.wishes[upload_id].body)

    def _put(self, upload_id: str, body: bytes) -> None:
        upload = self.model.uploads[upload_id]
        if upload.url is None or not self._is_telling(upload):
            return
        self._note("put")
        seen = self.system.put(upload.url, {"Content-Type": CONTENT_TYPE}, body)
        fits = upload.ask.size_bytes in {None, len(body)} and self.system.storage_now() < upload.expires_at
        assert seen.status == (200 if fits else 403), f"a PUT was answered with {seen.status}"
        if fits:
            upload.stored, upload.etag = body, seen.etag
            self.touched.add(upload_id)

    def _is_telling(self, upload: Upload) -> bool:
        """Return whether a PUT now has an outcome that the design foresees."""
        if upload.status == CANCELED and upload.keeps:
            return False  # bytes that come later than those that were kept: see the how-to
        storage_now, now = self.system.storage_now(), self.system.now()
        if abs(storage_now - upload.expires_at) < BORDER and storage_now != now:
            return False  # about to expire, while nobody stops this clock
        if (now < upload.expires_at) > (storage_now < upload.expires_at):
            return upload.signed_at < storage_now  # expired for storage already, which is behind nobody
        return (now < upload.expires_at) == (storage_now < upload.expires_at) and upload.signed_at - storage_now < AHEAD

    def _confirmation(self, upload_id: str, claim: str, policy: str | None, *, as_task: bool) -> Confirm:
        """Return the request that claims this."""
        upload = self.model.uploads[upload_id]
        size = None if not upload.stored else len(upload.stored)
        said = {
            "nothing": Claim(),
            "right": Claim(etag=upload.etag, size_bytes=size),
            "right etag": Claim(etag=upload.etag and f'"{upload.etag}"'),
            "right size": Claim(size_bytes=size),
            "wrong etag": Claim(etag=WRONG_ETAG),
            "wrong size": Claim(size_bytes=(size or 0) + 1),
        }[claim]
        return Confirm(upload_id=upload_id, claim=replace(said, policy=policy), as_task=as_task)

    def _at_once(self, requests: Sequence[About]) -> None:
        """Send requests about uploads and objects at the same time, and check what was answered and what came of it."""
        kinds = "_and_".join(sorted({type(request).__name__.lower() for request in requests}))
        self._note(kinds if len(requests) == 1 else f"{kinds}_at_once")
        model = self.model
        before = [self._state(request) for request in requests]
        refusals = [self._refusal(request) for request in requests]
        with self._expecting(requests):
            answers = self.system.at_once(requests)
        raced = len(requests) > 1
        for request, answer, state, refusal in zip(requests, answers, before, refusals, strict=True):
            if model.troubled and answer == STORAGE_UNAVAILABLE:
                continue
            if raced and answer == BUSY:
                continue
            if isinstance(request, Delete):
                assert answer in ([refusal, self._refusal(request)] if raced else [refusal]), (request, answer)
                assert self._refusal(request) is not None, "an object was deleted, and is there"
                continue
            upload = model.uploads[request.upload_id]
            if isinstance(request, Confirm):
                if not raced or upload.status != FORGOTTEN:  # of what is erased meanwhile, any answer is as good
                    self._check_confirmed(request, answer, state, refusal, raced=raced)
                continue
            allowed = [refusal, self._refusal(request)] if raced else [refusal]
            ended = {CANCELED, FORGOTTEN} if isinstance(request, Cancel) else {FORGOTTEN}
            assert answer in allowed or (raced and answer is None), (request, answer, allowed)
            assert answer is not None or upload.status in ended, (request, upload.status)

    def _state(self, request: About) -> str:
        return "" if isinstance(request, Delete) else self.model.uploads[request.upload_id].status

    def _refusal(self, request: About) -> Refused | None:
        if isinstance(request, Delete):
            return self.model.refusal_to_delete(request.object_id)
        upload = self.model.uploads[request.upload_id]
        if isinstance(request, Cancel):
            return self.model.refusal_to_cancel(upload, keep_bytes=request.keep_bytes)
        if isinstance(request, Forget):
            return self.model.refusal_to_forget(upload)
        return self.model.refusal_to_confirm(upload)

    def _check_confirmed(
        self, request: Confirm, answer: Answer, state: str, refusal: Refused | None, *, raced: bool
    ) -> None:
        upload = self.model.uploads[request.upload_id]
        told = f"{upload.upload_id} was {state}, is {upload.status}, and the answer was {answer}"
        if isinstance(answer, Refused):
            assert answer == refusal or answer in self._late_refusals(upload, state, raced=raced), told
            return
        assert refusal is None, told
        assert isinstance(answer, ConfirmSeen), told
        assert (answer.upload_id, answer.task_id) == (upload.upload_id, upload.task_id), told
        if answer.status == PROCESSING:
            goes_on = upload.status == PROCESSING and (request.as_task or state == PROCESSING or self._is_large(upload))
            given_up = self.model.troubled and upload.status == PENDING
            assert goes_on or given_up or raced, told
            return
        assert answer.status == upload.status == COMPLETED, told
        shown = upload.shown()
        if raced and answer.object_id is None:
            shown["object_id"] = None  # an object was made of its bytes after it was answered
        assert {name: getattr(answer, name) for name in shown} == shown, told

    @staticmethod
    def _late_refusals(upload: Upload, state: str, *, raced: bool) -> set[Refused]:
        """Return the refusals that come of what the confirmation found, or of what others did meanwhile."""
        codes: set[str] = set()
        if state == PENDING and upload.reason is not None:
            codes.add(upload.reason)
        if raced and upload.status in {FAILED, CANCELED}:
            codes |= (
                {"upload_failed"} if upload.status == FAILED else {"upload_failed", "upload_canceled", "wrong_state"}
            )
        return {Refused(400, code) for code in codes}

    def _is_large(self, upload: Upload) -> bool:
        return upload.stored is not None and len(upload.stored) >= self.model.limits.inline_limit_bytes

    @contextmanager
    def _expecting(self, requests: Sequence[Request]) -> Iterator[None]:
        """Let the model know what was asked while the feed is followed."""
        model = self.model
        for request in requests:
            if isinstance(request, Confirm):
                model.confirming[request.upload_id] = (request.claim, request.as_task)
            elif isinstance(request, Cancel):
                model.canceling[request.upload_id] = request.keep_bytes
            elif isinstance(request, Forget):
                model.forgetting.add(request.upload_id)
            elif isinstance(request, Delete):
                model.deleting.add(request.object_id)
        try:
            yield
            self._follow()
        finally:
            model.confirming.clear()
            model.canceling.clear()
            model.forgetting.clear()
            model.deleting.clear()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Let the model know that a worker is at work while the feed is followed."""
        self.model.working = True
        try:
            yield
            self._follow()
        finally:
            self.model.working = False

    def _work(self) -> None:
        model, now = self.model, self.system.now()
        with self._at_work():
            self.system.work()
        self._check_tasks()
        if model.patient(now):
            self._see_deletions()
            return
        late = list(model.overdue(now))
        assert not late, late
        gone = model.delete_due(now)
        for upload in gone:
            upload.stored = upload.etag = None
        self._check_storage([*gone, *(model.uploads[each] for each in sorted(self.touched))])
        self.touched.clear()

    def _see_deletions(self) -> None:
        """Find out what a worker has deleted that may have done so, and may have left something for later."""
        now, jobs = self.system.now(), self.system.jobs()
        for upload in self.model.uploads.values():
            if any(at <= now for at in upload.deletions) and self.system.stored(upload.storage_key) is None:
                upload.stored = upload.etag = None
            later = jobs.get((upload.upload_id, "discard"))
            if later is None:
                assert upload.stored is None or upload.keeps or not upload.deletions, "a deletion was dropped"
            if later is None or later > now:  # done, or put off
                rest = {at for at in upload.deletions if at > now}
                upload.deletions = sorted(rest if later is None else rest | {later})
            if upload.recheck_at is not None and (upload.upload_id, "recheck") not in jobs:
                upload.recheck_at = None

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

    def _check_secrets(self, raw: bytes) -> None:
        assert b"signature" not in raw.lower(), "a presigned URL is in an event"

    def _check_upload(self, upload: Upload, seen: UploadSeen) -> None:
        shown = upload.shown()
        assert {name: getattr(seen, name) for name in shown} == shown, upload.tags
        assert seen.storage_key == upload.storage_key
        assert seen.expires_at == upload.expires_at
        assert seen.url is None, "a URL was given out twice"

    def _check_objects(self, *, everything: bool) -> None:
        objects = self.model.objects if everything else self.model.objects[-1:]
        for each in objects:
            seen = self.system.bucket_object(each.bucket, each.object_id)
            blobs = {
                name: BlobSeen(upload.upload_id, sha256(upload.content), len(upload.content))
                for name, upload in each.blobs.items()
                if upload.content is not None
            }
            assert seen == ObjectSeen(blobs, each.title)
            assert len(blobs) == len(each.blobs), "an object holds an upload that is not completed"
        for each in self.model.deleted if everything else self.model.deleted[-1:]:
            assert self.system.bucket_object(each.bucket, each.object_id) == Refused(404, "object_not_found")

    def _check_storage(self, uploads: Any) -> None:  # noqa: ANN401  # any iterable of uploads
        for upload in uploads:
            assert self.system.stored(upload.storage_key) == upload.stored, (upload.upload_id, upload.status)
            if upload.status == COMPLETED and upload.keeps:
                intact = self.model.versioned or upload.stored == upload.content
                assert self.system.proved(upload.upload_id) == (upload.content if intact else None)
            if upload.status in OPEN:
                assert not upload.keeps


def run(make_system: Callable[[], System], *, examples: int, steps: int) -> Tally:
    """Drive systems (a new one for each example) and return how much was tried; raise what Hypothesis finds.

    The environment variable `UPWELL_HARNESS_EXAMPLES` sets another number of examples.
    """
    tally = Tally()

    class Machine(UploadMachine):
        """One on a system that was made for it."""

        def __init__(self) -> None:
            super().__init__(make_system(), tally)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get(EXAMPLES_VARIABLE, examples)),
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )
    return tally
