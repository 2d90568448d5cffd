"""Kill client, service and storage at random moments of multipart uploads, and check that `--resume` completes them.

Run: `uv run python scripts/kill_uploads.py [--client 10] [--service 10] [--storage 5] [--mib 256] [--seed N]`. It
starts a PostgreSQL and an S3 of its own, `upwell serve` and `upwell worker`, and for every kill one `upwell upload`
whose bytes go through a proxy that counts. Every second kill of the service takes the worker too. At the end of each:
the upload is COMPLETED, the object read back has the file's SHA-256, no part that storage had was sent again,
nothing is left of the state that the command keeps, and figures and what is queued for a webhook equal the log.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.conftest import ANY_RECEIVER_HERE, Tenant, free_port
from tests.stack import Stack, chance_file, kill_tree, stack
from tests.subscribers import make_webhook, missed

MIB = 1024**2
PART_BYTES = 8 * MIB
TRIES = 10
CHUNK = 1 << 16


class Proxy:
    """A proxy between clients and storage that counts parts, and acts after a number of bytes."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.sent: list[int] = []
        self.acknowledged: Counter[int] = Counter()
        self.passed_bytes = 0
        self._target_port = target_port
        self._ways: set[asyncio.Task[None] | None] = set()
        self._act: Callable[[], object] | None = None
        self._at = 0
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    def reset(self, at: int, act: Callable[[], object] | None) -> None:
        """Reset the count, and call `act` once in its own thread after `at` bytes of parts."""
        self.sent, self.acknowledged, self.passed_bytes = [], Counter(), 0
        self._at, self._act = at, act

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._handle, "127.0.0.1", self.port, limit=1 << 20)
        self._ready.set()
        await server.serve_forever()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ways.add(asyncio.current_task())  # or a way that waits for a server that was killed might be collected
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of both sides was killed
        finally:
            self._ways.discard(asyncio.current_task())
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Forward one request and its response; return whether another may follow."""
        head = await reader.readuntil(b"\r\n\r\n")
        part = _part_number(head)
        upstream, onward = await asyncio.open_connection("127.0.0.1", self._target_port, limit=1 << 20)
        try:
            if part is not None:
                self.sent.append(part)
            onward.write(head)
            if not await _pass(reader, onward, _length(head) or 0, self._count if part else ignore):
                return False
            answer = await upstream.readuntil(b"\r\n\r\n")
            if part is not None and b" 200 " in answer[:16]:
                self.acknowledged[part] += 1
            writer.write(answer)
            length = _length(answer)
            if length is None:  # until it closes
                while chunk := await upstream.read(CHUNK):
                    writer.write(chunk)
                    await writer.drain()
                return False
            return await _pass(upstream, writer, length)
        finally:
            onward.close()

    def _count(self, size: int) -> None:
        self.passed_bytes += size
        if self._act is not None and self.passed_bytes >= self._at:
            act, self._act = self._act, None
            threading.Thread(target=act, daemon=True).start()


def ignore(size_bytes: int) -> None:
    """Count nothing."""


async def _pass(
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter,
    length: int,
    count: Callable[[int], None] = ignore,
) -> bool:
    """Forward this many bytes; return whether they arrived."""
    while length:
        chunk = await source.read(min(length, CHUNK))
        if not chunk:
            return False
        length -= len(chunk)
        target.write(chunk)
        await target.drain()
        count(len(chunk))
    await target.drain()
    return True


def _part_number(head: bytes) -> int | None:
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
    query = parse_qs(urlsplit(target).query)
    return int(query["partNumber"][0]) if method == "PUT" and "partNumber" in query else None


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return None


class Round:
    """One file, from the first `upwell upload` to the object read back."""

    def __init__(self, running: Stack, tenant: Tenant, proxy: Proxy, file: Path, sha256: str) -> None:
        self._stack = running
        self._proxy = proxy
        self._file = file
        self._sha256 = sha256
        self._api = httpx.Client(base_url=tenant.url, headers=tenant.headers, timeout=60)
        self._environment = {
            **os.environ,
            "UPWELL_URL": tenant.url,
            "UPWELL_API_KEY": tenant.secret,
            "UPWELL_NAMESPACE": tenant.namespace.namespace_id,
            "UPWELL_BUCKET": "files",
        }
        self.wrong: list[str] = []
        self.usual_seconds = 2.0

    def whole(self) -> None:
        """Upload once without faults, to measure the duration."""
        self._proxy.reset(0, None)
        began = time.monotonic()
        code, _ = self._finish(self._start())
        self.usual_seconds = time.monotonic() - began
        if code != 0:
            raise SystemExit("an upload fails even without trouble")
        print(f"an upload takes {self.usual_seconds:.1f} s; {len(self._proxy.sent)} parts")

    def kill_client(self, part_of_all: float) -> None:
        """Kill the client after some of the bytes."""
        client = self._start()
        self._proxy.reset(int(part_of_all * self._file.stat().st_size) or 1, lambda: kill_tree(client))
        code, _ = self._finish(client)
        self._go_on(f"client killed after {part_of_all:4.0%}", code, {})

    def kill_service(self, part_of_all: float, *, worker: bool) -> None:
        """Kill the service at some moment, and restart it immediately."""
        self._proxy.reset(0, None)
        client = self._start()
        time.sleep(part_of_all * self.usual_seconds)
        self._stack.kill("serve")
        if worker:
            self._stack.kill("worker")
            self._stack.begin("worker")
        self._stack.begin("serve")
        code, found = self._finish(client)
        both = "service and worker" if worker else "service"
        self._go_on(f"{both} killed after {part_of_all * self.usual_seconds:.1f} s", code, found)

    def kill_storage(self, part_of_all: float) -> None:
        """Kill storage after some of the bytes, and restart it."""
        reset = threading.Event()
        self._proxy.reset(int(part_of_all * self._file.stat().st_size) or 1, reset.set)
        client = self._start()
        reset.wait(60)
        self._stack.restart_storage()
        code, found = self._finish(client)
        self._go_on(f"storage killed after {part_of_all:4.0%}", code, found)

    def _start(self, *options: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", "from entrypoints.cli.main import main; main()", "upload", "--json"]
        return subprocess.Popen(
            [*command, "--no-skip-duplicates", *options, str(self._file)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @staticmethod
    def _finish(client: "subprocess.Popen[bytes]") -> tuple[int, dict[str, object]]:
        out, err = client.communicate(timeout=600)
        lines = [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]
        found = next((line for line in lines if "upload_id" in line), {})
        if client.returncode not in {0, -9}:
            print("   ", err.decode().strip().splitlines()[-1:])
        return client.returncode, found

    def _go_on(self, what: str, code: int, found: dict[str, object]) -> None:
        """Resume until the upload is complete, and check it."""
        resumed = 0
        again: set[int] = set()
        while code != 0 and resumed < TRIES:
            there = self._there()
            before = len(self._proxy.sent)
            resumed += 1
            code, found = self._finish(self._start("--resume"))
            again |= there & set(self._proxy.sent[before:])
        upload_id = str(found.get("upload_id"))
        wrong = []
        if code != 0 or found.get("status") != "COMPLETED":
            wrong.append(f"it ended with {code} and {found}")
        elif self._read_back(upload_id) != self._sha256:
            wrong.append("other bytes are read back")
        if again:
            wrong.append(f"parts {sorted(again)} were there, and were sent again")
        wrong += asyncio.run(missed(self._stack))
        left = [path.name for path in self._file.parent.iterdir() if path != self._file]
        if left:
            wrong.append(f"{left} are left")
        parts = -(-self._file.stat().st_size // PART_BYTES)
        twice = sum(count - 1 for count in self._proxy.acknowledged.values())
        print(
            f"{what}: resumed {resumed} times; of {parts} parts {len(self._proxy.sent)} were begun and {twice}"
            f" acknowledged twice{''.join(f'; WRONG: {line}' for line in wrong)}"
        )
        self.wrong += [f"{what}: {line}" for line in wrong]

    def _there(self) -> set[int]:
        """Return the numbers of the open upload's parts in storage."""
        for _ in range(TRIES):
            listed = self._api.post("/v1/buckets/files/uploads/list", params={"limit": 5})
            if listed.is_success:
                break
            time.sleep(1)
        for upload in listed.json()["results"]:
            if upload["status"] == "IN_PROGRESS":
                answer = self._api.get(f"/v1/uploads/{upload['upload_id']}/parts")
                if answer.is_success:
                    return {part["part_number"] for part in answer.json()["parts"]}
        return set()

    def _read_back(self, upload_id: str) -> str:
        target = self._file.parent.parent / "back"
        command = [sys.executable, "-c", "from entrypoints.cli.main import main; main()", "download", upload_id]
        subprocess.run(
            [*command, "--output", str(target)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        target.unlink()
        return digest


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", type=int, default=10)
    parser.add_argument("--service", type=int, default=10)
    parser.add_argument("--storage", type=int, default=5)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311  # moments, not secrets
    print(f"seed {options.seed}")
    settings = {"UPWELL_PART_BYTES": str(PART_BYTES), **ANY_RECEIVER_HERE}
    with stack(settings) as running:
        proxy = Proxy(urlsplit(running.storage.endpoint_url).port or 0)
        running.environment["UPWELL_S3_PUBLIC_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.port}"
        for command in ("serve", "worker"):
            running.begin(command)
        data = running.folder / "data"
        data.mkdir()
        file = chance_file(data / "film.mp4", options.mib * MIB)
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        tenant = running.tenant()
        make_webhook(tenant, f"http://127.0.0.1:{free_port()}/")  # no receiver is there: all deliveries wait
        one = Round(running, tenant, proxy, file, sha256)
        one.whole()
        for _ in range(options.client):
            one.kill_client(chance.random())
        for number in range(options.service):
            one.kill_service(chance.random(), worker=bool(number % 2))
        for _ in range(options.storage):
            one.kill_storage(chance.random())
    kills = options.client + options.service + options.storage
    print(f"{kills} kills: " + ("every file is whole" if not one.wrong else f"{len(one.wrong)} things are wrong"))
    return 1 if one.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
