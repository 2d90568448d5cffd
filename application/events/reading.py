"""Reading the feed: pages from any position, and waiting for what comes, for as many readers as there are.

Each process follows the log once, while anybody waits, and keeps the last events in memory. Whoever is behind them
reads the log itself; who has caught up is woken by what concerns its organization, and costs the database nothing.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from functools import cached_property
from typing import Any, Final

import msgspec

from application.ports.events.event_log import EventLog, LogUnavailableError, Notification, check_position
from domain.buckets.bucket import canonical_digest
from domain.events.cloud_events import READER_TAGS, CloudEvent, envelope, origin_of
from domain.events.event import Origin, topic_of
from domain.objects.object import ObjectDeleted
from domain.refusals import PositionBeyondEndError
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload import UploadDeleted, UploadForgotten

MAX_LIMIT: Final = 1000
MAX_WAIT_SECONDS: Final = 60.0
KEPT_EVENTS: Final = 10_000
KEPT_BYTES: Final = 32 * 1024 * 1024
_WINDOW: Final = 1000
_WINDOWS_A_PAGE: Final = 10  # so many events are looked through for one page, however few of them match
_RETRY_SECONDS: Final = 1.0
_LINGER_SECONDS: Final = 30.0
_REST_SECONDS: Final = 0.0025  # after a page, for each reader that was woken: so that most time is left to others
_MAX_REST_SECONDS: Final = 0.1
# With these the log takes what is personal out of the earlier events of a stream, and of the duplicates of an upload.
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
    """What a file must have been announced with for its announcement to be of interest; None and empty: anything.

    `original_upload_id`: the upload that had its bytes, so that they were not sent. `metadata`, `object_metadata`: keys
    at the top with their values (see `exactly`).
    """

    original_upload_id: str | None = None
    filename: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    object_metadata: tuple[tuple[str, str], ...] = ()

    def is_met_by(self, state: bytes) -> bool:
        """Whether a stored event of ours announces such a file."""
        try:
            fact = _fact.decode(state)
        except msgspec.ValidationError:  # what has these names says something else
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
    """Return the keys of a JSON object and the digests of their values, in which 1 and 1.0 are the same."""
    return tuple((key, canonical_digest((value,))) for key, value in (document or {}).items())


class FeedEvent(msgspec.Struct, frozen=True, dict=True):
    """An event of ours at its position, and where it happened."""

    notification: Notification
    origin: Origin

    @property
    def position(self) -> int:
        """Its position."""
        return self.notification.id

    @property
    def envelope(self) -> CloudEvent:
        """What readers are told of it."""
        stored = self.notification
        return envelope(stored.id, stored.originator_id, stored.topic, stored.state, self.origin)

    @cached_property
    def message(self) -> bytes:
        """The envelope as JSON, made once for all readers."""
        return msgspec.json.encode(self.envelope)


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a reader is told. `only_buckets`: the ids of those that it may see; None: no such limit.

    `announced`: only announcements of such files; None: everything.
    """

    organization_id: str
    tags: frozenset[str] = READER_TAGS
    namespace_id: str | None = None
    bucket_id: str | None = None
    only_buckets: frozenset[str] | None = None
    stream_id: str | None = None
    announced: Announced | None = None

    def sees(self, event: FeedEvent) -> bool:
        """Whether this event is one of them."""
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
    """Events in order. `position`: up to where the feed was looked through; read on after it.

    `has_more`: there is more to look through at once.
    """

    events: Sequence[FeedEvent]
    position: int
    has_more: bool


_Place = tuple[str, str | None]  # an organization, and a stream if that is all that is of interest


class _News:
    """How readers of the same events hear that there is one."""

    __slots__ = ("come", "readers")

    def __init__(self) -> None:
        self.come = asyncio.Event()
        self.readers = 0


class ReadingEvents:
    """The feed, as readers get it. `follow()` runs once in a process."""

    def __init__(self, *, log: EventLog, own: EventLog) -> None:
        """Follow `log`, which sees everything, and read through `own`, which sees what the request at hand may."""
        self._log = log
        self._own = own
        self._kept: list[FeedEvent | None] = []  # gapless: None stands for what is none of ours
        self._kept_bytes = 0
        self._last_of: dict[str, int] = {}  # by stream, and by original of a duplicate: the last position that is kept
        self._before_kept = -1  # the position before the first one that is kept; below 0: nothing is followed yet
        self._waiting: dict[_Place, dict[Interest, _News]] = {}
        self._wanted = asyncio.Event()
        self._readers = 0
        self._last_left = 0.0

    @property
    def readers(self) -> int:
        """How many wait for events now: streams, and requests that wait."""
        return self._readers

    async def follow(self) -> None:
        """Follow the log while anybody waits for events, without end."""
        while True:
            await self._wanted.wait()
            try:
                await self._follow()
            except (LogUnavailableError, PositionBeyondEndError):  # nothing that is kept outlives a lost connection
                self._let_go()
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._let_go()
            if self._readers == 0:  # otherwise somebody has come while the log was let go
                self._wanted.clear()

    async def page(self, interest: Interest, *, after: int, limit: int) -> EventPage:
        """Return the next events after a position, as the log has them now."""
        return await self._look_through(interest, after, limit)

    async def wait(self, interest: Interest, *, after: int, limit: int, seconds: float) -> EventPage:
        """Return the next events after a position, and wait for some if there are none; an empty page in the end."""
        self._wanted.set()
        self._readers += 1
        try:
            return await self._wait(interest, after, limit, seconds)
        finally:
            self._readers -= 1
            self._last_left = asyncio.get_running_loop().time()

    async def head(self) -> int:
        """Return the position after which everything is new."""
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
        """Keep what is appended from now on, until nobody waits any more."""
        position = await self._log.head()
        self._before_kept = position
        for group in list(self._waiting.values()):  # what was appended before is not kept
            for interest in list(group):
                group.pop(interest).come.set()
        async with aclosing(self._log.pages(after=position, limit=_WINDOW)) as pages:
            async for page in pages:
                woken = sum(map(self._keep, page))
                await asyncio.sleep(min(woken * _REST_SECONDS, _MAX_REST_SECONDS))
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
                page = self._of_kept(interest, after, limit) or await self._look_through(interest, after, limit)
                left = until - loop.time()
                if page.events or page.has_more or left <= 0:
                    return page
                after = page.position
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await news.wait()
                if not news.is_set():  # so nothing that has been kept since is of interest
                    return EventPage(events=[], position=max(after, self._kept_until), has_more=False)

    @contextmanager
    def _listening(self, interest: Interest) -> Iterator[asyncio.Event]:
        """Hear of the next event of interest while inside; readers of the same events hear of it together."""
        place = interest.organization_id, interest.stream_id
        news = self._waiting.setdefault(place, {}).setdefault(interest, _News())
        news.readers += 1
        try:
            yield news.come
        finally:
            news.readers -= 1
            group = self._waiting.get(place, {})
            if news.readers == 0 and group.get(interest) is news:
                del group[interest]
            if not group:
                self._waiting.pop(place, None)

    def _wake(self, event: FeedEvent) -> int:
        """Tell who waits for such an event that there is one, and return how many that are."""
        woken = 0
        for stream_id in (None, event.notification.originator_id):
            group = self._waiting.get((event.origin.organization_id, stream_id), {})
            for interest in [each for each in group if each.sees(event)]:
                news = group.pop(interest)
                news.come.set()
                woken += news.readers
        return woken

    @property
    def _kept_until(self) -> int:
        """The position of the last event that is kept; below 0: nothing is followed."""
        return -1 if self._before_kept < 0 else self._before_kept + len(self._kept)

    def _keep(self, notification: Notification) -> int:
        """Remember an event, and return how many readers it has woken."""
        (event,) = _feed_events([notification])
        if notification.topic in _REDACTING:  # whoever is that far behind reads in the log what is left of it
            self._drop(self._last_of.get(notification.originator_id, 0) - self._before_kept)
        self._kept.append(event)
        if event is not None:
            self._kept_bytes += _bytes_of(event)
            self._last_of |= dict.fromkeys(_subjects(event), event.position)
        if len(self._kept) > KEPT_EVENTS or self._kept_bytes > KEPT_BYTES:
            self._drop(max(len(self._kept) // 4, 1))  # some at once: it moves all the others
        return 0 if event is None else self._wake(event)

    def _drop(self, count: int) -> None:
        """Forget the first events of those that are kept."""
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
        found: list[FeedEvent] = []
        position = after
        for index in range(begin, len(self._kept)):
            event = self._kept[index]
            position += 1
            if event is not None and interest.sees(event):
                found.append(event)
                if len(found) == limit:
                    break
        return EventPage(events=found, position=position, has_more=position < self._before_kept + len(self._kept))

    async def _look_through(self, interest: Interest, after: int, limit: int) -> EventPage:
        if interest.stream_id is not None:
            return await self._of_stream(interest, after, limit)
        found: list[FeedEvent] = []
        for _ in range(_WINDOWS_A_PAGE):
            window = await self._own.read_feed(after=after, limit=_WINDOW, organization_id=interest.organization_id)
            for event in _feed_events(window):
                if event is None or not interest.sees(event):
                    continue
                found.append(event)
                if len(found) == limit:
                    more = len(window) == _WINDOW or event.position < window[-1].id
                    return EventPage(events=found, position=event.position, has_more=more)
            after = window[-1].id if window else after
            if len(window) < _WINDOW:
                return EventPage(events=found, position=after, has_more=False)
        return EventPage(events=found, position=after, has_more=True)

    async def _of_stream(self, interest: Interest, after: int, limit: int) -> EventPage:
        event = [each for each in await self.history(interest, interest.stream_id or "") if each.position > after]
        page = event[:limit]
        if not page:
            await self.check(after)
        return EventPage(events=page, position=page[-1].position if page else after, has_more=len(page) < len(event))


def _bytes_of(event: FeedEvent) -> int:
    return 2 * len(event.notification.state)  # as it is stored, and as it is told


def _subjects(event: FeedEvent) -> tuple[str, ...]:
    """Return whose end redacts an event: its stream's and, of a duplicate that was avoided, its original's."""
    stored = event.notification
    original = _fact.decode(stored.state).original_upload_id if stored.topic == _AVOIDED else None
    return (stored.originator_id,) if original is None else (stored.originator_id, original)


def _feed_events(notifications: Sequence[Notification]) -> list[FeedEvent | None]:
    """Return events with their origins; None in the place of what is none of ours."""
    origins = [origin_of(each.state) for each in notifications]
    return [
        None if origin is None else FeedEvent(notification, origin)
        for notification, origin in zip(notifications, origins, strict=True)
    ]
