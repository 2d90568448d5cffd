"""The role that turns a storage key into a URL which a client may use for a while."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

MAX_URL_LENGTH: Final = 2083
MAX_URL_LIFETIME: Final = timedelta(days=7)
MAX_PART_NUMBER: Final = 10_000


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that anyone who holds it may send until `expires_at`.

    `headers` are signed: the request is refused unless each is sent with exactly this value.
    """

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class UnsupportedHeaderError(Exception):
    """The signer cannot bind this header to the URL."""

    def __init__(self, name: str) -> None:
        super().__init__(f"this signer cannot bind the header {name!r} to a URL")
        self.name = name


class CredentialsExpiredError(Exception):
    """The credentials have expired: no URL that they sign can work."""

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"the credentials that sign URLs expired at {expired_at.isoformat()}")
        self.expired_at = expired_at


class UrlSigner(Protocol):
    """Signs locally: no call goes out, and the answer depends on the arguments and the credentials alone.

    Lifetimes count in whole seconds, at least one (`ValueError`); an expired signer raises `CredentialsExpiredError`.
    """

    def sign_put(self, key: str, *, headers: Mapping[str, str], expires_in: timedelta, now: datetime) -> SignedRequest:
        """Return a URL that takes one object at `key`, and only with exactly these headers.

        The URL lives at most `MAX_URL_LIFETIME`, and no longer than the credentials that sign it: `expires_at` says
        how long. A signer that cannot bind a header raises `UnsupportedHeaderError`; it never drops it.
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
        """Return a URL that takes one part of an upload in parts, and only with exactly these headers.

        It lives as long as one of `sign_put`; its length has no promise. Parts are numbered from 1 to
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
        """Return a URL that reads `key` (the pinned version where one is given).

        `download_as`: the filename that the browser is told (`Content-Disposition: attachment`, RFC 6266); its end is
        cut off where the URL has no room for it. Headers that somebody stored with the bytes are overridden: the
        answer claims no content encoding, and asks caches to keep nothing without asking again.
        """
        ...

    def key_room(self, header_names: Collection[str]) -> int:
        """Return how many characters a percent-encoded key may have so that its URLs stay ≤ `MAX_URL_LENGTH`.

        Those are a PUT's with these headers, and a GET's of any version (of 40 characters at most) under any name.
        Encoded is `quote(key, safe="/~")`.
        """
        ...
