import asyncpg
import pytest

from adapters.postgres.database.connecting import write_errors
from application.ports.events.event_log import LogUnavailableError, OutcomeUnknownError


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError(),
        asyncpg.ConnectionDoesNotExistError("the connection was closed in the middle of operation"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    ],
)
async def test_a_write_whose_connection_was_lost_may_have_been_carried_out(error: Exception) -> None:
    with pytest.raises(OutcomeUnknownError):
        async with write_errors():
            raise error


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.DiskFullError("no space left on device"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
    ],
)
async def test_a_write_that_the_server_refused_was_not(error: Exception) -> None:
    with pytest.raises(LogUnavailableError) as raised:
        async with write_errors():
            raise error
    assert type(raised.value) is LogUnavailableError


async def test_a_defect_stays_what_it_is() -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        async with write_errors():
            raise asyncpg.NotNullViolationError("null value")
