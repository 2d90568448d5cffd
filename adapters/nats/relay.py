"""The feed on NATS JetStream: every event of ours once and in order, whatever is killed when.

Each message names the one that must stand before it (`Nats-Expected-Last-Msg-Id`), so the stream takes a page in order
up to the first message that is lost, and nothing behind it. Whoever goes on reads from the stream how far it has come:
what was published but not recorded is not published again, also after the window in which JetStream itself would notice.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

from application.subscribing import Recorded
from domain.events import encode, topic_of
from domain.telling import envelope

NAME: Final = "relay.nats"
PREFIX: Final = "upwell"
_MESSAGE_ID: Final = "Nats-Msg-Id"
_EXPECTED_LAST: Final = "Nats-Expected-Last-Msg-Id"
_AT_ONCE: Final = 500
_ACKNOWLEDGED_WITHIN: Final = 10.0
_TRIES: Final = 20
_PAUSE: Final = 0.25
_DUPLICATE_WINDOW: Final = 120.0


class RelayError(Exception):
    """NATS has not taken everything; it is tried again from where the stream is."""


class NatsRelay:
    """A `Projection` whose table is a JetStream stream. It writes nothing in the transaction but its position."""

    name = NAME
    topics = None

    def __init__(self, jetstream: JetStreamContext, stream: str) -> None:
        self._jetstream = jetstream
        self._stream = stream
        self._last: int | None = None  # what stands last in the stream, as far as we know
        self._known = False

    async def project(self, transaction: object, events: Sequence[Recorded]) -> None:  # noqa: ARG002  # a projection's signature
        """Publish events; what the stream has already is left out. Raises `RelayError`."""
        left = list(events)
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_PAUSE)
            try:
                if not self._known:
                    self._last, self._known = await self._last_published(), True
                left = [each for each in left if self._last is None or each.position > self._last]
                while left:
                    await self._publish(left[:_AT_ONCE])
                    left = left[_AT_ONCE:]
            except (NatsError, TimeoutError, OSError) as error:
                self._known, failure = False, error
            else:
                return
        raise RelayError(f"NATS has not taken {len(left)} events: {failure!r}")

    async def _publish(self, events: Sequence[Recorded]) -> None:
        last = self._last
        acknowledgements = []
        for each in events:
            headers = {_MESSAGE_ID: str(each.position)} | ({} if last is None else {_EXPECTED_LAST: str(last)})
            subject = f"{PREFIX}.{each.event.origin.organization_id}.{topic_of(each.event)}"
            acknowledgements.append(await self._jetstream.publish_async(subject, _payload(each), headers=headers))
            last = each.position
        async with asyncio.timeout(_ACKNOWLEDGED_WITHIN):
            answers = await asyncio.gather(*acknowledgements, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        self._last = last

    async def _last_published(self) -> int | None:
        """Return the position of the last event in the stream; None if it has none."""
        info = await self._jetstream.stream_info(self._stream)
        if info.state.messages == 0:
            return None
        try:
            message = await self._jetstream.get_msg(self._stream, info.state.last_seq)
        except NotFoundError:  # somebody has deleted just this one
            return None
        headers: Mapping[str, str] = message.headers or {}
        return int(headers[_MESSAGE_ID])


def _payload(recorded: Recorded) -> bytes:
    return msgspec.json.encode(
        envelope(
            recorded.position,
            recorded.stream_id,
            topic_of(recorded.event),
            encode(recorded.event),
            recorded.event.origin,
        )
    )


@asynccontextmanager
async def open_relay(
    servers: Sequence[str], *, stream: str, replicas: int, credentials: str | None = None
) -> AsyncIterator[NatsRelay]:
    """Connect, make the stream if it is not there, and return the relay.

    `replicas`: of a stream that is made now, 1 to 5. Raises `nats.errors.Error` when no server can be reached.
    """
    options = {} if credentials is None else {"user_credentials": credentials}
    client: Client = await nats.connect(list(servers), max_reconnect_attempts=-1, reconnect_time_wait=_PAUSE, **options)
    try:
        jetstream = client.jetstream(timeout=_ACKNOWLEDGED_WITHIN, publish_async_max_pending=_AT_ONCE)
        try:
            await jetstream.stream_info(stream)
        except NotFoundError:
            await jetstream.add_stream(
                StreamConfig(
                    name=stream,
                    subjects=[f"{PREFIX}.>"],
                    num_replicas=replicas,
                    duplicate_window=_DUPLICATE_WINDOW,
                    description="The feed of Upwell",
                )
            )
        yield NatsRelay(jetstream, stream)
    finally:
        await client.close()
