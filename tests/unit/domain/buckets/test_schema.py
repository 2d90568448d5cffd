import json
from collections.abc import Iterable
from typing import Any

import pytest

from domain.buckets.schema import (
    FILE_TYPES,
    BucketSchema,
    FieldType,
    SchemaField,
    check_growth,
    check_json,
    check_text,
    check_values,
    grown,
    parse_schema,
    value_problems,
)
from domain.refusals import InvalidInputError

FILES = [kind.value for kind in sorted(FILE_TYPES)]


def field(kind: str, **more: Any) -> SchemaField:  # noqa: ANN401  # any value of a schema
    return parse_schema({"properties": {"it": {"type": kind, **more}}}).properties["it"]


def found(kind: str, value: object, **more: Any) -> list[str]:  # noqa: ANN401  # the same
    return list(value_problems(field(kind, **more), value, "it"))


def refusal(schema: dict[str, Any], values: dict[str, Any], given: tuple[str, ...] = ()) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        check_values(parse_schema({"properties": schema}), values, given=given)
    assert caught.value.code == "schema_violation"
    return caught.value


FITTING: dict[str, list[object]] = {
    "string": ["", "a", "2026-01-31"],
    "number": [0, 1, -1.5, 1e300, 2**70],
    "integer": [0, -7, 2**70, 1.0, -3.0],
    "float": [0, 1, 2.5],
    "boolean": [True, False],
    "object": [{}, {"a": 1}],
    "array": [[], [1, "a", None]],
    "date": ["2026-01-31"],
    "datetime": ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00.5", "2026-01-31"],
    **{kind: ["s3://bucket/key", ""] for kind in FILES},
}
CONTRADICTING: dict[str, list[object]] = {
    "string": [1, 1.5, True, [], {}],
    "number": ["1", True, False, [], {}],
    "integer": ["1", 1.5, True, [], {}],
    "float": ["1.5", False, [], {}],
    "boolean": [0, 1, "true", [], {}],
    "object": [[], "a", 1, True],
    "array": [{}, "a", 1, False],
    "date": ["31.01.2026", "2026-02-30", "", "tomorrow", 20260131, True],
    "datetime": ["2026-01-31T25:00:00Z", "noon", "", 1, {}],
    **{kind: [1, True, [], {}] for kind in FILES},
}


def _pairs(table: dict[str, list[object]]) -> Iterable[tuple[str, object]]:
    return [(kind, value) for kind, values in table.items() for value in values]


def test_every_type_is_tried_both_ways() -> None:
    assert set(FITTING) == set(CONTRADICTING) == set(FieldType)


@pytest.mark.parametrize(("kind", "value"), _pairs(FITTING))
def test_a_value_of_the_type_fits(kind: str, value: object) -> None:
    assert found(kind, value) == []


@pytest.mark.parametrize(("kind", "value"), _pairs(CONTRADICTING))
def test_a_value_of_another_type_is_one_problem_that_names_its_path(kind: str, value: object) -> None:
    (problem,) = found(kind, value)

    assert problem.startswith("it must be ")


@pytest.mark.parametrize("kind", list(FieldType))
def test_null_fits_every_type(kind: FieldType) -> None:
    assert found(kind, None) == []


def test_an_integer_property_accepts_only_integers() -> None:
    assert found("integer", "x") == ["it must be an integer"]


def test_items_are_checked_each_at_its_index() -> None:
    assert found("array", [1, "a", None, "b"], items={"type": "integer"}) == [
        "it[1] must be an integer",
        "it[3] must be an integer",
    ]


def test_properties_of_objects_are_checked_at_their_path() -> None:
    nested = {"size": {"type": "object", "properties": {"width": {"type": "number", "required": True}}}}

    assert found("object", {"size": {"width": "wide"}}, properties=nested) == ["it.size.width must be a number"]
    assert found("object", {"size": {}}, properties=nested) == ["it.size.width is required"]
    assert found("object", {"size": {"width": 1}, "unknown": []}, properties=nested) == []


def test_a_required_property_deep_inside_is_not_given_by_null() -> None:
    nested = {"width": {"type": "number", "required": True}}

    assert found("object", {"width": None}, properties=nested) == ["it.width is required"]


def test_a_default_stands_in_for_a_required_property_at_every_depth() -> None:
    width = {"type": "number", "required": True, "default": 1}

    assert found("object", {}, properties={"width": width}) == []
    check_values(parse_schema({"properties": {"width": width}}), {})


@pytest.mark.parametrize(
    ("allowed", "value"),
    [(["a", "b"], "b"), ([1], 1.0), ([1.0], 1), ([True], True), ([[1, {"a": 2}]], [1.0, {"a": 2}]), ([], "anything")],
)
def test_a_listed_value_is_allowed(allowed: list[object], value: object) -> None:
    kind = {str: "string", int: "number", float: "number", bool: "boolean", list: "array"}[type(value)]

    assert found(kind, value, enum=allowed) == []


@pytest.mark.parametrize(
    ("kind", "allowed", "value"),
    [
        ("string", ["a", "b"], "c"),
        ("number", [True], 1),
        ("boolean", [1], True),
        ("boolean", [0], False),
        ("array", [[True]], [1]),
        ("array", [[1]], [1, 1]),
        ("object", [{"a": True}], {"a": 1}),
        ("object", [{"a": 1}], {"b": 1}),
    ],
)
def test_a_value_that_is_not_listed_is_a_problem(kind: str, allowed: list[object], value: object) -> None:
    written = [each if isinstance(each, str) else json.dumps(each, separators=(",", ":")) for each in allowed]
    assert found(kind, value, enum=allowed) == [f"it must be one of {', '.join(written)}"]


def test_keys_that_the_schema_does_not_name_are_not_looked_at() -> None:
    check_values(parse_schema({"properties": {"n": {"type": "integer"}}}), {"other": object()})


def test_what_is_required_must_be_given() -> None:
    schema = {"n": {"type": "integer", "required": True}, "m": {"type": "integer", "required": None}}

    assert refusal(schema, {}).details == {"problems": ["n is required"]}
    assert refusal(schema, {"n": None}).details == {"problems": ["n is required"]}
    check_values(parse_schema({"properties": schema}), {"n": 0})


def test_the_property_of_the_file_itself_counts_as_given() -> None:
    schema = {"video": {"type": "video", "required": True}}

    check_values(parse_schema({"properties": schema}), {}, given=("video",))
    assert refusal(schema, {}, given=("image",)).details == {"problems": ["video is required"]}


def test_all_problems_are_reported_together() -> None:
    schema = {"a": {"type": "integer"}, "b": {"type": "boolean"}, "c": {"type": "string", "required": True}}

    refused = refusal(schema, {"a": "x", "b": 1})

    assert refused.details == {"problems": ["a must be an integer", "b must be true or false", "c is required"]}
    assert "a must be an integer" in refused.message


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"properties": []},
        {"properties": {"a": "string"}},
        {"properties": {"a": {}}},
        {"properties": {"a": {"type": "dense_vector"}}},
        {"properties": {"a": {"type": "STRING"}}},
        {"properties": {"a": {"type": "array", "items": {"type": "nothing"}}}},
        {"properties": {"a": {"type": "object", "properties": {"b": {"type": 1}}}}},
        {"properties": {"a": {"type": "string", "required": "yes"}}},
        {"properties": {"a b": {"type": "string"}}},
        {"properties": {"": {"type": "string"}}},
        {"properties": {"a\n": {"type": "string"}}},
        {"properties": {"é": {"type": "string"}}},
        {"properties": {"a": {"type": "integer", "default": "one"}}},
        {"properties": {"a": {"type": "string", "enum": ["x"], "default": "y"}}},
        {"properties": {"a": {"type": "object", "properties": {"b": {"type": "integer", "default": "one"}}}}},
        {"properties": {"a": {"type": "array", "items": {"type": "integer", "default": True}}}},
    ],
)
def test_what_is_no_schema_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_schema(document)

    assert caught.value.code == "invalid_schema"


def test_a_wrong_default_deep_inside_is_named_by_its_path() -> None:
    inner = {"type": "array", "items": {"type": "integer", "default": True}}

    with pytest.raises(InvalidInputError) as caught:
        parse_schema({"properties": {"a": {"type": "object", "properties": {"b": inner}}}})

    assert caught.value.details == {"property": "a.b.[]"}


def test_keys_that_mean_nothing_here_are_let_through() -> None:
    schema = parse_schema({"properties": {"a": {"type": "string", "ui": {"widget": "area"}}}, "title": "Mine"})

    assert schema.properties["a"].type is FieldType.STRING


def test_a_schema_knows_its_file_properties_in_order() -> None:
    schema = parse_schema(
        {"properties": {"clip": {"type": "video"}, "n": {"type": "integer"}, "notes": {"type": "text"}}}
    )

    assert schema.file_properties() == ["clip", "notes"]


def nested(depth: int, innermost: object) -> object:
    value = innermost
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize("innermost", [1, None, "text"])
def test_json_may_be_nested_32_deep(innermost: object) -> None:
    check_json(nested(32, innermost), "metadata")


@pytest.mark.parametrize("value", [nested(33, 1), nested(32, {}), nested(32, []), nested(10_000, 1)])
def test_json_nested_deeper_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_json(value, "metadata")

    assert caught.value.code == "too_deep"


@pytest.mark.parametrize("value", ["a\0", {"a\0": 1}, {"a": ["b", {"c": "\0"}]}, [["\0"]]])
def test_a_null_character_is_refused_wherever_it_hides(value: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_json(value, "metadata")

    assert (caught.value.code, caught.value.details) == ("null_character", {"field": "metadata"})


def test_json_is_measured_in_bytes_as_it_is_written_out() -> None:
    check_json("é" * 7, "metadata", max_bytes=16)  # and two quotes
    with pytest.raises(InvalidInputError) as caught:
        check_json("é" * 7 + "x", "metadata", max_bytes=16)

    assert caught.value.code == "metadata_too_large"


def test_text_without_a_null_character_is_accepted() -> None:
    check_text("any\x01thing", "search")


# A schema that grows

FIELD = {"type": "integer"}
KNOWN = {
    "n": {"type": "integer"},
    "day": {"type": "date"},
    "kind": {"type": "string", "enum": ["a", "b"]},
    "need": {"type": "string", "required": True},
    "list": {"type": "array", "items": {"type": "integer"}},
    "deep": {"type": "object", "properties": {"n": {"type": "integer"}}},
    "video": {"type": "video"},
}


def changed(**fields: dict[str, Any] | None) -> BucketSchema:
    merged = {**KNOWN, **fields}
    return parse_schema({"properties": {name: field for name, field in merged.items() if field is not None}})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"new": {"type": "string"}},
        {"new": {"type": "string", "required": True, "default": "x"}},
        {"n": {"type": "number"}},
        {"n": {"type": "float"}},
        {"day": {"type": "datetime"}},
        {"day": {"type": "string"}},
        {"kind": {"type": "string", "enum": ["a", "b", "c"]}},
        {"kind": {"type": "string"}},
        {"need": {"type": "string"}},
        {"list": {"type": "array", "items": {"type": "number"}}},
        {"list": {"type": "array"}},
        {"deep": {"type": "object", "properties": {"n": {"type": "number"}, "more": {"type": "string"}}}},
        {"video": {"type": "video", "description": "The film"}},
    ],
)
def test_a_schema_may_have_more_and_wider_properties(fields: dict[str, Any]) -> None:
    check_growth(changed(), changed(**fields))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"n": None}, "n"),
        ({"n": {"type": "string"}}, "n"),
        ({"n": {"type": "integer", "required": True}}, "n"),
        ({"n": {"type": "integer", "enum": [1]}}, "n"),
        ({"kind": {"type": "string", "enum": ["a"]}}, "kind"),
        ({"new": {"type": "string", "required": True}}, "new"),
        ({"list": {"type": "array", "items": {"type": "string"}}}, "list.items"),
        ({"deep": {"type": "object", "properties": {}}}, "deep.n"),
        ({"deep": {"type": "object", "properties": {"n": {"type": "integer", "required": True}}}}, "deep.n"),
        ({"video": {"type": "image"}}, "video"),
    ],
)
def test_a_schema_that_takes_less_is_refused_with_the_place(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_growth(changed(), changed(**fields))
    assert refused.value.code == "schema_cannot_shrink"
    assert refused.value.details == {"field": f"bucket_schema.properties.{path}"}
    assert path in refused.value.message


def test_what_is_new_is_named_since_objects_may_hold_it_already() -> None:
    new = changed(new=FIELD, n={"type": "number"}, deep={"type": "object", "properties": {"n": FIELD, "m": FIELD}})
    assert grown(changed(), new) == ["deep", "new"]


def test_text_that_only_spells_a_null_character_is_no_null_character() -> None:
    check_json({"a": "\\u0000", "\\u0000": ["{" * 40, "[" * 40]}, "metadata", max_bytes=16384)


def test_half_a_character_is_left_to_readers_of_text() -> None:
    check_json({"a": "\ud800"}, "metadata")
