"""The changes of quota use by events, and when there is no room."""

import msgspec
import pytest

from domain.events.event import Event
from domain.events.registry import EVENT_TYPES
from domain.organizations.ledger import Usage, change_of, check_room, sum_of
from domain.organizations.organization import OrganizationLimitsChanged, Tier
from domain.refusals import QuotaExceededError
from tests.unit.domain.examples import (
    ABANDONED,
    BEGAN,
    CANCELED,
    CHANGED,
    COMPLETED,
    DELETED,
    FAILED,
    FORGOTTEN,
    INHERITED,
    ORIGIN,
    REISSUED,
    REQUESTED,
    SIZE,
    SKIPPED,
    STARTED,
    VERIFIED,
)

A_DUPLICATE = msgspec.structs.replace(COMPLETED, keeps_bytes=False, accepted_bytes=0)
KEPT = msgspec.structs.replace(CANCELED, keeps_bytes=True, kept_bytes=SIZE + 7)
LOWERED = OrganizationLimitsChanged(origin=ORIGIN, tier=Tier.FREE, quota_bytes=0)


@pytest.mark.parametrize(
    ("event", "reserved_bytes", "accepted_bytes"),
    [
        (REQUESTED, SIZE, 0),
        (COMPLETED, -SIZE, SIZE),
        (A_DUPLICATE, -SIZE, 0),
        (FAILED, -SIZE, 0),
        (CANCELED, -SIZE, 0),
        (KEPT, -SIZE, SIZE + 7),
        (INHERITED, 0, SIZE),
        (DELETED, 0, -SIZE),
        (msgspec.structs.replace(FORGOTTEN, freed_bytes=SIZE), 0, -SIZE),
        *[(event, 0, 0) for event in (SKIPPED, STARTED, REISSUED, BEGAN, ABANDONED, VERIFIED, CHANGED, LOWERED)],
    ],
)
def test_an_event_changes_the_use_by_the_bytes_that_stand_in_it(
    event: Event, reserved_bytes: int, accepted_bytes: int
) -> None:
    assert change_of(event) == Usage(reserved_bytes, accepted_bytes)


def test_no_event_that_has_a_count_of_the_quota_is_left_out() -> None:
    counts = {"reserved_bytes", "released_bytes", "accepted_bytes", "kept_bytes", "freed_bytes"}
    counting = {kind for kind in EVENT_TYPES if counts & set(kind.__struct_fields__)}
    changing = (REQUESTED, COMPLETED, FAILED, KEPT, INHERITED, DELETED, FORGOTTEN)
    assert counting == {type(event) for event in changing}


def test_the_use_is_the_sum_of_the_changes() -> None:
    use = sum_of((REQUESTED, REQUESTED, COMPLETED, REQUESTED, FAILED))
    assert use == Usage(SIZE, SIZE)
    assert use.total_bytes == 2 * SIZE


def test_a_command_wants_what_all_its_events_want_and_what_they_free_counts_for_it() -> None:
    assert sum_of(()).total_bytes == 0
    assert sum_of((REQUESTED, REQUESTED)).total_bytes == 2 * SIZE
    assert sum_of((VERIFIED, COMPLETED)).total_bytes == 0
    assert sum_of((INHERITED, DELETED)).total_bytes == 0
    assert sum_of((KEPT,)).total_bytes == 7
    assert sum_of((DELETED, REQUESTED, REQUESTED)).total_bytes == SIZE


@pytest.mark.parametrize(
    ("limit_bytes", "use", "wanted"),
    [
        (100, Usage(), 100),
        (100, Usage(30, 40), 30),
        (None, Usage(10**15, 10**15), 10**15),
        (10, Usage(0, 100), 0),
        (10, Usage(0, 100), -1),
        (0, Usage(), 0),
    ],
)
def test_there_is_room_up_to_the_last_byte_and_always_for_what_wants_none(
    limit_bytes: int | None, use: Usage, wanted: int
) -> None:
    check_room(limit_bytes, use, wanted)


@pytest.mark.parametrize(
    ("limit_bytes", "use", "wanted", "used_bytes"),
    [(100, Usage(), 101, 0), (100, Usage(30, 40), 31, 70), (10, Usage(0, 100), 1, 100), (0, Usage(), 1, 0)],
)
def test_a_byte_more_is_refused_with_the_limit_the_use_and_the_wish(
    limit_bytes: int, use: Usage, wanted: int, used_bytes: int
) -> None:
    with pytest.raises(QuotaExceededError) as refused:
        check_room(limit_bytes, use, wanted)
    assert refused.value.code == "quota_exceeded"
    assert refused.value.message == (
        f"The storage quota is {limit_bytes} bytes, {used_bytes} are stored or reserved, and {wanted} more were"
        " requested: delete something, or raise the quota."
    )
    facts = {"limit_bytes": limit_bytes, "used_bytes": used_bytes, "requested_bytes": wanted}
    assert refused.value.details == facts
