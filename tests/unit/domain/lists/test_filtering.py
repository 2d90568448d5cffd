"""What clients' filters and sorts mean, and which are refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.lists.filtering import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_TEXT,
    MAX_VALUES,
    AllOf,
    AnyOf,
    Condition,
    Fields,
    Filter,
    NoneOf,
    Operator,
    Order,
    Ref,
    ValueType,
    parse_filter,
    parse_order,
)
from domain.refusals import InvalidInputError

FIELDS = Fields(
    {
        "id": ValueType.ID,
        "status": ValueType.WORD,
        "name": ValueType.TEXT,
        "size": ValueType.NUMBER,
        "created_at": ValueType.MOMENT,
        "done": ValueType.FLAG,
        "metadata": ValueType.JSON,
    }
)
NAME = Ref("name", ValueType.TEXT)
SIZE = Ref("size", ValueType.NUMBER)
STATUS = Ref("status", ValueType.WORD)


def parsed(document: dict[str, Any], **options: bool) -> Filter:
    return parse_filter(document, FIELDS, **options)


def condition(field: str, value: object, operator: str | None = None, **more: object) -> dict[str, Any]:
    return {"field": field, "value": value, **({"operator": operator} if operator else {}), **more}


def is_(ref: Ref, operator: Operator, value: object, *, case_sensitive: bool = False) -> Condition:
    return Condition(ref, operator, value, case_sensitive)


PENDING = is_(STATUS, Operator.EQ, "PENDING", case_sensitive=True)
A = is_(NAME, Operator.EQ, "a")
B = is_(NAME, Operator.EQ, "b")


@pytest.mark.parametrize(
    ("document", "meaning"),
    [
        ({}, AllOf(())),
        ({"status": "PENDING"}, PENDING),
        ({"status": "pending"}, PENDING),
        ({"status": "PENDING", "name": "a"}, AllOf((PENDING, A))),
        ({"status": ["PENDING"]}, is_(STATUS, Operator.IN, ("PENDING",), case_sensitive=True)),
        ({"name": None}, is_(NAME, Operator.IS_NULL, True)),
        (condition("name", "a"), A),
        ({"AND": [condition("name", "a"), {"status": "PENDING"}]}, AllOf((A, PENDING))),
        ({"OR": [condition("name", "a"), condition("name", "b")]}, AnyOf((A, B))),
        ({"NOT": [condition("name", "a"), condition("name", "b")]}, NoneOf((A, B))),
        ({"AND": [{"OR": [{"NOT": [{"name": "a"}]}]}]}, AnyOf((NoneOf((A,)),))),
        (
            {"OR": [{"name": "a"}], "NOT": [{"name": "b"}], "status": "PENDING"},
            AllOf((AnyOf((A,)), NoneOf((B,)), PENDING)),
        ),
        ({"metadata": {"a": 1}}, is_(Ref("metadata", ValueType.JSON, ("a",)), Operator.EQ, Decimal(1))),
        (
            {"metadata": {"a": {"b": ["x"]}, "c": None}},
            AllOf(
                (
                    is_(Ref("metadata", ValueType.JSON, ("a", "b")), Operator.IN, ("x",)),
                    is_(Ref("metadata", ValueType.JSON, ("c",)), Operator.IS_NULL, True),
                )
            ),
        ),
        (
            condition("metadata.a", {"b": 1}),
            is_(Ref("metadata", ValueType.JSON, ("a",)), Operator.EQ, {"b": 1}, case_sensitive=True),
        ),
        ({"AND": None, "OR": None, "NOT": None, "case_sensitive": False}, AllOf(())),
        ({"AND": [], "OR": [], "NOT": [], "name": "a"}, A),
    ],
)
def test_groups_conditions_and_plain_objects_become_one_tree(document: dict[str, Any], meaning: Filter) -> None:
    assert parsed(document) == meaning


@pytest.mark.parametrize(
    ("given", "meaning"),
    [
        (condition("name", "a", "ne"), NoneOf((A,))),
        (
            condition("name", ["a", None], "in"),
            AnyOf((is_(NAME, Operator.IN, ("a",)), is_(NAME, Operator.IS_NULL, True))),
        ),
        (condition("name", ["a"], "nin"), NoneOf((is_(NAME, Operator.IN, ("a",)),))),
        (condition("name", True, "exists"), is_(NAME, Operator.EXISTS, True)),
        (condition("name", False, "exists"), NoneOf((is_(NAME, Operator.EXISTS, True),))),
        (condition("name", False, "is_null"), NoneOf((is_(NAME, Operator.IS_NULL, True),))),
        (
            condition("name", "big  cat", "text"),
            AllOf((is_(NAME, Operator.CONTAINS, "big"), is_(NAME, Operator.CONTAINS, "cat"))),
        ),
        (condition("name", "^a", "regex"), is_(NAME, Operator.REGEX, r"\Aa")),
        (condition("size", 1.5, "gt"), is_(SIZE, Operator.GT, Decimal("1.5"))),
        (
            condition("created_at", "2026-01-31T13:00:00+01:00", "lte"),
            is_(Ref("created_at", ValueType.MOMENT), Operator.LTE, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ),
        (
            condition("created_at", "2026-01-31", "gte"),
            is_(Ref("created_at", ValueType.MOMENT), Operator.GTE, datetime(2026, 1, 31, tzinfo=UTC)),
        ),
        (condition("metadata.a.b", 1), is_(Ref("metadata", ValueType.JSON, ("a", "b")), Operator.EQ, Decimal(1))),
        (
            condition("metadata.a", {"b": [1]}),
            is_(Ref("metadata", ValueType.JSON, ("a",)), Operator.EQ, {"b": [1]}, case_sensitive=True),
        ),
        (condition("id", "Upl_1"), is_(Ref("id", ValueType.ID), Operator.EQ, "Upl_1", case_sensitive=True)),
        (condition("done", False), is_(Ref("done", ValueType.FLAG), Operator.EQ, False)),
    ],
)
def test_operators_take_values_of_the_fields_type(given: dict[str, Any], meaning: Filter) -> None:
    assert parsed(given) == meaning


def test_case_follows_the_condition_then_its_group_then_the_outer_group_then_the_request() -> None:
    exact = is_(NAME, Operator.EQ, "a", case_sensitive=True)
    assert parsed({"name": "a"}, case_sensitive=True) == exact
    assert parsed({"name": "a", "case_sensitive": False}, case_sensitive=True) == A
    assert parsed({"AND": [{"OR": [{"name": "a"}]}], "case_sensitive": True}) == AnyOf((exact,))
    assert parsed({"AND": [condition("name", "a", case_sensitive=True), {"name": "a"}]}) == AllOf((exact, A))
    assert parsed({"status": "pending", "case_sensitive": True}) == is_(
        STATUS, Operator.EQ, "pending", case_sensitive=True
    )


def test_any_other_name_is_looked_for_in_the_field_that_takes_the_rest() -> None:
    fields = Fields({"id": ValueType.ID, "metadata": ValueType.JSON}, rest="metadata")
    title = is_(Ref("metadata", ValueType.JSON, ("title",)), Operator.EQ, "x")
    assert parse_filter({"title": "x"}, fields) == title
    assert parse_filter({"metadata.title": "x"}, fields) == title


def nested(depth: int) -> dict[str, Any]:
    return {"name": "a"} if depth == 1 else {"AND": [nested(depth - 1)]}


def test_what_is_just_within_the_limits_is_taken() -> None:
    parsed(nested(MAX_DEPTH))
    parsed({"AND": [{"name": "a"}] * MAX_CONDITIONS})
    parsed({"name": ["a"] * MAX_VALUES})
    parsed({"name": "a" * MAX_TEXT})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (nested(MAX_DEPTH + 1), "filter_too_large"),
        ({"AND": [{"name": "a"}] * (MAX_CONDITIONS + 1)}, "filter_too_large"),
        (condition("name", "a " * (MAX_CONDITIONS + 1), "text"), "filter_too_large"),
        ({"name": ["a"] * (MAX_VALUES + 1)}, "filter_too_large"),
        ({"name": "a" * (MAX_TEXT + 1)}, "filter_too_large"),
        ({"name": "a\0"}, "null_character"),
        ({"name": {"a": 1}}, "invalid_filter_value"),
        ({"metadata": {"year": {"gt": 2024}}}, "invalid_filter"),
        ({"metadata": {"year": {"$in": [2024]}}}, "invalid_filter"),
        ({"metadata.a\0": "a"}, "null_character"),
        ({"nothing": "a"}, "unknown_field"),
        ({"name.first": "a"}, "unknown_field"),
        ({"metadata.": "a"}, "unknown_field"),
        ({"metadata..a": "a"}, "unknown_field"),
        ({"": "a"}, "unknown_field"),
        ({"metadata." + "a." * 10 + "a": "a"}, "unknown_field"),
        ({"metadata." + "a" * 200: "a"}, "unknown_field"),
        ({"AND": {"name": "a"}}, "invalid_filter"),
        ({"AND": ["name"]}, "invalid_filter"),
        ({"case_sensitive": "yes"}, "invalid_filter"),
        ({"field": "name", "operator": "eq"}, "invalid_filter"),
        (condition("name", "a", more=1), "invalid_filter"),
        (condition("name", "a", "like"), "invalid_operator"),
        ({"field": "name", "operator": ["eq"], "value": "a"}, "invalid_operator"),
        (condition("size", "a", "contains"), "invalid_operator"),
        (condition("created_at", "a", "regex"), "invalid_operator"),
        (condition("done", "a", "starts_with"), "invalid_operator"),
        (condition("name", 1), "invalid_filter_value"),
        (condition("name", True), "invalid_filter_value"),
        (condition("name", {"a": 1}), "invalid_filter_value"),
        (condition("name", None, "gt"), "invalid_filter_value"),
        (condition("name", "a", "in"), "invalid_filter_value"),
        (condition("metadata.a", [["a"]], "in"), "invalid_filter_value"),
        (condition("metadata.a", [1], "gt"), "invalid_filter_value"),
        (condition("metadata.a", True, "gt"), "invalid_filter_value"),
        (condition("metadata.a", 1, "starts_with"), "invalid_filter_value"),
        (condition("size", "1"), "invalid_filter_value"),
        (condition("size", True), "invalid_filter_value"),
        (condition("size", 2**1025), "invalid_filter_value"),
        (condition("done", "true"), "invalid_filter_value"),
        (condition("created_at", "yesterday"), "invalid_filter_value"),
        (condition("created_at", "0001-01-01T00:00:00+14:00"), "invalid_filter_value"),
        (condition("created_at", 5), "invalid_filter_value"),
        (condition("name", "yes", "exists"), "invalid_filter_value"),
        (condition("name", 5, "text"), "invalid_filter_value"),
        (condition("name", "(a+)+", "regex"), "invalid_pattern"),
        (condition("name", {"type": "dynamic", "field": "x"}), "dynamic_value"),
    ],
)
def test_a_filter_that_means_nothing_or_too_much_is_refused(document: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parsed(document)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("document", "order"),
    [
        ({"field": "name"}, Order(NAME, descending=False)),
        ({"field": "name", "direction": "desc"}, Order(NAME, descending=True)),
        ({"name": "desc"}, Order(NAME, descending=True)),
        ({"name": 1}, Order(NAME, descending=False)),
        ({"name": -1}, Order(NAME, descending=True)),
        ({"field": "metadata.a"}, Order(Ref("metadata", ValueType.JSON, ("a",)), descending=False)),
    ],
)
def test_an_order_names_a_field_and_a_direction(document: dict[str, Any], order: Order) -> None:
    assert parse_order(document, FIELDS) == order


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"field": "nothing"}, "unknown_field"),
        ({"field": "name", "direction": "up"}, "invalid_sort"),
        ({"field": "name", "direction": None}, "invalid_sort"),
        ({"field": 5}, "invalid_sort"),
        ({"name": True}, "invalid_sort"),
        ({"name": ["asc"]}, "invalid_sort"),
        ({"name": "asc", "size": "asc"}, "invalid_sort"),
        ({"direction": "asc"}, "unknown_field"),
        ({"field": "na\0me"}, "null_character"),
    ],
)
def test_an_order_that_means_nothing_is_refused(document: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_order(document, FIELDS)
    assert refused.value.code == code
