"""Pages of lists: which one is asked for, and what came of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from domain.lists.filtering import Filter, Order


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Something by its id, at its place in the order of creation."""

    id: str
    position: int


class SortKey(msgspec.Struct, frozen=True, kw_only=True):
    """Where a row stands in an order: by rank, then number, then text, then position. Newest first: the position."""

    position: int
    rank: int = 0
    number: Decimal = Decimal(0)
    text: str = ""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which page. `order` None: newest first. `after`: from a cursor, exclusive; then `offset` rows pass.

    `search`: a substring of the name or of a value in the metadata, in any case unless `search_is_sensitive`.
    `where` and `order` name fields of the list's `Listing`.
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
    """How many rows there are, what their `Listing` adds up, and how many have each status."""

    count: int
    sums: Mapping[str, int]
    by_status: Mapping[str, int]


Record = TypeVar("Record")


class Page(msgspec.Struct, Generic[Record], frozen=True, kw_only=True):
    """Rows of a page, and whether more follow. Of all that match, if asked for: how many, and their figures."""

    rows: Sequence[Record]
    has_more: bool
    total: int | None
    figures: Figures | None = None
