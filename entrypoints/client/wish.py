"""What the user wants of an upload."""

from typing import Any

import msgspec


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants of every file. `property_name` and `content_type` None: found out for each file."""

    property_name: str | None = None
    content_type: str | None = None
    metadata: dict[str, Any] = {}
    object_metadata: dict[str, Any] | None = None
    create_object: bool = True
    skip_duplicates: bool = True
    expires_in_seconds: int | None = None
