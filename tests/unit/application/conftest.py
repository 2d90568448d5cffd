import pytest

from tests.unit.application.world import Client, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> Client:
    return await world.tenant()
