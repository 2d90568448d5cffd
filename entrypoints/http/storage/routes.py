"""The route for notifications of a storage. Its caller authenticates with a separate secret, not an API key."""

from hmac import compare_digest
from typing import Any

from litestar import Request, post
from litestar.exceptions import NotFoundException

from application.storage.taking_notifications import Taken
from domain.refusals import UnauthenticatedError
from entrypoints.wiring.use_cases import Services

_SECRET_HEADER = "X-Upwell-Storage-Secret"  # noqa: S105  # a header's name


@post(
    "/v1/storage-events",
    status_code=200,
    include_in_schema=False,
    opt={"asks": "the storage's secret"},
    tags=["Storage events"],
)
async def take_storage_events(request: Request[Any, Any, Any]) -> Taken:
    """Accept a storage's notifications about its objects; small files are verified at once."""
    secret: str | None = request.app.state.storage_events_secret
    if secret is None:
        raise NotFoundException
    if not compare_digest(_given(request).encode(), secret.encode()):
        raise UnauthenticatedError(
            "invalid_storage_secret",
            "The secret for storage events is wrong: send the one in UPWELL_STORAGE_EVENTS_SECRET.",
        )
    services: Services = request.app.state.services
    services.system.clock.check()
    return await services.take_storage_events(await request.body())


def _given(request: Request[Any, Any, Any]) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get(_SECRET_HEADER, "")


ROUTES = [take_storage_events]
