"""A separate service for a test, with real PostgreSQL and S3, a clock that is set, and storage behind a gate."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvicorn

from adapters.memory.clock import ManualClock
from application.ports.storage.object_storage import StoredContent
from domain.organizations.organization import Tier
from domain.uploads.parts import MIN_PART_BYTES
from entrypoints.http.app import create_app
from entrypoints.http.transport.server import Server, options
from entrypoints.observability.telemetry import Telemetry
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.storage import open_storage
from entrypoints.wiring.use_cases import Services
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import SCHEMA, Database, Servers, Tenant, environment_for, free_port, make_tenant
from tests.listening import listening

BODY = b"a film of a hundred bytes, so that every number is known beforehand. " + b"." * 31
PARTS = b"p" * (MIN_PART_BYTES + 100)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde" + bytes(67)
SECRET = "a secret of storage"
QUOTA = 8 * 1024**2
TIER_LIMIT = 10 * 1024**2
BEHIND = timedelta(minutes=55)  # the maximum advance of the clock before URLs of an hour are in S3's future
SETTLE_SECONDS = 20
NOTHING = "nothing"
BYTES = "the bytes"
OVERWRITTEN = "both versions; downloads get the verified bytes"


class Gate:
    """A gate before the storage, which can be closed."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.open = True
        self._target_port = target_port
        self._ways: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with listening(self._serve, port=self.port):
            yield
            self.shut()

    def shut(self) -> None:
        """Cut every connection, and accept none until `open` is set."""
        self.open = False
        for way in self._ways:
            way.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            return
        upstream, onward = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._ways |= {writer, onward}
        try:
            with suppress(OSError):
                await asyncio.gather(_pass(reader, onward), _pass(upstream, writer))
        finally:
            onward.transport.abort()
            self._ways -= {writer, onward}


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    finally:
        target.close()


class World:
    """A separate service, its tenant, and actions on both."""

    def __init__(
        self, services: Services, tenant: Tenant, client: httpx.AsyncClient, clock: ManualClock, gate: Gate
    ) -> None:
        self.services = services
        self.tenant = tenant
        self.client = client
        self.clock = clock
        self.gate = gate
        self.storage = services.ports.storage

    async def confirm(self, upload: Mapping[str, Any], **claims: object) -> httpx.Response:
        return await self.client.post(f"/v1/uploads/{upload['upload_id']}/confirm", json=claims)

    async def ask(self, bucket: str = "files", **fields: object) -> httpx.Response:
        asked = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video", **fields}
        return await self.client.post(f"/v1/buckets/{bucket}/uploads", json=asked)

    async def sent(self, body: bytes = BODY, bucket: str = "files", **fields: object) -> dict[str, Any]:
        """Announce, and send bytes that storage accepts."""
        upload = await announce(self.client, BODY, bucket=bucket, **fields)
        assert (await put(upload, body)).status_code == 200
        return upload

    async def in_parts(
        self, *numbers: int, file_hash: str | None = None
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Announce a file of two parts and send some of them; return them as storage answered."""
        upload = await announce(self.client, PARTS, multipart="always", file_hash=file_hash)
        signed = await self.client.post(
            f"/v1/uploads/{upload['upload_id']}/parts/sign", json={"part_numbers": list(numbers)}
        )
        there = []
        async with httpx.AsyncClient() as plain:
            for part in signed.json()["parts"]:
                start = (part["part_number"] - 1) * MIN_PART_BYTES
                content = PARTS[start : start + MIN_PART_BYTES]
                answer = await plain.put(part["url"], content=content, headers=part["required_headers"])
                there.append({"part_number": part["part_number"], "etag": answer.headers["etag"]})
        return upload, there

    async def make_ruled(self, **rules: object) -> str:
        """Create a bucket with rules, and return its name."""
        asked = {"bucket_name": "ruled", "bucket_schema": SCHEMA, "content_rules": rules}
        assert (await self.client.post("/v1/buckets", json=asked)).is_success
        return "ruled"

    async def notify(self, upload: Mapping[str, Any]) -> httpx.Response:
        """Notify the service, as storage does, that the bytes are there."""
        record = {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": self.storage.bucket}, "object": {"key": upload["s3_key"]}},
        }
        return await self.client.post(
            "/v1/storage-events", json={"Records": [record]}, headers={"Authorization": f"Bearer {SECRET}"}
        )

    async def pass_time(self, much: timedelta = timedelta(hours=2)) -> None:
        """Set the clock forward, and let a worker run the due jobs."""
        self.clock.advance(much)
        await self.work()

    async def work(self) -> None:
        while await self.services.worker.work_due():
            pass

    async def record(self, upload: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"/v1/uploads/{upload['upload_id']}")).json()
        return found

    async def quota(self) -> str:
        """Return the counted bytes, in words."""
        use = await self.services.system.quota_ledger.use(self.tenant.caller.organization.organization_id)
        words = [
            f"{count} {what}"
            for count, what in ((use.reserved_bytes, "reserved"), (use.accepted_bytes, "accepted"))
            if count
        ]
        return ", ".join(words) or NOTHING

    async def left(self, upload: Mapping[str, Any]) -> str:
        """Return the stored bytes of an upload, in words."""
        content = await self.storage.head(upload["s3_key"])
        if content is not None:
            return await self._name(upload, content)
        listed = await self.client.get(f"/v1/uploads/{upload['upload_id']}/parts")
        if listed.is_success and listed.json()["parts"]:
            return f"parts {', '.join(str(part['part_number']) for part in listed.json()['parts'])}"
        return NOTHING

    async def _name(self, upload: Mapping[str, Any], content: StoredContent) -> str:
        now = b"".join([chunk async for chunk in self.storage.read(upload["s3_key"], content)])
        record = await self.client.get(f"/v1/uploads/{upload['upload_id']}?return_presigned_urls=true")
        url = record.json().get("download_url")
        if url is None:
            return BYTES if now in {BODY, PARTS} else "other bytes"
        async with httpx.AsyncClient() as plain:
            verified = (await plain.get(url)).content
        assert verified in {BODY, PARTS, PNG}
        return BYTES if now == verified else OVERWRITTEN


class _Shared:
    """The application that one world after another serves with: to make it takes 50 ms."""

    def __init__(self) -> None:
        self.services: Callable[[], AbstractAsyncContextManager[Services]]
        self.app = create_app(self._open, storage_events_secret=SECRET)

    def _open(self) -> AbstractAsyncContextManager[Services]:
        return self.services()


_shared = functools.cache(_Shared)


@asynccontextmanager
async def open_world(
    servers: Servers,
    database: Database,
    *,
    environment: Mapping[str, str] | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[World]:
    """Serve while inside. `environment`: further settings."""
    gate = Gate(urlsplit(servers.s3_endpoint_url).port or 0)
    port = free_port()
    settings = Settings(
        environment_for(servers, database)
        | {
            "UPWELL_S3_ENDPOINT_URL": f"http://127.0.0.1:{gate.port}",
            "UPWELL_S3_BUCKET": "worlds",  # of all of them: each bucket takes a lot of room beforehand
            "UPWELL_FREE_FILE_LIMIT_BYTES": str(TIER_LIMIT),
            "UPWELL_INLINE_LIMIT_BYTES": str(2 * TIER_LIMIT),
            "UPWELL_PART_BYTES": str(MIN_PART_BYTES),
        }
        | dict(environment or {})
    )
    clock = ManualClock(datetime.now(UTC) - BEHIND)
    opened = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def services() -> AsyncIterator[Services]:
        async with running(settings, clock=clock, telemetry=telemetry) as made:
            opened.set_result(made)
            yield made

    async with gate.running(), open_storage(settings.s3) as storage:
        await storage.prepare(cors_origins=[])
        if telemetry is None:
            _shared().services = services
            app = _shared().app
        else:
            app = create_app(services, storage_events_secret=SECRET, telemetry=telemetry)
        server = Server(uvicorn.Config(app, **options("127.0.0.1", port)))
        serving = asyncio.create_task(server.serve())
        made = await opened
        tenant = await make_tenant(database, f"http://127.0.0.1:{port}", tier=Tier.FREE, quota_bytes=QUOTA)
        async with asyncio.timeout(SETTLE_SECONDS):
            while not server.started:
                await asyncio.sleep(0.01)
        async with tenant.client() as client:
            yield World(made, tenant, client, clock, gate)
        server.should_exit = True
        await serving
