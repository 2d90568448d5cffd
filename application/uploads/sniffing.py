"""Sniffing: what the leading bytes of a file say that it is. The signatures are libmagic's, read by a library.

Only what is certain is told. A text may begin as anything (a note on Amiga disks with `DOS`), and short signatures are
found in random bytes now and then.
"""

import functools

from pure_magic_rs import MagicDb

from domain.uploads.formats import HEAD_BYTES, begins_as, is_text

_LEAST_STRENGTH = 65  # below it are signatures of two or three bytes: `MZ` alone has 48 to 61
_WRITTEN = frozenset(
    {"text/html", "application/xhtml+xml", "image/svg+xml", "application/pdf", "application/postscript"}
)


def recognise(head: bytes, declared: str) -> str | None:
    """Return the content type that these leading bytes certainly have, None if they tell none, or begin as declared."""
    return None if begins_as(declared, head[:HEAD_BYTES]) else sniff(head)


def sniff(head: bytes) -> str | None:
    """Return the content type that these leading bytes certainly have; None if they tell none."""
    if not head:
        return None
    try:
        seen = _signatures().first_magic_buffer(head[:HEAD_BYTES], None)
    except ValueError:  # it gave up on bytes that are nested too deeply
        return None
    if seen.strength < _LEAST_STRENGTH or seen.mime_type == "application/octet-stream":
        return None
    kind = seen.mime_type.lower()
    return kind if kind in _WRITTEN or not is_text(head[:HEAD_BYTES]) else None


@functools.cache
def _signatures() -> MagicDb:
    return MagicDb()
