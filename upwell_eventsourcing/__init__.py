"""An optional reader for other programs: Upwell's log as a persistence module of the library `eventsourcing`.

`PERSISTENCE_MODULE=upwell_eventsourcing` and `UPWELL_DATABASE_URL` are the settings of such a program. The log is read
directly; positions and tables of the program are in its own schema. The package knows only the table of events, and no
process of Upwell loads it.
"""

from upwell_eventsourcing.events import Event, EventMapper, Upwell
from upwell_eventsourcing.factory import UpwellFactory  # the only factory here: the library looks for exactly one
from upwell_eventsourcing.recorder import LogRecorder

__all__ = ["Event", "EventMapper", "LogRecorder", "Upwell", "UpwellFactory"]
