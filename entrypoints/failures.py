"""The messages of the command line for expected errors: one sentence, and an exit code."""

import asyncpg
import msgspec

from adapters.embedded.errors import EmbeddedError
from adapters.nats.errors import RelayUnusableError
from adapters.postgres.database.checking import DatabaseUnusableError
from adapters.postgres.database.connecting import CONNECTION_ERRORS
from adapters.postgres.database.migrating import MigrationError
from adapters.postgres.database.sqlstates import unavailable
from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError
from application.ports.storage.object_storage import StorageError
from domain.refusals import RefusedError
from entrypoints.settings import SettingError

UNUSABLE = 2
FAILED = 1


class Failure(msgspec.Struct, frozen=True):
    """A sentence for the user, and the exit code: 2 if nothing was started, 1 if it failed."""

    sentence: str
    exit_code: int


class UserError(Exception):
    """An error that the user can fix; the message says how."""

    def __init__(self, sentence: str, exit_code: int = UNUSABLE) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def explain(error: BaseException) -> Failure | None:  # noqa: PLR0911  # a line for each kind
    """Return the message, or None for an error that deserves a traceback."""
    match error:
        case UserError():
            return Failure(str(error), error.exit_code)
        case EmbeddedError() | SettingError() | MigrationError() | DatabaseUnusableError():
            return Failure(str(error), UNUSABLE)
        case RelayUnusableError():
            return Failure(str(error), FAILED)
        case RefusedError():
            return Failure(error.message, FAILED)
        case StorageError():
            return Failure(f"The storage cannot be used: {error}", FAILED)
        case ClockDiffersError():
            return Failure(str(error), UNUSABLE)
        case LogUnavailableError():
            return Failure(str(error), FAILED)
        case _ if isinstance(error, CONNECTION_ERRORS):
            return Failure(f"PostgreSQL cannot be reached: {error!r}", UNUSABLE)
        case asyncpg.PostgresError():
            found = unavailable(error)
            return None if found is None else Failure(str(found), FAILED)
        case _:
            return None
