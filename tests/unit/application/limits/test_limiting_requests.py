import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.limits.rate_ledger import MemoryRateLedger
from application.keys.callers import Caller, acting_for
from application.limits.limiting_requests import LimitingRequests, LimitingStrangers, Verdict
from application.ports.events.event_log import LogUnavailableError
from application.ports.limits.rate_ledger import RateLedger
from domain.keys.upload_token import UploadToken
from domain.limits.rate_limits import RequestClass
from domain.organizations.organization import OwnRateLimits
from domain.refusals import TooManyRequestsError
from tests.unit.application.world import World

LIMITS = OwnRateLimits(metadata=5, data=1000, search=5, upload=300, compute=1)


class CountingLedger(MemoryRateLedger):
    """Counts its calls."""

    asked = 0

    async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        return await super().take(organization_id, limited, window, count)


class BrokenLedger:
    """Fails, or never answers."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self.asked = 0

    async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:  # noqa: ARG002  # a port
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        raise LogUnavailableError("PostgreSQL cannot be reached")


class Process:
    """One process on a ledger."""

    def __init__(self, ledger: RateLedger, clock: ManualClock) -> None:
        self.complaints: list[Exception] = []
        self.clock = clock
        self.limiting = LimitingRequests(ledger=ledger, report=self.complaints.append)

    async def limit(self, caller: Caller, kind: RequestClass) -> Verdict:
        return await self.limiting(caller, kind, self.clock.now())


@pytest.fixture
async def caller(world: World) -> Caller:
    client = await world.tenant()
    return limited(client.caller)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def limited(caller: Caller, *, override: int | None = None, limits: OwnRateLimits = LIMITS) -> Caller:
    return Caller(
        key=msgspec.structs.replace(caller.key, rate_limit_override=override),
        organization=msgspec.structs.replace(caller.organization, own_rate_limits=limits),
    )


async def ask(process: Process, caller: Caller, times: int, kind: RequestClass = RequestClass.UPLOAD) -> list[Verdict]:
    return [await process.limit(caller, kind) for _ in range(times)]


def allowed(verdicts: list[Verdict]) -> int:
    return sum(verdict.allowed for verdict in verdicts)


async def test_a_minute_has_as_many_requests_as_the_limit(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    verdicts = await ask(process, caller, 310)
    assert [verdict.allowed for verdict in verdicts] == [True] * 300 + [False] * 10
    assert [verdict.standings[0].remaining for verdict in verdicts[:300]] == list(range(299, -1, -1))
    with pytest.raises(
        TooManyRequestsError, match="300 requests per minute is the limit of the class 'upload'"
    ) as raised:
        verdicts[-1].check()
    assert (raised.value.code, raised.value.details["retry_after_seconds"]) == ("rate_limited", 60)
    clock.advance(timedelta(seconds=59, milliseconds=500))
    refused = await process.limit(caller, RequestClass.UPLOAD)
    assert (refused.allowed, refused.resets_in) == (False, 1)
    clock.advance(timedelta(milliseconds=500))
    assert allowed(await ask(process, caller, 310)) == 300


async def test_classes_are_counted_apart(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    for kind, limit in msgspec.structs.asdict(LIMITS).items():
        assert allowed(await ask(process, caller, limit + 5, RequestClass(kind))) == limit, kind


async def test_the_ledger_is_not_asked_for_each_request(caller: Caller, clock: ManualClock) -> None:
    ledger = CountingLedger()
    process = Process(ledger, clock)
    await ask(process, caller, 1000, RequestClass.DATA)
    assert ledger.asked < 80
    before = ledger.asked
    assert allowed(await ask(process, caller, 1000, RequestClass.DATA)) == 0
    assert ledger.asked <= before + 1, "a refused request costs nothing"


@pytest.mark.parametrize("share_of_second", [0.5, 0.1, 0.0])
async def test_processes_hold_the_limit_together_within_ten_percent(
    caller: Caller, clock: ManualClock, share_of_second: float
) -> None:
    ledger = CountingLedger()
    first, second = Process(ledger, clock), Process(ledger, clock)
    accepted = 0
    for number in range(1000):
        turn = second if (number * share_of_second) % 1 + share_of_second >= 1 else first
        accepted += allowed(await ask(turn, caller, 1))
    assert 270 <= accepted <= 300


async def test_requests_that_come_at_once_share_what_is_fetched(caller: Caller, clock: ManualClock) -> None:
    ledger = CountingLedger()
    process = Process(ledger, clock)
    verdicts = await asyncio.gather(*(process.limit(caller, RequestClass.UPLOAD) for _ in range(400)))
    assert allowed(list(verdicts)) == 300
    assert ledger.asked <= 110


async def test_a_key_with_a_limit_of_its_own_is_held_to_both(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    key = limited(caller, override=20)
    assert allowed(await ask(process, key, 3, RequestClass.METADATA)) == 3
    verdicts = await ask(process, key, 30)
    assert allowed(verdicts) == 17, "a key's limit counts all of its requests, of any class"
    assert [(each.name, each.remaining) for each in verdicts[-1].standings] == [("key", 0), ("upload", 283)]
    with pytest.raises(TooManyRequestsError, match="20 requests per minute is the limit of this API key"):
        verdicts[-1].check()
    other = limited(caller, override=None)
    assert allowed(await ask(process, other, 300)) == 283


async def test_what_the_organization_refuses_is_not_taken_from_the_key(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    key = limited(caller, override=20)
    assert allowed(await ask(process, key, 10, RequestClass.METADATA)) == 5
    assert allowed(await ask(process, key, 20)) == 15


async def test_another_limit_counts_at_once(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    assert allowed(await ask(process, caller, 310)) == 300
    more = limited(caller, limits=msgspec.structs.replace(LIMITS, upload=400))
    assert 90 <= allowed(await ask(process, more, 200)) <= 100
    less = limited(caller, limits=msgspec.structs.replace(LIMITS, upload=10))
    assert allowed(await ask(process, less, 10)) == 0


@pytest.mark.parametrize("silent", [False, True], ids=["fails", "is silent"])
async def test_without_the_ledger_a_process_holds_the_limit_by_itself(
    caller: Caller, clock: ManualClock, silent: bool
) -> None:
    ledger = BrokenLedger(silent=silent)
    process = Process(ledger, clock)
    began = asyncio.get_running_loop().time()
    assert allowed(await ask(process, caller, 310)) == 300
    assert asyncio.get_running_loop().time() - began < 2, "requests wait once, and not for long"
    assert ledger.asked == 1
    assert len(process.complaints) == 1
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if task.get_name() == "rate-slice":
            task.cancel()


async def test_requests_that_were_granted_without_the_ledger_are_recorded_in_it_later(
    caller: Caller, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.limits.limiting_requests.PAUSE_SECONDS", 0.05)
    ledger = MemoryRateLedger()
    broken = BrokenLedger(silent=False)
    process = Process(broken, clock)
    assert allowed(await ask(process, caller, 100)) == 100
    process.limiting._ledger = ledger
    async with asyncio.timeout(10):
        while not ledger._taken:
            await process.limit(caller, RequestClass.UPLOAD)
            await asyncio.sleep(0.01)
    ((taken,),) = [list(windows.values()) for windows in ledger._taken.values()]
    assert taken > 100
    other = Process(ledger, clock)
    assert allowed(await ask(other, caller, 300)) == 300 - taken


async def test_what_belongs_to_ended_minutes_is_not_kept(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    for number in range(10_000):
        organization = msgspec.structs.replace(caller.organization, organization_id=f"org_{number}")
        await process.limit(Caller(key=caller.key, organization=organization), RequestClass.DATA)
    clock.advance(timedelta(minutes=1))
    await process.limit(caller, RequestClass.DATA)
    assert len(process.limiting._shares) == 1


def holding(caller: Caller, number: int = 1) -> Caller:
    """Return a caller with an upload token of this key."""
    token = UploadToken(
        token_id=f"utk_{number}",
        key_id=caller.key.key_id,
        organization_id=caller.organization.organization_id,
        namespace_id="ns_1",
        bucket_id="bkt_1",
        content_types=("*/*",),
        max_size_bytes=None,
        max_count=1,
        expires_at=datetime(2040, 1, 1, tzinfo=UTC),
    )
    return msgspec.structs.replace(caller, token=token)


async def test_a_token_has_a_tenth_of_the_limit_and_the_others_have_the_rest(
    caller: Caller, clock: ManualClock
) -> None:
    process = Process(MemoryRateLedger(), clock)
    key = limited(caller)
    verdicts = await ask(process, holding(key), 310)
    assert allowed(verdicts) == 30
    assert {each.name for each in verdicts[0].standings} == {"token", "upload"}
    with pytest.raises(TooManyRequestsError, match="30 requests per minute is the limit of this token"):
        verdicts[-1].check()
    assert allowed(await ask(process, holding(key, 2), 310)) == 30, "each token has its own tenth"
    assert allowed(await ask(process, key, 310)) == 240


async def test_processes_hold_a_token_together(caller: Caller, clock: ManualClock) -> None:
    ledger = MemoryRateLedger()
    first, second = Process(ledger, clock), Process(ledger, clock)
    token = holding(limited(caller))
    sent = allowed(await ask(first, token, 100)) + allowed(await ask(second, token, 100))
    assert 30 <= sent <= 33, "each process grants the first tenth of a token's share without the ledger"


async def test_a_token_of_a_slow_key_has_a_tenth_of_that(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    slow = limited(caller, override=50)
    assert allowed(await ask(process, holding(slow), 20)) == 5
    assert allowed(await ask(process, slow, 60)) == 45, "requests of tokens count for their key as well"


async def test_what_is_refused_is_paid_by_its_holder_alone(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    key = limited(caller)
    attacker = holding(key)
    sent = 0
    for _ in range(1000):
        verdict = await process.limit(attacker, RequestClass.UPLOAD)
        if verdict.allowed:
            process.limiting.refused(attacker, RequestClass.UPLOAD)
            sent += 1
    assert sent == 30
    assert verdict.standings[0].name == "refusals"
    with pytest.raises(TooManyRequestsError, match="30 of your requests were refused within this minute"):
        verdict.check()
    assert allowed(await ask(process, key, 310)) == 300, "the organization has lost nothing"


async def test_a_key_with_many_refusals_leaves_others_their_share(caller: Caller, clock: ManualClock) -> None:
    process = Process(MemoryRateLedger(), clock)
    narrow = limited(caller)
    other = msgspec.structs.replace(narrow, key=msgspec.structs.replace(narrow.key, key_id="key_other"))
    for _ in range(1000):
        if (await process.limit(narrow, RequestClass.UPLOAD)).allowed:
            process.limiting.refused(narrow, RequestClass.UPLOAD)
    assert allowed(await ask(process, narrow, 1)) == 0
    assert allowed(await ask(process, narrow, 1, RequestClass.DATA)) == 1, "each class has a separate budget"
    assert allowed(await ask(process, other, 310)) == 300
    clock.advance(timedelta(minutes=1))
    assert allowed(await ask(process, narrow, 1)) == 1


async def test_strangers_are_counted_by_address(clock: ManualClock) -> None:
    strangers = LimitingStrangers(clock=clock, limit=3)
    for _ in range(3):
        strangers.check("203.0.113.7")
    with pytest.raises(TooManyRequestsError, match="More than 3 requests without a valid API key") as refused:
        strangers.check("203.0.113.7")
    assert refused.value.details == {
        "limit": 3,
        "limited": "address",
        "window_seconds": 60,
        "retry_after_seconds": 60,
    }
    strangers.check("203.0.113.8")
    clock.advance(timedelta(minutes=1))
    strangers.check("203.0.113.7")


async def test_a_subscriber_of_ipv6_is_one_stranger(clock: ManualClock) -> None:
    strangers = LimitingStrangers(clock=clock, limit=2)
    strangers.check("2001:db8::1")
    strangers.check("2001:db8:0:0:ffff::1")
    with pytest.raises(TooManyRequestsError):
        strangers.check("2001:db8::2")
    strangers.check("2001:db8:0:1::1")


async def test_beyond_the_limit_one_key_is_looked_up_at_a_time(clock: ManualClock) -> None:
    strangers = LimitingStrangers(clock=clock, limit=1)
    at_once = most = 0

    async def look_up() -> None:
        nonlocal at_once, most
        async with strangers.narrow("203.0.113.7"):
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            at_once -= 1

    await asyncio.gather(*(look_up() for _ in range(5)))
    assert most == 5
    strangers.check("203.0.113.7")
    most = 0
    await asyncio.gather(*(look_up() for _ in range(5)))
    assert most == 1, "and none of them is refused for that"


async def test_a_fetch_for_all_callers_has_no_caller(caller: Caller) -> None:
    seen: list[str] = []

    class Ledger(MemoryRateLedger):
        async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:
            seen.append(acting_for.get("nobody"))
            return await super().take(organization_id, limited, window, count)

    acting_for.set("org_of_the_first_who_asks")
    assert (await Process(Ledger(), ManualClock()).limit(caller, RequestClass.UPLOAD)).allowed
    assert set(seen) == {"nobody"}
