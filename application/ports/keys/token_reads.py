"""The records of upload tokens, and the role that reads them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

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


class TokenReads(Protocol):
    """Reads upload tokens. Results include everything that was appended before."""

    async def upload_token(self, token_id: str) -> TokenRecord | None:
        """Return an upload token by its id, even if it has ended."""
        ...

    async def upload_tokens(self, wanted: WantedTokens, *, before: int, limit: int) -> Sequence[TokenRecord]:
        """Return up to `limit` tokens that were issued below a position, the newest first."""
        ...
