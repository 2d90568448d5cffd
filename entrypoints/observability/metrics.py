"""The metrics of one process, for operators: they have no labels for tenants.

Requests are counted without the library's locks, in the only thread. Metrics of the database are queried on a scrape
and cached: most of them for `MAX_AGE_SECONDS`; the count of uploads, which takes longer with more uploads, for
`COUNTING_SHARE` times its duration.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, Protocol

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from application.events.reading import ReadingEvents
from application.ports.clock import Clock
from application.ports.events.event_log import EventLog, LogUnavailableError
from application.ports.events.subscriptions import Subscriptions
from application.ports.organizations.census import Census
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status

MAX_AGE_SECONDS: Final = 15.0
COUNTING_SHARE: Final = 300
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_REQUEST_LABELS: Final = ("route", "method", "status")
_SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Pool(Protocol):
    """The state of a connection pool."""

    def get_size(self) -> int:
        """Return the number of connections."""
        ...

    def get_idle_size(self) -> int:
        """Return the number of idle connections."""
        ...

    def get_max_size(self) -> int:
        """Return the maximum number of connections."""
        ...


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The sources of the metrics. They see all tenants."""

    census: Census
    log: EventLog
    subscriptions: Subscriptions[object]
    clock: Clock
    read_events: ReadingEvents
    pools: Mapping[str, Pool]


class Histogram:
    """Counts values up to each bound, by labels."""

    def __init__(self, name: str, documentation: str, bounds: tuple[float, ...], labels: Sequence[str] = ()) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = bounds
        self._labels = labels
        self._rows: dict[tuple[str | int, ...], list[float]] = {}

    def observe(self, value: float, *labels: str | int) -> None:
        """Count a value."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0] * (len(self._bounds) + 2)
        row[bisect_left(self._bounds, value)] += 1
        row[-1] += value

    def family(self) -> Metric:
        """Return the metric."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        bounds = [*map(str, self._bounds), "+Inf"]
        for labels, (*counts, total) in self._rows.items():
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric([str(label) for label in labels], buckets, total)
        return family


class Metrics(Collector):
    """Counts, and returns the counts."""

    def __init__(self, *, max_age_seconds: float = MAX_AGE_SECONDS, counting_share: float = COUNTING_SHARE) -> None:
        self._max_age_seconds = max_age_seconds
        self._counting_share = counting_share
        self._requests = Histogram(
            "upwell_http_request_seconds",
            "Requests by route, until the end of the response.",
            _SECONDS,
            _REQUEST_LABELS,
        )
        self._groups = Histogram("upwell_append_group_commands", "Commands that were appended together.", _SIZES)
        self._group_seconds = Histogram("upwell_append_seconds", "How long PostgreSQL took to append them.", _SECONDS)
        self._attempts = Histogram(
            "upwell_webhook_attempt_seconds", "Attempts to deliver to a webhook.", _SECONDS, ("outcome",)
        )
        self._sources: Sources | None = None
        self._looking = asyncio.Lock()
        self._looked_up: list[Metric] = []
        self._look_again_at = self._count_again_at = 0.0
        self._uploads: Mapping[Status, int] = {}
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request. `status` 0: there was no response."""
        self._requests.observe(seconds, route, method, status)

    def group(self, commands: int, seconds: float) -> None:
        """Count a group of commands."""
        self._groups.observe(commands)
        self._group_seconds.observe(seconds)

    def webhook_attempt(self, status_code: int | None, seconds: float) -> None:
        """Count a delivery attempt. `status_code` None: there was no response."""
        self._attempts.observe(seconds, "no_answer" if status_code is None else f"{status_code // 100}xx")

    def use(self, sources: Sources) -> None:
        """Query the other metrics from these sources."""
        self._sources = sources
        self._look_again_at = self._count_again_at = 0.0

    async def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        if self._sources is not None:
            async with self._looking:
                if time.monotonic() >= self._look_again_at:
                    self._looked_up = await self._look_up(self._sources)
                    self._look_again_at = time.monotonic() + self._max_age_seconds
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the current metrics."""
        for histogram in (self._requests, self._groups, self._group_seconds, self._attempts):
            yield histogram.family()
        if self._sources is not None:
            yield from _of_process(self._sources)
        yield from self._looked_up

    async def _look_up(self, sources: Sources) -> list[Metric]:
        up = GaugeMetricFamily("upwell_database_up", "1: the metrics of the database could be queried.")
        try:
            found = await self._of_database(sources)
        except LogUnavailableError:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *found]

    async def _of_database(self, sources: Sources) -> list[Metric]:
        began = time.monotonic()
        if began >= self._count_again_at:
            self._uploads = await sources.census.uploads()
            took = time.monotonic() - began
            self._count_again_at = time.monotonic() + max(self._max_age_seconds, took * self._counting_share)
        stored = await sources.census.stored_bytes()
        now = sources.clock.now()
        backlog = await sources.census.backlog(now=now)
        subscriptions = await sources.subscriptions.subscriptions()
        head = await sources.log.head()
        return [
            _gauge(
                "upwell_uploads", "Uploads by state.", "status", {each: self._uploads.get(each, 0) for each in Status}
            ),
            _gauge(
                "upwell_stored_bytes",
                "Bytes that count towards quotas: reserved by open uploads, and accepted.",
                "state",
                {"reserved": stored.reserved, "accepted": stored.accepted},
            ),
            GaugeMetricFamily("upwell_feed_head", "The last position of the log.", value=head),
            _gauge(
                "upwell_subscription_lag_events",
                "The number of events that a durable reader is behind.",
                "subscription",
                {each.name: max(head - each.position, 0) for each in subscriptions},
            ),
            _gauge(
                "upwell_jobs_waiting",
                "Due jobs without a worker, up to 10,000.",
                "kind",
                {kind: backlog[kind].count if kind in backlog else 0 for kind in JobKind},
            ),
            _gauge(
                "upwell_jobs_oldest_seconds",
                "The time for which the oldest of them has been due.",
                "kind",
                {
                    kind: (now - backlog[kind].oldest_due_at).total_seconds() if kind in backlog else 0
                    for kind in JobKind
                },
            ),
        ]


def _of_process(sources: Sources) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "upwell_event_readers",
        "Streams and requests that wait for events.",
        value=sources.read_events.readers,
    )
    connections = GaugeMetricFamily("upwell_pool_connections", "Connections by pool.", labels=("pool", "state"))
    for name, pool in sources.pools.items():
        connections.add_metric([name, "idle"], pool.get_idle_size())
        connections.add_metric([name, "busy"], pool.get_size() - pool.get_idle_size())
    yield connections
    yield _gauge(
        "upwell_pool_max_connections",
        "The maximum number of connections of a pool.",
        "pool",
        {name: pool.get_max_size() for name, pool in sources.pools.items()},
    )


def _gauge(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=(label,))
    for each, value in values.items():
        family.add_metric([str(each)], value)
    return family
