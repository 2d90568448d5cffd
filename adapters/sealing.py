"""Encrypts secrets in tables: AES-256-GCM, with a key derived from the server's secret.

Sealed bytes consist of one byte for the format, four for the key's id, a random nonce of twelve, and the ciphertext.
The id of the row is authenticated data, so that a value sealed for one row cannot be opened in another.
"""

import hashlib
import os
from functools import cached_property
from typing import TYPE_CHECKING, Final

from domain.keys.token_secrets import TokenSecrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_FORM) + _KEY_ID_BYTES
_PURPOSE: Final = "sealing"


class UnreadableError(Exception):
    """The value was sealed with an unknown secret or for another row, or was changed."""


class Sealer:
    """Seals with the newest of the server's secrets, and opens values that were sealed with any of them.

    `cryptography` takes 6 MB, and is loaded by the first value.
    """

    def __init__(self, secrets: TokenSecrets) -> None:
        keys = secrets.keys(_PURPOSE)
        self._keys = {_FORM + hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: key for key in reversed(keys)}
        self.newest = next(reversed(self._keys))

    @cached_property
    def _ciphers(self) -> "dict[bytes, AESGCM]":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  # see above

        return {head: AESGCM(key) for head, key in self._keys.items()}

    def seal(self, plain: bytes, *, belongs_to: str) -> bytes:
        """Return the sealed bytes; they begin with `newest`."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.newest + nonce + self._ciphers[self.newest].encrypt(nonce, plain, belongs_to.encode())

    def open(self, sealed: bytes, *, belongs_to: str) -> bytes:
        """Return the sealed value, or raise `UnreadableError`."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # as above

        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise UnreadableError(belongs_to)
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], belongs_to.encode())
        except (InvalidTag, ValueError) as error:
            raise UnreadableError(belongs_to) from error
