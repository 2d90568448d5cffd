"""A storage with a full disk answers for its bucket and accepts no bytes: that is reported."""

import asyncio

import pytest

from adapters.embedded.seaweedfs import EmbeddedStorage
from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from application.ports.storage.object_storage import StorageUnavailableError
from tests.disks import fill, small_disk

SOON = 120.0


async def test_a_storage_with_a_full_disk_accepts_no_bytes_and_reports_it() -> None:
    with small_disk(96) as place, EmbeddedStorage.start(place / "s3") as server:
        async with S3ObjectStorage(
            endpoint_url=server.endpoint_url,
            bucket="uploads",
            region=server.region,
            addressing="path",
            credentials=Credentials(server.access_key_id, server.secret_access_key),
        ) as storage:
            await storage.prepare(cors_origins=["*"])
            await storage.try_writing()
            fill(place)

            async def write_on() -> None:
                while True:  # it notices with the file that it cannot make larger
                    await storage.try_writing()

            async with asyncio.timeout(SOON):
                with pytest.raises(StorageUnavailableError, match="InternalError"):
                    await write_on()
            await storage.ping()
