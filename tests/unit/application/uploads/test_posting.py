"""Files that are sent by a form: storage bounds their size, and everything after it is as with a PUT."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.storage.url_signer import MemoryUrlSigner, RefusedError, WrongFileError
from application.ports.storage.url_signer import SignedRequest
from application.rules import Rules
from application.uploads.requesting import Answer
from domain.buckets.bucket import UniqueKey
from domain.organizations.organization import Tier, TierLimits
from domain.refusals import ForbiddenError, InvalidInputError, WrongStateError
from domain.uploads.content_rules import ContentRules
from domain.uploads.parts import Multipart
from domain.uploads.posting import POST_LIMIT_BYTES
from domain.uploads.upload import Status
from tests.unit.application.keys.test_issuing_upload_tokens import holder
from tests.unit.application.world import BYTES, SHA256, Client, World

TIER_LIMIT = Rules().tier_limits[Tier.FREE].file_size_bytes


def sizes_of(signed: SignedRequest | None) -> tuple[int, int]:
    assert signed is not None
    assert signed.fields is not None
    least, most = json.loads(b64decode(signed.fields["policy"]))["sizes"]
    return least, most


def post(client: Client, answer: Answer, body: bytes = BYTES, changed: Mapping[str, str] | None = None) -> None:
    """Send the form, as a page does; raises what a server refuses with."""
    assert answer.signed is not None
    assert answer.signed.fields is not None
    fields = {**answer.signed.fields, **(changed or {})}
    allowed = MemoryUrlSigner().check_form(fields, body, now=client.world.clock.now())
    client.world.storage.put(allowed.key, body, fields["Content-Type"])


async def test_a_form_is_answered_in_place_of_a_url(client: Client) -> None:
    answer = await client.request(by_post=True)

    assert answer.signed is not None
    assert (answer.signed.method, answer.signed.headers) == ("POST", {})
    assert answer.signed.fields is not None
    assert answer.signed.fields["key"] == answer.record.storage_key
    assert answer.signed.fields["Content-Type"] == "video/mp4"
    assert answer.signed.fields["success_action_status"] == "201"
    assert answer.record.expires_at == answer.signed.expires_at


async def test_a_posted_file_completes_and_becomes_an_object(client: Client) -> None:
    answer = await client.request(by_post=True)
    post(client, answer)

    confirmed = await client.confirm(answer)

    assert confirmed.status is Status.COMPLETED
    assert confirmed.record.object_id is not None
    assert confirmed.record.sha256 == SHA256


async def test_a_declared_size_is_the_only_one_that_storage_takes_and_is_reserved(client: Client) -> None:
    answer = await client.request(by_post=True)

    assert sizes_of(answer.signed) == (len(BYTES), len(BYTES))
    assert await client.quota() == (len(BYTES), 0)
    for body in (BYTES[1:], BYTES + b"!"):
        with pytest.raises(WrongFileError):
            post(client, answer, body)


async def test_an_undeclared_size_is_bounded_by_storage_and_reserves_nothing(client: Client) -> None:
    answer = await client.request(by_post=True, size=None)

    assert sizes_of(answer.signed) == (0, TIER_LIMIT)
    assert await client.quota() == (0, 0)
    post(client, answer)
    assert (await client.confirm(answer)).status is Status.COMPLETED
    assert await client.quota() == (0, len(BYTES))


async def test_the_sizes_of_the_bucket_bound_a_form(client: Client) -> None:
    await client.make_bucket("small", content_rules=ContentRules(min_file_size_bytes=2, max_file_size_bytes=20))

    assert sizes_of((await client.request(by_post=True, size=None)).signed) == (2, 20)


async def test_the_token_bounds_a_form_and_its_file_at_verification(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_count=9, max_size_bytes=5)
    answer = await page.request(by_post=True, size=None)

    assert sizes_of(answer.signed) == (0, 5)
    world.storage.put(answer.record.storage_key, b"123456", "video/mp4")  # by another way
    with pytest.raises(WrongStateError) as refused:
        await page.confirm(answer)
    assert refused.value.code == "file_too_large"
    with pytest.raises(ForbiddenError, match="up to 5 bytes"):
        await page.request(by_post=True, size=6)


async def test_an_empty_file_is_sent_by_a_form_with_a_token_that_limits_the_size(world: World, client: Client) -> None:
    page, _ = await holder(world, client, max_size_bytes=5)
    answer = await page.request(by_post=True, size=None)
    post(page, answer, b"")

    assert (await page.confirm(answer)).status is Status.COMPLETED


async def test_a_file_beyond_a_limit_that_was_lowered_since_fails() -> None:
    limits = dict.fromkeys(Tier, TierLimits(file_size_bytes=50, quota_bytes=None))
    world = World(rules=Rules(tier_limits=limits))
    client = await world.tenant()
    answer = await client.request(by_post=True, size=None)
    post(client, answer)
    limits[Tier.FREE] = TierLimits(file_size_bytes=5, quota_bytes=None)

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)
    assert refused.value.code == "file_too_large"


async def test_no_form_takes_more_than_a_single_request_can_carry() -> None:
    client = await World().tenant(tier=Tier.ENTERPRISE)

    assert sizes_of((await client.request(by_post=True, size=None)).signed) == (0, POST_LIMIT_BYTES)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"multipart": Multipart.ALWAYS}, "post_has_no_parts"),
        ({"size": POST_LIMIT_BYTES + 1}, "needs_multipart"),
        ({"storage_checks": True}, "hash_required"),
    ],
)
async def test_what_a_form_cannot_carry_is_refused(asked: dict[str, Any], code: str) -> None:
    client = await World().tenant(tier=Tier.ENTERPRISE, quota_bytes=2 * POST_LIMIT_BYTES)

    with pytest.raises(InvalidInputError) as refused:
        await client.request(by_post=True, **asked)

    assert refused.value.code == code


async def test_a_bucket_whose_smallest_file_is_too_large_is_refused(client: Client) -> None:
    await client.make_bucket("large", content_rules=ContentRules(min_file_size_bytes=TIER_LIMIT + 1))

    with pytest.raises(ForbiddenError) as refused:
        await client.request(by_post=True, size=None)

    assert refused.value.code == "file_too_large"


async def test_storage_checks_the_hash_of_a_form(client: Client) -> None:
    answer = await client.request(by_post=True, storage_checks=True, sha256=SHA256)
    assert answer.signed is not None
    assert answer.signed.fields is not None

    assert answer.signed.fields["x-amz-checksum-algorithm"] == "SHA256"
    assert answer.signed.fields["x-amz-checksum-sha256"] == b64encode(bytes.fromhex(SHA256)).decode()
    with pytest.raises(WrongFileError):
        post(client, answer, BYTES[::-1])
    post(client, answer)
    assert (await client.confirm(answer)).status is Status.COMPLETED


@pytest.mark.parametrize("changed", [{"Content-Type": "text/html"}, {"acl": "public-read"}, {"key": "other"}])
async def test_a_form_sets_nothing_but_what_was_signed(client: Client, changed: dict[str, str]) -> None:
    answer = await client.request(by_post=True)

    with pytest.raises(RefusedError):
        post(client, answer, changed=changed)


async def test_the_name_of_the_file_stays_out_of_the_key_of_a_form(client: Client) -> None:
    answer = await client.request(by_post=True, filename="${filename} 😀.mp4")

    assert answer.record.filename == "${filename} 😀.mp4"
    assert answer.record.storage_key.endswith("/__filename___.mp4")
    post(client, answer)
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_duplicate_that_is_known_has_no_form(client: Client) -> None:
    original = await client.upload()
    answer = await client.request(by_post=True, sha256=SHA256)

    assert (answer.is_duplicate, answer.signed) == (True, None)
    assert answer.record.upload_id == original.record.upload_id


async def test_a_duplicate_that_was_posted_is_found_at_confirm(client: Client) -> None:
    original = await client.upload()
    answer = await client.request(by_post=True, size=None)
    post(client, answer)

    assert (await client.confirm(answer)).record.duplicate_of == original.record.upload_id


async def test_a_taken_unique_key_skips_a_form(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    await client.upload(object_metadata={"title": "A"})

    answer = await client.request(by_post=True, size=None, object_metadata={"title": "A"})

    assert (answer.record.status, answer.signed) == (Status.SKIPPED, None)


async def test_a_batch_mixes_forms_and_puts(client: Client) -> None:
    answers = await client.request_many(
        client.announcement(by_post=True, size=None), client.announcement(), client.announcement(by_post=True, size=7)
    )

    assert [each.signed and each.signed.method for each in answers] == ["POST", "PUT", "POST"]
    assert sizes_of(answers[2].signed) == (7, 7)
    with pytest.raises(InvalidInputError) as refused:
        await client.request_many(client.announcement(), client.announcement(by_post=True, multipart=Multipart.ALWAYS))
    assert refused.value.details["index"] == 1


async def test_an_upload_stays_one_by_form_when_it_is_signed_again(world: World, client: Client) -> None:
    await client.make_bucket("small", content_rules=ContentRules(min_file_size_bytes=2, max_file_size_bytes=20))
    answer = await client.request(by_post=True, size=None, expires_in=600)
    world.clock.advance(timedelta(seconds=700))
    with pytest.raises(RefusedError):
        post(client, answer)  # expired

    record, again = await world.send_parts.sign_again(
        client.caller, client.namespace, answer.record.upload_id, bucket_id=None
    )

    assert sizes_of(again) == (2, 20)
    assert again is not None
    assert record.expires_at == again.expires_at == world.clock.now().replace(microsecond=0) + timedelta(seconds=600)
    post(client, Answer(record=record, signed=again))
    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_form_that_is_asked_for_again_lives_for_the_time_that_is_left(world: World, client: Client) -> None:
    answer = await client.request(by_post=True, size=None, expires_in=600)
    upload_id = answer.record.upload_id
    world.clock.advance(timedelta(seconds=100))

    replayed = await world._request.again(client.caller, client.namespace, client.bucket, upload_id, drawn=upload_id)
    record = await world.read_side.upload(client.namespace.namespace_id, upload_id)
    assert record is not None
    (listed,) = await world.sign(client.caller, client.namespace, [record])

    for signed in (replayed.signed, listed.put):
        assert signed is not None
        assert answer.signed is not None
        assert sizes_of(signed) == (0, TIER_LIMIT)
        assert signed.expires_at == answer.signed.expires_at
        assert signed.fields == answer.signed.fields, "the policy of the same end is the same"


async def test_a_form_sends_no_parts(client: Client) -> None:
    answer = await client.request(by_post=True)

    with pytest.raises(WrongStateError) as refused:
        await client.sign_parts(answer, 1)

    assert refused.value.code == "not_in_parts"
