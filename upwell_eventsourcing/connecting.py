"""Opens the sessions of a program, and checks its settings, role and schema first.

Without these checks, the library's pool would try to connect for minutes, and then report that it had no connection.
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

# With row-level security, a session sees the rows of its organization; the setting of the role takes precedence.
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
        """Connect, and set the organization of the session: the role's, or all."""
        made = super().connect(conninfo, **{**others, "autocommit": True})
        try:
            made.execute(_READ_FOR)
        except BaseException:
            made.close()
            raise
        return made

    def notifies(self, *, timeout: float | None = None, stop_after: int | None = None) -> Generator[Notify]:
        """Yield notifications, the first one immediately: the library reads before it listens.

        Otherwise, events that are appended in between would wait for the next event.
        """
        if not self._reported:
            self._reported = True
            yield Notify(channel=TABLE, payload="", pid=self.info.backend_pid)
            return
        yield from super().notifies(timeout=timeout, stop_after=stop_after)


def parameters(env: Environment) -> dict[str, str]:
    """Return the connection parameters from the URL and, if missing there, from the library's own settings."""
    named = {name: value for name, key in OWN_NAMES.items() if (value := env.get(key))}
    found = {**named, **_of_url(env.get(URL) or "")}
    missing = [OWN_NAMES[name] for name in ("dbname", "host", "user") if name not in found]
    if not env.get(URL) and missing:
        raise InfrastructureFactoryError(
            f"{URL} is not set, and neither are {', '.join(missing)}. Set {URL} to a libpq URI, such as {EXAMPLE}."
        )
    if "dbname" not in found:
        raise InfrastructureFactoryError(f"{URL} has no database. Write it like {EXAMPLE}.")
    return found


def _of_url(url: str) -> dict[str, str]:
    if not url:
        return {}
    try:
        found = conninfo_to_dict(url) if url.startswith(("postgresql://", "postgres://")) else {}
    except psycopg.ProgrammingError:  # the text may contain the password
        found = {}
    if not found:
        raise InfrastructureFactoryError(
            f"{URL} is not a libpq URI. Write it like {EXAMPLE}; in a password, write '@' as %40, '/' as %2F and"
            " '%' as %25."
        )
    return {name: str(value) for name, value in found.items()}


def prepare(datastore: PostgresDatastore, found: Mapping[str, str]) -> Callable[[], LogConnection]:
    """Make a datastore's pool use these parameters, and return a function that opens one session without the pool."""
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
            f"The database {row['database']!r} has no table {SCHEMA}.{TABLE}. Check the database in {URL}; if it is"
            " correct, run `upwell migrate` first."
        )
    if not row["readable"]:
        raise InfrastructureFactoryError(
            f"The role {row['role']} may not read {SCHEMA}.{TABLE}. Run as the owner: GRANT USAGE ON SCHEMA"
            f" {SCHEMA} TO {row['role']}; GRANT SELECT ON {SCHEMA}.{TABLE} TO {row['role']};"
        )


def own_schema(connect: Callable[[], LogConnection], schema: str | None, *, creates: bool) -> str:
    """Return the schema for positions and tables: `schema`, or else the one named like the role.

    Raises `InfrastructureFactoryError` unless the role may use it, and may create tables there if it `creates` them.
    """
    row = _ask(connect, _OWN_SCHEMA, {"schema": schema})
    name, quoted, role = row["name"], row["quoted"], row["role"]
    if name == SCHEMA:
        raise InfrastructureFactoryError(
            f"The schema for positions and tables is {name!r}, which belongs to Upwell. Set another schema in"
            " POSTGRES_SCHEMA."
        )
    if not row["there"]:
        raise InfrastructureFactoryError(
            f"The schema {name!r} for positions and tables does not exist. Run as the owner of the database: CREATE"
            f" SCHEMA {quoted} AUTHORIZATION {role}; or set another schema in POSTGRES_SCHEMA."
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
            " password, and that the server is running."
        ) from error
    return row
