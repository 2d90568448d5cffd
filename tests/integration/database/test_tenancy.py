"""The second wall: rows of another organization do not exist, even where the application forgets whose they are."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from adapters.postgres.analytics.analytics import PostgresAnalytics
from adapters.postgres.database.connecting import Connection, connect, open_pool
from adapters.postgres.database.migrating import migrate
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.rebuilding import rebuild
from adapters.postgres.database.tenancy import TenantReads
from adapters.postgres.organizations.quota_ledger import PostgresQuotaLedger
from adapters.postgres.read_side import PostgresReadSide
from adapters.postgres.tasks.tasks import PostgresTasks
from adapters.postgres.webhooks.webhook_deliveries import PostgresWebhookDeliveries
from application.keys.callers import Admitting, acting_for
from application.ports.analytics.analytics import Area, Interval, UploadFigures
from application.ports.keys.token_reads import Owner, WantedTokens
from application.ports.lists.pages import PageRequest
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.webhooks.webhook_deliveries import DeliveryStatus, NewDelivery
from domain.claims import bucket_name_claim, namespace_name_claim
from domain.refusals import NotFoundError
from domain.shared_fields import made_from
from domain.uploads.originals import WantedContent
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.use_cases import Services
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import LOGIN, Database, Servers, Service, Tenant, make_tenant

WITHOUT_ORGANIZATION = {
    "migrations",
    "functions",
    "log_head",
    "search_head",
    "subscriptions",
    "analytics_kept",
}  # no data of organizations
PAGE = PageRequest(limit=10, with_total=True)


async def fill(tenant: Tenant) -> tuple[str, str]:
    """Complete an upload that becomes an object, and return both ids."""
    async with tenant.client() as client:
        upload = await announce(client, b"whose bytes", object_metadata={"title": "mine"})
        await put(upload, b"whose bytes")
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
    assert confirmed.json()["status"] == "COMPLETED", confirmed.text
    return upload["upload_id"], confirmed.json()["object_id"]


@asynccontextmanager
async def as_the_service(database: Database) -> AsyncIterator[Connection]:
    """A connection that has the service's rights and no organization."""
    connection = await connect(database.url)
    try:
        await connection.execute("RESET upwell.organization_id")
        await connection.execute("SELECT set_config('upwell.organization_id', '', false)")
        yield connection
    finally:
        await connection.close()


async def tables(connection: Connection) -> set[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'upwell'")
    return {row["tablename"] for row in rows} - WITHOUT_ORGANIZATION


async def count(connection: Connection, table: str) -> int:
    found: int = await connection.fetchval(f"SELECT count(*) FROM upwell.{table}")  # noqa: S608  # a fixed name
    return found


@pytest.mark.parametrize("rebuilt", [False, True])
async def test_the_wall_stands_around_every_table_and_also_before_its_owner(database: Database, rebuilt: bool) -> None:
    if rebuilt:
        await rebuild(database.owner_url, swap=True)
    owner = await connect(database.owner_url, role=None)
    rows = await owner.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS walled FROM pg_class"
        " WHERE relnamespace = 'upwell'::regnamespace AND relkind = 'r'"
    )
    policies = await owner.fetch("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'upwell'")
    walls = {(row["tablename"], row["policyname"]) for row in policies}
    assert walls == {(table, name) for table in await tables(owner) for name in ("owner", "organization")}
    await owner.close()
    assert {row["relname"] for row in rows if not row["walled"]} == WITHOUT_ORGANIZATION


async def test_the_service_is_refused_what_it_may_not_do_and_owns_nothing(service: Service) -> None:
    async with as_the_service(service.database) as connection:
        role = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user"
        )
        assert role is not None
        assert tuple(role) == (False, False, "upwell_service")
        owned = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert owned == 0
        for forbidden in (
            "INSERT INTO upwell.holds VALUES ('a', 'b')",
            "UPDATE upwell.uploads SET organization_id = 'org_x'",
            "DELETE FROM upwell.upwell_events",
            "ALTER TABLE upwell.uploads DISABLE ROW LEVEL SECURITY",
            "SELECT upwell.guard('uploads')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)


async def test_a_reader_without_an_organization_sees_nothing(service: Service, tenant: Tenant) -> None:
    await fill(tenant)
    owner = await connect(service.database.owner_url, role=None)
    async with as_the_service(service.database) as connection:
        for table in await tables(owner):
            assert await count(connection, table) == 0, table
        await connection.execute("SELECT set_config('upwell.organization_id', '*', false)")
        for table in ("uploads", "objects", "holds", "upwell_events", "api_keys", "claims"):
            assert await count(connection, table) == await count(owner, table) > 0, table
    await owner.close()


async def steps_of(asked: Awaitable[Sequence[UploadFigures]]) -> Sequence[UploadFigures]:
    """Return figures without those of all steps together, which are there if there is nothing too."""
    *steps, total = await asked
    assert total.requested == sum(step.requested for step in steps)
    return steps


async def test_every_question_of_the_read_side_stops_at_the_wall(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    upload_id, object_id = await fill(tenant)
    own, namespace, bucket = tenant.caller.organization, tenant.namespace.namespace_id, tenant.bucket.bucket_id
    pool = await open_pool(service.database.url, size=2, all_organizations=False)
    reads, tasks = PostgresReadSide(TenantReads(pool)), PostgresTasks(pool, TenantReads(pool))
    name = bucket_name_claim(namespace, tenant.bucket.name)
    async with tenant.client() as client:
        confirmed = await client.post(
            f"/v1/buckets/{bucket}/uploads/confirm/batch", json={"confirmations": [{"upload_id": upload_id}]}
        )
        channel = {"channel": "webhook", "configs": {"url": "http://127.0.0.1:9/"}}
        asked = {"webhook_name": "a", "event_types": ["object.created"], "channels": [channel]}
        webhook_id = (await client.post("/v1/organizations/webhooks", json=asked)).json()["webhook_id"]
        token = (await client.post("/v1/upload-tokens", json={"bucket": bucket, "subject": "user-42"})).json()
    token_id, owner_of_uploads = token["token_id"], Owner(bucket_id=bucket, subject="user-42")
    headers = {"Authorization": f"Bearer {token['token']}"}
    async with httpx.AsyncClient(base_url=tenant.url, headers=headers, timeout=30) as page:
        await announce(page, b"of a token")
    task_id = confirmed.json()["task_id"]
    deliveries = PostgresWebhookDeliveries(pool, TenantReads(pool))
    owner = await connect(service.database.owner_url, role=None)
    await owner.execute(
        "INSERT INTO upwell.webhook_deliveries"
        " (webhook_id, position, organization_id, stream_id, topic, status, created_at, next_at)"
        " VALUES ($1, 1, $2, 'obj_1', 'object.created.v1', 'failed', now(), now())",
        webhook_id,
        own.organization_id,
    )
    waiting = NewDelivery(
        webhook_id=webhook_id,
        position=2,
        organization_id=own.organization_id,
        stream_id="obj_1",
        topic="object.created.v1",
    )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('upwell.organization_id', '*', true)")
        await deliveries.add(connection, [waiting], now=datetime.now(UTC))
    figures = PostgresAnalytics(TenantReads(pool))
    area = Area(organization_id=own.organization_id)
    always: dict[str, Any] = {"start": datetime(2000, 1, 1, tzinfo=UTC), "end": datetime(2100, 1, 1, tzinfo=UTC)}
    where = {"organization_id": own.organization_id, "namespace_id": namespace, "bucket_id": bucket}
    hour = {"hour": "2026-01-01T00:00:00Z", "labels": {}, "durations": {}, "failures": {"expired": 1}}
    counts = {"stored_bytes": 1, "objects": 1, "requested": 1, "failed": 1}
    await owner.execute(QUERIES["add_analytics_figures"], json.dumps([{**where, **hour, "counts": counts}]))
    await owner.close()
    questions: list[Callable[[], Awaitable[object]]] = [
        lambda: reads.upload(namespace, upload_id),
        lambda: reads.uploads(namespace, bucket, PAGE),
        lambda: reads.bucket_object(namespace, object_id),
        lambda: reads.bucket(namespace, bucket),
        lambda: reads.buckets(namespace, PAGE),
        lambda: reads.namespace(own.organization_id, namespace),
        lambda: reads.namespaces(own.organization_id, PAGE),
        lambda: reads.key_by_name(own.organization_id, "usr_test", "test"),
        lambda: reads.key(tenant.caller.key.key_hash),
        lambda: reads.organization(own.organization_id),
        lambda: reads.organization_by_name(own.organization_id),
        lambda: reads.claim_owner(namespace_name_claim(own.organization_id, tenant.namespace.name)),
        lambda: reads.claim_owner(name),
        lambda: reads.claim_owners([name]),
        lambda: reads.uploads_by_id(namespace, [upload_id]),
        lambda: reads.originals([WantedContent(bucket_id=bucket, sha256=hashlib.sha256(b"whose bytes").hexdigest())]),
        lambda: reads.upload_token(token_id),
        lambda: reads.upload_tokens(WantedTokens(namespace_id=namespace), before=2**62, limit=1),
        lambda: reads.tokens_of(owner_of_uploads),
        lambda: reads.uploads_of([token_id]),
        lambda: reads.events_of(owner_of_uploads, after=0, limit=1),
        lambda: tasks.task(own.organization_id, task_id),
        lambda: tasks.tasks(own.organization_id, PAGE),
        lambda: reads.webhook(own.organization_id, webhook_id),
        lambda: reads.webhooks(own.organization_id),
        lambda: reads.listening_webhooks([own.organization_id]),
        lambda: deliveries.deliveries(own.organization_id, webhook_id, before=2, status=None, limit=1),
        lambda: deliveries.deliveries(
            own.organization_id, webhook_id, before=3, status=DeliveryStatus.PENDING, limit=1
        ),
        lambda: steps_of(figures.uploads(area, **always, step=Interval.MONTH)),
        lambda: figures.failures(area, **always),
        lambda: figures.changes(area, **always, step=Interval.MONTH),
        lambda: figures.buckets(area, **always, limit=1),
    ]

    def empty(answer: object) -> bool:
        return not answer or (getattr(answer, "rows", 0) == [] and getattr(answer, "total", 0) == 0)

    for question in questions:
        with pytest.raises(LookupError):
            await question()
    acting_for.set(own.organization_id)
    answers = [await question() for question in questions]
    assert not any(map(empty, answers)), answers
    acting_for.set(other.caller.organization.organization_id)
    answers = [await question() for question in questions]
    assert all(map(empty, answers)), answers
    assert (await PostgresQuotaLedger(TenantReads(pool)).use(own.organization_id)).accepted_bytes == 0
    await pool.close()


async def test_on_a_shared_connection_no_caller_reads_for_the_previous_one(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    upload_id, _ = await fill(tenant)
    pool = await open_pool(service.database.url, size=1, all_organizations=False)
    reads = PostgresReadSide(TenantReads(pool))

    async def ask(whose: Tenant) -> bool:
        acting_for.set(whose.caller.organization.organization_id)
        return await reads.upload(tenant.namespace.namespace_id, upload_id) is not None

    asked = [tenant, other] * 50
    assert await asyncio.gather(*map(ask, asked)) == [whose is tenant for whose in asked]
    assert await pool.fetchval("SELECT count(*) FROM upwell.uploads") == 0
    await pool.close()


def transport_to(app: Any) -> httpx.ASGITransport:  # noqa: ANN401  # Litestar's types are not httpx's
    return httpx.ASGITransport(app)


class Careless(Admitting, frozen=True, kw_only=True):
    """An application that looks up any namespace, of any organization."""

    namespaces: list[NamespaceRecord]

    async def namespace(self, caller: object, id_or_name: str | None) -> NamespaceRecord:  # noqa: ARG002  # that is it
        for namespace in self.namespaces:
            if namespace.namespace_id == id_or_name:
                return namespace
        raise NotFoundError("namespace_not_found", "There is no such namespace.")


async def test_the_wall_holds_over_http_when_the_applications_own_check_is_gone(settings: Settings) -> None:
    database = Database("", settings.database_url, settings.database_owner_url)

    @asynccontextmanager
    async def careless() -> AsyncIterator[Services]:
        async with running(settings) as services:
            admit = made_from(Careless, services.admit, namespaces=[victim.namespace, thief.namespace])
            yield msgspec.structs.replace(services, admit=admit)

    victim, thief = [await make_tenant(database, "http://upwell") for _ in range(2)]
    app = create_app(careless)
    async with app.lifespan(), httpx.AsyncClient(transport=transport_to(app), base_url="http://upwell") as http:
        asked = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}
        bucket = f"/v1/buckets/{victim.bucket.bucket_id}"
        made = await http.post(f"{bucket}/uploads", json=asked, headers=victim.headers)
        assert made.status_code == 200, made.text
        upload = f"{bucket}/uploads/{made.json()['upload_id']}"
        stolen = {**thief.headers, "X-Namespace": victim.namespace.namespace_id}
        for headers, status in ((victim.headers, 200), (stolen, 404)):
            assert (await http.get(upload, headers=headers)).status_code == status
            assert (await http.get(bucket, headers=headers)).status_code == status
            assert (await http.post(f"{bucket}/uploads/list", headers=headers)).status_code == status
        assert (await http.post(f"{bucket}/uploads", json=asked, headers=stolen)).status_code == 404
        assert (await http.post(f"{upload}/confirm", headers=stolen)).status_code == 404
        assert (await http.delete(upload, headers=stolen)).status_code == 404
        listed = await http.post("/v1/buckets/list", headers=stolen)
        assert (listed.status_code, listed.json()["results"], listed.json()["total_count"]) == (200, [], 0)
        assert (await http.get(upload, headers=victim.headers)).json()["status"] == "PENDING"


async def test_an_owner_that_is_no_superuser_can_migrate_write_and_rebuild(
    servers: Servers, settings: Settings
) -> None:
    name = settings.s3.bucket.replace("-", "_")
    plain = f"owner_{name}"
    admin = await connect(servers.postgres_url, role=None)
    await admin.execute(f"CREATE ROLE {plain} LOGIN")
    await admin.execute(f"CREATE DATABASE {plain} OWNER {plain}")
    await admin.close()
    database = Database(plain, servers.url_for(LOGIN, plain), servers.url_for(plain, plain))
    try:
        await migrate(database.owner_url)
        tenant = await make_tenant(database, "http://upwell")
        for swap in (False, True):
            rebuilt = await rebuild(database.owner_url, swap=swap)
            assert rebuilt.events == 4
            assert not rebuilt.differences
        async with as_the_service(database) as connection:
            assert await count(connection, "buckets") == 0
            await connection.execute(
                "SELECT set_config('upwell.organization_id', $1, false)", tenant.caller.organization.organization_id
            )
            assert await count(connection, "buckets") == 1
    finally:
        admin = await connect(servers.postgres_url, role=None)
        await admin.execute(f"DROP DATABASE {plain} WITH (FORCE)")
        await admin.execute(f"DROP ROLE {plain}")
        await admin.close()
