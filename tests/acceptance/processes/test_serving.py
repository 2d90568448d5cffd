"""`upwell serve` as production runs it: started on an empty database by an operator, stopped without harm."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import httpx
import psutil

from adapters.postgres.database.connecting import connect
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Servers, Service, environment_for, free_port, make_database, make_tenant, start, wait_ready
from tests.contract_check.answers import holding


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from entrypoints.cli.main import main; main()", *arguments],
        env={**environment, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_an_empty_database_is_put_to_use_by_an_operator(servers: Servers) -> None:
    database = await make_database(servers)
    owner = await connect(database.owner_url, role=None)
    await owner.execute("DROP SCHEMA upwell CASCADE")
    await owner.close()
    environment = environment_for(servers, database)
    too_early = run(environment, "org", "create", "acme")
    assert too_early.returncode == 2
    assert "upwell migrate" in too_early.stderr
    assert "up to date" in run(environment, "migrate").stdout
    made = run(environment, "org", "create", "acme", "--tier", "pro", "--quota", "1000")
    assert made.returncode == 0, made.stderr
    changed = run(environment, "org", "set", "acme", "--tier", "team")
    assert "tier: team" in changed.stdout
    assert "quota_bytes: 10000000000000" in changed.stdout
    key = run(environment, "key", "create", "acme", "--permission", "admin")
    secret = re.search(r"key: (sk_\S+)", key.stdout)
    assert secret is not None
    port = free_port()
    process = start({**environment, "UPWELL_PORT": str(port)}, "serve", "--workers", "2")
    try:
        wait_ready(f"http://127.0.0.1:{port}", process)
        headers = {"Authorization": f"Bearer {secret[1]}"}
        async with holding(f"http://127.0.0.1:{port}", headers) as client:
            namespace = await client.post(
                "/v1/namespaces",
                json={
                    "namespace_name": "prod",
                    "feature_extractors": [{"feature_extractor_name": "none", "version": "v1"}],
                },
            )
            assert namespace.status_code == 200, namespace.text
            assert (await client.get("/v1/namespaces/prod")).json()["namespace_id"].startswith("ns_")
    finally:
        process.terminate()
        assert process.wait(45) == 0


async def test_sigterm_finishes_requests_in_flight(service: Service) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start({**service.environment, "UPWELL_PORT": str(port)}, "serve")
    await asyncio.to_thread(wait_ready, url, process)
    tenant = await make_tenant(service.database, url)
    answered: list[int] = []
    broken: list[str] = []

    async def client() -> None:
        asked = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}
        async with holding(url, tenant.headers) as http:
            while process.poll() is None:
                try:
                    response = await http.post("/v1/buckets/files/uploads", json=asked)
                    answered.append(response.status_code)
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                    broken.append(type(error).__name__)
                    return

    clients = [asyncio.create_task(client()) for _ in range(8)]
    async with asyncio.timeout(30):
        while len(answered) < 50:
            await asyncio.sleep(0.01)
    process.terminate()
    await asyncio.gather(*clients)
    assert await asyncio.to_thread(process.wait, 30) == 0
    assert set(answered) == {200}
    connection = await connect(service.database.owner_url, role=None)
    logged = await connection.fetchval(
        "SELECT count(*) FROM upwell.uploads WHERE organization_id = $1", tenant.caller.organization.organization_id
    )
    await connection.close()
    assert logged >= len(answered)
    assert not psutil.pid_exists(process.pid) or process.poll() is not None


async def test_readyz_names_the_part_that_is_not_ready(service: Service) -> None:
    port = free_port()
    environment = {**service.environment, "UPWELL_PORT": str(port)}
    process = start(environment, "serve")
    url = f"http://127.0.0.1:{port}"
    try:
        await asyncio.to_thread(wait_ready, url, process)
        async with holding(url) as client:
            ready = (await client.get("/readyz")).json()
            assert ready == {"status": "ok", "parts": {"database": "ok", "storage": "ok", "clock": "ok"}}
            assert (await client.get("/healthz")).json()["status"] == "ok"
            assert (await client.get("/docs/openapi.json")).json()["info"]["title"] == "Upwell HTTP API"
            page = await client.get("/docs")
            assert "docs/assets/swagger-ui-bundle.js" in page.text
            assert (await client.get("/docs/assets/swagger-ui-bundle.js")).status_code == 200
    finally:
        process.terminate()
        process.wait(30)


async def test_a_file_goes_the_whole_way_through_a_service_that_restarts(service: Service) -> None:
    port = free_port()
    environment = {**service.environment, "UPWELL_PORT": str(port)}
    url = f"http://127.0.0.1:{port}"
    process = start(environment, "serve")
    await asyncio.to_thread(wait_ready, url, process)
    tenant = await make_tenant(service.database, url)
    body = b"the bytes"
    async with tenant.client() as client:
        upload = await announce(client, body)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        async with asyncio.timeout(30):
            while any(child.is_running() for child in children):
                await asyncio.sleep(0.02)
        await put(upload, body)
    process = start(environment, "serve")
    try:
        await asyncio.to_thread(wait_ready, url, process)
        async with tenant.client() as client:
            done = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()
        assert done["status"] == "COMPLETED"
    finally:
        process.terminate()
        process.wait(30)
