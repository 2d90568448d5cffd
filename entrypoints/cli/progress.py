"""How the user sees what goes on: bars on a terminal, now and then a line elsewhere; always on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from entrypoints.cli.output import emit, human, note, printable
from upwell_client import Progress

LINE_SECONDS = 5.0
LONGEST_SECONDS = 60.0

Advance = Callable[[int], None]


class Steps(Protocol):
    """How one file is shown."""

    def begin(self, what: str, size_bytes: int | None) -> Advance:
        """Begin to show a step (None: nobody knows how long it takes); call the result with the bytes done.

        One step is shown at a time: the next one takes its place.
        """
        ...

    def end(self) -> None:
        """Show the file no longer."""
        ...


class Reporter(Protocol):
    """Tells the user what goes on. May be used by several threads."""

    def total(self, files: int, size_bytes: int) -> None:
        """Show a total of several files; called before the first of them."""
        ...

    def file(self, name: str, size_bytes: int | None) -> Steps:
        """Begin to show a file."""
        ...

    def note(self, text: str) -> None:
        """Tell something on standard error."""
        ...

    def result(self, line: str) -> None:
        """Write a line to standard output."""
        ...


class Shown:
    """Shows how far the client is with a file."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._phase: str | None = None
        self._done = 0

    def __call__(self, progress: Progress) -> None:
        """Show a step, or how far it is."""
        if progress.phase != self._phase:
            self._phase, self._done = progress.phase, 0
            self._advance = self._steps.begin(progress.phase, progress.total_bytes)
        self._advance(progress.done_bytes - self._done)
        self._done = progress.done_bytes


class Lines:
    """Implements `Reporter` for logs and pipes: a line after five seconds, and then ever more seldom.

    Of several files only the ends are told.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._several = False

    def total(self, files: int, size_bytes: int) -> None:  # noqa: ARG002  # a role
        """Keep quiet."""
        self._several = True

    def file(self, name: str, size_bytes: int | None) -> Steps:  # noqa: ARG002  # the same
        """Begin a file."""
        return _Quiet() if self._several else _Lines(self, printable(name), self._now)

    def note(self, text: str) -> None:
        """Tell something."""
        note(text)

    def result(self, line: str) -> None:
        """Write a line."""
        emit(line)


class _Quiet:
    def begin(self, what: str, size_bytes: int | None) -> Advance:  # noqa: ARG002  # a role
        return lambda _: None

    def end(self) -> None:
        pass


class _Lines:
    def __init__(self, lines: Lines, name: str, now: Callable[[], float]) -> None:
        self._lines = lines
        self._name = name
        self._now = now

    def begin(self, what: str, size_bytes: int | None) -> Advance:
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
            self._lines.note(f"{self._name}: {what}{percent}")

        return advance

    def end(self) -> None:
        pass


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Report as standard error allows."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from entrypoints.cli.bar import Bar  # noqa: PLC0415  # for terminals only

    bar = Bar()
    try:
        yield bar
    finally:
        bar.stop()
