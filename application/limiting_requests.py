"""Limiting requests: each process takes slices of a minute's budget from a ledger that all share, and counts by itself.

A minute begins on the clock's full minute. The next slice is fetched before the last one is used up, so a request waits
for the ledger only in a minute's first moment and when many come at once, and never for long: a ledger that does not
answer in time is not asked for a while, and until then each process goes on as if it were alone.
"""

import asyncio
import math
from collections.abc import Callable
from contextvars import Context

import msgspec

from application.callers import Caller
from application.ports.clock import Clock
from application.ports.rate_ledger import RateLedger
from domain.rate_limiting import WINDOW_SECONDS, RequestClass, granted, slice_size, window_of
from domain.refusals import TooManyRequestsError

PATIENCE_SECONDS = 0.5
PAUSE_SECONDS = 2.0
OF_A_KEY = "key"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a caller stands to one limit. `name`: a class of requests, or `key` for the limit of an API key."""

    name: str
    limit: int
    remaining: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a request is within its limits. `standings`: the one with the least remaining first."""

    allowed: bool
    standings: tuple[Standing, ...]
    resets_at: int
    resets_in: int

    def check(self) -> None:
        """Refuse a request that is not."""
        if not self.allowed:
            worst = self.standings[0]
            what = "this API key" if worst.name == OF_A_KEY else f"the class '{worst.name}' in your organization"
            raise TooManyRequestsError(
                "rate_limited",
                f"{worst.limit} requests a minute is the limit of {what}: try again in {self.resets_in} s.",
                {
                    "limit": worst.limit,
                    "limited": worst.name,
                    "window_seconds": WINDOW_SECONDS,
                    "retry_after_seconds": self.resets_in,
                },
            )


class _Share:
    """What this process has of one limit in one minute. `taken`: by all, as far as is known; `left`: of our slices.

    `owed`: what we have granted ourselves and the ledger does not know of.
    """

    __slots__ = (
        "asking",
        "last",
        "left",
        "limit",
        "limited",
        "low",
        "name",
        "organization_id",
        "owed",
        "taken",
        "window",
    )

    def __init__(self, organization_id: str, limited: str, name: str, window: int) -> None:
        self.organization_id = organization_id
        self.limited = limited
        self.name = name
        self.window = window
        self.asking: asyncio.Task[None] | None = None
        self.begin(0)

    def begin(self, limit: int) -> None:
        """Begin anew, under another limit."""
        self.limit = limit
        self.taken = 0
        self.left = 0
        self.last = 0
        self.low = 0
        self.owed = 0

    def get(self, size: int, taken: int) -> None:
        """Have one more slice."""
        self.left += granted(self.limit, wanted=size, taken=taken)
        self.taken = max(taken, self.taken)
        self.last = size
        self.low = self.left // 4

    @property
    def standing(self) -> Standing:
        """Tell how things stand."""
        return Standing(name=self.name, limit=self.limit, remaining=self.left + max(self.limit - self.taken, 0))


class LimitingRequests:
    """Counts a request against the limits of its class and of its key."""

    def __init__(self, *, ledger: RateLedger, clock: Clock, report: Callable[[Exception], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._report = report
        self._window = 0
        self._shares: dict[tuple[str, str], _Share] = {}  # of this window
        self._alone_until = 0.0

    async def __call__(self, caller: Caller, kind: RequestClass) -> Verdict:
        """Count one request, if it is within all limits."""
        now = self._clock.now().timestamp()
        window, ends = window_of(now)
        if window != self._window:
            self._window = window
            self._shares = {}
        limit: int = getattr(caller.organization.rate_limits, kind)
        organization_id = caller.organization.organization_id
        of_class = self._share(organization_id, kind, kind, limit)
        override = caller.key.rate_limit_override
        standings: tuple[Standing, ...]
        if override is None:
            allowed = self._draw_at_once(of_class) or await self._draw(of_class)
            standings = (of_class.standing,)
        else:
            of_key = self._share(organization_id, caller.key.key_id, OF_A_KEY, override)
            allowed = await self._draw(of_key)
            if allowed and not await self._draw(of_class):
                allowed = False
                of_key.left += 1  # it was not used
            both = (of_class.standing, of_key.standing)
            standings = tuple(sorted(both, key=lambda standing: standing.remaining))
        return Verdict(allowed=allowed, standings=standings, resets_at=ends, resets_in=max(math.ceil(ends - now), 1))

    def _share(self, organization_id: str, limited: str, name: str, limit: int) -> _Share:
        share = self._shares.get((organization_id, limited))
        if share is None:
            share = self._shares[organization_id, limited] = _Share(organization_id, limited, name, self._window)
        if share.limit != limit:
            share.begin(limit)
        return share

    def _draw_at_once(self, share: _Share) -> bool:
        """Use one request of what this process has, and see to it that more comes before it is used up."""
        if share.left <= 0:
            return False
        share.left -= 1
        if share.left < share.low and share.taken < share.limit and not self._alone:
            self._ask(share)
        return True

    async def _draw(self, share: _Share) -> bool:
        """Use one request of our share; False if none is left anywhere."""
        while True:
            if self._draw_at_once(share):
                return True
            if share.taken >= share.limit:
                return False
            if not await self._have_more(share):
                self._help_ourselves(share)

    async def _have_more(self, share: _Share) -> bool:
        """Wait for a slice; False where the ledger does not answer in time."""
        if self._alone:
            return False
        done, _ = await asyncio.wait({self._ask(share)}, timeout=PATIENCE_SECONDS)
        if not done:
            self._go_on_alone(TimeoutError(f"no answer within {PATIENCE_SECONDS} s"))
        return not self._alone

    @property
    def _alone(self) -> bool:
        return asyncio.get_running_loop().time() < self._alone_until

    def _go_on_alone(self, error: Exception) -> None:
        if not self._alone:
            self._report(error)
        self._alone_until = asyncio.get_running_loop().time() + PAUSE_SECONDS

    def _ask(self, share: _Share) -> asyncio.Task[None]:
        if share.asking is None or share.asking.done():
            share.asking = asyncio.create_task(self._fetch(share, share.limit), name="rate-slice", context=Context())
        return share.asking

    async def _fetch(self, share: _Share, limit: int) -> None:
        size = slice_size(limit, left=limit - share.taken, last=share.last)
        owed = share.owed
        try:
            taken = await self._ledger.take(share.organization_id, share.limited, share.window, size + owed)
        except Exception as error:  # noqa: BLE001  # whatever the ledger has: requests go on
            self._go_on_alone(error)
            return
        if share.limit == limit:
            share.owed -= owed
            share.get(size, taken)

    @staticmethod
    def _help_ourselves(share: _Share) -> None:
        """Go on without the ledger: as if nobody else took anything."""
        size = slice_size(share.limit, left=share.limit - share.taken, last=share.last)
        share.owed += size
        share.get(size, share.taken + size)
