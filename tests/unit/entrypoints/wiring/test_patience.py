"""A starting process waits for unavailable components, unless waiting does not help."""

import pytest
from structlog.testing import capture_logs

from adapters.postgres.database.checking import DatabaseUnusableError
from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageDeniedError, StorageUnavailableError
from entrypoints.wiring import patience
from entrypoints.wiring.patience import patiently


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_SECONDS", 0)


class Part:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "there"


@pytest.mark.parametrize(
    "error", [LogUnavailableError("away"), StorageUnavailableError("away"), ClockDiffersError("away")], ids=repr
)
async def test_an_unavailable_component_is_waited_for_and_logged(error: Exception) -> None:
    with capture_logs() as logs:
        assert await patiently("database", Part(error, error), 60) == "there"
    assert [(entry["event"], entry["part"], entry["error"]) for entry in logs] == [
        ("waiting_for_part", "database", "away")
    ] * 2


async def test_patience_ends() -> None:
    with pytest.raises(LogUnavailableError):
        await patiently("database", Part(LogUnavailableError("away")), 0)


@pytest.mark.parametrize("error", [DatabaseUnusableError("no"), StorageDeniedError("no")], ids=repr)
async def test_what_waiting_does_not_mend_ends_it_at_once(error: Exception) -> None:
    with capture_logs() as logs, pytest.raises(type(error)):
        await patiently("database", Part(error), 60)
    assert logs == []
