"""The arithmetic of rate limits: classes of requests, windows of a minute, and slices of a window's budget."""

import enum

WINDOW_SECONDS = 60
_FIRST = 100  # a first slice is the limit divided by this
_LARGEST = 20  # the largest slice is the limit divided by this
_OF_THE_REST = 10  # no slice is more than the rest divided by this


class RequestClass(enum.StrEnum):
    """The class of a request; each class has its own limit."""

    METADATA = "metadata"
    DATA = "data"
    SEARCH = "search"
    UPLOAD = "upload"
    COMPUTE = "compute"


def window_of(now: float) -> tuple[int, int]:
    """Return the number of the window of a time, and its end; times in seconds since 1970."""
    window = int(now // WINDOW_SECONDS)
    return window, (window + 1) * WINDOW_SECONDS


def slice_size(limit: int, *, left: int, last: int) -> int:
    """Return the size of a process's next slice. `last`: the size of its previous slice in this window.

    Slices start small, so that an idle process does not withhold much from the others; double each time; and shrink
    again towards the end of the budget. A slice is never less than a hundredth of the limit: a window has about a
    hundred slices for any limit.
    """
    least = max(limit // _FIRST, 1)
    return max(min(2 * last, limit // _LARGEST, left // _OF_THE_REST), least)


def granted(limit: int, *, wanted: int, taken: int) -> int:
    """Return how many of the `wanted` requests are within the limit; `taken` includes them."""
    return max(min(wanted, limit - (taken - wanted)), 0)
