"""Presigned URLs of one S3 bucket.

Owns what may be signed and for how long; the bytes of the signature are `sigv4`'s.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from adapters.s3.sigv4 import Addressing, Credentials, QuerySigner
from application.ports.url_signer import (
    MAX_PART_NUMBER,
    MAX_URL_LENGTH,
    MAX_URL_LIFETIME,
    CredentialsExpiredError,
    SignedRequest,
)

# Our keys begin with about 100 characters of ids; a filename needs some room behind them.
MIN_KEY_ROOM: Final = 200
# Every header that a PUT of ours ever signs.
PUT_HEADERS: Final = ("Content-Length", "Content-Type", "If-None-Match", "x-amz-checksum-sha256")

_MAX_FILENAME_BYTES: Final = 255
_MAX_EXTENSION_BYTES: Final = 20
_CONTROLS: Final = {chr(code): "_" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
_SOME_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_ROOMS: Final = 100
_SECOND: Final = timedelta(seconds=1)


class S3UrlSigner:
    """Signs URLs for the objects of one bucket; keeps every promise of `UrlSigner`.

    `endpoint_url` is the server as clients see it. Raises `ValueError` for an endpoint or bucket that cannot be signed
    for, and for credentials so long that a URL has no room for a key of `MIN_KEY_ROOM` characters.
    """

    def __init__(
        self, *, endpoint_url: str, bucket: str, region: str, addressing: Addressing, credentials: Credentials
    ) -> None:
        self._signer = QuerySigner(
            endpoint_url=endpoint_url, bucket=bucket, region=region, addressing=addressing, credentials=credentials
        )
        self._credentials_expire_at = credentials.expires_at
        self._rooms: dict[tuple[str, ...], int] = {}
        room = self.key_room(PUT_HEADERS)
        if room < MIN_KEY_ROOM:
            raise ValueError(
                f"endpoint, bucket and session token leave {room} characters of a URL's {MAX_URL_LENGTH} for the key; "
                f"{MIN_KEY_ROOM} are needed: use a shorter endpoint or credentials with a shorter session token"
            )

    def sign_put(self, key: str, *, headers: Mapping[str, str], expires_in: timedelta, now: datetime) -> SignedRequest:
        """Return a URL that takes one object at `key`, and only with exactly these headers.

        A value is sent without the white space around it: HTTP does not carry that.
        """
        sent = {name: value.strip(" \t") for name, value in headers.items()}
        seconds, expires_at = self._lifetime(expires_in, now)
        url = self._signer.presign("PUT", key, headers=sent, expires_in_seconds=seconds, now=now)
        return SignedRequest(method="PUT", url=url, headers=sent, expires_at=expires_at)

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
        """Return a URL that takes one part of an upload in parts, and only with exactly these headers."""
        if not 1 <= part_number <= MAX_PART_NUMBER:
            raise ValueError(f"parts are numbered from 1 to {MAX_PART_NUMBER}, not {part_number}")
        sent = {name: value.strip(" \t") for name, value in headers.items()}
        seconds, expires_at = self._lifetime(expires_in, now)
        query = {"partNumber": str(part_number), "uploadId": multipart_id}
        url = self._signer.presign("PUT", key, headers=sent, query=query, expires_in_seconds=seconds, now=now)
        return SignedRequest(method="PUT", url=url, headers=sent, expires_at=expires_at)

    def sign_get(
        self,
        key: str,
        *,
        expires_in: timedelta,
        now: datetime,
        version_id: str | None = None,
        download_as: str | None = None,
    ) -> SignedRequest:
        """Return a URL that reads `key` (the pinned version where one is given)."""
        seconds, expires_at = self._lifetime(expires_in, now)
        query = {}
        if download_as is not None:
            query["response-content-disposition"] = content_disposition(download_as)
        if version_id is not None:
            query["versionId"] = version_id
        url = self._signer.presign("GET", key, headers={}, query=query, expires_in_seconds=seconds, now=now)
        return SignedRequest(method="GET", url=url, headers={}, expires_at=expires_at)

    def key_room(self, header_names: Collection[str]) -> int:
        """Return how many characters a percent-encoded key (`quote(key, safe="/~")`) may have in a PUT's URL."""
        names = tuple(header_names)
        room = self._rooms.get(names)
        if room is None:
            longest = int(MAX_URL_LIFETIME.total_seconds())
            shortest = self._signer.presign(
                "PUT", "k", headers=dict.fromkeys(names, ""), expires_in_seconds=longest, now=_SOME_DAY
            )
            room = MAX_URL_LENGTH - len(shortest) + 1
            if len(self._rooms) < _MAX_ROOMS:
                self._rooms[names] = room
        return room

    def _lifetime(self, expires_in: timedelta, now: datetime) -> tuple[int, datetime]:
        if expires_in < _SECOND:
            raise ValueError(f"a URL lives a second at least, not {expires_in}")
        signed_at = now.astimezone(UTC).replace(microsecond=0)
        lifetime = min(expires_in, MAX_URL_LIFETIME)
        if self._credentials_expire_at is not None:
            lifetime = min(lifetime, self._credentials_expire_at - signed_at)
            if lifetime < _SECOND:
                raise CredentialsExpiredError(self._credentials_expire_at)
        seconds = int(lifetime.total_seconds())
        return seconds, signed_at + timedelta(seconds=seconds)


def content_disposition(filename: str) -> str:
    """Return `Content-Disposition: attachment` for any filename, in plain ASCII (RFC 6266, RFC 8187).

    Control characters become `_`, so that no name can add a header. A name of more than 255 bytes, which no file
    system takes, loses the end of its stem.
    """
    name = _shortened("".join(_CONTROLS.get(c, c) for c in filename))
    # Browsers disagree about escaped quotes and backslashes, and some decode `%41` here.
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    value = f'attachment; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name, safe='')}"
    return value


def _shortened(filename: str) -> str:
    size = len(filename.encode())
    if size <= _MAX_FILENAME_BYTES:
        return filename
    stem, dot, extension = filename.rpartition(".")
    if not stem or len(extension.encode()) > _MAX_EXTENSION_BYTES:
        stem, dot, extension = filename, "", ""
    room = _MAX_FILENAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + extension
