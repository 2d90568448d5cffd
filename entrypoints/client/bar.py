"""The bar at the bottom of a terminal."""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from entrypoints.client.output import emit, human, printable


class Bar:
    """Implements `Reporter` with one bar, which is shown from the first step on."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            _Figures(table_column=Column(no_wrap=True)),
            console=self._console,
            transient=True,
            redirect_stdout=False,  # it may be a pipe, and is never written to while the bar is shown
        )
        self._shown: TaskID | None = None

    def phase(self, name: str, what: str, size_bytes: int | None) -> Callable[[int], None]:
        """Begin a step."""
        if self._shown is None:
            self._progress.start()
        else:
            self._progress.remove_task(self._shown)
        task = self._shown = self._progress.add_task(what, total=size_bytes, name=printable(name))

        def advance(count: int) -> None:
            self._progress.advance(task, count)

        return advance

    def note(self, text: str) -> None:
        """Tell something above the bar."""
        self._console.print(Text(f"upwell: {text}"), soft_wrap=True)

    def result(self, line: str) -> None:
        """Write a line above the bar, or to wherever standard output goes."""
        if sys.stdout.isatty():
            self._console.print(Text(printable(line)), soft_wrap=True)
        else:
            emit(line)

    def stop(self) -> None:
        """Take the bar away."""
        self._progress.stop()


class _Figures(ProgressColumn):
    """How much is done, how fast, how long it takes yet; or how long a step takes that has no measure."""

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
