"""The read side on PostgreSQL: the projected tables, and a short-lived cache of who may ask."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import msgspec

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.listening import DIRECTORY, Listener
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import Reads
from adapters.postgres.lists.filtering import Columns, Statement, indexed_pattern
from adapters.postgres.lists.listing import AVOIDED_DUPLICATES, BUCKETS, NAMESPACES, OBJECTS, UPLOADS
from adapters.postgres.objects.object_creation import PostgresObjectCreation
from application.keys.callers import acting_for
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import LogUnavailableError, Notification
from application.ports.keys.key_reads import KeyRecord
from application.ports.lists.pages import Figures, Page, PageRequest, Placed
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_reads import ObjectRecord
from application.ports.organizations.organization_reads import AuditQuery, OrganizationRecord, OrganizationUse
from application.ports.uploads.upload_reads import AvoidedDuplicate, KeyPlace, StoredSizes, UploadBytes, UploadRecord
from application.ports.webhooks.webhook_reads import WebhookRecord
from domain.events.registry import decode
from domain.keys.upload_token import UploadToken, UploadTokenIssued, token_of
from domain.refusals import InvalidInputError
from domain.uploads.originals import Sameness

CACHE_SECONDS = 5.0
_CACHE_ENTRIES = 10_000
LIST_SECONDS = 5.0
SEARCH_PATIENCE_SECONDS = 0.1  # then it is worth while to ask what can be found at all
_CANDIDATES = 5_000
_CANDIDATES_SECONDS = 1.0

Record = TypeVar("Record")


class PostgresReadSide(PostgresObjectCreation):
    """Implements `ReadSide`. What may take long goes by `slow_reads`, so that the rest need not wait for it."""

    def __init__(self, reads: Reads, slow_reads: Reads | None = None) -> None:
        """`slow_reads` None: the same as `reads`."""
        super().__init__(reads)
        self._slow_reads = slow_reads or reads

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        return await self._one("upload", UploadRecord, upload_id, namespace_id)

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that are the namespace's, by their ids."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["uploads_by_id"], list(upload_ids), namespace_id)
        return {row["upload_id"]: msgspec.convert(dict(row), UploadRecord) for row in rows}

    async def open_uploads_of(self, organization_id: str, key_id: str, *, after: str, limit: int) -> Sequence[str]:
        """Return uploads that a key or its tokens requested and that have not ended."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["open_uploads_of"], organization_id, key_id, after, limit)
        return [row["upload_id"] for row in rows]

    async def originals(self, wanted: Collection[Sameness]) -> Mapping[Sameness, UploadRecord]:
        """Return the uploads that later ones with these bytes, which last so long, would be duplicates of."""
        asked = list(wanted)
        async with log_errors():
            rows = await self._reads.fetch(
                QUERIES["originals"],
                [each.bucket_id for each in asked],
                [each.sha256 for each in asked],
                [each.ends_at for each in asked],
            )
        return {asked[row["n"] - 1]: msgspec.convert(dict(row), UploadRecord) for row in rows}

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads."""
        return await fetch_page(self._slow_reads, UPLOADS, UploadRecord, (bucket_id, namespace_id), page)

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates."""
        scope = (bucket_id, namespace_id)
        return await fetch_page(self._slow_reads, AVOIDED_DUPLICATES, AvoidedDuplicate, scope, page)

    async def bucket_object(self, namespace_id: str, object_id: str) -> ObjectRecord | None:
        """Return an object of the namespace."""
        return await self._one("object", ObjectRecord, object_id, namespace_id)

    async def bucket_objects(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[ObjectRecord]:
        """List a bucket's objects."""
        return await fetch_page(self._slow_reads, OBJECTS, ObjectRecord, (bucket_id, namespace_id), page)

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace."""
        return await self._one("bucket", BucketRecord, namespace_id, id_or_name)

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return uploads of a bucket above a position."""
        return await self._placed("uploads_in", bucket_id, after, limit)

    async def objects_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return objects of a bucket above a position."""
        return await self._placed("objects_in", bucket_id, after, limit)

    async def buckets_in(self, namespace_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return buckets of a namespace above a position."""
        return await self._placed("buckets_in", namespace_id, after, limit)

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return by upload what these places are to the log."""
        if not places:
            return {}
        distinct = [(each.internal_id, each.namespace_id, each.upload_id) for each in set(places)]
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["bytes_at"], *map(list, zip(*distinct, strict=True)))
        return {row["upload_id"]: msgspec.convert(dict(row), UploadBytes) for row in rows}

    async def proved_bytes(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return completed uploads that keep their bytes."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["proved_bytes"], after, limit)
        return [msgspec.convert(dict(row), UploadBytes) for row in rows]

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads."""
        async with log_errors():
            row = await self._slow_reads.fetchrow(QUERIES["stored_sizes"], namespace_id, bucket_id)
        return StoredSizes() if row is None else msgspec.convert(dict(row), StoredSizes)

    async def buckets(self, namespace_id: str, page: PageRequest) -> Page[BucketRecord]:
        """List a namespace's buckets."""
        return await fetch_page(self._slow_reads, BUCKETS, BucketRecord, (namespace_id,), page)

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization."""
        return await self._one("namespace", NamespaceRecord, organization_id, id_or_name)

    async def namespaces(self, organization_id: str, page: PageRequest) -> Page[NamespaceRecord]:
        """List an organization's namespaces."""
        return await fetch_page(self._slow_reads, NAMESPACES, NamespaceRecord, (organization_id,), page)

    async def webhook(self, organization_id: str, id_or_name: str) -> WebhookRecord | None:
        """Return a webhook of the organization."""
        return await self._one("webhook", WebhookRecord, organization_id, id_or_name)

    async def webhooks(self, organization_id: str) -> Sequence[WebhookRecord]:
        """Return an organization's webhooks, the newest first."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["webhooks"], organization_id)
        return [msgspec.convert(dict(row), WebhookRecord) for row in rows]

    async def listening_webhooks(self, organization_ids: Collection[str]) -> Sequence[WebhookRecord]:
        """Return the webhooks of these organizations that are switched on."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["listening_webhooks"], list(organization_ids))
        return [msgspec.convert(dict(row), WebhookRecord) for row in rows]

    async def changed_webhooks(self, organization_ids: Collection[str] | None) -> Sequence[tuple[WebhookRecord, int]]:
        """Return webhooks, each with the position of its last event."""
        wanted = None if organization_ids is None else list(organization_ids)
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["changed_webhooks"], wanted)
        return [(msgspec.convert(dict(row), WebhookRecord), row["changed_at"]) for row in rows]

    async def key_by_name(self, organization_id: str, user_id: str, name: str) -> KeyRecord | None:
        """Return the user's live key of this name."""
        return await self._one("key_by_name", KeyRecord, organization_id, user_id, name)

    async def keys(self, organization_id: str, user_id: str) -> Sequence[KeyRecord]:
        """Return all keys of a user, the newest first."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["keys"], organization_id, user_id)
        return [msgspec.convert(dict(row), KeyRecord) for row in rows]

    async def users(self, organization_id: str) -> Mapping[str, int]:
        """Return the ids of those who have live keys, each with how many."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["users"], organization_id)
        return {row["user_id"]: row["keys"] for row in rows}

    async def organizations(self, *, name: str | None = None) -> Sequence[OrganizationRecord]:
        """Return all organizations, or those of one name, the oldest first."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["organizations"], name)
        return [msgspec.convert(dict(row), OrganizationRecord) for row in rows]

    async def organization_by_name(self, id_or_name: str) -> OrganizationRecord | None:
        """Return an organization by id, or by a name that only one has."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["organization_by_name"], id_or_name)
        return msgspec.convert(dict(rows[0]), OrganizationRecord) if len(rows) == 1 else None

    async def usage(self, organization_id: str, *, start: datetime | None, end: datetime | None) -> OrganizationUse:
        """Return what an organization has, and what it requested to upload in some time."""
        async with log_errors():
            (things,) = await self._slow_reads.fetch(QUERIES["usage_things"], organization_id)
            uploads = await self._slow_reads.fetch(QUERIES["usage_uploads"], organization_id, start, end)
            (avoided,) = await self._slow_reads.fetch(QUERIES["usage_avoided"], organization_id, start, end)
        return OrganizationUse(
            **dict(things),
            uploads_by_status={row["status"]: row["uploads"] for row in uploads},
            completed_bytes=sum(row["completed_bytes"] for row in uploads),
            duplicates_avoided=avoided["avoided"] + sum(row["duplicates"] for row in uploads),
            saved_bytes=avoided["saved_bytes"] + sum(row["duplicate_bytes"] for row in uploads),
        )

    async def audit(self, organization_id: str, query: AuditQuery) -> tuple[Sequence[Notification], int]:
        """Return a page of an organization's events, newest first, and how many match altogether."""
        commands = None if query.command_ids is None else list(query.command_ids)
        which = (
            organization_id,
            list(query.topics),
            query.resource_id,
            query.actor_id,
            query.start,
            query.end,
            commands,
        )
        async with log_errors():
            rows = await self._slow_reads.fetch(QUERIES["audit"], *which, query.limit, query.skip)
            total = await self._slow_reads.fetchval(QUERIES["audit_total"], *which)
        return [Notification(**dict(row)) for row in rows], total

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return await self._one("key", KeyRecord, key_hash)

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        return await self._one("key_by_id", KeyRecord, key_id)

    async def upload_token(self, token_id: str) -> UploadToken | None:
        """Return an upload token by its id."""
        async with log_errors():
            state = await self._reads.fetchval(QUERIES["upload_token"], token_id)
        issued = None if state is None else decode(state)
        return token_of(issued) if isinstance(issued, UploadTokenIssued) else None

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return await self._one("organization", OrganizationRecord, organization_id)

    async def _one(self, query: str, kind: type[Record], *arguments: object) -> Record | None:
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES[query], *arguments)
        return None if row is None else msgspec.convert(dict(row), kind)

    async def _placed(self, query: str, within: str, after: int, limit: int) -> Sequence[Placed]:
        async with log_errors():
            rows = await self._reads.fetch(QUERIES[query], within, after, limit)
        return [Placed(**dict(row)) for row in rows]


async def fetch_page(
    reads: Reads, columns: Columns, kind: type[Record], scope: tuple[str, ...], asked: PageRequest
) -> Page[Record]:
    """Return a page of a list, and what is counted of all that match."""
    figures = total = None
    asking = _Asking(reads, columns, scope, asked)
    async with _list_errors(asked), log_errors():
        rows = await asking.fetch(Statement.page)
        if asked.with_figures:
            figures = _figures(columns, await asking.fetch(Statement.figures))
            total = figures.count
        elif asked.with_total:
            total = (await asking.fetch(Statement.total))[0]["count"]
    return Page(
        rows=[msgspec.convert(dict(row), kind) for row in rows[: asked.limit]],
        has_more=len(rows) > asked.limit,
        total=total if asked.with_total else None,
        figures=figures,
    )


class _Asking:
    """Asks a list's table. A search for a common word ends with the first rows; one that takes longer is asked again.

    Then the index of texts tells the ids of all rows that can be found, if these are few, and only they are looked at.
    """

    def __init__(self, reads: Reads, columns: Columns, scope: tuple[str, ...], asked: PageRequest) -> None:
        self._reads = reads
        self._columns = columns
        self._scope = scope
        self._asked = asked
        self._pattern = indexed_pattern(columns, asked)
        self._among: Sequence[str] | None = None

    async def fetch(self, query: Callable[[Statement], str]) -> Sequence[Any]:
        """Return the rows of one query; raise `TimeoutError` if even the patient way takes too long."""
        if self._pattern is not None and self._columns.indexed is not None:
            with suppress(TimeoutError):
                return await self._fetch(query, SEARCH_PATIENCE_SECONDS)
            with suppress(TimeoutError):
                self._among = await self._candidates(self._columns.indexed[0], self._pattern)
            self._pattern = None
        return await self._fetch(query, LIST_SECONDS)

    async def _fetch(self, query: Callable[[Statement], str], seconds: float) -> Sequence[Any]:
        statement = Statement(self._columns, self._scope, self._asked, among=self._among)
        return await self._reads.fetch(query(statement), *statement.arguments, timeout=seconds)

    async def _candidates(self, kind: str, pattern: str) -> Sequence[str] | None:
        bucket_id = self._scope[0]
        rows = await self._reads.fetch(
            QUERIES["search_candidates"], kind, bucket_id, pattern, _CANDIDATES, timeout=_CANDIDATES_SECONDS
        )
        ids: Sequence[str] | None = rows[0]["ids"]
        return ids


@asynccontextmanager
async def _list_errors(asked: PageRequest) -> AsyncIterator[None]:
    """Tell a list that takes too long, or a pattern that PostgreSQL finds too complex, from a lost server."""
    try:
        yield
    except LogUnavailableError as error:
        slow = isinstance(error.__cause__, TimeoutError | asyncpg.QueryCanceledError)
        if slow and (asked.where or asked.search or asked.order or asked.with_total or asked.offset):
            raise InvalidInputError(
                "list_too_slow",
                "This list takes too long: filter by status, sort by created_at, or leave out include_total.",
                {"field": "filters"},
            ) from error
        raise
    except asyncpg.InvalidRegularExpressionError as error:
        raise InvalidInputError(
            "invalid_pattern", "The regular expression is too complex: simplify it.", {"field": "filters"}
        ) from error


def _figures(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> Figures:
    """Add up the figures of each status."""
    return Figures(
        count=sum(row["count_"] for row in rows),
        sums={name: sum(row[name] for row in rows) for name in columns.sums},
        by_status={row["status_"]: row["count_"] for row in rows if row["status_"] is not None},
    )


class PostgresDirectory:
    """Implements `Directory`: answers from memory for up to 5 s, and never while it cannot hear of changes."""

    def __init__(
        self, read_side: PostgresReadSide, listener: Listener, *, keys: PostgresReadSide | None = None
    ) -> None:
        """`keys` finds keys and their organizations, before it is known who asks."""
        self._read_side = read_side
        self._keys = keys or read_side
        self._listener = listener
        self._cache: dict[Hashable, Any] = {}
        self._generation = 0
        self._since = time.monotonic()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear of changes while inside."""
        async with self._listener.hearing(DIRECTORY, self._forget):
            yield

    async def key(self, key_hash: str) -> KeyRecord | None:
        """Return the key with this hash."""
        return await self._cached(("key", key_hash), lambda: self._keys.key(key_hash))

    async def key_by_id(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        return await self._cached(("key_by_id", key_id), lambda: self._keys.key_by_id(key_id))

    async def upload_token(self, token_id: str) -> UploadToken | None:
        """Return an upload token by its id."""
        return await self._cached(("upload_token", token_id), lambda: self._keys.upload_token(token_id))

    async def organization(self, organization_id: str) -> OrganizationRecord | None:
        """Return an organization."""
        return await self._cached(("organization", organization_id), lambda: self._keys.organization(organization_id))

    async def namespace(self, organization_id: str, id_or_name: str) -> NamespaceRecord | None:
        """Return a namespace of the organization."""
        return await self._cached(
            ("namespace", acting_for.get(None), organization_id, id_or_name),
            lambda: self._read_side.namespace(organization_id, id_or_name),
        )

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace."""
        return await self._cached(
            ("bucket", acting_for.get(None), namespace_id, id_or_name),
            lambda: self._read_side.bucket(namespace_id, id_or_name),
        )

    @property
    def generation(self) -> int:
        """Another one after every announced change, every 5 s, and each time while no change can be heard of."""
        if not self._listener.connected or time.monotonic() - self._since >= CACHE_SECONDS:
            self._forget()
        return self._generation

    async def _cached(self, name: Hashable, ask: Callable[[], Awaitable[Record | None]]) -> Record | None:
        generation = self.generation
        found: Record | None = self._cache.get(name)
        if found is not None:
            return found
        answer = await ask()
        if answer is not None and generation == self._generation and self._listener.connected:
            if len(self._cache) >= _CACHE_ENTRIES:
                self._cache.clear()
            self._cache[name] = answer
        return answer

    def _forget(self) -> None:
        self._generation += 1
        self._since = time.monotonic()
        self._cache.clear()
