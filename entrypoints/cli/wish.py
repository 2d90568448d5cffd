"""The options of an upload."""

from typing import Any

import msgspec

from upwell_client import Upload


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The options for every file. `property_name` and `content_type` None: chosen for each file."""

    property_name: str | None = None
    content_type: str | None = None
    metadata: dict[str, Any] = {}
    object_metadata: dict[str, Any] | None = None
    create_object: bool = True
    skip_duplicates: bool = True
    expires_in_seconds: int | None = None


def options_not_kept(wish: Wish, done: Upload, original: Upload | None) -> list[str]:
    """Return the options that differ from the stored values.

    A duplicate that is found before sending is the original's own record, and one that is found afterwards shares its
    object; a file whose unique key is taken creates no object. `original`: the upload with the same bytes; None if the
    key may not read it, so that no value is known.
    """
    if not (done.is_duplicate or done.skipped_unique_key):
        return []
    answered = done.is_duplicate and done.upload_id == done.duplicate_of_upload_id
    asked: dict[str, tuple[object, object]] = {}
    if answered:
        asked["--content-type"] = (wish.content_type, original and original.content_type)
        asked["--property"] = (wish.property_name, original and original.blob_property)
        asked["--metadata"] = (wish.metadata or None, original and original.metadata)
    if done.skipped_unique_key:
        asked["--object-metadata"] = (wish.object_metadata, None)
    elif original is None or done.object_id == original.object_id:
        asked["--object-metadata"] = (wish.object_metadata, original and original.object_metadata)
    return [option for option, (wanted, kept) in asked.items() if wanted is not None and wanted != kept]
