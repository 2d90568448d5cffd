"""Bucket schemas: typed properties, and the validation of values."""

import enum
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from domain.events.event import JSON
from domain.refusals import InvalidInputError

PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_]+")
_PLACE = re.compile(r"at `\$(?P<path>[^`]*)`")
MAX_DEPTH = 32


class FieldType(enum.StrEnum):
    """The types of properties."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    DATE = "date"
    DATETIME = "datetime"
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    PDF = "pdf"
    EXCEL = "excel"


FILE_TYPES = frozenset(
    {FieldType.TEXT, FieldType.IMAGE, FieldType.AUDIO, FieldType.VIDEO, FieldType.PDF, FieldType.EXCEL}
)


class SchemaField(msgspec.Struct, frozen=True, kw_only=True):
    """One property. Unknown keys are stored with the bucket, but have no effect."""

    type: FieldType
    required: bool | None = False
    enum: list[Any] | None = None
    default: Any = None
    items: "SchemaField | None" = None
    properties: "dict[str, SchemaField] | None" = None
    description: str | None = None
    examples: list[Any] | None = None


class BucketSchema(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a bucket's objects, by name."""

    properties: dict[str, SchemaField]

    def file_properties(self) -> list[str]:
        """Return the names of the properties for files."""
        return [name for name, field in self.properties.items() if field.type in FILE_TYPES]


def parse_schema(document: JSON) -> BucketSchema:
    """Return the schema that a client's JSON describes; raise `InvalidInputError` if it is invalid."""
    check_json(document, "bucket_schema")
    try:
        schema = msgspec.convert(document, BucketSchema)
    except msgspec.ValidationError as error:
        place = _place(error)
        raise InvalidInputError(
            "invalid_schema",
            f"{place} cannot be parsed: give every property a type (one of {', '.join(FieldType)}), and at most"
            " required,"
            " description, enum, default, examples, items and properties.",
            {"field": place},
        ) from error
    for name in schema.properties:
        if not PROPERTY_NAME.fullmatch(name):
            raise InvalidInputError(
                "invalid_schema",
                f"The property name '{name[:100]}' has characters that are not allowed: use only letters, digits and"
                " underscores.",
                {"property": name[:100]},
            )
    for path, field in _fields(schema.properties, ""):
        if field.default is not None:
            for problem in value_problems(field, field.default, path):
                raise InvalidInputError(
                    "invalid_schema",
                    f"The default of {path} does not fit, because {problem}: correct the default.",
                    {"property": path},
                )
    return schema


def check_growth(before: BucketSchema, after: BucketSchema) -> None:
    """Refuse a schema that existing objects may contradict: it may only have more properties, and wider ones.

    Values that objects already have under the name of a new property are not checked: see `grown`.
    """
    for path, problem in _shrunk(before.properties, after.properties, ""):
        raise InvalidInputError(
            "schema_cannot_shrink",
            f"bucket_schema.properties.{path} {problem}: add properties or widen them, so that existing objects still"
            " fit.",
            {"field": f"bucket_schema.properties.{path}"},
        )


def grown(before: BucketSchema, after: BucketSchema) -> list[str]:
    """Return the properties that are new, or have new parts, for which objects may already have values."""
    return [
        name
        for name, field in after.properties.items()
        if name not in before.properties or _names(field) - _names(before.properties[name])
    ]


def value_problems(field: SchemaField, value: object, path: str) -> Iterator[str]:
    """Yield the problems of a value as phrases that begin with its path. null is always valid."""
    if value is None:
        return
    if field.enum and not any(_same(value, allowed) for allowed in field.enum):
        yield f"{path} must be one of {', '.join(_written(each) for each in field.enum)}"
        return
    match field.type, value:
        case FieldType.OBJECT, dict():
            yield from _object_problems(field.properties or {}, value, path)
        case FieldType.ARRAY, list():
            if field.items is not None:
                for index, item in enumerate(value):
                    yield from value_problems(field.items, item, f"{path}[{index}]")
        case kind, _ if not _FITS[kind](value):
            yield f"{path} must be {_PHRASE.get(kind, kind.value)}"
        case _:
            pass


def with_defaults(schema: BucketSchema, values: Mapping[str, Any]) -> JSON:
    """Return the values with the schema's defaults for missing ones, also inside given objects."""
    return _filled(schema.properties, values)


def check_values(
    schema: BucketSchema, values: Mapping[str, Any], *, given: Collection[str] = (), what: str = "object_metadata"
) -> None:
    """Refuse values that contradict the schema. Unknown keys are not checked.

    `given`: properties that count as given (those of blobs). `what`: the name of the values in the refusal.
    """
    found = [
        problem
        for name, value in values.items()
        if name in schema.properties
        for problem in value_problems(schema.properties[name], value, name)
    ]
    found += [
        f"{name} is required"
        for name, field in schema.properties.items()
        if field.required and name not in given and field.default is None and values.get(name) is None
    ]
    if found:
        raise InvalidInputError(
            "schema_violation",
            f"{what} does not fit the bucket's schema: {'; '.join(found[:10])}. Correct it and send it again.",
            {"problems": found[:100]},
        )


def check_json(value: object, what: str, *, max_bytes: int | None = None) -> None:
    """Refuse JSON that is nested over 32 deep, contains U+0000, or is larger than `max_bytes` when encoded."""
    if value is None or value == {} or _plainly_fits(value, max_bytes):
        return
    level: list[object] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH and any(isinstance(item, dict | list) for item in level):
            raise InvalidInputError(
                "too_deep", f"{what} is nested more than {MAX_DEPTH} levels deep: flatten it.", {"field": what}
            )
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                check_text(item, what)
            elif isinstance(item, dict):
                for key in item:
                    check_text(key, what)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
    if max_bytes is not None and len(msgspec.json.encode(value)) > max_bytes:
        raise InvalidInputError(
            "metadata_too_large",
            f"{what} is too large: send at most {max_bytes // 1024} KiB of JSON.",
            {"field": what},
        )


def _plainly_fits(value: object, max_bytes: int | None) -> bool:
    """Return whether the encoded value is certainly valid. This costs a quarter of a check of each part."""
    try:
        text = msgspec.json.encode(value)
    except (RecursionError, ValueError):
        return False
    levels = text.count(b"{") + text.count(b"[")  # at most
    return levels <= MAX_DEPTH and b"\\u0000" not in text and (max_bytes is None or len(text) <= max_bytes)


def check_text(text: str, what: str) -> None:
    """Refuse U+0000, which PostgreSQL cannot store."""
    if "\0" in text:
        raise InvalidInputError(
            "null_character", f"{what} contains the character U+0000: leave it out.", {"field": what}
        )


# The types that every value of a type also fits.
_WIDER: Mapping[FieldType, frozenset[FieldType]] = {
    FieldType.INTEGER: frozenset({FieldType.NUMBER, FieldType.FLOAT}),
    FieldType.NUMBER: frozenset({FieldType.FLOAT}),
    FieldType.FLOAT: frozenset({FieldType.NUMBER}),
    FieldType.DATE: frozenset({FieldType.DATETIME, FieldType.STRING}),
    FieldType.DATETIME: frozenset({FieldType.STRING}),
}


def _shrunk(
    before: Mapping[str, SchemaField], after: Mapping[str, SchemaField], path: str
) -> Iterator[tuple[str, str]]:
    """Yield the path and the problem of each property that accepts less than before."""
    for name in before.keys() - after.keys():
        yield f"{path}{name}", "is missing"
    for name, field in after.items():
        here = f"{path}{name}"
        known = before.get(name)
        if known is not None:
            yield from _narrowed(known, field, here)
        elif field.required and field.default is None:
            yield here, "is new and required, but has no default"


def _narrowed(before: SchemaField, after: SchemaField, path: str) -> Iterator[tuple[str, str]]:
    if after.type is not before.type and after.type not in _WIDER.get(before.type, ()):
        yield path, f"was of the type {before.type} and cannot be {after.type}"
    if after.required and not before.required and after.default is None:
        yield path, "was optional and cannot be required without a default"
    if after.enum and not (before.enum and all(any(_same(one, other) for other in after.enum) for one in before.enum)):
        yield path, "has an enum without values that were allowed"
    if before.items is not None and after.items is not None:
        yield from _narrowed(before.items, after.items, f"{path}.items")
    elif after.items is not None:
        yield path, "had items of any type"
    yield from _shrunk(before.properties or {}, after.properties or {}, f"{path}.")


def _names(field: SchemaField) -> set[str]:
    """Return the paths of all parts of a property."""
    return {path for path, _ in _fields({"": field}, "")}


def _object_problems(properties: Mapping[str, SchemaField], value: dict[str, Any], path: str) -> Iterator[str]:
    for name, field in properties.items():
        if value.get(name) is not None:
            yield from value_problems(field, value[name], f"{path}.{name}")
        elif field.required and field.default is None:
            yield f"{path}.{name} is required"


def _filled(properties: Mapping[str, SchemaField], values: Mapping[str, Any]) -> JSON:
    defaults = {
        name: field.default
        for name, field in properties.items()
        if field.default is not None and values.get(name) is None
    }
    given = {name: _within(properties[name], value) if name in properties else value for name, value in values.items()}
    return {**given, **defaults}


def _within(field: SchemaField, value: object) -> object:
    match field, value:
        case SchemaField(type=FieldType.OBJECT, properties=dict() as properties), dict():
            return _filled(properties, value)
        case SchemaField(type=FieldType.ARRAY, items=SchemaField() as items), list():
            return [_within(items, item) for item in value]
        case _:
            return value


def _fields(properties: Mapping[str, SchemaField], path: str) -> Iterator[tuple[str, SchemaField]]:
    for name, field in properties.items():
        here = f"{path}.{name}" if path else name
        yield here, field
        yield from _fields(field.properties or {}, here)
        if field.items is not None:
            yield from _fields({"[]": field.items}, here)


def _same(one: object, other: object) -> bool:
    """Compare JSON: 1 and 1.0 are the same, 1 and true are not, at any depth."""
    match one, other:
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
        case _:
            return one == other and isinstance(one, bool) == isinstance(other, bool)


def _place(error: msgspec.ValidationError) -> str:
    """Return where in a schema the decoder stopped."""
    found = _PLACE.search(str(error))
    return "bucket_schema" + ("" if found is None else found["path"].replace("[...]", ".*"))


def _written(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_int(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(value: object) -> bool:
    return _parses(value, date.fromisoformat)


def _is_datetime(value: object) -> bool:
    return _parses(value, datetime.fromisoformat)


def _parses(value: object, parse: Callable[[str], object]) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_FITS = {
    FieldType.STRING: _is_text,
    FieldType.NUMBER: _is_number,
    FieldType.INTEGER: _is_int,
    FieldType.FLOAT: _is_number,
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
    FieldType.OBJECT: lambda value: isinstance(value, dict),
    FieldType.ARRAY: lambda value: isinstance(value, list),
    FieldType.DATE: _is_date,
    FieldType.DATETIME: _is_datetime,
    **dict.fromkeys(FILE_TYPES, _is_text),
}
_PHRASE = {
    FieldType.STRING: "a string",
    FieldType.NUMBER: "a number",
    FieldType.INTEGER: "an integer",
    FieldType.FLOAT: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.OBJECT: "an object",
    FieldType.ARRAY: "an array",
    FieldType.DATE: "a date such as 2026-01-31",
    FieldType.DATETIME: "a date and time such as 2026-01-31T12:00:00Z",
    **dict.fromkeys(FILE_TYPES, "a string: a URL or inline data"),
}
