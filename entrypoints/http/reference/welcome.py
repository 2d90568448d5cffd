"""The page at the root: HTML for people, and the same links as JSON for programs."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.enums import MediaType

_PAGE = (Path(__file__).parent / "pages" / "welcome.html").read_text(encoding="utf-8")
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@get("/", include_in_schema=False, opt={"asks": "nothing"}, sync_to_thread=False)
def welcome(request: Request[Any, Any, Any]) -> Response[Any]:
    """Return a description of the service, with links."""
    running = version("upwell")
    if "text/html" in request.headers.get("accept", ""):
        return Response(
            _PAGE.replace("{version}", running),
            media_type=MediaType.HTML,
            headers={"Content-Security-Policy": _POLICY, "Vary": "Accept"},
        )
    places = {"docs": "docs/", "openapi": "openapi.json", "health": "healthz", "ready": "readyz", "api": "v1/"}
    return Response({"name": "Upwell", "version": running, **places}, headers={"Vary": "Accept"})


ROUTES = [welcome]
