"""Translates the responses of S3 into the types and errors of the port."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from application.ports.storage.object_storage import StorageDeniedError, StorageError, StorageUnavailableError

_SHA256_BYTES: Final = 32
# 400s and 409s that mean "try again later".
_TRY_LATER: Final = frozenset(
    {"OperationAborted", "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}
    | {"ConditionalRequestConflict"}
)
_UNSUPPORTED_STATUS: Final = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


def field(found: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a field's type is botocore's
    """Return a field that every response of S3 has; a response from another server or a proxy may not."""
    try:
        return found[name]
    except KeyError as error:
        raise StorageUnavailableError(f"the response has no {name}") from error


def version_id(found: Mapping[str, Any]) -> str | None:
    """Return the id of a version; None if the bucket has no versioning."""
    found_id = found.get("VersionId")
    return found_id if found_id and found_id != "null" else None


def full_sha256(found: Mapping[str, Any]) -> str | None:
    """Return storage's SHA-256 as hex digits; a checksum of parts (`COMPOSITE`, `…-N`) does not cover the object."""
    whole = found.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    return sha256_hex(found.get("ChecksumSHA256")) if whole else None


def sha256_hex(value: str | None) -> str | None:
    """Return a SHA-256 as hex digits, or None if the value is not a SHA-256."""
    try:
        sha256 = base64.b64decode(value or "", validate=True)
    except binascii.Error:
        return None
    return sha256.hex() if len(sha256) == _SHA256_BYTES else None


def status_of(error: ClientError) -> int:
    """Return the HTTP status of an error."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """Return S3's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_unsupported(error: ClientError) -> bool:
    """Return whether the server does not support the call."""
    return status_of(error) in _UNSUPPORTED_STATUS or code_of(error) == "NotImplemented"


def is_refusal(error: ClientError) -> bool:
    """Return whether a retry would get the same response."""
    status = status_of(error)
    return (
        HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status != HTTPStatus.TOO_MANY_REQUESTS
        and code_of(error) not in _TRY_LATER
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translate the errors of botocore and aiohttp into those of the port."""
    try:
        yield
    except StorageError:
        raise
    except ClientError as error:
        if is_refusal(error):
            raise StorageDeniedError(str(error)) from error
        raise StorageUnavailableError(str(error)) from error
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
        # their texts contain the URL, and so the key and the filename
        raise StorageUnavailableError(type(error).__name__) from error
