"""What stands at the root."""

from html.parser import HTMLParser

import httpx
import pytest

from tests.conftest import Service


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # as it is called
        self.found += [value for name, value in attrs if name == "href" and value and not value.startswith("data:")]


async def test_the_root_is_a_page_for_a_person_whose_links_lead_somewhere(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url, follow_redirects=True) as client:
        page = await client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.headers["Content-Type"].startswith("text/html")
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        links = _Links()
        links.feed(page.text)
        assert len(links.found) >= 4
        for link in links.found:
            assert not link.startswith(("/", "http")), "it works below any path"
            assert (await client.get(f"/{link}")).status_code == 200, link


async def test_the_root_is_json_for_a_program(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        answer = await client.get("/")
        assert answer.json()["name"] == "Upwell"
        assert (await client.get(f"/{answer.json()['openapi']}")).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        *("a%00b", "a;a%00", "a" * 300, "a/" * 2500, "a.js;" + "a" * 60_000),
        *("swagger-ui.css/x", "%2e%2e%2fx", "a%2fb", "", "."),
    ],
)
@pytest.mark.parametrize("folder", ["assets", "page"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_missing_file_is_not_found_under_any_name(
    service: Service, name: str, folder: str, method: str
) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        assert (await client.request(method, f"/docs/{folder}/{name}")).status_code == 404
        assert (await client.request(method, "/docs/assets/swagger-ui-bundle.js")).status_code == 200


async def test_a_file_that_the_client_has_is_not_sent_again(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        path = "/docs/assets/swagger-ui-bundle.js"
        etag = (await client.get(path)).headers["etag"]
        for _ in range(2):  # on the same connection
            answer = await client.get(path, headers={"If-None-Match": etag})
            assert (answer.status_code, answer.content) == (304, b"")
        assert (await client.get("/healthz")).status_code == 200
