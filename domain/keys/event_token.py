"""Tokens for reading events without a header, as in a browser's EventSource.

A token is not stored: it contains the id of its key, and the server signs it. The signature covers the hash of the
key's secret, so that a token becomes invalid when its key is revoked or expires, or when that secret ends.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.events.event import Event
from domain.keys.token_secrets import TokenSecrets

PREFIX = "et_"
MIN_SECONDS = 60
MAX_SECONDS = 3600
USUAL_SECONDS = 900
# The tolerated clock difference between the issuing and the checking process.
LEEWAY: Final = timedelta(seconds=60)
_PURPOSE: Final = "event token"


class EventTokenIssued(Event, frozen=True, omit_defaults=True, tag="event_token.issued.v1"):
    """A token for reading events was issued: the key's events, of one namespace if it names one.

    `bucket_id`, `types`, `subject`, `upload_id`: as in `EventToken`.
    """

    token_id: str
    key_id: str
    namespace_id: str | None
    expires_at: datetime
    bucket_id: str | None = None
    types: tuple[str, ...] = ()
    subject: str | None = None
    upload_id: str | None = None


class EventToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of a token: it reads the key's events, of one namespace if it names one, until it expires.

    `bucket_id`: only events of this bucket. `types`: only events of these types (see `tags_named`). `subject`: only
    those of uploads that were requested with upload tokens for this subject. `upload_id`: only those of this upload.
    """

    token_id: str
    key_id: str
    namespace_id: str | None = None
    expires_at: datetime
    bucket_id: str | None = None
    types: tuple[str, ...] = ()
    subject: str | None = None
    upload_id: str | None = None

    @property
    def is_about_uploads(self) -> bool:
        """Whether it reads the events of some uploads only: then it sees nothing about others in them."""
        return self.subject is not None or self.upload_id is not None

    def may_have_been_issued(self, now: datetime) -> bool:
        """Return whether its remaining lifetime is not longer than the maximum at issue."""
        return self.expires_at <= now + timedelta(seconds=MAX_SECONDS) + LEEWAY


def event_token_secret(token: EventToken, key_hash: str, secrets: TokenSecrets) -> str:
    """Return the signed token. `key_hash`: of the secret of its key."""
    payload = msgspec.json.encode(token)
    return f"{PREFIX}{_text(payload)}.{_text(secrets.sign(_PURPOSE, _signed(payload, key_hash)))}"


def key_id_in(secret: str) -> str | None:
    """Return the unverified key id of a token; None: not a token."""
    parts = _parts(secret)
    return None if parts is None else parts[0].key_id


def token_in(secret: str, key_hashes: Iterable[str], secrets: TokenSecrets) -> EventToken | None:
    """Return the token if the server signed it for a key with one of these hashes."""
    parts = _parts(secret)
    if parts is None:
        return None
    token, payload, signature = parts
    ours = any(secrets.signed(_PURPOSE, _signed(payload, each), signature) for each in key_hashes)
    return token if ours else None


def _signed(payload: bytes, key_hash: str) -> bytes:
    return payload + b"\n" + key_hash.encode()


def _parts(secret: str) -> tuple[EventToken, bytes, bytes] | None:
    try:
        payload, signature = (_bytes(each) for each in secret.removeprefix(PREFIX).split("."))
        token = msgspec.json.decode(payload, type=EventToken)
    except (ValueError, msgspec.MsgspecError):
        return None
    return token, payload, signature


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
