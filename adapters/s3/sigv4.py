"""AWS Signature Version 4 as query parameters of a URL, or as fields of a form.

It is pure, and fast enough to sign thousands of URLs in one request. Owns the bytes of a presigned URL or form and
nothing else: limits and what is worth signing are its caller's. The result is byte for byte the one of botocore's
`S3SigV4QueryAuth` or `generate_presigned_post` for the same request, except that a header or field which botocore would
drop or overwrite is refused instead.
Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and sigv4-HTTPPOSTConstructPolicy
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from application.ports.storage.url_signer import UnsupportedHeaderError

Addressing = Literal["path", "virtual"]

_SAFE_IN_PATH: Final = "/~"
_SIGNATURES_OWN: Final = "X-Amz-"  # how the names of the signature's parameters begin
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_VIRTUAL_BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9/_.~-]*")  # what stands for itself in a path
_FROM_THE_CLIENT: Final = "${filename}"  # storage replaces it in the key of a form
# Fields of a form that the signature consists of, or that are none.
_OWN_FIELDS: Final = frozenset(
    {
        "bucket",
        "content-length-range",
        "file",
        "key",
        "policy",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
    }
)
# Hop-by-hop or rewritten on the way (botocore leaves them unsigned), or said by the URL itself.
_NOT_SIGNABLE: Final = frozenset(
    {
        "authorization",
        "baggage",
        "connection",
        "date",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-trace-id",
    }
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs; `expires_at` is known for temporary credentials. Secrets stay out of its `repr`."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@lru_cache(maxsize=2)  # URLs of the same second are signed one after another
def _written(now: datetime) -> tuple[str, str]:
    """Return the date and the time as a signature has them."""
    date = f"{now.year:04}{now.month:02}{now.day:02}"
    return date, f"{date}T{now.hour:02}{now.minute:02}{now.second:02}Z"


@lru_cache(maxsize=256)
def _header_layout(names: tuple[str, ...]) -> tuple[tuple[tuple[str, str], ...], str, str]:
    """Return (lower-case name, name as given) in signing order with `host`, the signed list, and it encoded."""
    by_lower = {"host": "host"}
    for name in names:
        lower = name.lower()
        if lower in by_lower or lower in _NOT_SIGNABLE or not _TOKEN.fullmatch(name):
            raise UnsupportedHeaderError(name)
        by_lower[lower] = name
    order = tuple(sorted(by_lower.items()))
    signed = ";".join(lower for lower, _ in order)
    return order, signed, quote(signed, safe="")


class Presigner:
    """Presigns requests for the objects of one bucket.

    `endpoint_url` is the server as the *client* sees it, perhaps with a port and a path prefix.
    """

    def __init__(
        self, *, endpoint_url: str, bucket: str, region: str, addressing: Addressing, credentials: Credentials
    ) -> None:
        parts = urlsplit(endpoint_url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"not an http(s) endpoint without user info: {endpoint_url!r}")
        if parts.query or parts.fragment:
            raise ValueError(f"an endpoint has no query and no fragment: {endpoint_url!r}")
        if not bucket or not region or not credentials.access_key_id or not credentials.secret_access_key:
            raise ValueError("bucket, region, access key id and secret access key must not be empty")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
        netloc, prefix = parts.netloc, parts.path.rstrip("/")
        if addressing == "virtual":
            if not _VIRTUAL_BUCKET.fullmatch(bucket) or _is_ip(parts.hostname):
                raise ValueError(f"the bucket {bucket!r} cannot be part of the host name of {endpoint_url!r}")
            host, netloc = f"{bucket}.{host}", f"{bucket}.{netloc}"
        else:
            prefix = f"{prefix}/{quote(bucket, safe='')}"
        self._bucket = bucket
        self._form_url = f"{parts.scheme}://{netloc}{prefix or '/'}"
        self._origin = f"{parts.scheme}://{netloc}"
        self._prefix = f"{prefix}/"
        self._host_line = f"host:{host}{port}\n"
        self._region = region
        self._credentials = credentials
        self._access_key = quote(credentials.access_key_id, safe="")
        self._encoded_region = quote(region, safe="")
        token = credentials.session_token
        self._token_param = "" if token is None else f"&X-Amz-Security-Token={quote(token, safe='')}"
        self._day: tuple[str, bytes, str, str] = ("", b"", "", "")

    def presign(
        self,
        method: str,
        key: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        expires_in_seconds: int,
        now: datetime,
    ) -> str:
        """Return the URL that allows `method` on `key` from `now` on (fractions of a second are cut off).

        `headers` are signed beside `Host`; raises `UnsupportedHeaderError` rather than leaving one out.
        `query` are parameters of the operation and part of the URL; no name begins with `X-Amz-`.
        """
        if not key:
            raise ValueError("an object has a key: without one the URL would act on the bucket")
        now = _in_utc(now)
        date, timestamp = _written(now)
        day = self._day
        if day[0] != date:
            day = self._day = self._derive(date)
        _, signing_key, credential, scope = day

        order, signed, signed_encoded = _header_layout(tuple(headers))
        lines = ""
        for lower, name in order:
            if lower == "host":
                lines += self._host_line
                continue
            value = headers[name]
            if not _VALUE.fullmatch(value):
                raise UnsupportedHeaderError(name)
            lines += f"{lower}:{' '.join(value.split())}\n"

        path = self._prefix + (key if _PLAIN.fullmatch(key) else quote(key, safe=_SAFE_IN_PATH))
        start = (
            f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}"
            f"&X-Amz-Date={timestamp}&X-Amz-Expires={expires_in_seconds}"
        )
        canonical_query = f"{start}{self._token_param}&X-Amz-SignedHeaders={signed_encoded}"
        operation = ""
        if query:
            pairs = [(quote(name, safe=""), quote(value, safe="")) for name, value in query.items()]
            operation = "&".join([f"{name}={value}" for name, value in pairs]) + "&"
            pairs.sort()
            before = "".join([f"{name}={value}&" for name, value in pairs if name < _SIGNATURES_OWN])
            behind = "".join([f"&{name}={value}" for name, value in pairs if name > _SIGNATURES_OWN])
            canonical_query = f"{before}{canonical_query}{behind}"

        request = f"{method}\n{path}\n{canonical_query}\n{lines}\n{signed}\nUNSIGNED-PAYLOAD"
        to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = digest(signing_key, to_sign.encode(), "sha256").hex()
        return (
            f"{self._origin}{path}?{operation}{start}&X-Amz-SignedHeaders={signed_encoded}"
            f"{self._token_param}&X-Amz-Signature={signature}"
        )

    def presign_form(
        self,
        key: str,
        *,
        fields: Mapping[str, str],
        size_range: tuple[int, int],
        expires_in_seconds: int,
        now: datetime,
    ) -> tuple[str, dict[str, str]]:
        """Return the URL and the fields of a form that stores one file at `key` (POST policy).

        `size_range`: the least and the most bytes of the file. Raises `UnsupportedHeaderError` for a field of the
        signature's own, one that is named twice, or a value with control characters or beyond ASCII.
        """
        if not key or _FROM_THE_CLIENT in key:
            raise ValueError(f"the key of a form is not empty and has no {_FROM_THE_CLIENT}: {key!r}")
        if not 0 <= size_range[0] <= size_range[1]:
            raise ValueError(f"not a range of sizes: {size_range}")
        names = [name.lower() for name in fields]
        for name, value in fields.items():
            own = name.lower() in _OWN_FIELDS or names.count(name.lower()) > 1
            if own or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
                raise UnsupportedHeaderError(name)
        now = _in_utc(now)
        date, timestamp = _written(now)
        if self._day[0] != date:
            self._day = self._derive(date)
        _, signing_key, _, scope = self._day
        signed = {
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": f"{self._credentials.access_key_id}/{scope}",
            "x-amz-date": timestamp,
        }
        if self._credentials.session_token is not None:
            signed["x-amz-security-token"] = self._credentials.session_token
        conditions: list[dict[str, str] | list[str | int]] = [{name: value} for name, value in fields.items()]
        conditions += [["content-length-range", *size_range], {"bucket": self._bucket}, {"key": key}]
        conditions += [{name: value} for name, value in signed.items()]
        ends = (now + timedelta(seconds=expires_in_seconds)).isoformat().replace("+00:00", "Z")
        policy = b64encode(json.dumps({"expiration": ends, "conditions": conditions}).encode()).decode()
        signature = digest(signing_key, policy.encode(), "sha256").hex()
        return self._form_url, {**fields, "key": key, **signed, "policy": policy, "x-amz-signature": signature}

    def _derive(self, date: str) -> tuple[str, bytes, str, str]:
        key = f"AWS4{self._credentials.secret_access_key}".encode()
        for part in (date, self._region, "s3", "aws4_request"):
            key = digest(key, part.encode(), "sha256")
        credential = f"{self._access_key}%2F{date}%2F{self._encoded_region}%2Fs3%2Faws4_request"
        return date, key, credential, f"{date}/{self._region}/s3/aws4_request"


def _in_utc(now: datetime) -> datetime:
    """Return the time in UTC, with whole seconds."""
    if now.tzinfo is not UTC:
        if now.tzinfo is None:
            raise ValueError("`now` has no time zone")
        now = now.astimezone(UTC)
    return now.replace(microsecond=0)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
