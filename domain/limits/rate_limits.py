"""The arithmetic of rate limits: classes of requests, windows of a minute, and slices of a window's budget."""

import enum

WINDOW_SECONDS = 60
_FIRST = 100  # a first slice is the limit by this
_LARGEST = 20  # the largest slice is the limit by this
_OF_THE_REST = 10  # and no slice is more than what is left by this


class RequestClass(enum.StrEnum):
    """What a request is counted as; each class has a limit of its own."""

    METADATA = "metadata"
    DATA = "data"
    SEARCH = "search"
    UPLOAD = "upload"
    COMPUTE = "compute"


def window_of(now: float) -> tuple[int, int]:
    """Return the number of the window that holds a time, and when it ends; times in seconds since 1970."""
    window = int(now // WINDOW_SECONDS)
    return window, (window + 1) * WINDOW_SECONDS


def slice_size(limit: int, *, left: int, last: int) -> int:
    """Return how many requests a process should take at once. `last`: how many it took before in this window.

    Small at first, for a process that needs little must not keep much from the others; twice as much each time; less
    again towards the end, when what one keeps is missing elsewhere. Never less than a hundredth of the limit: a window
    has about a hundred slices, whatever the limit is.
    """
    least = max(limit // _FIRST, 1)
    return max(min(2 * last, limit // _LARGEST, left // _OF_THE_REST), least)


def granted(limit: int, *, wanted: int, taken: int) -> int:
    """Return how many of the `wanted` requests are within the limit, now that `taken` includes them."""
    return max(min(wanted, limit - (taken - wanted)), 0)
