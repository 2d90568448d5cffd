"""Diagnoses one S3 bucket: makes the calls of Upwell and its clients, and reports failures with advice.

Owns the checks and the conclusions from each response; the caller prints them. All checks use a separate key prefix,
which is emptied at the end. Diagnoses contain at most S3's short error codes: no secrets, no signatures.
"""

import asyncio
import enum
import json
import secrets
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import httpx
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from adapters.s3.answers import code_of, status_of
from adapters.s3.bucket_setup import cors_rule, lifecycle_rule
from adapters.s3.client import new_client
from adapters.s3.sigv4 import Addressing, Credentials
from adapters.s3.url_signer import S3UrlSigner
from application.ports.storage.object_storage import KEEP_NONCURRENT_DAYS

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PREFIX: Final = "upwell-doctor"
SKEW_WARNS: Final = timedelta(seconds=5)
SKEW_FAILS: Final = timedelta(minutes=5)

_BODY: Final = b"doctor"
_TYPE: Final = "text/plain"
_HOUR: Final = timedelta(hours=1)
_SIGNED: Final = "content-type,if-none-match,x-amz-checksum-sha256"
_TIMEOUT_SECONDS: Final = 15.0
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_PRECONDITION_FAILED: Final = 412
_UNSUPPORTED: Final = frozenset({405, 501})
_WRONG_CREDENTIALS: Final = (
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
    *("InvalidSecurity", "InvalidClientTokenId", "NotSignedUp"),
)
_ERRORS: Final = (BotoCoreError, ClientError, aiohttp.ClientError, httpx.HTTPError, OSError, TimeoutError)


class Verdict(enum.StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check. `advice`: what to change, with a snippet or command if one helps."""

    check: str
    verdict: Verdict
    detail: str
    advice: str | None = None


class _SickError(Exception):
    """A check failed."""

    def __init__(self, detail: str, advice: str | None = None, *, verdict: Verdict = Verdict.FAILED) -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.verdict = verdict


class _HopelessError(_SickError):
    """A check failed for a reason that makes every other check fail too."""


Check = Callable[[], Awaitable[str]]


class S3Doctor:
    """Examines one bucket. `origin`: the web pages that must be able to upload; None: any origin, as a hint."""

    def __init__(
        self,
        *,
        endpoint_url: str,
        public_endpoint_url: str,
        bucket: str,
        region: str,
        addressing: Addressing,
        credentials: Credentials,
        origin: str | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        keep_noncurrent_days: int = KEEP_NONCURRENT_DAYS,
    ) -> None:
        self._keep_noncurrent_days = keep_noncurrent_days
        self._endpoint_url = endpoint_url
        self._public_endpoint_url = public_endpoint_url
        self._bucket = bucket
        self._region = region
        self._origin = origin
        self._timeout_seconds = timeout_seconds
        self._own, self._signer = (
            S3UrlSigner(endpoint_url=url, bucket=bucket, region=region, addressing=addressing, credentials=credentials)
            for url in (endpoint_url, public_endpoint_url)
        )
        self._context = new_client(
            endpoint_url=endpoint_url,
            region=region,
            addressing=addressing,
            credentials=credentials,
            max_connections=10,
            connect_timeout_seconds=min(5, timeout_seconds),
            read_timeout_seconds=timeout_seconds,
            max_attempts=1,
        )
        self._prefix = f"{PREFIX}/{secrets.token_hex(8)}/"
        self._key = f"{self._prefix}object ä.txt"
        self._parts_key = f"{self._prefix}parts.txt"
        self._multipart_ids: list[str] = []
        self._begun: set[str] = set()  # and neither completed nor aborted
        self._part_etag = ""
        self._hopeless = False  # nothing was stored, and nothing can be
        self._urls_work = False
        self._forms_work = False
        self._pin: dict[str, Any] = {}  # the version of the object, if the bucket has versions
        self._client: S3Client
        self._http: httpx.AsyncClient

    async def examine(self) -> AsyncGenerator[Diagnosis, None]:
        """Yield a diagnosis after each check. Close the iterator if you stop early, so that it cleans up.

        If nothing can work (no endpoint, no bucket, wrong credentials or region), the diagnosis with the reason is the
        last one.
        """
        async with (
            self._context as self._client,
            httpx.AsyncClient(trust_env=False, timeout=self._timeout_seconds) as self._http,
        ):
            try:
                for name, check in self._checks().items():
                    yield await self._diagnose(name, check)
                    if self._hopeless:
                        break
            finally:
                left = None if self._hopeless else await self._clean_up()
            if left is not None:
                yield left

    def _checks(self) -> Mapping[str, Check]:
        """Return all checks in order: later checks use the objects of earlier ones."""
        return {
            "reach the endpoint": self._reach,
            "clock": self._clock,
            "HeadBucket": self._head_bucket,
            "PutObject by a URL": self._put,
            "public endpoint": self._public,
            "HeadObject": self._head,
            "GetObject": self._get,
            "ListObjectsV2": self._list,
            "ListObjectVersions": self._versions,
            "CreateMultipartUpload": self._begin_parts,
            "UploadPart by a URL": self._put_part,
            "ListParts": self._list_parts,
            "ListMultipartUploads": self._list_multiparts,
            "CompleteMultipartUpload": self._complete,
            "AbortMultipartUpload": self._abort,
            "signatures are checked": self._if_urls_work(self._signature),
            "the content type is bound": self._if_urls_work(self._content_type),
            "the length is bound": self._if_urls_work(self._length),
            "an expired URL is refused": self._if_urls_work(self._expiry),
            "headers of Amazon's own are bound": self._if_urls_work(self._own_headers),
            "downloads override headers": self._if_urls_work(self._overrides),
            "POST by a form": self._if_urls_work(self._form),
            "a form is bound": self._if_forms_work(self._form_bounds),
            "a form sets nothing else": self._if_forms_work(self._form_fields),
            "checksums are checked": self._if_urls_work(self._checksum),
            "If-None-Match is kept": self._conditional,
            "no access without a signature": self._anonymous,
            "versioning": self._versioning,
            "lifecycle": self._lifecycle,
            "CORS": self._cors,
            "encryption": self._encryption,
            "DeleteObject": self._delete,
        }

    async def _diagnose(self, name: str, check: Check) -> Diagnosis:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return Diagnosis(check=name, verdict=Verdict.OK, detail=await check())
        except _SickError as sick:
            self._hopeless = isinstance(sick, _HopelessError)
            return Diagnosis(check=name, verdict=sick.verdict, detail=sick.detail, advice=sick.advice)
        except ClientError as error:
            return Diagnosis(check=name, verdict=Verdict.FAILED, detail=_code(error), advice=self._advice(name, error))
        except _ERRORS as error:
            # their texts may contain the URL, and so the signature
            self._hopeless = name == "reach the endpoint"
            return Diagnosis(
                check=name,
                verdict=Verdict.FAILED,
                detail=f"no response ({type(error).__name__})",
                advice=_UNREACHED if self._hopeless else None,
            )
        except Exception as error:  # noqa: BLE001  # from a server with responses that S3 never sends
            return Diagnosis(check=name, verdict=Verdict.FAILED, detail=f"unexpected response ({type(error).__name__})")

    # The endpoint

    async def _reach(self) -> str:
        await self._http.get(self._endpoint_url)
        return f"{self._endpoint_url} answers"

    async def _clock(self) -> str:
        before = datetime.now(UTC)
        answer = await self._http.get(self._endpoint_url)
        now = before + (datetime.now(UTC) - before) / 2
        try:
            skew = abs(parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC) - now)
        except (KeyError, ValueError) as error:
            raise _SickError("the response has no Date header", verdict=Verdict.WARNING) from error
        detail = f"the clocks of storage and of this host differ by {skew.total_seconds():.0f} s"
        if skew > SKEW_WARNS:
            raise _SickError(
                detail,
                "Synchronise both clocks with NTP: S3 refuses signatures that are 15 minutes off, and URLs expire at"
                " the wrong time.",
                verdict=Verdict.FAILED if skew > SKEW_FAILS else Verdict.WARNING,
            )
        return detail

    async def _head_bucket(self) -> str:
        try:
            await self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            word = await self._word_of_refusal() or _code(error)
            reason = self._why_nothing_works(word)
            if reason is None:
                raise
            detail, advice = reason
            raise _HopelessError(f"{detail} ({word})", advice) from error
        return f"the bucket {self._bucket} exists, and the credentials can access it"

    async def _word_of_refusal(self) -> str | None:
        """Return S3's error code for a refusal: the response to a HEAD has no body with it."""
        try:
            await self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        except ClientError as error:
            return _code(error)
        return None

    def _why_nothing_works(self, word: str) -> tuple[str, str] | None:
        """Return the detail and the advice for a refusal that every other call would get too."""
        if any(name in word for name in ("NoSuchBucket", "404")):
            elsewhere = (
                ""
                if self._region == "us-east-1"
                else f" --create-bucket-configuration LocationConstraint={self._region}"
            )
            return (
                f"the bucket {self._bucket} does not exist",
                (
                    "Check UPWELL_S3_BUCKET. `upwell serve` creates the bucket at start if it has permission; or"
                    " create it yourself:\n"
                    f"aws s3api create-bucket --bucket {self._bucket} --region {self._region}{elsewhere}"
                ),
            )
        if any(
            name in word for name in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocation", "301")
        ):
            return (
                f"the bucket {self._bucket} is not in the region {self._region}",
                "Set UPWELL_S3_REGION to the region of the bucket, and UPWELL_S3_ENDPOINT_URL to its endpoint.",
            )
        if any(name in word for name in _WRONG_CREDENTIALS):
            return (
                "storage refuses the credentials",
                "Check UPWELL_S3_ACCESS_KEY_ID, UPWELL_S3_SECRET_ACCESS_KEY and UPWELL_S3_SESSION_TOKEN.",
            )
        if "RequestTimeTooSkewed" in word:
            return ("the clocks differ too much", "Synchronise both clocks with NTP.")
        return None

    # Permissions: each call that Upwell makes

    async def _put(self) -> str:
        _expect_ok(await self._send(self._key, {"Content-Type": _TYPE}, signer=self._own), self._right("s3:PutObject"))
        return "stored"

    async def _public(self) -> str:
        key = f"{self._prefix}public.txt"
        wrong = (
            "Check UPWELL_S3_PUBLIC_ENDPOINT_URL: it must lead to the same bucket, and the Host header must stay"
            " unchanged."
        )
        try:
            answer = await self._send(key, {"Content-Type": _TYPE})
        except httpx.HTTPError as error:
            raise _SickError(f"{self._public_endpoint_url} does not respond ({type(error).__name__})", wrong) from error
        _expect_ok(answer, wrong)
        try:
            await self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            raise _SickError("an object sent to the public endpoint does not arrive in the bucket", wrong) from error
        self._urls_work = True
        return f"an object sent to {self._public_endpoint_url} arrives in the bucket"

    async def _head(self) -> str:
        found = await self._client.head_object(Bucket=self._bucket, Key=self._key, ChecksumMode="ENABLED")
        version_id = found.get("VersionId", "null")
        self._pin = {} if version_id == "null" else {"VersionId": version_id}
        return f"{found['ContentLength']} bytes"

    async def _get(self) -> str:
        found = await self._client.get_object(Bucket=self._bucket, Key=self._key, **self._pin)
        async with found["Body"] as body:
            if await body.read() != _BODY:
                raise _SickError("the bytes that came back are not the bytes that were sent")
        return "the same bytes came back"

    async def _list(self) -> str:
        found = await self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
        if self._key not in {each["Key"] for each in found.get("Contents", ())}:
            raise _SickError(
                "the key is missing from the list", "`upwell storage check` cannot be used.", verdict=Verdict.WARNING
            )
        return "the key is listed"

    async def _versions(self) -> str:
        try:
            found = await self._client.list_object_versions(Bucket=self._bucket, Prefix=self._prefix)
        except ClientError as error:
            if status_of(error) not in _UNSUPPORTED:
                raise
            raise _SickError(f"{_code(error)}: the server has no versioning", verdict=Verdict.WARNING) from error
        if self._key not in {each["Key"] for each in found.get("Versions", ())}:
            raise _SickError(
                "the key is missing from the list", "Deletes will leave old versions behind.", verdict=Verdict.WARNING
            )
        return "the key is listed"

    async def _begin_parts(self) -> str:
        for _ in range(2):
            begun = await self._client.create_multipart_upload(
                Bucket=self._bucket, Key=self._parts_key, ContentType=_TYPE
            )
            self._multipart_ids.append(begun["UploadId"])
            self._begun.add(begun["UploadId"])
        return "begun"

    async def _put_part(self) -> str:
        answer = await self._send_part(_BODY)
        _expect_ok(answer, self._right("s3:PutObject"))
        self._part_etag = answer.headers.get("ETag", "")
        return "stored"

    async def _list_parts(self) -> str:
        again = await self._send_part(_BODY[::-1])
        self._part_etag = again.headers.get("ETag", self._part_etag)
        found = await self._client.list_parts(Bucket=self._bucket, Key=self._parts_key, UploadId=self._multipart_id(0))
        numbers = [part["PartNumber"] for part in found.get("Parts", ())]
        if numbers == [1, 1]:
            return "the part is listed, and so is the part that it replaced: confirms should list their parts"
        if numbers != [1]:
            raise _SickError("the part is not listed")
        return "the part is listed"

    async def _list_multiparts(self) -> str:
        begun = self._multipart_id(0)
        found = await self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=self._prefix)
        if begun not in {each["UploadId"] for each in found.get("Uploads", ())}:
            raise _SickError(
                "the multipart upload is missing from the list",
                "`upwell storage check` cannot find it.",
                verdict=Verdict.WARNING,
            )
        return "the multipart upload is listed"

    async def _complete(self) -> str:
        await self._client.complete_multipart_upload(
            Bucket=self._bucket,
            Key=self._parts_key,
            UploadId=self._multipart_id(0),
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": self._part_etag}]},
        )
        self._begun.discard(self._multipart_id(0))
        found = await self._client.head_object(Bucket=self._bucket, Key=self._parts_key)
        if found["ContentLength"] != len(_BODY):
            raise _SickError("the object does not have the bytes of the part")
        return "the object was created"

    async def _abort(self) -> str:
        await self._client.abort_multipart_upload(
            Bucket=self._bucket, Key=self._parts_key, UploadId=self._multipart_id(1)
        )
        self._begun.discard(self._multipart_id(1))
        return "aborted"

    async def _delete(self) -> str:
        await self._client.delete_object(Bucket=self._bucket, Key=self._key, **self._pin)
        try:
            await self._client.head_object(Bucket=self._bucket, Key=self._key)
        except ClientError as error:
            if status_of(error) == _NOT_FOUND:
                return "deleted"
            raise
        raise _SickError("the object still exists")

    # What a presigned URL enforces

    def _if_urls_work(self, check: Check) -> Check:
        """Return a check that expects a refusal: if everything is refused, a refusal proves nothing."""

        async def checked() -> str:
            if not self._urls_work:
                raise _SickError("not tried: no URL works")
            return await check()

        return checked

    async def _signature(self) -> str:
        key = f"{self._prefix}forged.txt"
        url = self._signed(key, {"Content-Type": _TYPE})
        forged = url[:-1] + ("0" if url[-1] != "0" else "1")
        answer = await self._http.put(forged, content=_BODY, headers={"Content-Type": _TYPE})
        return _expect_refused(answer, "a forged signature", "Use another server: with this one, anyone can write.")

    async def _content_type(self) -> str:
        answer = await self._send(
            f"{self._prefix}type.txt", {"Content-Type": "image/png"}, sent={"Content-Type": _TYPE}
        )
        return _expect_refused(answer, "another content type", _UNBOUND)

    async def _length(self) -> str:
        answer = await self._send(
            f"{self._prefix}length.txt",
            {"Content-Type": _TYPE, "Content-Length": str(len(_BODY) - 1)},
            sent={"Content-Type": _TYPE},
        )
        return _expect_refused(answer, "another length", _UNBOUND)

    async def _expiry(self) -> str:
        signed = self._signer.sign_put(
            f"{self._prefix}expired.txt",
            headers={"Content-Type": _TYPE},
            expires_in=timedelta(minutes=1),
            now=datetime.now(UTC) - 2 * _HOUR,
        )
        answer = await self._http.put(signed.url, content=_BODY, headers=signed.headers)
        return _expect_refused(answer, "an expired URL", "Use another server: its URLs never expire.")

    async def _own_headers(self) -> str:
        kept = []
        for name, value in _OWN_HEADERS.items():
            answer = await self._send(
                f"{self._prefix}own.txt", {"Content-Type": _TYPE}, sent={"Content-Type": _TYPE, name: value}
            )
            if not answer.is_client_error:
                kept.append(name)
        if kept:
            raise _SickError(
                f"a PUT may add headers that its URL does not sign: {', '.join(kept)}",
                "Use another server, or disable ACLs and deny these headers in the bucket policy: a client can make"
                " its file public, or store it in a storage class that cannot be read.",
                verdict=Verdict.WARNING,
            )
        return f"{', '.join(_OWN_HEADERS)} are refused"

    async def _overrides(self) -> str:
        key = f"{self._prefix}headers.txt"
        sent = await self._send(key, {"Content-Type": _TYPE}, sent={"Content-Type": _TYPE, **_BROUGHT_ALONG})
        if sent.is_client_error:
            return "a PUT with additional headers is refused"
        try:
            returned = (await self._client.head_object(Bucket=self._bucket, Key=key)).get("ContentEncoding")
        except ClientError as error:
            raise _SickError(f"the object does not arrive ({_code(error)})") from error
        url = self._signer.sign_get(key, expires_in=_HOUR, now=datetime.now(UTC), download_as="doctor.txt").url
        async with self._http.stream("GET", url) as answer:  # the body does not match its Content-Encoding
            given = answer.headers
        kept = [name for name, value in _BROUGHT_ALONG.items() if given.get(name) == value]
        if kept:
            hidden = not returned and "Content-Encoding" in kept
            raise _SickError(
                f"a download has the uploader's values of {', '.join(kept)}"
                + (", and HeadObject does not return Content-Encoding" if hidden else ""),
                "Use another server: an uploader can have a file displayed instead of saved, cached, or decoded into"
                " other bytes.",
                verdict=Verdict.FAILED if hidden else Verdict.WARNING,
            )
        return "downloads ignore the uploader's headers for caching, language and encoding"

    async def _checksum(self) -> str:
        other = {"Content-Type": _TYPE, "x-amz-checksum-sha256": _checksum(b"other")}
        answer = await self._send(f"{self._prefix}checksum.txt", other)
        advice = "Do not use `integrity: storage`. Without it, Upwell reads the bytes to verify them."
        return _expect_refused(answer, "a PUT whose bytes do not match their SHA-256", advice, verdict=Verdict.WARNING)

    async def _conditional(self) -> str:
        once = {"Content-Type": _TYPE, "If-None-Match": "*", "x-amz-checksum-sha256": _checksum(_BODY)}
        key = f"{self._prefix}once.txt"
        first = await self._send(key, once)
        _expect_ok(first, "Do not use `integrity: storage`.", verdict=Verdict.WARNING)
        second = await self._send(key, once)
        if second.status_code == _PRECONDITION_FAILED:
            return "a second PUT is refused with 412"
        raise _SickError(
            f"the response to a second PUT is {_answered(second)}, not 412",
            "Do not use `integrity: storage`: a URL can overwrite its object until it expires.",
            verdict=Verdict.WARNING,
        )

    # What a form enforces

    def _if_forms_work(self, check: Check) -> Check:
        """Return a check that expects a refusal of a form."""

        async def checked() -> str:
            if not self._forms_work:
                raise _SickError("not tried: no form works", verdict=Verdict.WARNING)
            return await check()

        return checked

    async def _form(self) -> str:
        key = f"{self._prefix}form.txt"
        answer = await self._post(key)
        if answer.status_code in _UNSUPPORTED:
            raise _SickError(
                f"{_answered(answer)}: the server has no POST of forms",
                "Do not use `method: post`. The Python client sends files with a PUT instead.",
                verdict=Verdict.WARNING,
            )
        _expect_ok(answer, "Do not use `method: post`.", verdict=Verdict.WARNING)
        found = await self._client.head_object(Bucket=self._bucket, Key=key)
        if (found["ContentLength"], found.get("ContentType")) != (len(_BODY), _TYPE):
            raise _SickError("the object has another length or content type", "Do not use `method: post`.")
        self._forms_work = True
        return "stored, with the content type of the form"

    async def _form_bounds(self) -> str:
        key, size = f"{self._prefix}form-bound.txt", len(_BODY)
        answers = {
            "a larger file": await self._post(key, size_range=(0, size - 1)),
            "a smaller file": await self._post(key, size_range=(size + 1, size + 9)),
            "another content type": await self._post(key, changed={"Content-Type": "text/html"}),
            "another key": await self._post(key, changed={"key": f"{key}.txt"}),
            "a forged signature": await self._post(key, changed={"x-amz-signature": "0" * 64}),
            "an expired form": await self._post(key, now=datetime.now(UTC) - 2 * _HOUR),
        }
        accepted = [what for what, answer in answers.items() if not answer.is_client_error]
        if accepted:
            raise _SickError(
                f"the server accepts {', '.join(accepted)}",
                "Use another server: with this one, a form accepts files that were not announced.",
            )
        return f"{', '.join(answers)} are refused"

    async def _form_fields(self) -> str:
        harmless: list[str] = []
        kept: list[str] = []
        for name, value in _OWN_FIELDS.items():
            key = f"{self._prefix}form-{name}.txt"
            answer = await self._post(key, changed={name: value})
            if answer.is_client_error:
                continue
            public = name == "acl" and (await self._http.get(self._plain_url(key))).is_success
            (kept if public or name.startswith("x-amz-") else harmless).append(f"the field {name}")
        key = f"{self._prefix}form-headers.txt"
        answer = await self._post(key, headers=_OWN_HEADERS)
        if answer.is_success and (await self._http.get(self._plain_url(key))).is_success:
            kept.append("the header x-amz-acl")
        elif answer.is_success and (await self._client.head_object(Bucket=self._bucket, Key=key))["Metadata"]:
            harmless.append("the header x-amz-meta-doctor")
        if kept:
            raise _SickError(
                f"a form may set what its policy does not name: {', '.join(kept)}",
                "Disable ACLs, or use another server: a client can make its file public, or store it in a storage class"
                " that cannot be read.",
                verdict=Verdict.WARNING,
            )
        found = "fields of Amazon's own that the policy does not name are refused"
        return f"{found}; accepted, without an effect on Upwell: {', '.join(harmless)}" if harmless else found

    async def _post(
        self,
        key: str,
        *,
        size_range: tuple[int, int] = (0, len(_BODY)),
        changed: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        now: datetime | None = None,
    ) -> httpx.Response:
        """Send a form. `changed`: fields that differ from the signed ones."""
        fields = {"Content-Type": _TYPE, "success_action_status": "201"}
        signed = self._signer.sign_post(
            key, fields=fields, size_range=size_range, expires_in=_HOUR, now=now or datetime.now(UTC)
        )
        sent = {**(signed.fields or {}), **(changed or {})}
        return await self._http.post(
            signed.url, data=sent, files={"file": ("doctor.txt", _BODY, _TYPE)}, headers=dict(headers or {})
        )

    def _plain_url(self, key: str) -> str:
        """Return the address of an object, without a signature."""
        return self._signed(key, {}).partition("?")[0]

    async def _anonymous(self) -> str:
        answer = await self._http.get(self._plain_url(self._key))
        advice = (
            "Make the bucket private; on AWS:\n"
            f"aws s3api put-public-access-block --bucket {self._bucket} --public-access-block-configuration "
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
        )
        return _expect_refused(answer, "a GET without a signature", advice)

    # The configuration of the bucket

    async def _versioning(self) -> str:
        advice = (
            "Enable versioning, or a URL can overwrite a verified file until the URL expires:\n"
            f"aws s3api put-bucket-versioning --bucket {self._bucket} --versioning-configuration Status=Enabled"
        )
        try:
            status = (await self._client.get_bucket_versioning(Bucket=self._bucket)).get("Status", "never enabled")
        except ClientError as error:
            if self._pin:
                return "enabled, as the version of an object shows"
            if status_of(error) in _UNSUPPORTED:
                advice = "A URL can overwrite a verified file until it expires: Upwell records it, but cannot undo it."
            raise _SickError(f"unknown: {_code(error)}", advice, verdict=Verdict.WARNING) from error
        if status != "Enabled":
            raise _SickError(status.lower(), advice, verdict=Verdict.WARNING)
        return "on"

    async def _lifecycle(self) -> str:
        advice = (
            "Let `upwell serve` configure the lifecycle at start, or configure it yourself:\n"
            f"aws s3api put-bucket-lifecycle-configuration --bucket {self._bucket} --lifecycle-configuration '"
            f"{json.dumps({'Rules': [lifecycle_rule(self._keep_noncurrent_days)]})}'"
        )
        try:
            found = await self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)
        except ClientError as error:
            if status_of(error) in _UNSUPPORTED:
                advice = "Run `upwell storage check --repair` regularly: it aborts abandoned multipart uploads."
            none = _code(error).endswith("NoSuchLifecycleConfiguration")
            raise _SickError(
                "no rules" if none else f"not known: {_code(error)}", advice, verdict=Verdict.WARNING
            ) from error
        rules = [rule for rule in found.get("Rules", ()) if rule.get("Status") == "Enabled"]
        missing = [
            what
            for what, name in (
                ("expiry of old versions", "NoncurrentVersionExpiration"),
                ("abort of unfinished multipart uploads", "AbortIncompleteMultipartUpload"),
            )
            if not any(name in rule for rule in rules)
        ]
        if missing:
            raise _SickError(f"missing rules: {' and '.join(missing)}", advice, verdict=Verdict.WARNING)
        return "old versions expire, and unfinished multipart uploads are aborted"

    async def _cors(self) -> str:
        origin = self._origin or "https://example.com"
        key = f"{self._prefix}cors.txt"
        headers = {"Content-Type": _TYPE}
        url = self._signed(key, headers)
        preflight = await self._http.options(
            url,
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": _SIGNED,
            },
        )
        sent = await self._http.put(url, content=_BODY, headers={**headers, "Origin": origin})
        missing = _cors_lacks(preflight, sent, origin)
        if missing:
            raise _SickError(
                f"for {origin}: {', '.join(missing)}",
                "Pages in browsers cannot upload. Set UPWELL_S3_CORS_ORIGINS, or configure the rule yourself:\n"
                f"aws s3api put-bucket-cors --bucket {self._bucket} --cors-configuration '"
                f"{json.dumps(cors_rules(origin))}'",
                verdict=Verdict.WARNING if self._origin is None else Verdict.FAILED,
            )
        return f"pages of {origin} may upload, and read the ETag"

    async def _encryption(self) -> str:
        try:
            found = await self._client.get_bucket_encryption(Bucket=self._bucket)
        except ClientError as error:
            if _code(error).endswith("ServerSideEncryptionConfigurationNotFoundError"):
                return "none is set on the bucket"
            return f"not known: {_code(error)}"
        rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        kinds = {rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "none") for rule in rules}
        if not kinds:
            return "none is set on the bucket"
        if any(kind.startswith("aws:kms") for kind in kinds):
            return f"{', '.join(kinds)}: the credentials need kms:GenerateDataKey and kms:Decrypt for the key"
        return ", ".join(kinds)

    # Shared by the checks

    def _signed(self, key: str, headers: Mapping[str, str]) -> str:
        return self._signer.sign_put(key, headers=headers, expires_in=_HOUR, now=datetime.now(UTC)).url

    async def _send(
        self,
        key: str,
        headers: Mapping[str, str],
        *,
        sent: Mapping[str, str] | None = None,
        signer: S3UrlSigner | None = None,
    ) -> httpx.Response:
        """PUT with a URL that signs `headers`. `sent`: the headers to send instead of the signed ones."""
        signed = (signer or self._signer).sign_put(key, headers=headers, expires_in=_HOUR, now=datetime.now(UTC))
        return await self._http.put(signed.url, content=_BODY, headers=dict(signed.headers if sent is None else sent))

    async def _send_part(self, body: bytes) -> httpx.Response:
        """PUT the first part of the first multipart upload."""
        signed = self._signer.sign_part(
            self._parts_key,
            multipart_id=self._multipart_id(0),
            part_number=1,
            headers={},
            expires_in=_HOUR,
            now=datetime.now(UTC),
        )
        return await self._http.put(signed.url, content=body)

    def _multipart_id(self, index: int) -> str:
        if index >= len(self._multipart_ids):
            raise _SickError("not tried: no multipart upload could be created")
        return self._multipart_ids[index]

    def _right(self, *actions: str) -> str:
        of_objects = [action for action in actions if action not in _BUCKET_ACTIONS]
        arn = f"arn:aws:s3:::{self._bucket}"
        statement = {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": f"{arn}/*" if of_objects else arn,
        }
        return f"Allow the action in the policy of these credentials:\n{json.dumps(statement)}"

    def _advice(self, name: str, error: ClientError) -> str | None:
        """Return the advice for an unexpected error of S3."""
        status, code = status_of(error), _code(error)
        if (reason := self._why_nothing_works(code)) is not None and status != _NOT_FOUND:
            return reason[1]
        if status == _FORBIDDEN and name in _ACTIONS:
            return self._right(*_ACTIONS[name])
        return "Use another server: Upwell needs this call." if status in _UNSUPPORTED else None

    async def _clean_up(self) -> Diagnosis | None:
        """Delete all objects of the checks; None if nothing is left."""
        try:
            async with asyncio.timeout(4 * self._timeout_seconds):
                pins, unseen = await self._pins()
                for pin in pins:
                    await self._client.delete_object(Bucket=self._bucket, **pin)
                for multipart_id in self._begun:
                    await self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=self._parts_key, UploadId=multipart_id
                    )
        except _ERRORS as error:
            unseen = _code(error) if isinstance(error, ClientError) else type(error).__name__
        if unseen is None:
            return None
        return Diagnosis(
            check="clean up",
            verdict=Verdict.WARNING,
            detail=f"something may be left under {self._prefix} ({unseen})",
            advice=f"Delete it with other credentials:\naws s3 rm --recursive s3://{self._bucket}/{self._prefix}",
        )

    async def _pins(self) -> tuple[list[Any], str | None]:
        """Return the key and version of everything that exists, and the reason if versions could not be listed."""
        unseen = None
        try:
            found = await self._client.list_object_versions(Bucket=self._bucket, Prefix=self._prefix)
        except ClientError as error:
            unseen = _code(error) if self._pin else None
        else:
            entries = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
            if entries:
                return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in entries], None
        listed = await self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
        return [{"Key": each["Key"]} for each in listed.get("Contents", ())], unseen


_UNREACHED: Final = "Check UPWELL_S3_ENDPOINT_URL, and check for a firewall or a TLS problem in between."
_UNBOUND: Final = "Use another server: with this one, a URL accepts files that were not announced."
# Headers that a URL does not sign by default, and that S3 therefore refuses.
_OWN_HEADERS: Final = {
    "x-amz-acl": "public-read",
    "x-amz-meta-doctor": "1",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "x-amz-tagging": "doctor=1",
    "x-amz-website-redirect-location": "https://example.invalid/",
}
# The same, as fields of a form; S3 also refuses a redirect that the policy does not name.
_OWN_FIELDS: Final = {
    "acl": "public-read",
    "success_action_redirect": "https://example.invalid/",
    **{name: value for name, value in _OWN_HEADERS.items() if name != "x-amz-acl"},
}
# What S3 keeps beside the bytes, whether it is signed or not.
_BROUGHT_ALONG: Final = {
    "Content-Encoding": "gzip",
    "Cache-Control": "public, max-age=99",
    "Content-Disposition": "inline",
    "Content-Language": "fr",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
}
# What IAM calls the right to make each call.
_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "HeadBucket": ("s3:ListBucket",),
    "PutObject by a URL": ("s3:PutObject",),
    "HeadObject": ("s3:GetObject",),
    "GetObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "ListObjectsV2": ("s3:ListBucket",),
    "ListObjectVersions": ("s3:ListBucketVersions",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "UploadPart by a URL": ("s3:PutObject",),
    "ListParts": ("s3:ListMultipartUploadParts",),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "AbortMultipartUpload": ("s3:AbortMultipartUpload",),
    "DeleteObject": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
}
_BUCKET_ACTIONS: Final = frozenset({"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"})


def cors_rules(origin: str) -> dict[str, Any]:
    """Return the CORS configuration with which pages of this origin can send."""
    return {"CORSRules": [cors_rule([origin])]}


def _cors_lacks(preflight: httpx.Response, sent: httpx.Response, origin: str) -> list[str]:
    def names(answer: httpx.Response, header: str) -> set[str]:
        return {name.strip().lower() for name in answer.headers.get(header, "").split(",")}

    missing = []
    if not preflight.is_success:
        missing.append(f"the response to the preflight is {_answered(preflight)}")
    elif not {"*", origin.lower()} & names(preflight, "Access-Control-Allow-Origin"):
        missing.append("the preflight does not allow the origin")
    elif "put" not in names(preflight, "Access-Control-Allow-Methods"):
        missing.append("the preflight does not allow PUT")
    elif "*" not in (allowed := names(preflight, "Access-Control-Allow-Headers")):
        missing += [f"the preflight does not allow {name}" for name in _SIGNED.split(",") if name not in allowed]
    if not {"*", origin.lower()} & names(sent, "Access-Control-Allow-Origin"):
        missing.append("the response to a PUT does not allow the origin")
    if not {"*", "etag"} & names(sent, "Access-Control-Expose-Headers"):
        missing.append("the ETag is not exposed")
    return missing


def _expect_ok(answer: httpx.Response, advice: str, *, verdict: Verdict = Verdict.FAILED) -> None:
    if not answer.is_success:
        raise _SickError(f"answered with {_answered(answer)}", advice, verdict=verdict)


def _expect_refused(answer: httpx.Response, what: str, advice: str, *, verdict: Verdict = Verdict.FAILED) -> str:
    if answer.is_client_error and answer.status_code != _NOT_FOUND:
        return f"{what} is refused with {answer.status_code}"
    raise _SickError(f"{what} is answered with {_answered(answer)}", advice, verdict=verdict)


def _answered(answer: httpx.Response) -> str:
    """Return status and S3's own word for it."""
    word = answer.text.partition("<Code>")[2].partition("</Code>")[0][:50]
    return f"{answer.status_code} {word}".strip()


def _checksum(body: bytes) -> str:
    return b64encode(sha256(body).digest()).decode()


def _code(error: ClientError) -> str:
    code, status = code_of(error), str(status_of(error))
    return status if code in {"", status} else f"{status} {code}"
