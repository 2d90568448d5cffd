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
    IN_PROGRESS,
    OPEN,
    PENDING,
    PROCESSING,
    STATUSES,
    WAITING,
    Admission,
    Give,
    Known,
    Model,
    Part,
    Skip,
    Upload,
    Url,
    etag_of_parts,
    sha256,
)
from tests.harness.system import (
    BUCKETS,
    CONTENT_TYPE,
    OPERATIONS,
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
    Outcome,
    PartsSigned,
    QuotaSeen,
    Refused,
    Request,
    SignAgain,
    SignParts,
    System,
    TaskSeen,
    Tell,
    Told,
    UploadSeen,
    UrlSeen,
)

EXAMPLES_VARIABLE = "UPWELL_HARNESS_EXAMPLES"

# How far the clocks of the service and of storage may be apart for a PUT to say anything, and how near an expiry.
AHEAD = timedelta(minutes=10)
BORDER = timedelta(seconds=20)

SHORT, LONG = 60, 3600
MIB = 1024**2
TIMES = ("a moment", "a while", "a short URL", "a long URL", "patience", "retention")
WRONG_ETAG = "0" * 32
UNKNOWN = "upl_0000000000nobody"
ABOUT_NOBODY: tuple[Request, ...] = (
    Confirm(upload_id=UNKNOWN, claim=Claim()),
    Cancel(upload_id=UNKNOWN),
    SignParts(upload_id=UNKNOWN, part_numbers=(1,)),
    SignAgain(upload_id=UNKNOWN),
    Tell(upload_id=UNKNOWN, storage_key=f"int_0/ns_0/api_buckets_uploads_create/{UNKNOWN}/file.txt"),
)
BUSY = Refused(400, "busy")
STORAGE_UNAVAILABLE = Refused(503, "storage_unavailable")
QUOTA_EXCEEDED = Refused(403, "quota_exceeded")

bodies = st.builds(
    lambda letter, length: letter * length,
    st.sampled_from([b"a", b"b"]),
    st.sampled_from([10, 10, 10, 0, 1, 29, 30, 31, 40, 41, 50]),
)
titles = st.sampled_from(["one", "two"])
policies = st.sampled_from([None, None, "insert", "upsert", "update"])
steps = st.integers(0, 12)


AboutUpload = Confirm | Cancel | Forget | SignParts | SignAgain | Tell
About = AboutUpload | Delete


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
        in_parts=draw(st.booleans()),
        auto_confirm=draw(st.sampled_from([None, None, True, False])),
        expires_after_seconds=draw(st.sampled_from([None, None, None, 1800, 3600])),
    )
    return Wish(body, ask)


claims = st.sampled_from(["nothing", "nothing", "right", "right etag", "right size", "wrong etag", "wrong size"])
names = st.sampled_from(["none", "none", "all", "one less", "one more", "other bytes"])
numbers = st.lists(st.integers(1, 4), min_size=1, max_size=3)
tidings = st.sampled_from(["no more", "twice", "its etag", "an older etag", "gone", "elsewhere", "another key"])
# What may be asked at any time about one upload.
deeds = st.sampled_from(
    ["confirm", "confirm", "confirm as a task", "cancel", "cancel and keep", "sign parts", "sign again", "tell"]
)
outcomes = st.sampled_from([Outcome.WELL, Outcome.WELL, Outcome.FAILS, Outcome.LOST, Outcome.SLOW])


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
        self.trouble_lasts = -1
        tally.examples += 1
        self._follow()

    def teardown(self) -> None:
        """Look at everything once more, whatever was left out for speed."""
        try:
            if sys.exc_info()[0] is not None:
                return  # a step has failed: what else is wrong is of no interest
            self._check_storage(self.model.uploads.values())
            self._check_multiparts()
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

    @rule(target=sent, wish=wishes(), how=tidings)
    def announce_put_and_tell(self, wish: Wish, how: str) -> Any:  # noqa: ANN401  # the same
        """Do the whole job, and have storage tell of it."""
        made = self._announce([Wish(wish.body, replace(wish.ask, auto_confirm=True))])
        self._send_all(made)
        for upload_id in made.values:
            self._at_once([self._tidings(upload_id, how)])
        return made

    @rule(target=sent, several=st.lists(wishes(), min_size=2, max_size=4))
    def do_several_jobs(self, several: list[Wish]) -> Any:  # noqa: ANN401  # the same
        """Do the whole job with one file after the other, and without a wrong word."""
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
        """Send a file that has two parts even where small ones are not taken; put together, it is too large to stay."""
        body = b"a" * self.system.limits.part_bytes + wish.body
        made = self._announce([Wish(body, replace(wish.ask, size_bytes=None, sha256=None, in_parts=True))])
        self._send_all(made)
        for upload_id in made.values:
            self._at_once([self._confirmation(upload_id, "nothing", None, as_task=False, named=named)])
        return made

    @rule(upload_id=sent)
    def list_parts(self, upload_id: str) -> None:
        """Ask which parts are there."""
        self._note("list_parts")
        seen = self.system.parts(upload_id)
        if not self.model.troubled or seen != STORAGE_UNAVAILABLE:
            assert seen == self.model.listed_parts(self.model.uploads[upload_id])

    @rule(upload_id=sent, claim=claims, policy=policies, as_task=st.booleans(), named=names)
    def confirm(self, upload_id: str, claim: str, policy: str | None, as_task: bool, named: str = "none") -> None:
        """Say that it is there, perhaps for the second time."""
        self._at_once([self._confirmation(upload_id, claim, policy, as_task=as_task, named=named)])

    @rule(upload_id=sent, claim=claims, as_task=st.booleans())
    def confirm_twice_at_once(self, upload_id: str, claim: str, as_task: bool) -> None:
        """Say it twice at the same time."""
        request = self._confirmation(upload_id, claim, None, as_task=as_task)
        self._at_once([request, request])

    @rule(upload_id=sent, deed=deeds, how=tidings, part_numbers=numbers, times=st.integers(1, 2))
    def do(self, upload_id: str, deed: str, how: str, part_numbers: list[int], times: int) -> None:
        """Do what may be done at any time, perhaps twice at once."""
        self._at_once([self._deed(upload_id, deed, how, part_numbers)] * times)

    @rule(upload_id=sent, how=tidings)
    def tell(self, upload_id: str, how: str) -> None:
        """Have storage tell of an upload's key."""
        self._at_once([self._tidings(upload_id, how)])

    @rule(
        target=sent,
        wish=wishes(),
        sends=st.booleans(),
        several=st.lists(deeds, min_size=2, max_size=3, unique=True),
        how=tidings,
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
        """Have the operator erase an upload, perhaps while another one is being confirmed that has the same bytes."""
        requests: list[About] = [Forget(upload_id=upload_id)]
        if other is not None:
            requests.insert(0, self._confirmation(other, "nothing", None, as_task=False))
        self._at_once(requests)

    @rule(upload_id=sent, keep_bytes=st.booleans(), only_open=st.booleans(), claim=st.none() | claims)
    def cancel(self, upload_id: str, keep_bytes: bool, claim: str | None, only_open: bool = False) -> None:
        """Give it up, or delete it, perhaps for the second time, perhaps while it is being confirmed."""
        requests: list[About] = [Cancel(upload_id=upload_id, keep_bytes=keep_bytes, only_open=only_open)]
        if claim is not None:
            requests.insert(0, self._confirmation(upload_id, claim, None, as_task=False))
        self._at_once(requests)

    @rule(upload_id=sent, other=st.none() | sent)
    def delete(self, upload_id: str, other: str | None) -> None:
        """Delete an upload, perhaps while another one is being deleted that stands on its bytes."""
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

    @rule(request=st.none() | st.sampled_from(ABOUT_NOBODY))
    def ask_for_what_is_not_there(self, request: Request | None) -> None:
        """Name an upload that never was."""
        self._note("ask_for_what_is_not_there")
        answer = self.system.get(UNKNOWN) if request is None else self.system.at_once([request])[0]
        assert answer == (Told(0, 1) if isinstance(request, Tell) else Refused(404, "upload_not_found"))

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
    @rule(by=st.sampled_from([*TIMES, "retention"]))
    def time_passes(self, by: str) -> None:
        """Let time pass, and the worker go on."""
        self._note("time_passes")
        self._pass(by)
        self._work()

    @precondition(lambda self: self.system.powers.passes_time)
    @rule(target=sent, wish=wishes(), sends=st.booleans(), by=st.sampled_from(TIMES), deed=deeds)
    def come_back_later(self, wish: Wish, sends: bool, by: str, deed: str) -> Any:  # noqa: ANN401  # the same
        """Announce a file, perhaps send it, and come back after a while, before any worker looked."""
        made = self._announce([wish])
        for upload_id in made.values:
            if sends:
                self._send(upload_id, wish.body)
            self._pass(by)
            self._at_once([self._deed(upload_id, deed, "no more", [1])])
        return made

    @precondition(lambda self: self.system.powers.passes_time)
    @rule(target=sent, wish=wishes(), other=bodies)
    def overwrite_what_was_proved(self, wish: Wish, other: bytes) -> Any:  # noqa: ANN401  # the same
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
        """Let calls to storage, or those of one kind, go otherwise, until so many things were done."""
        self._note("storage_breaks")
        self.system.break_storage(goes, operation=operation, reads_fail=reads_fail)
        if reads_fail or {Outcome.FAILS, Outcome.LOST} & set(goes):  # what is slow must do no harm
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
        """Send a file, and have one call to storage go wrong in what comes next."""
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
    @rule(upload_id=sent, after=steps, deed=deeds, how=tidings, part_numbers=numbers)
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
        """Stop a worker somewhere in the middle of its jobs; nobody may get them until its lease is over."""
        self._note("the_worker_is_stopped")
        self.model.trouble_ended = self.system.now()
        with self._at_work():
            self.system.interrupted(None, after)
        self._see_parts([])
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
        jobs = self.system.jobs()
        for subject, kind in jobs:
            if not subject.startswith("task_"):  # a task has jobs of its own
                kinds.setdefault(subject, set()).add(kind)
        for upload in self.model.uploads.values():
            there, expected = kinds.pop(upload.upload_id, set()) - {"discard"}, self.model.jobs(upload)
            assert there == expected, f"{upload.upload_id} ({upload.status}) has the jobs {there}, not {expected}"
            if "expire" in there:
                looked_at = jobs[upload.upload_id, "expire"]
                assert looked_at >= upload.due_at, f"{upload.upload_id} is ended at {looked_at}, before its URL is over"
        for each in self.model.objects:
            there, expected = kinds.pop(each.object_id, set()), {"delete_object"} if each.ends_at else set()
            assert there == expected, f"{each.object_id} has the jobs {there}, not {expected}"
        assert not kinds, f"jobs of uploads that are not there: {kinds}"
        discards = {subject for subject, kind in jobs if kind == "discard"}
        assert discards == {each.discards for each in self.model.uploads.values() if each.deletions}

    @invariant()
    def bytes_are_where_they_should_be(self) -> None:
        """Storage holds what the model says, and nothing else."""
        if self.system.powers.quick:
            self._check_storage(self.model.uploads.values())
            self._check_multiparts()

    # How it is done

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
        assert not model.asked, "an upload was told of that is not in the log"
        after = [model.admission(wish.ask, now) for wish in asked]
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
            expires_at=answer.expires_at,
            due_at=answer.expires_at + self.model.limits.grace,
            status=answer.status,
            discards=answer.upload_id,
            part_size=answer.part_size,
            url=None if answer.url is None else Url(answer.url, answer.headers, now, answer.expires_at),
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
        assert answer.part_size == (self.model.limits.part_bytes if wish.ask.in_parts else None)
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
                made = original.object.object_id if original.object else None
                in_object = answer.object_id == made is not None or not admission.wants_object
                return in_object and answer.upload_id == answer.duplicate_of == original.upload_id
            case Give(), UploadSeen(status="PENDING"):
                return (answer.url is None) == (answer.part_size is not None)
            case _:
                return False

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
        """Send a file in the way that was agreed."""
        upload = self.model.uploads[upload_id]
        if upload.part_size is not None:
            count = max(-(-len(body) // upload.part_size), 1)
            self._send_parts(upload_id, body, range(1, min(count, upload.part_count or count) + 1))
            return
        if upload.url is None or not self._is_telling(upload, upload.url):
            return
        self._note("put")
        seen = self.system.put(upload.url.url, {"Content-Type": CONTENT_TYPE}, body)
        signed = {name.lower(): value for name, value in upload.url.headers.items()}.get("content-length")
        fits = signed in {None, str(len(body))} and self.system.storage_now() < upload.url.expires_at
        assert seen.status == (200 if fits else 403), f"a PUT was answered with {seen.status}"
        if fits:
            upload.store(body, seen.etag or "")
            self.touched.add(upload_id)

    def _send_parts(self, upload_id: str, body: bytes, part_numbers: Sequence[int]) -> None:
        """Send these parts of a file, and ask for URLs before if the upload takes parts still."""
        upload = self.model.uploads[upload_id]
        if upload.status in WAITING:
            whole = upload.part_size or 1
            sizes = tuple(len(body[(number - 1) * whole : number * whole]) for number in part_numbers)
            self._at_once([self._signing(upload_id, part_numbers, sizes)])
        for number in part_numbers:
            url, size = upload.part_urls.get(number), upload.part_size or 1
            if url is None or not self._is_telling(upload, url):
                continue
            self._note("put_part")
            content = body[(number - 1) * size : number * size]
            # a client's library counts what it sends; storage holds that to the length that was signed
            headers = {name: value for name, value in url.headers.items() if name != "Content-Length"}
            seen = self.system.put(url.url, headers, content)
            allowed = 404 if upload.multipart is None else 200
            fits = self.system.storage_now() < url.expires_at and url.headers["Content-Length"] == str(len(content))
            assert seen.status == (allowed if fits else 403), f"the PUT of a part was answered with {seen.status}"
            if seen.status == 200:
                upload.parts[number] = Part(content, seen.etag or "")

    def _is_telling(self, upload: Upload, url: Url) -> bool:
        """Return whether a PUT now has an outcome that the design foresees."""
        if upload.status == CANCELED and upload.keeps:
            return False  # bytes that come later than those that were kept: see the how-to
        storage_now, now = self.system.storage_now(), self.system.now()
        if abs(storage_now - url.expires_at) < BORDER and storage_now != now:
            return False  # about to expire, while nobody stops this clock
        if (now < url.expires_at) > (storage_now < url.expires_at):
            return url.signed_at < storage_now  # expired for storage already, which is behind nobody
        return (now < url.expires_at) == (storage_now < url.expires_at) and url.signed_at - storage_now < AHEAD

    def _confirmation(
        self, upload_id: str, claim: str, policy: str | None, *, as_task: bool, named: str = "none"
    ) -> Confirm:
        """Return the request that claims this."""
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
        """Return the request for URLs of parts; it says their sizes where the file's was not announced."""
        announced = self.model.uploads[upload_id].ask.size_bytes is not None
        return SignParts(upload_id=upload_id, part_numbers=tuple(part_numbers), sizes=None if announced else sizes)

    def _deed(self, upload_id: str, deed: str, how: str, part_numbers: Sequence[int]) -> AboutUpload:
        """Return the request that does it."""
        match deed:
            case "cancel" | "cancel and keep":
                return Cancel(upload_id=upload_id, keep_bytes=deed == "cancel and keep")
            case "sign parts":
                whole = self.model.uploads[upload_id].part_size or 1
                return self._signing(upload_id, part_numbers, (whole,) * len(part_numbers))
            case "sign again":
                return SignAgain(upload_id=upload_id)
            case "tell":
                return self._tidings(upload_id, how)
            case _:
                return self._confirmation(upload_id, "nothing", None, as_task=deed == "confirm as a task")

    def _tidings(self, upload_id: str, how: str) -> Tell:
        """Return what storage tells, late or early, once or twice: only of bytes that did arrive, or that went."""
        upload = self.model.uploads[upload_id]
        arrived = bool(upload.arrived)
        return Tell(
            upload_id=upload_id,
            storage_key=f"{upload.storage_key}.bak" if how == "another key" else upload.storage_key,
            etag={"its etag": upload.etag, "an older etag": upload.arrived[0] if arrived else None}.get(how),
            gone=how == "gone" or not arrived,
            elsewhere=how == "elsewhere",
            times=2 if how == "twice" else 1,
        )

    def _at_once(self, requests: Sequence[About]) -> None:  # noqa: C901  # one arm for every kind of request
        """Send requests about uploads and objects at the same time, and check what was answered and what came of it."""
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
                    if not raced or upload.status != FORGOTTEN:  # of what is erased meanwhile, any answer is as good
                        self._check_confirmed(request, answer, state, allowed, raced=raced)
                case SignParts() | SignAgain():
                    self._check_signed(request, answer, allowed, now, raced=raced)
                case Tell():
                    self._check_told(request, answer, state, now, raced=raced)
                case _:
                    ended = {CANCELED, FORGOTTEN} if isinstance(request, Cancel) else {FORGOTTEN}
                    if raced and isinstance(request, Cancel) and request.keep_bytes and upload.part_size is not None:
                        allowed.append(QUOTA_EXCEEDED)  # a confirmation puts it together at this very moment
                    assert answer in allowed or (raced and answer is None), (request, answer, allowed)
                    assert answer is not None or upload.status in ended, (request, upload.status)

    def _state(self, request: About) -> str:
        return "" if isinstance(request, Delete) else self.model.uploads[request.upload_id].status

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
            case Tell():
                return None

    def _check_signed(
        self,
        request: SignParts | SignAgain,
        answer: Answer,
        allowed: Sequence[Refused | None],
        now: datetime,
        *,
        raced: bool,
    ) -> None:
        """Hold an answer with URLs to what was asked, and take note of them."""
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
                self._check_upload(upload, replace(answer, url=None))
                assert now + lasts - upload.expires_at < timedelta(seconds=1), "an upload got no more time"
            if answer.url is not None:
                upload.url = Url(answer.url, answer.headers, now, upload.expires_at)
            return
        assert isinstance(answer, PartsSigned), answer
        assert list(answer.urls) == list(request.part_numbers)
        assert raced or upload.status == IN_PROGRESS
        assert raced or now + lasts <= upload.due_at, "URLs were given out that the upload does not outlive"
        for number, signed in answer.urls.items():
            assert isinstance(signed, UrlSeen)
            upload.part_urls[number] = Url(signed.url, signed.headers, now, now + lasts)

    def _check_told(self, request: Tell, answer: Answer, state: str, now: datetime, *, raced: bool) -> None:
        """Hold the answer to a notification to what it was about, and see that somebody goes on with it."""
        upload = self.model.uploads[request.upload_id]
        ours = not request.elsewhere and request.storage_key == upload.storage_key and state != FORGOTTEN
        ours = ours and upload.discards == upload.upload_id  # an heir's bytes lie under another upload's key
        matched = request.times if ours else 0
        assert answer == Told(matched, request.times - matched), (request, answer)
        if not raced and ours:
            self.model.told(request, now)
        if ours and not request.gone and upload.ask.confirms_itself:
            assert upload.status not in WAITING, f"storage told of {upload.upload_id}, and nobody looks"

    def _check_confirmed(
        self, request: Confirm, answer: Answer, state: str, allowed: Sequence[Refused | None], *, raced: bool
    ) -> None:
        upload = self.model.uploads[request.upload_id]
        told = f"{upload.upload_id} was {state}, is {upload.status}, and the answer was {answer}"
        if isinstance(answer, Refused):
            assert answer in allowed or answer in self._late_refusals(upload, state, raced=raced), told
            return
        assert None in allowed, told
        assert isinstance(answer, ConfirmSeen), told
        assert (answer.upload_id, answer.task_id) == (upload.upload_id, upload.task_id), told
        if answer.status == PROCESSING:
            goes_on = upload.status == PROCESSING and (request.as_task or state == PROCESSING or self._is_large(upload))
            given_up = self.model.troubled and upload.status in WAITING
            assert goes_on or given_up or raced, told
            return
        assert answer.status == upload.status == COMPLETED, told
        shown = upload.shown()
        if raced and answer.object_id is None:
            shown["object_id"] = None  # an object was made of its bytes after it was answered
        if raced and answer.duplicate_of != shown["duplicate_of"]:  # the original went after it was answered
            shown |= {name: getattr(answer, name) for name in ("is_duplicate", "duplicate_of", "object_id")}
        assert {name: getattr(answer, name) for name in shown} == shown, told

    @staticmethod
    def _late_refusals(upload: Upload, state: str, *, raced: bool) -> set[Refused]:
        """Return the refusals that come of what the confirmation found, or of what others did meanwhile."""
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

    @contextmanager
    def _expecting(self, requests: Sequence[Request]) -> Iterator[None]:
        """Let the model know what was asked while the feed is followed."""
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
            elif isinstance(request, Tell):
                model.telling.add(request.upload_id)
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
            model.telling.clear()

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

    def _see_parts(self, requests: Sequence[Request], *, leaves_some: bool = False) -> None:
        """Find out which parts were put together though the log does not tell, because nobody could go on with it.

        `leaves_some`: others may have been begun that nobody knows of; they go when their upload has ended.
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
            assert stored == b"".join(part.body for part in parts), "other parts were put together"
            model.put_together(upload, parts)
        if leaves_some:
            model.orphans |= there - self._multiparts()
        self._see_orphans(rests=False)

    def _see_orphans(self, *, rests: bool) -> None:
        """Find out which parts that nobody knows of are gone: those of an open upload may not be.

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
        """Find out what a worker has deleted that may have done so, and may have left something for later."""
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
        """Find out when somebody looks at completed uploads, after what came at once, or by halves."""
        jobs, now = self.system.jobs(), self.system.now()
        for upload in self.model.covered():
            job = jobs.get((upload.upload_id, "recheck"))
            if upload.recheck_at is not None and now >= upload.recheck_at:
                if self.system.stored(upload.storage_key) == upload.content:
                    upload.stored, upload.etag = upload.content, upload.content_etag
                else:
                    assert job is not None, "a look at other bytes was dropped"
        for upload in self.model.uploads.values():
            if upload.keeps and upload.status == COMPLETED:
                upload.recheck_at = jobs.get((upload.upload_id, "recheck"))

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
        shown = upload.shown() | upload.listed()
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
