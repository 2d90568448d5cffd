"""The routes of the objects in buckets."""

from typing import Any

import msgspec
from litestar import delete, get
from litestar.params import FromPath
from litestar.types import Scope

from application.ports.read_side import ObjectRecord
from application.uploads import object_not_found
from domain.api_key import Permission
from entrypoints.http.admission import Admitted, Needs, admitted_in
from entrypoints.http.wire.objects import BlobDetails, BlobModel, ObjectResponse

_READ = Needs(Permission.READ).opt()
_DELETE = Needs(Permission.DELETE).opt()
TAGS = ["Objects"]


@get("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", opt=_READ, tags=TAGS)
async def get_object(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up already
    object_identifier: FromPath[str],
    scope: Scope,
) -> ObjectResponse:
    """Return an object; its metadata stands beside the contract's fields."""
    record = await _found(admitted_in(scope), object_identifier)
    return render(record)  # type: ignore[return-value]  # the same fields and the object's own


@delete("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", status_code=204, opt=_DELETE, tags=TAGS)
async def delete_object(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up already
    object_identifier: FromPath[str],
    scope: Scope,
) -> None:
    """Delete an object and the uploads that no other object holds, with their bytes."""
    admitted = admitted_in(scope)
    record = await _found(admitted, object_identifier)
    key_id = admitted.caller.key.key_id
    await admitted.services.delete_object(record.object_id, actor_id=key_id, key_id=key_id)


async def _found(admitted: Admitted, object_identifier: str) -> ObjectRecord:
    record = await admitted.services.ports.read_side.bucket_object(
        admitted.namespace.namespace_id, object_identifier.replace("\0", "")
    )
    if record is None or record.bucket_id != admitted.bucket.bucket_id:
        raise object_not_found(object_identifier)
    return record


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


ROUTES = [get_object, delete_object]
