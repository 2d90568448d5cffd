from datetime import UTC, datetime, timedelta
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.s3.sigv4 import Credentials
from adapters.s3.url_signer import MIN_KEY_ROOM, OVERRIDES, PUT_HEADERS, S3UrlSigner, content_disposition

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
HOUR = timedelta(hours=1)


def signer(session_token: str | None = None, endpoint_url: str = "https://storage.test") -> S3UrlSigner:
    return S3UrlSigner(
        endpoint_url=endpoint_url,
        bucket="upwell",
        region="eu-central-1",
        addressing="path",
        credentials=Credentials("AKIDEXAMPLE", "secret", session_token),
    )


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def test_the_url_says_what_the_answer_says() -> None:
    signed = signer().sign_put(
        "a/b c.png", headers={"Content-Type": "image/png", "Content-Length": "5"}, expires_in=HOUR, now=NOW
    )

    query = query_of(signed.url)
    assert urlsplit(signed.url).path == "/upwell/a/b%20c.png"
    assert query["X-Amz-SignedHeaders"] == "content-length;content-type;host"
    assert query["X-Amz-Date"] == "20260102T030405Z"
    assert query["X-Amz-Expires"] == "3600"
    assert signed.expires_at == datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)


def test_a_read_is_pinned_and_named_in_the_query() -> None:
    signed = signer().sign_get("k", expires_in=HOUR, now=NOW, version_id="v1", download_as="a.png")

    query = query_of(signed.url)
    assert query["versionId"] == "v1"
    assert query["response-content-disposition"] == 'attachment; filename="a.png"'
    assert {name: query[name] for name, _ in OVERRIDES} == dict(OVERRIDES)
    assert signed.headers == {}


@pytest.mark.parametrize("length", [0, 100, 400, 487])
def test_a_session_token_leaves_room_for_a_key(length: int) -> None:
    one = signer("+" * length)

    room = one.key_room(PUT_HEADERS)

    assert room >= MIN_KEY_ROOM
    url = one.sign_put("k" * room, headers=dict.fromkeys(PUT_HEADERS, "1"), expires_in=timedelta(days=9), now=NOW).url
    assert len(url) <= 2083


@pytest.mark.parametrize("length", [0, 300, 487])
@pytest.mark.parametrize("filename", ["漢" * 255, "漢" * 250 + ".jpeg", "a" * 255, "x.pdf", None])
def test_no_name_makes_the_url_of_a_download_too_long(length: int, filename: str | None) -> None:
    one = signer("+" * length)
    key = "k" * one.key_room(PUT_HEADERS)

    url = one.sign_get(key, expires_in=timedelta(days=7), now=NOW, version_id="v" * 36, download_as=filename).url

    assert len(url) <= 2083
    query = query_of(url)
    assert query["response-content-disposition"].startswith("attachment")
    assert (query["response-content-encoding"], query["response-cache-control"]) == ("identity", "no-cache")


def test_a_long_name_keeps_what_the_url_has_room_for_and_its_extension() -> None:
    url = signer().sign_get("k" * 200, expires_in=HOUR, now=NOW, download_as="漢" * 250 + ".jpeg").url

    named = unquote(query_of(url)["response-content-disposition"].partition("UTF-8''")[2])
    assert named.startswith("漢" * 50)
    assert named.endswith("漢.jpeg")
    assert 2083 - 20 <= len(url) <= 2083


def test_a_key_of_former_days_that_fills_the_url_is_read_all_the_same() -> None:
    one = signer("+" * 300)
    room = one._room("GET", ()) - len("&response-content-disposition=attachment")

    url = one.sign_get("k" * room, expires_in=timedelta(days=7), now=NOW, download_as="漢.png").url

    assert len(url) == 2083
    assert query_of(url)["response-content-disposition"] == "attachment"


@pytest.mark.parametrize("length", [500, 505, 2000])
def test_a_session_token_that_leaves_too_little_room_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="session token"):
        signer("+" * length)


def test_an_endpoint_that_leaves_no_room_for_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="characters"):
        signer(endpoint_url="https://storage.test/" + "a" * 1800)


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("two words; x=1.pdf", 'attachment; filename="two words; x=1.pdf"'),
        ('say "hi".txt', "attachment; filename=\"say _hi_.txt\"; filename*=UTF-8''say%20%22hi%22.txt"),
        ("a\\b.txt", "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%5Cb.txt"),
        ("100%41.txt", "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ("übung.txt", "attachment; filename=\"_bung.txt\"; filename*=UTF-8''%C3%BCbung.txt"),
        ("😀.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%F0%9F%98%80.png"),
        ("a\r\nSet-Cookie: x=1", 'attachment; filename="a__Set-Cookie: x=1"'),
        ("a\x00\x7f\x85\u2028b", 'attachment; filename="a____b"'),
        ("invoice_\u202efdp.exe", 'attachment; filename="invoice__fdp.exe"'),
        ("\u2067a\u2069\u200f\u061c\u206f.txt", 'attachment; filename="_a____.txt"'),
        ("", "attachment"),
    ],
)
def test_a_filename_becomes_a_header_that_every_browser_reads(filename: str, header: str) -> None:
    assert content_disposition(filename) == header


@given(st.text(min_size=1))
def test_any_filename_is_one_line_of_plain_ascii_that_decodes_to_it(filename: str) -> None:
    header = content_disposition(filename)

    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    parsed = message.get_filename() or ""
    if filename.isprintable() and len(filename.encode()) <= 255:
        plain, _, extended = header.partition("; filename*=UTF-8''")
        assert (
            unquote(extended) if extended else plain.removeprefix('attachment; filename="').removesuffix('"')
        ) == filename
    assert len(parsed.encode()) <= 255


@pytest.mark.parametrize("filename", ["é" * 300 + ".tar", "." + "x" * 400, "x." + "y" * 400, "😀" * 200])
def test_a_filename_that_no_file_system_takes_is_shortened_before_its_extension(filename: str) -> None:
    header = content_disposition(filename)

    signed = unquote(header.partition("UTF-8''")[2]) or header.removeprefix('attachment; filename="').removesuffix('"')
    assert 250 <= len(signed.encode()) <= 255
    assert signed.endswith(".tar") == filename.endswith(".tar")
    assert filename.startswith(signed.removesuffix(".tar"))
