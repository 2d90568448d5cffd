"""Upload tokens on PostgreSQL."""

from collections.abc import Sequence

from adapters.postgres.database.reading import PostgresReads
from application.ports.keys.token_reads import TokenRecord, WantedTokens


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
