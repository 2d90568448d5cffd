"""The service itself over HTTP, on PostgreSQL and S3, with a clock that can be set forward.

The application is served by uvicorn in a thread of this process, because only so can its clock be
set; its adapters, its HTTP and the presigned PUTs are the real ones. `Stand` is what is started once; each example has
a system, which is an organization of its own on it.

S3 goes by the time that it really is. So the service's clock begins most of an hour behind: then URLs that live a
minute have expired for S3 when they are issued, those that live an hour have not, and there is room to set it
forward before its signatures lie in S3's future.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec
import structlog
import uvicorn

from adapters.memory.clock import ManualClock
from adapters.postgres.database.connecting import Connection, connect
from application.ports.storage.object_storage import MIN_PART_BYTES, ObjectStorage
from entrypoints.http.app import create_app
from entrypoints.http.transport.server import Server, options
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.storage import open_storage
from entrypoints.wiring.use_cases import Services, put_together
from tests.conftest import free_port
from tests.harness import in_process
from tests.harness.failing_storage import FailingStorage
from tests.harness.leading_clock import let_tests_lead
from tests.harness.memory_system import object_seen
from tests.harness.system import (
    CONTENT_TYPE,
    Answer,
    Ask,
    BucketSeen,
    Cancel,
    Confirm,
    ConfirmSeen,
    Delete,
    EventSeen,
    Forget,
    Limits,
    Notified,
    Notify,
    ObjectSeen,
    Outcome,
    PartSeen,
    PartsSigned,
    Powers,
    PutSeen,
    QuotaSeen,
    Refused,
    Request,
    SignAgain,
    SignParts,
    TaskSeen,
    UploadSeen,
    UrlSeen,
)

T = TypeVar("T")

BEHIND = timedelta(minutes=55)
GRACE = timedelta(minutes=1)
_SECONDS = 60.0
_PAGE = 100
_STORAGE_SECRET = "what-the-storage-knows"


def environment(limits: Limits) -> dict[str, str]:
    """Return the settings for a service with these limits."""
    return {
        "UPWELL_FREE_FILE_LIMIT_BYTES": str(limits.file_size_bytes),
        "UPWELL_INLINE_LIMIT_BYTES": str(limits.inline_limit_bytes),
        "UPWELL_EXPIRY_GRACE_SECONDS": str(int(limits.grace.total_seconds())),
        "UPWELL_PART_BYTES": str(limits.part_bytes),
        "UPWELL_RETENTION_DAYS": str(limits.retention.days),
        "UPWELL_RATE_LIMITS": "off",  # examples come as fast as they can
    }


class Stand:
    """A running service on a separate database and S3 bucket."""

    def __init__(self, settings: Mapping[str, str], *, limits: Limits | None = None) -> None:
        self.limits = limits or Limits(grace=GRACE, part_bytes=MIN_PART_BYTES, least_part_bytes=MIN_PART_BYTES)
        self.clock = ManualClock(datetime.now(UTC))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._settings = Settings({**settings, **environment(self.limits)})
        self._port = port
        self._ready = threading.Event()
        self._stopping: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._failure: BaseException | None = None
        self.services: Services
        self.storage: ObjectStorage
        self.failing: FailingStorage
        self._watcher: Connection
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        self._thread = threading.Thread(target=self._live, name="upwell-stand")
        self._thread.start()
        if not self._ready.wait(_SECONDS) or self._failure is not None:
            raise RuntimeError("the service did not start") from self._failure

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the service's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def close(self) -> None:
        """Stop the service."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_SECONDS)
        structlog.reset_defaults()
        if self._failure is not None:
            raise RuntimeError("the service did not stop in order") from self._failure

    def _live(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # raised in the thread that waits
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with open_storage(self._settings.s3) as storage:
            await storage.prepare(cors_origins=[])
        app = create_app(self._open, storage_events_secret=_STORAGE_SECRET)
        server = Server(uvicorn.Config(app, **options("127.0.0.1", self._port)))
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
        stopping.cancel()
        with suppress(asyncio.CancelledError):
            await stopping

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Services]:
        await let_tests_lead(self._settings.database_owner_url)
        async with running(self._settings, clock=self.clock) as opened:
            self.storage = opened.system.storage
            self.failing = FailingStorage(self.storage)
            ports, system = (
                msgspec.structs.replace(each, storage=self.failing) for each in (opened.ports, opened.system)
            )
            services = put_together(ports, self._settings.rules, system=system)
            self.services = msgspec.structs.replace(services, ports=system)  # the observer sees everything
            self._watcher = await connect(self._settings.database_url)
            self._ready.set()
            try:
                yield services
            finally:
                await self._watcher.close()

    def begin(self) -> None:
        """Repair storage, set the clock back to the start of an example, and drop the jobs of the last one."""
        self.failing.fail([], operation=None, reads_fail=False)
        self.run(self._watcher.execute("DELETE FROM upwell.jobs"))
        self.run(self._watcher.execute("DELETE FROM upwell.jobs"))  # and those that follow the deleted ones
        self.clock.set(datetime.now(UTC) - BEHIND)

    def jobs(self) -> Mapping[tuple[str, str], datetime]:
        """Return all jobs."""
        rows = self.run(self._watcher.fetch("SELECT upload_id, kind, due_at, then_kind, then_at FROM upwell.jobs"))
        assert len({row["upload_id"] for row in rows}) == len(rows), "an upload has two rows of jobs"
        first = {(row["upload_id"], row["kind"]): row["due_at"] for row in rows}
        return first | {(row["upload_id"], row["then_kind"]): row["then_at"] for row in rows if row["then_kind"]}

    @property
    def bucket_name(self) -> str:
        """The name of the S3 bucket."""
        return self._settings.s3.bucket


class HttpSystem:
    """Implements `System`: one organization on a stand, over HTTP. Subclass it to use another client."""

    def __init__(self, stand: Stand) -> None:
        self.limits = stand.limits
        self.powers = Powers(versioned=True, passes_time=True, breaks_storage=True)
        self._stand = stand
        stand.begin()
        self._begins_after = stand.run(stand.services.ports.log.head())
        self._account = stand.run(in_process.open_account(stand.services, stand.limits))
        self._client = httpx.Client(
            base_url=stand.url,
            headers={
                "Authorization": f"Bearer {self.secret}",
                "X-Namespace": self.namespace_id,
            },
            timeout=_SECONDS,
        )
        self._storage_client = httpx.Client(timeout=_SECONDS)

    @property
    def secret(self) -> str:
        """The API key that may do everything in the organization."""
        return self._account.secret

    @property
    def namespace_id(self) -> str:
        """The namespace of the buckets."""
        return self._account.namespace.namespace_id

    # The client

    def at_once(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Send each request from its own thread."""
        if len(requests) == 1:
            return [self.send(requests[0])]
        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(self.send, requests))

    def send(self, request: Request) -> Answer:  # noqa: PLR0911  # one arm for every kind of request
        """Send one request."""
        match request:
            case Ask():
                response = self._client.post(f"/v1/buckets/{request.bucket}/uploads", json=request.wire())
                return UploadSeen.of(response.json()) if response.is_success else refused(response)
            case Confirm(claim=claim):
                query = {"async": request.as_task} | ({} if claim.policy is None else {"policy": claim.policy})
                response = self._client.post(
                    f"/v1/uploads/{request.upload_id}/confirm", params=query, json=request.wire()
                )
                return ConfirmSeen.of(response.json()) if response.is_success else refused(response)
            case SignParts():
                response = self._client.post(f"/v1/uploads/{request.upload_id}/parts/sign", json=request.wire())
                return _signed(response.json()) if response.is_success else refused(response)
            case SignAgain():
                response = self._client.post(f"/v1/uploads/{request.upload_id}/sign")
                return UploadSeen.of(response.json()) if response.is_success else refused(response)
            case Notify():
                response = self._storage_client.post(
                    f"{self._stand.url}/v1/storage-events",
                    json=request.wire(self._stand.bucket_name),
                    headers={"X-Upwell-Storage-Secret": _STORAGE_SECRET},
                )
                body = response.raise_for_status().json()
                assert body["received"] == request.times
                return Notified(body["matched"], body["ignored"])
            case Cancel():
                response = self._client.delete(
                    f"/v1/uploads/{request.upload_id}",
                    params={"delete_s3_object": not request.keep_bytes, "only_open": request.only_open},
                )
                assert response.status_code in {204, *range(400, 600)}
                return None if response.is_success else refused(response)
            case Delete():
                response = self._client.delete(f"/v1/buckets/{request.bucket}/objects/{request.object_id}")
                assert response.status_code in {204, *range(400, 600)}
                return None if response.is_success else refused(response)
            case Forget():
                return self._stand.run(in_process.forget(self._stand.services, request.upload_id))

    def announce_batch(self, asks: Sequence[Ask]) -> Sequence[UploadSeen] | Refused:
        """Announce files in one request."""
        body = {"uploads": [ask.wire() for ask in asks]}
        response = self._client.post(f"/v1/buckets/{asks[0].bucket}/uploads/batch", json=body)
        if not response.is_success:
            return refused(response)
        return [UploadSeen.of(each) for each in response.json()["uploads"]]

    def confirm_batch(self, bucket: str, upload_ids: Sequence[str]) -> str:
        """Confirm uploads in one request."""
        body = {"confirmations": [{"upload_id": upload_id} for upload_id in upload_ids]}
        response = self._client.post(f"/v1/buckets/{bucket}/uploads/confirm/batch", json=body)
        task_id: str = response.raise_for_status().json()["task_id"]
        return task_id

    def task(self, task_id: str) -> TaskSeen | Refused:
        """Get a task."""
        response = self._client.get(f"/v1/tasks/{task_id}")
        return TaskSeen.of(response.json()) if response.is_success else refused(response)

    def put(self, url: str, headers: Mapping[str, str], body: bytes) -> PutSeen:
        """PUT to S3."""
        response = self._storage_client.put(url, content=body, headers=headers)
        return PutSeen(response.status_code, response.headers.get("etag", "").strip('"') or None)

    def post(self, url: str, fields: Mapping[str, str], body: bytes) -> PutSeen:
        """POST a form to S3."""
        file = {"file": ("file.txt", body, CONTENT_TYPE)}
        response = self._storage_client.post(url, data=dict(fields), files=file)
        return PutSeen(response.status_code, response.headers.get("etag", "").strip('"') or None)

    def parts(self, upload_id: str) -> Sequence[PartSeen] | Refused:
        """List the parts that storage has."""
        response = self._client.get(f"/v1/uploads/{upload_id}/parts")
        if not response.is_success:
            return refused(response)
        return [PartSeen(part["part_number"], part["size_bytes"], part["etag"]) for part in response.json()["parts"]]

    def get(self, upload_id: str) -> UploadSeen | Refused:
        """Get an upload."""
        response = self._client.get(f"/v1/uploads/{upload_id}")
        return UploadSeen.of(response.json()) if response.is_success else refused(response)

    def uploads(self, bucket: str, status: str | None = None) -> Sequence[UploadSeen]:
        """List uploads, page by page."""
        filters = None if status is None else {"status": status}
        seen: list[UploadSeen] = []
        while True:
            body = {"filters": filters, "limit": _PAGE, "offset": len(seen)}
            response = self._client.post(f"/v1/buckets/{bucket}/uploads/list", json=body)
            page = response.raise_for_status().json()
            seen += [UploadSeen.of(each) for each in page["results"]]
            if not page["pagination"]["has_more"]:
                return seen

    def bucket(self, bucket: str) -> BucketSeen:
        """Get a bucket."""
        found = self._client.get(f"/v1/buckets/{bucket}").raise_for_status().json()
        return BucketSeen(found["object_count"], found["total_size_bytes"])

    def bucket_object(self, bucket: str, object_id: str) -> ObjectSeen | Refused:
        """Get an object."""
        response = self._client.get(f"/v1/buckets/{bucket}/objects/{object_id}")
        return object_seen(response.json()) if response.is_success else refused(response)

    # The operator

    def quota(self) -> QuotaSeen:
        """Return the organization's use of storage."""
        return self._stand.run(in_process.quota(self._stand.services, self._account))

    def set_quota(self, quota_bytes: int) -> None:
        """Change the quota."""
        organizations = self._stand.services.organizations
        self._stand.run(organizations.set_limits(self._account.organization_id, tier=None, quota_bytes=quota_bytes))

    def feed(self, after: int) -> Sequence[EventSeen]:
        """Return the events behind a position."""
        return self._stand.run(in_process.feed(self._stand.services, after))

    def begins_after(self) -> int:
        """Return the position of the log at the creation of the organization."""
        return self._begins_after

    def organization_id(self) -> str:
        """Return the organization of the relevant events."""
        return self._account.organization_id

    def jobs(self) -> Mapping[tuple[str, str], datetime]:
        """Return the jobs."""
        return self._stand.jobs()

    def stored(self, storage_key: str) -> bytes | None:
        """Return the stored object of a key."""
        return self._stand.run(in_process.stored(self._stand.storage, storage_key))

    def verified_bytes(self, upload_id: str) -> bytes | None:
        """Return the bytes that an upload was completed with."""
        services = self._stand.services
        return self._stand.run(in_process.verified_bytes(services, self._account, self._stand.storage, upload_id))

    def multiparts(self) -> Collection[tuple[str, str]]:
        """Return the multipart uploads of the organization that were neither completed nor aborted."""
        return self._stand.run(in_process.multiparts(self._stand.storage, self._account))

    def work(self) -> None:
        """Work until nothing is due."""
        self._stand.run(in_process.work(self._stand.services))

    # Time and trouble

    def now(self) -> datetime:
        """Return the time of the service."""
        return self._stand.clock.now()

    def storage_now(self) -> datetime:
        """Return the real time."""
        return datetime.now(UTC)

    def pass_time(self, by: timedelta) -> None:
        """Set the service's clock forward."""
        self._stand.clock.advance(by)

    def break_storage(self, outcomes: Sequence[Outcome], *, operation: str | None, reads_fail: bool) -> None:
        """Let the service's calls fail, after S3 has done its part."""
        self._stand.failing.fail(outcomes, operation=operation, reads_fail=reads_fail)

    def mend_storage(self) -> None:
        """Let no call fail."""
        self._stand.failing.fail([], operation=None, reads_fail=False)

    def interrupted(self, request: Request | None, steps: int) -> None:
        """Not here."""
        raise NotImplementedError("this system does not support it, so the machine never calls it")

    def close(self) -> None:
        """Close the connections; the stand keeps running."""
        self._client.close()
        self._storage_client.close()


def _signed(wire: Mapping[str, Any]) -> PartsSigned:
    return PartsSigned({part["part_number"]: UrlSeen(part["url"], part["required_headers"]) for part in wire["parts"]})


def refused(response: httpx.Response) -> Refused:
    """Read a refusal from the envelope."""
    envelope = response.json()
    assert envelope["success"] is False
    assert envelope["status"] == response.status_code
    return Refused.of(response.status_code, envelope["error"]["code"], envelope["error"]["details"])
