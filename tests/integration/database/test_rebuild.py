"""The read tables are what a replay of the log gives."""

import asyncio
import secrets

from adapters.postgres.database.connecting import connect
from adapters.postgres.database.rebuilding import rebuild
from application.ports.events.event_log import VersionConflictError
from domain.keys.api_key import (
    ApiKeyScopesChanged,
)
from domain.organizations.organization import OrganizationProfileChanged, OrganizationRateLimitsChanged, RateLimits
from tests.acceptance.objects.test_objects import blob_of, make, send
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Database, Tenant
from tests.contract._log import open_account, postgres_kit
from tests.contract.keys._changes import rotated, settings


async def test_a_replay_equals_the_live_tables_and_takes_their_place(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for number in range(6):
            body = secrets.token_bytes(10 + number)
            upload = await announce(client, body)
            if number % 3 == 0:
                await client.delete(f"/v1/uploads/{upload['upload_id']}")
            elif number % 3 == 1:
                await put(upload, body)
                await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        for name in ("kept", "renamed", "deleted"):
            channel = {"channel": "webhook", "configs": {"url": "http://127.0.0.1:9/", "timeout": 0.5}}
            webhook = {"webhook_name": name, "event_types": ["object.created"], "channels": [channel]}
            await client.post("/v1/organizations/webhooks", json=webhook)
        changed = {**webhook, "webhook_name": "other", "is_active": False}
        assert (await client.put("/v1/organizations/webhooks/renamed", json=changed)).is_success
        assert (await client.delete("/v1/organizations/webhooks/deleted")).is_success
        url = tenant.database.owner_url
        checked = await rebuild(url, swap=False)
        assert checked.differences == {}
        indexes = await _indexes(url)
        await rebuild(url, swap=True)
        assert await _indexes(url) == indexes
        assert (await rebuild(url, swap=False)).differences == {}
        # the service continues with the fresh tables
        body = secrets.token_bytes(99)
        upload = await announce(client, body)
        await put(upload, body)
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert confirmed.json()["status"] == "COMPLETED"


async def test_counters_holds_claims_and_quota_equal_a_replay_after_objects_came_and_went(tenant: Tenant) -> None:
    path = "/v1/buckets/files/objects"
    async with tenant.client() as client:
        uploads = [await send(client, secrets.token_bytes(20 + number)) for number in range(4)]
        made = [
            await make(client, blobs=[blob_of(upload), blob_of(uploads[0])], title=str(number), skip_duplicates=True)
            for number, upload in enumerate(uploads)
        ]
        ids = [one["object_id"] for one in made]
        inline = {"property": "text", "type": "text", "data": "a", "metadata": {"b": 1}, "key_prefix": "/c"}
        await client.put(f"{path}/{ids[0]}", json={"blobs": [inline], "key_prefix": "/d"})
        await client.patch(f"{path}/{ids[1]}", json={"title": "other", "skip_duplicates": False})
        for object_id in (ids[0], ids[2]):
            assert (await client.delete(f"{path}/{object_id}")).status_code == 204
        assert (await client.get("/v1/buckets/files")).json()["object_count"] == 2
    assert (await rebuild(tenant.database.owner_url, swap=False)).differences == {}


async def test_a_table_that_was_tampered_with_differs_from_the_replay(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await announce(client, b"x" * 10)
    connection = await connect(tenant.database.owner_url, role=None)
    change = "UPDATE upwell.quotas SET reserved_bytes = reserved_bytes + $2 WHERE organization_id = $1"
    organization_id = tenant.caller.organization.organization_id
    await connection.execute(change, organization_id, 1)
    assert (await rebuild(tenant.database.owner_url, swap=False)).differences["quotas"].rows == 2
    await connection.execute(change, organization_id, -1)
    await connection.close()


async def _indexes(url: str) -> list[str]:
    connection = await connect(url, role=None)
    rows = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE schemaname = 'upwell' ORDER BY 1")
    await connection.close()
    return [row["indexdef"] for row in rows]


async def test_a_replay_equals_what_a_group_of_requests_and_completions_has_written(database: Database) -> None:
    async with postgres_kit(database.url) as kit:
        one = await open_account(kit.log)
        accounts = [one, await open_account(kit.log, beside=one, name="Other")]
        commands = []
        for account in accounts:
            uploads = [await account.request(kit.log, declared_size_bytes=100) for _ in range(4)]
            for number, upload_id in enumerate(uploads):
                made = account.new_object(upload_id, unique_key=f"key-{number}" if number == 3 else None)
                accepts = account.accepts(sha256=f"{number}" * 64, object_id=made.stream_id)
                completion = await account.to_upload(
                    kit.log,
                    upload_id,
                    account.begins(inline=True),
                    made,
                    then=accepts,
                    stored=(uploads[0],) if number == 1 else (),
                )
                commands += [account.request_command(declared_size_bytes=7), completion]
                if number == 2:
                    commands.append(await account.to_upload(kit.log, upload_id, account.cancels()))  # comes too late
        # the first command is sent alone; those that arrive in the meantime are sent together
        first = accounts[0].request_command()
        outcomes = await asyncio.gather(*(kit.log.append(each) for each in (first, *commands)), return_exceptions=True)

    assert [type(each) for each in outcomes if not isinstance(each, int)] == [VersionConflictError] * 2, outcomes
    assert (await rebuild(database.owner_url, swap=False)).differences == {}


async def test_a_replay_gives_the_same_keys_and_organizations(database: Database) -> None:
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        await account.append_to_key(
            kit.log,
            rotated(account),
            settings(account, name="renamed", rate_limit_override=9),
            ApiKeyScopesChanged(
                origin=account.origin(), key_id=account.key_id, scopes=(), allowed_origins=("https://a.example",)
            ),
        )
        limits = RateLimits(metadata=1, data=2, search=3, upload=4, compute=5)
        await account.append(
            kit.log,
            account.organization_id,
            1,
            OrganizationRateLimitsChanged(origin=account.origin(), rate_limits=limits),
            OrganizationProfileChanged(
                origin=account.origin(), name="B", logo_url=None, billing_email=None, metadata=None
            ),
        )
        await account.revoke(kit.log)
    assert (await rebuild(database.owner_url, swap=False)).differences == {}
