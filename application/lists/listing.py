"""Lists: the fields by which each can be filtered, sorted and searched, and the figures over its rows.

All adapters give the same meaning to the same names; the mapping to records is defined here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.lists.pages import Figures, SortKey
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.objects.object_reads import ObjectRecord
from application.ports.tasks.tasks import TaskRecord
from application.ports.uploads.upload_reads import AvoidedDuplicate, UploadRecord
from domain.lists.filtering import Fields, Order, Ref, ValueType, number_of

SORTED_CHARACTERS = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)

Record = TypeVar("Record")


class Field(msgspec.Struct, Generic[Record], frozen=True):
    """A field: the type of its values, and how to get it from a record."""

    kind: ValueType
    of: Callable[[Record], Any]


class Listing(msgspec.Struct, Generic[Record], frozen=True, kw_only=True):
    """The definition of a list. `rest`: the JSON field whose keys are also fields. `names`: the fields for search.

    `documents`: the JSON fields whose values are also searched. `sums`: the sums over the rows, by name.
    """

    fields: Mapping[str, Field[Record]]
    rest: str | None = None
    names: Callable[[Record], Sequence[str | None]]
    documents: Callable[[Record], Sequence[Any]] = lambda _: ()
    sums: Mapping[str, Callable[[Record], int]]
    status: Callable[[Record], str | None] = lambda _: None

    @property
    def known(self) -> Fields:
        """The fields for filters and orders."""
        return Fields({name: field.kind for name, field in self.fields.items()}, self.rest)

    def value(self, record: Record, ref: Ref) -> tuple[bool, Any]:
        """Return whether a field exists, and its value; a JSON null exists."""
        found = self.fields[ref.name].of(record)
        for key in ref.path:
            if not isinstance(found, dict) or key not in found:
                return False, None
            found = found[key]
        return (ref.kind is ValueType.JSON and bool(ref.path)) or found is not None, found

    def place(self, record: Record, order: Order | None) -> SortKey:
        """Return the sort key of a record in an order, to continue after it."""
        position: int = record.position  # type: ignore[attr-defined]  # every record of a list has one
        if order is None or is_by_age(order):
            return SortKey(position=position)
        rank, number, text = _sort_key(*self.value(record, order.ref))
        return SortKey(rank=rank, number=number, text=text, position=position)

    def figures(self, records: Iterable[Record]) -> Figures:
        """Return the figures over records."""
        found = list(records)
        sums = {name: sum(map(of, found)) for name, of in self.sums.items()}
        counts = Counter(map(self.status, found)).items()
        by_status = {status: count for status, count in counts if status is not None}
        return Figures(count=len(found), sums=sums, by_status=by_status)


def is_by_age(order: Order | None) -> bool:
    """Return whether an order is that of creation, which is the order of positions and has an index."""
    return order is None or order.ref.name == "created_at"


def _sort_key(there: bool, value: Any) -> tuple[int, Decimal, str]:  # noqa: ANN401  # of any field
    """Return rank, number and text: missing values come first, then numbers, texts, false and true."""
    match value:
        case _ if not there:
            return 0, Decimal(0), ""
        case bool():
            return 3, Decimal(int(value)), ""
        case int() | float():
            return 1, number_of(value), ""
        case datetime():
            return 1, Decimal((value - _EPOCH) // _MICROSECOND) / (_SECOND // _MICROSECOND), ""
        case str():
            return 2, Decimal(0), value[:SORTED_CHARACTERS]
        case _:
            return 0, Decimal(0), ""


def texts_within(document: object) -> Iterator[str]:
    """Yield every text and number in JSON, at any depth, as text; without keys."""
    match document:
        case str():
            yield document
        case int() | float() if not isinstance(document, bool):
            yield format(number_of(document), "f")
        case dict():
            for value in document.values():
                yield from texts_within(value)
        case list():
            for value in document:
                yield from texts_within(value)
        case _:
            pass


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


UPLOADS = Listing[UploadRecord](
    fields={
        "upload_id": Field(ValueType.ID, lambda row: row.upload_id),
        "bucket_id": Field(ValueType.ID, lambda row: row.bucket_id),
        "status": Field(ValueType.WORD, lambda row: row.status.value),
        "filename": Field(ValueType.TEXT, lambda row: row.filename),
        "content_type": Field(ValueType.TEXT, lambda row: row.content_type),
        "s3_key": Field(ValueType.TEXT, lambda row: row.storage_key),
        "file_size_bytes": Field(
            ValueType.NUMBER, lambda row: row.declared_size_bytes if row.size_bytes is None else row.size_bytes
        ),
        "file_hash": Field(ValueType.ID, lambda row: row.declared_sha256 if row.sha256 is None else row.sha256),
        "etag": Field(ValueType.ID, lambda row: row.etag),
        "presigned_url_expiration": Field(ValueType.NUMBER, lambda row: row.url_expires_in_seconds),
        "metadata": Field(ValueType.JSON, lambda row: row.metadata),
        "object_metadata": Field(ValueType.JSON, lambda row: row.object_metadata),
        "create_object_on_confirm": Field(ValueType.FLAG, lambda row: row.create_object),
        "skip_duplicates": Field(ValueType.FLAG, lambda row: row.skip_duplicates),
        "is_duplicate": Field(ValueType.FLAG, lambda row: row.duplicate_of is not None),
        "skipped_unique_key": Field(ValueType.FLAG, lambda row: row.existing_object_id is not None),
        "blob_property": Field(ValueType.TEXT, lambda row: row.blob_property),
        "blob_type": Field(ValueType.TEXT, lambda row: row.blob_type),
        "duplicate_of_upload_id": Field(ValueType.ID, lambda row: row.duplicate_of),
        "existing_object_id": Field(ValueType.ID, lambda row: row.existing_object_id),
        "object_id": Field(ValueType.ID, lambda row: row.object_id),
        "task_id": Field(ValueType.ID, lambda row: row.task_id),
        "message": Field(ValueType.TEXT, lambda row: row.message),
        "failure_reason": Field(ValueType.ID, lambda row: row.failure_reason),
        "deletes_at": Field(ValueType.MOMENT, lambda row: row.deletes_at),
        "created_at": Field(ValueType.MOMENT, lambda row: row.created_at),
        "expires_at": Field(ValueType.MOMENT, lambda row: row.expires_at),
        "verified_at": Field(ValueType.MOMENT, lambda row: row.verified_at),
        "completed_at": Field(ValueType.MOMENT, lambda row: row.completed_at),
    },
    names=lambda row: (row.filename,),
    documents=lambda row: (row.metadata,),
    sums={
        "size_bytes": lambda row: (row.declared_size_bytes if row.size_bytes is None else row.size_bytes) or 0,
    },
    status=lambda row: row.status.value,
)
AVOIDED_DUPLICATES = Listing[AvoidedDuplicate](
    fields={
        "duplicate_id": Field(ValueType.ID, lambda row: row.duplicate_id),
        "bucket_id": Field(ValueType.ID, lambda row: row.bucket_id),
        "original_upload_id": Field(ValueType.ID, lambda row: row.original_upload_id),
        "filename": Field(ValueType.TEXT, lambda row: row.filename),
        "content_type": Field(ValueType.TEXT, lambda row: row.content_type),
        "file_size_bytes": Field(ValueType.NUMBER, lambda row: row.declared_size_bytes),
        "file_hash": Field(ValueType.ID, lambda row: row.sha256),
        "metadata": Field(ValueType.JSON, lambda row: row.metadata),
        "object_metadata": Field(ValueType.JSON, lambda row: row.object_metadata),
        "create_object_on_confirm": Field(ValueType.FLAG, lambda row: row.create_object),
        "blob_property": Field(ValueType.TEXT, lambda row: row.blob_property),
        "saved_bytes": Field(ValueType.NUMBER, lambda row: row.saved_bytes),
        "deletes_at": Field(ValueType.MOMENT, lambda row: row.deletes_at),
        "created_at": Field(ValueType.MOMENT, lambda row: row.created_at),
    },
    names=lambda row: (row.filename,),
    documents=lambda row: (row.metadata,),
    sums={"saved_bytes": lambda row: row.saved_bytes},
)
BUCKETS = Listing[BucketRecord](
    fields={
        "bucket_id": Field(ValueType.ID, lambda row: row.bucket_id),
        "bucket_name": Field(ValueType.TEXT, lambda row: row.name),
        "description": Field(ValueType.TEXT, lambda row: row.description),
        "status": Field(ValueType.WORD, lambda row: row.status.value),
        "object_count": Field(ValueType.NUMBER, lambda row: row.object_count),
        "total_size_bytes": Field(ValueType.NUMBER, lambda row: row.total_size_bytes),
        "metadata": Field(ValueType.JSON, lambda row: row.metadata),
        "created_at": Field(ValueType.MOMENT, lambda row: row.created_at),
        "updated_at": Field(ValueType.MOMENT, lambda row: row.updated_at),
        "last_upload_at": Field(ValueType.MOMENT, lambda row: row.last_upload_at),
    },
    names=lambda row: (row.name,),
    documents=lambda row: (row.metadata,),
    sums={
        "object_count": lambda row: row.object_count,
        "total_size_bytes": lambda row: row.total_size_bytes,
    },
)
NAMESPACES = Listing[NamespaceRecord](
    fields={
        "namespace_id": Field(ValueType.ID, lambda row: row.namespace_id),
        "namespace_name": Field(ValueType.TEXT, lambda row: row.name),
        "namespace_type": Field(ValueType.TEXT, lambda row: row.settings.get("namespace_type")),
        "description": Field(ValueType.TEXT, lambda row: row.description),
        "bucket_count": Field(ValueType.NUMBER, lambda row: row.bucket_count),
        "object_count": Field(ValueType.NUMBER, lambda row: row.object_count),
        "created_at": Field(ValueType.MOMENT, lambda row: row.created_at),
        "updated_at": Field(ValueType.MOMENT, lambda row: row.updated_at),
    },
    names=lambda row: (row.name,),
    sums={
        "bucket_count": lambda row: row.bucket_count,
        "object_count": lambda row: row.object_count,
        "feature_extractors": lambda row: _length(row.settings.get("feature_extractors")),
        "payload_indexes": lambda row: _length(row.settings.get("payload_indexes")),
    },
)
OBJECTS = Listing[ObjectRecord](
    fields={
        "object_id": Field(ValueType.ID, lambda row: row.object_id),
        "bucket_id": Field(ValueType.ID, lambda row: row.bucket_id),
        "key_prefix": Field(ValueType.TEXT, lambda row: row.key_prefix),
        "metadata": Field(ValueType.JSON, lambda row: row.metadata),
        "created_at": Field(ValueType.MOMENT, lambda row: row.created_at),
        "updated_at": Field(ValueType.MOMENT, lambda row: row.updated_at),
    },
    rest="metadata",
    names=lambda row: [row.key_prefix, *(blob.filename for blob in row.blobs)],
    documents=lambda row: (row.metadata,),
    sums={"blobs": lambda row: len(row.blobs)},
)
TASKS = Listing[TaskRecord](
    fields={
        "task_id": Field(ValueType.ID, lambda row: row.task_id),
        "task_type": Field(ValueType.ID, lambda row: row.task_type.value),
        "status": Field(ValueType.WORD, lambda row: row.status.value),
        "namespace_id": Field(ValueType.ID, lambda row: row.namespace_id),
        "error": Field(ValueType.TEXT, lambda row: row.error),
        "additional_data": Field(ValueType.JSON, lambda row: row.additional_data),
        "created_at": Field(ValueType.MOMENT, lambda row: row.created_at),
        "updated_at": Field(ValueType.MOMENT, lambda row: row.updated_at),
    },
    names=lambda row: (row.task_id,),
    documents=lambda row: (list(row.inputs),),
    sums={},
)
