import pytest

from adapters.postgres.events.event_log import RecentGroups
from application.ports.events.event_log import Notification


def group(first: int, last: int, *, size_bytes: int = 1) -> list[Notification]:
    return [
        Notification(
            originator_id=f"upl_{position}",
            originator_version=1,
            topic="upload.requested.v1",
            state=b"x" * size_bytes,
            id=position,
        )
        for position in range(first, last + 1)
    ]


def positions(found: list[Notification]) -> list[int]:
    return [event.id for event in found]


def test_groups_that_follow_each_other_are_one_page() -> None:
    recent = RecentGroups()
    recent.add(group(5, 6))
    recent.add(group(7, 9))
    assert positions(recent.after(4, 100)) == [5, 6, 7, 8, 9]
    assert positions(recent.after(5, 100)) == [6, 7, 8, 9]
    assert positions(recent.after(5, 2)) == [6, 7]
    assert recent.after(9, 100) == []


def test_a_page_ends_where_another_process_has_appended() -> None:
    recent = RecentGroups()
    recent.add(group(5, 6))
    recent.add(group(8, 9))
    assert positions(recent.after(4, 100)) == [5, 6]
    assert recent.after(6, 100) == []
    assert positions(recent.after(7, 100)) == [8, 9]


def test_a_reader_that_is_further_behind_or_ahead_gets_nothing() -> None:
    recent = RecentGroups()
    recent.add(group(5, 6))
    assert recent.after(3, 100) == []
    assert recent.after(6, 100) == []
    assert recent.after(100, 100) == []


def test_what_may_have_been_redacted_since_is_read_from_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    recent = RecentGroups()
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    recent.add(group(5, 6))
    now = 100.9
    recent.add(group(7, 7))
    assert positions(recent.after(4, 100)) == [5, 6, 7]
    now = 101.1
    assert recent.after(4, 100) == []
    assert positions(recent.after(6, 100)) == [7]


def test_the_memory_is_bounded() -> None:
    recent = RecentGroups()
    for first in range(1, 100, 2):
        recent.add(group(first, first + 1, size_bytes=50_000))
    assert recent.after(1, 1000) == []
    assert positions(recent.after(80, 1000)) == list(range(81, 101))


def test_nothing_outlives_a_lost_connection() -> None:
    recent = RecentGroups()
    recent.add(group(5, 6))
    recent.clear()
    assert recent.after(4, 100) == []


def test_a_group_without_events_is_not_kept() -> None:
    recent = RecentGroups()
    recent.add([])
    assert recent.after(0, 100) == []
