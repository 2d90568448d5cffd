"""The headers about rate limits: the common `X-RateLimit-*`, and the fields of the IETF's draft.

The draft is draft-ietf-httpapi-ratelimit-headers-11: `RateLimit` and `RateLimit-Policy` are lists of named policies.
"""

from functools import lru_cache

from application.limits.limiting_requests import Verdict
from domain.limits.rate_limits import WINDOW_SECONDS

Header = tuple[bytes, bytes]


def headers(verdict: Verdict) -> list[Header]:
    """Return the headers of a response. `X-RateLimit-*` describe the limit with the least remaining requests."""
    worst = verdict.standings[0]
    resets_in = verdict.resets_in
    remaining = [b'"%b";r=%d;t=%d' % (each.name.encode(), each.remaining, resets_in) for each in verdict.standings]
    return [
        (b"x-ratelimit-limit", b"%d" % worst.limit),
        (b"x-ratelimit-remaining", b"%d" % worst.remaining),
        (b"x-ratelimit-reset", b"%d" % verdict.resets_at),
        (b"ratelimit", b", ".join(remaining)),
        (b"ratelimit-policy", _policies(*[(each.name, each.limit) for each in verdict.standings])),
    ]


@lru_cache(maxsize=256)
def _policies(*limits: tuple[str, int]) -> bytes:
    return ", ".join([f'"{name}";q={limit};w={WINDOW_SECONDS}' for name, limit in limits]).encode()
