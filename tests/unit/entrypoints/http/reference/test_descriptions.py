"""Every field of the OpenAPI document has a description, and no description is left of a field that is gone."""

from entrypoints.http.reference.descriptions import DESCRIPTIONS
from tests.contract_check.contract import own

SCHEMAS = own()["components"]["schemas"]
FIELDS = {(shape, field): schema for shape, of in SCHEMAS.items() for field, schema in of.get("properties", {}).items()}


def test_every_field_has_a_description() -> None:
    assert [f"{shape}.{field}" for (shape, field), schema in FIELDS.items() if not schema.get("description")] == []


def test_every_description_is_of_a_field() -> None:
    known = {field for _, field in FIELDS} | {f"{shape}.{field}" for shape, field in FIELDS}
    assert set(DESCRIPTIONS) - known == set()


def test_a_description_is_a_sentence() -> None:
    assert [name for name, text in DESCRIPTIONS.items() if not text.endswith(".") or text[0].islower()] == []
