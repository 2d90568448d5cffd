"""Namespaces: a name inside an organization that scopes buckets, uploads and objects."""

import enum
import re
from typing import assert_never

import msgspec

from domain.buckets.schema import check_json
from domain.decider import Decider
from domain.events.event import JSON, Event, Origin
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import changed_by, made_from

MAX_SETTINGS_BYTES = 256 * 1024
MASK = "**********"
_URL_PASSWORD = re.compile(r"(://[^/?#\s:@]*:)[^/?#\s]*@")
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}")


class NamespaceCreated(Event, frozen=True, tag="namespace.created.v1"):
    """A namespace was created. `settings`: fields of other products, stored and returned unchanged."""

    namespace_id: str
    name: str
    description: str | None
    settings: JSON


class NamespaceUpdated(Event, frozen=True, tag="namespace.updated.v1"):
    """The namespace has this name, description and settings from now on."""

    namespace_id: str
    name: str
    description: str | None
    settings: JSON


class NamespaceDeletionBegan(Event, frozen=True, tag="namespace.deletion_began.v1"):
    """The namespace and its buckets no longer accept anything; a task deletes its content, and then the namespace."""

    namespace_id: str
    task_id: str


class NamespaceDeleted(Event, frozen=True, tag="namespace.deleted.v1"):
    """The empty namespace was deleted; its name is free."""

    namespace_id: str


NamespaceEvent = NamespaceCreated | NamespaceUpdated | NamespaceDeletionBegan | NamespaceDeleted


class NamespaceStatus(enum.StrEnum):
    """Whether a namespace is in use, or being deleted."""

    ACTIVE = "ACTIVE"
    DELETING = "DELETING"


class NoNamespace(msgspec.Struct, frozen=True):
    """The state before the first event."""


class ActiveNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace in use."""

    namespace_id: str
    name: str
    description: str | None
    settings: JSON


class DeletingNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace whose contents a task is deleting."""

    namespace_id: str
    name: str
    task_id: str


class DeletedNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted namespace."""

    namespace_id: str
    task_id: str


Namespace = NoNamespace | ActiveNamespace | DeletingNamespace | DeletedNamespace


class CreateNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """Create a namespace."""

    origin: Origin
    namespace_id: str
    name: str
    description: str | None
    settings: JSON


class UpdateNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """Replace the namespace's name, description and settings, all of them."""

    origin: Origin
    name: str
    description: str | None
    settings: JSON


class BeginNamespaceDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Let the namespace accept nothing from now on, and a task empty it."""

    origin: Origin
    task_id: str


class EndNamespaceDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Delete the empty namespace."""

    origin: Origin


NamespaceCommand = CreateNamespace | UpdateNamespace | BeginNamespaceDeletion | EndNamespaceDeletion


def check_name(name: str, *, what: str, prefix: str) -> None:
    """Refuse a name that does not fit into a path or a header, or that looks like an id (`prefix`)."""
    if not NAME_PATTERN.fullmatch(name):
        raise InvalidInputError(
            "invalid_name",
            f"The {what} name is not allowed: use 1 to 128 letters, digits, '_', '-' and '.', beginning with a letter"
            " or a digit.",
            {"name": name[:256]},
        )
    if name == "list":
        raise InvalidInputError(
            "invalid_name", f"The {what} name 'list' is the path of a route: use another name.", {"name": name}
        )
    if name.startswith(prefix):
        raise InvalidInputError(
            "invalid_name", f"The {what} name begins with '{prefix}', as ids do: use another name.", {"name": name}
        )


def decide(command: NamespaceCommand, namespace: Namespace) -> tuple[NamespaceEvent, ...]:
    """Return the events of a command, or refuse it."""
    match namespace, command:
        case NoNamespace(), CreateNamespace():
            return (_create(command),)
        case ActiveNamespace(), UpdateNamespace():
            return _update(command, namespace)
        case ActiveNamespace(), BeginNamespaceDeletion(origin=origin, task_id=task_id):
            return (NamespaceDeletionBegan(origin=origin, namespace_id=namespace.namespace_id, task_id=task_id),)
        case DeletingNamespace(), EndNamespaceDeletion(origin=origin):
            return (NamespaceDeleted(origin=origin, namespace_id=namespace.namespace_id),)
        case (DeletingNamespace() | DeletedNamespace(), BeginNamespaceDeletion()) | (
            DeletedNamespace(),
            EndNamespaceDeletion(),
        ):
            return ()  # repeated: nothing new
        case NoNamespace() | DeletedNamespace(), _:
            raise namespace_not_found()
        case DeletingNamespace(), _:
            raise namespace_deleting(namespace.namespace_id)
        case ActiveNamespace(), EndNamespaceDeletion():
            raise WrongStateError("wrong_state", "The namespace is not being deleted: delete it first.")
        case _:
            raise WrongStateError("wrong_state", "The namespace exists already: use another id.")


def evolve(namespace: Namespace, event: NamespaceEvent) -> Namespace:  # noqa: PLR0911  # one line for every event
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case NamespaceCreated():
            return made_from(ActiveNamespace, event)
        case NamespaceUpdated():
            if not isinstance(namespace, ActiveNamespace):
                return namespace
            return changed_by(namespace, event)
        case NamespaceDeletionBegan():
            if not isinstance(namespace, ActiveNamespace):
                return namespace
            return DeletingNamespace(namespace_id=event.namespace_id, name=namespace.name, task_id=event.task_id)
        case NamespaceDeleted():
            if not isinstance(namespace, DeletingNamespace):
                return namespace
            return DeletedNamespace(namespace_id=event.namespace_id, task_id=namespace.task_id)
        case _:
            assert_never(event)


def namespace_not_found(id_or_name: str | None = None) -> NotFoundError:
    """Return the refusal of a namespace that does not exist for the caller."""
    return NotFoundError(
        "namespace_not_found",
        "The namespace does not exist, or you cannot access it: check its id or name.",
        {} if id_or_name is None else {"namespace": id_or_name[:200]},
    )


NAMESPACE: Decider[NamespaceCommand, NamespaceEvent, Namespace] = Decider(
    initial=NoNamespace(), decide=decide, evolve=evolve, not_found=namespace_not_found
)


def namespace_deleting(namespace_id: str) -> WrongStateError:
    """Return the refusal of a command for a namespace that is being deleted."""
    return WrongStateError(
        "namespace_deleting", "The namespace is being deleted: use another one.", {"namespace_id": namespace_id}
    )


def without_secrets(infrastructure: JSON) -> JSON:
    """Return another product's settings without its API key and without passwords in URLs.

    Upwell does not need them, and the log is permanent.
    """
    kept = dict(infrastructure)
    if kept.get("qdrant_api_key"):
        kept["qdrant_api_key"] = MASK
    for name, value in kept.items():
        if name.endswith("_url") and isinstance(value, str):
            kept[name] = _URL_PASSWORD.sub(rf"\g<1>{MASK}@", value)
    return kept


def _create(command: CreateNamespace) -> NamespaceCreated:
    check_name(command.name, what="namespace", prefix="ns_")
    check_json([command.settings, command.description], "the namespace", max_bytes=MAX_SETTINGS_BYTES)
    return made_from(NamespaceCreated, command)


def _update(command: UpdateNamespace, namespace: ActiveNamespace) -> tuple[NamespaceUpdated, ...]:
    given, known = ([each.name, each.description, each.settings] for each in (command, namespace))
    if msgspec.json.encode(given) == msgspec.json.encode(known):  # for Python, 1 == True
        return ()
    if command.name != namespace.name:
        check_name(command.name, what="namespace", prefix="ns_")
    check_json([command.settings, command.description], "the namespace", max_bytes=MAX_SETTINGS_BYTES)
    return (made_from(NamespaceUpdated, command, namespace_id=namespace.namespace_id),)
