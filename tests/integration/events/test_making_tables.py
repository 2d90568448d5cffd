"""The programs of the page about tables of events, killed and started again."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.postgres.database.connecting import connect
from tests.conftest import Database
from tests.contract._log import Account, Kit, open_account, postgres_kit
from tests.docs.pages import ROOT, blocks
from tests.integration.events._programs import SOON, until

_TABLE, _PROJECTION, _ITERATOR = (
    block.source for block in blocks(ROOT / "docs" / "how-to" / "make-tables-of-events.md")
)


def start(program: str, folder: Path, database: Database, out: Path) -> "subprocess.Popen[bytes]":
    path = folder / "program.py"
    path.write_text(program)
    with out.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-W", "error", str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "UPWELL_DATABASE_URL": database.url},
            stdout=file,
        )


async def complete(account: Account, kit: Kit, count: int) -> int:
    """Complete some uploads, and return their size together."""
    sizes = [100 + number for number in range(count)]
    for size in sizes:
        await account.complete(kit.log, size_bytes=size, sha256=secrets.token_hex(32))
    return sum(sizes)


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGTERM])
async def test_the_projection_counts_each_upload_once_after_any_end(
    database: Database, tmp_path: Path, ended_by: signal.Signals
) -> None:
    owner = await connect(database.owner_url, role=None)
    await owner.execute(_TABLE)

    async def counted() -> tuple[int, int]:
        (row,) = await owner.fetch("SELECT coalesce(sum(files), 0), coalesce(sum(bytes), 0) FROM reports.accepted")
        return int(row[0]), int(row[1])

    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        total = await complete(account, kit, 3)
        for count in (3, 8):
            running = start(_PROJECTION, tmp_path, database, tmp_path / "out")
            try:
                await until(running, counted, (count, total))
                total += await complete(account, kit, 5)
                running.send_signal(ended_by)
                code = await asyncio.to_thread(running.wait, SOON)
                assert code == (0 if ended_by is signal.SIGTERM else -ended_by)
            finally:
                running.kill()
                running.wait()
            await owner.execute("UPDATE upwell.subscriptions SET leased_until = NULL")  # as when 30 s have passed
    await owner.close()


async def test_the_iterator_goes_on_where_it_was(database: Database, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.touch()

    async def printed() -> list[str]:
        return [line.split()[1] for line in out.read_text().splitlines()]

    async with postgres_kit(database.url) as kit:
        account = await open_account(kit.log)
        failed = []
        for _ in range(2):
            running = start(_ITERATOR, tmp_path, database, out)
            try:
                for _ in range(3):
                    upload_id = await account.request(kit.log)
                    await account.send(kit.log, upload_id, account.begins())
                    await account.send(kit.log, upload_id, account.rejects())
                    failed.append(upload_id)
                await until(running, printed, failed)
                running.send_signal(signal.SIGINT)
                await asyncio.to_thread(running.wait, SOON)
            finally:
                running.kill()
                running.wait()
