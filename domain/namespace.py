"""Namespaces: a name inside an organization that scopes buckets, uploads and objects."""

import re
from typing import assert_never

import msgspec

from domain.events import JSON, Event, Origin
from domain.refusals import InvalidInputError, WrongStateError

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}")


class NamespaceCreated(Event, frozen=True, tag="namespace.created.v1"):
    """A namespace was made. `settings`: what belongs to other products, kept and returned as it came."""

    namespace_id: str
    name: str
    description: str | None
    settings: JSON


NamespaceEvent = NamespaceCreated


class NoNamespace(msgspec.Struct, frozen=True):
    """The state before the first event."""


class ActiveNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace in use."""

    namespace_id: str
    name: str


Namespace = NoNamespace | ActiveNamespace


class CreateNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """Make a namespace."""

    origin: Origin
    namespace_id: str
    name: str
    description: str | None
    settings: JSON


NamespaceCommand = CreateNamespace


def check_name(name: str, *, what: str, prefix: str) -> None:
    """Refuse a name that could not stand in a path or a header, or that could be taken for an id (`prefix`)."""
    if not NAME_PATTERN.fullmatch(name):
        raise InvalidInputError(
            "invalid_name",
            f"A {what} name has 1 to 128 characters: letters, digits, '_', '-' and '.', a letter or digit first.",
            {"name": name[:256]},
        )
    if name == "list":
        raise InvalidInputError("invalid_name", f"No {what} may be named 'list': its address is taken.", {"name": name})
    if name.startswith(prefix):
        raise InvalidInputError("invalid_name", f"A {what} name may not begin with {prefix!r}: ids do.", {"name": name})


def decide(command: NamespaceCommand, namespace: Namespace) -> tuple[NamespaceEvent, ...]:
    """Say what happens, or refuse."""
    if not isinstance(namespace, NoNamespace):
        raise WrongStateError("wrong_state", "The namespace exists already.")
    check_name(command.name, what="namespace", prefix="ns_")
    return (
        NamespaceCreated(
            origin=command.origin,
            namespace_id=command.namespace_id,
            name=command.name,
            description=command.description,
            settings=command.settings,
        ),
    )


def evolve(namespace: Namespace, event: NamespaceEvent) -> Namespace:  # noqa: ARG001  # one event needs no past
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case NamespaceCreated():
            return ActiveNamespace(namespace_id=event.namespace_id, name=event.name)
        case _:
            assert_never(event)
