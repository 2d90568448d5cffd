"""The server's own secrets, and the keys derived from them.

They sign stateless tokens, and encrypt secrets in tables. They come from the environment, and are in no event, log,
response or table, so that none of these can be used to forge a credential.
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
        self._keys: dict[str, tuple[bytes, ...]] = {}  # by purpose, of which there are few

    def __repr__(self) -> str:
        """Return the number of secrets, without their values."""
        return f"{type(self).__name__}({len(self._secrets)})"

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Return keys of 32 bytes for one purpose, newest first. A key reveals no other key and no secret."""
        keys = self._keys.get(purpose)
        if keys is None:
            message = f"upwell {purpose}".encode()
            keys = tuple([hmac.digest(secret, message, hashlib.sha256) for secret in self._secrets])
            self._keys[purpose] = keys
        return keys

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a signature of 32 bytes that is valid only for this purpose."""
        return _signature(self.keys(purpose)[0], message)

    def signed(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Return whether one of the secrets made this signature."""
        return any(hmac.compare_digest(signature, _signature(key, message)) for key in self.keys(purpose))


def _signature(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)
