"""`upwell storage` as an operator has it: a process of its own, against real servers."""

import json
from pathlib import Path

import pytest

from tests.acceptance.cli.test_command_line import Ran, run
from tests.conftest import Database, Servers, environment_for, free_port
from tests.integration.storage.test_checking_storage import Place, place

__all__ = ["place"]  # a fixture


class Operator:
    """An operator with the settings of the service."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self.environment = environment

    async def run(self, *arguments: str, **changed: str) -> Ran:
        return await run(*arguments, folder=self._folder, variables={**self.environment, **changed})


@pytest.fixture
def operator(servers: Servers, database: Database, tmp_path: Path) -> Operator:
    return Operator(tmp_path, environment_for(servers, database))


async def test_a_bucket_without_faults_is_reported_as_such(place: Place, operator: Operator) -> None:
    answer = await place.announce(b"one")
    await place.put(answer, b"one")
    await place.confirm(answer)
    await place.put_by_hand("reports/2030.csv")

    ran = await operator.run("storage", "check", "--repair", "--older-than", "0")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "Checked 2 keys, 0 multipart uploads and 1 verified uploads.",
        "Not ours: 1. Too young to judge: 0.",
        "Found: orphan 0, abandoned parts 0, missing 0, overwritten 0. Orphans hold 0 bytes.",
        "Older versions: 0, with 0 bytes.",
        "Repaired: 0. Remaining: 0.",
    ]


async def test_orphans_are_reported_and_then_deleted(place: Place, operator: Operator) -> None:
    orphan = place.key("upl_unknown")
    await place.put_by_hand(orphan, b"x" * 2000)
    parts = await place.storage.begin_multipart(orphan, content_type="a/b")

    young = await operator.run("storage", "check", "--repair")
    assert young.code == 0
    assert "Too young to judge: 2." in young.out

    checked = await operator.run("storage", "check", "--older-than", "0")
    assert checked.code == 1
    assert checked.out.startswith(f"orphan: {orphan} (unknown, 2.0 KiB, since 20")
    assert f"abandoned parts: {orphan} (unknown, since 20" in checked.out
    assert await place.stored() == {orphan}

    repaired = await operator.run("storage", "check", "--older-than", "0", "--repair", "--json")
    assert repaired.code == 0, repaired.err
    first, second, last = repaired.json
    assert (first["kind"], first["key"], first["upload_id"], first["reason"]) == (
        "orphan",
        orphan,
        "upl_unknown",
        "unknown",
    )
    assert (first["size_bytes"], first["repaired"]) == (2000, True)
    assert (second["kind"], second["multipart_id"], second["repaired"]) == ("abandoned_parts", parts, True)
    assert (last["remaining"], last["summary"]["repaired"], last["summary"]["orphaned_bytes"]) == (0, 2, 2000)
    assert last["summary"]["found"] == {"orphan": 1, "abandoned_parts": 1, "missing": 0, "overwritten": 0}
    assert await place.stored() == set()


async def test_missing_bytes_remain_a_problem(place: Place, operator: Operator) -> None:
    answer = await place.announce(b"one")
    await place.put(answer, b"one")
    await place.confirm(answer)
    await place.storage.delete(answer.record.storage_key)

    ran = await operator.run("storage", "check", "--repair", "--json")

    assert ran.code == 1
    found, last = ran.json
    assert (found["kind"], found["upload_id"]) == ("missing", answer.record.upload_id)
    assert last["remaining"] == 1


@pytest.mark.usefixtures("place")
async def test_a_storage_that_cannot_be_asked_is_one_sentence(operator: Operator) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    ran = await operator.run("storage", "check", UPWELL_S3_ENDPOINT_URL=nowhere)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("upwell: The storage cannot be used: ")

    denied = await operator.run("storage", "check", UPWELL_S3_SECRET_ACCESS_KEY="another")
    assert denied.code == 1
    assert "SignatureDoesNotMatch" in denied.err


async def test_the_doctor_finds_a_prepared_bucket_sound(place: Place, operator: Operator) -> None:
    ran = await operator.run("storage", "doctor", "--origin", "https://app.example")

    assert (ran.code, ran.err) == (0, "")
    *checks, last = ran.out.splitlines()
    assert all(line.startswith("ok ") for line in checks)
    assert last == f"{len(checks)} ok, 0 warning, 0 failed"
    assert await place.stored() == set()


@pytest.mark.usefixtures("place")
async def test_the_doctor_needs_no_database_and_prints_no_secret(operator: Operator) -> None:
    secret = "another-secret-access-key"
    ran = await operator.run(
        "storage", "doctor", "--json", UPWELL_S3_SECRET_ACCESS_KEY=secret, UPWELL_DATABASE_URL="postgresql:///nowhere"
    )

    assert ran.code == 1
    found = {json.loads(line)["check"]: json.loads(line) for line in ran.out.splitlines()}
    assert found["reach the endpoint"] == {
        "check": "reach the endpoint",
        "verdict": "ok",
        "detail": f"{operator.environment['UPWELL_S3_ENDPOINT_URL']} answers",
        "advice": None,
    }
    assert [*found][-1] == "HeadBucket"
    assert found["HeadBucket"]["verdict"] == "failed"
    assert secret not in ran.out + ran.err


async def test_wrong_settings_are_reported_before_anything_is_tried(operator: Operator) -> None:
    ran = await operator.run("storage", "doctor", UPWELL_S3_ADDRESSING="virtual")

    assert (ran.code, ran.out) == (2, "")
    assert "UPWELL_S3_" in ran.err
