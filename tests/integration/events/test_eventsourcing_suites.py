"""The suites that the library `eventsourcing` publishes, on what our persistence module makes.

Reading and subscribing are tested on our log; a recorder of the tests writes for them (`eventsourcing_facade`), since
the shipped module only reads. The suites leave two choices to a recorder: streams of the log are named by text,
and count from `INITIAL_VERSION`, which is 0 here, as in those of their tests that do not set it.

These suites do not apply:
- `ApplicationTestCase` and `ExampleApplicationTestCase` save aggregates and load them again. The log accepts none.
- `TranscoderTestCase`: the module has no separate transcoder.
- `DCBRecorderTestCase` and `TaggedDecisionCountersProjectionTestCase` are of recorders without streams. The log has
  streams, and no tags.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar
from unittest import TestCase
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    ProcessRecorder,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.postgres import (
    PostgresAggregateRecorder,
    PostgresDatastore,
    PostgresProcessRecorder,
    PostgresTrackingRecorder,
)
from eventsourcing.tests import persistence as published
from eventsourcing.tests import projection as published_projections
from eventsourcing.utils import Environment
from psycopg.sql import SQL, Identifier

from adapters.postgres.database.rebuilding import rebuild
from domain.events.registry import BY_TAG
from tests.conftest import LOGIN, Database, Servers, drop_database, make_database
from tests.integration.events.eventsourcing_facade import FROM_ONE, FROM_ZERO, WritingRecorder, factory_for
from upwell_eventsourcing import LogRecorder, UpwellFactory


class OnOurLog(TestCase):
    """Has a separate database, and a schema in it for the tables of the program."""

    database: Database
    settings: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _made_by_the_module(self, servers: Servers) -> Iterator[None]:
        self.database = asyncio.run(make_database(servers))
        with psycopg.connect(self.database.owner_url) as owner:
            owner.execute(SQL("CREATE SCHEMA {0} AUTHORIZATION {0}").format(Identifier(LOGIN)))
        self.prepare()
        yield
        asyncio.run(drop_database(servers, self.database))

    def prepare(self) -> None:
        """Do the preparations of a suite before its own `setUp`."""

    def make(self, name: str, **settings: str) -> UpwellFactory:
        made = factory_for(self.database.url, name, **settings)
        self.addCleanup(made.close)
        return made


class WritesLog(OnOurLog, published.RecorderTestCase):
    INITIAL_VERSION = 0

    def prepare(self) -> None:
        recorder = self.make("upwell", **FROM_ZERO).application_recorder()
        assert isinstance(recorder, WritingRecorder)
        self.recorder = recorder

    def create_recorder(self) -> WritingRecorder:
        return self.recorder

    def new_originator_id(self) -> str:
        return str(uuid4())


class TestApplicationRecorder(WritesLog, published.ApplicationRecorderTestCase[WritingRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(WritesLog, published.NonInterleavingNotificationIDsBaseCase):
    insert_num = 1000


class TestTrackingRecorder(OnOurLog, published.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return self.make("counts").tracking_recorder()


class TestProcessRecorder(OnOurLog, published.ProcessRecorderTestCase):
    def create_recorder(self) -> ProcessRecorder:
        return self.make("counts").process_recorder()


class TestSnapshots(OnOurLog, published.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.make("upwell").aggregate_recorder("snapshots")

    def new_originator_id(self) -> str:
        return str(uuid4())


class TestFactory(OnOurLog, published.InfrastructureFactoryTestCase[UpwellFactory]):
    def prepare(self) -> None:
        self.env = Environment(
            "Counts", {"PERSISTENCE_MODULE": "upwell_eventsourcing", "UPWELL_DATABASE_URL": self.database.url}
        )

    def expected_factory_class(self) -> type[UpwellFactory]:
        return UpwellFactory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return PostgresAggregateRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return LogRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return PostgresTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return EventCounters

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        return PostgresProcessRecorder


class EventCounters(PostgresTrackingRecorder, published_projections.EventCountersView):
    """What the library's suites of projections count, as a table."""

    def __init__(self, datastore: PostgresDatastore, **others: Any) -> None:  # noqa: ANN401  # passed on
        super().__init__(datastore, **others)
        self.table = Identifier(datastore.schema, "counters")
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS {} (name text PRIMARY KEY, counted bigint NOT NULL)").format(self.table)
        )

    def get_created_event_counter(self) -> int:
        return self._counted("created")

    def get_subsequent_event_counter(self) -> int:
        return self._counted("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._count("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._count("subsequent", tracking)

    def _counted(self, name: str) -> int:
        with self.datastore.get_connection() as connection:
            query = SQL("SELECT coalesce(max(counted), 0) AS counted FROM {} WHERE name = %s").format(self.table)
            [row] = connection.execute(query, [name]).fetchall()
        return int(row["counted"])

    def _count(self, name: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                SQL(
                    "INSERT INTO {0} AS counters VALUES (%s, 1)"
                    " ON CONFLICT (name) DO UPDATE SET counted = counters.counted + 1"
                ).format(self.table),
                [name],
            )


class TestView(OnOurLog, published_projections.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> EventCounters:
        return self.make("counts").tracking_recorder(EventCounters)


class TestProjection(OnOurLog, published_projections.AggregateEventCountersProjectionTestCase):
    view_class = EventCounters

    def prepare(self) -> None:
        self.env = projecting(self.database)  # type: ignore[misc]  # of each test's own database


class TestEventSourcedProjection(OnOurLog, published_projections.EventSourcedProjectionTestCase):
    def prepare(self) -> None:
        self.env = projecting(self.database)  # type: ignore[misc]  # the same


def projecting(database: Database) -> dict[str, str]:
    return {
        "PERSISTENCE_MODULE": "upwell_eventsourcing",
        "UPWELL_DATABASE_URL": database.url,
        "COUNTERS_ORIGINATOR_ID_TYPE": "uuid",
        **FROM_ONE,
    }


class TestForeignEvents(WritesLog):
    def test_a_replay_skips_foreign_topics_with_any_state(self) -> None:
        states = [b"state1", b"\xff\x00", b"", b"{}", b'{"origin": {"organization_id": "org_x"}}']
        topics = ["topic1", "module:Class", "a.b.v1", "uploads.requested.v1", ".v1"]
        self.recorder.insert_events(
            [
                StoredEvent(originator_id="s", originator_version=n, topic=topic, state=state)
                for n, (topic, state) in enumerate(zip(topics, states, strict=True))
            ]
        )
        assert [event.state for event in self.recorder.select_events("s")] == states
        rebuilt = asyncio.run(rebuild(self.database.owner_url, swap=False))
        assert rebuilt.events == len(states)
        assert rebuilt.differences == {}

    def test_every_tag_of_upwell_is_recognised(self) -> None:
        with psycopg.connect(self.database.owner_url) as connection:
            unknown = connection.execute(
                "SELECT tag FROM unnest(%s::text[]) tag WHERE NOT upwell.is_ours(tag) ORDER BY tag", (list(BY_TAG),)
            ).fetchall()
        # only the audit log reads these: no table is derived from them, and no cache is dropped for them
        assert unknown == [("audit.api_keys_listed.v1",), ("event_token.issued.v1",)]
