"""Search with the text index finds the same as without it, in one organization, and keeps no deleted text."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adapters.postgres.database.connecting import Connection, connect, open_pool
from adapters.postgres.database.migrating import migrate
from adapters.postgres.database.rebuilding import rebuild
from adapters.postgres.database.tenancy import Reads, TenantReads
from adapters.postgres.lists import pages
from adapters.postgres.lists.filtering import Statement
from adapters.postgres.lists.listing import UPLOADS as UPLOAD_COLUMNS
from adapters.postgres.lists.search_index import PostgresSearchIndex
from adapters.postgres.read_side import PostgresReadSide
from application.keys.callers import acting_for
from application.ports.lists.pages import PageRequest
from application.ports.read_side import ReadSide
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from tests.conftest import LOGIN, Database, Servers
from tests.contract._log import SOON, Account, Kit, new_account, open_account, opening, postgres_kit

AT_ONCE = 1e-9  # seconds: no query is answered in that time
_VALUES = """coalesce((SELECT string_agg(one #>> '{}', ' ') FROM jsonb_path_query(metadata, 'strict $.**') one
    WHERE jsonb_typeof(one) IN ('string', 'number')), '')"""
EXPECTED = f"""
SELECT upload_id AS id, lower(normalize(coalesce(filename, '') || ' ' || {_VALUES})) AS text
FROM upwell.uploads
UNION ALL
SELECT object_id, lower(normalize(coalesce(key_prefix, '') || ' ' || coalesce(
    (SELECT string_agg(blob ->> 'filename', ' ') FROM jsonb_array_elements(blobs) blob), '') || ' ' || {_VALUES}))
FROM upwell.objects
"""  # noqa: S608  # constants
FILL = """
INSERT INTO upwell.uploads (
    upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
    url_expires_in_seconds, created_at, expires_at, due_at, metadata, create_object, skip_duplicates, policy,
    keeps_bytes)
SELECT 'upl_' || n, 'org_1', 'ns_1', 'bkt_1', 1, n, 'PENDING', md5(n::text) || '.mp4', 'video/mp4', 3600, now(), now(),
    now(), '{}', true, true, 'insert', true
FROM generate_series(1, 5000) n
"""
FILL_TEXTS = """
INSERT INTO upwell.search_texts
SELECT upload_id, 'upload', organization_id, bucket_id, lower(upwell.upload_text(filename, metadata))
FROM upwell.uploads
"""


class Noting:
    """Reads, and records the queries."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self.asked: list[str] = []

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> Sequence[Any]:  # noqa: ASYNC109  # as it is there
        self.asked.append(query)
        return await self._reads.fetch(query, *arguments, timeout=timeout)

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # as it is there
        return await self._reads.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # as it is there
        return await self._reads.fetchval(query, *arguments)


class World:
    """A log, an account, and two ways to search."""

    def __init__(
        self, kit: Kit, account: Account, owner: Connection, reads: Noting, index: PostgresSearchIndex
    ) -> None:
        self.log = kit.log
        self.account = account
        self.owner = owner
        self.reads = reads
        self.plain = kit.read_side
        self.quick = PostgresReadSide(reads)
        self.index = index
        self.uploads: list[str] = []
        self.objects: list[str] = []

    async def texts(self) -> dict[str, str]:
        return {row["id"]: row["text"] for row in await self.owner.fetch("SELECT id, text FROM upwell.search_texts")}

    async def is_indexed(self) -> bool:
        """Return whether the texts are those of the rows, at the position of the log."""
        there: bool = await self.owner.fetchval(
            "SELECT s.position = l.position FROM upwell.search_head s, upwell.log_head l"
        )
        expected = {row["id"]: row["text"] for row in await self.owner.fetch(EXPECTED)}
        return there and await self.texts() == expected

    async def found(self, search: str, *, account: Account | None = None) -> list[str]:
        """Return the ids that the quick way finds."""
        return [one for ids in await self._found(self.quick, search, account) for one in ids]

    def looks_among_candidates(self, table: str) -> bool:
        """Return whether the last query on a table did."""
        query = next(query for query in reversed(self.reads.asked) if table in query)
        return "OFFSET 0) among" in query

    async def same(self, search: str) -> bool:
        """Return whether both ways give the same result, and the quick one used candidates."""
        self.reads.asked.clear()
        quick = await self._found(self.quick, search, None)
        assert any("search_candidates" in query for query in self.reads.asked)
        return quick == await self._found(self.plain, search, None)

    async def _found(self, side: ReadSide, search: str, account: Account | None) -> tuple[list[str], list[str]]:
        account = account or self.account
        asked = PageRequest(limit=50, search=search, with_total=True, with_figures=True)
        # the timeout of the quick query ends immediately, and that of the other never
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pages, "SEARCH_PATIENCE_SECONDS", AT_ONCE if side is self.quick else 60)
            uploads = await side.uploads(account.namespace_id, account.bucket_id, asked)
            objects = await side.bucket_objects(account.namespace_id, account.bucket_id, asked)
        assert (uploads.total, objects.total) == (len(uploads.rows), len(objects.rows))
        return [row.upload_id for row in uploads.rows], [row.object_id for row in objects.rows]

    async def make_object(self, upload_id: str, **facts: Any) -> str:  # noqa: ANN401  # of a blob, or metadata
        stream = self.account.new_object(upload_id, **facts)
        await self.log.append(self.account.command(stream))
        return stream.stream_id

    async def update_object(self, object_id: str, *upload_ids: str, **facts: Any) -> None:  # noqa: ANN401  # of an object
        update = await self.account.update(self.log, object_id, *upload_ids, **facts)
        if update.events:  # else it is the same already
            await self.log.append(self.account.command(update))

    async def forget(self, upload_id: str) -> None:
        await self.account.send(self.log, upload_id, self.account.cancels())
        await self.account.send(self.log, upload_id, self.account.forgets())


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    owner = await connect(database.owner_url, role=None)
    pool = await open_pool(database.url, size=2)
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        yield World(kit, account, owner, Noting(pool), PostgresSearchIndex(pool))
    await pool.close()
    await owner.close()


async def index_some(world: World, events: int) -> None:
    await world.owner.fetchval("SELECT upwell.index_search($1)", events)


texts = st.sampled_from(
    [
        "report",
        "Report 2024",
        "REPORT",
        "Straße",
        "ÄÖÜ äöü",
        "a%b_c%d",
        "a\\b",
        'say "abc"',
        "abcabc",
        "x",
        "İstanbul",
        "Zu\u0308rich",
    ]
)
searches = st.sampled_from(
    [
        "report",
        "REP",
        "rt 20",
        "straße",
        "äöü",
        "ÄÖÜ",
        "%b_",
        "b_c%",
        "abc",
        "cab",
        "x",
        "İst",
        "i̇st",
        "istan",
        "y abc",
        "zürich",
        "Zu\u0308ri",
    ]
)
steps = st.one_of(
    st.tuples(st.just("upload"), texts, texts),
    st.tuples(st.just("object"), texts, texts),
    st.tuples(st.just("update"), texts, st.integers(0, 9)),
    st.tuples(st.just("delete"), st.just(""), st.integers(0, 9)),
    st.tuples(st.just("forget"), st.just(""), st.integers(0, 9)),
    st.tuples(st.just("index"), st.just(""), st.integers(1, 9)),
)


async def change(world: World, step: str, text: str, more: Any) -> None:  # noqa: ANN401  # a text or a number
    account, log = world.account, world.log
    match step:
        case "upload":
            world.uploads.append(await account.request(log, filename=text, metadata={"note": more}))
        case "object":
            held = await account.complete(log, await account.request(log, filename=text))
            world.objects.append(await world.make_object(held, filename=text, metadata={"note": [more]}))
        case "update" if world.objects:
            object_id = world.objects[more % len(world.objects)]
            await world.update_object(object_id, metadata={"note": text}, key_prefix=f"/{text}")
        case "delete" if world.objects:
            await log.append(await account.delete(log, world.objects.pop(more % len(world.objects))))
        case "forget" if world.uploads:
            await world.forget(world.uploads.pop(more % len(world.uploads)))
        case "index":
            await index_some(world, more)


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=3, max_size=12), asked=st.lists(searches, min_size=2, max_size=5, unique=True))
async def test_search_finds_the_same_with_and_without_its_index_however_far_that_is(
    world: World, history: Sequence[tuple[str, str, Any]], asked: Sequence[str]
) -> None:
    account = new_account(world.account.ids, world.account.clock)
    await world.log.append(opening(account, name=account.organization_id))
    world.account, world.uploads, world.objects = account, [], []
    for step, text, more in history:
        await change(world, step, text, more)
    for _ in range(2):
        for search in asked:
            assert await world.same(search), search
        while await world.index.catch_up():
            pass
        await world.index.catch_up()
        assert await world.is_indexed()


async def test_an_object_is_found_by_its_new_words_before_the_index_has_them_and_after(world: World) -> None:
    held = await world.account.complete(world.log)
    object_id = await world.make_object(held, metadata={"note": "earlier"})
    await world.index.catch_up()
    await world.update_object(object_id, held, metadata={"note": "later"})
    for _ in range(2):
        assert await world.found("LATER") == [object_id]
        assert await world.found("earlier") == []
        assert world.looks_among_candidates("upwell.objects")
        await world.index.catch_up()


async def test_a_search_with_characters_that_json_writes_otherwise_is_not_looked_up(world: World) -> None:
    upload_id = await world.account.request(world.log, metadata={"note": 'say "abc"'})
    await world.index.catch_up()
    assert await world.found('y "abc') == [upload_id]
    assert not any("search_candidates" in query for query in world.reads.asked)


async def test_a_search_that_is_answered_in_time_is_not_looked_up(world: World) -> None:
    upload_id = await world.account.request(world.log)
    page = await world.quick.uploads(
        world.account.namespace_id, world.account.bucket_id, PageRequest(limit=10, search="report")
    )
    assert [row.upload_id for row in page.rows] == [upload_id]
    assert not any("search_candidates" in query for query in world.reads.asked)


async def test_a_word_that_too_many_rows_have_is_looked_for_in_all_rows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_CANDIDATES", 2)
    uploads = [await world.account.request(world.log) for _ in range(3)]
    await world.index.catch_up()
    assert await world.found("report") == uploads[::-1]
    assert not world.looks_among_candidates("upwell.uploads")
    monkeypatch.setattr(pages, "_CANDIDATES", 3)
    assert await world.found("report") == uploads[::-1]
    assert world.looks_among_candidates("upwell.uploads")


async def test_no_organization_finds_rows_of_another(world: World, database: Database) -> None:
    other = new_account(world.account.ids, world.account.clock)
    await world.log.append(opening(other, name="other"))
    pool = await open_pool(database.url, size=1, all_organizations=False)
    reads = TenantReads(pool)
    ask = "SELECT upwell.search_candidates('upload', $1, '%secret%', 10) AS ids"
    for indexed in (False, True):
        upload_id = await world.account.request(world.log, filename=f"secret-{indexed}.txt")
        if indexed:
            await world.index.catch_up()
        acting_for.set(other.organization_id)
        assert (await reads.fetch(ask, world.account.bucket_id))[0]["ids"] == []
        assert await reads.fetchval("SELECT count(*) FROM upwell.search_texts") == 0
        acting_for.set(world.account.organization_id)
        assert upload_id in (await reads.fetch(ask, world.account.bucket_id))[0]["ids"]
        found = await pool.fetchval(ask, world.account.bucket_id)
        assert found == []
    assert await reads.fetchval("SELECT count(*) FROM upwell.search_texts") == 2
    await pool.close()


async def test_the_service_may_not_write_the_texts(database: Database) -> None:
    connection = await connect(database.url)
    may = "SELECT has_table_privilege('upwell.' || t, 'INSERT, UPDATE, DELETE, TRUNCATE') FROM unnest($1::text[]) t"
    tables = ["search_texts", "search_head"]
    assert [row[0] for row in await connection.fetch(may, tables)] == [False, False]
    assert not await connection.fetchval("SELECT has_function_privilege('upwell.prepare_search()', 'EXECUTE')")
    await connection.close()


async def test_what_is_forgotten_or_deleted_leaves_no_text(world: World) -> None:
    upload_id = await world.account.request(world.log, filename="private.txt")
    held = await world.account.complete(world.log)
    object_id = await world.make_object(held, metadata={"note": "private"})
    await world.index.catch_up()
    assert set(await world.texts()) == {upload_id, held, object_id}
    await world.forget(upload_id)
    assert set(await world.texts()) == {held, object_id}
    await world.log.append(await world.account.delete(world.log, object_id))
    assert await world.texts() == {}
    await world.index.catch_up()
    assert await world.texts() == {}


async def test_a_text_that_is_written_while_its_upload_is_forgotten_is_removed_without_delaying_others(
    world: World,
) -> None:
    upload_id = await world.account.request(world.log, filename="private.txt")
    async with world.owner.transaction():
        await index_some(world, 1_000)
        await world.forget(upload_id)  # does not wait for the transaction
    assert set(await world.texts()) == {upload_id}
    await world.index.catch_up()
    assert await world.texts() == {}
    again = await world.account.complete(world.log)
    object_id = await world.make_object(again)
    await world.index.catch_up()
    await world.update_object(object_id, again, metadata={"note": "other"})
    async with world.owner.transaction():
        await index_some(world, 1_000)  # holds the text of the object
        await world.log.append(await world.account.delete(world.log, object_id))
    await world.index.catch_up()
    assert await world.texts() == {}


async def test_writers_workers_and_a_rebuild_at_once_leave_the_texts_of_all_rows(
    world: World, database: Database
) -> None:
    account, log = world.account, world.log
    writing = 4

    async def write() -> None:
        nonlocal writing
        for number in range(20):
            upload_id = await account.request(log, filename=f"file-{number}.txt")
            if number % 2:
                await world.forget(upload_id)
                continue
            object_id = await world.make_object(await account.complete(log, upload_id))
            await world.update_object(object_id, upload_id, metadata={"note": number})
            if number % 4:
                await log.append(await account.delete(log, object_id))
        writing -= 1

    async def work() -> None:
        connection = await connect(database.url)
        while writing:
            await connection.fetchval("SELECT upwell.index_search(7)")
        await connection.close()

    await asyncio.gather(*(write() for _ in range(writing)), work(), work(), rebuild(database.owner_url, swap=True))
    while await world.index.catch_up():
        pass
    assert await world.is_indexed()
    assert len(await world.texts()) == 40


async def test_while_one_worker_reads_the_log_the_others_have_nothing_to_do(world: World) -> None:
    upload_id = await world.account.request(world.log)
    async with world.owner.transaction():
        await index_some(world, 1)
        assert not await world.index.catch_up()
        assert await world.texts() == {}
    await world.index.catch_up()
    assert set(await world.texts()) == {upload_id}


async def test_what_cannot_be_written_now_is_written_later(world: World) -> None:
    upload_id = await world.account.request(world.log, filename="needle.txt")
    await world.owner.execute("ALTER TABLE upwell.search_texts ADD CONSTRAINT full_disk CHECK (text = '')")
    assert not await world.index.catch_up()
    assert await world.found("needle") == [upload_id]
    await world.owner.execute("ALTER TABLE upwell.search_texts DROP CONSTRAINT full_disk")
    await world.index.catch_up()
    assert set(await world.texts()) == {upload_id}


async def test_without_the_extension_search_finds_the_same_and_nothing_is_kept(world: World) -> None:
    upload_id = await world.account.request(world.log, filename="needle.txt")
    await world.owner.execute("DROP EXTENSION pg_trgm CASCADE")
    await world.index.catch_up()
    assert await world.texts() == {}
    assert await world.same("needle")
    assert await world.found("needle") == [upload_id]
    # it is installed later, and somewhere else
    await world.owner.execute("CREATE EXTENSION pg_trgm SCHEMA public")
    assert await world.owner.fetchval("SELECT upwell.prepare_search()")
    await world.index.catch_up()
    assert set(await world.texts()) == {upload_id}
    assert await world.found("needle") == [upload_id]
    assert world.looks_among_candidates("upwell.uploads")


async def test_a_role_that_may_not_create_the_extension_works_without_it(world: World) -> None:
    await world.owner.execute("DROP EXTENSION pg_trgm CASCADE; DROP SCHEMA upwell_extensions")
    transaction = world.owner.transaction()
    await transaction.start()
    await world.owner.execute(
        "CREATE ROLE with_few_rights; GRANT USAGE ON SCHEMA upwell TO with_few_rights;"
        "GRANT EXECUTE ON FUNCTION upwell.prepare_search TO with_few_rights; SET LOCAL ROLE with_few_rights"
    )
    assert await world.owner.fetchval("SELECT upwell.prepare_search()") is False
    await transaction.rollback()
    assert await world.owner.fetchval("SELECT upwell.prepare_search()") is True


async def test_where_the_index_is_far_behind_search_looks_at_all_rows(world: World) -> None:
    upload_id = await world.account.request(world.log, filename="needle.txt")
    await world.owner.execute("UPDATE upwell.search_head SET position = -30000")
    assert await world.found("needle") == [upload_id]
    assert not world.looks_among_candidates("upwell.uploads")


async def test_after_a_rebuild_the_log_is_read_again(world: World, database: Database) -> None:
    upload_id = await world.account.request(world.log, filename="needle.txt")
    await world.index.catch_up()
    await world.owner.execute("UPDATE upwell.search_texts SET text = 'damaged'")
    await rebuild(database.owner_url, swap=True)
    assert await world.found("needle") == [upload_id]
    await world.index.catch_up()
    assert "needle.txt" in (await world.texts())[upload_id]
    assert await world.found("needle") == [upload_id]


async def test_a_worker_takes_in_what_was_appended(settings: Settings) -> None:
    stopping = asyncio.Event()
    async with running(settings) as services, postgres_kit(settings.database_url) as kit:
        worker = asyncio.create_task(services.worker.run(stopping))
        account = await open_account(kit.log)
        upload_id = await account.request(kit.log)
        owner = await connect(settings.database_owner_url, role=None)
        async with asyncio.timeout(SOON):
            while await owner.fetchval("SELECT id FROM upwell.search_texts") != upload_id:
                await asyncio.sleep(0.02)
        stopping.set()
        await worker
        await owner.close()


@asynccontextmanager
async def owned_by_no_superuser(servers: Servers, name: str) -> AsyncIterator[Database]:
    admin = await connect(servers.postgres_url, role=None)
    await admin.execute(f"CREATE ROLE {name} LOGIN")
    await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    try:
        made = Database(name, servers.url_for(LOGIN, name), servers.url_for(name, name))
        await migrate(made.owner_url)
        yield made
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"DROP ROLE {name}")
        await admin.close()


async def test_a_search_reads_the_index_of_texts_and_fetches_rows_by_their_ids(
    servers: Servers, database: Database
) -> None:
    async with owned_by_no_superuser(servers, f"plain_{database.name}") as plain:
        admin = await connect(servers.url_for("postgres", plain.name), role=None)
        for sql in (FILL, FILL_TEXTS, "ANALYZE upwell.uploads, upwell.search_texts", "LOAD 'auto_explain'"):
            await admin.execute(sql)
        for name, value in (("log_min_duration", "0"), ("log_nested_statements", "on"), ("log_format", "json")):
            await admin.execute(f"SET auto_explain.{name} = '{value}'")
        await admin.execute(
            "SET client_min_messages = log; SET ROLE upwell_service; SET upwell.organization_id = 'org_1'"
        )
        plans: list[str] = []
        admin.add_log_listener(lambda _, message: plans.append(str(message)))
        ids = await admin.fetchval("SELECT upwell.search_candidates('upload', 'bkt_1', '%c4ca4238a0%', 100)")
        assert ids == ["upl_1"]  # md5 of 1
        nested = [plan for plan in plans if "upwell.search_texts" in plan or "FROM search_texts" in plan]
        assert nested
        assert all('"Index Name": "search_texts_trigrams"' in plan for plan in nested)
        assert not any("Seq Scan" in plan and '"uploads"' in plan for plan in plans)
        plans.clear()
        asked = PageRequest(limit=20, search="c4ca4238a0")
        for _ in range(7):  # a plan that PostgreSQL keeps for all arguments as well
            statement = Statement(UPLOAD_COLUMNS, ("bkt_1", "ns_1"), asked, among=ids)
            rows = await admin.fetch(statement.page(), *statement.arguments)
            assert [row["upload_id"] for row in rows] == ids
        plans = [plan for plan in plans if '"uploads"' in plan]  # not those of asyncpg, which looks types up
        assert len(plans) == 7
        assert all('"Index Name": "uploads_pkey"' in plan and "Seq Scan" not in plan for plan in plans)
        await admin.close()
