"""Threads that leave signals to the main thread."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread


def start_thread(target: Callable[[], object], name: str) -> Thread:
    """Start a daemon thread in which all signals are blocked, and so in the threads that it starts.

    The kernel may give a signal to any thread that does not block it. Python runs the handler in the main thread, but
    does not wake that thread: with Ctrl-C taken by another one, a program that waits for its threads would wait on.
    """
    thread = Thread(target=target, name=name, daemon=True)
    with _signals_blocked():
        thread.start()
    return thread


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals in this thread: a new thread inherits that."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where the main thread gets them
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
