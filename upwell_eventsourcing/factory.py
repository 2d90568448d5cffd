"""The library's factory for PostgreSQL, with two places: Upwell's log to read, and the program's own schema."""

from typing import Any, Self

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Mapper,
    ProcessRecorder,
    Transcoder,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresFactory, TPostgresTrackingRecorder
from eventsourcing.utils import Environment, EnvType, resolve_topic

from upwell_eventsourcing.connecting import OWN_NAMES, check_log, own_schema, parameters, prepare
from upwell_eventsourcing.events import EventMapper
from upwell_eventsourcing.recorder import SCHEMA, TABLE, LogRecorder


class UpwellFactory(PostgresFactory):
    """Makes the recorders of a program that follows Upwell's log.

    The application recorder reads the log, with any name of the application. Tracking, process and snapshot tables are
    the library's, in the schema `POSTGRES_SCHEMA`; its default is the schema named like the role. Pools open when they
    are first used.
    """

    application_recorder_class = LogRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        given = env if isinstance(env, Environment) else Environment(env=env)
        found = parameters(given)
        defaults = {"POSTGRES_POOL_SIZE": "2", "ORIGINATOR_ID_TYPE": "text"}
        settings = Environment(given.name, {**defaults, **dict.fromkeys(OWN_NAMES.values(), ""), **given})
        super().__init__(settings)
        self.env = given
        self.log_datastore = PostgresFactory(
            _with(settings, POSTGRES_SCHEMA=SCHEMA, ORIGINATOR_ID_TYPE="text")
        ).datastore
        self._connect = prepare(self.datastore, found)
        prepare(self.log_datastore, found)

    def mapper(
        self, transcoder: Transcoder | None = None, mapper_class: type[Mapper[Any]] | None = None
    ) -> Mapper[Any]:
        """Return the requested or configured mapper, or else one that reads Upwell's events."""
        if mapper_class is None and not self.env.get(self.MAPPER_TOPIC):
            mapper_class = EventMapper
        return super().mapper(transcoder, mapper_class)

    def application_recorder(self) -> ApplicationRecorder:
        """Return the recorder of the log. Raises `InfrastructureFactoryError` unless the role may read the log."""
        check_log(self._connect)
        topic = self.env.get(self.APPLICATION_RECORDER_TOPIC)
        found: type[PostgresApplicationRecorder] = resolve_topic(topic) if topic else self.application_recorder_class
        return found(self.log_datastore, events_table_name=TABLE)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Return a recorder of snapshots in the program's own schema."""
        self._settle()
        return super().aggregate_recorder(purpose)

    def tracking_recorder(
        self, tracking_recorder_class: type[TPostgresTrackingRecorder] | None = None
    ) -> TPostgresTrackingRecorder:
        """Return a recorder of positions and tables, in the program's own schema."""
        self._settle()
        return super().tracking_recorder(tracking_recorder_class)

    def process_recorder(self) -> ProcessRecorder:
        """Return a recorder of positions and of the program's own events, in the program's own schema."""
        self._settle()
        return super().process_recorder()

    def _settle(self) -> None:
        schema = self.env.get(self.POSTGRES_SCHEMA)
        self.datastore.schema = own_schema(self._connect, schema, creates=self.env_create_table())

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Close both pools."""
        super().close()
        self.log_datastore.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _with(env: Environment, **values: str) -> Environment:
    """Return the environment with these values, with or without the application's prefix."""
    return Environment(
        env.name, {**env, **{key: value for name, value in values.items() for key in env.create_keys(name)}}
    )
