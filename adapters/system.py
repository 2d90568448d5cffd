"""Random ids, from the operating system."""

import os
import secrets
import string

_ALPHABET = (string.ascii_lowercase + string.digits).encode()
# A byte below 252 maps to one of the 36 characters, 7 bytes for each; other bytes are drawn again.
_EVEN = 256 // len(_ALPHABET) * len(_ALPHABET)
_CHARACTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_UNEVEN = bytes(range(_EVEN, 256))
_DRAWN_AT_ONCE = 2048


class SystemIds:
    """Uses the operating system's random source, many characters at a time. Do not share it across a fork."""

    def __init__(self) -> None:
        self._drawn = ""
        self._next = 0

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and `length` random characters of a-z and 0-9, uniformly distributed."""
        begin = self._next
        self._next = begin + length
        while self._next > len(self._drawn):
            rest = self._drawn[begin:]
            self._drawn = rest + os.urandom(_DRAWN_AT_ONCE).translate(_CHARACTERS, _UNEVEN).decode()
            begin, self._next = 0, length
        return prefix + self._drawn[begin : self._next]

    def secret(self) -> str:
        """Return `sk_` and 256 random bits."""
        return "sk_" + secrets.token_urlsafe(32)
