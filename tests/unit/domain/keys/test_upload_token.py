from typing import Any

import msgspec
import pytest

from domain.keys.upload_token import IssueToken, UploadToken, check_use, issue, size_meant, token_of
from domain.refusals import ForbiddenError, InvalidInputError, RefusedError
from tests.unit.domain.examples import LATER, ORIGIN

ISSUE = IssueToken(
    origin=ORIGIN,
    token_id="utk_1",
    token_hash="a" * 64,
    key_id="key_1",
    content_types=("image/*", "application/pdf"),
    max_size_bytes=1000,
    max_count=2,
    expires_at=LATER,
)


def token(**changed: Any) -> UploadToken:  # noqa: ANN401  # whatever the fields take
    return token_of(issue(msgspec.structs.replace(ISSUE, **changed)))


def test_a_token_is_bound_to_the_bucket_that_it_was_given_out_for() -> None:
    made = token()

    assert (made.organization_id, made.namespace_id, made.bucket_id) == ("org_1", "ns_1", "bkt_1")


def test_a_token_without_types_takes_any() -> None:
    check_use(token(content_types=()), used=0, content_type="font/woff2", size_bytes=1)


@pytest.mark.parametrize("kind", ["image", "image/", "*", "*/png", "image/png;q=1", "a/b/c", ""])
def test_what_is_no_type_is_not_given_out(kind: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        token(content_types=(kind,))
    assert caught.value.code == "invalid_content_type"


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/GIF", "application/pdf", "application/pdf; version=2"])
def test_a_token_takes_the_types_that_it_is_for(kind: str) -> None:
    check_use(token(), used=1, content_type=kind, size_bytes=1000)


@pytest.mark.parametrize(
    ("use", "error", "code"),
    [
        ({"content_type": "video/mp4"}, ForbiddenError, "token_content_type"),
        ({"content_type": "application/pdfx"}, ForbiddenError, "token_content_type"),
        ({"size_bytes": 1001}, ForbiddenError, "token_file_too_large"),
        ({"size_bytes": None}, InvalidInputError, "size_required"),
        ({"used": 2}, ForbiddenError, "token_used_up"),
    ],
)
def test_a_token_takes_nothing_else(use: dict[str, Any], error: type[RefusedError], code: str) -> None:
    good: dict[str, Any] = {"used": 0, "content_type": "image/png", "size_bytes": 1000}
    with pytest.raises(error) as caught:
        check_use(token(), **{**good, **use})
    assert caught.value.code == code


def test_a_size_that_is_left_out_is_that_of_an_empty_file_where_the_token_limits_it() -> None:
    assert size_meant(token(), None) == 0
    assert size_meant(token(), 7) == 7
    assert size_meant(msgspec.structs.replace(token(), max_size_bytes=None), None) is None
