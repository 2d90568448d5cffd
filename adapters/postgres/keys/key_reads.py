"""API keys on PostgreSQL.

The time of a key's last use is written by `key_uses`.
"""

from collections.abc import Mapping, Sequence

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import PostgresReads
from application.ports.keys.key_reads import KeyRecord


class PostgresKeyReads(PostgresReads):
    """Implements `KeyReads`, and what the directory asks of keys."""

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return await self._one("key", KeyRecord, key_hash)

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        return await self._one("key_by_id", KeyRecord, key_id)

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's live key of this name."""
        return await self._one("key_by_name", KeyRecord, organization_id, user_id, name)

    async def keys(self, organization_id: str, user_id: str) -> Sequence[KeyRecord]:
        """Return all keys of a user, the newest first."""
        return await self._all("keys", KeyRecord, organization_id, user_id)

    async def users(self, organization_id: str) -> Mapping[str, int]:
        """Return the ids of the users with live keys, with the number of keys."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["users"], organization_id)
        return {row["user_id"]: row["keys"] for row in rows}
