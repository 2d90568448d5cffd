"""The OpenAPI document and the page that shows it, under any path: all their URLs are relative.

Swagger UI comes from its wheel. Browsers run no script and load nothing from another origin.
"""

from collections.abc import Callable, Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.reference.openapi import document_of

PATH = "/docs"
_PAGES = Path(__file__).parent / "pages"
_PAGE = (_PAGES / "docs.html").read_text(encoding="utf-8")


class ReferencePage(OpenAPIRenderPlugin):
    """The page."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002  # Litestar's signature
        """Return the page. `/docs` and `/docs/` are different base URLs for a browser."""
        here = "" if request.scope["raw_path"].endswith(b"/") else f"{PATH[1:]}/"
        return _PAGE.replace("{here}", here).encode()


class ReferenceDocument(JsonRenderPlugin):
    """The document next to the page: the service is one folder above it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002  # Litestar's signature
        """Return the document."""
        return super().render(request, document_of(request.app) | {"servers": [{"url": ".."}]})


@get("/openapi.json", include_in_schema=False, opt={"asks": "nothing"}, sync_to_thread=False)
def get_openapi_document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the OpenAPI document."""
    return document_of(request.app)


def _only(names: Collection[str]) -> Callable[[Request[Any, Any, Any]], None]:
    """Return what refuses other names: for those that no file can have, file systems raise errors of many kinds."""

    def check(request: Request[Any, Any, Any]) -> None:
        if str(request.path_params["file_path"]).removeprefix("/") not in names:
            raise NotFoundException

    return check


def _unless_known(app: ASGIApp) -> ASGIApp:
    """Return ASGI around `app` that sends no file to a client that has it: RFC 9110, section 13.1.2."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        known = b",".join([value for name, value in scope["headers"] if name == b"if-none-match"])
        tags = {each.strip().removeprefix(b"W/") for each in known.split(b",")}
        is_known = False

        async def answer(message: Message) -> None:
            nonlocal is_known
            if message["type"] == "http.response.start" and message["status"] == HTTP_200_OK:
                etag = dict(message["headers"]).get(b"etag")
                is_known = etag in tags or b"*" in tags
                if is_known:
                    kept = [header for header in message["headers"] if not header[0].startswith(b"content-")]
                    await send({**message, "status": HTTP_304_NOT_MODIFIED, "headers": kept})
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            if not is_known:
                await send(message)

        await app(scope, receive, answer if known else send)

    return serve


def routers() -> list[Router]:
    """Return the routers for the files of the page."""
    spec = find_spec("swagger_ui_bundle")
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise RuntimeError("The package swagger-ui-bundle-v2 is not installed.")
    assets = next(Path(locations[0]).rglob("swagger-ui-bundle.js")).parent
    return [
        create_static_files_router(
            path=f"{PATH}/{name}",
            directories=[folder],
            include_in_schema=False,
            middleware=[_unless_known],
            before_request=_only({each.name for each in folder.iterdir()}),
        )
        for name, folder in (("assets", assets), ("page", _PAGES))
    ]
