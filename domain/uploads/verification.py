"""The verification of stored bytes: the found content against the request. The first contradiction wins."""

import msgspec
from msgspec import UNSET

from domain.uploads import formats, media_types
from domain.uploads.content import Claimed
from domain.uploads.content_rules import ContentCheck
from domain.uploads.request import UploadRequest
from domain.uploads.upload_events import FailureReason


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The stored content. `sha256` None: not read yet, so the hash is not checked; `etag` without quotes.

    `crc64nvme` None: storage has none for the whole file, so it is not checked. `head`: the leading bytes, None before
    they were read; `looks_like`: the detected content type, if any.
    """

    size_bytes: int
    etag: str
    content_type: str | None
    sha256: str | None
    content_encoding: str | None = None
    crc64nvme: str | None = None
    head: bytes | None = None
    looks_like: str | None = None


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """Why the content is refused.

    `of_new_bytes`: only if no earlier upload has the bytes. `of_live_requester`: only if the key that requested the
    upload is not revoked, which would take precedence. `of_free_key`: only if no object has the unique key.
    `of_holder`: only if this object still has the unique key.
    """

    reason: FailureReason
    message: str
    of_new_bytes: bool = False
    of_live_requester: bool = False
    of_free_key: bool = False
    of_holder: str | None = None


def judge(
    found: Found,
    request: UploadRequest,
    *,
    claimed: Claimed,
    max_size_bytes: int,
) -> Contradiction | None:
    """Return the first contradiction, None if there is none: ETag, size, limits, hashes, encoding, content type.

    The limits are the tier's, then the bucket's and the token's at the time of the request. Quotes around the claimed
    ETag are ignored.
    """
    if claimed.etag is not None and unquoted(claimed.etag) != found.etag:
        return Contradiction(
            reason=FailureReason.ETAG_MISMATCH,
            message=f"Storage holds the ETag {found.etag}, not {unquoted(claimed.etag)}: other bytes arrived. Request"
            " a new upload, and send the file again.",
        )
    for promised, who in ((request.declared_size_bytes, "declared"), (claimed.size_bytes, "confirmed")):
        if promised is not None and promised != found.size_bytes:
            return Contradiction(
                reason=FailureReason.SIZE_MISMATCH,
                message=f"{found.size_bytes} bytes arrived, {promised} were {who}. Request a new upload, and send the"
                " file with its actual size.",
            )
    beyond = _beyond_limits(found.size_bytes, request, max_size_bytes)
    if beyond is not None:
        return beyond
    other_bytes = _judge_hashes(found, request, claimed)
    if other_bytes is not None:
        return other_bytes
    if found.content_encoding is not None:
        return Contradiction(
            reason=FailureReason.CONTENT_ENCODING,
            message=f"The file arrived with the header Content-Encoding: {found.content_encoding[:100]}, and clients "
            "that download it would get other bytes. Request a new upload, and send the file without this header.",
        )
    return _of_another_type(found, request)


def note(found: Found, request: UploadRequest) -> str | None:
    """Return how the leading bytes contradict the content type, if they do."""
    if found.looks_like is None or not formats.contradicts(request.content_type, found.looks_like):
        return None
    return formats.told_of(request.content_type, found.looks_like)


def _judge_hashes(found: Found, request: UploadRequest, claimed: Claimed) -> Contradiction | None:
    if found.crc64nvme is not None and claimed.crc64nvme not in {UNSET, found.crc64nvme}:
        return Contradiction(
            reason=FailureReason.CHECKSUM_MISMATCH,
            message=f"The bytes that arrived have the CRC64NVME {found.crc64nvme}, not"
            f" {claimed.crc64nvme}. Request a new upload, and send the file again.",
        )
    for sha256 in (request.declared_sha256, claimed.sha256):
        if found.sha256 is not None and sha256 not in {None, UNSET, found.sha256}:
            return Contradiction(
                reason=FailureReason.HASH_MISMATCH,
                message=f"The bytes that arrived have the SHA-256 {found.sha256}, not {sha256}. Request"
                " a new upload, and send the file again.",
            )
    return None


def unquoted(etag: str) -> str:
    """Return an ETag without its quotes and without the prefix of a weak one."""
    return etag.strip().removeprefix("W/").strip('"')


def _beyond_limits(size_bytes: int, request: UploadRequest, max_size_bytes: int) -> Contradiction | None:
    if size_bytes > max_size_bytes:
        return Contradiction(
            reason=FailureReason.FILE_TOO_LARGE,
            message=f"{size_bytes} bytes arrived; the tier allows files of up to {max_size_bytes}. Send a smaller"
            " file.",
        )
    least, most = request.min_file_size_bytes, request.max_file_size_bytes
    if most is not None and size_bytes > most:
        return Contradiction(
            reason=FailureReason.FILE_TOO_LARGE,
            message=f"{size_bytes} bytes arrived; the bucket or the upload token accepts files of up to {most}. Send a"
            " smaller file.",
        )
    if least is not None and size_bytes < least:
        return Contradiction(
            reason=FailureReason.FILE_TOO_SMALL,
            message=f"{size_bytes} bytes arrived; the bucket accepts files of at least {least}. Send a larger file.",
        )
    return None


def _of_another_type(found: Found, request: UploadRequest) -> Contradiction | None:
    if found.content_type is not None and not media_types.same(found.content_type, request.content_type):
        return Contradiction(
            reason=FailureReason.CONTENT_TYPE_MISMATCH,
            message=f"The file arrived as {found.content_type}, not as {request.content_type}. Request a new"
            " upload, and send the file with the Content-Type that was signed.",
        )
    if request.content_check is not ContentCheck.STRICT:
        return None
    doubt = note(found, request)
    if doubt is None and found.head is not None:
        doubt = formats.strictly_contradicts(request.content_type, found.head, found.looks_like)
    if doubt is None:
        return None
    return Contradiction(
        reason=FailureReason.CONTENT_TYPE_MISMATCH,
        message=f"{doubt} Request a new upload with the content type of the file.",
    )
