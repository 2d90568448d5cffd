"""The Litestar application: routes, guard, error envelope, OpenAPI and its pages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, Contact, License, SecurityScheme, Server

from application.limits.fair_turns import FairStarts
from entrypoints.http.admission.admission import NEEDS, Admission
from entrypoints.http.analytics import routes as analytics
from entrypoints.http.answers.answers import Json
from entrypoints.http.answers.errors import EXCEPTION_HANDLERS
from entrypoints.http.buckets import routes as buckets
from entrypoints.http.events import routes as events
from entrypoints.http.events.event_stream import Streams
from entrypoints.http.health import routes as health
from entrypoints.http.health.readiness import Readiness
from entrypoints.http.keys import routes as keys
from entrypoints.http.namespaces import routes as namespaces
from entrypoints.http.objects import routes as objects
from entrypoints.http.organizations import routes as organizations
from entrypoints.http.reference import reference_page, welcome
from entrypoints.http.reference.openapi import operation_id
from entrypoints.http.requests.bodies import StrictRequest
from entrypoints.http.requests.queries import IGNORED
from entrypoints.http.storage import routes as storage
from entrypoints.http.tasks import routes as tasks
from entrypoints.http.transport.cors import CORS
from entrypoints.http.transport.request_log import RequestLog
from entrypoints.http.transport.routing import Routing
from entrypoints.http.uploads import routes as uploads
from entrypoints.http.webhooks import routes as webhooks
from entrypoints.observability.logs import configure_logs
from entrypoints.observability.telemetry import Telemetry, telemetry_of
from entrypoints.settings import Network, Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.use_cases import Services

MAX_BODY_BYTES = 1024 * 1024
STREAMS_PER_KEY = 1000
_DESCRIPTION = """
Uploads that go straight from a client to S3: each is checked before a presigned URL is issued, and verified
afterwards. Requests need an API key (`Authorization: Bearer sk_…`), and most of them a namespace (`X-Namespace`).
Every error has one shape, with a stable `code`.
""".strip()
# The response headers that pages may read.
_EXPOSED = (
    "ETag",
    "Retry-After",
    "X-Request-Id",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "RateLimit",
    "RateLimit-Policy",
    IGNORED,
)


def create_app(
    open_services: Callable[[], AbstractAsyncContextManager[Services]] | None = None,
    *,
    cors_origins: Sequence[str] = (),
    storage_events_secret: str | None = None,
    telemetry: Telemetry | None = None,
    trusted_proxies: Sequence[Network] = (),
    streams_per_key: int = STREAMS_PER_KEY,
) -> Litestar:
    """Return the application. Without `open_services` it reads its settings from the environment.

    `storage_events_secret` None: storage cannot report new objects. `trusted_proxies`: the proxies whose
    `X-Forwarded-For` is trusted.
    """
    if open_services is None:
        settings = Settings()
        cors_origins = settings.cors_origins
        storage_events_secret = settings.storage_events_secret
        trusted_proxies = settings.trusted_proxies
        streams_per_key = settings.streams_per_key
        configure_logs(settings.log_format, settings.log_level)
        shared = telemetry = telemetry_of(settings)

        def open_services() -> AbstractAsyncContextManager[Services]:
            return running(settings, telemetry=shared)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services() as services:
            app.state.services = services
            app.state.readiness = Readiness(services.system)
            app.state.storage_events_secret = storage_events_secret
            app.state.starts = FairStarts()
            app.state.streams = Streams(streams_per_key)
            beside = [
                asyncio.create_task(services.read_events.follow(), name="follow-events", context=Context()),
                asyncio.create_task(app.state.streams.check_readers(), name="check-readers", context=Context()),
            ]
            try:
                yield
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    v1 = Router(
        "/v1",
        route_handlers=[
            *uploads.ROUTES,
            *buckets.ROUTES,
            *objects.ROUTES,
            *namespaces.ROUTES,
            *organizations.ROUTES,
            *keys.ROUTES,
            *tasks.ROUTES,
            *events.ROUTES,
            *analytics.ROUTES,
            *webhooks.ROUTES,
        ],
        middleware=[Admission],
        request_class=StrictRequest,
        response_class=Json,
        security=[{"key": []}],
    )
    app = Litestar(
        route_handlers=[
            v1,
            *events.OPEN_ROUTES,
            *storage.ROUTES,
            *health.ROUTES,
            *welcome.ROUTES,
            reference_page.get_openapi_document,
            *reference_page.routers(),
        ],
        lifespan=[lifespan],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        cors_config=CORSConfig(allow_origins=list(cors_origins), expose_headers=list(_EXPOSED), max_age=3600),
        middleware=_middleware(telemetry or Telemetry()),
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Upwell HTTP API",
            version=version("upwell"),
            description=_DESCRIPTION,
            license=License(name="Apache License 2.0", identifier="Apache-2.0"),
            contact=Contact(name="The operator of this service"),
            servers=[Server(url=".")],
            operation_id_creator=operation_id,
            path=reference_page.PATH,
            use_handler_docstrings=True,
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
            render_plugins=[reference_page.ReferencePage(), reference_page.ReferenceDocument()],
        ),
    )
    observe = None if telemetry is None or telemetry.metrics is None else telemetry.metrics.request
    cors: Any = app.asgi_handler
    within = Routing(app, cors.app, direct=NEEDS)
    app.asgi_handler = RequestLog(CORS(cors, within), observe=observe, trusted=trusted_proxies)
    return app


def _middleware(telemetry: Telemetry) -> list[DefineMiddleware]:
    if telemetry.traces is None:
        return []
    from entrypoints.observability.traces import TraceRequests  # noqa: PLC0415  # what is off is not loaded

    return [DefineMiddleware(TraceRequests, traces=telemetry.traces)]
