"""Metrics and traces of a process: both, one or none. Disabled parts are not loaded."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING

from adapters.postgres.events.event_log import GroupWatch
from application.events.subscribing import Recorded
from application.ports.events.event_log import Command
from application.ports.tasks.job_queue import Job
from application.ports.webhooks.webhook_deliveries import Attempt, DeliveryRecord
from entrypoints.settings import SettingError, Settings

if TYPE_CHECKING:
    from entrypoints.observability.metrics import Metrics
    from entrypoints.observability.traces import Traces

_NOTHING = nullcontext()
_NO_HEADERS: AbstractContextManager[Mapping[str, str]] = nullcontext({})


class Telemetry:
    """The metrics and traces of a process. None: disabled."""

    def __init__(self, *, metrics: "Metrics | None" = None, traces: "Traces | None" = None) -> None:
        self.metrics = metrics
        self.traces = traces

    @property
    def group_watch(self) -> GroupWatch | None:
        """Return the observer of appended groups, if any."""
        return None if self.metrics is None and self.traces is None else self

    def waiting(self, command: Command) -> AbstractContextManager[object]:
        """Return the context of a command that waits."""
        return _NOTHING if self.traces is None else self.traces.append(command)

    def written(self, group: Sequence[object], seconds: float) -> None:
        """Observe an appended group."""
        if self.metrics is not None:
            self.metrics.group(len(group), seconds)
        if self.traces is not None:
            self.traces.group(group, seconds)

    def job(self, job: Job) -> AbstractContextManager[object]:
        """Return the context of a job."""
        return _NOTHING if self.traces is None else self.traces.job(job)

    def delivery(self, name: str, events: Sequence[Recorded]) -> AbstractContextManager[object]:
        """Return the context of events that are delivered to the reader of this name."""
        return _NOTHING if self.traces is None else self.traces.delivery(name, events)

    def attempting(self, delivery: DeliveryRecord, command_id: str) -> AbstractContextManager[Mapping[str, str]]:
        """Return the context of a webhook delivery attempt for an event of this command; yields headers to send."""
        return _NO_HEADERS if self.traces is None else self.traces.attempt(delivery, command_id)

    def attempted(self, attempt: Attempt) -> None:
        """Observe the result of an attempt."""
        if self.metrics is not None:
            self.metrics.webhook_attempt(attempt.status_code, attempt.seconds)
        if self.traces is not None:
            self.traces.attempted(attempt)


def check_telemetry(settings: Settings) -> None:
    """Refuse settings whose libraries are missing."""
    _ = settings.metrics
    if settings.traces and find_spec("opentelemetry") is None:
        raise SettingError(
            "UPWELL_TRACES is on, but OpenTelemetry is not installed: install Upwell with its extra 'otel' (uv sync"
            " --extra otel)."
        )


def telemetry_of(settings: Settings) -> Telemetry:
    """Return the telemetry that these settings enable."""
    check_telemetry(settings)
    metrics = traces = None
    if settings.metrics is not None:
        from entrypoints.observability.metrics import Metrics  # noqa: PLC0415  # what is off is not loaded

        metrics = Metrics()
    if settings.traces:
        from entrypoints.observability.traces import Traces  # noqa: PLC0415  # the same

        traces = Traces.exporting()
    return Telemetry(metrics=metrics, traces=traces)
