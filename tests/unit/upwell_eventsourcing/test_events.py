"""The events of the log as the library returns them."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, MapperDeserialisationError, StoredEvent

from tests.docs.pages import ROOT
from upwell_eventsourcing import Event, EventMapper

GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.json"))


def mapper() -> EventMapper:
    return EventMapper(JSONTranscoder())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_event_ever_released_is_handed_out_as_it_stands(path: Path) -> None:
    state = path.read_bytes()
    [tag] = re.findall(r"^.+?\.v\d+", path.name)
    event = mapper().to_domain_event(StoredEvent("upl_1", 3, tag, state))
    assert isinstance(event, Event)
    assert (event.originator_id, event.originator_version, event.topic) == ("upl_1", 3, event.state["type"])
    assert event.at.tzinfo is not None


def test_metadata_in_the_form_of_the_librarys_own_types_stays_data() -> None:
    state = b'{"origin": {"at": "2026-03-01T12:00:00Z"}, "metadata": {"_type_": "uuid_hex", "_data_": "00"}}'
    event = mapper().to_domain_event(StoredEvent("upl_1", 1, "upload.requested.v1", state))
    assert event.state["metadata"] == {"_type_": "uuid_hex", "_data_": "00"}
    assert event.at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_state_that_is_not_json_is_refused_with_its_place() -> None:
    with pytest.raises(MapperDeserialisationError, match="'topic1', version 4 of 'stream', is not JSON"):
        mapper().to_domain_event(StoredEvent("stream", 4, "topic1", b"\xff\x00"))


def test_events_of_a_programs_own_aggregates_are_mapped_as_the_library_does() -> None:
    transcoder = JSONTranscoder()
    transcoder.register(DatetimeAsISO())
    own = EventMapper(transcoder)
    [created] = Aggregate().collect_events()
    stored = own.to_stored_event(created)
    found = own.to_domain_event(stored)
    assert type(found) is Aggregate.Created
    assert (found.originator_id, found.timestamp) == (created.originator_id, created.timestamp)
