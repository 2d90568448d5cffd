"""Our log as a recorder of the library `eventsourcing`: its events go in through `upwell.append`, as ours do.

Reading and subscribing are the library's own. Two things differ. The library's suites count the events of a stream from
0, our streams from 1: one is added on the way in and taken off on the way out. And our streams are named by text.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

_CALLER = msgspec.json.encode({"organization_id": "org_of_the_library"}).decode()
_APPEND = """
    SELECT positions[1] AS last, refusals->'1' AS refusal FROM upwell.append(
        ARRAY[%(caller)s], ARRAY[NULL::text], ARRAY[0::bigint], array_fill(1, ARRAY[cardinality(%(ids)s::text[])]),
        %(ids)s::text[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[])
"""


def datastore_of(url: str, **others: Any) -> PostgresDatastore:  # noqa: ANN401  # whatever the library takes
    """Return the library's datastore for our schema. `url`: a libpq URI."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    return PostgresDatastore(
        dbname=parts["dbname"],
        host=parts["host"],
        port=parts.get("port", "5432"),
        user=parts["user"],
        password=parts.get("password", ""),
        schema="upwell",
        originator_id_type="text",
        **{"pool_size": 2, "max_overflow": 4, **others},
    )


class UpwellRecorder(PostgresApplicationRecorder):
    """Implements the library's `ApplicationRecorder`. The datastore's user may call `upwell.append`.

    The events of one stream stand together in a call, in order, as they do in a command of ours.
    """

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore, events_table_name="upwell_events")

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:  # noqa: ANN401  # as it is declared
        """Append the events as one command, and return their positions."""
        if not stored_events:
            return []
        with self.datastore.get_connection() as connection:
            row = connection.execute(
                _APPEND,
                {
                    "caller": _CALLER,
                    "ids": [str(event.originator_id) for event in stored_events],
                    "versions": [event.originator_version + 1 for event in stored_events],
                    "topics": [event.topic for event in stored_events],
                    "states": [event.state for event in stored_events],
                },
            ).fetchone()
        assert row is not None
        if row["refusal"] is not None:
            raise IntegrityError(row["refusal"])
        return list(range(row["last"] - len(stored_events) + 1, row["last"] + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of a stream."""
        found = super().select_events(originator_id, gt=_ours(gt), lte=_ours(lte), desc=desc, limit=limit)
        return [replace(event, originator_version=event.originator_version - 1) for event in found]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return a page of the feed."""
        found = super().select_notifications(start, limit, stop, topics, inclusive_of_start=inclusive_of_start)
        return [replace(event, originator_version=event.originator_version - 1) for event in found]


def _ours(version: int | None) -> int | None:
    return None if version is None else version + 1
