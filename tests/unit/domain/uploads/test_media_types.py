import pytest

from domain.refusals import InvalidInputError
from domain.uploads.media_types import check_syntax, essence, file_types, same


@pytest.mark.parametrize(
    "content_type",
    [
        "video/mp4",
        "VIDEO/MP4",
        "text/plain; charset=utf-8",
        "text/plain;charset=utf-8;format=flowed",
        'multipart/form-data; boundary="a b"',
        r'text/plain; title="a \"quoted\" word"',
        'text/plain; title=""',
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "image/svg+xml",
        "video/webm;codecs=vp8,opus",
        "video/mp4;codecs=avc1.42E01E,mp4a.40.2",
        'video/webm; codecs="vp8, opus"',
        "multipart/related; boundary=----=_Part/1:2; type=text/html",
        "video/webm;",
        "video/webm ;; codecs=vp8;",
        "application/" + "x" * 243,
    ],
)
def test_a_mime_type_is_accepted(content_type: str) -> None:
    check_syntax(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "video",
        "video/",
        "/mp4",
        "video/mp4/x",
        "video /mp4",
        " video/mp4",
        "video/mp4 ",
        "video/mp4\n",
        "video/mp4; ",
        "video/mp4; charset",
        "video/webm; codecs=vp8, opus",
        "image/*",
        "*/*",
        "image/* ; q=1",
        "image/x-*",
        "video/mp4; charset=",
        "video/mp4; charset=utf-8\r\nX-Evil: 1",
        "vidéo/mp4",
        'text/plain; title="open',
        "application/" + "x" * 244,
    ],
)
def test_what_is_no_mime_type_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_syntax(content_type)

    assert caught.value.code == "invalid_content_type"


def test_parameters_and_case_are_not_the_essence() -> None:
    assert essence("Text/HTML ; charset=utf-8") == "text/html"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("video/mp4", "VIDEO/mp4"),
        ("text/plain; charset=utf-8", "text/plain;charset=UTF-8"),
        ("text/plain;  charset=utf-8", "text/plain ;charset=utf-8"),
        ("video/webm;", "video/webm"),
    ],
)
def test_case_and_space_make_no_difference(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("video/mp4", "video/webm"), ("text/plain", "text/plain; charset=utf-8"), ("text/plain", "binary/octet-stream")],
)
def test_other_types_and_other_parameters_are_others(one: str, other: str) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("image/png", ("image",)),
        ("image/svg+xml", ("image",)),
        ("audio/mpeg", ("audio",)),
        ("audio/vnd.example+xml", ("audio",)),
        ("video/mp4", ("video",)),
        ("Video/MP4; codecs=avc1", ("video",)),
        ("application/pdf", ("pdf",)),
        ("text/plain; charset=utf-8", ("text",)),
        ("text/html", ("text",)),
        ("application/json", ("text",)),
        ("application/ld+json", ("text",)),
        ("application/atom+xml", ("text",)),
        ("model/x3d+xml", ("text",)),
        ("application/msword", ("text",)),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("text",)),
        ("application/vnd.ms-powerpoint", ("text",)),
        ("text/csv", ("excel", "text")),
        ("application/csv", ("excel", "text")),
        ("application/vnd.ms-excel", ("excel",)),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("excel",)),
        ("application/vnd.oasis.opendocument.spreadsheet", ("excel",)),
        ("application/octet-stream", ()),
        ("application/zip", ()),
        ("font/woff2", ()),
    ],
)
def test_each_content_type_fits_its_properties_the_most_fitting_first(
    content_type: str, expected: tuple[str, ...]
) -> None:
    assert file_types(content_type) == expected
