"""A projection of the library `eventsourcing`, as the page about it shows one, whose table is all that it has seen."""

from collections.abc import Callable
from typing import Any, NamedTuple

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, StoredEvent, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

SCHEMA = "library"


class Seen(NamedTuple):
    """Which event it was."""

    stream_id: str
    topic: str


class SeenMapper(Mapper[Any]):
    """Leaves states alone."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401  # the library wants an event of its own
        """Return what is kept of an event."""
        return Seen(str(stored_event.originator_id), stored_event.topic)


class Upwell(Application[Any]):
    """Our table of events."""

    name = "upwell"
    env = {"UPWELL_POSTGRES_SCHEMA": "upwell", "UPWELL_CREATE_TABLE": "no", "UPWELL_ORIGINATOR_ID_TYPE": "text"}  # noqa: RUF012  # as the library has it

    def construct_mapper(self) -> Mapper[Any]:
        """Return ours."""
        return SeenMapper(self.construct_transcoder())


class SeenTable(PostgresTrackingRecorder):
    """Rows and the position, in one transaction."""

    def __init__(self, datastore: Any, **others: Any) -> None:  # noqa: ANN401  # passed on
        super().__init__(datastore, **others)
        self.sql_create_statements.append(
            SQL(
                f"CREATE TABLE IF NOT EXISTS {SCHEMA}.seen"
                " (place bigint GENERATED ALWAYS AS IDENTITY, position bigint NOT NULL, digest bigint NOT NULL)"
            ).format()
        )

    def record(self, position: int, number: int, tracking: Tracking) -> None:
        """Add a row."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(f"INSERT INTO {SCHEMA}.seen (position, digest) VALUES (%s, %s)", (position, number))  # noqa: S608  # ours


def keep_table(url: str, topics: tuple[str, ...], digest: Callable[[str, str], int]) -> None:
    """Run until it is killed, or the server goes away. `url`: of a role that may read, and owns the schema."""

    class SeenProjection(Projection[SeenTable]):
        name = "seen"

        def process_event(self, event: Any, tracking: Tracking) -> None:  # noqa: ANN401  # ours
            self.view.record(tracking.notification_id, digest(event.stream_id, event.topic), tracking)

    SeenProjection.topics = topics
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_PASSWORD": "",
        "POSTGRES_SCHEMA": SCHEMA,
        "POSTGRES_POOL_SIZE": "2",
        **{f"POSTGRES_{name.upper()}": str(value) for name, value in conninfo_to_dict(url).items()},
    }
    with ProjectionRunner(
        application_class=Upwell, projection_class=SeenProjection, view_class=SeenTable, env=environment
    ) as runner:
        runner.run_forever()
