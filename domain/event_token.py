"""Tokens for reading events where no header can be sent, as by a browser's EventSource.

A token is not stored: it names its key, and is signed with what is stored of the key's secret. So it is worth nothing
once the key is revoked, rotated or expired, and every process can tell.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

import msgspec

PREFIX = "et_"
MIN_SECONDS = 60
MAX_SECONDS = 3600
USUAL_SECONDS = 900


class EventToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is for: events that the key may see, of one namespace if it names one, until it expires."""

    key_id: str
    namespace_id: str | None = None
    expires_at: datetime


def secret_of(token: EventToken, key_hash: str) -> str:
    """Return the token as it is given out. `key_hash`: 64 hex digits."""
    payload = msgspec.json.encode(token)
    return f"{PREFIX}{_text(payload)}.{_text(_signature(payload, key_hash))}"


def key_id_in(secret: str) -> str | None:
    """Return the key that a token says it is of, before anything is proved; None: it is no token."""
    parts = _parts(secret)
    return None if parts is None else parts[0].key_id


def token_in(secret: str, key_hash: str) -> EventToken | None:
    """Return what a token is for, if it was signed for this key."""
    parts = _parts(secret)
    if parts is None:
        return None
    token, payload, signature = parts
    return token if hmac.compare_digest(signature, _signature(payload, key_hash)) else None


def _parts(secret: str) -> tuple[EventToken, bytes, bytes] | None:
    try:
        payload, signature = (_bytes(each) for each in secret.removeprefix(PREFIX).split("."))
        token = msgspec.json.decode(payload, type=EventToken)
    except (ValueError, msgspec.MsgspecError):
        return None
    return token, payload, signature


def _signature(payload: bytes, key_hash: str) -> bytes:
    return hmac.digest(key_hash.encode(), b"upwell event token\n" + payload, hashlib.sha256)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
