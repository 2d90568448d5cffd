"""The bytes of an upload: what the client claims of them, and what was proved."""

import msgspec

from domain.buckets.bucket import Policy


class VerifiedContent(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes as they were proved. `note`: what the leading bytes say against the content type, if anything."""

    size_bytes: int
    etag: str
    sha256: str
    content_type: str | None
    version_id: str | None
    note: str | None = None


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What the client said when it confirmed: the ETag it got, the bytes it sent, the policy it wants.

    `sha256`: 64 hex digits. `crc64nvme`: as S3 writes it; it is compared only where storage has one of the whole file.
    Both are left out where it did not say them.
    """

    etag: str | None = None
    size_bytes: int | None = None
    policy: Policy | None = None
    sha256: str | msgspec.UnsetType = msgspec.UNSET
    crc64nvme: str | msgspec.UnsetType = msgspec.UNSET
