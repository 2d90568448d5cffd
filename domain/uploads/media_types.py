"""Content types: their syntax, their comparison, and the file types that they fit.

Syntax: RFC 9110 §8.3.1, with the extensions of browsers: Chrome's recorder sends `video/webm;codecs=vp8,opus`. A
content type is signed and stored verbatim, and compared case-insensitively.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from domain.buckets.schema import FieldType
from domain.refusals import InvalidInputError

_TCHARS = r"[A-Za-z0-9!#$%&'*+.^_`|~\-]+"
_QUOTED = r'"(?:[\x20!\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
_UNQUOTED = r"[!#-:<-\[\]-~]+"
_PATTERN = re.compile(rf"{_TCHARS}/{_TCHARS}(?:[ ]*;(?:[ ]*{_TCHARS}=(?:{_UNQUOTED}|{_QUOTED}))?)*")
MAX_LENGTH = 255
_KNOWN = 512  # content types whose syntax and kinds are kept

ANY_BYTES = "application/octet-stream"
ANY_TYPE = "*/*"
_WORD = r"[a-z0-9!#$&^_.+-]{1,127}"
_RANGE = re.compile(rf"\*/\*|{_WORD}/(\*|{_WORD})")

_SPREADSHEETS = frozenset(
    {
        "text/csv",
        "application/csv",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.macroenabled.12",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
_DOCUMENTS = frozenset(
    {
        "application/json",
        "application/x-ndjson",
        "application/xml",
        "application/rtf",
        "application/msword",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.presentation",
    }
)
_BY_TOP_LEVEL = {
    "image": FieldType.IMAGE,
    "audio": FieldType.AUDIO,
    "video": FieldType.VIDEO,
    "text": FieldType.TEXT,
}


@lru_cache(maxsize=_KNOWN)
def check_syntax(content_type: str) -> None:
    """Refuse an invalid content type."""
    if len(content_type) > MAX_LENGTH or not _PATTERN.fullmatch(content_type):
        raise InvalidInputError(
            "invalid_content_type",
            "content_type is not a MIME type: send one such as 'video/mp4' or 'text/plain; charset=utf-8'.",
            {"content_type": content_type[:MAX_LENGTH]},
        )
    if "*" in content_type and "*" in essence(content_type):  # on the path of every create: the cheap test first
        raise InvalidInputError(
            "invalid_content_type",
            f"content_type '{essence(content_type)}' is a range of types: send the type of this file, such as"
            " 'image/png', or 'application/octet-stream' if you do not know it.",
            {"content_type": content_type},
        )


def essence(content_type: str) -> str:
    """Return type and subtype in lower case, without parameters."""
    return content_type.split(";", 1)[0].strip().lower()


def parameter(content_type: str, name: str) -> str | None:
    """Return the value of a parameter, without quotes, or None."""
    for each in content_type.split(";")[1:]:
        key, _, value = each.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return None


def same(one: str, other: str) -> bool:
    """Compare two content types, ignoring case and the space around parameters."""
    return _normal(one) == _normal(other)


def media_ranges(given: Iterable[str]) -> tuple[str, ...]:
    """Return media ranges (`image/png`, `image/*`, `*/*`) in lower case, each once; refuse an invalid one."""
    known = tuple(dict.fromkeys(each.strip().lower() for each in given))
    for each in known:
        if not _RANGE.fullmatch(each):
            raise InvalidInputError(
                "invalid_content_type",
                f"'{each[:200]}' is not a content type: send one such as image/png, image/* or */*.",
                {"content_type": each[:200]},
            )
    return known


def within(content_type: str, allowed: Iterable[str]) -> bool:
    """Return whether a content type is in one of these media ranges."""
    kind = essence(content_type)
    return not {ANY_TYPE, kind, f"{kind.partition('/')[0]}/*"}.isdisjoint(allowed)


@lru_cache(maxsize=_KNOWN)
def file_types(content_type: str) -> tuple[FieldType, ...]:
    """Return the file types of a schema that this content type fits, the best one first."""
    kind = essence(content_type)
    if kind in _SPREADSHEETS:
        return (FieldType.EXCEL, FieldType.TEXT) if kind.endswith("/csv") else (FieldType.EXCEL,)
    if kind == "application/pdf":
        return (FieldType.PDF,)
    top_level = _BY_TOP_LEVEL.get(kind.partition("/")[0])
    if top_level:
        return (top_level,)
    return (FieldType.TEXT,) if kind in _DOCUMENTS or kind.endswith(("+json", "+xml")) else ()


def _normal(content_type: str) -> str:
    return re.sub(r"\s*;[\s;]*", ";", content_type.strip()).strip(";").lower()
