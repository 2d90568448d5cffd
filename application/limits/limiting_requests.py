"""Limiting requests: each process takes slices of a minute's budget from a shared ledger, and counts locally.

A minute begins on the clock's full minute. The next slice is fetched before the last one is used up, so a request waits
for the ledger only at the beginning of a minute and during bursts, and only briefly: if the ledger does not respond in
time, it is not used for a while, and each process continues on its own.

No holder of a key or token can spend the whole budget. A token has a share of its organization's limit. A refused
request (for its permission, scope or form) is given back to the organization, and counts against the holder's own
budget of refusals, which each process keeps locally. Requests without a valid key are counted by client address
(`LimitingStrangers`).
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import Context
from datetime import datetime
from ipaddress import ip_address, ip_network

import msgspec

from application.keys.callers import Caller
from application.ports.clock import Clock
from application.ports.limits.rate_ledger import RateLedger
from application.rules import TOKEN_RATE_PERCENT
from domain.limits.rate_limits import WINDOW_SECONDS, RequestClass, granted, slice_size, window_of
from domain.refusals import TooManyRequestsError

PATIENCE_SECONDS = 0.5
PAUSE_SECONDS = 2.0
OF_A_KEY = "key"
OF_A_TOKEN = "token"  # noqa: S105  # the name of a limit
OF_REFUSALS = "refusals"
_FREE_PART = 10  # a token gets this part of its share without the ledger: most tokens send no more
STRANGERS_LIMIT = 600
_STRANGERS_KNOWN = 10_000
_V4 = 4
_SUBSCRIBER_BITS = 64


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's state for one limit.

    `name`: a class of requests, or `key`, `token` and `refusals` for the holder's own limits.
    """

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
        """Refuse a request beyond its limits."""
        if not self.allowed:
            worst = self.standings[0]
            limit = _LIMITS.get(
                worst.name, f"{{}} requests per minute is the limit of the class '{worst.name}' in your organization"
            )
            raise TooManyRequestsError(
                "rate_limited",
                f"{limit.format(worst.limit)}: try again in {self.resets_in} s.",
                {
                    "limit": worst.limit,
                    "limited": worst.name,
                    "window_seconds": WINDOW_SECONDS,
                    "retry_after_seconds": self.resets_in,
                },
            )


_LIMITS = {
    OF_A_KEY: "{} requests per minute is the limit of this API key",
    OF_A_TOKEN: "{} requests per minute is the limit of this token",
    OF_REFUSALS: "{} of your requests were refused within this minute, which is the limit",
}


class _Share:
    """A process's share of one limit in one minute. `taken`: by all processes, if known; `left`: of the slices.

    `owed`: requests that were granted without the ledger.
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
        """Start over with another limit."""
        self.limit = limit
        self.taken = 0
        self.left = 0
        self.last = 0
        self.low = 0
        self.owed = 0

    def get(self, size: int, taken: int) -> None:
        """Add a slice."""
        self.left += granted(self.limit, wanted=size, taken=taken)
        self.taken = max(taken, self.taken)
        self.last = size
        self.low = self.left // 4

    @property
    def standing(self) -> Standing:
        """Return the current state."""
        return Standing(name=self.name, limit=self.limit, remaining=self.left + max(self.limit - self.taken, 0))


class LimitingRequests:
    """Counts a request against the limits of its class and of the key or token.

    `token_percent`: a token's share of its organization's limit.
    """

    def __init__(
        self,
        *,
        ledger: RateLedger,
        report: Callable[[Exception], None],
        token_percent: int = TOKEN_RATE_PERCENT,
    ) -> None:
        self._ledger = ledger
        self._report = report
        self._token_percent = token_percent
        self._window = 0
        self._shares: dict[tuple[str, str], _Share] = {}  # of this window
        self._refused: dict[tuple[str, RequestClass], int] = {}  # of this window, by holder
        self._alone_until = 0.0

    async def __call__(self, caller: Caller, kind: RequestClass, now: datetime) -> Verdict:
        """Count a request at `now`, if it is within all limits."""
        seconds = now.timestamp()
        window, ends = window_of(seconds)
        if window != self._window:
            self._window = window
            self._shares = {}
            self._refused = {}
        limit: int = getattr(caller.organization.rate_limits, kind)
        of_class = self._share(caller, kind, kind, limit)
        holders = self._shares_of_holder(caller, kind, limit)
        refused = self._refused.get((caller.holder_id, kind), 0) if self._refused else 0
        if refused and refused >= (most := self._most_refusals(caller, limit)):
            allowed = False
            standings: tuple[Standing, ...] = (Standing(name=OF_REFUSALS, limit=most, remaining=0),)
        elif not holders:
            allowed = self._draw_at_once(of_class) or await self._draw(of_class)
            standings = (of_class.standing,)
        else:
            shares = (*holders, of_class)
            allowed = await self._draw_all(shares)
            standings = tuple(sorted((each.standing for each in shares), key=lambda standing: standing.remaining))
        resets_in = max(math.ceil(ends - seconds), 1)
        return Verdict(allowed=allowed, standings=standings, resets_at=ends, resets_in=resets_in)

    def refused(self, caller: Caller, kind: RequestClass) -> None:
        """Count a refused request only against its holder's budget of refusals."""
        organization_id = caller.organization.organization_id
        for limited in (kind,) if caller.is_key else (kind, caller.key.key_id):
            share = self._shares.get((organization_id, limited))
            if share is not None:
                share.left += 1
        holder = (caller.holder_id, kind)
        self._refused[holder] = self._refused.get(holder, 0) + 1

    def _most_refusals(self, caller: Caller, limit: int) -> int:
        return limit if caller.is_key else self._of_a_token(caller, limit)

    def _of_a_token(self, caller: Caller, limit: int) -> int:
        override = caller.key.rate_limit_override
        return max((limit if override is None else min(limit, override)) * self._token_percent // 100, 1)

    def _shares_of_holder(self, caller: Caller, kind: RequestClass, limit: int) -> tuple[_Share, ...]:
        """Return the share of a token, and that of a key with its own limit."""
        override = caller.key.rate_limit_override
        of_key = () if override is None else (self._share(caller, caller.key.key_id, OF_A_KEY, override),)
        if caller.is_key:
            return of_key
        its = self._of_a_token(caller, limit)
        share = self._share(caller, f"{kind}:{caller.holder_id}", OF_A_TOKEN, its)
        if not share.taken and not share.owed:
            share.owed = max(its // _FREE_PART, 1)
            share.get(share.owed, share.owed)
        return (share, *of_key)

    async def _draw_all(self, shares: tuple[_Share, ...]) -> bool:
        """Take one request from each share, or from none."""
        for number, share in enumerate(shares):
            if not await self._draw(share):
                for used in shares[:number]:
                    used.left += 1
                return False
        return True

    def _share(self, caller: Caller, limited: str, name: str, limit: int) -> _Share:
        organization_id = caller.organization.organization_id
        share = self._shares.get((organization_id, limited))
        if share is None:
            share = self._shares[organization_id, limited] = _Share(organization_id, limited, name, self._window)
        if share.limit != limit:
            share.begin(limit)
        return share

    def _draw_at_once(self, share: _Share) -> bool:
        """Take one request from the local slices, and fetch more before they are used up."""
        if share.left <= 0:
            return False
        share.left -= 1
        if share.left < share.low and share.taken < share.limit and not self._alone:
            self._ask(share)
        return True

    async def _draw(self, share: _Share) -> bool:
        """Take one request from the share; False if the budget is used up."""
        while True:
            if self._draw_at_once(share):
                return True
            if share.taken >= share.limit:
                return False
            if not await self._have_more(share):
                self._help_ourselves(share)

    async def _have_more(self, share: _Share) -> bool:
        """Wait for a slice; False if the ledger does not respond in time."""
        if self._alone:
            return False
        done, _ = await asyncio.wait({self._ask(share)}, timeout=PATIENCE_SECONDS)
        if not done:
            self._go_on_alone(TimeoutError(f"no response within {PATIENCE_SECONDS} s"))
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
        except Exception as error:  # noqa: BLE001  # requests continue after any error of the ledger
            self._go_on_alone(error)
            return
        if share.limit == limit:
            share.owed -= owed
            share.get(size, taken)

    @staticmethod
    def _help_ourselves(share: _Share) -> None:
        """Continue without the ledger, as if there were no other process."""
        size = slice_size(share.limit, left=share.limit - share.taken, last=share.last)
        share.owed += size
        share.get(size, share.taken + size)


class LimitingStrangers:
    """Counts requests without a valid key by address. Each process counts locally, without queries.

    Beyond the limit a valid key still works, but keys from this address are looked up one at a time, so that guesses do
    not overload the database.
    """

    def __init__(self, *, clock: Clock, limit: int = STRANGERS_LIMIT) -> None:
        self._clock = clock
        self._limit = limit
        self._window = 0
        self._counts: dict[str, int] = {}  # of this window
        self._narrow = asyncio.Lock()

    def narrow(self, address: str) -> AbstractAsyncContextManager[object]:
        """Return the context for looking up a key from this address."""
        return self._narrow if self._beyond(address) else nullcontext()

    def check(self, address: str) -> None:
        """Count a request without a valid key, and refuse it if there were too many."""
        if len(self._counts) >= _STRANGERS_KNOWN:
            self._counts.clear()
        beyond = self._beyond(address)
        place = _place_of(address)
        self._counts[place] = self._counts.get(place, 0) + 1
        if beyond:
            now = self._clock.now().timestamp()
            seconds = max(math.ceil(window_of(now)[1] - now), 1)
            raise TooManyRequestsError(
                "rate_limited",
                f"More than {self._limit} requests without a valid API key came from your address within a minute:"
                f" send a valid key, or try again in {seconds} s.",
                {
                    "limit": self._limit,
                    "limited": "address",
                    "window_seconds": WINDOW_SECONDS,
                    "retry_after_seconds": seconds,
                },
            )

    def _beyond(self, address: str) -> bool:
        window, _ = window_of(self._clock.now().timestamp())
        if window != self._window:
            self._window = window
            self._counts.clear()
        return self._counts.get(_place_of(address), 0) >= self._limit


def _place_of(address: str) -> str:
    """Return the unit that is counted: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:  # the name of a socket, or invalid data of a proxy
        return address
    return address if found.version == _V4 else str(ip_network((int(found), _SUBSCRIBER_BITS), strict=False))
