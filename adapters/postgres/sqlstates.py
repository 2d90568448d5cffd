"""What each error of PostgreSQL means here: one table, by SQLSTATE.

A code is looked up before its class (its first two characters). Every class of PostgreSQL's Appendix A stands in the
table, so that none is decided by chance; the reference page "What can go wrong" is written from it. The meanings:

- `AWAY`: the connection is of no use any more, and what was under way on it may have been committed or not;
- `READ_ONLY`: this server takes no writes. Nothing was written; another server may take it;
- `BUSY`: the server refused this for now, and nothing was written; the same connection may do it later;
- `AGAIN`: the server gave this up for the sake of another transaction; nothing was written, trying at once is right;
- `OPERATOR`: nothing was written, and nothing will be until somebody changes the server or our rights on it;
- `DEFECT`: our own mistake, which no repetition mends.

All but the last are answered 503 with `Retry-After`; a defect is a 500.
"""

import ssl
from enum import StrEnum
from types import MappingProxyType

import asyncpg
import msgspec

from application.ports.event_log import LogUnavailableError


class Meaning(StrEnum):
    """What an error says about the next try."""

    AWAY = "away"
    READ_ONLY = "read_only"
    BUSY = "busy"
    AGAIN = "again"
    OPERATOR = "operator"
    DEFECT = "defect"


class Answer(msgspec.Struct, frozen=True):
    """A row of the table. `reason`: the stable word that clients and `/readyz` see; empty for a defect."""

    code: str
    name: str
    meaning: Meaning
    reason: str = ""


_A, _B, _O, _D = Meaning.AWAY, Meaning.BUSY, Meaning.OPERATOR, Meaning.DEFECT

SQLSTATES: tuple[Answer, ...] = (
    Answer("00", "successful completion", _D),
    Answer("01", "warning", _D),
    Answer("02", "no data", _D),
    Answer("03", "SQL statement not yet complete", _D),
    Answer("08", "connection exception", _A, "unreachable"),
    Answer("09", "triggered action exception", _D),
    Answer("0A", "feature not supported", _D),
    Answer("0B", "invalid transaction initiation", _D),
    Answer("0F", "locator exception", _D),
    Answer("0L", "invalid grantor", _D),
    Answer("0P", "invalid role specification", _O, "misconfigured"),
    Answer("0Z", "diagnostics exception", _D),
    Answer("10", "XQuery error", _D),
    Answer("20", "case not found", _D),
    Answer("21", "cardinality violation", _D),
    Answer("22", "data exception", _D),
    Answer("23", "integrity constraint violation", _D),
    Answer("24", "invalid cursor state", _D),
    Answer("25", "invalid transaction state", _D),
    Answer("25006", "read-only transaction", Meaning.READ_ONLY, "read_only"),
    Answer("25P03", "idle in transaction timeout", _A, "unreachable"),
    Answer("25P04", "transaction timeout", _A, "too_slow"),
    Answer("26", "invalid statement name: a pooler that is not in session mode", _O, "misconfigured"),
    Answer("27", "triggered data change violation", _D),
    Answer("28", "invalid authorization: the login or its password", _O, "login_refused"),
    Answer("2B", "dependent privilege descriptors still exist", _D),
    Answer("2D", "invalid transaction termination", _D),
    Answer("2F", "SQL routine exception", _D),
    Answer("34", "invalid cursor name", _D),
    Answer("38", "external routine exception", _D),
    Answer("39", "external routine invocation exception", _D),
    Answer("3B", "savepoint exception", _D),
    Answer("3D", "invalid catalog name: the database is not there", _O, "no_such_database"),
    Answer("3F", "invalid schema name: the schema is not there", _O, "misconfigured"),
    Answer("40", "transaction rollback: serialization, deadlock", Meaning.AGAIN, "conflict"),
    Answer("40003", "statement completion unknown", _A, "unreachable"),
    Answer("42", "syntax error or access rule violation", _D),
    Answer("42501", "insufficient privilege: a grant was taken back", _O, "misconfigured"),
    Answer("44", "WITH CHECK OPTION violation", _D),
    Answer("53", "insufficient resources", _B, "out_of_resources"),
    Answer("53100", "disk full", _B, "disk_full"),
    Answer("53200", "out of memory", _B, "out_of_memory"),
    Answer("53300", "too many connections", _B, "too_many_connections"),
    Answer("54", "program limit exceeded", _D),
    Answer("55", "object not in prerequisite state", _B, "locked"),
    Answer("55P03", "lock not available: lock_timeout", _B, "locked"),
    Answer("57", "operator intervention: the server ends sessions", _A, "unreachable"),
    Answer("57014", "query canceled: statement_timeout", _B, "too_slow"),
    Answer("57P03", "cannot connect now: the server starts or stops", _A, "starting"),
    Answer("57P04", "the database was dropped", _O, "no_such_database"),
    Answer("58", "system error: I/O", _O, "io_error"),
    Answer("72", "snapshot too old", Meaning.AGAIN, "conflict"),
    Answer("F0", "configuration file error", _O, "misconfigured"),
    Answer("HV", "foreign data wrapper error", _D),
    Answer("P0", "PL/pgSQL error: an exception of our functions", _D),
    Answer("XX", "internal error, or data that is corrupted", _D),
)
_BY_CODE = MappingProxyType({answer.code: answer for answer in SQLSTATES})

# What never came from a server as an SQLSTATE. A subclass stands before its class.
_BY_KIND: tuple[tuple[type[BaseException], Answer], ...] = (
    (asyncpg.ClientConfigurationError, Answer("", "a wrong database URL", _O, "misconfigured")),
    (asyncpg.OutdatedSchemaCacheError, Answer("", "types changed under a connection", Meaning.AGAIN, "conflict")),
    (asyncpg.TargetServerAttributeNotMatched, Answer("", "no server takes writes", _A, "read_only")),
    (asyncpg.InterfaceError, Answer("", "the connection was closed", _A, "unreachable")),
    (asyncpg.InternalClientError, Answer("", "the connection broke off", _A, "unreachable")),
    (ssl.SSLCertVerificationError, Answer("", "the server's certificate", _O, "misconfigured")),
    (TimeoutError, Answer("", "no answer in time", _A, "too_slow")),
    (OSError, Answer("", "the server cannot be reached", _A, "unreachable")),
)
_UNKNOWN = Answer("", "an error of our own", _D)

_WORDS = MappingProxyType(
    {
        "read_only": "PostgreSQL takes no writes",
        "disk_full": "PostgreSQL's disk is full",
        "out_of_memory": "PostgreSQL is out of memory",
        "out_of_resources": "PostgreSQL is out of resources",
        "too_many_connections": "PostgreSQL has no connection left for us",
        "locked": "PostgreSQL waited too long for a lock",
        "too_slow": "PostgreSQL did not answer in time",
        "starting": "PostgreSQL is starting or stopping",
        "login_refused": "PostgreSQL refuses our login",
        "no_such_database": "PostgreSQL does not have our database",
        "misconfigured": "PostgreSQL refuses what we need",
        "io_error": "PostgreSQL cannot read or write its files",
        "conflict": "PostgreSQL gave our transaction up for another one",
        "unreachable": "PostgreSQL cannot be reached",
    }
)


def answer_to(error: BaseException) -> Answer:
    """Return the row for an error; a defect for what stands in no row."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return _BY_CODE.get(code) or _BY_CODE.get(code[:2]) or _UNKNOWN
    return next((answer for kind, answer in _BY_KIND if isinstance(error, kind)), _UNKNOWN)


def unavailable(error: BaseException) -> LogUnavailableError | None:
    """Return what an error is to the application; None for a defect, which stays as it is."""
    answer = answer_to(error)
    if answer.meaning is Meaning.DEFECT:
        return None
    said = str(error).strip() or type(error).__name__
    return LogUnavailableError(f"{_WORDS[answer.reason]}: {said}", reason=answer.reason)


def is_lost(error: BaseException) -> bool:
    """Say whether the connection that raised this is of no use any more, while another one may be at once."""
    return answer_to(error).meaning in {Meaning.AWAY, Meaning.READ_ONLY}
