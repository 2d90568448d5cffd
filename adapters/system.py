"""The machine's own clock and source of chance."""

import secrets
import string
from datetime import UTC, datetime

_ALPHABET = string.ascii_lowercase + string.digits


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)


class SystemIds:
    """Draws from the operating system's source of chance."""

    def new(self, prefix: str, length: int = 16) -> str:
        """Return `prefix` and `length` random characters of a-z and 0-9, evenly drawn."""
        number = secrets.randbits(length * 8 + 64)  # the 64 extra bits make the bias of the division immeasurable
        characters = []
        for _ in range(length):
            number, index = divmod(number, len(_ALPHABET))
            characters.append(_ALPHABET[index])
        return prefix + "".join(characters)

    def secret(self) -> str:
        """Return `sk_` and 256 bits of chance."""
        return "sk_" + secrets.token_urlsafe(32)
