"""Our log as a recorder of the library `eventsourcing` that writes too: through `upwell.append`, as our commands do.

What ships (`LogRecorder`) only reads. The library's suites write what they read, so they get this one, by the setting
`APPLICATION_RECORDER_TOPIC`. Some of those suites count the events of a stream from 0, our streams count from 1.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from eventsourcing.persistence import InfrastructureFactory, IntegrityError, Notification, StoredEvent
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.utils import Environment, get_topic

from upwell_eventsourcing import LogRecorder, UpwellFactory

_CALLER = msgspec.json.encode({"organization_id": "org_of_the_library"}).decode()
_APPEND = """
    SELECT positions[1] AS last, refusals->'1' AS refusal FROM upwell.append(
        ARRAY[%(caller)s], ARRAY[NULL::text], ARRAY[0::bigint], array_fill(1, ARRAY[cardinality(%(ids)s::text[])]),
        %(ids)s::text[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[])
"""


def factory_for(url: str, name: str = "upwell", **settings: str) -> UpwellFactory:
    """Return the module's factory, found as the library finds it. `url`: a libpq URI; `name`: the application's."""
    environment = {"PERSISTENCE_MODULE": "upwell_eventsourcing", "UPWELL_DATABASE_URL": url, **settings}
    made = InfrastructureFactory[PostgresTrackingRecorder].construct(Environment(name, environment))
    assert isinstance(made, UpwellFactory)
    return made


class WritingRecorder(LogRecorder):
    """Writes what its callers count from 1. Its user may call `upwell.append`.

    The events of one stream are together in a call, in order, as in a command of Upwell.
    """

    added: ClassVar = 0

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
                    "versions": [event.originator_version + self.added for event in stored_events],
                    "topics": [event.topic for event in stored_events],
                    "states": [event.state for event in stored_events],
                },
            ).fetchone()
        assert row is not None
        if row["refusal"] is not None:
            raise IntegrityError(row["refusal"])
        return list(range(row["last"] - len(stored_events) + 1, row["last"] + 1))


class WritingRecorderFromZero(WritingRecorder):
    """Does the same for callers that count from 0."""

    added = 1

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


FROM_ONE = {"APPLICATION_RECORDER_TOPIC": get_topic(WritingRecorder)}
FROM_ZERO = {"APPLICATION_RECORDER_TOPIC": get_topic(WritingRecorderFromZero)}


def _ours(version: int | None) -> int | None:
    return None if version is None else version + 1
