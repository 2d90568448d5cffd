"""The feed on NATS JetStream: every event of Upwell once and in order, even if processes are killed.

Each message names the sequence that it must follow (`Nats-Expected-Last-Sequence`), so the stream accepts a page in
order up to the first lost message, and nothing after it. The next relay reads its position from the stream, so that an
event that was published but not recorded is not published again, even after JetStream's window for duplicates.

The header is not `Nats-Expected-Last-Msg-Id`: in nats-server 2.15.1, a wrong id stops a replicated stream.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Final
from urllib.parse import urlsplit

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError

from adapters.nats.errors import RelayError, RelayUnusableError, TooLargeError
from application.events.subscribing import Recorded
from domain.events.cloud_events import READER_TAGS, envelope
from domain.events.event import encode, topic_of

NAME: Final = "relay.nats"
READERS: Final = "upwell"
ADMINISTRATORS: Final = "upwell-admin"  # a separate root, because a consumer's filter cannot exclude subjects
_SUBJECTS: Final = [f"{READERS}.>", f"{ADMINISTRATORS}.>"]
_CONTENT_TYPE: Final = "application/cloudevents+json"
_MESSAGE_ID: Final = "Nats-Msg-Id"
_AT_ONCE: Final = 500
_CONNECTED_WITHIN: Final = 5.0
_ACKNOWLEDGED_WITHIN: Final = 5.0
_RECONNECT_AFTER: Final = 0.25
_DUPLICATE_WINDOW: Final = 120.0
_HEADERS_BYTES: Final = 256  # more than our headers ever need


class _Head(msgspec.Struct, frozen=True):
    """The end of the stream: its sequence, and the position of the event there. 0 and 0: it is empty."""

    sequence: int
    position: int


class _Message(msgspec.Struct, frozen=True):
    position: int
    subject: str
    body: bytes


class NatsRelay:
    """A `Projection` whose table is a JetStream stream. In the transaction, it writes only its position.

    `published` is called when the stream has all events of a page. `is_new`: the stream has never had a message, so the
    relay must begin with the first event, even if a position is recorded.
    """

    name = NAME
    topics = None

    def __init__(
        self,
        client: Client,
        jetstream: JetStreamContext,
        stream: str,
        *,
        sequence: int,
        end: Callable[[], Awaitable[int]],
        published: Callable[[], None],
    ) -> None:
        self._client = client
        self._jetstream = jetstream
        self._stream = stream
        self._end = end
        self._published = published
        self._sequence = sequence  # the stream has existed: its sequence never decreases
        self._head: _Head | None = None
        self.is_new = sequence == 0

    async def check(self) -> None:
        """Raise `RelayUnusableError` if the relay cannot continue with this stream."""
        self._head = await self._look(None)

    async def project(self, transaction: object, events: Sequence[Recorded]) -> None:  # noqa: ARG002  # a projection's signature
        """Publish events, except those that the stream already has. Raises `RelayError`, `RelayUnusableError`."""
        head, self._head = self._head, None  # unknown until everything is acknowledged
        try:
            head = await self._look(head)
            left = [_message(each) for each in events if each.position > head.position]
            for first in range(0, len(left), _AT_ONCE):
                head = await self._publish(head, left[first : first + _AT_ONCE])
        except (NatsError, TimeoutError, OSError) as error:
            if self._client.is_closed:
                raise RelayUnusableError(
                    f"NATS has closed the connection permanently: {_said(error, self._client)}"
                ) from error
            raise RelayError(f"NATS does not accept events at the moment: {_said(error, self._client)}") from error
        self._head = head
        self._published()

    async def _publish(self, head: _Head, messages: Sequence[_Message]) -> _Head:
        """Publish messages after the end of the stream, and return the new end."""
        room = self._client.max_payload - _HEADERS_BYTES
        fitting = list(takewhile(lambda message: len(message.body) <= room, messages))
        sequences = range(head.sequence, head.sequence + len(fitting))
        acknowledged = await asyncio.gather(
            *(
                self._jetstream.publish(
                    message.subject,
                    message.body,
                    stream=self._stream,
                    headers={
                        _MESSAGE_ID: str(message.position),
                        "Nats-Expected-Last-Sequence": str(after),
                        "content-type": _CONTENT_TYPE,
                    },
                )
                for after, message in zip(sequences, fitting, strict=True)
            ),
            return_exceptions=True,
        )
        for after, answer in zip(sequences, acknowledged, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if answer.seq != after + 1:
                raise NatsError(f"it has message {after + 1} as {answer.seq}")
        if len(fitting) < len(messages):
            large = messages[len(fitting)]
            raise TooLargeError(
                f"The event {large.position} has {len(large.body)} bytes, and max_payload of the NATS server is"
                f" {self._client.max_payload}: increase the limit. Until then, nothing is published."
            )
        return _Head(head.sequence + len(fitting), messages[-1].position) if messages else head

    async def _look(self, known: _Head | None) -> _Head:
        """Return the end of the stream, unless it is `known`."""
        if not self._client.is_connected:
            raise NatsError("there is no connection")
        if known is not None:
            return known
        try:
            sequence = (await self._jetstream.stream_info(self._stream)).state.last_seq
        except NotFoundError:
            sequence = -1
        if sequence < self._sequence:
            raise RelayUnusableError(
                f"The stream {self._stream} was deleted while the relay was running. Restart the relay: it creates a"
                " new stream, and publishes the whole feed."
            )
        self._sequence = sequence
        try:
            message = await self._jetstream.get_last_msg(self._stream, ">")
        except NotFoundError:  # no message yet, or the message was deleted
            return _Head(sequence, 0)
        event_id = (message.headers or {}).get(_MESSAGE_ID, "")
        if not event_id.isdecimal():
            raise RelayUnusableError(
                f"Another client has published to the stream {self._stream}: message {message.seq},"
                f" {message.subject}. Delete the message, and allow only the relay to publish there."
            )
        if int(event_id) > (end := await self._end()):
            raise RelayUnusableError(
                f"The stream {self._stream} has the event {event_id}, which is beyond the end of the log, {end}: the"
                " database was restored from a backup, or is a different database. Delete the stream, or set"
                " UPWELL_NATS_STREAM to another name: the relay then publishes the whole feed again."
            )
        return _Head(sequence, int(event_id))


@asynccontextmanager
async def open_relay(
    servers: Sequence[str],
    *,
    stream: str,
    replicas: int,
    end: Callable[[], Awaitable[int]],
    credentials: str | None = None,
    published: Callable[[], None] = lambda: None,
) -> AsyncIterator[NatsRelay]:
    """Connect, create the stream if it is missing, and return the relay.

        `replicas`: of a new stream, 1 to 5. `end`: returns the last position of the log. `credentials`: the path of a
    `.creds` file. Raises `RelayUnusableError`.
    """
    client = await _connect(servers, credentials)
    try:
        jetstream = client.jetstream(timeout=_ACKNOWLEDGED_WITHIN)
        try:
            sequence = await _make(jetstream, stream, replicas)
            relay = NatsRelay(client, jetstream, stream, sequence=sequence, end=end, published=published)
            await relay.check()
        except (NatsError, TimeoutError) as error:
            raise RelayUnusableError(
                f"NATS has no stream {stream}, and cannot create it: {_said(error, client)}"
            ) from error
        yield relay
    finally:
        await client.close()


async def _connect(servers: Sequence[str], credentials: str | None) -> Client:
    client = Client()

    async def heard(error: Exception) -> None:
        """Keep only `last_error`, instead of logging a traceback for each attempt."""

    try:
        async with asyncio.timeout(_CONNECTED_WITHIN):
            await client.connect(
                list(servers),
                name="upwell relay",
                error_cb=heard,
                user_credentials=credentials,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RECONNECT_AFTER,  # type: ignore[arg-type]  # a float works too
            )
    except (NatsError, TimeoutError, OSError, ValueError) as error:
        hosts = ", ".join(urlsplit(each).netloc.rpartition("@")[2] for each in servers)
        raise RelayUnusableError(f"NATS cannot be used at {hosts}: {_said(client.last_error or error)}") from error
    return client


async def _make(jetstream: JetStreamContext, stream: str, replicas: int) -> int:
    """Create the stream, or check the existing one; return its last sequence."""
    try:
        info = await jetstream.stream_info(stream)
    except NotFoundError:
        info = await jetstream.add_stream(
            StreamConfig(
                name=stream,
                subjects=_SUBJECTS,
                num_replicas=replicas,
                duplicate_window=_DUPLICATE_WINDOW,
                description="The feed of Upwell",
            )
        )
    config = info.config
    if (
        sorted(config.subjects or ()) != sorted(_SUBJECTS)
        or config.retention != RetentionPolicy.LIMITS
        or config.no_ack
        or config.sealed
    ):
        raise RelayUnusableError(
            f"The stream {stream} was created for another purpose: subjects {config.subjects}, retention"
            f" {config.retention}. The relay needs subjects {_SUBJECTS}, retention limits, acknowledgements, and a"
            " stream that is not sealed. Change the stream, or set UPWELL_NATS_STREAM to another name."
        )
    return info.state.last_seq


def _message(recorded: Recorded) -> _Message:
    event = recorded.event
    tag = topic_of(event)
    event_id = envelope(recorded.position, recorded.stream_id, tag, encode(event), event.origin)
    root = READERS if tag in READER_TAGS else ADMINISTRATORS
    return _Message(recorded.position, f"{root}.{event.origin.organization_id}.{tag}", msgspec.json.encode(event_id))


def _said(error: BaseException, client: Client | None = None) -> str:
    """Return the error as text, with the client's last error."""
    heard = None if client is None else client.last_error
    said = str(error) or repr(error)
    return said if heard is None else f"{said} ({_said(heard)})"
