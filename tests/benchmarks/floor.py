"""The floor under a confirm: signs a GET for each file, reads and hashes the bytes, and commits one row per file.

The same libraries as the service's, without any check. Reads a JSON object from standard input (`FloorInput`), and
prints the seconds and the CPU seconds of this process as JSON.
"""

import asyncio
import hashlib
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import aiohttp
import uvloop
from yarl import URL

from adapters.postgres.database.connecting import Connection, connect
from adapters.s3.sigv4 import Credentials, Presigner

_TABLE = "CREATE TABLE IF NOT EXISTS floor (key text PRIMARY KEY, size_bytes bigint, sha256 text, etag text)"
_INSERT = "INSERT INTO floor SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])"
_GROUP = 64


class Rows:
    """Commits rows in groups: rows that arrive while a group is written form the next one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def commit(self, row: tuple[Any, ...]) -> None:
        """Return when the row is durable."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        await asyncio.sleep(0)
        while self._waiting:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            await self._connection.fetch(
                _INSERT, *(list(column) for column in zip(*(row for row, _ in group), strict=True))
            )
            for _, done in group:
                done.set_result(None)
        self._writing = None


async def main(given: dict[str, Any]) -> dict[str, float]:
    """Read, hash and commit every file once."""
    signer = Presigner(
        endpoint_url=given["endpoint_url"],
        bucket=given["bucket"],
        region=given["region"],
        addressing="path",
        credentials=Credentials(given["access_key_id"], given["secret_access_key"]),
    )
    connection = await connect(given["database_url"], role=None)
    await connection.execute(_TABLE)
    rows = Rows(connection)
    left = iter(given["keys"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def client() -> None:
            for key in left:
                url = signer.presign("GET", key, headers={}, expires_in_seconds=60, now=datetime.now(UTC))
                async with session.get(URL(url, encoded=True)) as answer:
                    body = await answer.read()
                    etag = answer.headers["ETag"]
                    assert answer.status == 200, answer.status
                await rows.commit((key, len(body), hashlib.sha256(body).hexdigest(), etag))

        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(client() for _ in range(given["clients"])))
        result = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    await connection.execute("DROP TABLE floor")
    await connection.close()
    return result


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(json.load(sys.stdin)))))
