"""Lists over HTTP: filters, sort, search, pages and figures, as clients of the contract ask for them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import Tenant

UPLOADS = "/v1/buckets/files/uploads"
OBJECTS = "/v1/buckets/files/objects/list"


@pytest.fixture
async def client(tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with tenant.client() as made:
        yield made


async def announce(client: httpx.AsyncClient, filename: str, **more: Any) -> str:  # noqa: ANN401  # fields of the request
    body = {"filename": filename, "content_type": "video/mp4", "blob_property": "video", **more}
    answer = await client.post(UPLOADS, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["upload_id"])


async def make_object(client: httpx.AsyncClient, filename: str, content: bytes, **facts: object) -> str:
    body = {"filename": filename, "content_type": "text/plain", "blob_property": "text", "object_metadata": facts}
    made = (await client.post(UPLOADS, json=body)).json()
    async with httpx.AsyncClient() as plain:
        put = await plain.put(made["presigned_url"], content=content, headers=made["required_headers"])
        assert put.status_code == 200, put.text
    confirmed = await client.post(f"/v1/uploads/{made['upload_id']}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    return str(confirmed.json()["object_id"])


async def listed(client: httpx.AsyncClient, path: str = f"{UPLOADS}/list", **body: object) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def names(client: httpx.AsyncClient, **body: Any) -> list[str]:  # noqa: ANN401  # fields of the request
    return [row["filename"] for row in (await listed(client, **body))["results"]]


@pytest.fixture
async def four(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await announce(
        client, "Alpha.mp4", metadata={"campaign": "Summer", "year": 2024, "tags": ["new"]}, file_size_bytes=4
    )
    await announce(client, "beta.mp4", metadata={"campaign": "winter", "year": 2025}, file_size_bytes=3)
    gamma = await announce(
        client, "gamma.mp4", metadata={"campaign": "winter", "deep": {"er": True}}, file_size_bytes=2
    )
    await announce(client, "delta.mp4", file_size_bytes=1)
    assert (await client.delete(f"/v1/uploads/{gamma}")).status_code == 204
    return client


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "PENDING"}, ["delta.mp4", "beta.mp4", "Alpha.mp4"]),
        ({"metadata.campaign": "summer"}, ["Alpha.mp4"]),
        ({"metadata.campaign": ["SUMMER", "winter"], "status": "CANCELED"}, ["gamma.mp4"]),
        ({"field": "metadata.tags", "operator": "contains", "value": "NEW"}, ["Alpha.mp4"]),
        ({"metadata.tags": ["NEW", "none"]}, ["Alpha.mp4"]),
        ({"field": "metadata.tags", "operator": "in", "value": ["none"]}, []),
        ({"metadata": {"campaign": "summer"}}, ["Alpha.mp4"]),
        ({"field": "metadata.tags", "operator": "contains", "value": "NEW", "case_sensitive": True}, []),
        ({"metadata.deep.er": True}, ["gamma.mp4"]),
        (
            {
                "AND": [
                    {"NOT": [{"field": "status", "operator": "eq", "value": "CANCELED"}], "case_sensitive": False},
                    {
                        "OR": [
                            {"field": "filename", "operator": "regex", "value": "^(alpha|delta)\\."},
                            {"field": "metadata.year", "operator": "gte", "value": 2025},
                        ]
                    },
                ],
                "OR": None,
                "NOT": None,
                "case_sensitive": False,
            },
            ["delta.mp4", "beta.mp4", "Alpha.mp4"],
        ),
        ({"field": "metadata.year", "operator": "exists", "value": True}, ["beta.mp4", "Alpha.mp4"]),
        (
            {"field": "created_at", "operator": "gt", "value": "2020-01-01"},
            ["delta.mp4", "gamma.mp4", "beta.mp4", "Alpha.mp4"],
        ),
        ({"field": "created_at", "operator": "lt", "value": "2020-01-01T00:00:00Z"}, []),
    ],
)
async def test_uploads_are_filtered(four: httpx.AsyncClient, filters: dict[str, Any], found: list[str]) -> None:
    assert await names(four, filters=filters) == found


async def test_uploads_are_sorted_and_searched(four: httpx.AsyncClient) -> None:
    by_size = ["delta.mp4", "gamma.mp4", "beta.mp4", "Alpha.mp4"]
    assert await names(four, sort={"field": "file_size_bytes"}) == by_size
    assert await names(four, sort={"field": "file_size_bytes", "direction": "desc"}) == by_size[::-1]
    assert await names(four, sort={"field": "created_at", "direction": "asc"}) == [
        "Alpha.mp4",
        "beta.mp4",
        "gamma.mp4",
        "delta.mp4",
    ]
    assert await names(four, sort={"field": "filename"}) == ["Alpha.mp4", "beta.mp4", "delta.mp4", "gamma.mp4"]
    assert await names(four, sort={"field": "metadata.year", "direction": "desc"}) == [
        "beta.mp4",
        "Alpha.mp4",
        "delta.mp4",
        "gamma.mp4",
    ]
    assert await names(four, search="WINTER") == ["gamma.mp4", "beta.mp4"]
    assert await names(four, search="alp") == ["Alpha.mp4"]
    assert await names(four, search="2024") == ["Alpha.mp4"]
    assert await names(four, search="campaign") == []  # a key is no value


@pytest.mark.parametrize(
    "body",
    [{}, {"sort": {"field": "filename"}}, {"sort": {"field": "metadata.year"}, "filters": {"status": "PENDING"}}],
)
async def test_pages_by_cursor_show_every_row_once_in_order_while_rows_are_added(
    four: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    whole = await names(four, **body)
    seen: list[str] = []
    path = f"{UPLOADS}/list?limit=1"
    for number in range(20):
        page = await listed(four, path, **body)
        seen += [row["filename"] for row in page["results"]]
        if not body:
            await announce(four, f"new-{number}.mp4")
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
        path = f"{UPLOADS}/list?limit=1&cursor={cursor}"
    assert seen == whole


async def test_a_cursor_belongs_to_its_filters_search_and_sort(four: httpx.AsyncClient) -> None:
    page = await listed(four, f"{UPLOADS}/list?limit=1", sort={"field": "filename"})
    cursor = page["pagination"]["next_cursor"]
    for other in (
        {},
        {"sort": {"field": "filename", "direction": "desc"}},
        {"sort": {"field": "filename"}, "search": "a"},
    ):
        refused = await four.post(f"{UPLOADS}/list", params={"cursor": cursor}, json=other)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_cursor")


async def test_the_links_of_a_page_lead_to_the_next_and_the_one_before(four: httpx.AsyncClient) -> None:
    first = (await listed(four, f"{UPLOADS}/list?limit=2&include_total=true"))["pagination"]
    assert (first["page"], first["total"], first["total_count"], first["total_pages"]) == (1, 4, 4, 2)
    assert (first["has_more"], first["previous_page"]) == (True, None)
    second = await listed(four, first["next_page"])
    assert [row["filename"] for row in second["results"]] == ["beta.mp4", "Alpha.mp4"]
    assert (second["pagination"]["page"], second["pagination"]["has_more"]) == (2, False)
    assert second["pagination"]["next_cursor"] is None
    again = await listed(four, second["pagination"]["previous_page"])
    assert [row["filename"] for row in again["results"]] == ["delta.mp4", "gamma.mp4"]
    behind = await listed(four, f"{UPLOADS}/list?limit=1&cursor={first['next_cursor']}")
    assert behind["pagination"]["page"] is None
    last = await listed(four, behind["pagination"]["next_page"])
    assert [row["filename"] for row in last["results"]] == ["Alpha.mp4"]


async def test_figures_are_those_of_the_page_and_with_include_total_of_all_that_match(four: httpx.AsyncClient) -> None:
    page = (await listed(four, limit=1))["stats"]
    assert page == {
        "total_uploads": 1,
        "total_size_bytes": 1,
        "uploads_by_status": {"PENDING": 1},
        "avg_file_size_bytes": 1.0,
        "unique_buckets": 1,
    }
    whole = (await listed(four, f"{UPLOADS}/list?include_total=true", limit=1))["stats"]
    assert whole == {
        "total_uploads": 4,
        "total_size_bytes": 10,
        "uploads_by_status": {"PENDING": 3, "CANCELED": 1},
        "avg_file_size_bytes": 2.5,
        "unique_buckets": 1,
    }
    some = await listed(four, f"{UPLOADS}/list?include_total=true", limit=1, filters={"status": "PENDING"})
    assert (some["pagination"]["total"], some["stats"]["total_size_bytes"]) == (3, 8)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"filters": {"nothing": 1}}, "unknown_field"),
        ({"filters": {"field": "filename", "operator": "regex", "value": "(a+)+$"}}, "invalid_pattern"),
        ({"filters": {"field": "filename", "operator": "regex", "value": "(a)\\1"}}, "invalid_pattern"),
        ({"filters": {"field": "filename", "value": {"type": "dynamic", "field": "x"}}}, "dynamic_value"),
        ({"filters": {"field": "file_size_bytes", "value": "many"}}, "invalid_filter_value"),
        ({"filters": {"AND": [{"OR": [{"filename": "a"}] * 101}]}}, "filter_too_large"),
        ({"filters": {"filename": "a\0"}}, "null_character"),
        ({"filters": []}, "invalid_request"),
        ({"sort": {"field": "nothing"}}, "unknown_field"),
        ({"sort": {"field": "filename", "direction": "up"}}, "invalid_request"),
        ({"search": "a\0"}, "null_character"),
        ({"search": "a" * 1001}, "filter_too_large"),
    ],
)
async def test_an_invalid_query_is_refused_with_its_reason(
    client: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    refused = await client.post(f"{UPLOADS}/list", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)


@pytest.mark.parametrize("cursor", ["x", "cDE", "WyIiLC0xXQ", "WyIiLDEsMCwiTmFOIiwiIl0", "W10", "AAAA"])
async def test_a_foreign_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    refused = await client.post(f"{UPLOADS}/list", params={"cursor": cursor}, json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_cursor")


async def test_objects_are_listed_by_their_own_fields(client: httpx.AsyncClient) -> None:
    one = await make_object(client, "one.txt", b"one", title="First light", number=1)
    two = await make_object(client, "two.txt", b"two", title="second", number=2)

    async def ids(**body: object) -> list[str]:
        return [row["object_id"] for row in (await listed(client, OBJECTS, **body))["results"]]

    assert await ids() == [two, one]
    assert await ids(filters={"title": "FIRST light"}) == [one]
    assert await ids(filters={"metadata.title": "first light"}) == [one]
    assert await ids(filters={"field": "number", "operator": "gt", "value": 1}) == [two]
    assert await ids(sort={"field": "number"}) == [one, two]
    assert await ids(search="LIGHT") == [one]
    assert await ids(search="two.tx") == [two]
    assert await ids(search="title") == []
    page = await listed(client, f"{OBJECTS}?limit=1&include_total=true")
    assert (page["pagination"]["total"], page["pagination"]["page_size"]) == (2, 1)
    assert page["stats"]["total_objects"] == page["stats"]["total_blobs"] == 2
    assert page["stats"]["avg_blobs_per_object"] == 1.0
    selected = (await listed(client, OBJECTS, select=["title", "created_at"]))["results"][0]
    assert set(selected) == {"object_id", "bucket_id", "title", "created_at"}
    assert (await client.post("/v1/buckets/unknown/objects/list", json={})).status_code == 404


async def test_buckets_are_listed_with_their_total_always(client: httpx.AsyncClient) -> None:
    for name, team in (("one", "Red"), ("two", "blue")):
        body = {"bucket_name": name, "bucket_schema": {"properties": {}}, "metadata": {"team": team}}
        assert (await client.post("/v1/buckets", json=body)).status_code == 200

    async def found(**body: object) -> list[str]:
        return [row["bucket_name"] for row in (await listed(client, "/v1/buckets/list", **body))["results"]]

    assert await found() == ["two", "one", "files"]
    assert await found(sort={"bucket_name": "asc"}) == ["files", "one", "two"]
    assert await found(sort={"field": "bucket_name", "direction": "desc"}) == ["two", "one", "files"]
    assert await found(filters={"metadata.team": "red"}) == ["one"]
    assert await found(filters={"metadata.team": "red"}, case_sensitive=True) == []
    assert await found(search="BLUE") == ["two"]
    assert await found(search="BLUE", case_sensitive=True) == []
    page = await listed(client, "/v1/buckets/list", limit=2, offset=2)
    assert (page["total_count"], len(page["results"])) == (3, 1)
    assert set(page["stats"]) == {
        "total_objects",
        "total_size_bytes",
        "avg_objects_per_bucket",
        "avg_size_per_bucket",
    }


async def test_namespaces_are_listed_with_their_total_always(client: httpx.AsyncClient) -> None:
    for name in ("North", "south"):
        body = {"namespace_name": name, "feature_extractors": [{"feature_extractor_name": "text", "version": "v1"}]}
        assert (await client.post("/v1/namespaces", json=body)).status_code == 200
    page = await listed(client, "/v1/namespaces/list?limit=1", search="NORTH")
    assert [row["namespace_name"] for row in page["results"]] == ["North"]
    assert page["total_count"] == 1
    assert page["stats"]["total_feature_extractors"] == 1
    assert page["stats"]["avg_documents_per_namespace"] == 0.0
    whole = await listed(client, "/v1/namespaces/list?limit=1&include_total=true", sort={"namespace_name": "desc"})
    assert [row["namespace_name"] for row in whole["results"]] == ["test"]
    assert (whole["total_count"], whole["stats"]["total_buckets"]) == (3, 1)
    assert whole["stats"]["avg_feature_extractors_per_namespace"] == pytest.approx(2 / 3)
    exact = await listed(client, "/v1/namespaces/list", filters={"namespace_name": "north"}, case_sensitive=True)
    assert exact["total_count"] == 0


# What a query says that the route does not know


async def test_a_route_of_the_contract_names_what_it_ignores_and_understands_the_names_of_its_answers(
    tenant: Tenant,
) -> None:
    async with tenant.client() as client:
        for title in "abc":
            assert (await client.post("/v1/buckets/files/objects", json={"title": title})).is_success
        path = "/v1/buckets/files/objects/list"
        ignored = await client.post(f"{path}?colour=red&size=1&limit=2", json={})
        page = await client.post(f"{path}?page=2&page_size=2", json={})
        first = (await client.post(f"{path}?page_size=2", json={})).json()
        after = await client.post(path, params={"next_cursor": first["pagination"]["next_cursor"], "limit": 2}, json={})
    assert (ignored.status_code, ignored.headers["x-upwell-ignored"]) == (200, "colour, size")
    assert [one["title"] for one in page.json()["results"]] == ["a"]
    assert page.json()["pagination"]["page"] == 2
    assert "x-upwell-ignored" not in page.headers
    assert after.json()["results"] == page.json()["results"]


async def test_a_route_of_our_own_refuses_what_it_does_not_know(tenant: Tenant) -> None:
    async with tenant.client() as client:
        refused = await client.get("/v1/events?bucket=files")
        answer = refused.json()["error"]
    assert (refused.status_code, answer["code"]) == (422, "unknown_parameter")
    assert answer["message"].startswith(
        "bucket is not a query parameter of this route: leave it out, or use one of after, "
    )
