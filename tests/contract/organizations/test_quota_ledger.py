"""What `QuotaLedger` promises, on every adapter."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from application.ports.events.event_log import Command
from application.ports.organizations.quota_ledger import QuotaUse
from domain.events.event import Origin
from domain.events.registry import decode
from domain.organizations.ledger import sum_of
from domain.organizations.organization import Tier
from domain.refusals import QuotaExceededError
from domain.uploads.upload import UploadCommand
from domain.uploads.upload_events import UploadRequested
from tests.contract._log import (
    OTHER_HASH,
    Account,
    Kit,
    Refusal,
    open_account,
    refused,
    refused_whole,
    twins,
    whole_feed,
)

NO_ROOM: Refusal = (QuotaExceededError, "quota_exceeded")


async def use_of(kit: Kit, account: Account) -> tuple[int, int]:
    """Return the bytes that are reserved, and those that are accepted."""
    use = await kit.quota_ledger.use(account.organization_id)
    return use.reserved_bytes, use.accepted_bytes


# Room


async def test_what_is_larger_than_the_quota_is_refused(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.other_log, 6)
    facts = await refused_whole(kit, account, account.request_command(declared_size_bytes=7), NO_ROOM)
    assert facts == {"limit_bytes": 6, "used_bytes": 0, "requested_bytes": 7}


async def test_reserved_and_accepted_bytes_both_take_room(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.other_log, 206)
    await account.complete(kit.log)
    await account.request(kit.log, declared_size_bytes=100)
    facts = await refused_whole(kit, account, account.request_command(declared_size_bytes=7), NO_ROOM)
    assert facts == {"limit_bytes": 206, "used_bytes": 200, "requested_bytes": 7}


async def test_a_command_that_needs_no_room_is_accepted_even_if_the_quota_is_below_its_use(
    kit: Kit, account: Account
) -> None:
    done = await account.complete(kit.log)
    uploads = [await account.request(kit.log, declared_size_bytes=100) for _ in range(3)]
    await account.set_quota(kit.log, 10)
    assert await account.request(kit.log, declared_size_bytes=0)
    await account.complete(kit.log, uploads[0], size_bytes=100)
    await account.complete(kit.log, uploads[1], size_bytes=99)
    await account.send(kit.log, uploads[2], account.cancels(kept_bytes=100))
    await account.send(kit.log, done, account.forgets())
    await refused(*NO_ROOM, kit.log.append(account.request_command(declared_size_bytes=1)))


async def test_what_a_command_frees_makes_room_for_what_else_it_wants(kit: Kit, account: Account) -> None:
    done = await account.complete(kit.log, size_bytes=10)
    await account.set_quota(kit.log, 10)
    for size_bytes, refusals in ((11, [NO_ROOM]), (10, [])):
        wish = account.request_command(declared_size_bytes=size_bytes).streams[0]
        exchange = await account.to_upload(kit.log, done, account.forgets(), wish)
        for refusal in refusals:
            await refused(*refusal, kit.log.append(exchange))
    await kit.log.append(exchange)
    use = await kit.quota_ledger.use(account.organization_id)
    assert (use.reserved_bytes, use.accepted_bytes) == (10, 0)


@pytest.mark.parametrize("grow", ["complete", "cancel"])
async def test_bytes_beyond_those_that_were_reserved_need_room(kit: Kit, account: Account, grow: str) -> None:
    upload_id = await account.request(kit.log, declared_size_bytes=10)
    await account.set_quota(kit.log, 11)
    await account.send(kit.log, upload_id, account.begins())

    def accepting(size_bytes: int) -> Callable[[Origin], UploadCommand]:
        return account.accepts(size_bytes) if grow == "complete" else account.cancels(kept_bytes=size_bytes)

    command = await account.to_upload(kit.log, upload_id, accepting(12))
    facts = await refused(*NO_ROOM, kit.log.append(command))
    assert facts == {"limit_bytes": 11, "used_bytes": 10, "requested_bytes": 2}
    await account.send(kit.log, upload_id, accepting(11))
    use = await kit.quota_ledger.use(account.organization_id)
    assert (use.reserved_bytes, use.accepted_bytes) == (0, 11)


async def test_the_last_byte_of_a_quota_may_be_used_and_without_a_quota_any_number(kit: Kit, account: Account) -> None:
    await account.request(kit.log, declared_size_bytes=10**15)
    await account.set_quota(kit.log, 10**15 + 1)
    await refused(*NO_ROOM, kit.log.append(account.request_command(declared_size_bytes=2)))
    await account.request(kit.log, declared_size_bytes=1)
    await refused(*NO_ROOM, kit.log.append(account.request_command(declared_size_bytes=1)))


async def test_a_quota_is_exact_under_any_concurrency(kit: Kit, account: Account) -> None:
    limit, asked = 1_000, 2_000
    await account.set_quota(kit.log, limit)
    begin = await kit.log.head()
    commands = [account.request_command(declared_size_bytes=1, conditions=account.live) for _ in range(asked)]
    logs = [kit.log, kit.other_log]
    outcomes = await asyncio.gather(
        *(logs[number % 2].append(command) for number, command in enumerate(commands)), return_exceptions=True
    )
    positions = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert sorted(positions) == list(range(begin + 1, begin + limit + 1))
    assert {type(outcome) for outcome in outcomes} == {int, QuotaExceededError}
    use = await kit.quota_ledger.use(account.organization_id)
    assert (use.reserved_bytes, use.accepted_bytes) == (limit, 0)
    assert await kit.log.head() == begin + limit


async def test_the_quotas_of_organizations_that_write_at_once_are_exact_while_bytes_come_and_go(
    kit: Kit, account: Account
) -> None:
    accounts = [account, *[await open_account(kit.log, beside=account) for _ in range(2)]]
    ended: list[list[Command]] = []
    for each, limit in zip(accounts, (30, 50, 70), strict=True):
        uploads = [await each.request(kit.log, declared_size_bytes=10) for _ in range(2)]
        uploads.append(await each.complete(kit.log, size_bytes=10))
        commands = (each.cancels(), each.expires(), each.forgets())
        ended.append(
            [await each.to_upload(kit.log, one, command) for one, command in zip(uploads, commands, strict=True)]
        )
        await each.set_quota(kit.log, limit)
    wishes = [
        each.request_command(declared_size_bytes=1, conditions=each.live) for _ in range(100) for each in accounts
    ]
    for number in range(9):
        wishes.insert(25 * (number + 1), ended[number % 3][number // 3])
    outcomes = await asyncio.gather(
        *((kit.log, kit.other_log)[number % 2].append(command) for number, command in enumerate(wishes)),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} == {int, QuotaExceededError}
    for each, limit in zip(accounts, (30, 50, 70), strict=True):
        use = await kit.quota_ledger.use(each.organization_id)
        assert (use.reserved_bytes, use.accepted_bytes) == (limit, 0)
        feed = [decode(one.state) for one in await whole_feed(kit.log)]
        mine = [event for event in feed if event.origin.organization_id == each.organization_id]
        assert sum(isinstance(event, UploadRequested) and event.reserved_bytes == 1 for event in mine) == limit


# Reservation and settlement


async def test_a_reservation_is_settled_to_the_true_size_at_completion(kit: Kit, account: Account) -> None:
    declared = await account.request(kit.log, declared_size_bytes=100)
    undeclared = await account.request(kit.log)
    assert await use_of(kit, account) == (100, 0)
    await account.complete(kit.log, declared, size_bytes=100)
    assert await use_of(kit, account) == (0, 100)
    await account.complete(kit.log, undeclared, size_bytes=30, sha256=OTHER_HASH)
    assert await use_of(kit, account) == (0, 130)
    await account.send(kit.log, declared, account.forgets())
    assert await use_of(kit, account) == (0, 30)


async def test_a_reservation_is_released_when_an_upload_ends_without_bytes(kit: Kit, account: Account) -> None:
    async def ends(*commands: Callable[..., Any]) -> tuple[int, int]:
        upload_id = await account.request(kit.log, declared_size_bytes=100)
        assert await use_of(kit, account) == (100, 0)
        for step in commands:
            await account.send(kit.log, upload_id, step)
        return await use_of(kit, account)

    assert await ends(account.expires()) == (0, 0)
    assert await ends(account.begins(), account.rejects()) == (0, 0)
    assert await ends(account.cancels()) == (0, 0)
    assert await ends(account.begins(), account.cancels()) == (0, 0)
    assert await ends(account.expires(), account.cancels()) == (0, 0)
    assert await ends(account.begins(), account.accepts(duplicate_of="upl_1")) == (0, 0)
    assert await ends(account.begins(), account.accepts(existing_object_id="obj_1")) == (0, 0)
    assert await ends(account.begins(), account.abandons(), account.cancels(), account.forgets()) == (0, 0)
    assert await ends(account.cancels(64)) == (0, 64)


async def test_the_use_is_the_sum_of_what_the_events_say(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account)
    for each in (account, other):
        original, *heirs = await twins(kit, each)
        await each.request(kit.log, declared_size_bytes=7)
        await each.send(kit.log, await each.request(kit.log, declared_size_bytes=9), each.cancels(4))
        await kit.log.append(await each.goes(kit.log, original, heir_id=heirs[0]))
    events = [decode(stored.state) for stored in await whole_feed(kit.log)]
    for each in (account, other):
        total = sum_of(event for event in events if event.origin.organization_id == each.organization_id)
        assert (total.reserved_bytes, total.accepted_bytes) == await use_of(kit, each) == (7, 104)


async def test_an_unknown_organization_holds_nothing(kit: Kit) -> None:
    use = await kit.quota_ledger.use("org_unknown")
    assert use == QuotaUse(limit_bytes=None, reserved_bytes=0, accepted_bytes=0)


async def test_new_limits_are_those_of_the_organization_and_of_its_quota(kit: Kit, account: Account) -> None:
    await account.set_quota(kit.log, 77, Tier.TEAM)
    found = await kit.read_side.organization_by_name(account.organization_id)
    assert found is not None
    assert (found.tier, found.quota_bytes) == (Tier.TEAM, 77)
    assert (await kit.quota_ledger.use(account.organization_id)).limit_bytes == 77
    await account.set_quota(kit.log, None, Tier.TEAM)
    assert (await kit.quota_ledger.use(account.organization_id)).limit_bytes is None
