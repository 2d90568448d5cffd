"""The check of storage on real PostgreSQL and S3, also during uploads."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from adapters.memory.clock import ManualClock
from adapters.postgres.database.connecting import connect
from adapters.postgres.database.rebuilding import rebuild
from application.keys.callers import acting_for
from application.ports.storage.object_storage import ObjectStorage
from application.storage.checking import SAFE_AGE, Finding, FindingKind, Tally
from application.uploads.requesting import Answer
from application.uploads.sending_parts import WantedPart
from domain.uploads.admission import Announcement
from domain.uploads.content import Claimed
from domain.uploads.upload import Status
from entrypoints.cli import storage
from entrypoints.settings import Settings
from entrypoints.wiring.operations import checking_storage
from entrypoints.wiring.running import running
from entrypoints.wiring.use_cases import Services
from tests.conftest import Database, Servers, Tenant, environment_for, make_tenant

AT_ONCE = timedelta()


class Place:
    """A service in this process with a tenant, and its storage."""

    def __init__(self, services: Services, settings: Settings, tenant: Tenant, clock: ManualClock) -> None:
        self._services = services
        self._settings = settings
        self.tenant = tenant
        self.clock = clock
        self.findings: list[Finding] = []

    @property
    def services(self) -> Services:
        acting_for.set(self.tenant.caller.organization.organization_id)
        return self._services

    @property
    def storage(self) -> ObjectStorage:
        return self._services.ports.storage

    def key(self, upload_id: str, **others: str) -> str:
        parts = {
            "internal_id": self.tenant.caller.organization.internal_id,
            "namespace_id": self.tenant.namespace.namespace_id,
            **others,
        }
        return f"{parts['internal_id']}/{parts['namespace_id']}/api_buckets_uploads_create/{upload_id}/ä+ b.txt"

    async def announce(self, body: bytes, **changes: Any) -> Answer:  # noqa: ANN401  # fields of an announcement
        announcement = Announcement(
            filename="ä+ b%41.mp4",
            content_type="video/mp4",
            declared_size_bytes=len(body),
            create_object=False,
            **changes,
        )
        t = self.tenant
        return await self.services.request_upload(t.caller, t.namespace, t.bucket, announcement)

    async def put(self, answer: Answer, body: bytes) -> None:
        assert answer.signed is not None
        async with httpx.AsyncClient(trust_env=False) as plain:
            sent = await plain.put(answer.signed.url, content=body, headers={"Content-Type": "video/mp4"})
        assert sent.status_code == 200, sent.text

    async def confirm(self, answer: Answer) -> Status:
        t = self.tenant
        confirmed = await self.services.confirm_upload(
            t.caller, t.namespace, answer.record.upload_id, bucket_id=None, claimed=Claimed(), as_task=False
        )
        return confirmed.status

    async def cancel(self, answer: Answer, *, keep_bytes: bool = False) -> None:
        t = self.tenant
        await self.services.cancel_upload(
            t.caller, t.namespace, answer.record.upload_id, bucket_id=None, keep_bytes=keep_bytes
        )

    async def sign_part(self, answer: Answer) -> str:
        t = self.tenant
        (part,) = await self.services.send_parts.sign(
            t.caller, t.namespace, answer.record.upload_id, [WantedPart(part_number=1)], bucket_id=None
        )
        return part.signed.url

    async def put_by_hand(self, key: str, body: bytes = b"x") -> None:
        now = datetime.now(UTC)
        signed = self.services.ports.signer.sign_put(key, headers={}, expires_in=timedelta(hours=1), now=now)
        async with httpx.AsyncClient(trust_env=False) as plain:
            assert (await plain.put(signed.url, content=body)).status_code == 200

    async def work(self) -> None:
        while await self.services.worker.work_due():
            pass

    async def check(self, *, repair: bool = False, older_than: timedelta = AT_ONCE) -> Tally:
        self.findings = []
        async with checking_storage(self._settings, report=self.findings.append, progress=lambda _: None) as look:
            return await look(repair=repair, older_than=older_than)

    @property
    def reported(self) -> list[tuple[FindingKind, str]]:
        return sorted((each.kind, each.reason) for each in self.findings)

    async def stored(self) -> set[str]:
        return {each.key async for page in self.storage.list_objects() for each in page}


@pytest.fixture
async def place(settings: Settings, database: Database) -> AsyncIterator[Place]:
    clock = ManualClock(datetime.now(UTC))
    tenant = await make_tenant(database, "http://nowhere")
    async with running(settings, clock=clock) as services:
        yield Place(services, settings, tenant, clock)


async def test_orphans_go_and_all_else_stays(place: Place) -> None:
    completed = await place.announce(b"one")
    await place.put(completed, b"one")
    assert await place.confirm(completed) is Status.COMPLETED
    pending = await place.announce(b"two")
    await place.put(pending, b"two")
    kept = await place.announce(b"three")
    await place.put(kept, b"three")
    await place.cancel(kept, keep_bytes=True)
    in_parts = await place.announce(b"four", multipart="always")
    url = await place.sign_part(in_parts)
    canceled = await place.announce(b"five")
    await place.cancel(canceled)
    await place.work()
    await place.put(canceled, b"five")
    theirs = {
        place.key("upl_1", internal_id="int_elsewhere"),
        place.key("upl_2", namespace_id="ns_elsewhere"),
        "reports/2030.csv",
    }
    for key in theirs:
        await place.put_by_hand(key)
    unknown = place.key("upl_unknown")
    await place.put_by_hand(unknown)
    await place.put_by_hand(unknown)  # a second version
    parts_of_nobody = await place.storage.begin_multipart(unknown, content_type="a/b")
    needed = {answer.record.storage_key for answer in (completed, pending, kept)}
    wasted = [
        (FindingKind.ABANDONED_PARTS, "unknown"),
        (FindingKind.ORPHAN, "canceled"),
        (FindingKind.ORPHAN, "unknown"),
    ]

    young = await place.check(repair=True, older_than=SAFE_AGE)
    assert (place.reported, young.too_young, young.remaining) == ([], 3, 0)
    without_repair = await place.check()
    assert (place.reported, without_repair.remaining, without_repair.not_ours) == (wasted, 3, 3)
    assert len(await place.stored()) == 8

    repaired = await place.check(repair=True)

    assert (place.reported, repaired.repaired, repaired.remaining) == (wasted, 3, 0)
    assert await place.stored() == needed | theirs
    assert await place.storage.parts(unknown, parts_of_nobody) is None
    async with httpx.AsyncClient(trust_env=False) as plain:
        assert (await plain.put(url, content=b"four")).status_code == 200
    again = await place.check(repair=True)
    assert (place.reported, again.multiparts, again.verified_uploads) == ([], 1, 1)


async def test_forgotten_and_missing_bytes_are_reported_also_after_a_rebuild(place: Place, database: Database) -> None:
    gone = await place.announce(b"one")
    await place.cancel(gone)
    await place.services.worker.forget(gone.record.upload_id, actor_id="system:operator")
    await place.work()
    await place.put(gone, b"one")
    missing, overwritten = await place.announce(b"two"), await place.announce(b"three")
    for answer, body in ((missing, b"two"), (overwritten, b"three")):
        await place.put(answer, body)
        assert await place.confirm(answer) is Status.COMPLETED
    await place.storage.delete(missing.record.storage_key)
    await place.put(overwritten, b"eerht")
    wrong = [
        (FindingKind.MISSING, "nothing is there"),
        (FindingKind.ORPHAN, "forgotten"),
        (FindingKind.OVERWRITTEN, "a later version"),
    ]

    await place.check()
    assert place.reported == wrong
    await rebuild(database.owner_url, swap=True)
    repaired = await place.check(repair=True)

    assert place.reported == wrong
    assert (repaired.repaired, repaired.remaining) == (1, 2)


async def test_an_upload_that_is_missing_in_the_read_tables_is_no_orphan(place: Place, database: Database) -> None:
    answer = await place.announce(b"one")
    await place.put(answer, b"one")
    owner = await connect(database.owner_url, role=None)
    await owner.execute("DELETE FROM upwell.uploads")
    await owner.close()

    await place.check(repair=True)

    assert place.reported == []
    assert await place.stored() == {answer.record.storage_key}


async def test_a_long_check_reports_its_progress(
    place: Place,
    servers: Servers,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await place.put_by_hand("reports/2030.csv")
    for name, value in environment_for(servers, database).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(storage, "_REPORT_EVERY", 1)

    assert await storage.check(repair=False, older_than=AT_ONCE, as_json=False) == 0

    assert capsys.readouterr().err == "1 keys, 0 multipart uploads, 0 verified uploads; 0 findings\n"


async def test_nothing_is_lost_while_uploads_go_on(place: Place) -> None:
    """With no safe age at all: uploads of all kinds begin and end while one repair follows the other."""
    done = asyncio.Event()
    sent: list[Answer] = []

    async def repair() -> int:
        rounds = 0
        while not done.is_set():
            tally = await place.check(repair=True)
            assert {each.kind for each in place.findings} <= {FindingKind.ORPHAN, FindingKind.ABANDONED_PARTS}
            assert tally.remaining == 0
            rounds += 1
        return rounds

    async def upload() -> None:
        for n in range(12):
            body = secrets.token_bytes(50)
            if n % 3:
                answer = await place.announce(body)
                await place.put(answer, body)
            else:
                answer = await place.announce(body, multipart="always")
                async with httpx.AsyncClient(trust_env=False) as plain:
                    assert (await plain.put(await place.sign_part(answer), content=body)).status_code == 200
            if n % 4 == 1:
                await place.cancel(answer)
            else:
                assert await place.confirm(answer) is Status.COMPLETED
                sent.append(answer)

    async with asyncio.TaskGroup() as together:
        repairing = together.create_task(repair())
        uploads = [together.create_task(upload()) for _ in range(4)]
        await asyncio.gather(*uploads)
        done.set()
    assert repairing.result() > 1
    last = await place.check(repair=True)

    assert (last.remaining, last.verified_uploads) == (0, len(sent))
    assert await place.stored() == {answer.record.storage_key for answer in sent}
