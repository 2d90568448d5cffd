"""Reading the feed: pages from any position, and waiting for new events, for many readers.

Each process follows the log once, while there are waiting readers, and keeps the last events in memory. A reader behind
them reads the log; a reader that has caught up is woken by events of its organization, and costs the database nothing.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from functools import cached_property
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from application.events.owning import Owning
from application.ports.events.event_log import EventLog, LogUnavailableError, Notification, check_position
from application.ports.keys.token_reads import Owner, TokenReads
from domain.buckets.bucket import canonical_digest
from domain.events.cloud_events import READER_TAGS, CloudEvent, envelope, origin_of
from domain.events.event import Origin, topic_of
from domain.objects.object import ObjectDeleted
from domain.refusals import PositionBeyondEndError
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload_events import UploadDeleted, UploadForgotten

MAX_LIMIT: Final = 1000
MAX_WAIT_SECONDS: Final = 60.0
KEPT_EVENTS: Final = 10_000
KEPT_BYTES: Final = 32 * 1024 * 1024
_WINDOW: Final = 1000
_SCANNED_A_PAGE: Final = 10 * _WINDOW
_MORE_IF_NONE: Final = 8  # the next window is larger by this factor, if no event has been of interest yet
_SPARE: Final = 8
_RETRY_SECONDS: Final = 1.0
_LINGER_SECONDS: Final = 30.0
_FIRST_REST_SECONDS: Final = 0.0005  # after a page, if it has woken one reader: leaves time for other work
_REST_SECONDS: Final = 0.0025  # for each further one
_MAX_REST_SECONDS: Final = 0.1
# Events with which the log redacts the earlier events of a stream, and those of the duplicates of an upload.
_REDACTING: Final = frozenset({topic_of(UploadDeleted), topic_of(UploadForgotten), topic_of(ObjectDeleted)})
_AVOIDED: Final = topic_of(UploadDuplicateAvoided)


class _Request(msgspec.Struct, frozen=True):
    filename: str | None = None
    metadata: dict[str, Any] | None = None
    object_metadata: dict[str, Any] | None = None


class _Fact(msgspec.Struct, frozen=True):
    original_upload_id: str | None = None
    request: _Request | None = None


_fact = msgspec.json.Decoder(_Fact)


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """A filter for announcements; None and empty values match anything.

    `original_upload_id`: the upload with the bytes, which were not sent. `metadata`, `object_metadata`: top-level keys
    with their values (see `exactly`).
    """

    original_upload_id: str | None = None
    filename: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    object_metadata: tuple[tuple[str, str], ...] = ()

    def is_met_by(self, state: bytes) -> bool:
        """Return whether a stored event is a matching announcement."""
        try:
            fact = _fact.decode(state)
        except msgspec.ValidationError:  # the fields have another meaning
            return False
        request = fact.request
        return (
            request is not None
            and self.original_upload_id in {None, fact.original_upload_id}
            and self.filename in {None, request.filename}
            and set(self.metadata) <= set(exactly(request.metadata))
            and set(self.object_metadata) <= set(exactly(request.object_metadata))
        )


def exactly(document: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Return the keys of a JSON object and the digests of their values; 1 and 1.0 are equal."""
    return tuple((key, canonical_digest((value,))) for key, value in (document or {}).items())


class FeedEvent(msgspec.Struct, frozen=True, dict=True):
    """An event of Upwell with its position and origin."""

    notification: Notification
    origin: Origin

    @property
    def position(self) -> int:
        """The position of the event."""
        return self.notification.id

    @property
    def envelope(self) -> CloudEvent:
        """The envelope for readers."""
        stored = self.notification
        return envelope(stored.id, stored.originator_id, stored.topic, stored.state, self.origin)

    @cached_property
    def message(self) -> bytes:
        """The envelope as JSON, encoded once for all readers."""
        return msgspec.json.encode(self.envelope)


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """The events that a reader gets. `only_buckets`: the ids of the buckets that it may see; None: no limit.

    `announced`: only matching announcements; None: all events. `owner`: only events of the uploads of this owner, which
    `ReadingEvents` knows.
    """

    organization_id: str
    tags: frozenset[str] = READER_TAGS
    namespace_id: str | None = None
    bucket_id: str | None = None
    only_buckets: frozenset[str] | None = None
    stream_id: str | None = None
    announced: Announced | None = None
    owner: Owner | None = None

    def sees(self, event: FeedEvent) -> bool:
        """Return whether the reader gets this event."""
        origin = event.origin
        return (
            origin.organization_id == self.organization_id
            and event.notification.topic in self.tags
            and self.namespace_id in {None, origin.namespace_id}
            and self.bucket_id in {None, origin.bucket_id}
            and self.stream_id in {None, event.notification.originator_id}
            and (self.only_buckets is None or origin.bucket_id in self.only_buckets)
            and (self.announced is None or self.announced.is_met_by(event.notification.state))
        )


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order. `position`: the last scanned position; continue after it.

    `has_more`: there are more events to scan.
    """

    events: Sequence[FeedEvent]
    position: int
    has_more: bool


_Place = tuple[str, str | Owner | None]  # an organization, and a stream or an owner if the reader follows only one


class _News:
    """The wake-up of readers with the same interest. `nothing_until`: no event before the waking one is of interest."""

    __slots__ = ("come", "nothing_until", "readers")

    def __init__(self) -> None:
        self.come = asyncio.Event()
        self.nothing_until = 0
        self.readers = 0


class ReadingEvents:
    """The feed for readers. `follow()` runs once per process."""

    def __init__(self, *, log: EventLog, own: EventLog, tokens: TokenReads) -> None:
        """Follow `log`, which sees all tenants; read through `own` and `tokens`, limited to the caller's tenant."""
        self._log = log
        self._own = own
        self._tokens = tokens
        self._owning = Owning(tokens)
        self._kept: list[FeedEvent | None] = []  # gapless: None for events of other programs
        self._kept_bytes = 0
        self._last_of: dict[str, int] = {}  # by stream, and by original of a duplicate: the last position in memory
        self._before_kept = -1  # the position before the first one in memory; below 0: not following
        self._waiting: dict[_Place, dict[Interest, _News]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by organization
        self._wanted = asyncio.Event()
        self._readers = 0
        self._last_left = 0.0

    @property
    def readers(self) -> int:
        """The number of waiting readers: streams and requests."""
        return self._readers

    async def follow(self) -> None:
        """Follow the log while there are waiting readers. Never returns."""
        while True:
            await self._wanted.wait()
            try:
                await self._follow()
            except (LogUnavailableError, PositionBeyondEndError):  # the memory does not outlive a lost connection
                self._let_go()
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._let_go()
            if self._readers == 0:  # otherwise a reader has come while the log was released
                self._wanted.clear()

    async def page(self, interest: Interest, *, after: int, limit: int) -> EventPage:
        """Return the next events after a position."""
        return await self._look_through(interest, after, limit)

    async def wait(self, interest: Interest, *, after: int, limit: int, seconds: float) -> EventPage:
        """Return the next events after a position, and wait for them if necessary; an empty page after the timeout."""
        self._wanted.set()
        self._readers += 1
        if interest.owner is not None:
            self._owning.enter(interest.owner)
        try:
            return await self._wait(interest, after, limit, seconds)
        finally:
            if interest.owner is not None:
                self._owning.leave(interest.owner)
            self._readers -= 1
            self._last_left = asyncio.get_running_loop().time()

    async def head(self) -> int:
        """Return the last position of the log."""
        return await self._log.head()

    async def check(self, after: int) -> None:
        """Raise `PositionBeyondEndError` if the log ends before a position."""
        check_position(after, await self._log.head())

    async def history(self, interest: Interest, stream_id: str) -> Sequence[FeedEvent]:
        """Return all events of a stream that the reader may see."""
        return [
            event for event in _feed_events(await self._own.read_stream(stream_id)) if event and interest.sees(event)
        ]

    async def _follow(self) -> None:
        """Keep new events in memory until there are no more waiting readers."""
        position = await self._log.head()
        self._before_kept = position
        self._owning.lose()
        for group in list(self._waiting.values()):  # earlier events are not in memory
            for interest in list(group):
                group.pop(interest).come.set()
        async with aclosing(self._log.pages(after=position, limit=_WINDOW)) as pages:
            async for page in pages:
                woken = sum(map(self._keep, page))
                await asyncio.sleep(_rest_seconds(woken))
                if self._readers == 0 and asyncio.get_running_loop().time() > self._last_left + _LINGER_SECONDS:
                    break

    def _let_go(self) -> None:
        self._kept, self._kept_bytes, self._before_kept = [], 0, -1
        self._last_of = {}

    async def _wait(self, interest: Interest, after: int, limit: int, seconds: float) -> EventPage:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            with self._listening(interest) as news:
                if interest.owner is not None:
                    await self._owning.learn(interest.owner)
                page = self._of_kept(interest, after, limit) or await self._look_through(interest, after, limit)
                left = until - loop.time()
                if page.events or page.has_more or left <= 0:
                    return page
                after = page.position
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await news.come.wait()
                if not news.come.is_set():  # no event in memory is of interest
                    return EventPage(events=[], position=max(after, self._kept_until), has_more=False)
                after = max(after, news.nothing_until)  # the events before may have left the memory

    @contextmanager
    def _listening(self, interest: Interest) -> Iterator[_News]:
        """Register for the next event of interest while inside; readers with the same interest share a wake-up."""
        place = interest.organization_id, interest.owner or interest.stream_id
        news = self._waiting.setdefault(place, {}).setdefault(interest, _News())
        news.readers += 1
        try:
            yield news
        finally:
            news.readers -= 1
            group = self._waiting.get(place, {})
            if news.readers == 0 and group.get(interest) is news:
                del group[interest]
            if not group:
                self._waiting.pop(place, None)

    def _wake(self, event: FeedEvent) -> int:
        """Wake the readers that wait for such an event, and return their number."""
        woken = 0
        stream_id = event.notification.originator_id
        for which in (None, stream_id, *self._owning.owners(stream_id)):
            group = self._waiting.get((event.origin.organization_id, which), {})
            for interest in [each for each in group if each.sees(event)]:
                news = group.pop(interest)
                news.nothing_until = event.position - 1
                news.come.set()
                woken += news.readers
        return woken

    @property
    def _kept_until(self) -> int:
        """The position of the last event in memory; below 0: not following."""
        return -1 if self._before_kept < 0 else self._before_kept + len(self._kept)

    def _keep(self, notification: Notification) -> int:
        """Keep an event in memory, and return the number of woken readers."""
        (event,) = _feed_events([notification])
        if notification.topic in _REDACTING:  # readers that far behind read the redacted events from the log
            self._drop(self._last_of.get(notification.originator_id, 0) - self._before_kept)
        self._kept.append(event)
        if event is not None:
            self._owning.follow(notification, event.origin)
            self._kept_bytes += _bytes_of(event)
            self._last_of |= dict.fromkeys(_subjects(event), event.position)
        if len(self._kept) > KEPT_EVENTS or self._kept_bytes > KEPT_BYTES:
            self._drop(max(len(self._kept) // 4, 1))  # several at once, because it moves all the others
        return 0 if event is None else self._wake(event)

    def _drop(self, count: int) -> None:
        """Drop the first events in memory."""
        if count <= 0:
            return
        dropped = self._kept[:count]
        del self._kept[:count]
        self._before_kept += count
        for event in dropped:
            if event is None:
                continue
            self._kept_bytes -= _bytes_of(event)
            for subject in _subjects(event):
                if self._last_of.get(subject) == event.position:
                    del self._last_of[subject]

    def _of_kept(self, interest: Interest, after: int, limit: int) -> EventPage | None:
        """Return a page from memory; None if the reader is further behind, or ahead."""
        begin = after - self._before_kept
        if self._before_kept < 0 or not 0 <= begin <= len(self._kept):
            return None
        if interest.stream_id is not None and self._last_of.get(interest.stream_id, 0) <= after:
            return EventPage(events=[], position=self._kept_until, has_more=False)
        found: list[FeedEvent] = []
        position = after
        for index in range(begin, len(self._kept)):
            event = self._kept[index]
            position += 1
            if event is not None and self._shows(interest, event):
                found.append(event)
                if len(found) == limit:
                    break
        return EventPage(events=found, position=position, has_more=position < self._before_kept + len(self._kept))

    def _shows(self, interest: Interest, event: FeedEvent) -> bool:
        """Return whether a reader gets an event in memory."""
        owner = interest.owner
        return interest.sees(event) and (owner is None or self._owning.has(owner, event.notification.originator_id))

    async def _look_through(self, interest: Interest, after: int, limit: int) -> EventPage:
        if interest.owner is not None:
            return await self._of_owner(interest, interest.owner, after, limit)
        if interest.stream_id is not None:
            return await self._of_stream(interest, after, limit)
        found: list[FeedEvent] = []
        # One read at a time for an organization: many readers that are behind leave time for others.
        turn = self._turns.setdefault(interest.organization_id, asyncio.Lock())
        size = min(limit + 1, _WINDOW)  # most readers get all events: they need no more
        scanned = 0
        while scanned < _SCANNED_A_PAGE:
            async with turn:
                window = await self._own.read_feed(after=after, limit=size, organization_id=interest.organization_id)
            for notification in window:  # one by one: those behind the last one of the page need no origin
                (event,) = _feed_events([notification])
                if event is None or not interest.sees(event):
                    continue
                found.append(event)
                if len(found) == limit:
                    more = len(window) == size or event.position < window[-1].id
                    return EventPage(events=found, position=event.position, has_more=more)
            after = window[-1].id if window else after
            if len(window) < size:
                return EventPage(events=found, position=after, has_more=False)
            scanned += size
            wanted = (limit - len(found)) * scanned // len(found) + _SPARE if found else size * _MORE_IF_NONE
            size = min(wanted, _WINDOW)
        return EventPage(events=found, position=after, has_more=True)

    async def _of_owner(self, interest: Interest, owner: Owner, after: int, limit: int) -> EventPage:
        """Return the next events of the uploads of an owner, which are found by an index."""
        end = await self._log.head()  # before the query, which sees everything up to here
        check_position(after, end)
        found: list[FeedEvent] = []
        while True:
            stored = await self._tokens.events_of(owner, after=after, limit=limit)
            found += [event for event in _feed_events(stored) if event and interest.sees(event)]
            if len(stored) < limit:
                return EventPage(
                    events=found, position=max([after, end, *(each.id for each in stored)]), has_more=False
                )
            after = stored[-1].id
            if found:
                return EventPage(events=found, position=after, has_more=True)

    async def _of_stream(self, interest: Interest, after: int, limit: int) -> EventPage:
        event = [each for each in await self.history(interest, interest.stream_id or "") if each.position > after]
        page = event[:limit]
        if not page:
            await self.check(after)
        return EventPage(events=page, position=page[-1].position if page else after, has_more=len(page) < len(event))


def _rest_seconds(woken: int) -> float:
    return min(_FIRST_REST_SECONDS + (woken - 1) * _REST_SECONDS, _MAX_REST_SECONDS) if woken else 0.0


def _bytes_of(event: FeedEvent) -> int:
    return 2 * len(event.notification.state)  # stored, and encoded for readers


def _subjects(event: FeedEvent) -> tuple[str, ...]:
    """Return the streams whose end redacts an event: its own and, for an avoided duplicate, its original's."""
    stored = event.notification
    original = _fact.decode(stored.state).original_upload_id if stored.topic == _AVOIDED else None
    return (stored.originator_id,) if original is None else (stored.originator_id, original)


def _feed_events(notifications: Sequence[Notification]) -> list[FeedEvent | None]:
    """Return events with their origins; None for events of other programs."""
    origins = [origin_of(each.state) for each in notifications]
    return [
        None if origin is None else FeedEvent(notification, origin)
        for notification, origin in zip(notifications, origins, strict=True)
    ]
