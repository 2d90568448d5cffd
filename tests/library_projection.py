"""A projection of the library `eventsourcing`, by the module that ships for it; its table is all that it has seen."""

from collections.abc import Callable
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from upwell_eventsourcing import Upwell

SCHEMA = "library"  # and the role


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

        def process_event(self, event: Any, tracking: Tracking) -> None:  # noqa: ANN401  # an `Event`
            self.view.record(tracking.notification_id, digest(event.originator_id, event.topic), tracking)

    SeenProjection.topics = topics
    environment = {"PERSISTENCE_MODULE": "upwell_eventsourcing", "UPWELL_DATABASE_URL": url}
    with ProjectionRunner(
        application_class=Upwell, projection_class=SeenProjection, view_class=SeenTable, env=environment
    ) as runner:
        runner.run_forever()
