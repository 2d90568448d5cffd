"""Events of a version that forgot completed uploads after 30 days: they are still read, and forgotten no more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.postgres.database.connecting import connect
from adapters.postgres.database.rebuilding import rebuild
from tests.conftest import Database

GOLDEN = Path(__file__).parents[2] / "golden"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=30)


def written(tag: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return an event as it was written then."""
    fact: dict[str, Any] = msgspec.json.decode((GOLDEN / f"{tag}.json").read_bytes())
    return {**fact, **changes}


def upload(upload_id: str, *, object_id: str | None = None, duplicate_of: str | None = None) -> list[dict[str, Any]]:
    """Return the events of a completed upload; until then each that no object held had a time to be forgotten at."""
    requested = written("upload.requested.v1", upload_id=upload_id)
    requested["request"] |= {"storage_key": f"key/{upload_id}", "unique_key": None}
    keeps = duplicate_of is None
    return [
        requested,
        written("upload.verification_began.v1", upload_id=upload_id, task_id=f"task_{upload_id}"),
        written("upload.verified.v1", upload_id=upload_id),
        written(
            "upload.completed.v1",
            upload_id=upload_id,
            object_id=object_id,
            duplicate_of=duplicate_of,
            keeps_bytes=keeps,
            accepted_bytes=10485760 if keeps else 0,
            forget_at=None if object_id is not None and keeps else LATER.isoformat(),
        ),
    ]


@pytest.fixture
async def older(database: Database) -> Database:
    """A log as that version wrote it."""
    connection = await connect(database.owner_url, role=None)
    organization = written("organization.created.v1")
    await _append(connection, organization["origin"]["organization_id"], [organization])
    for name_ in ("namespace", "bucket"):
        fact = written(f"{name_}.created.v1")
        await _append(connection, fact[f"{name_}_id"], [fact])
    await _append(connection, "upl_alone", upload("upl_alone"))
    await _append(connection, "upl_twin", upload("upl_twin", duplicate_of="upl_alone"))
    await _append(connection, "upl_held", upload("upl_held", object_id="obj_1"))
    created = written("object.created.v1.bare", object_id="obj_1")
    created["blobs"] = [{**written("object.created.v1")["blobs"][0], "upload_id": "upl_held"}]
    await _append(connection, "obj_1", [created])
    await _append(connection, "upl_shared", upload("upl_shared", object_id="obj_1", duplicate_of="upl_held"))
    await _append(
        connection, "upl_failed", [*upload("upl_failed")[:2], written("upload.failed.v1", upload_id="upl_failed")]
    )
    await connection.close()
    return database


async def _append(connection: Any, stream_id: str, facts: list[dict[str, Any]]) -> None:  # noqa: ANN401  # asyncpg's
    row = await connection.fetchrow(
        "SELECT * FROM upwell.append($1, $2, $3, $4, $5, $6, $7, $8)",
        [msgspec.json.encode({"organization_id": facts[0]["origin"]["organization_id"]}).decode()],
        [None],
        [0],
        [1] * len(facts),
        [stream_id] * len(facts),
        list(range(1, len(facts) + 1)),
        [fact["type"] for fact in facts],
        [msgspec.json.encode(fact) for fact in facts],
    )
    assert row["refusals"] in ({}, "{}")


async def test_nothing_that_is_completed_is_forgotten(older: Database) -> None:
    connection = await connect(older.owner_url, role=None)
    waiting = await connection.fetch("SELECT upload_id FROM upwell.jobs WHERE kind = 'forget'")
    statuses = await connection.fetch("SELECT upload_id, status, object_id FROM upwell.uploads ORDER BY upload_id")
    await connection.close()
    assert [row["upload_id"] for row in waiting] == ["upl_failed"]
    assert [tuple(row) for row in statuses] == [
        ("upl_alone", "COMPLETED", None),
        ("upl_failed", "FAILED", None),
        ("upl_held", "COMPLETED", "obj_1"),
        ("upl_shared", "COMPLETED", "obj_1"),
        ("upl_twin", "COMPLETED", None),
    ]


async def test_a_rebuild_of_an_older_log_gives_the_same_tables(older: Database) -> None:
    rebuilt = await rebuild(older.owner_url, swap=False)

    assert rebuilt.differences == {}
