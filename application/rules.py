"""The rules that operators can set, such as limits and retention times; each has a default."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from domain.organizations.organization import DEFAULT_TIER_LIMITS, Tier, TierLimits
from domain.uploads.parts import USUAL_PART_BYTES

TOKEN_RATE_PERCENT = 10


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of the use cases.

    `grace`: how long after a URL's expiry a worker checks an unconfirmed upload. `retention`: how long the record of an
    ended upload or task is kept. `deliveries_kept`: how long deliveries of webhooks are. `inline_limit_bytes`: larger
    files are verified by a worker, not in the confirm request.
    `part_bytes`: the usual part size. `key_overlap`: how long the old secret works after a rotation.
    `token_rate_percent`: a token's share of its organization's requests per minute.
    """

    tier_limits: Mapping[Tier, TierLimits] = msgspec.field(default_factory=lambda: dict(DEFAULT_TIER_LIMITS))
    grace: timedelta = timedelta(minutes=15)
    retention: timedelta = timedelta(days=30)
    deliveries_kept: timedelta = timedelta(days=30)
    inline_limit_bytes: int = 100 * 10**6
    part_bytes: int = USUAL_PART_BYTES
    key_overlap: timedelta = timedelta(hours=24)
    token_rate_percent: int = TOKEN_RATE_PERCENT
