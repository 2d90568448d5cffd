"""The faults of a run, as a deck: kills, pauses, cut connections, full disks, wrong clocks."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import psutil

from tests.disks import full
from tests.trouble import BACK, OTHERS_KNOW_SECONDS, SERVE, STORAGE_SOON, Run

WORKERS: Final = ("worker", "worker #2")
RELAY: Final = "relay nats"
OFFSETS: Final = ("+31d", "-2h", "+26h")
STORAGE_BACK: Final = 20.0
KNOWN_SECONDS: Final = 1.2  # the state of /readyz may be a second old


# The faults: each is a context in which it lasts, and reports its result


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
    os.kill(run.stack.storage.pid, signal.SIGKILL)  # its LevelDB keeps the error until it is opened again
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
