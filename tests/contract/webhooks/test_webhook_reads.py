"""What `WebhookReads` promises, on every adapter."""

from datetime import timedelta

import msgspec
import pytest

from application.ports.objects.object_creation import ClaimTakenError
from application.ports.webhooks.webhook_reads import WebhookRecord
from domain.claims import Claim, webhook_name_claim
from domain.keys.api_key import ApiKeyRevoked, Permission
from domain.webhooks.webhook import (
    DisabledReason,
    StoppedReason,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookSecretRotated,
    WebhookSettings,
    WebhookUpdated,
)
from tests.contract._log import open_account
from tests.contract.webhooks._desk import Desk


async def test_the_read_side_follows_a_webhook_from_its_making_to_its_end(desk: Desk) -> None:
    log, account, read_side = desk.kit.log, desk.account, desk.kit.read_side
    organization_id = account.organization_id
    await desk.make("wh_1", name="warehouse", header_names=("X-Team",), timeout_seconds=2.5)
    made = await read_side.webhook(organization_id, "warehouse")
    assert made is not None
    assert made.settings.header_names == ("X-Team",)
    assert made.settings.timeout_seconds == 2.5
    assert await read_side.webhook(organization_id, "wh_1") == made

    at = account.clock.advance(timedelta(minutes=1))
    disabled = WebhookDisabled(origin=account.origin(), webhook_id="wh_1", reason=DisabledReason.FAILING)
    await account.append(log, "wh_1", 1, disabled)
    off = await read_side.webhook(organization_id, "wh_1")
    assert off is not None
    assert (off.settings, off.disabled_reason, off.updated_at) == (
        msgspec.structs.replace(made.settings, is_active=False),
        DisabledReason.FAILING,
        at,
    )
    assert await read_side.listening_webhooks([organization_id]) == []

    await account.append(log, "wh_1", 2, WebhookSecretRotated(origin=account.origin(), webhook_id="wh_1"))
    renamed = msgspec.structs.replace(made.settings, name="store")
    await account.append(log, "wh_1", 3, WebhookUpdated(origin=account.origin(), webhook_id="wh_1", settings=renamed))
    on = await read_side.webhook(organization_id, "store")
    assert on is not None
    assert (on.settings, on.disabled_reason, on.position) == (renamed, None, made.position)
    assert await read_side.listening_webhooks([organization_id]) == [on]
    assert await read_side.webhook(organization_id, "warehouse") is None

    await account.append(log, "wh_1", 4, WebhookDeleted(origin=account.origin(), webhook_id="wh_1"))
    assert await read_side.webhooks(organization_id) == []
    assert await read_side.claim_owner(webhook_name_claim(organization_id, "store")) is None


async def test_webhooks_are_listed_newest_first_and_for_their_organization(desk: Desk) -> None:
    other = await open_account(desk.kit.log, beside=desk.account, name="Other")
    await desk.make("wh_1")
    await desk.make("wh_2")
    await desk.make("wh_3", other)
    found = await desk.kit.read_side.webhooks(desk.account.organization_id)
    assert [each.webhook_id for each in found] == ["wh_2", "wh_1"]
    assert await desk.kit.read_side.webhook(desk.account.organization_id, "wh_3") is None
    changed = await desk.kit.read_side.changed_webhooks([other.organization_id])
    head = await desk.kit.log.head()
    assert [position for _, position in changed] == sorted(position for _, position in changed)
    assert all(webhook.position <= position <= head for webhook, position in changed)
    assert {webhook.organization_id for webhook, _ in changed} == {other.organization_id}
    assert len(await desk.kit.read_side.changed_webhooks(None)) > len(changed)
    listening = await desk.kit.read_side.listening_webhooks([other.organization_id])
    assert [each.webhook_id for each in listening] == ["wh_3"]


async def test_a_name_is_given_once(desk: Desk) -> None:
    await desk.make("wh_1", name="warehouse")
    created = WebhookCreated(
        origin=desk.account.origin(),
        webhook_id="wh_2",
        settings=WebhookSettings(name="warehouse", url="https://hooks.example.invalid/", event_types=("upload.*",)),
    )
    claim = Claim(scope=f"webhook:{desk.account.organization_id}", key="warehouse")
    with pytest.raises(ClaimTakenError):
        await desk.account.append(desk.kit.log, "wh_2", 0, created, free=(claim,))


async def test_a_webhook_comes_with_what_has_become_of_its_key(desk: Desk) -> None:
    await desk.make("wh_1")
    webhook = await found(desk)
    assert webhook.key_id == desk.account.key_id
    assert webhook.key is not None
    assert (webhook.key.permissions, webhook.key.revoked_at) == (tuple(Permission), None)

    revoked = ApiKeyRevoked(origin=desk.account.origin(), key_id=desk.account.key_id)
    await desk.account.append_to_key(desk.kit.log, revoked, key_id=None)

    webhook = await found(desk)
    assert webhook.key is not None
    assert webhook.key.revoked_at == desk.account.clock.now()
    (listening,) = await desk.kit.read_side.listening_webhooks({desk.account.organization_id})
    (listed,) = await desk.kit.read_side.webhooks(desk.account.organization_id)
    assert listening == listed == webhook
    assert webhook.stopped(desk.account.clock.now()) is StoppedReason.KEY_REVOKED


async def found(desk: Desk) -> WebhookRecord:
    webhook = await desk.kit.read_side.webhook(desk.account.organization_id, "wh_1")
    assert webhook is not None
    return webhook
