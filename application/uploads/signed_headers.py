"""The headers that a URL for a PUT binds: what a client must send with the bytes, exactly as it was signed."""

from base64 import b64encode

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


def checksum(sha256: str) -> str:
    """Return hex digits as S3 writes a checksum."""
    return b64encode(bytes.fromhex(sha256)).decode()
