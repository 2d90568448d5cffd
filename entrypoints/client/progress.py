"""How the user sees what goes on: a bar on a terminal, now and then a line elsewhere; always on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click

from entrypoints.client.output import emit, human

LINE_SECONDS = 5.0
LONGEST_SECONDS = 60.0


class Reporter(Protocol):
    """Tells the user what goes on."""

    def phase(self, name: str, what: str, size_bytes: int | None) -> Callable[[int], None]:
        """Begin to show a step of a file (None: nobody knows how long it takes); call the result with the bytes done.

        One step is shown at a time: the next one takes its place.
        """
        ...

    def note(self, text: str) -> None:
        """Tell something on standard error."""
        ...

    def result(self, line: str) -> None:
        """Write a line to standard output."""
        ...


class Lines:
    """Implements `Reporter` for logs and pipes: a line after five seconds, and then ever more seldom."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now

    def phase(self, name: str, what: str, size_bytes: int | None) -> Callable[[int], None]:
        """Begin a step."""
        began = told = self._now()
        done = 0
        pause = LINE_SECONDS

        def advance(count: int) -> None:
            nonlocal done, told, pause
            done += count
            now = self._now()
            if now - told < pause:
                return
            told, pause = now, min(pause * 2, LONGEST_SECONDS)
            percent = f" {100 * done // size_bytes} % at {human(int(done / (now - began)))}/s" if size_bytes else ""
            self.note(f"{name}: {what}{percent}")

        return advance

    def note(self, text: str) -> None:
        """Tell something."""
        click.echo(f"upwell: {text}", err=True)

    def result(self, line: str) -> None:
        """Write a line."""
        emit(line)


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Report as standard error allows."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from entrypoints.client.bar import Bar  # noqa: PLC0415  # for terminals only

    bar = Bar()
    try:
        yield bar
    finally:
        bar.stop()
