"""The original of uploads with the same bytes, and its heir."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.uploads.originals import KeptUpload, WantedContent, heir_of, is_original, original_of
from domain.uploads.upload import Status
from tests.unit.domain.examples import NOW, SHA256

HOUR = timedelta(hours=1)
SOUGHT = WantedContent(bucket_id="bkt_1", sha256=SHA256)
FOR_AN_HOUR = WantedContent(bucket_id="bkt_1", sha256=SHA256, ends_at=NOW + HOUR)


def upload(number: int = 1, **others: Any) -> KeptUpload:  # noqa: ANN401  # any field values of an upload
    facts: dict[str, Any] = {
        "upload_id": f"upl_{number}",
        "bucket_id": "bkt_1",
        "position": number,
        "status": Status.COMPLETED,
        "skip_duplicates": True,
        "sha256": SHA256,
    }
    return KeptUpload(**{**facts, **others})


def test_a_completed_upload_that_shares_is_an_original() -> None:
    assert is_original(upload(), SOUGHT)
    assert upload().has_verified_bytes


@pytest.mark.parametrize(
    "others",
    [
        {"bucket_id": "bkt_2"},
        {"sha256": "0" * 64},
        {"sha256": None},
        {"skip_duplicates": False},
        {"keeps_bytes": False},
        {"keeps_bytes": False, "duplicate_of": "upl_0"},
        {"changed_etag": "other"},
        {"changed_etag": ""},
        *[{"status": status} for status in Status if status is not Status.COMPLETED],
    ],
)
def test_anything_else_is_invalid(others: dict[str, Any]) -> None:
    assert not is_original(upload(**others), SOUGHT)
    assert original_of(SOUGHT, [upload(**others)]) is None


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.COMPLETED])
def test_only_completed_uploads_have_verified_bytes(status: Status) -> None:
    assert not upload(status=status).has_verified_bytes
    assert not upload(keeps_bytes=False).has_verified_bytes
    assert not upload(changed_etag="").has_verified_bytes


def test_of_several_originals_the_first_one_wins_in_any_order() -> None:
    first, second, third = upload(1), upload(2), upload(3)
    for found in ([first, second, third], [third, second, first], [second, first, third]):
        assert original_of(SOUGHT, found) is first
    assert original_of(SOUGHT, [upload(1, keeps_bytes=False), third, second]) is second
    assert original_of(SOUGHT, []) is None


@pytest.mark.parametrize("name", ["own_end", "deletes_at"])
def test_an_upload_that_ends_is_an_original_only_of_what_ends_no_later(name: str) -> None:
    exactly, longer, shorter = (
        msgspec.structs.replace(upload(), **{name: NOW + HOUR + more}) for more in (HOUR * 0, HOUR, -HOUR / 2)
    )
    assert not any(is_original(each, SOUGHT) for each in (exactly, longer, shorter)), (
        "a lasting upload has no original that ends"
    )
    assert is_original(exactly, FOR_AN_HOUR)
    assert is_original(longer, FOR_AN_HOUR)
    assert not is_original(shorter, FOR_AN_HOUR)
    assert is_original(upload(), FOR_AN_HOUR)


def test_neither_end_of_an_original_may_come_first() -> None:
    """An upload has its own end again when its object releases it."""
    assert not is_original(upload(own_end=NOW + HOUR, deletes_at=None), SOUGHT)
    assert not is_original(upload(own_end=None, deletes_at=NOW + HOUR), SOUGHT)


def test_the_first_that_lasts_long_enough_wins() -> None:
    short, good = upload(1, own_end=NOW + HOUR), upload(2)
    assert original_of(FOR_AN_HOUR, [good, short]) is short
    assert original_of(SOUGHT, [good, short]) is good


def test_the_earliest_completed_duplicate_is_the_heir() -> None:
    first, second = upload(2, duplicate_of="upl_1"), upload(3, duplicate_of="upl_1")
    others = [upload(1), upload(4, duplicate_of="upl_9"), upload(0, duplicate_of="upl_1", status=Status.PROCESSING)]
    for found in ([first, second, *others], [*others, second, first]):
        assert heir_of("upl_1", found) is first
    assert heir_of("upl_1", others) is None
