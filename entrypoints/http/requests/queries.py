"""Unknown query parameters: refused on Upwell's own routes, reported in a header on the contract's routes.

A repeated parameter is refused on Upwell's own routes. Queries also accept the names of responses: `page_size` for
`limit`, `next_cursor` for `cursor`, and `page`, which counts from 1 with the given limit. Routes of
analytics also take `metadata.<field>=<value>`, whose names are those of metadata fields.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import parse_qsl, quote, urlencode

from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.types import HTTPScope, Scope

from domain.refusals import InvalidInputError
from entrypoints.http.transport.request_log import ADDED_HEADERS

IGNORED = "X-Upwell-Ignored"
METADATA_FILTERS = "metadata_filters"  # in the `opt` of a route: it takes `metadata_filters`
_METADATA = "metadata."
_ALIASES = {"page_size": "limit", "next_cursor": "cursor"}
_MAX_NAMED = 20
_MAX_NAME = 100
_MAX_DIGITS = 9
_BUCKET = "/v1/buckets/{bucket_identifier}"
_KEYS = "/v1/organizations/users/{user_email}/api-keys"
# A test compares these with the contract, if it is available.
CONTRACT = {
    f"{_BUCKET}/uploads": {"POST"},
    f"{_BUCKET}/uploads/batch": {"POST"},
    f"{_BUCKET}/uploads/list": {"POST"},
    f"{_BUCKET}/uploads/{{upload_id}}": {"GET", "DELETE"},
    f"{_BUCKET}/uploads/{{upload_id}}/confirm": {"POST"},
    f"{_BUCKET}/uploads/confirm/batch": {"POST"},
    "/v1/buckets": {"POST"},
    "/v1/buckets/list": {"POST"},
    _BUCKET: {"GET", "PUT", "PATCH", "DELETE"},
    f"{_BUCKET}/objects": {"POST"},
    f"{_BUCKET}/objects/batch": {"POST"},
    f"{_BUCKET}/objects/list": {"POST"},
    f"{_BUCKET}/objects/{{object_identifier}}": {"GET", "PUT", "PATCH", "DELETE"},
    "/v1/namespaces": {"POST"},
    "/v1/namespaces/list": {"POST"},
    "/v1/namespaces/{namespace_identifier}": {"GET", "PUT", "PATCH", "DELETE"},
    "/v1/organizations": {"GET", "PATCH"},
    "/v1/organizations/usage": {"GET"},
    "/v1/organizations/audit/logs": {"GET"},
    _KEYS: {"GET", "POST"},
    f"{_KEYS}/{{key_name}}": {"PATCH", "DELETE"},
    f"{_KEYS}/{{key_name}}/rotate": {"POST"},
    "/v1/tasks/{task_id}": {"GET", "DELETE"},
    "/v1/tasks/list": {"POST"},
    "/v1/analytics/buckets/{bucket_identifier}/upload-performance": {"GET"},
    "/v1/analytics/buckets/{bucket_identifier}/storage": {"GET"},
    "/v1/analytics/buckets/{bucket_identifier}/usage": {"GET"},
    "/v1/organizations/webhooks": {"POST"},
    "/v1/organizations/webhooks/list": {"POST"},
    "/v1/organizations/webhooks/{identifier}": {"GET", "PUT", "DELETE"},
}

Pairs = list[tuple[str, str]]


def settle_query(scope: Scope) -> None:
    """Replace the names of responses by those of the route; refuse or report unknown parameters."""
    query = scope["query_string"]
    if not query:
        return
    known = parameters_of(scope["route_handler"])
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if scope["route_handler"].opt.get(METADATA_FILTERS):
        filters = [name for name, _ in given if name.startswith(_METADATA)]
        check_once(given, frozenset(filters))
        known |= set(filters)
    ours = cast("HTTPScope", scope)["method"] not in CONTRACT.get(scope["path_template"], ())
    if ours:
        check_once(given, known)
    if all(name in known for name, _ in given):
        return
    settled, ignored = settled_query(given, known)
    scope["query_string"] = urlencode(settled).encode()
    if not ignored:
        return
    if ours:
        raise InvalidInputError(
            "unknown_parameter",
            f"{ignored[0][:_MAX_NAME]} is not a query parameter of this route: leave it out, or use "
            + (f"one of {', '.join(sorted(known))}." if known else "none."),
            {"field": ignored[0][:_MAX_NAME], "in": "query", "allowed": sorted(known)},
        )
    named = ", ".join(quote(name[:_MAX_NAME], safe="") for name in ignored[:_MAX_NAMED]).encode()
    added: Sequence[tuple[bytes, bytes]] = scope.get(ADDED_HEADERS, ())  # type: ignore[assignment]  # a key of our own
    scope[ADDED_HEADERS] = [*added, (IGNORED.lower().encode(), named)]  # type: ignore[literal-required]  # the same


def metadata_filters(scope: Scope) -> dict[str, str]:
    """Return the parameters `metadata.<field>=<value>` of a request: values by field."""
    given = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    return {name.removeprefix(_METADATA): value for name, value in given if name.startswith(_METADATA)}


def check_once(given: Pairs, known: frozenset[str]) -> None:
    """Refuse a repeated parameter: it would be unclear which of its values counts."""
    names = [name for name, _ in given if name in known]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(
                "repeated_parameter",
                f"{name} is repeated in the query: send it once.",
                {"field": name, "in": "query"},
            )


def settled_query(given: Pairs, known: frozenset[str]) -> tuple[Pairs, list[str]]:
    """Return a query with the route's names, and the unknown names, each once."""
    names = {name for name, _ in given}
    settled: Pairs = []
    ignored: dict[str, None] = {}
    page = None
    for name, value in given:
        other = _ALIASES.get(name, name)
        if name in known:
            settled.append((name, value))
        elif other in known and other not in names:
            settled.append((other, value))
        elif name == "page" and "offset" in known and "offset" not in names and page is None:
            page = value
        else:
            ignored[name] = None
    if page is not None:
        limit = dict(settled).get("limit", "")
        if _is_count(page) and _is_count(limit):
            settled.append(("offset", str((int(page) - 1) * int(limit))))
        elif page != "1":
            ignored["page"] = None
    return settled, list(ignored)


@functools.cache
def parameters_of(handler: BaseRouteHandler) -> frozenset[str]:
    """Return the names of a route's query parameters."""
    return frozenset(_parameters(handler))


def _parameters(handler: BaseRouteHandler) -> Iterator[str]:
    in_path = {name for path in handler.paths for name in path.replace("{", "}").split("}")[1::2]}
    named_in_path = {name.partition(":")[0] for name in in_path}
    for name, field in handler.parsed_fn_signature.parameters.items():
        given = field.kwarg_definition
        if name not in {"data", "request", "scope", *named_in_path}:
            yield (given.name if isinstance(given, ParameterKwarg) else None) or name


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) > 0
