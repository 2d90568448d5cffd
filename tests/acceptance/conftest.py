from collections.abc import AsyncIterator

import pytest

from tests.acceptance.world import World, open_world
from tests.conftest import Database, Servers


@pytest.fixture
async def world(servers: Servers, database: Database) -> AsyncIterator[World]:
    """A separate service, whose clock is set and whose storage is behind a gate."""
    async with open_world(servers, database) as made:
        yield made
