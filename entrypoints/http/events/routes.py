"""The routes of the feed: pages, waiting for new events, and server-sent events."""

import re
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import Scope
from msgspec import ValidationError, structs
from msgspec.json import Decoder

from application.events.reading import MAX_LIMIT, MAX_WAIT_SECONDS, Announced, EventPage, Interest, exactly
from application.keys.callers import Caller, check_organization_scope
from application.keys.issuing_event_tokens import Narrowing
from application.ports.keys.token_reads import Owner, owner_of
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.uploads.hiding_others import event_as_ordinary, without_other_uploads
from domain.buckets.bucket import bucket_not_found
from domain.events.cloud_events import ADMINISTRATOR_TAGS, READER_TAGS, event_schema, tags_named
from domain.events.registry import BY_TAG
from domain.json_text import NotJSONError, decode_json, number
from domain.keys.api_key import Permission
from domain.refusals import InvalidInputError
from domain.shared_fields import made_from
from domain.uploads.upload import upload_not_found
from entrypoints.http.admission.admission import Admitted, Needs, admitted_in
from entrypoints.http.answers.errors import HEAD_ASKED
from entrypoints.http.events.event_stream import EventStream, Show, Streams
from entrypoints.http.events.wire import (
    CreateEventTokenRequest,
    EventHistoryResponse,
    EventPageResponse,
    EventTokenResponse,
)
from entrypoints.http.transport.server import until_ending
from entrypoints.http.wire import Json as JsonObject

TAGS = ["Events"]
SCHEMAS = "/v1/events/schemas"
_FEED = Needs(
    Permission.READ, namespace=False, narrowed=True, scoped=True, event_tokens=True, tokens=True, own=True
).opt()
_TOKEN = Needs(Permission.READ, namespace=False, narrowed=True, scoped=True).opt()
_READ_OWN = Needs(Permission.READ, scoped=True, tokens=True).opt()
_PAGE = 100
_OF_UPLOADS = frozenset(tag for tag in READER_TAGS if tag.startswith("upload."))
_LATEST = "latest"
_POSITION = re.compile(r"[0-9]{1,30}")
_LAST_POSITION = 2**63 - 1
_EVENT_STREAM = "text/event-stream"
_OBJECT: Decoder[dict[str, Any]] = Decoder(dict[str, Any], float_hook=number)

After = Annotated[str, QueryParameter(description="A position, or 'latest' for new events only.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]
Wait = Annotated[float, QueryParameter(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for events.")]
Types = Annotated[
    str | None, QueryParameter(description="Tags or kinds, separated by commas: 'upload.completed,object.*'.")
]
Original = Annotated[
    str | None,
    QueryParameter(description="Only announcements of files that were not sent, because this upload has their bytes."),
]
Filename = Annotated[str | None, QueryParameter(description="Only announcements of files of this name.")]
Metadata = Annotated[
    str | None, QueryParameter(description="Only announcements with these metadata, a JSON object: '{\"album\": 7}'.")
]
ObjectMetadata = Annotated[
    str | None, QueryParameter(description="Only announcements with these object_metadata, a JSON object.")
]


@get("/events", opt=_FEED, tags=TAGS)
async def list_events(
    request: Request[Any, Any, Any],
    scope: Scope,
    after: After = "0",
    limit: Limit = _PAGE,
    wait: Wait = 0,
    types: Types = None,
    bucket_id: FromQuery[str | None] = None,
    upload_id: FromQuery[str | None] = None,
    original_upload_id: Original = None,
    filename: Filename = None,
    metadata: Metadata = None,
    object_metadata: ObjectMetadata = None,
    token: FromQuery[str | None] = None,  # noqa: ARG001  # read before the body is
) -> EventPageResponse:
    """Return the events after a position; with `Accept: text/event-stream`, stream new ones."""
    admitted = admitted_in(scope)
    services = admitted.services
    interest = await _interest(admitted, request, types=types, bucket_id=bucket_id, upload_id=upload_id)
    announced = Announced(
        original_upload_id=original_upload_id,
        filename=filename,
        metadata=_pairs(metadata, "metadata"),
        object_metadata=_pairs(object_metadata, "object_metadata"),
    )
    if announced != Announced():
        interest = structs.replace(interest, announced=announced)
    streamed = _EVENT_STREAM in request.headers.get("accept", "")
    last_seen = request.headers.get("last-event-id") if streamed else None
    position = await _position(admitted, last_seen or after)
    if not streamed and not wait:
        page = await services.read_events.page(interest, after=position, limit=limit)
    else:
        if HEAD_ASKED in scope:
            raise MethodNotAllowedException
        streams: Streams = request.app.state.streams
        streams.check(admitted.caller)
        if streamed:
            await services.read_events.check(position)
            return EventStream(services, streams, interest, position, admitted.caller, _shown(admitted.caller))  # type: ignore[return-value]  # instead of a page
        with streams.held(admitted.caller):
            page = await until_ending(
                scope,
                services.read_events.wait(interest, after=position, limit=limit, seconds=wait),
                EventPage(events=[], position=position, has_more=False),
            )
    show = _shown(admitted.caller)
    envelopes = [event.envelope for event in page.events]
    return EventPageResponse(
        events=envelopes if show is None else [seen for each in envelopes if (seen := show(each)) is not None],
        next_after=page.position,
        has_more=page.has_more,
    )


@post("/events/tokens", status_code=200, opt=_TOKEN, tags=TAGS)
async def create_event_token(
    request: Request[Any, Any, Any], scope: Scope, data: JSONBody[CreateEventTokenRequest | None] = None
) -> EventTokenResponse:
    """Issue a token with which a browser reads events; of one namespace, if X-Namespace names it."""
    admitted = admitted_in(scope)
    named = request.headers.get("x-namespace")
    namespace = await admitted.services.admit.namespace(admitted.caller, named) if named else None
    reached = await buckets_in_reach(admitted, named)
    asked = data or CreateEventTokenRequest()
    secret, token = await admitted.services.issue_event_token(
        admitted.caller,
        namespace,
        expires_in_seconds=asked.expires_in_seconds,
        narrowing=await _narrowing(admitted, namespace, reached, asked),
    )
    return made_from(EventTokenResponse, token, token=secret)


async def _narrowing(
    admitted: Admitted,
    namespace: NamespaceRecord | None,
    reached: frozenset[str] | None,
    asked: CreateEventTokenRequest,
) -> Narrowing:
    """Return what a token is narrowed to; refuse what its key cannot read as not found."""
    if asked.subject is not None and asked.bucket is None:
        raise InvalidInputError(
            "bucket_required", "subject needs a bucket: send the id or name of one.", {"field": "bucket"}
        )
    if asked.bucket is None and asked.upload_id is None:
        return Narrowing(types=asked.types)
    if namespace is None:
        raise InvalidInputError(
            "namespace_required",
            "The header X-Namespace is missing: send the id or name of a namespace.",
            {"field": "X-Namespace"},
        )
    bucket_id = None
    if asked.bucket is not None:
        named = asked.bucket.replace("\0", "")
        bucket_id = (await admitted.services.admit.bucket(namespace, named)).bucket_id
        if reached is not None and bucket_id not in reached:
            raise bucket_not_found(named)
    if asked.upload_id is not None:
        upload = await admitted.services.ports.read_side.upload(namespace.namespace_id, asked.upload_id)
        if (
            upload is None
            or bucket_id not in {None, upload.bucket_id}
            or (reached is not None and upload.bucket_id not in reached)
        ):
            raise upload_not_found(asked.upload_id)
    return Narrowing(bucket_id=bucket_id, types=asked.types, subject=asked.subject, upload_id=asked.upload_id)


@get(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}/events", "/uploads/{upload_id:str}/events"],
    opt=_READ_OWN,
    tags=["Uploads"],
)
async def list_upload_events(upload_id: FromPath[str], scope: Scope) -> EventHistoryResponse:
    """Return the history of an upload."""
    admitted = admitted_in(scope)
    record = await admitted.services.ports.read_side.upload(admitted.namespace.namespace_id, upload_id[:100])
    bucket = admitted.given_bucket
    if record is None or (bucket is not None and bucket.bucket_id != record.bucket_id):
        raise upload_not_found(upload_id)
    interest = Interest(organization_id=record.organization_id, namespace_id=record.namespace_id)
    history = [event.envelope for event in await admitted.services.read_events.history(interest, record.upload_id)]
    if not await admitted.services.admit.reads(admitted.caller, admitted.namespace, record.bucket_id):
        show = without_other_uploads if admitted.caller.grant is None else event_as_ordinary
        shown = [show(event) for event in history]
        history = [event for event in shown if event is not None]
    return EventHistoryResponse(events=history)


@get(f"{SCHEMAS}/{{tag:str}}", opt={"asks": "nothing", "may_be_missing": True}, tags=TAGS)
async def get_event_schema(tag: FromPath[str]) -> JsonObject:
    """Return the JSON Schema of the `data` of events with this tag."""
    if tag not in BY_TAG:
        raise NotFoundException
    return event_schema(tag)


async def _interest(
    admitted: Admitted,
    request: Request[Any, Any, Any],
    *,
    types: str | None,
    bucket_id: str | None,
    upload_id: str | None,
) -> Interest:
    caller = admitted.caller
    if caller.grant is not None:
        return await _interest_of_token(admitted, types=types, bucket_id=bucket_id, upload_id=upload_id)
    named = request.headers.get("x-namespace")
    if caller.event_token is not None and caller.event_token.namespace_id is not None:
        named = caller.event_token.namespace_id
    namespace = await admitted.services.admit.namespace(caller, named) if named else None
    only_buckets = await buckets_in_reach(admitted, named)
    administrator = Permission.ADMIN in caller.key.permissions and not caller.key.scopes and caller.event_token is None
    visible = ADMINISTRATOR_TAGS if administrator else READER_TAGS
    token = caller.event_token
    owner = None
    if token is not None:
        visible &= tags_named(token.types) if token.types else visible
        only_buckets = _both(only_buckets, token.bucket_id)
        upload_id = _same_upload(upload_id, token.upload_id)
        if token.subject is not None:
            owner = Owner(bucket_id=token.bucket_id or "", subject=token.subject)
    return Interest(
        organization_id=caller.organization.organization_id,
        tags=visible if types is None else visible & tags_named(types.split(",")),
        namespace_id=None if namespace is None else namespace.namespace_id,
        bucket_id=bucket_id,
        only_buckets=only_buckets,
        stream_id=upload_id,
        owner=owner,
    )


async def _interest_of_token(
    admitted: Admitted, *, types: str | None, bucket_id: str | None, upload_id: str | None
) -> Interest:
    """Return the events that the holder of an upload token gets: those of its own uploads."""
    caller, grant = admitted.caller, admitted.caller.grant
    assert grant is not None  # noqa: S101  # this is only for such callers
    namespace = await admitted.services.admit.namespace(caller, grant.namespace_id)
    reached = await admitted.services.admit.reachable_buckets(caller, namespace, Permission.WRITE)
    upload_id = _same_upload(upload_id, None if caller.own is None else caller.own.upload_id)
    if upload_id is not None:
        await admitted.services.admit.check_own(caller, upload_id)
    return Interest(
        organization_id=caller.organization.organization_id,
        tags=_OF_UPLOADS if types is None else _OF_UPLOADS & tags_named(types.split(",")),
        namespace_id=grant.namespace_id,
        bucket_id=bucket_id,
        only_buckets=reached,
        stream_id=upload_id,
        owner=owner_of(caller.token) if upload_id is None and caller.token is not None else None,
    )


def _same_upload(asked: str | None, only: str | None) -> str | None:
    """Return the upload that a reader asks for, which must be the one that it may read, if there is one."""
    if asked is not None and only not in {None, asked}:
        raise upload_not_found(asked)
    return asked if only is None else only


def _both(buckets: frozenset[str] | None, bucket_id: str | None) -> frozenset[str] | None:
    if bucket_id is None:
        return buckets
    return frozenset({bucket_id}) if buckets is None else buckets & {bucket_id}


def _shown(caller: Caller) -> Show | None:
    """Return how a reader sees events that may have facts about others; None: as they are."""
    token = caller.event_token
    return event_as_ordinary if caller.grant is not None or (token is not None and token.is_about_uploads) else None


async def buckets_in_reach(admitted: Admitted, named_namespace: str | None) -> frozenset[str] | None:
    """Return the ids of the buckets in the key's scopes; None: all. A key for single buckets must name a namespace."""
    caller = admitted.caller
    if not caller.key.scopes:
        return None
    if not named_namespace:
        check_organization_scope(caller, Permission.READ)
        return None
    namespace = await admitted.services.admit.namespace(caller, named_namespace)
    return await admitted.services.admit.reachable_buckets(caller, namespace, Permission.READ)


def _pairs(text: str | None, name: str) -> tuple[tuple[str, str], ...]:
    """Return the keys and values that a parameter requires of metadata."""
    if text is None:
        return ()
    try:
        wanted = exactly(decode_json(text.encode(errors="replace"), _OBJECT))
    except (NotJSONError, ValidationError):
        wanted = ()
    if not wanted:  # also for an empty object: it matches everything
        raise InvalidInputError(
            "invalid_metadata",
            f'{name} is not a JSON object with keys: send keys with their values, such as {{"album": 7}}.',
            {"field": name},
        )
    return wanted


async def _position(admitted: Admitted, after: str) -> int:
    if after == _LATEST:
        return await admitted.services.read_events.head()
    if not _POSITION.fullmatch(after):
        raise InvalidInputError(
            "invalid_position",
            "after is not a position: send the id of an event, or 'latest'.",
            {"after": after[:100]},
        )
    return min(int(after), _LAST_POSITION)


ROUTES = [list_events, create_event_token, list_upload_events]
OPEN_ROUTES = [get_event_schema]
