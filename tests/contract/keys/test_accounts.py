"""What the read side and the directory tell of keys, organizations and tokens, on every adapter."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.postgres.database.rebuilding import rebuild
from application.ports.keys.key_reads import KeyRecord
from application.ports.objects.object_creation import ClaimTakenError
from application.ports.organizations.organization_reads import AuditQuery
from domain.claims import Claim
from domain.events.registry import decode
from domain.keys.api_key import (
    ApiKeyPermissionsChanged,
    ApiKeyRotated,
    ApiKeyScopesChanged,
    ApiKeySettingsChanged,
    Permission,
)
from domain.keys.upload_token import UploadTokenIssued, UploadTokenUsed, token_of
from domain.organizations.organization import OrganizationProfileChanged, OrganizationRateLimitsChanged, RateLimits
from domain.uploads.upload import UploadDuplicateAvoided
from tests.conftest import Database
from tests.contract._log import HASH, Account, Kit, open_account, postgres_kit

NEW_HASH = "c" * 64
AUDITED = ("api_key.created.v1", "api_key.rotated.v1", "bucket.created.v1", "namespace.created.v1")


def rotated(account: Account, key_hash: str = NEW_HASH) -> ApiKeyRotated:
    return ApiKeyRotated(
        origin=account.origin(),
        key_id=account.key_id,
        key_hash=key_hash,
        prefix="sk_new",
        previous_until=account.clock.now() + timedelta(hours=1),
    )


def settings(account: Account, **changed: Any) -> ApiKeySettingsChanged:  # noqa: ANN401  # whatever the fields take
    facts = {"name": "main", "description": "", "rate_limit_override": None, "expires_at": None}
    return ApiKeySettingsChanged(origin=account.origin(), key_id=account.key_id, **{**facts, **changed})


async def main_key(kit: Kit, account: Account, name: str = "main") -> KeyRecord:
    found = await kit.read_side.key_by_name(account.organization_id, account.user_id, name)
    assert found is not None
    return found


async def test_a_rotated_key_is_found_by_its_last_two_secrets(kit: Kit, account: Account) -> None:
    await account.tell_key(kit.log, rotated(account))
    for key_hash in (account.key_hash, NEW_HASH):
        found = await kit.directory.key(key_hash)
        assert found is not None
        assert (found.key_id, found.key_hash, found.previous_key_hash) == (account.key_id, NEW_HASH, account.key_hash)
        assert found.previous_until == account.clock.now() + timedelta(hours=1)
    await account.tell_key(kit.log, rotated(account, "d" * 64))
    assert (await main_key(kit, account)).previous_key_hash == NEW_HASH
    assert [key.key_id for key in await kit.read_side.keys(account.organization_id, account.user_id)] == [
        account.key_id
    ]


async def test_a_changed_key_is_told_as_it_is_now(kit: Kit, account: Account) -> None:
    expires_at = account.clock.now() + timedelta(days=1)
    scopes = ({"resource_type": "bucket", "resource_id": "files", "operations": None},)
    await account.tell_key(
        kit.log,
        settings(account, description="new", rate_limit_override=9, expires_at=expires_at),
        ApiKeyPermissionsChanged(origin=account.origin(), key_id=account.key_id, permissions=(Permission.READ,)),
        ApiKeyScopesChanged(
            origin=account.origin(), key_id=account.key_id, scopes=scopes, allowed_origins=("https://a.example",)
        ),
    )
    found = await main_key(kit, account)
    assert (found.description, found.rate_limit_override, found.expires_at) == ("new", 9, expires_at)
    assert (found.permissions, found.scopes, found.allowed_origins) == (
        (Permission.READ,),
        scopes,
        ("https://a.example",),
    )
    assert await kit.directory.key_by_id(account.key_id) == found


async def test_a_renamed_key_holds_its_new_name_and_lets_go_of_the_old_one(kit: Kit, account: Account) -> None:
    def claim(name: str) -> Claim:
        return Claim(scope=f"key:{account.organization_id}:{account.user_id}", key=name)

    await account.tell_key(kit.log, settings(account, name="renamed"))
    await kit.log.append(account.command(account.key("main"), free=(claim("main"),)))
    with pytest.raises(ClaimTakenError):
        await kit.log.append(account.command(account.key("renamed"), free=(claim("renamed"),)))
    assert (await main_key(kit, account, "renamed")).key_id == account.key_id
    await account.revoke(kit.log)
    await kit.log.append(account.command(account.key("renamed"), free=(claim("renamed"),)))


async def test_all_keys_of_a_user_are_told_newest_first_and_others_are_not(kit: Kit, account: Account) -> None:
    account.clock.advance(timedelta(minutes=1))
    second = account.key("second")
    await kit.log.append(account.command(second))
    await kit.log.append(account.command(account.key("elsewhere", user_id="usr_else")))
    await account.revoke(kit.log)
    keys = await kit.read_side.keys(account.organization_id, account.user_id)
    assert [key.key_id for key in keys] == [second.stream_id, account.key_id]
    assert await kit.read_side.keys("org_other", account.user_id) == []
    assert await kit.read_side.users(account.organization_id) == {account.user_id: 1, "usr_else": 1}


async def test_when_a_key_was_used_last_is_told(kit: Kit, account: Account) -> None:
    for _ in range(2):
        account.clock.advance(timedelta(minutes=1))
        kit.key_uses.note(account.key_id, account.clock.now())
        kit.key_uses.note("key_unknown", account.clock.now())
        await kit.flush_key_uses()
        (key,) = await kit.read_side.keys(account.organization_id, account.user_id)
        assert key.last_used_at == account.clock.now()


async def test_a_token_is_told_as_it_was_given_out_whatever_came_after(kit: Kit, account: Account) -> None:
    issued = UploadTokenIssued(
        origin=account.origin(),
        token_id="utk_1",
        key_id=account.key_id,
        content_types=("image/*",),
        max_size_bytes=None,
        max_count=2,
        expires_at=account.clock.now(),
    )
    used = UploadTokenUsed(origin=account.origin(), token_id="utk_1", upload_id="upl_1")
    assert await kit.directory.upload_token("utk_1") is None
    await account.append(kit.log, "utk_1", 0, issued, used)
    assert await kit.directory.upload_token("utk_1") == token_of(issued)
    assert await kit.directory.upload_token(account.key_id) is None


async def test_usage_counts_an_organizations_own_things_in_some_time(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    await other.complete(kit.log)
    await account.complete(kit.log, size_bytes=100, into_object=True)
    began = account.clock.now()
    account.clock.advance(timedelta(hours=1))
    await account.request(kit.log)
    await account.complete(kit.log, size_bytes=30, duplicate_of="upl_x")
    avoided = UploadDuplicateAvoided(origin=account.origin(), original_upload_id="upl_x", sha256=HASH, saved_bytes=7)
    await account.append(kit.log, "dup_1", 0, avoided)
    ask = kit.read_side.usage
    use = await ask(account.organization_id, start=None, end=None)
    assert (use.namespaces, use.buckets, use.objects) == (1, 1, 1)
    assert dict(use.uploads_by_status) == {"COMPLETED": 2, "PENDING": 1}
    assert (use.completed_bytes, use.duplicates_avoided, use.saved_bytes) == (100, 2, 37)
    later = await ask(account.organization_id, start=began + timedelta(seconds=1), end=None)
    assert dict(later.uploads_by_status) == {"COMPLETED": 1, "PENDING": 1}
    earlier = await ask(account.organization_id, start=began, end=began + timedelta(seconds=1))
    assert (dict(earlier.uploads_by_status), earlier.saved_bytes) == ({"COMPLETED": 1}, 0)


async def test_the_audit_log_is_an_organizations_own_newest_first_in_pages(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    began = account.clock.now()
    account.clock.advance(timedelta(hours=1))
    await account.tell_key(kit.log, rotated(account))
    await account.request(kit.log)

    async def ask(**query: Any) -> tuple[list[str], int]:  # noqa: ANN401  # whatever the fields take
        found, total = await kit.read_side.audit(account.organization_id, AuditQuery(**{"topics": AUDITED, **query}))
        return [event.topic for event in found], total

    whole, total = await ask()
    assert (whole[0], total) == ("api_key.rotated.v1", 4)
    assert sorted(whole) == sorted(AUDITED)
    assert await ask(skip=1, limit=2) == (whole[1:3], 4)
    assert await ask(topics=("bucket.created.v1",)) == (["bucket.created.v1"], 1)
    assert await ask(topics=()) == ([], 0)
    assert (await ask(resource_id=account.key_id))[1] == 2
    assert (await ask(resource_id=other.key_id))[1] == 0
    assert (await ask(actor_id=account.key_id))[1] == 4
    assert (await ask(actor_id="key_other"))[1] == 0
    assert await ask(start=began + timedelta(seconds=1)) == (["api_key.rotated.v1"], 1)
    assert (await ask(end=began + timedelta(seconds=1)))[1] == 3


async def test_a_former_billing_address_is_in_the_log_no_longer(kit: Kit, account: Account) -> None:
    async def tell(version: int, address: str | None) -> None:
        told = OrganizationProfileChanged(
            origin=account.origin(), name="Acme", logo_url=None, billing_email=address, metadata={"kept": True}
        )
        await account.append(kit.log, account.organization_id, version, told)

    async def log() -> bytes:
        return b"".join(event.state for event in await kit.log.read_feed(after=0, limit=100))

    await tell(1, "old@acme.example")
    assert b"old@acme.example" in await log()
    await tell(2, "new@acme.example")
    assert b"old@acme.example" not in await log()
    assert b"new@acme.example" in await log()
    await tell(3, None)
    assert b"@acme.example" not in await log()
    profiles = (await kit.log.read_stream(account.organization_id))[1:]
    assert [event.originator_version for event in profiles] == [2, 3, 4]
    assert all(isinstance(event := decode(one.state), OrganizationProfileChanged) for one in profiles)
    assert isinstance(event, OrganizationProfileChanged)
    assert event.metadata == {"kept": True}


async def test_a_replay_tells_the_same_of_keys_and_organizations(database: Database) -> None:
    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        await account.tell_key(
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
