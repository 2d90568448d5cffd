"""The OpenAPI document: routes from Litestar, shapes as msgspec validates them, and the parts that all routes share.

Litestar's own schemas do not say which shapes refuse unknown fields, and put limits where they have no effect.
"""

import enum
from collections.abc import Iterator
from typing import Any, cast, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar import Response as HTTPResponse
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
)
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute
from litestar.types.internal_types import PathParameterDefinition
from litestar.typing import FieldDefinition
from msgspec import inspect

from domain.keys.api_key import Permission
from entrypoints.http.admission.admission import Needs
from entrypoints.http.objects.wire import ListedObject, ObjectResponse
from entrypoints.http.reference.descriptions import description_of
from entrypoints.http.reference.examples import ERRORS, answer_of, body_of
from entrypoints.http.requests.queries import METADATA_FILTERS
from entrypoints.http.wire import ErrorResponse, Response

Schema = dict[str, Any]

_MADE = "openapi_document"
_REF = "#/components/schemas/{name}"
_ERRORS = {
    400: "The command is not possible in the current state",
    401: "No valid API key",
    403: "The key may not do this, or a limit of the organization is exceeded",
    404: "The resource does not exist, or belongs to another organization",
    422: "The request does not parse, or has an invalid value",
    429: "Too many requests",
    500: "An unexpected error",
    503: "A required part is unreachable",
}
_CONFLICT = {409: "The resource already exists, or the same request is in progress"}
_ERROR = {"$ref": _REF.format(name="ErrorResponse")}
_ERROR_EXAMPLE = "Error{status}"
# Responses with fields from their bucket's schema.
_WITH_OWN_FIELDS = {ListedObject, ObjectResponse}
_LIMITS = (
    ("minimum", "ge"),
    ("maximum", "le"),
    ("minLength", "min_length"),
    ("maxLength", "max_length"),
    ("pattern", "pattern"),
)


def document_of(app: Litestar) -> dict[str, Any]:
    """Return the application's document. The first reader has it made: most processes start and end without one."""
    made: dict[str, Any] | None = app.state.get(_MADE)
    if made is None:
        _complete(app, app.openapi_schema)
        made = app.state[_MADE] = app.openapi_schema.to_schema()
    return made


def _complete(app: Litestar, document: OpenAPI) -> None:
    """Complete Litestar's document in place."""
    operations = list(_operations(app, document))
    shapes = [shape for _, handler in operations for shape in _shapes(handler)]
    schemas, components = msgspec.json.schema_components([*shapes, ErrorResponse], ref_template=_REF)
    for described in _structs(inspect.multi_type_info([*shapes, ErrorResponse])):
        _settle(described, components[described.cls.__name__])
    for schema in components.values():
        _complete_arrays(schema)
    document.components.schemas = cast("Any", components)
    document.components.examples = {
        _ERROR_EXAMPLE.format(status=status): Example(value=_keeping_nulls(answer)) for status, answer in ERRORS.items()
    }
    for (operation, handler), body, answer in zip(operations, schemas[::2], schemas[1::2], strict=False):
        _describe(operation, handler, body, answer)


def operation_id(
    handler: HTTPRouteHandler,
    http_method: str,  # noqa: ARG001  # Litestar's signature
    path_components: list[str | PathParameterDefinition],
) -> str:
    """Return the handler's name, with `_by_id` for a second, short path."""
    short = len(handler.paths) > 1 and len(path_components) < max(path.count("/") for path in handler.paths)
    return f"{handler.handler_name}_by_id" if short else handler.handler_name


def _operations(app: Litestar, document: OpenAPI) -> Iterator[tuple[Operation, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                item = (document.paths or {}).get(route.path_format)
                operation = getattr(item, method.lower(), None)
                if operation is not None and handler.resolve_include_in_schema():
                    yield operation, handler


def _may_conflict(handler: HTTPRouteHandler, needs: Needs) -> bool:
    """Return whether a route creates something, or gives an object values that another one may have."""
    if "POST" in handler.http_methods:
        return needs.permission != Permission.READ
    return bool({"PUT", "PATCH"} & handler.http_methods) and any("/objects/" in path for path in handler.paths)


def _shapes(handler: HTTPRouteHandler) -> tuple[Any, Any]:
    """Return the types of a route's body and of its response; null if there is none."""
    signature = handler.parsed_fn_signature
    data = signature.parameters.get("data")
    answer = signature.return_type.annotation
    if isinstance(get_origin(answer), type) and issubclass(get_origin(answer), HTTPResponse):
        answer = get_args(answer)[0]
    return (None if data is None else data.annotation), answer


def _describe(operation: Operation, handler: HTTPRouteHandler, body: Schema, answer: Schema) -> None:
    signature = handler.parsed_fn_signature
    operation.summary = (operation.description or "").partition("\n")[0].rstrip(".")
    needs: Needs | None = handler.opt.get("needs")
    path = max(handler.paths, key=len)
    parameters = sorted(
        cast("list[Parameter]", operation.parameters or []),
        key=lambda each: path.index(each.name) if each.param_in == "path" else len(path),
    )
    fields = {_name(name, field): field for name, field in signature.parameters.items()}
    for parameter in parameters:
        parameter.schema = cast("Any", _parameter_schema(fields[parameter.name]))
    if "data" in signature.parameters:
        operation.request_body = RequestBody(
            content={"application/json": _media(body, body_of(handler.handler_name))},
            required=not signature.parameters["data"].has_default,
        )
    answers = {handler.status_code: "Successful Response", **{s: a.description for s, a in _given(handler).items()}}
    errors: dict[int, str] = {}
    if needs is not None:
        named = ["Authorization", *(["X-Namespace"] if needs.namespace or needs.narrowed else [])]
        named += ["Idempotency-Key"] if needs.once else []
        parameters = [*parameters, *(_header(name) for name in named)]
        parameters += [_metadata_filters()] if handler.opt.get(METADATA_FILTERS) else []
        errors = _ERRORS | (_CONFLICT if _may_conflict(handler, needs) else {})
    else:
        operation.security = []
        errors = {422: _ERRORS[422]} | ({404: _ERRORS[404]} if handler.opt.get("may_be_missing") else {})
    operation.parameters = cast("Any", parameters or None)
    operation.responses = {
        **{str(status): _answer(text, answer) for status, text in answers.items()},
        str(handler.status_code): _answer(answers[handler.status_code], answer, answer_of(handler.handler_name)),
        **{str(status): _error(status, text) for status, text in sorted(errors.items())},
    }


def _given(handler: HTTPRouteHandler) -> dict[int, ResponseSpec]:
    """Return a route's other statuses whose responses have the shape of its success."""
    return dict(handler.responses or {})


def _answer(text: str, schema: Schema, example: Any = None) -> OpenAPIResponse:  # noqa: ANN401  # JSON
    nothing = schema == {"type": "null"}
    return OpenAPIResponse(description=text, content=None if nothing else {"application/json": _media(schema, example)})


def _error(status: int, text: str) -> OpenAPIResponse:
    example = Reference(f"#/components/examples/{_ERROR_EXAMPLE.format(status=status)}")
    media = OpenAPIMediaType(schema=cast("Any", _ERROR), examples={"error": example})
    return OpenAPIResponse(description=text, content={"application/json": media})


def _name(name: str, field: FieldDefinition) -> str:
    given = field.kwarg_definition
    return (given.name if isinstance(given, ParameterKwarg) else None) or name


def _parameter_schema(field: FieldDefinition) -> Schema:
    schema: Schema = msgspec.json.schema(field.annotation, ref_template=_REF)
    definitions = schema.pop("$defs", {})
    schema = _inlined(schema, definitions)
    given = field.kwarg_definition
    if isinstance(given, ParameterKwarg):
        limits = {word: getattr(given, name) for word, name in _LIMITS if getattr(given, name) is not None}
        for branch in schema.get("anyOf", [schema]):
            if branch.get("type") != "null":
                branch.update(limits)
    if field.has_default and field.default is not None:
        schema["default"] = field.default
    return schema


def _inlined(schema: Any, definitions: Schema) -> Any:  # noqa: ANN401  # any part of a schema
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
        return {name: _inlined(value, definitions) for name, value in schema.items()}
    return [_inlined(value, definitions) for value in schema] if isinstance(schema, list) else schema


def _header(name: str) -> Parameter:
    return Parameter(name=name, param_in="header", required=False, schema=cast("Any", {"type": "string"}))


def _metadata_filters() -> Parameter:
    """Return the parameters `metadata.<field>=<value>`: an object whose properties are parameters of their own."""
    return Parameter(
        name="metadata_filters",
        param_in="query",
        required=False,
        style="form",
        explode=True,
        description="Count only uploads with these values, as text, in metadata fields that the bucket keeps analytics"
        " by. Each property is a query parameter of its own, such as metadata.plan=pro; there is no parameter named"
        " metadata_filters.",
        schema=cast(
            "Any",
            {
                "type": "object",
                "patternProperties": {r"^metadata\..": {"type": "string"}},
                "additionalProperties": False,
            },
        ),
        example={"metadata.plan": "pro"},
    )


def _media(schema: Schema, example: Any) -> OpenAPIMediaType:  # noqa: ANN401  # JSON
    return OpenAPIMediaType(schema=cast("Any", schema), example=_keeping_nulls(example))


class _Null(enum.Enum):
    """Litestar omits nulls. For a member of an enum it writes the value."""

    NULL = None


def _keeping_nulls(example: Any, *, within: bool = False) -> Any:  # noqa: ANN401  # JSON
    match example:
        case dict():
            return {name: _keeping_nulls(value, within=True) for name, value in example.items()}
        case list():
            return [_keeping_nulls(value, within=True) for value in example]
        case None if within:
            return _Null.NULL
        case _:
            return example


def _complete_arrays(schema: Any) -> None:  # noqa: ANN401  # any part of a schema
    """Give arrays of anything their `items`: client generators need them."""
    if isinstance(schema, dict):
        if schema.get("type") == "array":
            schema.setdefault("items", {})
        for inner in schema.values():
            _complete_arrays(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _complete_arrays(inner)


def _settle(described: inspect.StructType, schema: Schema) -> None:
    """Add what msgspec omits: the format of times, and that the fields of a response are required."""
    properties: Schema = schema["properties"]
    for field in described.fields:
        if any(isinstance(kind, inspect.DateTimeType) for kind in _branches(field.type)):
            for branch in properties[field.encode_name].get("anyOf", [properties[field.encode_name]]):
                if branch.get("type") == "string":
                    branch["format"] = "date-time"
    if issubclass(described.cls, Response):
        for schema_of_field in properties.values():
            schema_of_field.pop("default", None)  # a response always has a value
        schema["required"] = [field.encode_name for field in described.fields if _always_there(field)]
    if _has_own_fields(described):
        schema["additionalProperties"] = True
    for name, schema_of_field in properties.items():
        meaning = description_of(described.cls.__name__, name)
        if meaning is not None:
            schema_of_field.setdefault("description", meaning)


def _has_own_fields(described: inspect.StructType) -> bool:
    """Return whether unknown fields of the shape have a meaning."""
    answer = issubclass(described.cls, Response)
    return described.cls in _WITH_OWN_FIELDS if answer else not described.forbid_unknown_fields


def _always_there(field: inspect.Field) -> bool:
    """Return whether a field of a response is never omitted: a default of UNSET is no default for msgspec."""
    return field.required or (field.default, field.default_factory) != (msgspec.NODEFAULT, msgspec.NODEFAULT)


def _branches(described: inspect.Type) -> tuple[inspect.Type, ...]:
    return described.types if isinstance(described, inspect.UnionType) else (described,)


def _structs(described: Any) -> Iterator[inspect.StructType]:  # noqa: ANN401  # any part of a description
    """Yield every struct within a description, each once."""
    seen: set[type] = set()
    waiting: list[Any] = [described]
    while waiting:
        found = waiting.pop()
        if isinstance(found, inspect.StructType):
            if found.cls in seen:
                continue
            seen.add(found.cls)
            yield found
        if isinstance(found, list | tuple):
            waiting.extend(found)
        elif isinstance(found, inspect.Type | inspect.Field):
            waiting.extend(getattr(found, name) for name in found.__struct_fields__ if name != "default")
