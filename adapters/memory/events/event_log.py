"""The log in lists and dictionaries, with its tables and jobs, for tests and demonstrations.

It belongs to one event loop. A command is carried out without a pause, so there is no lock.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from adapters.memory.clock import earlier
from adapters.memory.objects.object_creation import MemoryObjectCreation
from adapters.memory.organizations.quota_ledger import MemoryQuotaLedger
from adapters.memory.projecting import Tables, project
from adapters.memory.tasks.scheduling import JobTable, schedule
from application.ports.clock import Clock
from application.ports.events.event_log import (
    Command,
    ForeignEventError,
    Notification,
    PackedPage,
    RequesterRevokedError,
    StreamAppend,
    VersionConflictError,
    bucket_not_active,
    check_position,
    foreign_stream,
    key_revoked,
    place_gone,
)
from application.ports.organizations.request_records import note_command
from application.uploads.records import EventPosition
from domain.buckets.bucket import BucketStatus
from domain.events.cloud_events import origin_of
from domain.events.event import encode, topic_of
from domain.events.registry import BY_TAG, decode
from domain.keys.upload_token import token_revoked
from domain.objects.object import ObjectDeleted
from domain.organizations.organization import OrganizationProfileChanged
from domain.uploads.upload_events import UploadBytesInherited, UploadDeleted, UploadForgotten

_ENDS = {topic_of(UploadDeleted), topic_of(UploadForgotten), topic_of(ObjectDeleted)}
_PERSONAL_OF_REQUEST = frozenset({"filename", "storage_key", "metadata", "object_metadata"})
_PERSONAL_OF_BLOB = ("filename", "storage_key")
_LEFT_OUT_OF_BLOB = ("data", "metadata", "key_prefix")


class MemoryEventLog:
    """Implements `EventLog`, for the lifetime of the process.

        `tables` and `jobs` are not part of the port: the read side and the job queue of this package use them.
    `object_creation` and `quota_ledger` are two more roles on the same tables, whose conditions `append` checks.
    `clock`: the store's own clock; without one, the store uses the times of its callers.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self.tables = Tables()
        self.jobs = JobTable()
        self.object_creation = MemoryObjectCreation(lambda: self.tables)
        self.quota_ledger = MemoryQuotaLedger(lambda: self.tables)
        self._notifications: list[Notification] = []
        self._streams: dict[str, list[int]] = {}
        self._appended = asyncio.Event()
        self._on_due_jobs: list[Callable[[], None]] = []

    def agreed_time(self, given: datetime) -> datetime:
        """Return the earlier of the process's time and the store's time."""
        return earlier(given, self._clock)

    def hear_due_jobs(self, callback: Callable[[], None]) -> None:
        """Register a callback for jobs that are due immediately."""
        self._on_due_jobs.append(callback)

    def tell_due_jobs(self) -> None:
        """Call the callbacks for due jobs."""
        for callback in self._on_due_jobs:
            callback()

    async def append(self, command: Command) -> int:
        """Append a command's events and return the position of the last one."""
        await asyncio.sleep(0)  # other commands may come first here, as in any log over a network
        streams = [stream for stream in command.streams if stream.events]
        if streams:
            note_command(command.command_id)
            self._check_streams(command.organization_id, streams)
            self._check_conditions(command)
            self._carry_out(streams)
        return len(self._notifications)

    async def make_durable(self) -> None:
        """Do nothing: memory has no further durability."""

    async def read_stream(self, stream_id: str) -> Sequence[Notification]:
        """Return all events of a stream by version."""
        return self._stream(stream_id)

    async def read_streams(self, stream_ids: Collection[str]) -> Mapping[str, Sequence[Notification]]:
        """Return the events of several streams by version."""
        return {each: self._stream(each) for each in stream_ids if each in self._streams}

    def _stream(self, stream_id: str) -> Sequence[Notification]:
        return [self._notifications[position - 1] for position in self._streams.get(stream_id, ())]

    async def read_feed(self, *, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        """Return up to `limit` notifications above `after`, in order."""
        check_position(after, len(self._notifications))
        if organization_id is None:
            return self._notifications[after : after + limit]
        theirs = (each for each in self._notifications[after:] if _organization_of(each) == organization_id)
        return list(islice(theirs, limit))

    async def read_at(self, positions: Collection[int]) -> Sequence[Notification]:
        """Return the notifications at these positions, in order."""
        return [each for each in self._notifications if each.id in positions]

    async def tail(self, *, after: int) -> AsyncGenerator[Notification]:
        """Yield every notification above `after`, and then new ones."""
        async with aclosing(self.pages(after=after, limit=1)) as pages:
            async for (notification,) in pages:
                yield notification

    async def pages(self, *, after: int, limit: int) -> AsyncGenerator[Sequence[Notification]]:
        """Yield everything above `after` in pages, and then new pages."""
        check_position(after, len(self._notifications))
        while True:
            appended = self._appended
            while page := self._notifications[after : after + limit]:
                after = page[-1].id
                yield page
            await appended.wait()

    async def packed_pages(self, *, after: int, limit: int, topics: Collection[str]) -> AsyncGenerator[PackedPage]:
        """Yield the states of everything above `after` that has these topics."""
        async with aclosing(self.pages(after=after, limit=limit)) as pages:
            async for page in pages:
                states = b",".join(each.state for each in page if each.topic in topics)
                yield PackedPage(
                    after=after, position=page[-1].id, events=len(page), states=[b"[%b]" % states] if states else []
                )
                after = page[-1].id

    async def try_writing(self) -> None:
        """Return: memory accepts every command."""

    async def head(self) -> int:
        """Return the last position; 0 for an empty log."""
        return len(self._notifications)

    def _check_streams(self, organization_id: str, streams: Sequence[StreamAppend]) -> None:
        for stream in streams:
            if any(event.origin.organization_id != organization_id for event in stream.events):
                raise ForeignEventError(stream.stream_id)
            for position in self._streams.get(stream.stream_id, ())[:1]:
                origin = msgspec.json.decode(self._notifications[position - 1].state).get("origin") or {}
                if origin.get("organization_id", organization_id) != organization_id:
                    raise foreign_stream(stream.stream_id)
            actual = len(self._streams.get(stream.stream_id, ()))
            if actual != stream.expected_version:
                raise VersionConflictError(stream.stream_id, stream.expected_version, actual)

    def _check_conditions(self, command: Command) -> None:
        """Refuse a command by the first violated condition, in the order of the fields."""
        self._check_live(command)
        self._check_requester(command.requester or "")
        self.object_creation.check(command)
        self.quota_ledger.check(command)

    def _check_requester(self, requester: str) -> None:
        """Refuse if a key, or an upload token or its key, was revoked and its open uploads may not finish."""
        token = self.tables.upload_tokens.get(requester)
        if token is not None and token.revoked_at is not None and not token.lets_open_finish:
            raise RequesterRevokedError(requester)
        key = self.tables.keys.get(requester if token is None else token.key_id)
        if key is not None and key.revoked_at is not None and not key.lets_open_finish:
            raise RequesterRevokedError(key.key_id)

    def _check_live(self, command: Command) -> None:
        tables, organization_id = self.tables, command.organization_id
        if command.key_id is not None:
            key = tables.keys.get(command.key_id)
            if key is None or key.organization_id != organization_id or key.revoked_at is not None:
                raise key_revoked()
        if command.token_id is not None:
            token = tables.upload_tokens.get(command.token_id)
            if token is None or token.organization_id != organization_id or token.revoked_at is not None:
                raise token_revoked()
        if command.namespace_id is not None:
            namespace = tables.namespaces.get(command.namespace_id)
            if namespace is None or namespace.organization_id != organization_id:
                raise place_gone("namespace_not_found")
        if command.bucket_id is not None:
            bucket = tables.buckets.get(command.bucket_id)
            if bucket is None or (bucket.organization_id, bucket.namespace_id) != (
                organization_id,
                command.namespace_id,
            ):
                raise place_gone("bucket_not_found")
            if bucket.status is not BucketStatus.ACTIVE:
                raise bucket_not_active(bucket.status)

    def _carry_out(self, streams: Sequence[StreamAppend]) -> None:
        """Append and project; if an event cannot be projected, nothing changes."""
        tables, jobs, wake = self.tables.copy(), self.jobs.copy(), False
        appended: list[Notification] = []
        for stream in streams:
            for version, event in enumerate(stream.events, stream.expected_version + 1):
                position = len(self._notifications) + len(appended) + 1
                state = encode(event)
                topic = topic_of(event)
                appended.append(
                    Notification(
                        originator_id=stream.stream_id,
                        originator_version=version,
                        topic=topic,
                        state=state,
                        id=position,
                    )
                )
                if topic in BY_TAG:  # a log may contain foreign events; no table shows them
                    known = decode(state)
                    wake |= schedule(jobs, tables, stream.stream_id, known)
                    project(
                        tables, known, EventPosition(stream_id=stream.stream_id, version=version, position=position)
                    )
        before, self.tables, self.jobs = self.tables, tables, jobs
        for notification in appended:
            self._notifications.append(notification)
            self._streams.setdefault(notification.originator_id, []).append(notification.id)
            if notification.topic in _ENDS:
                for stream_id in (notification.originator_id, *before.avoided_for(notification.originator_id)):
                    self._redact(stream_id)
            elif notification.topic == topic_of(OrganizationProfileChanged):
                self._redact_former_profiles(notification)
        news, self._appended = self._appended, asyncio.Event()
        news.set()
        if wake:
            self.tell_due_jobs()

    def _redact_former_profiles(self, last: Notification) -> None:
        """Remove the billing address from earlier profiles of an organization."""
        for position in self._streams[last.originator_id]:
            former = self._notifications[position - 1]
            if former.topic == last.topic and former.originator_version < last.originator_version:
                fact = {**msgspec.json.decode(former.state), "billing_email": None}
                self._notifications[position - 1] = msgspec.structs.replace(former, state=msgspec.json.encode(fact))

    def _redact(self, stream_id: str) -> None:
        """Set the personal fields of a stream's stored events to null, or remove them; the rest stays."""
        for position in self._streams[stream_id]:
            notification = self._notifications[position - 1]
            fact: dict[str, Any] = msgspec.json.decode(notification.state)
            if fact.get("request") is not None:
                fact["request"] |= dict.fromkeys(_PERSONAL_OF_REQUEST & fact["request"].keys())
            if notification.topic == topic_of(UploadBytesInherited):
                fact["storage_key"] = None
            if "blobs" in fact:
                fact["metadata"] = None
                fact.pop("key_prefix", None)
                fact["blobs"] = [
                    {name: value for name, value in blob.items() if name not in _LEFT_OUT_OF_BLOB}
                    | dict.fromkeys(_PERSONAL_OF_BLOB)
                    for blob in fact["blobs"]
                ]
            self._notifications[position - 1] = msgspec.structs.replace(notification, state=msgspec.json.encode(fact))


def _organization_of(notification: Notification) -> str | None:
    origin = origin_of(notification.state)
    return None if origin is None else origin.organization_id
