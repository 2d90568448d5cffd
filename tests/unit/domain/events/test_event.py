"""The common fields of events, and that a tag is a name forever."""

import re
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
import pytest

from domain.buckets.bucket import BucketStatus, Policy
from domain.events.event import Event, encode, topic_of
from domain.events.registry import BY_TAG, EVENT_TYPES, decode
from domain.keys.api_key import Permission
from domain.organizations.organization import Tier
from domain.uploads.upload_events import FailureReason, SeenBy
from tests.unit.domain.examples import CANCELED, COMPLETED, REQUESTED

TAGS_SO_FAR = {
    "organization.created.v1",
    "organization.limits_changed.v1",
    "api_key.created.v1",
    "api_key.revoked.v1",
    "namespace.created.v1",
    "bucket.created.v1",
    "bucket.status_changed.v1",
    "bucket.schema_changed.v1",
    "upload.requested.v1",
    "upload.skipped.v1",
    "upload.started.v1",
    "upload.url_reissued.v1",
    "upload.verification_began.v1",
    "upload.verified.v1",
    "upload.completed.v1",
    "upload.failed.v1",
    "upload.verification_abandoned.v1",
    "upload.canceled.v1",
    "upload.content_changed.v1",
    "upload.bytes_inherited.v1",
    "upload.deleted.v1",
    "upload.forgotten.v1",
    "upload.duplicate_avoided.v1",
    "object.created.v1",
    "object.updated.v1",
}


def _all_below(kind: type[Event]) -> set[type[Event]]:
    return {below for one in kind.__subclasses__() for below in ({one} | _all_below(one))}


def test_no_tag_is_ever_lost() -> None:
    assert set(BY_TAG) >= TAGS_SO_FAR


def test_every_event_type_of_the_domain_can_be_decoded() -> None:
    ours = {kind for kind in _all_below(Event) if kind.__module__.startswith("domain.")}

    assert ours == set(EVENT_TYPES)


def test_no_two_event_types_share_a_tag() -> None:
    assert len(BY_TAG) == len(EVENT_TYPES)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=topic_of)
def test_a_tag_is_versioned_and_names_its_aggregate(kind: type[Event]) -> None:
    assert re.fullmatch(
        r"(organization|api_key|audit|event_token|namespace|bucket|upload|object|webhook)\.[a-z_]+\.v[1-9][0-9]*",
        topic_of(kind),
    )
    assert BY_TAG[topic_of(kind)] is kind


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=topic_of)
def test_every_event_contains_its_actor_place_and_time(kind: type[Event]) -> None:
    assert "origin" in kind.__struct_fields__


def test_an_event_and_its_type_have_one_tag() -> None:
    assert topic_of(REQUESTED) == topic_of(type(REQUESTED)) == "upload.requested.v1"


def test_an_event_is_an_object_that_holds_its_tag() -> None:
    written = msgspec.json.decode(encode(CANCELED))

    assert written["type"] == "upload.canceled.v1"
    assert written["origin"]["actor_id"] == "key_1"
    assert written["forget_at"] == "2026-03-31T12:00:00Z"


def test_an_event_comes_back_as_it_was() -> None:
    assert decode(encode(COMPLETED)) == COMPLETED


def test_time_comes_back_in_utc_and_whole() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    event = msgspec.structs.replace(CANCELED, forget_at=at)

    back = decode(encode(event))

    assert back == event
    assert back.forget_at.tzinfo is UTC


@pytest.mark.parametrize(
    "state", [b"{}", b"[]", b'{"type": "upload.requested.v2"}', b'{"type": "UploadRequested"}', b"null"]
)
def test_foreign_events_are_not_decoded(state: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(state)


@pytest.mark.parametrize(
    ("values", "so_far"),
    [
        (Tier, {"free", "pro", "team", "enterprise"}),
        (Permission, {"read", "write", "delete", "admin"}),
        (Policy, {"insert", "update", "upsert"}),
        (BucketStatus, {"ACTIVE", "SUSPENDED", "ARCHIVED"}),
        (SeenBy, {"confirm", "storage_event", "sweeper"}),
        (
            FailureReason,
            {
                "expired",
                "etag_mismatch",
                "size_mismatch",
                "file_too_large",
                "file_too_small",
                "hash_mismatch",
                "content_encoding",
                "content_type_mismatch",
                "object_not_found",
                "quota_exceeded",
                "requester_revoked",
            },
        ),
    ],
)
def test_no_value_that_stands_in_a_recorded_event_is_ever_lost(values: type[StrEnum], so_far: set[str]) -> None:
    assert {value.value for value in values} >= so_far
