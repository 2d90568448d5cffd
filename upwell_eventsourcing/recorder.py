"""Upwell's log as an application recorder, which reads like the library's, and writes nothing."""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from eventsourcing.persistence import NotSupportedError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

SCHEMA: Final = "upwell"
TABLE: Final = "upwell_events"  # and the channel of its notifications


class LogRecorder(PostgresApplicationRecorder):
    """Reads and follows the log. `datastore`: of the log's schema, with streams named by text."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = TABLE) -> None:
        super().__init__(datastore, events_table_name=events_table_name)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:  # noqa: ANN401, ARG002  # as the library declares it
        """Refuse: only Upwell's commands append events, after their checks."""
        _refuse("This program reads Upwell's log, and only Upwell appends events to it.")

    def create_table(self) -> None:
        """Refuse: the table is Upwell's."""
        _refuse(f"The table {SCHEMA}.{TABLE} is created by `upwell migrate`, not by its readers.")


def _refuse(what: str) -> NoReturn:
    raise NotSupportedError(
        f"{what} Change uploads over the HTTP API; keep your own aggregates in an application with another"
        " persistence module, or in an EventSourcedProjection."
    )
