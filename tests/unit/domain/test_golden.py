"""`tests/golden/` holds a JSON for every tag ever released. Files there are never edited.

A field with a default may be added to an event, with one more file; every other change of a shape is a new tag.
`<tag>.json` is a whole event, `<tag>.redacted.json` the same one after it was forgotten, `<tag>.<what>.json` one more.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from domain.events.event import encode, topic_of
from domain.events.registry import BY_TAG, decode
from domain.uploads.upload import NoUpload, evolve
from domain.uploads.upload_events import UploadEvent

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = sorted(path.name for path in GOLDEN.iterdir())
PERSONAL_OF_A_REQUEST = ("filename", "storage_key", "metadata", "object_metadata")
PERSONAL_OF_A_BLOB = ("filename", "storage_key")
LEFT_OUT = ("data", "metadata", "key_prefix")  # null values are not written at all


def read(name: str) -> dict[str, Any]:
    content = json.loads((GOLDEN / name).read_text())
    assert isinstance(content, dict)
    return content


def redacted(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is after its upload or object was forgotten."""
    event = json.loads(json.dumps(event))
    if "request" in event:
        event["request"].update(dict.fromkeys(each for each in PERSONAL_OF_A_REQUEST if each in event["request"]))
    if "storage_key" in event:
        event["storage_key"] = None
    if "blobs" in event:
        event["metadata"] = None
        event.pop("key_prefix", None)
        for blob in event["blobs"]:
            blob.update(dict.fromkeys(PERSONAL_OF_A_BLOB))
            for name in LEFT_OUT:
                blob.pop(name, None)
    return event


def tag_of(name: str) -> str:
    """Return the tag of `<tag>.json` or of another example of it, `<tag>.<what>.json`."""
    return re.sub(r"(\.v\d+)(\.[a-z_]+)?\.json$", r"\1", name)


def is_personal(tag: str) -> bool:
    return not {"request", "blobs", "storage_key"}.isdisjoint(BY_TAG[tag].__struct_fields__)


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every member of every object in this JSON."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def test_there_is_one_file_for_every_tag_and_no_file_without_a_tag() -> None:
    whole = {f"{tag}.json" for tag in BY_TAG}
    without_the_personal = {tag_of(name) for name in FILES if name.endswith("redacted.json")}

    assert set(FILES) >= whole
    assert without_the_personal >= {tag for tag in BY_TAG if is_personal(tag)}
    assert {tag_of(name) for name in FILES} == set(BY_TAG)


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_decodes_to_the_event_of_its_name(name: str) -> None:
    event = decode((GOLDEN / name).read_bytes())

    assert topic_of(event) == tag_of(name)


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_is_exactly_what_its_event_is_written_as(name: str) -> None:
    written = json.loads(encode(decode((GOLDEN / name).read_bytes())))

    assert set(paths(written)) == set(paths(read(name)))
    assert written == read(name)


@pytest.mark.parametrize("name", FILES)
def test_every_field_of_a_golden_file_means_something_to_its_event(name: str) -> None:
    """Removing any field must either fail to decode, or change the encoded event."""
    whole = read(name)
    free = {("request", "metadata"), ("request", "object_metadata"), ("metadata",), ("settings",), ("bucket_schema",)}
    for path in paths(whole):
        if any(path[: len(prefix)] == prefix and len(path) > len(prefix) for prefix in free) or path[0] == "scopes":
            continue  # a client's own JSON
        without = read(name)
        inner: Any = without
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        try:
            event = decode(json.dumps(without).encode())
        except msgspec.ValidationError:
            continue
        noticed = event != decode(json.dumps(whole).encode()) or json.loads(encode(event)) != without
        assert noticed, f"{path} of {name} is not read at all"


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("redacted.json")])
def test_a_redacted_file_is_the_whole_one_without_what_is_personal(name: str) -> None:
    whole = read(name.replace(".redacted.json", ".json").replace("_redacted.json", ".json"))

    assert read(name) == redacted(whole) != whole


def test_nothing_personal_is_left_in_a_redacted_file() -> None:
    for name in FILES:
        if name.endswith("redacted.json"):
            text = (GOLDEN / name).read_text()
            assert not any(trace in text for trace in ("Zürich", "poster", "campaign", "sku", "launch", "shelf")), name


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("upload.")])
def test_an_upload_evolves_from_every_golden_event(name: str) -> None:
    event = decode((GOLDEN / name).read_bytes())

    if isinstance(event, get_args(UploadEvent)):
        evolve(NoUpload(), event)


def _nullable(kind: msgspec.inspect.Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    match kind:
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from _nullable(field.type, (*path, field.encode_name))
        case msgspec.inspect.UnionType():
            if kind.includes_none:
                yield path
            for one in kind.types:
                yield from _nullable(one, path)
        case msgspec.inspect.VarTupleType():
            yield from _nullable(kind.item_type, (*path, "*"))
        case _:
            pass


def _values(value: object, path: tuple[str, ...]) -> Iterator[object]:
    if not path:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, path[1:])
    elif isinstance(value, dict):
        yield from _values(value.get(path[0]), path[1:])


@pytest.mark.parametrize("tag", list(BY_TAG))
def test_every_field_that_may_be_null_is_shown_null_and_filled(tag: str) -> None:
    """Otherwise one of the two could be lost, or change its type, unnoticed. `origin` is the same everywhere."""
    events = [read(name) for name in FILES if tag_of(name) == tag]
    for path in _nullable(msgspec.inspect.type_info(BY_TAG[tag]), ()):
        if path[0] != "origin":
            shown = {value is None for event in events for value in _values(event, path)}
            assert shown == {True, False}, f"{path} is shown {'null' if True in shown else 'filled'} only"


def test_an_origin_is_shown_with_and_without_a_namespace_and_a_bucket() -> None:
    origins = [read(name)["origin"] for name in FILES]

    for field in ("namespace_id", "bucket_id"):
        assert {origin[field] is None for origin in origins} == {True, False}


def extended(value: object) -> object:
    """Return JSON in which every object has one more member."""
    match value:
        case dict():
            return {"of_a_later_version": {}} | {name: extended(item) for name, item in value.items()}
        case list():
            return [extended(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("name", FILES)
def test_fields_that_a_later_version_adds_anywhere_in_an_event_are_skipped(name: str) -> None:
    event = read(name)

    assert type(decode(json.dumps(extended(event)).encode())) is type(decode(json.dumps(event).encode()))
