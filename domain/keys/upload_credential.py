"""The credential of one upload, in the answer that created it: `upload_token`, for that upload alone.

It is not stored: the server signs the ids in it. The signature does not cover the secret of the key or token that
requested the upload, so a rotation or renewal does not end it; their revocation does. The same upload always has the
same credential, so a repeated request gets it again.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.keys.token_secrets import TokenSecrets
from domain.keys.upload_token import UploadToken

PREFIX: Final = "uo_"
_PURPOSE: Final = "upload credential"
# Of the ids in it, in their order: they are left out.
_PREFIXES: Final = ("upl_", "key_", "utk_", "ns_", "bkt_")


class UploadCredential(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a credential: the upload, and the key and the upload token that requested it.

    `token_id` None: the key itself requested it. `ends_at`: in seconds since 1970; None: with the key.
    """

    upload_id: str
    key_id: str
    token_id: str | None
    namespace_id: str
    bucket_id: str
    ends_at: int | None


def credential_of(
    upload_id: str, *, key_id: str, token: UploadToken | None, namespace_id: str, bucket_id: str, created_at: datetime
) -> UploadCredential:
    """Return the credential of an upload that a key, or a token of it, has requested."""
    ends_at = None
    if token is not None:
        ends_at = int((created_at + timedelta(seconds=token.upload_lifetime_seconds)).timestamp())
    return UploadCredential(
        upload_id=upload_id,
        key_id=key_id,
        token_id=None if token is None else token.token_id,
        namespace_id=namespace_id,
        bucket_id=bucket_id,
        ends_at=ends_at,
    )


def credential_secret(credential: UploadCredential, secrets: TokenSecrets) -> str:
    """Return the signed credential: about 140 characters, safe in URLs."""
    c = credential
    end = "" if c.ends_at is None else f"{c.ends_at:x}"
    payload = f"{c.upload_id[4:]}.{c.key_id[4:]}.{(c.token_id or '')[4:]}.{c.namespace_id[3:]}.{c.bucket_id[4:]}.{end}"
    signature = urlsafe_b64encode(secrets.sign(_PURPOSE, payload.encode())).rstrip(b"=").decode()
    return f"{PREFIX}{payload}.{signature}"


def credential_in(secret: str, secrets: TokenSecrets) -> UploadCredential | None:
    """Return the credential, if the server has signed it."""
    payload, _, signature = secret.removeprefix(PREFIX).rpartition(".")
    try:
        signed = secrets.signed(_PURPOSE, payload.encode(), urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
        *parts, end = payload.split(".")
        upload_id, key_id, token_id, namespace_id, bucket_id = (
            prefix + part for prefix, part in zip(_PREFIXES, parts, strict=True)
        )
        ends_at = int(end, 16) if end else None
    except ValueError:  # of any part
        return None
    if not signed:
        return None
    return UploadCredential(
        upload_id=upload_id,
        key_id=key_id,
        token_id=token_id if parts[2] else None,
        namespace_id=namespace_id,
        bucket_id=bucket_id,
        ends_at=ends_at,
    )
