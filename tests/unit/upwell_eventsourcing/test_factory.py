"""Settings of the module, without a server: their results, and the errors before any connection."""

from itertools import count

import psycopg
import pytest
from eventsourcing.persistence import InfrastructureFactory, InfrastructureFactoryError
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.utils import Environment, get_topic
from psycopg_pool.abc import KwargsParam

from upwell_eventsourcing import UpwellFactory
from upwell_eventsourcing.connecting import LogConnection

SECRET = "x7-not-for-logs"
_DRAWN = count()
URL = f"postgresql://analytics:{SECRET}@db.internal,other.internal:5433/upwell?sslmode=verify-full&target_session_attrs=any"


def make(name: str = "outcomes", **settings: str) -> UpwellFactory:
    environment = Environment(name, {"PERSISTENCE_MODULE": "upwell_eventsourcing", **settings})
    made = InfrastructureFactory[PostgresTrackingRecorder].construct(environment)
    assert isinstance(made, UpwellFactory)
    return made


def wanted(parameters: KwargsParam | None) -> dict[str, object]:
    assert isinstance(parameters, dict)
    return {name: value for name, value in parameters.items() if name != "row_factory"}


def test_both_places_are_reached_with_all_parts_of_the_url() -> None:
    made = make(UPWELL_DATABASE_URL=URL, POSTGRES_CONNECT_TIMEOUT="7")
    for datastore in (made.datastore, made.log_datastore):
        assert wanted(datastore.pool.kwargs) == {
            "host": "db.internal,other.internal",
            "port": ",5433",
            "user": "analytics",
            "password": SECRET,
            "dbname": "upwell",
            "sslmode": "verify-full",
            "target_session_attrs": "any",
            "connect_timeout": 7,
        }
        assert datastore.pool.min_size == 2
        assert datastore.originator_id_type == "text"
    assert made.log_datastore.schema == "upwell"


def test_the_librarys_own_names_do_without_a_url_and_complete_one() -> None:
    names = {"POSTGRES_DBNAME": "upwell", "POSTGRES_HOST": "db.internal", "POSTGRES_USER": "analytics"}
    assert wanted(make(**names).log_datastore.pool.kwargs) == {
        "dbname": "upwell",
        "host": "db.internal",
        "user": "analytics",
        "connect_timeout": 30,
    }
    made = make(UPWELL_DATABASE_URL="postgresql://reader@/upwell", POSTGRES_PASSWORD=SECRET, POSTGRES_USER="other")
    assert wanted(made.log_datastore.pool.kwargs) == {
        "dbname": "upwell",
        "user": "reader",
        "password": SECRET,
        "connect_timeout": 30,
    }


def test_a_projection_may_have_settings_of_its_own_but_the_log_is_where_it_is() -> None:
    made = make(
        UPWELL_DATABASE_URL="postgresql:///upwell",
        OUTCOMES_UPWELL_DATABASE_URL="postgresql:///figures",
        OUTCOMES_POSTGRES_SCHEMA="figures",
        OUTCOMES_ORIGINATOR_ID_TYPE="uuid",
        OTHERS_POSTGRES_POOL_SIZE="9",
    )
    assert wanted(made.datastore.pool.kwargs)["dbname"] == "figures"
    assert made.datastore.originator_id_type == "uuid"
    assert made.log_datastore.schema == "upwell"
    assert made.log_datastore.originator_id_type == "text"
    assert made.datastore.pool.min_size == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "UPWELL_DATABASE_URL is not set, and neither are POSTGRES_DBNAME, POSTGRES_HOST, POSTGRES_USER. Set"),
        ({"UPWELL_DATABASE_URL": "", "POSTGRES_DBNAME": "upwell", "POSTGRES_USER": "x"}, "neither are POSTGRES_HOST."),
        ({"UPWELL_DATABASE_URL": f"https://analytics:{SECRET}@db.internal/upwell"}, "is not a libpq URI. Write"),
        ({"UPWELL_DATABASE_URL": f"postgres:/analytics:{SECRET}@db.internal/upwell"}, "is not a libpq URI. Write"),
        ({"UPWELL_DATABASE_URL": f"postgresql://a:{SECRET}%zz@db.internal/upwell"}, "write '@' as %40"),
        ({"UPWELL_DATABASE_URL": f"postgresql://a:{SECRET}@db.internal/upwell?colour=red"}, "is not a libpq URI."),
        ({"UPWELL_DATABASE_URL": f"postgresql://a:{SECRET}@db.internal"}, "has no database. Write"),
        (
            {"UPWELL_DATABASE_URL": URL, "POSTGRES_POOL_SIZE": "1", "POSTGRES_MAX_OVERFLOW": "0"},
            "allow 1 connection, and a subscription needs 2",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_to_write_and_without_the_password(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(InfrastructureFactoryError) as refused:
        make(**settings)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


def next_password() -> str:
    """Return a password that no other session gets."""
    return f"{SECRET}-{next(_DRAWN)}"


def test_each_session_asks_for_its_password_where_a_function_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[object] = []

    def refuse(**wanted: object) -> LogConnection:
        used.append(wanted["password"])
        raise psycopg.OperationalError("no entry\n  for this host")

    monkeypatch.setattr(LogConnection, "connect", refuse)
    topic = get_topic(next_password)
    made = make(UPWELL_DATABASE_URL="postgresql://reader@db.internal/upwell", POSTGRES_GET_PASSWORD_TOPIC=topic)
    for open_recorder in (made.application_recorder, made.tracking_recorder):
        with pytest.raises(
            InfrastructureFactoryError, match=r"UPWELL_DATABASE_URL: no entry for this host\. Check host"
        ):
            open_recorder()
    assert used == [f"{SECRET}-0", f"{SECRET}-1"]
