"""Durations in slots: percentiles of any number of durations from few counters.

Up to 63 µs, each microsecond has a slot; from there on, each power of two has 32 slots. So a duration differs from the
middle of its slot by less than 1.6 %. The arithmetic is of integers: every program and language finds the same slot.
"""

from collections.abc import Mapping
from typing import Final

_BITS: Final = 5
_PER_POWER: Final = 1 << _BITS


def slot_of(duration_us: int) -> int:
    """Return the slot of a duration in microseconds; a negative one counts as 0."""
    duration_us = max(duration_us, 0)
    shift = max(duration_us.bit_length() - 1 - _BITS, 0)
    return shift * _PER_POWER + (duration_us >> shift)


def middle_us(slot: int) -> float:
    """Return the middle of a slot in microseconds."""
    shift = max(slot // _PER_POWER - 1, 0)
    lowest = (slot - shift * _PER_POWER) << shift
    return lowest + ((1 << shift) - 1) / 2


def percentile_us(counts: Mapping[int, int], part: float) -> float | None:
    """Return a percentile of durations that are counted by slot, interpolated between the two closest; None of none."""
    total = sum(counts.values())
    if not total:
        return None
    place = (total - 1) * part
    below, above = _at(counts, int(place)), _at(counts, min(int(place) + 1, total - 1))
    return below + (above - below) * (place - int(place))


def _at(counts: Mapping[int, int], index: int) -> float:
    seen = 0
    for slot in sorted(counts):
        seen += counts[slot]
        if seen > index:
            return middle_us(slot)
    raise IndexError(index)
