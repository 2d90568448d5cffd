"""A complete Upwell for scripts and benchmarks: PostgreSQL, S3, service and worker, each a process to kill."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.seaweedfs import EmbeddedStorage
from adapters.postgres.database.connecting import SERVICE_ROLE, connect
from adapters.postgres.database.migrating import migrate
from tests.conftest import TOKEN_SECRET, Database, Tenant, free_port, make_tenant, start, wait_ready

NAME = "stack"
END_SECONDS = 120


@dataclass
class Stack:
    """The running parts. `processes` by their commands: `serve`, `worker`, `worker #2`, `relay nats`.

    `own`: what the environment of a process has besides.
    """

    folder: Path
    database: Database
    postgres: EmbeddedPostgres
    storage: EmbeddedStorage
    environment: dict[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    postgres_settings: Mapping[str, str] = field(default_factory=dict)
    storage_folder: Path = Path()
    own: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The port of the service."""
        return int(self.environment["UPWELL_PORT"])

    @property
    def url(self) -> str:
        """The URL of the service."""
        return f"http://127.0.0.1:{self.port}"

    def begin(self, command: str) -> None:
        """Start a command that keeps running; a service is ready afterwards."""
        environment = self.environment | self.own.get(command, {})
        self.processes[command] = start(environment, *command.partition("#")[0].split())
        if command.startswith("serve"):
            wait_ready(self.url, self.processes[command])

    def kill(self, command: str) -> None:
        """Kill a command and its child processes immediately."""
        kill_tree(self.processes.pop(command))

    def revive(self) -> None:
        """Restart the processes that ended on their own."""
        for command, process in list(self.processes.items()):
            if process.poll() is not None:
                print(f"{command} has ended with {process.returncode}", flush=True)
                self.begin(command)

    def restart_storage(self) -> None:
        """Kill the storage, and start it again on its data."""
        kill_tree(psutil.Process(self.storage.pid))
        self.start_storage()

    def start_storage(self) -> None:
        """Start the storage again after it has ended; from the main thread."""
        self.storage.stop()
        self.storage = EmbeddedStorage.start(self.storage_folder)

    def restart_postgres(self) -> None:
        """Kill PostgreSQL, and start it again on its data."""
        kill_tree(psutil.Process(self.postgres.pid))
        self.start_postgres()

    def start_postgres(self) -> None:
        """Start PostgreSQL again after it has ended; from the main thread."""
        self.postgres.stop()
        self.postgres = EmbeddedPostgres.start(self.folder / "postgres", settings=self.postgres_settings)

    def tenant(self, **options: Any) -> Tenant:  # noqa: ANN401  # those of `make_tenant`
        """Make an organization with a key, a namespace and a bucket."""
        return asyncio.run(self.make_tenant(**options))

    async def make_tenant(self, **options: Any) -> Tenant:  # noqa: ANN401  # the same
        """Do the same inside a running event loop."""
        return await make_tenant(self.database, self.url, **options)

    def end(self) -> None:
        """Stop service and worker as an operator does."""
        for process in self.processes.values():
            process.terminate()
        late = []
        for command, process in self.processes.items():
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                kill_tree(process)
                late.append(command)
        self.processes.clear()
        if late:
            raise RuntimeError(f"these had not ended {END_SECONDS} s after they were stopped: {late}")


@contextlib.contextmanager
def stack(
    settings: Mapping[str, str] | None = None,
    *,
    postgres_settings: Mapping[str, str] | None = None,
    database_disk: Path | None = None,
    storage_disk: Path | None = None,
) -> Iterator[Stack]:
    """Run servers in a separate folder, which is removed afterwards; `begin` starts the parts of Upwell.

    `database_disk` and `storage_disk`: where the database and what is stored are kept, if not in that folder.
    """
    with contextlib.ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="upwell-stack-")))
        folder.chmod(0o711)  # PostgreSQL runs as another user if this is root
        postgres = EmbeddedPostgres.start(folder / "postgres", settings=postgres_settings or {})
        storage_folder = storage_disk or folder / "s3"
        storage = EmbeddedStorage.start(storage_folder)
        environment = {
            "UPWELL_S3_ENDPOINT_URL": storage.endpoint_url,
            "UPWELL_S3_REGION": storage.region,
            "UPWELL_S3_BUCKET": NAME,
            "UPWELL_S3_ACCESS_KEY_ID": storage.access_key_id,
            "UPWELL_S3_SECRET_ACCESS_KEY": storage.secret_access_key,
            "UPWELL_PORT": str(free_port()),
            "UPWELL_TOKEN_SECRETS": TOKEN_SECRET,
            "UPWELL_LOG_LEVEL": "error",
            "UPWELL_RATE_LIMITS": "off",
        }
        made = Stack(folder, Database(NAME, "", ""), postgres, storage, environment | dict(settings or {}))
        made.postgres_settings, made.storage_folder = postgres_settings or {}, storage_folder
        undo.callback(lambda: made.postgres.stop())  # noqa: PLW0108  # whichever it is by then
        undo.callback(lambda: made.storage.stop())  # noqa: PLW0108  # the same
        undo.callback(made.end)
        made.database = asyncio.run(prepare(postgres, database_disk))
        made.environment["UPWELL_DATABASE_URL"] = made.database.url
        yield made


def kill_tree(process: "subprocess.Popen[bytes] | psutil.Process") -> None:
    """Kill a process and its children at once."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        for one in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
    if isinstance(process, subprocess.Popen):
        process.wait()


def peak_bytes(process: "subprocess.Popen[bytes]") -> int:
    """Return the most memory that a running process has had resident (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def chance_file(path: Path, size_bytes: int) -> Path:
    """Write a file of bytes of chance."""
    with path.open("wb") as file:
        for start_at in range(0, size_bytes, 1 << 24):
            file.write(os.urandom(min(1 << 24, size_bytes - start_at)))
    return path


async def prepare(postgres: EmbeddedPostgres, disk: Path | None = None) -> Database:
    """Make a migrated database, on a separate disk if there is one, and the service's login."""
    admin = await connect(postgres.url, role=None)
    if disk is not None:
        await admin.execute(f"CREATE TABLESPACE {NAME} LOCATION '{disk}'")
    await admin.execute(f"CREATE DATABASE {NAME} TABLESPACE {'pg_default' if disk is None else NAME}")
    await migrate(postgres.url_for("postgres", NAME))
    await admin.execute(f"CREATE ROLE {NAME} LOGIN")
    await admin.execute(f"GRANT {SERVICE_ROLE} TO {NAME}")
    await admin.close()
    return Database(NAME, postgres.url_for(NAME, NAME), postgres.url_for("postgres", NAME))
