"""Requesting uploads: everything is checked, then URLs are given out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

import msgspec

from application.handling import ATTEMPTS, Objection, settle
from application.keys.callers import Caller, may_read, may_replace, new_command_id
from application.keys.issuing_upload_tokens import TokenUses
from application.objects.putting_into import FindingTargets, as_original, claims_of
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    OriginalExistsError,
    OriginalGoneError,
    OwnedClaim,
    Unheld,
)
from application.ports.read_side import ReadSide
from application.ports.storage.url_signer import SignedRequest, UrlSigner
from application.ports.uploads.upload_reads import UploadRecord
from application.rules import Rules
from application.uploads.records import EventPosition, first_record
from application.uploads.signed_headers import headers_of
from domain.buckets.bucket import Policy, check_retention
from domain.buckets.schema import BucketSchema
from domain.claims import Claim, unique_key_claim
from domain.events.event import Origin
from domain.events.registry import decode
from domain.keys.upload_token import UploadToken, size_meant
from domain.objects.object import ReplaceDeniedError
from domain.refusals import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    RefusedError,
    WrongStateError,
)
from domain.uploads.admission import Admitted, Announcement, BucketRules, admit
from domain.uploads.avoided_duplicates import AnnouncedFile, UploadDuplicateAvoided
from domain.uploads.completion import put_into_object
from domain.uploads.content import Claimed
from domain.uploads.content_rules import ContentCheck
from domain.uploads.filenames import storage_key
from domain.uploads.originals import Sameness
from domain.uploads.parts import Multipart
from domain.uploads.request import UploadRequest, reserved
from domain.uploads.retention import lasts_until
from domain.uploads.upload import UPLOAD, RequestUpload, Status, UploadRequested, UploadSkipped
from domain.uploads.verification import Found, judge

MIN_EXPIRY_SECONDS = 60
MAX_EXPIRY_SECONDS = 86_400
_KNOWN_BUCKETS = 1000
DUPLICATE_MESSAGE = "The bytes are here already: nothing has to be sent, this is the upload that holds them."
_IN_PARTS_MESSAGE = (
    "The file is larger than one PUT takes, so it is sent in parts: get their URLs with POST"
    " /v1/uploads/{upload_id}/parts/sign, PUT each of part_size bytes, then confirm. Or announce a smaller file."
)
_EMPTY_MESSAGE = (
    "The size was left out, and this upload token limits it, so the URL takes an empty file alone: send"
    " file_size_bytes with any other."
)
_GONE_MESSAGE = "There is no such upload now, or it is not yours: send the file under a new idempotency key."
_SKIPPED_MESSAGE = "An object with the same unique key exists: nothing has to be sent."


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The upload as it stands, and the URL to PUT to, if anything is to be sent."""

    record: UploadRecord
    signed: SignedRequest | None
    is_duplicate: bool = False
    message: str | None = None


class _Item(msgspec.Struct, kw_only=True):
    """One announced file on its way.

    `sameness`: what an earlier upload must have for this one to be its duplicate, where that matters. `inserts`: the
    unique key that must be free for it, if there is one. `original`: the upload that has the bytes already, as far as
    is known by now. `max_size_bytes`: of a file, in its organization's tier. `may_replace`: an
    object that is there may be changed.
    """

    announced: Announcement
    command: RequestUpload
    signed: SignedRequest
    sameness: Sameness | None
    inserts: str | None
    max_size_bytes: int
    may_replace: bool
    original: UploadRecord | None = None
    event: UploadRequested | UploadSkipped | None = None

    def lose(self, unique_key: str, owner_id: str) -> None:
        """Take note of the object that has a unique key."""
        if (self.sends or self.wants_object) and self.inserts == unique_key:
            self.command = msgspec.structs.replace(self.command, existing_object_id=owner_id)
            self.original = None

    def win(self, unique_key: str, owner_id: str) -> None:
        """Take note that an object has a unique key no more."""
        if self.inserts == unique_key and self.command.existing_object_id == owner_id:
            self.command = msgspec.structs.replace(self.command, existing_object_id=None)

    def find(self, sameness: Sameness | None, original: UploadRecord | None) -> None:
        """Take note of an upload that has bytes already, and lasts long enough."""
        if not self.sends or original is None or sameness is None or self.sameness != sameness:
            return
        self.original = original
        if self.wants_object and not self._suits(original):
            self.send()

    def send(self) -> None:
        """Have the bytes sent, whoever has them already: whether this is a duplicate is found when they are proved."""
        self.original = self.sameness = None

    def _suits(self, original: UploadRecord) -> bool:
        """Say whether the bytes would be accepted if they were sent; a strict check would read how they begin."""
        request = self.command.request
        found = Found(
            size_bytes=original.size_bytes or 0, etag=original.etag or "", content_type=None, sha256=original.sha256
        )
        wrong = judge(found, request, claimed=Claimed(), max_size_bytes=self.max_size_bytes)
        return wrong is None and request.content_check is not ContentCheck.STRICT

    def miss(self, upload_id: str) -> None:
        """Take note that an upload has its bytes no more."""
        if self.original is not None and self.original.upload_id == upload_id:
            self.original = None

    @property
    def avoidance_id(self) -> str:
        """Return the stream that tells of a duplicate in this upload's place."""
        return _avoidance_id(self.command.upload_id)

    @property
    def wants_object(self) -> bool:
        """Whether an object is to be made or changed at once, as far as is known by now."""
        known = self.original
        return known is not None and known.object_id is None and self.command.request.create_object

    @property
    def sends(self) -> bool:
        """Whether bytes will come, as far as is known by now."""
        return self.original is None and self.command.existing_object_id is None


class _Into(msgspec.Struct, frozen=True, kw_only=True):
    """What is appended to an object's stream, and the claims that must be free then."""

    stream: StreamAppend
    free: tuple[Claim, ...]


class RequestingUpload:
    """One command, for one file or many: admits them, reserves their bytes, signs their URLs; all of them or none."""

    def __init__(
        self, *, log: EventLog, read_side: ReadSide, signer: UrlSigner, clock: Clock, ids: Ids, rules: Rules
    ) -> None:
        self._log = log
        self._read_side = read_side
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._rules = rules
        self._buckets: dict[str, tuple[BucketRecord, BucketRules]] = {}
        self._token_uses = TokenUses()
        self._find_target = FindingTargets(log=log, read_side=read_side, ids=ids, rules=rules)

    async def __call__(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        announced: Announcement,
        *,
        ids: Ids | None = None,
    ) -> Answer:
        """Answer with a URL, with the original of a duplicate, or with the object that has the unique key.

        `ids`: those of a request that is made under an idempotency key; the upload's is drawn first.
        """
        ids = ids or self._ids
        upload_id = ids.new("upl_")
        origin = self._origin(caller, namespace, bucket, ids)
        item = self._item(caller, namespace, bucket, announced, origin, upload_id)
        if item.command.request.policy is not Policy.INSERT:
            _check_object(item, await self._owners(bucket, [item]))
        return (await self._settle(caller, bucket, origin, [item]))[0]

    async def many(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        files: Sequence[Announcement],
        *,
        ids: Ids | None = None,
    ) -> list[Answer]:
        """Answer all of them, in their order. A refusal names the `index` of its file, and refuses all."""
        ids = ids or self._ids
        upload_ids = [ids.new("upl_") for _ in files]
        origin = self._origin(caller, namespace, bucket, ids)
        items = []
        for index, (upload_id, announced) in enumerate(zip(upload_ids, files, strict=True)):
            with _told_of(index):
                items.append(self._item(caller, namespace, bucket, announced, origin, upload_id))
        await self._look_up(bucket, items)
        try:
            return await self._settle(caller, bucket, origin, items)
        except QuotaExceededError as refused:
            with _told_of(_first_without_room(items, refused)):
                raise

    def _origin(self, caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord, ids: Ids) -> Origin:
        return caller.origin(
            self._clock.now(),
            new_command_id(ids),
            namespace_id=namespace.namespace_id,
            bucket_id=bucket.bucket_id,
        )

    def _item(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        announced: Announcement,
        origin: Origin,
        upload_id: str,
    ) -> _Item:
        """Check one file as far as its announcement decides, and sign its URL."""
        if not MIN_EXPIRY_SECONDS <= announced.url_expires_in_seconds <= MAX_EXPIRY_SECONDS:
            raise InvalidInputError(
                "invalid_expiry",
                f"presigned_url_expiration is out of range: send {MIN_EXPIRY_SECONDS} to {MAX_EXPIRY_SECONDS} seconds.",
                {"field": "presigned_url_expiration"},
            )
        check_retention(announced.expires_after_seconds, "expires_after_seconds")
        announced = _as_token_allows(announced, caller.token)
        admitted = admit(
            announced,
            self._rules_of(bucket),
            self._rules.tier_limits[caller.organization.tier],
            self._rules.part_bytes,
        )
        headers = headers_of(announced)
        key = storage_key(
            internal_id=caller.organization.internal_id,
            namespace_id=bucket.namespace_id,
            upload_id=upload_id,
            filename=announced.filename,
            room=self._signer.key_room(headers),
        )
        urls_end_at = None
        if caller.token is not None:
            urls_end_at = origin.at + timedelta(seconds=caller.token.upload_lifetime_seconds)
        lasts = caller.url_lasts(timedelta(seconds=announced.url_expires_in_seconds), origin.at, urls_end_at)
        signed = self._signer.sign_put(key, headers=headers, expires_in=lasts, now=origin.at)
        command = RequestUpload(
            origin=origin,
            upload_id=upload_id,
            request=_request(announced, admitted, bucket, key, signed, self._rules, origin.at, urls_end_at),
            forget_at=origin.at + self._rules.retention,
        )
        return _Item(
            announced=announced,
            command=command,
            signed=signed,
            # a caller that may not read is told nothing of other uploads: a duplicate is found at confirm
            sameness=_sameness(command) if may_read(caller, namespace, bucket) else None,
            inserts=admitted.unique_key if admitted.policy is Policy.INSERT else None,
            max_size_bytes=self._rules.tier_limits[caller.organization.tier].file_size_bytes,
            may_replace=may_replace(caller, namespace, bucket),
        )

    async def again(
        self, caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord, upload_id: str, *, drawn: str
    ) -> Answer:
        """Answer once more a request that was answered with this upload; its URL has the time that is left.

        Where the id is not the one `drawn`, it is that of an original which was there already. Refuses where nothing is
        there any more, or it is an original that the caller may not read now.
        """
        is_duplicate = upload_id != drawn
        known = not is_duplicate or may_read(caller, namespace, bucket)
        record = await self._read_side.upload(namespace.namespace_id, upload_id) if known else None
        if record is None:
            raise NotFoundError("upload_not_found", _GONE_MESSAGE, {"upload_id": drawn})
        if is_duplicate:
            return Answer(record=record, signed=None, is_duplicate=True, message=DUPLICATE_MESSAGE)
        if record.status is Status.SKIPPED:
            return Answer(record=record, signed=None, message=_SKIPPED_MESSAGE)
        now = self._clock.now()
        left = timedelta(seconds=int((record.expires_at - now).total_seconds()))
        if record.status is not Status.PENDING or record.part_size is not None or left < timedelta(seconds=1):
            return Answer(record=record, signed=None)
        headers, lasts = headers_of(record), caller.url_lasts(left, now)
        return Answer(
            record=record, signed=self._signer.sign_put(record.storage_key, headers=headers, expires_in=lasts, now=now)
        )

    async def made_before(self, drawn: Sequence[str]) -> tuple[str, ...] | None:
        """Return what an earlier attempt has made under these ids: uploads, or originals in their places.

        None: that attempt did not count, and nothing was made.
        """
        made: list[str] = []
        for upload_id in drawn:  # one command made all of them
            if await self._log.read_stream(upload_id):
                made.append(upload_id)
                continue
            stored = await self._log.read_stream(_avoidance_id(upload_id))
            if not stored:
                return None
            made.append(cast("UploadDuplicateAvoided", decode(stored[0].state)).original_upload_id)
        return tuple(made)

    async def all_again(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        files: Sequence[Announcement],
        upload_ids: Sequence[str],
        *,
        drawn: Sequence[str],
    ) -> list[Answer]:
        """Answer many once more, each as one, in their order; what is not there any more is answered as FAILED."""
        answers = []
        for announced, upload_id, own in zip(files, upload_ids, drawn, strict=True):
            try:
                answers.append(await self.again(caller, namespace, bucket, upload_id, drawn=own))
            except NotFoundError as gone:
                answers.append(Answer(record=await self._gone(bucket, announced, own, gone), signed=None))
        return answers

    async def _gone(
        self, bucket: BucketRecord, announced: Announcement, upload_id: str, gone: NotFoundError
    ) -> UploadRecord:
        """Return what stands for an upload that is not there any more, so that those after it keep their places."""
        stored = await self._log.read_stream(upload_id) or await self._log.read_stream(_avoidance_id(upload_id))
        asked_at = decode(stored[0].state).origin.at if stored else self._clock.now()
        return UploadRecord(
            upload_id=upload_id,
            bucket_id=bucket.bucket_id,
            namespace_id=bucket.namespace_id,
            organization_id=bucket.organization_id,
            status=Status.FAILED,
            failure_reason=gone.code,
            message=gone.message,
            filename=announced.filename,
            declared_size_bytes=announced.declared_size_bytes,
            declared_sha256=announced.declared_sha256,
            content_type=announced.content_type,
            metadata=dict(announced.metadata),
            object_metadata=None if announced.object_metadata is None else dict(announced.object_metadata),
            blob_property=announced.blob_property,
            blob_type=announced.blob_type,
            create_object=announced.create_object,
            skip_duplicates=announced.skip_duplicates,
            url_expires_in_seconds=announced.url_expires_in_seconds,
            storage_key="",
            created_at=asked_at,
            expires_at=asked_at,
            due_at=asked_at,
            version=0,
            position=0,
        )

    def _rules_of(self, bucket: BucketRecord) -> BucketRules:
        """Return the bucket's rules; the directory gives the same record for a while, so its schema is parsed once."""
        known = self._buckets.get(bucket.bucket_id)
        if known is not None and known[0] is bucket:
            return known[1]
        rules = BucketRules(schema=_schema(bucket), unique_key=bucket.unique_key, content=bucket.content_rules)
        if len(self._buckets) >= _KNOWN_BUCKETS:
            self._buckets.clear()
        self._buckets[bucket.bucket_id] = (bucket, rules)
        return rules

    async def _owners(self, bucket: BucketRecord, items: Sequence[_Item]) -> Mapping[str, str]:
        """Return by unique key which objects have those of the announced files."""
        keys = {item.command.request.unique_key for item in items} - {None}
        claims = [unique_key_claim(bucket.bucket_id, key) for key in keys if key is not None]
        owners = await self._read_side.claim_owners(claims) if claims else {}
        return {claim.key: owner_id for claim, owner_id in owners.items()}

    async def _look_up(self, bucket: BucketRecord, items: Sequence[_Item]) -> None:
        """Find out at once what is known already, so that the log does not have to tell it item by item."""
        owners = await self._owners(bucket, items)
        wanted = {item.sameness for item in items if item.sameness is not None}
        originals = await self._read_side.originals(wanted) if wanted else {}
        for index, item in enumerate(items):
            with _told_of(index):
                _check_object(item, owners)
            for unique_key, owner_id in owners.items():
                item.lose(unique_key, owner_id)
            if item.sameness is not None:
                item.find(item.sameness, originals.get(item.sameness))

    async def _settle(
        self, caller: Caller, bucket: BucketRecord, origin: Origin, items: Sequence[_Item]
    ) -> list[Answer]:
        """Append all of it, under what must still hold then; what the log says against it changes how.

        A batch has no main aggregate: its uploads are new, and only the objects and the token were there before.
        """
        into: dict[str, _Into] = {}
        use: StreamAppend | None = None

        async def command() -> Command:
            nonlocal into, use
            into = await self._into_objects(bucket, origin, items) if any(item.wants_object for item in items) else {}
            use = None if caller.token is None else await self._use_of(caller.token, items[0])
            return self._command(caller, origin, items, into, use)

        async def learn(objection: Objection) -> bool:
            if isinstance(objection, VersionConflictError):
                if caller.token is not None and objection.stream_id == caller.token.token_id:
                    self._token_uses.learn(caller.token, objection.actual)  # somebody else has used it
                    return True
                return any(objection.stream_id == each.stream.stream_id for each in into.values())
            return await self._learn(origin, items, objection)

        # each round settles something about at least one of them, or somebody else has used the token
        rounds = ATTEMPTS + 3 * len(items) + (caller.token.max_count if caller.token else 0)
        position = await settle(self._log, command, learn, attempts=rounds) or 0
        if caller.token is not None and use is not None:
            self._token_uses.learn(caller.token, use.expected_version + 1)
        if into:
            await self._look_again(origin, items)
        first = position - len(items) - sum(len(each.stream.events) for each in into.values()) + 1
        return [_answer(item, place) for place, item in enumerate(items, first)]

    async def _learn(self, origin: Origin, items: Sequence[_Item], objection: RefusedError) -> bool:
        """Take note of what the log says of other uploads and objects; return whether it says anything of them."""
        match objection:
            case ClaimTakenError():
                for item in items:
                    item.lose(objection.claim.key, objection.owner_id)
            case ClaimReleasedError():
                for item in items:
                    item.win(objection.claim.key, objection.owner_id)
            case OriginalExistsError():
                original = await self._read_side.upload(origin.namespace_id or "", objection.upload_id)
                for item in items:
                    item.find(objection.sameness, original)
            case OriginalGoneError():
                for item in items:
                    item.miss(objection.upload_id)
            case WrongStateError():  # an original became part of an object meanwhile
                await self._look_again(origin, items)
            case _:
                return False
        return True

    async def _look_again(self, origin: Origin, items: Sequence[_Item]) -> None:
        """Find out how the originals stand now."""
        for item in items:
            if item.original is not None:
                item.original = await self._read_side.upload(origin.namespace_id or "", item.original.upload_id)

    async def _into_objects(self, bucket: BucketRecord, origin: Origin, items: Sequence[_Item]) -> dict[str, _Into]:
        """Return by original what is appended for the object that its bytes go into, because it has none.

        Of several items with one original the first is given the object; a second one with the same unique key is sent,
        and finds the object when it is proved. One whose object would end before the original is sent, too: what an
        object holds goes with it.
        """
        into: dict[str, _Into] = {}
        keys: set[str] = set()
        for index, item in enumerate(items):
            original, request = item.original, item.command.request
            if not item.wants_object or original is None or original.upload_id in into:
                continue
            if request.unique_key is not None and request.unique_key in keys:
                item.send()
                continue
            found = await self._find_target(request, request.policy, origin, bucket, may_replace=item.may_replace)
            with _told_of(index):
                put = put_into_object(request, request.policy, as_original(original).kept, found.target, origin)
                if put is None:
                    raise _object_not_found()
            if not lasts_until(original.deletes_at, put.ends_at):
                item.send()
                continue
            into[original.upload_id] = _Into(stream=found.append(put), free=claims_of(bucket.bucket_id, put))
            if request.unique_key is not None:
                keys.add(request.unique_key)
        return into

    def _command(
        self,
        caller: Caller,
        origin: Origin,
        items: Sequence[_Item],
        into: Mapping[str, _Into],
        use: StreamAppend | None,
    ) -> Command:
        bucket_id = origin.bucket_id or ""
        streams = [] if use is None else [use]
        free: dict[Claim, None] = {}
        owned: dict[OwnedClaim, None] = {}
        unknown: dict[Sameness, None] = {}
        stored: dict[str, None] = {}
        for item in items:
            if item.original is not None:
                streams.append(_avoided(item.command, item.original, item.avoidance_id))
                stored[item.original.upload_id] = None
                continue
            command = item.command
            events = UPLOAD.decide(command, UPLOAD.initial)
            item.event = cast("UploadRequested | UploadSkipped", events[0])
            streams.append(StreamAppend(stream_id=command.upload_id, expected_version=0, events=events))
            owner_id = command.existing_object_id
            if item.inserts:
                claim = unique_key_claim(bucket_id, item.inserts)
                if owner_id is None:
                    free[claim] = None
                else:
                    owned[OwnedClaim(claim=claim, owner_id=owner_id)] = None
            if item.sameness and owner_id is None:
                unknown[item.sameness] = None
        for each in into.values():
            streams.append(each.stream)
            free.update(dict.fromkeys(each.free))
        return Command(
            command_id=origin.command_id,
            organization_id=origin.organization_id,
            streams=tuple(streams),
            key_id=caller.key.key_id,
            namespace_id=origin.namespace_id,
            bucket_id=bucket_id,
            free=tuple(free),
            owned=tuple(owned),
            no_original=tuple(unknown),
            stored=tuple(stored),
            unheld=tuple([Unheld(upload_id=upload_id) for upload_id in into]),
        )

    async def _use_of(self, token: UploadToken, item: _Item) -> StreamAppend:
        """Return what counts a file as a use of the token that its holder asks with."""
        upload_id = item.command.upload_id
        try:
            return self._token_uses.stream(token, item.announced, item.command.origin, upload_id)
        except ForbiddenError:
            made = await self._log.read_stream(upload_id)
            if made:  # by an earlier attempt of the same request, with the token's last use
                raise VersionConflictError(upload_id, 0, len(made)) from None
            raise


def _as_token_allows(announced: Announcement, token: UploadToken | None) -> Announcement:
    """Return an announcement under the limits of the token that it came with."""
    if token is None:
        return announced
    size_bytes = announced.declared_size_bytes
    if announced.multipart is not Multipart.ALWAYS:
        size_bytes = size_meant(token, size_bytes)
    return msgspec.structs.replace(announced, declared_size_bytes=size_bytes, policy=token.policy)


def _avoidance_id(upload_id: str) -> str:
    """Return the stream that tells of a duplicate in the place of an upload; the same for the same request."""
    return f"dup_{upload_id.removeprefix('upl_')}"


def _sameness(command: RequestUpload) -> Sameness | None:
    """Return what an earlier upload must have to be an original of this one."""
    request = command.request
    if not request.skip_duplicates or request.declared_sha256 is None:
        return None
    return Sameness(
        bucket_id=command.origin.bucket_id or "", sha256=request.declared_sha256, ends_at=request.deletes_at
    )


def _avoided(command: RequestUpload, original: UploadRecord, stream_id: str) -> StreamAppend:
    asked = command.request
    event = UploadDuplicateAvoided(
        origin=command.origin,
        original_upload_id=original.upload_id,
        sha256=original.sha256 or "",
        saved_bytes=original.size_bytes or 0,
        request=AnnouncedFile(
            filename=asked.filename,
            content_type=asked.content_type,
            declared_size_bytes=asked.declared_size_bytes,
            metadata=asked.metadata,
            create_object=asked.create_object,
            object_metadata=asked.object_metadata,
            blob_property=asked.blob_property,
            deletes_at=asked.deletes_at,
        ),
    )
    return StreamAppend(stream_id=stream_id, expected_version=0, events=(event,))


def _check_object(item: _Item, owners: Mapping[str, str]) -> None:
    request = item.command.request
    if request.unique_key is None or request.policy is Policy.INSERT:
        return
    if request.unique_key in owners:
        if not item.may_replace:
            raise ReplaceDeniedError
    elif request.policy is Policy.UPDATE:
        raise _object_not_found()


def _object_not_found() -> NotFoundError:
    return NotFoundError(
        "object_not_found",
        "No object has this unique key, and the policy 'update' needs one: send policy=upsert, or check the values.",
    )


@contextmanager
def _told_of(index: int) -> Iterator[None]:
    """Let a refusal tell which of many files it is about."""
    try:
        yield
    except RefusedError as refused:
        refused.details["index"] = index
        refused.message = f"uploads[{index}]: {refused.message}"
        raise


def _first_without_room(items: Sequence[_Item], refused: QuotaExceededError) -> int:
    """Return the index of the first file that the quota had no room for, beside those before it."""
    room = refused.details["limit_bytes"] - refused.details["used_bytes"]
    for index, item in enumerate(items):
        room -= reserved(item.command.request) if item.sends else 0
        if room < 0:
            return index
    return len(items) - 1


def _answer(item: _Item, position: int) -> Answer:
    if item.original is not None:
        message = _known(item.announced, item.original)
        return Answer(record=item.original, signed=None, is_duplicate=True, message=message)
    assert item.event is not None  # noqa: S101  # it was just appended
    record = first_record(item.event, EventPosition(stream_id=item.command.upload_id, version=1, position=position))
    if item.command.existing_object_id is not None:
        return Answer(record=record, signed=None, message=_SKIPPED_MESSAGE)
    if record.part_size is None:
        empty = record.declared_size_bytes == 0
        return Answer(record=record, signed=item.signed, message=_EMPTY_MESSAGE if empty else None)
    unasked = item.announced.multipart is not Multipart.ALWAYS
    return Answer(record=record, signed=None, message=_IN_PARTS_MESSAGE if unasked else None)


def _known(announced: Announcement, original: UploadRecord) -> str:
    """Say that nothing has to be sent, and what of the announcement is not used."""
    said = {
        "filename": (announced.filename, original.filename),
        "content_type": (announced.content_type, original.content_type),
        "metadata": (dict(announced.metadata), original.metadata),
        "object_metadata": (announced.object_metadata, original.object_metadata),
    }
    unused = [name for name, (theirs, its) in said.items() if theirs and theirs != its]
    if not unused:
        return DUPLICATE_MESSAGE
    return f"{DUPLICATE_MESSAGE} Not used: {', '.join(unused)}; send the file with skip_duplicates=false to keep them."


def _schema(bucket: BucketRecord) -> BucketSchema | None:
    return msgspec.convert(bucket.bucket_schema, BucketSchema) if bucket.bucket_schema else None


def _request(
    announced: Announcement,
    admitted: Admitted,
    bucket: BucketRecord,
    key: str,
    signed: SignedRequest,
    rules: Rules,
    now: datetime,
    urls_end_at: datetime | None,
) -> UploadRequest:
    kept_seconds = announced.expires_after_seconds
    if kept_seconds is None:
        kept_seconds = bucket.retention_seconds
    return UploadRequest(
        filename=announced.filename,
        content_type=announced.content_type,
        storage_key=key,
        declared_size_bytes=announced.declared_size_bytes,
        declared_sha256=announced.declared_sha256,
        url_expires_in_seconds=announced.url_expires_in_seconds,
        expires_at=signed.expires_at,
        due_at=signed.expires_at + rules.grace,
        metadata=dict(announced.metadata),
        create_object=announced.create_object,
        object_metadata=None if announced.object_metadata is None else dict(announced.object_metadata),
        blob_property=admitted.blob_property,
        blob_type=admitted.blob_type,
        skip_duplicates=announced.skip_duplicates,
        unique_key=admitted.unique_key,
        policy=admitted.policy,
        part_size=admitted.part_size,
        storage_checks=announced.storage_checks,
        auto_confirm=bucket.auto_confirm if announced.auto_confirm is None else announced.auto_confirm,
        content_check=bucket.content_rules.content_check,
        min_file_size_bytes=bucket.content_rules.min_file_size_bytes,
        max_file_size_bytes=bucket.content_rules.max_file_size_bytes,
        expires_after_seconds=kept_seconds,
        deletes_at=None if kept_seconds is None else now + timedelta(seconds=kept_seconds),
        urls_end_at=urls_end_at,
    )
