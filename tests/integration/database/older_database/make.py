"""Make the database of an older version: live a history with its code, and dump what came of it as plain SQL.

Run with the code of that version (the last one with the migrations 0001 to 0089), from its own folder:

    git worktree add ../older a2089c3 && cd ../older && uv sync
    .venv/bin/python $HERE/make.py $HERE/0089.sql  # HERE: this file's folder

It runs the example of every route and the lives of `tests/lives.py`, beside a worker. Ids and times differ each time.
"""

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import httpx

sys.path.insert(0, str(Path.cwd()))  # the older code

from adapters.embedded.postgres_binaries import choose_account, find_binaries
from tests import lives
from tests.conftest import ANY_RECEIVER_HERE, Tenant, start
from tests.docs.examples import EXAMPLES
from tests.stack import Stack, stack

_FIELD = "field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' \"$1\"; }\n"
_ROUNDS = 1
_HOOK = {
    "webhook_name": "unheard",
    "event_types": ["upload.completed", "upload.failed", "object.created"],
    "channels": [{"channel": "webhook", "configs": {"url": "http://127.0.0.1:9/", "timeout": 0.5}}],
}
_FIGURES = "SELECT (SELECT position FROM upwell.log_head) <= (SELECT min(position) FROM upwell.subscriptions)"
_TEXTS = "SELECT (SELECT position FROM upwell.log_head) <= (SELECT position FROM upwell.search_head)"
_TASKS = "SELECT NOT EXISTS (SELECT FROM upwell.tasks WHERE upload_id IS NULL AND status IN ('PENDING', 'PROCESSING'))"


def run_examples(tenant: Tenant) -> None:
    """Run the example of every route, in one shell."""
    environment = {
        **os.environ,
        "UPWELL_URL": tenant.url,
        "UPWELL_API_KEY": tenant.secret,
        "UPWELL_NAMESPACE": tenant.namespace.name,
        "UPWELL_BUCKET": tenant.bucket.name,
    }
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["sh", "-eu", "-c", _FIELD + "\n".join(EXAMPLES.values())],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


async def live(tenant: Tenant) -> None:
    """Live each life some times, and what no life has: what fails, what is skipped, what is known beforehand."""
    answers = lives.Answers()
    async with tenant.client() as api, httpx.AsyncClient() as plain:
        client = lives._Client(api, plain, answers)
        assert (await api.post("/v1/organizations/webhooks", json=_HOOK)).is_success
        for _ in range(_ROUNDS):
            for life, _weight in lives._LIVES:
                await life(client)
        for body in lives._WELL_KNOWN[:2]:
            for file_hash in (None, None, hashlib.sha256(body).hexdigest()):
                said: dict[str, Any] = {} if file_hash is None else {"file_hash": file_hash}
                upload = await client.create(body, **said)
                if not upload["is_duplicate"]:
                    await client.send(upload, body)
                    await client.confirm(upload["upload_id"], body)
        begun = await client.create(b"a part", multipart="always")
        signed = {"parts": [{"part_number": 1, "size_bytes": 6}]}
        assert (await api.post(f"/v1/uploads/{begun['upload_id']}/parts/sign", json=signed)).is_success
        wrong = await client.create(b"right", file_hash=hashlib.sha256(b"right").hexdigest())
        await client.send(wrong, b"wrong")
        assert (await api.post(f"/v1/uploads/{wrong['upload_id']}/confirm")).status_code == 400
        bucket = {
            "bucket_name": "sorted",
            "bucket_schema": {"properties": {"text": {"type": "text"}, "title": {"type": "string"}}},
            "unique_key": {"fields": ["title"], "default_policy": "insert"},
        }
        assert (await api.post("/v1/buckets", json=bucket)).is_success
        for number in range(2):  # the second one is skipped
            asked = {
                "filename": f"{number}.txt",
                "content_type": "text/plain",
                "blob_property": "text",
                "object_metadata": {"title": "Low water"},
            }
            made = (await api.post("/v1/buckets/sorted/uploads", json=asked)).json()
            if made["presigned_url"] is not None:
                await client.send(made, b"Low water at noon.")
                assert (await api.post(f"/v1/uploads/{made['upload_id']}/confirm")).json()["status"] == "COMPLETED"
    assert not answers.surprises


def forget_one(made: Stack, tenant: Tenant) -> None:
    """Erase a completed upload, as an operator does."""

    async def upload() -> str:
        async with tenant.client() as api, httpx.AsyncClient() as plain:
            client = lives._Client(api, plain, lives.Answers())
            created = await client.create(b"to be erased", create_object_on_confirm=False)
            await client.send(created, b"to be erased")
            await client.confirm(created["upload_id"], b"to be erased")
            return str(created["upload_id"])

    assert start(made.environment, "forget", asyncio.run(upload())).wait() == 0


async def wait_for_workers(url: str) -> None:
    """Return when tasks are done, and figures and texts of search have followed the log."""
    connection = await asyncpg.connect(url)
    for query in (_TASKS, _FIGURES, _TEXTS):
        while not await connection.fetchval(query):
            await asyncio.sleep(0.1)
    await connection.close()


def dump(url: str) -> str:
    """Return the database as statements that any client can send, with events as text."""
    text = subprocess.run(
        [
            find_binaries(choose_account()).folder / "pg_dump",
            *("--no-owner", "--inserts", "--rows-per-insert=50", "--no-comments", f"--dbname={url}"),
        ],
        env={**os.environ, "PGOPTIONS": "-c bytea_output=escape"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = (line for line in text.splitlines(keepends=True) if not line.startswith(("\\", "--", "\n")))
    return "".join(f"    {line[1:]}" if line.startswith("\t(") else line for line in lines)


def main(target: Path) -> None:
    random.seed(89)
    settings = {**ANY_RECEIVER_HERE, "UPWELL_RATE_LIMITS": "on"}
    with stack(settings) as made:
        made.begin("serve")
        made.begin("worker")
        first, second = made.tenant(), made.tenant(quota_bytes=10**9)
        run_examples(first)
        asyncio.run(live(second))
        forget_one(made, second)
        asyncio.run(wait_for_workers(made.database.owner_url))
        made.end()
        target.write_text(dump(made.database.owner_url))
    print(json.dumps({"bytes": target.stat().st_size}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
