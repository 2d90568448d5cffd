"""Progress without a terminal: an occasional line on standard error."""

import time
from collections.abc import Callable

from entrypoints.cli.output import emit, human, note, printable
from entrypoints.cli.progress import Advance, Steps

LINE_SECONDS = 5.0
LONGEST_SECONDS = 60.0


class Lines:
    """Implements `Reporter` for logs and pipes: a line after five seconds, then at growing intervals.

    For several files it reports only their ends.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._several = False

    def total(self, files: int, size_bytes: int) -> None:  # noqa: ARG002  # a role
        """Do nothing."""
        self._several = True

    def file(self, name: str, size_bytes: int | None) -> Steps:  # noqa: ARG002  # the same
        """Begin to show a file."""
        return _Quiet() if self._several else _Lines(self, printable(name), self._now)

    def note(self, text: str) -> None:
        """Write a note."""
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
        began = shown = self._now()
        done = 0
        pause = LINE_SECONDS

        def advance(count: int) -> None:
            nonlocal done, shown, pause
            done += count
            now = self._now()
            if now - shown < pause:
                return
            shown, pause = now, min(pause * 2, LONGEST_SECONDS)
            percent = f" {100 * done // size_bytes} % at {human(int(done / (now - began)))}/s" if size_bytes else ""
            self._lines.note(f"{self._name}: {what}{percent}")

        return advance

    def end(self) -> None:
        pass
