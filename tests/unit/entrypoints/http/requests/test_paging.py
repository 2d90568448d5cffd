"""A page contains the number of rows wherever that is known."""

import pytest

from application.ports.lists.pages import Page, PageRequest, SortKey
from entrypoints.http.requests.paging import pagination
from entrypoints.http.wire import PaginationResponse


class Rows:
    """A listing of numbers."""

    def place(self, row: int, _: object) -> SortKey:
        return SortKey(position=row)


def shown(
    rows: range, *, has_more: bool, total: int | None = None, offset: int = 0, after: bool = False
) -> PaginationResponse:
    asked = PageRequest(limit=3, offset=offset, after=Rows().place(0, None) if after else None)
    return pagination("/", Rows(), Page(rows=tuple(rows), has_more=has_more, total=total), asked)  # type: ignore[arg-type]  # rows of any type


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (shown(range(3), has_more=False), (3, 1)),
        (shown(range(3, 5), has_more=False, offset=3), (5, 2)),
        (shown(range(0), has_more=False), (0, 0)),
        (shown(range(3), has_more=True), (None, None)),
        (shown(range(3), has_more=True, total=7), (7, 3)),
        (shown(range(0), has_more=False, offset=9), (None, None)),
        (shown(range(2), has_more=False, after=True), (None, None)),
    ],
    ids=["all", "the last", "none", "the first", "counted", "beyond", "behind a cursor"],
)
def test_the_total_is_given_where_it_is_known(
    page: PaginationResponse, expected: tuple[int | None, int | None]
) -> None:
    assert (page.total_count, page.total_pages) == expected
    assert page.total == page.total_count
