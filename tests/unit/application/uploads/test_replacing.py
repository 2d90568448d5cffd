"""Replacing the blobs of an object needs the permission to delete, and for an upload token its own policy."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.keys.issuing_upload_tokens import TokenWish
from application.keys.managing import KeyChange, KeyWish
from application.ports.events.event_log import Command
from application.rules import Rules
from application.uploads.sending_parts import WantedPart
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import FieldType
from domain.keys.api_key import Permission
from domain.objects.composition import BlobWish
from domain.refusals import ForbiddenError, WrongStateError
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from domain.uploads.upload_events import UploadCompleted, UploadFailed
from tests.unit.application.world import BYTES, SHA256, Client, World

OTHER = b"quite another clip"
NAMED = {"title": "a"}


async def key_of(client: Client, *permissions: Permission, scopes: tuple[dict[str, Any], ...] = ()) -> Client:
    """Return a client with a further key of the same organization."""
    world = client.world
    key, secret = await world.keys.create(
        client.caller.organization.organization_id,
        KeyWish(name="-".join(permissions) + str(len(scopes)), user_id="usr_1", permissions=permissions, scopes=scopes),
        actor_id="system:operator",
    )
    other = replace(client, caller=await world.admitting.caller(secret), secret=secret)
    other.bucket = client.bucket
    assert other.caller.key.key_id == key.key_id
    return other


async def token_of(client: Client, policy: Policy | None = None, *, max_count: int = 9) -> Client:
    """Return a client that has only a token of this client's key."""
    wish = TokenWish(max_count=max_count, expires_in=timedelta(minutes=15), policy=policy)
    _, secret = await client.world.issue_token(client.caller, client.namespace, client.bucket, wish)
    holder = replace(client, caller=await client.world.admitting.caller(secret), secret=secret)
    holder.bucket = client.bucket
    return holder


@pytest.fixture
async def owner(client: Client) -> Client:
    """A client whose bucket replaces by default, and has an object."""
    await client.make_bucket("upserted", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    await client.upload(object_metadata=NAMED)
    return client


async def who(owner: Client, kind: str) -> Client:
    if kind == "token":
        return await token_of(owner)
    if kind == "scoped key":
        here = {"resource_type": "bucket", "resource_id": owner.bucket.bucket_id}
        scopes = ({**here, "operations": ["read_data", "write_data"]},)
        return await key_of(owner, Permission.READ, Permission.WRITE, Permission.DELETE, scopes=scopes)
    return await key_of(owner, Permission.READ, Permission.WRITE)


LESS = pytest.mark.parametrize("kind", ["token", "key", "scoped key"])


def denied() -> pytest.RaisesExc[ForbiddenError]:
    return pytest.raises(ForbiddenError, check=lambda error: error.code == "replace_denied")


@LESS
async def test_a_caller_that_may_not_delete_does_not_replace_blobs(owner: Client, kind: str) -> None:
    less = await who(owner, kind)
    before = await owner.world.tags()

    with denied():
        await less.request(size=len(OTHER), object_metadata=NAMED)

    assert await owner.world.tags() == before
    made = await less.upload(OTHER, object_metadata={"title": "b"})
    assert made.status is Status.COMPLETED
    assert made.record.object_id is not None


async def test_a_caller_that_may_not_delete_still_inserts_many_and_skips_what_exists(owner: Client) -> None:
    less = await key_of(owner, Permission.READ, Permission.WRITE)

    skipped, new = await less.request_many(
        *(less.announcement(object_metadata={"title": title}, policy=Policy.INSERT) for title in "ab")
    )

    assert skipped.record.status is Status.SKIPPED
    assert new.signed is not None


@LESS
async def test_a_key_that_was_taken_meanwhile_is_not_replaced_at_confirm(client: Client, kind: str) -> None:
    await client.make_bucket("upserted", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    less = await who(client, kind)
    answer = await less.request(size=len(OTHER), object_metadata=NAMED)
    less.put(answer, OTHER)
    original = await client.upload(object_metadata=NAMED)

    with denied():
        await less.confirm(answer)

    assert (await less.record(answer)).status is Status.PENDING
    if kind != "token":
        assert (await less.confirm(answer, policy=Policy.INSERT)).record.existing_object_id == original.record.object_id


async def test_a_key_that_is_taken_during_a_confirm_is_not_replaced_either(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.make_bucket("upserted", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    less = await key_of(client, Permission.READ, Permission.WRITE)
    answer = await less.request(size=len(OTHER), object_metadata=NAMED)
    less.put(answer, OTHER)
    append = client.world.log.append

    async def late(command: Command) -> int:
        monkeypatch.undo()
        await client.upload(object_metadata=NAMED)
        return await append(command)

    monkeypatch.setattr(client.world.log, "append", late)
    with denied():
        await less.confirm(answer)

    assert (await less.record(answer)).status is Status.PENDING


@pytest.mark.parametrize("confirms", ["the key", "another key", "a key that deletes"])
async def test_a_key_that_was_taken_meanwhile_is_an_error_of_a_batch_and_fails_no_upload(
    client: Client, confirms: str
) -> None:
    await client.make_bucket("upserted", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    less = await key_of(client, Permission.WRITE)
    keys = {"the key": less, "another key": await key_of(client, Permission.READ, Permission.WRITE)}
    answer = await less.request(size=len(OTHER), object_metadata=NAMED)
    less.put(answer, OTHER)
    original = await client.upload(object_metadata=NAMED)
    before = await client.world.tags()

    task = await keys.get(confirms, client).confirm_many(answer)
    await client.world.pass_time(timedelta(0))

    task = await client.task(task.task_id)
    assert [output["code"] for output in task.outputs if isinstance(output, dict)] == ["replace_denied"]
    assert (await client.record(answer)).status is Status.PENDING
    assert await client.world.tags() == before
    assert (await client.confirm(answer, policy=Policy.UPSERT)).record.object_id == original.record.object_id


async def test_a_verification_without_a_confirm_fails_where_it_would_replace(client: Client) -> None:
    await client.make_bucket("upserted", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    less = await who(client, "token")
    answer = await less.request(size=len(OTHER), object_metadata=NAMED)
    less.put(answer, OTHER)
    original = await client.upload(object_metadata=NAMED)

    await client.world.pass_time(timedelta(hours=2))

    record = await less.record(answer)
    assert (record.status, record.failure_reason) == (Status.FAILED, "replace_denied")
    held = await client.object(original.record.object_id or "")
    assert held is not None
    assert [blob.upload_id for blob in held.blobs] == [original.record.upload_id]


async def test_nothing_is_replaced_where_the_object_goes_before_the_failure_lands(client: Client) -> None:
    await client.make_bucket("upserted", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    less = await who(client, "token")
    answer = await less.request(size=len(OTHER), object_metadata=NAMED)
    less.put(answer, OTHER)
    gone = (await client.upload(object_metadata=NAMED)).record.object_id or ""

    client.world.once_before(lambda event: isinstance(event, UploadFailed), lambda: client.delete_object(gone))
    await client.world.pass_time(timedelta(hours=2))

    record = await less.record(answer)
    assert (record.status, record.failure_reason) == (Status.COMPLETED, None)
    assert record.object_id not in {None, gone}


async def test_a_confirm_names_no_policy_that_replaces_what_it_may_not(client: Client) -> None:
    await client.make_bucket("kept", unique_key=UniqueKey(fields=("title",)))
    less = await who(client, "key")
    answer = await less.request(size=len(OTHER), object_metadata=NAMED)
    less.put(answer, OTHER)
    await client.upload(object_metadata=NAMED)

    with denied():
        await less.confirm(answer, policy=Policy.UPSERT)

    confirmed = await client.confirm(answer, policy=Policy.UPSERT)  # of a key that may
    assert confirmed.status is Status.COMPLETED
    assert confirmed.record.object_id is not None


async def test_a_token_replaces_with_a_policy_of_its_own_as_long_as_its_key_may(owner: Client) -> None:
    keeper = await key_of(owner, Permission.WRITE, Permission.DELETE)
    holder = await token_of(keeper, Policy.UPSERT)

    replaced = await holder.upload(OTHER, object_metadata=NAMED)
    assert replaced.record.object_id is not None

    await owner.world.keys.change(
        owner.caller.organization.organization_id,
        KeyChange(permissions=(Permission.WRITE,)),
        user_id="usr_1",
        name=keeper.caller.key.name,
        actor_id="system:operator",
        by=owner.caller.key,
    )
    again = replace(holder, caller=await owner.world.admitting.caller(holder.secret))
    again.bucket = owner.bucket
    with denied():
        await again.request(size=3, object_metadata=NAMED)


async def test_a_key_that_may_not_delete_gives_no_token_that_replaces(owner: Client) -> None:
    less = await who(owner, "key")
    with pytest.raises(ForbiddenError, check=lambda error: error.code == "grants_too_much"):
        await token_of(less, Policy.UPSERT)
    assert (await token_of(less, Policy.INSERT)).caller.token is not None


async def test_a_caller_that_may_not_delete_changes_objects_without_removing_anything(owner: Client) -> None:
    less = await who(owner, "key")
    first = BlobWish(property="title", type=FieldType.STRING, data="first")
    made = await owner.make(first, fields={"title": "o"})

    with denied():
        await less.make(BlobWish(property="title", type=FieldType.STRING, data="x"), fields={"title": "o"})
    with denied():
        await less.change(made.object_id, blobs=[BlobWish(property="title", type=FieldType.STRING, data="x")])
    with denied():
        await less.change(made.object_id, blobs=[])

    assert (await less.change(made.object_id, fields={"n": 1})).metadata["n"] == 1
    assert len((await less.change(made.object_id, blobs=[first, first])).blobs) == 2


async def test_of_many_uploads_one_that_would_replace_refuses_all(owner: Client) -> None:
    less = await who(owner, "key")
    with denied() as caught:
        await less.request_many(
            less.announcement(object_metadata={"title": "new"}, sha256=None), less.announcement(object_metadata=NAMED)
        )
    assert caught.value.details["index"] == 1


FALSE = "0" * 64


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ({"etag": "false"}, "etag_mismatch"),
        ({"size": 1}, "size_mismatch"),
        ({"sha256": FALSE}, "hash_mismatch"),
    ],
)
@pytest.mark.parametrize("announces_hash", [False, True])
async def test_a_false_claim_of_another_key_is_refused_and_fails_nothing(
    client: Client, claim: dict[str, object], code: str, announces_hash: bool
) -> None:
    stranger = await key_of(client, Permission.WRITE)
    answer = await client.request(sha256=SHA256 if announces_hash else None)
    client.put(answer)
    before = await client.world.tags()

    for as_task in (False, True):
        with pytest.raises(WrongStateError) as caught:
            await stranger.confirm(answer, as_task=as_task, **claim)  # type: ignore[arg-type]  # one claim of several types
        assert caught.value.code == code

    assert await client.world.tags() == before
    assert (await client.confirm(answer)).status is Status.COMPLETED


@pytest.mark.parametrize("declared", [SHA256, None])
@pytest.mark.parametrize("limit", [1, len(BYTES)])
async def test_a_hash_that_another_key_claims_for_a_large_file_is_compared_with_the_declared_one(
    declared: str | None, limit: int
) -> None:
    client = await World(rules=Rules(inline_limit_bytes=limit)).tenant()
    stranger = await key_of(client, Permission.WRITE)
    answer = await client.request(sha256=declared)
    client.put(answer)

    if declared is not None:
        with pytest.raises(WrongStateError, check=lambda error: error.code == "hash_mismatch"):
            await stranger.confirm(answer, sha256=FALSE)
    else:  # nothing is read for the sake of a claim
        await stranger.confirm(answer, sha256=FALSE)
        await client.world.pass_time(timedelta(0))

    status = Status.COMPLETED if declared is None else Status.PENDING
    assert (await client.record(answer)).status is status


async def test_a_key_makes_no_false_claim_about_the_upload_of_a_later_key(client: Client) -> None:
    answer = await (await key_of(client, Permission.WRITE)).request()
    client.put(answer)

    with pytest.raises(WrongStateError):
        await client.confirm(answer, etag="false")

    assert (await client.record(answer)).status is Status.PENDING


async def test_a_false_claim_of_the_key_that_requested_fails_the_upload(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    with pytest.raises(WrongStateError):
        await client.confirm(answer, etag="false")
    assert (await client.record(answer)).status is Status.FAILED


async def test_another_key_confirms_stored_bytes_and_wrong_bytes_fail_with_any_key(client: Client) -> None:
    stranger = await key_of(client, Permission.WRITE)
    right, wrong = await client.request(), await client.request(size=None, sha256=FALSE)
    stored = client.put(right)
    client.put(wrong)

    assert (await stranger.confirm(right, etag=stored.etag)).status is Status.COMPLETED
    with pytest.raises(WrongStateError) as caught:
        await stranger.confirm(wrong, etag="false")
    assert caught.value.code in {"hash_mismatch", "etag_mismatch"}


async def test_a_claim_of_another_key_is_compared_again_if_the_upload_changes_during_the_confirm(
    client: Client,
) -> None:
    stranger = await key_of(client, Permission.WRITE)
    answer = await client.request()
    stored = client.put(answer)

    async def change() -> None:
        client.put(answer, b"other bytes!")
        await client.world.send_parts.sign_again(
            client.caller, client.namespace, answer.record.upload_id, bucket_id=None
        )

    client.world.once_before(lambda event: isinstance(event, UploadCompleted), change)
    with pytest.raises(WrongStateError, check=lambda error: error.code == "etag_mismatch"):
        await stranger.confirm(answer, etag=stored.etag)

    assert (await client.record(answer)).status is Status.PENDING


async def test_a_false_claim_of_another_key_hides_no_fault_of_the_bytes(client: Client) -> None:
    stranger = await key_of(client, Permission.WRITE)
    answer = await client.request()
    client.put(answer, content_type="video/webm")

    with pytest.raises(WrongStateError, check=lambda error: error.code == "content_type_mismatch"):
        await stranger.confirm(answer, etag="false")

    assert (await client.record(answer)).status is Status.FAILED


async def test_a_policy_does_not_matter_without_a_unique_key(client: Client) -> None:
    stranger = await key_of(client, Permission.WRITE)
    answer = await client.request()
    client.put(answer)

    assert (await stranger.confirm(answer, policy=Policy.UPSERT)).status is Status.COMPLETED


@pytest.mark.parametrize("size", [len(BYTES), None], ids=["fetched", "read"])
async def test_another_key_may_claim_the_hash_of_the_stored_bytes(client: Client, size: int | None) -> None:
    stranger = await key_of(client, Permission.WRITE)
    answer = await client.request(size=size)
    client.put(answer)

    assert (await stranger.confirm(answer, sha256=SHA256)).status is Status.COMPLETED


async def test_another_key_names_no_other_policy_and_ends_no_parts_of_unknown_number(client: Client) -> None:
    stranger = await key_of(client, Permission.READ, Permission.WRITE)
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    for asked in Policy.INSERT, Policy.UPSERT:
        answer = await client.request(object_metadata=NAMED, policy=asked)
        client.put(answer)
        for policy in set(Policy) - {asked}:
            with pytest.raises(ForbiddenError, check=lambda error: error.code == "permission_denied"):
                await stranger.confirm(answer, policy=policy)

    for size, ending in (
        (None, client),
        (None, await key_of(client, Permission.WRITE, Permission.DELETE)),
        (3, stranger),
    ):
        parts = await client.request(size=size, multipart=Multipart.ALWAYS, create_object=False, skip_duplicates=False)
        await client.sign_parts(parts, WantedPart(part_number=1, size_bytes=3))
        await client.put_part(parts, 1, b"one")
        if size is None:
            with pytest.raises(ForbiddenError, check=lambda error: error.code == "permission_denied"):
                await stranger.confirm(parts)
        assert (await ending.confirm(parts)).status is Status.COMPLETED


async def test_a_token_is_the_actor_of_all_that_it_does(client: Client) -> None:
    holder = await token_of(client)
    token = holder.caller.token
    assert token is not None
    world = client.world
    start = len(await world.tags())
    kept, dropped = await holder.request(), await holder.request()
    holder.put(kept)
    await holder.confirm(kept)
    await holder.cancel(dropped)

    events = await world.log.read_feed(after=start, limit=100)
    actors = {each.topic: msgspec.json.decode(each.state)["origin"]["actor_id"] for each in events}
    assert set(actors.values()) == {token.token_id}, actors
    assert {"upload.completed.v1", "upload.canceled.v1", "upload.verification_began.v1"} <= set(actors)
