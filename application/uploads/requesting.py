"""Requesting uploads: all checks run, then the URLs are signed.

What is admitted is decided in `domain.uploads.admission`; what a URL binds is in `signed_headers`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import accumulate
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
    NotInObject,
    OriginalExistsError,
    OriginalGoneError,
    OwnedClaim,
)
from application.ports.read_side import ReadSide
from application.ports.storage.url_signer import SignedRequest, UrlSigner
from application.ports.uploads.upload_reads import UploadRecord
from application.rules import Rules
from application.uploads.records import EventPosition, first_record
from application.uploads.signed_headers import fields_of, headers_of, sign_whole
from domain.buckets.bucket import Policy, check_retention
from domain.buckets.schema import BucketSchema
from domain.claims import Claim, unique_key_claim
from domain.events.event import Origin
from domain.events.registry import decode
from domain.keys.upload_token import UploadToken, UseToken
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
from domain.uploads.originals import WantedContent
from domain.uploads.parts import Multipart
from domain.uploads.posting import plain_name, post_range
from domain.uploads.request import UploadRequest, reserved
from domain.uploads.retention import lasts_until
from domain.uploads.upload import UPLOAD, RequestUpload, Status
from domain.uploads.upload_events import UploadRequested, UploadSkipped
from domain.uploads.verification import Found, judge

MIN_EXPIRY_SECONDS = 60
MAX_EXPIRY_SECONDS = 86_400
_KNOWN_BUCKETS = 1000
DUPLICATE_MESSAGE = "The bytes are already stored in this upload: send nothing."
_IN_PARTS_MESSAGE = (
    "The file is too large for a single PUT: request the URLs of its parts with POST"
    " /v1/uploads/{upload_id}/parts/sign, PUT parts of part_size bytes, then confirm. Or announce a smaller file."
)
_GONE_MESSAGE = "The upload no longer exists, or you cannot access it: send the file with a new idempotency key."
_SKIPPED_MESSAGE = "An object with the same unique key exists: send nothing."


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The upload in its current state, and the URL or form if the file must be sent."""

    record: UploadRecord
    signed: SignedRequest | None
    is_duplicate: bool = False
    message: str | None = None


class _Item(msgspec.Struct, kw_only=True):
    """One announced file while its request is processed.

    `wanted_content`: the content that makes an earlier upload its original; None: duplicates are not looked up.
    `inserts`: the unique key that must be free, if there is one. `original`: the upload that already has the bytes, as
    far as is known. `max_size_bytes`: the limit for a file in the organization's tier. `may_replace`: whether an
    existing object may be changed.
    """

    announced: Announcement
    command: RequestUpload
    signed: SignedRequest
    wanted_content: WantedContent | None
    inserts: str | None
    max_size_bytes: int
    may_replace: bool
    original: UploadRecord | None = None
    event: UploadRequested | UploadSkipped | None = None

    def lose(self, unique_key: str, owner_id: str) -> None:
        """Record that an object holds a unique key."""
        if (self.sends or self.wants_object) and self.inserts == unique_key:
            self.command = msgspec.structs.replace(self.command, existing_object_id=owner_id)
            self.original = None

    def win(self, unique_key: str) -> None:
        """Record that an object no longer holds a unique key."""
        if self.inserts == unique_key:
            self.command = msgspec.structs.replace(self.command, existing_object_id=None)

    def find(self, wanted_content: WantedContent, original: UploadRecord | None) -> None:
        """Record an upload that already has the bytes and lasts long enough."""
        if not self.sends or original is None or self.wanted_content != wanted_content:
            return
        self.original = original
        if self.wants_object and not self._suits(original):
            self.send()

    def send(self) -> None:
        """Have the bytes sent, even if an upload already has them: verification detects the duplicate."""
        self.original = self.wanted_content = None

    def _suits(self, original: UploadRecord) -> bool:
        """Return whether the bytes would be accepted if they were sent; a strict check would have to read them."""
        request = self.command.request
        found = Found(
            size_bytes=original.size_bytes or 0, etag=original.etag or "", content_type=None, sha256=original.sha256
        )
        wrong = judge(found, request, claimed=Claimed(), max_size_bytes=self.max_size_bytes)
        return wrong is None and request.content_check is not ContentCheck.STRICT

    def miss(self, upload_id: str) -> None:
        """Record that an upload no longer has its bytes."""
        if self.original is not None and self.original.upload_id == upload_id:
            self.original = None

    @property
    def avoidance_id(self) -> str:
        """Return the stream that records a duplicate in place of this upload."""
        return _avoidance_id(self.command.upload_id)

    @property
    def wants_object(self) -> bool:
        """Whether this request creates or changes an object, as far as is known."""
        known = self.original
        return known is not None and known.object_id is None and self.command.request.create_object

    @property
    def sends(self) -> bool:
        """Whether the client has to send the bytes, as far as is known."""
        return self.original is None and self.command.existing_object_id is None


class _Into(msgspec.Struct, frozen=True, kw_only=True):
    """The events to append to an object's stream, and the claims that must then be free."""

    stream: StreamAppend
    free: tuple[Claim, ...]


class RequestingUpload:
    """Admits one file or many, reserves their bytes and signs their URLs, in one command: all of them or none."""

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
        self._token_uses = TokenUses(read_side)
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
        """Return a URL, the original of a duplicate, or the object that holds the unique key.

        `ids`: the ids of a request with an idempotency key; the upload's id comes first.
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
        """Return the results in the order of the files. A refusal has the `index` of its file, and refuses all."""
        ids = ids or self._ids
        upload_ids = [ids.new("upl_") for _ in files]
        origin = self._origin(caller, namespace, bucket, ids)
        items = []
        for index, (upload_id, announced) in enumerate(zip(upload_ids, files, strict=True)):
            with _for_file(index):
                items.append(self._item(caller, namespace, bucket, announced, origin, upload_id))
        await self._look_up(bucket, items)
        try:
            return await self._settle(caller, bucket, origin, items, in_batch=True)
        except QuotaExceededError as refused:
            with _for_file(_first_without_room(items, refused)):
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
        """Run the checks that need only the announcement, and sign the URL."""
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
            (caller.token and caller.token.part_size) or bucket.part_size or self._rules.part_bytes,
        )
        headers, by_post = headers_of(announced), announced.by_post
        key = storage_key(
            internal_id=caller.organization.internal_id,
            namespace_id=bucket.namespace_id,
            upload_id=upload_id,
            filename=plain_name(announced.filename) if by_post else announced.filename,
            room=self._signer.key_room(headers),
        )
        urls_end_at = None
        if caller.token is not None:
            urls_end_at = origin.at + timedelta(seconds=caller.token.upload_lifetime_seconds)
        lasts = caller.url_lasts(timedelta(seconds=announced.url_expires_in_seconds), origin.at, urls_end_at)
        sizes = None
        if by_post:
            sizes = self._post_range(caller, bucket, announced)
            fields = fields_of(announced)
            signed = self._signer.sign_post(key, fields=fields, size_range=sizes, expires_in=lasts, now=origin.at)
        else:
            signed = self._signer.sign_put(key, headers=headers, expires_in=lasts, now=origin.at)
        command = RequestUpload(
            origin=origin,
            upload_id=upload_id,
            request=_request(
                announced, admitted, bucket, key, signed, self._rules, origin.at, urls_end_at, caller.token, sizes
            ),
            forget_at=origin.at + self._rules.retention,
        )
        return _Item(
            announced=announced,
            command=command,
            signed=signed,
            # a caller without `read` must not learn about other uploads: confirm detects the duplicate
            wanted_content=_wanted_content(command) if may_read(caller, namespace, bucket) else None,
            inserts=admitted.unique_key if admitted.policy is Policy.INSERT else None,
            max_size_bytes=self._rules.tier_limits[caller.organization.tier].file_size_bytes,
            may_replace=may_replace(caller, namespace, bucket),
        )

    def _post_range(self, caller: Caller, bucket: BucketRecord, announced: Announcement) -> tuple[int, int]:
        """Return the sizes that storage accepts, by the limits of the tier, the bucket and the token."""
        rules, token = bucket.content_rules, caller.token
        limits = (
            self._rules.tier_limits[caller.organization.tier].file_size_bytes,
            rules.max_file_size_bytes,
            *(() if token is None else (token.max_size_bytes, token.max_total_bytes)),
        )
        return post_range(announced.declared_size_bytes, least=rules.min_file_size_bytes, limits=limits)

    async def again(
        self, caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord, upload_id: str, *, drawn: str
    ) -> Answer:
        """Repeat the result of an earlier request: this upload, with a URL for the time that is left.

        If `upload_id` is not the id `drawn` for the request, it is the id of an original. Refuses if the upload
        no longer exists, or if it is an original and the caller may no longer read it.
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
        lasts = caller.url_lasts(left, now)
        return Answer(record=record, signed=sign_whole(self._signer, record, expires_in=lasts, now=now))

    async def made_before(self, drawn: Sequence[str]) -> tuple[str, ...] | None:
        """Return the uploads that an earlier attempt created with these ids, or the originals in their place.

        None: that attempt was not committed, and nothing was created.
        """
        made: list[str] = []
        for upload_id in drawn:  # one command created all of them
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
        """Repeat the results of an earlier request for many files, in order; a missing upload is returned as FAILED."""
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
        """Return a record in place of a missing upload, so that the results after it keep their index."""
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
        """Return the bucket's rules; the directory caches the record, so that its schema is parsed only once."""
        known = self._buckets.get(bucket.bucket_id)
        if known is not None and known[0] is bucket:
            return known[1]
        rules = BucketRules(schema=_schema(bucket), unique_key=bucket.unique_key, content=bucket.content_rules)
        if len(self._buckets) >= _KNOWN_BUCKETS:
            self._buckets.clear()
        self._buckets[bucket.bucket_id] = (bucket, rules)
        return rules

    async def _owners(self, bucket: BucketRecord, items: Sequence[_Item]) -> Mapping[str, str]:
        """Return the objects that hold the unique keys of the announced files, by key."""
        keys = {item.command.request.unique_key for item in items}
        claims = [unique_key_claim(bucket.bucket_id, key) for key in keys if key is not None]
        owners = await self._read_side.claim_owners(claims) if claims else {}
        return {claim.key: owner_id for claim, owner_id in owners.items()}

    async def _look_up(self, bucket: BucketRecord, items: Sequence[_Item]) -> None:
        """Look up the owners and originals of all items at once, so that the log has fewer objections."""
        owners = await self._owners(bucket, items)
        wanted = {item.wanted_content for item in items if item.wanted_content is not None}
        originals = await self._read_side.originals(wanted) if wanted else {}
        for index, item in enumerate(items):
            with _for_file(index):
                _check_object(item, owners)
            for unique_key, owner_id in owners.items():
                item.lose(unique_key, owner_id)
            if item.wanted_content is not None:
                item.find(item.wanted_content, originals.get(item.wanted_content))

    async def _settle(
        self, caller: Caller, bucket: BucketRecord, origin: Origin, items: Sequence[_Item], *, in_batch: bool = False
    ) -> list[Answer]:
        """Append everything, under conditions; each objection of the log changes the command for the next attempt.

        A batch has no main aggregate: its uploads are new, and only the objects and the token exist already.
        """
        into: dict[str, _Into] = {}
        use: StreamAppend | None = None

        async def command() -> Command:
            nonlocal into, use
            into = await self._into_objects(bucket, origin, items) if any(item.wants_object for item in items) else {}
            use = None if caller.token is None else await self._uses_of(caller.token, items, in_batch)
            return self._command(caller, origin, items, into, use)

        async def learn(objection: Objection) -> bool:
            if isinstance(objection, VersionConflictError):
                if caller.token is not None and objection.stream_id == caller.token.token_id:
                    await self._token_uses.look(caller.token)  # another request has used it, or renewed it
                    return True
                return any(objection.stream_id == each.stream.stream_id for each in into.values())
            return await self._learn(origin, items, objection)

        # each round resolves something about at least one item, or another request has used the token
        rounds = ATTEMPTS + 3 * len(items) + (caller.token.max_count if caller.token else 0)
        position = await settle(self._log, command, learn, attempts=rounds) or 0
        if use is not None:
            self._token_uses.appended(use)
        if into:
            await self._look_again(origin, items)
        first = position - len(items) - sum(len(each.stream.events) for each in into.values()) + 1
        return [_answer(item, place) for place, item in enumerate(items, first)]

    async def _learn(self, origin: Origin, items: Sequence[_Item], objection: RefusedError) -> bool:
        """Apply an objection about other uploads or objects; return whether it was one."""
        match objection:
            case ClaimTakenError():
                for item in items:
                    item.lose(objection.claim.key, objection.owner_id)
            case ClaimReleasedError():
                for item in items:
                    item.win(objection.claim.key)
            case OriginalExistsError():
                original = await self._read_side.upload(origin.namespace_id or "", objection.upload_id)
                for item in items:
                    item.find(objection.wanted_content, original)
            case OriginalGoneError():
                for item in items:
                    item.miss(objection.upload_id)
            case WrongStateError():  # an original became part of an object in the meantime
                await self._look_again(origin, items)
            case _:
                return False
        return True

    async def _look_again(self, origin: Origin, items: Sequence[_Item]) -> None:
        """Read the current state of the originals."""
        for item in items:
            if item.original is not None:
                item.original = await self._read_side.upload(origin.namespace_id or "", item.original.upload_id)

    async def _into_objects(self, bucket: BucketRecord, origin: Origin, items: Sequence[_Item]) -> dict[str, _Into]:
        """Return, by original, the events for the object that receives its bytes, where the original has no object.

        Of several items with the same original, the first one gets the object. A second one with the same
        unique key is sent, and verification finds the object. An item whose object would end before the
        original is sent as well, because an object's uploads are deleted with it.
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
            with _for_file(index):
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
        unknown: dict[WantedContent, None] = {}
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
            if item.wanted_content and owner_id is None:
                unknown[item.wanted_content] = None
        for each in into.values():
            streams.append(each.stream)
            free.update(dict.fromkeys(each.free))
        return Command(
            command_id=origin.command_id,
            organization_id=origin.organization_id,
            streams=tuple(streams),
            key_id=caller.key.key_id,
            token_id=caller.token_id,
            namespace_id=origin.namespace_id,
            bucket_id=bucket_id,
            free=tuple(free),
            owned=tuple(owned),
            no_original=tuple(unknown),
            stored=tuple(stored),
            unheld=tuple([NotInObject(upload_id=upload_id) for upload_id in into]),
        )

    async def _uses_of(self, token: UploadToken, items: Sequence[_Item], in_batch: bool) -> StreamAppend:
        """Return the append that counts the files as uses of the caller's token: all of them, or a refusal."""
        upload_id = items[0].command.upload_id
        try:
            return self._token_uses.stream(
                token, [_use(item) for item in items], _for_file if in_batch else nullcontext
            )
        except ForbiddenError:
            made = await self._log.read_stream(upload_id)
            if made:  # by an earlier attempt of this request, which was the token's last use
                raise VersionConflictError(upload_id, 0, len(made)) from None
            raise


def _use(item: _Item) -> UseToken:
    sizes = item.command.request.post_range
    return UseToken(
        origin=item.command.origin,
        upload_id=item.command.upload_id,
        content_type=item.announced.content_type,
        size_bytes=item.announced.declared_size_bytes if sizes is None else sizes[1],  # storage accepts no more
    )


def _as_token_allows(announced: Announcement, token: UploadToken | None) -> Announcement:
    """Return the announcement with the limits and defaults of the caller's token applied."""
    if token is None:
        return announced
    return msgspec.structs.replace(
        announced, policy=token.policy, blob_property=announced.blob_property or token.blob_property
    )


def _avoidance_id(upload_id: str) -> str:
    """Return the stream that records a duplicate in place of an upload; the same for the same request."""
    return f"dup_{upload_id.removeprefix('upl_')}"


def _wanted_content(command: RequestUpload) -> WantedContent | None:
    """Return the content that makes an earlier upload the original of this one."""
    request = command.request
    if not request.skip_duplicates or request.declared_sha256 is None:
        return None
    return WantedContent(
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
def _for_file(index: int) -> Iterator[None]:
    """Add the index of the file to a refusal."""
    try:
        yield
    except RefusedError as refused:
        refused.details["index"] = index
        refused.message = f"uploads[{index}]: {refused.message}"
        raise


def _first_without_room(items: Sequence[_Item], refused: QuotaExceededError) -> int:
    """Return the index of the first file that the quota has no room for, after the files before it."""
    room = max(refused.details["limit_bytes"] - refused.details["used_bytes"], 0)
    needed = accumulate(reserved(item.command.request) if item.sends else 0 for item in items)
    return next(index for index, size_bytes in enumerate(needed) if size_bytes > room)


def _answer(item: _Item, position: int) -> Answer:
    if item.original is not None:
        message = _known(item.announced, item.original)
        return Answer(record=item.original, signed=None, is_duplicate=True, message=message)
    assert item.event is not None  # noqa: S101  # it was just appended
    record = first_record(item.event, EventPosition(stream_id=item.command.upload_id, version=1, position=position))
    if item.command.existing_object_id is not None:
        return Answer(record=record, signed=None, message=_SKIPPED_MESSAGE)
    if record.part_size is None:
        return Answer(record=record, signed=item.signed)
    unasked = item.announced.multipart is not Multipart.ALWAYS and item.announced.part_size is None
    return Answer(record=record, signed=None, message=_IN_PARTS_MESSAGE if unasked else None)


def _known(announced: Announcement, original: UploadRecord) -> str:
    """Return the message for a duplicate, with the fields of the announcement that are not used."""
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
    token: UploadToken | None,
    sizes: tuple[int, int] | None,
) -> UploadRequest:
    kept_seconds = announced.expires_after_seconds
    if kept_seconds is None:
        kept_seconds = bucket.retention_seconds
    max_size_bytes = bucket.content_rules.max_file_size_bytes
    if token is not None and token.max_size_bytes is not None:
        max_size_bytes = min(max_size_bytes or token.max_size_bytes, token.max_size_bytes)
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
        max_file_size_bytes=max_size_bytes,
        expires_after_seconds=kept_seconds,
        deletes_at=None if kept_seconds is None else now + timedelta(seconds=kept_seconds),
        urls_end_at=urls_end_at,
        post_range=sizes,
    )
