"""The table of SQLSTATEs: no class is forgotten, and each row means what the writer and the answers rely on."""

import ssl

import asyncpg
import pytest
from asyncpg import exceptions

from adapters.postgres.database.sqlstates import SQLSTATES, Meaning, SqlState, answer_to, is_lost, unavailable

KNOWN = {
    kind.sqlstate: kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, asyncpg.PostgresError) and isinstance(kind.sqlstate, str)
}


def an_error(sqlstate: str) -> asyncpg.PostgresError:
    made = asyncpg.PostgresError("what the server says")
    vars(made)["sqlstate"] = sqlstate
    return made


@pytest.mark.parametrize("sqlstate", sorted(KNOWN))
def test_every_sqlstate_that_the_driver_knows_has_a_row_by_its_code_or_its_class(sqlstate: str) -> None:
    answer = answer_to(KNOWN[sqlstate]("what the server says"))
    assert answer.code in {sqlstate, sqlstate[:2]}


@pytest.mark.parametrize("row", SQLSTATES, ids=lambda row: row.code)
def test_every_row_but_a_defect_is_unavailability_with_its_reason(row: SqlState) -> None:
    code = row.code if len(row.code) == 5 else f"{row.code}ZZZ"  # a code of the class without its own row
    assert answer_to(an_error(code)) is row
    found = unavailable(an_error(code))
    if row.meaning is Meaning.DEFECT:
        assert found is None
    else:
        assert found is not None
        assert found.reason == row.reason != ""
        assert "what the server says" in str(found)


def test_no_code_is_listed_twice() -> None:
    assert len({row.code for row in SQLSTATES}) == len(SQLSTATES)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.ReadOnlySQLTransactionError("x"), Meaning.READ_ONLY),
        (asyncpg.DiskFullError("x"), Meaning.BUSY),
        (asyncpg.LockNotAvailableError("x"), Meaning.BUSY),
        (asyncpg.QueryCanceledError("x"), Meaning.BUSY),
        (asyncpg.TooManyConnectionsError("x"), Meaning.BUSY),
        (asyncpg.DeadlockDetectedError("x"), Meaning.AGAIN),
        (asyncpg.AdminShutdownError("x"), Meaning.AWAY),
        (asyncpg.CannotConnectNowError("x"), Meaning.AWAY),
        (asyncpg.ConnectionDoesNotExistError("x"), Meaning.AWAY),
        (asyncpg.TargetServerAttributeNotMatched("x"), Meaning.AWAY),
        (asyncpg.InterfaceError("connection is closed"), Meaning.AWAY),
        (ConnectionRefusedError(), Meaning.AWAY),
        (TimeoutError(), Meaning.AWAY),
        (asyncpg.InvalidPasswordError("x"), Meaning.OPERATOR),
        (asyncpg.InvalidCatalogNameError("x"), Meaning.OPERATOR),
        (asyncpg.InsufficientPrivilegeError("x"), Meaning.OPERATOR),
        (asyncpg.ClientConfigurationError("x"), Meaning.OPERATOR),
        (ssl.SSLCertVerificationError("x"), Meaning.OPERATOR),
        (asyncpg.UndefinedTableError("x"), Meaning.DEFECT),
        (asyncpg.UniqueViolationError("x"), Meaning.DEFECT),
        (asyncpg.CharacterNotInRepertoireError("x"), Meaning.DEFECT),
        (asyncpg.InternalServerError("x"), Meaning.DEFECT),
        (ZeroDivisionError(), Meaning.DEFECT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_what_an_error_means(error: BaseException, meaning: Meaning) -> None:
    assert answer_to(error).meaning is meaning
    assert is_lost(error) is (meaning in {Meaning.AWAY, Meaning.READ_ONLY})
