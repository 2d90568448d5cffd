"""Presigned URLs of one S3 bucket.

Owns the rules for what may be signed and for how long; `sigv4` computes the signature.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from adapters.s3.sigv4 import Addressing, Credentials, Presigner
from application.ports.storage.url_signer import (
    MAX_PART_NUMBER,
    MAX_URL_LENGTH,
    MAX_URL_LIFETIME,
    CredentialsExpiredError,
    SignedRequest,
)
from domain.uploads.filenames import shortened

# Our keys begin with about 100 characters of ids; a filename needs some room after them.
MIN_KEY_ROOM: Final = 150
# Every header that a PUT of Upwell ever signs.
PUT_HEADERS: Final = ("Content-Length", "Content-Type", "If-None-Match", "x-amz-checksum-sha256")

# Headers that a PUT may store with the bytes, and their values in a download, the most harmful first. If a URL has no
# room for the last two, `no-cache` overrides Expires, and a language is only a label.
OVERRIDES: Final = (
    ("response-content-encoding", "identity"),
    ("response-cache-control", "no-cache"),
    ("response-expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("response-content-language", "und"),
)
_ATTACHMENT: Final = "attachment"
_DISPOSITION: Final = "response-content-disposition"
# A download has room for these with any key: this is the maximum length of a version id.
_LEAST_QUERY: Final = {"versionId": "v" * 40, _DISPOSITION: _ATTACHMENT, **dict(OVERRIDES[:2])}

_MAX_FILENAME_BYTES: Final = 255
# Control characters, line separators, and characters that change the direction of text.
_MASKED: Final = {
    chr(code): "_"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        *(0x061C, 0x200E, 0x200F, 0x2028, 0x2029),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x2070),
    )
}
_SOME_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_ROOMS: Final = 100
_SECOND: Final = timedelta(seconds=1)


class S3UrlSigner:
    """Signs URLs for the objects of one bucket; keeps every promise of `UrlSigner`.

    `endpoint_url`: the server as clients reach it. Raises `ValueError` for an unusable endpoint or bucket, and for
    credentials so long that a URL has no room for a key of `MIN_KEY_ROOM` characters.
    """

    def __init__(
        self, *, endpoint_url: str, bucket: str, region: str, addressing: Addressing, credentials: Credentials
    ) -> None:
        self._signer = Presigner(
            endpoint_url=endpoint_url, bucket=bucket, region=region, addressing=addressing, credentials=credentials
        )
        self._credentials_expire_at = credentials.expires_at
        self._rooms: dict[tuple[str, tuple[str, ...]], int] = {}
        self._key_rooms: dict[tuple[str, ...], int] = {}
        room = self.key_room(PUT_HEADERS)
        if room < MIN_KEY_ROOM:
            raise ValueError(
                f"endpoint, bucket and session token leave {room} characters of a URL's {MAX_URL_LENGTH} for the key; "
                f"{MIN_KEY_ROOM} are needed: use a shorter endpoint or credentials with a shorter session token"
            )

    def sign_put(self, key: str, *, headers: Mapping[str, str], expires_in: timedelta, now: datetime) -> SignedRequest:
        """Return a URL that accepts one object at `key`, only with exactly these headers.

        Whitespace around a value is removed, because HTTP does not transmit it.
        """
        sent = {name: value.strip(" \t") for name, value in headers.items()}
        seconds, expires_at = self._lifetime(expires_in, now)
        url = self._signer.presign("PUT", key, headers=sent, expires_in_seconds=seconds, now=now)
        return SignedRequest(method="PUT", url=url, headers=sent, expires_at=expires_at)

    def sign_post(
        self, key: str, *, fields: Mapping[str, str], size_range: tuple[int, int], expires_in: timedelta, now: datetime
    ) -> SignedRequest:
        """Return a form that stores one file at `key`, only with exactly these fields."""
        seconds, expires_at = self._lifetime(expires_in, now)
        url, signed = self._signer.presign_form(
            key, fields=fields, size_range=size_range, expires_in_seconds=seconds, now=now
        )
        return SignedRequest(method="POST", url=url, headers={}, expires_at=expires_at, fields=signed)

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
        """Return a URL that accepts one part of a multipart upload, only with exactly these headers."""
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
        """Return a URL that reads `key` (the pinned version, if one is given).

        Headers that the uploader stored with the bytes are overridden. The filename is shortened to fit into
        the URL.
        """
        seconds, expires_at = self._lifetime(expires_in, now)
        query = {} if version_id is None else {"versionId": version_id}
        room = self._room("GET", ()) - len(quote(key, safe="/~")) - _length(query)
        least = _length({_DISPOSITION: _ATTACHMENT})
        for name, value in OVERRIDES:
            if (length := _length({name: value})) <= room - least:
                query[name] = value
                room -= length
        query[_DISPOSITION] = content_disposition(download_as or "", room=room - least + len(_ATTACHMENT))
        url = self._signer.presign("GET", key, headers={}, query=query, expires_in_seconds=seconds, now=now)
        return SignedRequest(method="GET", url=url, headers={}, expires_at=expires_at)

    def key_room(self, header_names: Collection[str]) -> int:
        """Return how many characters a percent-encoded key (`quote(key, safe="/~")`) may have in a URL."""
        names = tuple(header_names)
        room = self._key_rooms.get(names)
        if room is None:
            room = min(self._room("PUT", names), self._room("GET", ()) - _length(_LEAST_QUERY))
            if len(self._key_rooms) < _MAX_ROOMS:
                self._key_rooms[names] = room
        return room

    def _room(self, method: str, names: tuple[str, ...]) -> int:
        """Return how many characters a URL has for the key and for the parameters of its kind."""
        room = self._rooms.get((method, names))
        if room is None:
            longest = int(MAX_URL_LIFETIME.total_seconds())
            shortest = self._signer.presign(
                method, "k", headers=dict.fromkeys(names, ""), expires_in_seconds=longest, now=_SOME_DAY
            )
            room = MAX_URL_LENGTH - len(shortest) + 1
            if len(self._rooms) < _MAX_ROOMS:
                self._rooms[method, names] = room
        return room

    def _lifetime(self, expires_in: timedelta, now: datetime) -> tuple[int, datetime]:
        if expires_in < _SECOND:
            raise ValueError(f"a URL must be valid for at least one second, not {expires_in}")
        signed_at = (now if now.tzinfo is UTC else now.astimezone(UTC)).replace(microsecond=0)
        lifetime = min(expires_in, MAX_URL_LIFETIME)
        if self._credentials_expire_at is not None:
            lifetime = min(lifetime, self._credentials_expire_at - signed_at)
            if lifetime < _SECOND:
                raise CredentialsExpiredError(self._credentials_expire_at)
        seconds = lifetime.days * 86_400 + lifetime.seconds
        return seconds, signed_at + timedelta(seconds=seconds)


def content_disposition(filename: str, *, room: int = MAX_URL_LENGTH) -> str:
    """Return `Content-Disposition: attachment` for any filename, in plain ASCII (RFC 6266, RFC 8187).

    Control characters become `_`, so that no name can add a header. So do characters that change the direction of text,
    so that no name appears to have another extension. The stem of a name is shortened if the name has more than 255
    bytes, which no file system accepts, or if the percent-encoded header is longer than `room`; at worst nothing of it
    is left.
    """
    masked = "".join(_MASKED.get(c, c) for c in filename)
    name = shortened(
        masked, lambda name: len(name.encode()) <= _MAX_FILENAME_BYTES and len(quote(_named(name), safe="")) <= room
    )
    return _named(name) if name else _ATTACHMENT


def _named(name: str) -> str:
    # Browsers disagree about escaped quotes and backslashes, and some decode `%41` here.
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    value = f'{_ATTACHMENT}; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"


def _length(query: Mapping[str, str]) -> int:
    """Return how many characters these parameters take in a URL."""
    return sum(len(name) + len(quote(value, safe="")) + len("&=") for name, value in query.items())
