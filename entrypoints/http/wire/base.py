"""What all requests and answers share."""

import enum
from typing import Any

import msgspec

Json = dict[str, Any]


class SortDirection(enum.StrEnum):
    """Directions."""

    ASC = "asc"
    DESC = "desc"


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """A request body."""


class Response(msgspec.Struct, kw_only=True, frozen=True):
    """A response body."""


class ErrorDetail(Response, frozen=True):
    """What went wrong: `type` is the contract's, `code` is stable and finer, `details` holds the facts."""

    type: str
    message: str
    code: str
    details: Json


class ErrorResponse(Response, frozen=True):
    """The envelope of every error."""

    status: int
    error: ErrorDetail
    success: bool = False


class PaginationResponse(Response, frozen=True):
    """Where a page stands, in both forms that clients read."""

    page: int | None
    page_size: int
    limit: int
    offset: int
    has_more: bool
    total: int | None = None
    total_count: int | None = None
    total_pages: int | None = None
    next_page: str | None = None
    previous_page: str | None = None
    next_cursor: str | None = None


class SortOption(Request, frozen=True):
    """By which field, and in which direction."""

    field: str
    direction: SortDirection = SortDirection.ASC


class GenericSuccessResponse(Response, frozen=True):
    """It is done."""

    message: str = "Successfully completed"
    success: bool = True


class Health(Response, frozen=True):
    """Whether the process lives, or which part of it is not ready."""

    status: str
    parts: dict[str, str] = {}
