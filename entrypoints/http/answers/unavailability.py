"""The responses while a part is unavailable: one table, by part and reason. All are 503 with `Retry-After`.

`adapters/postgres/database/sqlstates.py` maps errors of PostgreSQL to reasons, and `adapters/s3/object_storage.py`
responses of S3 to errors. The reference page "What can go wrong" is generated from both tables.
"""

from types import MappingProxyType

import msgspec

from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageDeniedError, StorageError
from application.ports.storage.url_signer import CredentialsExpiredError

SOON = 2
OPERATOR = 30  # seconds: an operator has to act first


class Unavailability(msgspec.Struct, frozen=True):
    """A row of the table: the code is `{part}_unavailable`, and `reason` is in the details."""

    part: str
    reason: str
    message: str
    retry_after_seconds: int


def _database(reason: str, what: str, seconds: int = SOON) -> Unavailability:
    again = "try again in a moment" if seconds == SOON else "its operator has to act; try again later"
    return Unavailability("database", reason, f"The database {what} right now; {again}.", seconds)


UNAVAILABILITIES: tuple[Unavailability, ...] = (
    _database("unreachable", "is unreachable"),
    _database("starting", "is starting or stopping"),
    _database("read_only", "accepts no writes"),
    _database("locked", "is locked by another process"),
    _database("too_slow", "does not respond in time"),
    _database("conflict", "is busy with other changes of the same data"),
    _database("too_many_connections", "has no free connection"),
    _database("out_of_memory", "is out of memory"),
    _database("out_of_resources", "is out of resources"),
    _database("disk_full", "has a full disk", OPERATOR),
    _database("io_error", "cannot use its disk", OPERATOR),
    _database("login_refused", "refuses the service's login", OPERATOR),
    _database("no_such_database", "does not exist", OPERATOR),
    _database("misconfigured", "does not grant the service the required permissions", OPERATOR),
    _database("read_side_differs", "shows less in its tables than in its log"),
    Unavailability("database", "stopping", "The service is stopping; try again in a moment.", SOON),
    Unavailability("storage", "unreachable", "The storage is unreachable right now; try again in a moment.", SOON),
    Unavailability(
        "storage",
        "refused",
        "The storage refuses the service's credentials or permissions; its operator has to act; try again later.",
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
