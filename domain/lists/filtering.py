"""Filters and orders of lists: parses the JSON of clients into a tree of conditions.

A condition is true or false for a row, never unknown: a missing value, or one of another type, equals nothing, is
neither greater nor less, and contains no text. `ne`, `nin` and NOT are exact opposites. Texts are compared in Unicode's
composed form (NFC), because macOS decomposes accents.
"""

import enum
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from domain.buckets.schema import check_json
from domain.lists import patterns
from domain.refusals import InvalidInputError

MAX_DEPTH = 8
MAX_CONDITIONS = 100
MAX_VALUES = 1000
MAX_TEXT = 1000
_MAX_FIELD = 200
_MAX_PATH = 10
_MAX_BITS = 1024
_GROUPS = ("AND", "OR", "NOT")


class ValueType(enum.StrEnum):
    """The type of a field's values. Ids are compared exactly, words are always in capitals."""

    ID = "an id"
    WORD = "a word"
    TEXT = "a text"
    NUMBER = "a number"
    MOMENT = "a date and time"
    FLAG = "true or false"
    JSON = "JSON"


class Operator(enum.StrEnum):
    """The comparison of a condition."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    GTE = "gte"
    LTE = "lte"
    IN = "in"
    NIN = "nin"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    REGEX = "regex"
    EXISTS = "exists"
    IS_NULL = "is_null"
    TEXT = "text"


_OPERATORS = frozenset(Operator)


class Fields(msgspec.Struct, frozen=True):
    """The fields of a list by name. `rest`: the JSON field for all other names."""

    kinds: Mapping[str, ValueType]
    rest: str | None = None


class Ref(msgspec.Struct, frozen=True):
    """A field, or a path inside a JSON field."""

    name: str
    kind: ValueType
    path: tuple[str, ...] = ()


class Condition(msgspec.Struct, frozen=True):
    """One comparison. The operators `ne`, `nin` and `text` are expressed with the others.

    Values: numbers are `Decimal`, moments have a time zone, `in` holds a tuple without null, `regex` is canonical,
    `exists` and `is_null` are always true. Other JSON than text, number, true or false stays unchanged.
    """

    ref: Ref
    operator: Operator
    value: Any
    case_sensitive: bool


class AllOf(msgspec.Struct, frozen=True):
    """All of these; empty: every row."""

    parts: "tuple[Filter, ...]"


class AnyOf(msgspec.Struct, frozen=True):
    """At least one of these."""

    parts: "tuple[Filter, ...]"


class NoneOf(msgspec.Struct, frozen=True):
    """None of these conditions."""

    parts: "tuple[Filter, ...]"


Filter = Condition | AllOf | AnyOf | NoneOf


class Order(msgspec.Struct, frozen=True):
    """The order of a list. Missing values sort first."""

    ref: Ref
    descending: bool


def parse_filter(document: Mapping[str, Any], fields: Fields, *, case_sensitive: bool = False) -> Filter:
    """Return the tree of a client's `filters`. `case_sensitive`: the default."""
    check_json(document, "filters")
    return _Parser(fields).group(document, case_sensitive, depth=1)


def parse_order(document: Mapping[str, Any], fields: Fields) -> Order:
    """Return the order of a client's `sort`: field and direction, or one field with its direction."""
    check_json(document, "sort")
    if set(document) <= {"field", "direction"} and "field" in document:
        name, direction = document["field"], document.get("direction", "asc")
    elif len(document) == 1:
        name, direction = next(iter(document.items()))
    else:
        name, direction = None, None
    descending = {"asc": False, "desc": True, 1: False, -1: True}.get(direction if _is_hashable(direction) else "")
    if not isinstance(name, str) or descending is None or isinstance(direction, bool):
        raise InvalidInputError(
            "invalid_sort",
            'sort cannot be parsed: send {"field": "created_at", "direction": "desc"} (or "asc").',
            {"field": "sort"},
        )
    return Order(resolve(name, fields), descending)


def resolve(name: str, fields: Fields) -> Ref:
    """Return the field of a name such as `status` or `metadata.campaign.year`."""
    first, *path = name.split(".")
    kind = fields.kinds.get(first)
    if len(name) <= _MAX_FIELD and all(path) and first and len(path) < _MAX_PATH:
        if kind is not None and (kind is ValueType.JSON or not path):
            return Ref(first, kind, tuple(path))
        if fields.rest is not None and kind is None:
            return Ref(fields.rest, ValueType.JSON, (first, *path))
    known = [f"{known}.…" if kind is ValueType.JSON else known for known, kind in fields.kinds.items()]
    raise InvalidInputError(
        "unknown_field",
        f"The field '{name[:100]}' does not exist: use one of {', '.join(known)}.",
        {"field": name[:100], "fields": known},
    )


class _Parser:
    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._count = 0

    def group(self, document: Mapping[str, Any], case_sensitive: bool, *, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise InvalidInputError(
                "filter_too_large",
                f"filters are nested more than {MAX_DEPTH} deep: flatten them.",
                {"field": "filters"},
            )
        own = document.get("case_sensitive")
        if own is not None and not isinstance(own, bool):
            raise InvalidInputError(
                "invalid_filter",
                "case_sensitive has a value that is not allowed: send true or false.",
                {"field": "case_sensitive"},
            )
        case_sensitive = case_sensitive if own is None else own
        if isinstance(document.get("field"), str) and ("value" in document or "operator" in document):
            return self._condition(document, case_sensitive)
        parts: list[Filter] = []
        for name, value in document.items():
            if name in _GROUPS:
                items = self._items(name, value, case_sensitive, depth)
                if items:
                    parts += items if name == "AND" else [AnyOf(items) if name == "OR" else NoneOf(items)]
            elif name != "case_sensitive":
                parts += self._short(name, value, case_sensitive)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _short(self, name: str, value: Any, case_sensitive: bool) -> Iterator[Filter]:  # noqa: ANN401  # JSON
        """Yield the conditions of the short form: a list matches any of its values, an object the fields inside it."""
        ref = resolve(name, self._fields)
        if not isinstance(value, dict) or not value or ref.kind is not ValueType.JSON or value.get("type") == "dynamic":
            yield self._meaning(ref, Operator.IN if isinstance(value, list) else Operator.EQ, value, case_sensitive)
            return
        for key, inner in value.items():
            if key.lower().lstrip("$") in _OPERATORS:
                raise InvalidInputError(
                    "invalid_filter",
                    f"{_name(ref)} has the operator {key[:20]} inside an object: send"
                    ' {"field": …, "operator": …, "value": …}.',
                    {"field": _name(ref)},
                )
            yield from self._short(f"{name}.{key}", inner, case_sensitive)

    def _items(self, name: str, value: object, case_sensitive: bool, depth: int) -> tuple[Filter, ...]:
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise InvalidInputError(
                "invalid_filter",
                f"{name} is not a list: send a list of conditions and groups.",
                {"field": name},
            )
        return tuple(self.group(item, case_sensitive, depth=depth + 1) for item in value)

    def _condition(self, document: Mapping[str, Any], case_sensitive: bool) -> Filter:
        if unknown := set(document) - {"field", "operator", "value", "case_sensitive"}:
            raise InvalidInputError(
                "invalid_filter",
                f"{min(unknown)[:100]} is not part of a condition: use field, operator, value and case_sensitive.",
                {"field": min(unknown)[:100]},
            )
        if "value" not in document:
            raise InvalidInputError(
                "invalid_filter",
                "value is missing in a condition: send one, or null.",
                {"field": "value"},
            )
        ref = resolve(document["field"], self._fields)
        try:
            operator = Operator(document.get("operator") or Operator.EQ)
        except ValueError:
            raise InvalidInputError(
                "invalid_operator",
                f"operator has a value that is not allowed: use one of {', '.join(Operator)}.",
                {"field": _name(ref)},
            ) from None
        return self._meaning(ref, operator, document["value"], case_sensitive)

    def _meaning(self, ref: Ref, operator: Operator, value: Any, case_sensitive: bool) -> Filter:  # noqa: ANN401  # JSON
        self._count += 1
        if self._count > MAX_CONDITIONS:
            raise InvalidInputError(
                "filter_too_large",
                f"filters have more than {MAX_CONDITIONS} conditions: send fewer.",
                {"field": "filters"},
            )
        if isinstance(value, dict) and value.get("type") == "dynamic":
            raise InvalidInputError(
                "dynamic_value",
                f"The value for {_name(ref)} is dynamic, which is not supported: send the value itself.",
                {"field": _name(ref)},
            )
        match operator:
            case Operator.NE:
                return NoneOf((self._compared(ref, Operator.EQ, value, case_sensitive),))
            case Operator.NIN:
                return NoneOf((self._among(ref, Operator.NIN, value, case_sensitive),))
            case Operator.IN:
                return self._among(ref, operator, value, case_sensitive)
            case Operator.EXISTS | Operator.IS_NULL:
                if not isinstance(value, bool):
                    _refuse_value(ref, operator, "true or false")
                positive = Condition(ref, operator, True, False)
                return positive if value else NoneOf((positive,))
            case Operator.TEXT:
                words = _text(ref, operator, value).split()
                self._count += len(words)
                if self._count > MAX_CONDITIONS:
                    raise InvalidInputError(
                        "filter_too_large",
                        f"The value for {_name(ref)} has too many words: send at most {MAX_CONDITIONS}.",
                        {"field": _name(ref)},
                    )
                return AllOf(tuple(self._compared(ref, Operator.CONTAINS, word, case_sensitive) for word in words))
            case _:
                return self._compared(ref, operator, value, case_sensitive)

    def _among(self, ref: Ref, operator: Operator, value: object, case_sensitive: bool) -> Filter:
        if not isinstance(value, list):
            _refuse_value(ref, operator, "a list")
        if len(value) > MAX_VALUES:
            raise InvalidInputError(
                "filter_too_large",
                f"A list of values in filters is too long: send at most {MAX_VALUES} values.",
                {"field": "filters"},
            )
        if any(isinstance(one, dict | list) for one in value):
            _refuse_value(ref, operator, "a list of plain values")
        values = [_typed(ref, operator, one, case_sensitive) for one in value if one is not None]
        among = Condition(ref, Operator.IN, tuple(values), _sensitive(ref, case_sensitive))
        return AnyOf((among, Condition(ref, Operator.IS_NULL, True, False))) if None in value else among

    def _compared(self, ref: Ref, operator: Operator, value: Any, case_sensitive: bool) -> Filter:  # noqa: ANN401  # JSON
        match operator:
            case Operator.EQ:
                if value is None:
                    return Condition(ref, Operator.IS_NULL, True, False)
                if isinstance(value, dict | list) and ref.kind is ValueType.JSON:
                    return Condition(ref, operator, value, True)
            case Operator.CONTAINS | Operator.STARTS_WITH | Operator.ENDS_WITH | Operator.REGEX:
                if ref.kind in {ValueType.NUMBER, ValueType.MOMENT, ValueType.FLAG}:
                    raise InvalidInputError(
                        "invalid_operator",
                        f"{_name(ref)} is {ref.kind}, and {operator} compares only text: use another operator.",
                        {"field": _name(ref), "operator": operator},
                    )
                if (
                    ref.kind is ValueType.JSON
                    and operator is Operator.CONTAINS
                    and isinstance(value, bool | int | float)
                ):
                    return Condition(ref, operator, _typed(ref, operator, value, case_sensitive), True)
                text = _text(ref, operator, value)
                return Condition(
                    ref, operator, patterns.canonical(text) if operator is Operator.REGEX else text, case_sensitive
                )
            case _:
                if isinstance(value, bool) or value is None:
                    _refuse_value(ref, operator, "a value with an order")
        return Condition(ref, operator, _typed(ref, operator, value, case_sensitive), _sensitive(ref, case_sensitive))


def _typed(ref: Ref, operator: Operator, value: Any, case_sensitive: bool) -> Any:  # noqa: ANN401  # JSON
    """Return a value converted to the type of the comparison."""
    match ref.kind, value:
        case ValueType.FLAG | ValueType.JSON, bool():
            return value
        case ValueType.NUMBER | ValueType.JSON, int() | float() if not isinstance(value, bool):
            return _number(ref, operator, value)
        case ValueType.MOMENT, str():
            return _moment(ref, operator, value)
        case ValueType.ID | ValueType.WORD | ValueType.TEXT | ValueType.JSON, str():
            text = _text(ref, operator, value)
            return text.upper() if ref.kind is ValueType.WORD and not case_sensitive else text
        case _:
            return _refuse_value(ref, operator, "plain" if ref.kind is ValueType.JSON else str(ref.kind))


def _number(ref: Ref, operator: Operator, value: float) -> Decimal:
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        _refuse_value(ref, operator, f"a number of at most {_MAX_BITS} bits")
    return number_of(value)


def _moment(ref: Ref, operator: Operator, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse_value(ref, operator, "a date and time such as 2026-01-31T12:00:00Z")


def number_of(value: float) -> Decimal:
    """Return the exact decimal of a JSON number."""
    return Decimal(repr(value))


def _text(ref: Ref, operator: Operator, value: object) -> str:
    if not isinstance(value, str):
        _refuse_value(ref, operator, "a text")
    if len(value) > MAX_TEXT:
        raise InvalidInputError(
            "filter_too_large",
            f"A text in filters is too long: send at most {MAX_TEXT} characters.",
            {"field": "filters"},
        )
    return composed(value)


def composed(text: str) -> str:
    """Return a text in NFC, for comparisons."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _sensitive(ref: Ref, case_sensitive: bool) -> bool:
    return case_sensitive or ref.kind in {ValueType.ID, ValueType.WORD}


def _name(ref: Ref) -> str:
    return ".".join((ref.name, *ref.path))


def _refuse_value(ref: Ref, operator: Operator, wanted: str) -> NoReturn:
    raise InvalidInputError(
        "invalid_filter_value",
        f"The value for {_name(ref)} {operator} is not allowed: send {wanted}.",
        {"field": _name(ref), "operator": operator},
    )


def _is_hashable(value: object) -> bool:
    return isinstance(value, str | int)
