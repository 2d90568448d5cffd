"""Sending multipart uploads: URLs for parts, the list of stored parts, and more time.

Storage puts the parts together in `completing_multipart`; sizes and numbers are in `domain.uploads.parts`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from application.handling import Loaded, Proposal, handle
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.storage.object_storage import ObjectStorage, StoredPart
from application.ports.storage.url_signer import SignedRequest, UrlSigner
from application.ports.uploads.upload_reads import UploadReads, UploadRecord
from application.rules import Rules
from application.uploads.records import brought_forward, find_upload, load_upload
from application.uploads.signed_headers import CHECKSUM_HEADER, checksum, sign_whole
from domain.refusals import ForbiddenError, InvalidInputError, WrongStateError
from domain.uploads.parts import MAX_PARTS, part_count, size_of_part
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    STATUS_OF,
    UPLOAD,
    InProgress,
    Pending,
    ReissueUrl,
    StartUpload,
    Upload,
    UploadCommand,
    request_of,
    upload_not_found,
)
from domain.uploads.upload_events import UploadEvent

MAX_SIGNED_AT_ONCE = 1000
_EXTENDED_AFTER = 4  # an upload gets more time after a quarter of its time, or if its URLs would outlive it


class WantedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part to send. `sha256`: 64 hex digits, checked by storage.

    `size_bytes`: its size, required if the size of the file is unknown.
    """

    part_number: int
    sha256: str | None = None
    size_bytes: int | None = None


class SignedPart(msgspec.Struct, frozen=True, kw_only=True):
    """The signed URL of one part."""

    part_number: int
    signed: SignedRequest


class SendingParts(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of a client between the request of an upload and its confirmation."""

    log: EventLog
    read_side: UploadReads
    storage: ObjectStorage
    signer: UrlSigner
    clock: Clock
    ids: Ids
    rules: Rules

    async def sign(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        upload_id: str,
        parts: Sequence[WantedPart],
        *,
        bucket_id: str | None,
    ) -> list[SignedPart]:
        """Return URLs for these parts. The first call starts the upload; each call extends it.

        Storage checks all parts of an upload or none: all of them have a SHA-256, or none. Each URL accepts a part of
        one size only. If the size of the file is unknown, the size of a part is required, and a part that would exceed
        the limit of the tier or the bucket is refused: every part before it counts as full, so that all URLs together
        cannot exceed the limit.
        """
        loaded, _ = await load_upload(self.log, namespace.namespace_id, upload_id, bucket_id)
        upload = await self._begun(caller, loaded, parts)
        request, now = upload.request, self.clock.now()
        lasts = _lasts(caller, request, now)
        return [
            SignedPart(
                part_number=part.part_number,
                signed=self.signer.sign_part(
                    request.storage_key or "",
                    multipart_id=upload.multipart_id,
                    part_number=part.part_number,
                    headers=_headers(request, part),
                    expires_in=lasts,
                    now=now,
                ),
            )
            for part in parts
        ]

    async def parts(self, namespace: NamespaceRecord, upload_id: str, *, bucket_id: str | None) -> Sequence[StoredPart]:
        """Return the stored parts, by number."""
        upload, _ = await load_upload(self.log, namespace.namespace_id, upload_id, bucket_id)
        match upload.state:
            case Pending(request=request):
                _check_in_parts(request)
                return []
            case InProgress(request=request):
                stored = await self.storage.parts(request.storage_key or "", upload.state.multipart_id)
                if stored is None:
                    raise WrongStateError(
                        "parts_gone",
                        "Storage no longer has these parts: confirm the upload, as they may have been assembled"
                        " already.",
                        {"upload_id": upload_id},
                    )
                return stored
            case state:
                status = STATUS_OF[type(state)]
                raise WrongStateError(
                    "wrong_state",
                    f"The upload is {status} and accepts no parts: request a new upload.",
                    {"upload_id": upload_id, "status": status},
                )

    async def sign_again(
        self, caller: Caller, namespace: NamespaceRecord, upload_id: str, *, bucket_id: str | None
    ) -> tuple[UploadRecord, SignedRequest | None]:
        """Extend an upload by its original time, and return a fresh URL or form if it is sent whole."""
        loaded, record = await load_upload(self.log, namespace.namespace_id, upload_id, bucket_id)
        signed: SignedRequest | None = None

        async def reissue(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent]:
            nonlocal signed
            request, now = _request_of(upload), self.clock.now()
            lasts = _lasts(caller, request, now)
            expires_at = now + lasts
            if request.part_size is None:
                signed = sign_whole(self.signer, request, expires_in=lasts, now=now)
                expires_at = signed.expires_at
            command = ReissueUrl(
                origin=upload.origin_of(caller.actor_id, new_command_id(self.ids), now),
                expires_at=expires_at,
                due_at=expires_at + self.rules.grace,
            )
            return Proposal(
                origin=command.origin,
                events=UPLOAD.decide(command, upload.state),
                conditions=Conditions(key_id=caller.key.key_id, token_id=caller.token_id),
            )

        upload = await handle(self.log, UPLOAD, upload_id, reissue, loaded=loaded)
        now = brought_forward(record, upload)
        return now or await find_upload(self.read_side, namespace.namespace_id, upload_id, bucket_id), signed

    async def _begun(
        self, caller: Caller, loaded: Loaded[UploadEvent, Upload], parts: Sequence[WantedPart]
    ) -> InProgress:
        """Return the upload in progress, with enough time for new URLs."""

        async def begin(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            request, now = _request_of(upload), self.clock.now()
            origin = upload.origin_of(caller.actor_id, new_command_id(self.ids), now)
            UPLOAD.decide(
                StartUpload(origin=origin, multipart_id=""), upload.state
            )  # refuses before the call to storage
            _check_in_parts(request)
            _check_numbers(request, [part.part_number for part in parts])
            _check_hashes(request, parts)
            _check_sizes(request, parts, self.rules.tier_limits[caller.organization.tier].file_size_bytes)
            commands: list[UploadCommand] = []
            undo = None
            if isinstance(upload.state, Pending):
                key = request.storage_key or ""
                begun = await self.storage.begin_multipart(
                    key, content_type=request.content_type, checked=request.storage_checks
                )
                undo = partial(self.storage.abort_multipart, key, begun)
                commands.append(StartUpload(origin=origin, multipart_id=begun))
            lasts = _lasts(caller, request, now)
            if now + lasts > request.expires_at + min(lasts / _EXTENDED_AFTER, self.rules.grace):
                commands.append(
                    ReissueUrl(origin=origin, expires_at=now + lasts, due_at=now + lasts + self.rules.grace)
                )
            return (
                Proposal(
                    origin=origin,
                    events=UPLOAD.decide_all(commands, upload.state),
                    conditions=Conditions(key_id=caller.key.key_id, token_id=caller.token_id),
                    undo=undo,
                )
                if commands
                else None
            )

        upload = await handle(self.log, UPLOAD, loaded.stream_id, begin, loaded=loaded)
        assert isinstance(upload.state, InProgress)  # noqa: S101  # otherwise the start was refused
        return upload.state


def _lasts(caller: Caller, request: UploadRequest, now: datetime) -> timedelta:
    """Return the lifetime of new URLs of an upload."""
    if request.urls_end_at is not None and request.urls_end_at <= now:
        raise ForbiddenError(
            "upload_lifetime_over",
            "The time in which the upload token gives this upload URLs is over: confirm the sent parts, or request"
            " another upload.",
            {"urls_end_at": request.urls_end_at.isoformat()},
        )
    return caller.url_lasts(timedelta(seconds=request.url_expires_in_seconds), now, request.urls_end_at)


def _check_in_parts(request: UploadRequest) -> None:
    if request.part_size is None:
        raise WrongStateError(
            "not_in_parts",
            "This upload is sent in a single request: request another one with multipart=always to send parts.",
        )


def _check_numbers(request: UploadRequest, part_numbers: Sequence[int]) -> None:
    last = part_count(request.declared_size_bytes, request.part_size) or MAX_PARTS
    beyond = [number for number in part_numbers if not 1 <= number <= last]
    if beyond or len(set(part_numbers)) < len(part_numbers):
        raise InvalidInputError(
            "invalid_part_numbers",
            f"The parts of this upload are numbered from 1 to {last}: send each number once.",
            {"part_count": last, "invalid_part_numbers": beyond[:100]},
        )


def _check_hashes(request: UploadRequest, parts: Sequence[WantedPart]) -> None:
    if request.storage_checks and any(part.sha256 is None for part in parts):
        raise InvalidInputError(
            "part_hash_required",
            "Storage checks each part of this upload: send the parts with their SHA-256, "
            'as {"parts": [{"part_number": 1, "sha256": "…"}]}.',
            {"field": "parts"},
        )
    if not request.storage_checks and any(part.sha256 is not None for part in parts):
        raise InvalidInputError(
            "integrity_not_requested",
            "Storage does not check the parts of this upload: send part_numbers, without hashes, "
            'or request an upload with "integrity": "storage".',
            {"field": "parts"},
        )


def _check_sizes(request: UploadRequest, parts: Sequence[WantedPart], tier_limit_bytes: int) -> None:
    part_size, declared = request.part_size or 1, request.declared_size_bytes
    limit = min(tier_limit_bytes, request.max_file_size_bytes or tier_limit_bytes)
    for part in parts:
        if declared is not None:
            right = size_of_part(part.part_number, size_bytes=declared, part_size=part_size)
            if part.size_bytes not in {None, right}:
                raise _wrong_size(part, f"{right} bytes")
        elif part.size_bytes is None:
            raise InvalidInputError(
                "part_size_required",
                "The size of this file was not declared: send the size of each part, "
                'as {"parts": [{"part_number": 1, "size_bytes": 1048576}]}.',
                {"part_number": part.part_number, "part_size": part_size},
            )
        elif part.size_bytes > part_size:
            raise _wrong_size(part, f"at most {part_size} bytes")
        elif (reaches := part_size * (part.part_number - 1) + part.size_bytes) > limit:
            raise ForbiddenError(
                "file_too_large",
                f"With part {part.part_number} the file would have {reaches} bytes, and at most {limit} are allowed. "
                "Confirm what was sent, or cancel the upload.",
                {"part_number": part.part_number, "file_size_bytes": reaches, "limit_bytes": limit},
            )


def _wrong_size(part: WantedPart, allowed: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_part_size",
        f"Part {part.part_number} of this upload must have {allowed}, not {part.size_bytes}: cut the file into parts of"
        " the upload's part_size.",
        {"part_number": part.part_number, "size_bytes": part.size_bytes},
    )


def _headers(request: UploadRequest, part: WantedPart) -> dict[str, str]:
    """Return what the URL of a part binds: its length, and its hash where storage checks it."""
    size = part.size_bytes
    if request.declared_size_bytes is not None:
        size = size_of_part(part.part_number, size_bytes=request.declared_size_bytes, part_size=request.part_size or 1)
    headers = {"Content-Length": str(size)}
    if part.sha256 is not None:
        headers[CHECKSUM_HEADER] = checksum(part.sha256)
    return headers


def _request_of(upload: Loaded[UploadEvent, Upload]) -> UploadRequest:
    request = request_of(upload.state)
    if request is None:
        raise upload_not_found(upload.stream_id)
    return request
