"""Signed URLs without a server, checked here: for tests and demonstrations."""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec

from application.ports.storage.url_signer import (
    MAX_PART_NUMBER,
    MAX_URL_LENGTH,
    MAX_URL_LIFETIME,
    CredentialsExpiredError,
    SignedRequest,
    UnsupportedHeaderError,
)
from domain.uploads.filenames import shortened

_ORIGIN: Final = "https://storage.invalid/"
_SECOND: Final = timedelta(seconds=1)
_SIGNATURE: Final = "&signature="
_DATE: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_NOT_SIGNABLE: Final = frozenset(
    {"authorization", "connection", "date", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"keep-alive", "proxy-authenticate", "proxy-authorization", "user-agent"}
    | {"x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
)
_CHECKSUM: Final = "x-amz-checksum-sha256"
_OWN_FIELDS: Final = frozenset({"key", "policy", "signature", "file", "bucket"})


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What a valid signed request may access. `part`: the multipart id and number of the part."""

    key: str
    part: tuple[str, int] | None = None
    version_id: str | None = None
    download_as: str | None = None


class RefusedError(Exception):
    """The request was not signed, or its signature has expired: a server responds with 403."""


class WrongFileError(Exception):
    """The file of a form has another size or checksum than its policy allows: a server responds with 400."""


class MemoryUrlSigner:
    """Implements `UrlSigner`. `check` and `check_form` are not part of the port: they play the server."""

    def __init__(self, *, secret: bytes = b"memory", credentials_expire_at: datetime | None = None) -> None:
        self._secret = secret
        self._credentials_expire_at = credentials_expire_at

    def sign_put(self, key: str, *, headers: Mapping[str, str], expires_in: timedelta, now: datetime) -> SignedRequest:
        """Return a URL that `check` accepts for one key, only with exactly these headers."""
        sent = {name: value.strip(" \t") for name, value in headers.items()}
        return self._sign("PUT", key, sent, {}, expires_in=expires_in, now=now)

    def sign_post(
        self, key: str, *, fields: Mapping[str, str], size_range: tuple[int, int], expires_in: timedelta, now: datetime
    ) -> SignedRequest:
        """Return a form that `check_form` accepts for one key, only with exactly these fields."""
        names = [name.lower() for name in fields]
        if "${filename}" in key or not 0 <= size_range[0] <= size_range[1]:
            raise ValueError(f"not a key or not a range of sizes: {key!r}, {size_range}")
        for name, value in fields.items():
            own = name.lower() in _OWN_FIELDS or names.count(name.lower()) > 1
            if own or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise UnsupportedHeaderError(name)
        expires_at = self._ends(key, expires_in, now)
        facts = {"expires-at": expires_at.strftime(_DATE), "sizes": size_range, "fields": {**fields, "key": key}}
        policy = b64encode(json.dumps(facts).encode()).decode()
        signed = {**fields, "key": key, "policy": policy, "signature": self._signature("POST", policy, ())}
        return SignedRequest(method="POST", url=_ORIGIN, headers={}, expires_at=expires_at, fields=signed)

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
        """Return a URL that `check` accepts for one part, only with exactly these headers."""
        if not 1 <= part_number <= MAX_PART_NUMBER:
            raise ValueError(f"parts are numbered from 1 to {MAX_PART_NUMBER}, not {part_number}")
        sent = {name: value.strip(" \t") for name, value in headers.items()}
        query = {"part-number": str(part_number), "multipart-id": multipart_id}
        return self._sign("PUT", key, sent, query, expires_in=expires_in, now=now)

    def sign_get(
        self,
        key: str,
        *,
        expires_in: timedelta,
        now: datetime,
        version_id: str | None = None,
        download_as: str | None = None,
    ) -> SignedRequest:
        """Return a URL that `check` accepts for reading `key`."""
        query = {} if version_id is None else {"version-id": version_id}

        def signed(query: dict[str, str]) -> SignedRequest:
            return self._sign("GET", key, {}, query, expires_in=expires_in, now=now)

        if name := shortened(
            download_as or "", lambda name: len(signed({**query, "download-as": name}).url) <= MAX_URL_LENGTH
        ):
            query["download-as"] = name
        return signed(query)

    def key_room(self, header_names: Collection[str]) -> int:
        """Return how many characters a percent-encoded key may have so that its URLs stay ≤ `MAX_URL_LENGTH`."""
        now = datetime(2000, 1, 1, tzinfo=UTC)
        headers = dict.fromkeys(header_names, "")
        put = self._sign("PUT", "k", headers, {}, expires_in=MAX_URL_LIFETIME, now=now)
        get = self._sign("GET", "k", {}, {"version-id": "v" * 40}, expires_in=MAX_URL_LIFETIME, now=now)
        return MAX_URL_LENGTH - max(len(put.url), len(get.url)) + 1

    def check(self, method: str, url: str, *, headers: Mapping[str, str], now: datetime) -> Allowed:
        """Return what the request may access; raises `RefusedError` for anything that was not signed."""
        signed, found, signature = url.rpartition(_SIGNATURE)
        query = dict(parse_qsl(urlsplit(signed).query, keep_blank_values=True))
        sent = {name.lower(): value for name, value in headers.items()}
        names = [name for name in query.get("headers", "").split(";") if name]
        if not found or not all(name in sent for name in names):
            raise RefusedError("a signature or a signed header is missing")
        if not hmac.compare_digest(signature, self._signature(method, signed, [(name, sent[name]) for name in names])):
            raise RefusedError("the signature does not match")
        if now >= datetime.strptime(query["expires-at"], _DATE).replace(tzinfo=UTC):
            raise RefusedError("the URL has expired")
        return Allowed(
            key=unquote(urlsplit(signed).path[1:]),
            part=(query["multipart-id"], int(query["part-number"])) if "part-number" in query else None,
            version_id=query.get("version-id"),
            download_as=query.get("download-as"),
        )

    def check_form(self, fields: Mapping[str, str], file: bytes, *, now: datetime) -> Allowed:
        """Return what the form may access; raises `RefusedError` or `WrongFileError`."""
        policy, given = fields.get("policy", ""), dict(fields)
        signature = given.pop("signature", "")
        given.pop("policy", None)
        if not hmac.compare_digest(signature, self._signature("POST", policy, ())):
            raise RefusedError("the signature does not match")
        facts = json.loads(b64decode(policy))
        if now >= datetime.strptime(facts["expires-at"], _DATE).replace(tzinfo=UTC):
            raise RefusedError("the policy has expired")
        if given != facts["fields"]:
            raise RefusedError("a field is missing, different or not in the policy")
        least, most = facts["sizes"]
        if not least <= len(file) <= most:
            raise WrongFileError(f"{len(file)} bytes, not {least} to {most}")
        if given.get(_CHECKSUM) not in {None, b64encode(hashlib.sha256(file).digest()).decode()}:
            raise WrongFileError("another SHA-256")
        return Allowed(key=given["key"])

    def _ends(self, key: str, expires_in: timedelta, now: datetime) -> datetime:
        """Return when a signature ends."""
        if not key or now.tzinfo is None or expires_in < _SECOND:
            raise ValueError("a signature needs a key, a time zone and a lifetime of at least one second")
        signed_at = now.astimezone(UTC).replace(microsecond=0)
        lifetime = min(expires_in, MAX_URL_LIFETIME)
        if self._credentials_expire_at is not None:
            lifetime = min(lifetime, self._credentials_expire_at - signed_at)
            if lifetime < _SECOND:
                raise CredentialsExpiredError(self._credentials_expire_at)
        return signed_at + timedelta(seconds=int(lifetime.total_seconds()))

    def _sign(
        self,
        method: str,
        key: str,
        headers: dict[str, str],
        query: dict[str, str],
        *,
        expires_in: timedelta,
        now: datetime,
    ) -> SignedRequest:
        expires_at = self._ends(key, expires_in, now)
        names = [name.lower() for name in headers]
        for name, value in headers.items():
            if (
                name.lower() in _NOT_SIGNABLE
                or names.count(name.lower()) > 1
                or not _NAME.fullmatch(name)
                or not _VALUE.fullmatch(value)
            ):
                raise UnsupportedHeaderError(name)
        facts = {"expires-at": expires_at.strftime(_DATE), "headers": ";".join(sorted(names)), **query}
        url = f"{_ORIGIN}{quote(key, safe='/~')}?{urlencode(facts)}"
        signature = self._signature(method, url, ((name.lower(), value) for name, value in headers.items()))
        return SignedRequest(method=method, url=f"{url}{_SIGNATURE}{signature}", headers=headers, expires_at=expires_at)

    def _signature(self, method: str, url: str, headers: Iterable[tuple[str, str]]) -> str:
        lines = [method, url, *sorted(f"{name}:{' '.join(value.split())}" for name, value in headers)]
        return hmac.digest(self._secret, "\n".join(lines).encode(), "sha256").hex()
