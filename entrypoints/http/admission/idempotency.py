"""The header `Idempotency-Key` on routes that create something."""

from typing import TypeVar, cast

import msgspec
from litestar.types import HTTPScope, Scope

from application.idempotency import Creation, check_idempotency_key, keyed_request
from domain.refusals import InvalidInputError
from entrypoints.http.admission.admission import admitted_in

Result = TypeVar("Result")


async def once(
    scope: Scope, data: object, creation: Creation[Result], *, key_in_body: str | None = None, part: int | None = None
) -> Result:
    """Execute a request, only once if the client sent an idempotency key.

    `data`: the body, or a substitute. `key_in_body`: the key in some bodies, instead of the header. `part`: the index
    of one of several created things. The route must have `Needs(…, once=True)`.
    """
    admitted = admitted_in(scope)
    key = admitted.idempotency_key
    if key_in_body is not None:
        if key not in {None, key_in_body}:
            raise InvalidInputError(
                "invalid_idempotency_key",
                "The header Idempotency-Key and the body have different keys: send only one.",
                {"field": "Idempotency-Key"},
            )
        key = check_idempotency_key(key_in_body)
    if key is None:
        return await creation.make(admitted.services.ports.ids)
    request = keyed_request(
        organization_id=admitted.caller.organization.organization_id,
        # the holder of a token must not see the results of its key, or of the key's other tokens
        key_id=admitted.caller.holder_id,
        key=key if part is None else f"{key}\n{part}",
        what=(
            cast("HTTPScope", scope)["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            "" if admitted.given_namespace is None else admitted.given_namespace.namespace_id,
        ),
        body=msgspec.json.encode(data, order="deterministic"),
    )
    return await admitted.services.do_once(request, creation)
