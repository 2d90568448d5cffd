"""The actions of an operator: organizations, keys, namespaces and buckets, from an empty database on."""

import json
from pathlib import Path
from typing import Protocol

import pytest

from tests.acceptance.cli.test_command_line import Ran, run
from tests.conftest import Database, Service


class Operator(Protocol):
    """Runs a command on an empty database."""

    async def __call__(self, *arguments: str) -> Ran: ...


@pytest.fixture
def operator(tmp_path: Path, database: Database) -> Operator:
    async def call(*arguments: str) -> Ran:
        return await run(*arguments, folder=tmp_path, variables={"UPWELL_DATABASE_URL": database.url})

    return call


async def test_a_name_is_given_once_unless_a_second_is_asked_for(operator: Operator) -> None:
    made = await operator("org", "create", "acme", "--tier", "pro", "--quota", "5GB", "--json")
    assert (made.code, made.err) == (0, "")
    first = json.loads(made.out)
    assert (first["name"], first["tier"], first["quota_bytes"]) == ("acme", "pro", 5 * 10**9)
    again = await operator("org", "create", "acme")
    assert (again.code, again.out) == (1, "")
    assert f"An organization named 'acme' exists already, {first['organization_id']}" in again.err
    second = json.loads((await operator("org", "create", "acme", "--same-name", "--json")).out)
    listed = [json.loads(line) for line in (await operator("org", "list", "--json")).out.splitlines()]
    assert [each["organization_id"] for each in listed] == [first["organization_id"], second["organization_id"]]
    ambiguous = await operator("key", "create", "acme")
    assert ambiguous.code == 1
    assert f"2 organizations are named 'acme': use the id, {first['organization_id']} or" in ambiguous.err
    assert (await operator("key", "create", first["organization_id"])).code == 0
    unknown = await operator("key", "create", "nobody")
    assert "The organization 'nobody' does not exist: run 'upwell org list'" in unknown.err


async def test_sizes_have_units(operator: Operator) -> None:
    await operator("org", "create", "acme")
    changed = await operator("org", "set", "acme", "--quota", "1.5TiB", "--json")
    assert json.loads(changed.out)["quota_bytes"] == int(1.5 * 1024**4)
    wrong = await operator("org", "set", "acme", "--quota", "much")
    assert wrong.code == 2
    assert "'much' is not a size: write a number of bytes, or a unit with it, such as 500MB or 5GiB." in wrong.err


async def test_keys_are_listed_and_revoked(operator: Operator) -> None:
    await operator("org", "create", "acme")
    made = json.loads((await operator("key", "create", "acme", "--permission", "read", "--json")).out)
    assert made["key"].startswith("sk_")
    (listed,) = [json.loads(line) for line in (await operator("key", "list", "acme", "--json")).out.splitlines()]
    assert (listed["key_id"], listed["permissions"]) == (made["key_id"], ["read"])
    assert "key" not in listed
    assert (await operator("key", "list", "acme")).out.startswith(f"{made['key_id']}\tdefault\t")
    revoked = await operator("key", "revoke", made["key_id"], "--json")
    assert json.loads(revoked.out)["revoked_at"] is not None
    assert (await operator("key", "revoke", made["key_id"])).code == 0, "a second time changes nothing"
    assert (await operator("key", "list", "acme")).out == ""
    unknown = await operator("key", "revoke", "key_nobody")
    assert (unknown.code, unknown.err) == (
        1,
        "upwell: The API key does not exist, or you cannot access it: check its id or name.\n",
    )


async def test_namespaces_and_buckets_are_made_over_the_api_and_take_an_upload(
    service: Service, tmp_path: Path
) -> None:
    database = {"UPWELL_DATABASE_URL": service.database.url}
    name = f"org-{tmp_path.parent.name}-{tmp_path.name}"
    await run("org", "create", name, folder=tmp_path, variables=database)
    made = await run("key", "create", name, "--permission", "admin", "--json", folder=tmp_path, variables=database)
    variables = {"UPWELL_URL": service.url, "UPWELL_API_KEY": json.loads(made.out)["key"]}

    async def call(*arguments: str, **more: str) -> Ran:
        return await run(*arguments, folder=tmp_path, variables={**variables, **more})

    namespace = json.loads((await call("namespace", "create", "production", "--json")).out)
    assert namespace["namespace_name"] == "production"
    again = await call("namespace", "create", "production")
    assert (again.code, len(again.err.splitlines())) == (1, 1)
    bucket = await call("bucket", "create", "media", "--namespace", "production")
    assert (bucket.code, bucket.err) == (0, "")
    assert bucket.out.startswith("bucket_id: bkt_")
    assert (await call("namespace", "list")).out == f"{namespace['namespace_id']}\tproduction\t1\n"
    assert "\tmedia\tACTIVE\t0\n" in (await call("bucket", "list", UPWELL_NAMESPACE="production")).out
    (tmp_path / "first.zip").write_bytes(b"anything")
    sent = await call("upload", "first.zip", "--namespace", "production", "--bucket", "media", "--json")
    assert (sent.code, json.loads(sent.out)["status"]) == (0, "COMPLETED")
