"""The checks before a URL is signed: those that need only the request, the caller's tier and the bucket.

Each check is a named value. `CHECKS` and `OBJECT_CHECKS` define the order. The first refusal wins, so the order is part
of the public behaviour; `docs/explanation/admission-order.md` is generated from it. The checks that need the log
(unique key, duplicate, quota) come afterwards, under the log's lock.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.buckets.bucket import MAX_METADATA_BYTES, Policy, UniqueKey, canonical_digest, unique_values
from domain.buckets.schema import PROPERTY_NAME, BucketSchema, FieldType, check_json, check_values, with_defaults
from domain.organizations.organization import TierLimits
from domain.refusals import ForbiddenError, InvalidInputError, RefusedError
from domain.uploads import content_rules, filenames, media_types
from domain.uploads.content_rules import ANY_CONTENT, ContentRules
from domain.uploads.parts import USUAL_PART_BYTES, Multipart, check_part_size, part_size_for
from domain.uploads.posting import check_post

_DOCUMENT = "document"  # the contract's name for several types
_DOCUMENT_TYPES = frozenset({FieldType.PDF, FieldType.TEXT, FieldType.EXCEL})


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the client announces it, with the client's options.

    `declared_sha256`: 64 hex digits. `storage_checks`: storage must refuse any other bytes. `policy`,
    `auto_confirm`, `expires_after_seconds`, `part_size`: None: the default. `expires_after_seconds`: the lifetime of
    the upload after its completion. `part_size`: in bytes. `by_post`: a form sends the file, not a PUT.
    """

    filename: str
    content_type: str
    declared_size_bytes: int | None = None
    metadata: Mapping[str, Any] = {}
    create_object: bool = True
    object_metadata: Mapping[str, Any] | None = None
    blob_property: str | None = None
    blob_type: str | None = None
    multipart: Multipart = Multipart.AUTO
    declared_sha256: str | None = None
    storage_checks: bool = False
    url_expires_in_seconds: int = 3600
    skip_duplicates: bool = True
    policy: Policy | None = None
    auto_confirm: bool | None = None
    expires_after_seconds: int | None = None
    part_size: int | None = None
    by_post: bool = False


class BucketRules(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a bucket that admission depends on."""

    schema: BucketSchema | None
    unique_key: UniqueKey | None
    content: ContentRules = ANY_CONTENT


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the checks. `unique_key`: the digest of the values, if a key applies. `part_size`: see `parts`."""

    blob_property: str | None
    blob_type: str | None
    unique_key: str | None
    policy: Policy
    part_size: int | None = None


class Candidate(msgspec.Struct, kw_only=True):
    """A file during the checks: their input, and the results that later checks use.

        `fitting`: the file types that match its content type. `named_type`: the type given by `blob_type`.
    `property_type`: the type of `blob_property`.
    """

    announced: Announcement
    bucket: BucketRules
    limits: TierLimits
    usual_part_bytes: int
    unique_key: str | None = None
    fitting: tuple[FieldType, ...] = ()
    named_type: FieldType | None = None
    part_size: int | None = None
    schema: BucketSchema = BucketSchema(properties={})
    blob_property: str | None = None
    property_type: FieldType | None = None


class Check(msgspec.Struct, frozen=True):
    """One rule. `subject`: what it checks, for the docs. `refuse`: raises `refusal` with one of `codes`, or returns."""

    subject: str
    refusal: type[RefusedError]
    codes: tuple[str, ...]
    refuse: Callable[[Candidate], None]


def admit(
    announced: Announcement,
    bucket: BucketRules,
    limits: TierLimits,
    part_bytes: int = USUAL_PART_BYTES,
) -> Admitted:
    """Check an announced file in the documented order; the first refusal wins.

    `part_bytes`: the usual size of parts.
    """
    file = Candidate(announced=announced, bucket=bucket, limits=limits, usual_part_bytes=part_bytes)
    for check in CHECKS:
        check.refuse(file)
    if announced.create_object:
        for check in OBJECT_CHECKS:
            check.refuse(file)
    else:
        file.blob_property = announced.blob_property or filenames.property_from(announced.filename)
        file.property_type = file.named_type or (file.fitting[0] if file.fitting else None)
    return Admitted(
        blob_property=file.blob_property,
        blob_type=file.property_type.upper() if file.property_type else None,
        unique_key=file.unique_key,
        policy=announced.policy or (bucket.unique_key.default_policy if bucket.unique_key else None) or Policy.INSERT,
        part_size=file.part_size,
    )


def _metadata(file: Candidate) -> None:
    check_json(file.announced.metadata, "metadata", max_bytes=MAX_METADATA_BYTES)
    check_json(file.announced.object_metadata, "object_metadata", max_bytes=MAX_METADATA_BYTES)


def _unique_key(file: Candidate) -> None:
    bucket = file.bucket
    if file.announced.create_object and bucket.unique_key is not None:
        given = with_defaults(bucket.schema or BucketSchema(properties={}), file.announced.object_metadata or {})
        file.unique_key = canonical_digest(unique_values(bucket.unique_key, given))


def _filename(file: Candidate) -> None:
    filenames.check(file.announced.filename)


def _content_type(file: Candidate) -> None:
    media_types.check_syntax(file.announced.content_type)
    file.fitting = media_types.file_types(file.announced.content_type)


def _blob_type(file: Candidate) -> None:
    given = file.announced.blob_type
    if given is None:
        return
    if given.lower() == _DOCUMENT:
        file.named_type = _document_type(given, file.announced.content_type, file.fitting)
        return
    try:
        file.named_type = FieldType(given.lower())
    except ValueError:
        raise InvalidInputError(
            "invalid_blob_type",
            f"blob_type {given[:100]} does not exist: use one of {', '.join(t.upper() for t in FieldType)}.",
            {"blob_type": given[:100]},
        ) from None


def _document_type(given: str, content_type: str, fitting: tuple[FieldType, ...]) -> FieldType:
    for kind in fitting:
        if kind in _DOCUMENT_TYPES:
            return kind
    raise InvalidInputError(
        "blob_type_does_not_fit",
        f"blob_type DOCUMENT takes PDF, text and spreadsheet files, not {content_type}: leave blob_type out, or"
        " send the content type of a document.",
        {"blob_type": given, "content_type": content_type},
    )


def _blob_property(file: Candidate) -> None:
    name = file.announced.blob_property
    if name is not None and not PROPERTY_NAME.fullmatch(name):
        raise InvalidInputError(
            "invalid_blob_property",
            "blob_property has characters that are not allowed: use only letters, digits and underscores.",
            {"blob_property": name[:100]},
        )


def _tier_limit(file: Candidate) -> None:
    size_bytes, limit_bytes = file.announced.declared_size_bytes, file.limits.file_size_bytes
    if size_bytes is not None and size_bytes > limit_bytes:
        raise ForbiddenError(
            "file_too_large",
            f"The organization's tier allows files of up to {limit_bytes} bytes, but this file has {size_bytes}: send"
            " a smaller file, or move to a higher tier.",
            {"file_size_bytes": size_bytes, "limit_bytes": limit_bytes},
        )


def _content_rules(file: Candidate) -> None:
    announced = file.announced
    content_rules.check_file(
        file.bucket.content, content_type=announced.content_type, size_bytes=announced.declared_size_bytes
    )


def _parts(file: Candidate) -> None:
    announced = file.announced
    if announced.by_post:
        check_post(announced.multipart, announced.declared_size_bytes, announced.part_size)
    file.part_size = part_size_for(
        announced.multipart, announced.declared_size_bytes, file.usual_part_bytes, check_part_size(announced.part_size)
    )


def _integrity(file: Candidate) -> None:
    announced = file.announced
    if (
        announced.storage_checks and file.part_size is None and announced.declared_sha256 is None
    ):  # parts have their own hashes
        raise InvalidInputError(
            "hash_required",
            "file_hash is missing, and storage cannot check the bytes without it: send the SHA-256 of the file.",
            {"field": "file_hash"},
        )


def _schema(file: Candidate) -> None:
    schema = file.bucket.schema
    if schema is None or not schema.properties:
        raise InvalidInputError(
            "no_schema",
            "The bucket has no schema, so no object can be created: send create_object_on_confirm=false, or give the"
            " bucket a schema.",
            {"field": "create_object_on_confirm"},
        )
    file.schema = schema


def _property_exists(file: Candidate) -> None:
    file_properties = file.schema.file_properties()
    name = file.announced.blob_property or _natural_property(file, file_properties)
    if name not in file.schema.properties:
        raise InvalidInputError(
            "unknown_blob_property",
            f"The bucket's schema has no property '{name[:100]}': set blob_property to one of its file properties.",
            {"blob_property": name[:100], "file_properties": file_properties},
        )
    file.blob_property = name
    file.property_type = file.schema.properties[name].type


def _natural_property(file: Candidate, file_properties: list[str]) -> str:
    """Return the property of a file that names none: the only one; the stem, if it fits; or the only one that fits."""
    if len(file_properties) == 1:
        return file_properties[0]
    announced, properties = file.announced, file.schema.properties
    fitting = [name for name in file_properties if properties[name].type in file.fitting]
    named = [name for name in fitting if properties[name].type is file.named_type] or fitting
    stem = filenames.stem(announced.filename)
    if stem in named or len(named) == 1:
        return stem if stem in named else named[0]
    details = {"field": "blob_property", "content_type": announced.content_type, "file_properties": file_properties}
    if not fitting:
        raise InvalidInputError(
            "content_type_does_not_fit",
            f"content_type {announced.content_type} matches none of the properties for files in the bucket's schema"
            f" ({', '.join(file_properties) or 'it has none'}): send a file of another type, or"
            " create_object_on_confirm=false.",
            details,
        )
    raise InvalidInputError(
        "blob_property_required",
        f"blob_property is missing, and several properties of the bucket's schema match {announced.content_type}: set"
        f" it to one of {', '.join(named)}.",
        {**details, "choices": named},
    )


def _property_fits(file: Candidate) -> None:
    name, kind, content_type = file.blob_property, file.property_type, file.announced.content_type
    if kind not in file.fitting:
        raise InvalidInputError(
            "content_type_does_not_fit",
            f"content_type {content_type} does not match the property '{name}' of type {kind}: send a file of that"
            " type, or set blob_property to another property.",
            {"content_type": content_type, "blob_property": name, "property_type": kind},
        )


def _blob_type_fits(file: Candidate) -> None:
    name, kind, blob_type = file.blob_property, file.property_type, file.announced.blob_type
    if kind is not None and file.named_type not in {None, kind}:
        raise InvalidInputError(
            "blob_type_does_not_fit",
            f"blob_type {blob_type} contradicts the property '{name}' of type {kind}: leave blob_type out,"
            f" or send {kind.upper()}.",
            {"blob_type": blob_type, "blob_property": name, "property_type": kind},
        )


def _values(file: Candidate) -> None:
    given = () if file.blob_property is None else (file.blob_property,)
    check_values(file.schema, file.announced.object_metadata or {}, given=given)


METADATA = Check(
    "`metadata` and `object_metadata`: 16 KiB of JSON each, 32 levels, no U+0000",
    InvalidInputError,
    ("metadata_too_large", "too_deep", "null_character"),
    _metadata,
)
UNIQUE_KEY = Check(
    "the values of the bucket's unique key, if the upload creates an object",
    InvalidInputError,
    ("unique_key_missing", "unique_key_too_long"),
    _unique_key,
)
FILENAME = Check(
    "the filename: 1 to 255 characters, no `/`, `\\` or control characters, not `.` or `..`",
    InvalidInputError,
    ("invalid_filename",),
    _filename,
)
CONTENT_TYPE = Check("the syntax of the content type", InvalidInputError, ("invalid_content_type",), _content_type)
BLOB_TYPE = Check(
    "`blob_type`: a known type; `DOCUMENT` only with the content type of a document",
    InvalidInputError,
    ("invalid_blob_type", "blob_type_does_not_fit"),
    _blob_type,
)
BLOB_PROPERTY = Check("the syntax of `blob_property`", InvalidInputError, ("invalid_blob_property",), _blob_property)
TIER_LIMIT = Check(
    "the declared size against the tier's limit for a file", ForbiddenError, ("file_too_large",), _tier_limit
)
CONTENT_RULES = Check(
    "the declared size and the content type against the rules of the bucket",
    ForbiddenError,
    ("file_too_small", "file_too_large", "content_type_not_allowed"),
    _content_rules,
)
PARTS = Check(
    "`part_size`, and the declared size against the limits of S3: 5 GiB in a single PUT, if `multipart` is `never`;"
    " 10,000 parts; `method=post` has no parts",
    InvalidInputError,
    ("post_has_no_parts", "invalid_part_size", "needs_multipart", "too_large_for_storage", "part_size_too_small"),
    _parts,
)
INTEGRITY = Check(
    "`integrity`: a `file_hash`, unless the file is sent in parts", InvalidInputError, ("hash_required",), _integrity
)
SCHEMA = Check("the bucket has a schema", InvalidInputError, ("no_schema",), _schema)
PROPERTY_EXISTS = Check(
    "the schema has the property `blob_property`; by default, its only property for files, or else the one named as the"
    " filename without its extension, if it matches the content type, or else the only one that does",
    InvalidInputError,
    ("unknown_blob_property", "content_type_does_not_fit", "blob_property_required"),
    _property_exists,
)
PROPERTY_FITS = Check(
    "the content type matches the property's type", InvalidInputError, ("content_type_does_not_fit",), _property_fits
)
BLOB_TYPE_FITS = Check(
    "`blob_type`, if given, is that type", InvalidInputError, ("blob_type_does_not_fit",), _blob_type_fits
)
VALUES = Check(
    "`object_metadata` matches the schema; properties that the schema does not define are kept unchanged",
    InvalidInputError,
    ("schema_violation",),
    _values,
)

CHECKS = (
    METADATA,
    UNIQUE_KEY,
    FILENAME,
    CONTENT_TYPE,
    BLOB_TYPE,
    BLOB_PROPERTY,
    TIER_LIMIT,
    CONTENT_RULES,
    PARTS,
    INTEGRITY,
)
OBJECT_CHECKS = (SCHEMA, PROPERTY_EXISTS, PROPERTY_FITS, BLOB_TYPE_FITS, VALUES)
