"""Checks a database before the service starts, so that a wrong configuration does not appear as a 500.

A problem that a retry cannot fix is a `DatabaseUnusableError`: one sentence with the setting and the remedy. A
temporary problem is a `LogUnavailableError`.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from adapters.postgres.database.connecting import (
    CONNECT_SECONDS,
    SERVICE_ROLE,
    Connection,
    close_quietly,
    log_errors,
    options,
)
from adapters.postgres.database.migrating import pending
from adapters.postgres.database.sqlstates import Meaning, answer_to

LEAST_VERSION = 15
_SETTING = "UPWELL_DATABASE_URL"
_OWNER_SETTING = "UPWELL_DATABASE_OWNER_URL"
_LOOKS = 4
# Messages of poolers, which use one SQLSTATE for everything, about settings that a retry cannot fix.
_POOLER_REFUSES = (
    *("unsupported startup parameter", "no such database", "no such user", "bouncer config error"),
    *("not allowed", "not supported"),
)
_WHOLE = "restore the whole backup into an empty database, with its owners and grants"

_FACTS = f"""
    SELECT session_user::text AS login, current_database()::text AS database, pg_backend_pid() AS pid,
        EXISTS (SELECT FROM pg_namespace WHERE nspname = 'upwell') AS has_schema,
        EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE_ROLE}') AS has_role,
        coalesce((SELECT pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = '{SERVICE_ROLE}'),
            false) AS is_member,
        coalesce((SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = '{SERVICE_ROLE}'), false) AS sees_all,
        has_database_privilege(current_database(), 'CREATE') AS may_create,
        (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'upwell') AS owner,
        coalesce((SELECT pg_has_role(session_user, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'upwell'),
            false) AS owns
"""  # noqa: S608  # a constant
_AS_THE_SERVICE = """
    SELECT current_user::text AS who, row_security_active('upwell.upwell_events') AS walled,
        (SELECT count(*) FROM upwell.log_head) AS heads,
        (SELECT position FROM upwell.log_head) IS NOT DISTINCT FROM
            (SELECT coalesce(max(notification_id), 0) FROM upwell.upwell_events) AS whole
"""


class DatabaseUnusableError(Exception):
    """The database cannot be used with these settings; the message has the setting and the remedy."""


async def check_database(url: str, *, setting: str = _SETTING) -> None:
    """Return if the service can use this database."""
    async with _entered(url, setting) as connection:
        facts = await _facts(connection)
        await _check_pooling(connection, facts["pid"], url, setting)
        if not facts["has_schema"]:
            raise _not_migrated(await pending(connection))
        if not facts["has_role"]:
            raise DatabaseUnusableError(
                f"The database of {setting} is incomplete (this server has no role {SERVICE_ROLE}): run CREATE ROLE"
                f" {SERVICE_ROLE} NOLOGIN as a superuser, then {_WHOLE}."
            )
        if not facts["is_member"]:
            raise DatabaseUnusableError(
                f"The login {facts['login']} of {setting} may not act as {SERVICE_ROLE}: run GRANT {SERVICE_ROLE}"
                f" TO {facts['login']} as a superuser, or use a login that may."
            )
        if facts["sees_all"]:
            raise DatabaseUnusableError(
                f"The role {SERVICE_ROLE} bypasses row-level security, which separates organizations: run ALTER"
                f" ROLE {SERVICE_ROLE} NOSUPERUSER NOBYPASSRLS as a superuser."
            )
        await _check_as_the_service(connection, setting)


async def check_owner(url: str, *, setting: str = _OWNER_SETTING) -> None:
    """Return if this login can create and change tables. `setting`: the setting with the URL."""
    async with _entered(url, setting) as connection:
        facts = await _facts(connection)
        await _check_pooling(connection, facts["pid"], url, setting)
        login, database, owner = facts["login"], facts["database"], facts["owner"]
        wish = f"set {_OWNER_SETTING} to the login that does"
        if setting != _OWNER_SETTING:
            wish = f"{_OWNER_SETTING} is not set; {wish}"
        if facts["has_schema"] and not facts["owns"]:
            raise DatabaseUnusableError(
                f"The login {login} of {setting} does not own the tables, {owner} does: {wish}."
            )
        if not facts["has_schema"] and not facts["may_create"]:
            raise DatabaseUnusableError(
                f"The login {login} of {setting} may not create tables in the database {database}: {wish} own it."
            )


@asynccontextmanager
async def _entered(url: str, setting: str) -> AsyncIterator[Connection]:
    """Connect with the login only, in a way that every pooler accepts."""
    async with log_errors():
        try:
            connection: Connection = await asyncpg.connect(
                url, timeout=CONNECT_SECONDS, statement_cache_size=0, **options(url)
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, OSError) as error:
            sentence = _refusal(error, url, setting)
            if sentence is None:
                raise
            raise DatabaseUnusableError(sentence) from error
        try:
            _check_version(connection)
            yield connection
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if answer_to(error).meaning is Meaning.OPERATOR:
                raise DatabaseUnusableError(f"PostgreSQL refuses the login of {setting}: {error}.") from error
            raise
        finally:
            await close_quietly(connection)


def _refusal(error: Exception, url: str, setting: str) -> str | None:  # noqa: PLR0911  # a line for each kind
    """Return a sentence if a retry cannot fix the connection; None if it might."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2] or "the local socket"
    said = str(error).rstrip(".") or type(error).__name__
    match error:
        case asyncpg.InvalidPasswordError():
            return (
                f"PostgreSQL at {place} does not accept the password in {setting}: correct the password, and"
                " percent-encode its special characters (@ is %40)."
            )
        case asyncpg.InvalidAuthorizationSpecificationError():
            return (
                f"PostgreSQL at {place} refuses the login of {setting} ({said}): correct the login, or the server's"
                " configuration."
            )
        case asyncpg.InvalidCatalogNameError():
            return f"The database in {setting} does not exist ({said}): create it, or correct the name."
        case asyncpg.UndefinedObjectError() | asyncpg.CantChangeRuntimeParamError() | ssl.SSLCertVerificationError():
            return f"PostgreSQL at {place} cannot be used with {setting} ({said}): correct the parameters."
        case asyncpg.ClientConfigurationError() | ValueError():
            return f"{setting} cannot be parsed ({said}): correct it, and percent-encode special characters."
        case ConnectionError() if "rejected SSL" in said:
            return (
                f"PostgreSQL at {place} does not support TLS, which sslmode in {setting} requires: enable TLS, or"
                " change"
                " sslmode."
            )
        case asyncpg.PostgresError() if any(words in said for words in _POOLER_REFUSES):
            return f"The pooler at {place} refuses the connection of {setting} ({said}): correct its configuration."
        case _:
            return None


def _check_version(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < LEAST_VERSION:
        raise DatabaseUnusableError(
            f"PostgreSQL {version.major}.{version.minor} is too old: Upwell needs PostgreSQL {LEAST_VERSION} or newer."
        )


async def _facts(connection: Connection) -> Any:  # noqa: ANN401  # a record of asyncpg
    try:
        async with connection.transaction():
            return await connection.fetchrow(_FACTS)
    except asyncpg.PostgresConnectionError as error:  # in statement mode, a pooler has no transactions
        if "transaction" in str(error):
            raise _wrong_pooling() from error
        raise


async def _check_pooling(connection: Connection, pid: int, url: str, setting: str) -> None:
    """Check that session settings persist: a pooler may be in between, and must be in session mode.

    In transaction mode, two connections share one backend, or one connection uses several.
    """
    if pid == connection.get_server_pid():
        return  # PostgreSQL itself
    async with _entered(url, setting) as other:
        ours, theirs = {pid}, set()
        for _ in range(_LOOKS):
            async with other.transaction():
                theirs.add(await other.fetchval("SELECT pg_backend_pid()"))
            async with connection.transaction():
                ours.add(await connection.fetchval("SELECT pg_backend_pid()"))
    if len(ours) > 1 or len(theirs) > 1 or ours & theirs:
        raise _wrong_pooling()


def _wrong_pooling() -> DatabaseUnusableError:
    return DatabaseUnusableError(
        f"The pooler of {_SETTING} shares backends between connections: use session mode (PgBouncer: pool_mode ="
        " session), or connect to PostgreSQL directly."
    )


async def _check_as_the_service(connection: Connection, setting: str) -> None:
    await connection.execute(f"SET ROLE {SERVICE_ROLE}; SET upwell.organization_id = '*'; SET lock_timeout = '2s'")
    try:
        missing = await pending(connection)
        if missing:
            raise _not_migrated(missing)
        await connection.execute("SELECT 'upwell.append'::regproc, 'upwell.stored_states'::regproc")
        found = await connection.fetchrow(_AS_THE_SERVICE)
        await _check_complete(connection)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InsufficientPrivilegeError) as error:
        raise DatabaseUnusableError(
            f"The database of {setting} is incomplete ({str(error).rstrip('.')}): {_WHOLE}."
        ) from error
    if found is None or found["who"] != SERVICE_ROLE or not found["walled"]:
        raise DatabaseUnusableError(
            f"Connections of {setting} do not act as {SERVICE_ROLE} with row-level security: let the pooler keep"
            " session settings, or restore the tables with their policies."
        )
    if found["heads"] != 1 or not found["whole"]:
        raise DatabaseUnusableError(
            f"The database of {setting} is incomplete (the last position does not match its events): {_WHOLE}."
        )


async def _check_complete(connection: Connection) -> None:
    """Try to lock all tables that are written: fails if one is missing. A lock held by others is temporary."""
    try:
        await connection.execute("SELECT upwell.try_locks()")
    except asyncpg.PostgresError as error:
        if answer_to(error).meaning not in {Meaning.BUSY, Meaning.READ_ONLY, Meaning.AGAIN}:
            raise


def _not_migrated(missing: list[str]) -> DatabaseUnusableError:
    return DatabaseUnusableError(
        f"The {missing[0]} of this version is missing in the database: run 'upwell migrate' first."
    )
