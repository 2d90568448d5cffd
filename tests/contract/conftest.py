"""The log and what follows it, once on every adapter."""

from collections.abc import AsyncIterator

import pytest

from tests.contract._log import Account, Kit, memory_kit, open_account, postgres_kit


@pytest.fixture(params=["memory", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """The database of an adapter that needs one."""
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue("database").url
    return url


@pytest.fixture
async def kit(database_url: str | None) -> AsyncIterator[Kit]:
    """A log of this test's own, empty, and what follows it."""
    if database_url is None:
        yield memory_kit()
        return
    async with postgres_kit(database_url) as made:
        yield made


@pytest.fixture
async def account(kit: Kit) -> Account:
    """An account on that log."""
    return await open_account(kit.log)
