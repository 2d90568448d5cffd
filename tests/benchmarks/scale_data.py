"""The uploads of `scale`: each follows from its number alone, so that any can be requested without a list of all.

They are written through `PostgresEventLog.append`, by many writers at once, as requests are: one command requests an
upload, and another one completes it, with its object.
"""

import asyncio
import hashlib
import shutil
import string
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from adapters.postgres.database.connecting import open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.s3.client import new_client
from adapters.s3.sigv4 import Credentials
from application.ports.events.event_log import (
    Command,
    EventLog,
    LogUnavailableError,
    StreamAppend,
    VersionConflictError,
)
from domain.buckets.bucket import Policy
from domain.events.event import Origin
from domain.objects.object import OBJECT, Blob, CreateObject
from domain.uploads.content import VerifiedContent
from domain.uploads.request import UploadRequest
from domain.uploads.upload import UPLOAD, AcceptContent, BeginVerification, RequestUpload
from domain.uploads.upload_events import SeenBy
from entrypoints.settings import Settings
from entrypoints.wiring.storage import open_storage
from tests.conftest import Tenant, operating
from tests.stack import Stack

WRITERS = 192  # three full groups: one is written while others are built
YEAR = timedelta(days=365)
KEPT_FREE_BYTES = 5 * 10**9
_ALPHABET = (string.ascii_lowercase + string.digits).encode()
_CHARACTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_KINDS = (("video", "video/mp4", "mp4"), ("image", "image/jpeg", "jpg"), ("text", "text/plain", "txt"))
_WORDS = ("invoice", "holiday", "report", "interview", "meeting", "product", "sunset", "contract", "lecture", "scan")
_PLACES = ("berlin", "lagos", "lima", "oslo", "osaka", "porto", "quito", "seoul", "tunis", "vienna", "zagreb")


def drawn(kind: str, number: int, length: int = 16) -> str:
    """Return characters as random as those of ids, always the same ones for a number."""
    return hashlib.blake2b(f"{kind}{number}".encode(), digest_size=length).digest().translate(_CHARACTERS).decode()


def upload_id(number: int) -> str:
    """Return the id of an upload."""
    return f"upl_{drawn('upload', number)}"


def token(number: int) -> str:
    """Return a word that is in the filename of this upload alone."""
    return drawn("token", number, 10)


def _filename(number: int) -> str:
    return f"{_WORDS[number % 10]}_{_PLACES[number % 11]}_{token(number)}.{_KINDS[number % 3][2]}"


def content(number: int) -> bytes:
    """Return the bytes of a file: those that were verified, and are stored for some."""
    return f"{token(number)}\n".encode() * 64


@dataclass
class DataSet:
    """The uploads of some tenants, in turn. One of `every` is completed, and one of `real_of` of these has bytes.

    `page`: of the lists that are requested.
    """

    tenants: Sequence[Tenant]
    uploads: int
    every: int
    real_of: int
    page: int
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - YEAR)

    def tenant(self, number: int) -> Tenant:
        """Return the owner of an upload."""
        return self.tenants[number % len(self.tenants)]

    def is_completed(self, number: int) -> bool:
        """Return whether an upload is completed."""
        return crc32(b"%d" % number) % self.every == 0

    def is_real(self, number: int) -> bool:
        """Return whether an upload has bytes."""
        return crc32(b"%d" % number) % (self.every * self.real_of) == 0

    def storage_key(self, number: int) -> str:
        """Return the key of an upload in storage."""
        tenant = self.tenant(number)
        internal_id, namespace_id = tenant.caller.organization.internal_id, tenant.namespace.namespace_id
        return f"{internal_id}/{namespace_id}/api_buckets_uploads_create/{upload_id(number)}/{_filename(number)}"

    def origin(self, number: int, step: str, at: datetime) -> Origin:
        """Return the origin of the events of a command."""
        tenant = self.tenant(number)
        return Origin(
            organization_id=tenant.caller.organization.organization_id,
            namespace_id=tenant.namespace.namespace_id,
            bucket_id=tenant.bucket.bucket_id,
            actor_id=tenant.caller.key.key_id,
            command_id=f"cmd_{drawn(step, number)}",
            at=at,
        )

    def commands(self, number: int) -> Iterator[Command]:
        """Yield the commands of an upload: its request, and perhaps its completion."""
        id_, body = upload_id(number), content(number)
        at = self.began + YEAR * (number / self.uploads)
        property_, content_type, _ = _KINDS[number % 3]
        request = UploadRequest(
            filename=_filename(number),
            content_type=content_type,
            storage_key=self.storage_key(number),
            declared_size_bytes=len(body),
            declared_sha256=None,
            url_expires_in_seconds=3600,
            expires_at=at + timedelta(hours=1),
            # spread over the next year, so that none is due before `scale` says so
            due_at=at + YEAR + timedelta(days=1),
            metadata={"campaign": f"{_WORDS[number % 10]}_{number % 97}", "source": "mobile_app", "take": number % 999},
            create_object=True,
            object_metadata={"title": f"{_WORDS[number % 10].title()} in {_PLACES[number % 11].title()}"},
            blob_property=property_,
            blob_type=property_.upper(),
            skip_duplicates=True,
            unique_key=None,
            policy=Policy.INSERT,
        )
        origin = self.origin(number, "request", at)
        requested = UPLOAD.decide(
            RequestUpload(origin=origin, upload_id=id_, request=request, forget_at=at + 2 * YEAR), UPLOAD.initial
        )
        yield self._command(origin, StreamAppend(stream_id=id_, expected_version=0, events=requested))
        if not self.is_completed(number):
            return
        origin = self.origin(number, "confirm", at + timedelta(minutes=1))
        object_id = f"obj_{drawn('object', number)}"
        verified = VerifiedContent(
            size_bytes=len(body),
            etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(body).hexdigest(),
            content_type=content_type,
            version_id=None,
        )
        began = UPLOAD.decide(
            BeginVerification(
                origin=origin, task_id=f"task_{drawn('task', number)}", seen_by=SeenBy.CONFIRM, inline=True
            ),
            state := UPLOAD.fold(UPLOAD.initial, requested),
        )
        events = began + UPLOAD.decide(
            AcceptContent(origin=origin, content=verified, object_id=object_id), UPLOAD.fold(state, began)
        )
        blob = Blob(
            blob_id=f"blob_{drawn('blob', number)}",
            property=property_,
            type=property_,
            upload_id=id_,
            filename=request.filename,
            storage_key=request.storage_key,
            version_id=None,
            etag=verified.etag,
            size_bytes=len(body),
            content_type=content_type,
            sha256=verified.sha256,
        )
        create = CreateObject(
            origin=origin, object_id=object_id, blobs=(blob,), metadata=request.object_metadata or {}, unique_key=None
        )
        created = OBJECT.decide(create, OBJECT.initial)
        yield self._command(
            origin,
            StreamAppend(stream_id=id_, expected_version=1, events=events),
            StreamAppend(stream_id=object_id, expected_version=0, events=created),
        )

    @staticmethod
    def _command(origin: Origin, *streams: StreamAppend) -> Command:
        return Command(
            command_id=origin.command_id,
            organization_id=origin.organization_id,
            key_id=origin.actor_id,
            namespace_id=origin.namespace_id,
            bucket_id=origin.bucket_id,
            streams=streams,
        )


async def make_tenants(running: Stack, count: int) -> list[Tenant]:
    """Make organizations, each with a key, a namespace and a bucket."""
    with operating(running.database) as operator:
        tenants = []
        for start in range(0, count, 50):
            some = range(start, min(start + 50, count))
            tenants += await asyncio.gather(*(operator.tenant(running.database, running.url) for _ in some))
        return tenants


async def fill(running: Stack, data: DataSet, first: int, last: int, disk: Path) -> None:
    """Append the uploads from `first` on, up to `last`, and put the bytes of those that have some."""
    pool = await open_pool(running.database.url, size=1)
    log = PostgresEventLog(running.database.url, pool, Listener(running.database.url))
    numbers, began = iter(range(first, last)), time.perf_counter()
    step = max((last - first) // 50, 10_000)
    written, lap = 0, began

    async with log.running(), _putting(running) as put:

        async def writer() -> None:
            nonlocal written, lap
            for number in numbers:
                for command in data.commands(number):
                    await _append(log, command)
                if data.is_real(number):
                    await put(data.storage_key(number), content(number))
                written += 1
                if written % step == 0:
                    _check_room(disk)
                    now = time.perf_counter()
                    rate, lap = step / (now - lap), now
                    minutes = 1e6 / rate / 60
                    print(
                        f"  {first + written:>10,} uploads: {rate:6.0f}/s, {minutes:.0f} minutes a million", flush=True
                    )

        async with asyncio.TaskGroup() as together:
            for _ in range(WRITERS):
                together.create_task(writer())
    await pool.close()
    seconds = time.perf_counter() - began
    print(f"filled {last - first:,} in {seconds:.0f} s: {_pace((last - first) / seconds)}", flush=True)


def _pace(rate: float) -> str:
    return f"{rate:.0f}/s, {1e6 / rate / 60:.1f} minutes a million"


async def _append(log: EventLog, command: Command) -> None:
    """Append, also while PostgreSQL is busy for a long time."""
    while True:
        try:
            await log.append(command)
        except LogUnavailableError as error:
            print(f"  again, because of {error!r}", flush=True)
            await asyncio.sleep(1)
        except VersionConflictError:  # an earlier attempt was committed
            return
        else:
            return


def _check_room(disk: Path) -> None:
    free = shutil.disk_usage(disk).free
    if free < KEPT_FREE_BYTES:
        raise OSError(f"only {free / 1e9:.1f} GB are free in {disk}")


@asynccontextmanager
async def _putting(running: Stack) -> AsyncIterator[Callable[[str, bytes], Awaitable[object]]]:
    """Yield what stores an object."""
    s3 = Settings(running.environment).s3
    async with open_storage(s3) as storage:
        await storage.prepare(cors_origins=["*"])
    async with new_client(
        endpoint_url=s3.endpoint_url,
        region=s3.region,
        addressing=s3.addressing,
        credentials=Credentials(access_key_id=s3.access_key_id, secret_access_key=s3.secret_access_key),
        max_connections=10,
        connect_timeout_seconds=10,
        read_timeout_seconds=60,
        max_attempts=5,
    ) as client:
        yield lambda key, body: client.put_object(Bucket=s3.bucket, Key=key, Body=body)
