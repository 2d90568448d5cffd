"""The service's own calls to one S3 bucket, by aiobotocore: `ObjectStorage` on S3.

What answers mean is in `answers`, the set-up of the bucket in `bucket_setup`. Nothing here signs a URL for a client.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ConnectionClosedError

from adapters.s3.answers import (
    code_of,
    field,
    full_sha256,
    is_unsupported,
    sha256_hex,
    status_of,
    storage_errors,
    version_id,
)
from adapters.s3.bucket_setup import SettingUp
from adapters.s3.client import USER_AGENT, new_client
from adapters.s3.sigv4 import Addressing, Credentials, Presigner
from application.ports.storage.object_storage import (
    KEEP_NONCURRENT_DAYS,
    LIST_PAGE,
    MIN_PART_BYTES,
    PROBE_KEY,
    BucketSetup,
    ContentChangedError,
    Fetched,
    ListedMultipart,
    ListedObject,
    PartsRefusedError,
    StorageError,
    StorageUnavailableError,
    StoredContent,
    StoredPart,
)
from domain.uploads.verification import unquoted

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef

CHUNK_BYTES: Final = 256 * 1024  # aiohttp buffers twice as much, and copies what it has in one go
# SeaweedFS keeps what a response has sent until the response ends, and a long one takes all its memory.
RANGE_BYTES: Final = 64 * 1024 * 1024
ANSWER_SECONDS: Final = 8.0  # for an answer that a request waits for, with all attempts to get it
_CHECKED: Final = {"x-amz-checksum-mode": "ENABLED"}
_SENT: Final = HTTPHeaders.from_dict({**_CHECKED, "user-agent": USER_AGENT})
_HEAD_FIELDS: Final = {
    "ContentLength": "content-length",
    "ETag": "etag",
    "ContentType": "content-type",
    "ContentEncoding": "content-encoding",
    "VersionId": "x-amz-version-id",
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "ChecksumCRC64NVME": "x-amz-checksum-crc64nvme",
    "ChecksumType": "x-amz-checksum-type",
}

# The last two: a number that no part can have, or an ETag with characters that XML does not have.
_PARTS_REFUSED: Final = frozenset(
    {"EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidArgument", "MalformedXML"}
)
_NO_SUCH_KEY: Final = b"<Code>NoSuchKey</Code>"  # the document may repeat the key, and so the filename, but escaped
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.PRECONDITION_FAILED})
_NO_SUCH_CONTENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "PreconditionFailed"})


class _Unclear(Exception):  # noqa: N818  # no error: botocore is asked
    """An answer that botocore has to make sense of."""


class S3ObjectStorage:
    """Keeps every promise of `ObjectStorage` for one bucket; use it as an async context manager.

    `endpoint_url` is the server as the *service* sees it. `keep_noncurrent_days`: how long `prepare` lets storage keep
    versions that were overwritten. `answer_seconds`: how long a request may wait for an answer, with all attempts.
    `read_timeout_seconds`: between two pieces of a body, and for answers to calls that may take long: completing an
    upload in parts, listing, deleting.
    """

    def __init__(
        self,
        *,
        endpoint_url: str,
        bucket: str,
        region: str,
        addressing: Addressing,
        credentials: Credentials,
        max_connections: int = 64,
        connect_timeout_seconds: float = 3,
        read_timeout_seconds: float = 20,
        answer_seconds: float = ANSWER_SECONDS,
        max_attempts: int = 3,
        keep_noncurrent_days: int = KEEP_NONCURRENT_DAYS,
    ) -> None:
        self._keep_noncurrent_days = keep_noncurrent_days
        self._answer_seconds = answer_seconds
        self._bucket = bucket
        self._region = region
        self._context = new_client(
            endpoint_url=endpoint_url,
            region=region,
            addressing=addressing,
            credentials=credentials,
            max_connections=max_connections,
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
            max_attempts=max_attempts,
        )
        self._client: S3Client
        self._signer = Presigner(
            endpoint_url=endpoint_url, bucket=bucket, region=region, addressing=addressing, credentials=credentials
        )
        self._lists_checksums: bool | None = None  # None: not known yet

    async def __aenter__(self) -> Self:
        self._client = await self._context.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._context.__aexit__(kind, error, trace)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    async def head(self, key: str) -> StoredContent | None:
        """Return what is stored under `key` now, or None if nothing is."""
        with storage_errors():
            async with self._answer_in_time():
                found = await self._looked_at(key)
        return None if found is None else _content(found)

    async def fetch(self, key: str, *, limit_bytes: int) -> Fetched | None:
        """Return what is stored under `key` now with its bytes, if there are at most `limit_bytes`, or None.

        The GET is signed by `_send`; after an unclear answer `head` looks, and `read` reads the bytes.
        """
        with storage_errors():
            async with self._answer_in_time():
                try:
                    return await self._fetch(key, limit_bytes)
                except _Unclear:
                    found = await self._looked_at(key)
        return None if found is None else Fetched(content=_content(found))

    async def _fetch(self, key: str, limit_bytes: int) -> Fetched | None:
        answer = await self._send("GET", key)
        if answer is None:
            return None
        body = None
        try:
            content = _content(_fields(answer.headers))
            if content.size_bytes <= limit_bytes:
                body = await answer.content
        finally:
            answer.raw.close()  # without bytes that were not read
        if body is not None and len(body) != content.size_bytes:
            raise StorageUnavailableError(f"the stream ended {content.size_bytes - len(body)} bytes early")
        return Fetched(content=content, body=body)

    async def _looked_at(self, key: str, *, bucket_exists: bool = False) -> Mapping[str, Any] | None:
        """Look at an object by HEAD. Its 404 has no body: a second request finds out whether the bucket exists."""
        try:
            found = await self._head(key)
        except _Unclear:
            try:
                return await self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if status_of(error) != HTTPStatus.NOT_FOUND:
                    raise
                found = None
        if found is None and not bucket_exists:
            await self._client.head_bucket(Bucket=self._bucket)
        return found

    def _answer_in_time(self) -> asyncio.Timeout:
        """End what is inside, so that a server that accepts connections and is silent does not hold up a request."""
        return asyncio.timeout(self._answer_seconds)

    async def _head(self, key: str) -> Mapping[str, Any] | None:
        """Look at an object; raise `_Unclear` if botocore has to make sense of the answer, or try again."""
        answer = await self._send("HEAD", key)
        return None if answer is None else _fields(answer.headers)

    async def _send(self, method: str, key: str) -> Any:  # noqa: ANN401  # botocore's
        """Send a request with a URL that was signed here; None: there is no such object. Every confirm sends one.

        botocore takes three times as long over such a request. `_Unclear` is raised for any other answer, and for a
        closed connection: botocore then repeats the request and names the error.
        """
        url = self._signer.presign(method, key, headers=_CHECKED, expires_in_seconds=60, now=datetime.now(UTC))
        session = cast("Any", self._client)._endpoint.http_session  # noqa: SLF001  # with the proxies and TLS of the client
        try:
            answer = await session.send(AWSPreparedRequest(method, url, _SENT, None, stream_output=method == "GET"))
        except ConnectionClosedError as error:  # as a connection is that was kept alive too long
            raise _Unclear from error
        if answer.status_code == HTTPStatus.OK:
            return answer
        # a short error document; the connection stays open
        why = await answer.content if method == "GET" else _NO_SUCH_KEY
        if answer.status_code == HTTPStatus.NOT_FOUND and _NO_SUCH_KEY in why:
            return None
        raise _Unclear

    async def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Stream exactly the bytes that `content` describes; a caller that stops early closes the iterator."""
        wanted = content.size_bytes if first_bytes is None else min(first_bytes, content.size_bytes)
        with storage_errors():
            for start in range(0, max(wanted, 1), RANGE_BYTES):
                end = min(start + RANGE_BYTES, wanted)
                found = await self._range(key, content, start, end)
                async with found["Body"] as body:
                    length = _length(found, content, start, end)
                    whole = length == content.size_bytes  # no range was needed, or the server ignores them
                    left = (wanted if whole else end) - start
                    more = length > left
                    async for chunk in body.iter_chunks(CHUNK_BYTES):
                        part = chunk[:left]
                        left -= len(part)
                        yield part
                        if not left and more:
                            break
                    if left:
                        raise StorageUnavailableError(f"the stream ended {left} bytes early")
                if whole:
                    return

    async def _range(self, key: str, content: StoredContent, start: int, end: int) -> "GetObjectOutputTypeDef":
        """Request some of the described bytes; the response may have all of them, or others."""
        pin: dict[str, Any] = (
            {"IfMatch": f'"{content.etag}"'} if content.version_id is None else {"VersionId": content.version_id}
        )
        if end - start < content.size_bytes:
            pin["Range"] = f"bytes={start}-{end - 1}"
        try:
            async with self._answer_in_time():
                return await self._client.get_object(Bucket=self._bucket, Key=key, **pin)
        except ClientError as error:
            if status_of(error) in _GONE and code_of(error) != "NoSuchBucket":
                if code_of(error) not in _NO_SUCH_CONTENT:  # a 404 without a reason
                    async with self._answer_in_time():
                        await self._client.head_bucket(Bucket=self._bucket)
                raise ContentChangedError(f"the content {content.etag!r} is no longer there") from error
            raise

    async def delete(self, key: str) -> None:
        """Delete every version of `key` that is there now, and its delete markers."""
        with storage_errors():
            deleted: set[str | None] = set()
            while versions := await self._versions(key):
                # Our key sorts before every key that merely begins with it: while it fills a page, there may be more.
                for version_id in versions:
                    pin: dict[str, Any] = {} if version_id is None else {"VersionId": version_id}
                    await self._client.delete_object(Bucket=self._bucket, Key=key, **pin)
                if not deleted.isdisjoint(versions):
                    raise StorageUnavailableError("the object still exists after its deletion")
                deleted.update(versions)

    async def keep_only(self, key: str, version_id: str) -> None:
        """Delete all versions of `key` except this one."""
        with storage_errors():
            deleted: set[str] = set()
            while others := await self._other_versions(key, version_id):
                for each in others:
                    await self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=each)
                if not deleted.isdisjoint(others):
                    raise StorageUnavailableError("a version is still there after its deletion")
                deleted.update(others)

    async def _other_versions(self, key: str, version_id: str) -> list[str]:
        """Return ids of the other versions, perhaps not all yet; [] if this one is not there."""
        try:
            page = await self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
        except ClientError as error:
            if is_unsupported(error):
                return []
            raise
        # Our key comes before every key that merely begins with it.
        there = [each["VersionId"] for each in page.get("Versions", ()) if each["Key"] == key]
        if version_id not in there and not (there and await self._has_version(key, version_id)):
            return []  # it is not there: it is better to keep what is
        return [each for each in there if each != version_id]

    async def _has_version(self, key: str, version_id: str) -> bool:
        try:
            await self._client.head_object(Bucket=self._bucket, Key=key, VersionId=version_id)
        except ClientError as error:
            if status_of(error) in {
                HTTPStatus.NOT_FOUND,
                HTTPStatus.BAD_REQUEST,
            }:  # 400: an id that it never gave
                return False
            raise
        return True

    async def begin_multipart(self, key: str, *, content_type: str, checked: bool = False) -> str:
        """Begin an upload in parts; one whose id is lost with the answer is removed by the rule that `prepare` sets.

        S3 takes checksums of parts only if the upload was begun with their algorithm, and wants them again when it is
        completed. SeaweedFS wants them then too, but does not list them: there an upload is begun without, and the
        parts are checked all the same.
        """
        with storage_errors():
            async with self._answer_in_time():
                return await self._begun(key, content_type, checked=checked)

    async def _begun(self, key: str, content_type: str, *, checked: bool) -> str:
        if checked and self._lists_checksums is not False:
            multipart_id = await self._begin(key, content_type, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE")
            if self._lists_checksums is None:
                page = await self._client.list_parts(Bucket=self._bucket, Key=key, UploadId=multipart_id)
                self._lists_checksums = page.get("ChecksumAlgorithm") == "SHA256"
            if self._lists_checksums:
                return multipart_id
            await self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=multipart_id)
        return await self._begin(key, content_type)

    async def _begin(self, key: str, content_type: str, **checksums: Any) -> str:  # noqa: ANN401  # botocore's
        begun = await self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, ContentType=content_type, **checksums
        )
        multipart_id: str = field(begun, "UploadId")
        return multipart_id

    async def parts(
        self, key: str, multipart_id: str, *, etags: Mapping[int, str] | None = None
    ) -> Sequence[StoredPart] | None:
        """Return all parts by number; None if the multipart upload does not exist."""
        listed = []
        marker, more = 0, True
        with storage_errors():
            try:
                while more:
                    async with self._answer_in_time():
                        page = await self._client.list_parts(
                            Bucket=self._bucket, Key=key, UploadId=multipart_id, PartNumberMarker=marker
                        )
                    listed += page.get("Parts", ())
                    if more := field(page, "IsTruncated"):
                        before, marker = marker, field(page, "NextPartNumberMarker")
                        if marker <= before:
                            raise StorageUnavailableError("the list of parts does not go on")
            except ClientError as error:
                if code_of(error) == "NoSuchUpload":
                    return None
                raise
        # Servers exist that list a part beside the one that replaced it, and that know when by the second.
        meant = {(number, etag) for number, etag in (etags or {}).items()}

        def rank(part: Mapping[str, Any]) -> tuple[int, bool, datetime]:
            number = field(part, "PartNumber")
            return number, (number, unquoted(field(part, "ETag"))) in meant, field(part, "LastModified")

        listed.sort(key=rank)
        found = {part["PartNumber"]: part for part in listed}
        return [
            StoredPart(
                part_number=number,
                size_bytes=field(part, "Size"),
                etag=unquoted(field(part, "ETag")),
                sha256=sha256_hex(part.get("ChecksumSHA256")),
            )
            for number, part in found.items()
        ]

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, only_new: bool = False
    ) -> bool:
        """Make one object of these parts; parts that are not named are dropped.

        False may also mean that an answer was lost, and that a repeated call found the upload completed.
        """
        named = {part.part_number: part for part in sorted(parts, key=lambda part: part.part_number)}
        if not parts or len(named) < len(parts):
            raise ValueError("at least one part is needed, and each number only once")
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if only_new else {}
        with storage_errors():
            try:
                done = await self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=multipart_id,
                    MultipartUpload={"Parts": [_completed(part) for part in named.values()]},
                    **condition,
                )
            except ClientError as error:
                if (
                    code_of(error) in {"NoSuchUpload", "PreconditionFailed"}
                    or status_of(error) == HTTPStatus.PRECONDITION_FAILED
                ):
                    return False
                if code_of(error) not in _PARTS_REFUSED:
                    raise
                stored = await self.parts(key, multipart_id)
                if stored is None:
                    return False
                etags = {number: part.etag for number, part in named.items()}
                raise _refusal(etags, stored, too_small=code_of(error) == "EntityTooSmall") from error
            field(done, "ETag")
        return True

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Abort a multipart upload and delete its parts."""
        with storage_errors():
            try:
                await self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=multipart_id)
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise

    async def abort_multiparts(self, key: str) -> None:
        """Abort all multipart uploads of this key."""
        try:
            async for page in self._multiparts(LIST_PAGE, key):
                for each in page:
                    if each.key == key:
                        await self.abort_multipart(key, each.multipart_id)
        except StorageError as error:
            if not (isinstance(error.__cause__, ClientError) and is_unsupported(error.__cause__)):
                raise

    async def list_objects(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all keys, in pages."""
        token: dict[str, Any] = {}
        while True:
            with storage_errors():
                found = await self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=page, **token)
            yield [
                ListedObject(
                    key=field(each, "Key"), size_bytes=field(each, "Size"), modified_at=field(each, "LastModified")
                )
                for each in found.get("Contents", ())
            ]
            if not field(found, "IsTruncated"):
                return
            before, token = token, {"ContinuationToken": field(found, "NextContinuationToken")}
            if token == before:
                raise StorageUnavailableError("the list of keys does not go on")

    async def list_old_versions(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all noncurrent versions, in pages."""
        token: dict[str, Any] = {}
        while True:
            with storage_errors():
                try:
                    found = await self._client.list_object_versions(Bucket=self._bucket, MaxKeys=page, **token)
                except ClientError as error:
                    if is_unsupported(error):
                        return
                    raise
            yield [
                ListedObject(
                    key=field(each, "Key"), size_bytes=field(each, "Size"), modified_at=field(each, "LastModified")
                )
                for each in found.get("Versions", ())
                if not each.get("IsLatest", True)
            ]
            if not found.get("IsTruncated"):
                return
            markers = {"KeyMarker": found.get("NextKeyMarker"), "VersionIdMarker": found.get("NextVersionIdMarker")}
            before, token = token, {name: value for name, value in markers.items() if value}
            if token in ({}, before):
                raise StorageUnavailableError("the list of versions does not go on")

    async def list_multiparts(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedMultipart]]:
        """Yield all open multipart uploads, in pages."""
        async for some in self._multiparts(page):
            yield some

    async def _multiparts(self, page: int, prefix: str = "") -> AsyncIterator[Sequence[ListedMultipart]]:
        token: dict[str, Any] = {}
        while True:
            with storage_errors():
                found = await self._client.list_multipart_uploads(
                    Bucket=self._bucket, MaxUploads=page, Prefix=prefix, **token
                )
            yield [
                ListedMultipart(
                    key=field(each, "Key"), multipart_id=field(each, "UploadId"), begun_at=field(each, "Initiated")
                )
                for each in found.get("Uploads", ())
            ]
            if not found.get("IsTruncated"):
                return
            # Servers exist that go on by the id alone, and then name no key.
            markers = {"KeyMarker": found.get("NextKeyMarker"), "UploadIdMarker": found.get("NextUploadIdMarker")}
            before, token = token, {name: value for name, value in markers.items() if value}
            if token in ({}, before):
                raise StorageUnavailableError("the list of uploads in parts does not go on")

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Make the bucket usable, keeping the rules that others put on it."""
        set_up = SettingUp(
            self._client, bucket=self._bucket, region=self._region, keep_noncurrent_days=self._keep_noncurrent_days
        )
        with storage_errors():
            return await set_up(cors_origins=cors_origins)

    async def ping(self) -> None:
        """Return if storage answers for our bucket."""
        with storage_errors():
            async with self._answer_in_time():
                await self._client.head_bucket(Bucket=self._bucket)

    async def try_writing(self) -> None:
        """Return if storage takes bytes now."""
        with storage_errors():
            put = await self._client.put_object(Bucket=self._bucket, Key=PROBE_KEY, Body=b"upwell")
            stored_id = version_id(put)
            pin: dict[str, Any] = {} if stored_id is None else {"VersionId": stored_id}
            with suppress(ClientError):  # it takes bytes all the same, and the next one replaces them
                await self._client.delete_object(Bucket=self._bucket, Key=PROBE_KEY, **pin)

    async def _versions(self, key: str) -> list[str | None]:
        """Return ids to delete, perhaps not all yet; [None] for a key without versions, [] if nothing is there."""
        listed = False
        try:
            page = await self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
        except ClientError as error:
            if not is_unsupported(error):
                raise
        else:
            listed = True
            entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if versions := [entry["VersionId"] for entry in entries if entry["Key"] == key]:
                return [*versions]
        # Some servers list no versions, or misspell an unusual key in the list; what HEAD finds is there all the same.
        async with self._answer_in_time():
            found = await self._looked_at(key, bucket_exists=listed)
        return [] if found is None else [version_id(found)]


def _fields(headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the fields of an object, as botocore names them, from the headers of an answer."""
    found = {name: headers[header] for name, header in _HEAD_FIELDS.items() if header in headers}
    length = str(field(found, "ContentLength"))
    if not length.isdecimal():
        raise StorageUnavailableError("the response has a Content-Length that is not a number")
    return {**found, "ContentLength": int(length)}


def _length(found: "GetObjectOutputTypeDef", content: StoredContent, start: int, end: int) -> int:
    """Return the length of a response to a request for a range, or raise an error if it has other bytes.

    Servers exist that ignore If-Match, or Range.
    """
    length: int = field(found, "ContentLength")
    if unquoted(field(found, "ETag")) != content.etag or length not in {end - start, content.size_bytes}:
        raise ContentChangedError(f"the content {content.etag!r} is no longer there")
    if start and not str(field(found, "ContentRange")).startswith(f"bytes {start}-{end - 1}/"):
        raise StorageUnavailableError(f"the response is not the range from {start} to {end - 1}")
    return length


def _content(found: Mapping[str, Any]) -> StoredContent:
    return StoredContent(
        size_bytes=field(found, "ContentLength"),
        etag=unquoted(field(found, "ETag")),
        content_type=found.get("ContentType"),
        content_encoding=found.get("ContentEncoding") or None,
        version_id=version_id(found),
        sha256=full_sha256(found),
        crc64nvme=found.get("ChecksumCRC64NVME"),  # there is none of parts
    )


def _completed(part: StoredPart) -> "CompletedPartTypeDef":
    named: CompletedPartTypeDef = {"PartNumber": part.part_number, "ETag": f'"{part.etag}"'}
    if part.sha256 is not None:
        named["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(part.sha256)).decode()
    return named


def _refusal(named: Mapping[int, str], stored: Sequence[StoredPart], *, too_small: bool) -> Exception:
    """Find out which parts storage did not take: S3 names the first of them at most."""
    by_number = {part.part_number: part for part in stored}
    there = {number for number, etag in named.items() if number in by_number and by_number[number].etag == etag}
    missing = [number for number in named if number not in there]
    small = [n for n in [*named][:-1] if n in there and by_number[n].size_bytes < MIN_PART_BYTES] if too_small else []
    if not missing and not small:  # a client put one again meanwhile
        return StorageUnavailableError("storage refused parts that it has")
    return PartsRefusedError(missing=missing, too_small=small)
