"""A client that was written for the contract finds all of it here, but for the deviations that are listed."""

from typing import Any

import pytest

from tests.contract_check.comparing import Difference, Document, differences
from tests.contract_check.contract import ABSENT, DEVIATIONS, ROOT, contract, deviations, own

STRING = {"type": "string"}
WHOLE = {"type": "integer"}
NULL = {"type": "null"}


@pytest.fixture(scope="module")
def found() -> list[Difference]:
    document = contract()
    if document is None:
        pytest.skip(ABSENT)
    return differences(document, own())


def test_every_difference_is_listed(found: list[Difference]) -> None:
    unlisted = [f"{d.where}: {d.what}" for d in found if not any(listed.covers(d) for listed in deviations())]
    name = DEVIATIONS.relative_to(ROOT)
    assert not unlisted, f"differs from the contract, and is not in {name}:\n" + "\n".join(unlisted)


def test_every_deviation_that_is_listed_exists(found: list[Difference]) -> None:
    gone = [f"{d.where}: {d.what}" for d in deviations() if not any(d.covers(difference) for difference in found)]
    assert not gone, f"differs no longer: take it out of {DEVIATIONS.relative_to(ROOT)}:\n" + "\n".join(gone)


def test_every_deviation_has_a_reason() -> None:
    assert all(listed.reason.strip().endswith(".") for listed in deviations())


def document(
    *,
    body: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    required: bool = True,
) -> Document:
    operation: dict[str, Any] = {
        "parameters": parameters or [],
        "responses": {"200": {"content": {"application/json": {"schema": answer or {}}}}},
    }
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}, "required": required}
    return {"paths": {"/a/{id}": {"post": operation}}, "components": {"schemas": {"Tree": TREE}}}


def fields(required: tuple[str, ...] = (), *, closed: bool = False, **properties: Any) -> dict[str, Any]:  # noqa: ANN401  # schemas
    rest = {"additionalProperties": False} if closed else {}
    return {"type": "object", "properties": properties, "required": list(required), **rest}


TREE = fields(
    name=STRING,
    children={"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    parent={"anyOf": [{"$ref": "#/components/schemas/Tree"}, NULL]},
)

REQUESTS: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("the same", fields(("a",), a=STRING), fields(("a",), a=STRING, closed=True), []),
    ("a field is missing", fields(a=STRING), fields(b=STRING), [(".a", "no such field"), (".b", "a field of ours")]),
    ("a field became required", fields(a=STRING), fields(("a",), a=STRING), [(".a", "required here")]),
    ("a field became optional", fields(("a",), a=STRING), fields(a=STRING), [(".a", "optional here")]),
    ("another type", fields(a=STRING), fields(a=WHOLE), [(".a", "refuses string"), (".a", "accepts integer too")]),
    ("a whole number is a number", fields(a=WHOLE), fields(a={"type": "number"}), [(".a", "accepts number too")]),
    ("null is refused", fields(a={"anyOf": [STRING, NULL]}), fields(a=STRING), [(".a", "refuses null")]),
    ("anyOf is oneOf", fields(a={"anyOf": [STRING, NULL]}), fields(a={"oneOf": [NULL, STRING]}), []),
    ("anyOf is a list of types", fields(a={"anyOf": [STRING, NULL]}), fields(a={"type": ["string", "null"]}), []),
    (
        "a tighter limit within a choice",
        fields(a={"anyOf": [{"type": "string", "maxLength": 9}, NULL]}),
        fields(a={"anyOf": [{"type": "string", "maxLength": 8}, NULL]}),
        [(".a", "maxLength is 8, not 9")],
    ),
    (
        "a choice within another",
        fields(a={"anyOf": [{"type": "string", "format": "uri"}, STRING]}),
        fields(a=STRING),
        [],
    ),
    (
        "another default",
        fields(a={"type": "boolean", "default": True}),
        fields(a={"type": "boolean", "default": False}),
        [(".a", "the default is False, not True")],
    ),
    (
        "a value of an enum is missing",
        fields(a={"type": "string", "enum": ["x", "y"]}),
        fields(a={"type": "string", "enum": ["x"]}),
        [(".a", "refuses the values y")],
    ),
    (
        "other fields are refused",
        {"type": "object", "additionalProperties": True},
        fields(closed=True),
        [("", "refuses other fields")],
    ),
    (
        "the items of an array",
        fields(a={"type": "array", "items": STRING}),
        fields(a={"type": "array", "items": WHOLE}),
        [(".a []", "refuses string"), (".a []", "accepts integer too")],
    ),
    ("what holds itself", {"$ref": "#/components/schemas/Tree"}, {"$ref": "#/components/schemas/Tree"}, []),
]


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS]
)
def test_in_requests_is_seen(theirs: dict[str, Any], ours: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = differences(document(body=theirs), document(body=ours))
    assert found == [Difference(f"POST /a/{{id}} body {where}".strip(), what) for where, what in expected]


ANSWERS: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("more fields are no difference", fields(a=STRING), fields(("a", "b"), a=STRING, b=STRING), []),
    ("a missing one is", fields(a=STRING), fields(b=STRING), [(".a", "no such field")]),
    ("one that may be absent is", fields(("a",), a=STRING), fields(a=STRING), [(".a", "may be absent")]),
    ("null where none was", fields(a=STRING), fields(a={"anyOf": [STRING, NULL]}), [(".a", "may be null")]),
    ("never null where it could be", fields(a={"anyOf": [STRING, NULL]}), fields(a=STRING), []),
    (
        "a value outside of the enum",
        fields(a={"type": "string", "enum": ["x"]}),
        fields(a={"type": "string", "enum": ["x", "y"]}),
        [(".a", "may be of the values y")],
    ),
    (
        "a limit that is not kept",
        fields(a={"type": "string", "maxLength": 9}),
        fields(a=STRING),
        [(".a", "maxLength is none, not 9")],
    ),
    (
        "fields that are not spelled out",
        fields(a=fields(b=STRING)),
        fields(a={"type": "object"}),
        [(".a", "any object: its fields are not spelled out")],
    ),
]


@pytest.mark.parametrize(("theirs", "ours", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_in_answers_is_seen(theirs: dict[str, Any], ours: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = differences(document(answer=theirs), document(answer=ours))
    assert found == [Difference(f"POST /a/{{id}} 200 {where}".strip(), what) for where, what in expected]


def test_parameters_are_compared_by_place_and_name_and_headers_in_any_case() -> None:
    theirs: list[dict[str, Any]] = [
        {"in": "header", "name": "X-Thing", "schema": STRING},
        {"in": "query", "name": "limit", "schema": {"type": "integer", "default": 10}},
        {"in": "query", "name": "gone", "schema": STRING},
    ]
    ours: list[dict[str, Any]] = [
        {"in": "header", "name": "x-thing", "schema": STRING, "required": True},
        {"in": "query", "name": "limit", "schema": {"type": "integer", "default": 20}},
        {"in": "query", "name": "new", "schema": STRING},
    ]
    assert differences(document(parameters=theirs), document(parameters=ours)) == [
        Difference("POST /a/{id} header X-Thing", "required here"),
        Difference("POST /a/{id} query limit", "the default is 20, not 10"),
        Difference("POST /a/{id} query gone", "no such parameter"),
        Difference("POST /a/{id} query new", "a parameter of ours"),
    ]


def test_routes_bodies_and_statuses_are_compared() -> None:
    theirs, ours = document(body=fields(a=STRING), required=False), document(body=fields(a=STRING))
    ours["paths"]["/a/{other}"] = ours["paths"].pop("/a/{id}")
    ours["paths"]["/a/{other}"]["post"]["responses"] = {"202": {}}
    theirs["paths"]["/b"] = theirs["paths"]["/a/{id}"]
    assert differences(theirs, ours) == [
        Difference("POST /a/{id} body", "required here"),
        Difference("POST /a/{id} 200", "no such status"),
        Difference("POST /a/{id} 202", "a status of ours"),
        Difference("POST /b", "no such route"),
    ]
