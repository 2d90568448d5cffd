"""A load of whole lives of uploads and objects, and the answers about them, for comparison with the log.

A life repeats each request until it gets an answer, as a careful client does. This process is never killed and
remembers the answers. The names that lives give (`life`) show whether something was created twice.
"""

import asyncio
import hashlib
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx
import msgspec

from adapters.postgres.database.connecting import connect
from tests.conftest import Database, Tenant

PATIENCE_SECONDS: Final = 60.0  # for a life as a whole, and for one answer
_CALL_SECONDS: Final = 8.0
_BATCH: Final = 20
_READERS: Final = 16
_ENDED: Final = frozenset({"COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"})
# Bytes that are known from the start, sent repeatedly, and never deleted.
_WELL_KNOWN: Final = tuple(bytes([number]) * (1000 + number) for number in range(5))
_STATUSES_OF_TROUBLE: Final = frozenset({502, 503, 504})


class _UnansweredError(Exception):
    """The service did not answer for so long that the client gave up: the outcome is unknown."""


class Answers:
    """The answers of the service: ids by their promises. While `going` is not set, nothing new begins."""

    def __init__(self) -> None:
        self.created: dict[str, str] = {}  # by the life that they were made for
        self.completed: dict[str, str] = {}  # with the hash of the bytes that were sent
        self.canceled: set[str] = set()
        self.objects: dict[str, str] = {}  # by the life, too
        self.deleted: set[str] = set()  # objects
        self.broken = 0
        self.abandoned: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.going = asyncio.Event()
        self.going.set()
        self._busy = 0

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Wait until it continues, and count while inside."""
        await self.going.wait()
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def pause(self) -> None:
        """Let nothing new begin, and wait for the current work."""
        self.going.clear()
        while self._busy:
            await asyncio.sleep(0.02)


async def client(tenant: Tenant, answers: Answers, stop: asyncio.Event) -> None:
    """Live one life after the other, through all failures of the service."""
    async with tenant.client() as api, httpx.AsyncClient(timeout=_CALL_SECONDS) as plain:
        api.timeout = httpx.Timeout(_CALL_SECONDS)
        client = _Client(api, plain, answers)
        while not stop.is_set():
            async with answers.busy():
                (one,) = random.choices([life for life, _ in _LIVES], [weight for _, weight in _LIVES])  # noqa: S311  # a load, not a secret
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await one(client)
                except (_UnansweredError, TimeoutError) as error:
                    answers.abandoned[str(error) or one.__name__] += 1
                except Exception as error:  # noqa: BLE001  # an unexpected answer is a finding
                    answers.surprises.append(f"{one.__name__}: {type(error).__name__}: {str(error)[:300]}")


class _Client:
    """Repeats requests until they are answered, and remembers the answers."""

    def __init__(self, api: httpx.AsyncClient, plain: httpx.AsyncClient, answers: Answers) -> None:
        self._api = api
        self._plain = plain
        self.answers = answers

    async def ask(
        self, method: str, path: str, body: object = None, *, good: tuple[int, ...] = (200,), key: str | None = None
    ) -> httpx.Response:
        """Return a good answer. No server, 503, and the same request in flight: repeat the request."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._again(
            f"{method} {path.rpartition('/')[2] if path.endswith(('batch', 'confirm')) else path.split('/')[2]}",
            lambda: self._api.request(method, path, json=body, headers=headers),
            good,
        )

    async def send(self, upload: Mapping[str, Any], body: bytes) -> None:
        """PUT the bytes to their URLs."""
        headers = {"Content-Type": upload["content_type"], **(upload["required_headers"] or {})}
        await self._again(
            "PUT", lambda: self._plain.put(upload["presigned_url"], content=body, headers=headers), (200,), storage=True
        )

    async def read(self, upload_id: str) -> str | None:
        """Return the hash of an upload's bytes, None if they are not there."""
        found = await self.ask("GET", f"/v1/uploads/{upload_id}?return_presigned_urls=true", good=(200, 404))
        url = found.json().get("download_url")
        if url is None:
            return None
        answer = await self._again("download", lambda: self._plain.get(url), (200, 404), storage=True)
        return hashlib.sha256(answer.content).hexdigest() if answer.status_code == httpx.codes.OK else None

    async def _again(
        self,
        what: str,
        call: Callable[[], Coroutine[Any, Any, httpx.Response]],
        good: tuple[int, ...],
        *,
        storage: bool = False,
    ) -> httpx.Response:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            with suppress(httpx.HTTPError):
                answer = await call()
                if answer.status_code in good:
                    return answer
                busy = "idempotency_key_in_flight" in answer.text
                if not storage and not busy and answer.status_code not in _STATUSES_OF_TROUBLE:
                    raise RuntimeError(f"{what} was answered {answer.status_code}: {answer.text[:300]}")
            self.answers.broken += 1
            if time.monotonic() > until:
                raise _UnansweredError(what)
            await asyncio.sleep(random.uniform(0.05, 0.4))  # noqa: S311  # the same

    async def create(self, body: bytes, **fields: object) -> dict[str, Any]:
        """Announce a file under a key."""
        key = secrets.token_hex(12)
        upload: dict[str, Any] = (
            await self.ask("POST", "/v1/buckets/files/uploads", _announced(body, key, **fields), key=key)
        ).json()
        if not upload["is_duplicate"]:
            self.answers.created[key] = upload["upload_id"]
        return upload

    async def confirm(self, upload_id: str, body: bytes, *, as_task: bool = False) -> dict[str, Any]:
        """Confirm until it is completed; a task is followed."""
        path = f"/v1/uploads/{upload_id}/confirm{'?async=true' if as_task else ''}"
        confirmed: dict[str, Any] = (await self.ask("POST", path)).json()
        until = time.monotonic() + PATIENCE_SECONDS
        while confirmed["status"] == "PROCESSING":
            if time.monotonic() > until:
                raise _UnansweredError("verification")
            await asyncio.sleep(0.2)
            confirmed = (await self.ask("GET", f"/v1/uploads/{upload_id}")).json()
        if confirmed["status"] != "COMPLETED":
            confirmed = (await self.ask("POST", path)).json()  # storage was away: its state is unchanged
        if confirmed["status"] == "COMPLETED":
            self.answers.completed[upload_id] = hashlib.sha256(body).hexdigest()
        elif confirmed["status"] != "PROCESSING":
            raise RuntimeError(f"a confirmed upload is {confirmed['status']}: {confirmed}")
        return confirmed


async def _leave(client: _Client) -> None:
    await client.create(_body())


async def _cancel(client: _Client) -> None:
    upload_id = (await client.create(_body()))["upload_id"]
    await client.ask("DELETE", f"/v1/uploads/{upload_id}", good=(204,))
    client.answers.canceled.add(upload_id)


async def _whole(client: _Client, *, as_task: bool = False) -> None:
    body = _body()
    upload = await client.create(body)
    await client.send(upload, body)
    await client.confirm(upload["upload_id"], body, as_task=as_task)


async def _whole_as_task(client: _Client) -> None:
    await _whole(client, as_task=True)


async def _delete(client: _Client) -> None:
    """Complete one, and delete it with its object, or alone without one."""
    body, has_object = _body(), random.random() < 0.7  # noqa: S311  # the same
    upload = await client.create(body, create_object_on_confirm=has_object)
    await client.send(upload, body)
    confirmed = await client.confirm(upload["upload_id"], body)
    if confirmed["status"] != "COMPLETED":
        return
    client.answers.completed.pop(upload["upload_id"])  # the outcome of an unanswered deletion is unknown
    object_id = confirmed["object_id"]
    if object_id is None:
        await client.ask("DELETE", f"/v1/uploads/{upload['upload_id']}", good=(204, 404))
    else:
        await client.ask("DELETE", f"/v1/buckets/files/objects/{object_id}", good=(204, 404))
        client.answers.deleted.add(object_id)


async def _known(client: _Client) -> None:
    """Send bytes that were sent before: they are known by their hash in advance, or found at verification."""
    body = random.choice(_WELL_KNOWN)  # noqa: S311  # the same
    said = {"file_hash": hashlib.sha256(body).hexdigest()} if random.random() < 0.5 else {}  # noqa: S311  # the same
    upload = await client.create(body, **said)
    if not upload["is_duplicate"]:
        await client.send(upload, body)
        await client.confirm(upload["upload_id"], body)


async def _batch(client: _Client) -> None:
    key = secrets.token_hex(12)
    bodies = [_body() for _ in range(_BATCH)]
    asked = {"uploads": [_announced(body, f"{key}/{number}") for number, body in enumerate(bodies)]}
    made = (await client.ask("POST", "/v1/buckets/files/uploads/batch", asked, key=key)).json()["uploads"]
    client.answers.created |= {f"{key}/{number}": upload["upload_id"] for number, upload in enumerate(made)}
    for upload, body in zip(made, bodies, strict=True):
        await client.send(upload, body)
    named = {"confirmations": [{"upload_id": upload["upload_id"]} for upload in made]}
    task = (await client.ask("POST", "/v1/buckets/files/uploads/confirm/batch", named)).json()
    until = time.monotonic() + PATIENCE_SECONDS
    while (await client.ask("GET", f"/v1/tasks/{task['task_id']}")).json()["status"] not in _ENDED:
        if time.monotonic() > until:
            raise _UnansweredError("batch")
        await asyncio.sleep(0.3)
    for upload, body in zip(made, bodies, strict=True):
        status = (await client.ask("GET", f"/v1/uploads/{upload['upload_id']}")).json()["status"]
        if status == "COMPLETED":
            client.answers.completed[upload["upload_id"]] = hashlib.sha256(body).hexdigest()
        else:
            await client.confirm(upload["upload_id"], body)


async def _object(client: _Client) -> None:
    key = secrets.token_hex(12)
    made = (await client.ask("POST", "/v1/buckets/files/objects", {"title": key, "number": 1}, key=key)).json()
    object_id = made["object_id"]
    client.answers.objects[key] = object_id
    await client.ask("PATCH", f"/v1/buckets/files/objects/{object_id}", {"number": 2})
    if random.random() < 0.5:  # noqa: S311  # the same
        await client.ask("DELETE", f"/v1/buckets/files/objects/{object_id}", good=(204, 404))
        client.answers.deleted.add(object_id)


_LIVES: Final[tuple[tuple[Callable[[_Client], Coroutine[Any, Any, None]], int], ...]] = (
    (_leave, 5),
    (_cancel, 10),
    (_whole, 25),
    (_whole_as_task, 10),
    (_delete, 10),
    (_known, 10),
    (_batch, 20),
    (_object, 10),
)


def _body() -> bytes:
    return secrets.token_bytes(random.randint(1, 2000))  # noqa: S311  # the same


def _announced(body: bytes, life: str, **fields: object) -> dict[str, object]:
    return {
        "filename": "a.mp4",
        "content_type": "video/mp4",
        "file_size_bytes": len(body),
        "blob_property": "video",
        "metadata": {"life": life},
        **fields,
    }


class Findings:
    """What is wrong, by kind."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.doubled: list[str] = []
        self.stuck: list[str] = []

    def lines(self) -> list[str]:
        """Return all of it."""
        return [*self.lost, *self.doubled, *self.stuck]


async def hold(database: Database, answers: Answers, *, older_seconds: float) -> tuple[Findings, int]:
    """Compare the answers with the log, while no request runs; return the problems, and the log's end.

    `older_seconds`: open or overdue records count as stuck from this age on.
    """
    found = Findings()
    connection = await connect(database.owner_url, role=None)
    try:
        # workers continue meanwhile: everything must be from one moment
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch("SELECT * FROM upwell.upwell_events ORDER BY notification_id")
            quota = await connection.fetchrow(
                "SELECT sum(reserved_bytes)::bigint AS reserved, sum(accepted_bytes)::bigint AS accepted"
                " FROM upwell.quotas"
            )
            counts = {what: await connection.fetchval(query, older_seconds) for what, query in _STUCK.items()}
            found.stuck += [f"{count} {what}" for what, count in counts.items() if count]
    finally:
        await connection.close()
    if [row["notification_id"] for row in rows] != list(range(1, len(rows) + 1)):
        found.lost.append("the feed has a gap")
    by_tag: dict[str, Counter[str]] = {}
    lives: dict[str, set[str]] = {}
    for answered, made in (*answers.created.items(), *answers.objects.items()):
        lives.setdefault(answered, set()).add(made)
    blobs: Counter[str] = Counter()
    reserved = accepted = 0
    for row in rows:
        tag, state = row["topic"], msgspec.json.decode(row["state"])
        by_tag.setdefault(tag, Counter())[row["originator_id"]] += 1
        reserved += state.get("reserved_bytes", 0) - state.get("released_bytes", 0)
        accepted += state.get("accepted_bytes", 0) + state.get("kept_bytes", 0) - state.get("freed_bytes", 0)
        if tag == "upload.requested.v1":
            life: str | None = (state["request"]["metadata"] or {}).get("life")  # null once it is deleted
            lives.setdefault(life or row["originator_id"], set()).add(row["originator_id"])
        elif tag == "object.created.v1":
            life = (state["metadata"] or {}).get("title")
            lives.setdefault(life or row["originator_id"], set()).add(row["originator_id"])
            blobs.update(blob["upload_id"] for blob in state["blobs"])
    for what, ids, tag in (
        ("creates", {*answers.created.values()}, "upload.requested.v1"),
        ("confirms", set(answers.completed), "upload.completed.v1"),
        ("cancels", answers.canceled, "upload.canceled.v1"),
        ("objects", {*answers.objects.values()}, "object.created.v1"),
        ("deletions", answers.deleted, "object.deleted.v1"),
    ):
        lost = ids - by_tag.get(tag, Counter()).keys()
        if lost:
            found.lost.append(f"{len(lost)} answered {what} are not in the log: {sorted(lost)[:5]}")
    twice = {tag: {one for one, count in by_tag.get(tag, Counter()).items() if count > 1} for tag in _ONCE}
    twice |= {"lives": {one for one, ids in lives.items() if len(ids) > 1}}
    twice |= {"blobs": {one for one, count in blobs.items() if count > 1}}
    found.doubled += [f"{name} twice: {sorted(ids)[:5]}" for name, ids in twice.items() if ids]
    if quota is not None and (quota["reserved"], quota["accepted"]) != (reserved, accepted):
        found.doubled.append(f"the quota says {dict(quota)}, the log {reserved} reserved and {accepted} accepted")
    return found, len(rows)


_ONCE: Final = ("upload.requested.v1", "upload.completed.v1", "upload.canceled.v1", "object.created.v1")
_STUCK: Final = {
    "uploads are in PROCESSING for too long": """
        SELECT count(*) FROM upwell.uploads u WHERE status = 'PROCESSING' AND NOT EXISTS (
            SELECT FROM upwell.upwell_events e WHERE e.originator_id = u.upload_id
            AND (convert_from(e.state, 'UTF8')::jsonb -> 'origin' ->> 'at')::timestamptz
                > now() - make_interval(secs => $1))
    """,
    "jobs are overdue": """
        SELECT count(*) FROM upwell.jobs
        WHERE greatest(due_at, leased_until) < now() - make_interval(secs => $1::float + 5)
    """,
    "tasks go on for too long": """
        SELECT count(*) FROM upwell.tasks WHERE upload_id IS NULL AND status IN ('PENDING', 'IN_PROGRESS', 'PROCESSING')
        AND updated_at < now() - make_interval(secs => $1)
    """,
    "pending uploads without a job": """
        SELECT count(*) FROM upwell.uploads u WHERE status = 'PENDING' AND $1::float IS NOT NULL
        AND NOT EXISTS (SELECT FROM upwell.jobs j WHERE j.upload_id = u.upload_id AND j.kind = 'expire')
    """,
}


async def read_back(tenant: Tenant, answers: Answers, upload_ids: list[str]) -> list[str]:
    """Return which completed uploads are not read back as they were sent."""
    wrong: list[str] = []
    waiting = [*upload_ids]
    async with tenant.client() as api, httpx.AsyncClient(timeout=_CALL_SECONDS) as plain:
        client = _Client(api, plain, answers)

        async def reads() -> None:
            while waiting:
                upload_id = waiting.pop()
                try:
                    read = await client.read(upload_id)
                except _UnansweredError as error:
                    wrong.append(f"{upload_id} could not be read ({error})")
                    continue
                if read != answers.completed[upload_id]:
                    wrong.append(f"{upload_id} is read back as {read}, and was {answers.completed[upload_id]}")

        await asyncio.gather(*(reads() for _ in range(_READERS)))
    return wrong
