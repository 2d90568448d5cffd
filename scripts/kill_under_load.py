"""Kill the service with SIGKILL at random moments under load, and see that nothing that was answered is lost.

Run: `uv run python scripts/kill_under_load.py [--kills 20] [--seed N]`. It starts a PostgreSQL and an S3 of its own,
`upwell serve` and `upwell worker`, and clients that create, PUT, confirm and cancel. Every second kill takes the worker
too. After each kill, what each kind of subscriber received equals the log: webhooks, figures, a durable iterator, NATS
and the export. At the end: every answered request is in the log, the feed has no gap, no upload is stuck, the quota
equals a sum over the log, and the live tables equal a replay.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from adapters.postgres.connecting import connect
from adapters.postgres.rebuilding import rebuild
from tests.conftest import Database, Tenant
from tests.nats_cluster import Cluster
from tests.stack import Stack, stack
from tests.under_load import Answers, client, settings_for, subscribers

CLIENTS = 12
QUOTA = 10**9
STUCK_SECONDS = 100  # a confirm that died is taken over by a worker after 60


async def run(running: Stack, tenant: Tenant, cluster: Cluster, kills: int) -> tuple[Answers, list[str]]:
    """Serve, load, kill, compare, again; return what is wrong with what subscribers received."""
    answers = Answers()
    stop = asyncio.Event()
    wrong: list[str] = []
    clients: list[asyncio.Task[None]] = []
    async with subscribers(running, tenant, cluster) as told:
        for command in ("worker", "relay nats"):
            running.begin(command)
        for number in range(kills):
            await asyncio.to_thread(running.begin, "serve")
            if not clients:
                await told.listen()
                clients = [asyncio.create_task(client(tenant, answers, stop)) for _ in range(CLIENTS)]
            answers.going.set()
            await asyncio.sleep(random.uniform(0.3, 2.5))  # noqa: S311  # a moment
            running.kill("serve")
            if number % 2:
                running.kill("worker")
                running.begin("worker")
            await answers.pause()
            found = await told.compare(at_end=False)
            wrong += [f"after kill {number + 1}: {line}" for line in found]
            print(
                f"kill {number + 1}: {len(answers.created)} created, {len(answers.completed)} completed,"
                f" {told.counts()} so far"
            )
        stop.set()
        answers.going.set()
        await asyncio.to_thread(running.begin, "serve")
        await asyncio.gather(*clients)
        await settle(tenant.database)
        wrong += [f"at the end: {line}" for line in await told.compare(at_end=True)]
    running.end()
    return answers, wrong


async def settle(database: Database) -> None:
    """Wait until no upload is being verified."""
    connection = await connect(database.owner_url, role=None)
    until = time.monotonic() + STUCK_SECONDS
    query = "SELECT count(*) FROM upwell.uploads WHERE status = 'PROCESSING'"
    while await connection.fetchval(query) and time.monotonic() < until:  # noqa: ASYNC110  # other processes do it
        await asyncio.sleep(0.5)
    await connection.close()


async def check(database: Database, answers: Answers) -> list[str]:
    """Return what is wrong."""
    wrong = []
    connection = await connect(database.owner_url, role=None)
    rows = await connection.fetch("SELECT * FROM upwell.upwell_events ORDER BY notification_id")
    positions = [row["notification_id"] for row in rows]
    if positions != list(range(1, len(rows) + 1)):
        wrong.append("the feed has a gap")
    by_tag: dict[str, set[str]] = {}
    reserved = accepted = 0
    for row in rows:
        state = msgspec.json.decode(row["state"])
        by_tag.setdefault(row["topic"], set()).add(row["originator_id"])
        reserved += state.get("reserved_bytes", 0) - state.get("released_bytes", 0)
        accepted += state.get("accepted_bytes", 0) + state.get("kept_bytes", 0) - state.get("freed_bytes", 0)
    for name, ids, tag in (
        ("create", answers.created, "upload.requested.v1"),
        ("confirm", answers.completed, "upload.completed.v1"),
        ("cancel", answers.canceled, "upload.canceled.v1"),
    ):
        lost = ids - by_tag.get(tag, set())
        if lost:
            wrong.append(f"{len(lost)} answered {name} requests are not in the log")
    quota = await connection.fetchrow(
        "SELECT sum(reserved_bytes)::bigint AS reserved, sum(accepted_bytes)::bigint AS accepted FROM upwell.quotas"
    )
    if (quota["reserved"], quota["accepted"]) != (reserved, accepted):
        wrong.append(f"the quota says {dict(quota)}, the log {reserved} reserved and {accepted} accepted")
    stuck = await connection.fetchval("SELECT count(*) FROM upwell.uploads WHERE status = 'PROCESSING'")
    if stuck:
        wrong.append(f"{stuck} uploads are stuck in PROCESSING")
    jobless = await connection.fetchval(
        "SELECT count(*) FROM upwell.uploads u WHERE status = 'PENDING'"
        " AND NOT EXISTS (SELECT FROM upwell.jobs j WHERE j.upload_id = u.upload_id AND j.kind = 'expire')"
    )
    if jobless:
        wrong.append(f"{jobless} pending uploads have nobody who looks after them")
    await connection.close()
    replay = await rebuild(database.owner_url, swap=False)
    if any(replay.differences.values()):
        wrong.append(f"the live tables differ from a replay: {replay.differences}")
    statuses = Counter({tag: len(ids) for tag, ids in by_tag.items()})
    print(f"{len(rows)} events: {dict(statuses)}")
    return wrong


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}")
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="upwell-kill-")))
        cluster = Cluster(folder, nodes=1)
        undo.callback(cluster.stop)
        asyncio.run(cluster.ready())
        running = undo.enter_context(stack(settings_for(cluster)))
        tenant = running.tenant(quota_bytes=QUOTA)
        answers, wrong = asyncio.run(run(running, tenant, cluster, options.kills))
        wrong += asyncio.run(check(running.database, answers))
    print(
        f"{options.kills} kills: {len(answers.created)} creates, {len(answers.completed)} confirms and"
        f" {len(answers.canceled)} cancels were answered, {answers.broken} requests broke"
    )
    for line in wrong:
        print(f"WRONG: {line}")
    print("nothing is lost" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
