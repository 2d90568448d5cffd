"""Changing namespaces: name, description, or settings of other products."""

from typing import Any

import msgspec

from application.handling import Loaded, Proposal, handle
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceReads, NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError
from domain.claims import namespace_name_claim
from domain.events.event import JSON
from domain.keys.api_key import Permission
from domain.namespaces.namespace import (
    NAMESPACE,
    ActiveNamespace,
    Namespace,
    NamespaceEvent,
    UpdateNamespace,
    namespace_not_found,
)
from domain.refusals import WrongStateError


class NamespaceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a namespace; UNSET keeps a value. `settings`: the given ones are replaced."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    settings: JSON = {}


class ChangingNamespaces(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Idempotent."""

    log: EventLog
    read_side: NamespaceReads
    clock: Clock
    ids: Ids

    async def __call__(self, caller: Caller, namespace_id: str, change: NamespaceChange) -> NamespaceRecord:
        """Change a namespace and return its new state. A taken name is refused, and then nothing changes."""

        async def update(namespace: Loaded[NamespaceEvent, Namespace]) -> Proposal[NamespaceEvent]:
            return self._update(caller, namespace, change)

        try:
            await handle(self.log, NAMESPACE, namespace_id, update)
        except ClaimTakenError as taken:
            raise namespace_name_taken(taken, caller) from taken
        record = await self.read_side.namespace(caller.organization.organization_id, namespace_id)
        if record is None:
            raise namespace_not_found(namespace_id)
        return record

    def _update(
        self, caller: Caller, namespace: Loaded[NamespaceEvent, Namespace], change: NamespaceChange
    ) -> Proposal[NamespaceEvent]:
        namespace_id = namespace.stream_id
        known = namespace.state if isinstance(namespace.state, ActiveNamespace) else None
        name, description = (known.name, known.description) if known else ("", None)
        settings: dict[str, Any] = known.settings if known else {}
        origin = caller.origin(self.clock.now(), new_command_id(self.ids), namespace_id=namespace_id)
        command = UpdateNamespace(
            origin=origin,
            name=name if isinstance(change.name, msgspec.UnsetType) else change.name,
            description=description if isinstance(change.description, msgspec.UnsetType) else change.description,
            settings={**settings, **change.settings},
        )
        free = () if command.name == name else (namespace_name_claim(origin.organization_id, command.name),)
        return Proposal(
            origin=origin,
            events=NAMESPACE.decide(command, namespace.state),
            conditions=Conditions(key_id=caller.key.key_id, namespace_id=namespace_id, free=free),
        )


def namespace_name_taken(taken: ClaimTakenError, caller: Caller) -> WrongStateError:
    """Return the refusal of a taken name, with the other namespace's id only if the caller may read."""
    shown = {Permission.READ, Permission.ADMIN} & set(caller.key.permissions)
    return WrongStateError(
        "name_taken",
        f"A namespace named '{taken.claim.key}' exists already: use another name.",
        {"namespace_id": taken.owner_id} if shown else {},
    )
