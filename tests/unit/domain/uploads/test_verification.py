from typing import Any

import msgspec
import pytest

from domain.uploads.content import Claimed
from domain.uploads.content_rules import ContentCheck
from domain.uploads.verification import Found, judge, note, unquoted
from tests.unit.domain.examples import REQUEST, SHA256, SIZE, asked

FOUND = Found(size_bytes=SIZE, etag="abc-1", content_type="video/mp4", sha256=SHA256)
OTHER = "0" * 64


def reason(
    claimed: Claimed = Claimed(),  # noqa: B008  # frozen
    *,
    limit: int = 10_000,
    request: Any = REQUEST,  # noqa: ANN401  # an UploadRequest
    **found: Any,  # noqa: ANN401  # the fields of Found
) -> str | None:
    wrong = judge(msgspec.structs.replace(FOUND, **found), request, claimed=claimed, max_size_bytes=limit)
    if wrong is None:
        return None
    assert wrong.message
    return wrong.reason.value


def test_what_was_promised_is_accepted() -> None:
    assert reason(Claimed(etag="abc-1", size_bytes=SIZE), limit=SIZE) is None


@pytest.mark.parametrize("etag", ['"abc-1"', "abc-1", 'W/"abc-1"', ' "abc-1" '])
def test_quotes_around_an_etag_mean_nothing(etag: str) -> None:
    assert unquoted(etag) == "abc-1"
    assert reason(Claimed(etag=etag)) is None


@pytest.mark.parametrize("etag", ["def", "ABC-1", "", "W/"])
def test_another_etag_is_other_bytes(etag: str) -> None:
    assert reason(Claimed(etag=etag)) == "etag_mismatch"


def test_nothing_promised_is_nothing_contradicted() -> None:
    silent = asked(declared_size_bytes=None, declared_sha256=None)

    assert reason(request=silent, size_bytes=0, sha256=OTHER) is None


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 0])
def test_another_size_than_declared_is_a_contradiction(size: int) -> None:
    assert reason(size_bytes=size) == "size_mismatch"


def test_another_size_than_confirmed_is_a_contradiction() -> None:
    assert reason(Claimed(size_bytes=SIZE + 1), request=asked(declared_size_bytes=None)) == "size_mismatch"


def test_another_hash_than_confirmed_is_a_contradiction() -> None:
    undeclared = asked(declared_sha256=None)

    assert reason(Claimed(sha256=OTHER), request=undeclared) == "hash_mismatch"
    assert reason(Claimed(sha256=OTHER)) == "hash_mismatch"
    assert reason(Claimed(sha256=SHA256), request=undeclared) is None
    assert reason(Claimed(sha256=OTHER), sha256=None) is None  # not read yet


def test_another_crc_is_a_contradiction_where_storage_has_one() -> None:
    claimed = Claimed(crc64nvme="AAAAAAAAAAA=")

    assert reason(claimed, crc64nvme="rosUhgp5mIg=") == "checksum_mismatch"
    assert reason(claimed, crc64nvme="AAAAAAAAAAA=") is None
    assert reason(claimed, crc64nvme=None) is None
    assert reason(crc64nvme="rosUhgp5mIg=") is None


def test_a_file_over_the_tiers_limit_is_a_contradiction() -> None:
    assert reason(limit=SIZE - 1) == "file_too_large"


def test_another_hash_is_a_contradiction() -> None:
    assert reason(sha256=OTHER) == "hash_mismatch"


def test_a_hash_that_was_not_read_yet_is_not_judged() -> None:
    assert reason(sha256=None) is None


@pytest.mark.parametrize("content_type", ["VIDEO/MP4", None])
def test_case_and_silence_do_not_contradict_the_content_type(content_type: str | None) -> None:
    assert reason(content_type=content_type) is None


@pytest.mark.parametrize("content_type", ["video/webm", "video/mp4; codecs=avc1", ""])
def test_another_content_type_is_a_contradiction(content_type: str) -> None:
    assert reason(content_type=content_type) == "content_type_mismatch"


def test_a_content_encoding_is_a_contradiction_before_anything_is_read() -> None:
    assert reason(content_encoding="gzip", sha256=None) == "content_encoding"
    assert reason(content_encoding="gzip", sha256=OTHER) == "hash_mismatch"
    assert reason(content_encoding="gzip", content_type="video/webm") == "content_encoding"


def test_the_limits_of_the_bucket_at_the_time_of_the_request_count() -> None:
    silent = asked(declared_size_bytes=None, min_file_size_bytes=10, max_file_size_bytes=20)

    assert reason(request=silent, size_bytes=9) == "file_too_small"
    assert reason(request=silent, size_bytes=10) is None
    assert reason(request=silent, size_bytes=20) is None
    assert reason(request=silent, size_bytes=21) == "file_too_large"
    assert reason(request=silent, size_bytes=9, limit=8) == "file_too_large", "the tier's limit is judged first"


def test_bytes_that_look_like_something_else_are_noted() -> None:
    found = msgspec.structs.replace(FOUND, looks_like="image/png")

    assert reason(looks_like="image/png") is None
    assert note(found, REQUEST) == "The bytes are a PNG image (image/png), but the upload says video/mp4."
    assert note(FOUND, REQUEST) is None
    assert note(msgspec.structs.replace(FOUND, looks_like="video/quicktime"), REQUEST) is None


def test_under_a_strict_check_bytes_that_look_like_something_else_are_a_contradiction() -> None:
    strict = asked(content_check=ContentCheck.STRICT)

    assert reason(request=strict, looks_like="image/png") == "content_type_mismatch"
    assert reason(request=strict, looks_like="image/png", sha256=OTHER) == "hash_mismatch", "the hash is judged first"
    assert reason(request=strict, looks_like="video/quicktime") is None
    assert reason(request=strict) is None


def test_under_a_strict_check_a_recognised_type_is_reported_before_a_missing_signature() -> None:
    found = msgspec.structs.replace(FOUND, looks_like="image/png", head=b"<html>")
    wrong = judge(found, asked(content_check=ContentCheck.STRICT), claimed=Claimed(), max_size_bytes=10_000)

    assert wrong is not None
    assert "a PNG image" in wrong.message


def test_the_first_contradiction_wins_in_the_documented_order() -> None:
    everything: dict[str, Any] = {"size_bytes": SIZE + 1, "sha256": OTHER, "content_type": "video/webm"}
    undeclared = asked(declared_size_bytes=None)

    assert reason(Claimed(etag="def"), limit=1, **everything) == "etag_mismatch"
    assert reason(limit=1, **everything) == "size_mismatch"
    assert reason(limit=1, request=undeclared, **everything) == "file_too_large"
    assert reason(request=undeclared, **everything) == "hash_mismatch"
    assert reason(request=undeclared, **{**everything, "sha256": SHA256}) == "content_type_mismatch"
