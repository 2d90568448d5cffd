"""`upwell uploads`: lists uploads, and shows or deletes one."""

import asyncio
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from entrypoints.cli.errors import ClientError, UnusableError
from entrypoints.cli.output import emit, human, json_of, note, printable
from entrypoints.cli.service import Service, client_of
from entrypoints.cli.target import find_target, known_variables
from upwell_client import Client

_COLUMNS = ("upload_id", "status", "file_size_bytes", "created_at", "object_id", "filename")
_WIDE = 100
_HIDDEN = frozenset({"presigned_url", "required_headers"})


def list_uploads(
    *, namespace: str | None, bucket: str | None, status: str | None, search: str | None, limit: int, as_json: bool
) -> None:
    """Print the newest uploads: a table on a terminal, values between tabs elsewhere, or a JSON object a line."""
    target = find_target(known_variables(), namespace=namespace, bucket=bucket)
    with client_of(target, note) as client:
        found = Service(client, target).uploads(status=status, search=search, limit=limit)
        if not as_json and sys.stdout.isatty():
            _table(found)
            return
        for record in found:
            if not emit(json_of(record) if as_json else "\t".join(_cell(record.get(name)) for name in _COLUMNS)):
                return


def show_upload(upload_id: str, *, namespace: str | None, as_json: bool) -> None:
    """Print an upload's record and its history."""
    known = known_variables()
    target = find_target(known, namespace=namespace, bucket="-")  # an upload's id needs no bucket
    with client_of(target, note) as client:
        record = Service(client, target).record(upload_id)
        history: list[dict[str, Any]] | None = None
        why = ""
        try:
            history = _history(client, known, upload_id)
        except ClientError as error:
            why = f"no history: {error.message}"
    if as_json:
        emit(json_of({"upload": record, "events": history}))
    else:
        _describe(record, history or [])
    if history is None:
        note(why)


def delete_upload(upload_id: str, *, namespace: str | None, yes: bool, as_json: bool) -> None:
    """Cancel an upload, or delete a finished one with its bytes; `yes`: without a question."""
    target = find_target(known_variables(), namespace=namespace, bucket="-")
    with client_of(target, note) as client:
        service = Service(client, target)
        if not yes:
            _confirm(f"Delete {upload_id}{_described(service, upload_id)} with its bytes?")
        service.delete(upload_id)
    emit(json_of({"upload_id": upload_id, "deleted": True}) if as_json else f"{upload_id}: deleted")


def _described(service: Service, upload_id: str) -> str:
    """Return the details for a question about an upload; empty if the key may not read."""
    try:
        record = service.record(upload_id)
    except ClientError as error:
        if error.code != "permission_denied":
            raise
        return ""
    size = record.get("file_size_bytes")
    facts = [record.get("filename"), human(size) if isinstance(size, int) else None, record.get("status")]
    return f" ({', '.join(_cell(fact) for fact in facts if fact)})"


def _confirm(question: str) -> None:
    try:
        confirmed = click.confirm(question, err=True)
    except click.Abort as ended:
        if not isinstance(ended.__context__, EOFError):  # Ctrl-C
            raise
        click.echo(err=True)
        raise UnusableError(
            "Nothing was deleted: nobody answers here. Say --yes to delete without a question.", "not_confirmed"
        ) from None
    if not confirmed:
        raise ClientError("Nothing was deleted.", "not_confirmed")


def _history(client: Client, known: Mapping[str, str], upload_id: str) -> list[dict[str, Any]]:
    """Return an upload's history, with positions if the database is reachable."""
    if not known.get("UPWELL_DATABASE_URL"):
        from entrypoints.cli import following  # noqa: PLC0415  # a way of two

        return following.history_of(client, upload_id)
    from entrypoints.cli.reading import history_of, reading  # noqa: PLC0415  # the driver is loaded for this

    with reading():
        return asyncio.run(history_of(known, upload_id))


def _table(found: Iterable[dict[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415  # for terminals only
    from rich.table import Table  # noqa: PLC0415  # the same
    from rich.text import Text  # noqa: PLC0415  # the same

    console = Console(highlight=False)
    wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Upload", min_width=20)
    table.add_column("Status", min_width=9)
    table.add_column("Size", min_width=9, justify="right")
    table.add_column("Created (UTC)", min_width=16)
    if wide:
        table.add_column("Object", min_width=20)
    table.add_column("File", overflow="ellipsis", no_wrap=True)
    for record in found:
        size = record.get("file_size_bytes")
        table.add_row(
            _cell(record.get("upload_id")),
            _cell(record.get("status")),
            human(size) if isinstance(size, int) else "",
            _cell(record.get("created_at"))[:16].replace("T", " "),
            *([_cell(record.get("object_id"))] if wide else []),
            Text(_cell(record.get("filename"))),
        )
    if table.row_count:
        console.print(table)
    else:
        note("there are no such uploads")


def _describe(record: dict[str, Any], history: list[dict[str, Any]]) -> None:
    shown = {name: value for name, value in record.items() if name not in _HIDDEN and value not in (None, {}, False)}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        if not emit(f"{name:<{width}}  {_cell(value)}"):
            return
    if history:
        emit("")
    for event in history:
        facts = "  ".join(f"{name}={_cell(value)}" for name, value in event["facts"].items())
        line = f"{event['version'] or '':>3}  {event['at']}  {event['tag']:<31}  {event['actor_id']}  {facts}"
        if not emit(line.rstrip()):
            return


def _cell(value: object) -> str:
    if value is None:
        return ""
    return printable(value if isinstance(value, str) else json_of(value))
