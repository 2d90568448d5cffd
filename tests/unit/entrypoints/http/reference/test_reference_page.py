"""The files of the reference page, which browsers keep."""

from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from entrypoints.http.reference.reference_page import routers

FILE = "/docs/assets/swagger-ui.css"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_file_that_the_client_has_is_not_sent_again(method: str) -> None:
    transport = httpx.ASGITransport(cast("Any", Litestar(routers(), openapi_config=None)))
    async with httpx.AsyncClient(transport=transport, base_url="http://upwell") as client:
        etag = (await client.get(FILE)).headers["etag"]
        for known in (etag, f'"other", W/{etag}', "*"):
            answer = await client.request(method, FILE, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
            assert not {"content-length", "content-type"} & set(answer.headers)
        for unknown in ('"other"', etag.strip('"')):
            answer = await client.request(method, FILE, headers={"If-None-Match": unknown})
            assert (answer.status_code, bool(answer.content)) == (200, method == "GET")
        missing = await client.get(f"{FILE}.none", headers={"If-None-Match": "*"})
        assert missing.status_code == 404
