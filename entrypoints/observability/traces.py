"""OpenTelemetry traces: requests, appends and their groups, storage, jobs, deliveries.

Loaded only when traces are on. The id of a command contains its span, and so do its events: a delivery in any process
links to it.
"""

import inspect
import os
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from application.events.subscribing import Recorded
from application.ports.clock import Ids
from application.ports.events.event_log import Command
from application.ports.storage.object_storage import ObjectStorage
from application.ports.tasks.job_queue import Job
from application.ports.webhooks.webhook_deliveries import Attempt, DeliveryRecord
from entrypoints.observability.logs import REQUEST_ID

_PROPAGATOR = TraceContextTextMapPropagator()
_CARRIED = (b"traceparent", b"tracestate")
_SPAN_IN_COMMAND = re.compile(r"_([0-9a-f]{32})([0-9a-f]{16})\Z")
_SERVER_ERRORS = 500
_TAKEN = range(200, 300)


class Traces:
    """Creates spans. They are for operators, and contain no keys, names or URLs."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("upwell")

    @classmethod
    def exporting(cls) -> "Traces":
        """Return traces with the exporter and sampler of OpenTelemetry's own variables."""
        named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "upwell"}
        provider = TracerProvider(resource=Resource.create(named))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def close(self) -> None:
        """Send the remaining spans."""
        self._provider.shutdown()

    def request(self, method: str, route: str, headers: Iterable[tuple[bytes, bytes]]) -> AbstractContextManager[Span]:
        """Return the span of a request, which continues the caller's trace if there is one."""
        carried = {name.decode(): value.decode("latin-1") for name, value in headers if name in _CARRIED}
        return self._span(
            f"{method} {route}",
            context=_PROPAGATOR.extract(carried),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "http.route": route},
        )

    def append(self, command: Command) -> AbstractContextManager[Span]:
        """Return the span of a command that waits for its outcome."""
        events = sum(len(stream.events) for stream in command.streams)
        return self._span("append", attributes={"upwell.command_id": command.command_id, "upwell.events": events})

    def group(self, group: Sequence[object], seconds: float) -> None:
        """Create the span of a group, with a link to each command; add the waiting time to each command's span."""
        ended = time.time_ns()
        began = ended - int(seconds * 1e9)
        spans = [each for each in group if isinstance(each, Span)]
        links = [Link(each.get_span_context()) for each in spans]
        attributes: dict[str, int | str] = {"upwell.group.commands": len(group), "db.system.name": "postgresql"}
        made = self._tracer.start_span(
            "append group", kind=SpanKind.CLIENT, links=links, attributes=attributes, start_time=began
        )
        made.end(ended)
        for each in spans:
            each.set_attributes({**attributes, "upwell.group.seconds": seconds})

    def job(self, job: Job) -> AbstractContextManager[Span]:
        """Return the span of a job."""
        return self._span(
            f"job {job.kind}", attributes={"upwell.subject": job.upload_id, "upwell.attempts": job.attempts}
        )

    def delivery(self, name: str, events: Sequence[Recorded]) -> AbstractContextManager[Span]:
        """Return the span of events that are delivered, with links to their commands."""
        came_from = [_span_of(each) for each in dict.fromkeys(each.event.origin.command_id for each in events)]
        return self._span(
            f"deliver {name}",
            kind=SpanKind.CONSUMER,
            links=[Link(each) for each in came_from if each is not None],
            attributes={
                "upwell.events": len(events),
                "upwell.position.first": events[0].position,
                "upwell.position.last": events[-1].position,
            },
        )

    @contextmanager
    def attempt(self, delivery: DeliveryRecord, command_id: str) -> Iterator[Mapping[str, str]]:
        """Create the span of a webhook delivery attempt, in the trace of the request that caused the event.

        Yields headers with which the receiver can continue the trace.
        """
        came_from = _span_of(command_id)
        attributes: dict[str, AttributeValue] = {
            "upwell.webhook_id": delivery.webhook_id,
            "upwell.position": delivery.position,
            "upwell.attempts": delivery.attempts,
        }
        headers: dict[str, str] = {}
        with self._span(
            "deliver webhook",
            context=None if came_from is None else set_span_in_context(NonRecordingSpan(came_from)),
            kind=SpanKind.CLIENT,
            attributes=attributes,
        ):
            _PROPAGATOR.inject(headers)
            yield headers

    def attempted(self, attempt: Attempt) -> None:
        """Record the result of an attempt, without the receiver's response."""
        span = get_current_span()
        if attempt.status_code is not None:
            span.set_attribute("http.response.status_code", attempt.status_code)
        if attempt.status_code not in _TAKEN:
            span.set_status(Status(StatusCode.ERROR))

    def ids(self, ids: Ids) -> Ids:
        """Return the same ids, but with the span in the ids of commands."""
        return TracedIds(ids)

    def storage(self, storage: ObjectStorage) -> ObjectStorage:
        """Return the same storage, with a span for every call."""
        return cast("ObjectStorage", _TracedStorage(storage, self))

    def call(self, name: str) -> AbstractContextManager[Span]:
        """Return the span of a call to storage."""
        return self._span(f"storage {name}", kind=SpanKind.CLIENT)

    def stream(self, name: str) -> Span:
        """Return the span of a stream of bytes, which its reader ends."""
        return self._tracer.start_span(f"storage {name}", kind=SpanKind.CLIENT)

    @contextmanager
    def _span(
        self,
        name: str,
        *,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence[Link] = (),
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> Iterator[Span]:
        """Create a span. It records only the type of an error: messages may contain keys and URLs."""
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=kind,
            links=links,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR))
                raise


class TraceRequests:
    """ASGI middleware: a span for each request."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = str(scope[REQUEST_ID])  # type: ignore[literal-required]  # a key of our own in the scope
        with self._traces.request(scope["method"], scope["path_template"], scope["headers"]) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    span.set_attribute("upwell.request_id", request_id)
                    if message["status"] >= _SERVER_ERRORS:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, answer)


class TracedIds:
    """Ids with the current span in the ids of commands."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def new(self, prefix: str, length: int = 16) -> str:
        """Return a new id."""
        made = self._ids.new(prefix, length)
        current = get_current_span().get_span_context()
        if prefix != "cmd_" or not current.is_valid or not current.trace_flags.sampled:
            return made
        return f"{made}_{current.trace_id:032x}{current.span_id:016x}"

    def secret(self) -> str:
        """Return an API key's secret."""
        return self._ids.secret()


class _TracedStorage:
    def __init__(self, storage: ObjectStorage, traces: Traces) -> None:
        self._storage = storage
        self._traces = traces

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # of any method of the storage
        found = getattr(self._storage, name)
        if inspect.isasyncgenfunction(found):

            async def stream(*arguments: object, **named: object) -> AsyncIterator[Any]:
                span = self._traces.stream(name)
                try:
                    async with aclosing(found(*arguments, **named)) as chunks:
                        async for chunk in chunks:
                            yield chunk
                finally:
                    span.end()

            return stream
        if inspect.iscoroutinefunction(found):

            async def call(*arguments: object, **named: object) -> object:
                with self._traces.call(name):
                    return await found(*arguments, **named)

            return call
        return found


def _span_of(command_id: str) -> SpanContext | None:
    found = _SPAN_IN_COMMAND.search(command_id)
    if found is None:
        return None
    return SpanContext(
        trace_id=int(found[1], 16),
        span_id=int(found[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
