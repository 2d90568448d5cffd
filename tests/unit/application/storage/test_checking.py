"""Checking storage: wasted, needed and missing bytes."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import msgspec
import pytest

from application.ports.storage.object_storage import PROBE_KEY, StorageUnavailableError
from application.ports.uploads.upload_reads import KeyPlace, UploadBytes
from application.storage.checking import SAFE_AGE, CheckingStorage, Finding, FindingKind, Tally
from tests.unit.application.world import BYTES, Client, World

A_DAY = timedelta(days=1)


class Check:
    """A check of a world, and its findings."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.findings: list[Finding] = []
        self.steps = 0

    async def __call__(self, *, repair: bool = False, older_than: timedelta = timedelta()) -> Tally:
        self.findings = []
        look = CheckingStorage(
            read_side=self.world.read_side,
            storage=self.world.storage,
            clock=self.world.clock,
            report=self.findings.append,
            progress=self._step,
        )
        return await look(repair=repair, older_than=older_than)

    def _step(self, tally: Tally) -> None:
        assert tally.remaining == len([each for each in self.findings if not each.repaired])
        self.steps += 1

    @property
    def reported(self) -> list[tuple[FindingKind, str]]:
        return sorted((each.kind, each.reason) for each in self.findings)


@pytest.fixture
def check(world: World) -> Check:
    return Check(world)


def place(client: Client, upload_id: str = "upl_unknown", name: str = "a.txt") -> str:
    return (
        f"{client.caller.organization.internal_id}/{client.namespace.namespace_id}"
        f"/api_buckets_uploads_create/{upload_id}/{name}"
    )


async def test_what_uploads_need_is_no_waste_however_they_stand(client: Client, check: Check) -> None:
    pending = await client.request(size=1)
    client.put(pending, b"1")
    begun = await client.request(size=2)
    client.put(begun, b"22")
    await client.begin_verification(begun)
    kept = await client.request(size=3)
    client.put(kept, b"333")
    await client.cancel(kept, keep_bytes=True)
    await client.upload(b"4444")
    in_parts = await client.request(size=5, multipart="always")
    await client.sign_parts(in_parts, 1)

    tally = await check(repair=True)

    assert check.reported == []
    assert (tally.keys, tally.multiparts, tally.verified_uploads, tally.remaining) == (4, 1, 1, 0)
    assert (tally.not_ours, tally.too_young) == (0, 0)
    assert check.steps


async def test_versions_that_later_ones_hide_are_counted_and_left(world: World, client: Client, check: Check) -> None:
    answer = await client.request(size=3)
    for body in (b"111", b"222", b"333"):
        client.put(answer, body)
    for _ in range(2):
        world.storage.put("of/another", b"4444", "text/plain")

    tally = await check(repair=True)

    assert (tally.old_versions, tally.old_version_bytes, tally.remaining) == (2, 6, 0)


async def test_bytes_of_an_upload_that_ended_without_them_are_orphans(
    world: World, client: Client, check: Check
) -> None:
    canceled = await client.request()
    await client.cancel(canceled)
    expired = await client.request()
    first = await client.upload(BYTES)
    twin = await client.request()
    client.put(twin)
    assert (await client.confirm(twin)).record.duplicate_of == first.record.upload_id
    gone = await client.request()
    await client.cancel(gone)
    await world.pass_time(A_DAY)
    await world.forget(gone.record.upload_id, actor_id="system:operator")
    for answer in (canceled, expired, twin, gone):
        client.put(answer, b"late")
    world.storage.put(place(client), b"unknown")

    before = await check()
    assert check.reported == [
        (FindingKind.ORPHAN, "canceled"),
        (FindingKind.ORPHAN, "completed"),
        (FindingKind.ORPHAN, "failed"),
        (FindingKind.ORPHAN, "forgotten"),
        (FindingKind.ORPHAN, "unknown"),
    ]
    assert (before.remaining, before.repaired, before.orphaned_bytes) == (5, 0, 4 * 4 + 7)
    assert await world.storage.head(place(client)) is not None

    repaired = await check(repair=True)
    assert (repaired.remaining, repaired.repaired) == (0, 5)
    assert all(each.repaired for each in check.findings)
    assert await world.storage.head(place(client)) is None
    assert await world.storage.head(first.record.storage_key) is not None
    assert (await check()).keys == 1


async def test_parts_that_no_upload_uses_are_abandoned(world: World, client: Client, check: Check) -> None:
    pending = await client.request(multipart="always")
    lost = await world.storage.begin_multipart(pending.record.storage_key, content_type="video/mp4")
    assert (await check()).remaining == 0, "it may be about to begin"

    await client.sign_parts(pending, 1)
    await check()
    assert check.reported == [(FindingKind.ABANDONED_PARTS, "other parts are used")]
    assert check.findings[0].multipart_id == lost
    assert (await check(repair=True)).repaired == 1
    record = await client.record(pending)
    assert world.storage.multiparts() == {(record.storage_key, record.multipart_id)}

    await client.cancel(pending)
    await check(repair=True)
    assert check.reported == [(FindingKind.ABANDONED_PARTS, "canceled")]
    assert world.storage.multiparts() == set()


async def test_what_is_young_is_left_for_later(world: World, client: Client, check: Check) -> None:
    world.storage.put(place(client), b"unknown")
    await world.storage.begin_multipart(place(client), content_type="video/mp4")

    young = await check(repair=True, older_than=SAFE_AGE)
    assert (young.too_young, young.remaining, young.repaired) == (2, 0, 0)

    world.clock.advance(SAFE_AGE)
    old = await check(repair=True, older_than=SAFE_AGE)
    assert (old.too_young, old.repaired) == (0, 2)


async def test_foreign_objects_are_counted_and_never_touched(world: World, client: Client, check: Check) -> None:
    record = (await client.upload(BYTES)).record
    mine = place(client)
    foreign = [
        "reports/2030.csv",
        mine.replace(client.caller.organization.internal_id, "int_elsewhere"),
        mine.replace(client.namespace.namespace_id, "ns_elsewhere"),
        mine.replace("api_buckets_uploads_create", "other"),
        mine.replace("upl_unknown", "UPL"),
        f"above/{mine}",
        record.storage_key + ".bak",
    ]
    for key in foreign:
        world.storage.put(key, b"theirs")
        await world.storage.begin_multipart(key, content_type="a/b")

    tally = await check(repair=True)

    assert check.reported == []
    assert tally.not_ours == 2 * len(foreign)
    assert len(world.storage.multiparts()) == len(foreign)
    for key in foreign:
        assert await world.storage.head(key) is not None


async def test_what_a_readiness_test_has_left_behind_is_no_finding(world: World, check: Check) -> None:
    world.storage.put(PROBE_KEY, b"")

    assert (await check(repair=True)).not_ours == 0
    assert check.reported == []


async def test_a_namespace_of_another_organization_is_not_found(world: World, client: Client, check: Check) -> None:
    other = await world.tenant()
    key = place(client).replace(client.namespace.namespace_id, other.namespace.namespace_id)
    world.storage.put(key, b"whose?")

    assert (await check(repair=True)).not_ours == 1
    assert await world.storage.head(key) is not None


async def test_missing_bytes_are_reported_and_not_repaired(world: World, client: Client, check: Check) -> None:
    record = (await client.upload(BYTES)).record
    await world.storage.delete(record.storage_key)

    tally = await check(repair=True)

    assert check.reported == [(FindingKind.MISSING, "nothing is there")]
    assert check.findings[0].upload_id == record.upload_id
    assert tally.remaining == 1


async def test_a_later_version_over_verified_bytes_is_reported_and_kept(
    world: World, client: Client, check: Check
) -> None:
    record = (await client.upload(BYTES)).record
    world.storage.put(record.storage_key, BYTES)

    tally = await check(repair=True)

    assert check.reported == [(FindingKind.OVERWRITTEN, "a later version")]
    assert tally.remaining == 1
    assert world.storage.get(record.storage_key, record.version_id) is not None


async def test_other_bytes_without_versions_are_missing_ones() -> None:
    world = World(versioned=False)
    client, check = await world.tenant(), Check(world)
    record = (await client.upload(BYTES)).record
    assert (await check()).remaining == 0
    world.storage.put(record.storage_key, b"others")

    await check()

    assert check.reported == [(FindingKind.MISSING, "other bytes are there")]


async def test_empty_files_are_there_too(client: Client, check: Check) -> None:
    await client.upload(b"", size=None)

    assert (await check()).verified_uploads == 1
    assert check.reported == []


async def test_an_upload_that_is_forgotten_meanwhile_is_not_missing(
    world: World, client: Client, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = (await client.upload(BYTES, create_object=False)).record
    head = world.storage.head

    async def forgotten_meanwhile(key: str) -> object:
        await world.forget(record.upload_id, actor_id="system:operator")
        await world.storage.delete(key)
        return await head(key)

    monkeypatch.setattr(world.storage, "head", forgotten_meanwhile)

    assert (await check()).remaining == 0
    assert check.reported == []


async def test_the_log_is_asked_again_right_before_a_deletion(
    world: World, client: Client, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    canceled = await client.request()
    await client.cancel(canceled)
    client.put(canceled)
    ask = world.read_side.bytes_at
    answers = 0

    async def needed_again(places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        nonlocal answers
        answers += 1
        said = await ask(places)
        return {name: msgspec.structs.replace(each, needed=answers > 1) for name, each in said.items()}

    monkeypatch.setattr(world.read_side, "bytes_at", needed_again)

    assert (await check(repair=True)).repaired == 0
    assert check.reported == []
    assert await world.storage.head(canceled.record.storage_key) is not None


async def test_an_object_that_cannot_be_deleted_is_reported_and_the_rest_continues(
    world: World, client: Client, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = place(client, "upl_stuck")
    for key in (stuck, place(client, "upl_other")):
        world.storage.put(key, b"x")
    delete = world.storage.delete

    async def unwilling(key: str) -> None:
        if key == stuck:
            raise StorageUnavailableError("not today")
        await delete(key)

    monkeypatch.setattr(world.storage, "delete", unwilling)

    tally = await check(repair=True)

    assert (tally.repaired, tally.remaining) == (1, 1)
    (left,) = [each for each in check.findings if not each.repaired]
    assert (left.key, left.error) == (stuck, "not today")
