"""The command `upwell`. An error that the user can fix is one sentence and exit code 2; a failed command is 1."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

import click

from domain.keys.api_key import Permission
from domain.organizations.organization import Tier
from entrypoints.cli.commands import buckets, download, events, namespace, upload, uploads
from entrypoints.cli.help import Group
from entrypoints.cli.ids import Id
from entrypoints.cli.output import encodable, json_of, note, printable
from entrypoints.cli.paths import NamedPath
from entrypoints.cli.units import Size
from entrypoints.wiring.garbage import collect_seldom

Result = TypeVar("Result")
_COMPLETE = "_UPWELL_COMPLETE"
_TIERS = click.Choice([tier.value for tier in Tier])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
_PERMISSIONS = click.Choice([permission.value for permission in Permission])


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="upwell")
def upwell() -> None:
    """Accept uploads that go straight from a client to S3: checked before, verified afterwards, recorded as events.

    Examples: upwell dev, and in a second terminal: upwell upload README.md
    """


@upwell.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 for other machines, too."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
@click.option(
    "--data",
    type=NamedPath(path_type=Path),
    default=Path(".upwell"),
    show_default=True,
    help="The folder for all data.",
)
@click.option("--tier", type=_TIERS, default="enterprise", show_default=True, help="The tier of its organization.")
@click.option("--rate-limits", is_flag=True, help="Limit requests, as `serve` does.")
@click.option("--quiet", is_flag=True, help="Print no line for each request.")
def dev(*, host: str, port: int, data: Path, tier: str, rate_limits: bool, quiet: bool) -> None:
    """Run everything in one, with nothing installed: PostgreSQL, S3, the service and the worker."""
    from entrypoints.processes.developing import develop  # noqa: PLC0415  # what other commands do not need is not loaded

    develop(host=host, port=port, data=data, tier=Tier(tier), rate_limits=rate_limits, quiet=quiet)


@upwell.command()
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Number of processes, one per core.",
)
@click.option("--reuse-port", is_flag=True, help="Listen on the same port as a running `serve`, to replace it.")
def serve(*, workers: int, reuse_port: bool) -> int:
    """Serve the REST API against UPWELL_DATABASE_URL and UPWELL_S3_*."""
    from entrypoints.processes.serving import serve as run  # noqa: PLC0415  # the same

    return run(workers, reuse_port=reuse_port)


@upwell.command()
def worker() -> None:
    """Run due jobs (verify, expire, forget, delete), projections and webhooks."""
    from entrypoints.processes.working import work  # noqa: PLC0415  # the same

    work()


@upwell.group()
def relay() -> None:
    """Publish the events elsewhere."""


@relay.command("nats")
def relay_nats() -> None:
    """Publish the feed on NATS JetStream (UPWELL_NATS_*) until stopped; needs only the database and NATS."""
    from entrypoints.processes.relaying import relay_nats as run  # noqa: PLC0415  # the same

    run()


@upwell.command()
def migrate() -> None:
    """Migrate the database to this version (as its owner: UPWELL_DATABASE_OWNER_URL)."""
    from adapters.postgres.database.migrating import migrate as run  # noqa: PLC0415  # the same

    ran = _run(_as_the_owner(run))
    for name in ran:
        click.echo(f"ran {name}")
    click.echo("The database is up to date.")


@upwell.command()
@click.option(
    "--check",
    is_flag=True,
    help="Only compare the live tables with a replay, and analytics and webhooks with the log. Exit code 1 if they"
    " differ.",
)
def rebuild(check: bool) -> int:
    """Replay the log into new read tables and swap them in (as the database's owner)."""
    from adapters.postgres.database.rebuilding import rebuild as run  # noqa: PLC0415  # the same

    if check:
        from entrypoints.cli.checking import check as compare  # noqa: PLC0415  # the same
        from entrypoints.cli.target import operators_settings  # noqa: PLC0415  # the same

        lines, good = _run(_as_the_owner(lambda _: compare(operators_settings())))
        for line in lines:
            click.echo(line)
        return 0 if good else 1
    done = _run(_as_the_owner(lambda url: run(url, swap=True)))
    click.echo(f"replayed {done.events} events")
    click.echo("The new tables are in place.")
    return 0


@upwell.group()
def webhooks() -> None:
    """Manage the messages of webhooks."""


@webhooks.command("replay")
@click.argument("webhook_id", type=Id("wh_", where="GET /v1/webhooks"))
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Only above this position.")
@click.option("--until", type=click.IntRange(min=0), help="Only up to this position.")
@click.option(
    "--since",
    metavar="TIME",
    help="Only events at this date or time or later, such as 2026-11-29; UTC if it has no zone.",
)
@click.option("--before", metavar="TIME", help="Only events before this time.")
def webhooks_replay(webhook_id: str, after: int, until: int | None, since: str | None, before: str | None) -> None:
    """Queue a range of the events for a webhook again; each message keeps its webhook-id."""
    from application.webhooks.replaying import Replay  # noqa: PLC0415  # the same
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    wish = Replay(after=after, until=until, since=_time("--since", since), before=_time("--before", before))
    queued = _run(administering.replay_webhook(webhook_id, wish))
    click.echo(f"{queued} messages are queued for {webhook_id}.")


@upwell.group()
def analytics() -> None:
    """Export and rebuild the analytics that workers compute from the events."""


@analytics.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="The format of the lines.",
)
@click.option(
    "--group-by",
    default="day",
    show_default=True,
    help="hour, day, week or month; metadata.FIELD; or both, separated by a comma.",
)
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only uploads with this value in their metadata.")
@click.option("--bucket", type=Id("bkt_", where="'upwell bucket list'"), help="Only this bucket.")
@click.option("--start", help="From this date or time on, with its whole hour; UTC if it has no zone.")
@click.option("--end", help="Up to this date or time, with its whole hour.")
def analytics_export(
    form: Literal["csv", "jsonl"],
    group_by: str,
    where: tuple[str, ...],
    bucket: str | None,
    start: str | None,
    end: str | None,
) -> None:
    """Print the figures of uploads by bucket and step, and by a metadata field: of all organizations, as lines.

    Reads UPWELL_DATABASE_URL. Example: upwell analytics export --group-by month,metadata.campaign > campaigns.csv
    """
    from entrypoints.cli.exporting_figures import FiguresWanted, export_figures  # noqa: PLC0415  # the same

    if wrong := [each for each in (group_by, *where) if encodable(each) != each]:
        raise click.UsageError(f"{encodable(wrong[0])} is not valid UTF-8: write it in UTF-8.")
    if wrong := [each for each in where if "=" not in each]:
        raise click.UsageError(f"--where {wrong[0]} has no '=': use --where FIELD=VALUE.")
    pairs = [each.partition("=") for each in where]
    if len({field for field, _, _ in pairs}) < len(pairs):
        raise click.UsageError("--where has a field twice: no upload has two values in one field.")
    metadata = {field: value for field, _, value in pairs}
    since, until = _time("--start", start), _time("--end", end)
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--start is not before --end: choose an earlier start, or a later end.")
    wanted = FiguresWanted(form=form, group_by=group_by, start=since, end=until, metadata=metadata, bucket_id=bucket)
    export_figures(wanted)


@analytics.command("rebuild")
def analytics_rebuild() -> None:
    """Empty the analytics tables (as the database's owner); workers compute them again from the first event on."""
    from adapters.postgres.analytics.analytics import rebuild_analytics  # noqa: PLC0415  # the same
    from entrypoints.cli.target import operators_settings  # noqa: PLC0415  # the same

    _run(_as_the_owner(partial(rebuild_analytics, kept=operators_settings().analytics_kept)))
    click.echo("The analytics start over; to see their progress, run 'upwell events subscriptions'.")


@upwell.command()
@click.argument("upload_id", type=Id("upl_", where="'upwell uploads list'"))
def forget(upload_id: str) -> None:
    """Erase an ended upload now: its record, its bytes, and the personal fields of its events."""
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    _run(administering.forget(upload_id))
    click.echo(f"{upload_id} is forgotten.")


@upwell.group()
def storage() -> None:
    """Check the S3 bucket."""


@storage.command("check")
@click.option("--repair", is_flag=True, help="Delete orphans, and abort abandoned parts.")
@click.option(
    "--older-than",
    "older_than_hours",
    type=click.IntRange(min=0),
    metavar="HOURS",
    default=192,
    show_default=True,
    help="Skip younger objects; the default is a day longer than the lifetime of a URL.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each finding, and one for the summary.")
def storage_check(*, repair: bool, older_than_hours: int, as_json: bool) -> int:
    """Compare the S3 bucket with the log: orphans, abandoned parts, missing bytes. Exit code 1 if any remain."""
    from entrypoints.cli.storage import check  # noqa: PLC0415  # the same

    return _run(check(repair=repair, older_than=timedelta(hours=older_than_hours), as_json=as_json))


@storage.command("doctor")
@click.option("--origin", metavar="URL", help="A web origin whose pages should be able to send.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each check.")
def storage_doctor(*, origin: str | None, as_json: bool) -> int:
    """Test everything that Upwell needs from the S3 bucket, and say what to change. Exit code 1 if a check failed."""
    from entrypoints.cli.storage import doctor  # noqa: PLC0415  # the same

    return _run(doctor(origin=origin, as_json=as_json))


@upwell.group()
def org() -> None:
    """Create organizations and set their limits; needs only the database."""


@org.command("create")
@click.argument("name")
@click.option("--tier", type=_TIERS, default="free", show_default=True, help="The tier, which sets its limits.")
@click.option("--quota", type=Size(), help="Storage quota, such as 500GB or 5TiB; otherwise the tier's.")
@click.option("--same-name", is_flag=True, help="Create it even if another organization has this name.")
@_JSON
def org_create(name: str, tier: str, quota: int | None, *, same_name: bool, as_json: bool) -> None:
    """Create an organization. Example: upwell org create acme --tier pro."""
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    _show(_run(administering.create_organization(name, Tier(tier), quota, same_name=same_name)), as_json=as_json)


@org.command("list")
@_JSON
def org_list(*, as_json: bool) -> None:
    """List the organizations, the oldest first."""
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    _show_rows(
        _run(administering.list_organizations()), ("organization_id", "name", "tier", "quota_bytes"), as_json=as_json
    )


@org.command("set")
@click.argument("organization")
@click.option("--tier", type=_TIERS, help="Another tier; it brings its own quota.")
@click.option("--quota", type=Size(), help="Storage quota, such as 500GB or 5TiB.")
@click.option("--no-quota", is_flag=True, help="Remove the quota.")
@_JSON
def org_set(organization: str, tier: str | None, quota: int | None, *, no_quota: bool, as_json: bool) -> None:
    """Change an organization's tier or quota; ORGANIZATION is its id or name."""
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    if no_quota and quota is not None:
        raise click.UsageError("Use --quota or --no-quota, not both.")
    if tier is None and quota is None and not no_quota:
        raise click.UsageError("Nothing to set: use --tier, --quota or --no-quota.")
    changed = _run(administering.set_limits(organization, Tier(tier) if tier else None, quota, no_quota=no_quota))
    _show(changed, as_json=as_json)


@upwell.group()
def key() -> None:
    """Create and revoke API keys; needs only the database."""


@key.command("create")
@click.argument("organization")
@click.option("--name", default="default", show_default=True, help="The key's name, unique for its user.")
@click.option(
    "--user", default="operator", show_default=True, help="The owner of the key; only a derived id is stored."
)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=_PERMISSIONS,
    help="A permission of the key; default: all but admin.",
)
@_JSON
def key_create(organization: str, name: str, user: str, permissions: tuple[str, ...], *, as_json: bool) -> None:
    """Create a key of ORGANIZATION (id or name). The secret is printed once and not stored.

    Example: upwell key create acme --permission admin
    """
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    _show(_run(administering.create_key(organization, name, user, permissions)), as_json=as_json)


@key.command("list")
@click.argument("organization")
@_JSON
def key_list(organization: str, *, as_json: bool) -> None:
    """List the live keys of ORGANIZATION (id or name)."""
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    columns = ("key_id", "name", "user_id", "permissions", "expires_at")
    _show_rows(_run(administering.list_keys(organization)), columns, as_json=as_json)


@key.command("revoke")
@click.argument("key_id", type=Id("key_", where="'upwell key list'"))
@_JSON
def key_revoke(key_id: str, *, as_json: bool) -> None:
    """Revoke a key by its id: it stops working. 'upwell key list' shows the ids."""
    from entrypoints.cli import administering  # noqa: PLC0415  # the same

    _show(_run(administering.revoke_key(key_id)), as_json=as_json)


@upwell.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands and options in SHELL.

    Example, for bash: eval "$(upwell completion bash)"
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # the same

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(kind(upwell, {}, "upwell", _COMPLETE).source())


for command in (upload, download, uploads, events, namespace, buckets):
    upwell.add_command(command)


def main() -> NoReturn:
    """Run the command line."""
    collect_seldom()
    try:
        if _COMPLETE not in os.environ:
            _name_unknown_settings()
        status = upwell.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        from entrypoints.failures import explain  # noqa: PLC0415  # the same
        from entrypoints.observability.logs import say  # noqa: PLC0415  # the same

        failure = explain(error)
        if failure is None:
            raise
        say(failure.sentence)
        sys.exit(failure.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


def _name_unknown_settings() -> None:
    """Warn about variables that look like settings but are unknown: a typo would go unnoticed."""
    from entrypoints.settings import unknown_settings  # noqa: PLC0415  # the same

    for name, near in unknown_settings(os.environ).items():
        note(f"{name} is not a setting and is ignored{f': did you mean {near}?' if near else '.'}")


async def _as_the_owner(work: Callable[[str], Awaitable[Result]]) -> Result:
    """Run work that needs the owner of the tables; refuse another login with a message."""
    from adapters.postgres.database.checking import check_owner  # noqa: PLC0415  # the same
    from entrypoints.cli.target import operators_settings  # noqa: PLC0415  # the same

    settings = operators_settings()
    url = settings.database_owner_url
    await check_owner(url, setting=settings.database_owner_setting)
    return await work(url)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


def _time(option: str, value: str | None) -> datetime | None:
    try:
        at = None if value is None else datetime.fromisoformat(value)
        return None if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is not a time: write it as 2026-11-29 or 2026-11-29T08:00:00Z.", param_hint=option
        ) from None


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json_of(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {_cell(value)}")


def _show_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """Print a JSON object a line, or these columns with tabs between."""
    for row in rows:
        line = json_of(row) if as_json else "\t".join(_cell(row[name]) for name in columns)
        click.echo(line)


def _cell(value: object) -> str:
    match value:
        case None:
            return "none"
        case list():
            return printable(", ".join(map(str, value)))
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return printable(str(value))
