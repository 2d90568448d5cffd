"""The progress of a transfer. `bar` shows it on a terminal, `lines` elsewhere."""

from collections.abc import Callable
from typing import Protocol

from upwell_client import Progress

Advance = Callable[[int], None]


class Steps(Protocol):
    """The display of one file."""

    def begin(self, what: str, size_bytes: int | None) -> Advance:
        """Begin to show a step (None: of unknown length); call the result with the bytes done.

        One step is shown at a time: the next one takes its place.
        """
        ...

    def end(self) -> None:
        """Remove the file from the display."""
        ...


class Reporter(Protocol):
    """Shows the progress of transfers. Thread-safe."""

    def total(self, files: int, size_bytes: int) -> None:
        """Show a total of several files; called before the first of them."""
        ...

    def file(self, name: str, size_bytes: int | None) -> Steps:
        """Begin to show a file."""
        ...

    def note(self, text: str) -> None:
        """Write a note to standard error."""
        ...

    def result(self, line: str) -> None:
        """Write a line to standard output."""
        ...


class Shown:
    """Shows the client's progress with a file."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._phase: str | None = None
        self._done = 0

    def __call__(self, progress: Progress) -> None:
        """Show a step or its progress."""
        if progress.phase != self._phase:
            self._phase, self._done = progress.phase, 0
            self._advance = self._steps.begin(progress.phase, progress.total_bytes)
        self._advance(progress.done_bytes - self._done)
        self._done = progress.done_bytes
