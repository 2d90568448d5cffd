"""Strategies: JSON, filenames, every event, every command of an upload, and the pasts that lead to its states.

Mostly small, so that many are tried; awkward on purpose.
"""

import enum
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from domain.buckets.bucket import Policy
from domain.buckets.schema import FieldType
from domain.events.event import Event, Origin
from domain.events.registry import EVENT_TYPES
from domain.refusals import InvalidInputError
from domain.uploads.content import Claimed, VerifiedContent
from domain.uploads.content_rules import ContentCheck, ContentRules
from domain.uploads.filenames import MAX_LENGTH, check
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    UPLOAD,
    AbandonVerification,
    AcceptContent,
    BeginVerification,
    CancelUpload,
    Completed,
    DeleteUpload,
    ExpireUpload,
    ForgetUpload,
    InheritBytes,
    ReissueUrl,
    RejectContent,
    ReportChangedContent,
    RequestUpload,
    StartUpload,
    UploadCommand,
)
from domain.uploads.upload_events import FailureReason, SeenBy, UploadEvent
from scripts.draw_state_machine import TRANSITIONS

T = TypeVar("T")

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

# Values

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # naive bounds are what it takes
integers = st.one_of(st.integers(-2, 2), st.integers(-(2**63), 2**63 - 1))
json_scalars = st.one_of(
    st.none(), st.booleans(), integers, st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts
)
json_values: st.SearchStrategy[Any] = st.recursive(
    json_scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(texts, json_values, max_size=3)


# Filenames

_AWKWARD = "aé写🚀\u0301\u200d\u202e\u05d0\ufeff .-_~%+&=?#'\"<>|*:\u00a0\ud7ff\U0010ffff"


def _passes(filename: str) -> bool:
    try:
        check(filename)
    except InvalidInputError:
        return False
    return True


_stems = st.one_of(
    st.text(max_size=12),
    st.text(st.sampled_from("a.\ud800\0/\\\x85"), max_size=3),  # what `check` has to keep out
    st.text(st.sampled_from(_AWKWARD), max_size=20),
    st.builds(
        lambda unit, count: (unit * count)[:MAX_LENGTH],
        st.sampled_from([*_AWKWARD, "a\u0301", "👩\u200d🚀", "a."]),
        st.integers(1, MAX_LENGTH),
    ),
)
_extensions = st.one_of(
    st.sampled_from(["", ".", "..", ".mp4", ".jpeg", ".tar.gz", ".🚀", ".写真", ".verylongextension", "...", ". "]),
    st.text(st.sampled_from(_AWKWARD), max_size=10),
)
filenames: st.SearchStrategy[str] = st.builds(
    lambda stem, extension: stem[: MAX_LENGTH - len(extension)] + extension, _stems, _extensions
).filter(_passes)


# Schemas and content types

schema_fields: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(list(FieldType)).map(str)},
        optional={
            "required": st.sampled_from([True, False, None]),
            "enum": st.none() | st.lists(json_values, max_size=2),
            "default": json_scalars,
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["array", "object"])},
        optional={"items": inner, "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2)},
    ),
    max_leaves=4,
)
_tokens = st.text(st.sampled_from("aZ0!#+-."), min_size=1, max_size=4)
content_types: st.SearchStrategy[str] = st.builds(
    lambda kind, subtype, parameters: f"{kind}/{subtype}" + "".join(parameters),
    _tokens | st.sampled_from(["image", "Video", "text", "application"]),
    _tokens | st.sampled_from(["png", "mp4", "json", "x+xml", "octet-stream"]),
    st.lists(st.builds("{}{}={}".format, st.sampled_from([";", "; ", " ;", "  ;  "]), _tokens, _tokens), max_size=2),
)


# Anything of a type


@cache
def anything(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401  # any annotation; one line for each form
    """Return any value that a field with this annotation may hold."""
    simple: Mapping[Any, st.SearchStrategy[Any]] = {
        str: texts,
        int: integers,
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        datetime: instants,
        type(None): st.none(),
        msgspec.UnsetType: st.just(msgspec.UNSET),
        Any: json_values,
    }
    if kind in simple:
        return simple[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is dict:
        return json_objects
    if origin is tuple:
        several = st.lists(anything(arguments[0]), max_size=3).map(tuple)
        return several if arguments[-1] is Ellipsis else st.tuples(*map(anything, arguments))
    if origin in {types.UnionType, typing.Union}:
        return st.one_of(*map(anything, arguments))
    if issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if issubclass(kind, msgspec.Struct):
        return st.builds(kind, **{name: anything(hint) for name, hint in _hints(kind).items()})
    raise TypeError(kind)


def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}


def event_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Return any event of this type, with any field values."""
    return anything(kind)


events: st.SearchStrategy[Event] = st.sampled_from(EVENT_TYPES).flatmap(event_of)
upload_events: st.SearchStrategy[UploadEvent] = st.sampled_from(typing.get_args(UploadEvent)).flatmap(anything)


# Commands of an upload: what a caller could really send, with small numbers

_ids = st.sampled_from(["one", "two"])
_sizes = st.integers(0, 5)
_maybe_sizes = st.none() | _sizes
_times = st.integers(0, 100).map(lambda hours: BEGINNING + timedelta(hours=hours))
_origins = st.builds(
    Origin,
    organization_id=st.just("org_1"),
    namespace_id=st.just("ns_1"),
    bucket_id=st.just("bkt_1"),
    actor_id=st.sampled_from(["key_1", "system:sweeper"]),
    command_id=_ids,
    at=_times,
)
requests = st.builds(
    UploadRequest,
    filename=st.just("clip.mp4"),
    content_type=st.just("video/mp4"),
    storage_key=st.just("int_1/ns_1/api_buckets_uploads_create/upl_1/clip.mp4"),
    declared_size_bytes=_maybe_sizes,
    declared_sha256=st.none() | st.just("0" * 64),
    url_expires_in_seconds=st.just(3600),
    expires_at=_times,
    due_at=_times,
    metadata=st.just({"a": 1}),
    create_object=st.booleans(),
    object_metadata=st.none() | st.just({"b": 2}),
    blob_property=st.none() | st.just("video"),
    blob_type=st.none() | st.just("VIDEO"),
    skip_duplicates=st.booleans(),
    unique_key=st.none() | _ids,
    policy=st.sampled_from(Policy),
    auto_confirm=st.booleans(),
    content_check=st.sampled_from(ContentCheck),
    min_file_size_bytes=_maybe_sizes,
    max_file_size_bytes=_maybe_sizes,
    expires_after_seconds=st.none() | st.just(60),
    deletes_at=st.none() | _times,
)
content_rules = st.builds(
    ContentRules,
    content_check=st.sampled_from(ContentCheck),
    allowed_content_types=st.lists(st.sampled_from(["image/*", "video/mp4", "text/*"]), max_size=2).map(tuple),
    min_file_size_bytes=_maybe_sizes,
    max_file_size_bytes=_maybe_sizes,
)
_contents = st.builds(
    VerifiedContent,
    size_bytes=_sizes,
    etag=st.sampled_from(["e1", "e2"]),
    sha256=st.just("0" * 64),
    content_type=st.none() | st.just("video/mp4"),
    version_id=st.none() | st.just("v1"),
    note=st.none() | st.just("The bytes are a PNG image (image/png), but the upload says video/mp4."),
)
_claims = st.builds(
    Claimed,
    etag=st.none() | st.just("e1"),
    size_bytes=_maybe_sizes,
    policy=st.none() | st.sampled_from(Policy),
)
_COMMANDS: Mapping[type[UploadCommand], st.SearchStrategy[UploadCommand]] = {
    RequestUpload: st.builds(
        RequestUpload,
        origin=_origins,
        upload_id=st.just("upl_1"),
        request=requests,
        existing_object_id=st.sampled_from([None, None, None, "obj_9"]),
        forget_at=_times,
    ),
    StartUpload: st.builds(StartUpload, origin=_origins, multipart_id=_ids),
    ReissueUrl: st.builds(
        lambda origin, hours: ReissueUrl(
            origin=origin,
            expires_at=origin.at + timedelta(hours=hours),
            due_at=origin.at + timedelta(hours=hours + 1),
        ),
        _origins,
        st.integers(1, 24),
    ),
    BeginVerification: st.builds(
        BeginVerification,
        origin=_origins,
        task_id=_ids,
        seen_by=st.sampled_from(SeenBy),
        inline=st.booleans(),
        claimed=_claims,
    ),
    AcceptContent: st.builds(
        AcceptContent,
        origin=_origins,
        content=_contents,
        object_id=st.none() | st.just("obj_1"),
        duplicate_of=st.none() | st.just("upl_0"),
        existing_object_id=st.none() | st.just("obj_9"),
    ),
    RejectContent: st.builds(
        RejectContent,
        origin=_origins,
        reason=st.sampled_from(FailureReason),
        message=st.just("Other bytes."),
        forget_at=_times,
    ),
    AbandonVerification: st.builds(AbandonVerification, origin=_origins, reason=st.just("503"), retry_at=_times),
    ExpireUpload: st.builds(ExpireUpload, origin=_origins, forget_at=_times),
    CancelUpload: st.builds(CancelUpload, origin=_origins, kept_bytes=_maybe_sizes, forget_at=_times),
    ReportChangedContent: st.builds(
        ReportChangedContent, origin=_origins, etag=st.sampled_from([None, "e1", "e2", "e3"])
    ),
    InheritBytes: st.builds(
        InheritBytes,
        origin=_origins,
        upload=st.builds(
            Completed,
            upload_id=st.just("upl_0"),
            request=requests,
            content=_contents,
            verified_at=_times,
            completed_at=_times,
            task_id=_ids,
            object_id=st.none(),
            duplicate_of=st.none(),
            existing_object_id=st.none(),
            accepted_bytes=_sizes,
            keeps_bytes=st.just(value=True),
        ),
    ),
    DeleteUpload: st.builds(DeleteUpload, origin=_origins, heir_id=st.none() | st.just("upl_2")),
    ForgetUpload: st.builds(ForgetUpload, origin=_origins, heir_id=st.none() | st.just("upl_2")),
}


def command_of(kind: type[UploadCommand]) -> st.SearchStrategy[UploadCommand]:
    """Return any command of this type."""
    return _COMMANDS[kind]


commands: st.SearchStrategy[UploadCommand] = st.sampled_from(list(_COMMANDS)).flatmap(command_of)


@st.composite
def pasts(draw: st.DrawFn, *, max_steps: int = 7) -> tuple[UploadEvent, ...]:
    """Return a possible log of an upload: the events of commands that were accepted one after the other."""
    past: tuple[UploadEvent, ...] = ()
    for _ in range(draw(st.integers(0, max_steps))):
        state = UPLOAD.replay(past)
        allowed = [kind for known, kind in TRANSITIONS if known is type(state)]
        past += UPLOAD.decide(draw(command_of(draw(st.sampled_from(allowed)))), state)
    return past
