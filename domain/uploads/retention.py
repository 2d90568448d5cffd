"""The end of an upload, and the later one of two ends."""

from datetime import datetime, timedelta

from domain.uploads.request import UploadRequest


def end_of(request: UploadRequest, completed_at: datetime) -> datetime | None:
    """Return the end of an upload that completes now, and of an object made only of it."""
    if request.expires_after_seconds is None:
        return None
    return completed_at + timedelta(seconds=request.expires_after_seconds)


def lasts_until(moment: datetime | None, end: datetime | None) -> bool:
    """Return whether something that ends at `end` still exists at `moment`. None: never."""
    return end is None or (moment is not None and moment <= end)


def later_end(first: datetime | None, second: datetime | None) -> datetime | None:
    """Return the later one of two ends. None: never, the latest."""
    return None if first is None or second is None else max(first, second)
