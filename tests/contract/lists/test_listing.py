"""Filters, orders, searches and pages mean the same in memory and on PostgreSQL, for any rows."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from adapters.memory.clock import ManualClock, SequentialIds
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.read_side import MemoryReadSide
from application.lists.listing import AVOIDED_DUPLICATES, BUCKETS, NAMESPACES, OBJECTS, UPLOADS, Listing
from application.ports.events.event_log import Command
from application.ports.lists.pages import Page, PageRequest
from application.ports.read_side import ReadSide
from domain.lists.filtering import Operator, ValueType, parse_filter, parse_order
from tests.conftest import Database
from tests.contract._log import HASH, OTHER_HASH, Account, Kit, new_account, opening, postgres_kit

Row = Any
Ask = Callable[[ReadSide, Account, PageRequest], Awaitable[Page[Row]]]
LISTS: dict[str, tuple[Listing[Any], Ask]] = {
    "uploads": (UPLOADS, lambda side, account, page: side.uploads(account.namespace_id, account.bucket_id, page)),
    "objects": (
        OBJECTS,
        lambda side, account, page: side.bucket_objects(account.namespace_id, account.bucket_id, page),
    ),
    "duplicates": (
        AVOIDED_DUPLICATES,
        lambda side, account, page: side.avoided_duplicates(account.namespace_id, account.bucket_id, page),
    ),
    "buckets": (BUCKETS, lambda side, account, page: side.buckets(account.namespace_id, page)),
    "namespaces": (NAMESPACES, lambda side, account, page: side.namespaces(account.organization_id, page)),
}

texts = st.sampled_from(["", "a", "A", "ab", "aB", "b a", "äö", "ÄÖ", "%", "_", "\\", 'a"b', "10", "a.b", "x\ny", "İ"])
numbers = st.sampled_from([0, 1, 1.0, -1, 2.5, 10, 0.1, 2**53 + 1, 1.5e300, 1e-7])
scalars = st.one_of(texts, numbers, st.booleans(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)
documents = st.dictionaries(st.sampled_from(["a", "b", "A", "title"]), values, max_size=3)
paths = st.lists(st.sampled_from(["a", "b", "title"]), min_size=0, max_size=2)
moments = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T02:00:00+01:00", "2030-01-01", "1990-05-01"]
)
patterns = st.lists(
    st.sampled_from(
        ["a", "b", "A", ".", "[ab]", "[^a]", "(a|b)", "a*", "b+", "(ab)?", "^", "$", r"\d", r"\s", "|", "ä"]
    ),
    min_size=1,
    max_size=4,
).map("".join)


LISTS_HOLD = [Operator.IN, Operator.NIN]
COMPARE = [Operator.EQ, Operator.NE, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE]
HAVE = [Operator.EXISTS, Operator.IS_NULL]
LOOK_INTO = [Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.TEXT]
PLAIN: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.ID: texts | st.sampled_from([HASH, "upl_1", "obj_1"]),
    ValueType.WORD: st.sampled_from(["PENDING", "completed", "FAILED", "ACTIVE", "x"]),
    ValueType.TEXT: texts,
    ValueType.NUMBER: numbers,
    ValueType.MOMENT: moments,
    ValueType.FLAG: st.booleans(),
    ValueType.JSON: scalars,
}


def operands(kind: ValueType) -> st.SearchStrategy[tuple[Operator, Any]]:
    """Draw an operator that the kind has, and a value for it."""
    plain = PLAIN[kind]
    pairs = [
        st.tuples(st.sampled_from(LISTS_HOLD), st.lists(plain | st.none(), max_size=3)),
        st.tuples(st.sampled_from(HAVE), st.booleans()),
        st.tuples(st.sampled_from([Operator.EQ, Operator.NE]), values if kind is ValueType.JSON else plain),
    ]
    if kind is not ValueType.FLAG:
        comparable = texts | numbers if kind is ValueType.JSON else plain
        pairs.append(st.tuples(st.sampled_from(COMPARE), comparable))
    if kind in {ValueType.ID, ValueType.WORD, ValueType.TEXT, ValueType.JSON}:
        pairs += [
            st.tuples(st.sampled_from(LOOK_INTO), texts),
            st.tuples(st.just(Operator.REGEX), patterns),
        ]
    if kind is ValueType.JSON:
        pairs.append(st.tuples(st.just(Operator.CONTAINS), texts | numbers | st.booleans()))
    return st.one_of(pairs)


def named(kinds: Mapping[str, ValueType]) -> st.SearchStrategy[tuple[str, ValueType]]:
    """Draw a field, most often one with effect."""
    favourites = [name for name in ("metadata", "status", "filename", "bucket_name") if name in kinds]

    def within(name: str) -> st.SearchStrategy[tuple[str, ValueType]]:
        if kinds[name] is not ValueType.JSON:
            return st.just((name, kinds[name]))
        return paths.map(lambda path: (".".join([name, *path]), ValueType.JSON))

    return st.sampled_from([*kinds, *favourites * 6]).flatmap(within)


def filters_of(kinds: Mapping[str, ValueType]) -> st.SearchStrategy[dict[str, Any]]:
    conditions = named(kinds).flatmap(
        lambda field: st.builds(
            lambda pair, case: {"field": field[0], "operator": pair[0].value, "value": pair[1], **case},
            operands(field[1]),
            st.sampled_from([{}, {"case_sensitive": True}]),
        )
    )
    groups = st.sampled_from(["AND", "OR", "NOT"])
    flat = st.dictionaries(groups, st.lists(conditions, max_size=3), min_size=1, max_size=2)
    nested = st.dictionaries(groups, st.lists(conditions | flat, max_size=3), min_size=1, max_size=2)
    return conditions | conditions | flat | nested


def sorts_of(kinds: Mapping[str, ValueType]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda field, direction: {"field": field[0], "direction": direction},
        named(kinds),
        st.sampled_from(["asc", "desc"]),
    )


def asked_of(listing: Listing[Any]) -> st.SearchStrategy[PageRequest]:
    kinds = listing.known.kinds
    return st.builds(
        lambda where, sort, search, sensitive, limit: PageRequest(
            limit=limit,
            where=where and parse_filter(where, listing.known),
            order=sort and parse_order(sort, listing.known),
            search=search,
            search_is_sensitive=sensitive,
            with_total=True,
            with_figures=True,
        ),
        st.none() | filters_of(kinds),
        st.none() | sorts_of(kinds),
        st.none() | st.none() | texts,
        st.booleans(),
        st.integers(1, 4),
    )


rows = st.fixed_dictionaries(
    {
        "what": st.sampled_from(["upload", "upload", "object", "object", "duplicate", "bucket", "namespace"]),
        "name": st.sampled_from(["a", "A", "ab.txt", "aB", "äö", "ÄÖ", "a\u0308o\u0308", "a%b", "a_b", 'a"b', "10"]),
        "facts": documents,
        "size_bytes": st.none() | st.sampled_from([1, 10]),
        "end": st.sampled_from([None, None, "complete", "fail", "cancel"]),
        "later": st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(days=1)]),
    }
)
history = st.lists(rows, min_size=4, max_size=12)
questions = st.sampled_from(sorted(LISTS)).flatmap(lambda name: st.tuples(st.just(name), asked_of(LISTS[name][0])))


class Twins:
    """Two logs, in memory and on PostgreSQL, with the same events in them."""

    def __init__(self, kit: Kit) -> None:
        self.memory = MemoryEventLog()
        self.logs = (self.memory, kit.log)
        self.sides: tuple[ReadSide, ReadSide] = (MemoryReadSide(self.memory), kit.read_side)
        self.ids, self.clock = SequentialIds(), ManualClock()

    async def append(self, command: Command) -> None:
        first, second = [await log.append(command) for log in self.logs]
        assert first == second

    async def add(self, account: Account, row: dict[str, Any]) -> None:
        self.clock.advance(row["later"])
        match row["what"]:
            case "bucket":
                name = f"{row['name']}{account.ids.new('')}"
                await self.append(account.command(account.bucket(name, metadata=row["facts"])))
            case "namespace":
                await self.append(account.command(account.namespace(f"{row['name']}{account.ids.new('')}")))
            case "duplicate":
                stream = account.avoids(
                    "upl_1",
                    filename=row["name"],
                    metadata=row["facts"],
                    declared_size_bytes=row["size_bytes"],
                    object_metadata=row["facts"] if row["end"] else None,
                )
                await self.append(account.command(stream))
            case "object":
                upload_id = await self._request(account, row)
                stream = account.new_object(upload_id, metadata=row["facts"], filename=row["name"])
                await self.append(account.command(stream))
            case _:
                upload_id = await self._request(account, row)
                commands = {
                    "complete": [account.begins(), account.accepts(row["size_bytes"] or 7, OTHER_HASH)],
                    "fail": [account.expires()],
                    "cancel": [account.cancels()],
                }.get(row["end"] or "", [])
                for one in commands:
                    await self.append(await account.to_upload(self.memory, upload_id, one))

    async def _request(self, account: Account, row: dict[str, Any]) -> str:
        command = account.request_command(
            filename=row["name"],
            metadata=row["facts"],
            declared_size_bytes=row["size_bytes"],
            object_metadata=row["facts"] if row["end"] else None,
        )
        await self.append(command)
        return command.streams[0].stream_id


@pytest.fixture
async def twins(database: Database) -> AsyncIterator[Twins]:
    async with postgres_kit(database.url) as kit:
        yield Twins(kit)


async def walked(side: ReadSide, account: Account, name: str, asked: PageRequest) -> list[Page[Row]]:
    """Return all pages of a list, one behind the other."""
    listing, ask = LISTS[name]
    pages = [await ask(side, account, asked)]
    while pages[-1].has_more:
        after = listing.place(pages[-1].rows[-1], asked.order)
        pages.append(await ask(side, account, PageRequest(**{**as_dict(asked), "after": after})))
    return pages


def shown(pages: Sequence[Page[Row]]) -> list[tuple[object, ...]]:
    """Return what is compared: numbers in JSON may come back in another form."""
    return [([row.position for row in page.rows], page.has_more, page.total, page.figures) for page in pages]


def as_dict(asked: PageRequest) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in asked.__struct_fields__}


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=history, asked=st.lists(questions, min_size=6, max_size=12))
async def test_any_filter_order_and_page_gives_the_same_rows_in_memory_and_on_postgres(
    twins: Twins, rows: Sequence[dict[str, Any]], asked: Sequence[tuple[str, PageRequest]]
) -> None:
    account = new_account(twins.ids, twins.clock)
    await twins.append(opening(account, name=account.organization_id))
    for row in rows:
        await twins.add(account, row)
    for name, request in asked:
        in_memory, on_postgres = [await walked(side, account, name, request) for side in twins.sides]
        for one, other in zip(shown(in_memory), shown(on_postgres), strict=False):
            assert other == one, (name, request)
        assert len(in_memory) == len(on_postgres)
        positions = [row.position for page in in_memory for row in page.rows]
        assert len(positions) == len(set(positions)) == in_memory[0].total
        event(f"{name}: {'some' if positions else 'no'} rows, filter {request.where is not None}")


async def test_uploads_are_found_by_the_code_of_their_failure(twins: Twins) -> None:
    account = new_account(twins.ids, twins.clock)
    await twins.append(opening(account, name=account.organization_id))
    ends = {"expired": [account.expires()], "hash_mismatch": [account.begins(), account.rejects()], None: []}
    uploads: dict[str | None, str] = {}
    for code, commands in ends.items():
        request = account.request_command()
        await twins.append(request)
        uploads[code] = request.streams[0].stream_id
        for command in commands:
            await twins.append(await account.to_upload(twins.memory, uploads[code], command))
    everything = {uploads[code] for code in ends}
    expected: list[tuple[str, Any, set[str]]] = [
        *[("eq", code, {uploads[code]}) for code in ends if code is not None],
        ("ne", "expired", everything - {uploads["expired"]}),
        ("in", ["expired", "hash_mismatch"], everything - {uploads[None]}),
        ("exists", False, {uploads[None]}),
        ("eq", "quota_exceeded", set()),
    ]
    for side in twins.sides:
        for operator, value, wanted in expected:
            where = parse_filter({"field": "failure_reason", "operator": operator, "value": value}, UPLOADS.known)
            page = await side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=9, where=where))
            assert {row.upload_id for row in page.rows} == wanted, (operator, value)
            assert {row.failure_reason for row in page.rows} <= ends.keys()


@pytest.mark.parametrize("written", ["Zu\u0308rich.txt", "Z\u00fcrich.txt"], ids=["decomposed", "composed"])
@pytest.mark.parametrize("asked", ["Zu\u0308rich", "Z\u00fcrich"], ids=["decomposed", "composed"])
async def test_texts_are_compared_composed_and_kept_as_they_came(twins: Twins, written: str, asked: str) -> None:
    account = new_account(twins.ids, twins.clock)
    await twins.append(opening(account, name=account.organization_id))
    facts = {"a": written, "b": [written]}
    row = {"what": "upload", "name": written, "facts": facts, "size_bytes": 1, "end": None, "later": timedelta(0)}
    await twins.add(account, row)
    await twins.add(account, {**row, "name": "Zurich.txt", "facts": {}})
    _, ask = LISTS["uploads"]
    conditions: list[dict[str, Any]] = [
        {"field": "filename", "operator": "eq", "value": f"{asked.lower()}.txt"},
        {"field": "filename", "operator": "in", "value": [f"{asked}.txt"]},
        {"field": "filename", "operator": "starts_with", "value": asked},
        {"field": "filename", "operator": "regex", "value": f"^{asked}"},
        {"field": "metadata.a", "operator": "contains", "value": asked},
        {"field": "metadata.b", "operator": "contains", "value": f"{asked}.txt"},
    ]
    wanted = [PageRequest(limit=9, search=asked, search_is_sensitive=sensitive) for sensitive in (True, False)]
    wanted += [PageRequest(limit=9, where=parse_filter(one, LISTS["uploads"][0].known)) for one in conditions]
    for side in twins.sides:
        for request in wanted:
            page = await ask(side, account, request)
            assert [each.filename for each in page.rows] == [written], request
