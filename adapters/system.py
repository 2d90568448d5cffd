"""The machine's own clock and source of chance."""

import os
import secrets
import string
from datetime import UTC, datetime

_ALPHABET = (string.ascii_lowercase + string.digits).encode()
# A byte below 252 stands for one of the 36 characters, each for 7 bytes; the others are drawn again.
_EVEN = 256 // len(_ALPHABET) * len(_ALPHABET)
_CHARACTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_UNEVEN = bytes(range(_EVEN, 256))


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)


class SystemIds:
    """Draws from the operating system's source of chance."""

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and `length` random characters of a-z and 0-9, evenly drawn."""
        drawn = b""
        while len(drawn) < length:
            drawn += os.urandom(length + 8).translate(_CHARACTERS, _UNEVEN)
        return prefix + drawn[:length].decode()

    def secret(self) -> str:
        """Return `sk_` and 256 bits of chance."""
        return "sk_" + secrets.token_urlsafe(32)
