"""What is found out about a database before anything is served from it, so that nobody finds it out by a 500.

What waiting does not mend is a `DatabaseUnusableError`: one sentence that names the setting and the remedy. What may
pass is a `LogUnavailableError`.
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
# What a pooler says, by the one SQLSTATE that it has for everything, about settings that no waiting mends.
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
    """The database cannot be used as the settings are; the message names the setting and says what to do."""


async def check_database(url: str, *, setting: str = _SETTING) -> None:
    """Return if the service can act on this database as it must."""
    async with _entered(url, setting) as connection:
        facts = await _facts(connection)
        await _check_pooling(connection, facts["pid"], url, setting)
        if not facts["has_schema"]:
            raise _not_migrated(await pending(connection))
        if not facts["has_role"]:
            raise DatabaseUnusableError(
                f"The database of {setting} is not whole (this server has no role {SERVICE_ROLE}): run CREATE ROLE"
                f" {SERVICE_ROLE} NOLOGIN as a superuser, then {_WHOLE}."
            )
        if not facts["is_member"]:
            raise DatabaseUnusableError(
                f"The login {facts['login']} of {setting} may not act as {SERVICE_ROLE}: run GRANT {SERVICE_ROLE}"
                f" TO {facts['login']} as a superuser, or name the login that may."
            )
        if facts["sees_all"]:
            raise DatabaseUnusableError(
                f"The role {SERVICE_ROLE} passes by row-level security, which keeps organizations apart: run ALTER"
                f" ROLE {SERVICE_ROLE} NOSUPERUSER NOBYPASSRLS as a superuser."
            )
        await _check_as_the_service(connection, setting)


async def check_owner(url: str, *, setting: str = _OWNER_SETTING) -> None:
    """Return if tables can be made and changed with this login. `setting`: the one that the URL comes from."""
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
                f"The login {login} of {setting} may not make tables in the database {database}: {wish} own it."
            )


@asynccontextmanager
async def _entered(url: str, setting: str) -> AsyncIterator[Connection]:
    """Connect as the login alone, and in a way that any pooler lets through."""
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
    """Return a sentence for a connection that will not come about by waiting; None if it may."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2] or "the local socket"
    said = str(error).rstrip(".") or type(error).__name__
    match error:
        case asyncpg.InvalidPasswordError():
            return (
                f"PostgreSQL at {place} does not take the password in {setting}: correct it; special characters in it"
                " are percent-encoded (@ is %40)."
            )
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL at {place} does not let in the login of {setting} ({said}): correct one or the other."
        case asyncpg.InvalidCatalogNameError():
            return f"The database named in {setting} is not there ({said}): create it, or correct the name."
        case asyncpg.UndefinedObjectError() | asyncpg.CantChangeRuntimeParamError() | ssl.SSLCertVerificationError():
            return f"With {setting} as it is, PostgreSQL at {place} cannot be used ({said}): correct its parameters."
        case asyncpg.ClientConfigurationError() | ValueError():
            return f"{setting} cannot be read ({said}): correct it; special characters are percent-encoded."
        case ConnectionError() if "rejected SSL" in said:
            return f"PostgreSQL at {place} speaks no TLS, which {setting} demands by sslmode: set one or the other."
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
    except asyncpg.PostgresConnectionError as error:  # in statement mode, a pooler knows no transactions
        if "transaction" in str(error):
            raise _wrong_pooling() from error
        raise


async def _check_pooling(connection: Connection, pid: int, url: str, setting: str) -> None:
    """Find out whether what we set on a connection stays there: a pooler hides behind it, and must be in session mode.

    In transaction mode two connections work in one backend, or one connection in several.
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
        f"The pooler that {_SETTING} leads to gives a connection's backend to others: put it into session mode"
        " (PgBouncer: pool_mode = session), or lead past it."
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
            f"The database of {setting} is not whole ({str(error).rstrip('.')}): {_WHOLE}."
        ) from error
    if found is None or found["who"] != SERVICE_ROLE or not found["walled"]:
        raise DatabaseUnusableError(
            f"Connections of {setting} do not act as {SERVICE_ROLE} behind row-level security: let the pooler keep what"
            " a session sets, or restore the tables with their policies."
        )
    if found["heads"] != 1 or not found["whole"]:
        raise DatabaseUnusableError(f"The database of {setting} is not whole (its events end elsewhere): {_WHOLE}.")


async def _check_complete(connection: Connection) -> None:
    """Try the locks of all tables that are written: fails where one is missing. That one is locked now may pass."""
    try:
        await connection.execute("SELECT upwell.try_locks()")
    except asyncpg.PostgresError as error:
        if answer_to(error).meaning not in {Meaning.BUSY, Meaning.READ_ONLY, Meaning.AGAIN}:
            raise


def _not_migrated(missing: list[str]) -> DatabaseUnusableError:
    return DatabaseUnusableError(f"The database lacks the {missing[0]} of this version: run 'upwell migrate' first.")
