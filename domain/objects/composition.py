"""The checks of an object against the request and the bucket's schema, before it is created or changed.

An object consists of blobs (the bytes of uploads, or JSON in the request) and of its own fields (`metadata`).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from domain.buckets.bucket import MAX_METADATA_BYTES, UniqueKey, canonical_digest, unique_values
from domain.buckets.schema import BucketSchema, FieldType, check_json, check_text, check_values, value_problems
from domain.events.event import JSON
from domain.objects.object import Blob
from domain.refusals import InvalidInputError
from domain.uploads import media_types

MAX_BLOBS = 100
MAX_INLINE_BYTES = 256 * 1024
MAX_KEY_PREFIX = 1024
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"https?://.*|[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE | re.DOTALL)
_DATA_ADDRESS = re.compile(
    r"data:(?P<type>(?:[\w.+-]+/[\w.+-]+)?)(?:;[^;,\s]+=[^;,]*)*(?P<base64>;[ ]*base64)?,(?P<data>.*)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)


class BlobWish(msgspec.Struct, frozen=True, kw_only=True):
    """A blob in a client's request: the bytes of an upload, or data.

    `checksum`: `sha256:` and 64 lower-case hex digits, of the blob's bytes.
    """

    property: str
    type: FieldType
    upload_id: str | None = None
    data: Any = None
    metadata: JSON | None = None
    key_prefix: str | None = None
    checksum: str | None = None


def check_blobs(blobs: Sequence[BlobWish], schema: BucketSchema) -> None:
    """Refuse blobs that are malformed, do not fit the schema, or are too large."""
    if len(blobs) > MAX_BLOBS:
        raise InvalidInputError(
            "too_many_blobs", f"The object has too many blobs: send at most {MAX_BLOBS}.", {"field": "blobs"}
        )
    for index, blob in enumerate(blobs):
        _check_blob(blob, schema, f"blobs[{index}]")
    inline = msgspec.json.encode([[blob.data, blob.metadata] for blob in blobs])
    if len(inline) > MAX_INLINE_BYTES:
        raise InvalidInputError(
            "inline_data_too_large",
            f"The data and metadata of the blobs are more than {MAX_INLINE_BYTES // 1024} KiB of JSON: upload larger"
            " data, and send its upload_id.",
            {"size_bytes": len(inline), "limit_bytes": MAX_INLINE_BYTES},
        )


def check_key_prefix(key_prefix: str | None, what: str = "key_prefix") -> None:
    """Refuse a prefix that PostgreSQL cannot store, or that is too long."""
    if key_prefix is None:
        return
    check_text(key_prefix, what)
    if len(key_prefix) > MAX_KEY_PREFIX:
        raise InvalidInputError(
            "key_prefix_too_long",
            f"{what} is too long: send at most {MAX_KEY_PREFIX} characters.",
            {"field": what},
        )


def check_upload(wish: BlobWish, index: int, *, content_type: str, sha256: str) -> None:
    """Refuse an upload whose type does not fit the property, or whose bytes do not match the checksum."""
    if wish.type not in media_types.file_types(content_type):
        raise InvalidInputError(
            "content_type_does_not_fit",
            f"blobs[{index}]: {content_type} does not fit the property '{wish.property}' of type {wish.type}. Use a"
            " property for files of this type, or another upload.",
            {"content_type": content_type, "property": wish.property, "property_type": wish.type, "blob_index": index},
        )
    if wish.checksum not in {None, f"sha256:{sha256}"}:
        raise _wrong_checksum(index, sha256)


def check_size(metadata: JSON) -> None:
    """Refuse an object's own fields that are too large or nested too deep."""
    check_json(metadata, "the object's fields", max_bytes=MAX_METADATA_BYTES)


def check_fields(metadata: JSON, blobs: Sequence[Blob], schema: BucketSchema) -> None:
    """Refuse an object's own fields that are too large, or do not fit the schema; its blobs count as given."""
    check_size(metadata)
    check_values(schema, metadata, given={blob.property for blob in blobs}, what="The object")


def key_of(unique_key: UniqueKey | None, metadata: JSON) -> str | None:
    """Return the digest of the unique key's values, if the bucket has a unique key."""
    return None if unique_key is None else canonical_digest(unique_values(unique_key, metadata))


def _check_blob(blob: BlobWish, schema: BucketSchema, where: str) -> None:
    if (blob.upload_id is None) == (blob.data is None):
        raise InvalidInputError(
            "blob_source", f"{where} must have either data or an upload_id: send exactly one of them.", {"blob": where}
        )
    field = schema.properties.get(blob.property)
    if field is None:
        raise InvalidInputError(
            "unknown_blob_property",
            f"{where}: the bucket's schema has no property '{blob.property[:100]}'. Use one of"
            f" {', '.join(schema.properties)}.",
            {"property": blob.property[:100], "properties": list(schema.properties)},
        )
    if blob.type is not field.type:
        raise InvalidInputError(
            "blob_type_does_not_fit",
            f"{where}.type is {blob.type}, but the property '{blob.property}' is of type {field.type}: send that type.",
            {"property": blob.property, "property_type": field.type, "type": blob.type},
        )
    check_key_prefix(blob.key_prefix, f"{where}.key_prefix")
    check_json(blob.metadata, f"{where}.metadata", max_bytes=MAX_METADATA_BYTES)
    check_json(blob.data, f"{where}.data")
    found = list(value_problems(field, blob.data, f"{where}.data"))
    if found:
        raise InvalidInputError(
            "schema_violation",
            f"{where}.data does not fit the bucket's schema: {'; '.join(found[:10])}. Correct it and send it again.",
            {"problems": found[:100]},
        )
    if blob.checksum is not None:
        _check_checksum(blob, blob.checksum, where)


def _check_checksum(blob: BlobWish, checksum: str, where: str) -> None:
    if not _CHECKSUM.fullmatch(checksum):
        raise InvalidInputError(
            "invalid_checksum",
            f"{where}.checksum is malformed: send 'sha256:' and 64 lower-case hexadecimal digits.",
            {"blob": where},
        )
    held = None if blob.data is None else inline(blob.data)
    if held is None:
        return  # compared when the upload is known; URLs are not fetched
    sha256 = hashlib.sha256(held.content).hexdigest()
    if checksum != f"sha256:{sha256}":
        raise _wrong_checksum(int(where[6:-1]), sha256)


class Inline(msgspec.Struct, frozen=True):
    """The bytes of inline data, and their content type."""

    content: bytes
    media_type: str


def inline(data: object) -> Inline | None:
    """Return the bytes of inline data: of text its UTF-8, of a `data:` URL its content, otherwise JSON.

    None: unknown, because it is the URL of an external resource.
    """
    if not isinstance(data, str):
        return Inline(msgspec.json.encode(data), "application/json")
    if _ADDRESS.fullmatch(data):
        return None
    within = _DATA_ADDRESS.fullmatch(data)
    return Inline(data.encode(), "text/plain") if within is None else _within(within)


def _within(address: re.Match[str]) -> Inline | None:
    """Return the content of a `data:` URL (RFC 2397), None if its Base64 is invalid."""
    content = unquote_to_bytes(address["data"])
    if address["base64"]:
        plain = b"".join(content.split()).rstrip(b"=")
        try:
            content = base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
        except binascii.Error:
            return None
    return Inline(content, address["type"].lower() or "text/plain")


def _wrong_checksum(index: int, sha256: str) -> InvalidInputError:
    return InvalidInputError(
        "checksum_mismatch",
        f"blobs[{index}].checksum differs from the one of the stored bytes, sha256:{sha256}: send that one, or upload"
        " the"
        " right bytes.",
        {"blob_index": index, "sha256": sha256},
    )
