"""Creating namespaces."""

from typing import Any

import msgspec

from application.handling import start
from application.keys.callers import Caller, new_command_id
from application.namespaces.changing import namespace_name_taken
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_creation import ClaimTakenError
from domain.claims import namespace_name_claim
from domain.namespaces.namespace import NAMESPACE, CreateNamespace, NamespaceStatus
from domain.shared_fields import made_from


class CreatingNamespaces(msgspec.Struct, frozen=True, kw_only=True):
    """One command; names are unique in an organization."""

    log: EventLog
    clock: Clock
    ids: Ids

    async def __call__(
        self,
        caller: Caller,
        *,
        name: str,
        description: str | None,
        settings: dict[str, Any],
        ids: Ids | None = None,
    ) -> NamespaceRecord:
        """Create a namespace. `settings`: fields of other products, stored and returned unchanged.

        `ids`: those of a request under an idempotency key.
        """
        ids = ids or self.ids
        now = self.clock.now()
        namespace_id = ids.new("ns_")
        origin = caller.origin(now, new_command_id(ids), namespace_id=namespace_id)
        command = CreateNamespace(
            origin=origin, namespace_id=namespace_id, name=name, description=description, settings=settings
        )
        conditions = Conditions(key_id=caller.key.key_id, free=(namespace_name_claim(origin.organization_id, name),))
        try:
            position = await start(self.log, namespace_id, NAMESPACE.decide(command, NAMESPACE.initial), conditions)
        except ClaimTakenError as taken:
            raise namespace_name_taken(taken, caller) from taken
        return made_from(
            NamespaceRecord,
            command,
            organization_id=origin.organization_id,
            status=NamespaceStatus.ACTIVE,
            created_at=now,
            updated_at=now,
            bucket_count=0,
            object_count=0,
            position=position,
        )
