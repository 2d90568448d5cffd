"""Run Upwell as in production under load, inject random faults into every process and connection, and compare.

Run: `uv run python scripts/faults.py [--faults 50] [--seed N] [--seconds 600] [--group 25] [--clients 8]
[--only WORD ...] [--untimed]`. It starts a PostgreSQL that waits for its disk, an S3 and a NATS server of its own,
`upwell serve --workers 2`, two workers and a relay, clients that live whole lives of uploads, and a subscriber of each
kind. Between the processes and PostgreSQL, and between all clients and S3, is a line that can be cut. `--seconds`: no
fault begins after so long.
`--only`: faults whose name has one of these words. `--untimed`: judge nothing by the time that it takes, for a machine
that has others to serve.

While a write would fail, `/readyz` has to say 503, and 200 soon after it is over; a create has to succeed then. What is
late counts only where a write past Upwell is quick: the machine may have others to serve. After
each group of faults, and at the end: everything that was answered is in the log and is read back, nothing was done
twice, nothing is stuck, and each subscriber received what is logged. Full disks need root (who may mount a small file
system), and wrong clocks the library libfaketime (the package of that name); without them these faults are left out.
"""

import argparse
import asyncio
import faulthandler
import random
import secrets
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.disks import small_disk
from tests.faults import RELAY, WORKERS, deck
from tests.lines import Line
from tests.lives import Answers, Findings, client, hold, read_back
from tests.nats_cluster import Cluster
from tests.stack import Stack, stack
from tests.subscribers import Subscribers, settings_for, subscribers
from tests.trouble import SERVE, Loop, Run

PROCESSES: Final = (SERVE, *WORKERS, RELAY)
QUOTA: Final = 10**13
DISK_MIB: Final = {"database": 4_000, "storage": 64_000}  # the second counts its volumes by the available room
STUCK_SECONDS: Final = 200.0  # a confirm that died is taken over by a worker after 60
_FAKETIME: Final = "*/faketime/libfaketime.so.1"


def compare(run: Run, following: Subscribers, *, at_end: bool) -> str:
    """Stop new work, compare, and continue; return the comparison."""
    began = time.monotonic()
    run.go_on_all()
    run.loop.do(run.answers.pause())
    run.revive()
    if at_end:
        _settle(run)
    completed = run.answers.completed
    ids = sorted(completed)
    chosen = ids if at_end else run.chance.sample(ids, min(len(ids), 200))
    unread = run.loop.do(read_back(run.tenant, run.answers, chosen))
    not_received = run.loop.do(following.compare(at_end=at_end))
    found, run.events = run.loop.do(hold(run.stack.database, run.answers, older_seconds=0 if at_end else STUCK_SECONDS))
    surprises, run.answers.surprises = run.answers.surprises, []
    wrong = Findings()
    wrong.lost, wrong.doubled, wrong.stuck = [*found.lost, *unread], found.doubled, found.stuck
    run.wrong.lost += wrong.lost
    run.wrong.doubled += wrong.doubled
    run.wrong.stuck += wrong.stuck
    run.wrong.not_received += not_received
    run.wrong.other += surprises
    for line in [*wrong.lines(), *not_received, *surprises]:
        print(f"WRONG: {line}")
    if not at_end:
        run.loop.do(_go_on(run.answers))
    return (
        f"compared in {time.monotonic() - began:.0f} s: {run.events} events, {len(chosen)} of {len(ids)} files read"
        f" back, {following.counts()}"
    )


async def _go_on(answers: Answers) -> None:
    answers.going.set()


def _settle(run: Run) -> None:
    """Wait until the work of a killed process has been taken over."""
    until = time.monotonic() + (STUCK_SECONDS if run.timed else 10 * STUCK_SECONDS)
    query = """
        SELECT (SELECT count(*) FROM upwell.uploads WHERE status = 'PROCESSING')
            + (SELECT count(*) FROM upwell.jobs WHERE greatest(due_at, leased_until) < now())
            + (SELECT count(*) FROM upwell.tasks WHERE upload_id IS NULL AND status IN ('PENDING', 'IN_PROGRESS'))
            AS open
    """
    while run.sql(query)[0]["open"] and time.monotonic() < until:
        time.sleep(0.5)


def inject(run: Run, following: Subscribers, options: argparse.Namespace) -> int:
    """Run load, inject faults, and compare; return the number of faults."""
    stop = asyncio.Event()

    async def load() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(client(run.tenant, run.answers, stop)) for _ in range(options.clients)]

    clients = run.loop.do(load())
    try:
        number = _let_happen(run, following, options)
    finally:
        run.loop.do(_end(clients))
    return number


def _let_happen(run: Run, following: Subscribers, options: argparse.Namespace) -> int:
    number = 0
    began = time.monotonic()
    for fault in deck(run, options.only):
        time.sleep(run.chance.uniform(0.1, 0.8))
        run.go_on()
        number += 1
        wrong = len(run.wrong.readyz) + len(run.wrong.other)
        seen = fault.happen(run)
        run.revive()
        run.counts[fault.kind] += 1
        is_wrong = len(run.wrong.readyz) + len(run.wrong.other) > wrong
        print(
            f"{number} at {time.monotonic() - began:.0f} s, {fault.kind}, {fault.name}: {seen}"
            f"{'  WRONG ' + '; '.join([*run.wrong.readyz, *run.wrong.other][-1:]) if is_wrong else ''}",
            flush=True,
        )
        over = number >= options.faults or time.monotonic() - began > options.seconds
        if over or number % options.group == 0:
            print(compare(run, following, at_end=over), flush=True)
        if over:
            break
    return number


async def _end(clients: Sequence["asyncio.Task[None]"]) -> None:
    for each in clients:
        each.cancel()
    await asyncio.gather(*clients, return_exceptions=True)


@contextmanager
def prepared(seed: int, *, timed: bool) -> Iterator[tuple[Run, Subscribers]]:
    """Run everything."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="upwell-faults-")))
        disks: dict[str, Path] = {}
        with suppress(pytest.skip.Exception):
            for name, size_mib in DISK_MIB.items():
                disks[name] = undo.enter_context(small_disk(size_mib))
        loop = Loop()
        cluster = Cluster(folder, nodes=1)
        undo.callback(cluster.stop)
        loop.do(cluster.ready())
        running = undo.enter_context(
            stack(
                settings_for(cluster),
                postgres_settings={"max_connections": "400"},
                database_disk=disks.get("database"),
                storage_disk=disks.get("storage"),
            )
        )
        tenant = running.tenant(quota_bytes=QUOTA)
        lines = _lines(running, loop)
        run = Run(running, tenant, loop, lines, disks, folder, timed=timed)
        run.chance.seed(seed)
        faketime = next(iter(sorted(Path("/usr/lib").glob(_FAKETIME))), None)
        if faketime is not None:
            for name in PROCESSES:
                run.set_clock(name, "+0")
                running.own[name] = {
                    "LD_PRELOAD": str(faketime),
                    "FAKETIME_TIMESTAMP_FILE": str(run.clock_of(name)),
                    "FAKETIME_CACHE_DURATION": "1",
                    "DONT_FAKE_MONOTONIC": "1",
                    "NO_FAKE_STAT": "1",
                }
        subscribing = AsyncExitStack()
        following = loop.do(subscribing.enter_async_context(subscribers(running, tenant, cluster)))
        undo.callback(lambda: loop.do(subscribing.aclose()))
        for name in PROCESSES:
            running.begin(name)
        loop.do(following.listen())
        try:
            yield run, following
        except Exception:
            traceback.print_exc()  # closing may have to wait for abandoned work
            raise


def _lines(running: Stack, loop: Loop) -> dict[str, Line]:
    """Put proxies between the processes and their servers."""
    url = urlsplit(running.database.url)
    parts = parse_qs(url.query)
    socket = Path(unquote(parts["host"][0])) / f".s.PGSQL.{parts['port'][0]}"
    lines = {
        "database": Line(lambda: socket),
        "storage": Line(lambda: int(urlsplit(running.storage.endpoint_url).port or 0)),
    }
    for line in lines.values():
        loop.do(line.listen())
    address = f"postgresql://{url.username}@127.0.0.1:{lines['database'].port}{url.path}"
    running.environment["UPWELL_DATABASE_URL"] = address
    running.environment["UPWELL_S3_ENDPOINT_URL"] = f"http://127.0.0.1:{lines['storage'].port}"
    return lines


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--group", type=int, default=25)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--untimed", action="store_true")
    options = parser.parse_args()
    faulthandler.register(signal.SIGUSR1)  # names what it waits for
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with prepared(options.seed, timed=not options.untimed) as (run, following):
        number = inject(run, following, options)
        answers, wrong = run.answers, run.wrong
    took = timedelta(seconds=round(time.monotonic() - began))
    print(
        f"{len(answers.created)} creates, {len(answers.completed)} confirms, {len(answers.canceled)} cancels and"
        f" {len(answers.deleted)} deletions were answered; {answers.broken} requests broke and were sent again,"
        f" {answers.abandoned.total()} were given up {dict(answers.abandoned) or ''}; {took}"
    )
    for name, lines in vars(wrong).items():
        for line in lines:
            print(f"WRONG, {name}: {line}")
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(run.counts.items()))
    print(
        f"{number} faults ({kinds}), {run.events} events: lost {len(wrong.lost)}, doubled {len(wrong.doubled)},"
        f" stuck {len(wrong.stuck)}, not received {len(wrong.not_received)}, readyz wrong {len(wrong.readyz)},"
        f" otherwise wrong {len(wrong.other)}"
        f"{f'; the machine was too slow to judge {run.excused} times' if run.excused else ''}"
    )
    return 1 if any(vars(wrong).values()) else 0


if __name__ == "__main__":
    sys.exit(main())
