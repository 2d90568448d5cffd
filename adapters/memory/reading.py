"""What all reads of the read side share: the tables of a log in memory, and places in them."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from adapters.memory.events.event_log import MemoryEventLog
from application.ports.lists.pages import Placed

Record = TypeVar("Record")


class MemoryReads:
    """Asks the tables of a log."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log


def first(found: Iterable[Record]) -> Record | None:
    """Return the first of what was found, or None."""
    return next(iter(found), None)


def placed(rows: Iterable[tuple[int, str]], after: int, limit: int) -> Sequence[Placed]:
    """Return the first of these positions and ids that are above a position, in order."""
    found = sorted(row for row in rows if row[0] > after)
    return [Placed(id=each, position=position) for position, each in found[:limit]]
