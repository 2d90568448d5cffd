"""Upwell's events in the form of the library: JSON with a tag, instead of a Python class."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent


@dataclass(frozen=True)
class Event:
    """One event of Upwell's log. `topic`: its tag; `state`: its JSON, as the reference of events describes it."""

    originator_id: str
    originator_version: int
    topic: str
    state: dict[str, Any]

    @property
    def at(self) -> datetime:
        """Return the time of the event, in UTC."""
        return datetime.fromisoformat(self.state["origin"]["at"])


class EventMapper(Mapper[Any]):
    """Maps Upwell's events to `Event`, and the events of a program's own aggregates as the library does."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401  # either kind, by its topic
        """Return the event. Upwell's tags have no colon, and the library's topics (`module:Class`) have one.

        Upwell's states are decoded with `json` only: the library's transcoder creates Python objects from values with
        the keys `_type_` and `_data_`, which metadata of clients may contain.
        """
        if ":" in stored_event.topic:
            return super().to_domain_event(stored_event)
        try:
            state = json.loads(stored_event.state)
        except ValueError as error:
            raise MapperDeserialisationError(
                f"The state of {stored_event.topic!r}, version {stored_event.originator_version} of"
                f" {stored_event.originator_id!r}, is not JSON: {error}. Set the topics that the projection handles."
            ) from error
        return Event(str(stored_event.originator_id), stored_event.originator_version, stored_event.topic, state)


class Upwell(Application[str]):
    """The application that a projection follows: Upwell's log, to read. Positions are tracked under its name."""

    name = "upwell"
    env = {"PERSISTENCE_MODULE": "upwell_eventsourcing"}  # noqa: RUF012  # as the library declares it
