"""Namespaces over HTTP: what belongs to other products is checked, kept and returned; secrets are not."""

from typing import Any

import pytest

from adapters.postgres.database.connecting import connect
from domain.namespaces.namespace import MASK
from tests.acceptance.buckets.test_buckets import until
from tests.conftest import Tenant

EXTRACTOR = {"feature_extractor_name": "text", "version": "v1", "params": {"model": "m", "deep": {"a": [1]}}}
INFRASTRUCTURE = {
    "ray_cluster_id": "ray_abc",
    "ray_head_node_url": "ray://head:10001",
    "ray_dashboard_url": None,
    "qdrant_url": "https://vectors.example",
    "qdrant_api_key": None,
    "qdrant_collection": "things",
    "compute_tier": "dedicated_gpu",
    "max_concurrent_jobs": 20,
    "autoscaling_enabled": False,
    "min_workers": 0,
    "max_workers": 100,
    "gpu_type": "a100",
    "gpus_per_worker": 8,
    "s3_plugin_bucket": "plugins",
    "s3_plugin_prefix": "p/",
    "max_custom_plugins": 100,
    "max_custom_models": 50,
}
INDEXES: list[dict[str, Any]] = [
    {
        "field_name": "title",
        "type": "text",
        "field_schema": {
            "type": "text",
            "tokenizer": "prefix",
            "min_token_len": 1,
            "max_token_len": 20,
            "lowercase": False,
        },
        "is_protected": True,
    },
    *(
        {"field_name": f"f_{kind}", "type": kind, "field_schema": {"type": kind, **more}, "is_protected": False}
        for kind, more in {
            "integer": {"lookup": False, "range": True},
            "keyword": {"is_tenant": True},
            "uuid": {"is_tenant": False},
            "float": {},
            "geo": {},
            "datetime": {},
            "bool": {},
        }.items()
    ),
    {"field_name": "plain", "type": "keyword", "field_schema": None, "is_protected": False},
]
FULL = {
    "namespace_name": "full",
    "namespace_type": "marketplace",
    "description": "All there is",
    "feature_extractors": [EXTRACTOR],
    "payload_indexes": INDEXES,
    "auto_create_indexes": True,
    "infrastructure": INFRASTRUCTURE,
}


async def test_a_namespace_is_kept_as_it_was_asked_for(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await client.post("/v1/namespaces", json={**FULL, "mode": "standard"})
        assert made.status_code == 200, made.text
        namespace = made.json()
        extractor = {**EXTRACTOR, "feature_extractor_id": "text_v1"}
        assert namespace.items() >= {**FULL, "feature_extractors": [extractor]}.items()
        assert namespace.items() >= {"bucket_count": 0, "object_count": 0, "is_locked": False}.items()
        for identifier in (namespace["namespace_id"], "full"):
            assert (await client.get(f"/v1/namespaces/{identifier}")).json() == namespace


async def test_what_is_left_out_has_the_documented_defaults(tenant: Tenant) -> None:
    asked = {
        "namespace_name": "bare",
        "feature_extractors": [{"feature_extractor_name": "text", "version": "v1"}],
        "payload_indexes": [{"field_name": "a", "type": "text", "field_schema": {"type": "text"}}],
        "infrastructure": {"qdrant_collection": "abc"},
    }
    async with tenant.client() as client:
        namespace = (await client.post("/v1/namespaces", json=asked)).json()
    assert (namespace["namespace_type"], namespace["auto_create_indexes"]) == ("standard", False)
    assert namespace["feature_extractors"][0]["params"] is None
    assert namespace["payload_indexes"][0] == {
        "field_name": "a",
        "type": "text",
        "field_schema": {
            "type": "text",
            "tokenizer": "word",
            "min_token_len": 2,
            "max_token_len": 15,
            "lowercase": True,
        },
        "is_protected": False,
    }
    assert (
        namespace["infrastructure"].items()
        >= {
            "compute_tier": "shared",
            "max_concurrent_jobs": 10,
            "autoscaling_enabled": True,
            "min_workers": 1,
            "max_workers": 10,
            "gpus_per_worker": 1,
            "s3_plugin_bucket": "mixpeek-plugins",
            "max_custom_plugins": 0,
            "max_custom_models": 0,
            "qdrant_api_key": None,
        }.items()
    )


def infrastructure(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # values that do not fit
    return {"infrastructure": {**INFRASTRUCTURE, **changed}}


def index(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # values that do not fit
    return {"payload_indexes": [{"field_name": "a", "type": "text", **changed}]}


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("an extractor without a version", {"feature_extractors": [{"feature_extractor_name": "a"}]}),
    ("an unknown field of an extractor", {"feature_extractors": [{**EXTRACTOR, "colour": 1}]}),
    ("an unknown type", {"namespace_type": "other"}),
    ("an unknown type of index", index(type="colour")),
    ("an index without a name", index(field_name="")),
    ("a name of an index that is too long", index(field_name="a" * 256)),
    ("an index schema of no kind", index(field_schema={"type": "colour"})),
    ("an unknown tokenizer", index(field_schema={"type": "text", "tokenizer": "x"})),
    ("a parameter of another index", index(field_schema={"type": "text", "is_tenant": True})),
    ("an infrastructure without a collection", {"infrastructure": {}}),
    ("a collection name too short", infrastructure(qdrant_collection="ab")),
    ("an invalid cluster id", infrastructure(ray_cluster_id="cluster")),
    ("an unknown tier", infrastructure(compute_tier="x")),
    ("too many jobs", infrastructure(max_concurrent_jobs=1001)),
    ("no worker at all", infrastructure(max_workers=0)),
    ("too many GPUs", infrastructure(gpus_per_worker=9)),
    ("too many plugins", infrastructure(max_custom_plugins=101)),
    ("an unknown field", {"colour": "red"}),
]


@pytest.mark.parametrize(("what", "changed"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_a_namespace_is_not_made_with(tenant: Tenant, what: str, changed: dict[str, Any]) -> None:
    async with tenant.client() as client:
        refused = await client.post("/v1/namespaces", json={**FULL, **changed})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request"), (
            f"{what}: {refused.text}"
        )


async def test_put_and_patch_change_what_they_name(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = (await client.post("/v1/namespaces", json=FULL)).json()
        path = f"/v1/namespaces/{made['namespace_id']}"
        put = (await client.put(path, json={"payload_indexes": INDEXES[:1]})).json()
        assert put == {**made, "payload_indexes": INDEXES[:1], "updated_at": put["updated_at"]}
        nothing = (await client.put(path, json={"namespace_name": None})).json()
        assert nothing == put
        patched = (
            await client.patch(
                path,
                json={
                    "description": None,
                    "auto_create_indexes": False,
                    "infrastructure": None,
                    "payload_indexes": None,
                },
            )
        ).json()
        assert patched == {
            **made,
            "description": None,
            "auto_create_indexes": False,
            "infrastructure": None,
            "payload_indexes": None,
            "updated_at": patched["updated_at"],
        }
        whole = {"infrastructure": {"qdrant_collection": "others"}, "auto_create_indexes": None}
        again = (await client.patch(path, json=whole)).json()
        assert again["infrastructure"]["qdrant_collection"] == "others"
        assert again["infrastructure"]["gpu_type"] is None
        assert again["auto_create_indexes"] is False
        assert (await client.get(path)).json() == again
        for method, body in (
            ("PUT", {"description": "not of PUT"}),
            ("PATCH", {"feature_extractors": [EXTRACTOR]}),
            ("PATCH", {"namespace_type": "standard"}),
            ("PATCH", infrastructure(min_workers=-1)),
        ):
            refused = await client.request(method, path, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request"), refused.text


async def test_a_renamed_namespace_keeps_its_id_and_answers_to_its_new_name_alone(tenant: Tenant) -> None:
    async with tenant.client() as client:
        by_name = {"X-Namespace": "test"}
        assert (await client.get("/v1/buckets/files", headers=by_name)).status_code == 200
        renamed = await client.patch("/v1/namespaces/test", json={"namespace_name": "live"})
        assert renamed.json()["namespace_id"] == tenant.namespace.namespace_id
        gone = await until(lambda: client.get("/v1/buckets/files", headers=by_name), 404)
        assert gone.json()["error"]["code"] == "namespace_not_found"
        assert (await client.get("/v1/namespaces/test")).status_code == 404
        found = await client.get("/v1/buckets/files", headers={"X-Namespace": "live"})
        assert found.json()["bucket_id"] == tenant.bucket.bucket_id
        assert (await client.post("/v1/namespaces", json={**FULL, "namespace_name": "test"})).status_code == 200
        taken = await client.put("/v1/namespaces/live", json={"namespace_name": "test"})
        assert (taken.status_code, taken.json()["error"]["code"]) == (400, "name_taken")


async def test_secrets_of_other_products_are_neither_kept_nor_returned(tenant: Tenant) -> None:
    secret = infrastructure(qdrant_api_key="very-secret", qdrant_url="https://ann:very-secret@vectors.example")
    async with tenant.client() as client:
        made = await client.post("/v1/namespaces", json={**FULL, **secret})
        assert made.json()["infrastructure"]["qdrant_api_key"] == MASK
        assert made.json()["infrastructure"]["qdrant_url"] == f"https://ann:{MASK}@vectors.example"
        patched = await client.patch("/v1/namespaces/full", json=secret)
        assert patched.status_code == 200
        assert patched.json() == made.json()
    connection = await connect(tenant.database.owner_url, role=None)
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM upwell.upwell_events WHERE convert_from(state, 'UTF8') LIKE '%very-secret%'"
        )
    finally:
        await connection.close()
    assert found == 0
