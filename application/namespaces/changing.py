"""Changing namespaces: another name, description, or settings that belong to other products."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from application.keys.callers import Caller, new_command_id
from application.loading import CONFLICT_RETRIES
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.object_creation import ClaimTakenError
from application.ports.read_side import NamespaceRecord, ReadSide
from domain.claims import namespace_name_claim
from domain.events.event import JSON
from domain.events.registry import decode
from domain.keys.api_key import Permission
from domain.namespaces.namespace import (
    ActiveNamespace,
    Namespace,
    NamespaceEvent,
    UpdateNamespace,
    decide,
    replay,
)
from domain.refusals import NotFoundError, WrongStateError


class NamespaceChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be changed; UNSET leaves a thing as it is. `settings`: those that it names are replaced."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    settings: JSON = {}


class ChangingNamespaces:
    """One command, safe to repeat: the second time changes nothing."""

    def __init__(self, *, log: EventLog, read_side: ReadSide, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._read_side = read_side
        self._clock = clock
        self._ids = ids

    async def __call__(self, caller: Caller, namespace_id: str, change: NamespaceChange) -> NamespaceRecord:
        """Change a namespace and return it as it is then. A name that is taken is refused, and then nothing changes."""
        for _ in range(CONFLICT_RETRIES):
            try:
                await self._append(caller, namespace_id, change)
            except VersionConflictError:
                continue
            record = await self._read_side.namespace(caller.organization.organization_id, namespace_id)
            if record is None:
                raise namespace_not_found(namespace_id)
            return record
        raise WrongStateError("busy", "The namespace is being changed by other requests: try again in a moment.")

    async def _append(self, caller: Caller, namespace_id: str, change: NamespaceChange) -> None:
        state, version = await load_namespace(self._log, namespace_id)
        known = state if isinstance(state, ActiveNamespace) else None
        name, description = (known.name, known.description) if known else ("", None)
        settings: dict[str, Any] = known.settings if known else {}
        origin = caller.origin(self._clock.now(), new_command_id(self._ids), namespace_id=namespace_id)
        command = UpdateNamespace(
            origin=origin,
            name=name if isinstance(change.name, msgspec.UnsetType) else change.name,
            description=description if isinstance(change.description, msgspec.UnsetType) else change.description,
            settings={**settings, **change.settings},
        )
        events = decide(command, state)
        free = () if command.name == name else (namespace_name_claim(origin.organization_id, command.name),)
        try:
            await self._log.append(
                Command(
                    command_id=origin.command_id,
                    organization_id=origin.organization_id,
                    key_id=caller.key.key_id,
                    namespace_id=namespace_id,
                    streams=(StreamAppend(stream_id=namespace_id, expected_version=version, events=events),),
                    free=free,
                )
            )
        except ClaimTakenError as taken:
            raise namespace_name_taken(taken, caller) from taken


async def load_namespace(log: EventLog, namespace_id: str) -> tuple[Namespace, int]:
    """Rebuild a namespace from its events and return it with its version."""
    stored = await log.read_stream(namespace_id)
    events = cast("Sequence[NamespaceEvent]", [decode(event.state) for event in stored])
    return replay(events), len(events)


def namespace_name_taken(taken: ClaimTakenError, caller: Caller) -> WrongStateError:
    """Return the refusal of a name that another namespace has, whose id only a caller that may read is told."""
    shown = {Permission.READ, Permission.ADMIN} & set(caller.key.permissions)
    return WrongStateError(
        "name_taken",
        f"A namespace named '{taken.claim.key}' exists already: use another name.",
        {"namespace_id": taken.owner_id} if shown else {},
    )


def namespace_not_found(namespace: str) -> NotFoundError:
    """Return the refusal of a namespace that is not there, or not the caller's."""
    return NotFoundError(
        "namespace_not_found",
        "There is no such namespace, or it is not yours: check its id or name.",
        {"namespace": namespace[:200]},
    )
