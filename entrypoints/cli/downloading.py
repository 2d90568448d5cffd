"""`upwell download`: receives a file, verifies it, and gives it its name."""

from pathlib import Path
from typing import Any

from entrypoints.cli.errors import ClientError
from entrypoints.cli.output import human, json_of, printable
from entrypoints.cli.progress import Shown
from entrypoints.cli.reporting import reporting
from entrypoints.cli.service import client_of
from entrypoints.cli.target import find_target, known_variables
from entrypoints.cli.translating import translated
from upwell_client import FileError


def download(
    thing: str, output: Path | None, *, overwrite: bool, namespace: str | None, bucket: str | None, as_json: bool
) -> None:
    """Download an upload or the file of an object, and print its path."""
    of_object = thing.startswith("obj_")
    target = find_target(known_variables(), namespace=namespace, bucket=bucket if of_object else "-")
    with reporting() as reporter, translated(), client_of(target, reporter.note) as client:
        shown = Shown(reporter.file(thing, None))
        try:
            got = client.download(thing, output, overwrite=overwrite, progress=shown)
        except FileError as error:
            if error.code != "file_exists":
                raise
            raise ClientError(
                f"{error.message.partition(':')[0]}: choose another name with --output, or replace it with --overwrite",
                error.code,
            ) from error
        known: dict[str, Any] = {
            "file": str(got.path),
            "upload_id": got.upload.upload_id,
            "size_bytes": got.size_bytes,
            "sha256": got.sha256,
        }
        sentence = f"{printable(str(got.path))}: received {human(got.size_bytes)}; upload {got.upload.upload_id}"
        reporter.result(json_of(known) if as_json else sentence)
