"""Signatures according to Standard Webhooks, and the delays between attempts.

The specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

SECRET_PREFIX = "whsec_"  # noqa: S105  # the prefix of every secret
GIVE_UP_AFTER = timedelta(days=3)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=6)
_FIRST_REST = timedelta(seconds=1)
_LONGEST_REST = timedelta(minutes=5)
_JITTER = 0.2
_MAX_DOUBLINGS = 20


def webhook_secret(chance: str) -> str:
    """Return a signing secret of 32 bytes, derived from a random text with as much entropy."""
    return SECRET_PREFIX + base64.b64encode(hashlib.sha256(chance.encode()).digest()).decode()


def webhook_headers(message_id: str, at: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return the headers that authenticate a body: a signature for each secret, the newest first."""
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
    """Return the delay of a message after this many attempts: 5 s, 10 s, … 6 h, with jitter."""
    return _jittered(_doubled(_FIRST_PAUSE, attempts, _LONGEST_PAUSE), f"{message_id}:{attempts}")


def rest_after(failures: int, webhook_id: str) -> timedelta:
    """Return the pause of a webhook after this many consecutive failures: 1 s, 2 s, … 5 minutes."""
    return _jittered(_doubled(_FIRST_REST, failures, _LONGEST_REST), f"{webhook_id}:{failures}")


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * float(2 ** min(max(times - 1, 0), _MAX_DOUBLINGS)), longest)


def _jittered(pause: timedelta, what: str) -> timedelta:
    """Add jitter, derived from the id, so that no randomness is needed."""
    drawn = int.from_bytes(hashlib.blake2b(what.encode(), digest_size=4).digest(), "big") / 2**32
    return pause * (1 - _JITTER + 2 * _JITTER * drawn)
