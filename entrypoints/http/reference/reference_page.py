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
            before_request=_only({each.name for each in folder.iterdir()}),
        )
        for name, folder in (("assets", assets), ("page", _PAGES))
    ]
