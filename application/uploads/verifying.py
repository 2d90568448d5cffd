"""Verifying uploads: compares the stored bytes with the request, and ends the upload.

The upload is PROCESSING when this begins. The process (a confirm request, a worker) may die at any point: the job that
was written with `upload.verification_began` lets a worker repeat everything. Two concurrent verifications do no harm,
because only one of them appends; the other one returns the result.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from application.handling import NO_CONDITIONS, Learn, Loaded, Objection, Proposal, handle
from application.keys.callers import may, new_command_id
from application.limits.fair_turns import FairTurns
from application.objects.putting_into import FindingTargets, as_original, claims_of
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, RequesterRevokedError, VersionConflictError
from application.ports.keys.directory import Directory
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeldUpload,
    NotInObject,
    OriginalExistsError,
    OriginalGoneError,
    OwnedClaim,
)
from application.ports.read_side import ReadSide
from application.ports.storage.object_storage import (
    ContentChangedError,
    Fetched,
    ObjectStorage,
    StorageError,
    StoredContent,
)
from application.ports.tasks.tasks import Tasks
from application.rules import Rules
from application.uploads.sniffing import recognise
from domain.buckets.bucket import Policy
from domain.claims import Claim, unique_key_claim
from domain.events.event import Origin
from domain.keys.api_key import Permission
from domain.keys.upload_token import ID_PREFIX as TOKEN_PREFIX
from domain.keys.upload_token import UploadToken
from domain.organizations.organization import Tier
from domain.refusals import QuotaExceededError, RefusedError, WrongStateError
from domain.shared_fields import made_from
from domain.uploads.completion import Known, Original, complete, policy_named_by, policy_of, wants_object
from domain.uploads.content import Claimed, VerifiedContent
from domain.uploads.formats import HEAD_BYTES
from domain.uploads.originals import WantedContent
from domain.uploads.request import UploadRequest
from domain.uploads.retention import end_of
from domain.uploads.upload import UPLOAD, AbandonVerification, Processing, RejectContent, Upload, request_of
from domain.uploads.upload_events import FailureReason, UploadEvent
from domain.uploads.verification import Contradiction, Found, judge, note

FETCH_BYTES = 1024 * 1024  # a file of at most this size is read by the call that looks for it
READS_AT_ONCE = 6  # of larger files, by the requests of a process: each takes a part of every round of the event loop
READS_OF_ONE = 3  # by those of one organization
RETRY_FIRST = timedelta(seconds=2)
RETRY_LAST = timedelta(minutes=15)
_TOUCH_EVERY = timedelta(seconds=1)

Touch = Callable[[], Awaitable[None]]


class EndsVerification(Protocol):
    """Proposes the end of a verification, by a new command or the given one."""

    async def __call__(
        self, upload: Loaded[UploadEvent, Upload], command_id: str | None = None
    ) -> Proposal[UploadEvent] | None:
        """Return the proposal; None: the upload is not PROCESSING."""
        ...


class Verification(NamedTuple):
    """One verification over all attempts to append its result, for `handle`."""

    end: EndsVerification
    learn: Learn


async def fetch_stored(storage: ObjectStorage, request: UploadRequest) -> Fetched | None:
    """Return what is stored for an upload, with its bytes if few are expected; None: nothing."""
    key, size_bytes = request.storage_key or "", request.declared_size_bytes
    if size_bytes is not None and size_bytes <= FETCH_BYTES:
        return await storage.fetch(key, limit_bytes=FETCH_BYTES)
    content = await storage.head(key)
    return None if content is None else Fetched(content=content)


async def in_one(
    upload: Loaded[UploadEvent, Upload], begun: Proposal[UploadEvent], verification: Verification
) -> Proposal[UploadEvent]:
    """Return one proposal that begins and ends a verification: a small file needs no append between."""
    end = await verification.end(upload.followed_by(UPLOAD, begun.events), begun.origin.command_id)
    assert end is not None  # noqa: S101  # after `begun`, the upload is PROCESSING
    return msgspec.structs.replace(
        end,
        events=begun.events + end.events,
        conditions=msgspec.structs.replace(
            end.conditions, key_id=begun.conditions.key_id, token_id=begun.conditions.token_id
        ),
    )


class VerifyingUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Verifies the bytes of one upload and ends it; returns its new state.

    Requests that read larger files take turns; a worker, which holds the lease of a job, does not wait for one.
    """

    log: EventLog
    read_side: ReadSide
    storage: ObjectStorage
    directory: Directory
    tasks: Tasks
    clock: Clock
    ids: Ids
    rules: Rules
    reading: FairTurns = msgspec.field(default_factory=lambda: FairTurns(READS_AT_ONCE, of_one=READS_OF_ONE))

    async def __call__(
        self,
        loaded: Loaded[UploadEvent, Upload],
        *,
        actor_id: str,
        seen: Fetched | None = None,
        touch: Touch | None = None,
    ) -> Loaded[UploadEvent, Upload]:
        """Verify an upload that is PROCESSING.

        `seen`: the content that storage has just returned. `touch` is awaited once a second while bytes are read.
        """
        verification = self.begin(loaded.stream_id, actor_id=actor_id, seen=seen, touch=touch)
        return await handle(
            self.log, UPLOAD, loaded.stream_id, verification.end, loaded=loaded, learn=verification.learn
        )

    def begin(
        self, stream_id: str, *, actor_id: str, seen: Fetched | None = None, touch: Touch | None = None
    ) -> "Verification":
        """Return the verification of an upload, for a command that ends it. Parameters: as above."""
        content: VerifiedContent | Contradiction | None = None
        current: Loaded[UploadEvent, Upload] | None = None
        known = Known()

        async def end(
            upload: Loaded[UploadEvent, Upload], command_id: str | None = None
        ) -> Proposal[UploadEvent] | None:
            nonlocal content, current
            current = upload
            if not isinstance(upload.state, Processing):
                return None  # another process has ended it
            command_id = command_id or new_command_id(self.ids)
            try:
                content = content or await self._examine(upload, upload.state, seen, touch)
            except StorageError as error:
                return self._abandonment(upload.state, upload.origin_of(actor_id, command_id, self.clock.now()), error)
            origin = upload.origin_of(actor_id, command_id, self.clock.now())
            if isinstance(content, Contradiction):
                return self._rejection(upload.state, origin, content)
            return await self._completion(upload, upload.state, origin, content, known)

        async def learn(objection: Objection) -> bool:
            nonlocal content, known, seen
            if isinstance(objection, VersionConflictError):
                if objection.stream_id == stream_id:
                    content, known, seen = None, Known(), None
                return True  # a change of the object does not affect the bytes
            learnt = None if current is None else await self._learnt(current, objection, known)
            known = learnt or known
            return learnt is not None

        return Verification(end=end, learn=learn)

    async def refutes(
        self,
        loaded: Loaded[UploadEvent, Upload],
        content: StoredContent,
        claimed: Claimed,
        *,
        sha256: str | None = None,
    ) -> FailureReason | None:
        """Return how the stored content contradicts the request, if it does.

        `sha256`: of the bytes, if it is known; that of the storage counts first.
        """
        request = request_of(loaded.state)
        if request is None:
            return None
        found = msgspec.structs.replace(_found(content), sha256=content.sha256 or sha256)
        wrong = judge(found, request, claimed=claimed, max_size_bytes=await self._max_size_bytes(loaded))
        return None if wrong is None else wrong.reason

    async def sha256_of(self, loaded: Loaded[UploadEvent, Upload], request: UploadRequest, fetched: Fetched) -> str:
        """Return the SHA-256 of the bytes; they are read, unless they were fetched or storage has checked it."""
        async with self._turn(loaded, fetched):
            return (await self._read(request.storage_key or "", fetched, None))[0]

    async def may_replace(self, loaded: Loaded[UploadEvent, Upload], actor_id: str) -> bool:
        """Return whether an actor currently may replace the content of objects in the upload's bucket."""
        origin = loaded.origin
        token = await self._token(actor_id)
        key = await self.directory.key_by_id(actor_id if token is None else token.key_id)
        namespace = await self.directory.namespace(origin.organization_id, origin.namespace_id or "")
        bucket = await self.directory.bucket(origin.namespace_id or "", origin.bucket_id or "")
        if key is None or namespace is None or bucket is None or not (token is None or token.replaces):
            return False
        return may(key, Permission.DELETE, namespace, bucket)

    async def _max_size_bytes(self, loaded: Loaded[UploadEvent, Upload]) -> int:
        organization = await self.directory.organization(loaded.origin.organization_id)
        return self.rules.tier_limits[organization.tier if organization else Tier.FREE].file_size_bytes

    async def _examine(
        self,
        upload: Loaded[UploadEvent, Upload],
        state: Processing,
        seen: Fetched | None,
        touch: Touch | None,
    ) -> VerifiedContent | Contradiction:
        """Examine the bytes; read them only if storage has not checked their hash and no other check has failed."""
        request, max_size_bytes = state.before.request, await self._max_size_bytes(upload)
        key = request.storage_key or ""
        seen = seen or await fetch_stored(self.storage, request)
        if seen is None:
            raise ContentChangedError("The bytes no longer exist.")
        content = seen.content
        found = _found(content)
        wrong = judge(found, request, claimed=state.claimed, max_size_bytes=max_size_bytes)
        if wrong is not None:
            return wrong
        touching = touch and _Progress(
            touch, self.tasks, self.clock, state.task_id, content.size_bytes, self.clock.now()
        )
        async with self._turn(upload, seen) if touch is None else nullcontext():
            sha256, head = await self._read(key, seen, touching)
        found = msgspec.structs.replace(
            found, sha256=sha256, head=head, looks_like=recognise(head, request.content_type)
        )
        return judge(found, request, claimed=state.claimed, max_size_bytes=max_size_bytes) or VerifiedContent(
            size_bytes=content.size_bytes,
            etag=content.etag,
            sha256=sha256,
            content_type=content.content_type,
            version_id=content.version_id,
            note=note(found, request),
        )

    def _turn(self, upload: Loaded[UploadEvent, Upload], fetched: Fetched) -> AbstractAsyncContextManager[None]:
        """Return the turn of a request that reads these bytes; one that has few to read needs none."""
        content = fetched.content
        few = fetched.body is not None or content.sha256 or content.size_bytes <= FETCH_BYTES
        return nullcontext() if few else self.reading.turn(upload.origin.organization_id)

    async def _read(self, key: str, fetched: Fetched, touching: "_Progress | None") -> tuple[str, bytes]:
        """Return the SHA-256 and the head of the bytes; if storage has checked the hash, only the head is read."""
        content = fetched.content
        if fetched.body is not None:
            return content.sha256 or hashlib.sha256(fetched.body).hexdigest(), fetched.body[:HEAD_BYTES]
        digest, head = hashlib.sha256(), b""
        read_bytes = 0
        async for chunk in self.storage.read(key, content, first_bytes=HEAD_BYTES if content.sha256 else None):
            digest.update(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
            read_bytes += len(chunk)
            if touching is not None:
                await touching(read_bytes)
            await asyncio.sleep(0)  # what has arrived meanwhile would be read in the same round of the event loop
        return content.sha256 or digest.hexdigest(), head

    async def _completion(
        self,
        upload: Loaded[UploadEvent, Upload],
        state: Processing,
        origin: Origin,
        content: VerifiedContent,
        known: Known,
    ) -> Proposal[UploadEvent]:
        """Return what the upload becomes, with its conditions."""
        request, found = state.before.request, None
        if wants_object(request, known):
            bucket = await self.directory.bucket(origin.namespace_id or "", origin.bucket_id or "")
            may_replace = await self._replaces(upload, state)
            find_target = FindingTargets(log=self.log, read_side=self.read_side, ids=self.ids, rules=self.rules)
            found = await find_target(request, policy_of(state), origin, bucket, may_replace=may_replace)
            known = msgspec.structs.replace(known, target=found.target)
        end = complete(state, content, known, origin)
        requester = upload.origin.actor_id
        if isinstance(end, Contradiction):
            conditions = Conditions(
                requester=requester if end.of_live_requester else None,
                free=_key_claim(origin, request) if end.of_free_key else (),
                owned=_owned(origin, request, end.of_holder),
                no_original=_new_bytes(origin, request, content) if end.of_new_bytes else (),
            )
            return self._rejection(state, origin, end, conditions)
        into = end.into
        return Proposal(
            origin=origin,
            events=UPLOAD.decide(end.accept, state),
            after=() if found is None or into is None else (found.append(into),),
            conditions=Conditions(
                requester=requester,
                free=() if into is None else claims_of(origin.bucket_id or "", into),
                owned=_owned(origin, request, end.accept.existing_object_id),
                no_original=_new_bytes(origin, request, content) if end.new_bytes else (),
                stored=() if end.stands_on is None else (end.stands_on,),
                held=()
                if end.stands_on is None or end.held_by is None
                else (HeldUpload(upload_id=end.stands_on, object_id=end.held_by),),
                unheld=(NotInObject(upload_id=end.stands_on),) if end.stands_on is not None and end.unheld else (),
            ),
        )

    async def _learnt(self, upload: Loaded[UploadEvent, Upload], objection: RefusedError, known: Known) -> Known | None:
        """Return the known facts after an objection of the log; None: it is not about these conditions."""
        match objection:
            case RequesterRevokedError() | QuotaExceededError():
                revoked = isinstance(objection, RequesterRevokedError)
                reason = FailureReason.REQUESTER_REVOKED if revoked else FailureReason.QUOTA_EXCEEDED
                return msgspec.structs.replace(known, refused=Contradiction(reason=reason, message=objection.message))
            case OriginalExistsError():
                return Known(original=await self._original(upload, objection.upload_id))
            case OriginalGoneError() | WrongStateError():  # forgotten, taken or released by an object
                return Known()  # if there still is an original, the log names it again
            case ClaimTakenError() | ClaimReleasedError():  # an unknown holder is looked up again
                state, taken = upload.state, isinstance(objection, ClaimTakenError)
                skips = taken and isinstance(state, Processing) and policy_of(state) is Policy.INSERT
                return msgspec.structs.replace(known, existing_object_id=objection.owner_id if skips else None)
            case _:
                return None

    async def _original(self, upload: Loaded[UploadEvent, Upload], original_id: str) -> Original | None:
        record = await self.read_side.upload(upload.origin.namespace_id or "", original_id)
        return None if record is None else as_original(record)

    async def _replaces(self, upload: Loaded[UploadEvent, Upload], state: Processing) -> bool:
        """Return whether the actor that set the policy may replace the content of an object."""
        named_by = policy_named_by(state, upload.origin.actor_id)
        return named_by is not None and await self.may_replace(upload, named_by)

    async def key_of(self, actor_id: str) -> str:
        """Return an actor that is a key, or the key that issued the token that it is."""
        token = await self._token(actor_id)
        return actor_id if token is None else token.key_id

    async def reaches(self, actor_id: str, loaded: Loaded[UploadEvent, Upload]) -> bool:
        """Return whether an actor may confirm an upload: an upload token may only if it is one of its own."""
        token = await self._token(actor_id)
        if token is None:
            return True
        requester = await self._token(loaded.origin.actor_id)
        return requester is not None and token.reaches(requester)

    async def _token(self, actor_id: str) -> UploadToken | None:
        return await self.directory.upload_token(actor_id) if actor_id.startswith(TOKEN_PREFIX) else None

    def _abandonment(self, state: Processing, origin: Origin, error: StorageError) -> Proposal[UploadEvent]:
        pause = min(RETRY_FIRST * 2 ** min(state.before.attempts, 20), RETRY_LAST)
        command = AbandonVerification(
            origin=origin,
            reason=type(error).__name__,  # its text might contain the key, and so the filename
            retry_at=origin.at + pause,
        )
        return Proposal(origin=origin, events=UPLOAD.decide(command, state))

    def _rejection(
        self, state: Processing, origin: Origin, wrong: Contradiction, conditions: Conditions = NO_CONDITIONS
    ) -> Proposal[UploadEvent]:
        command = RejectContent(
            origin=origin, reason=wrong.reason, message=wrong.message, forget_at=origin.at + self.rules.retention
        )
        return Proposal(origin=origin, events=UPLOAD.decide(command, state), conditions=conditions)


def _new_bytes(origin: Origin, request: UploadRequest, content: VerifiedContent) -> tuple[WantedContent, ...]:
    """Return the condition that no earlier upload has the bytes."""
    ends_at = end_of(request, origin.at)
    return (WantedContent(bucket_id=origin.bucket_id or "", sha256=content.sha256, ends_at=ends_at),)


def _key_claim(origin: Origin, request: UploadRequest) -> tuple[Claim, ...]:
    """Return the claim on the upload's unique key, if it has one."""
    return () if request.unique_key is None else (unique_key_claim(origin.bucket_id or "", request.unique_key),)


def _owned(origin: Origin, request: UploadRequest, owner_id: str | None) -> tuple[OwnedClaim, ...]:
    """Return the condition that an object still has the upload's unique key, if the outcome depends on it."""
    if owner_id is None:
        return ()
    return tuple([OwnedClaim(claim=claim, owner_id=owner_id) for claim in _key_claim(origin, request)])


def _found(content: StoredContent) -> Found:
    return made_from(Found, content)


class _Progress(msgspec.Struct):
    """Extends a worker's lease while bytes are read, and records the progress in its task, once a second at most."""

    touch: Touch
    tasks: Tasks
    clock: Clock
    task_id: str
    total_bytes: int
    recorded_at: datetime

    async def __call__(self, read_bytes: int) -> None:
        """Record the progress."""
        now = self.clock.now()
        if now - self.recorded_at < _TOUCH_EVERY:
            return
        self.recorded_at = now
        await self.touch()
        progress = {"verified_bytes": read_bytes, "total_bytes": self.total_bytes}
        await self.tasks.record_progress(self.task_id, progress, now=now)
