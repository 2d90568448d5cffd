"""Clients for a tenant of the real service, and a file to upload."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Tenant
from upwell_client import AsyncClient, Client, Retries

PROMPT = Retries(first_seconds=0.01, longest_seconds=0.01)


def of(tenant: Tenant) -> dict[str, Any]:
    return {
        "url": tenant.url,
        "api_key": tenant.secret,
        "namespace": tenant.namespace.namespace_id,
        "bucket": tenant.bucket.bucket_id,
        "retries": PROMPT,
    }


@pytest.fixture
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a file with the bytes of the module's `BODY`."""
    made = tmp_path / "clip.mp4"
    made.write_bytes(request.module.BODY)
    return made


@pytest.fixture
def client(tenant: Tenant) -> Iterator[Client]:
    with Client(**of(tenant)) as made:
        yield made


@pytest.fixture
async def async_client(tenant: Tenant) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(**of(tenant)) as made:
        yield made
