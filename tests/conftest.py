"""Real servers, started once a run by the process that began it; databases, buckets and tenants of each test's own."""

import asyncio
import gc
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.seaweedfs import EmbeddedStorage
from adapters.postgres.database.connecting import SERVICE_ROLE, connect
from adapters.postgres.database.migrating import migrate
from application.keys.callers import Caller
from application.keys.managing import KeyWish
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.rules import Rules
from domain.keys.api_key import Permission
from domain.organizations.organization import Tier
from domain.uploads.parts import MIN_PART_BYTES
from entrypoints.settings import Settings
from entrypoints.wiring.garbage import collect_seldom, keep_what_is_loaded
from entrypoints.wiring.operations import Administration, administering
from entrypoints.wiring.storage import open_storage
from tests.contract_check.answers import holding
from tests.disks import quick_folder
from tests.harness.leading_clock import let_tests_lead
from tests.loopback_only import keep_on_loopback

keep_on_loopback()

TEMPLATE = "upwell_template"
LEADING_TEMPLATE = "upwell_leading_template"
TOKEN_SECRET = "b9c1e07a55d84f3c9d62e8a417f0356b"
# Receivers of tests listen on loopback, on any free port.
ANY_RECEIVER_HERE = {"UPWELL_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1", "UPWELL_WEBHOOK_ALLOWED_PORTS": "1-65535"}
STORAGE_SECRET = "what-the-storage-knows"
LOGIN = "upwell_test"
ON_ASYNCIO = "asyncio", {"use_uvloop": False}
SCHEMA = {
    "properties": {
        "video": {"type": "video"},
        "image": {"type": "image"},
        "text": {"type": "text"},
        "title": {"type": "string"},
        "number": {"type": "integer"},
    }
}


# Services of several tests at once have their pools on it, and a few tests start many processes.
_SHARED = {"max_connections": "400"}
# No data of a run outlives it, and autovacuum does not visit its hundreds of databases each minute.
_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "600",
}


@dataclass(frozen=True)
class Servers:
    """The addresses of the servers of this run. `postgres_url` is the superuser's."""

    postgres_url: str
    postgres_pid: int
    s3_endpoint_url: str
    s3_region: str
    s3_access_key_id: str
    s3_secret_access_key: str

    def url_for(self, user: str, database: str) -> str:
        """Return the libpq URI of a database."""
        return self.postgres_url.replace("postgres@/postgres", f"{user}@/{database}")


@dataclass(frozen=True)
class Database:
    """A migrated database of a test's own. `url` is the service's login, `owner_url` the owner's."""

    name: str
    url: str
    owner_url: str


class _Session:
    """Starts the servers in the process that began the run, and hands their addresses to xdist's workers."""

    def __init__(self) -> None:
        self.folders = [Path(tempfile.mkdtemp(prefix="upwell-tests-")), quick_folder("upwell-tests-")]
        for_storage, for_postgres = self.folders
        for_postgres.chmod(0o711)  # it may run as another user, which needs access
        self.postgres = EmbeddedPostgres.start(for_postgres / "postgres", settings=_FORGETFUL | _SHARED)
        self.storage = EmbeddedStorage.start(for_storage / "s3", volume_mebibytes=64)
        self.servers = Servers(
            postgres_url=self.postgres.url,
            postgres_pid=self.postgres.pid,
            s3_endpoint_url=self.storage.endpoint_url,
            s3_region=self.storage.region,
            s3_access_key_id=self.storage.access_key_id,
            s3_secret_access_key=self.storage.secret_access_key,
        )
        asyncio.run(_make_template(self.servers))

    def stop(self) -> None:
        self.storage.stop()
        self.postgres.stop()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


_SESSION = pytest.StashKey[_Session]()
_BYTECODE = pytest.StashKey[Path]()
_WITHOUT_SERVERS = ("unit", "contract_check", "generators")


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers for workers that will need their addresses. A run without workers starts them when needed."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a shell: tests press Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # not in the tree, but hundreds of processes import the same
        config.stash[_BYTECODE] = Path(tempfile.mkdtemp(prefix="upwell-bytecode-"))
        os.environ["PYTHONPYCACHEPREFIX"] = str(config.stash[_BYTECODE])
    named = [Path(argument.split("::")[0]).parts for argument in config.args]
    needs_none = bool(named) and all(any(part in _WITHOUT_SERVERS for part in parts) for parts in named)
    has_workers = not hasattr(config, "workerinput") and config.getoption("dist", "no") != "no"
    if has_workers and not needs_none and not config.option.collectonly:
        config.stash[_SESSION] = _Session()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers that `pytest_configure` started."""
    session = config.stash.get(_SESSION, None)
    if session is not None:
        session.stop()
    if _BYTECODE in config.stash:
        shutil.rmtree(config.stash[_BYTECODE], ignore_errors=True)


@pytest.hookimpl(trylast=True)  # after the order of the others was drawn
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest test: at the end one worker would run that one, and the others none."""
    items.sort(key=lambda item: item.path.name != "test_generated_requests.py")


def pytest_collection() -> None:
    """Collect no garbage while modules and tests are loaded: nearly all of them stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exclude objects that live as long as the run from garbage collection: thousands of tests, and all modules."""
    gc.collect()
    keep_what_is_loaded()
    collect_seldom()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401  # a class of xdist
    """Pass the addresses of the servers to a worker of xdist."""
    session = node.config.stash.get(_SESSION, None)
    node.workerinput["servers"] = json.dumps(asdict(session.servers)) if session else ""


async def _make_template(servers: Servers) -> None:
    admin = await connect(servers.postgres_url, role=None)
    await admin.execute(f"CREATE DATABASE {TEMPLATE}")
    await migrate(servers.url_for("postgres", TEMPLATE))
    await admin.execute(f"CREATE ROLE {LOGIN} LOGIN")
    await admin.execute(f"GRANT {SERVICE_ROLE} TO {LOGIN}")
    await admin.execute(f"CREATE DATABASE {LEADING_TEMPLATE} TEMPLATE {TEMPLATE}")
    await let_tests_lead(servers.url_for("postgres", LEADING_TEMPLATE))
    await admin.close()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Tests run on asyncio, as the service does."""
    return ON_ASYNCIO


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The servers of this run."""
    workerinput = getattr(request.config, "workerinput", None)
    if workerinput is not None:
        return Servers(**json.loads(workerinput["servers"]))
    session = request.config.stash[_SESSION] = _Session()
    return session.servers


async def make_database(servers: Servers, template: str = TEMPLATE) -> Database:
    """Make a separate migrated database."""
    name = f"t_{secrets.token_hex(6)}"
    admin = await connect(servers.postgres_url, role=None)
    try:
        # this takes a third of the time of writing them through the log
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    finally:
        await admin.close()
    return Database(name=name, url=servers.url_for(LOGIN, name), owner_url=servers.url_for("postgres", name))


async def drop_database(servers: Servers, database: Database) -> None:
    """Drop it again, despite open connections."""
    admin = await connect(servers.postgres_url, role=None)
    try:
        await admin.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[Database]:
    """A migrated database of this test's own, in which the clocks of tests lead."""
    made = await make_database(servers, LEADING_TEMPLATE)
    yield made
    await drop_database(servers, made)


def environment_for(servers: Servers, database: Database) -> dict[str, str]:
    """Return the settings of a service on this database and a separate S3 bucket (created by its server)."""
    return {
        "UPWELL_DATABASE_URL": database.url,
        "UPWELL_DATABASE_OWNER_URL": database.owner_url,
        "UPWELL_S3_ENDPOINT_URL": servers.s3_endpoint_url,
        "UPWELL_S3_REGION": servers.s3_region,
        "UPWELL_S3_BUCKET": database.name.replace("_", "-"),
        "UPWELL_S3_ACCESS_KEY_ID": servers.s3_access_key_id,
        "UPWELL_S3_SECRET_ACCESS_KEY": servers.s3_secret_access_key,
        "UPWELL_TOKEN_SECRETS": TOKEN_SECRET,
        "UPWELL_LOG_LEVEL": "error",
    }


@pytest.fixture
async def settings(servers: Servers, database: Database) -> Settings:
    """Settings for a service on this test's own database and bucket; the bucket exists."""
    made = Settings(environment_for(servers, database))
    async with open_storage(made.s3) as storage:
        await storage.prepare(cors_origins=["*"])
    return made


@dataclass(frozen=True)
class Tenant:
    """An organization with a key, a namespace and a bucket of a test's own, and how to reach the service as it."""

    url: str
    secret: str
    caller: Caller
    namespace: NamespaceRecord
    bucket: BucketRecord
    database: Database

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of a request of this tenant."""
        return {"Authorization": f"Bearer {self.secret}", "X-Namespace": self.namespace.namespace_id}

    def client(self) -> httpx.AsyncClient:
        """Return an HTTP client that acts as this tenant, and compares all answers with the documents."""
        return holding(self.url, self.headers)


@dataclass(frozen=True)
class Operator:
    """An operator of a database. Its connections stay open: a tenant takes 2 ms of CPU time, instead of 45 ms."""

    portal: BlockingPortal
    use: Administration

    async def tenant(self, database: Database, url: str, **options: Any) -> Tenant:  # noqa: ANN401  # those of `_tenant`
        """Make a tenant. Any event loop may wait for it: the connections belong to one in another thread."""
        making = self.portal.start_task_soon(partial(_tenant, self.use, database, url, **options))
        return await asyncio.wrap_future(making)


@contextmanager
def operating(database: Database) -> Iterator[Operator]:
    """Operate a database while inside."""
    with (
        start_blocking_portal(*ON_ASYNCIO) as portal,
        portal.wrap_async_context_manager(administering(database.url, Rules())) as use,
    ):
        yield Operator(portal, use)


@dataclass(frozen=True)
class Service:
    """A running `upwell serve` and `upwell worker`, each in its own process."""

    url: str
    database: Database
    environment: dict[str, str]
    operator: Operator

    async def tenant(
        self, *, tier: Tier = Tier.ENTERPRISE, quota_bytes: int | None = None, schema: dict[str, Any] | None = None
    ) -> Tenant:
        """Make a tenant of this service."""
        return await self.operator.tenant(self.database, self.url, tier=tier, quota_bytes=quota_bytes, schema=schema)


async def make_tenant(database: Database, url: str, **options: Any) -> Tenant:  # noqa: ANN401  # those of `_tenant`
    """Make an organization, a key with all permissions, a namespace and a bucket, on the database alone."""
    async with administering(database.url, Rules()) as use:
        return await _tenant(use, database, url, **options)


async def _tenant(
    use: Administration,
    database: Database,
    url: str,
    *,
    tier: Tier = Tier.ENTERPRISE,
    quota_bytes: int | None = None,
    schema: dict[str, Any] | None = None,
) -> Tenant:
    organization = await use.organizations.create(
        name=f"org-{secrets.token_hex(4)}", tier=tier, quota_bytes=quota_bytes
    )
    key, secret = await use.keys.create(
        organization.organization_id,
        KeyWish(name="test", user_id="usr_test", permissions=tuple(Permission)),
        actor_id="system:test",
    )
    caller = Caller(key=key, organization=organization)
    namespace = await use.create_namespace(caller, name="test", description=None, settings={})
    bucket = await use.create_bucket(
        caller,
        namespace,
        name="files",
        description=None,
        bucket_schema=schema or SCHEMA,
        unique_key=None,
        metadata={},
    )
    return Tenant(url=url, secret=secret, caller=caller, namespace=namespace, bucket=bucket, database=database)


# The command, held to this machine.
_COMMAND = "from tests.loopback_only import keep_on_loopback as k; k(); from entrypoints.cli.main import main; main()"


def free_port() -> int:
    """Return a port that is free now, below the range of ports of clients."""
    import socket  # noqa: PLC0415  # only here

    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            return port


def wait_ready(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Return when the service is ready; fail if it ends or takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)


def start(environment: dict[str, str], *arguments: str, by: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start the command `upwell` in a separate process. `by`: a command that becomes the one after it."""
    return subprocess.Popen(
        [*by, sys.executable, "-c", _COMMAND, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="session")
def service(servers: Servers) -> Iterator[Service]:
    """A service and a worker, shared by the tests of one worker process: each test has its own tenant."""
    made = asyncio.run(make_database(servers))
    port = free_port()
    environment = {
        **environment_for(servers, made),
        "UPWELL_PORT": str(port),
        "UPWELL_PART_BYTES": str(MIN_PART_BYTES),
        "UPWELL_STORAGE_EVENTS_SECRET": STORAGE_SECRET,
        **ANY_RECEIVER_HERE,
        "UPWELL_CORS_ORIGINS": "*",
    }
    url = f"http://127.0.0.1:{port}"
    processes = [start(environment, "serve"), start(environment, "worker")]
    try:
        wait_ready(url, processes[0])
        with operating(made) as operator:
            yield Service(url=url, database=made, environment=environment, operator=operator)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        asyncio.run(drop_database(servers, made))


@pytest.fixture
async def tenant(service: Service) -> Tenant:
    """A tenant of this test's own."""
    return await service.tenant()
