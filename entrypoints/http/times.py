"""Times as clients send them."""

from datetime import UTC, datetime


def in_utc(time: datetime) -> datetime:
    """Return the same time in UTC: PostgreSQL reads no offset of 16 hours or more. Out of range: OverflowError."""
    return time.astimezone(UTC)
