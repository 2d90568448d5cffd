"""What is checked before a URL is given out, as far as the request, the caller's tier and the bucket can tell.

The checks that need the log (unique key, duplicate, quota) come after these, under the log's lock.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.buckets.bucket import MAX_METADATA_BYTES, Policy, UniqueKey, canonical_digest, unique_values
from domain.buckets.schema import PROPERTY_NAME, BucketSchema, FieldType, check_json, check_values, with_defaults
from domain.organizations.organization import TierLimits
from domain.refusals import ForbiddenError, InvalidInputError
from domain.uploads import content_rules, filenames, media_types
from domain.uploads.content_rules import ANY_CONTENT, ContentRules
from domain.uploads.parts import USUAL_PART_BYTES, Multipart, part_size_for

_DOCUMENT = "document"  # the contract's word for several types
_DOCUMENT_TYPES = frozenset({FieldType.PDF, FieldType.TEXT, FieldType.EXCEL})


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a client announces it. `sha256`: 64 hex digits. `storage_checks`: storage is to refuse other bytes."""

    filename: str
    content_type: str
    file_size_bytes: int | None = None
    metadata: Mapping[str, Any] = {}
    create_object: bool = True
    object_metadata: Mapping[str, Any] | None = None
    blob_property: str | None = None
    blob_type: str | None = None
    multipart: Multipart = Multipart.AUTO
    sha256: str | None = None
    storage_checks: bool = False


class BucketRules(msgspec.Struct, frozen=True, kw_only=True):
    """What of a bucket matters for admission."""

    schema: BucketSchema | None
    unique_key: UniqueKey | None
    content: ContentRules = ANY_CONTENT


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks settled. `unique_key`: the digest of the values, where one applies. `part_size`: see `parts`."""

    blob_property: str | None
    blob_type: str | None
    unique_key: str | None
    policy: Policy
    part_size: int | None = None


def admit(
    announced: Announcement,
    bucket: BucketRules,
    limits: TierLimits,
    policy: Policy | None = None,
    part_bytes: int = USUAL_PART_BYTES,
) -> Admitted:
    """Check an announced file in the documented order; the first refusal wins.

    `part_bytes`: the usual size of parts.
    `policy`: what the client wants of a taken unique key; otherwise the bucket's own counts.
    """
    check_json(announced.metadata, "metadata", max_bytes=MAX_METADATA_BYTES)
    check_json(announced.object_metadata, "object_metadata", max_bytes=MAX_METADATA_BYTES)
    unique_key = None
    if announced.create_object and bucket.unique_key is not None:
        given = with_defaults(bucket.schema or BucketSchema(properties={}), announced.object_metadata or {})
        unique_key = canonical_digest(unique_values(bucket.unique_key, given))
    filenames.check(announced.filename)
    media_types.check_syntax(announced.content_type)
    fitting = media_types.file_types(announced.content_type)
    given_type = _blob_type(announced.blob_type, announced.content_type, fitting)
    if announced.blob_property is not None and not PROPERTY_NAME.fullmatch(announced.blob_property):
        raise InvalidInputError(
            "invalid_blob_property",
            "blob_property has characters that are not allowed: use only letters, digits and underscores.",
            {"blob_property": announced.blob_property[:100]},
        )
    _check_size(announced.file_size_bytes, limits)
    content_rules.check_file(bucket.content, content_type=announced.content_type, size_bytes=announced.file_size_bytes)
    part_size = part_size_for(announced.multipart, announced.file_size_bytes, part_bytes)
    if announced.storage_checks and part_size is None and announced.sha256 is None:  # parts have hashes of their own
        raise InvalidInputError(
            "hash_required",
            "file_hash is missing, and storage cannot check the bytes without it: send their SHA-256.",
            {"field": "file_hash"},
        )
    settled: tuple[str | None, FieldType | None]
    if announced.create_object:
        settled = _check_against_schema(announced, bucket.schema, fitting, given_type)
    else:
        settled = (
            announced.blob_property or filenames.property_from(announced.filename),
            given_type or (fitting[0] if fitting else None),
        )
    name, kind = settled
    return Admitted(
        blob_property=name,
        blob_type=kind.upper() if kind else None,
        unique_key=unique_key,
        policy=policy or (bucket.unique_key.default_policy if bucket.unique_key else None) or Policy.INSERT,
        part_size=part_size,
    )


def _blob_type(given: str | None, content_type: str, fitting: tuple[FieldType, ...]) -> FieldType | None:
    if given is None:
        return None
    if given.lower() == _DOCUMENT:
        for kind in fitting:
            if kind in _DOCUMENT_TYPES:
                return kind
        raise InvalidInputError(
            "blob_type_does_not_fit",
            f"blob_type DOCUMENT takes PDF, text and spreadsheet files, not {content_type}: leave blob_type out, or"
            " send the content type of a document.",
            {"blob_type": given, "content_type": content_type},
        )
    try:
        return FieldType(given.lower())
    except ValueError:
        raise InvalidInputError(
            "invalid_blob_type",
            f"blob_type {given[:100]} does not exist: use one of {', '.join(t.upper() for t in FieldType)}.",
            {"blob_type": given[:100]},
        ) from None


def _check_size(size_bytes: int | None, limits: TierLimits) -> None:
    if size_bytes is not None and size_bytes > limits.file_size_bytes:
        raise ForbiddenError(
            "file_too_large",
            f"The organization's tier allows files of up to {limits.file_size_bytes} bytes, and this one has"
            f" {size_bytes}: send a smaller file, or move to a higher tier.",
            {"file_size_bytes": size_bytes, "limit_bytes": limits.file_size_bytes},
        )


def _check_against_schema(
    announced: Announcement, schema: BucketSchema | None, fitting: tuple[FieldType, ...], given_type: FieldType | None
) -> tuple[str, FieldType]:
    if schema is None or not schema.properties:
        raise InvalidInputError(
            "no_schema",
            "The bucket has no schema, so no object can be created: send create_object_on_confirm=false, or give the"
            " bucket a schema.",
            {"field": "create_object_on_confirm"},
        )
    file_properties = schema.file_properties()
    name = announced.blob_property or (
        file_properties[0] if len(file_properties) == 1 else filenames.stem(announced.filename)
    )
    if name not in schema.properties:
        raise InvalidInputError(
            "unknown_blob_property",
            f"The bucket's schema has no property '{name[:100]}': name one of its file properties in blob_property.",
            {"blob_property": name[:100], "file_properties": file_properties},
        )
    kind = schema.properties[name].type
    if kind not in fitting:
        raise InvalidInputError(
            "content_type_does_not_fit",
            f"content_type {announced.content_type} does not fit the property '{name}' of type {kind}: send a file of"
            " that type, or name another property in blob_property.",
            {"content_type": announced.content_type, "blob_property": name, "property_type": kind},
        )
    if given_type not in {None, kind}:
        raise InvalidInputError(
            "blob_type_does_not_fit",
            f"blob_type {announced.blob_type} contradicts the property '{name}' of type {kind}: leave blob_type out,"
            f" or send {kind.upper()}.",
            {"blob_type": announced.blob_type, "blob_property": name, "property_type": kind},
        )
    check_values(schema, announced.object_metadata or {}, given=(name,))
    return name, kind
