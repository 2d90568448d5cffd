"""Migrating: what makes a database, or brings one up to date, in one transaction and by one process at a time.

`functions/` holds the functions as they run: one a file, which bears its name. One whose file has changed is made anew;
one whose file is gone is dropped. `migrations/` holds numbered files with everything else (tables, indexes, walls,
grants, data). Each of them runs once, in order, and never changes afterwards. Numbers below 100 are those of the
migrations that 0100 stands for.

Functions come first, so a migration may call them and triggers find theirs. No body is checked while they are made, and
none of them has a table's type among its arguments or results, so they need neither tables nor an order of their own.

Processes of the version before go on while a database has the functions of a newer one, and so does one that starts
then: nothing is pending for a version that is older than the database's. Therefore a function that the service may call
(its file grants it) keeps its name, arguments and result; what it returns may say more only where older code does not
look. What does not fit gets a name of its own, and the file of the old function goes one version after the last code
that calls it. A migration refuses another signature of such a function. All other functions are called by functions
alone, and change together with these.
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
# What 0100 stands for: the 40 migrations from 0001 to 0089, by number and checksum.
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
# The version is that of the whole set: every function of it gets it, also one that has not changed.
_NOTE_FUNCTIONS = """
    INSERT INTO upwell.functions AS f
    SELECT name, checksum, $3, now() FROM unnest($1::text[], $2::text[]) n(name, checksum)
    ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, version = excluded.version,
        at = CASE f.checksum WHEN excluded.checksum THEN f.at ELSE excluded.at END
"""
_OF_NAME = "FROM pg_proc WHERE pronamespace = 'upwell'::regnamespace AND proname = $1"


class MigrationError(Exception):
    """The database cannot be brought up to date; the message says what to do."""


class _OtherSignatureError(Exception):
    """A file defines a function with other arguments than the one that is there."""


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
    """Bring the database up to date and return what ran. `url`: the owner's."""
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
    """Return what this version has and the database has not: migrations first, then functions."""
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
                f"The migration {name} was changed after it ran on this database: restore the file as released."
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
        # by default anybody may call a function
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
    """Replace the record of the migrations that the first one stands for; nothing else of such a database changes."""
    rows = await connection.fetch(
        "SELECT number, checksum FROM upwell.migrations WHERE number < $1 ORDER BY number", _FIRST
    )
    if not rows:
        return
    if _checksum("".join(f"{row['number']} {row['checksum']}\n" for row in rows)) != _BEFORE:
        raise MigrationError(
            f"This database has not all migrations up to {_LAST_BEFORE:04} as they were released (the last is"
            f" {rows[-1]['number']:04}): run 'upwell migrate' of the version whose last migration is {_LAST_BEFORE:04},"
            " then that of this version."
        )
    await connection.execute("DELETE FROM upwell.migrations")
    [first] = [each for each in migrations() if each[0] == _FIRST]
    await _note_migration(connection, *first)


async def _run(connection: Connection, number: int, name: str, sql: str) -> None:
    with _fitting(f"migration {name}"):
        await connection.execute(sql)
        await _note_migration(connection, number, name, sql)


async def _note_migration(connection: Connection, number: int, name: str, sql: str) -> None:
    await connection.execute("INSERT INTO upwell.migrations VALUES ($1, $2, $3, now())", number, name, _checksum(sql))


async def _make_function(connection: Connection, name: str, sql: str) -> None:
    """Make a function as its file says, with the rights that the file grants and no others.

    What is there with another signature is dropped first, unless a process of the version before may call it.
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
                f"The function {name} has another signature than in this database, where processes of an older version"
                " call it: give the new one a name of its own, and keep the file of the old one."
            ) from error
    else:
        return
    if not await _drop(connection, name):
        raise MigrationError(
            f"The function {name} has another signature than in this database, where others depend on it: drop these in"
            " a migration of the version before, or give the new one a name of its own."
        )
    await connection.execute(sql)


@contextmanager
def _fitting(what: str) -> Iterator[None]:
    try:
        yield
    except (asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError) as error:
        raise MigrationError(
            f"The {what} does not fit this database ({str(error).rstrip('.')}): it was restored in part, or changed by"
            " hand. Restore the whole backup into an empty database, with its owners and grants."
        ) from error


async def _check_alone(connection: Connection, name: str) -> None:
    """Return if there is one function of this name: other arguments make a second one."""
    if await connection.fetchval(f"SELECT count(*) {_OF_NAME}", name) > 1:
        raise _OtherSignatureError


async def _drop(connection: Connection, name: str) -> bool:
    """Drop a function, and return whether it is gone: one that others depend on stays."""
    try:
        async with connection.transaction():
            await connection.execute(f"DROP FUNCTION IF EXISTS upwell.{name}")
    except asyncpg.DependentObjectsStillExistError:
        return False
    return True


async def _recorded(connection: Connection) -> tuple[dict[str, str], list[int]]:
    """Return the checksums of the functions that the database has, and the version whose they are."""
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
    """Make the role that the service acts as; it belongs to the whole server, so another database may have made it."""
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
