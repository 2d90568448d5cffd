"""What `WebhookEndpoints` promises, on every adapter."""

from datetime import timedelta

import msgspec

from application.ports.webhooks.webhook_endpoints import Secret
from tests.contract.webhooks._desk import LASTS, PAUSE, Desk, endpoint


async def test_secrets_are_kept_and_replaced(desk: Desk) -> None:
    await desk.make("wh_1")
    kept = endpoint(desk.account, "wh_1")
    assert await desk.endpoints.endpoint("wh_1") == kept
    other = msgspec.structs.replace(kept, secrets=(Secret(value="whsec_c"),), headers={})
    await desk.endpoints.keep(other)
    assert await desk.endpoints.endpoint("wh_1") == other
    assert await desk.endpoints.endpoint("wh_2") is None


async def test_failures_are_counted_until_it_answers(desk: Desk) -> None:
    await desk.make("wh_1")
    begun = desk.account.clock.now()
    await desk.endpoints.failed("wh_1", now=begun, resting_until=begun + PAUSE)
    later = desk.account.clock.advance(LASTS)
    await desk.endpoints.failed("wh_1", now=later, resting_until=later)
    found = await desk.endpoints.endpoint("wh_1")
    assert found is not None
    assert (found.failures, found.failing_since, found.resting_until) == (2, begun, begun + PAUSE)
    await desk.endpoints.answered("wh_1")
    assert await desk.endpoints.endpoint("wh_1") == msgspec.structs.replace(
        found, failures=0, failing_since=None, resting_until=None
    )


async def test_secrets_of_what_is_gone_or_was_never_made_are_removed(desk: Desk) -> None:
    await desk.make("wh_1")
    now = desk.account.clock.now()
    await desk.endpoints.keep(endpoint(desk.account, "wh_2"))
    await desk.endpoints.drop(now=now, kept=timedelta())
    assert await desk.endpoints.endpoint("wh_2") is not None
    await desk.endpoints.drop(now=now + LASTS, kept=LASTS / 2)
    assert await desk.endpoints.endpoint("wh_2") is None
    assert await desk.endpoints.endpoint("wh_1") is not None
    assert [each.webhook_id for each in await desk.endpoints.endpoints(["wh_1", "wh_2"])] == ["wh_1"]
