"""Pages: limit, offset and cursor in, where the page stands out."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import urlencode

from litestar.params import QueryParameter

from application.ports.read_side import Page, PageRequest
from domain.refusals import InvalidInputError
from entrypoints.http.wire.base import Json, PaginationResponse

Limit = Annotated[int | None, QueryParameter(ge=1, le=1000)]
Offset = Annotated[int | None, QueryParameter(ge=0, le=10_000)]
Cursor = Annotated[str | None, QueryParameter(max_length=100)]
IncludeTotal = Annotated[bool, QueryParameter()]


class _Placed(Protocol):
    @property
    def position(self) -> int: ...


class _Named(_Placed, Protocol):
    @property
    def name(self) -> str: ...


Record = TypeVar("Record", bound=_Named)


def page_request(
    *,
    limit: int,
    offset: int,
    cursor: str | None,
    search: str | None,
    filters: Json | None,
    sort: Json | None,
    with_total: bool,
    fields: Sequence[str] = (),
) -> PageRequest:
    """Return which page is asked for. `fields`: the names that `filters` may hold, each with an exact value."""
    where = {name: value for name, value in (filters or {}).items() if value is not None}
    for name, value in where.items():
        if name not in fields or not isinstance(value, str):
            raise InvalidInputError(
                "unsupported_filter",
                f"filters may hold {', '.join(fields) or 'nothing'} here, with an exact value.",
                {"filter": str(name)[:100]},
            )
    if sort and (sort.get("field") != "created_at" or sort.get("direction", "asc") != "desc"):
        raise InvalidInputError("unsupported_sort", "Lists come newest first: sort by created_at, desc.", {})
    if search is not None and "\0" in search:
        raise InvalidInputError("null_character", "search holds the character U+0000; leave it out.")
    return PageRequest(
        limit=limit,
        offset=offset,
        after_position=None if cursor is None else _position(cursor),
        search=search,
        where=where,
        with_total=with_total,
    )


def page_of(records: Iterable[Record | None], asked: PageRequest) -> Page[Record]:
    """Return the page that is asked for of a few records, for keys that are for these alone."""
    wanted = (asked.search or "").lower()
    matching = [record for record in records if record is not None and wanted in record.name.lower()]
    matching.sort(key=lambda record: -record.position)
    below = [each for each in matching if asked.after_position is None or each.position < asked.after_position]
    last = asked.offset + asked.limit
    return Page(rows=below[asked.offset : last], has_more=len(below) > last, total=len(matching))


def pagination(path: str, page: Page[Any], asked: PageRequest) -> PaginationResponse:
    """Return where a page stands."""
    number = asked.offset // asked.limit + 1
    last: _Placed | None = page.rows[-1] if page.rows else None
    previous = max(asked.offset - asked.limit, 0)
    return PaginationResponse(
        page=number,
        page_size=asked.limit,
        limit=asked.limit,
        offset=asked.offset,
        has_more=page.has_more,
        total=page.total,
        total_count=page.total,
        total_pages=None if page.total is None else -(-page.total // asked.limit),
        next_page=_link(path, asked.limit, asked.offset + asked.limit) if page.has_more else None,
        previous_page=_link(path, asked.limit, previous) if asked.offset > 0 else None,
        next_cursor=_cursor(last.position) if page.has_more and last is not None else None,
    )


def _link(path: str, limit: int, offset: int) -> str:
    return f"{path}?{urlencode({'limit': limit, 'offset': offset})}"


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        position = int(text[1:]) if text[:1] == "p" else -1
    except (ValueError, binascii.Error):
        position = -1
    if not 0 <= position < 2**63:
        raise InvalidInputError("invalid_cursor", "This cursor is none of ours: use next_cursor of an earlier page.")
    return position
