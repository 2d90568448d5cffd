"""What `UrlSigner` promises: of the answer alone on every signer, and of the URL where a server keeps it."""

import base64
import hashlib
import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory.storage.object_storage import MemoryObjectStorage, WrongChecksumError
from adapters.memory.storage.url_signer import MemoryUrlSigner, RefusedError, WrongFileError
from adapters.s3.sigv4 import Addressing, Credentials
from adapters.s3.url_signer import S3UrlSigner, content_disposition
from application.ports.storage.object_storage import ObjectStorage
from application.ports.storage.url_signer import (
    MAX_PART_NUMBER,
    MAX_URL_LENGTH,
    MAX_URL_LIFETIME,
    CredentialsExpiredError,
    SignedRequest,
    UnsupportedHeaderError,
    UrlSigner,
)
from tests.contract.storage._s3_server import S3Bucket, S3Server, new_bucket, seaweedfs_server

__all__ = ["seaweedfs_server"]  # a fixture

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEADERS = {"Content-Type": "image/png", "Content-Length": "5"}
FIELDS = {"Content-Type": "image/png", "success_action_status": "201"}
CHECKSUM = "x-amz-checksum-sha256"
EVERY_HEADER = ("Content-Type", "Content-Length", "If-None-Match", CHECKSUM)


def s3(addressing: Addressing, token: str | None = None, expires_at: datetime | None = None) -> S3UrlSigner:
    return S3UrlSigner(
        endpoint_url="https://s3.eu-central-1.amazonaws.com",
        bucket="some-bucket",
        region="eu-central-1",
        addressing=addressing,
        credentials=Credentials("AKIDEXAMPLE", "secret", token, expires_at),
    )


SIGNERS: dict[str, Callable[[datetime | None], UrlSigner]] = {
    "memory": lambda expires_at: MemoryUrlSigner(credentials_expire_at=expires_at),
    "s3 path": lambda expires_at: s3("path", None, expires_at),
    "s3 virtual": lambda expires_at: s3("virtual", None, expires_at),
    "s3 token": lambda expires_at: s3("path", "FwoGZXIvYXdzEBY//+aDA==" * 30, expires_at),
}


@pytest.fixture(params=SIGNERS.values(), ids=list(SIGNERS))
def make(request: pytest.FixtureRequest) -> Callable[[datetime | None], UrlSigner]:
    maker: Callable[[datetime | None], UrlSigner] = request.param
    return maker


@pytest.fixture
def signer(make: Callable[[datetime | None], UrlSigner]) -> UrlSigner:
    return make(None)


def put(signer: UrlSigner, expires_in: timedelta = HOUR, now: datetime = NOW) -> SignedRequest:
    return signer.sign_put("a/k", headers=HEADERS, expires_in=expires_in, now=now)


def get(signer: UrlSigner, expires_in: timedelta = HOUR, now: datetime = NOW) -> SignedRequest:
    return signer.sign_get("a/k", expires_in=expires_in, now=now)


def part(signer: UrlSigner, expires_in: timedelta = HOUR, now: datetime = NOW, number: int = 1) -> SignedRequest:
    return signer.sign_part(
        "a/k",
        multipart_id="m/ü+",
        part_number=number,
        headers={"Content-Length": "5"},
        expires_in=expires_in,
        now=now,
    )


def form(
    signer: UrlSigner,
    expires_in: timedelta = HOUR,
    now: datetime = NOW,
    *,
    key: str = "a/k",
    fields: dict[str, str] = FIELDS,
    size_range: tuple[int, int] = (0, 5),
) -> SignedRequest:
    return signer.sign_post(key, fields=fields, size_range=size_range, expires_in=expires_in, now=now)


every_kind = pytest.mark.parametrize("sign", [put, part, get, form])
Sign = Callable[..., SignedRequest]


def test_the_answer_says_what_to_send(signer: UrlSigner) -> None:
    assert put(signer).method == "PUT"
    assert put(signer).headers == HEADERS
    assert part(signer).method == "PUT"
    assert part(signer).headers == {"Content-Length": "5"}
    assert get(signer).method == "GET"
    assert get(signer).headers == {}
    assert put(signer).fields is part(signer).fields is get(signer).fields is None
    assert form(signer).method == "POST"
    assert form(signer).headers == {}
    assert (form(signer).fields or {}).items() >= {**FIELDS, "key": "a/k"}.items()


def test_a_form_depends_on_the_arguments_alone(signer: UrlSigner) -> None:
    kinds = [
        form(signer),
        form(signer, key="l"),
        form(signer, now=NOW + HOUR),
        form(signer, expires_in=3 * HOUR),
        form(signer, size_range=(0, 6)),
        form(signer, size_range=(1, 5)),
        form(signer, fields={**FIELDS, "Content-Type": "image/gif"}),
        form(signer, fields={"Content-Type": "image/png"}),
    ]

    assert form(signer) == form(signer, now=NOW.astimezone(timezone(HOUR)))
    assert len({json.dumps(each.fields) for each in kinds}) == len(kinds)
    assert {each.url for each in kinds} == {kinds[0].url}


def test_a_field_that_cannot_be_bound_is_refused_by_name(signer: UrlSigner) -> None:
    for fields in (
        {"key": "b"},
        {"Policy": "b"},
        {"file": "b"},
        {"bucket": "b"},
        {"Content-Type": "a/b", "content-type": "a/b"},
        {"Content-Type": "a/b\r\n"},
        {"Content-Type": "é"},
        {"a b": "c"},
    ):
        with pytest.raises(UnsupportedHeaderError) as refused:
            form(signer, fields=fields)
        assert refused.value.name in fields


@pytest.mark.parametrize("key", ["", "${filename}", "a/${filename}", "a/${filename}.txt"])
def test_a_form_without_a_key_of_its_own_is_a_mistake(signer: UrlSigner, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        form(signer, key=key)


@pytest.mark.parametrize("size_range", [(-1, 5), (5, 4)])
def test_an_impossible_range_of_sizes_is_a_mistake(signer: UrlSigner, size_range: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="range"):
        form(signer, size_range=size_range)


def test_the_answer_depends_on_the_arguments_alone(signer: UrlSigner) -> None:
    def sign(key: str = "k", now: datetime = NOW, **headers: str) -> str:
        return signer.sign_put(key, headers=headers, expires_in=HOUR, now=now).url

    assert sign() == sign() == sign(now=NOW.astimezone(timezone(HOUR)))
    assert len({sign(), sign("l"), sign(now=NOW + HOUR), sign(a="1"), sign(a="2"), sign(b="1")}) == 6


def test_every_part_has_a_url_of_its_own(signer: UrlSigner) -> None:
    assert len({part(signer, number=number).url for number in range(1, 101)} | {put(signer).url}) == 101


def test_parts_are_numbered_from_1_to_10000(signer: UrlSigner) -> None:
    assert part(signer, number=1).url != part(signer, number=MAX_PART_NUMBER).url
    for number in (-1, 0, MAX_PART_NUMBER + 1):
        with pytest.raises(ValueError, match="numbered"):
            part(signer, number=number)


@every_kind
def test_a_url_lives_as_long_as_it_is_asked_to_in_whole_seconds(signer: UrlSigner, sign: Sign) -> None:
    second = NOW.replace(microsecond=0)

    assert sign(signer).expires_at == second + HOUR
    assert sign(signer, timedelta(seconds=1.9)).expires_at == second + timedelta(seconds=1)


@every_kind
def test_a_url_lives_seven_days_at_most(signer: UrlSigner, sign: Sign) -> None:
    assert sign(signer, timedelta(days=8)).expires_at == NOW.replace(microsecond=0) + MAX_URL_LIFETIME


@every_kind
def test_a_url_lives_no_longer_than_the_credentials_that_sign_it(
    make: Callable[[datetime | None], UrlSigner], sign: Sign
) -> None:
    signer = make(NOW + timedelta(minutes=30))

    assert NOW + timedelta(minutes=29, seconds=59) <= sign(signer).expires_at <= NOW + timedelta(minutes=30)
    assert sign(signer, timedelta(minutes=3)).expires_at == NOW.replace(microsecond=0) + timedelta(minutes=3)


@every_kind
def test_expired_credentials_sign_nothing(make: Callable[[datetime | None], UrlSigner], sign: Sign) -> None:
    with pytest.raises(CredentialsExpiredError):
        sign(make(NOW - HOUR))
    with pytest.raises(CredentialsExpiredError):
        sign(make(NOW.replace(microsecond=0)))


@every_kind
def test_a_lifetime_below_a_second_and_a_time_without_a_zone_are_mistakes(signer: UrlSigner, sign: Sign) -> None:
    for expires_in in (timedelta(0), -HOUR, timedelta(milliseconds=999)):
        with pytest.raises(ValueError, match="second"):
            sign(signer, expires_in)
    with pytest.raises(ValueError, match="zone"):
        sign(signer, HOUR, NOW.replace(tzinfo=None))


def test_a_header_that_cannot_be_bound_is_refused_by_name(signer: UrlSigner) -> None:
    for headers in (
        {"Host": "other.test"},
        {"User-Agent": "x"},
        {"Transfer-Encoding": "chunked"},
        {"Content-Type": "a/b\r\nX-Evil: 1"},
        {"Content-Type": "é"},
        {"Content-Type\n": "a/b"},
        {"Content-Type": "a/b", "content-type": "a/b"},
    ):
        with pytest.raises(UnsupportedHeaderError) as refused:
            signer.sign_put("k", headers=headers, expires_in=HOUR, now=NOW)
        assert refused.value.name in headers
        with pytest.raises(UnsupportedHeaderError):
            signer.sign_part("k", multipart_id="m", part_number=1, headers=headers, expires_in=HOUR, now=NOW)


@pytest.mark.parametrize("names", [(), EVERY_HEADER[:1], EVERY_HEADER[:2], EVERY_HEADER])
def test_the_room_for_a_key_is_exact_for_the_longest_lifetime(signer: UrlSigner, names: tuple[str, ...]) -> None:
    room = signer.key_room(names)

    for key in ("k" * room, "é" + "k" * (room - len("%C3%A9")), "a/~" + "k" * (room - 3)):
        headers = dict.fromkeys(names, "1")
        url = signer.sign_put(key, headers=headers, expires_in=MAX_URL_LIFETIME, now=NOW).url
        assert len(url) <= MAX_URL_LENGTH
        for name in ("a.png", "漢" * 255, None):
            url = signer.sign_get(key, expires_in=MAX_URL_LIFETIME, now=NOW, version_id="v" * 40, download_as=name).url
            assert len(url) <= MAX_URL_LENGTH


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # a signer keeps nothing between examples
@given(
    key=st.text(min_size=1),
    filename=st.text(),
    version_id=st.none() | st.text(min_size=1),
    multipart_id=st.text(min_size=1),
)
def test_every_key_filename_version_and_multipart_id_makes_a_plain_url(
    *, signer: UrlSigner, key: str, filename: str, version_id: str | None, multipart_id: str
) -> None:
    writing = signer.sign_put(key, headers=HEADERS, expires_in=HOUR, now=NOW)
    part = signer.sign_part(key, multipart_id=multipart_id, part_number=1, headers={}, expires_in=HOUR, now=NOW)
    reading = signer.sign_get(key, expires_in=HOUR, now=NOW, version_id=version_id, download_as=filename)

    for url in (writing.url, part.url, reading.url):
        assert url.startswith("https://")
        assert url.isascii()
        assert url.isprintable()
        assert not set(url) & set(' "<>\\^`{|}#')


class Answer(NamedTuple):
    status: int
    body: bytes
    disposition: str | None


class Served(NamedTuple):
    """A signer, and a server that keeps what it signs: (method, url, headers, body, now).

    `post` sends a form: (url, fields, file). `begin` begins a multipart upload whose parts storage checks or not;
    `parts_of` lists their numbers and sizes. `type_of`: of the stored object; None: there is none.
    """

    signer: UrlSigner
    send: Callable[[str, str, dict[str, str], bytes], Awaitable[Answer]]
    post: Callable[[str, dict[str, str], bytes], Awaitable[Answer]]
    version_of: Callable[[str], Awaitable[str | None]]
    type_of: Callable[[str], Awaitable[str | None]]
    begin: Callable[..., Awaitable[str]]
    parts_of: Callable[[str, str], Awaitable[list[tuple[int, int]]]]


async def stored_type(storage: ObjectStorage, key: str) -> str | None:
    found = await storage.head(key)
    return None if found is None else found.content_type


async def sizes(storage: ObjectStorage, key: str, multipart_id: str) -> list[tuple[int, int]]:
    return [(each.part_number, each.size_bytes) for each in await storage.parts(key, multipart_id) or ()]


def memory_server() -> Served:  # noqa: C901  # one branch for each answer of a server
    signer, storage = MemoryUrlSigner(), MemoryObjectStorage()

    async def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            allowed = signer.check(method, url, headers=headers, now=datetime.now(UTC))
        except RefusedError:
            return Answer(403, b"", None)
        if allowed.part is not None:
            checksum = headers.get(CHECKSUM)
            sha256 = None if checksum is None else b64decode(checksum).hex()
            try:
                part = storage.put_part(allowed.key, *allowed.part, body, sha256=sha256)
            except WrongChecksumError:
                return Answer(400, b"", None)
            return Answer(404 if part is None else 200, b"", None)
        if method == "PUT":
            storage.put(allowed.key, body, headers.get("Content-Type"))
            return Answer(200, b"", None)
        found = storage.get(allowed.key, allowed.version_id)
        assert found is not None
        _, stored = found
        return Answer(200, stored, allowed.download_as and content_disposition(allowed.download_as))

    async def post(url: str, fields: dict[str, str], body: bytes) -> Answer:
        assert url == "https://storage.invalid/"
        try:
            allowed = signer.check_form(fields, body, now=datetime.now(UTC))
        except RefusedError:
            return Answer(403, b"", None)
        except WrongFileError:
            return Answer(400, b"", None)
        storage.put(allowed.key, body, fields["Content-Type"])
        return Answer(201, b"", None)

    async def version_of(key: str) -> str | None:
        found = await storage.head(key)
        assert found is not None
        return found.version_id

    async def type_of(key: str) -> str | None:
        return await stored_type(storage, key)

    async def begin(key: str, *, checked: bool = False) -> str:
        return await storage.begin_multipart(key, content_type="image/png", checked=checked)

    async def parts_of(key: str, multipart_id: str) -> list[tuple[int, int]]:
        return await sizes(storage, key, multipart_id)

    return Served(signer, send, post, version_of, type_of, begin, parts_of)


def s3_server(bucket: S3Bucket) -> Served:
    async def send(method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.request(method, url, headers=headers, content=body or None)
            return Answer(answer.status_code, answer.content, answer.headers.get("Content-Disposition"))

    async def post(url: str, fields: dict[str, str], body: bytes) -> Answer:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(url, data=fields, files={"file": ("name of the client's.html", body, "text/html")})
            return Answer(answer.status_code, answer.content, None)

    async def type_of(key: str) -> str | None:
        async with bucket.storage() as storage:
            return await stored_type(storage, key)

    async def version_of(key: str) -> str | None:
        async with bucket.storage() as storage:
            found = await storage.head(key)
            assert found is not None
            return found.version_id

    async def begin(key: str, *, checked: bool = False) -> str:
        async with bucket.storage() as storage:
            return await storage.begin_multipart(key, content_type="image/png", checked=checked)

    async def parts_of(key: str, multipart_id: str) -> list[tuple[int, int]]:
        async with bucket.storage() as storage:
            return await sizes(storage, key, multipart_id)

    return Served(bucket.signer(), send, post, version_of, type_of, begin, parts_of)


@pytest.fixture(scope="session")
def seaweedfs_bucket(seaweedfs_server: S3Server) -> S3Bucket:
    return new_bucket(seaweedfs_server, prepared=True)


@pytest.fixture(params=["memory", "seaweedfs"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    if request.param == "memory":
        yield memory_server()
    else:
        yield s3_server(request.getfixturevalue("seaweedfs_bucket"))


@pytest.fixture
def key() -> str:
    return f"{secrets.token_hex(8)}/übung +%.bin"


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_put_as_signed_is_taken_and_a_get_as_signed_gives_it_back(served: Served, key: str) -> None:
    writing = served.signer.sign_put(key, headers=HEADERS, expires_in=HOUR, now=now())
    reading = served.signer.sign_get(key, expires_in=HOUR, now=now())

    assert (await served.send("PUT", writing.url, writing.headers, b"hello")).status == 200
    answer = await served.send("GET", reading.url, {}, b"")
    assert (answer.status, answer.body) == (200, b"hello")


async def test_a_get_is_pinned_to_its_version(served: Served, key: str) -> None:
    writing = served.signer.sign_put(key, headers=HEADERS, expires_in=HOUR, now=now())
    await served.send("PUT", writing.url, writing.headers, b"first")
    version_id = await served.version_of(key)
    await served.send("PUT", writing.url, writing.headers, b"other")

    pinned = served.signer.sign_get(key, expires_in=HOUR, now=now(), version_id=version_id)

    assert (await served.send("GET", pinned.url, {}, b"")).body == b"first"


@pytest.mark.parametrize("filename", ["a b.png", 'say "hi"\\.png', "übung😀.png", "a\r\nb.png"])
async def test_a_download_has_the_name_that_was_signed(served: Served, key: str, filename: str) -> None:
    writing = served.signer.sign_put(key, headers=HEADERS, expires_in=HOUR, now=now())
    await served.send("PUT", writing.url, writing.headers, b"hello")

    reading = served.signer.sign_get(key, expires_in=HOUR, now=now(), download_as=filename)

    assert (await served.send("GET", reading.url, {}, b"")).disposition == content_disposition(filename)


async def test_a_request_that_is_not_the_signed_one_is_refused(served: Served, key: str) -> None:
    signed = served.signer.sign_put(key, headers=HEADERS, expires_in=HOUR, now=now())
    late = served.signer.sign_put(key, headers=HEADERS, expires_in=HOUR, now=now() - 2 * HOUR)
    tampered = signed.url[:-1] + ("0" if signed.url[-1] != "0" else "1")

    for url, headers in (
        (signed.url, {**HEADERS, "Content-Type": "image/gif"}),
        (signed.url, {"Content-Length": "5"}),
        (signed.url.replace(".bin?", ".exe?"), HEADERS),
        (tampered, HEADERS),
        (late.url, HEADERS),
    ):
        assert (await served.send("PUT", url, headers, b"hello")).status == 403
    assert (await served.send("GET", signed.url, {}, b"")).status == 403


async def test_parts_as_signed_are_taken(served: Served, key: str) -> None:
    multipart_id = await served.begin(key)

    for number, body in ((10_000, b"hello"), (1, b"hi")):
        signed = served.signer.sign_part(
            key,
            multipart_id=multipart_id,
            part_number=number,
            headers={"Content-Length": str(len(body))},
            expires_in=HOUR,
            now=now(),
        )
        assert (await served.send("PUT", signed.url, signed.headers, body)).status == 200

    assert await served.parts_of(key, multipart_id) == [(1, 2), (10_000, 5)]


async def test_a_part_is_taken_with_the_bytes_of_the_signed_checksum_alone(served: Served, key: str) -> None:
    multipart_id = await served.begin(key, checked=True)

    def checksum(body: bytes) -> dict[str, str]:
        return {CHECKSUM: b64encode(hashlib.sha256(body).digest()).decode()}

    signed = served.signer.sign_part(
        key, multipart_id=multipart_id, part_number=1, headers=checksum(b"hello"), expires_in=HOUR, now=now()
    )

    for headers, body, status in (
        (signed.headers, b"world", 400),
        (checksum(b"world"), b"world", 403),
        ({}, b"hello", 403),
        (signed.headers, b"hello", 200),
    ):
        assert (await served.send("PUT", signed.url, headers, body)).status == status
    assert await served.parts_of(key, multipart_id) == [(1, 5)]


async def test_a_part_that_is_not_the_signed_one_is_refused(served: Served, key: str) -> None:
    multipart_id, other_id = await served.begin(key), await served.begin(key)
    headers = {"Content-Length": "5"}

    def sign(at: datetime) -> str:
        return served.signer.sign_part(
            key, multipart_id=multipart_id, part_number=77, headers=headers, expires_in=HOUR, now=at
        ).url

    signed, late = sign(now()), sign(now() - 2 * HOUR)
    whole = served.signer.sign_put(key, headers=headers, expires_in=HOUR, now=now()).url
    of_the_part = "&".join(re.findall(rf"[A-Za-z-]+=(?:77|{multipart_id})(?=&)", signed))
    tampered = signed[:-1] + ("0" if signed[-1] != "0" else "1")

    for url, sent in (
        (signed.replace("=77&", "=78&"), headers),
        (signed.replace(multipart_id, other_id), headers),
        (signed.replace(".bin?", ".exe?"), headers),
        (re.sub(r"[A-Za-z-]+=77&", "", signed), headers),
        (f"{whole}&{of_the_part}", headers),
        (whole.replace("?", f"?{of_the_part}&"), headers),
        (signed, {"Content-Length": "4"}),
        (tampered, headers),
        (late, headers),
    ):
        body = bytes(int(sent["Content-Length"]))
        assert (await served.send("PUT", url, sent, body)).status == 403, url
    assert (await served.send("GET", signed, {}, b"")).status == 403
    assert await served.parts_of(key, multipart_id) == []
    assert await served.parts_of(key, other_id) == []


def signed_form(
    served: Served,
    key: str,
    size_range: tuple[int, int] = (2, 5),
    at: datetime | None = None,
    checksums: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, dict[str, str]]:
    signed = form(served.signer, now=at or now(), key=key, fields={**FIELDS, **checksums}, size_range=size_range)
    assert signed.fields is not None
    return signed.url, signed.fields


@pytest.mark.parametrize("body", [b"hi", b"hello"])
async def test_a_form_as_signed_is_taken_with_the_signed_type(served: Served, key: str, body: bytes) -> None:
    url, fields = signed_form(served, key)

    assert (await served.post(url, fields, body)).status == 201

    assert await served.type_of(key) == "image/png"
    reading = served.signer.sign_get(key, expires_in=HOUR, now=now())
    assert (await served.send("GET", reading.url, {}, b"")).body == body


async def test_a_form_takes_an_empty_file_where_the_range_allows_it(served: Served, key: str) -> None:
    url, fields = signed_form(served, key, (0, 0))

    assert (await served.post(url, fields, b"")).status == 201
    assert (await served.post(url, fields, b"h")).status == 400


@pytest.mark.parametrize("body", [b"", b"h", b"hello!", b"h" * 100_000])
async def test_a_file_beyond_the_range_is_not_stored(served: Served, key: str, body: bytes) -> None:
    url, fields = signed_form(served, key)

    assert (await served.post(url, fields, body)).status == 400
    assert await served.type_of(key) is None


async def test_a_form_that_is_not_the_signed_one_is_refused(served: Served, key: str) -> None:
    url, fields = signed_form(served, key)
    _, larger = signed_form(served, key, (2, 500))
    _, late = signed_form(served, key, at=now() - 2 * HOUR)
    (signature,) = [name for name in fields if name.endswith("signature")]
    policy = base64.b64decode(fields["policy"]).replace(b"5", b"9").decode()
    other_key = key.replace(".bin", ".exe")

    for sent in (
        {**fields, "Content-Type": "image/gif"},
        {name: value for name, value in fields.items() if name != "Content-Type"},
        {name: value for name, value in fields.items() if name != "policy"},
        {name: value for name, value in fields.items() if name not in {"policy", signature}},
        {**fields, "key": other_key},
        {**fields, "key": f"{key[:-4]}${{filename}}"},
        {**fields, "policy": larger["policy"]},
        {**fields, "policy": base64.b64encode(policy.encode()).decode()},
        {**fields, signature: "0" * len(fields[signature])},
        {**fields, "success_action_status": "200"},
        {"x-amz-meta-a": "b", **fields},
        {"x-amz-storage-class": "GLACIER", **fields},
        {"x-amz-website-redirect-location": "https://example.invalid/", **fields},
        late,
    ):
        assert (await served.post(url, sent, b"hello")).status == 403, sent
    assert await served.type_of(key) is None
    assert await served.type_of(other_key) is None


async def test_a_form_is_taken_with_the_bytes_of_the_signed_checksum_alone(served: Served, key: str) -> None:
    checksum = b64encode(hashlib.sha256(b"hello").digest()).decode()
    other = b64encode(hashlib.sha256(b"world").digest()).decode()
    url, fields = signed_form(served, key, checksums={"x-amz-checksum-algorithm": "SHA256", CHECKSUM: checksum})

    for sent, body, status in (
        (fields, b"world", 400),
        ({**fields, CHECKSUM: other}, b"world", 403),
        ({name: value for name, value in fields.items() if name != CHECKSUM}, b"world", 403),
        (fields, b"hello", 201),
    ):
        assert (await served.post(url, sent, body)).status == status
    reading = served.signer.sign_get(key, expires_in=HOUR, now=now())
    assert (await served.send("GET", reading.url, {}, b"")).body == b"hello"
