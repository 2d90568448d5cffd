"""The fields that two structs share."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from domain.refusals import NotFoundError, RefusedError
from domain.shared_fields import changed_by, made_from


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int | None
    labels: dict[str, Any]
    sender: str


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str | None
    size: int | None
    labels: Any
    note: str = ""


ANNOUNCED = Announced(name="a", size=1, labels={"x": 1}, sender="b")


def test_a_struct_is_made_from_the_fields_that_it_shares_with_another() -> None:
    assert made_from(Recorded, ANNOUNCED, id="1") == Recorded(id="1", name="a", size=1, labels={"x": 1})


def test_a_given_value_wins_over_a_shared_one() -> None:
    assert made_from(Recorded, ANNOUNCED, id="1", name=None).name is None


def test_a_required_field_that_is_neither_shared_nor_given_is_an_error() -> None:
    with pytest.raises(TypeError, match="id"):
        made_from(Recorded, ANNOUNCED)


def test_fields_may_have_the_names_of_the_parameters() -> None:
    class Parcel(msgspec.Struct, frozen=True, kw_only=True):
        kind: str
        source: str
        struct: str
        name: str

    made = made_from(Parcel, ANNOUNCED, kind="box", source="shop", struct="flat")
    assert made == Parcel(kind="box", source="shop", struct="flat", name="a")
    assert changed_by(made, ANNOUNCED, kind="bag", source="post", struct="soft").kind == "bag"


def test_a_given_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TypeError, match="nothing"):
        made_from(Recorded, ANNOUNCED, id="1", nothing=True)


def test_a_struct_is_changed_by_the_fields_that_it_shares_with_another() -> None:
    before = Recorded(id="1", name=None, size=None, labels={}, note="kept")
    after = changed_by(before, ANNOUNCED, size=2)
    assert after == Recorded(id="1", name="a", size=2, labels={"x": 1}, note="kept")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (int, str),
        (int | None, int),
        (str | int, str | None),
        (list[int], list[str]),
        (Any, int),
        (RefusedError, NotFoundError),
    ],
)
def test_a_shared_field_of_a_type_that_does_not_fit_is_an_error_unless_its_value_is_given(
    given: object, wanted: object
) -> None:
    source = msgspec.defstruct("Source", [("field", given)])
    kind = msgspec.defstruct("Kind", [("field", wanted)])
    with pytest.raises(TypeError, match=r"Source\.field is .*, but Kind\.field is "):
        made_from(kind, source(None))
    assert made_from(kind, source(None), field=1) == kind(1)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (int, int),
        (int, int | None),
        (int, Any),
        (list[int], list[int] | None),
        (NotFoundError, RefusedError),
        (NotFoundError | None, None | str | RefusedError),
        (Sequence[int], Sequence[int]),
    ],
)
def test_a_shared_field_may_have_a_wider_type(given: object, wanted: object) -> None:
    source = msgspec.defstruct("Source", [("field", given)])
    kind = msgspec.defstruct("Kind", [("field", wanted)])
    assert made_from(kind, source(1)) == kind(1)
