"""The role that signs URLs for storage keys."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

MAX_URL_LENGTH: Final = 2083
MAX_URL_LIFETIME: Final = timedelta(days=7)
MAX_PART_NUMBER: Final = 10_000


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that every holder can send until `expires_at`.

    `headers` are signed: the request is refused unless each is sent with exactly this value. `fields`: of the form that
    a POST sends, before its `file`; None: the body is the file.
    """

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime
    fields: dict[str, str] | None = None


class UnsupportedHeaderError(Exception):
    """The signer cannot bind this header to the URL, or this field to the form."""

    def __init__(self, name: str) -> None:
        super().__init__(f"this signer cannot bind {name!r}")
        self.name = name


class CredentialsExpiredError(Exception):
    """The credentials have expired: their URLs cannot work."""

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"the credentials that sign URLs expired at {expired_at.isoformat()}")
        self.expired_at = expired_at


class UrlSigner(Protocol):
    """Signs locally, without calls: the result depends only on the arguments and the credentials.

    Lifetimes are whole seconds, at least one (`ValueError`); a signer with expired credentials raises
    `CredentialsExpiredError`.
    """

    def sign_put(self, key: str, *, headers: Mapping[str, str], expires_in: timedelta, now: datetime) -> SignedRequest:
        """Return a URL that accepts one object at `key`, and only with exactly these headers.

        The URL is valid for at most `MAX_URL_LIFETIME`, and not longer than its credentials; see `expires_at`. A signer
        that cannot bind a header raises `UnsupportedHeaderError`; it never drops it.
        """
        ...

    def sign_post(
        self, key: str, *, fields: Mapping[str, str], size_range: tuple[int, int], expires_in: timedelta, now: datetime
    ) -> SignedRequest:
        """Return a form that stores one file at `key`, and only with exactly these fields.

        `size_range`: the least and the most bytes of the file; storage refuses any other size. The form has the
        lifetime of one of `sign_put`. A field that cannot be bound raises `UnsupportedHeaderError`. A key with
        `${filename}` is a `ValueError`: storage would insert the name that the client sends.
        """
        ...

    def sign_part(
        self,
        key: str,
        *,
        multipart_id: str,
        part_number: int,
        headers: Mapping[str, str],
        expires_in: timedelta,
        now: datetime,
    ) -> SignedRequest:
        """Return a URL that accepts one part of a multipart upload, and only with exactly these headers.

        It has the lifetime of one of `sign_put`; its length is not limited. Parts are numbered from 1 to
        `MAX_PART_NUMBER` (`ValueError`).
        """
        ...

    def sign_get(
        self,
        key: str,
        *,
        expires_in: timedelta,
        now: datetime,
        version_id: str | None = None,
        download_as: str | None = None,
    ) -> SignedRequest:
        """Return a URL that reads `key` (the pinned version, if given).

        `download_as`: the filename for the browser (`Content-Disposition: attachment`, RFC 6266), truncated if the URL
        would be too long. Stored headers are overridden: the response has no content encoding, and caches must
        revalidate it.
        """
        ...

    def key_room(self, header_names: Collection[str]) -> int:
        """Return the maximum length of a percent-encoded key whose URLs stay within `MAX_URL_LENGTH`.

        These are a PUT with these headers, and a GET of any version (of at most 40 characters) with any name. The
        encoding is `quote(key, safe="/~")`.
        """
        ...
