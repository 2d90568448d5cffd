"""The page of routes, from the OpenAPI document: each with its parameters, shapes and example, and all shapes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.contract_check.comparing import Operation, Schema, operations
from tests.contract_check.contract import own
from tests.docs.examples import EXAMPLES

_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches `{}`",
    "format": "{}",
}
_HEADERS = {"Authorization", "X-Namespace"}


def routes_one_by_one() -> str:
    """Return a section for every route, in the order of the examples, and one for every shape."""
    known = {operation.name: operation for operation in operations(own())}
    ordered = [*(name for name in EXAMPLES if name in known), *(name for name in known if name not in EXAMPLES)]
    schemas = own()["components"]["schemas"]
    sections = [_route(known[name]) for name in ordered]
    shapes = [_shape(name, schemas[name]) for name in sorted(schemas)]
    text = "\n## Routes\n\n" + "\n".join(sections) + "\n## Shapes\n\n" + "\n".join(shapes) + "\n"
    return re.sub(r"\n{3,}", "\n\n", text)


def _route(operation: Operation) -> str:
    body = operation.body
    lines = [f"### {operation.name}", "", _paragraph(body), ""]
    parameters = [p for p in body.get("parameters", []) if p["name"] not in _HEADERS]
    if parameters:
        lines += ["| parameter | where | type |", "|---|---|---|"]
        lines += [f"| {_name(p)} | {p['in']} | {_cell(_type_of(p['schema']))} |" for p in parameters]
        lines.append("")
    given = _content(body.get("requestBody"))
    if given is not None:
        may = "" if body["requestBody"].get("required") else " (may be left out)"
        lines += [f"Body: {_type_of(given)}{may}.", ""]
    answers = ", ".join(
        f"{status} with {_type_of(media['schema'])}" if media else status for status, media in _answers(body)
    )
    errors = ", ".join(status for status in body["responses"] if status >= "300")
    lines += [f"Answers: {answers}{'; errors: ' + errors if errors else ''}.", ""]
    if operation.name in EXAMPLES:
        lines += ["```sh", EXAMPLES[operation.name], "```", ""]
    answered = next((media["example"] for _, media in _answers(body) if "example" in media), None)
    if answered is not None:
        lines += ["Answer:", "", "```json", json.dumps(answered, indent=2, ensure_ascii=False), "```", ""]
    return "\n".join(lines)


def _name(parameter: dict[str, Any]) -> str:
    """Return the name of a parameter; the properties of an object are parameters of their own."""
    return "`metadata.<field>`" if parameter["name"] == "metadata_filters" else f"`{parameter['name']}`"


def _shape(name: str, schema: Schema) -> str:
    lines = [f"### {name}", "", _paragraph(schema), ""]
    if "enum" in schema:
        lines += [f"One of {_values(schema)}.", ""]
    rows = [_field(field, inner, schema) for field, inner in schema.get("properties", {}).items()]
    if rows:
        lines += ["| field | type | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _paragraph(described: dict[str, Any]) -> str:
    return re.sub(r"(?<!\n)\n(?!\n)\s*", " ", str(described.get("description", "")))


def _field(name: str, schema: Schema, owner: Schema) -> str:
    required = " (required)" if name in owner.get("required", ()) and owner.get("additionalProperties") is False else ""
    return f"| `{name}`{required} | {_cell(_type_of(schema))} | {_cell(schema.get('description', ''))} |"


def _type_of(schema: Schema) -> str:
    return ", ".join([" or ".join(dict.fromkeys(_kinds(schema))), *_limits(schema)])


def _limits(schema: Schema) -> Iterator[str]:
    for branch in schema.get("anyOf", [schema]):
        yield from (limit.format(branch[word]) for word, limit in _LIMITS.items() if word in branch)
    if schema.get("default") not in (None, {}, []):
        yield f"default `{_plain(schema['default'])}`"


def _kinds(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        yield f"[{name}](#{name.lower()})"
    elif "anyOf" in schema:
        for branch in schema["anyOf"]:
            yield from _kinds(branch)
    elif "enum" in schema:
        yield f"one of {_values(schema)}"
    elif schema.get("type") == "array":
        yield f"array of {_type_of(schema.get('items', {}))}"
    elif isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        yield f"object of {_type_of(schema['additionalProperties'])}"
    else:
        yield {"string": "text", None: "anything"}.get(schema.get("type"), str(schema.get("type")))


def _values(schema: Schema) -> str:
    return ", ".join(f"`{value}`" for value in schema["enum"])


def _plain(value: Any) -> str:  # noqa: ANN401  # JSON
    return value if isinstance(value, str) else json.dumps(value)


def _answers(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the statuses of success, each with the content of its answer."""
    for status, answer in body["responses"].items():
        if status < "300":
            yield status, answer.get("content", {}).get("application/json", {})


def _content(holder: dict[str, Any] | None) -> Schema | None:
    schema: Schema | None = (holder or {}).get("content", {}).get("application/json", {}).get("schema")
    return schema


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
