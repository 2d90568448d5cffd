"""Threads of a client leave signals to the main thread: one that takes Ctrl-C would not wake a program that waits."""

import signal
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from entrypoints.cli.finding import Found
from entrypoints.cli.uploading import Outcome, _Crew
from upwell_client.threads import start_thread
from upwell_client.wires import BlockingWire, Job, run

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")


def blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_thread_and_its_own_threads_block_signals_and_the_starting_thread_does_not() -> None:
    seen: list[bool] = []

    def outer() -> None:
        seen.append(blocked())
        inner = threading.Thread(target=lambda: seen.append(blocked()))
        inner.start()
        inner.join()

    start_thread(outer, "outer").join()
    assert seen == [True, True]
    assert not blocked()


def test_the_threads_of_a_blocking_client_leave_signals_to_the_main_thread() -> None:
    seen: list[bool] = []

    async def job() -> None:
        seen.append(blocked())

    async def jobs() -> AsyncGenerator[Job, None]:
        for _ in range(2):
            yield job

    with httpx.Client() as http:
        run(BlockingWire(http, threading.Semaphore(2)).each(jobs(), at_once=2, beside=job))
    assert seen == [True, True, True]


def test_the_threads_of_upwell_upload_leave_signals_to_the_main_thread() -> None:
    seen: list[bool] = []

    def upload(_path: Path, _outcome: Outcome) -> None:
        seen.append(blocked())

    files = [Found(Path(name)) for name in ("a", "b", "c")]
    assert len(list(_Crew(files, upload, 2).outcomes())) == 3
    assert seen == [True, True, True]
