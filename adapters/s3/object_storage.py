"""The service's own calls to one S3 bucket, by aiobotocore.

Owns the mapping from S3's answers to the port's words and errors. Nothing here signs a URL for a client.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import ClientCreatorContext, get_session
from botocore.exceptions import BotoCoreError, ClientError

from adapters.s3.sigv4 import Addressing, Credentials
from application.ports.object_storage import (
    KEEP_NONCURRENT_DAYS,
    LIST_PAGE,
    MIN_PART_BYTES,
    BucketSetup,
    ContentChangedError,
    ListedMultipart,
    ListedObject,
    PartsRefusedError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
    StoredContent,
    StoredPart,
)

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        CompletedPartTypeDef,
        CORSRuleOutputTypeDef,
        CORSRuleTypeDef,
        LifecycleRuleOutputTypeDef,
        LifecycleRuleTypeDef,
    )

_SESSION: Final = get_session()  # keeps botocore's parsed description of S3: 80 ms for the first client, 6 for the next
CHUNK_BYTES: Final = 1024 * 1024
PROBE_KEY: Final = "upwell-readiness"  # no upload's: those begin with an organization's internal id
KEEP_INCOMPLETE_DAYS: Final = 8  # a day longer than a URL for a part can live

_RULE_ID: Final = "upwell"
_SHA256_BYTES: Final = 32
# 400s and 409s that say "later", whatever their status.
_TRY_LATER: Final = frozenset(
    {"OperationAborted", "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}
    | {"ConditionalRequestConflict"}
)
# 4xx that are about our keys or our bucket, not about one feature.
_OPERATOR_CODES: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "NoSuchBucket",
        "PermanentRedirect",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
# The last two: a number that no part can have, or an ETag with characters that XML does not have.
_PARTS_REFUSED: Final = frozenset(
    {"EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidArgument", "MalformedXML"}
)
_HTTP_BAD_REQUEST: Final = 400
_HTTP_FORBIDDEN: Final = 403
_HTTP_NOT_FOUND: Final = 404
_HTTP_METHOD_NOT_ALLOWED: Final = 405
_HTTP_PRECONDITION_FAILED: Final = 412
_HTTP_TOO_MANY_REQUESTS: Final = 429
_HTTP_SERVER_ERROR: Final = 500
_HTTP_NOT_IMPLEMENTED: Final = 501
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_GONE: Final = frozenset({_HTTP_NOT_FOUND, _HTTP_METHOD_NOT_ALLOWED, _HTTP_PRECONDITION_FAILED})
_UNSUPPORTED_STATUS: Final = frozenset({_HTTP_METHOD_NOT_ALLOWED, _HTTP_NOT_IMPLEMENTED})


def new_client(
    *,
    endpoint_url: str,
    region: str,
    addressing: Addressing,
    credentials: Credentials,
    max_connections: int,
    connect_timeout_seconds: float,
    read_timeout_seconds: float,
    max_attempts: int,
) -> "ClientCreatorContext[S3Client]":
    """Return a client of S3 as Upwell uses it, to be entered."""
    return _SESSION.create_client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        config=AioConfig(
            signature_version="s3v4",
            s3={"addressing_style": addressing},
            max_pool_connections=max_connections,
            connect_timeout=connect_timeout_seconds,
            read_timeout=read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": max_attempts},
            # A proxy of the environment would reach another machine than this one.
            proxies={} if urlsplit(endpoint_url).hostname in _LOOPBACK else None,
            # The defaults add trailers that other servers than Amazon's refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def lifecycle_rule(keep_noncurrent_days: int) -> "LifecycleRuleTypeDef":
    """Return the rule by which storage deletes what was overwritten or never put together."""
    return {
        "ID": _RULE_ID,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": keep_noncurrent_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": KEEP_INCOMPLETE_DAYS},
    }


class S3ObjectStorage:
    """Keeps every promise of `ObjectStorage` for one bucket; use it as an async context manager.

    `endpoint_url` is the server as the *service* sees it. `keep_noncurrent_days`: how long `prepare` lets storage keep
    versions that were overwritten.
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
        max_attempts: int = 3,
        keep_noncurrent_days: int = KEEP_NONCURRENT_DAYS,
    ) -> None:
        self._keep_noncurrent_days = keep_noncurrent_days
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
        """Return what is stored under `key` now, or None if nothing is.

        A HEAD has no body, so that a missing bucket looks like a missing object: `ping` tells them apart.
        """
        with _storage_errors():
            try:
                found = await self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if _status(error) == _HTTP_NOT_FOUND:
                    return None
                raise
        return StoredContent(
            size_bytes=_said(found, "ContentLength"),
            etag=_said(found, "ETag").strip('"'),
            content_type=found.get("ContentType"),
            content_encoding=found.get("ContentEncoding") or None,
            version_id=_version_id(found),
            sha256=_full_sha256(found),
            crc64nvme=found.get("ChecksumCRC64NVME"),  # there is none of parts
        )

    async def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Stream exactly the bytes that `content` describes; a caller that stops early closes the iterator."""
        wanted = content.size_bytes if first_bytes is None else min(first_bytes, content.size_bytes)
        pin: dict[str, Any] = (
            {"IfMatch": f'"{content.etag}"'} if content.version_id is None else {"VersionId": content.version_id}
        )
        if wanted < content.size_bytes:
            pin["Range"] = f"bytes=0-{wanted - 1}"
        with _storage_errors():
            try:
                found = await self._client.get_object(Bucket=self._bucket, Key=key, **pin)
            except ClientError as error:
                if _status(error) in _GONE and _code(error) != "NoSuchBucket":
                    raise ContentChangedError(f"the content {content.etag!r} is there no longer") from error
                raise
            async with found["Body"] as body:
                # Servers exist that ignore If-Match, or Range.
                length = _said(found, "ContentLength")
                if _said(found, "ETag").strip('"') != content.etag or length not in {wanted, content.size_bytes}:
                    raise ContentChangedError(f"the content {content.etag!r} is there no longer")
                left = wanted
                async for chunk in body.iter_chunks(CHUNK_BYTES):
                    part = chunk[:left]
                    left -= len(part)
                    yield part
                    if not left and length > wanted:
                        break
                if left:
                    raise StorageUnavailableError(f"the stream ended {left} bytes early")

    async def delete(self, key: str) -> None:
        """Delete every version of `key` that is there now, and its delete markers."""
        with _storage_errors():
            deleted: set[str | None] = set()
            while versions := await self._versions(key):
                # Our key sorts before all that merely begin with it: while a page is full of it, there may be more.
                for version_id in versions:
                    pin: dict[str, Any] = {} if version_id is None else {"VersionId": version_id}
                    await self._client.delete_object(Bucket=self._bucket, Key=key, **pin)
                if not deleted.isdisjoint(versions):
                    raise StorageUnavailableError("the object is still there after its deletion")
                deleted.update(versions)

    async def keep_only(self, key: str, version_id: str) -> None:
        """Delete all versions of `key` but this one."""
        with _storage_errors():
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
            if _is_unsupported(error):
                return []
            raise
        # Our key comes before all that merely begin with it.
        there = [each["VersionId"] for each in page.get("Versions", ()) if each["Key"] == key]
        if version_id not in there and not (there and await self._has_version(key, version_id)):
            return []  # it is not there: it is better to keep what is
        return [each for each in there if each != version_id]

    async def _has_version(self, key: str, version_id: str) -> bool:
        try:
            await self._client.head_object(Bucket=self._bucket, Key=key, VersionId=version_id)
        except ClientError as error:
            if _status(error) in {_HTTP_NOT_FOUND, _HTTP_BAD_REQUEST}:  # 400: of an id that it never gave out
                return False
            raise
        return True

    async def begin_multipart(self, key: str, *, content_type: str, checked: bool = False) -> str:
        """Begin an upload in parts; one whose id is lost with the answer goes by the rule that `prepare` sets.

        S3 takes checksums of parts only if the upload was begun with their algorithm, and wants them again when it is
        completed. SeaweedFS wants them then too, but does not list them: there an upload is begun without, and the
        parts are checked all the same.
        """
        with _storage_errors():
            if checked and self._lists_checksums is not False:
                multipart_id = await self._begin(
                    key, content_type, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
                )
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
        multipart_id: str = _said(begun, "UploadId")
        return multipart_id

    async def parts(
        self, key: str, multipart_id: str, *, etags: Mapping[int, str] | None = None
    ) -> Sequence[StoredPart] | None:
        """Return all parts, by number; None if there is no such multipart upload (any more)."""
        listed = []
        marker, more = 0, True
        with _storage_errors():
            try:
                while more:
                    page = await self._client.list_parts(
                        Bucket=self._bucket, Key=key, UploadId=multipart_id, PartNumberMarker=marker
                    )
                    listed += page.get("Parts", ())
                    if more := _said(page, "IsTruncated"):
                        before, marker = marker, _said(page, "NextPartNumberMarker")
                        if marker <= before:
                            raise StorageUnavailableError("the list of parts does not go on")
            except ClientError as error:
                if _code(error) == "NoSuchUpload":
                    return None
                raise
        # Servers exist that list a part beside the one that replaced it, and that know when by the second.
        meant = {(number, etag) for number, etag in (etags or {}).items()}

        def rank(part: Mapping[str, Any]) -> tuple[int, bool, datetime]:
            number = _said(part, "PartNumber")
            return number, (number, _said(part, "ETag").strip('"')) in meant, _said(part, "LastModified")

        listed.sort(key=rank)
        found = {part["PartNumber"]: part for part in listed}
        return [
            StoredPart(
                part_number=number,
                size_bytes=_said(part, "Size"),
                etag=_said(part, "ETag").strip('"'),
                sha256=_sha256(part.get("ChecksumSHA256")),
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
            raise ValueError("an object is made of one part at least, and of each number once")
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if only_new else {}
        with _storage_errors():
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
                    _code(error) in {"NoSuchUpload", "PreconditionFailed"}
                    or _status(error) == _HTTP_PRECONDITION_FAILED
                ):
                    return False
                if _code(error) not in _PARTS_REFUSED:
                    raise
                stored = await self.parts(key, multipart_id)
                if stored is None:
                    return False
                etags = {number: part.etag for number, part in named.items()}
                raise _refusal(etags, stored, too_small=_code(error) == "EntityTooSmall") from error
            _said(done, "ETag")
        return True

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Give an upload in parts up and delete its parts."""
        with _storage_errors():
            try:
                await self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=multipart_id)
            except ClientError as error:
                if _code(error) != "NoSuchUpload":
                    raise

    async def abort_multiparts(self, key: str) -> None:
        """Give up all uploads in parts of this key."""
        try:
            async for page in self._multiparts(LIST_PAGE, key):
                for each in page:
                    if each.key == key:
                        await self.abort_multipart(key, each.multipart_id)
        except StorageError as error:
            if not (isinstance(error.__cause__, ClientError) and _is_unsupported(error.__cause__)):
                raise

    async def list_objects(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all keys, in pages."""
        token: dict[str, Any] = {}
        while True:
            with _storage_errors():
                found = await self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=page, **token)
            yield [
                ListedObject(
                    key=_said(each, "Key"), size_bytes=_said(each, "Size"), modified_at=_said(each, "LastModified")
                )
                for each in found.get("Contents", ())
            ]
            if not _said(found, "IsTruncated"):
                return
            before, token = token, {"ContinuationToken": _said(found, "NextContinuationToken")}
            if token == before:
                raise StorageUnavailableError("the list of keys does not go on")

    async def list_old_versions(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all versions that are not current, in pages."""
        token: dict[str, Any] = {}
        while True:
            with _storage_errors():
                try:
                    found = await self._client.list_object_versions(Bucket=self._bucket, MaxKeys=page, **token)
                except ClientError as error:
                    if _is_unsupported(error):
                        return
                    raise
            yield [
                ListedObject(
                    key=_said(each, "Key"), size_bytes=_said(each, "Size"), modified_at=_said(each, "LastModified")
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
        """Yield all uploads in parts that are under way, in pages."""
        async for some in self._multiparts(page):
            yield some

    async def _multiparts(self, page: int, prefix: str = "") -> AsyncIterator[Sequence[ListedMultipart]]:
        token: dict[str, Any] = {}
        while True:
            with _storage_errors():
                found = await self._client.list_multipart_uploads(
                    Bucket=self._bucket, MaxUploads=page, Prefix=prefix, **token
                )
            yield [
                ListedMultipart(
                    key=_said(each, "Key"), multipart_id=_said(each, "UploadId"), begun_at=_said(each, "Initiated")
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
        with _storage_errors():
            created = await self._create_if_missing()
            versioned = await _if_possible(self._keeps_versions())
            expiry = await _if_possible(self._expires_noncurrent())
            cors = bool(cors_origins) and await _if_possible(self._allows(cors_origins))
        return BucketSetup(created=created, versioned=versioned, noncurrent_expiry=expiry, cors=cors)

    async def ping(self) -> None:
        """Return if storage answers for our bucket."""
        with _storage_errors():
            await self._client.head_bucket(Bucket=self._bucket)

    async def try_writing(self) -> None:
        """Return if storage takes bytes now."""
        with _storage_errors():
            put = await self._client.put_object(Bucket=self._bucket, Key=PROBE_KEY, Body=b"upwell")
            version_id = _version_id(put)
            pin: dict[str, Any] = {} if version_id is None else {"VersionId": version_id}
            with suppress(ClientError):  # it takes bytes all the same, and the next one replaces them
                await self._client.delete_object(Bucket=self._bucket, Key=PROBE_KEY, **pin)

    async def _versions(self, key: str) -> list[str | None]:
        """Return ids to delete, perhaps not all yet; [None] for a key without versions, [] if nothing is there."""
        try:
            page = await self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
        except ClientError as error:
            if not _is_unsupported(error):
                raise
        else:
            entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if versions := [entry["VersionId"] for entry in entries if entry["Key"] == key]:
                return [*versions]
        # Some servers list no versions, or misspell an unusual key in the list; what HEAD finds is there all the same.
        found = await self.head(key)
        return [] if found is None else [found.version_id]

    async def _create_if_missing(self) -> bool:
        try:
            await self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            if _status(error) == _HTTP_FORBIDDEN:
                return False  # rights to the objects do not need rights to the bucket; wrong keys show in the next call
            if _status(error) != _HTTP_NOT_FOUND:
                raise
        else:
            return False
        # Amazon's oldest region is the one that must not be named.
        place: dict[str, Any] = (
            {} if self._region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        )
        try:
            await self._client.create_bucket(Bucket=self._bucket, **place)
        except ClientError as error:
            if _code(error) == "BucketAlreadyOwnedByYou":  # another process was faster
                return False
            raise
        return True

    async def _keeps_versions(self) -> bool:
        if await self._is_versioned():
            return True
        await self._client.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})
        return await self._is_versioned()

    async def _is_versioned(self) -> bool:
        return (await self._client.get_bucket_versioning(Bucket=self._bucket)).get("Status") == "Enabled"

    async def _expires_noncurrent(self) -> bool:
        rule = lifecycle_rule(self._keep_noncurrent_days)
        rules = await self._lifecycle()
        if _has_rule(rules, rule):
            return True
        others = [found for found in rules if found.get("ID") != _RULE_ID]
        await self._client.put_bucket_lifecycle_configuration(
            Bucket=self._bucket, LifecycleConfiguration={"Rules": [*others, rule]}
        )
        return _has_rule(await self._lifecycle(), rule)

    async def _lifecycle(self) -> "Sequence[LifecycleRuleOutputTypeDef]":
        try:
            return (await self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)).get("Rules", [])
        except ClientError as error:
            if _code(error) == "NoSuchLifecycleConfiguration":
                return []
            raise

    async def _allows(self, origins: Sequence[str]) -> bool:
        rule: CORSRuleTypeDef = {
            "ID": _RULE_ID,
            "AllowedOrigins": list(origins),
            "AllowedMethods": ["PUT", "GET", "HEAD", "POST"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3600,
        }
        rules = await self._cors()
        if _has_rule(rules, rule):
            return True
        others = [found for found in rules if found.get("ID") != _RULE_ID]
        await self._client.put_bucket_cors(Bucket=self._bucket, CORSConfiguration={"CORSRules": [*others, rule]})
        return _has_rule(await self._cors(), rule)

    async def _cors(self) -> "Sequence[CORSRuleOutputTypeDef]":
        try:
            return (await self._client.get_bucket_cors(Bucket=self._bucket)).get("CORSRules", [])
        except ClientError as error:
            if _code(error) == "NoSuchCORSConfiguration":
                return []
            raise


async def _if_possible(step: Awaitable[bool]) -> bool:
    """Do a step of the set-up; False if the server does not have it or our rights do not reach so far."""
    try:
        return await step
    except ClientError as error:
        if _is_unsupported(error) or (_is_refusal(error) and _code(error) not in _OPERATOR_CODES):
            return False
        raise


def _has_rule(rules: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a rule says all that `wanted` says; servers add fields and reorder lists."""

    def same(found: object, value: object) -> bool:
        if isinstance(found, list) and isinstance(value, list):
            return sorted(found) == sorted(value)
        return found == value

    return any(
        all(same(rule.get(name), value) for name, value in wanted.items() if name not in {"ID", "Filter"})
        for rule in rules
        if rule.get("ID", wanted["ID"]) == wanted["ID"]
    )


def _said(found: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a field's type is botocore's
    """Return a field that every answer of S3 has; another server or a proxy may have spoken."""
    try:
        return found[name]
    except KeyError as error:
        raise StorageUnavailableError(f"the answer has no {name}") from error


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


def _version_id(found: Mapping[str, Any]) -> str | None:
    version_id = found.get("VersionId")
    return version_id if version_id and version_id != "null" else None


def _full_sha256(found: Mapping[str, Any]) -> str | None:
    """Return storage's own SHA-256 as hex digits; what covers parts (`COMPOSITE`, `…-N`) says nothing of the whole."""
    whole = found.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    return _sha256(found.get("ChecksumSHA256")) if whole else None


def _sha256(value: str | None) -> str | None:
    """Return a SHA-256 as hex digits, None for what is none."""
    try:
        sha256 = base64.b64decode(value or "", validate=True)
    except binascii.Error:
        return None
    return sha256.hex() if len(sha256) == _SHA256_BYTES else None


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_unsupported(error: ClientError) -> bool:
    return _status(error) in _UNSUPPORTED_STATUS or _code(error) == "NotImplemented"


def _is_refusal(error: ClientError) -> bool:
    status = _status(error)
    return (
        _HTTP_BAD_REQUEST <= status < _HTTP_SERVER_ERROR
        and status != _HTTP_TOO_MANY_REQUESTS
        and _code(error) not in _TRY_LATER
    )


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn what botocore and aiohttp raise into the port's errors."""
    try:
        yield
    except StorageError:
        raise
    except ClientError as error:
        if _is_refusal(error):
            raise StorageDeniedError(str(error)) from error
        raise StorageUnavailableError(str(error)) from error
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
        # their texts name the address, and so the key, and so the filename
        raise StorageUnavailableError(type(error).__name__) from error
