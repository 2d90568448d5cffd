"""Numbers over HTTP: each comes back as the same integer, or the same double, or is refused."""

import json

import pytest

from tests.conftest import Tenant

PATH = "/v1/buckets/numbers/objects"
BUCKET = {
    "bucket_name": "numbers",
    "bucket_schema": {"properties": {"number": {"type": "number"}, "image": {"type": "image"}}},
    "unique_key": {"fields": ["number"]},
}
KEPT = (
    "0.1",
    "1.10",
    "-0.0",
    "1e22",
    "12345678901234567890.123",
    "9007199254740993",
    "18446744073709551616",
    "9" * 500,
    "1.7976931348623157e308",
    "5e-324",
)


def same(sent: str, got: float | str) -> bool:
    if sent.lstrip("-").isdigit():
        return got == int(sent)
    return float(got) == float(sent)


async def test_a_number_comes_back_as_it_was_sent(tenant: Tenant) -> None:
    async with tenant.client() as client:
        assert (await client.post("/v1/buckets", json=BUCKET)).status_code == 200
        for number in KEPT:
            made = await client.post(PATH, content=f'{{"number": {number}, "more": {{"of": [{number}]}}}}')
            assert made.status_code == 200, made.text
            shown = await client.get(f"{PATH}/{made.json()['object_id']}")
            for fields in (made.json(), shown.json()):
                assert same(number, fields["number"]), number
                assert same(number, fields["more"]["of"][0]), number

            found = await client.post(f"{PATH}/list", content=f'{{"filters": {{"number": {number}}}}}')
            if len(number) < 300:  # longer ones are not compared
                assert [each["object_id"] for each in found.json()["results"]] == [made.json()["object_id"]], found.text
            again = await client.post(PATH, content=f'{{"number": {number}}}')
            assert (again.status_code, again.json()["error"]["code"]) == (409, "unique_key_taken"), number

            upload = await client.post(
                "/v1/buckets/numbers/uploads",
                content='{"filename": "a.png", "content_type": "image/png", "file_size_bytes": 10.0,'
                f' "create_object_on_confirm": false, "metadata": {{"number": {number}}}}}',
            )
            assert upload.status_code == 200, upload.text
            shown = await client.get(f"/v1/uploads/{upload.json()['upload_id']}")
            assert same(number, shown.json()["metadata"]["number"]), number


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "0." + "0" * 400 + "1"])
async def test_a_number_without_a_double_is_refused(tenant: Tenant, number: str) -> None:
    upload = {"filename": "a.png", "content_type": "image/png", "create_object_on_confirm": False}
    async with tenant.client() as client:
        for path, body, field in (
            ("/v1/buckets/files/objects", f'{{"number": {number}}}', "number"),
            ("/v1/buckets/files/objects/list", f'{{"filters": {{"number": {number}}}}}', "filters.number"),
            (
                "/v1/buckets/files/uploads",
                f'{{"metadata": {{"number": {number}}}, {json.dumps(upload)[1:]}',
                "metadata.number",
            ),
        ):
            refused = await client.post(path, content=body)
            error = refused.json()["error"]
            assert (refused.status_code, error["code"], error["details"]["field"]) == (422, "invalid_request", field)
            assert "as a string" in error["message"]
        refused = await client.get("/v1/events", params={"metadata": f'{{"number": {number}}}'})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_metadata")
