"""The directory on PostgreSQL: a short-lived cache of keys, organizations, namespaces and buckets."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from adapters.postgres.database.listening import DIRECTORY, Listener
from adapters.postgres.read_side import PostgresReadSide
from application.keys.callers import acting_for
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.keys.key_reads import KeyRecord
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from domain.keys.upload_token import UploadToken

CACHE_SECONDS = 5.0
_CACHE_ENTRIES = 10_000

Record = TypeVar("Record")


class PostgresDirectory:
    """Implements `Directory` with a cache of 5 s, which is bypassed while changes cannot be received."""

    def __init__(
        self, read_side: PostgresReadSide, listener: Listener, *, keys: PostgresReadSide | None = None
    ) -> None:
        """`keys` reads keys and their organizations, before the caller is known."""
        self._read_side = read_side
        self._keys = keys or read_side
        self._listener = listener
        self._cache: dict[Hashable, Any] = {}
        self._generation = 0
        self._since = time.monotonic()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for changes inside the context."""
        async with self._listener.hearing(DIRECTORY, self._forget):
            yield

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return await self._cached(("key", key_hash), lambda: self._keys.key(key_hash))

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        return await self._cached(("key_by_id", key_id), lambda: self._keys.key_by_id(key_id))

    async def upload_token(self, token_id: str) -> UploadToken | None:
        """Return an upload token by its id."""
        return await self._cached(("upload_token", token_id), lambda: self._keys.upload_token(token_id))

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return await self._cached(("organization", organization_id), lambda: self._keys.organization(organization_id))

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization."""
        return await self._cached(
            ("namespace", acting_for.get(None), organization_id, id_or_name),
            lambda: self._read_side.namespace(organization_id, id_or_name),
        )

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace."""
        return await self._cached(
            ("bucket", acting_for.get(None), namespace_id, id_or_name),
            lambda: self._read_side.bucket(namespace_id, id_or_name),
        )

    @property
    def generation(self) -> int:
        """Return a new value after every change, every 5 s, and always while changes cannot be received."""
        if not self._listener.connected or time.monotonic() - self._since >= CACHE_SECONDS:
            self._forget()
        return self._generation

    async def _cached(self, name: Hashable, ask: Callable[[], Awaitable[Record | None]]) -> Record | None:
        generation = self.generation
        found: Record | None = self._cache.get(name)
        if found is not None:
            return found
        answer = await ask()
        if answer is not None and generation == self._generation and self._listener.connected:
            if len(self._cache) >= _CACHE_ENTRIES:
                self._cache.clear()
            self._cache[name] = answer
        return answer

    def _forget(self) -> None:
        self._generation += 1
        self._since = time.monotonic()
        self._cache.clear()
