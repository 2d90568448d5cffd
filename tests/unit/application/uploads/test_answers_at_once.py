"""Known results are returned immediately, and no request runs without end."""

from typing import Any

import msgspec
import pytest

from application.keys.callers import may_read
from application.ports.events.event_log import LogUnavailableError
from application.rules import Rules
from domain.buckets.schema import BucketSchema
from domain.keys.api_key import Permission
from domain.organizations.organization import Tier, TierLimits
from domain.refusals import InvalidInputError, WrongStateError
from domain.uploads.admission import Announcement, BucketRules, admit
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from tests.unit.application.world import SHA256, Client, World

LIMITS = TierLimits(file_size_bytes=10**6, quota_bytes=None)


async def test_a_file_above_the_tiers_limit_is_refused_at_once_however_it_is_confirmed() -> None:
    small = TierLimits(file_size_bytes=10, quota_bytes=1000)
    client = await World(rules=Rules(tier_limits=dict.fromkeys(Tier, small), inline_limit_bytes=1)).tenant()
    answer = await client.request(size=None)
    client.put(answer)

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer, as_task=True)

    assert refused.value.code == "file_too_large"
    assert (await client.record(answer)).status is Status.FAILED


@pytest.mark.parametrize(("said", "code"), [({"size": 5}, "size_mismatch"), ({"etag": "other"}, "etag_mismatch")])
async def test_what_the_head_contradicts_is_refused_at_once_as_a_task_too(
    client: Client, said: dict[str, Any], code: str
) -> None:
    answer = await client.request(size=None)
    client.put(answer)

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer, as_task=True, **said)

    assert refused.value.code == code


async def test_an_original_that_the_read_side_does_not_show_ends_the_request(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.upload()

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(client.world.read_side, "upload", nothing)

    with pytest.raises(LogUnavailableError) as refused:
        await client.request(sha256=SHA256)

    assert refused.value.reason == "read_side_differs"


async def test_a_known_duplicate_names_the_unused_fields(client: Client) -> None:
    await client.upload(metadata={"campaign": "spring"})

    same = await client.request(sha256=SHA256, metadata={"campaign": "spring"})
    other = await client.request(sha256=SHA256, filename="other.mp4", metadata={"campaign": "summer"})

    assert "Not used" not in (same.message or "")
    assert "Not used: filename, metadata;" in (other.message or "")


async def test_unrequested_parts_are_explained(client: Client) -> None:
    asked = await client.request(multipart=Multipart.ALWAYS)
    assert asked.message is None

    client = await client.world.tenant(name="Large", tier=Tier.ENTERPRISE, quota_bytes=10**12)
    unasked = await client.request(size=20 * 10**9)

    assert unasked.signed is None
    assert "/parts/sign" in (unasked.message or "")


@pytest.mark.parametrize(
    ("content_type", "kind"), [("application/pdf", "PDF"), ("text/plain", "TEXT"), ("text/csv", "EXCEL")]
)
def test_a_document_is_of_the_type_that_its_content_says(content_type: str, kind: str) -> None:
    announced = Announcement(filename="a", content_type=content_type, create_object=False, blob_type="DOCUMENT")
    rules = BucketRules(schema=BucketSchema(properties={}), unique_key=None)

    assert admit(announced, rules, LIMITS).blob_type == kind
    with pytest.raises(InvalidInputError):
        admit(msgspec.structs.replace(announced, content_type="image/png"), rules, LIMITS)


async def test_permissions_and_scopes_decide_which_callers_may_read(client: Client) -> None:
    def allowed(**powers: object) -> bool:
        key = msgspec.structs.replace(client.caller.key, **powers)
        caller = msgspec.structs.replace(client.caller, key=key)
        return may_read(caller, client.namespace, client.bucket)

    here = {"resource_type": "bucket", "resource_id": client.bucket.bucket_id}
    assert allowed()
    assert not allowed(permissions=(Permission.WRITE,))
    assert allowed(scopes=(here,))
    assert not allowed(scopes=({**here, "operations": ["write_data"]},))
