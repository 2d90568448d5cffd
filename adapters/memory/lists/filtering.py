"""Filters, orders and searches on records in memory, with the meaning that they have on PostgreSQL."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar, assert_never

from application.lists.listing import Listing, texts_within
from application.ports.lists.pages import Page, PageRequest, SortKey
from domain.lists.filtering import AllOf, AnyOf, Condition, Filter, NoneOf, Operator, composed, number_of

Record = TypeVar("Record")


def page_of(listing: Listing[Record], rows: Iterable[Record], asked: PageRequest) -> Page[Record]:
    """Return a page of the matching rows."""
    descending = asked.order is None or asked.order.descending

    def key(row: Record) -> tuple[Any, ...]:
        return _key(listing.place(row, asked.order))

    matching = sorted((row for row in rows if _wanted(listing, row, asked)), key=key, reverse=descending)
    after = None if asked.after is None else _key(asked.after)
    behind = [row for row in matching if after is None or (key(row) < after if descending else key(row) > after)]
    last = asked.offset + asked.limit
    return Page(
        rows=behind[asked.offset : last],
        has_more=len(behind) > last,
        total=len(matching) if asked.with_total else None,
        figures=listing.figures(matching) if asked.with_figures else None,
    )


def matches(listing: Listing[Record], record: Record, where: Filter) -> bool:
    """Return whether a record matches a filter."""
    match where:
        case AllOf(parts):
            return all(matches(listing, record, part) for part in parts)
        case AnyOf(parts):
            return any(matches(listing, record, part) for part in parts)
        case NoneOf(parts):
            return not any(matches(listing, record, part) for part in parts)
        case Condition():
            return _is_true(where, *listing.value(record, where.ref))
        case _:
            assert_never(where)


def _is_true(condition: Condition, there: bool, found: Any) -> bool:  # noqa: ANN401  # of any field
    match condition.operator:
        case Operator.EXISTS:
            return there
        case Operator.IS_NULL:
            return found is None
        case Operator.REGEX:
            flags = re.DOTALL | (0 if condition.case_sensitive else re.IGNORECASE)
            return isinstance(found, str) and re.search(condition.value, composed(found), flags) is not None
        case _:
            return found is not None and _compares(condition, found)


def _wanted(listing: Listing[Record], row: Record, asked: PageRequest) -> bool:
    if asked.where is not None and not matches(listing, row, asked.where):
        return False
    if not asked.search:
        return True
    texts = [name for name in listing.names(row) if name is not None]
    for document in listing.documents(row):
        texts += texts_within(document)
    wanted = _case(composed(asked.search), asked.search_is_sensitive)
    return any(wanted in _case(composed(text), asked.search_is_sensitive) for text in texts)


def _compares(condition: Condition, found: Any) -> bool:  # noqa: ANN401  # of any field
    operator, sensitive = condition.operator, condition.case_sensitive
    if not isinstance(condition.value, list | dict):  # those are compared unchanged
        found = _composed(found)
    value, found = _comparable(condition.value, sensitive), _comparable(found, sensitive)
    if operator is Operator.EQ:
        return _same(found, value)
    if operator is Operator.IN:
        held = (found, *found) if isinstance(found, list) else (found,)
        return any(_same(each, one) for each in held for one in value)
    if operator is Operator.CONTAINS and isinstance(found, list):
        return any(_same(one, value) for one in found)
    return type(found) is type(value) and _MEANT[operator](found, value)


_MEANT: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GT: lambda found, value: found > value,
    Operator.GTE: lambda found, value: found >= value,
    Operator.LT: lambda found, value: found < value,
    Operator.LTE: lambda found, value: found <= value,
    Operator.CONTAINS: lambda found, value: isinstance(found, str) and value in found,
    Operator.STARTS_WITH: lambda found, value: found.startswith(value),
    Operator.ENDS_WITH: lambda found, value: found.endswith(value),
}


def _composed(found: Any) -> Any:  # noqa: ANN401  # of any field
    """Return a text, or the texts of a list, in the form for comparison."""
    if isinstance(found, list):
        return [composed(one) if isinstance(one, str) else one for one in found]
    return composed(found) if isinstance(found, str) else found


def _comparable(value: Any, sensitive: bool) -> Any:  # noqa: ANN401  # of any field
    """Return numbers unchanged, and texts in the case for comparison."""
    if isinstance(value, str):
        return _case(value, sensitive)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_of(value)
    if isinstance(value, list | tuple):
        return type(value)(_comparable(one, sensitive) for one in value)
    if isinstance(value, dict):
        return {key: _comparable(one, True) for key, one in value.items()}
    return value


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401  # of any field
    """Compare two values, where true is not 1."""
    match one, other:
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
        case _:
            return type(one) is type(other) and bool(one == other)


def _case(text: str, sensitive: bool) -> str:
    """Return a text in the case for comparison: lower case, one character for each."""
    if sensitive:
        return text
    return text.lower() if text.isascii() else "".join(char.lower()[0] for char in text)


def _key(place: SortKey) -> tuple[int, Decimal, str, int]:
    return place.rank, place.number, place.text, place.position
