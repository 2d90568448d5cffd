"""An upload, from its request to its verification, in one PUT or in parts, resumable."""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from upwell_client.errors import (
    BadRequestError,
    FileError,
    ForbiddenError,
    MismatchError,
    StillVerifyingError,
    StorageRefusedError,
    TooManyRequestsError,
    UploadEndedError,
    UpwellError,
)
from upwell_client.metering import Meter, Tell
from upwell_client.results import Upload
from upwell_client.retrying import TOO_MANY_WAITING, Retrying, safe_to_repeat
from upwell_client.service import Service, SignedPart, StoredPart, Ticket
from upwell_client.sources import (
    ANY_BYTES,
    AsyncGiven,
    BytesSource,
    FileSource,
    Source,
    Stream,
    content_of,
    digest_of,
    guess_content_type,
    name_of,
    source_of,
    temporary_file,
)
from upwell_client.wires import Content, Job, Jobs, Wire, now

MULTIPART_FROM_BYTES = 64 * 1024 * 1024
PATIENCE_SECONDS = 1800.0
PARALLEL = 4
_SIGNED_AT_ONCE = 64
_MAX_PARTS = 10_000
_SHORTEST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_WAIT_SECONDS = 10.0  # of one request, so that an interruption is noticed soon
_FORBIDDEN = 403
_NO_FORMS = frozenset({405, 501})  # the responses of a storage that has no POST
_GIVEN_UP = frozenset({"FAILED", "CANCELED"})
_ENDED = frozenset({"COMPLETED", "SKIPPED"}) | _GIVEN_UP
_MISMATCHES = frozenset({"hash_mismatch", "size_mismatch", "etag_mismatch"})
_AGAIN = frozenset({"RequestTimeout", "ConditionalRequestConflict", "OperationAborted", "SlowDown"})


class UploadOptions(TypedDict):
    """The options of an upload. `size_bytes`: of an iterator, if it is known.

    `hash`: compare the SHA-256; the default for paths, file objects and bytes. A file for a single PUT is hashed
    first, so that a duplicate is detected before anything is sent. A larger file is hashed while it is sent, and
    compared with the service's hash; "first" always hashes before. `sha256`: a known hash. `integrity`: "storage"
    makes storage refuse any other bytes: they are hashed before they are sent, the whole file or, with `multipart`
    "always", each part. `method`: "post" sends the file by a form; if storage accepts no forms, it is sent with a
    PUT instead. `wait_seconds`: how long to wait for the verification. `parallel`: how many parts are sent
    at once. `part_size`: the size of parts in bytes, 5 MiB to 5 GiB; with it, "auto" sends every larger file in parts.
    """

    bucket: NotRequired[str]
    filename: NotRequired[str]
    content_type: NotRequired[str]
    size_bytes: NotRequired[int]
    metadata: NotRequired[Mapping[str, Any]]
    create_object: NotRequired[bool]
    object_metadata: NotRequired[Mapping[str, Any] | None]
    blob_property: NotRequired[str | None]
    blob_type: NotRequired[str | None]
    skip_duplicates: NotRequired[bool]
    expires_in_seconds: NotRequired[int | None]
    policy: NotRequired[Literal["insert", "update", "upsert"] | None]
    idempotency_key: NotRequired[str]
    multipart: NotRequired[Literal["auto", "always", "never"]]
    method: NotRequired[Literal["put", "post"]]
    part_size: NotRequired[int | None]
    parallel: NotRequired[int]
    hash: NotRequired[bool | Literal["first"]]
    sha256: NotRequired[str]
    integrity: NotRequired[Literal["storage"] | None]
    wait_seconds: NotRequired[float]
    progress: NotRequired[Tell | None]


class ResumeOptions(TypedDict):
    """The options of a resumed upload."""

    parallel: NotRequired[int]
    hash: NotRequired[bool]
    wait_seconds: NotRequired[float]
    progress: NotRequired[Tell | None]


@dataclass(slots=True)
class _Sent:
    """The facts after the last byte."""

    etag: str | None = None
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Range:
    """The range of a part."""

    number: int
    offset: int
    size_bytes: int


class Uploading:
    """Uploads one file."""

    def __init__(self, wire: Wire, service: Service, retrying: Retrying, meter: Meter) -> None:
        self._wire = wire
        self._service = service
        self._retrying = retrying
        self._meter = meter
        self._found_sha256: str | None = None
        self._may_read = True
        self._may_wait = True

    async def upload(self, given: AsyncGiven, bucket: str, options: UploadOptions) -> Upload:
        """Upload, and return the result."""
        source = source_of(given, self._wire)
        multipart = options.get("multipart", "auto")
        hash_needed = options.get("integrity") is not None and multipart != "always"
        whole = multipart == "never" or options.get("method") == "post"
        with contextlib.ExitStack() as stack:
            if isinstance(source, Stream) and (whole or hash_needed):
                source = await self._spooled(source, stack)
            size = options.get("size_bytes") if isinstance(source, Stream) else source.size_bytes
            hashing = options.get("hash", not isinstance(source, Stream))
            largest = options.get("part_size") or MULTIPART_FROM_BYTES - 1
            small = multipart != "always" and (size or 0) <= min(largest, MULTIPART_FROM_BYTES - 1)
            first = hash_needed or hashing == "first" or (hashing and (small or whole))
            sha256 = options.get("sha256")
            if sha256 is None and first and not isinstance(source, Stream):
                sha256 = await self._hashed(source)
            self._meter.begin("asking", None)
            announcement = _announcement(name_of(given), size, sha256, options)
            ticket = await self._request(bucket, announcement, options)
            with self._known(ticket.upload):
                if _is_settled(ticket):
                    return ticket.upload
                beside = bool(hashing) and sha256 is None
                if isinstance(source, Stream) and ticket.method == "put":
                    source = await self._spooled(source, stack)
                    if size is not None and size != source.size_bytes:
                        raise MismatchError(
                            f"{source.size_bytes} bytes were read, but {size} were announced", "size_mismatch"
                        )
                parallel = options.get("parallel", PARALLEL)
                wait_seconds = options.get("wait_seconds", PATIENCE_SECONDS)
                try:
                    etag, size = await self._send(source, ticket, parallel, hashing=beside)
                except StorageRefusedError as error:
                    if ticket.method != "post" or error.status not in _NO_FORMS:
                        raise
                    ticket = await self._request_put(bucket, announcement, options, instead_of=ticket)
                    if _is_settled(ticket):
                        return ticket.upload
                    with self._known(ticket.upload):
                        etag, size = await self._send(source, ticket, parallel, hashing=beside)
                        return await self._prove(source, ticket, etag, size, wait_seconds=wait_seconds)
                return await self._prove(source, ticket, etag, size, wait_seconds=wait_seconds)

    async def _request(self, bucket: str, announcement: Mapping[str, Any], options: UploadOptions) -> Ticket:
        return await self._service.request_upload(
            bucket, announcement, policy=options.get("policy"), idempotency_key=options.get("idempotency_key")
        )

    async def _request_put(
        self, bucket: str, announcement: Mapping[str, Any], options: UploadOptions, *, instead_of: Ticket
    ) -> Ticket:
        """Return another upload of the same file, which needs no form. The first one is canceled if the key may."""
        with contextlib.suppress(UpwellError):
            await self._service.cancel(instead_of.upload.upload_id)
        by_put = {name: value for name, value in announcement.items() if name != "method"}
        if "idempotency_key" in options:
            options = {**options, "idempotency_key": f"{options['idempotency_key']}-put"}
        return await self._request(bucket, by_put, options)

    async def resume(self, upload_id: str, given: AsyncGiven, options: ResumeOptions) -> Upload:
        """Send the missing bytes of an upload, and return the result."""
        source = source_of(given, self._wire)
        if isinstance(source, Stream):
            raise FileError("an upload can only be resumed from a seekable source", "not_seekable")
        wait_seconds = options.get("wait_seconds", PATIENCE_SECONDS)
        self._meter.begin("asking", None)
        ticket = await self._service.ticket(upload_id)
        with self._known(ticket.upload):
            announced = ticket.upload.file_size_bytes
            if announced is not None and announced != source.size_bytes:
                raise MismatchError(
                    f"the upload {upload_id} has {announced} bytes, but this file has {source.size_bytes}",
                    "another_file",
                )
            if ticket.upload.status in _ENDED or ticket.upload.status == "PROCESSING":
                return await self._wait(ticket.upload, wait_seconds, etag=None, size_bytes=source.size_bytes)
            stored: Mapping[int, StoredPart] = {}
            if ticket.method == "multipart":
                stored = await self._service.stored_parts(upload_id)
            else:
                ticket = await self._service.sign(upload_id)
            etag, size = await self._send(
                source, ticket, options.get("parallel", PARALLEL), hashing=options.get("hash", True), stored=stored
            )
            return await self._prove(source, ticket, etag, size, wait_seconds=wait_seconds)

    @contextlib.contextmanager
    def _known(self, upload: Upload) -> Iterator[None]:
        """Record the upload in its errors."""
        self._meter.know(upload)
        try:
            yield
        except UpwellError as error:
            error.upload_id = error.upload_id or upload.upload_id
            raise

    async def _spooled(self, stream: Stream, stack: contextlib.ExitStack) -> Source:
        """Return a stream as a file: a single PUT needs the length, and a retry needs the bytes again."""
        file = stack.enter_context(temporary_file())
        await stream.spool(self._wire, file)
        return FileSource(file)

    async def _hashed(self, source: Source) -> str:
        self._meter.begin("hashing", source.size_bytes)
        return await self._wire.work(lambda: digest_of(source, self._hashing))

    async def _send(
        self,
        source: Source | Stream,
        ticket: Ticket,
        parallel: int,
        *,
        hashing: bool,
        stored: Mapping[int, StoredPart] | None = None,
    ) -> tuple[str | None, int]:
        """Send the missing bytes; return the ETag of a single PUT, and the size."""
        sent = _Sent()
        if isinstance(source, Stream):
            self._meter.begin("sending", None)
            await self._wire.each(self._arriving(source, ticket, sent, hashing=hashing), parallel)
            return None, sent.size_bytes
        self._meter.begin("sending", source.size_bytes)
        beside = self._hashing_beside(source) if hashing else None
        if ticket.method == "multipart":
            jobs = self._parts(source, ticket, stored or {})
        else:
            jobs, parallel = _only(self._single(source, ticket, sent)), 1
        await self._wire.each(jobs, parallel, beside)
        return sent.etag, source.size_bytes

    def _hashing_beside(self, source: Source) -> Job:
        async def job() -> None:
            self._found_sha256 = await self._wire.work(lambda: digest_of(source, lambda _: self._wire.check()))

        return job

    def _hashing(self, size_bytes: int) -> None:
        self._wire.check()
        self._meter.advance(size_bytes)

    def _single(self, source: Source, ticket: Ticket, sent: "_Sent") -> Job:
        """Send everything in one PUT or by a form, with a fresh URL if the first has expired."""
        signed = SignedPart(
            part_number=0, url=ticket.url or "", required_headers=_headers(ticket), fields=ticket.fields
        )

        async def sign_again() -> SignedPart:
            again = await self._service.sign(ticket.upload.upload_id)
            if again.url is None:
                return signed
            headers = again.required_headers or _headers(ticket)
            return SignedPart(part_number=0, url=again.url, required_headers=headers, fields=again.fields)

        async def job() -> None:
            sent.etag = await self._put(signed, sign_again, content_of(source, self._meter.advance))

        return job

    async def _parts(self, source: Source, ticket: Ticket, stored: Mapping[int, StoredPart]) -> Jobs:
        """Yield a job for each missing part, with fresh URLs."""
        missing = _ranges(source.size_bytes, ticket.part_size)
        if stored:
            missing = [part for part in missing if not await self._is_there(source, part, stored.get(part.number))]
        upload_id = ticket.upload.upload_id
        for start in range(0, len(missing), _SIGNED_AT_ONCE):
            batch = missing[start : start + _SIGNED_AT_ONCE]
            if not ticket.signs_ahead:
                for part in batch:
                    yield self._part_by_itself(source, ticket, part)
                continue
            signed = await self._service.sign_parts(upload_id, [part.number for part in batch])
            self._meter.start()
            for part in batch:
                yield self._part(source, upload_id, signed[part.number], part)

    async def _arriving(self, stream: Stream, ticket: Ticket, sent: "_Sent", *, hashing: bool) -> Jobs:
        """Yield a job for each part as its bytes arrive."""
        digest = hashlib.sha256()
        upload_id, part_size = ticket.upload.upload_id, ticket.part_size
        signed: Mapping[int, SignedPart] = {}
        last = min(ticket.part_count or _MAX_PARTS, _MAX_PARTS)
        number = 0
        while True:
            number += 1
            part = await stream.take(part_size)
            if not part and number > 1:
                break
            if number > last:
                raise MismatchError("more bytes were read than were announced", "size_mismatch")
            if hashing:
                await self._wire.work(lambda part=part: digest.update(part))  # type: ignore[misc]  # bound at once
            sent.size_bytes += len(part)
            whole = _Range(number, 0, len(part))
            if not ticket.signs_ahead:
                yield self._part_by_itself(BytesSource(part), ticket, whole)
            else:
                if number not in signed:
                    end = min(number + _SIGNED_AT_ONCE, last + 1)
                    signed = await self._service.sign_parts(upload_id, range(number, end))
                    self._meter.start()
                yield self._part(BytesSource(part), upload_id, signed[number], whole)
            if len(part) < part_size:
                break
        if hashing:
            self._found_sha256 = digest.hexdigest()

    def _part(self, source: Source, upload_id: str, signed: SignedPart, part: _Range) -> Job:
        async def sign_again() -> SignedPart:
            return (await self._service.sign_parts(upload_id, [part.number]))[part.number]

        async def job() -> None:
            await self._put(signed, sign_again, content_of(source, self._meter.advance, part.offset, part.size_bytes))
            self._meter.store(part.size_bytes)

        return job

    def _part_by_itself(self, source: Source, ticket: Ticket, part: _Range) -> Job:
        """Request a URL for a part of this size, or of exactly these bytes, and send the part."""

        async def job() -> None:
            sha256 = await self._digest(source, part, "sha256") if ticket.checked else None

            async def sign() -> SignedPart:
                return await self._service.sign_part(
                    ticket.upload.upload_id, part.number, size_bytes=part.size_bytes, sha256=sha256
                )

            content = content_of(source, self._meter.advance, part.offset, part.size_bytes)
            signed = await sign()
            self._meter.start()
            await self._put(signed, sign, content)
            self._meter.store(part.size_bytes)

        return job

    async def _digest(self, source: Source, part: _Range, algorithm: str) -> str:
        return await self._wire.work(
            lambda: digest_of(source, lambda _: self._wire.check(), algorithm, part.offset, part.size_bytes)
        )

    async def _put(
        self, signed: SignedPart, sign_again: Callable[[], Awaitable[SignedPart]], content: Content
    ) -> str | None:
        """Send bytes until they have arrived; with another URL after storage refuses this one."""
        fresh = False

        async def once() -> str | None:
            nonlocal signed, fresh
            try:
                return await self._send_to(signed, content)
            except StorageRefusedError as error:
                if error.status != _FORBIDDEN or fresh:
                    raise
            signed, fresh = await sign_again(), True
            return await self._send_to(signed, content)

        return await self._retrying(once, when=_worth_repeating)

    async def _send_to(self, signed: SignedPart, content: Content) -> str | None:
        if signed.fields is None:
            return await self._service.put(signed.url, signed.required_headers, content)
        return await self._service.post(signed.url, signed.fields, content)

    async def _is_there(self, source: Source, part: _Range, stored: StoredPart | None) -> bool:
        """Return whether storage has this part with the bytes of the file."""
        if stored is None or stored.size_bytes != part.size_bytes:
            return False
        if stored.sha256 is not None and await self._digest(source, part, "sha256") != stored.sha256:
            return False
        if stored.sha256 is None and stored.md5 is not None and await self._digest(source, part, "md5") != stored.md5:
            return False
        self._meter.find(part.size_bytes)
        return True

    async def _prove(
        self, source: Source | Stream, ticket: Ticket, etag: str | None, size_bytes: int, *, wait_seconds: float
    ) -> Upload:
        """Confirm, wait for the verification, and compare its hash with the one computed here."""
        if not isinstance(source, Stream):
            await self._wire.work(source.check_unchanged)
        self._meter.begin("verifying", None)
        try:
            confirmed = await self._service.confirm(ticket.upload.upload_id, etag=etag, size_bytes=size_bytes)
        except BadRequestError as error:
            if error.code in _MISMATCHES and not isinstance(source, Stream):
                await self._wire.work(source.check_unchanged)
            raise
        verified = await self._wait(confirmed, wait_seconds, etag=etag, size_bytes=size_bytes)
        if self._found_sha256 and verified.file_hash and verified.file_hash != self._found_sha256:
            raise MismatchError(
                f"the bytes of the upload {verified.upload_id} are not the bytes that were sent: their SHA-256 is"
                f" {verified.file_hash}, but should be {self._found_sha256}",
                "hash_mismatch",
            )
        return verified

    async def _wait(self, upload: Upload, wait_seconds: float, *, etag: str | None, size_bytes: int) -> Upload:
        """Wait for the worker that verifies a large file: the service responds when it is done.

        If the service does not wait, a pause adds at most a tenth to the time that this takes.
        """
        self._meter.know(upload)
        began = now()
        while upload.status not in _ENDED:
            asked = now()
            if asked - began > wait_seconds:
                raise StillVerifyingError(upload.upload_id)
            looked = await self._look(upload.upload_id, began + wait_seconds - asked, etag=etag, size_bytes=size_bytes)
            upload = self._meter.know(looked)
            if upload.status not in _ENDED and now() - asked < _SHORTEST_PAUSE_SECONDS:
                waited = now() - began
                await self._wire.sleep(min(max(waited / 10, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS))
        if upload.status in _GIVEN_UP:
            raise UploadEndedError(upload.upload_id, upload.status, upload.message)
        return upload

    async def _look(self, upload_id: str, left_seconds: float, *, etag: str | None, size_bytes: int) -> Upload:
        """Return an upload when it has ended, or soon. A key without `read` confirms again, with the same result."""
        if self._may_read:
            try:
                wait_seconds = min(left_seconds, _WAIT_SECONDS) if self._may_wait else 0
                return (await self._service.ticket(upload_id, wait_seconds=wait_seconds)).upload
            except ForbiddenError as error:
                if error.code != "permission_denied":
                    raise
                self._may_read = False
            except TooManyRequestsError as error:
                if error.code != TOO_MANY_WAITING or not self._may_wait:
                    raise
                self._may_wait = False
                return (await self._service.ticket(upload_id)).upload
        return await self._service.confirm(upload_id, etag=etag, size_bytes=size_bytes)


def _worth_repeating(error: UpwellError) -> bool:
    if isinstance(error, StorageRefusedError) and error.status in _NO_FORMS:
        return False
    return safe_to_repeat(error) or error.code in _AGAIN


def _is_settled(ticket: Ticket) -> bool:
    """Return whether there is nothing to send."""
    return ticket.upload.status in _ENDED or (ticket.method != "multipart" and ticket.url is None)


def _headers(ticket: Ticket) -> Mapping[str, str]:
    return ticket.required_headers or {"Content-Type": ticket.upload.content_type or ANY_BYTES}


def _ranges(size_bytes: int, part_size: int) -> list[_Range]:
    """Return the ranges of the parts of a file; an empty file has one."""
    return [
        _Range(number, offset, min(part_size, size_bytes - offset))
        for number, offset in enumerate(range(0, max(size_bytes, 1), part_size), start=1)
    ]


async def _only(job: Job) -> Jobs:
    yield job


def _announcement(
    name: str | None, size_bytes: int | None, sha256: str | None, options: UploadOptions
) -> dict[str, Any]:
    filename = options.get("filename") or name
    if not filename:
        raise FileError("it has no name: set `filename`", "invalid_filename")
    multipart = options.get("multipart", "auto")
    wanted: Mapping[str, Any] = {
        "filename": filename,
        "content_type": options.get("content_type") or guess_content_type(filename),
        "file_size_bytes": size_bytes or None,  # the size of an empty file cannot be declared
        "file_hash": sha256,
        "blob_property": options.get("blob_property"),
        "blob_type": options.get("blob_type"),
        "create_object_on_confirm": options.get("create_object", True),
        "skip_duplicates": options.get("skip_duplicates", True),
        "metadata": options.get("metadata", {}),
        "object_metadata": options.get("object_metadata"),
        "presigned_url_expiration": options.get("expires_in_seconds"),
        "multipart": None if multipart == "auto" else multipart,
        "method": None if options.get("method", "put") == "put" else options.get("method"),
        "part_size": options.get("part_size"),
        "integrity": options.get("integrity"),
    }
    return {field: value for field, value in wanted.items() if value is not None}
