"""Run Upwell as in production under load, inject random faults into every process and connection, and compare.

Run: `uv run python scripts/faults.py [--faults 50] [--seed N] [--seconds 600] [--group 25] [--clients 8]
[--only WORD ...] [--untimed]`. It starts a PostgreSQL that waits for its disk, an S3 and a NATS server of its own,
`upwell serve --workers 2`, two workers and a relay, clients that live whole lives of uploads, and a subscriber of each
kind. Between the processes and PostgreSQL, and between everybody and S3, stands a line that can be cut. `--seconds`: no
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
import math
import os
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import httpx
import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from adapters.postgres.database.connecting import CONNECTION_ERRORS, Connection, connect
from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from application.ports.storage.object_storage import StorageError
from tests.conftest import Tenant
from tests.disks import full, small_disk
from tests.lines import Line
from tests.lives import Answers, Findings, client, hold, read_back
from tests.nats_cluster import Cluster
from tests.stack import NAME, Stack, stack
from tests.subscribers import Subscribers, settings_for, subscribers

SERVE: Final = "serve --workers 2"
WORKERS: Final = ("worker", "worker #2")
RELAY: Final = "relay nats"
PROCESSES: Final = (SERVE, *WORKERS, RELAY)
QUOTA: Final = 10**13
DISK_MIB: Final = {"database": 4_000, "storage": 64_000}  # the second counts its volumes by the room that there is
OFFSETS: Final = ("+31d", "-2h", "+26h")
# Within these, /readyz has to say that a part is of no use. Storage is tried every 10 s while all is well.
SOON: Final = 6.0
STORAGE_SOON: Final = 18.0
BACK: Final = 15.0
STORAGE_BACK: Final = 20.0
IN_A_ROW: Final = 4
CONTROL_SECONDS: Final = 0.5  # a connection and a write without Upwell: some 30 ms on a machine of our own
KNOWN_SECONDS: Final = 1.2  # what /readyz knows may be a second old
OTHERS_KNOW_SECONDS: Final = 4.0  # what one process knows of storage or its clock is older than what another says
REPLACED_SECONDS: Final = 60.0
STUCK_SECONDS: Final = 200.0  # a confirm that died is taken over by a worker after 60
NEVER_SECONDS: Final = 1200.0
END_SECONDS: Final = 60.0  # within these a process has to end that was told to
LONG_PAUSE_SECONDS: Final = 40.0  # longer than a job is leased
_FAKETIME: Final = "*/faketime/libfaketime.so.1"
_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = 'stack'"

Result = TypeVar("Result")
Expected = Literal["ready", "not ready", "whatever"]


class Loop:
    """An event loop in its own thread: the main thread starts servers and waits, and does not block it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def do(self, what: Coroutine[Any, Any, Result], seconds: float = 600) -> Result:
        """Run a coroutine there, and return the result."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(seconds)


@dataclass
class Wrong:
    """The problems, in the order of the verdict."""

    lost: list[str]
    doubled: list[str]
    stuck: list[str]
    not_told: list[str]
    readyz: list[str]
    other: list[str]


class Run:
    """The processes, their faults, and the findings."""

    def __init__(
        self,
        running: Stack,
        tenant: Tenant,
        loop: Loop,
        lines: dict[str, Line],
        disks: dict[str, Path],
        clocks: Path,
        *,
        timed: bool,
    ) -> None:
        self.stack = running
        self.tenant = tenant
        self.loop = loop
        self.lines = lines
        self.disks = disks
        self.clocks = clocks
        self.timed = timed
        self.chance = random.Random()  # noqa: S311  # faults, not secrets
        self.answers = Answers()
        self.wrong = Wrong([], [], [], [], [], [])
        self.counts: Counter[str] = Counter()
        self.excused = 0
        self.child_killed_at = -math.inf
        self.events = 0
        self.said = ""  # by /readyz
        self._paused: dict[int, float] = {}

    # What is done to processes

    def pid(self, name: str) -> int:
        """Return the process id of a command."""
        return self.stack.processes[name].pid

    def child(self) -> psutil.Process:
        """Return one of the serving processes."""
        until = time.monotonic() + BACK
        while time.monotonic() < until:
            with suppress(psutil.NoSuchProcess):
                if children := psutil.Process(self.pid(SERVE)).children():
                    return self.chance.choice(children)
            time.sleep(0.05)
        raise RuntimeError("serve has no children")

    def backend(self) -> int:
        """Return a busy backend of PostgreSQL."""
        return int(self.chance.choice(self.sql(_BACKENDS))["pid"])

    def sql(self, *statements: str) -> Any:  # noqa: ANN401  # rows
        """Execute statements as the owner, independent of the faults; return the rows of the last one."""

        async def do() -> Any:  # noqa: ANN401  # the same
            connection = await _connected(self.stack)
            try:
                for statement in statements[:-1]:
                    await connection.execute(statement)
                return await connection.fetch(statements[-1])
            finally:
                await connection.close()

        return self.loop.do(do())

    @contextmanager
    def stopped(self, pids: Sequence[int]) -> Iterator[None]:
        """Suspend processes inside the context."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def restart(self, name: str, number: signal.Signals) -> str:
        """End a command, and restart it like an init system after its end; return the duration."""
        process = self.stack.processes.pop(name)
        self.go_on(process.pid)
        process.send_signal(number)
        began = time.monotonic()
        code = process.wait(10 * END_SECONDS)
        took = time.monotonic() - began
        if self.timed and took > END_SECONDS:
            self.wrong.stuck.append(f"{name} took {took:.0f} s to end")
        right = {0, -signal.SIGTERM}  # the latter: it was still starting
        if began - self.child_killed_at < REPLACED_SECONDS:
            right.add(1)  # a child that has not been replaced yet: something has failed to the end
        if number is signal.SIGTERM and code not in right:
            self.wrong.other.append(f"{name} ended with {code} when it was told to end")
        until = time.monotonic() + BACK
        while name == SERVE and self.listens():
            if self.timed and time.monotonic() > until:
                self.wrong.stuck.append(f"the port is still held after {name} has ended")
                break
            time.sleep(0.02)
        began = time.monotonic()
        self.stack.begin(name)
        return f"ended in {took:.1f} s, there in {time.monotonic() - began:.1f} s"

    def listens(self) -> bool:
        """Return whether the service's address accepts connections."""
        with suppress(OSError):
            return any(
                each.laddr.port == self.stack.port and each.status == psutil.CONN_LISTEN
                for each in psutil.net_connections("tcp")
                if each.laddr
            )
        return False

    def pause_long(self, name: str) -> None:
        """Suspend a process for longer than its leases, while other faults continue."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        self._paused[pid] = time.monotonic() + LONG_PAUSE_SECONDS

    def go_on(self, pid: int | None = None) -> None:
        """Resume one suspended process, or those whose time has come."""
        now = time.monotonic()
        for each, until in list(self._paused.items()):
            if each == pid or (pid is None and until < now):
                del self._paused[each]
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def go_on_all(self) -> None:
        """Resume all suspended processes."""
        for each in list(self._paused):
            self.go_on(each)

    def set_clock(self, name: str, offset: str) -> None:
        """Set the clock of the host for one process and its children."""
        new = self.clocks / "new"
        new.write_text(f"{offset}\n")
        new.replace(self.clock_of(name))

    def clock_of(self, name: str) -> Path:
        """Return the file with the offset of a process's clock."""
        return self.clocks / name.replace(" ", "-").replace("#", "")

    # What is looked at

    def ask(self) -> int | None:
        """Return the response of /readyz on a separate connection; None: no response."""
        asked = HTTPConnection("127.0.0.1", self.stack.port, timeout=7)
        try:
            asked.request("GET", "/readyz")
            answer = asked.getresponse()
            self.said = answer.read().decode()[:300]
        except (OSError, HTTPException):
            return None
        else:
            return answer.status
        finally:
            asked.close()

    def hold(self, expected: Expected, seconds: float) -> str:
        """Wait during a fault, at least this long, and compare /readyz with the expectation."""
        began = time.monotonic()
        if expected == "whatever" or not self.timed:
            time.sleep(seconds)
            return ""
        limit = SOON if expected == "not ready" else seconds
        return self._hold(expected, began, seconds, limit)

    def hold_storage(self, seconds: float) -> str:
        """Do the same for storage, which is checked less often."""
        return self._hold("not ready", time.monotonic(), seconds, STORAGE_SOON)

    def hold_silent(self) -> str:
        """Do the same for a database that does not respond, with its timeouts."""
        return self._hold("not ready", time.monotonic(), 0.0, SOON + 4)

    def refuses_bytes(self) -> bool:
        """Return whether storage no longer accepts bytes: it may have reserved space before."""

        async def ask() -> bool:
            server = self.stack.storage
            async with S3ObjectStorage(
                endpoint_url=server.endpoint_url,
                bucket=NAME,
                region=server.region,
                addressing="path",
                credentials=Credentials(server.access_key_id, server.secret_access_key),
                max_attempts=1,
            ) as storage:
                row, until = 0, time.monotonic() + STORAGE_SOON
                while row < 2 * IN_A_ROW and time.monotonic() < until:
                    try:
                        await storage.try_writing()
                    except StorageError:
                        row += 1
                    else:
                        row = 0
                return row == 2 * IN_A_ROW

        return self.loop.do(ask())

    def _hold(self, expected: Expected, began: float, seconds: float, limit: float) -> str:
        if not self.timed:
            time.sleep(limit)
            return ""
        row, said = 0, time.monotonic()
        seen: Counter[int | None] = Counter()
        while True:
            asked = time.monotonic()
            answer = self.ask()
            seen[answer] += 1
            row = row + 1 if answer != httpx.codes.OK else 0
            now = time.monotonic()
            if expected == "ready":
                if answer == httpx.codes.SERVICE_UNAVAILABLE and not self.is_slow():
                    self.wrong.readyz.append(f"503 though nothing is in the way of a write: {self.said}")
                    return "503 though nothing is in the way"
                if now - began > seconds:
                    return ""
            else:
                if row == 1:
                    said = now
                if answer == httpx.codes.OK and asked - began > limit:
                    self.wrong.readyz.append(f"200 after {now - began:.1f} s of a fault")
                    return f"200 after {now - began:.1f} s"
                if row >= IN_A_ROW and now - began > seconds and seen[httpx.codes.SERVICE_UNAVAILABLE]:
                    return f"503 after {said - began:.1f} s"
                if now - began > limit + 10:
                    self.wrong.readyz.append(f"no 503 within {now - began:.1f} s of a fault: {dict(seen)}")
                    return f"no 503: {dict(seen)}"
            time.sleep(0.05)

    def recover(self, seconds: float, least: float) -> str:
        """Wait until the service is ready, and at least this long; then a create must succeed."""
        began, row = time.monotonic(), 0
        since, limit = began, seconds if self.timed else NEVER_SECONDS
        last: int | None = None
        while row < IN_A_ROW or time.monotonic() - began < least:
            last = self.ask()
            row = row + 1 if last == httpx.codes.OK else 0
            if row == 1:
                since = time.monotonic()
            if time.monotonic() - began > limit and row == 0:
                if limit < NEVER_SECONDS and self.is_slow():
                    limit += seconds
                    continue
                self.wrong.readyz.append(f"{last} {limit:.0f} s after a fault: {self.said}")
                return self._after_all(began)
            time.sleep(0.02)
        said = self._create()
        until = time.monotonic() + OTHERS_KNOW_SECONDS
        while said and ("answered 503" in said or self.is_slow()) and time.monotonic() < until:
            time.sleep(0.2)
            said = self._create()
        if said and self.timed:
            self.wrong.readyz.append(f"200, and {said}")
        return f"200 after {since - began:.1f} s{said and ', and ' + said}"

    def is_slow(self) -> bool:
        """Return whether the machine is busy with other work: a direct write to the database is also slow."""
        began = time.monotonic()
        self.sql("SELECT upwell.try_locks()", "SELECT upwell.try_writing()")
        slow = time.monotonic() - began > CONTROL_SECONDS
        self.excused += slow
        return slow

    def _create(self) -> str:
        """Create something, and return the failure, if any."""
        body = {"filename": "a.mp4", "content_type": "video/mp4", "metadata": {"life": secrets.token_hex(12)}}
        body["blob_property"] = "video"
        try:
            answer = httpx.post(
                f"{self.stack.url}/v1/buckets/files/uploads", json=body, headers=self.tenant.headers, timeout=20
            )
        except httpx.HTTPError as error:
            return f"a create fails with {type(error).__name__}"
        return "" if answer.is_success else f"a create is answered {answer.status_code} {answer.text[:200]}"

    def _after_all(self, began: float) -> str:
        until = time.monotonic() + 120
        while self.ask() != httpx.codes.OK:
            if time.monotonic() > until:
                return "not ready for two minutes"
            time.sleep(0.2)
        return f"200 only after {time.monotonic() - began:.1f} s"

    def revive(self) -> None:
        """Restart processes that ended on their own, and report them: none should."""
        for name, process in list(self.stack.processes.items()):
            if process.poll() is not None:
                self.wrong.other.append(f"{name} has ended by itself with {process.returncode}")
                self.stack.begin(name)


# The faults: each is a context in which it lasts, and says what came of it


def _kill_service(run: Run) -> Iterator[str]:
    yield run.restart(SERVE, signal.SIGKILL)


def _end_service(run: Run) -> Iterator[str]:
    yield run.restart(SERVE, signal.SIGTERM)


def _kill_child(run: Run) -> Iterator[str]:
    with suppress(psutil.NoSuchProcess):
        run.child().kill()
        run.child_killed_at = time.monotonic()
    yield run.hold("ready", run.chance.uniform(0.2, 1.5))


def _pause_child(run: Run) -> Iterator[str]:
    with run.stopped([run.child().pid]):
        yield run.hold("ready", run.chance.uniform(0.5, 3))


def _pause_parent(run: Run) -> Iterator[str]:
    with run.stopped([run.pid(SERVE)]):
        yield run.hold("ready", run.chance.uniform(0.5, 2))


def _kill_worker(run: Run) -> Iterator[str]:
    run.restart(run.chance.choice(WORKERS), signal.SIGKILL)
    yield run.hold("ready", 0.3)


def _end_worker(run: Run) -> Iterator[str]:
    run.restart(run.chance.choice(WORKERS), signal.SIGTERM)
    yield run.hold("ready", 0.3)


def _pause_worker(run: Run) -> Iterator[str]:
    with run.stopped([run.pid(run.chance.choice(WORKERS))]):
        yield run.hold("ready", run.chance.uniform(0.5, 3))


def _pause_worker_beyond_its_leases(run: Run) -> Iterator[str]:
    run.pause_long(run.chance.choice(WORKERS))
    yield run.hold("ready", 0.3)


def _kill_relay(run: Run) -> Iterator[str]:
    run.restart(RELAY, signal.SIGKILL)
    yield run.hold("ready", 0.3)


def _pause_relay(run: Run) -> Iterator[str]:
    with run.stopped([run.pid(RELAY)]):
        yield run.hold("ready", run.chance.uniform(0.5, 3))


def _kill_postgres(run: Run) -> Iterator[str]:
    os.kill(run.stack.postgres.pid, signal.SIGKILL)
    try:
        yield run.hold("not ready", 0.0)
    finally:
        run.stack.start_postgres()


def _restart_postgres_at_once(run: Run) -> Iterator[str]:
    os.kill(run.stack.postgres.pid, signal.SIGKILL)
    run.stack.start_postgres()
    yield ""


def _end_postgres(run: Run) -> Iterator[str]:
    os.kill(run.stack.postgres.pid, signal.SIGINT)
    run.stack.start_postgres()
    yield ""


def _kill_backend(run: Run) -> Iterator[str]:
    with suppress(ProcessLookupError):
        os.kill(run.backend(), signal.SIGKILL)
    yield ""


def _end_backend(run: Run) -> Iterator[str]:
    with suppress(ProcessLookupError):
        os.kill(run.backend(), signal.SIGTERM)
    yield ""


def _pause_backend(run: Run) -> Iterator[str]:
    with run.stopped([run.backend()]):
        yield run.hold("whatever", run.chance.uniform(0.5, 5))


def _pause_postgres(run: Run) -> Iterator[str]:
    server = psutil.Process(run.stack.postgres.pid)
    with run.stopped([server.pid, *(each.pid for each in server.children())]):
        yield run.hold_silent()


def _kill_storage(run: Run) -> Iterator[str]:
    os.kill(run.stack.storage.pid, signal.SIGKILL)
    run.stack.start_storage()
    yield ""


def _kill_storage_for_longer(run: Run) -> Iterator[str]:
    os.kill(run.stack.storage.pid, signal.SIGKILL)
    try:
        yield run.hold_storage(0.0)
    finally:
        run.stack.start_storage()


def _pause_storage(run: Run) -> Iterator[str]:
    with run.stopped([run.stack.storage.pid]):
        yield run.hold("whatever", run.chance.uniform(0.5, 4))


def _cut_database(run: Run) -> Iterator[str]:
    for _ in range(run.chance.randint(1, 3)):
        run.lines["database"].cut()
        time.sleep(run.chance.uniform(0, 0.3))
    yield ""


def _shut_database(run: Run) -> Iterator[str]:
    run.lines["database"].shut()
    yield run.hold("not ready", run.chance.uniform(0, 1))


def _silence_database(run: Run) -> Iterator[str]:
    run.lines["database"].silence()
    yield run.hold_silent()


def _lose_database(run: Run) -> Iterator[str]:
    run.lines["database"].lose()
    yield ""


def _slow_database(run: Run) -> Iterator[str]:
    run.lines["database"].delay_seconds = run.chance.uniform(0.05, 0.4)
    yield run.hold("whatever", run.chance.uniform(1, 3))


def _cut_storage(run: Run) -> Iterator[str]:
    for _ in range(run.chance.randint(1, 3)):
        run.lines["storage"].cut()
        time.sleep(run.chance.uniform(0, 0.3))
    yield ""


def _shut_storage(run: Run) -> Iterator[str]:
    run.lines["storage"].shut()
    yield run.hold_storage(0.0)


def _silence_storage(run: Run) -> Iterator[str]:
    run.lines["storage"].silence()
    yield run.hold("whatever", run.chance.uniform(0.5, 5))


def _lose_storage(run: Run) -> Iterator[str]:
    run.lines["storage"].lose()
    yield run.hold("whatever", STORAGE_SOON)  # until it has been tried by each process


def _slow_storage(run: Run) -> Iterator[str]:
    run.lines["storage"].delay_seconds = run.chance.uniform(0.05, 0.4)
    yield run.hold("whatever", run.chance.uniform(1, 3))


def _fill_database(run: Run) -> Iterator[str]:
    with full(run.disks["database"]):
        yield run.hold("not ready", run.chance.uniform(0, 1))


def _fill_storage(run: Run) -> Iterator[str]:
    with full(run.disks["storage"]):
        yield run.hold_storage(0.0) if run.refuses_bytes() else "the storage takes bytes all the same"
    os.kill(run.stack.storage.pid, signal.SIGKILL)  # its LevelDB keeps the error until it is opened anew
    run.stack.start_storage()


def _forbid_writing(run: Run) -> Iterator[str]:
    allow = "SET default_transaction_read_only = off"
    run.sql(allow, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        yield run.hold("not ready", run.chance.uniform(0, 2))
    finally:
        run.sql(allow, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


def _set_clock_of_service(run: Run) -> Iterator[str]:
    run.set_clock(SERVE, run.chance.choice(OFFSETS))
    try:
        yield run.hold("not ready", 0.0)
    finally:
        run.set_clock(SERVE, "+0")


def _set_clock_of_worker(run: Run) -> Iterator[str]:
    name = run.chance.choice(WORKERS)
    run.set_clock(name, run.chance.choice(OFFSETS))
    try:
        yield run.hold("ready", run.chance.uniform(2, 5))
    finally:
        run.set_clock(name, "+0")


class Fault:
    """One fault. `weight`: how often it is in a deck. `back`: the seconds within which it must be over."""

    def __init__(
        self, kind: str, what: Callable[[Run], Iterator[str]], weight: int, *, back: float = BACK, needs: str = ""
    ) -> None:
        self.kind = kind
        self.name = what.__name__.replace("_", " ").strip()
        self.weight = weight
        self.needs = needs
        self._what = contextmanager(what)
        self._back = back
        self._least = KNOWN_SECONDS if back == BACK else OTHERS_KNOW_SECONDS

    def happen(self, run: Run) -> str:
        """Inject the fault, and let it end; return the observation."""
        try:
            with self._what(run) as during:
                pass
        finally:
            for line in run.lines.values():
                line.mend()
        return ", ".join(filter(None, (during, run.recover(self._back, self._least))))


FAULTS: Final = (
    Fault("kill", _kill_service, 2),
    Fault("kill", _kill_child, 4),
    Fault("kill", _kill_worker, 4),
    Fault("kill", _kill_relay, 1),
    Fault("kill", _kill_postgres, 1),
    Fault("kill", _restart_postgres_at_once, 2),
    Fault("kill", _kill_backend, 5),
    Fault("kill", _kill_storage, 2, back=STORAGE_BACK),
    Fault("kill", _kill_storage_for_longer, 1, back=STORAGE_BACK),
    Fault("pause", _pause_child, 2),
    Fault("pause", _pause_parent, 1),
    Fault("pause", _pause_worker, 2),
    Fault("pause", _pause_worker_beyond_its_leases, 1),
    Fault("pause", _pause_relay, 1),
    Fault("pause", _pause_backend, 2),
    Fault("pause", _pause_postgres, 1),
    Fault("pause", _pause_storage, 1, back=STORAGE_BACK),
    Fault("end", _end_service, 2),
    Fault("end", _end_worker, 2),
    Fault("end", _end_postgres, 1),
    Fault("end", _end_backend, 2),
    Fault("cut", _cut_database, 3),
    Fault("cut", _shut_database, 2),
    Fault("cut", _silence_database, 1),
    Fault("cut", _cut_storage, 2, back=STORAGE_BACK),
    Fault("cut", _shut_storage, 1, back=STORAGE_BACK),
    Fault("cut", _silence_storage, 1, back=STORAGE_BACK),
    Fault("half open", _lose_database, 2, back=STORAGE_BACK),
    Fault("half open", _lose_storage, 1, back=STORAGE_BACK),
    Fault("delay", _slow_database, 2),
    Fault("delay", _slow_storage, 1, back=STORAGE_BACK),
    Fault("disk full", _fill_database, 2, needs="disks"),
    Fault("disk full", _fill_storage, 1, back=90, needs="disks"),
    Fault("read-only", _forbid_writing, 2),
    Fault("clock", _set_clock_of_service, 2, back=STORAGE_BACK, needs="clocks"),
    Fault("clock", _set_clock_of_worker, 3, needs="clocks"),
)


def deck(run: Run, words: Sequence[str]) -> Iterator[Fault]:
    """Yield random faults endlessly, each as often as its weight before the deck is shuffled again."""
    there = {"", *(["disks"] if run.disks else []), *(["clocks"] if run.stack.own else [])}
    chosen = [each for each in FAULTS if each.needs in there]
    left_out = sorted({each.kind for each in FAULTS if each not in chosen})
    if left_out:
        print(f"left out: {', '.join(left_out)}")
    chosen = [each for each in chosen if not words or any(word in f"{each.kind}: {each.name}" for word in words)]
    while True:
        cards = [each for each in chosen for _ in range(each.weight)]
        run.chance.shuffle(cards)
        yield from cards


def compare(run: Run, told: Subscribers, *, at_end: bool) -> str:
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
    not_told = run.loop.do(told.compare(at_end=at_end))
    found, run.events = run.loop.do(hold(run.stack.database, run.answers, older_seconds=0 if at_end else STUCK_SECONDS))
    surprises, run.answers.surprises = run.answers.surprises, []
    wrong = Findings()
    wrong.lost, wrong.doubled, wrong.stuck = [*found.lost, *unread], found.doubled, found.stuck
    run.wrong.lost += wrong.lost
    run.wrong.doubled += wrong.doubled
    run.wrong.stuck += wrong.stuck
    run.wrong.not_told += not_told
    run.wrong.other += surprises
    for line in [*wrong.lines(), *not_told, *surprises]:
        print(f"WRONG: {line}")
    if not at_end:
        run.loop.do(_go_on(run.answers))
    return (
        f"compared in {time.monotonic() - began:.0f} s: {run.events} events, {len(chosen)} of {len(ids)} files read"
        f" back, {told.counts()}"
    )


async def _connected(running: Stack) -> Connection:
    """Connect as the owner, as soon as PostgreSQL is reachable."""
    until = time.monotonic() + BACK
    while True:
        try:
            return await connect(running.database.owner_url, role=None)
        except (*CONNECTION_ERRORS, asyncpg.PostgresError):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)


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


def inject(run: Run, told: Subscribers, options: argparse.Namespace) -> int:
    """Run load, inject faults, and compare; return the number of faults."""
    stop = asyncio.Event()

    async def load() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(client(run.tenant, run.answers, stop)) for _ in range(options.clients)]

    clients = run.loop.do(load())
    try:
        number = _let_happen(run, told, options)
    finally:
        run.loop.do(_end(clients))
    return number


def _let_happen(run: Run, told: Subscribers, options: argparse.Namespace) -> int:
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
            print(compare(run, told, at_end=over), flush=True)
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
        told = loop.do(subscribing.enter_async_context(subscribers(running, tenant, cluster)))
        undo.callback(lambda: loop.do(subscribing.aclose()))
        for name in PROCESSES:
            running.begin(name)
        loop.do(told.listen())
        try:
            yield run, told
        except Exception:
            traceback.print_exc()  # closing may have to wait for what was left lying
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
    faulthandler.register(signal.SIGUSR1)  # says what it waits for
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with prepared(options.seed, timed=not options.untimed) as (run, told):
        number = inject(run, told, options)
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
        f" stuck {len(wrong.stuck)}, not told {len(wrong.not_told)}, readyz wrong {len(wrong.readyz)},"
        f" otherwise wrong {len(wrong.other)}"
        f"{f'; the machine was too slow to judge {run.excused} times' if run.excused else ''}"
    )
    return 1 if any(vars(wrong).values()) else 0


if __name__ == "__main__":
    sys.exit(main())
