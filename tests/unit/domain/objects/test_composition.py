import base64

import pytest

from domain.objects.composition import Inline, inline

PIXEL = b"\x89PNG\r\n\x1a\n"
PNG = base64.b64encode(PIXEL).decode()


@pytest.mark.parametrize(
    "data",
    [
        "https://example.test/a.png",
        "HTTP://example.test/a",
        "s3://elsewhere/a.mp4",
        "gs://elsewhere/a.mp4",
        "ftp://example.test/a",
        "data:image/png;base64,!!!",
        "data:image/png;base64,A",
    ],
)
def test_nothing_is_known_of_what_is_somewhere_else(data: str) -> None:
    assert inline(data) is None


@pytest.mark.parametrize(
    ("data", "content", "media_type"),
    [
        (f"data:image/png;base64,{PNG}", PIXEL, "image/png"),
        (f"data:image/png;base64,{PNG.rstrip('=')}", PIXEL, "image/png"),
        (f"DATA:Image/PNG;BASE64,{PNG.replace('=', '%3D')}", PIXEL, "image/png"),
        ("data:text/html;charset=utf-8,%3Cb%3E", b"<b>", "text/html"),
        ("data:text/plain;charset=utf-8;base64,aGVsbG8=", b"hello", "text/plain"),
        ("data:,hello", b"hello", "text/plain"),
        ("data: of the last year", b"data: of the last year", "text/plain"),
        ("see https://example.test", b"see https://example.test", "text/plain"),
        ("gs://a is an address", b"gs://a is an address", "text/plain"),
        ("mailto:someone@example.test", b"mailto:someone@example.test", "text/plain"),
        (PNG, PNG.encode(), "text/plain"),
        ({"a": 1}, b'{"a":1}', "application/json"),
        (None, b"null", "application/json"),
    ],
)
def test_inline_data_is_the_bytes_that_it_stands_for(data: object, content: bytes, media_type: str) -> None:
    assert inline(data) == Inline(content, media_type)
