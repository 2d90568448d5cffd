"""When an upload ends by itself, and which of two ends is the later one."""

from datetime import datetime, timedelta

from domain.uploads.request import UploadRequest


def end_of(request: UploadRequest, completed_at: datetime) -> datetime | None:
    """Return when an upload that is completed now is deleted, and with it the object that is made of it alone."""
    if request.expires_after_seconds is None:
        return None
    return completed_at + timedelta(seconds=request.expires_after_seconds)


def lasts_until(moment: datetime | None, end: datetime | None) -> bool:
    """Return whether what ends at `end` is still there at `moment`. None: never."""
    return end is None or (moment is not None and moment <= end)


def later_end(first: datetime | None, second: datetime | None) -> datetime | None:
    """Return the later one of two ends. None: never, which is later than any."""
    return None if first is None or second is None else max(first, second)
