"""What the shapes of all requests and answers share. Requests refuse unknown fields; answers may have more."""

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.buckets.bucket import MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS

Json = dict[str, Any]


def one_of(*values: str) -> Meta:
    """Mark a text of an answer as one of these values: answers are made by us, and not checked when they are sent."""
    return Meta(extra_json_schema={"enum": list(values)})


TaskStatus = Annotated[
    str,
    one_of(
        "PENDING",
        "IN_PROGRESS",
        "PROCESSING",
        "COMPLETED",
        "COMPLETED_WITH_ERRORS",
        "FAILED",
        "CANCELED",
        "UNKNOWN",
        "SKIPPED",
        "DRAFT",
        "ACTIVE",
        "ARCHIVED",
        "SUSPENDED",
    ),
]
Retention = Annotated[int, Meta(ge=MIN_RETENTION_SECONDS, le=MAX_RETENTION_SECONDS)]
Url = Annotated[str, Meta(min_length=1, max_length=2083, extra_json_schema={"format": "uri"})]


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


class DeletionResponse(Response, frozen=True):
    """A deletion that goes on in the background: `task_id` tells how far it is."""

    task_id: str
    status: str
    message: str
    success: bool = True


class Health(Response, frozen=True):
    """Whether the process lives, or which part of it is not ready."""

    status: str
    parts: dict[str, str] = {}
