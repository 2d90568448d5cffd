"""Twins: after any history memory, PostgreSQL and a fold of the domain's functions say the same.

What spans aggregates (quota, jobs, claims, originals) is decided in the domain; memory calls it, and SQL is its one
twin. Here SQL is held to it, and both to a fold that knows no adapter.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adapters.memory.clock import ManualClock, SequentialIds
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.read_side import MemoryReadSide
from adapters.memory.tasks.scheduling import JobRow
from adapters.postgres.database.connecting import Connection, connect
from application.handling import load
from application.ports.events.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.lists.pages import PageRequest
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeirExistsError,
    HeldUpload,
    NotInObject,
    OriginalExistsError,
    OriginalGoneError,
    OwnedClaim,
)
from application.ports.organizations.quota_ledger import QuotaLedger, QuotaUse
from application.ports.read_side import ReadSide
from domain.buckets.bucket import BeginBucketDeletion, BucketCommand, BucketStatus, EndBucketDeletion
from domain.claims import Claim, unique_key_claim
from domain.events.event import Origin, topic_of
from domain.keys.api_key import ApiKeySettingsChanged
from domain.namespaces.namespace import BeginNamespaceDeletion, EndNamespaceDeletion, NamespaceCommand
from domain.refusals import QuotaExceededError, RefusedError, WrongStateError
from domain.tasks.agenda import JobKind
from domain.uploads.originals import WantedContent, heir_of
from domain.uploads.upload import (
    UPLOAD,
    AbandonVerification,
    AcceptContent,
    BeginVerification,
    CancelUpload,
    ExpireUpload,
    ForgetUpload,
    InProgress,
    Pending,
    ReissueUrl,
    RejectContent,
    ReportChangedContent,
    StartUpload,
)
from domain.webhooks.webhook import WebhookCreated, WebhookDeleted, WebhookSettings, WebhookUpdated
from scripts.draw_state_machine import TRANSITIONS
from tests.conftest import Database
from tests.contract._log import HASH, OTHER_HASH, Account, Kit, new_account, opening, postgres_kit
from tests.harness.folding import Fold

json_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e15, 1e15, allow_nan=False) | json_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_text, inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(json_text, json_values, max_size=3)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt.

    `first` and `second` choose its targets, `choice` a command to an upload that its state allows.
    """

    what: str
    choice: int
    first: int
    second: int
    size_bytes: int | None
    yes: bool
    text: str
    facts: dict[str, Any]
    demands: frozenset[str]
    later: timedelta


@dataclass
class History:
    """An account whose steps are taken on two logs and folded; all three must give the same answer."""

    account: Account
    logs: Sequence[EventLog]
    fold: Fold
    uploads: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)

    async def begin(self, *, quota_bytes: int | None) -> None:
        """Open the account; complete an original, a duplicate of it and a second original; leave three uploads open.

        The last of those is being verified, for the second time. All of it as far as there is room.
        """
        account, log = self.account, self.logs[0]
        await self._carry_out(opening(account, name=account.organization_id, quota_bytes=quota_bytes))
        for number in range(6):
            ends = A_DAY_OF_SECONDS if number in {2, 4} else None
            await self._carry_out(account.request_command(declared_size_bytes=100, expires_after_seconds=ends))
        for number, upload_id in enumerate(self.uploads[:3]):
            end = account.accepts(duplicate_of=self.uploads[0] if number == 1 else None)
            if number == 2:  # the last one: all at once
                await self._carry_out(await account.to_upload(log, upload_id, account.begins(inline=True), then=end))
                continue
            await self._carry_out(await account.to_upload(log, upload_id, account.begins()))
            await self._carry_out(await account.to_upload(log, upload_id, end))
        for upload_id in self.uploads[5:]:
            for turn in (account.begins(), account.abandons(), account.begins()):
                await self._carry_out(await account.to_upload(log, upload_id, turn))

    async def take(self, step: Step) -> None:
        self.account.clock.advance(step.later)
        try:
            command = await self._command(step)
        except RefusedError:
            return
        if command is None or not any(stream.events for stream in command.streams):
            return
        if "another version" in step.demands:
            streams = [msgspec.structs.replace(s, expected_version=s.expected_version + 1) for s in command.streams]
            command = msgspec.structs.replace(command, streams=tuple(streams))
        await self._carry_out(command)

    async def _carry_out(self, command: Command) -> None:
        first, second = [await self._outcome(log, command) for log in self.logs]
        assert first == second
        self._compare(command, first)
        if isinstance(first, int):
            self.fold.append(command, first)
            made = [s.stream_id for s in command.streams if s.expected_version == 0]
            self.uploads += [one for one in made if one.startswith("upl_")]
            self.objects += [one for one in made if one.startswith("obj_")]
            self.keys += [one for one in made if one.startswith("key_") and one != self.account.key_id]
            self.webhooks += [one for one in made if one.startswith("wh_")]

    def _compare(self, command: Command, outcome: object) -> None:
        """Compare the answer of the logs with the result of the fold."""
        refused = self.fold.refusal(command)
        refusal = None if refused is None else (type(refused), refused.code, refused.message, refused.details)
        if isinstance(outcome, int):
            assert refusal is None, refusal
        elif isinstance(outcome, tuple) and outcome[0] in SPANNING:
            assert refusal == outcome

    @staticmethod
    async def _outcome(log: EventLog, command: Command) -> object:
        try:
            return await log.append(command)
        except RefusedError as error:
            return type(error), error.code, error.message, error.details
        except VersionConflictError as error:
            return error.stream_id, error.expected, error.actual

    def _conditions(self, step: Step, upload_id: str | None) -> dict[str, Any]:
        account = self.account
        every: dict[str, dict[str, Any]] = {
            "live": account.live,
            "new": {"no_original": (WantedContent(bucket_id=account.bucket_id, sha256=(HASH, OTHER_HASH)[step.yes]),)},
            "free": {
                "free": (
                    Claim(scope=f"object:{account.bucket_id}", key=f"key-{step.second}"),
                    Claim(scope=f"content:{account.bucket_id}", key=f"key-{step.first}"),
                )
            },
            "owned": {"owned": self._owned(step)},
            "stored": {"stored": self._picked(self.uploads, step.second)},
            "held": {"held": self._held(step, upload_id)},
            "unheld": {"unheld": (NotInObject(upload_id=upload_id),) if upload_id else ()},
        }
        return {name: value for demand in step.demands for name, value in every.get(demand, {}).items()}

    def _owned(self, step: Step) -> tuple[OwnedClaim, ...]:
        """Return the claim of an object that has one, or of one that may have had it."""
        key = unique_key_claim(self.account.bucket_id, f"key-{step.second}")
        owner_id = self.fold.held().get(key) if step.yes else self._pick(self.objects, step.first)
        return () if owner_id is None else (OwnedClaim(claim=key, owner_id=owner_id),)

    def _held(self, step: Step, upload_id: str | None) -> tuple[HeldUpload, ...]:
        object_id = self._pick(self.objects, step.second)
        if upload_id is None or object_id is None:
            return ()
        return (HeldUpload(upload_id=upload_id, object_id=object_id),)

    @staticmethod
    def _pick(some: list[str], number: int) -> str | None:
        return some[number % len(some)] if some else None

    @staticmethod
    def _picked(some: list[str], number: int) -> tuple[str, ...]:
        return (some[number % len(some)],) if some else ()

    async def _command(self, step: Step) -> Command | None:  # noqa: C901, PLR0911, PLR0912  # one arm for every kind of step
        account, log = self.account, self.logs[0]
        upload_id, object_id = self._pick(self.uploads, step.first), self._pick(self.objects, step.second)
        conditions = self._conditions(step, upload_id)
        match step.what:
            case "request" | "skip":
                return account.request_command(
                    existing_object_id="obj_other" if step.what == "skip" else None,
                    conditions=conditions,
                    filename=step.text,
                    declared_size_bytes=step.size_bytes,
                    declared_sha256=HASH if step.yes else None,
                    metadata=step.facts,
                    object_metadata=step.facts if step.yes else None,
                    skip_duplicates=step.second != 0,
                    expires_after_seconds=A_DAY_OF_SECONDS if step.choice % 3 == 0 else None,
                )
            case "namespace":
                return account.command(account.namespace(account.ids.new("n")), **conditions)
            case "bucket":
                bucket = account.bucket(account.ids.new("b"), bucket_schema=step.facts, metadata=step.facts)
                return account.command(bucket, **conditions)
            case "key":
                key_id = account.ids.new("key_")
                return account.command(account.key(f"name-of-{key_id}", key_id, scopes=(step.facts,)), **conditions)
            case "revoke":
                given_out = self._pick(self.keys, step.first)
                return account.command(await account.revocation(log, given_out)) if given_out else None
            case "status":
                status = list(BucketStatus)[step.first % 3]
                return account.command(await account.new_status(log, status), **conditions)
            case "rename" | "delete bucket" | "bucket deleted":
                meant: dict[str, Callable[[Origin], BucketCommand]] = {
                    "rename": account.renames(f"name-{step.second}", metadata=step.facts, description=step.text),
                    "delete bucket": lambda origin: BeginBucketDeletion(origin=origin, task_id="task_1"),
                    "bucket deleted": lambda origin: EndBucketDeletion(origin=origin),
                }
                try:
                    stream = await account.to_bucket(log, meant[step.what])
                except RefusedError:
                    return None
                return account.command(stream, **conditions) if stream.events else None
            case "rename namespace" | "delete namespace" | "namespace deleted":
                turns: dict[str, Callable[[Origin], NamespaceCommand]] = {
                    "rename namespace": account.renames_namespace(f"name-{step.second}"),
                    "delete namespace": lambda origin: BeginNamespaceDeletion(origin=origin, task_id="task_2"),
                    "namespace deleted": lambda origin: EndNamespaceDeletion(origin=origin),
                }
                try:
                    stream = await account.to_namespace(log, turns[step.what])
                except RefusedError:
                    return None
                return account.command(stream, **conditions) if stream.events else None
            case "limits":
                return account.command(await account.new_limits(log, step.size_bytes), **conditions)
            case "object" if upload_id:
                key = f"key-{step.second}" if "free" in step.demands else None
                content_key = f"key-{step.first}" if key else None
                stream = account.new_object(
                    upload_id,
                    unique_key=key,
                    content_key=content_key,
                    metadata=step.facts,
                    data=step.text or None,
                    deletes_at=self._end(step),
                )
                return account.command(stream, **conditions)
            case "update object" if upload_id and object_id:
                others: dict[str, Any] = {"deletes_at": self._end(step)} if step.choice % 2 else {}
                if "free" in step.demands:
                    others |= {"content_key": f"key-{step.first}"}
                    others |= {"unique_key": f"key-{step.second}"} if step.yes else {}
                stream = await account.update(log, object_id, upload_id, **others)
                return account.command(stream, **conditions)
            case "delete object" if object_id:
                kept = self._picked(self.uploads, step.first) if step.yes else ()
                return await account.delete(log, object_id, *kept)
            case "put blob" if upload_id and object_id:
                stream = await account.put_blob(log, object_id, upload_id, deletes_at=self._end(step))
                return account.command(stream, **conditions)
            case "goes" if upload_id in self.fold.uploads:
                return await self._going(upload_id, step)
            case "rename key" if self.keys:
                return account.command(await self._renamed_key(step), **conditions)
            case "webhook":
                return account.command(self._webhook(account.ids.new("wh_"), step, WebhookCreated, 0))
            case "change webhook" | "delete webhook" if self.webhooks:
                return await self._changed_webhook(step)
            case "confirm" if upload_id:
                return await self._confirmed(upload_id, step, conditions)
            case "go on" if upload_id:
                state = (await load(log, UPLOAD, upload_id)).state
                legal = [name for name, kind in MEANT.items() if (type(state), kind) in TRANSITIONS]
                command = self._to_upload(legal[step.choice % len(legal)], step, object_id)
                return await account.to_upload(log, upload_id, command, **conditions)
            case _:
                return None

    async def _confirmed(self, upload_id: str, step: Step, conditions: dict[str, Any]) -> Command | None:
        """Return the command that begins and ends a verification, with a new object for some."""
        account, log = self.account, self.logs[0]
        if not isinstance((await load(log, UPLOAD, upload_id)).state, Pending | InProgress):
            return None
        ends = ["accept", "accept", "accept into", "accept duplicate", "accept taken", "reject", "abandon"]
        object_id: str | None = self._pick(self.objects, step.second)
        also: tuple[StreamAppend, ...] = ()
        if step.choice % 2:
            stream = account.new_object(upload_id, metadata=step.facts, deletes_at=self._end(step))
            object_id, also = stream.stream_id, (stream,)
        begin = self._to_upload("begin", step, object_id)
        end = self._to_upload(ends[step.choice % len(ends)], step, object_id)
        return await account.to_upload(log, upload_id, begin, *also, then=end, **conditions)

    def _end(self, step: Step) -> datetime | None:
        return self.account.clock.now() + timedelta(days=2) if step.choice % 4 == 0 else None

    async def _going(self, upload_id: str, step: Step) -> Command:
        """Return the command that deletes or forgets an upload, with its heir or as if there were none."""
        others = (each for each in self.fold.kept() if each.upload_id != upload_id and not each.keeps_bytes)
        heir = heir_of(upload_id, others)
        return await self.account.goes(
            self.logs[0],
            upload_id,
            heir_id=heir.upload_id if heir is not None and step.yes else None,
            deleted=step.second % 2 == 0,
            unheld=(NotInObject(upload_id=upload_id),),
        )

    async def _renamed_key(self, step: Step) -> StreamAppend:
        key_id = self.keys[step.first % len(self.keys)]
        changed = ApiKeySettingsChanged(
            origin=self._at_large(),
            key_id=key_id,
            name=f"name-of-{key_id}" if step.yes else f"name-{step.second}-of-{key_id}",
            description=step.text,
            rate_limit_override=None,
            expires_at=None,
        )
        version = len(await self.logs[0].read_stream(key_id))
        return StreamAppend(stream_id=key_id, expected_version=version, events=(changed,))

    async def _changed_webhook(self, step: Step) -> Command | None:
        webhook_id = self.webhooks[step.first % len(self.webhooks)]
        past = await self.logs[0].read_stream(webhook_id)
        if past[-1].topic == topic_of(WebhookDeleted):
            return None
        if step.what == "change webhook":
            return self.account.command(self._webhook(webhook_id, step, WebhookUpdated, len(past)))
        deleted = WebhookDeleted(origin=self._at_large(), webhook_id=webhook_id)
        return self.account.command(StreamAppend(stream_id=webhook_id, expected_version=len(past), events=(deleted,)))

    def _webhook(
        self, webhook_id: str, step: Step, kind: type[WebhookCreated | WebhookUpdated], version: int
    ) -> StreamAppend:
        settings = WebhookSettings(
            name=f"{webhook_id}-{step.second}", url="https://hooks.example.invalid/", event_types=("upload.completed",)
        )
        event = kind(origin=self._at_large(), webhook_id=webhook_id, settings=settings)
        return StreamAppend(stream_id=webhook_id, expected_version=version, events=(event,))

    def _at_large(self) -> Origin:
        return self.account.origin(namespace_id=None, bucket_id=None)

    def _to_upload(self, name: str, step: Step, object_id: str | None) -> Callable[..., Any]:
        account = self.account
        size_bytes = step.size_bytes or 0
        sha256 = (HASH, OTHER_HASH)[step.yes]
        version_id = "version-1" if step.yes else None
        other = self._pick(self.uploads, step.second)
        commands: dict[str, Callable[..., Any]] = {
            "start": account.starts(),
            "reissue": account.reissues(),
            "begin": account.begins(inline=step.yes),
            "abandon": account.abandons(),
            "accept": account.accepts(size_bytes, sha256, version_id=version_id, note=step.text or None),
            "accept into": account.accepts(size_bytes, sha256, object_id=object_id),
            "accept duplicate": account.accepts(size_bytes, sha256, duplicate_of=other, object_id=object_id),
            "accept taken": account.accepts(size_bytes, sha256, existing_object_id="obj_other"),
            "reject": account.rejects(),
            "expire": account.expires(),
            "cancel": account.cancels(size_bytes if step.yes else None),
            "report change": account.reports_change(step.text or None),
            "forget": account.forgets(),
        }
        return commands[name]


MEANT: dict[str, type] = {
    "start": StartUpload,
    "reissue": ReissueUrl,
    "begin": BeginVerification,
    "abandon": AbandonVerification,
    "accept": AcceptContent,
    "accept into": AcceptContent,
    "accept duplicate": AcceptContent,
    "accept taken": AcceptContent,
    "reject": RejectContent,
    "expire": ExpireUpload,
    "cancel": CancelUpload,
    "report change": ReportChangedContent,
    "forget": ForgetUpload,
}
ENDS = ["delete bucket", "bucket deleted", "delete namespace", "namespace deleted"]
AROUND = [
    "rename",
    "rename namespace",
    "request",
    "skip",
    "namespace",
    "bucket",
    "key",
    "revoke",
    "status",
    "limits",
    "object",
    "put blob",
]
AROUND += ["update object", "delete object", "goes", "goes"]
AROUND += ["rename key", "webhook", "change webhook", "delete webhook"]
SPANNING = {
    ClaimReleasedError,
    ClaimTakenError,
    HeirExistsError,
    OriginalExistsError,
    OriginalGoneError,
    QuotaExceededError,
    WrongStateError,
}
A_DAY_OF_SECONDS = 24 * 60 * 60
DEMANDS = ["live", "new", "free", "owned", "stored", "held", "unheld", "another version"]
steps = st.builds(
    Step,
    what=st.sampled_from(
        [*["go on"] * 15, *["confirm"] * 4, *AROUND, *["object", "put blob", "update object"] * 3, *ENDS]
    ),
    choice=st.integers(0, 20),
    first=st.integers(0, 5),
    second=st.integers(0, 3),
    size_bytes=st.none() | st.integers(0, 500),
    yes=st.booleans(),
    text=json_text,
    facts=json_objects,
    demands=st.just(frozenset()) | st.frozensets(st.sampled_from(DEMANDS), max_size=2),
    later=st.timedeltas(timedelta(0), timedelta(days=3)),
)


class SideBySide:
    """A log in memory and one on PostgreSQL, with the same events in them at every position, and their fold."""

    def __init__(self, kit: Kit, connection: Connection) -> None:
        self.memory = MemoryEventLog()
        self.logs = (self.memory, kit.log)
        self.sides: tuple[ReadSide, ReadSide] = (MemoryReadSide(self.memory), kit.read_side)
        self.ledgers: tuple[QuotaLedger, QuotaLedger] = (self.memory.quota_ledger, kit.quota_ledger)
        self.fold = Fold()
        self.ids, self.clock = SequentialIds(), ManualClock()
        self._connection = connection

    async def quotas_are_the_same(self, organization_id: str) -> None:
        use = self.fold.usage[organization_id]
        for ledger in self.ledgers:
            assert await ledger.use(organization_id) == QuotaUse(
                limit_bytes=self.fold.limits[organization_id],
                reserved_bytes=use.reserved_bytes,
                accepted_bytes=use.accepted_bytes,
            )

    async def claims_are_the_same(self) -> None:
        rows = await self._connection.fetch("SELECT scope, key, owner_id FROM upwell.claims")
        stored = {Claim(scope=row["scope"], key=row["key"]): row["owner_id"] for row in rows}
        assert self.fold.held() == self.memory.tables.claims == stored

    async def jobs_are_the_same(self) -> None:
        rows = [msgspec.convert(dict(row), JobRow) for row in await self._connection.fetch("SELECT * FROM upwell.jobs")]
        assert self.memory.jobs.rows == {row.upload_id: row for row in rows}
        assert len(self.memory.jobs.rows) == len(rows), "two rows of one upload"
        assert {key: (job.due_at, job.storage_key) for key, job in self.fold.jobs.items()} == {
            (row.upload_id, kind): (at, row.storage_key if kind is JobKind.DISCARD else None)
            for row in rows
            for kind, at in ((row.kind, row.due_at), (row.then_kind, row.then_at))
            if kind is not None
        }
        assert all(row.then_at is None or row.due_at <= row.then_at for row in rows)

    async def originals_are_the_same(self, account: Account) -> None:
        now = account.clock.now()
        for sha256 in (HASH, OTHER_HASH):
            for ends_at in (None, now, now + timedelta(days=1), now + timedelta(days=3)):
                wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=sha256, ends_at=ends_at)
                for side in self.sides:
                    found = await side.originals([wanted_content])
                    assert (found[wanted_content].upload_id if found else None) == self.fold.original(wanted_content)

    async def refusals_are_the_same(self, account: Account, upload_ids: Sequence[str]) -> None:
        """The answers of both logs to conditions that no history has to contain."""
        hashes = [WantedContent(bucket_id=account.bucket_id, sha256=sha256) for sha256 in (HASH, OTHER_HASH)]
        demands: list[dict[str, Any]] = [{"no_original": (wanted_content,)} for wanted_content in hashes]
        demands += [{name: (upload_id,)} for upload_id in upload_ids for name in ("heirless", "stored")]
        demands += [
            {"held": (HeldUpload(upload_id=upload_id, object_id=object_id),)}
            for upload_id in upload_ids
            for object_id in self.fold.objects
        ]
        demands += [{"unheld": (NotInObject(upload_id=upload_id),)} for upload_id in upload_ids]
        for demand in demands:
            command = account.command(account.avoids("upl_any"), **demand)
            refused = self.fold.refusal(command)
            if refused is None:
                continue
            for log in self.logs:
                with pytest.raises(type(refused)) as caught:
                    await log.append(command)
                assert (caught.value.message, caught.value.details) == (refused.message, refused.details)


@pytest.fixture
async def side_by_side(database: Database) -> AsyncIterator[SideBySide]:
    connection = await connect(database.url)
    async with postgres_kit(database.url) as kit:
        yield SideBySide(kit, connection)
    await connection.close()


async def everything(read_side: ReadSide, history: History) -> dict[str, object]:
    """Return all that the read side knows of an account."""
    account = history.account
    page = PageRequest(limit=1000, with_total=True)
    return {
        "uploads": await read_side.uploads(account.namespace_id, account.bucket_id, page),
        "each upload": [await read_side.upload(account.namespace_id, one) for one in history.uploads],
        "objects": [await read_side.bucket_object(account.namespace_id, one) for one in history.objects],
        "buckets": await read_side.buckets(account.namespace_id, page),
        "namespaces": await read_side.namespaces(account.organization_id, page),
        "organization": await read_side.organization_by_name(account.organization_id),
        "keys": [await read_side.key_by_id(key_id) for key_id in history.keys],
        "webhooks": [await read_side.webhook(account.organization_id, one) for one in history.webhooks],
    }


@settings(
    max_examples=50,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(steps, min_size=10, max_size=40), quota_bytes=st.none() | st.integers(0, 2000))
async def test_after_any_history_memory_postgres_and_the_domain_say_the_same(
    side_by_side: SideBySide, history: list[Step], quota_bytes: int | None
) -> None:
    account = new_account(side_by_side.ids, side_by_side.clock)
    taken = History(account=account, logs=side_by_side.logs, fold=side_by_side.fold)
    await taken.begin(quota_bytes=quota_bytes)
    for step in history:
        await taken.take(step)
    in_memory, on_postgres = [await everything(side, taken) for side in side_by_side.sides]
    for name, state in in_memory.items():
        assert state == on_postgres[name], name
    await side_by_side.quotas_are_the_same(account.organization_id)
    await side_by_side.claims_are_the_same()
    await side_by_side.jobs_are_the_same()
    await side_by_side.originals_are_the_same(account)
    await side_by_side.refusals_are_the_same(account, taken.uploads)
    for stream_id in [*taken.uploads, *taken.objects]:
        streams = [await log.read_stream(stream_id) for log in side_by_side.logs]
        first, second = [[msgspec.json.decode(event.state) for event in stream] for stream in streams]
        assert first == second
