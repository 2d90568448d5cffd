"""The suites that the library `eventsourcing` publishes for recorders, on our log.

Of what they leave to a recorder two things are set: streams are named by text, and count from `INITIAL_VERSION`, which
is 0 here, as in those of their tests that do not ask for it. Their topics and states are taken as they are.
"""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests import persistence as published

from adapters.postgres.connecting import connect
from adapters.postgres.rebuilding import rebuild
from domain.events.registry import BY_TAG
from tests.conftest import LOGIN, Database, Servers, drop_database, make_database
from tests.integration.eventsourcing_facade import UpwellRecorder, datastore_of


class OnOurLog(published.RecorderTestCase):
    INITIAL_VERSION = 0

    @pytest.fixture(autouse=True)
    def _recorder(self, servers: Servers) -> Iterator[None]:
        database = asyncio.run(make_database(servers))
        asyncio.run(_read_everything(database))
        with datastore_of(database.url) as datastore:
            self.database = database
            self.recorder = UpwellRecorder(datastore)
            yield
        asyncio.run(drop_database(servers, database))

    def create_recorder(self) -> UpwellRecorder:
        return self.recorder

    def new_originator_id(self) -> str:
        return str(uuid4())


class TestApplicationRecorder(OnOurLog, published.ApplicationRecorderTestCase[UpwellRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(OnOurLog, published.NonInterleavingNotificationIDsBaseCase):
    insert_num = 1000


class TestForeignEvents(OnOurLog):
    def test_a_replay_passes_over_topics_that_are_not_ours_whatever_their_state_is(self) -> None:
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

    def test_every_tag_of_ours_is_known_as_such(self) -> None:
        with psycopg.connect(self.database.owner_url) as connection:
            unknown = connection.execute(
                "SELECT tag FROM unnest(%s::text[]) tag WHERE NOT upwell.is_ours(tag) ORDER BY tag", (list(BY_TAG),)
            ).fetchall()
        # these are read by nobody but the audit log: no table is made of them, and no cache is dropped for them
        assert unknown == [("audit.api_keys_listed.v1",), ("event_token.issued.v1",)]


async def _read_everything(database: Database) -> None:
    owner = await connect(database.owner_url, role=None)
    await owner.execute(f"ALTER ROLE {LOGIN} IN DATABASE {database.name} SET upwell.organization_id = '*'")
    await owner.close()
