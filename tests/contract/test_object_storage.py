"""What `ObjectStorage` promises, on every adapter and every server."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

import httpx
import pytest

from adapters.memory.object_storage import MemoryObjectStorage
from application.ports.object_storage import ContentChangedError, ObjectStorage, StoredContent
from tests.contract._s3_server import MOTO_ACCESS_KEY_ID, S3Bucket, S3Server, moto_server, new_bucket, seaweedfs_server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["moto_server", "seaweedfs_server"]  # fixtures

Put = Callable[[str, bytes, str, bool], Awaitable[None]]


class Case(NamedTuple):
    """A storage, what it is, and a client that PUTs into it: (key, body, content type, with a checksum)."""

    storage: ObjectStorage
    versioned: bool
    put: Put


def client_of(bucket: S3Bucket, http: httpx.AsyncClient) -> Put:
    async def put(key: str, body: bytes, content_type: str, checksum: bool) -> None:
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        if checksum:
            headers["x-amz-checksum-sha256"] = b64encode(hashlib.sha256(body).digest()).decode()
        signed = bucket.signer().sign_put(key, headers=headers, expires_in=timedelta(hours=1), now=datetime.now(UTC))
        unsigned = {}
        if checksum and bucket.server.access_key_id == MOTO_ACCESS_KEY_ID:
            unsigned["x-amz-sdk-checksum-algorithm"] = "SHA256"  # moto, unlike S3, keeps no checksum without it
        answer = await http.put(signed.url, content=body, headers=signed.headers | unsigned)
        assert answer.status_code == httpx.codes.OK, answer.text

    return put


@pytest.fixture(scope="session")
def seaweedfs_versioned(seaweedfs_server: S3Server) -> S3Bucket:
    return new_bucket(seaweedfs_server, prepared=True)


@pytest.fixture(scope="session")
def seaweedfs_unversioned(seaweedfs_server: S3Server) -> S3Bucket:
    return new_bucket(seaweedfs_server, prepared=False)


@pytest.fixture(scope="session")
def moto_versioned(moto_server: S3Server) -> S3Bucket:
    return new_bucket(moto_server, prepared=True)


@pytest.fixture(scope="session")
def moto_unversioned(moto_server: S3Server) -> S3Bucket:
    return new_bucket(moto_server, prepared=False)


@pytest.fixture(
    params=[
        "memory_versioned",
        "memory_unversioned",
        "seaweedfs_versioned",
        "seaweedfs_unversioned",
        "moto_versioned",
        "moto_unversioned",
    ]
)
def place(request: pytest.FixtureRequest) -> tuple[S3Bucket | None, bool]:
    bucket = None if request.param.startswith("memory") else request.getfixturevalue(request.param)
    return bucket, not request.param.endswith("_unversioned")


@pytest.fixture
async def case(place: tuple[S3Bucket | None, bool]) -> AsyncIterator[Case]:
    bucket, versioned = place
    if bucket is None:
        memory = MemoryObjectStorage(versioned=versioned)

        async def put(key: str, body: bytes, content_type: str, checksum: bool) -> None:
            memory.put(key, body, content_type, sha256_checksum=checksum)

        yield Case(memory, versioned, put)
    else:
        async with bucket.storage() as storage, httpx.AsyncClient(trust_env=False) as http:
            yield Case(storage, versioned, client_of(bucket, http))


@pytest.fixture
def key() -> str:
    return f"int_1/ns_1/{secrets.token_hex(8)}/file.bin"


async def head(storage: ObjectStorage, key: str) -> StoredContent:
    found = await storage.head(key)
    assert found is not None
    return found


async def read(storage: ObjectStorage, key: str, content: StoredContent) -> list[bytes]:
    return [chunk async for chunk in storage.read(key, content)]


async def test_nothing_is_found_where_nothing_was_put(case: Case, key: str) -> None:
    assert await case.storage.head(key) is None


async def test_what_was_put_is_described(case: Case, key: str) -> None:
    await case.put(key, b"hello", "text/x-greeting", False)

    found = await head(case.storage, key)

    assert found.size_bytes == 5
    assert found.content_type == "text/x-greeting"
    assert found.etag
    assert '"' not in found.etag
    assert (found.version_id is not None) is case.versioned
    assert found.sha256 is None


async def test_a_checksum_that_the_client_sent_is_told_in_hex(case: Case, key: str) -> None:
    await case.put(key, b"hello", "text/plain", True)

    assert (await head(case.storage, key)).sha256 == hashlib.sha256(b"hello").hexdigest()


async def test_the_latest_put_is_described(case: Case, key: str) -> None:
    await case.put(key, b"one", "text/plain", False)
    before = await head(case.storage, key)
    await case.put(key, b"three", "text/html", False)

    after = await head(case.storage, key)

    assert (after.size_bytes, after.content_type) == (5, "text/html")
    assert after.etag != before.etag
    assert (after.version_id != before.version_id) is case.versioned


async def test_a_read_streams_the_exact_bytes_in_chunks_of_a_mebibyte_at_most(case: Case, key: str) -> None:
    body = secrets.token_bytes(5 * 1024 * 1024 + 17)
    await case.put(key, body, "application/octet-stream", False)

    chunks = await read(case.storage, key, await head(case.storage, key))

    assert b"".join(chunks) == body
    assert max(map(len, chunks)) <= 1024 * 1024
    assert all(chunks)


async def test_an_empty_object_is_there_and_reads_as_nothing(case: Case, key: str) -> None:
    await case.put(key, b"", "text/plain", False)

    found = await head(case.storage, key)

    assert found.size_bytes == 0
    assert await read(case.storage, key, found) == []


async def test_after_an_overwrite_a_read_gives_the_pinned_bytes_or_says_that_they_are_gone(
    case: Case, key: str
) -> None:
    await case.put(key, b"first", "text/plain", False)
    pinned = await head(case.storage, key)
    await case.put(key, b"other", "text/plain", False)

    if case.versioned:
        assert b"".join(await read(case.storage, key, pinned)) == b"first"
    else:
        with pytest.raises(ContentChangedError):
            await read(case.storage, key, pinned)


async def test_a_read_of_what_never_was_there_says_so(case: Case, key: str) -> None:
    never = StoredContent(size_bytes=1, etag="0" * 32)

    with pytest.raises(ContentChangedError):
        await read(case.storage, key, never)


async def test_delete_removes_every_version(case: Case, key: str) -> None:
    await case.put(key, b"first", "text/plain", False)
    first = await head(case.storage, key)
    await case.put(key, b"other", "text/plain", False)
    other = await head(case.storage, key)

    await case.storage.delete(key)

    assert await case.storage.head(key) is None
    for content in (first, other):
        with pytest.raises(ContentChangedError):
            await read(case.storage, key, content)


async def test_delete_of_nothing_is_done_already(case: Case, key: str) -> None:
    await case.storage.delete(key)
    await case.put(key, b"x", "text/plain", False)
    await case.storage.delete(key)
    await case.storage.delete(key)

    assert await case.storage.head(key) is None


async def test_delete_spares_the_keys_that_only_begin_the_same(case: Case, key: str) -> None:
    for each in (key, key + ".bak", key + "2", key[:-1]):
        await case.put(each, each.encode(), "text/plain", False)

    await case.storage.delete(key)

    assert await case.storage.head(key) is None
    for each in (key + ".bak", key + "2", key[:-1]):
        assert b"".join(await read(case.storage, each, await head(case.storage, each))) == each.encode()


async def test_after_a_delete_the_key_can_be_used_again(case: Case, key: str) -> None:
    await case.put(key, b"first", "text/plain", False)
    await case.storage.delete(key)
    await case.put(key, b"second", "text/plain", False)

    assert b"".join(await read(case.storage, key, await head(case.storage, key))) == b"second"


@pytest.mark.parametrize(
    "filename",
    [
        "a b.txt",
        "a+b%20c.txt",
        "~'()!*;:@&=$,?#[].txt",
        '"<>^`{|}.txt',
        "übung.txt",
        "e\u0301.txt",
        "😀👩‍🚀.png",
        "...",
        " a ",
    ],
)
async def test_any_filename_makes_a_key_that_is_stored_read_and_deleted(case: Case, key: str, filename: str) -> None:
    unusual = f"{key}/{filename}"
    await case.put(unusual, b"x", "text/plain", False)

    assert b"".join(await read(case.storage, unusual, await head(case.storage, unusual))) == b"x"
    await case.storage.delete(unusual)
    assert await case.storage.head(unusual) is None


async def test_a_reader_that_stops_early_costs_nobody_else_a_connection(case: Case, key: str) -> None:
    await case.put(key, bytes(3 * 1024 * 1024), "text/plain", False)
    found = await head(case.storage, key)

    for _ in range(80):  # more than the connections of a pool
        async with aclosing(cast("AsyncGenerator[bytes]", case.storage.read(key, found))) as chunks:
            assert await anext(chunks)

    assert await case.storage.head(key) == found


@pytest.mark.parametrize("place", ["memory_versioned", "seaweedfs_versioned", "moto_versioned"], indirect=True)
async def test_prepare_may_be_repeated_and_tells_what_is_there(case: Case) -> None:
    await case.storage.prepare(cors_origins=["https://app.example"])
    setup = await case.storage.prepare(cors_origins=["https://app.example"])

    assert not setup.created
    assert (setup.versioned, setup.noncurrent_expiry, setup.cors) == (True, True, True)


async def test_ping_returns_while_storage_answers(case: Case) -> None:
    await case.storage.ping()
