"""Upload tokens in memory."""

from collections.abc import Sequence
from datetime import timedelta

from adapters.memory.reading import MemoryReads
from application.ports.keys.token_reads import TokenRecord, WantedTokens


class MemoryTokenReads(MemoryReads):
    """Implements `TokenReads`."""

    async def upload_token(self, token_id: str) -> TokenRecord | None:
        """Return an upload token by its id."""
        return self._log.tables.upload_tokens.get(token_id)

    async def upload_tokens(self, wanted: WantedTokens, *, before: int, limit: int) -> Sequence[TokenRecord]:
        """Return a page of tokens, the newest first."""
        found = [
            token
            for token in self._log.tables.upload_tokens.values()
            if token.position < before and _is_wanted(token, wanted)
        ]
        return sorted(found, key=lambda token: token.position, reverse=True)[:limit]


def _is_wanted(token: TokenRecord, wanted: WantedTokens) -> bool:
    uploads_end = token.expires_at + timedelta(seconds=token.upload_lifetime_seconds)
    return (
        token.namespace_id == wanted.namespace_id
        and (wanted.bucket_ids is None or token.bucket_id in wanted.bucket_ids)
        and wanted.key_id in {None, token.key_id}
        and wanted.subject in {None, token.subject}
        and (wanted.live_at is None or (token.revoked_at is None and token.expires_at > wanted.live_at))
        and (wanted.open_at is None or (token.revoked_at is None and uploads_end > wanted.open_at))
    )
