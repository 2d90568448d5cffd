"""Signing as Standard Webhooks say, and when to try again.

The specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

SECRET_PREFIX = "whsec_"  # noqa: S105  # how every one of them begins
GIVE_UP_AFTER = timedelta(days=3)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=6)
_FIRST_REST = timedelta(seconds=1)
_LONGEST_REST = timedelta(minutes=5)
_JITTER = 0.2
_MAX_DOUBLINGS = 20


def webhook_secret(chance: str) -> str:
    """Return a signing secret of 32 bytes, made of a text with as much chance in it."""
    return SECRET_PREFIX + base64.b64encode(hashlib.sha256(chance.encode()).digest()).decode()


def webhook_headers(message_id: str, at: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return the headers that prove a body: a signature for each secret, the newest first."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = (
        hmac.digest(base64.b64decode(secret.removeprefix(SECRET_PREFIX)), content, hashlib.sha256) for secret in secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }


def pause_after(attempts: int, message_id: str) -> timedelta:
    """Return how long to wait with a message after so many attempts: 5 s, 10 s, … 6 h, each a little more or less."""
    return _jittered(_doubled(_FIRST_PAUSE, attempts, _LONGEST_PAUSE), f"{message_id}:{attempts}")


def rest_after(failures: int, webhook_id: str) -> timedelta:
    """Return how long to leave an address alone that has failed so often in a row: 1 s, 2 s, … 5 minutes."""
    return _jittered(_doubled(_FIRST_REST, failures, _LONGEST_REST), f"{webhook_id}:{failures}")


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * float(2 ** min(max(times - 1, 0), _MAX_DOUBLINGS)), longest)


def _jittered(pause: timedelta, what: str) -> timedelta:
    """Spread what would come at once. The same thing is spread in the same way each time: no chance is needed."""
    drawn = int.from_bytes(hashlib.blake2b(what.encode(), digest_size=4).digest(), "big") / 2**32
    return pause * (1 - _JITTER + 2 * _JITTER * drawn)
