"""Times from clients: parsed with their offset, or refused."""

from datetime import UTC, datetime

from domain.refusals import InvalidInputError


def in_utc(time: datetime) -> datetime:
    """Return the same time in UTC: PostgreSQL accepts no offset of 16 hours or more. Raises `OverflowError`."""
    return time.astimezone(UTC)


def time_named(value: str | None, name: str) -> datetime | None:
    """Return the time in a query parameter, in UTC if it has no zone; refuse an invalid one."""
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return in_utc(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InvalidInputError(
            "invalid_time",
            f"{name} is not a time in ISO 8601: send one such as 2027-01-01T00:00:00Z.",
            {"field": name, "parameter": name},
        ) from None
