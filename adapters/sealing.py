"""Encrypts secrets in tables: AES-256-GCM, with a key derived from the server's secret.

Sealed bytes consist of one byte for the format, four for the key's id, a random nonce of twelve, and the ciphertext.
The id of the row is authenticated data, so that a value sealed for one row cannot be opened in another.
"""

import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.keys.token_secrets import TokenSecrets

_FORM: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_FORM) + _KEY_ID_BYTES
_PURPOSE: Final = "sealing"


class UnreadableError(Exception):
    """The value was sealed with an unknown secret or for another row, or was changed."""


class Sealer:
    """Seals with the newest of the server's secrets, and opens values that were sealed with any of them."""

    def __init__(self, secrets: TokenSecrets) -> None:
        keys = secrets.keys(_PURPOSE)
        self._ciphers = {_FORM + hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: AESGCM(key) for key in reversed(keys)}
        self.newest = next(reversed(self._ciphers))

    def seal(self, plain: bytes, *, belongs_to: str) -> bytes:
        """Return the sealed bytes; they begin with `newest`."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.newest + nonce + self._ciphers[self.newest].encrypt(nonce, plain, belongs_to.encode())

    def open(self, sealed: bytes, *, belongs_to: str) -> bytes:
        """Return the sealed value, or raise `UnreadableError`."""
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise UnreadableError(belongs_to)
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], belongs_to.encode())
        except (InvalidTag, ValueError) as error:
            raise UnreadableError(belongs_to) from error
