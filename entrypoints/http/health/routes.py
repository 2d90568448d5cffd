"""The routes of liveness and readiness, which need no key."""

from typing import Any

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from entrypoints.http.health.readiness import Readiness
from entrypoints.http.wire import Health


@get("/healthz", tags=["Health"])
async def healthz() -> Health:
    """Report that the process is alive."""
    return Health(status="ok")


@get("/readyz", responses={503: ResponseSpec(Health, description="A part is not ready")}, tags=["Health"])
async def readyz(request: Request[object, object, Any]) -> Response[Health]:
    """Report whether requests can be served, including writes, and if not, which part is not ready."""
    readiness: Readiness = request.app.state.readiness
    parts = dict(await readiness())
    ready = set(parts.values()) == {"ok"}
    return Response(Health(status="ok" if ready else "not_ready", parts=parts), status_code=200 if ready else 503)


ROUTES = [healthz, readyz]
