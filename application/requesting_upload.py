"""Requesting an upload: everything is checked, then a URL is given out."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec

from application.callers import Caller, new_command_id
from application.issuing_upload_tokens import TokenUses
from application.ports.clock import Clock, Ids
from application.ports.event_log import (
    Claim,
    ClaimTakenError,
    Command,
    EventLog,
    OriginalExistsError,
    Sameness,
    StreamAppend,
    VersionConflictError,
)
from application.ports.read_side import BucketRecord, NamespaceRecord, ReadSide, UploadRecord
from application.ports.url_signer import SignedRequest, UrlSigner
from application.rules import Rules
from application.uploads import upload_not_found
from domain.admission import Admitted, Announcement, BucketRules, admit
from domain.bucket import Policy
from domain.events import Origin
from domain.filenames import storage_key
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError
from domain.schema import BucketSchema
from domain.upload import (
    NoUpload,
    RequestUpload,
    Status,
    UploadDuplicateAvoided,
    UploadRequest,
    decide,
)
from domain.upload_token import UploadToken

MIN_EXPIRY_SECONDS = 60
MAX_EXPIRY_SECONDS = 86_400
_KNOWN_BUCKETS = 1000
_DUPLICATE_MESSAGE = "The bytes are here already: nothing has to be sent, this is the upload that holds them."
_SKIPPED_MESSAGE = "An object with the same unique key exists: nothing has to be sent."


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. `sha256`: 64 lower-case hex digits."""

    announcement: Announcement
    url_expires_in_seconds: int = 3600
    sha256: str | None = None
    skip_duplicates: bool = True


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The upload as it stands, and the URL to PUT to, if anything is to be sent."""

    record: UploadRecord
    signed: SignedRequest | None
    is_duplicate: bool = False
    message: str | None = None


class RequestingUpload:
    """One command: admits the file, reserves its bytes, signs its URL."""

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

    async def __call__(
        self, caller: Caller, namespace: NamespaceRecord, bucket: BucketRecord, wish: Wish, *, ids: Ids | None = None
    ) -> Answer:
        """Answer with a URL, with the original of a duplicate, or with the object that has the unique key.

        `ids`: those of a request that is made under an idempotency key; the upload's is drawn first.
        """
        ids = ids or self._ids
        now = self._clock.now()
        if not MIN_EXPIRY_SECONDS <= wish.url_expires_in_seconds <= MAX_EXPIRY_SECONDS:
            raise InvalidInputError(
                "invalid_expiry",
                f"presigned_url_expiration must be {MIN_EXPIRY_SECONDS} to {MAX_EXPIRY_SECONDS} seconds.",
            )
        admitted = admit(
            wish.announcement,
            self._rules_of(bucket),
            self._rules.tier_limits[caller.organization.tier],
        )
        upload_id = ids.new("upl_")
        origin = caller.origin(
            now, new_command_id(ids), namespace_id=namespace.namespace_id, bucket_id=bucket.bucket_id
        )
        headers = signed_headers(wish.announcement.content_type, wish.announcement.file_size_bytes)
        key = storage_key(
            internal_id=caller.organization.internal_id,
            namespace_id=namespace.namespace_id,
            upload_id=upload_id,
            filename=wish.announcement.filename,
            room=self._signer.key_room(headers),
        )
        signed = self._signer.sign_put(
            key, headers=headers, expires_in=timedelta(seconds=wish.url_expires_in_seconds), now=now
        )
        request = _request(wish, admitted, key, signed, self._rules)
        if admitted.unique_key and admitted.policy is Policy.UPDATE:
            await self._require_object(bucket, admitted.unique_key)
        conditions = {
            "organization_id": caller.organization.organization_id,
            "key_id": caller.key.key_id,
            "namespace_id": namespace.namespace_id,
            "bucket_id": bucket.bucket_id,
        }
        command = RequestUpload(
            origin=origin, upload_id=upload_id, request=request, forget_at=now + self._rules.retention
        )
        while True:
            try:
                position = await self._append(command, conditions, caller.token, wish.announcement)
            except ClaimTakenError as taken:
                command = msgspec.structs.replace(command, existing_object_id=taken.owner_id)
            except OriginalExistsError as duplicate:
                original = await self._read_side.upload(namespace.namespace_id, duplicate.upload_id)
                if original is not None:
                    await self._avoid(original, origin, conditions, ids)
                    return Answer(record=original, signed=None, is_duplicate=True, message=_DUPLICATE_MESSAGE)
            else:
                record = _record(command, position)
                if command.existing_object_id is not None:
                    return Answer(record=record, signed=None, message=_SKIPPED_MESSAGE)
                return Answer(record=record, signed=signed)

    async def again(self, namespace: NamespaceRecord, upload_id: str, *, is_duplicate: bool) -> Answer:
        """Answer once more a request that was answered with this upload; its URL has the time that is left.

        `is_duplicate`: it is the original that was there already.
        """
        record = await self._read_side.upload(namespace.namespace_id, upload_id)
        if record is None:
            raise upload_not_found(upload_id)
        if is_duplicate:
            return Answer(record=record, signed=None, is_duplicate=True, message=_DUPLICATE_MESSAGE)
        if record.status is Status.SKIPPED:
            return Answer(record=record, signed=None, message=_SKIPPED_MESSAGE)
        now = self._clock.now()
        left = timedelta(seconds=int((record.expires_at - now).total_seconds()))
        if record.status is not Status.PENDING or left < timedelta(seconds=1):
            return Answer(record=record, signed=None)
        headers = signed_headers(record.content_type, record.declared_size_bytes)
        return Answer(
            record=record, signed=self._signer.sign_put(record.storage_key, headers=headers, expires_in=left, now=now)
        )

    def _rules_of(self, bucket: BucketRecord) -> BucketRules:
        """Return the bucket's rules; the directory gives the same record for a while, so its schema is parsed once."""
        known = self._buckets.get(bucket.bucket_id)
        if known is not None and known[0] is bucket:
            return known[1]
        rules = BucketRules(schema=_schema(bucket), unique_key=bucket.unique_key)
        if len(self._buckets) >= _KNOWN_BUCKETS:
            self._buckets.clear()
        self._buckets[bucket.bucket_id] = (bucket, rules)
        return rules

    async def _append(
        self,
        command: RequestUpload,
        conditions: Mapping[str, Any],
        token: UploadToken | None,
        announced: Announcement,
    ) -> int:
        stream = StreamAppend(stream_id=command.upload_id, expected_version=0, events=decide(command, NoUpload()))
        if token is None:
            return await self._log.append(self._asked(command, (stream,), conditions, knows_originals=True))
        while True:
            try:
                use = self._token_uses.stream(token, announced, command.origin, command.upload_id)
            except ForbiddenError:
                made = await self._log.read_stream(command.upload_id)
                if made:  # by an earlier attempt of the same request, with the token's last use
                    raise VersionConflictError(command.upload_id, 0, len(made)) from None
                raise
            asked = self._asked(command, (use, stream), conditions, knows_originals=False)
            try:
                position = await self._log.append(asked)
            except VersionConflictError as conflict:  # the token was used meanwhile, or by another process
                if conflict.stream_id != token.token_id:
                    raise
                self._token_uses.learn(token, conflict.actual)
            else:
                self._token_uses.learn(token, use.expected_version + 1)
                return position

    def _asked(
        self,
        command: RequestUpload,
        streams: tuple[StreamAppend, ...],
        conditions: Mapping[str, Any],
        *,
        knows_originals: bool,
    ) -> Command:
        """Return what is to be appended, and what must hold.

        Not `knows_originals`: whoever asks is told nothing of other uploads; a duplicate is found at confirm.
        """
        command_id, request = command.origin.command_id, command.request
        if command.existing_object_id is not None:
            return Command(command_id=command_id, streams=streams, **conditions)
        bucket_id = str(conditions["bucket_id"])
        inserts = request.unique_key is not None and request.policy is Policy.INSERT
        known_hash = knows_originals and request.skip_duplicates and request.declared_sha256 is not None
        return Command(
            command_id=command_id,
            streams=streams,
            free=(object_claim(bucket_id, request.unique_key),) if inserts and request.unique_key else (),
            no_original=(Sameness(bucket_id=bucket_id, sha256=request.declared_sha256),)
            if known_hash and request.declared_sha256
            else (),
            room_bytes=request.declared_size_bytes or 0,
            **conditions,
        )

    async def _avoid(self, original: UploadRecord, origin: Origin, conditions: Mapping[str, Any], ids: Ids) -> None:
        event = UploadDuplicateAvoided(
            origin=origin,
            original_upload_id=original.upload_id,
            sha256=original.sha256 or "",
            saved_bytes=original.size_bytes or 0,
        )
        stream = StreamAppend(stream_id=ids.new("dup_"), expected_version=0, events=(event,))
        with suppress(VersionConflictError):  # an earlier attempt of the same request has told it
            await self._log.append(Command(command_id=origin.command_id, streams=(stream,), **conditions))

    async def _require_object(self, bucket: BucketRecord, unique_key: str) -> None:
        claim = object_claim(bucket.bucket_id, unique_key)
        if await self._read_side.claim_owner(claim.scope, claim.key) is None:
            raise NotFoundError(
                "object_not_found", "No object with this unique key exists, and the policy 'update' needs one."
            )


def _schema(bucket: BucketRecord) -> BucketSchema | None:
    return msgspec.convert(bucket.bucket_schema, BucketSchema) if bucket.bucket_schema else None


def object_claim(bucket_id: str, unique_key: str) -> Claim:
    """Return the claim on a unique key that an object of the bucket holds."""
    return Claim(scope=f"object:{bucket_id}", key=unique_key)


def signed_headers(content_type: str, size_bytes: int | None) -> dict[str, str]:
    """Return the headers that a PUT's URL binds."""
    headers = {"Content-Type": content_type}
    if size_bytes is not None:
        headers["Content-Length"] = str(size_bytes)
    return headers


def _request(wish: Wish, admitted: Admitted, key: str, signed: SignedRequest, rules: Rules) -> UploadRequest:
    announced = wish.announcement
    return UploadRequest(
        filename=announced.filename,
        content_type=announced.content_type,
        storage_key=key,
        declared_size_bytes=announced.file_size_bytes,
        declared_sha256=wish.sha256,
        url_expires_in_seconds=wish.url_expires_in_seconds,
        expires_at=signed.expires_at,
        due_at=signed.expires_at + rules.grace,
        metadata=dict(announced.metadata),
        create_object=announced.create_object,
        object_metadata=None if announced.object_metadata is None else dict(announced.object_metadata),
        blob_property=admitted.blob_property,
        blob_type=admitted.blob_type,
        skip_duplicates=wish.skip_duplicates,
        unique_key=admitted.unique_key,
        policy=admitted.policy,
    )


def _record(command: RequestUpload, position: int) -> UploadRecord:
    request, origin = command.request, command.origin
    return UploadRecord(
        upload_id=command.upload_id,
        organization_id=origin.organization_id,
        namespace_id=origin.namespace_id or "",
        bucket_id=origin.bucket_id or "",
        version=1,
        position=position,
        status=Status.PENDING if command.existing_object_id is None else Status.SKIPPED,
        filename=request.filename or "",
        content_type=request.content_type,
        storage_key=request.storage_key or "",
        declared_size_bytes=request.declared_size_bytes,
        declared_sha256=request.declared_sha256,
        url_expires_in_seconds=request.url_expires_in_seconds,
        created_at=origin.at,
        expires_at=request.expires_at,
        due_at=request.due_at,
        metadata=request.metadata or {},
        create_object=request.create_object,
        object_metadata=request.object_metadata,
        blob_property=request.blob_property,
        blob_type=request.blob_type,
        skip_duplicates=request.skip_duplicates,
        existing_object_id=command.existing_object_id,
    )
