"""Whether the process lives, and whether each of its parts answers. No key is asked for."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from application.ports.event_log import LogUnavailableError
from application.ports.object_storage import StorageError
from entrypoints.http.wire.base import Health
from entrypoints.wiring import Services

_PATIENCE_SECONDS = 5


@get("/healthz", tags=["Health"])
async def healthz() -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@get("/readyz", responses={503: ResponseSpec(Health, description="A part is not ready")}, tags=["Health"])
async def readyz(request: Request[object, object, Any]) -> Response[Health]:
    """Say whether requests can be served, and if not, which part is not ready."""
    services: Services = request.app.state.services
    database, storage = await asyncio.gather(_state(services.system.log.head()), _state(services.system.storage.ping()))
    ready = database == storage == "ok"
    return Response(
        Health(status="ok" if ready else "not_ready", parts={"database": database, "storage": storage}),
        status_code=200 if ready else 503,
    )


async def _state(answer: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await answer
    except TimeoutError:
        return f"no answer within {_PATIENCE_SECONDS} s"
    except (LogUnavailableError, StorageError) as error:
        return str(error) or type(error).__name__
    return "ok"


ROUTES = [healthz, readyz]
