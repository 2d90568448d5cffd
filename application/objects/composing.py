"""Composing objects: builds blobs from existing uploads or inline data."""

from collections.abc import Sequence

import msgspec

from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Ids
from application.ports.uploads.upload_reads import UploadReads, UploadRecord
from domain.buckets.schema import BucketSchema
from domain.objects.composition import BlobWish, check_blobs, check_upload
from domain.objects.object import Blob
from domain.refusals import WrongStateError
from domain.shared_fields import made_from
from domain.uploads.upload import Status, upload_not_found


class ComposingObjects(msgspec.Struct, frozen=True, kw_only=True):
    """Finds the uploads of blobs. Their bytes are not copied: the object will hold the uploads."""

    read_side: UploadReads
    ids: Ids

    async def __call__(self, bucket: BucketRecord, wishes: Sequence[BlobWish]) -> tuple[Blob, ...]:
        """Return the blobs. Their append must have the condition that their uploads are still stored."""
        check_blobs(wishes, schema_of_bucket(bucket))
        return tuple([await self._blob(bucket, wish, index) for index, wish in enumerate(wishes)])

    async def _blob(self, bucket: BucketRecord, wish: BlobWish, index: int) -> Blob:
        source = None if wish.upload_id is None else await self._source(bucket, wish.upload_id)
        if source is None:
            return _blob(self.ids.new("blob_"), wish, upload=None, holder=None)
        upload, holder = source
        check_upload(wish, index, content_type=upload.content_type, sha256=upload.sha256 or "")
        return _blob(self.ids.new("blob_"), wish, upload=upload, holder=holder)

    async def _source(self, bucket: BucketRecord, upload_id: str) -> tuple[UploadRecord, UploadRecord]:
        """Return an upload and the one with its bytes: the original, if it is a duplicate."""
        upload = await self._upload(bucket, upload_id)
        holder = upload if upload.duplicate_of is None else await self._upload(bucket, upload.duplicate_of)
        if holder.status is not Status.COMPLETED:
            raise WrongStateError(
                "upload_not_completed",
                f"The upload {upload_id} is {upload.status}: confirm it first.",
                {"upload_id": upload_id, "status": upload.status},
            )
        if not holder.has_verified_bytes:
            raise WrongStateError(
                "upload_without_bytes",
                f"The bytes of the upload {upload_id} were deleted or changed: upload the file again.",
                {"upload_id": upload_id},
            )
        return upload, holder

    async def _upload(self, bucket: BucketRecord, upload_id: str) -> UploadRecord:
        found = await self.read_side.upload(bucket.namespace_id, upload_id)
        if found is None or found.bucket_id != bucket.bucket_id:
            raise upload_not_found(upload_id)
        return found


def schema_of_bucket(bucket: BucketRecord) -> BucketSchema:
    """Return the bucket's schema, or an empty one."""
    return msgspec.convert(bucket.bucket_schema or {"properties": {}}, BucketSchema)


def _blob(blob_id: str, wish: BlobWish, *, upload: UploadRecord | None, holder: UploadRecord | None) -> Blob:
    return made_from(
        Blob,
        wish,
        blob_id=blob_id,
        upload_id=holder.upload_id if holder else None,
        filename=upload.filename if upload else None,
        storage_key=holder.storage_key if holder else None,
        version_id=holder.version_id if holder else None,
        etag=holder.etag if holder else None,
        size_bytes=holder.size_bytes if holder else None,
        content_type=upload.content_type if upload else None,
        sha256=holder.sha256 if holder else None,
    )
