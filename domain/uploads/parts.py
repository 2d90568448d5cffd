"""Uploads in parts: which files are sent so, how large the parts are, and whether all have arrived.

Limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

import enum
from collections.abc import Mapping

import msgspec

from domain.refusals import InvalidInputError

MIB = 1024**2
SINGLE_PUT_LIMIT_BYTES = 5 * 1024**3
MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * MIB  # but the last one
MAX_PART_BYTES = 5 * 1024**3
USUAL_PART_BYTES = 16 * MIB  # an interrupted client sends again what was under way, some parts at once


class Multipart(enum.StrEnum):
    """What a client wants: parts where a single PUT cannot do it, always, or never."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def part_size_for(wanted: Multipart, size_bytes: int | None, usual: int = USUAL_PART_BYTES) -> int | None:
    """Return the size of every part but the last, None for a single PUT; refuse what S3 cannot take.

    `usual`: the size where so many parts do; of larger files the parts are larger, in whole MiB.
    """
    fits_one_put = size_bytes is None or size_bytes <= SINGLE_PUT_LIMIT_BYTES
    if wanted is Multipart.AUTO and fits_one_put:
        return None
    if wanted is Multipart.NEVER:
        if fits_one_put:
            return None
        raise InvalidInputError(
            "needs_multipart",
            "S3 takes at most 5 GiB in a single PUT, and the file is larger: leave out multipart=never.",
            {"file_size_bytes": size_bytes, "limit_bytes": SINGLE_PUT_LIMIT_BYTES},
        )
    if size_bytes is None:
        return usual
    if size_bytes > MAX_PARTS * MAX_PART_BYTES:
        raise InvalidInputError(
            "too_large_for_storage",
            f"S3 takes at most {MAX_PARTS} parts of 5 GiB, and the file is larger: send a smaller file.",
            {"file_size_bytes": size_bytes, "limit_bytes": MAX_PARTS * MAX_PART_BYTES},
        )
    least = -(-size_bytes // MAX_PARTS)
    return usual if least <= usual else -(-least // MIB) * MIB


def part_count(size_bytes: int | None, part_size: int | None) -> int | None:
    """Return how many parts a file has, None if that is not known before or it has none."""
    if size_bytes is None or part_size is None:
        return None
    return max(-(-size_bytes // part_size), 1)


def size_of_part(part_number: int, *, size_bytes: int, part_size: int) -> int:
    """Return how many bytes this part of a file has; 0 for one that comes after the last."""
    return min(max(size_bytes - part_size * (part_number - 1), 0), part_size)


class PartProblems(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps parts from being one file: numbers of parts that are not there, or not of the size they must have."""

    missing: tuple[int, ...] = ()
    wrong_size: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.missing or self.wrong_size)


def part_problems(sizes: Mapping[int, int], *, size_bytes: int | None, part_size: int) -> PartProblems:
    """Return what is wrong with the parts that storage has, by number.

    Of a file whose size was announced, every part is known beforehand; of another one, that there is no gap.
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
