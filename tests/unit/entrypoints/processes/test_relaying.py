"""How the relay to NATS starts while PostgreSQL does not accept writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import adapters.nats.relay
import entrypoints.wiring.patience
from application.ports.events.event_log import LogUnavailableError
from entrypoints.processes import relaying
from entrypoints.settings import Settings

SETTINGS = {"UPWELL_DATABASE_URL": "postgresql:///", "UPWELL_NATS_SERVERS": "nats://127.0.0.1:4222"}


class Feed:
    """Accepts no writes until the third check."""

    asked = 0
    projected = False

    async def end(self) -> int:
        return 0

    async def forget(self, name: str) -> None:  # noqa: ARG002  # of the one relay
        self.asked += 1
        if self.asked <= 2:
            raise LogUnavailableError("PostgreSQL does not accept writes", reason="read_only")

    async def project(self, relay: object, stopping: asyncio.Event) -> None:  # noqa: ARG002  # the same
        self.projected = True


class NewRelay:
    """Has a stream that never held anything."""

    name = "relay.nats"
    is_new = True


async def test_it_waits_for_a_database_that_takes_no_writes_when_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed()
    opened: list[bool] = []

    @asynccontextmanager
    async def subscribing(*_: Any, **__: Any) -> AsyncIterator[Feed]:  # noqa: ANN401  # any arguments
        opened.append(True)
        try:
            yield feed
        finally:
            opened.pop()

    @asynccontextmanager
    async def open_relay(*_: Any, **__: Any) -> AsyncIterator[NewRelay]:  # noqa: ANN401  # the same
        yield NewRelay()

    monkeypatch.setattr(entrypoints.wiring.patience, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(relaying, "subscribing", subscribing)
    monkeypatch.setattr(adapters.nats.relay, "open_relay", open_relay)
    await relaying._relay_nats(Settings(SETTINGS))
    assert feed.asked == 3
    assert feed.projected
    assert not opened
