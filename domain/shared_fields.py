"""The fields that two structs share: copied by name, so that no list of them is written twice.

A command, its event, the next state, the record of the read side and the answer on the wire have most fields in common:
fields of the same name have the same meaning. What differs, in name or in value, is given by the caller.

The declared types of the shared fields, not their values, are compared when two struct types are first combined. A type
that the other field does not accept is a `TypeError`, so any test that copies between the two also checks their types.
"""

from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

Made = TypeVar("Made", bound=msgspec.Struct)


def made_from(kind: type[Made], source: msgspec.Struct, /, **others: Any) -> Made:  # noqa: ANN401  # of any field
    """Return a struct with the fields that it shares with the source. `others`: all of its other fields."""
    for name in _names(kind, type(source), tuple(others)):
        others[name] = getattr(source, name)
    return kind(**others)


def changed_by(struct: Made, source: msgspec.Struct, /, **others: Any) -> Made:  # noqa: ANN401  # of any field
    """Return the struct with the values of the fields that it shares with the source. `others`: further values."""
    for name in _names(type(struct), type(source), tuple(others)):
        others[name] = getattr(source, name)
    return msgspec.structs.replace(struct, **others)


@cache
def _names(kind: type[msgspec.Struct], source: type[msgspec.Struct], others: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(f for f in kind.__struct_fields__ if f in source.__struct_fields__ and f not in others)
    wanted, given = get_type_hints(kind), get_type_hints(source)
    for name in names:
        if not _fits(given[name], wanted[name]):
            raise TypeError(f"{source.__name__}.{name} is {given[name]}, but {kind.__name__}.{name} is {wanted[name]}")
    return names


def _fits(given: Any, wanted: Any) -> bool:  # noqa: ANN401  # any type
    """Return whether each value of one type is a value of another."""
    allowed = _members(wanted)
    return all(
        Any in allowed or each in allowed or any(one in getattr(each, "__mro__", ()) for one in allowed)
        for each in _members(given)
    )


def _members(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401  # any type
    return get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
