"""Turns the errors of a decoder into sentences: which field is wrong, and which values are allowed.

The decoder reports where it stopped; the allowed values come from the type of the body or the parameter. A text with a
pattern describes it in words: `Meta(pattern=…, extra={"allowed": "…"})`. A value whose remedy is not obvious has it in
`extra={"besides": "…"}`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar.enums import ParamType
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition
from msgspec import inspect

from domain.json_text import number
from domain.refusals import InvalidInputError

CODE = "invalid_request"
_PLACE = re.compile(r"(?P<problem>.*?)(?: - at `(?P<key>key` in `)?\$(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_GOT = re.compile(r"Expected `.*`, got `(?P<kind>\w+)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_GIVEN = {
    "str": "a string",
    "int": "a number",
    "float": "a number with decimals",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}
_LIMITS = {"ge": "ge", "le": "le", "gt": "gt", "lt": "lt", "min_length": "min_length", "max_length": "max_length"}
_MAX_NAME = 100


def body_complaint(
    error: msgspec.ValidationError,
    kind: Any,  # noqa: ANN401  # a type
    document: Any = None,  # noqa: ANN401  # JSON
) -> InvalidInputError:
    """Return the refusal of a body that is not of this type. `document`: the body, to find the names of wrong keys."""
    found = _PLACE.fullmatch(str(error))
    assert found is not None  # noqa: S101  # it matches everything
    problem, path = found["problem"], found["path"] or ""
    expected = _at(inspect.type_info(kind), path)
    place = _named_keys(document, inspect.type_info(kind), path).removeprefix(".") or None
    if unknown := _UNKNOWN.fullmatch(problem):
        name = _joined(place, unknown["name"][:_MAX_NAME])
        known = ", ".join(_field_names(expected))
        return _refusal(
            name, "body", f"{name} is not a field of this request", f"leave it out, or use one of {known}", ""
        )
    if missing := _MISSING.fullmatch(problem):
        name = _joined(place, missing["name"])
        allowed = phrase(_at(expected, f".{missing['name']}"))
        return _refusal(name, "body", f"{name} is missing", f"send {allowed}", allowed)
    allowed = phrase(expected)
    name = place or "The body"
    if found["key"]:
        return _refusal(name, "body", f"{name} has a key that is not allowed", f"use {allowed}", allowed)
    got = _GOT.fullmatch(problem)
    wrong = f"is {_GIVEN[got['kind']]}" if got and got["kind"] in _GIVEN else "has a value that is not allowed"
    return _refusal(name, "body", f"{name} {wrong}", f"send {allowed}{_besides(expected)}", allowed)


def parameter_complaint(handler: BaseRouteHandler, error: HTTPException) -> InvalidInputError:
    """Return the refusal of a parameter that the framework rejects."""
    extra = error.extra if isinstance(error, ValidationException) else None
    problem = extra[0] if isinstance(extra, list) and extra else {}
    source = problem.get("source", ParamType.QUERY)
    name, where = str(problem.get("key", "")), source.value if isinstance(source, ParamType) else str(source)
    field = next(_named(handler, name), None)
    if field is None:
        return unreadable()
    if name == "data":  # the missing body
        return missing_body()
    allowed = _parameter_phrase(field)
    wrong = "is missing" if "missing" in str(problem.get("message", "")).lower() else "has a value that is not allowed"
    return _refusal(name, where, f"{name} {wrong}", f"send {allowed}", allowed)


def missing_body() -> InvalidInputError:
    """Return the refusal of a request without a body."""
    return _refusal("The body", "body", "The body is missing", "send a JSON object", "a JSON object")


def number_complaint(body: bytes) -> InvalidInputError:
    """Return the refusal of JSON with a number out of range."""
    try:
        document = json.loads(body, parse_int=_whole_number, parse_float=_number)
    except (RecursionError, ValueError):  # the decoder stopped at the number
        document = None
    place = next(_beyond_bounds(document, ""), "").removeprefix(".")
    allowed = "a number that fits into 64 bits, or its digits as a string where any JSON is allowed"
    return _refusal(
        place or "The body", "body", f"{place or 'The body'} is a number out of range", f"send {allowed}", allowed
    )


def unreadable() -> InvalidInputError:
    """Return the refusal of a request without a single wrong field."""
    return InvalidInputError(CODE, "The request cannot be parsed: send it as shown in the reference.", {})


def phrase(described: inspect.Type, limits: Mapping[str, Any] | None = None) -> str:  # noqa: C901, PLR0911, PLR0912  # one line for every kind
    """Return what is allowed, as a noun phrase: "a whole number from 1 to 1000"."""
    limits = limits or {}
    match described:
        case inspect.Metadata(extra={"allowed": str(words)}):
            return words
        case inspect.Metadata():
            return phrase(described.type, limits)
        case inspect.UnionType():
            return " or ".join(dict.fromkeys(phrase(each, limits) for each in described.types))
        case inspect.NoneType():
            return "null"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_range(described, limits)}"
        case inspect.FloatType():
            return f"a number{_range(described, limits)}"
        case inspect.StrType():
            return f"a string{_length(described, 'characters', limits)}"
        case inspect.EnumType():
            return f"one of {', '.join(str(each.value) for each in described.cls)}"
        case inspect.LiteralType():
            return f"one of {', '.join(str(each) for each in described.values)}"
        case inspect.DateTimeType():
            return "a date and time such as 2027-01-31T12:00:00Z"
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            items = phrase(described.item_type)
            return f"a list{_length(described, 'items', limits)}" + ("" if items == "any JSON" else f", each {items}")
        case inspect.StructType() | inspect.DictType():
            return "an object"
        case inspect.AnyType():
            return "any JSON"
        case _:
            return "a value that the reference allows"


def _refusal(field: str, where: str, wrong: str, remedy: str, allowed: str) -> InvalidInputError:
    details = {"field": field, "in": where} | ({"allowed": allowed} if allowed else {})
    return InvalidInputError(CODE, f"{wrong}: {remedy}.", details)


def _besides(described: inspect.Type) -> str:
    kinds = described.types if isinstance(described, inspect.UnionType) else (described,)
    for each in kinds:
        if isinstance(each, inspect.Metadata) and each.extra is not None and "besides" in each.extra:
            return f"; {each.extra['besides']}"
    return ""


def _parameter_phrase(field: FieldDefinition) -> str:
    given = field.kwarg_definition
    limits = {name: getattr(given, name) for name in _LIMITS} if isinstance(given, ParameterKwarg) else {}
    described = inspect.type_info(field.annotation)
    if isinstance(described, inspect.UnionType):  # null stands for an omitted parameter; no client sends it
        kinds = tuple(each for each in described.types if not isinstance(each, inspect.NoneType))
        described = kinds[0] if len(kinds) == 1 else inspect.UnionType(kinds)
    return phrase(described, {name: value for name, value in limits.items() if value is not None})


def _named(handler: BaseRouteHandler, name: str) -> Iterator[FieldDefinition]:
    for python_name, field in handler.parsed_fn_signature.parameters.items():
        given = field.kwarg_definition
        wire_name = given.name if isinstance(given, ParameterKwarg) else None
        if name in {python_name, wire_name}:
            yield field


def _at(described: inspect.Type, path: str) -> inspect.Type:
    """Return the type at a path; the outermost known type if the path leads into untyped JSON."""
    for step in _STEP.finditer(path):
        tags = [
            branch.tag
            for branch in _branches(described)
            if isinstance(branch, inspect.StructType) and branch.tag is not None and branch.tag_field == step["name"]
        ]
        if tags:
            return inspect.LiteralType(tuple(tags))
        for branch in _branches(described):
            match branch:
                case inspect.StructType() if step["name"]:
                    fields = {field.encode_name: field.type for field in branch.fields}
                    if step["name"] in fields:
                        described = fields[step["name"]]
                        break
                case inspect.ListType() | inspect.VarTupleType() if step["index"]:
                    described = branch.item_type
                    break
                case inspect.DictType() if step["index"] == "...":
                    described = branch.value_type
                    break
                case _:
                    pass
    return described


_BEYOND = object()
_MAX_DIGITS = 4300  # of an integer, in Python


def _whole_number(text: str) -> object:
    return _BEYOND if len(text) > _MAX_DIGITS else None


def _number(text: str) -> object:
    try:
        number(text)
    except msgspec.ValidationError:
        return _BEYOND
    return None


def _beyond_bounds(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  # JSON
    waiting = [(value, path)]
    while waiting:
        found, place = waiting.pop()
        match found:
            case dict():
                waiting += [(inner, f"{place}.{name[:_MAX_NAME]}") for name, inner in found.items()]
            case list():
                waiting += [(inner, f"{place}[{index}]") for index, inner in enumerate(found)]
            case _ if found is _BEYOND:
                yield place
            case _:
                pass


def _named_keys(document: Any, described: inspect.Type, path: str) -> str:  # noqa: ANN401  # JSON
    """Return a path in which the decoder's `[...]` is the first key of an object that does not fit; else `.*`."""
    named = ""
    for step in _STEP.finditer(path):
        key: Any = step["name"] or step["index"]
        if key == "...":
            kinds = [kind for kind in _branches(_at(described, step[0])) if isinstance(kind, inspect.StructType)]
            known = document.items() if isinstance(document, dict) and kinds else ()
            key = next((name for name, value in known if not _fits(value, kinds[0].cls)), "*")
        named += f"[{key}]" if step["index"] not in {None, "..."} else f".{key[:_MAX_NAME]}"
        described = _at(described, step[0])
        document = _within(document, int(key) if isinstance(document, list) else key)
    return named


def _fits(value: object, kind: type) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _within(document: Any, key: Any) -> Any:  # noqa: ANN401  # JSON
    try:
        return document[key]
    except (KeyError, IndexError, TypeError):
        return None


def _branches(described: inspect.Type) -> Iterator[inspect.Type]:
    match described:
        case inspect.UnionType():
            for each in described.types:
                yield from _branches(each)
        case inspect.Metadata():
            yield from _branches(described.type)
        case _:
            yield described


def _field_names(described: inspect.Type) -> list[str]:
    return [
        field.encode_name
        for branch in _branches(described)
        if isinstance(branch, inspect.StructType)
        for field in branch.fields
    ]


def _joined(place: str | None, name: str) -> str:
    return f"{place}.{name}" if place else name


def _range(described: inspect.IntType | inspect.FloatType, limits: Mapping[str, Any]) -> str:
    least, most = limits.get("ge", described.ge), limits.get("le", described.le)
    more, less = limits.get("gt", described.gt), limits.get("lt", described.lt)
    if least is not None and most is not None:
        return f" from {_plain(least)} to {_plain(most)}"
    words = [
        f"{word} {_plain(bound)}"
        for word, bound in (("at least", least), ("at most", most), ("more than", more), ("less than", less))
        if bound is not None
    ]
    return f" of {' and '.join(words)}" if words else ""


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _length(
    described: inspect.StrType | inspect.ListType | inspect.VarTupleType | inspect.SetType | inspect.FrozenSetType,
    unit: str,
    limits: Mapping[str, Any],
) -> str:
    least = limits.get("min_length", described.min_length)
    most = limits.get("max_length", described.max_length)
    match least, most:
        case None, None:
            return ""
        case None, _:
            return f" of at most {most} {unit}"
        case _, None:
            return f" of at least {least} {unit if least != 1 else unit[:-1]}"
        case _ if least == most:
            return f" of {least} {unit}"
        case _:
            return f" of {least} to {most} {unit}"
