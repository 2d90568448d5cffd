"""Pages of lists: the request and the result."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from domain.lists.filtering import Filter, Order


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An id with its position in the order of creation."""

    id: str
    position: int


class SortKey(msgspec.Struct, frozen=True, kw_only=True):
    """The sort key of a row: rank, then number, text and position. Newest first: only the position."""

    position: int
    rank: int = 0
    number: Decimal = Decimal(0)
    text: str = ""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The requested page.

    `order` None: newest first. `after`: from a cursor, exclusive; then `offset` rows are skipped.

    `search`: a substring of the name or of a value in the metadata, in any case unless `search_is_sensitive`. `where`
    and `order` use fields of the list's `Listing`.
    """

    limit: int
    offset: int = 0
    after: SortKey | None = None
    search: str | None = None
    search_is_sensitive: bool = False
    where: Filter | None = None
    order: Order | None = None
    with_total: bool = False
    with_figures: bool = False


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The number of rows, the sums of their `Listing`, and the number of rows of each status."""

    count: int
    sums: Mapping[str, int]
    by_status: Mapping[str, int]


Record = TypeVar("Record")


class Page(msgspec.Struct, Generic[Record], frozen=True, kw_only=True):
    """Rows of a page, and whether more follow. If requested: the number of all matching rows, and their figures."""

    rows: Sequence[Record]
    has_more: bool
    total: int | None
    figures: Figures | None = None
