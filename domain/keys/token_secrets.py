"""The server's own secrets, and the keys derived from them.

Tokens of which nothing is stored are signed with them, and what must stay secret in tables is encrypted under them.
They come from the environment and stand in no event, log, answer or table, so that nobody makes a credential out of
what can be read there.
"""

import hashlib
import hmac
from collections.abc import Sequence


class TokenSecrets:
    """The server's secrets, newest first. The newest one signs and encrypts; the others are still accepted."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed")
        self._secrets = tuple(secret.encode() for secret in secrets)

    def __repr__(self) -> str:
        """Return how many there are, and nothing of what they are."""
        return f"{type(self).__name__}({len(self._secrets)})"

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Return keys of 32 bytes for one purpose, newest first. From one key no other follows, nor a secret."""
        return tuple(hmac.digest(secret, f"upwell {purpose}".encode(), hashlib.sha256) for secret in self._secrets)

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a signature of 32 bytes that counts for this purpose alone."""
        return _signature(self.keys(purpose)[0], message)

    def signed(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Say whether one of the secrets made this signature."""
        return any(hmac.compare_digest(signature, _signature(key, message)) for key in self.keys(purpose))


def _signature(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)
