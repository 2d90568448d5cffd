"""Writes the routes of the JavaScript client, with their types, from the OpenAPI document.

`python -m tests.docs.reference` writes the module; a test compares it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.contract_check.comparing import Document
from tests.contract_check.contract import own
from tests.docs.pages import ROOT

MODULE = ROOT / "clients" / "javascript" / "src" / "server" / "generated.js"
_PREFIX = "/v1/"
_Route = tuple[str, str, Document]  # path, method, operation
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_HARMLESS = ("/list", "/sign", "/confirm")
_EVERY_CALL = {"headers", "signal", "body"}


_HEAD = """/** Every route of Upwell with its types. Written by tests/docs/javascript.py from the OpenAPI document. */

/**
 * What every call takes besides.
 * @typedef {object} Call
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */
"""


def client_module() -> str:
    """Return the text of the module."""
    document = own()
    routes = sorted(_under(document), key=lambda route: str(route[2]["operationId"]))
    shapes = [_shape(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return "\n".join([_HEAD, *shapes, _functions(routes), _table(routes)])


def _functions(routes: Iterable[_Route]) -> str:
    """Return the types of the functions, one for each route."""
    functions = [
        f" * @property {{{_signature(operation)}}} {_camel(operation['operationId'])} {operation['summary']}"
        for _, _, operation in routes
    ]
    return "\n".join(["/**", " * @typedef {object} Routes", *functions, " */", ""])


def _table(routes: Iterable[_Route]) -> str:
    """Return the table from which the functions are made."""
    rows = []
    for path, method, operation in routes:
        row = [method.upper(), path.removeprefix(_PREFIX), _is_repeatable(method, path, operation)]
        rows.append(f"  {_camel(operation['operationId'])}: {json.dumps(row)},")
    head = "/** Method, path, and whether a repeated request does nothing twice. */"
    return "\n".join([head, "export const ROUTES = /** @type {const} */ ({", *rows, "});", ""])


def _under(document: Document) -> Iterator[_Route]:
    """Yield path, method and operation of each route under /v1."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith(_PREFIX):
                yield path, method, operation


def _is_repeatable(method: str, path: str, operation: Document) -> bool:
    """Return whether the client may send the request again if its answer was lost."""
    if method != "post" or path.endswith(_HARMLESS):
        return True
    return any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _signature(operation: Document) -> str:
    """Return the type of the function that calls a route."""
    fields = [
        _field(one["name"], _type(_without_null(one["schema"])), required=one["required"])
        for one in operation.get("parameters", ())
        if one["in"] in {"path", "query"} and one["name"] not in _EVERY_CALL and _PLAIN.fullmatch(one["name"])
    ]
    body = operation.get("requestBody")
    if body is not None:
        schema = body["content"]["application/json"]["schema"]
        fields.append(_field("body", _type(_without_null(schema)), required=body.get("required", False)))
    optional = "" if any("?:" not in field for field in fields) else "?"
    given = f"{{{', '.join(fields)}}} & Call" if fields else "Call"
    return f"(call{optional}: {given}) => Promise<{_answer(operation)}>"


def _field(name: str, written: str, *, required: bool) -> str:
    return f"{name}{'' if required else '?'}: {written}"


def _answer(operation: Document) -> str:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            content = response.get("content", {})
            return _type(content["application/json"]["schema"]) if "application/json" in content else "void"
    return "void"


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a value that a caller leaves out instead of sending null."""
    if "anyOf" not in schema:
        return schema
    return {"anyOf": [one for one in schema["anyOf"] if one.get("type") != "null"]}


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    """Return the typedef of a named schema."""
    description = _described(schema)
    if "properties" not in schema:
        return f"/**{description}\n * @typedef {{{_type(schema)}}} {name}\n */\n"
    required = schema.get("required", ())
    fields = "".join(
        f" * @property {{{_type(field)}}} {key if key in required else f'[{key}]'}\n"
        for key, field in schema["properties"].items()
    )
    return f"/**{description}\n * @typedef {{object}} {name}\n{fields} */\n"


def _described(schema: Mapping[str, Any]) -> str:
    lines = schema.get("description", "").replace("*/", "* /").splitlines()
    return "".join(f"\n * {line}".rstrip() for line in lines)


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema as a type of TypeScript."""
    match schema:
        case {"$ref": reference}:
            written = str(reference).rsplit("/", 1)[-1]
        case {"enum": values}:
            written = " | ".join(json.dumps(value) for value in values)
        case {"const": value}:
            written = json.dumps(value)
        case {"anyOf": several} | {"oneOf": several}:
            written = " | ".join(dict.fromkeys(_type(one) for one in several))
        case {"type": list(types)}:
            written = " | ".join(dict.fromkeys(_type({**schema, "type": one}) for one in types))
        case {"type": "array"}:
            written = f"Array<{_type(schema.get('items', {}))}>"
        case {"type": "object", "properties": fields}:
            required = schema.get("required", ())
            inside = [_field(key, _type(field), required=key in required) for key, field in fields.items()]
            written = f"{{{', '.join(inside)}}}"
        case {"type": "object"}:
            values = schema.get("additionalProperties")
            written = f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
        case {"type": simple}:
            written = _SIMPLE[simple]
        case _:
            written = "unknown"
    return written
