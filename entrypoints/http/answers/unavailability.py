"""The answers while a part is away: one table, by part and reason. All are 503 with `Retry-After`.

Which error of PostgreSQL has which reason is in `adapters/postgres/database/sqlstates.py`; which answer of S3 is which
error, in `adapters/s3/object_storage.py`. The reference page "What can go wrong" is written from both tables.
"""

from types import MappingProxyType

import msgspec

from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageDeniedError, StorageError
from application.ports.storage.url_signer import CredentialsExpiredError

SOON = 2
OPERATOR = 30  # seconds: somebody has to do something first


class Unavailability(msgspec.Struct, frozen=True):
    """A row of the table: the code is `{part}_unavailable`, and `reason` stands in the details."""

    part: str
    reason: str
    message: str
    retry_after_seconds: int


def _database(reason: str, what: str, seconds: int = SOON) -> Unavailability:
    again = "try again in a moment" if seconds == SOON else "its operator has to act; try again later"
    return Unavailability("database", reason, f"The database {what} right now; {again}.", seconds)


UNAVAILABILITIES: tuple[Unavailability, ...] = (
    _database("unreachable", "cannot be reached"),
    _database("starting", "is starting or stopping"),
    _database("read_only", "takes no writes"),
    _database("locked", "is locked by another process"),
    _database("too_slow", "does not answer in time"),
    _database("conflict", "is busy with other changes of the same data"),
    _database("too_many_connections", "has no connection left"),
    _database("out_of_memory", "is out of memory"),
    _database("out_of_resources", "is out of resources"),
    _database("disk_full", "has no room on its disk", OPERATOR),
    _database("io_error", "cannot use its disk", OPERATOR),
    _database("login_refused", "does not let the service in", OPERATOR),
    _database("no_such_database", "is not there", OPERATOR),
    _database("misconfigured", "does not grant the service the rights it needs", OPERATOR),
    _database("read_side_differs", "shows less in its tables than in its log"),
    Unavailability("database", "stopping", "The service is stopping; try again in a moment.", SOON),
    Unavailability("storage", "unreachable", "The storage cannot be reached right now; try again in a moment.", SOON),
    Unavailability(
        "storage",
        "refused",
        "The storage refuses the service's credentials or rights; its operator has to act; try again later.",
        OPERATOR,
    ),
    Unavailability(
        "storage",
        "credentials_expired",
        "The service's credentials for the storage have expired; its operator has to act; try again later.",
        OPERATOR,
    ),
)
_BY_REASON = MappingProxyType({(row.part, row.reason): row for row in UNAVAILABILITIES})


def unavailability(error: Exception) -> Unavailability:
    """Return the row for an error of a part."""
    match error:
        case LogUnavailableError():
            return _BY_REASON["database", error.reason]
        case CredentialsExpiredError():
            return _BY_REASON["storage", "credentials_expired"]
        case StorageDeniedError():
            return _BY_REASON["storage", "refused"]
        case StorageError():
            return _BY_REASON["storage", "unreachable"]
        case _:
            raise TypeError(error)
