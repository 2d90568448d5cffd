"""Filenames from clients, and the storage keys built from them."""

import re
from collections.abc import Callable
from urllib.parse import quote

from domain.buckets.schema import PROPERTY_NAME
from domain.refusals import InvalidInputError

MAX_LENGTH = 255
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # slashes, control characters, half characters
MAX_KEY_BYTES = 1024  # S3's limit for a key in UTF-8
MAX_SEGMENT_BYTES = 255  # the limit of a path segment on servers that store keys as paths
STORAGE_KEY = re.compile(
    r"(?P<internal_id>[^/\0]+)/(?P<namespace_id>[^/\0]+)/api_buckets_uploads_create/"
    r"(?P<upload_id>upl_[a-z0-9]{1,64})/(?P<filename>[^\0]+)",
    re.DOTALL,
)
_UNRESERVED = re.compile(r"[A-Za-z0-9/_.~-]*")  # what stands for itself in a URL
SHORTEST_NAME = 16  # the minimum of percent-encoded characters that a shortened filename keeps


def check(filename: str) -> None:
    """Refuse names that could leave a folder, hide in a terminal, or are too long. Nothing is normalised."""
    if not 1 <= len(filename) <= MAX_LENGTH:
        raise InvalidInputError(
            "invalid_filename",
            f"filename has {len(filename)} characters: send 1 to {MAX_LENGTH}.",
            {"field": "filename"},
        )
    if filename in {".", ".."} or _FORBIDDEN.search(filename):
        raise InvalidInputError(
            "invalid_filename",
            "filename is not a plain name: leave out '/', '\\' and control characters, and use neither '.' nor '..'.",
            {"field": "filename"},
        )


def stem(filename: str) -> str:
    """Return the filename without its last extension (`a.tar.gz` → `a.tar`; `.env` has none)."""
    head, dot, _ = filename.rpartition(".")
    return head if dot and head else filename


def property_from(filename: str) -> str | None:
    """Return the filename's stem if it is a valid property name."""
    name = stem(filename)
    return name if PROPERTY_NAME.fullmatch(name) else None


def storage_key(*, internal_id: str, namespace_id: str, upload_id: str, filename: str, room: int) -> str:
    """Return the key `{internal_id}/{namespace_id}/api_buckets_uploads_create/{upload_id}/{filename}`.

    `room`: the number of percent-encoded characters for the key; a longer filename is shortened, but keeps its
    extension.
    """
    folder = f"{internal_id}/{namespace_id}/api_buckets_uploads_create/{upload_id}/"
    encoded = room - _encoded_length(folder)
    utf8 = min(MAX_KEY_BYTES - len(folder.encode()), MAX_SEGMENT_BYTES)
    name = shortened(filename, lambda name: _fits(name, encoded, utf8))
    return folder + ("file" if name in {"", ".", ".."} else name)


def shortened(filename: str, fits: Callable[[str], bool]) -> str:
    """Return as much of a filename as fits: the stem is truncated, a short extension stays. '' if nothing fits."""
    if fits(filename):
        return filename
    name = stem(filename)
    extension = filename[len(name) :]
    if len(extension) > SHORTEST_NAME // 2 or not fits(extension * 2):
        name, extension = filename, ""
    low, high = 0, len(name)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(name[:middle] + extension):
            low = middle
        else:
            high = middle - 1
    return name[:low] + extension


def _fits(name: str, encoded: int, utf8: int) -> bool:
    return len(name.encode()) <= utf8 and _encoded_length(name) <= encoded


def _encoded_length(text: str) -> int:
    """Return how many characters a text has once it is percent-encoded; its slashes stay."""
    return len(text) if _UNRESERVED.fullmatch(text) else len(quote(text, safe="/-_.~"))
