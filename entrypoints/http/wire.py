"""Base shapes of all requests and responses. Requests refuse unknown fields; responses may have more."""

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.buckets.bucket import MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS
from domain.uploads.parts import MAX_PART_BYTES, MIN_PART_BYTES

Json = dict[str, Any]


def one_of(*values: str) -> Meta:
    """Mark a text of a response as one of these values: responses are not validated when they are sent."""
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
PartSize = Annotated[int, Meta(ge=MIN_PART_BYTES, le=MAX_PART_BYTES)]
PropertyName = Annotated[
    str,
    Meta(
        pattern="^[a-zA-Z0-9_]+$",
        examples=["video"],
        extra={"allowed": "a name of letters, digits and underscores"},
    ),
]
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
    """An error: `type` is the contract's, `code` is stable and finer, `details` has the facts."""

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
    """The place of a page in its list, in both forms that clients read."""

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
    """A field and a direction."""

    field: str
    direction: SortDirection = SortDirection.ASC


class GenericSuccessResponse(Response, frozen=True):
    """The confirmation of a request."""

    message: str = "Successfully completed"
    success: bool = True


class DeletionResponse(Response, frozen=True):
    """A deletion that continues in the background: `task_id` has its progress."""

    task_id: str
    status: str
    message: str
    success: bool = True


class Health(Response, frozen=True):
    """The health of the process, or the part that is not ready."""

    status: str
    parts: dict[str, str] = {}
