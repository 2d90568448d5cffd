"""Chooses the display of progress: bars on a terminal, lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from entrypoints.cli.lines import Lines
from entrypoints.cli.progress import Reporter


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Yield the reporter that fits standard error."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from entrypoints.cli.bar import Bar  # noqa: PLC0415  # for terminals only

    bar = Bar()
    try:
        yield bar
    finally:
        bar.stop()
