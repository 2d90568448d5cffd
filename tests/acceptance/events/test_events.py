"""The feed over HTTP: pages, waiting, server-sent events, tokens, and which callers see which events."""

import asyncio
import hashlib
import json
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jsonschema_rs
import pytest

from adapters.postgres.database.rebuilding import rebuild
from entrypoints.http.events import event_stream
from tests.acceptance.keys.test_api_keys import KEYS, holder, make_key
from tests.acceptance.uploads.test_main_job import announce, put
from tests.acceptance.world import World
from tests.conftest import Service, Tenant

SOON = 20.0
EVERYWHERE = {"X-Namespace": ""}
STREAM = {"Accept": "text/event-stream"}


async def complete(client: httpx.AsyncClient) -> dict[str, Any]:
    """Upload a file, and return the answer to its confirmation."""
    body = secrets.token_bytes(100)
    upload = await announce(client, body)
    await put(upload, body)
    done: dict[str, Any] = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()
    return done


class Stream:
    """The messages of an answer, as a browser's EventSource reads them."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id: str | None = None

    async def next(self) -> dict[str, Any]:
        """Return the next message's data, with its name as `event` if it has one."""
        data: list[str] = []
        name = None
        async with asyncio.timeout(SOON):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                match field:
                    case "id":
                        self.last_id = value
                    case "data":
                        data.append(value)
                    case "event":
                        name = value
                    case "" if data:
                        message: dict[str, Any] = json.loads("\n".join(data))
                        return message if name is None else {**message, "event": name}
        raise EOFError

    async def end(self) -> None:
        """Wait until the other side ends it."""
        with pytest.raises(EOFError):
            await self.next()


@asynccontextmanager
async def streaming(client: httpx.AsyncClient, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    async with client.stream("GET", f"/v1/events{query}", headers={**STREAM, **headers}) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


def plain(url: str, **headers: str) -> httpx.AsyncClient:
    """Return a client that does not read whole answers, unlike one that compares them with the documents."""
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=SOON)


async def test_pages_contain_the_events_of_an_upload_from_its_request_to_its_object(tenant: Tenant) -> None:
    async with tenant.client() as client:
        done = await complete(client)
        page = (await client.get("/v1/events", params={"types": "upload.*,object.*"})).json()
        assert [event["type"] for event in page["events"]] == [
            "upload.requested.v1",
            "upload.verification_began.v1",
            "upload.verified.v1",
            "upload.completed.v1",
            "object.created.v1",
        ]
        assert page["has_more"] is False
        assert {event["bucketid"] for event in page["events"]} == {tenant.bucket.bucket_id}
        assert page["events"][0]["subject"] == done["upload_id"]
        again = (await client.get("/v1/events", params={"after": page["next_after"], "types": "upload.*"})).json()
        assert again == {"events": [], "next_after": page["next_after"], "has_more": False}
        for event in page["events"]:
            schema = (await client.get(f"/v1/events/schemas/{event['type']}")).json()
            jsonschema_rs.Draft202012Validator(schema).validate(event["data"])


async def test_what_was_announced_and_not_sent_is_found_by_readers_until_the_original_goes(tenant: Tenant) -> None:
    body = secrets.token_bytes(100)
    digest = hashlib.sha256(body).hexdigest()
    writer = await make_key(tenant, permissions=["write"])
    async with tenant.client() as client, holder(tenant, writer["key"]) as writing:
        original = await announce(client, body, create_object_on_confirm=False)
        await put(original, body)
        await client.post(f"/v1/uploads/{original['upload_id']}/confirm")
        plain: dict[str, Any] = {"file_hash": digest, "create_object_on_confirm": False}
        await announce(client, body, **plain, filename="take 2.mp4", metadata={"album": 7})
        await announce(client, body, **plain, filename="take 3.mp4", metadata={"album": 8})

        async def filenames(**asked: str) -> list[str]:
            asked["original_upload_id"] = original["upload_id"]
            page = (await client.get("/v1/events", params=asked)).json()
            return [each["data"]["request"]["filename"] for each in page["events"]]

        assert await filenames() == ["take 2.mp4", "take 3.mp4"]
        assert await filenames(filename="take 3.mp4") == await filenames(metadata='{"album": 8}') == ["take 3.mp4"]
        assert await filenames(object_metadata='{"title": "x"}') == []
        for wrong in ("7", "null", "{", "{}"):
            refused = await client.get("/v1/events", params={"metadata": wrong})
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_metadata")
        refused = await client.get("/v1/events?filename=a&filename=b")
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "repeated_parameter")

        duplicates = "/v1/buckets/files/duplicates/list"
        wanted = {"filters": {"field": "metadata.album", "operator": "eq", "value": 8}}
        (found,) = (await client.post(duplicates, json=wanted)).json()["results"]
        assert (found["filename"], found["original_upload_id"]) == ("take 3.mp4", original["upload_id"])
        everything = (await client.post(duplicates, params={"include_total": True, "limit": 1})).json()
        assert (everything["pagination"]["total"], everything["saved_bytes"]) == (2, 200)
        assert (await writing.post(duplicates)).status_code == 403
        assert (await rebuild(tenant.database.owner_url, swap=False)).differences == {}

        assert (await client.delete(f"/v1/uploads/{original['upload_id']}")).status_code == 204
        assert (await client.post(duplicates)).json()["results"] == []
        assert await filenames() == [None, None]
        assert (await rebuild(tenant.database.owner_url, swap=False)).differences == {}


async def test_a_history_is_that_of_one_upload(tenant: Tenant) -> None:
    async with tenant.client() as client:
        one, _ = await complete(client), await complete(client)
        for path in (f"/v1/uploads/{one['upload_id']}", f"/v1/buckets/files/uploads/{one['upload_id']}"):
            history = (await client.get(f"{path}/events")).json()["events"]
            assert {event["subject"] for event in history} == {one["upload_id"]}
            assert [event["data"]["type"] for event in history][-1] == "upload.completed.v1"
        filtered = (await client.get("/v1/events", params={"upload_id": one["upload_id"]})).json()["events"]
        assert filtered == history
        assert (await client.get("/v1/uploads/upl_nobody/events")).status_code == 404


async def test_an_upload_is_shown_as_it_was_at_a_time(tenant: Tenant) -> None:
    async with tenant.client() as client:
        done = await complete(client)
        path = f"/v1/uploads/{done['upload_id']}"
        now = (await client.get(path)).json()
        history = (await client.get(f"{path}/events")).json()["events"]
        seen = [(await client.get(path, params={"at": event["time"]})).json() for event in history]
        assert [each["status"] for each in seen] == ["PENDING", "PROCESSING", "COMPLETED", "COMPLETED"]
        assert seen[0]["completed_at"] is seen[0]["etag"] is seen[0]["object_id"] is None
        assert seen[-1] == {**now, "object_id": done["object_id"]} == now
        before = await client.get(path, params={"at": "2020-01-01T00:00:00+02:00"})
        assert (before.status_code, before.json()["error"]["code"]) == (404, "upload_not_found")


async def test_a_long_poll_ends_with_the_first_event(tenant: Tenant) -> None:
    async with tenant.client() as client:
        asked = {"after": "latest", "wait": "20", "types": "upload.requested"}
        waiting = asyncio.create_task(client.get("/v1/events", params=asked))
        await asyncio.sleep(0)
        upload = None
        while not waiting.done():  # the request or an upload may come first: one of them is seen
            upload = await announce(client, b"x")
            await asyncio.wait({waiting}, timeout=0.05)
        page = waiting.result().json()
    assert upload is not None
    assert {event["type"] for event in page["events"]} == {"upload.requested.v1"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"after": "-1"}, "invalid_position"),
        ({"after": "x"}, "invalid_position"),
        ({"types": "upload.finished"}, "unknown_event_type"),
        ({"limit": "0"}, "invalid_request"),
        ({"limit": "1001"}, "invalid_request"),
        ({"wait": "61"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_asked_is_refused(tenant: Tenant, query: dict[str, str], code: str) -> None:
    async with tenant.client() as client:
        answer = await client.get("/v1/events", params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


@pytest.mark.parametrize(
    "query",
    [{}, {"after": str(2**63)}, {"wait": "1"}, {"upload_id": "upl_1"}, {"upload_id": "upl_1", "wait": "1"}],
)
async def test_a_position_behind_the_end_is_refused_and_the_end_is_named(tenant: Tenant, query: dict[str, str]) -> None:
    async with tenant.client() as client:
        answer = await client.get("/v1/events", params={"after": str(10**15), **query})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "position_beyond_end")
    assert error["details"]["end"] > 0


async def test_a_stream_from_behind_the_end_is_refused_at_once(service: Service, tenant: Tenant) -> None:
    async with plain(service.url, **tenant.headers) as client:
        answer = await client.get("/v1/events", headers={**STREAM, "Last-Event-ID": str(10**15)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "position_beyond_end")


async def test_a_stream_that_is_cut_before_its_first_event_loses_nothing(service: Service, tenant: Tenant) -> None:
    async with plain(service.url, **tenant.headers) as client:
        async with client.stream("GET", "/v1/events?after=latest", headers=STREAM) as answer:
            first = await anext(answer.aiter_bytes())
        name, _, last_id = first.decode().splitlines()[0].partition(": ")
        assert name == "id"
        made = await announce(client, b"x")
        async with streaming(client, "?after=latest", **{"Last-Event-ID": last_id}) as stream:
            assert (await stream.next())["subject"] == made["upload_id"]


async def test_a_stream_sends_existing_events_continues_and_is_resumed(service: Service, tenant: Tenant) -> None:
    async with plain(service.url, **tenant.headers) as client:
        first = await complete(client)
        async with streaming(client, "?types=upload.completed") as stream:
            assert (await stream.next())["subject"] == first["upload_id"]
            second = await complete(client)
            assert (await stream.next())["subject"] == second["upload_id"]
        last_id = stream.last_id
        assert last_id is not None
        third = await complete(client)
        async with streaming(client, "?types=upload.completed&after=0", **{"Last-Event-ID": last_id}) as stream:
            assert (await stream.next())["subject"] == third["upload_id"]


async def test_another_organizations_events_are_not_seen(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with tenant.client() as client, other.client() as others, plain(service.url, **other.headers) as theirs:
        async with streaming(theirs, "?after=0&types=upload.requested") as stream:
            mine = await announce(client, b"mine")
            upload = await announce(others, b"theirs")
            assert (await stream.next())["subject"] == upload["upload_id"]
        page = (await others.get("/v1/events", params={"limit": 1000})).json()
        assert mine["upload_id"] not in json.dumps(page)
        assert {event["source"] for event in page["events"]} == {
            f"urn:upwell:{other.caller.organization.organization_id}"
        }
        found = await others.get("/v1/events", params={"upload_id": mine["upload_id"]})
        assert found.json()["events"] == []
        assert (await others.get(f"/v1/uploads/{mine['upload_id']}/events")).status_code == 404


async def test_a_key_for_one_bucket_gets_the_events_of_that_bucket(tenant: Tenant) -> None:
    scope = {"resource_type": "bucket", "resource_id": "files", "operations": ["read_data"]}
    made = await make_key(tenant, permissions=["read"], scopes=[scope])
    async with tenant.client() as client, holder(tenant, made["key"]) as narrow:
        await client.post("/v1/buckets", json={"bucket_name": "other", "bucket_schema": {"properties": {}}})
        done = await complete(client)
        page = (await narrow.get("/v1/events", params={"limit": 1000})).json()
        assert {event["bucketid"] for event in page["events"]} == {tenant.bucket.bucket_id}
        assert done["upload_id"] in {event["subject"] for event in page["events"]}
        unnamed = await narrow.get("/v1/events", headers={"X-Namespace": ""})
        assert (unnamed.status_code, unnamed.json()["error"]["code"]) == (403, "out_of_scope")


async def test_only_administrators_see_events_of_keys_and_no_event_contains_secrets(tenant: Tenant) -> None:
    made = await make_key(tenant, permissions=["read"])
    async with tenant.client() as client, holder(tenant, made["key"]) as reader:
        seen = (await client.get("/v1/events", params={"limit": 1000, "types": "api_key.*"}, headers=EVERYWHERE)).json()
        assert [event["type"] for event in seen["events"]][-1] == "api_key.created.v1"
        assert "key_hash" not in json.dumps(seen)
        kinds = {
            event["type"].partition(".")[0]
            for event in (await reader.get("/v1/events", params={"limit": 1000}, headers=EVERYWHERE)).json()["events"]
        }
        assert kinds == {"namespace", "bucket"}


@pytest.mark.parametrize("by_token", [False, True])
async def test_a_stream_ends_soon_after_its_key_was_revoked(service: Service, tenant: Tenant, by_token: bool) -> None:
    made = await make_key(tenant, name="passing", permissions=["read"])
    query, headers = "?after=latest", {**tenant.headers, "Authorization": f"Bearer {made['key']}"}
    if by_token:
        async with holder(tenant, made["key"]) as owner:
            token = (await owner.post("/v1/events/tokens", json={})).json()["token"]
        query, headers = f"{query}&token={token}", {}
    async with tenant.client() as client, plain(service.url, **headers) as reader, streaming(reader, query) as stream:
        began = asyncio.get_running_loop().time()
        assert (await client.delete(f"{KEYS}/passing")).is_success
        closed = await stream.next()
        assert (closed["event"], closed["status"], closed["code"]) == ("closed", 401, "key_revoked")
        assert asyncio.get_running_loop().time() - began < 5  # the promise
        await stream.end()


async def test_a_token_reads_events_of_its_namespace_and_nothing_else(service: Service, tenant: Tenant) -> None:
    async with tenant.client() as client, plain(service.url) as page:
        done = await complete(client)
        made = (await client.post("/v1/events/tokens", json={"expires_in_seconds": 60})).json()
        assert made["namespace_id"] == tenant.namespace.namespace_id
        query = f"?types=upload.completed,api_key.*&token={made['token']}"
        async with streaming(page, query) as stream:
            assert (await stream.next())["subject"] == done["upload_id"]
        assert (await page.get(f"/v1/events{query}")).json()["events"][0]["subject"] == done["upload_id"]
        elsewhere = await page.get(
            f"/v1/uploads/{done['upload_id']}", headers={"Authorization": f"Bearer {made['token']}"}
        )
        assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (403, "token_denied")
        spoiled = await page.get(f"/v1/events?token={made['token'][:-8]}AAAAAAAA")
        assert (spoiled.status_code, spoiled.json()["error"]["code"]) == (401, "token_unknown")
        in_query = await page.get(f"/v1/events?token={tenant.secret}")
        assert (in_query.status_code, in_query.json()["error"]["code"]) == (401, "key_missing")
        unknown = await page.get("/v1/events/schemas/upload.finished.v1")
        assert unknown.status_code == 404


async def test_a_reader_that_takes_nothing_is_disconnected_and_another_one_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "SLOW_SECONDS", 0.5)
    metadata = {"text": "x" * 15_000}
    request = "GET /v1/events?types=upload.requested HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
    request += "".join(f"{name}: {value}\r\n" for name, value in world.tenant.headers.items()) + "\r\n"
    url = httpx.URL(world.tenant.url)
    loop = asyncio.get_running_loop()
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        await loop.sock_connect(slow, (url.host, url.port))
        await loop.sock_sendall(slow, request.encode())
        wanted = 600
        headers = world.tenant.headers
        async with (
            plain(world.tenant.url, **headers) as quick,
            streaming(quick, "?types=upload.requested") as stream,
            asyncio.TaskGroup() as together,
        ):
            together.create_task(take(stream, wanted))
            for _ in range(wanted):
                await announce(world.client, b"x", metadata=metadata)
        taken = await drained(slow)
    assert taken.count(b"\nid: ") < wanted
    assert not taken.endswith(b"0\r\n\r\n")  # it was broken off, not ended


async def take(stream: Stream, count: int) -> None:
    """Read so many messages."""
    for _ in range(count):
        await stream.next()


async def drained(connection: socket.socket) -> bytes:
    """Read until the other side ends it."""
    taken = bytearray()
    async with asyncio.timeout(SOON):
        while piece := await asyncio.get_running_loop().sock_recv(connection, 1 << 20):
            taken += piece
    return bytes(taken)
