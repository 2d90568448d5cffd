"""Files that are sent by a form: one POST to storage, which bounds their size even where nobody declared it.

Limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

import re
from collections.abc import Iterable

from domain.refusals import ForbiddenError, InvalidInputError
from domain.uploads.parts import SINGLE_PUT_LIMIT_BYTES, Multipart

POST_LIMIT_BYTES = SINGLE_PUT_LIMIT_BYTES
_UNPLAIN = re.compile(r"[^A-Za-z0-9._-]")


def check_post(multipart: Multipart, size_bytes: int | None, part_size: int | None) -> None:
    """Refuse a file that a single POST cannot carry. `part_size`: the client's wish."""
    if multipart is Multipart.ALWAYS or part_size is not None:
        raise InvalidInputError(
            "post_has_no_parts",
            "method=post sends the file in a single request, so it cannot have parts: leave out multipart=always and"
            " part_size, or method=post.",
            {"field": "method"},
        )
    if size_bytes is not None and size_bytes > POST_LIMIT_BYTES:
        raise InvalidInputError(
            "needs_multipart",
            "The file is too large for a single POST to S3, at most 5 GiB: leave out method=post.",
            {"file_size_bytes": size_bytes, "limit_bytes": POST_LIMIT_BYTES},
        )


def post_range(size_bytes: int | None, *, least: int | None, limits: Iterable[int | None]) -> tuple[int, int]:
    """Return the least and the most bytes that storage accepts: a declared size exactly.

    `limits`: all that apply, besides that of S3; None: no limit.
    """
    if size_bytes is not None:
        return size_bytes, size_bytes
    low, high = least or 0, min([POST_LIMIT_BYTES, *(limit for limit in limits if limit is not None)])
    if low > high:
        raise ForbiddenError(
            "file_too_large",
            f"The bucket accepts files of at least {low} bytes, but at most {high} are allowed here: use another"
            " bucket.",
            {"file_size_bytes": None, "limit_bytes": high},
        )
    return low, high


def plain_name(filename: str) -> str:
    """Return a filename in which no storage replaces or misreads a character of the key: `a$b.png` → `a_b.png`.

    Storage replaces `${filename}` in the key of a form, and some servers compare only keys in plain ASCII with the
    policy.
    """
    return _UNPLAIN.sub("_", filename)
