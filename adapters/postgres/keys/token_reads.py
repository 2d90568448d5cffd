"""Upload tokens on PostgreSQL."""

from collections.abc import Collection, Sequence

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import PostgresReads
from application.ports.events.event_log import Notification
from application.ports.keys.token_reads import Owner, TokenRecord, WantedTokens


class PostgresTokenReads(PostgresReads):
    """Implements `TokenReads`."""

    async def upload_token(self, token_id: str) -> TokenRecord | None:
        """Return an upload token by its id."""
        return await self._one("upload_token", TokenRecord, token_id)

    async def upload_tokens(self, wanted: WantedTokens, *, before: int, limit: int) -> Sequence[TokenRecord]:
        """Return a page of tokens, the newest first."""
        return await self._all(
            "upload_tokens",
            TokenRecord,
            wanted.namespace_id,
            before,
            None if wanted.bucket_ids is None else list(wanted.bucket_ids),
            wanted.key_id,
            wanted.subject,
            wanted.live_at,
            wanted.open_at,
            limit,
        )

    async def tokens_of(self, owner: Owner) -> Sequence[str]:
        """Return the ids of all tokens of an owner."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["tokens_of_owner"], *_owner(owner))
        return [row["token_id"] for row in rows]

    async def uploads_of(self, token_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of all uploads that were requested with these tokens."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["uploads_of_tokens"], list(token_ids))
        return [row["upload_id"] for row in rows]

    async def events_of(self, owner: Owner, *, after: int, limit: int) -> Sequence[Notification]:
        """Return events of the uploads of an owner above a position."""
        return await self._all("events_of_owner", Notification, *_owner(owner), after, limit)


def _owner(owner: Owner) -> tuple[str, str | None, str | None, str | None]:
    return owner.bucket_id, owner.subject, owner.key_id, owner.token_id
