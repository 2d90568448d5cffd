"""Selects and formats events from any source."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from entrypoints.cli.output import json_of, printable

_ORDERLY = frozenset({"type", "origin", "upload_id", "due_at", "forget_at"})
_NESTED = {
    "request": ("filename", "content_type", "declared_size_bytes", "declared_sha256", "blob_property", "expires_at"),
    "content": ("size_bytes", "sha256", "etag", "note"),
    "claimed": ("size_bytes", "policy"),
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The selected events. `after` None: from the log's end when following, otherwise from its start."""

    after: int | None
    types: tuple[str, ...]
    follow: bool

    def has(self, tag: str) -> bool:
        """Return whether a tag is selected: patterns may omit its version."""
        plain = re.sub(r"\.v\d+$", "", tag)
        return not self.types or any(fnmatchcase(tag, kind) or fnmatchcase(plain, kind) for kind in self.types)


def line_of(
    tag: str, event: Mapping[str, Any], *, position: int, stream_id: str, version: int | None, as_json: bool
) -> str:
    """Return an event as a line: a JSON object, or values separated by tabs. `version` None: unknown."""
    if as_json:
        known = {"position": position, "originator_id": stream_id, "originator_version": version, "tag": tag}
        return json_of({**known, "event": event})
    origin = event.get("origin") or {}
    ids = [origin.get("bucket_id"), *(event.get(name) for name in ("object_id", "duplicate_of", "original_upload_id"))]
    named = [name for name in dict.fromkeys(ids) if name and name != stream_id]
    return "\t".join(map(printable, (str(position), str(origin.get("at")), tag, stream_id, *named)))


def recorded(tag: str, event: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """Return an event of a history: its version, time, tag, actor and main facts."""
    origin = event.get("origin") or {}
    facts = {name: value for name, value in event.items() if name not in _ORDERLY and not isinstance(value, dict)}
    for name, inner in _NESTED.items():
        within = event.get(name) or {}
        facts |= {key: within[key] for key in inner if key in within}
    return {
        "version": version,
        "at": origin.get("at"),
        "tag": tag,
        "actor_id": origin.get("actor_id"),
        "facts": {name: value for name, value in facts.items() if value is not None},
    }
