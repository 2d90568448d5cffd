"""The rules that an operator may set, such as limits and times of retention; each has a default."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from domain.organizations.organization import DEFAULT_TIER_LIMITS, Tier, TierLimits
from domain.uploads.parts import USUAL_PART_BYTES

TOKEN_RATE_PERCENT = 10


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that use cases go by.

    `grace`: how long after a URL's expiry somebody looks whether the client came back. `retention`: how long the record
    of an ended upload is kept. `inline_limit_bytes`: a larger file is verified by a worker, not in the confirm request.
    `part_bytes`: the usual size of the parts of an upload.
    `key_overlap`: how long the secret before a rotation works on. `token_rate_percent`: how much of its organization's
    requests a minute a token may use.
    """

    tier_limits: Mapping[Tier, TierLimits] = msgspec.field(default_factory=lambda: dict(DEFAULT_TIER_LIMITS))
    grace: timedelta = timedelta(minutes=15)
    retention: timedelta = timedelta(days=30)
    inline_limit_bytes: int = 100 * 10**6
    part_bytes: int = USUAL_PART_BYTES
    key_overlap: timedelta = timedelta(hours=24)
    token_rate_percent: int = TOKEN_RATE_PERCENT
