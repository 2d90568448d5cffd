"""A database is made, taken over from the version before with all that is in it, and brought up to date in use.

`older_database/0089.sql` was written by `older_database/make.py`, whose head explains how.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.analytics.analytics import check_analytics
from adapters.postgres.database import migrating
from adapters.postgres.database.checking import DatabaseUnusableError, check_database
from adapters.postgres.database.connecting import SERVICE_ROLE, Connection, connect
from adapters.postgres.database.migrating import MigrationError, functions, migrate
from adapters.postgres.database.rebuilding import rebuild
from application.keys.managing import KeyWish
from application.rules import Rules
from domain.keys.api_key import Permission
from entrypoints.settings import Settings
from entrypoints.wiring.operations import administering
from entrypoints.wiring.storage import open_storage
from tests.acceptance.uploads.test_main_job import announce, put
from tests.catalogue import catalogue
from tests.conftest import (
    LOGIN,
    Database,
    Servers,
    drop_database,
    environment_for,
    free_port,
    make_database,
    start,
    wait_ready,
)
from tests.contract._log import open_account
from tests.contract_check.answers import holding
from tests.integration.events.test_writer_recovery import running_log

OLDER = Path(__file__).parent / "older_database" / "0089.sql"
NEWER = [99, 0, 0]
NEW = [name for number, name, _ in migrating.migrations() if number > 100]
CHANGED = {"analytics_uploads", "analytics_hours", "subscriptions", "buckets", "jobs", "uploads"}
DROPPED = {"lapse", "write_requests"}
CALLED = """
    SELECT p.oid::regprocedure::text || ' ' || pg_get_function_result(p.oid) AS signature FROM pg_proc p
    WHERE pronamespace = 'upwell'::regnamespace AND has_function_privilege('upwell_service', p.oid, 'EXECUTE')
"""
ADDING_ONE = """
    CREATE OR REPLACE FUNCTION upwell.one_more(p integer) RETURNS integer LANGUAGE sql AS $$ SELECT p + 1 $$;
    GRANT EXECUTE ON FUNCTION upwell.one_more TO upwell_service;
"""


@asynccontextmanager
async def empty_database(servers: Servers) -> AsyncIterator[Database]:
    name = f"t_{secrets.token_hex(6)}"
    admin = await connect(servers.postgres_url, role=None)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    made = Database(name=name, url=servers.url_for(LOGIN, name), owner_url=servers.url_for("postgres", name))
    try:
        yield made
    finally:
        await drop_database(servers, made)


@pytest.fixture
async def older(servers: Servers) -> AsyncIterator[Database]:
    """A database as the version before left it."""
    async with empty_database(servers) as made:
        owner = await connect(made.owner_url, role=None)
        await owner.execute(OLDER.read_text(encoding="utf-8"))
        await owner.close()
        yield made


@pytest.fixture
async def fresh(servers: Servers) -> AsyncIterator[Database]:
    """A database as this version makes it."""
    made = await make_database(servers)
    yield made
    await drop_database(servers, made)


@asynccontextmanager
async def owning(database: Database) -> AsyncIterator[Connection]:
    connection = await connect(database.owner_url, role=None)
    try:
        yield connection
    finally:
        await connection.close()


async def rows(database: Database) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a digest of them; not what is recorded of migrations."""
    async with owning(database) as owner:
        tables = await owner.fetch(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'upwell' AND tablename NOT IN ('migrations', 'functions')"
        )
        found = {}
        for (table,) in tables:
            [row] = await owner.fetch(
                "SELECT count(*), coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '')"  # noqa: S608  # a fixed name
                f" FROM upwell.{table} t"
            )
            found[table] = (row[0], row[1])
        return found


def wanting(patch: pytest.MonkeyPatch, changes: Mapping[str, str | None], version: list[int] | None = None) -> None:
    """Let the code be another version, with these functions instead of its own. None: without this function."""
    wanted = {**functions(), **changes}
    patch.setattr(migrating, "functions", lambda: {name: sql for name, sql in wanted.items() if sql is not None})
    if version is not None:
        patch.setattr(migrating, "_this_version", lambda: version)


# From the version before


async def test_an_older_database_is_taken_over_with_all_that_is_in_it(older: Database) -> None:
    before = await rows(older)
    assert {name for name, (count, _) in before.items() if count == 0} <= {"webhook_dropped"}

    assert await migrate(older.owner_url) == [*NEW, f"{len(functions()) + len(DROPPED)} functions"]

    after = await rows(older)
    assert {name for name, found in before.items() if after.get(name) != found} == CHANGED
    async with owning(older) as owner:
        applied = await owner.fetch("SELECT name FROM upwell.migrations ORDER BY number")
        assert [row["name"] for row in applied] == ["0100_tables.sql", *NEW]
        assert {row["name"] for row in await owner.fetch("SELECT name FROM upwell.functions")} == functions().keys()
    assert (await rebuild(older.owner_url, swap=False)).differences == {}
    assert await check_analytics(older.owner_url) == {}
    assert after["analytics_figures"][0] > 0
    assert await migrate(older.owner_url) == []


async def test_the_jobs_of_an_upload_are_in_one_row_afterwards(older: Database) -> None:
    async with owning(older) as owner:
        before = await owner.fetch("SELECT upload_id, kind, due_at, storage_key FROM upwell.jobs")
    assert len({row["upload_id"] for row in before}) < len(before)

    await migrate(older.owner_url)

    async with owning(older) as owner:
        after = await owner.fetch(
            "SELECT upload_id, kind, due_at, then_kind, then_at, storage_key FROM upwell.jobs ORDER BY upload_id"
        )
    assert [row["upload_id"] for row in after] == sorted({row["upload_id"] for row in before})
    steps = [(row["upload_id"], row["kind"], row["due_at"]) for row in after]
    steps += [(row["upload_id"], row["then_kind"], row["then_at"]) for row in after if row["then_kind"]]
    assert sorted(steps) == sorted((row["upload_id"], row["kind"], row["due_at"]) for row in before)
    assert all(row["then_at"] is None or row["due_at"] <= row["then_at"] for row in after)
    keys = {row["upload_id"]: row["storage_key"] for row in before if row["storage_key"]}
    assert {row["upload_id"]: row["storage_key"] for row in after if row["storage_key"]} == keys


async def test_an_older_database_is_then_the_same_as_a_fresh_one(older: Database, fresh: Database) -> None:
    await migrate(older.owner_url)

    found, wanted = await catalogue(older.owner_url), await catalogue(fresh.owner_url)

    for kind, lines in wanted.items():
        assert found[kind] == lines, kind
    assert len(wanted["functions"]) == len(functions())
    assert len(wanted["columns"]) > 400


async def test_a_service_goes_on_with_an_older_database(servers: Servers, older: Database) -> None:
    await migrate(older.owner_url)
    environment = {**environment_for(servers, older), "UPWELL_PORT": str(free_port())}
    async with open_storage(Settings(environment).s3) as storage:
        await storage.prepare(cors_origins=["*"])
    async with owning(older) as owner:
        organization_id, namespace = await owner.fetchrow(
            "SELECT b.organization_id, n.name FROM upwell.buckets b JOIN upwell.namespaces n USING (namespace_id)"
            " WHERE b.name = 'sorted'"
        ) or ("", "")
    async with administering(older.url, Rules()) as use:
        wish = KeyWish(name="another", user_id="usr_test", permissions=tuple(Permission))
        _, secret = await use.keys.create(organization_id, wish, actor_id="system:test")
    url = f"http://127.0.0.1:{environment['UPWELL_PORT']}"
    headers = {"Authorization": f"Bearer {secret}", "X-Namespace": namespace}
    process = start(environment, "serve")
    try:
        wait_ready(url, process)
        async with holding(url, headers) as client:
            body = secrets.token_bytes(1000)
            upload = await announce(client, body)
            await put(upload, body)
            confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
            assert confirmed.json()["status"] == "COMPLETED"
            listed = await client.post("/v1/buckets/files/uploads/list?include_total=true", json={})
            assert listed.json()["pagination"]["total"] > 20
    finally:
        process.terminate()
        process.wait(30)
    assert (await rebuild(older.owner_url, swap=False)).differences == {}


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM upwell.migrations WHERE number = 89",
        "DELETE FROM upwell.migrations WHERE number = 44",
        "DELETE FROM upwell.migrations WHERE number > 25",
        "UPDATE upwell.migrations SET checksum = 'other' WHERE number = 1",
    ],
)
async def test_a_database_of_another_older_version_is_refused_and_left_as_it_is(older: Database, change: str) -> None:
    async with owning(older) as owner:
        await owner.execute(change)
        before = await owner.fetch("SELECT * FROM upwell.migrations ORDER BY number")
    made = await catalogue(older.owner_url)

    with pytest.raises(
        MigrationError, match=r"run 'upwell migrate' of the version whose last migration is 0089"
    ) as refused:
        await migrate(older.owner_url)

    assert f"(the last one is {before[-1]['number']:04})" in str(refused.value)
    async with owning(older) as owner:
        assert await owner.fetch("SELECT * FROM upwell.migrations ORDER BY number") == before
    assert await catalogue(older.owner_url) == made
    with pytest.raises(
        DatabaseUnusableError,
        match=r"0100_tables\.sql of this version is missing .*: run 'upwell migrate' first",
    ):
        await check_database(older.url)


async def test_what_processes_of_the_version_before_call_is_there_as_they_know_it(older: Database) -> None:
    async with owning(older) as owner:
        before = {row["signature"] for row in await owner.fetch(CALLED)}
        await migrate(older.owner_url)
        assert before <= {row["signature"] for row in await owner.fetch(CALLED)}
    assert len(before) > 10


# Functions that change


async def test_a_process_goes_on_while_a_newer_version_changes_the_functions(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = functions()["append"]
    marked = append.replace("positions := '{}';", "positions := '{}'; PERFORM set_config('upwell.seen', '2', false);")
    assert marked != append
    async with running_log(fresh.url) as log, owning(fresh) as owner:
        account = await open_account(log)
        with monkeypatch.context() as newer:
            wanting(newer, {"append": marked, "one_more": ADDING_ONE, "project_avoided": None}, NEWER)
            with pytest.raises(
                DatabaseUnusableError,
                match=r"function append of this version is missing .*: run 'upwell migrate'"
                " first",
            ):
                await check_database(fresh.url)

            assert await migrate(fresh.owner_url) == ["3 functions"]

            await check_database(fresh.url)
            assert await owner.fetchval("SELECT upwell.one_more(1)") == 2
            assert await owner.fetchval("SELECT to_regproc('upwell.project_avoided')") is None
        # a process of the version before: the one that runs, one that starts, and one that would migrate
        await account.request(log)
        await check_database(fresh.url)
        with pytest.raises(MigrationError, match=r"A newer Upwell migrated this database \(Upwell 99\.0\.0\)"):
            await migrate(fresh.owner_url)
        await account.request(log)
        assert await owner.fetchval("SELECT to_regproc('upwell.project_avoided')") is None


async def test_a_function_is_recreated_when_its_file_changes_and_when_the_change_is_undone(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await catalogue(fresh.owner_url)
    with monkeypatch.context() as edited:
        wanting(edited, {"lapses": functions()["lapses"].replace("key_revoked", "key_ended")})
        assert await migrate(fresh.owner_url) == ["1 function"]
        assert await catalogue(fresh.owner_url) != before
    with pytest.raises(DatabaseUnusableError, match="function lapses"):
        await check_database(fresh.url)

    assert await migrate(fresh.owner_url) == ["1 function"]

    assert await catalogue(fresh.owner_url) == before
    await check_database(fresh.url)


OTHER_SIGNATURES = {
    "result": (
        "RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\n    SELECT (",
        "RETURNS integer LANGUAGE sql AS $$\n    SELECT (",
    ),
    "name of an argument": ("p_organization_id", "p_whose"),
    "more arguments": ("p_organization_id text", "p_organization_id text, p_lanes integer"),
    "an argument that may be left out": (
        "p_organization_id text",
        "p_organization_id text, p_lanes integer DEFAULT 64",
    ),
}


@pytest.mark.parametrize("other", OTHER_SIGNATURES)
async def test_another_signature_of_a_function_that_processes_call_is_refused(
    fresh: Database, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    before = await catalogue(fresh.owner_url)
    changed = functions()["lane_of"].replace(*OTHER_SIGNATURES[other])
    assert changed != functions()["lane_of"]
    wanting(monkeypatch, {"lane_of": changed, "one_more": ADDING_ONE}, NEWER)

    with pytest.raises(MigrationError, match=r"signature of the function lane_of differs.* another name"):
        await migrate(fresh.owner_url)

    assert await catalogue(fresh.owner_url) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("project_after", "RETURNS bigint", "RETURNS numeric"),
        ("set_job", "p_due_at timestamptz", "p_due_at timestamptz, p_lane smallint DEFAULT NULL"),
        ("project_upload", "OUT accepted_ bigint", "OUT accepted_ bigint, OUT avoided_ bigint"),
    ],
)
async def test_a_function_that_only_functions_call_may_get_another_signature(
    fresh: Database, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str
) -> None:
    changed = functions()[name].replace(old, new)
    assert changed != functions()[name]
    wanting(monkeypatch, {name: changed}, NEWER)

    assert await migrate(fresh.owner_url) == ["1 function"]

    made = [line for line in (await catalogue(fresh.owner_url))["functions"] if line.startswith(f"upwell.{name}(")]
    assert len(made) == 1
    assert f"{SERVICE_ROLE}=X" not in made[0]
    assert "'=X/" not in made[0]  # nor may every role call it
    async with running_log(fresh.url) as log:
        await (await open_account(log)).request(log)


async def test_a_function_whose_file_is_gone_stays_while_something_depends_on_it(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanting(monkeypatch, {"find_lane": None, "forget_avoided": None})

    assert await migrate(fresh.owner_url) == ["1 function"]

    async with owning(fresh) as owner:
        assert await owner.fetchval("SELECT to_regproc('upwell.forget_avoided')") is None
        assert await owner.fetchval("SELECT to_regproc('upwell.find_lane')") is not None
        await owner.execute("DROP TRIGGER find_lane ON upwell.jobs")
        assert await migrate(fresh.owner_url) == ["1 function"]
        assert await owner.fetchval("SELECT to_regproc('upwell.find_lane')") is None


async def test_a_function_that_is_granted_no_longer_cannot_be_called(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect(fresh.url)
    await connection.execute("SELECT upwell.upload_text('a', '{}')")
    wanting(monkeypatch, {"upload_text": functions()["upload_text"].partition("GRANT")[0]})
    await migrate(fresh.owner_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT upwell.upload_text('a', '{}')")
    await connection.close()


async def test_a_migration_that_fails_leaves_everything_as_it_was(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await catalogue(fresh.owner_url)
    known = migrating.migrations()
    broken = [
        (901, "0901_more.sql", "CREATE TABLE upwell.more (n int)"),
        (902, "0902_broken.sql", "TABLE upwell.nowhere"),
    ]
    monkeypatch.setattr(migrating, "migrations", lambda: [*known, *broken])
    wanting(monkeypatch, {"one_more": ADDING_ONE})

    with pytest.raises(MigrationError, match=r"The migration 0902_broken\.sql does not match"):
        await migrate(fresh.owner_url)

    assert await catalogue(fresh.owner_url) == before
    async with owning(fresh) as owner:
        assert await owner.fetchval("SELECT count(*) FROM upwell.migrations") == len(known)
        assert await owner.fetchval("SELECT count(*) FROM upwell.functions WHERE name = 'one_more'") == 0


async def test_a_migration_may_call_a_function_that_comes_with_it(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrating.migrations()
    calls = (901, "0901_calls.sql", "CREATE TABLE upwell.more AS SELECT upwell.one_more(41) AS n")
    monkeypatch.setattr(migrating, "migrations", lambda: [*known, calls])
    wanting(monkeypatch, {"one_more": ADDING_ONE})

    assert await migrate(fresh.owner_url) == ["0901_calls.sql", "1 function"]

    async with owning(fresh) as owner:
        assert await owner.fetchval("SELECT n FROM upwell.more") == 42


async def test_a_released_migration_that_was_changed_is_refused(fresh: Database) -> None:
    async with owning(fresh) as owner:
        await owner.execute("UPDATE upwell.migrations SET checksum = 'other'")
    with pytest.raises(MigrationError, match=r"0100_tables\.sql was changed after it ran"):
        await migrate(fresh.owner_url)


async def test_a_database_with_a_migration_of_a_newer_version_is_refused(fresh: Database) -> None:
    async with owning(fresh) as owner:
        await owner.execute("INSERT INTO upwell.migrations VALUES (901, '0901_more.sql', '', now())")
    with pytest.raises(MigrationError, match=r"A newer Upwell migrated this database \(migration 901\)"):
        await migrate(fresh.owner_url)


async def test_the_bodies_of_all_functions_fit_the_tables(fresh: Database) -> None:
    """They are not checked while they are made, because they come before the tables."""
    async with owning(fresh) as owner:
        await owner.execute("SET check_function_bodies = on; SET search_path = upwell, pg_temp")
        for sql in functions().values():
            await owner.execute(sql)
