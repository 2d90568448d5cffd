"""The bars at the bottom of a terminal."""

import sys
import threading

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TaskProgressColumn, TextColumn
from rich.table import Column
from rich.text import Text

from entrypoints.cli.output import emit, human, printable
from entrypoints.cli.progress import Advance, Steps

_NARROW = 60


class Bar:
    """Implements `Reporter` with a bar for each file in progress, and a total above them for several files."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            *_columns(self._console.width),
            console=self._console,
            transient=True,
            redirect_stdout=False,  # it may be a pipe, and is never written to while the bars are shown
        )
        self._turn = threading.Lock()
        self._total: TaskID | None = None
        self._files = self._ended = 0

    def total(self, files: int, size_bytes: int) -> None:
        """Show a total of several files."""
        self._files = files
        self._total = self._progress.add_task(f"0 of {files} files", total=size_bytes, name="total")
        self._progress.start()

    def file(self, name: str, size_bytes: int | None) -> Steps:
        """Begin to show a file."""
        return _File(self, printable(name), size_bytes or 0)

    def begin(self, name: str, what: str, size_bytes: int | None) -> TaskID:
        """Show a step."""
        self._progress.start()
        return self._progress.add_task(what, total=size_bytes, name=name)

    def advance(self, task: TaskID, count: int) -> None:
        """Show the progress of a file."""
        self._progress.advance(task, count)

    def count(self, size_bytes: int) -> None:
        """Show the total progress."""
        if self._total is not None:
            self._progress.advance(self._total, size_bytes)

    def remove(self, task: TaskID) -> None:
        """Remove a step from the display."""
        self._progress.remove_task(task)

    def end(self) -> None:
        """Count a finished file."""
        with self._turn:
            self._ended += 1
            if self._total is not None:
                self._progress.update(self._total, description=f"{self._ended} of {self._files} files")

    def note(self, text: str) -> None:
        """Write a note above the bars."""
        self._console.print(Text(f"upwell: {printable(text)}"), soft_wrap=True)

    def result(self, line: str) -> None:
        """Write a line above the bars, or to standard output."""
        if sys.stdout.isatty():
            self._console.print(Text(printable(line)), soft_wrap=True)
        else:
            emit(line)

    def stop(self) -> None:
        """Remove the bars."""
        self._progress.stop()


def _columns(width: int) -> list[ProgressColumn]:
    """Return the columns that fit: a narrow terminal shows only the share and the name, without wrapping."""
    name = TextColumn("{task.fields[name]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    if width < _NARROW:
        return [TaskProgressColumn(table_column=Column(no_wrap=True, min_width=4)), name]
    description = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    return [name, description, BarColumn(bar_width=20), _Figures(table_column=Column(no_wrap=True))]


class _File:
    """Implements `Steps`. Sent bytes count towards the total immediately, skipped bytes when the file has ended."""

    def __init__(self, bar: Bar, name: str, size_bytes: int) -> None:
        self._bar = bar
        self._name = name
        self._uncounted_bytes = size_bytes
        self._task: TaskID | None = None

    def begin(self, what: str, size_bytes: int | None) -> Advance:
        if self._task is not None:
            self._bar.remove(self._task)
        task = self._task = self._bar.begin(self._name, what, size_bytes)

        def advance(count: int) -> None:
            self._bar.advance(task, count)
            if what == "sending":
                self._uncounted_bytes -= count
                self._bar.count(count)

        return advance

    def end(self) -> None:
        if self._task is not None:
            self._bar.remove(self._task)
        self._bar.count(self._uncounted_bytes)
        self._bar.end()


class _Figures(ProgressColumn):
    """The progress, speed and remaining time, or the elapsed time of a step without a known size."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text(f"{task.elapsed or 0:.0f} s")
        figures = f"{human(int(task.completed))} of {human(int(task.total))}"
        if task.speed:
            figures += f", {human(int(task.speed))}/s"
        if task.time_remaining is not None and not task.finished:
            minutes, seconds = divmod(int(task.time_remaining), 60)
            figures += f", {minutes}:{seconds:02} left"
        return Text(figures)
