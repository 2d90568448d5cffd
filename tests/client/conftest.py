"""Clients for a tenant of the real service."""

from collections.abc import AsyncIterator, Iterator
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
def client(tenant: Tenant) -> Iterator[Client]:
    with Client(**of(tenant)) as made:
        yield made


@pytest.fixture
async def async_client(tenant: Tenant) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(**of(tenant)) as made:
        yield made
