"""Migrates a database: creates it or updates it, in one transaction and in one process at a time.

`functions/` contains the functions, each in a file of its name. A function whose file has changed is recreated; a
function whose file is missing is dropped. `migrations/` contains numbered files with everything else (tables, indexes,
row-level security, grants, data). Each file runs once, in order, and never changes afterwards. Numbers below 100 belong
to the migrations that 0100 replaces.

Functions come first, so that migrations can call them and triggers can use them. PostgreSQL does not check the bodies
during the migration, and no function has the type of a table in its signature, so the functions need neither tables
nor an order.

Processes of the previous version keep running while the database has newer functions, and can also start then: nothing
is pending for a version older than the database. So a function that the service may call (its file grants it) keeps its
name, arguments and result; the result may only grow where older code ignores it. Any other change needs a new name, and
the file of the old function is deleted one version after its last caller. A migration refuses a changed signature of
such a function. All other functions are called only by functions, and change together with them.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

from adapters.postgres.database.connecting import SERVICE_ROLE, Connection, connect

_LOCK = 7582370920
_NAME = re.compile(r"(\d{4})_\w+\.sql")
# The migrations that 0100 replaces: 40 of them, from 0001 to 0089, by number and checksum.
_FIRST = 100
_LAST_BEFORE = 89
_BEFORE = "67e0041e6285db526e9aef8758c675f3df667ae5cd8e1e9196bbc98c51475b52"
_RECORD = f"""
    CREATE SCHEMA IF NOT EXISTS upwell;
    CREATE TABLE IF NOT EXISTS upwell.migrations (
        number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, at timestamptz NOT NULL);
    CREATE TABLE IF NOT EXISTS upwell.functions (
        name text PRIMARY KEY, checksum text NOT NULL, version integer[] NOT NULL, at timestamptz NOT NULL);
    GRANT SELECT ON upwell.migrations, upwell.functions TO {SERVICE_ROLE};
"""
# The version is that of the whole set: every function gets it, even an unchanged one.
_NOTE_FUNCTIONS = """
    INSERT INTO upwell.functions AS f
    SELECT name, checksum, $3, now() FROM unnest($1::text[], $2::text[]) n(name, checksum)
    ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, version = excluded.version,
        at = CASE f.checksum WHEN excluded.checksum THEN f.at ELSE excluded.at END
"""
# Functions without a record that no process calls: those that are no longer wanted are dropped.
_NOTE_OLDER_FUNCTIONS = f"""
    INSERT INTO upwell.functions
    SELECT DISTINCT proname, '', '{{0}}'::integer[], now() FROM pg_proc
    WHERE pronamespace = 'upwell'::regnamespace AND NOT has_function_privilege('{SERVICE_ROLE}', oid, 'EXECUTE')
    ON CONFLICT DO NOTHING
"""  # noqa: S608  # a role of ours
_OF_NAME = "FROM pg_proc WHERE pronamespace = 'upwell'::regnamespace AND proname = $1"


class MigrationError(Exception):
    """The database cannot be migrated; the message says what to do."""


class _OtherSignatureError(Exception):
    """A file defines a function whose arguments differ from those of the existing function."""


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, file name, SQL) of every migration in order."""
    return [
        (int(match[1]), entry.name, entry.read_text(encoding="utf-8"))
        for entry in _sql("migrations")
        if (match := _NAME.fullmatch(entry.name))
    ]


def functions() -> dict[str, str]:
    """Return the SQL of every function by its name."""
    return {entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8") for entry in _sql("functions")}


async def migrate(url: str) -> list[str]:
    """Migrate the database and return what ran. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            await _make_role(connection)
            async with connection.transaction():
                return await _migrate(connection)
        finally:
            await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")
    finally:
        await connection.close()


async def pending(connection: Connection) -> list[str]:
    """Return what is missing in the database: migrations first, then functions."""
    numbers, recorded, newest = set(), dict[str, str](), list[int]()
    if await connection.fetchval("SELECT to_regclass('upwell.migrations') IS NOT NULL"):
        numbers = {row["number"] for row in await connection.fetch("SELECT number FROM upwell.migrations")}
    if await connection.fetchval("SELECT to_regclass('upwell.functions') IS NOT NULL"):
        recorded, newest = await _recorded(connection)
    missing = [f"migration {name}" for number, name, _ in migrations() if number not in numbers]
    if newest <= _this_version():
        missing += [f"function {name}" for name in _changed(functions(), recorded)]
    return missing


async def _migrate(connection: Connection) -> list[str]:
    await connection.execute(_RECORD)
    await _take_over(connection)
    applied = {row["number"]: row for row in await connection.fetch("SELECT number, checksum FROM upwell.migrations")}
    if newer := sorted(applied.keys() - {number for number, _, _ in migrations()}):
        raise _migrated_by_a_newer_one(f"migration {newer[-1]}")
    for number, name, sql in migrations():
        if number in applied and applied[number]["checksum"] != _checksum(sql):
            raise MigrationError(
                f"The migration {name} was changed after it ran on this database: restore the released file."
            )
    wanted = functions()
    recorded, newest = await _recorded(connection)
    changed = _changed(wanted, recorded)
    gone = sorted(recorded.keys() - wanted.keys())
    if (changed or gone) and newest > _this_version():
        raise _migrated_by_a_newer_one(f"Upwell {'.'.join(map(str, newest))}")
    if changed:
        await connection.execute("SET LOCAL check_function_bodies = off")
        for name in changed:
            with _fitting(f"function {name}"):
                await _make_function(connection, name, wanted[name])
        # by default, every role may call a function
        await connection.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC")
    ran = []
    for number, name, sql in migrations():
        if number not in applied:
            await _run(connection, number, name, sql)
            ran.append(name)
    dropped = [name for name in gone if await _drop(connection, name)]
    if changed or dropped:
        await connection.execute("DELETE FROM upwell.functions WHERE name = ANY ($1)", dropped)
        checksums = [_checksum(sql) for sql in wanted.values()]
        await connection.execute(_NOTE_FUNCTIONS, list(wanted), checksums, _this_version())
        count = len(changed) + len(dropped)
        ran.append("1 function" if count == 1 else f"{count} functions")
    return ran


async def _take_over(connection: Connection) -> None:
    """Replace the records of the migrations that the first one replaces; nothing else changes."""
    rows = await connection.fetch(
        "SELECT number, checksum FROM upwell.migrations WHERE number < $1 ORDER BY number", _FIRST
    )
    if not rows:
        return
    if _checksum("".join(f"{row['number']} {row['checksum']}\n" for row in rows)) != _BEFORE:
        raise MigrationError(
            f"This database does not have all released migrations up to {_LAST_BEFORE:04} (the last one is"
            f" {rows[-1]['number']:04}): run 'upwell migrate' of the version whose last migration is"
            f" {_LAST_BEFORE:04}, then of this version."
        )
    await connection.execute("DELETE FROM upwell.migrations")
    await connection.execute(_NOTE_OLDER_FUNCTIONS)
    [first] = [each for each in migrations() if each[0] == _FIRST]
    await _note_migration(connection, *first)


async def _run(connection: Connection, number: int, name: str, sql: str) -> None:
    with _fitting(f"migration {name}"):
        await connection.execute(sql)
        await _note_migration(connection, number, name, sql)


async def _note_migration(connection: Connection, number: int, name: str, sql: str) -> None:
    await connection.execute("INSERT INTO upwell.migrations VALUES ($1, $2, $3, now())", number, name, _checksum(sql))


async def _make_function(connection: Connection, name: str, sql: str) -> None:
    """Create a function from its file, with exactly the grants of the file.

    An existing function with another signature is dropped first, unless processes of the previous version may call
    it.
    """
    called = await connection.fetchval(
        f"SELECT has_function_privilege('{SERVICE_ROLE}', oid, 'EXECUTE') {_OF_NAME}", name
    )
    try:
        async with connection.transaction():
            if called:
                await connection.execute(f"REVOKE ALL ON FUNCTION upwell.{name} FROM {SERVICE_ROLE}")
            await connection.execute(sql)
            await _check_alone(connection, name)
    except (asyncpg.InvalidFunctionDefinitionError, asyncpg.AmbiguousFunctionError, _OtherSignatureError) as error:
        if called:
            raise MigrationError(
                f"The signature of the function {name} differs from the one in this database, which processes of an"
                " older version call: give the new function another name, and keep the file of the old one."
            ) from error
    else:
        return
    if not await _drop(connection, name):
        raise MigrationError(
            f"The signature of the function {name} differs from the one in this database, which other objects depend"
            " on: drop these in a migration of the previous version, or give the new function another name."
        )
    await connection.execute(sql)


@contextmanager
def _fitting(what: str) -> Iterator[None]:
    try:
        yield
    except (asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError) as error:
        raise MigrationError(
            f"The {what} does not match this database ({str(error).rstrip('.')}), which was partly restored or"
            " changed by hand: restore the whole backup into an empty database, with its owners and grants."
        ) from error


async def _check_alone(connection: Connection, name: str) -> None:
    """Return if exactly one function has this name: other arguments would create a second one."""
    if await connection.fetchval(f"SELECT count(*) {_OF_NAME}", name) > 1:
        raise _OtherSignatureError


async def _drop(connection: Connection, name: str) -> bool:
    """Drop a function, and return whether it was dropped: a function with dependents stays."""
    try:
        async with connection.transaction():
            await connection.execute(f"DROP FUNCTION IF EXISTS upwell.{name}")
    except asyncpg.DependentObjectsStillExistError:
        return False
    return True


async def _recorded(connection: Connection) -> tuple[dict[str, str], list[int]]:
    """Return the checksums of the database's functions, and their version."""
    rows = await connection.fetch("SELECT name, checksum, version FROM upwell.functions")
    return {row["name"]: row["checksum"] for row in rows}, max((row["version"] for row in rows), default=[])


def _changed(wanted: Mapping[str, str], recorded: Mapping[str, str]) -> list[str]:
    return [name for name, sql in wanted.items() if recorded.get(name) != _checksum(sql)]


def _this_version() -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version("upwell"))[:3]]


def _migrated_by_a_newer_one(what: str) -> MigrationError:
    return MigrationError(f"A newer Upwell migrated this database ({what}): run that version, or a newer one.")


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sql(folder: str) -> list[Traversable]:
    entries = files("adapters.postgres").joinpath(folder).iterdir()
    return sorted((entry for entry in entries if entry.name.endswith(".sql")), key=lambda entry: entry.name)


async def _make_role(connection: Connection) -> None:
    """Create the role of the service, unless another database of the server has already created it."""
    exists = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", SERVICE_ROLE)
    if exists:
        return
    try:
        await connection.execute(f"CREATE ROLE {SERVICE_ROLE} NOLOGIN")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            f"The role {SERVICE_ROLE} is missing and this login may not create it:"
            f" run CREATE ROLE {SERVICE_ROLE} NOLOGIN and GRANT {SERVICE_ROLE} TO the service's login as a superuser."
        ) from error
