"""A run of Upwell as in production: its processes and connections, their faults, and what must be observed."""

import asyncio
import math
import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import asyncpg
import httpx
import psutil

from adapters.postgres.database.connecting import CONNECTION_ERRORS, Connection, connect
from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from application.ports.storage.object_storage import StorageError
from tests.conftest import Tenant
from tests.lines import Line
from tests.lives import Answers
from tests.stack import NAME, Stack

SERVE: Final = "serve --workers 2"
# Within these, /readyz must report an unusable component. Storage is checked every 10 s without failures.
SOON: Final = 6.0
STORAGE_SOON: Final = 18.0
BACK: Final = 15.0
IN_A_ROW: Final = 4
CONTROL_SECONDS: Final = 0.5  # a connection and a write without Upwell: some 30 ms on a machine of our own
OTHERS_KNOW_SECONDS: Final = 4.0  # the state of storage or clock in one process is older than in another
REPLACED_SECONDS: Final = 60.0
NEVER_SECONDS: Final = 1200.0
END_SECONDS: Final = 60.0  # within these a stopped process has to end
LONG_PAUSE_SECONDS: Final = 40.0  # longer than a job is leased
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
    not_received: list[str]
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

    # Actions on processes

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
            self.wrong.other.append(f"{name} ended with {code} when it was stopped")
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
        """Resume one suspended process, or those that are due."""
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

    # Observations

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
