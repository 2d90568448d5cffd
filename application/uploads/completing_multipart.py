"""Putting the parts of an upload together: storage makes one object of them, if they are all there."""

from collections.abc import Sequence

import msgspec

from application.ports.storage.object_storage import ObjectStorage, PartsRefusedError, StoredPart
from domain.refusals import WrongStateError
from domain.uploads.parts import PartProblems, part_problems
from domain.uploads.upload import InProgress

_TOLD_AT_MOST = 1000


class NamedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part as a client names it: the ETag that it got, without quotes."""

    part_number: int
    etag: str


async def put_together(storage: ObjectStorage, upload: InProgress, named: Sequence[NamedPart] | None = None) -> None:
    """Have storage make one object of the parts; nothing to do where that has happened already.

    `named`: the parts that the client says it sent; otherwise those that storage has. Refuses with `content_not_found`
    while some are missing or of a wrong size (send them again), and with `parts_differ` where ETags do.
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
    if not made:  # something is there already, most likely our own: its hash decides, and the parts are of no use
        await storage.abort_multipart(key, upload.multipart_id)


def _as_named(upload_id: str, stored: Sequence[StoredPart], named: Sequence[NamedPart]) -> list[StoredPart]:
    """Return the stored parts that the client names; refuse where storage has other bytes under a number."""
    etags = {part.part_number: part.etag for part in named}
    there = [part for part in stored if part.part_number in etags]
    differing = [part.part_number for part in there if part.etag != etags[part.part_number]]
    if differing:
        raise WrongStateError(
            "parts_differ",
            "Storage has other bytes than those confirmed for some parts: send those named in the details again, then"
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
        "Some parts are missing or have the wrong size: send those named in the details, then confirm again.",
        {
            "upload_id": upload_id,
            "missing_parts": list(found.missing[:_TOLD_AT_MOST]),
            "wrong_size_parts": list(found.wrong_size[:_TOLD_AT_MOST]),
        },
    )
