"""Sizes as arguments: `5GB`, `512MiB`, `1000`."""

import re
from typing import Final

import click

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


def size_bytes(text: str) -> int:
    """Return a number of bytes: plain, or with a unit of 1000 (kB, MB, GB, TB) or of 1024 (KiB, MiB, GiB, TiB).

    Raises `ValueError` for any other text.
    """
    found = _AMOUNT.fullmatch(text.strip())
    unit = found[2].upper().removesuffix("B") if found else "?"
    base = 1024 if unit.endswith("I") else 1000
    power = _POWERS.get(unit.removesuffix("I"))
    if found is None or power is None or (base == 1024 and not power):  # noqa: PLR2004  # the factor of KiB
        raise ValueError(
            f"{text[:40]!r} is not a size: write a number of bytes, or a unit with it, such as 500MB or 5GiB"
        )
    return int(float(found[1]) * base**power) if "." in found[1] else int(found[1]) * base**power


class Size(click.ParamType[int]):
    """An option that takes a number of bytes."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes."""
        try:
            return size_bytes(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
