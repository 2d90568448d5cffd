"""Migrations: numbered SQL files, run once each, in order, by one process at a time; changed files are refused."""

import hashlib
import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

from adapters.postgres.connecting import SERVICE_ROLE, Connection, connect

_LOCK = 7582370920
# What 0021 was for a few hours, with another index: 0024 makes both the same.
_ALSO_RAN = {21: "52caeecdfec4b22a168e6a4b764c7f9224900d6ba992c555da386867747e1972"}
_NAME = re.compile(r"(\d{4})_\w+\.sql")


class MigrationError(Exception):
    """The database cannot be brought up to date; the message says what to do."""


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, file name, SQL) of every migration in order."""
    folder: Traversable = files(__package__).joinpath("migrations")
    return [
        (int(match[1]), entry.name, entry.read_text(encoding="utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda item: item.name)
        if (match := _NAME.fullmatch(entry.name))
    ]


async def migrate(url: str) -> list[str]:
    """Bring the database up to date and return the names of the files that ran. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        return await _migrate(connection)
    finally:
        await connection.close()


async def pending(connection: Connection) -> list[str]:
    """Return the names of the migrations that have not run; all of them where there is no log yet."""
    if not await connection.fetchval("SELECT to_regclass('upwell.migrations') IS NOT NULL"):
        return [name for _, name, _ in migrations()]
    ran = await connection.fetch("SELECT number FROM upwell.migrations")
    numbers = {row["number"] for row in ran}
    return [name for number, name, _ in migrations() if number not in numbers]


async def _migrate(connection: Connection) -> list[str]:
    await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
    try:
        await _make_role(connection)
        await connection.execute(
            "CREATE SCHEMA IF NOT EXISTS upwell;"
            "CREATE TABLE IF NOT EXISTS upwell.migrations"
            " (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, at timestamptz NOT NULL);"
        )
        rows = await connection.fetch("SELECT number, name, checksum FROM upwell.migrations")
        applied = {row["number"]: row for row in rows}
        known = {number for number, _, _ in migrations()}
        if newer := sorted(set(applied) - known):
            raise MigrationError(
                f"A newer Upwell migrated this database (migration {newer[-1]}): run that version, or a newer one."
            )
        ran = []
        for number, name, sql in migrations():
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            if number in applied:
                if applied[number]["checksum"] not in {checksum, _ALSO_RAN.get(number)}:
                    raise MigrationError(
                        f"The migration {name} was changed after it ran on this database: restore the file as released."
                    )
                continue
            try:
                async with connection.transaction():
                    await connection.execute(sql)
                    await connection.execute(
                        "INSERT INTO upwell.migrations VALUES ($1, $2, $3, now())", number, name, checksum
                    )
            except (asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError) as error:
                raise MigrationError(
                    f"The migration {name} does not fit this database ({str(error).rstrip('.')}): it was restored in"
                    " part, or changed by hand. Restore the whole backup into an empty database, with its owners and"
                    " grants."
                ) from error
            ran.append(name)
        return ran
    finally:
        await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")


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
