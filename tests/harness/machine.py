"""A Hypothesis state machine of clients, workers, time and failures, which compares a system with the model.

After each rule the feed is followed event by event, and everything that can be seen is compared with the model. A rule
says what was answered; the feed says in which order things happened; the model says whether that was right.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.harness.records import (
    CANCELED,
    FORGOTTEN,
    STATUSES,
    WAITING,
    Part,
    Upload,
    Url,
    etag_of_parts,
)
from tests.harness.system import (
    BUCKETS,
    CONTENT_TYPE,
    OPERATIONS,
    UNIQUE_BUCKET,
    Answer,
    Cancel,
    Claim,
    Confirm,
    Delete,
    Forget,
    Notified,
    Notify,
    Outcome,
    Refused,
    Request,
    SignAgain,
    SignParts,
    System,
    UploadSeen,
)
from tests.harness.watching import BUSY, STORAGE_UNAVAILABLE, Tally, Watching
from tests.harness.wishes import (
    ABOUT_NOBODY,
    LONG,
    SHORT,
    UNKNOWN,
    WRONG_ETAG,
    About,
    AboutUpload,
    Wish,
    bodies,
    claims,
    deeds,
    names,
    notifications,
    numbers,
    outcomes,
    policies,
    steps,
    wishes,
)

EXAMPLES_VARIABLE = "UPWELL_HARNESS_EXAMPLES"

# How far the clocks of the service and of storage may be apart for a PUT to say anything, and how near an expiry.
AHEAD = timedelta(minutes=10)
BORDER = timedelta(seconds=20)
MIB = 1024**2
TIMES = ("a moment", "a while", "a short URL", "a long URL", "patience", "retention")
QUOTA_EXCEEDED = Refused(403, "quota_exceeded")


class UploadMachine(Watching):
    """Drives a separate system; `close` of the system is called at the end."""

    sent = Bundle("sent")

    # Clients

    @rule(target=sent, wish=wishes())
    def announce(self, wish: Wish) -> Any:  # noqa: ANN401  # Hypothesis has no name for the type of `multiple`
        """Announce a file."""
        return self._announce([wish])

    @rule(target=sent, wish=wishes(), other=wishes())
    def announce_two_at_once(self, wish: Wish, other: Wish) -> Any:  # noqa: ANN401  # the same
        """Announce two files at the same time: they may need the same room."""
        return self._announce([wish, other])

    @rule(target=sent, several=st.lists(wishes(), min_size=1, max_size=4))
    def announce_batch(self, several: list[Wish]) -> Any:  # noqa: ANN401  # the same
        """Announce files of one bucket in one request: all of them are accepted or none."""
        self._note("announce_batch")
        bucket, model, now = several[0].ask.bucket, self.model, self.system.now()
        asked = [Wish(wish.body, replace(wish.ask, bucket=bucket)) for wish in several]
        expected = model.batch([wish.ask for wish in asked], now)
        answers = self.system.announce_batch([wish.ask for wish in asked])
        made: list[str] = []
        if isinstance(expected, Refused):
            assert answers == expected
        else:
            assert not isinstance(answers, Refused), answers
            made = [each for wish, answer in zip(asked, answers, strict=True) for each in self._made(wish, answer, now)]
        self._follow()
        if not isinstance(expected, Refused) and not isinstance(answers, Refused):
            for answer, admission in zip(answers, expected, strict=True):
                assert self._admitted(answer, admission), (answer, admission)
        assert not model.asked, "a response names an upload that is not in the log"
        return multiple(*made)

    @rule(several=st.lists(sent, min_size=1, max_size=4), puts=st.booleans())
    def confirm_batch(self, several: list[str], puts: bool) -> None:
        """Confirm uploads in one request, perhaps one of them twice, and run a worker."""
        self._note("confirm_batch")
        bucket = self.model.uploads[several[0]].ask.bucket
        here = [upload_id for upload_id in several if self.model.uploads[upload_id].ask.bucket == bucket]
        for upload_id in here:
            if puts and self.model.uploads[upload_id].stored is None:
                self._send(upload_id, self.wishes[upload_id].body)
        task_id = self.system.confirm_batch(bucket, here)
        self.model.batched[task_id] = here
        self._work()
        if task_id not in self.model.batched and not self.model.patient(self.system.now()):
            self._check_outcomes(task_id, here)

    @rule(target=sent, wish=wishes())
    def announce_and_put(self, wish: Wish) -> Any:  # noqa: ANN401  # the same
        """Announce a file and send it."""
        made = self._announce([wish])
        self._send_all(made)
        return made

    @rule(target=sent, wish=wishes(), claim=claims, policy=policies)
    def announce_put_and_confirm(self, wish: Wish, claim: str, policy: str | None) -> Any:  # noqa: ANN401  # the same
        """Do the whole job."""
        return self._do_the_job(wish, claim, policy)

    @rule(target=sent, wish=wishes(), how=notifications)
    def announce_put_and_notify(self, wish: Wish, how: str) -> Any:  # noqa: ANN401  # the same
        """Do the whole job, and let storage notify the service."""
        made = self._announce([Wish(wish.body, replace(wish.ask, auto_confirm=True))])
        self._send_all(made)
        for upload_id in made.values:
            self._at_once([self._notification(upload_id, how)])
        return made

    @rule(target=sent, several=st.lists(wishes(), min_size=2, max_size=4))
    def do_several_jobs(self, several: list[Wish]) -> Any:  # noqa: ANN401  # the same
        """Do the whole job with one file after the other, without errors."""
        return multiple(*(each for wish in several for each in self._do_the_job(wish, "nothing", None).values))

    @rule(upload_id=sent)
    def put(self, upload_id: str) -> None:
        """Send the file, perhaps again."""
        self._send(upload_id, self.wishes[upload_id].body)

    @rule(upload_id=sent, body=bodies)
    def put_other_bytes(self, upload_id: str, body: bytes) -> None:
        """Send another file, perhaps of another length, perhaps over the first."""
        self._send(upload_id, body)

    @rule(upload_id=sent, part_numbers=numbers, body=st.none() | bodies)
    def put_some_parts(self, upload_id: str, part_numbers: list[int], body: bytes | None) -> None:
        """Send parts of the file, or of another one, perhaps again, perhaps some that it does not have."""
        self._send_parts(upload_id, self.wishes[upload_id].body if body is None else body, part_numbers)

    @precondition(lambda self: self.system.limits.least_part_bytes > MIB)
    @rule(target=sent, wish=wishes(), named=names)
    def send_large_parts(self, wish: Wish, named: str) -> Any:  # noqa: ANN401  # the same
        """Send a file with two parts even where small ones are refused; assembled, it is too large to stay."""
        body = b"a" * self.system.limits.part_bytes + wish.body
        made = self._announce([Wish(body, replace(wish.ask, size_bytes=None, sha256=None, in_parts=True))])
        self._send_all(made)
        for upload_id in made.values:
            self._at_once([self._confirmation(upload_id, "nothing", None, as_task=False, named=named)])
        return made

    @rule(upload_id=sent)
    def list_parts(self, upload_id: str) -> None:
        """List the parts."""
        self._note("list_parts")
        seen = self.system.parts(upload_id)
        if not self.model.troubled or seen != STORAGE_UNAVAILABLE:
            assert seen == self.model.listed_parts(self.model.uploads[upload_id])

    @rule(upload_id=sent, claim=claims, policy=policies, as_task=st.booleans(), named=names)
    def confirm(self, upload_id: str, claim: str, policy: str | None, as_task: bool, named: str = "none") -> None:
        """Confirm it, perhaps for the second time."""
        self._at_once([self._confirmation(upload_id, claim, policy, as_task=as_task, named=named)])

    @rule(upload_id=sent, claim=claims, as_task=st.booleans())
    def confirm_twice_at_once(self, upload_id: str, claim: str, as_task: bool) -> None:
        """Confirm it twice at the same time."""
        request = self._confirmation(upload_id, claim, None, as_task=as_task)
        self._at_once([request, request])

    @rule(upload_id=sent, deed=deeds, how=notifications, part_numbers=numbers, times=st.integers(1, 2))
    def do(self, upload_id: str, deed: str, how: str, part_numbers: list[int], times: int) -> None:
        """Do something that is allowed at any time, perhaps twice at once."""
        self._at_once([self._deed(upload_id, deed, how, part_numbers)] * times)

    @rule(upload_id=sent, how=notifications)
    def notify(self, upload_id: str, how: str) -> None:
        """Let storage send a notification about an upload's key."""
        self._at_once([self._notification(upload_id, how)])

    @rule(
        target=sent,
        wish=wishes(),
        sends=st.booleans(),
        several=st.lists(deeds, min_size=2, max_size=3, unique=True),
        how=notifications,
    )
    def do_at_once(self, wish: Wish, sends: bool, several: list[str], how: str) -> Any:  # noqa: ANN401  # the same
        """Announce a file, perhaps send it, and do several things at the same time."""
        made = self._announce([wish])
        confirms = [deed for deed in several if deed.startswith("confirm")]
        cancels = [deed for deed in several if deed.startswith("cancel")]
        chosen = [deed for deed in several if deed not in {*confirms[1:], *cancels[1:]}]  # two would hide each other
        for upload_id in made.values:
            if sends:
                self._send(upload_id, wish.body)
            self._at_once([self._deed(upload_id, deed, how, [1, 2]) for deed in chosen])
        return made

    @rule(one=sent, other=sent, policy=policies)
    def confirm_two_at_once(self, one: str, other: str, policy: str | None) -> None:
        """Confirm two uploads, which may have the same bytes, the same unique key, and room for one only."""
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
            self._send(upload_id, self.wishes[upload_id].body)
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
            self._send(upload_id, wish.body)
        requests: list[About] = [
            self._confirmation(upload_id, "nothing", None, as_task=False) for upload_id in duplicates
        ]
        requests += [Forget(upload_id=upload_id) for upload_id in originals if forgets]
        if requests:
            self._at_once(requests)
        return multiple(*made)

    @rule(upload_id=sent, other=st.none() | sent)
    def forget(self, upload_id: str, other: str | None) -> None:
        """Let the operator erase an upload, perhaps while another one with the same bytes is being confirmed."""
        requests: list[About] = [Forget(upload_id=upload_id)]
        if other is not None:
            requests.insert(0, self._confirmation(other, "nothing", None, as_task=False))
        self._at_once(requests)

    @rule(upload_id=sent, keep_bytes=st.booleans(), only_open=st.booleans(), claim=st.none() | claims)
    def cancel(self, upload_id: str, keep_bytes: bool, claim: str | None, only_open: bool = False) -> None:
        """Cancel or delete it, perhaps for the second time, perhaps while it is being confirmed."""
        requests: list[About] = [Cancel(upload_id=upload_id, keep_bytes=keep_bytes, only_open=only_open)]
        if claim is not None:
            requests.insert(0, self._confirmation(upload_id, claim, None, as_task=False))
        self._at_once(requests)

    @rule(upload_id=sent, other=st.none() | sent)
    def delete(self, upload_id: str, other: str | None) -> None:
        """Delete an upload, perhaps while another one that depends on its bytes is being deleted."""
        several = [upload_id] if other in {None, upload_id} else [upload_id, other or ""]
        self._at_once([Cancel(upload_id=each) for each in several])

    @rule(target=sent, wish=wishes(), count=st.integers(2, 3), at_once=st.booleans(), makes=st.booleans())
    def delete_twins(self, wish: Wish, count: int, at_once: bool, makes: bool) -> Any:  # noqa: ANN401  # the same
        """Upload the same bytes several times, and delete the first ones, perhaps at once."""
        alike = replace(wish.ask, bucket="plain", sha256=None, skip_duplicates=True, create_object=False)
        made: list[str] = []
        for _ in range(count):
            made += self._do_the_job(Wish(wish.body, alike), "nothing", None).values
        if makes:
            made += self._do_the_job(Wish(wish.body, replace(alike, create_object=True)), "nothing", None).values
        requests: list[About] = [Cancel(upload_id=each) for each in made[:2]]
        for several in [requests] if at_once else [[each] for each in requests]:
            if several:
                self._at_once(several)
        return multiple(*made)

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
            self._send(upload_id, wish.body)
            requests.append(self._confirmation(upload_id, "nothing", None, as_task=False))
        if requests:
            self._at_once(requests if makes_first else requests[::-1])
        return multiple(*made)

    @rule(target=sent, wish=wishes(), other=wishes(), heirs=st.integers(0, 2), policy=policies)
    def delete_while_its_key_is_wanted(self, wish: Wish, other: Wish, heirs: int, policy: str | None) -> Any:  # noqa: ANN401  # the same
        """Confirm an upload while the object that has its unique key is being deleted, whose bytes may have heirs."""
        there = replace(wish.ask, bucket=UNIQUE_BUCKET, sha256=None, skip_duplicates=True, create_object=True)
        wanted = replace(other.ask, bucket=UNIQUE_BUCKET, create_object=True, title=there.title)
        late = list(self._announce([Wish(other.body, wanted)]).values)
        first = list(self._do_the_job(Wish(wish.body, there), "nothing", None).values)
        made = [*late, *first]
        for _ in range(heirs):
            made += self._do_the_job(Wish(wish.body, replace(there, create_object=False)), "nothing", None).values
        requests: list[About] = []
        for upload_id in late:
            self._send(upload_id, self.wishes[upload_id].body)
            requests.append(self._confirmation(upload_id, "nothing", policy, as_task=False))
        holders = [self.model.uploads[upload_id].object for upload_id in first]
        requests += [Delete(bucket=each.bucket, object_id=each.object_id) for each in holders if each is not None]
        if requests:
            self._at_once(requests)
        return multiple(*made)

    @rule(upload_id=sent)
    def get(self, upload_id: str) -> None:
        """Read its status."""
        self._note("get")
        upload, seen = self.model.uploads[upload_id], self.system.get(upload_id)
        if upload.status == FORGOTTEN:
            assert seen == Refused(404, "upload_not_found")
        else:
            assert isinstance(seen, UploadSeen), seen
            self._check_upload(upload, seen)

    @rule(bucket=st.sampled_from(BUCKETS), status=st.sampled_from(STATUSES))
    def uploads(self, bucket: str, status: str) -> None:
        """List the uploads with a status."""
        self._note("list")
        expected = [upload.upload_id for upload in self.model.in_bucket(bucket) if upload.status == status]
        assert [seen.upload_id for seen in self.system.uploads(bucket, status)] == expected

    @rule(request=st.none() | st.sampled_from(ABOUT_NOBODY))
    def ask_for_what_is_not_there(self, request: Request | None) -> None:
        """Name an upload that never existed."""
        self._note("ask_for_what_is_not_there")
        answer = self.system.get(UNKNOWN) if request is None else self.system.at_once([request])[0]
        assert answer == (Notified(0, 1) if isinstance(request, Notify) else Refused(404, "upload_not_found"))

    # The operator and the worker

    @rule(quota_bytes=st.sampled_from([60, 150, 150, 300]))
    def set_quota(self, quota_bytes: int) -> None:
        """Raise or lower the quota, perhaps below its use."""
        self._note("set_quota")
        self.system.set_quota(quota_bytes)
        self.model.quota_bytes = quota_bytes
        self._follow()

    @rule()
    def work(self) -> None:
        """Run a worker until nothing is due."""
        self._note("work")
        self._work()

    # Time, trouble and death

    @precondition(lambda self: self.system.powers.passes_time)
    @rule(by=st.sampled_from([*TIMES, "retention"]))
    def time_passes(self, by: str) -> None:
        """Let time pass, and run the worker."""
        self._note("time_passes")
        self._pass(by)
        self._work()

    @precondition(lambda self: self.system.powers.passes_time)
    @rule(target=sent, wish=wishes(), sends=st.booleans(), by=st.sampled_from(TIMES), deed=deeds)
    def come_back_later(self, wish: Wish, sends: bool, by: str, deed: str) -> Any:  # noqa: ANN401  # the same
        """Announce a file, perhaps send it, and come back after a while, before any worker checked."""
        made = self._announce([wish])
        for upload_id in made.values:
            if sends:
                self._send(upload_id, wish.body)
            self._pass(by)
            self._at_once([self._deed(upload_id, deed, "no more", [1])])
        return made

    @precondition(lambda self: self.system.powers.passes_time)
    @rule(target=sent, wish=wishes(), other=bodies)
    def overwrite_verified_bytes(self, wish: Wish, other: bytes) -> Any:  # noqa: ANN401  # the same
        """Do the whole job, send other bytes by the same URL, and wait until it has expired."""
        made = self._do_the_job(wish, "nothing", None)
        for upload_id in made.values:
            self._send(upload_id, other)
        self._pass("a long URL")
        self._work()
        return made

    def _pass(self, by: str) -> None:
        limits, second = self.model.limits, timedelta(seconds=1)
        self.system.pass_time(
            {
                "a moment": timedelta(seconds=70),
                "a while": timedelta(minutes=12),
                "a short URL": timedelta(seconds=SHORT) + limits.grace + second,
                "a long URL": timedelta(seconds=LONG) + limits.grace + second,
                "patience": timedelta(minutes=17),
                "retention": limits.retention + second,
            }[by]
        )

    @precondition(lambda self: self.system.powers.breaks_storage)
    @rule(
        goes=st.lists(outcomes, max_size=8),
        operation=st.none() | st.sampled_from(OPERATIONS),
        reads_fail=st.booleans(),
        lasts=st.integers(1, 4),
    )
    def storage_breaks(self, goes: list[Outcome], operation: str | None, reads_fail: bool, lasts: int) -> None:
        """Set the outcomes of calls to storage, or of those of one kind, for a number of steps."""
        self._note("storage_breaks")
        self.system.break_storage(goes, operation=operation, reads_fail=reads_fail)
        if reads_fail or {Outcome.FAILS, Outcome.LOST} & set(goes):  # slow calls must do no harm
            self.model.troubled = True
        self.trouble_lasts = lasts

    @precondition(lambda self: self.system.powers.breaks_storage)
    @rule(
        target=sent,
        wish=wishes(),
        operation=st.sampled_from(OPERATIONS),
        goes=st.sampled_from([[Outcome.FAILS], [Outcome.LOST], [Outcome.LOST, Outcome.FAILS]]),
        deed=deeds | st.just("wait"),
    )
    def send_and_meet_trouble(self, wish: Wish, operation: str, goes: list[Outcome], deed: str) -> Any:  # noqa: ANN401  # the same
        """Send a file, and let one call to storage fail in the next step."""
        made = self._announce([wish])
        self._send_all(made)
        for upload_id in made.values:
            self.storage_breaks(goes, operation, reads_fail=False, lasts=1)
            if deed == "wait" and self.system.powers.passes_time:
                self.time_passes("a long URL")
            elif deed != "wait":
                self._at_once([self._deed(upload_id, deed, "no more", [1])])
        return made

    @precondition(lambda self: self.system.powers.interrupts)
    @rule(upload_id=sent, after=steps, deed=deeds, how=notifications, part_numbers=numbers)
    def the_client_leaves(self, upload_id: str, after: int, deed: str, how: str, part_numbers: list[int]) -> None:
        """Drop a request somewhere in the middle."""
        self._note("the_client_leaves")
        request = self._deed(upload_id, deed, how, part_numbers)
        with self._expecting([request]):
            self.system.interrupted(request, after)
        self._see_parts([request], leaves_some=True)
        self._see_rechecks()

    @precondition(lambda self: self.system.powers.interrupts)
    @rule(after=steps)
    def the_worker_is_stopped(self, after: int) -> None:
        """Stop a worker somewhere in the middle of its jobs; no other worker may get them until its lease is over."""
        self._note("the_worker_is_stopped")
        self.model.trouble_ended = self.system.now()
        with self._at_work():
            self.system.interrupted(None, after)
        self._see_parts([])
        self._see_deletions()

    # Implementation

    def _note(self, name: str) -> None:
        self.tally.steps += 1
        self.tally.rules[name] += 1
        self.trouble_lasts -= 1
        if self.trouble_lasts == -1 and self.system.powers.breaks_storage:
            self.system.mend_storage()
            if self.model.troubled:
                self.model.troubled, self.model.trouble_ended = False, self.system.now()

    def _announce(self, asked: Sequence[Wish]) -> Any:  # noqa: ANN401  # what `multiple` returns has no name
        self._note("announce" if len(asked) == 1 else "announce_two_at_once")
        model, now = self.model, self.system.now()
        before = [model.admission(wish.ask, now) for wish in asked]
        answers = self.system.at_once([wish.ask for wish in asked])
        made: list[str] = []
        for wish, answer in zip(asked, answers, strict=True):
            made += self._made(wish, answer, now)
        self._follow()
        assert not model.asked, "a response names an upload that is not in the log"
        after = [model.admission(wish.ask, now) for wish in asked]
        for answer, first, last in zip(answers, before, after, strict=True):
            assert self._admitted(answer, first) or (len(asked) > 1 and self._admitted(answer, last)), (answer, first)
        return multiple(*made)

    def _made(self, wish: Wish, answer: Answer, now: datetime) -> list[str]:
        """Record an answer to an announcement; return the id of the upload if it is a new one."""
        if not isinstance(answer, UploadSeen) or answer.upload_id in self.model.uploads:
            return []
        self._check_fresh(wish, answer)
        self.model.asked[answer.upload_id] = Upload(
            ask=wish.ask,
            upload_id=answer.upload_id,
            storage_key=answer.storage_key,
            expires_at=answer.expires_at,
            due_at=answer.expires_at + self.model.limits.grace,
            status=answer.status,
            discards=answer.upload_id,
            part_size=answer.part_size,
            url=self._url(wish.ask, answer, now, answer.expires_at),
        )
        self.wishes[answer.upload_id] = wish
        return [answer.upload_id]

    def _do_the_job(self, wish: Wish, claim: str, policy: str | None) -> Any:  # noqa: ANN401  # what `multiple` returns
        made = self._announce([wish])
        self._send_all(made)
        for upload_id in made.values:
            self._at_once([self._confirmation(upload_id, claim, policy, as_task=False)])
        return made

    def _send_all(self, made: Any) -> None:  # noqa: ANN401  # what `multiple` returns has no name
        for upload_id in made.values:
            self._send(upload_id, self.wishes[upload_id].body)

    def _send(self, upload_id: str, body: bytes) -> None:
        """Send a file in the agreed way."""
        upload = self.model.uploads[upload_id]
        if upload.part_size is not None:
            count = max(-(-len(body) // upload.part_size), 1)
            self._send_parts(upload_id, body, range(1, min(count, upload.part_count or count) + 1))
            return
        if upload.url is None or not self._is_notifying(upload, upload.url):
            return
        if upload.url.fields is not None:
            self._post(upload, upload.url, upload.url.fields, body)
            return
        self._note("put")
        seen = self.system.put(upload.url.url, {"Content-Type": CONTENT_TYPE}, body)
        signed = {name.lower(): value for name, value in upload.url.headers.items()}.get("content-length")
        fits = signed in {None, str(len(body))} and self.system.storage_now() < upload.url.expires_at
        assert seen.status == (200 if fits else 403), f"a PUT was answered with {seen.status}"
        if fits:
            upload.store(body, seen.etag or "")
            self.touched.add(upload_id)

    def _post(self, upload: Upload, url: Url, fields: Mapping[str, str], body: bytes) -> None:
        """Send a file by a form: storage refuses one that is too large or too small."""
        self._note("post")
        seen = self.system.post(url.url, fields, body)
        fits = url.sizes[0] <= len(body) <= url.sizes[1]
        expected = 403 if self.system.storage_now() >= url.expires_at else 201 if fits else 400
        assert seen.status == expected, f"a form was answered with {seen.status}"
        if expected == 201:
            upload.store(body, seen.etag or "")
            self.touched.add(upload.upload_id)

    def _send_parts(self, upload_id: str, body: bytes, part_numbers: Sequence[int]) -> None:
        """Send these parts of a file, and request URLs before if the upload still accepts parts."""
        upload = self.model.uploads[upload_id]
        if upload.status in WAITING:
            whole = upload.part_size or 1
            sizes = tuple(len(body[(number - 1) * whole : number * whole]) for number in part_numbers)
            self._at_once([self._signing(upload_id, part_numbers, sizes)])
        for number in part_numbers:
            url, size = upload.part_urls.get(number), upload.part_size or 1
            if url is None or not self._is_notifying(upload, url):
                continue
            self._note("put_part")
            content = body[(number - 1) * size : number * size]
            # a client's library counts the bytes; storage compares them with the signed length
            headers = {name: value for name, value in url.headers.items() if name != "Content-Length"}
            seen = self.system.put(url.url, headers, content)
            allowed = 404 if upload.multipart is None else 200
            fits = self.system.storage_now() < url.expires_at and url.headers["Content-Length"] == str(len(content))
            assert seen.status == (allowed if fits else 403), f"the PUT of a part was answered with {seen.status}"
            if seen.status == 200:
                upload.parts[number] = Part(content, seen.etag or "")

    def _is_notifying(self, upload: Upload, url: Url) -> bool:
        """Return whether a PUT now has a defined outcome."""
        if upload.status == CANCELED and upload.keeps:
            return False  # bytes that arrive after the kept ones: see the how-to
        storage_now, now = self.system.storage_now(), self.system.now()
        if abs(storage_now - url.expires_at) < BORDER and storage_now != now:
            return False  # about to expire, and this clock does not stop
        if (now < url.expires_at) > (storage_now < url.expires_at):
            return url.signed_at < storage_now  # expired for storage already, whose clock is not behind
        return (now < url.expires_at) == (storage_now < url.expires_at) and url.signed_at - storage_now < AHEAD

    def _confirmation(
        self, upload_id: str, claim: str, policy: str | None, *, as_task: bool, named: str = "none"
    ) -> Confirm:
        """Return the request with this claim."""
        upload = self.model.uploads[upload_id]
        parts = self._named(upload, named)
        etag, size = upload.etag, None if not upload.stored else len(upload.stored)
        whole = self.model.assembly(upload, parts) if upload.multipart else None
        if isinstance(whole, list):
            etag, size = etag_of_parts(whole), sum(len(part.body) for part in whole) or None
        said = {
            "nothing": Claim(),
            "right": Claim(etag=etag, size_bytes=size),
            "right etag": Claim(etag=etag and f'"{etag}"'),
            "right size": Claim(size_bytes=size),
            "wrong etag": Claim(etag=WRONG_ETAG),
            "wrong size": Claim(size_bytes=(size or 0) + 1),
        }[claim]
        return Confirm(upload_id=upload_id, claim=replace(said, policy=policy), as_task=as_task, parts=parts)

    @staticmethod
    def _named(upload: Upload, named: str) -> tuple[tuple[int, str], ...] | None:
        """Return the parts that a client names when it confirms."""
        there = [(number, part.etag) for number, part in sorted(upload.parts.items())]
        etags = {
            "none": [],
            "all": there,
            "one less": there[:-1],
            "one more": [*there, (len(there) + 1, WRONG_ETAG)],
            "other bytes": [*there[:-1], *((number, WRONG_ETAG) for number, _ in there[-1:])],
        }[named]
        return tuple(dict(etags).items()) or None

    def _signing(self, upload_id: str, part_numbers: Sequence[int], sizes: tuple[int, ...]) -> SignParts:
        """Return the request for URLs of parts, with their sizes if the file's was not announced."""
        announced = self.model.uploads[upload_id].ask.size_bytes is not None
        return SignParts(upload_id=upload_id, part_numbers=tuple(part_numbers), sizes=None if announced else sizes)

    def _deed(self, upload_id: str, deed: str, how: str, part_numbers: Sequence[int]) -> AboutUpload:
        """Return the request for it."""
        match deed:
            case "cancel" | "cancel and keep":
                return Cancel(upload_id=upload_id, keep_bytes=deed == "cancel and keep")
            case "sign parts":
                whole = self.model.uploads[upload_id].part_size or 1
                return self._signing(upload_id, part_numbers, (whole,) * len(part_numbers))
            case "sign again":
                return SignAgain(upload_id=upload_id)
            case "notify":
                return self._notification(upload_id, how)
            case _:
                return self._confirmation(upload_id, "nothing", None, as_task=deed == "confirm as a task")

    def _notification(self, upload_id: str, how: str) -> Notify:
        """Return a notification, late or early, once or twice: only about bytes that arrived or were deleted."""
        upload = self.model.uploads[upload_id]
        arrived = bool(upload.arrived)
        return Notify(
            upload_id=upload_id,
            storage_key=f"{upload.storage_key}.bak" if how == "another key" else upload.storage_key,
            etag={"its etag": upload.etag, "an older etag": upload.arrived[0] if arrived else None}.get(how),
            gone=how == "gone" or not arrived,
            elsewhere=how == "elsewhere",
            times=2 if how == "twice" else 1,
        )

    def _at_once(self, requests: Sequence[About]) -> None:  # noqa: C901  # one arm for every kind of request
        """Send requests about uploads and objects at the same time, and check the answers and the results."""
        kinds = "_and_".join(sorted({type(request).__name__.lower() for request in requests}))
        self._note(kinds if len(requests) == 1 else f"{kinds}_at_once")
        model = self.model
        before = [self._state(request) for request in requests]
        refusals = [self._refusal(request) for request in requests]
        now = self.system.now()
        with self._expecting(requests):
            answers = self.system.at_once(requests)
        raced = len(requests) > 1
        if raced or model.troubled:
            self._see_parts(requests, leaves_some=model.troubled)
            self._see_rechecks()
        for request, answer, state, refusal in zip(requests, answers, before, refusals, strict=True):
            if model.troubled and answer == STORAGE_UNAVAILABLE:
                continue
            if raced and answer == BUSY:
                continue
            allowed = [refusal, self._refusal(request)] if raced else [refusal]
            if isinstance(request, Delete):
                assert answer in allowed, (request, answer)
                assert self._refusal(request) is not None, "an object was deleted, and is there"
                continue
            upload = model.uploads[request.upload_id]
            match request:
                case Confirm():
                    if not raced or upload.status != FORGOTTEN:  # any answer for an erased upload
                        self._check_confirmed(request, answer, state, allowed, raced=raced)
                case SignParts() | SignAgain():
                    self._check_signed(request, answer, allowed, now, raced=raced)
                case Notify():
                    self._check_notified(request, answer, state, now, raced=raced)
                case _:
                    ended = {CANCELED, FORGOTTEN} if isinstance(request, Cancel) else {FORGOTTEN}
                    if raced and isinstance(request, Cancel) and request.keep_bytes and upload.part_size is not None:
                        allowed.append(QUOTA_EXCEEDED)  # a confirmation assembles it at this moment
                    assert answer in allowed or (raced and answer is None), (request, answer, allowed)
                    assert answer is not None or upload.status in ended, (request, upload.status)

    def _state(self, request: About) -> str:
        return "" if isinstance(request, Delete) else self.model.uploads[request.upload_id].status

    def _work(self) -> None:
        model, now = self.model, self.system.now()
        with self._at_work():
            self.system.work()
        self._check_tasks()
        if model.patient(now):
            self._see_parts([])
            self._see_deletions()
            return
        restored = model.restore_due(now)
        late = list(model.overdue(now))
        assert not late, late
        gone = model.delete_due(now)
        for upload in gone:
            upload.lose()
        self._see_orphans(rests=True)
        self._check_storage([*gone, *restored, *(model.uploads[each] for each in sorted(self.touched))])
        self.touched.clear()


def run(make_system: Callable[[], System], *, examples: int, steps: int) -> Tally:
    """Drive systems (a new one for each example) and return the statistics; raise the findings of Hypothesis.

    The environment variable `UPWELL_HARNESS_EXAMPLES` sets another number of examples.
    """
    tally = Tally()

    class Machine(UploadMachine):
        """A machine on its own system."""

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
