"""Percentiles from slots are close to those of the durations themselves."""

from collections import Counter
from random import Random

import pytest

from application.ports.analytics.durations import middle_us, percentile_us, slot_of

WEEK_US = 7 * 86_400 * 1_000_000


def test_a_short_duration_is_exact_and_a_negative_one_is_none() -> None:
    assert [middle_us(slot_of(us)) for us in range(64)] == list(range(64))
    assert slot_of(-5) == 0


def test_slots_follow_each_other_without_gaps() -> None:
    borders = [us for power in range(6, 43) for us in (2**power - 1, 2**power, 2**power + 2 ** (power - 5))]
    assert [slot_of(us) for us in borders] == sorted(slot_of(us) for us in borders)
    assert all(slot_of(2**power) == slot_of(2**power - 1) + 1 for power in range(6, 43))


def test_the_middle_of_a_slot_differs_from_its_durations_by_less_than_2_percent() -> None:
    chance = Random(1)  # noqa: S311  # durations, not secrets
    for _ in range(10_000):
        us = int(2 ** chance.uniform(0, 40))
        assert middle_us(slot_of(us)) == pytest.approx(us, rel=0.016)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1000])
def test_a_percentile_lies_within_2_percent(count: int) -> None:
    chance = Random(count)  # noqa: S311  # the same
    took = sorted(int(chance.lognormvariate(12, 2)) for _ in range(count))
    counts = Counter(slot_of(us) for us in took)
    for part in (0.0, 0.5, 0.95, 0.99, 1.0):
        place = (count - 1) * part
        below, above = took[int(place)], took[min(int(place) + 1, count - 1)]
        assert percentile_us(counts, part) == pytest.approx(below + (above - below) * (place % 1), rel=0.02)


def test_nothing_has_no_percentile() -> None:
    assert percentile_us({}, 0.5) is None


def test_a_week_has_few_slots() -> None:
    assert slot_of(WEEK_US) < 1200
