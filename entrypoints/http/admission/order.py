"""The order of the checks before a body is read, as values: `Admission` carries it out, and the documentation shows it.

An acceptance test breaks each step together with all later ones, and expects a refusal of that step.
"""

from collections.abc import Mapping

import msgspec


class Step(msgspec.Struct, frozen=True, eq=False):
    """One check. `subject`: what it looks at. `refusals`: the codes of its refusals, by status."""

    subject: str
    refusals: Mapping[int, tuple[str, ...]]


KEY = Step(
    "the API key or token",
    {
        401: (
            "key_missing",
            "key_unknown",
            "key_rotated",
            "key_revoked",
            "key_expired",
            "token_unknown",
            "token_expired",
        )
    },
)
RATE = Step("the rate of the organization and of the key", {429: ("rate_limited",)})
ORIGIN = Step("the web origin of the page that sends the request", {403: ("origin_not_allowed",)})
PERMISSION = Step("the permissions of the key or token", {403: ("permission_denied", "token_denied")})
NAMESPACE = Step(
    "the namespace, in `X-Namespace`, and whether the key's scopes reach into it",
    {422: ("namespace_required",), 404: ("namespace_not_found",), 403: ("permission_denied",)},
)
BUCKET = Step(
    "the bucket, in the path, and whether the key's scopes reach it",
    {404: ("bucket_not_found",), 403: ("out_of_scope",)},
)
ACTIVE = Step("the status of the bucket, where it is to take uploads", {403: ("bucket_not_active",)})
IDEMPOTENCY_KEY = Step("the idempotency key, where one is given", {422: ("invalid_idempotency_key",)})

STEPS = (KEY, RATE, ORIGIN, PERMISSION, NAMESPACE, BUCKET, ACTIVE, IDEMPOTENCY_KEY)
