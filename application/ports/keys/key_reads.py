"""The records of API keys, and the role that reads them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.keys.api_key import KeyStatus, Powers


class KeyRecord(Powers, frozen=True, kw_only=True):
    """An API key, without its secret.

    `previous_key_hash`: of the previous secret, which works until `previous_until`. `last_used_at`: approximate, and
    only set by `ReadSide`. `lets_open_finish`: for a revoked key, whether its open uploads may complete.
    """

    key_id: str
    organization_id: str
    user_id: str
    name: str
    description: str
    key_hash: str
    prefix: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    previous_key_hash: str | None = None
    previous_until: datetime | None = None
    lets_open_finish: bool = False
    last_used_at: datetime | None = None

    def status(self, now: datetime) -> KeyStatus:
        """Return the current status of the key."""
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        return KeyStatus.EXPIRED if self.expires_at is not None and self.expires_at <= now else KeyStatus.ACTIVE

    @property
    def fingerprint(self) -> str:
        """A public fingerprint of the secret, 64 hex digits. It does not reveal the stored hash."""
        return hashlib.sha256(f"upwell api key {self.key_hash}".encode()).hexdigest()

    def live_hashes(self, now: datetime) -> tuple[str, ...]:
        """Return the hashes of the valid secrets: the current one, and during an overlap the previous one."""
        if self.previous_key_hash is None or self.previous_until is None or self.previous_until <= now:
            return (self.key_hash,)
        return (self.key_hash, self.previous_key_hash)


class KeyReads(Protocol):
    """Reads API keys. Results include everything that was appended before."""

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's key of this name that is not revoked."""
        ...

    async def keys(self, organization_id: str, user_id: str) -> Sequence[KeyRecord]:
        """Return all keys of a user, the newest first, including revoked ones."""
        ...

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id, even if revoked."""
        ...

    async def users(self, organization_id: str) -> Mapping[str, int]:
        """Return the ids of the users with live keys, with the number of keys."""
        ...
