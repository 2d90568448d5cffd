"""What a client must send with the bytes, exactly as it was signed: the headers of a PUT, or the fields of a form."""

from base64 import b64encode
from datetime import datetime, timedelta

from application.ports.storage.url_signer import SignedRequest, UrlSigner
from application.ports.uploads.upload_reads import UploadRecord
from domain.uploads.admission import Announcement
from domain.uploads.request import UploadRequest

CHECKSUM_HEADER = "x-amz-checksum-sha256"


def headers_of(file: Announcement | UploadRequest | UploadRecord) -> dict[str, str]:
    """Return the headers that the URL of a file binds. Where storage checks the bytes, it refuses others."""
    headers = {"Content-Type": file.content_type}
    if file.declared_size_bytes is not None:
        headers["Content-Length"] = str(file.declared_size_bytes)
    if file.storage_checks and file.declared_sha256 is not None:
        headers[CHECKSUM_HEADER] = checksum(file.declared_sha256)
        headers["If-None-Match"] = "*"
    return headers


def fields_of(file: Announcement | UploadRequest | UploadRecord) -> dict[str, str]:
    """Return the fields that a form binds. Storage answers with 201 and the ETag, and refuses other bytes if asked to.

    A form cannot say that it replaces nothing. Where storage checks the bytes, it replaces them only with the same.
    """
    fields = {"Content-Type": file.content_type, "success_action_status": "201"}
    if file.storage_checks and file.declared_sha256 is not None:
        fields["x-amz-checksum-algorithm"] = "SHA256"
        fields[CHECKSUM_HEADER] = checksum(file.declared_sha256)
    return fields


def sign_whole(
    signer: UrlSigner, file: UploadRequest | UploadRecord, *, expires_in: timedelta, now: datetime
) -> SignedRequest:
    """Return what sends the whole file of an upload: a PUT, or a form."""
    key, sizes = file.storage_key or "", file.post_range
    if sizes is None:
        return signer.sign_put(key, headers=headers_of(file), expires_in=expires_in, now=now)
    return signer.sign_post(key, fields=fields_of(file), size_range=sizes, expires_in=expires_in, now=now)


def checksum(sha256: str) -> str:
    """Return hex digits as S3 writes a checksum."""
    return b64encode(bytes.fromhex(sha256)).decode()
