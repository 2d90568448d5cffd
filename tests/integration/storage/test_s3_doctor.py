"""The doctor of a bucket: on a sound one, and on each way in which one may be wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest

from adapters.s3.doctor import Diagnosis, S3Doctor, Verdict
from adapters.s3.sigv4 import Credentials
from tests.conftest import free_port
from tests.contract.storage._s3_server import S3Bucket, S3Server, moto_server, new_bucket, seaweedfs_server
from tests.listening import listening

__all__ = ["moto_server", "seaweedfs_server"]  # fixtures

BOUND = {
    "signatures are checked",
    "the content type is bound",
    "the length is bound",
    "an expired URL is refused",
}
ORIGIN = "https://app.example"  # that a prepared bucket of the tests allows
Change = Callable[[bytes], bytes]
Deny = Callable[[str], bool]


@pytest.fixture(scope="session")
def bucket(seaweedfs_server: S3Server) -> S3Bucket:
    return new_bucket(seaweedfs_server, prepared=True)


@pytest.fixture(scope="session")
def bare(seaweedfs_server: S3Server) -> S3Bucket:
    return new_bucket(seaweedfs_server, prepared=False)


@pytest.fixture(scope="session")
def moto_bucket(moto_server: S3Server) -> S3Bucket:
    return new_bucket(moto_server, prepared=True)


def doctor(
    bucket: S3Bucket,
    *,
    endpoint_url: str | None = None,
    public_endpoint_url: str | None = None,
    name: str | None = None,
    credentials: Credentials | None = None,
    origin: str | None = ORIGIN,
    timeout_seconds: float = 15,
) -> S3Doctor:
    endpoint = endpoint_url or bucket.server.endpoint_url
    return S3Doctor(
        endpoint_url=endpoint,
        public_endpoint_url=public_endpoint_url or endpoint,
        bucket=name or bucket.name,
        region=bucket.server.region,
        addressing="path",
        credentials=credentials or bucket.credentials,
        origin=origin,
        timeout_seconds=timeout_seconds,
    )


async def examine(examiner: S3Doctor) -> dict[str, Diagnosis]:
    async with aclosing(examiner.examine()) as diagnoses:
        return {found.check: found async for found in diagnoses}


def wrong(found: dict[str, Diagnosis], verdict: Verdict) -> set[str]:
    return {name for name, diagnosis in found.items() if diagnosis.verdict is verdict}


async def left(bucket: S3Bucket) -> list[str]:
    async with bucket.storage() as storage:
        versions = await storage._client.list_object_versions(Bucket=bucket.name, Prefix="upwell-doctor/")
        parts = [each.key async for page in storage.list_multiparts() for each in page]
    return [each["Key"] for each in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ()))] + parts


@asynccontextmanager
async def between(
    server: S3Server,
    *,
    change: Change = lambda head: head,
    deny: Deny = lambda _: False,
    denial: tuple[str, str] = ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>"),
) -> AsyncIterator[str]:
    """Yield the URL of a proxy. `change`: of each answer's head; `deny`: by method, path and query."""
    upstream = urlsplit(server.endpoint_url)
    status, text = denial

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0)
            body = await reader.readexactly(length)
            if deny(" ".join(lines[0].decode().split(" ")[:2])):
                refusal = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
                writer.write((refusal + ("" if lines[0].startswith(b"HEAD") else text)).encode())
            else:
                sent = [line for line in lines[:-2] if not line.lower().startswith(b"connection:")]
                from_server, to_server = await asyncio.open_connection(upstream.hostname, upstream.port)
                try:
                    to_server.write(b"\r\n".join([*sent, b"Connection: close", b"", b""]) + body)
                    answer, _, content = (await from_server.read()).partition(b"\r\n\r\n")
                finally:
                    to_server.transport.abort()
                writer.write(change(answer) + b"\r\n\r\n" + content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


def clock_off_by(skew: timedelta) -> Change:
    def change(head: bytes) -> bytes:
        date = format_datetime(datetime.now(UTC) + skew, usegmt=True).encode()
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
        return b"\r\n".join([*lines, b"Date: " + date])

    return change


def without_cors(head: bytes) -> bytes:
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"access-control-"))


async def test_a_sound_bucket_is_sound_and_left_as_it_was(bucket: S3Bucket) -> None:
    found = await examine(doctor(bucket))

    assert {name: each.detail for name, each in found.items() if each.verdict is not Verdict.OK} == {}
    assert len(found) == 32
    assert await left(bucket) == []


async def test_an_unprepared_bucket_gets_advice(bare: S3Bucket) -> None:
    found = await examine(doctor(bare, origin=None))

    assert wrong(found, Verdict.FAILED) == set()
    assert wrong(found, Verdict.WARNING) == {"versioning", "lifecycle"}
    assert "put-bucket-versioning" in (found["versioning"].advice or "")
    assert '"NoncurrentVersionExpiration"' in (found["lifecycle"].advice or "")
    assert await left(bare) == []


async def test_origins_that_may_not_send_are_reported(bucket: S3Bucket) -> None:
    found = await examine(doctor(bucket, origin="https://other.example"))

    assert wrong(found, Verdict.FAILED) == {"CORS"}
    assert '"AllowedOrigins": ["https://other.example"]' in (found["CORS"].advice or "")
    hint = await examine(doctor(bucket, origin=None))
    assert (wrong(hint, Verdict.FAILED), wrong(hint, Verdict.WARNING)) == (set(), {"CORS"})


async def test_a_server_that_checks_no_signatures_is_found_out(moto_bucket: S3Bucket) -> None:
    found = await examine(doctor(moto_bucket))

    assert wrong(found, Verdict.FAILED) == {*BOUND, "a form is bound"}
    assert wrong(found, Verdict.WARNING) == {
        "checksums are checked",
        "headers of Amazon's own are bound",
        "a form sets nothing else",
    }
    assert await left(moto_bucket) == []


@pytest.mark.parametrize("status", ["405 Method Not Allowed", "501 Not Implemented"])
async def test_a_server_without_forms_is_a_warning(bucket: S3Bucket, status: str) -> None:
    denial = (status, "<Error><Code>NotImplemented</Code></Error>")
    form = f"POST /{bucket.name}"
    async with between(bucket.server, deny=lambda asked: asked == form, denial=denial) as url:
        found = await examine(doctor(bucket, public_endpoint_url=url))

    assert wrong(found, Verdict.FAILED) == set()
    assert wrong(found, Verdict.WARNING) == {"POST by a form", "a form is bound", "a form sets nothing else"}
    assert found["POST by a form"].detail == f"{status[:3]} NotImplemented: the server has no POST of forms"
    assert "PUT instead" in (found["POST by a form"].advice or "")


async def test_forms_that_are_refused_are_a_warning(bucket: S3Bucket) -> None:
    form = f"POST /{bucket.name}"
    async with between(bucket.server, deny=lambda asked: asked == form) as url:
        found = await examine(doctor(bucket, public_endpoint_url=url))

    assert wrong(found, Verdict.WARNING) == {"POST by a form", "a form is bound", "a form sets nothing else"}
    assert found["a form is bound"].detail == "not tried: no form works"


@pytest.mark.parametrize("access_key_id", [None, "AKIDUNKNOWN"])
async def test_wrong_credentials_are_one_sentence_without_the_secret(
    bucket: S3Bucket, access_key_id: str | None
) -> None:
    secret = "a-secret-that-must-not-appear"
    credentials = Credentials(access_key_id or bucket.server.access_key_id, secret, "a-session-token")

    *before, last = (await examine(doctor(bucket, credentials=credentials))).values()

    assert [each.verdict for each in before] == [Verdict.OK, Verdict.OK]
    assert (last.check, last.verdict) == ("HeadBucket", Verdict.FAILED)
    assert last.detail.startswith("storage refuses the credentials (403 ")
    assert "UPWELL_S3_SECRET_ACCESS_KEY" in (last.advice or "")
    report = str([*before, last])
    assert secret not in report
    assert "a-session-token" not in report
    assert "X-Amz-Signature" not in report


@pytest.mark.parametrize(
    ("region", "more"),
    [("us-east-1", ""), ("eu-central-1", " --create-bucket-configuration LocationConstraint=eu-central-1")],
)
async def test_a_bucket_that_is_not_there_is_one_sentence(bucket: S3Bucket, region: str, more: str) -> None:
    server = bucket.server._replace(region=region)

    *before, last = (await examine(doctor(S3Bucket(server, "nowhere")))).values()

    assert [each.verdict for each in before] == [Verdict.OK, Verdict.OK]
    assert (last.check, last.verdict) == ("HeadBucket", Verdict.FAILED)
    assert last.detail == "the bucket nowhere does not exist (404 NoSuchBucket)"
    assert "UPWELL_S3_BUCKET" in (last.advice or "")
    assert (last.advice or "").endswith(f"create-bucket --bucket nowhere --region {region}{more}")


@pytest.mark.parametrize(
    ("denial", "detail", "setting"),
    [
        (
            ("400 Bad Request", "<Error><Code>AuthorizationHeaderMalformed</Code></Error>"),
            "is not in the region us-east-1 (400 AuthorizationHeaderMalformed)",
            "UPWELL_S3_REGION",
        ),
        (
            ("400 Bad Request", "<Error><Code>ExpiredToken</Code></Error>"),
            "storage refuses the credentials (400 ExpiredToken)",
            "UPWELL_S3_SESSION_TOKEN",
        ),
    ],
)
async def test_what_stops_every_call_is_one_sentence(
    bucket: S3Bucket, denial: tuple[str, str], detail: str, setting: str
) -> None:
    async with between(bucket.server, deny=lambda asked: bucket.name in asked, denial=denial) as url:
        *before, last = (await examine(doctor(bucket, endpoint_url=url))).values()

    assert [each.verdict for each in before] == [Verdict.OK, Verdict.OK]
    assert last.detail.endswith(detail)
    assert setting in (last.advice or "")


async def test_no_right_to_the_bucket_itself_does_not_stop_the_rest(bucket: S3Bucket) -> None:
    async with between(
        bucket.server, deny=lambda asked: asked.startswith("HEAD") and "?" not in asked and asked.endswith(bucket.name)
    ) as url:
        found = await examine(doctor(bucket, endpoint_url=url))

    assert wrong(found, Verdict.FAILED) == {"HeadBucket"}
    assert "s3:ListBucket" in (found["HeadBucket"].advice or "")


async def test_an_endpoint_that_does_not_answer_is_one_sentence(bucket: S3Bucket) -> None:
    found = await examine(doctor(bucket, endpoint_url=f"http://127.0.0.1:{free_port()}"))

    assert [*found] == ["reach the endpoint"]
    assert "UPWELL_S3_ENDPOINT_URL" in (found["reach the endpoint"].advice or "")


async def test_each_check_has_a_time_limit(bucket: S3Bucket) -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(hang) as port, asyncio.timeout(10):
        url = f"http://127.0.0.1:{port}"
        behind = await examine(doctor(bucket, endpoint_url=url, timeout_seconds=0.2))
        public = await examine(doctor(bucket, public_endpoint_url=url, timeout_seconds=0.5))

    assert [*behind] == ["reach the endpoint"]
    assert behind["reach the endpoint"].detail == "no response (TimeoutError)"
    assert "PutObject by a URL" not in wrong(public, Verdict.FAILED)
    assert {"public endpoint", *BOUND} <= wrong(public, Verdict.FAILED)


async def test_a_public_endpoint_that_leads_nowhere_is_reported(bucket: S3Bucket, moto_server: S3Server) -> None:
    dead = await examine(doctor(bucket, public_endpoint_url=f"http://127.0.0.1:{free_port()}"))
    assert dead["PutObject by a URL"].verdict is Verdict.OK
    assert "does not respond" in dead["public endpoint"].detail
    assert "UPWELL_S3_PUBLIC_ENDPOINT_URL" in (dead["public endpoint"].advice or "")

    elsewhere = await examine(doctor(bucket, public_endpoint_url=moto_server.endpoint_url))
    assert elsewhere["public endpoint"].verdict is Verdict.FAILED
    assert await left(bucket) == []


async def test_a_public_endpoint_of_another_bucket_of_the_same_name_is_reported(
    bucket: S3Bucket, moto_server: S3Server
) -> None:
    async with S3Bucket(moto_server, bucket.name).storage() as storage:
        await storage.prepare(cors_origins=[])

    found = await examine(doctor(bucket, public_endpoint_url=moto_server.endpoint_url))

    assert found["public endpoint"].detail == "an object sent to the public endpoint does not arrive in the bucket"


@pytest.mark.parametrize(
    ("skew", "verdict"),
    [
        (timedelta(seconds=-60), Verdict.WARNING),
        (timedelta(seconds=60), Verdict.WARNING),
        (timedelta(minutes=10), Verdict.FAILED),
    ],
)
async def test_a_wrong_clock_is_reported(bucket: S3Bucket, skew: timedelta, verdict: Verdict) -> None:
    async with between(bucket.server, change=clock_off_by(skew)) as url:
        found = await examine(doctor(bucket, endpoint_url=url))

    assert found["clock"].verdict is verdict
    assert wrong(found, Verdict.FAILED) <= {"clock"}
    assert wrong(found, Verdict.WARNING) <= {"clock"}


async def test_a_proxy_that_drops_cors_is_reported(bucket: S3Bucket) -> None:
    async with between(bucket.server, change=without_cors) as url:
        found = await examine(doctor(bucket, public_endpoint_url=url))

    assert wrong(found, Verdict.FAILED) == {"CORS"}
    assert "the ETag is not exposed" in found["CORS"].detail


@pytest.mark.parametrize(
    ("check", "denied", "action"),
    [
        (
            "ListMultipartUploads",
            lambda asked: asked.startswith("GET") and "?uploads" in asked,
            "s3:ListBucketMultipartUploads",
        ),
        ("ListObjectVersions", lambda asked: "?versions" in asked, "s3:ListBucketVersions"),
        ("GetObject", lambda asked: asked.startswith("GET") and "versionId" in asked, "s3:GetObjectVersion"),
        (
            "AbortMultipartUpload",
            lambda asked: asked.startswith("DELETE") and "uploadId" in asked,
            "s3:AbortMultipartUpload",
        ),
        ("DeleteObject", lambda asked: asked.startswith("DELETE") and "versionId" in asked, "s3:DeleteObjectVersion"),
    ],
)
async def test_a_missing_right_is_named_and_stops_nothing(
    bucket: S3Bucket, check: str, denied: Deny, action: str
) -> None:
    async with between(bucket.server, deny=denied) as url:
        found = await examine(doctor(bucket, endpoint_url=url, public_endpoint_url=bucket.server.endpoint_url))

    assert wrong(found, Verdict.FAILED) == {check}
    assert found[check].detail == "403 AccessDenied"
    assert action in (found[check].advice or "")
    assert f"arn:aws:s3:::{bucket.name}" in (found[check].advice or "")
    is_left = bool(await left(bucket))
    assert is_left is (check in {"DeleteObject", "ListObjectVersions", "AbortMultipartUpload"})
    assert ("clean up" in found) is is_left
    if is_left:
        assert "under upwell-doctor/" in found["clean up"].detail
        assert found["clean up"].verdict is Verdict.WARNING
    async with bucket.storage() as storage:
        async for page in storage.list_multiparts():
            for each in page:
                await storage.abort_multipart(each.key, each.multipart_id)
    for key in set(await left(bucket)):
        async with bucket.storage() as storage:
            await storage.delete(key)


@pytest.mark.parametrize(
    ("check", "query", "verdict"),
    [
        ("ListObjectVersions", "?versions", Verdict.WARNING),
        ("lifecycle", "?lifecycle", Verdict.WARNING),
        ("encryption", "?encryption", Verdict.OK),
    ],
)
async def test_missing_features_of_a_server_are_reported_with_their_consequences(
    bucket: S3Bucket, check: str, query: str, verdict: Verdict
) -> None:
    denial = ("501 Not Implemented", "<Error><Code>NotImplemented</Code></Error>")
    async with between(bucket.server, deny=lambda asked: query in asked, denial=denial) as url:
        found = await examine(doctor(bucket, endpoint_url=url))

    assert (found[check].verdict, wrong(found, Verdict.FAILED)) == (verdict, set())
    assert "501 NotImplemented" in found[check].detail
    for key in set(await left(bucket)):
        async with bucket.storage() as storage:
            await storage.delete(key)


async def test_a_strange_answer_stops_nothing(bucket: S3Bucket) -> None:
    strange = ("200 OK", "<ListPartsResult><Part><ETag>1</ETag></Part></ListPartsResult>")
    async with between(
        bucket.server, deny=lambda asked: "GET" in asked and "uploadId=" in asked, denial=strange
    ) as url:
        found = await examine(doctor(bucket, endpoint_url=url))

    assert wrong(found, Verdict.FAILED) == {"ListParts"}
    assert found["ListParts"].detail == "unexpected response (KeyError)"


async def test_what_was_put_is_deleted_also_if_one_stops_early(bucket: S3Bucket) -> None:
    async with aclosing(doctor(bucket).examine()) as diagnoses:
        async for found in diagnoses:
            if found.check == "UploadPart by a URL":
                assert await left(bucket)
                break

    assert await left(bucket) == []
