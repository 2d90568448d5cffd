"""How the sessions of a program are made, and what is wrong with the settings, the role or the schema, at once.

Without these checks the library's pool would try for minutes to connect, and report that it had no connection.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, LiteralString, Self

import psycopg
from eventsourcing.persistence import InfrastructureFactoryError
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.utils import Environment
from psycopg import Connection, Notify
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from upwell_eventsourcing.recorder import SCHEMA, TABLE

URL: Final = "UPWELL_DATABASE_URL"
EXAMPLE: Final = "postgresql://analytics@db.internal/upwell"
SESSIONS: Final = 2  # of a subscription: one listens, the other reads
# The library's own names of settings, by what libpq calls them.
OWN_NAMES: Final = {
    "dbname": "POSTGRES_DBNAME",
    "host": "POSTGRES_HOST",
    "port": "POSTGRES_PORT",
    "user": "POSTGRES_USER",
    "password": "POSTGRES_PASSWORD",
}

# Row-level security shows a session the rows of the organization that it names: the role's own setting counts first.
_READ_FOR = """
    SELECT set_config('upwell.organization_id',
        coalesce(nullif(current_setting('upwell.organization_id', true), ''), '*'), false)
"""
_LOG = """
    SELECT quote_ident(current_user) AS role, current_database() AS database, log.oid IS NOT NULL AS there,
        coalesce(has_schema_privilege(place.oid, 'USAGE') AND has_table_privilege(log.oid, 'SELECT'), false) AS readable
    FROM (VALUES (1)) AS one
    LEFT JOIN pg_namespace place ON place.nspname = %(schema)s
    LEFT JOIN pg_class log ON log.relnamespace = place.oid AND log.relname = %(table)s
"""
_OWN_SCHEMA = """
    SELECT quote_ident(current_user) AS role, name, quote_ident(name) AS quoted, place.oid IS NOT NULL AS there,
        coalesce(has_schema_privilege(place.oid, 'USAGE'), false) AS usable,
        coalesce(has_schema_privilege(place.oid, 'CREATE'), false) AS extensible
    FROM coalesce(%(schema)s::text, current_user) AS name
    LEFT JOIN pg_namespace place ON place.nspname = name
"""


class LogConnection(Connection[DictRow]):
    """A session of a program that follows the log."""

    _reported = False

    @classmethod
    def connect(cls, conninfo: str = "", **others: Any) -> Self:  # noqa: ANN401  # passed on
        """Connect, and say for which organization the session reads: the role's, or all."""
        made = super().connect(conninfo, **{**others, "autocommit": True})
        try:
            made.execute(_READ_FOR)
        except BaseException:
            made.close()
            raise
        return made

    def notifies(self, *, timeout: float | None = None, stop_after: int | None = None) -> Generator[Notify]:
        """Yield notifications, and at once a first one: the library reads before it listens.

        What is appended between the two would wait for the next event otherwise.
        """
        if not self._reported:
            self._reported = True
            yield Notify(channel=TABLE, payload="", pid=self.info.backend_pid)
            return
        yield from super().notifies(timeout=timeout, stop_after=stop_after)


def parameters(env: Environment) -> dict[str, str]:
    """Return what to connect with, of the URL and, where the URL leaves it open, of the library's own names."""
    named = {name: value for name, key in OWN_NAMES.items() if (value := env.get(key))}
    found = {**named, **_of_url(env.get(URL) or "")}
    missing = [OWN_NAMES[name] for name in ("dbname", "host", "user") if name not in found]
    if not env.get(URL) and missing:
        raise InfrastructureFactoryError(
            f"{URL} is not set, and neither are {', '.join(missing)}. Set {URL} to a libpq URI, such as {EXAMPLE}."
        )
    if "dbname" not in found:
        raise InfrastructureFactoryError(f"{URL} names no database. Write it like {EXAMPLE}.")
    return found


def _of_url(url: str) -> dict[str, str]:
    if not url:
        return {}
    try:
        found = conninfo_to_dict(url) if url.startswith(("postgresql://", "postgres://")) else {}
    except psycopg.ProgrammingError:  # its text may hold the password
        found = {}
    if not found:
        raise InfrastructureFactoryError(
            f"{URL} is not a libpq URI. Write it like {EXAMPLE}; in a password, write '@' as %40, '/' as %2F and"
            " '%' as %25."
        )
    return {name: str(value) for name, value in found.items()}


def prepare(datastore: PostgresDatastore, found: Mapping[str, str]) -> Callable[[], LogConnection]:
    """Have a datastore's pool connect with these parameters, and return what opens one session without the pool."""
    pool = datastore.pool
    if pool.max_size < SESSIONS:
        raise InfrastructureFactoryError(
            f"POSTGRES_POOL_SIZE and POSTGRES_MAX_OVERFLOW allow {pool.max_size} connection, and a subscription needs"
            f" {SESSIONS}: one listens, the other reads. Set POSTGRES_POOL_SIZE to {SESSIONS} or more."
        )
    wanted: dict[str, Any] = {"connect_timeout": int(pool.timeout), **found, "row_factory": dict_row}
    pool.connection_class = LogConnection
    pool.kwargs = wanted

    def connect() -> LogConnection:
        password = {} if pool.get_password_func is None else {"password": pool.get_password_func()}
        return LogConnection.connect(**{**wanted, **password})

    return connect


def check_log(connect: Callable[[], LogConnection]) -> None:
    """Raise `InfrastructureFactoryError` unless the role may read the log."""
    row = _ask(connect, _LOG, {"schema": SCHEMA, "table": TABLE})
    if not row["there"]:
        raise InfrastructureFactoryError(
            f"The database {row['database']!r} has no table {SCHEMA}.{TABLE}. Check the database that {URL} names; if"
            " it is right, run `upwell migrate` first."
        )
    if not row["readable"]:
        raise InfrastructureFactoryError(
            f"The role {row['role']} may not read {SCHEMA}.{TABLE}. Run as the owner: GRANT USAGE ON SCHEMA"
            f" {SCHEMA} TO {row['role']}; GRANT SELECT ON {SCHEMA}.{TABLE} TO {row['role']};"
        )


def own_schema(connect: Callable[[], LogConnection], schema: str | None, *, creates: bool) -> str:
    """Return the schema for positions and tables: `schema`, else the one named like the role.

    Raises `InfrastructureFactoryError` unless the role may use it, and may create tables there if it `creates` them.
    """
    row = _ask(connect, _OWN_SCHEMA, {"schema": schema})
    name, quoted, role = row["name"], row["quoted"], row["role"]
    if name == SCHEMA:
        raise InfrastructureFactoryError(
            f"The schema for positions and tables is {name!r}, which is Upwell's own. Name a schema of your own in"
            " POSTGRES_SCHEMA."
        )
    if not row["there"]:
        raise InfrastructureFactoryError(
            f"The schema {name!r} for positions and tables does not exist. Run as the owner of the database: CREATE"
            f" SCHEMA {quoted} AUTHORIZATION {role}; or name another schema in POSTGRES_SCHEMA."
        )
    if not row["usable"] or (creates and not row["extensible"]):
        raise InfrastructureFactoryError(
            f"The role {role} may not create tables in the schema {name!r}. Run as its owner: GRANT USAGE, CREATE ON"
            f" SCHEMA {quoted} TO {role}; or create the tables yourself, and set CREATE_TABLE=no."
        )
    return str(name)


def _ask(connect: Callable[[], LogConnection], query: LiteralString, values: Mapping[str, Any]) -> DictRow:
    try:
        with connect() as connection:
            [row] = connection.execute(query, values).fetchall()
    except psycopg.OperationalError as error:
        raise InfrastructureFactoryError(
            f"PostgreSQL opens no session for {URL}: {' '.join(str(error).split())}. Check host, database, role and"
            " password, and whether the server runs."
        ) from error
    return row
