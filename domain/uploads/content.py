"""The content of an upload: the claims of the client, and the verified bytes."""

import msgspec

from domain.buckets.bucket import Policy


class VerifiedContent(msgspec.Struct, frozen=True, kw_only=True):
    """The verified bytes. `note`: how the leading bytes contradict the content type, if they do."""

    size_bytes: int
    etag: str
    sha256: str
    content_type: str | None
    version_id: str | None
    note: str | None = None


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a confirm: the ETag, the sent bytes, the policy.

    `sha256`: 64 hex digits. `crc64nvme`: as S3 writes it, compared only if storage has one for the whole file. Both are
    optional.
    """

    etag: str | None = None
    size_bytes: int | None = None
    policy: Policy | None = None
    sha256: str | msgspec.UnsetType = msgspec.UNSET
    crc64nvme: str | msgspec.UnsetType = msgspec.UNSET
