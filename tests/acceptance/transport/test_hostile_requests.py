"""Bytes that an attacker sends, over a socket: an answer to each, and none that blames the service."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from tests.conftest import STORAGE_SECRET, Service, Tenant, free_port, start, wait_ready
from tests.hostile import Tally, attack

REQUESTS = 1000


@pytest.fixture
async def unlimited(service: Service) -> AsyncIterator[Tenant]:
    """A tenant of a process that counts no requests."""
    port = free_port()
    process = start({**service.environment, "UPWELL_PORT": str(port), "UPWELL_RATE_LIMITS": "off"}, "serve")
    try:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, process)
        yield await replace(service, url=url).tenant()
    finally:
        process.terminate()
        process.wait(30)


async def test_hostile_bytes_are_answered_and_never_with_an_error_of_the_service(unlimited: Tenant) -> None:
    seed = random.randrange(10**6)  # noqa: S311  # of the run's own seed, which pytest prints
    tally = Tally()
    await attack(unlimited, range(REQUESTS), seed=seed, storage_secret=STORAGE_SECRET, tally=tally)

    assert tally.bad == [], f"send them again: scripts/hostile_requests.py --seed {seed} --first NUMBER --requests 1"
    assert sum(tally.statuses.values()) == REQUESTS
    assert min(tally.statuses[status] for status in ("200", "404", "422")) > REQUESTS // 20, "it reaches no depth"


BODY_PATHS = ["/v1/buckets/files/uploads", "/v1/buckets/files/objects", "/v1/namespaces", "/v1/tasks/list"]


@pytest.mark.parametrize("path", BODY_PATHS)
@pytest.mark.parametrize(
    "body", [b'{"a": "\xff"}', b'{"a": ' + b"9" * 4301 + b"}", b'{"a": 1e400000}', b'{"a": "\\ud800"}', b'{"a": NaN}']
)
async def test_a_body_that_is_no_json_is_refused_on_every_route(tenant: Tenant, path: str, body: bytes) -> None:
    async with tenant.client() as client:
        answer = await client.post(path, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request"), answer.text


async def test_a_notification_of_storage_that_is_not_utf8_is_refused(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        answer = await client.post(
            "/v1/storage-events",
            content=b'{"Records": ["\xff"]}',
            headers={"Authorization": f"Bearer {STORAGE_SECRET}"},
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_notification")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/uploads/%00/events", "null_character"),
        ("/v1/uploads/upl_a%00", "null_character"),
        ("/v1/events?upload_id=%00", "null_character"),
        ("/v1/events?upload_id=%ff", "not_utf8"),
        ("/v1/uploads/%ff", "not_utf8"),
        ("/v1/events?limit=" + "9" * 4301, "invalid_request"),
        ("/v1/events?after=" + "9" * 4301, "invalid_position"),
    ],
)
async def test_an_address_that_is_no_text_is_refused(tenant: Tenant, path: str, code: str) -> None:
    async with tenant.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code), answer.text


@pytest.mark.parametrize("number", ["1e400000", "-1e400000", "1e-400000", "NaN", "Infinity", "9" * 2500])
async def test_a_cursor_with_a_number_that_no_row_has_is_refused(tenant: Tenant, number: str) -> None:
    import base64  # noqa: PLC0415  # only here

    cursor = base64.urlsafe_b64encode(f'["", 1, 0, "{number}"]'.encode()).decode().rstrip("=")
    async with tenant.client() as client:
        answer = await client.post("/v1/buckets/files/uploads/list", params={"cursor": cursor}, json={})
    if number == "9" * 2500:  # such a number may stand in metadata
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_cursor"), answer.text


async def test_a_byte_order_mark_before_a_body_is_skipped(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answer = await client.post("/v1/buckets/files/uploads/list", content=b'\xef\xbb\xbf{"limit": 1}')
        sent_as_object = await client.post("/v1/buckets/files/objects", content=b'\xef\xbb\xbf{"title": "a"}')
    assert answer.status_code == 200, answer.text
    assert sent_as_object.json()["title"] == "a"
