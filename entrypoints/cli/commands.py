"""The client's commands and their options. Each command loads its code when it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from domain.uploads.upload import Status
from entrypoints.cli.help import Group
from entrypoints.cli.ids import Id
from entrypoints.cli.paths import NamedPath

_NAMESPACE = click.option("--namespace", help="The id or name of the namespace; otherwise UPWELL_NAMESPACE.")
_BUCKET = click.option("--bucket", help="The id or name of the bucket; otherwise UPWELL_BUCKET.")


class _JsonObject(click.ParamType[dict[str, Any]]):
    name = "json"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        try:
            return msgspec.json.decode(str(value).encode(), type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeEncodeError):
            self.fail("""must be a JSON object, such as '{"title": "A day out"}'.""", param, ctx)


def _as_json(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--json", "as_json", is_flag=True, help=what)


@click.command()
@click.argument("files", nargs=-1, type=NamedPath(path_type=Path, readable=False))  # the command reports each of them
@click.option("--name", help="The filename for standard input.")
@click.option("--resume", is_flag=True, help="Resume interrupted uploads; without FILES, all of them in this folder.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    help="Files and parts sent at once.",
)
@click.option(
    "--part-size",
    "part_size_mib",
    type=click.IntRange(5, 5120),
    help="The size of parts in MiB: an interruption repeats up to --parallel of them; default: the bucket's.",
)
@click.option(
    "--method",
    type=click.Choice(["put", "post"]),
    default="put",
    show_default=True,
    help="How files are sent; post: by a form, up to 5 GiB, or with put if storage accepts no forms.",
)
@click.option(
    "--hash",
    "hashing",
    type=click.Choice(["auto", "first", "none"]),
    default="auto",
    show_default=True,
    help="When to hash; auto: files below 64 MiB before sending, which avoids sending duplicates, larger ones"
    " meanwhile.",
)
@_BUCKET
@_NAMESPACE
@click.option(
    "--property",
    "property_name",
    help="The property of the bucket's schema for each file; otherwise the one that fits its type, which needs"
    " a key with the permission read.",
)
@click.option(
    "--content-type", help="The content type of the files, such as video/mp4; otherwise guessed from their names."
)
@click.option("--metadata", type=_JsonObject(), default="{}", help="A JSON object that is stored with each upload.")
@click.option("--object-metadata", type=_JsonObject(), help="A JSON object with the properties of the new objects.")
@click.option("--no-object", is_flag=True, help="Store the files without creating objects.")
@click.option("--no-skip-duplicates", is_flag=True, help="Also send bytes that are already stored.")
@click.option(
    "--expires-in",
    type=click.IntRange(60, 86400),
    help="The seconds within which sending must begin; default: 3600.",
)
@_as_json("Print a JSON object for each file.")
def upload(
    files: tuple[Path, ...],
    name: str | None,
    resume: bool,
    parallel: int,
    part_size_mib: int | None,
    method: Literal["put", "post"],
    hashing: Literal["auto", "first", "none"],
    bucket: str | None,
    namespace: str | None,
    property_name: str | None,
    content_type: str | None,
    metadata: dict[str, Any],
    object_metadata: dict[str, Any] | None,
    no_object: bool,
    no_skip_duplicates: bool,
    expires_in: int | None,
    as_json: bool,
) -> int:
    """Upload FILES: each is hashed, sent to storage and verified. Large files are sent in parts.

    Examples: upwell upload README.md; upwell upload 'films/**/*.mp4'; pg_dump shop | upwell upload - --name shop.sql

    FILES are files, folders with their content (except hidden files), and quoted patterns such as 'data/**/*.csv'. The
    state of an interrupted upload is kept next to its file; continue it with --resume. A file that fits no property of
    the bucket is stored without an object.

    The target is set by UPWELL_URL, UPWELL_API_KEY, UPWELL_NAMESPACE and UPWELL_BUCKET, or by the .upwell/dev.env of
    'upwell dev' in this folder or one above. Exit code 1 if a file failed; the other files are still uploaded.
    """
    from entrypoints.cli.uploading import Manner, upload, upload_piped  # noqa: PLC0415  # other commands do not need it
    from entrypoints.cli.wish import Wish  # noqa: PLC0415  # the same

    if not files and not resume:
        raise click.UsageError("Name the FILES to upload, or resume interrupted uploads with --resume.")
    wish = Wish(
        property_name=property_name,
        content_type=content_type,
        metadata=metadata,
        object_metadata=object_metadata,
        create_object=not no_object,
        skip_duplicates=not no_skip_duplicates,
        expires_in_seconds=expires_in,
    )
    piped = files == (Path("-"),)
    if Path("-") in files and not piped:
        raise click.UsageError("Standard input must be the only file: name no other files besides '-'.")
    if piped and resume:
        raise click.UsageError("Standard input cannot be resumed: send it again, without --resume.")
    if piped and not name:
        raise click.UsageError("Standard input needs a name: upwell upload - --name NAME.")
    if name and not piped:
        raise click.UsageError("--name is for standard input: upwell upload - --name NAME.")
    if method == "post" and part_size_mib is not None:
        raise click.UsageError("A form sends a file whole: leave out --part-size, or --method post.")
    manner = Manner(
        parallel=parallel, part_size_mib=part_size_mib, method=method, hashing=hashing, resume=resume, name=name
    )
    if piped:
        return upload_piped(wish, manner, namespace=namespace, bucket=bucket, as_json=as_json)
    return upload(files, wish, manner, namespace=namespace, bucket=bucket, as_json=as_json)


@click.command()
@click.argument("thing", metavar="ID", type=Id("upl_", "obj_", where="'upwell uploads list'"))
@click.option("--output", type=NamedPath(path_type=Path), help="A file or a folder; default: its own name, here.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file; otherwise the command fails.")
@_BUCKET
@_NAMESPACE
@_as_json("Print a JSON object.")
def download(
    thing: str, output: Path | None, overwrite: bool, bucket: str | None, namespace: str | None, as_json: bool
) -> None:
    """Download the upload or the file of the object with this ID. Example: upwell download upl_9p3x0c1m4k7w2q5z.

    An interrupted download resumes. The file gets its name only after its size and SHA-256 match the record.
    """
    from entrypoints.cli import downloading  # noqa: PLC0415  # the same

    downloading.download(thing, output, overwrite=overwrite, namespace=namespace, bucket=bucket, as_json=as_json)


@click.group(cls=Group)
def uploads() -> None:
    """List, show and delete uploads."""


@uploads.command("list")
@_BUCKET
@_NAMESPACE
@click.option(
    "--status", type=click.Choice([s.value for s in Status], case_sensitive=False), help="Only uploads in this state."
)
@click.option("--search", help="Only uploads whose filename contains this text.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most this many.")
@_as_json("Print a JSON object for each upload.")
def uploads_list(
    bucket: str | None, namespace: str | None, status: str | None, search: str | None, limit: int, as_json: bool
) -> None:
    """List a bucket's uploads, newest first. Example: upwell uploads list --status failed."""
    from entrypoints.cli import browsing  # noqa: PLC0415  # the same

    browsing.list_uploads(
        namespace=namespace, bucket=bucket, status=status, search=search, limit=limit, as_json=as_json
    )


@uploads.command("show")
@click.argument("upload_id", type=Id("upl_", where="'upwell uploads list'"))
@_NAMESPACE
@_as_json("Print one JSON object: the upload and its events.")
def uploads_show(upload_id: str, namespace: str | None, as_json: bool) -> None:
    """Show an upload and its history."""
    from entrypoints.cli import browsing  # noqa: PLC0415  # the same

    browsing.show_upload(upload_id, namespace=namespace, as_json=as_json)


@uploads.command("delete")
@click.argument("upload_id", type=Id("upl_", where="'upwell uploads list'"))
@_NAMESPACE
@click.option("--yes", is_flag=True, help="Delete without asking.")
@_as_json("Print a JSON object.")
def uploads_delete(upload_id: str, namespace: str | None, yes: bool, as_json: bool) -> None:
    """Delete an upload with its bytes, or cancel an open one. Example: upwell uploads delete upl_9p3x0c1m4k7w2q5z.

    An upload that is part of an object is refused: delete the object.
    """
    from entrypoints.cli import browsing  # noqa: PLC0415  # the same

    browsing.delete_upload(upload_id, namespace=namespace, yes=yes, as_json=as_json)


@click.group(cls=Group)
def namespace() -> None:
    """Create and list namespaces, over the API (UPWELL_URL, UPWELL_API_KEY)."""


@namespace.command("create")
@click.argument("name")
@click.option("--description", help="A sentence that says what it is for.")
@_as_json("Print the namespace as JSON.")
def namespace_create(name: str, description: str | None, as_json: bool) -> None:
    """Create a namespace. Example: upwell namespace create production."""
    from entrypoints.cli import arranging  # noqa: PLC0415  # the same

    arranging.create_namespace(name, description=description, as_json=as_json)


@namespace.command("list")
@_as_json("Print a JSON object for each namespace.")
def namespace_list(as_json: bool) -> None:
    """List the namespaces that the key can access: id, name, number of buckets."""
    from entrypoints.cli import arranging  # noqa: PLC0415  # the same

    arranging.list_namespaces(as_json=as_json)


@click.group("bucket", cls=Group)
def buckets() -> None:
    """Create and list buckets, over the API (UPWELL_URL, UPWELL_API_KEY, UPWELL_NAMESPACE)."""


@buckets.command("create")
@click.argument("name")
@_NAMESPACE
@click.option(
    "--schema",
    type=_JsonObject(),
    default='{"properties": {}}',
    help="A JSON object with the properties of its objects; without it, files are stored without objects.",
)
@click.option("--description", help="A sentence that says what it is for.")
@_as_json("Print the bucket as JSON.")
def bucket_create(
    name: str, namespace: str | None, schema: dict[str, Any], description: str | None, as_json: bool
) -> None:
    """Create a bucket.

    Example: upwell bucket create media --schema '{"properties": {"video": {"type": "video"}}}'
    """
    from entrypoints.cli import arranging  # noqa: PLC0415  # the same

    arranging.create_bucket(name, namespace=namespace, schema=schema, description=description, as_json=as_json)


@buckets.command("list")
@_NAMESPACE
@_as_json("Print a JSON object for each bucket.")
def bucket_list(namespace: str | None, as_json: bool) -> None:
    """List the buckets of a namespace: id, name, status, number of objects."""
    from entrypoints.cli import arranging  # noqa: PLC0415  # the same

    arranging.list_buckets(namespace=namespace, as_json=as_json)


@click.group(cls=Group)
def events() -> None:
    """Read the log from UPWELL_DATABASE_URL; without it, `tail` reads over the API."""


@events.command("tail")
@click.option("--after", type=click.IntRange(min=0), help="Begin after this position; default: new events only.")
@click.option("--from-start", is_flag=True, help="Begin with the first event.")
@click.option("--types", multiple=True, help="Tags, with * for anything and commas between: upload.*,object.created.")
@click.option("--no-follow", is_flag=True, help="Print the existing events (from the start, unless --after), and exit.")
@_as_json("Print a complete JSON object for each event.")
def events_tail(after: int | None, from_start: bool, types: tuple[str, ...], no_follow: bool, as_json: bool) -> None:
    """Print events as they are appended: position, time, tag, ids.

    With UPWELL_DATABASE_URL, they are read from the database; otherwise over the API, limited to the events of the
    namespace that the key may read. Example: upwell events tail --types 'upload.*'
    """
    from entrypoints.cli.showing import Wanted  # noqa: PLC0415  # the same
    from entrypoints.cli.target import find_target, known_variables  # noqa: PLC0415  # the same

    if from_start and after is not None:
        raise click.UsageError("Use --after or --from-start, not both.")
    wanted = Wanted(after=0 if from_start else after, types=_patterns(types), follow=not no_follow)
    known = known_variables()
    if known.get("UPWELL_DATABASE_URL"):
        from entrypoints.cli import reading  # noqa: PLC0415  # the same

        reading.tail(known, wanted, as_json=as_json)
    else:
        from entrypoints.cli import following  # noqa: PLC0415  # the same

        following.tail(find_target(known, bucket="-"), wanted, as_json=as_json)


@events.command("export")
@click.option(
    "--to", "folder", type=NamedPath(path_type=Path, file_okay=False), required=True, help="The folder for the files."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="The format of the files; parquet needs pyarrow.",
)
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Begin after this position.")
@click.option("--types", multiple=True, help="Tags, with * for anything and commas between: upload.*,object.created.")
def events_export(folder: Path, form: Literal["jsonl", "parquet"], after: int, types: tuple[str, ...]) -> None:
    """Write events to files, by day: DIR/date=2027-01-01/….jsonl or .parquet.

    A later run with the same options adds the new events; the folder stores the position. No event is written twice. An
    interrupted run leaves only complete files, which the next run replaces. Secrets are left out.
    """
    from entrypoints.cli.exporting import Export, export  # noqa: PLC0415  # the same

    export(folder, Export(form=form, after=after, types=_patterns(types)))


@events.command("subscriptions")
@_as_json("Print a JSON object for each.")
def events_subscriptions(as_json: bool) -> None:
    """List the durable readers of the log: name, position, missing events, end of the lease."""
    from entrypoints.cli.reading import show_subscriptions  # noqa: PLC0415  # the same

    show_subscriptions(as_json=as_json)


def _patterns(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind.strip() for given in types for kind in given.split(",") if kind.strip())
