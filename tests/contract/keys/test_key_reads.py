"""What `KeyReads` promises, on every adapter."""

from datetime import timedelta

import pytest

from application.ports.keys.key_reads import KeyRecord
from application.ports.objects.object_creation import ClaimTakenError
from domain.claims import (
    Claim,
)
from domain.keys.api_key import (
    ApiKeyPermissionsChanged,
    ApiKeyScopesChanged,
    Permission,
)
from tests.contract._log import Account, Kit
from tests.contract.keys._changes import NEW_HASH, rotated, settings


async def test_a_key_is_found_by_name_until_it_is_revoked_and_then_its_name_may_be_given_again(
    kit: Kit, account: Account
) -> None:
    await account.revoke(kit.log)
    assert await kit.read_side.key_by_name(account.organization_id, account.user_id, "main") is None
    second = account.key("main")
    await kit.log.append(account.command(second))
    found = await kit.read_side.key_by_name(account.organization_id, account.user_id, "main")
    assert found is not None
    assert found.key_id == second.stream_id


async def test_a_key_is_found_by_its_id_also_when_it_is_revoked(kit: Kit, account: Account) -> None:
    found = await kit.read_side.key_by_id(account.key_id)
    assert found is not None
    assert (found.key_id, found.revoked_at) == (account.key_id, None)
    await account.revoke(kit.log)
    found = await kit.read_side.key_by_id(account.key_id)
    assert found is not None
    assert found.revoked_at is not None
    assert await kit.read_side.key_by_id("key_nobody") is None


async def main_key(kit: Kit, account: Account, name: str = "main") -> KeyRecord:
    found = await kit.read_side.key_by_name(account.organization_id, account.user_id, name)
    assert found is not None
    return found


async def test_a_rotated_key_is_found_by_its_last_two_secrets(kit: Kit, account: Account) -> None:
    await account.append_to_key(kit.log, rotated(account))
    for key_hash in (account.key_hash, NEW_HASH):
        found = await kit.directory.key(key_hash)
        assert found is not None
        assert (found.key_id, found.key_hash, found.previous_key_hash) == (account.key_id, NEW_HASH, account.key_hash)
        assert found.previous_until == account.clock.now() + timedelta(hours=1)
    await account.append_to_key(kit.log, rotated(account, "d" * 64))
    assert (await main_key(kit, account)).previous_key_hash == NEW_HASH
    assert [key.key_id for key in await kit.read_side.keys(account.organization_id, account.user_id)] == [
        account.key_id
    ]


async def test_a_changed_key_is_read_with_its_current_values(kit: Kit, account: Account) -> None:
    expires_at = account.clock.now() + timedelta(days=1)
    scopes = ({"resource_type": "bucket", "resource_id": "files", "operations": None},)
    await account.append_to_key(
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


async def test_a_renamed_key_holds_its_new_name_and_releases_the_old_one(kit: Kit, account: Account) -> None:
    def claim(name: str) -> Claim:
        return Claim(scope=f"key:{account.organization_id}:{account.user_id}", key=name)

    await account.append_to_key(kit.log, settings(account, name="renamed"))
    await kit.log.append(account.command(account.key("main"), free=(claim("main"),)))
    with pytest.raises(ClaimTakenError):
        await kit.log.append(account.command(account.key("renamed"), free=(claim("renamed"),)))
    assert (await main_key(kit, account, "renamed")).key_id == account.key_id
    await account.revoke(kit.log)
    await kit.log.append(account.command(account.key("renamed"), free=(claim("renamed"),)))


async def test_all_keys_of_a_user_are_listed_newest_first_and_no_others(kit: Kit, account: Account) -> None:
    account.clock.advance(timedelta(minutes=1))
    second = account.key("second")
    await kit.log.append(account.command(second))
    await kit.log.append(account.command(account.key("elsewhere", user_id="usr_else")))
    await account.revoke(kit.log)
    keys = await kit.read_side.keys(account.organization_id, account.user_id)
    assert [key.key_id for key in keys] == [second.stream_id, account.key_id]
    assert await kit.read_side.keys("org_other", account.user_id) == []
    assert await kit.read_side.users(account.organization_id) == {account.user_id: 1, "usr_else": 1}


async def test_the_last_use_of_a_key_is_recorded(kit: Kit, account: Account) -> None:
    for _ in range(2):
        account.clock.advance(timedelta(minutes=1))
        kit.key_uses.note(account.key_id, account.clock.now())
        kit.key_uses.note("key_unknown", account.clock.now())
        await kit.flush_key_uses()
        (key,) = await kit.read_side.keys(account.organization_id, account.user_id)
        assert key.last_used_at == account.clock.now()
