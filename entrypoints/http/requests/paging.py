"""Pages of lists: limit, offset, cursor, filters, sort and search of a request, and the page's place in its answer."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar.params import QueryParameter

from application.lists.listing import Listing
from application.ports.lists.pages import Page, PageRequest, SortKey
from domain.buckets.schema import check_text
from domain.json_text import NotJSONError, decode_json
from domain.lists.filtering import MAX_TEXT, parse_filter, parse_order
from domain.refusals import InvalidInputError
from entrypoints.http.wire import Json, PaginationResponse, SortOption

Limit = Annotated[int | None, QueryParameter(ge=1, le=1000)]
Offset = Annotated[int | None, QueryParameter(ge=0, le=10_000)]
Cursor = Annotated[str | None, QueryParameter(max_length=4000)]
IncludeTotal = Annotated[bool, QueryParameter()]

_MAX_OFFSET = 10_000
_MAX_BIGINT = 2**63 - 1
_MAX_DIGITS = 4300


class _Cursor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The end of a page. `of`: a digest of the filters, search and order of its list."""

    of: str
    position: Annotated[int, msgspec.Meta(ge=0, le=_MAX_BIGINT)]
    rank: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    number: Decimal = Decimal(0)
    text: Annotated[str, msgspec.Meta(max_length=255)] = ""


_CURSORS = msgspec.json.Decoder(_Cursor)


def only(kind: str, values: Iterable[str] | None, filters: Json | None) -> Json | None:
    """Return filters that are limited to some buckets or namespaces, by id or name; None: all of them."""
    if values is None:
        return filters
    named = {"operator": "in", "value": sorted(values), "case_sensitive": True}
    mine = {"OR": [{"field": f"{kind}_id", **named}, {"field": f"{kind}_name", **named}]}
    return {"AND": [mine, *([filters] if filters else [])]}


def page_request(
    listing: Listing[Any],
    *,
    limit: int,
    offset: int,
    cursor: str | None,
    search: str | None,
    filters: Json | None,
    sort: SortOption | Json | None,
    with_total: bool,
    with_figures: bool = False,
    case_sensitive: bool = False,
) -> PageRequest:
    """Return the requested page."""
    if search:
        check_text(search, "search")
        if len(search) > MAX_TEXT:
            raise InvalidInputError(
                "filter_too_large", f"search is too long: send at most {MAX_TEXT} characters.", {"field": "search"}
            )
    order = msgspec.to_builtins(sort) if isinstance(sort, SortOption) else sort
    asked = PageRequest(
        limit=limit,
        offset=min(offset, _MAX_BIGINT),
        search=search or None,
        search_is_sensitive=case_sensitive,
        where=parse_filter(filters, listing.known, case_sensitive=case_sensitive) if filters else None,
        order=parse_order(order, listing.known) if order else None,
        with_total=with_total,
        with_figures=with_figures,
    )
    return asked if cursor is None else msgspec.structs.replace(asked, after=_after(cursor, asked))


def pagination(path: str, listing: Listing[Any], page: Page[Any], asked: PageRequest) -> PaginationResponse:
    """Return the place of a page in its list; with a cursor, its number is unknown."""
    following = asked.offset + asked.limit
    total = page.total if page.total is not None else _counted_on_the_last(page, asked)
    more = page.has_more and bool(page.rows)
    next_cursor = _cursor(listing.place(page.rows[-1], asked.order), asked) if more else None
    by_offset = asked.after is None and following <= _MAX_OFFSET
    next_link = {"limit": asked.limit, **({"offset": following} if by_offset else {"cursor": next_cursor})}
    before = {"limit": asked.limit, "offset": max(asked.offset - asked.limit, 0)}
    return PaginationResponse(
        page=asked.offset // asked.limit + 1 if asked.after is None else None,
        page_size=asked.limit,
        limit=asked.limit,
        offset=asked.offset,
        has_more=page.has_more,
        total=total,
        total_count=total,
        total_pages=None if total is None else -(-total // asked.limit),
        next_page=_link(path, next_link) if more else None,
        previous_page=_link(path, before) if asked.offset > 0 and asked.after is None else None,
        next_cursor=next_cursor,
    )


def _counted_on_the_last(page: Page[Any], asked: PageRequest) -> int | None:
    """Return the total number of rows if the page shows it: it is the last one, and pages are numbered."""
    beyond = asked.offset > 0 and not page.rows
    return None if asked.after is not None or page.has_more or beyond else asked.offset + len(page.rows)


def _link(path: str, parameters: Mapping[str, object]) -> str:
    """Return a link; numbers and cursors need no encoding. The path may have a query."""
    return f"{path}{'&' if '?' in path else '?'}{'&'.join([f'{name}={value}' for name, value in parameters.items()])}"


def _cursor(place: SortKey, asked: PageRequest) -> str:
    cursor = _Cursor(_digest(asked), place.position, place.rank, place.number, place.text)
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _after(cursor: str, asked: PageRequest) -> SortKey:
    try:
        found = decode_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), _CURSORS)
    except (ValueError, binascii.Error, NotJSONError, msgspec.ValidationError):
        found = None
    if found is None or not _is_sortable(found.number) or "\0" in found.text:
        raise InvalidInputError(
            "invalid_cursor",
            "cursor was not returned by this service: send the next_cursor of an earlier page.",
            {"field": "cursor", "in": "query"},
        )
    if found.of != _digest(asked):
        raise InvalidInputError(
            "invalid_cursor",
            "cursor belongs to a list with other filters, search or sort: send the same ones with each page.",
            {"field": "cursor", "in": "query"},
        )
    return SortKey(position=found.position, rank=found.rank, number=found.number, text=found.text)


def _is_sortable(number: Decimal) -> bool:
    """Return whether a row may have this number: it has the digits of an accepted JSON number."""
    return number.is_finite() and abs(number.adjusted()) <= _MAX_DIGITS and len(number.as_tuple().digits) <= _MAX_DIGITS


def _digest(asked: PageRequest) -> str:
    if asked.where is None and asked.order is None and asked.search is None:
        return ""
    reported = repr((asked.where, asked.search, asked.search_is_sensitive, asked.order))
    return hashlib.blake2b(reported.encode(), digest_size=6).hexdigest()
