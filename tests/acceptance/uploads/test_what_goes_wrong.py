"""Every way an upload can go wrong, with the response and the state afterwards: the table of `what-can-go-wrong`.

A service with real PostgreSQL and S3 and a clock that is set; files are of fixed bytes, so that messages are fixed too.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from domain.uploads.parts import MIN_PART_BYTES
from tests.acceptance.uploads.test_main_job import announce, put
from tests.acceptance.uploads.test_posting import UNDECLARED, post
from tests.acceptance.world import BODY, BYTES, NOTHING, OVERWRITTEN, PARTS, PNG, QUOTA, TIER_LIMIT, World

OTHER = b"other bytes of the same length, which were never announced before this" + b"." * 30
PNG_NOTE = "The bytes are a PNG image (image/png), but the upload says video/mp4."
SHA256 = hashlib.sha256(BODY).hexdigest()
LONG = re.compile(r"\b(upl_|[0-9a-f]{6}(?=[0-9a-f]{26}))\w+")  # ids and hashes are shortened

NOT_THERE = "No bytes are stored for this upload: send the file to its URL, then confirm again."
OTHER_HASH = (
    "The bytes that arrived have the SHA-256 ef9ed4…, not 475901…. Request a new upload, and send the file again."
)
NO_ROOM = (
    "The storage quota is 8388608 bytes, 0 are stored or reserved, and 8388609 more were requested: "
    "delete something, or raise the quota."
)
HELD = f"{len(BODY)} reserved"
ACCEPTED = f"{len(BODY)} accepted"
PARTS_HELD = f"{len(PARTS)} reserved"


Seen = tuple[Mapping[str, Any] | None, httpx.Response | None]
Go = Callable[[World], Awaitable[Seen]]


@dataclass(frozen=True)
class Way:
    """A row of the table. `answer`: to the last request, with its code. `status` None: there is no upload.

    `message`: of an error that we answer, otherwise of the upload.
    """

    name: str
    what: str
    answer: str
    status: str | None
    message: str | None
    quota: str
    left: str
    go: Go


WAYS: Final[list[Way]] = []


def way(
    what: str,
    *,
    answer: str,
    status: str | None,
    message: str | None = None,
    quota: str = NOTHING,
    left: str = NOTHING,
) -> Callable[[Go], Go]:
    """Add a row."""

    def add(go: Go) -> Go:
        WAYS.append(Way(go.__name__, what, answer, status, message, quota, left, go))
        return go

    return add


# Before the PUT


@way(
    "The file is larger than the quota has room for.",
    answer="403 quota_exceeded",
    status=None,
    message=NO_ROOM,
)
async def announced_beyond_the_quota(world: World) -> Seen:
    return None, await world.ask(file_size_bytes=QUOTA + 1)


@way(
    "The bucket does not accept files of this type.",
    answer="403 content_type_not_allowed",
    status=None,
    message="The bucket does not accept video/mp4: send a file of one of the types image/*.",
)
async def announced_with_another_type_than_the_bucket_takes(world: World) -> Seen:
    return None, await world.ask(bucket=await world.make_ruled(allowed_content_types=["image/*"]))


@way(
    "The file is larger than the tier allows.",
    answer="403 file_too_large",
    status=None,
    message="The organization's tier allows files of up to 10485760 bytes, but this file has 10485761: send a smaller"
    " file, or move to a higher tier.",
)
async def announced_beyond_the_tier(world: World) -> Seen:
    return None, await world.ask(file_size_bytes=TIER_LIMIT + 1)


# During the PUT


@way(
    "Storage: the length of the body differs from the announced one.",
    answer="403 from storage",
    status="PENDING",
    quota=HELD,
)
async def another_length_is_sent(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    return upload, await put(upload, BODY + b"!")


@way("Storage: the body comes with another content type.", answer="403 from storage", status="PENDING", quota=HELD)
async def another_type_is_sent(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    return upload, await put({**upload, "content_type": "video/webm"}, BODY)


@way("Storage: the URL has expired before the PUT begins.", answer="403 from storage", status="PENDING", quota=HELD)
async def the_url_has_expired(world: World) -> Seen:
    upload = await announce(world.client, BODY, presigned_url_expiration=60)
    return upload, await put(upload, BODY)


@way(
    "Storage, with `integrity: storage`: the SHA-256 of the body differs.",
    answer="400 from storage",
    status="PENDING",
    quota=HELD,
)
async def storage_checks_the_hash(world: World) -> Seen:
    upload = await announce(world.client, BODY, file_hash=SHA256, integrity="storage")
    return upload, await send(upload, OTHER)


@way(
    "Storage, with `method: post`: the file is larger than the form allows. Its size was not declared.",
    answer="400 from storage",
    status="PENDING",
)
async def the_file_of_a_form_is_too_large(world: World) -> Seen:
    upload = await announce(world.client, b"", bucket=await world.make_ruled(max_file_size_bytes=99), **UNDECLARED)
    return upload, await post(upload, BODY)


@way("Storage, with `method: post`: a field of the form was changed.", answer="403 from storage", status="PENDING")
async def a_field_of_a_form_was_changed(world: World) -> Seen:
    upload = await announce(world.client, b"", **UNDECLARED)
    return upload, await post(upload, BODY, changed={"Content-Type": "text/html"})


@way("Storage, with `method: post`: the form has expired.", answer="403 from storage", status="PENDING")
async def the_form_has_expired(world: World) -> Seen:
    upload = await announce(world.client, b"", **UNDECLARED, presigned_url_expiration=60)
    return upload, await post(upload, BODY)


@way(
    "The body breaks off in the middle.",
    answer="400 content_not_found",
    status="PENDING",
    quota=HELD,
    message=NOT_THERE,
)
async def the_body_breaks_off(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    await break_off(upload, BODY)
    return upload, await world.confirm(upload)


@way(
    "Nothing is sent until the URL has expired.",
    answer="400 upload_failed",
    status="FAILED",
    message="The upload is FAILED: No bytes arrived before the upload URL expired; request a new upload.",
)
async def nothing_is_sent(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    await world.pass_time()
    return upload, await world.confirm(upload)


@way(
    "The upload expires during the PUT, and the client never confirms: the sweeper finds the bytes.",
    answer="",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def it_expires_while_it_is_sent(world: World) -> Seen:
    upload = await world.sent()
    await world.pass_time()
    return upload, None


@way(
    "The upload expires during the PUT, and the client confirms late.",
    answer="200 COMPLETED",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def it_is_confirmed_late(world: World) -> Seen:
    upload = await world.sent()
    world.clock.advance(timedelta(hours=1, minutes=5))
    return upload, await world.confirm(upload)


@way("The client cancels the upload after it has sent the bytes.", answer="204", status="CANCELED")
async def it_is_canceled(world: World) -> Seen:
    upload = await world.sent()
    answer = await world.client.delete(f"/v1/uploads/{upload['upload_id']}")
    await world.work()
    return upload, answer


@way("Bytes arrive after the client has canceled the upload.", answer="200 from storage", status="CANCELED")
async def bytes_after_the_cancellation(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    await world.client.delete(f"/v1/uploads/{upload['upload_id']}")
    answer = await put(upload, BODY)
    await world.pass_time()  # late bytes are deleted when the URL has expired
    return upload, answer


# At the confirmation


@way(
    "The client confirms before the bytes have arrived.",
    answer="400 content_not_found",
    status="PENDING",
    quota=HELD,
    message=NOT_THERE,
)
async def confirmed_before_the_bytes(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    return upload, await world.confirm(upload)


@way(
    "The client confirms before the bytes have arrived, and again afterwards.",
    answer="200 COMPLETED",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def confirmed_before_and_after_the_bytes(world: World) -> Seen:
    upload = await announce(world.client, BODY)
    assert (await world.confirm(upload)).status_code == 400
    await put(upload, BODY)
    return upload, await world.confirm(upload)


@way(
    "The bytes are deleted from storage before the client confirms.",
    answer="400 content_not_found",
    status="PENDING",
    quota=HELD,
    message=NOT_THERE,
)
async def deleted_before_it_is_confirmed(world: World) -> Seen:
    upload = await world.sent()
    await world.storage.delete(upload["s3_key"])
    return upload, await world.confirm(upload)


@way(
    "The client confirms with a different ETag from storage's.",
    answer="400 etag_mismatch",
    status="FAILED",
    message="Storage holds the ETag 984147…, not 000000…: other bytes arrived. Request a new upload, and send the"
    " file again.",
)
async def another_etag(world: World) -> Seen:
    upload = await world.sent()
    return upload, await world.confirm(upload, etag="0" * 32)


@way(
    "The client confirms with a different size from the actual one.",
    answer="400 size_mismatch",
    status="FAILED",
    message="100 bytes arrived, 99 were confirmed. Request a new upload, and send the file with its actual size.",
)
async def another_size(world: World) -> Seen:
    upload = await world.sent(file_size_bytes=None)
    return upload, await world.confirm(upload, file_size_bytes=99)


@way(
    "The SHA-256 of the bytes differs from the announced one.",
    answer="400 hash_mismatch",
    status="FAILED",
    message=OTHER_HASH,
)
async def another_hash(world: World) -> Seen:
    upload = await world.sent(OTHER, file_hash=SHA256)
    return upload, await world.confirm(upload)


@way(
    "The same, detected by a worker (`?async=true`).",
    answer="200 PROCESSING",
    status="FAILED",
    message=OTHER_HASH,
)
async def another_hash_in_a_task(world: World) -> Seen:
    upload = await world.sent(OTHER, file_hash=SHA256)
    answer = await world.client.post(f"/v1/uploads/{upload['upload_id']}/confirm?async=true")
    await world.work()
    return upload, answer


@way(
    "The bytes are a PNG image, but the content type is video/mp4.",
    answer="200 COMPLETED",
    status="COMPLETED",
    message=PNG_NOTE,
    quota=ACCEPTED,
    left=BYTES,
)
async def bytes_of_another_type(world: World) -> Seen:
    upload = await world.sent(PNG)
    return upload, await world.confirm(upload)


@way(
    "The same in a bucket whose `content_check` is `strict`.",
    answer="400 content_type_mismatch",
    status="FAILED",
    message=f"{PNG_NOTE} Request a new upload with the content type of the file.",
)
async def bytes_of_another_type_in_a_strict_bucket(world: World) -> Seen:
    upload = await world.sent(PNG, bucket=await world.make_ruled(content_check="strict"))
    return upload, await world.confirm(upload)


@way(
    "The size was not announced, and is below the minimum of the bucket.",
    answer="400 file_too_small",
    status="FAILED",
    message="100 bytes arrived; the bucket accepts files of at least 1000. Send a larger file.",
)
async def the_true_size_is_below_the_buckets(world: World) -> Seen:
    upload = await world.sent(bucket=await world.make_ruled(min_file_size_bytes=1000), file_size_bytes=None)
    return upload, await world.confirm(upload)


@way(
    "The size was not announced, and exceeds the limit of the tier.",
    answer="400 file_too_large",
    status="FAILED",
    message="10485761 bytes arrived; the tier allows files of up to 10485760. Send a smaller file.",
)
async def the_true_size_is_beyond_the_tier(world: World) -> Seen:
    upload = await announce(world.client, BODY, file_size_bytes=None)
    await put(upload, b"." * (TIER_LIMIT + 1))
    return upload, await world.confirm(upload)


@way(
    "The size was not announced, and the quota has no room for it.",
    answer="400 quota_exceeded",
    status="FAILED",
    message=NO_ROOM,
)
async def the_true_size_is_beyond_the_quota(world: World) -> Seen:
    upload = await announce(world.client, BODY, file_size_bytes=None)
    await put(upload, b"." * (QUOTA + 1))
    return upload, await world.confirm(upload)


@way(
    "The same bytes are already stored, which was not known at the announcement.",
    answer="200 COMPLETED",
    status="COMPLETED",
    quota=ACCEPTED,
    message="The same bytes were already stored, in the upload upl_…: they are kept once.",
)
async def a_duplicate(world: World) -> Seen:
    first, second = await world.sent(), await world.sent()
    await world.confirm(first)
    answer = await world.confirm(second)
    assert answer.json()["duplicate_of_upload_id"] == first["upload_id"]
    await world.work()
    return second, answer


@way(
    "Storage does not respond.",
    answer="503 storage_unavailable",
    status="PENDING",
    quota=HELD,
    left=BYTES,
    message="The storage is unreachable right now; try again in a moment.",
)
async def storage_is_away(world: World) -> Seen:
    upload = await world.sent()
    world.gate.shut()
    answer = await world.confirm(upload)
    world.gate.open = True
    return upload, answer


@way(
    "Everything happens twice: announcement (with one `Idempotency-Key`), PUT, notification, confirm.",
    answer="200 COMPLETED",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def twice_everything(world: World) -> Seen:
    world.client.headers["Idempotency-Key"] = "once"
    upload, again = [await announce(world.client, BODY, auto_confirm=True) for _ in range(2)]
    del world.client.headers["Idempotency-Key"]
    assert upload["upload_id"] == again["upload_id"]
    for each in (upload, again):
        assert (await put(each, BODY)).status_code == 200
    for _ in range(2):
        assert (await world.notify(upload)).status_code == 200
        await world.work()
    first, second = [await world.confirm(upload) for _ in range(2)]
    assert first.json() == second.json()
    return upload, second


# Without the client


@way(
    "Storage reports the bytes of an upload with `auto_confirm` before the client confirms.",
    answer="200 COMPLETED",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def notified_before_it_is_confirmed(world: World) -> Seen:
    upload = await world.sent(auto_confirm=True)
    await world.notify(upload)
    await world.work()
    assert (await world.record(upload))["status"] == "COMPLETED"
    return upload, await world.confirm(upload)


@way(
    "The same without `auto_confirm`: the client has to confirm.",
    answer='200 {"received":1,"matched":1,"ignored":0}',
    status="PENDING",
    quota=HELD,
    left=BYTES,
)
async def notified_without_auto_confirm(world: World) -> Seen:
    upload = await world.sent()
    answer = await world.notify(upload)
    await world.work()
    return upload, answer


@way(
    "Storage reports bytes that were not announced, with `auto_confirm`.",
    answer="",
    status="FAILED",
    message=OTHER_HASH,
)
async def notified_of_other_bytes(world: World) -> Seen:
    upload = await world.sent(OTHER, file_hash=SHA256, auto_confirm=True)
    await world.notify(upload)
    await world.work()
    return upload, None


# Afterwards


@way(
    "Other bytes are sent with the same URL after the completion.",
    answer="200 from storage",
    status="COMPLETED",
    quota=ACCEPTED,
    left=OVERWRITTEN,
)
async def overwritten_afterwards(world: World) -> Seen:
    upload = await world.sent()
    await world.confirm(upload)
    return upload, await put(upload, OTHER)


@way(
    "The same, after the URL has expired: the verified version is the current one again.",
    answer="",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def overwritten_afterwards_and_restored(world: World) -> Seen:
    upload = await world.sent()
    await world.confirm(upload)
    await put(upload, OTHER)
    await world.pass_time()
    return upload, None


@way(
    "The same with `integrity: storage`, whose URL never overwrites.",
    answer="412 from storage",
    status="COMPLETED",
    quota=ACCEPTED,
    left=BYTES,
)
async def overwritten_afterwards_with_integrity(world: World) -> Seen:
    upload = await announce(world.client, BODY, file_hash=SHA256, integrity="storage")
    await send(upload, BODY)
    await world.confirm(upload)
    return upload, await send(upload, BODY)


# Multipart


@way(
    "A part is missing.",
    answer="400 content_not_found",
    status="IN_PROGRESS",
    quota=PARTS_HELD,
    left="parts 1",
    message="Some parts are missing or have the wrong size: send the parts in the details, then confirm again.",
)
async def a_part_is_missing(world: World) -> Seen:
    upload, _ = await world.in_parts(1)
    return upload, await world.confirm(upload)


@way(
    "The client confirms a part with a different ETag.",
    answer="400 parts_differ",
    status="IN_PROGRESS",
    quota=PARTS_HELD,
    left="parts 1, 2",
    message="Storage has other bytes than those confirmed for some parts: send the parts in the details again, then"
    " confirm again.",
)
async def a_part_has_another_etag(world: World) -> Seen:
    upload, sent = await world.in_parts(1, 2)
    return upload, await world.confirm(upload, parts=[sent[0], {**sent[1], "etag": "0" * 32}])


@way(
    "Storage, with `integrity: storage`: the SHA-256 of a part differs.",
    answer="400 from storage",
    status="IN_PROGRESS",
    quota=PARTS_HELD,
)
async def storage_checks_the_hash_of_a_part(world: World) -> Seen:
    upload = await announce(world.client, PARTS, multipart="always", integrity="storage")
    asked = {"parts": [{"part_number": 1, "sha256": SHA256}]}
    signed = await world.client.post(f"/v1/uploads/{upload['upload_id']}/parts/sign", json=asked)
    (part,) = signed.json()["parts"]
    async with httpx.AsyncClient() as plain:
        return upload, await plain.put(part["url"], content=PARTS[:MIN_PART_BYTES], headers=part["required_headers"])


@way(
    "Parts are missing when the upload expires.",
    answer="400 upload_failed",
    status="FAILED",
    message="The upload is FAILED: Not all parts arrived before the upload URL expired; request a new upload.",
)
async def parts_are_missing_at_the_end(world: World) -> Seen:
    upload, _ = await world.in_parts(1)
    await world.pass_time()
    return upload, await world.confirm(upload)


@way(
    "All parts have arrived when the upload expires, and the client never confirms.",
    answer="",
    status="COMPLETED",
    quota=f"{len(PARTS)} accepted",
    left=BYTES,
)
async def all_parts_are_there_at_the_end(world: World) -> Seen:
    upload, _ = await world.in_parts(2, 1)
    await world.pass_time()
    return upload, None


@way(
    "The bytes of the parts were not announced.",
    answer="400 hash_mismatch",
    status="FAILED",
    message="The bytes that arrived have the SHA-256 02cbcf…, not 475901…. Request a new upload, and send the file"
    " again.",
)
async def parts_of_other_bytes(world: World) -> Seen:
    upload, _ = await world.in_parts(1, 2, file_hash=SHA256)
    return upload, await world.confirm(upload)


# The table


@pytest.mark.parametrize("name", [way.name for way in WAYS])
async def test_what_goes_wrong(world: World, name: str) -> None:
    (row,) = [each for each in WAYS if each.name == name]
    upload, answer = await row.go(world)

    assert outcome_of(answer) == row.answer
    if upload is None:
        assert answer is not None
        assert (message_of(answer), await world.quota()) == (row.message, row.quota)
        return
    await world.work()
    record = await world.record(upload)
    message = record["message"] if answer is None or answer.is_success else message_of(answer)
    message = message and LONG.sub(r"\1…", message)
    assert (record["status"], message, await world.quota(), await world.left(upload)) == (
        row.status,
        row.message,
        row.quota,
        row.left,
    )


def outcome_of(answer: httpx.Response | None) -> str:
    """Return a short form of a response."""
    if answer is None:
        return ""
    if not answer.request.url.path.startswith("/v1/"):
        return f"{answer.status_code} from storage"
    if not answer.content:
        return str(answer.status_code)
    body = answer.json()
    return f"{answer.status_code} {body.get('status', answer.text) if answer.is_success else body['error']['code']}"


def message_of(answer: httpx.Response) -> str | None:
    """Return the message of an error, except for errors of storage."""
    return answer.json()["error"]["message"] if answer.request.url.path.startswith("/v1/") else None


async def send(upload: Mapping[str, Any], body: bytes) -> httpx.Response:
    """Send a body with all required headers."""
    async with httpx.AsyncClient() as plain:
        return await plain.put(upload["presigned_url"], content=body, headers=upload["required_headers"])


async def break_off(upload: Mapping[str, Any], body: bytes) -> None:
    """Begin to send a body, and disconnect in the middle."""
    url = urlsplit(upload["presigned_url"])
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
    head += f"Content-Type: {upload['content_type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[: len(body) // 2])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
