"""The facts of an upload token, as events."""

from datetime import timedelta
from typing import Any

import msgspec

from domain.keys.upload_token import UploadTokenIssued, UploadTokenRenewed, UploadTokenRevoked, UploadTokenUsed
from tests.contract._log import Account

TOKEN = "utk_1"


def issued(account: Account, token_id: str = TOKEN, **changed: Any) -> UploadTokenIssued:  # noqa: ANN401  # any field values
    usual = UploadTokenIssued(
        origin=account.origin(),
        token_id=token_id,
        key_id=account.key_id,
        content_types=("image/*",),
        max_size_bytes=None,
        max_count=5,
        expires_at=account.clock.now() + timedelta(minutes=15),
        token_hash="a" * 64,
    )
    return msgspec.structs.replace(usual, **changed)


def used(account: Account, token_id: str = TOKEN, size_bytes: int | None = None) -> UploadTokenUsed:
    upload_id = account.ids.new("upl_")
    return UploadTokenUsed(origin=account.origin(), token_id=token_id, upload_id=upload_id, size_bytes=size_bytes)


def renewed(account: Account, token_id: str = TOKEN) -> UploadTokenRenewed:
    now = account.clock.now()
    return UploadTokenRenewed(
        origin=account.origin(),
        token_id=token_id,
        token_hash="b" * 64,
        expires_at=now + timedelta(hours=1),
        previous_until=now + timedelta(minutes=15),
    )


def revoked(account: Account, token_id: str = TOKEN, *, lets_open_finish: bool = False) -> UploadTokenRevoked:
    return UploadTokenRevoked(origin=account.origin(), token_id=token_id, lets_open_finish=lets_open_finish)
