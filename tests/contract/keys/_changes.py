"""Changes of a key, as events."""

from datetime import timedelta
from typing import Any

from domain.keys.api_key import (
    ApiKeyRotated,
    ApiKeySettingsChanged,
)
from tests.contract._log import Account

NEW_HASH = "c" * 64


def rotated(account: Account, key_hash: str = NEW_HASH) -> ApiKeyRotated:
    return ApiKeyRotated(
        origin=account.origin(),
        key_id=account.key_id,
        key_hash=key_hash,
        prefix="sk_new",
        previous_until=account.clock.now() + timedelta(hours=1),
    )


def settings(account: Account, **changed: Any) -> ApiKeySettingsChanged:  # noqa: ANN401  # any field values
    facts = {"name": "main", "description": "", "rate_limit_override": None, "expires_at": None}
    return ApiKeySettingsChanged(origin=account.origin(), key_id=account.key_id, **{**facts, **changed})
