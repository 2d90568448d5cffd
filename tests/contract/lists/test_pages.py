"""What every list promises of its pages, totals and searches, on every adapter."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from application.ports.lists.pages import Page, PageRequest, SortKey
from tests.contract._log import Account, Kit

# Pages


@dataclass(frozen=True)
class Listing:
    """A list, and how a row with a name gets into it; it begins with `before` rows."""

    add: Callable[[Kit, Account, str], Awaitable[str]]
    page: Callable[[Kit, Account, PageRequest], Awaitable[Page[Any]]]
    id_of: Callable[[Any], str]
    before: int = 0

    async def ids(self, kit: Kit, account: Account, **asked: Any) -> list[str]:  # noqa: ANN401  # a field of PageRequest
        page = await self.page(kit, account, PageRequest(**{"limit": 100, **asked}))
        return [self.id_of(row) for row in page.rows]


async def add_upload(kit: Kit, account: Account, name: str) -> str:
    return await account.request(kit.log, filename=name)


async def add_bucket(kit: Kit, account: Account, name: str) -> str:
    stream = account.bucket(name)
    await kit.log.append(account.command(stream))
    return stream.stream_id


async def add_namespace(kit: Kit, account: Account, name: str) -> str:
    stream = account.namespace(name)
    await kit.log.append(account.command(stream))
    return stream.stream_id


LISTINGS = [
    pytest.param(
        Listing(
            add=add_upload,
            page=lambda kit, account, page: kit.read_side.uploads(account.namespace_id, account.bucket_id, page),
            id_of=lambda row: str(row.upload_id),
        ),
        id="uploads",
    ),
    pytest.param(
        Listing(
            add=add_bucket,
            page=lambda kit, account, page: kit.read_side.buckets(account.namespace_id, page),
            id_of=lambda row: str(row.bucket_id),
            before=1,
        ),
        id="buckets",
    ),
    pytest.param(
        Listing(
            add=add_namespace,
            page=lambda kit, account, page: kit.read_side.namespaces(account.organization_id, page),
            id_of=lambda row: str(row.namespace_id),
            before=1,
        ),
        id="namespaces",
    ),
]


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_page_is_newest_first_and_says_whether_more_follow(
    kit: Kit, account: Account, listing: Listing
) -> None:
    made = [await listing.add(kit, account, f"n{number}") for number in range(5)][::-1]
    old = await listing.ids(kit, account, offset=5)
    assert len(old) == listing.before
    everything = [*made, *old]
    assert await listing.ids(kit, account) == everything
    for limit in (1, 2, len(everything), 100):
        for offset in range(len(everything) + 2):
            page = await listing.page(kit, account, PageRequest(limit=limit, offset=offset))
            assert [listing.id_of(row) for row in page.rows] == everything[offset : offset + limit]
            assert page.has_more is (offset + limit < len(everything))
            assert page.total is None


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_total_counts_all_matches_on_any_page(kit: Kit, account: Account, listing: Listing) -> None:
    for name in ("a1", "a2", "a3", "b1"):
        await listing.add(kit, account, name)
    page = await listing.page(kit, account, PageRequest(limit=1, offset=1, search="a", with_total=True))
    named_before = 1 if listing.before and listing.id_of(page.rows[0]).startswith("ns_") else 0
    assert page.total == 3 + named_before  # the namespace that was there is called 'main'
    assert page.has_more
    position = SortKey(position=page.rows[0].position)
    after = await listing.page(kit, account, PageRequest(limit=10, after=position, with_total=True))
    assert after.total == 4 + listing.before
    assert not after.has_more


@pytest.mark.parametrize("listing", LISTINGS)
async def test_pages_by_position_show_every_row_once_while_new_ones_come(
    kit: Kit, account: Account, listing: Listing
) -> None:
    made = [await listing.add(kit, account, f"n{number}") for number in range(7)][::-1]
    seen: list[str] = []
    position: SortKey | None = None
    for number in range(20):
        page = await listing.page(kit, account, PageRequest(limit=2, after=position))
        seen += [listing.id_of(row) for row in page.rows]
        position = SortKey(position=page.rows[-1].position)
        await listing.add(kit, account, f"new-{number}")
        if not page.has_more:
            break
    assert seen[:7] == made
    assert len(seen) == 7 + listing.before


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_search_is_for_a_substring_as_it_is_written_in_any_case(
    kit: Kit, account: Account, listing: Listing
) -> None:
    old = set(await listing.ids(kit, account))
    named = {await listing.add(kit, account, name): name for name in ("a%b", "a_b", "A\\B", "axb", "GRÖSSE")}
    for search, found in {
        "%": {"a%b"},
        "_": {"a_b"},
        "\\": {"A\\B"},
        "a%b": {"a%b"},
        "a_b": {"a_b"},
        "a\\b": {"A\\B"},
        "AXB": {"axb"},
        "x": {"axb"},
        "grö": {"GRÖSSE"},
        "": set(named.values()),
        "nothing like it": set(),
    }.items():
        ids = set(await listing.ids(kit, account, search=search))
        assert {named[one] for one in ids - old} == found, search
