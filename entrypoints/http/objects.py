"""The routes of the objects in buckets."""

from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.types import Scope

from application.ports.read_side import ObjectRecord
from domain.api_key import Permission
from domain.rate_limiting import RequestClass
from domain.refusals import NotFoundError
from entrypoints.http.admission import Needs, admitted_in
from entrypoints.http.wire.objects import BlobDetails, BlobModel, ObjectResponse

_READ = Needs(Permission.READ, counts_as=RequestClass.DATA).opt()
TAGS = ["Objects"]


@get("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", opt=_READ, tags=TAGS)
async def get_object(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up already
    object_identifier: FromPath[str],
    scope: Scope,
) -> ObjectResponse:
    """Return an object; its metadata stands beside the contract's fields."""
    admitted = admitted_in(scope)
    record = await admitted.services.ports.read_side.bucket_object(
        admitted.namespace.namespace_id, object_identifier.replace("\0", "")
    )
    if record is None or record.bucket_id != admitted.bucket.bucket_id:
        raise NotFoundError("object_not_found", "There is no such object.", {"object_id": object_identifier[:100]})
    return render(record)  # type: ignore[return-value]  # the same fields and the object's own


def render(record: ObjectRecord) -> dict[str, Any]:
    """Return an object as the wire has it: the contract's fields win over metadata of the same name."""
    response = ObjectResponse(
        object_id=record.object_id,
        bucket_id=record.bucket_id,
        blobs=[
            BlobModel(
                blob_id=blob.blob_id,
                property=blob.property,
                type=blob.type,
                details=BlobDetails(
                    filename=blob.filename,
                    size_bytes=blob.size_bytes,
                    mime_type=blob.content_type,
                    hash=blob.sha256,
                ),
                properties={},
                upload_id=blob.upload_id,
            )
            for blob in record.blobs
        ],
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
    return {**record.metadata, **msgspec.structs.asdict(response)}


ROUTES = [get_object]
