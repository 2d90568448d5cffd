"""API keys in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.keys.key_uses import MemoryKeyUses
from adapters.memory.reading import MemoryReads, first
from application.ports.keys.key_reads import KeyRecord


class MemoryKeyReads(MemoryReads):
    """Implements `KeyReads`, and what the directory asks of keys. `uses`: when keys were used last; None: never."""

    def __init__(self, log: MemoryEventLog, uses: MemoryKeyUses | None = None) -> None:
        super().__init__(log)
        self._uses = uses or MemoryKeyUses()

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return first(key for key in self._log.tables.keys.values() if key_hash in {key.key_hash, key.previous_key_hash})

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        return self._log.tables.keys.get(key_id)

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's live key of this name."""
        return first(
            key
            for key in self._log.tables.keys.values()
            if (key.organization_id, key.user_id, key.name, key.revoked_at) == (organization_id, user_id, name, None)
        )

    async def keys(self, organization_id: str, user_id: str) -> Sequence[KeyRecord]:
        """Return all keys of a user, the newest first."""
        found = [
            msgspec.structs.replace(key, last_used_at=self._uses.last.get(key.key_id))
            for key in self._log.tables.keys.values()
            if (key.organization_id, key.user_id) == (organization_id, user_id)
        ]
        return sorted(found, key=lambda key: (key.created_at, key.key_id), reverse=True)

    async def users(self, organization_id: str) -> Mapping[str, int]:
        """Return the ids of the users with live keys, with the number of keys."""
        return Counter(
            key.user_id
            for key in self._log.tables.keys.values()
            if key.organization_id == organization_id and key.revoked_at is None
        )
