"""`GET /v1/uploads/{id}?wait=…`: the answer comes with the end of the upload."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.acceptance.events.test_events import plain
from tests.acceptance.keys.test_upload_tokens import FILE, UPLOADS, give, page
from tests.acceptance.processes.test_restarting import serving
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Service, Tenant

SOON = 15.0


async def test_a_waiting_request_is_answered_with_the_end(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for end, status in (("confirm", "COMPLETED"), ("cancel", "CANCELED")):
            upload = await announce(client, b"x")
            path = f"/v1/uploads/{upload['upload_id']}"
            waiting = asyncio.create_task(client.get(path, params={"wait": "59.5"}))
            await asyncio.sleep(0)
            if end == "confirm":
                await put(upload, b"x")
                await client.post(f"{path}/confirm")
            else:
                await client.delete(path)
            async with asyncio.timeout(SOON):
                answer = await waiting
            assert (answer.status_code, answer.json()["status"]) == (200, status)
            async with asyncio.timeout(SOON):  # and it has ended now
                assert (await client.get(path, params={"wait": "60"})).json() == answer.json()


async def test_when_the_time_is_over_the_present_state_is_the_answer(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"x")
        path = f"/v1/buckets/files/uploads/{upload['upload_id']}"
        answer = await client.get(path, params={"wait": "0.05", "return_presigned_urls": "true"})
        assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
        assert answer.json()["presigned_url"] is not None
        async with asyncio.timeout(SOON):
            assert (await client.head(path, params={"wait": "60"})).status_code == 200


@pytest.mark.parametrize("wait", ["61", "-1", "soon"])
async def test_a_wait_out_of_range_is_refused(tenant: Tenant, wait: str) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"x")
        refused = await client.get(f"/v1/uploads/{upload['upload_id']}", params={"wait": wait})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request")
        assert "from 0 to 60" in refused.json()["error"]["message"]
        query = {"wait": "1", "at": upload["created_at"]}
        refused = await client.get(f"/v1/uploads/{upload['upload_id']}", params=query)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_wait")


async def test_a_page_waits_with_its_token(service: Service, tenant: Tenant) -> None:
    async with page(tenant, await give(tenant)) as client:
        mine = (await client.post(UPLOADS, json=FILE)).json()
        path = f"/v1/uploads/{mine['upload_id']}"
        waiting = asyncio.create_task(client.get(path, params={"wait": "60"}))
        await put(mine, b"x" * FILE["file_size_bytes"])
        await client.post(f"{path}/confirm")
        async with asyncio.timeout(SOON):
            assert (await waiting).json()["status"] == "COMPLETED"
    async with (await service.tenant()).client() as stranger:
        assert (await stranger.get(path, params={"wait": "60"})).status_code == 404


async def until(ask: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON):
        while not await ask():
            await asyncio.sleep(0.01)


async def has_no_place(client: httpx.AsyncClient, path: str) -> bool:
    answer = await client.get(path, params={"wait": "0.001"})
    assert answer.status_code == httpx.codes.OK or answer.json()["error"]["code"] == "too_many_streams"
    return answer.status_code == httpx.codes.TOO_MANY_REQUESTS


async def stay(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Wait for the upload; again, if one that looked for a place had it."""
    while True:
        answer = await client.get(path, params={"wait": "60"})
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            return answer


async def has_a_place(client: httpx.AsyncClient, path: str) -> bool:
    return not await has_no_place(client, path)


async def test_a_waiting_request_has_a_place_until_its_client_or_the_server_goes(
    service: Service, tenant: Tenant
) -> None:
    token = await give(tenant)
    headers = {"Authorization": f"Bearer {token['token']}"}
    async with serving(service, UPWELL_STREAMS_PER_KEY="20") as (url, process), plain(url, **headers) as client:
        path = f"/v1/uploads/{(await client.post(UPLOADS, json=FILE)).json()['upload_id']}"
        leaving = [asyncio.create_task(stay(client, path)) for _ in range(2)]
        await until(lambda: has_no_place(client, path))
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await until(lambda: has_a_place(client, path))

        staying = [asyncio.create_task(stay(client, path)) for _ in range(2)]
        await until(lambda: has_no_place(client, path))
        process.terminate()
        async with asyncio.timeout(SOON):
            answers = await asyncio.gather(*staying)
        assert [answer.json()["status"] for answer in answers] == ["PENDING"] * 2
