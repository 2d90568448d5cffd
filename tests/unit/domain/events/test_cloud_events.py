import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from domain.events.cloud_events import (
    ADMINISTRATOR_TAGS,
    READER_TAGS,
    SECRET_FIELDS,
    envelope,
    event_schema,
    origin_of,
    tags_named,
)
from domain.events.event import Origin
from domain.events.registry import BY_TAG
from domain.refusals import InvalidInputError

GOLDEN = sorted((Path(__file__).parents[3] / "golden").glob("*.json"))
ORIGIN = Origin(
    organization_id="org_1",
    namespace_id="ns_1",
    bucket_id="bkt_1",
    actor_id="key_1",
    command_id="cmd_1",
    at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


def test_the_envelope_is_a_cloud_event_around_the_event_as_it_is_stored() -> None:
    state = b'{"type":"upload.started.v1","upload_id":"upl_1"}'

    message = json.loads(msgspec.json.encode(envelope(42, "upl_1", "upload.started.v1", state, ORIGIN)))

    assert message == {
        "specversion": "1.0",
        "id": "42",
        "source": "urn:upwell:org_1",
        "type": "upload.started.v1",
        "subject": "upl_1",
        "time": "2026-03-01T12:00:00Z",
        "datacontenttype": "application/json",
        "actorid": "key_1",
        "namespaceid": "ns_1",
        "bucketid": "bkt_1",
        "data": json.loads(state),
    }


def test_the_schema_of_the_data_is_named_where_its_url_is_known() -> None:
    message = envelope(
        1, "upl_1", "upload.started.v1", b"{}", ORIGIN, schemas_url="https://u.example/v1/events/schemas"
    )

    assert message.dataschema == "https://u.example/v1/events/schemas/upload.started.v1"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_event_ever_released_is_published_without_secrets_and_matches_its_schema(path: Path) -> None:
    state = path.read_bytes()
    origin, tag = origin_of(state), json.loads(state)["type"]
    assert origin is not None

    data = json.loads(bytes(envelope(1, "x", tag, state, origin).data))

    assert SECRET_FIELDS & data.keys() == set()
    assert {name: value for name, value in json.loads(state).items() if name not in SECRET_FIELDS} == data
    jsonschema_rs.Draft202012Validator(event_schema(tag)).validate(data)


def test_a_schema_refuses_what_is_no_such_event() -> None:
    assert not jsonschema_rs.is_valid(event_schema("upload.started.v1"), {"type": "upload.started.v1"})


@pytest.mark.parametrize("state", [b"", b"{}", b"[]", b'{"origin":{}}', b"\xff"])
def test_a_foreign_event_has_no_origin(state: bytes) -> None:
    assert origin_of(state) is None


@pytest.mark.parametrize(
    ("names", "tags"),
    [
        (["upload.completed.v1"], {"upload.completed.v1"}),
        (["upload.completed", " object.deleted"], {"upload.completed.v1", "object.deleted.v1"}),
        (["object.*"], {"object.created.v1", "object.updated.v1", "object.deleted.v1"}),
    ],
)
def test_types_name_tags_with_or_without_a_version_and_kinds(names: list[str], tags: set[str]) -> None:
    assert tags_named(names) == tags


@pytest.mark.parametrize("names", [["upload"], ["upload.finished"], ["*"], [""], ["upload.*"] * 101])
def test_a_type_that_there_is_not_is_refused(names: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        tags_named(names)

    assert caught.value.code == "unknown_event_type"
    assert ("at most 100" in caught.value.message) is (len(names) > 100)


def test_readers_get_events_of_uploads_and_objects_and_not_of_keys() -> None:
    assert {"upload.completed.v1", "object.created.v1", "bucket.created.v1"} <= READER_TAGS
    kept = ADMINISTRATOR_TAGS - READER_TAGS
    assert {"api_key.created.v1", "organization.created.v1", "upload.token_issued.v1"} <= kept
    assert set(BY_TAG) == ADMINISTRATOR_TAGS
