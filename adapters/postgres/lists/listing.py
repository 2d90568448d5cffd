"""The tables of the lists: the SQL of each field of a `Listing`.

Statements are made of them in `filtering`.
"""

from adapters.postgres.database.queries import QUERIES
from adapters.postgres.lists.filtering import Columns


def _same(*names: str) -> dict[str, str]:
    """Return columns with the names of their fields."""
    return dict(zip(names, names, strict=True))


def _length(name: str) -> str:
    return f"CASE jsonb_typeof(settings->'{name}') WHEN 'array' THEN jsonb_array_length(settings->'{name}') END"


_SIZE = "coalesce(size_bytes, declared_size_bytes)"
UPLOADS = Columns(
    table="upwell.uploads",
    scope=("bucket_id", "namespace_id"),
    fields={
        **_same("upload_id", "bucket_id", "status", "filename", "content_type", "etag", "metadata", "skip_duplicates"),
        **_same("blob_property", "blob_type", "existing_object_id", "object_id", "task_id", "message"),
        **_same("failure_reason", "deletes_at", "created_at", "expires_at", "verified_at", "completed_at"),
        "s3_key": "storage_key",
        "file_size_bytes": _SIZE,
        "file_hash": "coalesce(sha256, declared_sha256)",
        "presigned_url_expiration": "url_expires_in_seconds",
        "object_metadata": "nullif(object_metadata, 'null')",
        "create_object_on_confirm": "create_object",
        "is_duplicate": "(duplicate_of IS NOT NULL)",
        "skipped_unique_key": "(existing_object_id IS NOT NULL)",
        "duplicate_of_upload_id": "duplicate_of",
    },
    sums={"size_bytes": _SIZE},
    status="status",
    named=("normalize(filename) {like}",),
    documents=("metadata",),
    haystack="(coalesce(filename, '') || ' ' || coalesce(metadata::text, ''))",
    indexed=("upload", "upload_id"),
)
AVOIDED_DUPLICATES = Columns(
    table="upwell.avoided_duplicates",
    scope=("bucket_id", "namespace_id"),
    fields={
        **_same("duplicate_id", "bucket_id", "original_upload_id", "filename", "content_type", "metadata"),
        **_same("object_metadata", "blob_property", "saved_bytes", "deletes_at", "created_at"),
        "file_size_bytes": "declared_size_bytes",
        "file_hash": "sha256",
        "create_object_on_confirm": "create_object",
    },
    sums=_same("saved_bytes"),
    named=("normalize(filename) {like}",),
    documents=("metadata",),
    haystack="(coalesce(filename, '') || ' ' || coalesce(metadata::text, ''))",
)
BUCKETS = Columns(
    table="upwell.buckets",
    scope=("namespace_id",),
    fields={
        **_same("bucket_id", "description", "status", "object_count", "total_size_bytes", "metadata"),
        **_same("created_at", "updated_at", "last_upload_at"),
        "bucket_name": "name",
    },
    sums=_same("object_count", "total_size_bytes"),
    named=("normalize(name) {like}",),
    documents=("metadata",),
    haystack="(name || ' ' || metadata::text)",
)
NAMESPACES = Columns(
    table="upwell.namespaces",
    scope=("organization_id",),
    fields={
        **_same("namespace_id", "description", "bucket_count", "object_count", "created_at", "updated_at"),
        "namespace_name": "name",
        "namespace_type": "(settings ->> 'namespace_type')",
    },
    sums={
        **_same("bucket_count", "object_count"),
        "feature_extractors": _length("feature_extractors"),
        "payload_indexes": _length("payload_indexes"),
    },
    named=("normalize(name) {like}",),
    haystack="name",
)
OBJECTS = Columns(
    table="upwell.objects",
    scope=("bucket_id", "namespace_id"),
    fields=_same("object_id", "bucket_id", "key_prefix", "metadata", "created_at", "updated_at"),
    sums={"blobs": "jsonb_array_length(blobs)"},
    named=(
        "normalize(key_prefix) {like}",
        "EXISTS (SELECT FROM jsonb_array_elements(blobs) one WHERE normalize(one ->> 'filename') {like})",
    ),
    documents=("metadata",),
    haystack="(coalesce(key_prefix, '') || ' ' || blobs::text || ' ' || metadata::text)",
    indexed=("object", "object_id"),
)
TASKS = Columns(
    table=f"({QUERIES['all_tasks'].rstrip(';')}) tasks",
    scope=("organization_id",),
    fields=_same(
        "task_id", "task_type", "status", "namespace_id", "error", "additional_data", "created_at", "updated_at"
    ),
    sums={},
    named=("task_id {like}",),
    documents=("inputs",),
    haystack="(task_id || ' ' || inputs::text)",
)
