"""Kill backends of PostgreSQL with SIGKILL at random moments under load, and compare the events of each subscriber.

Run: `uv run python scripts/crash_backends.py [--times 50] [--seed N]`. It starts a PostgreSQL, an S3 and a NATS server
of its own, `upwell serve`, `upwell worker` and `upwell relay nats`, clients that upload, and a subscriber of each kind.
All backends of PostgreSQL end with one that is killed, and what was committed without waiting for the disk is taken
back: its WAL is written as late as can be. Half of the kills come while clients write, the others in the moment after
a reader has recorded a position. After each, what is queued for the webhook and what the durable iterator, the
JetStream stream and the export received has to equal the log, and figures a new count of it; at the end what the
webhook received, too.
"""

import argparse
import asyncio
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent))

from adapters.postgres.database.connecting import CONNECTION_ERRORS, Connection, connect
from tests.conftest import Tenant
from tests.lives import Answers, client
from tests.nats_cluster import Cluster
from tests.stack import Stack, stack
from tests.subscribers import settings_for, subscribers

CLIENTS = 6
QUOTA = 10**12
BACK_SECONDS = 60
LATE = {"wal_writer_delay": "10s", "autovacuum": "off"}
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()"
_RECORDED = "SELECT min(position) FROM upwell.subscriptions WHERE name IN ('webhooks', 'analytics.v2')"


async def crash(running: Stack, answers: Answers, *, moved: bool) -> None:
    """Kill a backend: while clients write, or right after readers have recorded their positions."""
    connection, ended = await _connected(running), asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())
    await asyncio.sleep(random.uniform(0.1, 0.8))  # noqa: S311  # a moment
    if moved:
        await answers.pause()
        await _recorded(connection)
    victim = random.choice(await connection.fetch(_BACKENDS))["pid"]  # noqa: S311  # chance, not a secret
    os.kill(victim, signal.SIGKILL)
    await ended.wait()  # until PostgreSQL has seen it, and ended all the others
    await (await _connected(running)).close()


async def _connected(running: Stack) -> Connection:
    """Connect as soon as PostgreSQL is reachable."""
    until = time.monotonic() + BACK_SECONDS
    while time.monotonic() < until:
        with suppress(*CONNECTION_ERRORS, asyncpg.PostgresError):
            return await connect(running.database.owner_url, role=None)
        await asyncio.sleep(0.02)
    raise SystemExit("PostgreSQL does not come back")


async def _recorded(connection: Connection) -> None:
    head = await connection.fetchval("SELECT position FROM upwell.log_head")
    until = time.monotonic() + 1
    while await connection.fetchval(_RECORDED) < head and time.monotonic() < until:
        pass  # the next moment is the right one


async def run(running: Stack, tenant: Tenant, cluster: Cluster, times: int) -> list[str]:
    """Run load, crash and compare, repeatedly; print the verdict, and return the problems."""
    answers, stop = Answers(), asyncio.Event()
    wrong: list[str] = []
    async with subscribers(running, tenant, cluster) as following:
        for command in ("serve", "worker", "relay nats"):
            await asyncio.to_thread(running.begin, command)
        await following.listen()
        wrong += await following.compare(at_end=False)  # all have begun
        clients = [asyncio.create_task(client(tenant, answers, stop)) for _ in range(CLIENTS)]
        for number in range(times):
            answers.going.set()
            moved = bool(number % 2)
            await crash(running, answers, moved=moved)
            answers.going.set()
            await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311  # the readers go on, and so does the log
            await answers.pause()
            found = await following.compare(at_end=number == times - 1)
            wrong += [f"after crash {number + 1}: {line}" for line in found]
            print(
                f"crash {number + 1} {'after a position was recorded' if moved else 'under load'}: {following.counts()}"
                f"{'' if not found else f'; WRONG: {found}'}",
                flush=True,
            )
        for line in wrong:
            print(f"WRONG: {line}")
        verdict = "received equals logged" if not wrong else f"{len(wrong)} things are wrong"
        answered = f"{len(answers.created)} creates and {len(answers.completed)} confirms were answered"
        print(f"{times} crashes: {verdict} ({answered}, {following.counts()})", flush=True)
        stop.set()
        for each in clients:
            each.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    return wrong


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}")
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="upwell-crash-")))
        cluster = Cluster(folder, nodes=1)
        undo.callback(cluster.stop)
        asyncio.run(cluster.ready())
        running = undo.enter_context(stack(settings_for(cluster), postgres_settings=LATE))
        tenant = running.tenant(quota_bytes=QUOTA)
        wrong = asyncio.run(run(running, tenant, cluster, options.times))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
