"""Content rules: the types and sizes of files that a bucket accepts, and the effect of a contradicted type."""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.refusals import ForbiddenError, InvalidInputError
from domain.uploads import media_types

MAX_CONTENT_TYPES = 100
MAX_BYTES = 2**63 - 1
_Bytes = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MAX_BYTES})]  # refused by `checked`


class ContentCheck(enum.StrEnum):
    """The effect of leading bytes that contradict the content type: a note on the upload, or its failure."""

    WARN = "warn"
    STRICT = "strict"


class ContentRules(msgspec.Struct, frozen=True, kw_only=True):
    """The files that a bucket accepts.

    `allowed_content_types`: `image/png`, `image/*`; empty: any. The sizes are in bytes, inclusive; null: only the
    tier's limit.
    """

    content_check: ContentCheck = ContentCheck.WARN
    allowed_content_types: Annotated[tuple[str, ...], Meta(extra_json_schema={"maxItems": MAX_CONTENT_TYPES})] = ()
    min_file_size_bytes: _Bytes | None = None
    max_file_size_bytes: _Bytes | None = None


ANY_CONTENT = ContentRules()


def checked(rules: ContentRules) -> ContentRules:
    """Return the rules with their content types in lower case, each once; refuse rules that no file can match."""
    if rules == ANY_CONTENT:
        return ANY_CONTENT  # this identical value is omitted in events
    types = media_types.media_ranges(rules.allowed_content_types)
    if len(types) > MAX_CONTENT_TYPES:
        raise InvalidInputError(
            "invalid_content_rules",
            f"allowed_content_types is too long: send at most {MAX_CONTENT_TYPES} content types.",
            {"field": "allowed_content_types"},
        )
    least, most = rules.min_file_size_bytes, rules.max_file_size_bytes
    if any(size is not None and not 0 <= size <= MAX_BYTES for size in (least, most)):
        raise InvalidInputError(
            "invalid_content_rules",
            f"min_file_size_bytes or max_file_size_bytes is out of range: send a number from 0 to {MAX_BYTES}.",
            {"min_file_size_bytes": least, "max_file_size_bytes": most},
        )
    if least is not None and most is not None and least > most:
        raise InvalidInputError(
            "invalid_content_rules",
            "min_file_size_bytes is above max_file_size_bytes: lower the first, or raise the second.",
            {"min_file_size_bytes": least, "max_file_size_bytes": most},
        )
    return msgspec.structs.replace(rules, allowed_content_types=types)


def check_file(rules: ContentRules, *, content_type: str, size_bytes: int | None) -> None:
    """Refuse a file that the bucket does not accept, by its declared size, then by its content type."""
    details = {"file_size_bytes": size_bytes}
    if size_bytes is not None and size_bytes < (rules.min_file_size_bytes or 0):
        raise ForbiddenError(
            "file_too_small",
            f"The bucket accepts files of at least {rules.min_file_size_bytes} bytes, but this one has {size_bytes}:"
            " send a larger file, or use another bucket.",
            {**details, "limit_bytes": rules.min_file_size_bytes},
        )
    if size_bytes is not None and rules.max_file_size_bytes is not None and size_bytes > rules.max_file_size_bytes:
        raise ForbiddenError(
            "file_too_large",
            f"The bucket accepts files of up to {rules.max_file_size_bytes} bytes, but this one has {size_bytes}: send"
            " a smaller file, or use another bucket.",
            {**details, "limit_bytes": rules.max_file_size_bytes},
        )
    if rules.allowed_content_types and not media_types.within(content_type, rules.allowed_content_types):
        raise ForbiddenError(
            "content_type_not_allowed",
            f"The bucket does not accept {content_type}: send a file of one of the types"
            f" {', '.join(rules.allowed_content_types)}.",
            {"content_type": content_type, "allowed_content_types": list(rules.allowed_content_types)},
        )
