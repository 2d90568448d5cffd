"""The answers of servers that fail, refuse, lie or hang; the contract suite tests good servers."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from adapters.s3 import object_storage
from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from application.ports.storage.object_storage import (
    MIN_PART_BYTES,
    ContentChangedError,
    Fetched,
    PartsRefusedError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
    StoredContent,
    StoredPart,
)
from tests.unit.adapters.s3._server import http, refused, storage_on

CONTENT = StoredContent(size_bytes=5, etag="abc")
PARTS = [StoredPart(part_number=number, size_bytes=1, etag=f"e{number}") for number in (1, 2, 3)]
PINNED = StoredContent(size_bytes=5, etag="abc", version_id="v1")


async def read(storage: S3ObjectStorage, content: StoredContent) -> bytes:
    return b"".join([chunk async for chunk in storage.read("k", content)])


CALLS: dict[str, Callable[[S3ObjectStorage], Any]] = {
    "head": lambda storage: storage.head("k"),
    "read": lambda storage: read(storage, PINNED),
    "fetch": lambda storage: storage.fetch("k", limit_bytes=10),
    "delete": lambda storage: storage.delete("k"),
    "begin": lambda storage: storage.begin_multipart("k", content_type="a/b"),
    "parts": lambda storage: storage.parts("k", "m"),
    "complete": lambda storage: storage.complete_multipart("k", "m", PARTS),
    "abort": lambda storage: storage.abort_multipart("k", "m"),
    "abort all": lambda storage: storage.abort_multiparts("k"),
    "list keys": lambda storage: anext(storage.list_objects()),
    "list parts": lambda storage: anext(storage.list_multiparts()),
    "prepare": lambda storage: storage.prepare(cors_origins=["*"]),
    "ping": lambda storage: storage.ping(),
    "try writing": lambda storage: storage.try_writing(),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalError"),
        (502, "BadGateway"),
        (503, "SlowDown"),
        (429, "TooManyRequests"),
        (400, "RequestTimeout"),
        (409, "OperationAborted"),
        (409, "ConditionalRequestConflict"),
    ],
)
async def test_a_server_in_trouble_is_unavailable(
    call: Callable[[S3ObjectStorage], Any], status: int, code: str
) -> None:
    def answer(method: str, _path: str, _query: dict[str, str]) -> bytes:
        # A HEAD has no body, so that a 4xx there cannot say that it means "later".
        return http(503) if method == "HEAD" else refused(status, code)

    async with storage_on(answer) as (storage, _):
        with pytest.raises(StorageUnavailableError) as error:
            await call(storage)

    assert error.value.__cause__ is not None


@every_call
async def test_a_server_that_is_not_there_is_unavailable(call: Callable[[S3ObjectStorage], Any]) -> None:
    async with storage_on(lambda *_: None) as (other, _):
        endpoint_url = other._client.meta.endpoint_url
    async with S3ObjectStorage(
        endpoint_url=endpoint_url,
        bucket="upwell",
        region="eu-central-1",
        addressing="path",
        credentials=Credentials("AKID", "secret"),
        max_attempts=1,
    ) as storage:
        with pytest.raises(StorageUnavailableError) as error:
            await call(storage)

    assert error.value.__cause__ is not None


@every_call
@pytest.mark.parametrize(
    "answer",
    [None, b"", b"nonsense\r\n\r\n", http(502, b"<html>"), http(504)],
    ids=["hangs", "hangs up", "nonsense", "bad gateway", "gateway timeout"],
)
async def test_a_server_that_does_not_speak_is_unavailable(
    call: Callable[[S3ObjectStorage], Any], answer: bytes | None
) -> None:
    async with storage_on(lambda *_: answer, read_timeout_seconds=0.1) as (storage, _):
        with pytest.raises(StorageUnavailableError) as error:
            await call(storage)

    assert error.value.__cause__ is not None


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "abc"])
async def test_an_etag_that_a_proxy_made_weak_is_the_same(etag: str) -> None:
    async with storage_on(lambda *_: http(200, b"hello", ETag=etag)) as (storage, _):
        fetched = await storage.fetch("k", limit_bytes=10)
        looked_at = await storage.head("k")
        assert await read(storage, CONTENT) == b"hello"

    assert fetched == Fetched(content=CONTENT, body=b"hello")
    assert looked_at == CONTENT


async def test_a_length_that_is_no_number_is_unavailable() -> None:
    answer = http(200, Content_Length="5 bytes", ETag='"abc"')
    async with storage_on(lambda *_: answer) as (storage, _):
        for call in (storage.head("k"), storage.fetch("k", limit_bytes=10)):
            with pytest.raises(StorageUnavailableError):
                await call


@pytest.mark.parametrize("name", ["head", "read", "fetch", "begin", "parts", "ping"])
@pytest.mark.parametrize("silent_from", [0, 1], ids=["silent", "silent after an error"])
async def test_a_request_waits_for_a_silent_server_for_one_period_of_all_attempts(name: str, silent_from: int) -> None:
    def answer(*_: object) -> bytes | None:
        return None if len(server.asked) > silent_from else http(503)

    async with asyncio.timeout(5), storage_on(answer, answer_seconds=0.1, max_attempts=3) as (storage, server):
        with pytest.raises(StorageUnavailableError) as error:
            await CALLS[name](storage)

    assert isinstance(error.value.__cause__, TimeoutError)


@every_call
@pytest.mark.parametrize(
    ("status", "code"), [(403, "SignatureDoesNotMatch"), (403, "InvalidAccessKeyId"), (400, "ExpiredToken")]
)
async def test_refused_credentials_are_the_operators_business(
    call: Callable[[S3ObjectStorage], Any], status: int, code: str
) -> None:
    async with storage_on(lambda *_: refused(status, code)) as (storage, _):
        with pytest.raises(StorageDeniedError):
            await call(storage)


@pytest.mark.parametrize("call", [call for name, call in CALLS.items() if name not in {"prepare", "ping"}])
async def test_a_missing_bucket_is_the_operators_business(call: Callable[[S3ObjectStorage], Any]) -> None:
    async with storage_on(lambda *_: refused(404, "NoSuchBucket")) as (storage, _):
        with pytest.raises(StorageDeniedError):
            await call(storage)


@pytest.mark.parametrize("name", ["ping", "head", "fetch", "read"])
async def test_a_404_without_a_reason_is_no_missing_object_if_the_bucket_is_missing(name: str) -> None:
    async with storage_on(lambda *_: http(404)) as (storage, _):
        with pytest.raises(StorageDeniedError):
            await CALLS[name](storage)


async def test_a_key_with_the_name_of_an_error_does_not_hide_that_the_bucket_is_missing() -> None:
    document = b"<Error><Code>NoSuchBucket</Code><Resource>/upwell/NoSuchKey.txt</Resource></Error>"
    async with storage_on(lambda *_: http(404, document)) as (storage, _):
        with pytest.raises(StorageDeniedError):
            await storage.fetch("NoSuchKey.txt", limit_bytes=10)


async def test_a_404_without_a_reason_is_a_missing_object_if_the_bucket_is_there() -> None:
    def answer(_method: str, path: str, _query: dict[str, str]) -> bytes:
        return http(200) if path == "/upwell" else http(404)

    async with storage_on(answer) as (storage, server):
        assert await storage.fetch("k", limit_bytes=10) is None
        server.asked.clear()
        assert await storage.head("k") is None
        assert [(method, path) for method, path, _ in server.asked] == [("HEAD", "/upwell/k"), ("HEAD", "/upwell")]
        with pytest.raises(ContentChangedError):
            await read(storage, CONTENT)


async def test_storage_that_does_not_answer_for_its_bucket_is_no_missing_object() -> None:
    def answer(_method: str, path: str, _query: dict[str, str]) -> bytes:
        return http(503) if path == "/upwell" else http(404)

    async with storage_on(answer) as (storage, _):
        with pytest.raises(StorageUnavailableError):
            await storage.head("k")


@pytest.mark.parametrize("call", [CALLS[name] for name in ("head", "read", "delete", "begin", "parts", "complete")])
async def test_an_answer_that_is_not_s3s_is_unavailable(call: Callable[[S3ObjectStorage], Any]) -> None:
    async with storage_on(lambda *_: http(200, b"<html>Welcome</html>")) as (storage, _):
        with pytest.raises(StorageUnavailableError):
            await call(storage)


async def test_a_short_outage_is_not_seen() -> None:
    answers = [http(503), http(200, Content_Length="5", ETag='"abc"')]

    async with storage_on(lambda *_: answers.pop(0), max_attempts=2) as (storage, _):
        assert await storage.head("k") == CONTENT


async def test_the_version_null_means_no_version() -> None:
    answer = http(200, Content_Length="5", ETag='"abc"', x_amz_version_id="null")

    async with storage_on(lambda *_: answer) as (storage, server):
        assert await storage.head("k") == CONTENT
        [(method, path, _)] = server.asked
        assert (method, path) == ("HEAD", "/upwell/k")


SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (CONTENT, refused(412, "PreconditionFailed")),
        (CONTENT, refused(404, "NoSuchKey")),
        (PINNED, refused(404, "NoSuchVersion")),
        (PINNED, refused(405, "MethodNotAllowed")),
        (CONTENT, http(200, b"other", ETag='"other"')),
        (CONTENT, http(200, b"longer", ETag='"abc"')),
    ],
    ids=["412", "no key", "no version", "delete marker", "If-Match ignored", "another size"],
)
async def test_a_read_gives_the_bytes_that_were_described_or_none(content: StoredContent, answer: bytes) -> None:
    chunks = []

    async with storage_on(lambda *_: answer) as (storage, _):
        with pytest.raises(ContentChangedError):
            chunks += [chunk async for chunk in storage.read("k", content)]

    assert chunks == []


@pytest.mark.parametrize("sent", [b"hel", b""])
async def test_a_stream_that_breaks_is_unavailable(sent: bytes) -> None:
    answer = http(200, sent, Content_Length="5", ETag='"abc"')

    async with storage_on(lambda *_: answer) as (storage, _):
        with pytest.raises(StorageUnavailableError):
            await read(storage, CONTENT)


@pytest.mark.parametrize("status", [200, 206], ids=["Range ignored", "Range kept"])
async def test_a_read_of_the_first_bytes_returns_no_more_even_if_more_arrives(status: int) -> None:
    answer = http(status, b"he" if status == 206 else b"hello", ETag='"abc"')

    async with storage_on(lambda *_: answer) as (storage, _):
        assert [chunk async for chunk in storage.read("k", CONTENT, first_bytes=2)] == [b"he"]


async def test_a_read_of_the_first_bytes_that_breaks_is_unavailable() -> None:
    answer = http(206, b"h", Content_Length="2", ETag='"abc"')

    async with storage_on(lambda *_: answer) as (storage, _):
        with pytest.raises(StorageUnavailableError):
            _ = [chunk async for chunk in storage.read("k", CONTENT, first_bytes=2)]


def part(body: bytes, start: int, end: int, **headers: str) -> bytes:
    """Answer a request for a range."""
    return http(206, body[start:end], **{"ETag": '"abc"', "Content_Range": f"bytes {start}-{end - 1}/5", **headers})


async def test_a_long_object_is_read_in_pinned_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "RANGE_BYTES", 2)
    answers = [part(b"hello", 0, 2), part(b"hello", 2, 4), part(b"hello", 4, 5)]

    async with storage_on(lambda *_: answers.pop(0)) as (storage, server):
        assert await read(storage, CONTENT) == b"hello"

    assert [headers["range"] for headers, _ in server.sent] == ["bytes=0-1", "bytes=2-3", "bytes=4-4"]
    assert [headers["if-match"] for headers, _ in server.sent] == ['"abc"'] * 3


async def test_a_server_that_ignores_ranges_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "RANGE_BYTES", 2)

    async with storage_on(lambda *_: http(200, b"hello", ETag='"abc"')) as (storage, server):
        assert await read(storage, CONTENT) == b"hello"

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (part(b"hello", 2, 4, ETag='"other"'), ContentChangedError),
        (refused(412, "PreconditionFailed"), ContentChangedError),
        (http(200, b"hello", ETag='"abc"'), StorageUnavailableError),
        (part(b"hello", 0, 2), StorageUnavailableError),
        (part(b"hello", 2, 3, Content_Length="2", Content_Range="bytes 2-3/5"), StorageUnavailableError),
    ],
    ids=["other bytes", "412", "all bytes", "another range", "broken"],
)
async def test_a_later_range_is_the_next_one_of_the_same_bytes_or_an_error(
    monkeypatch: pytest.MonkeyPatch, second: bytes, error: type[StorageError]
) -> None:
    monkeypatch.setattr(object_storage, "RANGE_BYTES", 2)
    answers = [part(b"hello", 0, 2), second]

    async with storage_on(lambda *_: answers.pop(0)) as (storage, _):
        with pytest.raises(error):
            await read(storage, CONTENT)


def versions(*found: str, markers: tuple[str, ...] = (), truncated: bool = False) -> bytes:
    """Answer a listing; each version is `key:id`."""

    def entries(tag: str, names: tuple[str, ...]) -> str:
        return "".join(
            f"<{tag}><Key>{name.split(':')[0]}</Key><VersionId>{name.split(':')[1]}</VersionId></{tag}>"
            for name in names
        )

    return http(
        200,
        f"<ListVersionsResult><IsTruncated>{str(truncated).lower()}</IsTruncated>"
        f"{entries('Version', found)}{entries('DeleteMarker', markers)}</ListVersionsResult>".encode(),
    )


async def deleted_by(answers: list[bytes]) -> list[str | None]:
    def answer(method: str, _path: str, _query: dict[str, str]) -> bytes:
        return http(204) if method == "DELETE" else answers.pop(0)

    async with storage_on(answer) as (storage, server):
        await storage.delete("k")
    assert answers == []
    return [query.get("versionId") for method, path, query in server.asked if (method, path) == ("DELETE", "/upwell/k")]


async def test_every_version_and_delete_marker_is_deleted_page_by_page() -> None:
    deleted = await deleted_by(
        [
            versions("k:1", "k:2", markers=("k:3",), truncated=True),
            versions("k:null", "k2:8", markers=("kk:9",), truncated=True),
            versions("k2:8", markers=("kk:9",), truncated=True),
            http(404),
        ]
    )

    assert deleted == ["1", "2", "3", "null"]


async def test_a_server_without_versions_deletes_by_key() -> None:
    unlisted, there, bucket = refused(501, "NotImplemented"), http(200, Content_Length="5", ETag='"abc"'), http(200)

    assert await deleted_by([unlisted, there, unlisted, http(404), bucket]) == [None]


async def test_what_the_list_misses_is_deleted_by_what_head_finds() -> None:
    there = http(200, Content_Length="5", ETag='"abc"', x_amz_version_id="7")

    assert await deleted_by([versions(), there, versions(), http(404)]) == ["7"]


async def test_a_deletion_that_does_not_help_is_not_called_done() -> None:
    with pytest.raises(StorageUnavailableError, match="still exists"):
        await deleted_by([versions("k:1"), versions("k:1")])


def listed(*found: str, following: int | None = None) -> bytes:
    """Answer a listing of parts; each part is `number:size:etag:seconds`; a next page follows part `following`."""
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><Size>{size}</Size><ETag>&quot;{etag}&quot;</ETag>"
        f"<LastModified>2026-01-02T03:04:{seconds}.000Z</LastModified></Part>"
        for number, size, etag, seconds in (part.split(":") for part in found)
    )
    marker = "" if following is None else f"<NextPartNumberMarker>{following}</NextPartNumberMarker>"
    truncated = str(following is not None).lower()
    body = f"<ListPartsResult><IsTruncated>{truncated}</IsTruncated>{marker}{parts}</ListPartsResult>"
    return http(200, body.encode())


COMPLETED = http(200, b"<CompleteMultipartUploadResult><ETag>&quot;e-3&quot;</ETag></CompleteMultipartUploadResult>")
FAILED = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'
STORED = listed(f"1:{MIN_PART_BYTES}:e1:01", f"2:{MIN_PART_BYTES}:e2:01", "3:1:e3:01")


async def test_parts_are_listed_page_by_page() -> None:
    pages = [listed("1:5:e1:01", "2:6:e2:01", following=2), listed("3:7:e3:01", following=3), listed()]

    async with storage_on(lambda *_: pages.pop(0)) as (storage, server):
        found = await storage.parts("k", "m")

    assert found == [StoredPart(part_number=n, size_bytes=n + 4, etag=f"e{n}") for n in (1, 2, 3)]
    assert [query.get("part-number-marker") for *_, query in server.asked] == ["0", "2", "3"]


async def test_of_a_part_that_is_listed_twice_the_last_one_counts() -> None:
    answer = listed("1:5:new:02", "1:5:old:01", "2:5:old:01", "2:5:newer:03", "2:5:new:02")

    async with storage_on(lambda *_: answer) as (storage, _):
        found = await storage.parts("k", "m")

    assert found is not None
    assert [(part.part_number, part.etag) for part in found] == [(1, "new"), (2, "newer")]


async def test_a_list_of_parts_that_breaks_off_is_not_taken_for_all_of_them() -> None:
    page = listed("1:5:e1:01", following=1)

    for answer in (page, page.replace(b"NextPartNumberMarker", b"NoPartNumberMarkers")):
        async with storage_on(lambda *_, answer=answer: answer) as (storage, _):
            with pytest.raises(StorageUnavailableError):
                await storage.parts("k", "m")


async def test_an_upload_that_ends_while_its_parts_are_listed_is_gone() -> None:
    pages = [listed("1:5:e1:01", following=1), refused(404, "NoSuchUpload")]

    async with storage_on(lambda *_: pages.pop(0)) as (storage, _):
        assert await storage.parts("k", "m") is None


async def test_an_upload_that_is_not_there_is_no_error() -> None:
    async with storage_on(lambda *_: refused(404, "NoSuchUpload")) as (storage, _):
        assert await storage.parts("k", "m") is None
        assert await storage.complete_multipart("k", "m", PARTS) is False
        await storage.abort_multipart("k", "m")


@pytest.mark.parametrize(
    "body",
    [FAILED, DECLARED + FAILED, DECLARED + b"  \n  " + FAILED, b"", b"   ", DECLARED, DECLARED + b"<CompleteMulti"],
    ids=["error", "declared", "late", "empty", "white space", "declaration", "broken off"],
)
async def test_a_completion_that_says_200_with_an_error_in_its_body_is_unavailable(body: bytes) -> None:
    async with storage_on(lambda *_: http(200, body)) as (storage, server):
        with pytest.raises(StorageUnavailableError):
            await storage.complete_multipart("k", "m", PARTS)

    assert [method for method, *_ in server.asked] == ["POST"]


@pytest.mark.parametrize("first", [http(200, FAILED), http(503), b""], ids=["200 with an error", "503", "hangs up"])
@pytest.mark.parametrize(
    ("second", "completed"), [(COMPLETED, True), (refused(404, "NoSuchUpload"), False)], ids=["completes", "is gone"]
)
async def test_a_completion_is_tried_again(first: bytes, second: bytes, completed: bool) -> None:
    answers = [first, second]

    async with storage_on(lambda *_: answers.pop(0), max_attempts=2) as (storage, _):
        assert await storage.complete_multipart("k", "m", PARTS) is completed

    assert answers == []


BEGUN = http(200, b"<InitiateMultipartUploadResult><UploadId>m</UploadId></InitiateMultipartUploadResult>")
DIGEST = hashlib.sha256(b"hello")


def checked_listing(*checksums: str) -> bytes:
    """Return parts as S3 lists those of an upload that was begun with an algorithm."""
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><Size>5</Size><ETag>&quot;e{number}&quot;</ETag>"
        f"<LastModified>2026-01-02T03:04:05.000Z</LastModified><ChecksumSHA256>{checksum}</ChecksumSHA256></Part>"
        for number, checksum in enumerate(checksums, 1)
    )
    body = (
        f"<ListPartsResult><IsTruncated>false</IsTruncated><ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
        f"<ChecksumType>COMPOSITE</ChecksumType>{parts}</ListPartsResult>"
    )
    return http(200, body.encode())


async def test_where_checksums_are_listed_an_upload_is_begun_and_completed_with_them() -> None:
    checksum = b64encode(DIGEST.digest()).decode()
    answers = [BEGUN, checked_listing(), BEGUN, checked_listing(checksum), COMPLETED]

    async with storage_on(lambda *_: answers.pop(0)) as (storage, server):
        for _ in range(2):  # the behaviour of the server is checked once
            assert await storage.begin_multipart("k", content_type="a/b", checked=True) == "m"
        parts = await storage.parts("k", "m")
        assert parts == [StoredPart(part_number=1, size_bytes=5, etag="e1", sha256=DIGEST.hexdigest())]
        assert await storage.complete_multipart("k", "m", parts, only_new=True)

    assert [method for method, *_ in server.asked] == ["POST", "GET", "POST", "GET", "POST"]
    for headers, _ in (server.sent[0], server.sent[2]):
        assert headers["x-amz-checksum-algorithm"] == "SHA256"
        assert headers["x-amz-checksum-type"] == "COMPOSITE"
    headers, body = server.sent[4]
    assert headers["if-none-match"] == "*"
    assert f"<ChecksumSHA256>{checksum}</ChecksumSHA256>" in body


async def test_where_no_checksums_are_listed_an_upload_is_begun_without() -> None:
    answers = [BEGUN, listed(), http(204), BEGUN, BEGUN]

    async with storage_on(lambda *_: answers.pop(0)) as (storage, server):
        for _ in range(2):
            assert await storage.begin_multipart("k", content_type="a/b", checked=True) == "m"

    assert [method for method, *_ in server.asked] == ["POST", "GET", "DELETE", "POST", "POST"]
    for headers, _ in server.sent[3:]:
        assert "x-amz-checksum-algorithm" not in headers


async def test_parts_without_checksums_are_completed_without_and_unconditionally() -> None:
    async with storage_on(lambda *_: COMPLETED) as (storage, server):
        assert await storage.complete_multipart("k", "m", PARTS)

    ((headers, body),) = server.sent
    assert "if-none-match" not in headers
    assert "Checksum" not in body


@pytest.mark.parametrize(
    "answer",
    [refused(412, "PreconditionFailed"), refused(200, "PreconditionFailed"), http(412)],
    ids=["412", "200 with an error", "no body"],
)
async def test_a_completion_that_would_replace_an_object_does_not_complete(answer: bytes) -> None:
    async with storage_on(lambda *_: answer) as (storage, _):
        assert await storage.complete_multipart("k", "m", PARTS, only_new=True) is False


async def complete(refusal: bytes, listing: bytes) -> bool:
    async with storage_on(lambda method, *_: listing if method == "GET" else refusal) as (storage, _):
        return await storage.complete_multipart("k", "m", PARTS)


@pytest.mark.parametrize(
    ("code", "listing", "missing", "too_small"),
    [
        ("InvalidPart", listed(f"1:{MIN_PART_BYTES}:e1:01"), (2, 3), ()),
        ("InvalidPart", listed("1:1:e1:01", "2:1:other:01", "3:1:e3:01", "4:1:e4:01"), (2,), ()),
        ("InvalidPartOrder", listed("2:1:e2:01"), (1, 3), ()),
        ("MalformedXML", listed(), (1, 2, 3), ()),
        ("InvalidArgument", listed("1:1:e1:01", "2:1:e2:01"), (3,), ()),
        ("EntityTooSmall", listed(f"1:{MIN_PART_BYTES - 1}:e1:01", "2:0:e2:01", "3:1:e3:01"), (), (1, 2)),
        ("EntityTooSmall", listed(f"1:{MIN_PART_BYTES}:e1:01", "2:1:e2:01"), (3,), (2,)),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_parts_that_are_refused_are_found_in_the_list(
    *, status: int, code: str, listing: bytes, missing: tuple[int, ...], too_small: tuple[int, ...]
) -> None:
    with pytest.raises(PartsRefusedError) as error:
        await complete(refused(status, code), listing)

    assert (error.value.missing, error.value.too_small) == (missing, too_small)
    assert error.value.__cause__ is not None


@pytest.mark.parametrize("code", ["InvalidPart", "EntityTooSmall"])
async def test_a_refusal_that_the_list_does_not_explain_is_worth_another_try(code: str) -> None:
    with pytest.raises(StorageUnavailableError):
        await complete(refused(400, code), STORED)
    with pytest.raises(StorageUnavailableError):
        await complete(refused(400, code), refused(503, "SlowDown"))


async def test_an_upload_that_is_gone_after_a_refusal_is_not_there() -> None:
    assert await complete(refused(400, "InvalidPart"), refused(404, "NoSuchUpload")) is False


async def test_another_refusal_of_a_completion_is_the_operators_business() -> None:
    with pytest.raises(StorageDeniedError):
        await complete(refused(403, "AccessDenied"), STORED)


@pytest.mark.parametrize("call", [CALLS["head"], CALLS["read"], CALLS["delete"]], ids=["head", "read", "delete"])
async def test_a_cancelled_call_gives_its_connection_back(call: Callable[[S3ObjectStorage], Any]) -> None:
    answers: list[bytes | None] = [None, http(200, Content_Length="5", ETag='"abc"')]

    async with storage_on(lambda *_: answers.pop(0), max_connections=1) as (storage, server):
        task = asyncio.ensure_future(call(storage))
        await server.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async with asyncio.timeout(5):
            assert await storage.head("k") == CONTENT


async def test_a_read_cancelled_between_chunks_gives_its_connection_back() -> None:
    big = StoredContent(size_bytes=1 << 30, etag="abc")
    begun = http(200, bytes(1 << 16), Content_Length=str(1 << 30), ETag='"abc"')

    async with storage_on(
        lambda method, *_: http(200, ETag='"abc"') if method == "HEAD" else begun, max_connections=1
    ) as (
        storage,
        _,
    ):
        got_some = asyncio.Event()

        async def consume() -> None:
            async for _ in storage.read("k", big):
                got_some.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(consume())
        await got_some.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async with asyncio.timeout(5):
            assert await storage.head("k") is not None


def test_every_error_is_one_of_the_ports() -> None:
    assert {ContentChangedError, StorageDeniedError, StorageUnavailableError} == set(StorageError.__subclasses__())


async def test_trying_to_write_leaves_no_version_behind() -> None:
    def answer(method: str, _path: str, _query: dict[str, str]) -> bytes:
        return http(200, ETag='"e"', x_amz_version_id="v7") if method == "PUT" else http(204)

    async with storage_on(answer) as (storage, server):
        await storage.try_writing()
    put, deleted = server.asked
    assert put[:2] == ("PUT", "/upwell/upwell-readiness")
    assert deleted[:2] == ("DELETE", "/upwell/upwell-readiness")
    assert deleted[2]["versionId"] == "v7"


async def test_storage_that_takes_bytes_but_lets_us_delete_none_takes_bytes() -> None:
    async with storage_on(lambda method, *_: http(200) if method == "PUT" else refused(403, "AccessDenied")) as (
        storage,
        _,
    ):
        await storage.try_writing()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refused(400, "ExpiredToken"), StorageDeniedError, "ExpiredToken"),
        (refused(403, "InvalidAccessKeyId"), StorageDeniedError, "InvalidAccessKeyId"),
        (refused(403, "AccessDenied"), StorageDeniedError, "AccessDenied"),
        (refused(500, "InternalError"), StorageUnavailableError, "InternalError"),  # SeaweedFS with a full disk
        (refused(507, "XMinioStorageFull"), StorageUnavailableError, "XMinioStorageFull"),
    ],
    ids=["expired", "unknown key", "no right", "full", "full, MinIO"],
)
async def test_storage_that_accepts_no_bytes_gives_the_reason(answer: bytes, kind: type[Exception], words: str) -> None:
    def only_reads(method: str, _path: str, _query: dict[str, str]) -> bytes:
        return answer if method == "PUT" else http(200)

    async with storage_on(only_reads) as (storage, _):
        await storage.ping()
        with pytest.raises(kind, match=words):
            await storage.try_writing()


async def test_a_look_is_one_request_whose_url_is_signed_here() -> None:
    async with storage_on(lambda *_: http(200, b"12345", ETag='"abc"')) as (storage, server):
        found = await storage.head("k")
        assert found is not None
        assert (found.size_bytes, found.etag) == (5, "abc")
        assert [method for method, _, _ in server.asked] == ["HEAD"]
        [(sent, _)] = server.sent
        assert "authorization" not in sent
        assert sent["x-amz-checksum-mode"] == "ENABLED"
        assert sent["user-agent"].startswith("upwell/")


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_where_a_signed_url_is_not_answered_a_signed_header_may_be(status: int) -> None:
    answers = [http(status), http(200, b"12345", ETag='"abc"')]
    async with storage_on(lambda *_: answers.pop(0)) as (storage, server):
        found = await storage.head("k")
        assert found is not None
        assert found.etag == "abc"
        assert ["authorization" in sent for sent, _ in server.sent] == [False, True]
