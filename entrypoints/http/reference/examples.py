"""An example of a request and of its answer for each route: for the OpenAPI document and the page of routes.

They are kept in `examples.json`: under `routes` by the name of a handler, under `errors` by status.
"""

import json
from importlib.resources import files
from typing import Any

_KEPT: dict[str, dict[str, Any]] = json.loads(files(__package__).joinpath("examples.json").read_text(encoding="utf-8"))
ROUTES: dict[str, dict[str, Any]] = _KEPT["routes"]
ERRORS: dict[str, Any] = _KEPT["errors"]


def body_of(handler: str) -> Any:  # noqa: ANN401  # JSON
    """Return an example of a request's body; None if it has no body."""
    return ROUTES.get(handler, {}).get("body")


def answer_of(handler: str) -> Any:  # noqa: ANN401  # JSON
    """Return an example of a successful response; None if it has no body."""
    return ROUTES.get(handler, {}).get("answer")
