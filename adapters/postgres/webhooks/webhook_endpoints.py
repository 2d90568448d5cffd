"""The secrets of webhooks on PostgreSQL, sealed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.sealing import Sealer, UnreadableError
from application.ports.webhooks.webhook_endpoints import Secret, WebhookEndpoint

_SEALED_AT_ONCE: Final = 100


class _Kept(msgspec.Struct):
    """The sealed fields of an endpoint."""

    secrets: tuple[Secret, ...]
    headers: dict[str, str]


class PostgresWebhookEndpoints:
    """Implements `WebhookEndpoints`. Secrets are sealed: neither a dump nor a role of the database can read them.

    A value that was sealed with a secret that the server no longer has reads as no secrets and no headers.
    """

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def seal_anew(self) -> Sequence[str]:
        """Seal everything with the server's newest secret, including values from before sealing was introduced.

        Return the ids of the webhooks whose secrets cannot be read.
        """
        unreadable = []
        after = ""
        while True:
            async with log_errors(), self._pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(
                    QUERIES["webhook_endpoints_to_seal"], after, self._sealer.newest, _SEALED_AT_ONCE
                )
                for row in rows:
                    after = row["webhook_id"]
                    kept = self._kept(row)
                    if kept is None:
                        unreadable.append(after)
                    else:
                        await connection.execute(QUERIES["seal_webhook_endpoint"], after, self._seal(after, kept))
            if len(rows) < _SEALED_AT_ONCE:
                return unreadable

    def _seal(self, webhook_id: str, kept: _Kept) -> bytes:
        return self._sealer.seal(msgspec.json.encode(kept), belongs_to=webhook_id)

    def _kept(self, row: Mapping[str, Any]) -> _Kept | None:
        if row["secrets"] is not None:
            return msgspec.convert({"secrets": row["secrets"], "headers": row["headers"]}, _Kept)
        try:
            return msgspec.json.decode(self._sealer.open(row["sealed"], belongs_to=row["webhook_id"]), type=_Kept)
        except UnreadableError:
            return None

    async def keep(self, endpoint: WebhookEndpoint) -> None:
        """Store secrets and headers."""
        async with log_errors():
            await self._pool.execute(
                QUERIES["keep_webhook_endpoint"],
                endpoint.webhook_id,
                endpoint.organization_id,
                self._seal(endpoint.webhook_id, _Kept(endpoint.secrets, dict(endpoint.headers))),
                endpoint.created_at,
            )

    async def endpoint(self, webhook_id: str) -> WebhookEndpoint | None:
        """Return the webhook's secrets and headers."""
        return next(iter(await self.endpoints([webhook_id])), None)

    async def endpoints(self, webhook_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return the secrets and headers of these webhooks."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["webhook_endpoints"], list(webhook_ids))
        return [self._endpoint(row) for row in rows]

    def _endpoint(self, row: Mapping[str, Any]) -> WebhookEndpoint:
        kept = self._kept(row) or _Kept((), {})
        facts = {name: value for name, value in row.items() if name not in {"sealed", "secrets", "headers"}}
        return WebhookEndpoint(**facts, secrets=kept.secrets, headers=kept.headers)

    async def answered(self, webhook_id: str) -> None:
        """Record a successful delivery."""
        async with log_errors():
            await self._pool.execute(QUERIES["webhook_answered"], webhook_id)

    async def failed(self, webhook_id: str, *, now: datetime, resting_until: datetime) -> None:
        """Record a failed delivery."""
        async with log_errors():
            await self._pool.execute(QUERIES["webhook_failed"], webhook_id, now, resting_until)

    async def drop(self, *, now: datetime, kept: timedelta) -> None:
        """Delete the endpoints of webhooks that no longer exist."""
        async with log_errors():
            await self._pool.execute(QUERIES["drop_webhook_endpoints"], now, kept)
