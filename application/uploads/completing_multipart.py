"""Completing a multipart upload: storage assembles its parts, if all of them exist."""

from collections.abc import Sequence

import msgspec

from application.ports.storage.object_storage import ObjectStorage, PartsRefusedError, StoredPart
from domain.refusals import WrongStateError
from domain.uploads.parts import PartProblems, part_problems
from domain.uploads.upload import InProgress

_TOLD_AT_MOST = 1000


class NamedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part in a client's confirm, with its ETag without quotes."""

    part_number: int
    etag: str


async def put_together(storage: ObjectStorage, upload: InProgress, named: Sequence[NamedPart] | None = None) -> None:
    """Let storage assemble the parts, unless it has already done so.

    `named`: the parts that the client lists; by default, those in storage. Refuses with `content_not_found` while parts
    are missing or have a wrong size, and with `parts_differ` if ETags differ.
    """
    request = upload.request
    key = request.storage_key or ""
    etags = None if named is None else {part.part_number: part.etag for part in named}
    stored = await storage.parts(key, upload.multipart_id, etags=etags)
    if stored is None:
        return
    if named is not None:
        stored = _as_named(upload.upload_id, stored, named)
    found = part_problems(
        {part.part_number: part.size_bytes for part in stored},
        size_bytes=request.declared_size_bytes,
        part_size=request.part_size or 1,
    )
    if found:
        raise _not_all_there(upload.upload_id, found)
    try:
        made = await storage.complete_multipart(key, upload.multipart_id, stored, only_new=request.storage_checks)
    except PartsRefusedError as refused:
        raise _not_all_there(
            upload.upload_id, PartProblems(missing=refused.missing, wrong_size=refused.too_small)
        ) from refused
    if not made:  # an object already exists, most likely our own: its hash decides, and the parts are not needed
        await storage.abort_multipart(key, upload.multipart_id)


def _as_named(upload_id: str, stored: Sequence[StoredPart], named: Sequence[NamedPart]) -> list[StoredPart]:
    """Return the stored parts that the client lists; refuse if storage has other bytes for a number."""
    etags = {part.part_number: part.etag for part in named}
    there = [part for part in stored if part.part_number in etags]
    differing = [part.part_number for part in there if part.etag != etags[part.part_number]]
    if differing:
        raise WrongStateError(
            "parts_differ",
            "Storage has other bytes than those confirmed for some parts: send the parts in the details again, then"
            " confirm again.",
            {"upload_id": upload_id, "differing_parts": differing[:_TOLD_AT_MOST]},
        )
    absent = sorted(etags.keys() - {part.part_number for part in there})
    if absent:
        raise _not_all_there(upload_id, PartProblems(missing=tuple(absent)))
    return there


def _not_all_there(upload_id: str, found: PartProblems) -> WrongStateError:
    return WrongStateError(
        "content_not_found",
        "Some parts are missing or have the wrong size: send the parts in the details, then confirm again.",
        {
            "upload_id": upload_id,
            "missing_parts": list(found.missing[:_TOLD_AT_MOST]),
            "wrong_size_parts": list(found.wrong_size[:_TOLD_AT_MOST]),
        },
    )
