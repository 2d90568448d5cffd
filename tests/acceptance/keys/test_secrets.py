"""Secrets, on real servers: no answer, event or table that others read contains a usable credential."""

from datetime import timedelta

import httpx
import msgspec
import pytest

from adapters.postgres.database.connecting import connect
from application.keys.callers import hash_of
from domain.keys.event_token import EventToken, event_token_secret
from domain.keys.token_secrets import TokenSecrets
from tests.acceptance.keys.test_api_keys import KEYS, code, holder, make_key
from tests.acceptance.processes.test_serving import run
from tests.conftest import Servers, Service, Tenant, environment_for, make_database

AUDIT = "/v1/organizations/audit/logs"


async def test_a_revoked_admin_can_do_nothing_with_the_listing_of_keys(tenant: Tenant) -> None:
    admin, victim = await make_key(tenant, "admin", permissions=["admin"]), await make_key(tenant, "victim")
    async with holder(tenant, admin["key"]) as client:
        listed = {each["key_id"]: each for each in (await client.get(KEYS)).json()["results"]}
    entry = listed[victim["key_id"]]
    async with tenant.client() as client:
        await client.delete(f"{KEYS}/admin")
    assert entry["key_hash"] != hash_of(victim["key"])
    assert len(entry["key_hash"]) == 64
    expires_at = tenant.caller.key.created_at + timedelta(days=1)
    async with httpx.AsyncClient(base_url=tenant.url) as page:
        for known in (entry["key_hash"], hash_of(victim["key"])):
            for far in (expires_at, expires_at.replace(year=9999)):
                token = EventToken(token_id="etk_1", key_id=victim["key_id"], expires_at=far)
                forged = [event_token_secret(token, known, TokenSecrets([known])), _of_before(token, known)]
                for secret in (*forged, known, f"sk_{known}"):
                    answer = await page.get("/v1/events", headers={"Authorization": f"Bearer {secret}"})
                    assert answer.status_code == 401, secret


def _of_before(token: EventToken, key_hash: str) -> str:
    """Return a token in its former form: signed with the stored hash of its key."""
    import hashlib  # noqa: PLC0415  # only here
    import hmac  # noqa: PLC0415  # only here
    from base64 import urlsafe_b64encode  # noqa: PLC0415  # only here

    payload = msgspec.json.encode(
        {"key_id": token.key_id, "namespace_id": None, "expires_at": token.expires_at.isoformat()}
    )
    signature = hmac.digest(key_hash.encode(), b"upwell event token\n" + payload, hashlib.sha256)
    return "et_" + ".".join(urlsafe_b64encode(each).rstrip(b"=").decode() for each in (payload, signature))


async def test_issued_tokens_and_listings_of_keys_are_in_the_audit_log(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await client.get(KEYS)
        event_token = (await client.post("/v1/events/tokens", json={})).json()
        upload_token = (await client.post("/v1/upload-tokens", json={"bucket": "files"})).json()
        found = (await client.get(AUDIT, params={"resource_type": "api_key", "limit": 3})).json()["results"]

    assert [each["action"] for each in found] == ["upload_token_issued", "event_token_issued", "api_keys_listed"]
    assert {each["actor_id"] for each in found} == {tenant.caller.key.key_id}
    assert found[0]["resource_id"] == upload_token["token_id"]
    assert found[1]["changes"]["expires_at"] == event_token["expires_at"]
    assert "token_hash" not in found[0]["changes"]


async def test_no_secret_stands_in_the_log_or_in_a_table(tenant: Tenant) -> None:
    """A reader of the whole database finds nothing that opens anything."""
    key = await make_key(tenant, "other", permissions=["read", "write"])
    async with holder(tenant, key["key"]) as client, tenant.client() as admin:
        asked = {"url": "http://127.0.0.1:9/", "headers": {"Authorization": "Bearer keep-me-hidden"}}
        channel = {"channel": "webhook", "configs": asked}
        hook = {"webhook_name": "a", "event_types": ["object.created"], "channels": [channel]}
        webhook = (await admin.post("/v1/organizations/webhooks/", json=hook)).json()
        event_token = (await client.post("/v1/events/tokens", json={})).json()["token"]
        upload_token = (await client.post("/v1/upload-tokens", json={"bucket": "files"})).json()["token"]
    opening = (
        *(key["key"], event_token, event_token.rpartition(".")[2], upload_token, upload_token.rpartition(".")[2]),
        *(webhook["secret"], "keep-me-hidden"),
    )

    owner = await connect(tenant.database.owner_url, role=None)
    tables = await owner.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = 'upwell'")
    for (table,) in tables:
        kept = await owner.fetch(
            f"SELECT t::text AS row FROM upwell.{table} t WHERE t::text LIKE ANY ($1)",  # noqa: S608  # a fixed name
            [f"%{secret}%" for secret in opening],
        )
        assert not kept, table
    states = await owner.fetch("SELECT convert_from(state, 'UTF8') AS state FROM upwell.upwell_events")
    await owner.close()
    assert not [each for each in states if any(secret in each["state"] for secret in opening)]


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_without_a_secret_of_the_server_nothing_is_served(servers: Servers, command: str) -> None:
    database = await make_database(servers)
    environment = environment_for(servers, database)
    del environment["UPWELL_TOKEN_SECRETS"]
    process = run(environment, command)
    assert process.returncode == 2
    assert "UPWELL_TOKEN_SECRETS is not set." in process.stderr
    assert "openssl rand -hex 32" in process.stderr
    assert "Traceback" not in process.stderr


async def test_an_event_token_ends_with_a_revocation_of_its_key(service: Service, tenant: Tenant) -> None:  # noqa: ARG001  # the service of the tenant
    key = await make_key(tenant, "short", permissions=["read"])
    async with holder(tenant, key["key"]) as client:
        token = (await client.post("/v1/events/tokens", json={})).json()["token"]
    async with httpx.AsyncClient(base_url=tenant.url) as page, tenant.client() as client:
        assert (await page.get(f"/v1/events?token={token}")).status_code == 200
        await client.delete(f"{KEYS}/short")
        while (answer := await page.get(f"/v1/events?token={token}")).status_code == 200:
            pass
        assert code(answer) == (401, "key_revoked")
