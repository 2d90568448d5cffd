from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.limits.rate_limits import granted, slice_size, window_of

LIMITS = st.integers(1, 10**7)


def test_a_window_is_a_full_minute_of_the_clock() -> None:
    begin = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)
    number, ends = window_of(begin.timestamp())
    assert ends == begin.timestamp() + 60
    assert window_of(begin.replace(second=59, microsecond=999_999).timestamp()) == (number, ends)
    assert window_of(begin.replace(minute=31).timestamp()) == (number + 1, ends + 60)


@pytest.mark.parametrize(
    ("left", "last", "size"),
    [
        (100_099, 0, 1000),
        (99_099, 1000, 2000),
        (97_099, 2000, 4000),
        (93_099, 4000, 5004),
        (88_095, 5004, 5004),
        (30_009, 5004, 3000),
        (5009, 3000, 1000),
        (0, 1000, 1000),
    ],
)
def test_slices_grow_from_a_hundredth_to_a_twentieth_and_shrink_towards_the_end(
    left: int, last: int, size: int
) -> None:
    assert slice_size(100_099, left=left, last=last) == size


def test_the_smallest_slice_is_one_request() -> None:
    assert [slice_size(limit, left=limit, last=0) for limit in (1, 199, 200)] == [1, 1, 2]


@given(LIMITS, st.integers(1, 5))
def test_a_window_has_about_a_hundred_slices_at_most_and_never_more_requests_than_the_limit(
    limit: int, processes: int
) -> None:
    taken = used = slices = 0
    last = [0] * processes
    while taken < limit:
        for process in range(processes):
            size = slice_size(limit, left=max(limit - taken, 0), last=last[process])
            taken += size
            used += granted(limit, wanted=size, taken=taken)
            last[process] = size
            slices += 1
    assert used == limit
    assert slices <= 200 + processes


def test_what_goes_beyond_the_limit_is_not_granted() -> None:
    assert [granted(10, wanted=4, taken=taken) for taken in (4, 10, 12, 14, 18)] == [4, 4, 2, 0, 0]
