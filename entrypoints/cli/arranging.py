"""`upwell namespace` and `upwell bucket`: creates and lists them over the API."""

from collections.abc import Iterator
from typing import Any

from entrypoints.cli.output import emit, json_of, note, printable
from entrypoints.cli.service import FIRST_CONTACT_ATTEMPTS, PAGE
from entrypoints.cli.target import Target, find_target, known_variables
from entrypoints.cli.translating import of_retries, translated
from upwell_client import Client

Json = dict[str, Any]


def create_namespace(name: str, *, description: str | None, as_json: bool) -> None:
    """Create a namespace, and print it."""
    with _client(find_target(known_variables(), namespace=name, bucket="-")) as client, translated():
        made = client.call(
            "POST", "/v1/namespaces", body={"namespace_name": name, "description": description}, attempts=1
        )
    _show(made, ("namespace_id", "namespace_name"), as_json=as_json)


def list_namespaces(*, as_json: bool) -> None:
    """Print the namespaces that the key can access."""
    target = find_target(known_variables(), namespace="-", bucket="-")
    _list(target, "/v1/namespaces/list", ("namespace_id", "namespace_name", "bucket_count"), as_json=as_json)


def create_bucket(name: str, *, namespace: str | None, schema: Json, description: str | None, as_json: bool) -> None:
    """Create a bucket, and print it."""
    with _client(find_target(known_variables(), namespace=namespace, bucket=name)) as client, translated():
        made = client.call(
            "POST",
            "/v1/buckets",
            body={"bucket_name": name, "description": description, "bucket_schema": schema},
            attempts=1,
        )
    _show(made, ("bucket_id", "bucket_name"), as_json=as_json)


def list_buckets(*, namespace: str | None, as_json: bool) -> None:
    """Print the buckets of a namespace."""
    target = find_target(known_variables(), namespace=namespace, bucket="-")
    _list(target, "/v1/buckets/list", ("bucket_id", "bucket_name", "status", "object_count"), as_json=as_json)


def _list(target: Target, path: str, columns: tuple[str, ...], *, as_json: bool) -> None:
    with _client(target) as client, translated():
        for record in _pages(client, path):
            line = json_of(record) if as_json else "\t".join(_cell(record.get(name)) for name in columns)
            if not emit(line):
                return


def _pages(client: Client, path: str) -> Iterator[Json]:
    cursor = None
    while True:
        params = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        page = client.call("POST", path, body={}, params=params, attempts=FIRST_CONTACT_ATTEMPTS)
        yield from page["results"]
        cursor = page["pagination"].get("next_cursor")
        if cursor is None:
            return


def _show(record: Json, columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        emit(json_of(record))
        return
    for name in columns:
        emit(f"{name}: {_cell(record.get(name))}")


def _client(target: Target) -> Client:
    return Client(target.url, target.api_key, target.namespace, on_retry=of_retries(note))


def _cell(value: object) -> str:
    return "" if value is None else printable(value if isinstance(value, str) else json_of(value))
