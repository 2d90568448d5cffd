"""What a presigned URL allows and refuses, by plain HTTP on a real SeaweedFS: the statuses are the ones seen."""

import asyncio
import hashlib
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from adapters.s3.url_signer import S3UrlSigner
from application.ports.storage.url_signer import SignedRequest
from tests.contract.storage._s3_server import S3Bucket, S3Server, new_bucket, seaweedfs_server

__all__ = ["seaweedfs_server"]  # a fixture

HOUR = timedelta(hours=1)
BODY = b"hello"
CHECKSUM = b64encode(hashlib.sha256(BODY).digest()).decode()
TYPED = {"Content-Type": "image/png"}
SIZED = {**TYPED, "Content-Length": "5"}


@pytest.fixture(scope="session")
def bucket(seaweedfs_server: S3Server) -> S3Bucket:
    return new_bucket(seaweedfs_server, prepared=True)


@pytest.fixture
def signer(bucket: S3Bucket) -> S3UrlSigner:
    return bucket.signer()


@pytest.fixture
async def storage(bucket: S3Bucket) -> AsyncIterator[S3ObjectStorage]:
    async with bucket.storage() as storage:
        yield storage


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


@pytest.fixture
def key() -> str:
    return f"int_1/ns_1/api_buckets_uploads_create/upl_{secrets.token_hex(8)}/holiday.png"


def now() -> datetime:
    return datetime.now(UTC)


def sign(signer: S3UrlSigner, key: str, headers: dict[str, str]) -> SignedRequest:
    return signer.sign_put(key, headers=headers, expires_in=HOUR, now=now())


def code(answer: httpx.Response) -> str:
    """Return status and S3's own word for it."""
    word = answer.text.partition("<Code>")[2].partition("</Code>")[0]
    return f"{answer.status_code} {word}".strip()


async def test_a_put_with_what_was_signed_is_stored(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    signed = sign(signer, key, SIZED)

    answer = await http.put(signed.url, content=BODY, headers=signed.headers)

    assert code(answer) == "200"
    found = await storage.head(key)
    assert found is not None
    assert (found.size_bytes, found.content_type) == (5, "image/png")
    assert found.etag == answer.headers["ETag"].strip('"')


@pytest.mark.parametrize("filename", ["a b+c%20.png", "übung😀.png", "~'()!*;:@&=$,.png", "#?[]^`{|}<>.png"])
async def test_any_filename_may_be_in_the_key(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str, filename: str
) -> None:
    unusual = f"{key}/{filename}"
    signed = sign(signer, unusual, SIZED)

    assert code(await http.put(signed.url, content=BODY, headers=signed.headers)) == "200"
    assert await storage.head(unusual) is not None


def with_other_signature(url: str) -> str:
    return url[:-1] + ("0" if url[-1] != "0" else "1")


def with_other_key(url: str) -> str:
    return url.replace("holiday.png", "holiday.exe")


def with_longer_life(url: str) -> str:
    return url.replace("X-Amz-Expires=3600", "X-Amz-Expires=360000")


def with_later_date(url: str) -> str:
    before, _, after = url.partition("X-Amz-Date=")
    return f"{before}X-Amz-Date={(now() + timedelta(minutes=5)):%Y%m%dT%H%M%SZ}{after[16:]}"


def with_fewer_signed_headers(url: str) -> str:
    return url.replace("content-length%3Bcontent-type%3B", "")


@pytest.mark.parametrize(
    "tamper", [with_other_signature, with_other_key, with_longer_life, with_later_date, with_fewer_signed_headers]
)
async def test_a_url_that_was_tampered_with_is_refused(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str, tamper: Callable[[str], str]
) -> None:
    signed = sign(signer, key, SIZED)
    tampered = tamper(signed.url)
    assert tampered != signed.url

    assert code(await http.put(tampered, content=BODY, headers=SIZED)) == "403 SignatureDoesNotMatch"
    assert await storage.head(key) is None


async def test_a_url_without_its_signature_is_refused(signer: S3UrlSigner, http: httpx.AsyncClient, key: str) -> None:
    signed = sign(signer, key, SIZED)

    unsigned = signed.url.partition("?")[0]

    assert code(await http.put(unsigned, content=BODY, headers=SIZED)) == "403 AccessDenied"


async def test_a_url_of_other_credentials_is_refused(bucket: S3Bucket, http: httpx.AsyncClient, key: str) -> None:
    for access_key_id, word in (
        (bucket.server.access_key_id, "SignatureDoesNotMatch"),
        ("other", "InvalidAccessKeyId"),
    ):
        stranger = S3UrlSigner(
            endpoint_url=bucket.server.endpoint_url,
            bucket=bucket.name,
            region=bucket.server.region,
            addressing="path",
            credentials=Credentials(access_key_id, "guessed"),
        )
        signed = sign(stranger, key, SIZED)

        assert code(await http.put(signed.url, content=BODY, headers=SIZED)) == f"403 {word}"


async def test_an_expired_url_is_refused(signer: S3UrlSigner, http: httpx.AsyncClient, key: str) -> None:
    signed = signer.sign_put(key, headers=SIZED, expires_in=HOUR, now=now() - HOUR - timedelta(seconds=2))

    assert code(await http.put(signed.url, content=BODY, headers=SIZED)) == "403 AccessDenied"


async def test_a_url_works_many_times_until_it_expires(signer: S3UrlSigner, http: httpx.AsyncClient, key: str) -> None:
    signed = signer.sign_put(key, headers=SIZED, expires_in=HOUR, now=now() - HOUR + timedelta(minutes=1))

    for _ in range(3):
        assert code(await http.put(signed.url, content=BODY, headers=SIZED)) == "200"


async def test_another_method_is_refused(signer: S3UrlSigner, http: httpx.AsyncClient, key: str) -> None:
    signed = sign(signer, key, {})

    for method, status in (("GET", 403), ("HEAD", 403), ("DELETE", 403), ("POST", 405)):
        assert (await http.request(method, signed.url)).status_code == status


@pytest.mark.parametrize("headers", [{"Content-Type": "image/gif"}, {"Content-Type": "image/png; x=1"}, {}])
async def test_another_content_type_or_none_is_refused(
    signer: S3UrlSigner, http: httpx.AsyncClient, key: str, headers: dict[str, str]
) -> None:
    signed = sign(signer, key, TYPED)

    assert code(await http.put(signed.url, content=BODY, headers=headers)) == "403 SignatureDoesNotMatch"


@pytest.mark.parametrize("body", [b"hell", b"hello!", b""])
async def test_another_length_is_refused(signer: S3UrlSigner, http: httpx.AsyncClient, key: str, body: bytes) -> None:
    signed = sign(signer, key, SIZED)

    assert code(await http.put(signed.url, content=body, headers=TYPED)) == "403 SignatureDoesNotMatch"


async def test_a_missing_length_is_refused(signer: S3UrlSigner, storage: S3ObjectStorage, key: str) -> None:
    signed = sign(signer, key, SIZED)
    url = httpx.URL(signed.url)
    request = f"PUT {url.raw_path.decode()} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nContent-Type: image/png\r\n\r\n"

    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request.encode() + BODY)
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()

    assert status.startswith(b"HTTP/1.1 403 ")
    assert await storage.head(key) is None


async def chunks() -> AsyncIterator[bytes]:
    yield BODY


async def test_a_chunked_body_is_refused_where_the_length_is_signed_and_taken_where_not(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    sized, unsized = sign(signer, key, SIZED), sign(signer, key, TYPED)

    assert code(await http.put(sized.url, content=chunks(), headers=TYPED)) == "403 SignatureDoesNotMatch"
    assert await storage.head(key) is None
    assert code(await http.put(unsized.url, content=chunks(), headers=TYPED)) == "200"
    found = await storage.head(key)
    assert found is not None
    assert found.size_bytes == 5


async def test_an_empty_file_is_taken_where_the_length_is_not_signed(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    signed = sign(signer, key, TYPED)

    assert code(await http.put(signed.url, content=b"", headers=TYPED)) == "200"
    found = await storage.head(key)
    assert found is not None
    assert found.size_bytes == 0


async def test_a_signed_checksum_lets_no_other_bytes_in(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    signed = sign(signer, key, {**SIZED, "x-amz-checksum-sha256": CHECKSUM})
    other = b64encode(hashlib.sha256(b"jello").digest()).decode()

    assert code(await http.put(signed.url, content=b"jello", headers=signed.headers)) == "400 BadDigest"
    lied = {**SIZED, "x-amz-checksum-sha256": other}
    assert code(await http.put(signed.url, content=b"jello", headers=lied)) == "403 SignatureDoesNotMatch"
    assert code(await http.put(signed.url, content=b"jello", headers=SIZED)) == "403 SignatureDoesNotMatch"
    assert await storage.head(key) is None
    assert code(await http.put(signed.url, content=BODY, headers=signed.headers)) == "200"
    found = await storage.head(key)
    assert found is not None
    assert found.sha256 == hashlib.sha256(BODY).hexdigest()


async def test_a_signed_if_none_match_lets_only_the_first_put_in(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    signed = sign(signer, key, {**SIZED, "If-None-Match": "*"})

    assert code(await http.put(signed.url, content=BODY, headers=SIZED)) == "403 SignatureDoesNotMatch"
    assert code(await http.put(signed.url, content=BODY, headers=signed.headers)) == "200"
    first = await storage.head(key)
    assert code(await http.put(signed.url, content=b"other", headers=signed.headers)) == "412 PreconditionFailed"
    assert await storage.head(key) == first


async def test_a_pinned_get_reads_its_version_for_as_long_as_it_is_there(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    writing = sign(signer, key, SIZED)
    await http.put(writing.url, content=BODY, headers=SIZED)
    first = await storage.head(key)
    assert first is not None
    await http.put(writing.url, content=b"other", headers=SIZED)
    pinned = signer.sign_get(key, expires_in=HOUR, now=now(), version_id=first.version_id)
    latest = signer.sign_get(key, expires_in=HOUR, now=now())

    assert (await http.get(pinned.url)).content == BODY
    assert (await http.get(latest.url)).content == b"other"
    assert code(await http.get(pinned.url.replace(str(first.version_id), "0" * 32))) == "403 SignatureDoesNotMatch"
    await storage.delete(key)
    assert code(await http.get(pinned.url)) == "404 NoSuchVersion"
    assert code(await http.get(latest.url)) == "404 NoSuchKey"


@pytest.mark.parametrize(
    "content_type", ["video/webm;codecs=vp8,opus", "video/webm;", 'video/webm; codecs="vp8, opus"']
)
async def test_a_content_type_is_signed_and_kept_as_it_is(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str, content_type: str
) -> None:
    signed = sign(signer, key, {"Content-Type": content_type})

    assert code(await http.put(signed.url, content=BODY, headers={"Content-Type": content_type})) == "200"
    found = await storage.head(key)
    assert found is not None
    assert found.content_type == content_type


BROUGHT_ALONG = {
    "Content-Encoding": "gzip",
    "Cache-Control": "public, max-age=99",
    "Content-Language": "fr",
    "Content-Disposition": "inline",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
}


@pytest.mark.parametrize("pinned", [True, False])
async def test_unsigned_headers_do_not_appear_in_a_download(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str, *, pinned: bool
) -> None:
    writing = sign(signer, key, TYPED)
    assert code(await http.put(writing.url, content=BODY, headers=TYPED | BROUGHT_ALONG)) == "200"
    found = await storage.head(key)
    assert found is not None
    assert found.content_encoding == "gzip"

    version_id = found.version_id if pinned else None
    reading = signer.sign_get(key, expires_in=HOUR, now=now(), version_id=version_id, download_as="a.png")

    answer = await http.get(reading.url)
    assert answer.content == BODY
    assert {name: answer.headers[name] for name in BROUGHT_ALONG} == {
        "Content-Encoding": "identity",
        "Cache-Control": "no-cache",
        "Content-Language": "und",
        "Content-Disposition": 'attachment; filename="a.png"',
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    }


@pytest.mark.parametrize(
    "header",
    [
        "x-amz-acl: public-read",
        "x-amz-meta-a: b",
        "x-amz-server-side-encryption: AES256",
        "x-amz-storage-class: GLACIER",
        "x-amz-tagging: a=b",
        "x-amz-website-redirect-location: https://example.invalid/",
    ],
)
async def test_headers_of_amazons_own_are_refused_unless_they_are_signed(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str, header: str
) -> None:
    name, _, value = header.partition(": ")

    answer = await http.put(sign(signer, key, TYPED).url, content=BODY, headers=TYPED | {name: value})

    assert code(answer) == "403 SignatureDoesNotMatch"
    assert await storage.head(key) is None


async def test_headers_of_a_part_are_not_those_of_the_object(
    signer: S3UrlSigner, storage: S3ObjectStorage, http: httpx.AsyncClient, key: str
) -> None:
    multipart_id = await storage.begin_multipart(key, content_type="image/png")
    part = signer.sign_part(key, multipart_id=multipart_id, part_number=1, headers={}, expires_in=HOUR, now=now())
    sent = await http.put(part.url, content=BODY, headers=BROUGHT_ALONG | {"Content-Type": "text/html"})
    assert code(sent) == "200"
    await storage.complete_multipart(key, multipart_id, await storage.parts(key, multipart_id) or ())

    answer = await http.get(signer.sign_get(key, expires_in=HOUR, now=now()).url)

    found = await storage.head(key)
    assert found is not None
    assert (found.content_type, found.content_encoding) == ("image/png", None)
    assert answer.headers["Content-Type"] == "image/png"


async def test_a_get_may_ask_for_a_range(signer: S3UrlSigner, http: httpx.AsyncClient, key: str) -> None:
    writing = sign(signer, key, SIZED)
    await http.put(writing.url, content=BODY, headers=SIZED)
    reading = signer.sign_get(key, expires_in=HOUR, now=now())

    answer = await http.get(reading.url, headers={"Range": "bytes=1-2"})

    assert (answer.status_code, answer.content) == (206, b"el")


async def test_a_browser_of_an_allowed_origin_may_put_and_see_the_etag(
    signer: S3UrlSigner, http: httpx.AsyncClient, key: str
) -> None:
    signed = sign(signer, key, SIZED)
    origin = {"Origin": "https://app.example"}
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}

    preflight = await http.options(signed.url, headers=origin | asked)
    answer = await http.put(signed.url, content=BODY, headers=SIZED | origin)

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "etag" in answer.headers["Access-Control-Expose-Headers"].lower()
