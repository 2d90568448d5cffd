"""`upwell serve` and `upwell worker` that start while a part is away, or set wrongly."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import entrypoints.wiring.patience
from adapters.postgres.clock import PostgresClock
from adapters.postgres.database.connecting import SERVICE_ROLE, connect
from adapters.postgres.database.migrating import migrate
from entrypoints.settings import Settings
from entrypoints.wiring import running as wiring
from entrypoints.wiring.running import running
from tests.clusters import Cluster, cluster
from tests.conftest import LOGIN, Database, Servers, environment_for, free_port, wait_ready

SOON = 120.0


@pytest.fixture
def away() -> Iterator[Cluster]:
    """A cluster that is whole, and stopped."""
    with cluster() as made:
        made.make()
        made.start()
        asyncio.run(_prepare(made))
        made.stop()
        yield made


async def _prepare(made: Cluster) -> None:
    await migrate(made.url())
    admin = await connect(made.url(), role=None)
    await admin.execute(f"CREATE ROLE {LOGIN} LOGIN; GRANT {SERVICE_ROLE} TO {LOGIN}")
    await admin.close()


def begin(environment: dict[str, str], *command: str, errors: Path) -> "subprocess.Popen[bytes]":
    with errors.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", "from entrypoints.cli.main import main; main()", *command],
            env={**os.environ, **environment, "UPWELL_LOG_LEVEL": "warning"},
            stdin=subprocess.DEVNULL,
            stderr=file,
        )


def ended(environment: dict[str, str], command: str, errors: Path) -> tuple[int, str]:
    """Return the exit code and the output."""
    process = begin(environment, command, errors=errors)
    status = process.wait(SOON)
    return status, errors.read_text()


async def until_it_waits(process: "subprocess.Popen[bytes]", errors: Path) -> None:
    async with asyncio.timeout(SOON):
        while b"waiting_for_part" not in await asyncio.to_thread(errors.read_bytes):
            assert process.poll() is None
            await asyncio.sleep(0.02)


async def test_serve_and_worker_wait_for_a_database_that_is_away_and_then_work(
    servers: Servers, database: Database, away: Cluster, tmp_path: Path
) -> None:
    port = free_port()
    environment = {
        **environment_for(servers, database),
        "UPWELL_DATABASE_URL": away.url(LOGIN),
        "UPWELL_PORT": str(port),
    }
    serving = begin(environment, "serve", errors=tmp_path / "serve")
    working = begin(environment, "worker", errors=tmp_path / "worker")
    try:
        await until_it_waits(serving, tmp_path / "serve")
        await until_it_waits(working, tmp_path / "worker")
        away.start()
        await asyncio.to_thread(wait_ready, f"http://127.0.0.1:{port}", serving)
        assert working.poll() is None
    finally:
        for process in (serving, working):
            process.terminate()
        for process in (serving, working):
            await asyncio.to_thread(process.wait, 60)


@pytest.mark.parametrize("command", ["serve", "worker", "relay nats"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_that_waits_for_a_database_stops_immediately(
    servers: Servers, database: Database, away: Cluster, tmp_path: Path, command: str, number: signal.Signals
) -> None:
    environment = {
        **environment_for(servers, database),
        "UPWELL_DATABASE_URL": away.url(LOGIN),
        "UPWELL_START_PATIENCE_SECONDS": "3600",
        "UPWELL_NATS_SERVERS": "nats://127.0.0.1:1",
    }
    process = begin(environment, *command.split(), errors=tmp_path / "errors")
    try:
        await until_it_waits(process, tmp_path / "errors")
        process.send_signal(number)
        assert await asyncio.to_thread(process.wait, SOON) != 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("step", [(wiring, "open_pool"), (PostgresClock, "measure")], ids=["pool", "clock"])
async def test_a_database_that_goes_away_between_two_steps_of_a_start_is_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: tuple[object, str]
) -> None:
    monkeypatch.setattr(entrypoints.wiring.patience, "_FIRST_PAUSE_SECONDS", 0.001)
    tried: list[object] = []
    go_on = getattr(*step)

    async def fail_once(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # any arguments and result
        tried.append(given)
        if len(tried) == 1:
            raise ConnectionRefusedError
        return await go_on(*given, **named)

    monkeypatch.setattr(*step, fail_once)
    async with running(settings) as services:
        assert await services.system.log.head() == 0
    assert len(tried) > 1


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_patience_with_a_database_ends_with_1_and_a_sentence(
    servers: Servers, database: Database, tmp_path: Path, command: str
) -> None:
    environment = {
        **environment_for(servers, database),
        "UPWELL_DATABASE_URL": f"postgresql://upwell@127.0.0.1:{free_port()}/upwell",
        "UPWELL_START_PATIENCE_SECONDS": "0",
    }
    status, said = await asyncio.to_thread(ended, environment, command, tmp_path / "errors")
    assert status == 1
    assert "PostgreSQL cannot be reached" in said
    assert "Traceback" not in said


async def test_patience_with_a_storage_names_its_address(servers: Servers, database: Database, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    environment = {
        **environment_for(servers, database),
        "UPWELL_S3_ENDPOINT_URL": address,
        "UPWELL_START_PATIENCE_SECONDS": "0",
        "UPWELL_PORT": str(free_port()),
    }
    status, said = await asyncio.to_thread(ended, environment, "serve", tmp_path / "errors")
    assert status == 1
    assert address in said
    assert "Traceback" not in said


async def test_credentials_that_storage_refuses_end_serve_at_once_with_2(
    servers: Servers, database: Database, tmp_path: Path
) -> None:
    environment = {
        **environment_for(servers, database),
        "UPWELL_S3_SECRET_ACCESS_KEY": "another-secret-altogether",
        "UPWELL_PORT": str(free_port()),
    }
    status, said = await asyncio.to_thread(ended, environment, "serve", tmp_path / "errors")
    assert status == 2
    assert servers.s3_endpoint_url in said
    assert "credentials" in said
    assert "Traceback" not in said
    assert "another-secret" not in said


async def test_a_wrong_database_ends_serve_at_once_with_2(servers: Servers, database: Database, tmp_path: Path) -> None:
    environment = {
        **environment_for(servers, database),
        "UPWELL_DATABASE_URL": servers.url_for(LOGIN, "not_there"),
        "UPWELL_PORT": str(free_port()),
    }
    status, said = await asyncio.to_thread(ended, environment, "serve", tmp_path / "errors")
    assert status == 2
    assert "UPWELL_DATABASE_URL" in said
    assert "Traceback" not in said
