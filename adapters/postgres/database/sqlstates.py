"""The meaning of each PostgreSQL error for the service: one table, by SQLSTATE.

A code takes precedence over its class (its first two characters). The table has every class of PostgreSQL's Appendix A,
so that each one is a deliberate decision; the reference page "What can go wrong" is generated from it. The meanings:

- `AWAY`: the connection is lost, and its last statement may or may not have been committed;
- `READ_ONLY`: this server does not accept writes. Nothing was written; another server may accept it;
- `BUSY`: the server refused this for now, and nothing was written; the same connection may succeed later;
- `AGAIN`: the server aborted this in favour of another transaction; nothing was written, and an immediate retry is
  right;
- `OPERATOR`: nothing was written, and nothing will be until an operator changes the server or the grants;
- `DEFECT`: a defect of Upwell, which no retry fixes.

All but the last are 503 responses with `Retry-After`; a defect is a 500.
"""

import ssl
from enum import StrEnum
from types import MappingProxyType

import asyncpg
import msgspec

from application.ports.events.event_log import LogUnavailableError


class Meaning(StrEnum):
    """What an error means for a retry."""

    AWAY = "away"
    READ_ONLY = "read_only"
    BUSY = "busy"
    AGAIN = "again"
    OPERATOR = "operator"
    DEFECT = "defect"


class SqlState(msgspec.Struct, frozen=True):
    """A row of the table. `reason`: the stable word in responses and `/readyz`; empty for a defect."""

    code: str
    name: str
    meaning: Meaning
    reason: str = ""


_A, _B, _O, _D = Meaning.AWAY, Meaning.BUSY, Meaning.OPERATOR, Meaning.DEFECT

SQLSTATES: tuple[SqlState, ...] = (
    SqlState("00", "successful completion", _D),
    SqlState("01", "warning", _D),
    SqlState("02", "no data", _D),
    SqlState("03", "SQL statement not yet complete", _D),
    SqlState("08", "connection exception", _A, "unreachable"),
    SqlState("09", "triggered action exception", _D),
    SqlState("0A", "feature not supported", _D),
    SqlState("0B", "invalid transaction initiation", _D),
    SqlState("0F", "locator exception", _D),
    SqlState("0L", "invalid grantor", _D),
    SqlState("0P", "invalid role specification", _O, "misconfigured"),
    SqlState("0Z", "diagnostics exception", _D),
    SqlState("10", "XQuery error", _D),
    SqlState("20", "case not found", _D),
    SqlState("21", "cardinality violation", _D),
    SqlState("22", "data exception", _D),
    SqlState("23", "integrity constraint violation", _D),
    SqlState("24", "invalid cursor state", _D),
    SqlState("25", "invalid transaction state", _D),
    SqlState("25006", "read-only transaction", Meaning.READ_ONLY, "read_only"),
    SqlState("25P03", "idle in transaction timeout", _A, "unreachable"),
    SqlState("25P04", "transaction timeout", _A, "too_slow"),
    SqlState("26", "invalid statement name: a pooler that is not in session mode", _O, "misconfigured"),
    SqlState("27", "triggered data change violation", _D),
    SqlState("28", "invalid authorization: the login or its password", _O, "login_refused"),
    SqlState("2B", "dependent privilege descriptors still exist", _D),
    SqlState("2D", "invalid transaction termination", _D),
    SqlState("2F", "SQL routine exception", _D),
    SqlState("34", "invalid cursor name", _D),
    SqlState("38", "external routine exception", _D),
    SqlState("39", "external routine invocation exception", _D),
    SqlState("3B", "savepoint exception", _D),
    SqlState("3D", "invalid catalog name: the database does not exist", _O, "no_such_database"),
    SqlState("3F", "invalid schema name: the schema does not exist", _O, "misconfigured"),
    SqlState("40", "transaction rollback: serialization, deadlock", Meaning.AGAIN, "conflict"),
    SqlState("40003", "statement completion unknown", _A, "unreachable"),
    SqlState("42", "syntax error or access rule violation", _D),
    SqlState("42501", "insufficient privilege: a grant was revoked", _O, "misconfigured"),
    SqlState("44", "WITH CHECK OPTION violation", _D),
    SqlState("53", "insufficient resources", _B, "out_of_resources"),
    SqlState("53100", "disk full", _B, "disk_full"),
    SqlState("53200", "out of memory", _B, "out_of_memory"),
    SqlState("53300", "too many connections", _B, "too_many_connections"),
    SqlState("54", "program limit exceeded", _D),
    SqlState("55", "object not in prerequisite state", _B, "locked"),
    SqlState("55P03", "lock not available: lock_timeout", _B, "locked"),
    SqlState("57", "operator intervention: the server ends sessions", _A, "unreachable"),
    SqlState("57014", "query canceled: statement_timeout", _B, "too_slow"),
    SqlState("57P03", "cannot connect now: the server starts or stops", _A, "starting"),
    SqlState("57P04", "the database was dropped", _O, "no_such_database"),
    SqlState("58", "system error: I/O", _O, "io_error"),
    SqlState("72", "snapshot too old", Meaning.AGAIN, "conflict"),
    SqlState("F0", "configuration file error", _O, "misconfigured"),
    SqlState("HV", "foreign data wrapper error", _D),
    SqlState("P0", "PL/pgSQL error: an exception of our functions", _D),
    SqlState("XX", "internal error, or data that is corrupted", _D),
)
_BY_CODE = MappingProxyType({answer.code: answer for answer in SQLSTATES})

# Errors without an SQLSTATE from a server. A subclass comes before its base class.
_BY_KIND: tuple[tuple[type[BaseException], SqlState], ...] = (
    (asyncpg.ClientConfigurationError, SqlState("", "a wrong database URL", _O, "misconfigured")),
    (asyncpg.OutdatedSchemaCacheError, SqlState("", "types changed under a connection", Meaning.AGAIN, "conflict")),
    (asyncpg.TargetServerAttributeNotMatched, SqlState("", "no server accepts writes", _A, "read_only")),
    (asyncpg.InterfaceError, SqlState("", "the connection was closed", _A, "unreachable")),
    (asyncpg.InternalClientError, SqlState("", "the connection broke off", _A, "unreachable")),
    (ssl.SSLCertVerificationError, SqlState("", "the server's certificate", _O, "misconfigured")),
    (TimeoutError, SqlState("", "no response in time", _A, "too_slow")),
    (OSError, SqlState("", "the server cannot be reached", _A, "unreachable")),
)
_UNKNOWN = SqlState("", "a defect", _D)

_WORDS = MappingProxyType(
    {
        "read_only": "PostgreSQL does not accept writes",
        "disk_full": "PostgreSQL's disk is full",
        "out_of_memory": "PostgreSQL is out of memory",
        "out_of_resources": "PostgreSQL is out of resources",
        "too_many_connections": "PostgreSQL has no free connection",
        "locked": "PostgreSQL waited too long for a lock",
        "too_slow": "PostgreSQL did not respond in time",
        "starting": "PostgreSQL is starting or stopping",
        "login_refused": "PostgreSQL refuses the login",
        "no_such_database": "The database does not exist in PostgreSQL",
        "misconfigured": "PostgreSQL is misconfigured",
        "io_error": "PostgreSQL cannot read or write its files",
        "conflict": "PostgreSQL aborted the transaction in favour of another one",
        "unreachable": "PostgreSQL cannot be reached",
    }
)


def answer_to(error: BaseException) -> SqlState:
    """Return the row for an error; a defect if there is none."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return _BY_CODE.get(code) or _BY_CODE.get(code[:2]) or _UNKNOWN
    return next((answer for kind, answer in _BY_KIND if isinstance(error, kind)), _UNKNOWN)


def unavailable(error: BaseException) -> LogUnavailableError | None:
    """Return the application's error; None for a defect, which stays unchanged."""
    answer = answer_to(error)
    if answer.meaning is Meaning.DEFECT:
        return None
    said = str(error).strip() or type(error).__name__
    return LogUnavailableError(f"{_WORDS[answer.reason]}: {said}", reason=answer.reason)


def is_lost(error: BaseException) -> bool:
    """Return whether the connection is lost, while a new one may work immediately."""
    return answer_to(error).meaning in {Meaning.AWAY, Meaning.READ_ONLY}
