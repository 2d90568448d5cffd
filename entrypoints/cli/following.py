"""Reads the events that the key may see, over the API."""

from collections.abc import Mapping
from typing import Any

from entrypoints.cli.output import emit, note
from entrypoints.cli.service import client_of
from entrypoints.cli.showing import Wanted, line_of, recorded
from entrypoints.cli.target import Target
from entrypoints.cli.translating import translated
from upwell_client import Client

_PAGE = "1000"
_WAIT_SECONDS = "20"


def tail(target: Target, wanted: Wanted, *, as_json: bool) -> None:
    """Print the events of the namespace as they are appended, until the pipe closes or the user interrupts."""
    after = ("latest" if wanted.follow else "0") if wanted.after is None else str(wanted.after)
    with client_of(target, note) as client, translated():
        while True:
            params = {"after": after, "limit": _PAGE} | ({"wait": _WAIT_SECONDS} if wanted.follow else {})
            page = client.call("GET", "/v1/events", params=params)
            for event in page["events"]:
                if wanted.has(event["type"]) and not emit(_line(event, as_json=as_json)):
                    return
            after = str(page["next_after"])
            if not (wanted.follow or page["has_more"]):
                return


def history_of(client: Client, upload_id: str) -> list[dict[str, Any]]:
    """Return an upload's events in order; the API does not number them."""
    with translated():
        page = client.call("GET", f"/v1/uploads/{upload_id}/events")
    return [recorded(event["type"], event["data"], None) for event in page["events"]]


def _line(event: Mapping[str, Any], *, as_json: bool) -> str:
    return line_of(
        event["type"],
        event["data"],
        position=int(event["id"]),
        stream_id=event["subject"],
        version=None,
        as_json=as_json,
    )
