import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusals import InvalidInputError
from domain.uploads.parts import (
    MAX_PART_BYTES,
    MAX_PARTS,
    MIB,
    MIN_PART_BYTES,
    SINGLE_PUT_LIMIT_BYTES,
    USUAL_PART_BYTES,
    Multipart,
    PartProblems,
    check_part_size,
    part_count,
    part_problems,
    part_size_for,
)

SIZES = st.integers(1, MAX_PARTS * MAX_PART_BYTES)


def test_the_limits_are_those_of_s3() -> None:
    assert (SINGLE_PUT_LIMIT_BYTES, MAX_PART_BYTES, MIN_PART_BYTES) == (5368709120, 5368709120, 5242880)
    assert MAX_PARTS == 10_000


@pytest.mark.parametrize("size", [None, 1, SINGLE_PUT_LIMIT_BYTES])
def test_what_a_single_put_can_do_needs_no_parts(size: int | None) -> None:
    assert part_size_for(Multipart.AUTO, size) is None
    assert part_size_for(Multipart.NEVER, size) is None


def test_a_file_too_large_for_a_single_put_is_multipart_unless_refused() -> None:
    assert part_size_for(Multipart.AUTO, SINGLE_PUT_LIMIT_BYTES + 1) == USUAL_PART_BYTES
    with pytest.raises(InvalidInputError) as refused:
        part_size_for(Multipart.NEVER, SINGLE_PUT_LIMIT_BYTES + 1)
    assert refused.value.code == "needs_multipart"


@pytest.mark.parametrize(
    ("wanted", "size", "expected"),
    [
        (Multipart.AUTO, 120 * MIB, 8 * MIB),
        (Multipart.AUTO, 8 * MIB + 1, 8 * MIB),
        (Multipart.AUTO, 8 * MIB, None),  # one part: a single PUT does the same with fewer requests
        (Multipart.AUTO, None, None),
        (Multipart.ALWAYS, 1, 8 * MIB),
        (Multipart.ALWAYS, None, 8 * MIB),
        (Multipart.NEVER, 120 * MIB, None),
    ],
)
def test_a_client_that_names_a_part_size_wants_parts_of_every_larger_file(
    wanted: Multipart, size: int | None, expected: int | None
) -> None:
    assert part_size_for(wanted, size, asked=8 * MIB) == expected


def test_a_part_size_that_needs_too_many_parts_is_refused_with_the_least_that_works() -> None:
    size = MAX_PARTS * MIN_PART_BYTES
    assert part_size_for(Multipart.AUTO, size, asked=MIN_PART_BYTES) == MIN_PART_BYTES
    with pytest.raises(InvalidInputError) as refused:
        part_size_for(Multipart.AUTO, size + 1, asked=MIN_PART_BYTES)
    assert refused.value.code == "part_size_too_small"
    assert refused.value.details["least_part_size"] == MIN_PART_BYTES + 1
    assert part_size_for(Multipart.AUTO, size + 1, asked=MIN_PART_BYTES + 1) == MIN_PART_BYTES + 1


@pytest.mark.parametrize("part_size", [0, MIN_PART_BYTES - 1, MAX_PART_BYTES + 1])
def test_a_part_size_that_storage_does_not_accept_is_refused(part_size: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_part_size(part_size)
    assert refused.value.code == "invalid_part_size"


@pytest.mark.parametrize("part_size", [None, MIN_PART_BYTES, MAX_PART_BYTES])
def test_other_part_sizes_are_kept(part_size: int | None) -> None:
    assert check_part_size(part_size) == part_size


def test_of_an_unknown_size_parts_have_the_usual_size_and_no_count() -> None:
    assert part_size_for(Multipart.ALWAYS, None) == USUAL_PART_BYTES
    assert part_count(None, USUAL_PART_BYTES) is None
    assert part_count(1, None) is None


def test_four_parts_under_way_are_little_to_send_again() -> None:
    assert 4 * USUAL_PART_BYTES <= 64 * MIB


def test_more_than_storage_takes_is_refused() -> None:
    largest = MAX_PARTS * MAX_PART_BYTES
    assert part_size_for(Multipart.AUTO, largest) == MAX_PART_BYTES
    with pytest.raises(InvalidInputError) as refused:
        part_size_for(Multipart.ALWAYS, largest + 1)
    assert refused.value.code == "too_large_for_storage"


@given(SIZES, st.sampled_from([MIN_PART_BYTES, USUAL_PART_BYTES, MAX_PART_BYTES]))
def test_parts_are_as_storage_takes_them_and_make_up_the_file(size: int, usual: int) -> None:
    part_size = part_size_for(Multipart.ALWAYS, size, usual)
    assert part_size is not None
    count = part_count(size, part_size)
    assert count is not None
    assert 1 <= count <= MAX_PARTS
    assert MIN_PART_BYTES <= part_size <= MAX_PART_BYTES
    assert part_size == usual or (part_size > usual and part_size % MIB == 0)
    assert part_size * (count - 1) < size <= part_size * count


@pytest.mark.parametrize(
    ("sizes", "size", "problems"),
    [
        ({1: 10, 2: 10, 3: 5}, 25, PartProblems()),
        ({}, 25, PartProblems(missing=(1, 2, 3))),
        ({1: 10, 3: 5}, 25, PartProblems(missing=(2,))),
        ({1: 10, 2: 9, 3: 6}, 25, PartProblems(wrong_size=(2, 3))),
        ({1: 10, 2: 10, 3: 5, 4: 1}, 25, PartProblems(wrong_size=(4,))),
        ({1: 10, 2: 10}, 20, PartProblems()),
        ({1: 7, 2: 3}, None, PartProblems()),
        ({}, None, PartProblems(missing=(1,))),
        ({2: 7, 4: 3}, None, PartProblems(missing=(1, 3))),
    ],
)
def test_missing_parts_and_parts_of_another_size_are_reported(
    sizes: dict[int, int], size: int | None, problems: PartProblems
) -> None:
    assert part_problems(sizes, size_bytes=size, part_size=10) == problems
    assert bool(problems) == (problems != PartProblems())
