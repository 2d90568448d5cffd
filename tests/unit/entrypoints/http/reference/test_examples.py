"""Every body and every answer of the OpenAPI document has an example, and each example is what its schema says."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from entrypoints.http.reference.examples import ROUTES
from tests.contract_check.comparing import operations
from tests.contract_check.contract import own

DOCUMENT = own()
COMPONENTS = DOCUMENT["components"]


def media() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all JSON that is sent and answered, named by its operation."""
    for operation in operations(DOCUMENT):
        name = operation.body["operationId"]
        holders = {"body": operation.body.get("requestBody", {})} | operation.body["responses"]
        for what, holder in holders.items():
            if "content" in holder:
                yield f"{name} {what}", holder["content"]["application/json"]


MEDIA = dict(media())
# Whether a part is missing is seen from the answer itself.
WITHOUT = {"readyz 503"}


def example(of: dict[str, Any]) -> Any:  # noqa: ANN401  # JSON
    if "example" in of:
        return of["example"]
    name = of["examples"]["error"]["$ref"].rpartition("/")[2]
    return COMPONENTS["examples"][name]["value"]


def test_every_body_and_every_answer_has_an_example() -> None:
    assert {name for name, of in MEDIA.items() if not {"example", "examples"} & set(of)} == WITHOUT


def test_every_example_matches_its_schema() -> None:
    unlike = {str(of): name for name, of in MEDIA.items() if name not in WITHOUT}  # an error has one, in many places
    found = {name: faults for name in unlike.values() if (faults := wrong(name))}
    assert found == {}, "change entrypoints/http/reference/examples.json"


def wrong(name: str) -> list[str]:
    """Return what is wrong with an example."""
    draft = "https://json-schema.org/draft/2020-12/schema"
    schema = {"$schema": draft, **MEDIA[name]["schema"], "components": COMPONENTS}
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    return [error.message for error in validator.iter_errors(example(MEDIA[name]))]


def test_an_answer_shows_what_is_null() -> None:
    assert example(MEDIA["get_upload 200"])["etag"] is None


def test_an_example_of_an_error_has_its_status() -> None:
    errors = {name: example(of) for name, of in MEDIA.items() if "examples" in of}
    assert {name for name, error in errors.items() if not name.endswith(f" {error['status']}")} == set()


def test_no_example_is_left_of_a_route_that_is_gone() -> None:
    assert ROUTES.keys() - {name.partition(" ")[0] for name in MEDIA} == set()
