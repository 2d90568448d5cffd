"""Errors of a decoder become sentences: for every field of every body, and every parameter."""

import re
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from domain.refusals import InvalidInputError
from entrypoints.http.answers.complaints import body_complaint, number_complaint, parameter_complaint
from entrypoints.http.app import create_app
from entrypoints.http.uploads.wire import CreateUploadRequest
from tests.messages import faults

_WRONG: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "", "\u2603" * 5000, [], [None], {}, {"a": None})


def handlers() -> Iterator[HTTPRouteHandler]:
    @asynccontextmanager
    async def nothing() -> Any:  # noqa: ANN401  # the application is looked at, not started
        yield None

    for route in create_app(nothing).routes:
        for each in getattr(route, "route_handlers", ()):
            if isinstance(each, HTTPRouteHandler) and each.tags:
                yield each


def bodies() -> dict[str, Any]:
    found = {}
    for handler in handlers():
        data = handler.parsed_fn_signature.parameters.get("data")
        if data is not None:
            found[str(data.annotation)] = data.annotation
    return found


BODIES = bodies()


def samples(  # noqa: C901, PLR0911, PLR0912  # one line for every kind
    described: inspect.Type, above: tuple[type, ...] = ()
) -> Any:  # noqa: ANN401  # JSON
    """Return JSON that is right, with every field given."""
    match described:
        case inspect.Metadata(extra_json_schema={"examples": [example, *_]}):
            return example
        case inspect.Metadata():
            return samples(described.type, above)
        case inspect.UnionType():
            return samples(next(each for each in described.types if not isinstance(each, inspect.NoneType)), above)
        case inspect.StructType(cls=cls) if above.count(cls) > 1:
            return None
        case inspect.StructType(cls=cls):
            fields = {field.encode_name: samples(field.type, (*above, cls)) for field in described.fields}
            return fields if described.tag is None else {described.tag_field: described.tag, **fields}
        case inspect.ListType() | inspect.VarTupleType():
            return [samples(described.item_type, above)] * max(1, described.min_length or 0)
        case inspect.DictType():
            inner = samples(described.value_type, above)
            return {} if inner is None else {"a": inner}
        case inspect.EnumType():
            return next(iter(described.cls)).value
        case inspect.LiteralType():
            return described.values[0]
        case inspect.IntType() | inspect.FloatType():
            return described.ge or 1
        case inspect.BoolType():
            return True
        case inspect.DateTimeType():
            return "2027-01-01T00:00:00Z"
        case inspect.StrType():
            return "a" * (described.min_length or 1)
        case _:
            return None


def places(value: Any, path: str = "") -> Iterator[tuple[Any, Any, str]]:  # noqa: ANN401  # JSON
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        here = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else str(key)
        yield value, key, here
        yield from places(inner, here)


def refusals(kind: Any) -> Iterator[tuple[str, InvalidInputError]]:  # noqa: ANN401  # a type
    """Yield a refusal for every wrong value at every place, with the place."""
    assert list(_refusal(samples(inspect.type_info(kind)), kind, "")) == [], "what is right is refused"
    for wrong in _WRONG:
        document = samples(inspect.type_info(kind))
        for holder, key, path in list(places(document)):
            kept, holder[key] = holder[key], wrong
            yield from _refusal(document, kind, path)
            holder[key] = kept
            if isinstance(holder, dict):
                holder["colour"] = 1
                yield from _refusal(document, kind, path.removesuffix(key) + "colour")
                del holder["colour"], holder[key]
                yield from _refusal(document, kind, path)
                holder[key] = kept


def _refusal(document: Any, kind: Any, path: str) -> Iterator[tuple[str, InvalidInputError]]:  # noqa: ANN401  # the same
    try:
        msgspec.json.decode(msgspec.json.encode(document), type=kind)
    except msgspec.ValidationError as error:
        yield path, body_complaint(error, kind, document)


@pytest.mark.parametrize("kind", BODIES.values(), ids=[re.sub(r"\W+", "-", name)[-50:] for name in BODIES])
def test_every_complaint_about_a_body_names_the_field_and_what_is_allowed(kind: object) -> None:
    found = list(refusals(kind))

    assert found
    assert {m.message: wrong for _, m in found if (wrong := faults(m.message))} == {}
    for path, refusal in found:
        named = refusal.details["field"]
        assert named == "The body" or named in refusal.message
        assert path.startswith(named) or named.startswith(path) or named == "The body", (path, named)


def test_a_field_of_a_batch_is_named_with_its_index() -> None:
    kind = BODIES["<class 'entrypoints.http.uploads.wire.BatchUploadRequest'>"]
    good = {"filename": "a.mp4", "content_type": "video/mp4"}
    bad = [{**good, "file_size_bytes": 0}, {**good, "file_hash": "A"}, {"filename": "a"}, {**good, "multipart": "no"}]
    fields = [
        next(_refusal({"uploads": [good, good, one]}, kind, ""))[1].message
        for one in (*bad, {**good, "colour": "red"}, {**good, "skip_duplicates": "yes"})
    ]
    assert fields[:4] == [
        (
            "uploads[2].file_size_bytes has a value that is not allowed: send a whole number of at least 1 or null;"
            " leave it out for an empty file."
        ),
        "uploads[2].file_hash has a value that is not allowed: send 64 lower-case hex digits or null.",
        "uploads[2].content_type is missing: send a string.",
        "uploads[2].multipart has a value that is not allowed: send one of auto, always, never.",
    ]
    assert fields[4].startswith(
        "uploads[2].colour is not a field of this request: leave it out, or use one of filename, "
    )
    assert fields[5] == "uploads[2].skip_duplicates is a string: send true or false."


def test_every_complaint_about_a_parameter_is_a_sentence() -> None:
    messages = set()
    for handler in handlers():
        for name in handler.parsed_fn_signature.parameters:
            if name not in {"request", "scope", "data"}:
                extra = [{"key": name, "source": "query", "message": "Expected `int`, got `str`"}]
                messages.add(parameter_complaint(handler, ValidationException(extra=extra)).message)

    assert "limit has a value that is not allowed: send a whole number from 1 to 1000." in messages
    assert "hours has a value that is not allowed: send a whole number from 1 to 720." in messages
    assert "return_presigned_urls has a value that is not allowed: send true or false." in messages
    assert {message: found for message in messages if (found := faults(message))} == {}


def test_every_pattern_is_explained_in_words() -> None:
    def patterns(described: Any, seen: set[type]) -> Iterator[str]:  # noqa: ANN401  # any part of a description
        match described:
            case inspect.Metadata(extra={"allowed": str()}):
                return
            case inspect.StrType(pattern=str(pattern)):
                yield pattern
            case inspect.StructType(cls=cls) if cls in seen:
                return
            case inspect.StructType(cls=cls):
                seen.add(cls)
        if isinstance(described, inspect.Type | inspect.Field):
            for name in described.__struct_fields__:
                yield from patterns(getattr(described, name), seen)
        elif isinstance(described, tuple):
            for each in described:
                yield from patterns(each, seen)

    assert list(patterns(tuple(inspect.type_info(kind) for kind in BODIES.values()), set())) == []


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_of_nothing_is_refused_with_what_to_do_for_an_empty_file(size: int) -> None:
    body = {"filename": "a.txt", "content_type": "text/plain", "file_size_bytes": size}
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(body, CreateUploadRequest)

    assert body_complaint(caught.value, CreateUploadRequest).message == (
        "file_size_bytes has a value that is not allowed: send a whole number of at least 1 or null; leave it out for"
        " an empty file."
    )


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"metadata": {"a": [1, %s]}}' % (b"9" * 5000), "metadata.a[1]"),
        (b'{"price": 1e400, "other": 10e2}', "price"),
        (b'[{"n": -1e999}]', "[0].n"),
        (b'{"n": {"tiny": 1e-400}, "zero": 0e-400}', "n.tiny"),
        (b"%s" % (b"9" * 5000), "The body"),
    ],
)
def test_a_number_beyond_all_bounds_is_named(body: bytes, place: str) -> None:
    refusal = number_complaint(body)
    assert refusal.details["field"] == place
    assert refusal.message == (
        f"{place} is a number out of range: send a number that fits into 64 bits, or its digits as a string where any"
        " JSON is allowed."
    )
    assert faults(refusal.message) == []


def test_a_body_that_is_missing_is_called_the_body_and_bounds_are_plain_numbers() -> None:
    def complaint(of: Any, name: str) -> str:  # noqa: ANN401  # a handler
        extra = [{"key": name, "source": "body", "message": "Expected `object`, got `null`"}]
        return parameter_complaint(of, ValidationException(extra=extra)).message

    by_name = {str(each.handler_name): each for each in handlers()}
    assert complaint(by_name["create_upload"], "data") == "The body is missing: send a JSON object."
    assert complaint(by_name["list_events"], "wait") == (
        "wait has a value that is not allowed: send a number from 0 to 60."
    )
