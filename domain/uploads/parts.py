"""Multipart uploads: which files use them, the size of the parts, and whether all have arrived.

Limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

import enum
from collections.abc import Mapping

import msgspec

from domain.refusals import InvalidInputError

MIB = 1024**2
SINGLE_PUT_LIMIT_BYTES = 5 * 1024**3
MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * MIB  # except the last one
MAX_PART_BYTES = 5 * 1024**3
USUAL_PART_BYTES = 16 * MIB  # an interrupted client has to repeat the parts in progress


class Multipart(enum.StrEnum):
    """The client's choice: parts only if a single PUT is not possible, always, or never."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def check_part_size(part_size: int | None) -> int | None:
    """Return a part size, or refuse one that S3 does not accept."""
    if part_size is not None and not MIN_PART_BYTES <= part_size <= MAX_PART_BYTES:
        raise InvalidInputError(
            "invalid_part_size",
            f"part_size is out of range: send {MIN_PART_BYTES} to {MAX_PART_BYTES} bytes (5 MiB to 5 GiB), or leave it"
            " out.",
            {"field": "part_size", "part_size": part_size},
        )
    return part_size


def part_size_for(
    wanted: Multipart, size_bytes: int | None, usual: int = USUAL_PART_BYTES, asked: int | None = None
) -> int | None:
    """Return the size of every part but the last, None for a single PUT; refuse files beyond the limits of S3.

    `usual`: the default size; very large files have larger parts, in whole MiB. `asked`: the client's own size, which
    is kept exactly. A client that asks for one wants to repeat no more than a part, so `auto` uses parts for every file
    that is known to be larger than one.
    """
    fits_one_put = size_bytes is None or size_bytes <= SINGLE_PUT_LIMIT_BYTES
    if wanted is Multipart.AUTO and (size_bytes is None or size_bytes <= (asked or SINGLE_PUT_LIMIT_BYTES)):
        return None
    if wanted is Multipart.NEVER:
        if fits_one_put:
            return None
        raise InvalidInputError(
            "needs_multipart",
            "The file is too large for a single PUT to S3, at most 5 GiB: leave out multipart=never.",
            {"file_size_bytes": size_bytes, "limit_bytes": SINGLE_PUT_LIMIT_BYTES},
        )
    if size_bytes is None:
        return asked or usual
    if size_bytes > MAX_PARTS * MAX_PART_BYTES:
        raise InvalidInputError(
            "too_large_for_storage",
            f"The file is too large for S3, at most {MAX_PARTS} parts of 5 GiB: send a smaller file.",
            {"file_size_bytes": size_bytes, "limit_bytes": MAX_PARTS * MAX_PART_BYTES},
        )
    least = -(-size_bytes // MAX_PARTS)
    if asked is not None:
        if asked < least:
            raise InvalidInputError(
                "part_size_too_small",
                f"With part_size {asked} the file would have more than {MAX_PARTS} parts: send a part_size of at least"
                f" {least}, or leave it out.",
                {"field": "part_size", "part_size": asked, "least_part_size": least},
            )
        return asked
    return usual if least <= usual else -(-least // MIB) * MIB


def part_count(size_bytes: int | None, part_size: int | None) -> int | None:
    """Return the number of a file's parts, None if it is unknown or the file has none."""
    if size_bytes is None or part_size is None:
        return None
    return max(-(-size_bytes // part_size), 1)


def size_of_part(part_number: int, *, size_bytes: int, part_size: int) -> int:
    """Return the size of a part of a file; 0 after the last part."""
    return min(max(size_bytes - part_size * (part_number - 1), 0), part_size)


class PartProblems(msgspec.Struct, frozen=True, kw_only=True):
    """Why parts do not form a file: the numbers of missing parts, and of parts with a wrong size."""

    missing: tuple[int, ...] = ()
    wrong_size: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are problems."""
        return bool(self.missing or self.wrong_size)


def part_problems(sizes: Mapping[int, int], *, size_bytes: int | None, part_size: int) -> PartProblems:
    """Return the problems of the parts in storage.

    For a file with a declared size, every part is known in advance; otherwise only gaps can be detected.
    """
    count = part_count(size_bytes, part_size)
    if size_bytes is None or count is None:
        last = max(sizes, default=1)
        return PartProblems(missing=tuple(number for number in range(1, last + 1) if number not in sizes))
    expected = {
        number: size_of_part(number, size_bytes=size_bytes, part_size=part_size) for number in range(1, count + 1)
    }
    return PartProblems(
        missing=tuple(number for number in expected if number not in sizes),
        wrong_size=tuple(number for number, size in sorted(sizes.items()) if size != expected.get(number)),
    )
