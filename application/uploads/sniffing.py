"""Sniffing: the content type of a file's leading bytes, from the signatures of libmagic.

Only certain types are returned. A text may begin like another format (a note about Amiga disks with `DOS`), and random
bytes sometimes match short signatures.
"""

import functools

from pure_magic_rs import MagicDb

from domain.uploads.formats import HEAD_BYTES, begins_as, is_text

_LEAST_STRENGTH = 65  # signatures of two or three bytes are below: `MZ` has 48 to 61
_WRITTEN = frozenset(
    {"text/html", "application/xhtml+xml", "image/svg+xml", "application/pdf", "application/postscript"}
)


def recognise(head: bytes, declared: str) -> str | None:
    """Return the certain type of these leading bytes; None if unknown, or if they begin like the declared one."""
    return None if begins_as(declared, head[:HEAD_BYTES]) else sniff(head)


def sniff(head: bytes) -> str | None:
    """Return the certain content type of these leading bytes, or None."""
    if not head:
        return None
    try:
        seen = _signatures().first_magic_buffer(head[:HEAD_BYTES], None)
    except ValueError:  # it gave up on deeply nested bytes
        return None
    if seen.strength < _LEAST_STRENGTH or seen.mime_type == "application/octet-stream":
        return None
    kind = seen.mime_type.lower()
    return kind if kind in _WRITTEN or not is_text(head[:HEAD_BYTES]) else None


@functools.cache
def _signatures() -> MagicDb:
    return MagicDb()
