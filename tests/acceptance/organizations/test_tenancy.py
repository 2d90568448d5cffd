"""Every route is tried with foreign ids, in path, header, query and body: they do not exist for the caller.

The routes come from the OpenAPI document, so a new one is tried without a word here.
"""

import itertools
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from adapters.postgres.database.connecting import connect
from adapters.postgres.database.rebuilding import READ_TABLES
from tests.acceptance.uploads.test_main_job import put
from tests.conftest import Service, Tenant
from tests.contract_check.comparing import Operation, Schema, operations
from tests.contract_check.contract import own

EXTRACTOR = {"feature_extractor_name": "none", "version": "v1"}
REFUSED = {400, 403, 404, 422}
# What a body needs beyond the types of its fields to get past the first look.
SOUND: dict[str, Any] = {
    "filename": "a.mp4",
    "content_type": "video/mp4",
    "blob_property": "video",
    "bucket_schema": {"properties": {"video": {"type": "video"}}},
    "feature_extractors": [EXTRACTOR],
    "property": "video",
    "type": "video",
    "expires_at": "2999-01-01T00:00:00Z",
    "part_numbers": [1],
    "channels": [{"channel": "webhook", "configs": {"url": "https://192.0.2.1/hook"}}],
}
# Fields that may be left out, but not with all that could stand in their place.
NEEDED = {"part_numbers"}
# Parameters that name a user of the caller's organization, by any name.
FREE = {"user_email"}


@dataclass(frozen=True)
class Things:
    """The records of a tenant. `ids`: for others to try, by kind; `hidden`: values that no other tenant may see."""

    ids: dict[str, str]
    hidden: frozenset[str]


async def make_things(client: httpx.AsyncClient, word: str) -> Things:
    """Make one thing of each kind as this client, in a bucket and under names of their own."""
    bucket = (
        await client.post("/v1/buckets", json={"bucket_name": f"b-{word}", "bucket_schema": SOUND["bucket_schema"]})
    ).json()
    body = secrets.token_bytes(100)
    path = f"/v1/buckets/b-{word}/uploads"
    marker = secrets.token_hex(8)
    asked = {
        "filename": f"{marker}.mp4",
        "content_type": "video/mp4",
        "blob_property": "video",
        "metadata": {"kept": marker},
    }
    done = (await client.post(path, json=asked)).json()
    await put(done, body)
    confirmed = (await client.post(f"{path}/{done['upload_id']}/confirm")).json()
    assert confirmed["status"] == "COMPLETED", confirmed
    pending = (await client.post(path, json={**asked, "skip_duplicates": False})).json()
    await put(pending, body)
    email = f"{word}@example.com"
    key = (await client.post(f"/v1/organizations/users/{email}/api-keys", json={"name": f"k-{word}"})).json()
    ids = {
        "bucket_identifier": bucket["bucket_id"],
        "bucket name": f"b-{word}",
        "upload_id": pending["upload_id"],
        "completed upload": done["upload_id"],
        "object_identifier": confirmed["object_id"],
        "user_email": email,
        "user id": key["user_id"],
        "key_name": f"k-{word}",
        "key id": key["key_id"],
    }
    return Things(ids=ids, hidden=frozenset({marker, key["key_hash"], key["key"]}))


async def state_of(tenant: Tenant) -> dict[str, Any]:
    """Return what the database has of a tenant's organization."""
    owner = await connect(tenant.database.owner_url, role=None)
    organization_id = tenant.caller.organization.organization_id
    try:
        found: dict[str, Any] = {}
        for table in ("upwell_events", *READ_TABLES):
            column = "SELECT 1 FROM information_schema.columns WHERE table_schema = 'upwell' AND table_name = $1"
            if await owner.fetchval(f"{column} AND column_name = 'organization_id'", table):
                rows = f"SELECT string_agg(t::text, ',' ORDER BY t::text) FROM upwell.{table} t"  # noqa: S608  # our names
                found[table] = await owner.fetchval(f"{rows} WHERE organization_id = $1", organization_id)
        assert found["upwell_events"]
        return found
    finally:
        await owner.close()


@dataclass(frozen=True)
class Attempt:
    """One request with a foreign id at one place."""

    operation: Operation
    place: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Any


def attempt(operation: Operation, mine: dict[str, str], place: str, path: dict[str, str], **more: Any) -> Attempt:  # noqa: ANN401  # the parts of a request
    filled = re.sub(r"{(\w+)}", lambda found: path.get(found[1], mine.get(found[1], "unknown")), operation.path)
    parts = {"headers": {}, "query": {}, "body": sound_body(operation), **more}
    return Attempt(operation=operation, place=place, path=filled, **parts)


def in_addresses(
    operation: Operation, mine: dict[str, str], foreign: dict[str, str], namespaces: list[str]
) -> Iterator[Attempt]:
    """Yield requests with foreign ids in the path and in X-Namespace."""
    names = named(operation, "path")
    for name in names:
        for value in (*foreign.values(), *namespaces):
            yield attempt(operation, mine, f"path {name}", {name: value})
    if len(names) > 1:
        yield attempt(operation, mine, "path", foreign)
    for value in namespaces if "X-Namespace" in named(operation, "header") else ():
        yield attempt(operation, mine, "header", {}, headers={"X-Namespace": value})
        yield attempt(operation, mine, "header", foreign, headers={"X-Namespace": value})


def in_contents(operation: Operation, mine: dict[str, str], foreign: dict[str, str]) -> Iterator[Attempt]:
    """Yield requests with foreign ids in the query and in the body."""
    for name in named(operation, "query"):
        for value in foreign.values():
            yield attempt(operation, mine, f"query {name}", {}, query={name: value})
    schema = body_schema(operation)
    if schema is not None:
        for value in foreign.values():
            for changed in with_each(schema, value):
                yield attempt(operation, mine, "body", {}, body=changed)


def named(operation: Operation, place: str) -> list[str]:
    return [p["name"] for p in operation.body.get("parameters", []) if p["in"] == place]


def body_schema(operation: Operation) -> Schema | None:
    content = operation.body.get("requestBody", {}).get("content", {})
    schema: Schema | None = content.get("application/json", {}).get("schema")
    return schema


def sound_body(operation: Operation) -> Any:  # noqa: ANN401  # JSON
    schema = body_schema(operation)
    return None if schema is None else sound(schema)


def resolved(schema: Schema) -> Schema:
    """Return what a schema says, without null."""
    if "$ref" in schema:
        return resolved(own()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    if "anyOf" in schema:
        return resolved(next(branch for branch in schema["anyOf"] if branch.get("type") != "null"))
    return schema


def sound(schema: Schema, name: str = "") -> Any:  # noqa: ANN401, PLR0911  # JSON; one line for each kind
    """Return the least value that a schema allows."""
    if name in SOUND:
        return SOUND[name]
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            fields = [*schema.get("required", ()), *(NEEDED & schema.get("properties", {}).keys())]
            return {field: sound(schema["properties"][field], field) for field in fields}
        case "array":
            return [sound(schema["items"])] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return f"x-{secrets.token_hex(4)}"


def with_each(schema: Schema, value: str, depth: int = 0) -> Iterator[Any]:
    """Yield the least sound value with one text, or one free object, within it being `value`."""
    schema = resolved(schema)
    match schema.get("type"):
        case "string" if "enum" not in schema and "format" not in schema:
            yield value
        case "object" if schema.get("properties") and depth < 4:
            for field, inner in schema["properties"].items():
                for changed in with_each(inner, value, depth + 1):
                    yield {**sound(schema), field: changed}
        case "object" if not schema.get("properties"):
            yield {"upload_id": value}
        case "array" if "items" in schema and depth < 4:
            for changed in with_each(schema["items"], value, depth + 1):
                yield [changed]


@pytest.mark.parametrize("whose", ["of another organization", "of another namespace"])
async def test_data_of_another_organization_is_not_found_on_any_route(
    service: Service, tenant: Tenant, whose: str
) -> None:
    victim = await service.tenant()
    words = secrets.token_hex(8), secrets.token_hex(8)
    async with (
        httpx.AsyncClient(base_url=tenant.url, headers=tenant.headers, timeout=30) as client,
        victim.client() as other,
    ):
        if whose == "of another namespace":
            victim = tenant
            made = await client.post(
                "/v1/namespaces", json={"namespace_name": words[0], "feature_extractors": [EXTRACTOR]}
            )
            other.headers.update({**tenant.headers, "X-Namespace": made.json()["namespace_id"]})
        theirs, mine = await make_things(other, words[0]), await make_things(client, words[1])
        own_ids = {**mine.ids, "namespace_identifier": tenant.namespace.namespace_id}
        foreign, namespaces = theirs.ids, [other.headers["X-Namespace"]]
        tried = [op for op in operations(own()) if op.path.startswith("/v1/")]
        if whose == "of another namespace":  # keys and namespaces are the organization's: any of its namespaces may do
            kinds = ("bucket_identifier", "bucket name", "upload_id", "completed upload", "object_identifier")
            foreign, namespaces = {kind: theirs.ids[kind] for kind in kinds}, []
            tried = [op for op in tried if "X-Namespace" in named(op, "header")]
        before = {} if victim is tenant else await state_of(victim)
        all_attempts = [
            *itertools.chain.from_iterable(in_addresses(op, own_ids, foreign, namespaces) for op in tried),
            *itertools.chain.from_iterable(in_contents(op, own_ids, foreign) for op in tried),
        ]
        placeless = {op.name: op for op in tried}
        for made_up in all_attempts:
            placeless.pop(made_up.operation.name, None)
        all_attempts += [attempt(op, own_ids, "no place", {}) for op in placeless.values()]
        for made_up in all_attempts:
            answer = await client.request(
                made_up.operation.method,
                made_up.path,
                headers=made_up.headers,
                params=made_up.query,
                json=made_up.body,
            )
            description = f"{made_up} got {answer.status_code} {answer.text}"
            assert not [name for name in theirs.hidden if name in answer.text], description
            if made_up.place.startswith(("path", "header")) and made_up.place.split()[-1] not in FREE:
                assert answer.status_code == 404, description
            else:
                assert answer.is_success or answer.status_code in REFUSED, description
        print(f"{len(all_attempts)} pairs of {len(tried)} routes and ids {whose}")
        assert {made_up.operation.name for made_up in all_attempts} == {op.name for op in tried}
        assert len(all_attempts) > 10 * len(tried)
        if victim is not tenant:
            assert await state_of(victim) == before
        confirmed = await other.post(f"/v1/uploads/{theirs.ids['upload_id']}/confirm")
        assert confirmed.json()["status"] == "COMPLETED"
        found = await other.get(f"/v1/buckets/b-{words[0]}/objects/{theirs.ids['object_identifier']}")
        assert found.status_code == 200
