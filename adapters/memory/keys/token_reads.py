"""Upload tokens in memory."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from adapters.memory.reading import MemoryReads
from application.ports.events.event_log import Notification
from application.ports.keys.token_reads import Owner, TokenRecord, WantedTokens
from domain.events.registry import decode
from domain.keys.upload_token import UploadTokenUsed


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

    async def tokens_of(self, owner: Owner) -> Sequence[str]:
        """Return the ids of all tokens of an owner."""
        return [token.token_id for token in self._log.tables.upload_tokens.values() if _belongs_to(token, owner)]

    async def uploads_of(self, token_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of all uploads that were requested with these tokens."""
        found = []
        for token_id in token_ids:
            events = [decode(stored.state) for stored in await self._log.read_stream(token_id)]
            found += [event.upload_id for event in events if isinstance(event, UploadTokenUsed)]
        return found

    async def events_of(self, owner: Owner, *, after: int, limit: int) -> Sequence[Notification]:
        """Return events of the uploads of an owner above a position."""
        uploads = await self.uploads_of(await self.tokens_of(owner))
        streams = await self._log.read_streams(uploads)
        found = [event for stream in streams.values() for event in stream if event.id > after]
        return sorted(found, key=lambda event: event.id)[:limit]


def _belongs_to(token: TokenRecord, owner: Owner) -> bool:
    if token.bucket_id != owner.bucket_id:
        return False
    if owner.subject is None:
        return token.token_id == owner.token_id
    return token.subject == owner.subject and owner.key_id in {None, token.key_id}


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
