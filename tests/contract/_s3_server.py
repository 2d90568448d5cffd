"""The S3 servers that tests run against: where they come from is decided here and nowhere else."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from moto.server import ThreadedMotoServer

from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from adapters.s3.url_signer import S3UrlSigner
from application.ports.object_storage import StorageError

MOTO_ACCESS_KEY_ID = "AKIDMOTO"


class S3Server(NamedTuple):
    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str


class S3Bucket(NamedTuple):
    """A bucket of a server, with the two adapters for it."""

    server: S3Server
    name: str

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.server.access_key_id, self.server.secret_access_key)

    def signer(self) -> S3UrlSigner:
        return S3UrlSigner(
            endpoint_url=self.server.endpoint_url,
            bucket=self.name,
            region=self.server.region,
            addressing="path",
            credentials=self.credentials,
        )

    def storage(self) -> S3ObjectStorage:
        return S3ObjectStorage(
            endpoint_url=self.server.endpoint_url,
            bucket=self.name,
            region=self.server.region,
            addressing="path",
            credentials=self.credentials,
        )


@contextlib.contextmanager
def moto() -> Iterator[S3Server]:
    """Run moto: it answers as S3 does, and checks no signature, no expiry and no signed header."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", "eu-central-1", MOTO_ACCESS_KEY_ID, "secret")
    finally:
        server.stop()


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[S3Server]:
    """Run SeaweedFS: it checks all that a presigned URL promises."""
    server = S3Server(
        f"http://127.0.0.1:{(ports := _free_ports(8))[0]}", "us-east-1", "AKIDSEAWEED", secrets.token_hex()
    )
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(
        f'{{"identities": [{{"name": "tests", "actions": ["Admin", "Read", "Write", "List", "Tagging"], "credentials":'
        f' [{{"accessKey": "{server.access_key_id}", "secretKey": "{server.secret_access_key}"}}]}}]}}'
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(
                    Path(sysconfig.get_path("scripts")) / "weed",
                    "server",
                    "-dir=data",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    "-s3",
                    "-s3.config=s3.json",
                ),
                *(f"-s3.port={ports[0]}", f"-master.port={ports[1]}", f"-volume.port={ports[2]}"),
                *(f"-filer.port={ports[3]}", f"-s3.port.grpc={ports[4]}", f"-master.port.grpc={ports[5]}"),
                *(f"-volume.port.grpc={ports[6]}", f"-filer.port.grpc={ports[7]}"),
                *("-filer.disableHttp=true", "-s3.autoCreateBucket=false"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.port.public=0", "-master.electionTimeout=1s"),
                *("-volume.preStopSeconds=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=1024"),
                "-volume.max=0",
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, "GOMEMLIMIT": "384MiB"},
        )
    try:
        _wait_until_it_stores(S3Bucket(server, "ready"), process)
        yield server
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def new_bucket(server: S3Server, *, prepared: bool) -> S3Bucket:
    """Make a bucket as `prepare` leaves it, or one without versions."""
    bucket = S3Bucket(server, f"bucket-{secrets.token_hex(4)}")

    async def make() -> None:
        async with bucket.storage() as storage:
            if prepared:
                await storage.prepare(cors_origins=["https://app.example"])
            else:
                await storage._create_if_missing()

    asyncio.run(make())
    return bucket


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait_until_it_stores(bucket: S3Bucket, process: "subprocess.Popen[bytes]") -> None:
    async def prepare() -> None:
        async with bucket.storage() as storage:
            await storage.prepare(cors_origins=[])

    deadline = time.monotonic() + 30
    while True:
        try:
            asyncio.run(prepare())
            put = bucket.signer().sign_put("k", headers={}, expires_in=timedelta(hours=1), now=datetime.now(UTC))
            httpx.put(put.url, content=b"k", trust_env=False).raise_for_status()
        except (StorageError, httpx.HTTPError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def seaweedfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    with moto() as server:
        yield server
