import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusals import ForbiddenError
from domain.uploads.posting import POST_LIMIT_BYTES, plain_name, post_range

sizes = st.integers(0, POST_LIMIT_BYTES)
limits = st.lists(st.none() | sizes, max_size=3)


@given(size=sizes, least=st.none() | sizes, limits=limits)
def test_a_declared_size_is_the_only_one(size: int, least: int | None, limits: list[int | None]) -> None:
    assert post_range(size, least=least, limits=limits) == (size, size)


@pytest.mark.parametrize(
    ("least", "limits", "expected"),
    [
        (None, (), (0, POST_LIMIT_BYTES)),
        (None, (None, None), (0, POST_LIMIT_BYTES)),
        (None, (POST_LIMIT_BYTES + 1,), (0, POST_LIMIT_BYTES)),
        (5, (None, 70, 60), (5, 60)),
        (60, (60,), (60, 60)),
        (0, (0,), (0, 0)),
    ],
)
def test_an_undeclared_size_is_bounded_by_the_lowest_limit(
    least: int | None, limits: tuple[int | None, ...], expected: tuple[int, int]
) -> None:
    assert post_range(None, least=least, limits=limits) == expected


def test_a_bucket_whose_smallest_file_is_too_large_for_the_caller_takes_none() -> None:
    with pytest.raises(ForbiddenError) as refused:
        post_range(None, least=61, limits=(None, 60))

    assert refused.value.code == "file_too_large"
    assert refused.value.details == {"file_size_bytes": None, "limit_bytes": 60}


@pytest.mark.parametrize(
    ("filename", "plain"),
    [
        ("a-b_c.tar.gz", "a-b_c.tar.gz"),
        ("${filename}", "__filename_"),
        ("Zürich launch (1).mp4", "Z_rich_launch__1_.mp4"),
        ("😀.png", "_.png"),
        ('a"b%c+d.txt', "a_b_c_d.txt"),
        (" ", "_"),
    ],
)
def test_a_key_of_a_form_has_plain_characters(filename: str, plain: str) -> None:
    assert plain_name(filename) == plain


@given(st.text())
def test_a_plain_name_has_no_character_that_a_storage_replaces(filename: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]*", plain_name(filename))
    assert plain_name(plain_name(filename)) == plain_name(filename)
