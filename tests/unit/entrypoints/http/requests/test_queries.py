"""Unknown query parameters."""

import pytest

from domain.refusals import InvalidInputError
from entrypoints.http.events.routes import _pairs
from entrypoints.http.requests.queries import CONTRACT, check_once, settled_query
from tests.contract_check.comparing import operations
from tests.contract_check.contract import ABSENT, contract, own

LIST = frozenset({"limit", "offset", "cursor", "include_total"})


@pytest.mark.parametrize(
    ("given", "settled", "ignored"),
    [
        ([("limit", "5")], [("limit", "5")], []),
        ([("page_size", "5")], [("limit", "5")], []),
        ([("page_size", "5"), ("limit", "6")], [("limit", "6")], ["page_size"]),
        ([("next_cursor", "abc")], [("cursor", "abc")], []),
        ([("page", "3"), ("page_size", "20")], [("limit", "20"), ("offset", "40")], []),
        ([("page", "3"), ("limit", "20")], [("limit", "20"), ("offset", "40")], []),
        ([("page", "1")], [], []),
        ([("page", "3")], [], ["page"]),
        ([("page", "0"), ("limit", "5")], [("limit", "5")], ["page"]),
        ([("page", "9" * 30), ("limit", "5")], [("limit", "5")], ["page"]),
        ([("page", "2"), ("offset", "5"), ("limit", "5")], [("offset", "5"), ("limit", "5")], ["page"]),
        ([("colour", "red"), ("colour", "blue"), ("size", "")], [], ["colour", "size"]),
    ],
)
def test_names_of_answers_are_understood_and_what_is_left_is_named(
    given: list[tuple[str, str]], settled: list[tuple[str, str]], ignored: list[str]
) -> None:
    assert settled_query(given, LIST) == (settled, ignored)


def test_a_parameter_that_is_given_twice_is_refused_by_its_name() -> None:
    check_once([("limit", "1"), ("cursor", "2"), ("colour", "red"), ("colour", "blue")], LIST)
    with pytest.raises(InvalidInputError, match="limit is repeated in the query") as refused:
        check_once([("limit", "1"), ("cursor", "2"), ("limit", "1")], LIST)
    assert (refused.value.code, refused.value.details) == ("repeated_parameter", {"field": "limit", "in": "query"})


@pytest.mark.parametrize("text", ["{}", "[]", "7", "{"])
def test_metadata_that_name_no_value_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _pairs(text, "metadata")
    assert refused.value.code == "invalid_metadata"


def test_the_routes_of_the_contract_are_those_that_both_documents_have() -> None:
    document = contract()
    if document is None:
        pytest.skip(ABSENT)

    def nameless(path: str) -> str:
        return "/".join("{}" if part.startswith("{") else part for part in path.rstrip("/").split("/"))

    theirs = {(op.method, nameless(op.path)) for op in operations(document)}
    shared = {
        (op.method.upper(), op.path.rstrip("/")) for op in operations(own()) if (op.method, nameless(op.path)) in theirs
    }
    assert {(method, path) for path, methods in CONTRACT.items() for method in methods} == shared
