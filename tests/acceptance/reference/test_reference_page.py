"""The page that shows the OpenAPI document, as a browser shows it: at its own address, and below a path of a proxy."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from entrypoints.http.app import create_app
from entrypoints.http.transport.server import Server, options
from tests.conftest import free_port
from tests.contract_check.comparing import operations
from tests.contract_check.contract import own

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BELOW = "/tools/upwell"
SETTLE_SECONDS = 20


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """Serve the page at both places, as a proxy does that takes a path away."""

    @asynccontextmanager
    async def nothing() -> Any:  # noqa: ANN401  # no request that needs anything comes
        yield None

    app = create_app(nothing)

    async def proxy(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI
        if scope["type"] == "http" and scope["path"].startswith(BELOW):
            raw = scope["raw_path"].removeprefix(BELOW.encode())
            scope = {**scope, "path": scope["path"].removeprefix(BELOW), "raw_path": raw}
        await app(scope, receive, send)

    port = free_port()
    server = Server(uvicorn.Config(proxy, **(options("127.0.0.1", port) | {"lifespan": "off"})))
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(SETTLE_SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


async def seen(url: str) -> str:
    """Return the document as it is once the browser has run its scripts."""
    assert BROWSER is not None
    with tempfile.TemporaryDirectory() as profile:
        process = await asyncio.create_subprocess_exec(
            *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking"),
            *("--virtual-time-budget=20000", "--dump-dom", url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return out.decode()


@pytest.mark.skipif(
    BROWSER is None and "CI" not in os.environ, reason="there is no Chromium here: apt-get install chromium"
)
@pytest.mark.parametrize("place", ["/docs", "/docs/", f"{BELOW}/docs", f"{BELOW}/docs/"])
async def test_a_browser_shows_every_operation(place: str) -> None:
    async with serving() as url:
        page = await seen(f"{url}{place}")

    shown = set(re.findall(r'id="operations-[^"]*?-(\w+)"', page))
    assert {operation.body["operationId"] for operation in operations(own())} - shown == set()
    assert "Unable to render" not in page
    assert "Upwell HTTP API" in page
    assert '<html lang="en"' in page
    assert re.search(r"<main>.*</main>", page, re.DOTALL)
    assert "<h1>" in page
    assert "aria-busy" not in page


async def test_the_document_lies_beside_the_page_and_at_the_root() -> None:
    async with serving() as url, httpx.AsyncClient(base_url=url) as client:
        root, beside = (await client.get("/openapi.json")).json(), (await client.get("/docs/openapi.json")).json()
        below = await client.get(f"{BELOW}/openapi.json")

    assert httpx.URL(f"{url}{BELOW}/openapi.json").join(below.json()["servers"][0]["url"]) == f"{url}{BELOW}/"
    assert httpx.URL(f"{url}{BELOW}/docs/openapi.json").join(beside["servers"][0]["url"]) == f"{url}{BELOW}/"
    assert root | {"servers": beside["servers"]} == beside
    assert root["openapi"].startswith("3.1")
    assert {"title", "version", "description", "license", "contact"} <= set(root["info"])


async def test_the_page_loads_nothing_of_another_origin_and_runs_no_script_within_it() -> None:
    async with serving() as url, httpx.AsyncClient(base_url=url) as client:
        page = (await client.get("/docs")).text
        for name in re.findall(r'(?:src|href)="(docs/[^"]+)"', page):
            assert (await client.get(f"/{name}")).status_code == 200, name

    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "default-src 'none'; script-src 'self'" in page
