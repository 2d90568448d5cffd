"""The records of upload tokens, and the role that reads them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from application.ports.events.event_log import Notification
from domain.keys.upload_token import UploadToken


class TokenRecord(UploadToken, frozen=True, kw_only=True):
    """An upload token, without its secret, and what became of it.

    `used_count`: the number of its uploads. `used_bytes`: the sum of their declared sizes. `version`: the number of its
    events. `position`: of its issue.
    """

    created_at: datetime
    version: int
    position: int
    used_count: int = 0
    used_bytes: int = 0
    last_used_at: datetime | None = None
    renewed_at: datetime | None = None
    revoked_by: str | None = None


class WantedTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens of a namespace to list.

    `bucket_ids`: only of these buckets. `key_id`: only those that this key issued. `subject`: only of this subject.
    `live_at`: only those that work at this time. `open_at`: only those that are not revoked and whose uploads may still
    be open then. None: no limit.
    """

    namespace_id: str
    bucket_ids: Collection[str] | None = None
    key_id: str | None = None
    subject: str | None = None
    live_at: datetime | None = None
    open_at: datetime | None = None


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Those whose uploads a reader of events follows: the holders of all tokens for a subject, or of one token.

    `key_id`: only of tokens that this key issued; None: of all keys. `subject` None: only of the token `token_id`.
    """

    bucket_id: str
    subject: str | None = None
    key_id: str | None = None
    token_id: str | None = None


def owner_of(token: UploadToken) -> Owner:
    """Return whose uploads the holder of a token reaches."""
    if token.subject is None:
        return Owner(bucket_id=token.bucket_id, token_id=token.token_id)
    return Owner(bucket_id=token.bucket_id, subject=token.subject, key_id=token.key_id)


class TokenReads(Protocol):
    """Reads upload tokens. Results include everything that was appended before."""

    async def upload_token(self, token_id: str) -> TokenRecord | None:
        """Return an upload token by its id, even if it has ended."""
        ...

    async def upload_tokens(self, wanted: WantedTokens, *, before: int, limit: int) -> Sequence[TokenRecord]:
        """Return up to `limit` tokens that were issued below a position, the newest first."""
        ...

    async def tokens_of(self, owner: Owner) -> Sequence[str]:
        """Return the ids of all tokens of an owner."""
        ...

    async def uploads_of(self, token_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of all uploads that were requested with these tokens."""
        ...

    async def events_of(self, owner: Owner, *, after: int, limit: int) -> Sequence[Notification]:
        """Return up to `limit` events of the uploads of an owner above a position, in order.

        They are found by the owner's tokens: the cost grows with its own uploads, not with the log.
        """
        ...
