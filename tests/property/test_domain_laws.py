"""Laws of the domain for any input."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, get_args
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.uploads.sniffing import sniff
from domain.buckets.bucket import UniqueKey, canonical_digest
from domain.buckets.schema import BucketSchema, SchemaField, check_json, check_values, parse_schema, value_problems
from domain.events.event import Event, encode, topic_of
from domain.events.registry import EVENT_TYPES, decode
from domain.organizations.ledger import sum_of
from domain.organizations.organization import TierLimits
from domain.refusals import InvalidInputError, RefusedError, WrongStateError
from domain.uploads import media_types
from domain.uploads.admission import Announcement, BucketRules, admit
from domain.uploads.content import Claimed
from domain.uploads.content_rules import ContentRules
from domain.uploads.filenames import MAX_KEY_BYTES, MAX_SEGMENT_BYTES, SHORTEST_NAME, storage_key
from domain.uploads.formats import contradicts
from domain.uploads.request import reserved
from domain.uploads.upload import (
    UPLOAD,
    Canceled,
    Completed,
    InProgress,
    Pending,
    Processing,
    ReissueUrl,
    Upload,
    UploadCommand,
    decide,
    evolve,
    request_of,
)
from domain.uploads.upload_events import UploadCompleted, UploadEvent
from domain.uploads.verification import Found, judge
from scripts.draw_state_machine import TRANSITIONS
from tests.property import strategies as some

T = TypeVar("T")

law = settings(deadline=None)
STATES = get_args(Upload)


def attempt(act: Callable[[], T]) -> tuple[T | None, RefusedError | None]:
    """Return the result: an answer or a refusal. Any other error fails."""
    try:
        return act(), None
    except RefusedError as refusal:
        return None, refusal


# Events


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=topic_of)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_every_event_comes_back_from_its_json(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(some.event_of(kind))

    back = decode(encode(event))

    assert back == event
    assert type(back) is kind
    assert encode(back) == encode(event)


@law
@given(st.lists(some.upload_events, max_size=6))
def test_evolve_takes_any_events_in_any_order(events: list[UploadEvent]) -> None:
    assert isinstance(UPLOAD.replay(events), STATES)


@law
@given(some.pasts(), st.lists(some.upload_events, max_size=3))
def test_evolve_takes_any_events_after_a_real_past(past: tuple[UploadEvent, ...], events: list[UploadEvent]) -> None:
    assert isinstance(UPLOAD.replay((*past, *events)), STATES)


@law
@given(some.pasts())
def test_a_past_that_went_through_json_gives_the_same_state(past: tuple[UploadEvent, ...]) -> None:
    stored = [encode(event) for event in past]
    back: list[Any] = [decode(state) for state in stored]

    assert UPLOAD.replay(back) == UPLOAD.replay(past)


# The state machine


def outcome(command: UploadCommand, state: Upload) -> tuple[UploadEvent, ...] | None:
    """Return the events, or None if the command is refused; check that a refusal changes nothing."""
    before = msgspec.json.encode([state, command])
    events, refusal = attempt(lambda: decide(command, state))
    assert refusal is None or (type(refusal) is WrongStateError and refusal.code and refusal.message)
    assert msgspec.json.encode([state, command]) == before
    return events


def after(state: Upload, events: Iterable[UploadEvent]) -> Upload:
    for event in events:
        state = evolve(state, event)
    return state


@settings(deadline=None, max_examples=300)
@given(some.pasts(), some.commands)
def test_what_is_decided_is_one_of_the_steps_in_the_table(
    past: tuple[UploadEvent, ...], command: UploadCommand
) -> None:
    state = UPLOAD.replay(past)
    steps = TRANSITIONS.get((type(state), type(command)))

    events = outcome(command, state)

    if steps is None:
        assert events is None
    else:
        assert events is not None
        found = (tuple(type(event) for event in events), type(after(state, events)))
        assert found in {(step.events, step.to) for step in steps}


@law
@given(some.pasts(), some.commands)
def test_every_event_carries_the_origin_of_its_command_and_the_id_of_its_upload(
    past: tuple[UploadEvent, ...], command: UploadCommand
) -> None:
    for event in outcome(command, UPLOAD.replay(past)) or ():
        assert event.origin == command.origin
        assert event.upload_id == "upl_1"


@settings(deadline=None, max_examples=300)
@given(some.pasts(), some.commands)
def test_no_command_but_one_for_a_fresh_url_appends_events_twice(
    past: tuple[UploadEvent, ...], command: UploadCommand
) -> None:
    state = UPLOAD.replay(past)
    first = outcome(command, state)
    if first is None:
        return
    then = after(state, first)

    second = outcome(command, then)

    steps = TRANSITIONS.get((type(then), type(command)), ())
    if steps and all(not step.events for step in steps):
        assert second == ()
    if not isinstance(command, ReissueUrl):
        assert not second


# The quota


@settings(deadline=None, max_examples=300)
@given(some.pasts(max_steps=10))
def test_at_every_moment_the_ledger_holds_exactly_what_the_upload_holds(past: tuple[UploadEvent, ...]) -> None:
    for moment in range(len(past) + 1):
        so_far = past[:moment]
        state = UPLOAD.replay(so_far)
        if moment < len(past) and isinstance(past[moment], UploadCompleted):
            continue  # verified and completed are one command: no reader sees the state between them

        use = sum_of(so_far)

        request = request_of(state)
        is_open = isinstance(state, Pending | InProgress | Processing)
        assert use.reserved_bytes == (reserved(request) if is_open and request else 0)
        match state:
            case Completed():
                assert use.accepted_bytes == state.accepted_bytes
                assert state.accepted_bytes == (state.content.size_bytes if state.keeps_bytes else 0)
            case Canceled():
                assert use.accepted_bytes == state.kept_bytes
            case _:
                assert use.accepted_bytes == 0
        assert use.reserved_bytes >= 0
        assert use.accepted_bytes >= 0


@law
@given(st.lists(some.pasts(), max_size=4))
def test_a_ledger_over_many_uploads_is_the_sum_of_those_that_are_open(uploads: list[tuple[UploadEvent, ...]]) -> None:
    use = sum_of(event for past in uploads for event in past)

    states = [UPLOAD.replay(past) for past in uploads]
    still_open = [state for state in states if isinstance(state, Pending | InProgress | Processing)]
    assert use.reserved_bytes == sum(reserved(request) for state in still_open if (request := request_of(state)))
    assert use.accepted_bytes >= 0


# Filenames


@settings(deadline=None, max_examples=400)
@given(
    filename=some.filenames,
    spare=st.integers(SHORTEST_NAME, 200) | st.integers(SHORTEST_NAME, 3000),
    id_length=st.sampled_from([1, 16, 300]),
)
def test_a_storage_key_fits_and_stays_in_its_folder(filename: str, spare: int, id_length: int) -> None:
    ids = [prefix + "x" * id_length for prefix in ("int_", "ns_", "upl_")]
    folder = f"{ids[0]}/{ids[1]}/api_buckets_uploads_create/{ids[2]}/"
    room = len(folder) + spare

    key = storage_key(internal_id=ids[0], namespace_id=ids[1], upload_id=ids[2], filename=filename, room=room)

    name = key.removeprefix(folder)
    assert key == folder + name
    assert len(quote(key, safe="/~")) <= room
    assert len(key.encode()) <= MAX_KEY_BYTES
    assert len(name.encode()) <= MAX_SEGMENT_BYTES
    assert "/" not in name
    assert name not in {"", ".", ".."}
    if len(quote(filename, safe="~")) <= spare and len(filename.encode()) <= min(
        MAX_SEGMENT_BYTES, MAX_KEY_BYTES - len(folder)
    ):
        assert name == filename


@settings(deadline=None, max_examples=200)
@given(filename=some.filenames, less=st.integers(0, 200))
def test_more_room_never_gives_a_shorter_name(filename: str, less: int) -> None:
    def length(spare: int) -> int:
        key = storage_key(internal_id="i", namespace_id="n", upload_id="u", filename=filename, room=31 + spare)
        return len(key)

    assert length(16 + less) <= length(16 + 240)


# Schemas


@settings(deadline=None, max_examples=300)
@given(some.schema_fields, some.json_values | some.texts)
def test_any_json_can_be_held_against_any_property(document: dict[str, Any], value: object) -> None:
    field = msgspec.convert(document, SchemaField)

    for problem in value_problems(field, value, "it"):
        assert problem.startswith("it")
    assert list(value_problems(field, None, "it")) == []


@law
@given(st.dictionaries(st.sampled_from(["a", "b", "é", ""]), some.schema_fields | some.json_values, max_size=3))
def test_any_json_is_a_schema_or_refused(properties: dict[str, Any]) -> None:
    schema, refusal = attempt(lambda: parse_schema({"properties": properties}))

    if schema is None:
        assert isinstance(refusal, InvalidInputError)
        assert refusal.code in {"invalid_schema", "null_character", "too_deep"}
    else:
        _, refusal = attempt(lambda: check_values(schema, {"a": 1, "b": None, "c": [{}]}, given=()))
        assert refusal is None or refusal.code == "schema_violation"


@law
@given(some.json_values)
def test_any_json_is_accepted_or_refused(value: object) -> None:
    _, refusal = attempt(lambda: check_json(value, "it", max_bytes=16))

    if refusal is None:
        assert len(msgspec.json.encode(value)) <= 16
    else:
        assert refusal.code in {"null_character", "too_deep", "metadata_too_large"}


# Content types


@law
@given(st.text(max_size=20) | some.content_types, st.text(max_size=20) | some.content_types)
def test_sameness_of_content_types_is_reflexive_and_symmetric(one: str, other: str) -> None:
    assert media_types.same(one, one)
    assert media_types.same(one, other) == media_types.same(other, one)


@law
@given(some.content_types)
def test_case_never_matters_in_a_content_type(content_type: str) -> None:
    media_types.check_syntax(content_type)

    assert media_types.same(content_type, content_type.upper())
    assert media_types.file_types(content_type) == media_types.file_types(content_type.upper())


# Unique keys


def rewritten(value: object, draw: Callable[[st.SearchStrategy[Any]], Any]) -> object:
    """Return equal JSON, written in another way: its keys in another order, whole numbers with or without a point."""
    match value:
        case bool():
            return value
        case int() if abs(value) <= 2**53:
            return draw(st.sampled_from([value, float(value)]))
        case float() if value.is_integer():
            return draw(st.sampled_from([value, int(value)]))
        case list():
            return [rewritten(item, draw) for item in value]
        case dict():
            keys = draw(st.permutations(list(value)))
            return {key: rewritten(value[key], draw) for key in keys}
        case _:
            return value


@law
@given(some.json_values, st.data())
def test_a_digest_does_not_depend_on_how_equal_values_are_written(value: object, data: st.DataObject) -> None:
    assert canonical_digest((rewritten(value, data.draw),)) == canonical_digest((value,))


def equal(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


_alike = st.recursive(
    st.sampled_from([0, 1, 0.0, 1.0, -0.0, 0.5, True, False, None, "", "1", "true", "0.5"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["", "1"]), inner, max_size=2),
    max_leaves=3,
)


@settings(deadline=None, max_examples=300)
@given(_alike, _alike)
def test_digests_are_equal_exactly_where_values_are(one: object, other: object) -> None:
    assert (canonical_digest((one,)) == canonical_digest((other,))) == equal(one, other)


# Admission and verification


@law
@given(some.content_types, st.none() | some.content_types)
def test_bytes_never_contradict_their_own_content_type_or_any_bytes(declared: str, found: str | None) -> None:
    assert not contradicts(declared, declared)
    assert not contradicts(declared, None)
    assert not contradicts("application/octet-stream", found)


@law
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"%PDF-1.7\n", b"<svg ", b"OggS"]),
)
def test_any_bytes_can_be_sniffed(body: bytes, beginning: bytes) -> None:
    found = sniff(beginning + body)

    assert found is None or found == found.strip().lower()


@settings(deadline=None, max_examples=200)
@given(
    announced=st.builds(
        Announcement,
        filename=st.text(max_size=6) | some.filenames,
        content_type=st.text(max_size=6) | some.content_types,
        declared_size_bytes=st.none() | st.integers(1, 2**70),
        metadata=some.json_objects,
        create_object=st.booleans(),
        object_metadata=st.none()
        | some.json_objects
        | st.dictionaries(st.sampled_from("abc"), some.json_values, max_size=3),
        blob_property=st.none() | st.text(max_size=3) | st.sampled_from("abc"),
        blob_type=st.none() | st.text(max_size=3) | st.sampled_from(["VIDEO", "image", "string"]),
    ),
    properties=st.none() | st.dictionaries(st.sampled_from("abc"), some.schema_fields, max_size=3),
    unique_key=st.none() | st.just(UniqueKey(fields=("a",))),
    content=some.content_rules,
)
def test_any_announcement_is_admitted_or_refused(
    announced: Announcement, properties: dict[str, Any] | None, unique_key: UniqueKey | None, content: ContentRules
) -> None:
    schema = None if properties is None else msgspec.convert({"properties": properties}, BucketSchema)
    rules = BucketRules(schema=schema, unique_key=unique_key, content=content)
    limits = TierLimits(file_size_bytes=2**40, quota_bytes=None)

    admitted, refusal = attempt(lambda: admit(announced, rules, limits))

    if refusal is not None:
        assert refusal.code
        msgspec.json.encode(refusal.details)  # goes over the wire
    elif announced.create_object:
        assert admitted is not None
        assert schema is not None
        assert admitted.blob_property in schema.properties
        assert admitted.blob_type is not None


@law
@given(
    request=some.requests,
    found=st.builds(
        Found,
        size_bytes=st.integers(0, 5),
        etag=some.texts,
        content_type=st.none() | some.texts | st.just("video/mp4"),
        sha256=st.none() | st.just("0" * 64),
        looks_like=st.sampled_from([None, "video/quicktime", "image/png"]),
    ),
    limit=st.integers(0, 5),
)
def test_more_that_is_known_never_makes_content_right(request: Any, found: Found, limit: int) -> None:  # noqa: ANN401  # an UploadRequest
    """A contradiction before the bytes were read remains one afterwards, so they do not need to be read."""
    unread = msgspec.structs.replace(found, sha256=None, looks_like=None)
    claimed = Claimed()

    early = judge(unread, request, claimed=claimed, max_size_bytes=limit)

    if early is not None:
        assert judge(found, request, claimed=claimed, max_size_bytes=limit) is not None
