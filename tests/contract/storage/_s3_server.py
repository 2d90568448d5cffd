"""The S3 servers that tests run against: where they come from is decided here and nowhere else."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest
from moto.server import ThreadedMotoServer

from adapters.s3.bucket_setup import SettingUp
from adapters.s3.client import new_client
from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from adapters.s3.url_signer import S3UrlSigner

if TYPE_CHECKING:
    from tests.conftest import Servers

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


def new_bucket(server: S3Server, *, prepared: bool) -> S3Bucket:
    """Make a bucket as `prepare` leaves it, or one without versions."""
    bucket = S3Bucket(server, f"bucket-{secrets.token_hex(4)}")

    async def make() -> None:
        if prepared:
            async with bucket.storage() as storage:
                await storage.prepare(cors_origins=["https://app.example"])
            return
        async with new_client(
            endpoint_url=server.endpoint_url,
            region=server.region,
            addressing="path",
            credentials=bucket.credentials,
            max_connections=1,
            connect_timeout_seconds=3,
            read_timeout_seconds=20,
            max_attempts=1,
        ) as client:
            set_up = SettingUp(client, bucket=bucket.name, region=server.region, keep_noncurrent_days=1)
            assert await set_up.create_if_missing()

    asyncio.run(make())
    return bucket


@pytest.fixture(scope="session")
def seaweedfs_server(servers: "Servers") -> S3Server:
    """Return the run's SeaweedFS: it checks all that a presigned URL promises."""
    return S3Server(servers.s3_endpoint_url, servers.s3_region, servers.s3_access_key_id, servers.s3_secret_access_key)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    """Run moto: it answers as S3 does, and checks no signature, no expiry and no signed header."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", "eu-central-1", MOTO_ACCESS_KEY_ID, "secret")
    finally:
        server.stop()
