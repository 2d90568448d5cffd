"""`upwell dev`: everything in one, with nothing installed: servers, migrations, first records, service, worker."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import msgspec
import uvicorn
import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.process import FolderLock, make_folder, write_private
from adapters.embedded.seaweedfs import EmbeddedStorage, WebHook
from adapters.postgres.database.connecting import SERVICE_ROLE, connect
from adapters.postgres.database.migrating import migrate
from application.keys.callers import Caller, acting_for, hash_of
from application.keys.managing import KeyWish
from application.ports.organizations.organization_reads import OrganizationRecord
from domain.keys.api_key import Permission
from domain.organizations.organization import Tier
from domain.refusals import NotFoundError
from entrypoints.envfile import read_env, write_env
from entrypoints.failures import UserError
from entrypoints.http.app import create_app
from entrypoints.http.transport.server import Server, options
from entrypoints.observability.logs import configure_logs
from entrypoints.observability.telemetry import telemetry_of
from entrypoints.settings import Settings
from entrypoints.wiring.garbage import keep_what_is_loaded
from entrypoints.wiring.running import running
from entrypoints.wiring.use_cases import Services
from entrypoints.wiring.worker import run_worker

FOLDER_VERSION = "1"
ORGANIZATION = "dev"
_STORAGE_SECRET = "UPWELL_STORAGE_EVENTS_SECRET"  # noqa: S105  # a setting's name
_TOKEN_SECRETS = "UPWELL_TOKEN_SECRETS"  # noqa: S105  # the same
_FOLDER = "UPWELL_DEV_FOLDER"  # in dev.env: the folder of the file
NAMESPACE = "dev"
BUCKET = "files"
S3_BUCKET = "upwell"
_DATABASE = "upwell"
_LOGIN = "upwell"
_SCHEMA = {
    "properties": {
        "video": {"type": "video"},
        "image": {"type": "image"},
        "audio": {"type": "audio"},
        "text": {"type": "text"},
        "pdf": {"type": "pdf"},
        "excel": {"type": "excel"},
        "title": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
}
_WATCH_SECONDS = 0.5
_FOUND_ALONE = ".upwell"  # the data folder that the command line looks for by itself


def develop(*, host: str, port: int, data: Path, tier: Tier, rate_limits: bool, quiet: bool = False) -> None:
    """Run until interrupted. Raises `UserError`, `EmbeddedError` or `SettingError` when it cannot start.

    Raises `EmbeddedError`, too, once PostgreSQL or the storage has ended: without them no request can be served.
    """
    configure_logs(
        os.environ.get("UPWELL_LOG_FORMAT", "console"),
        os.environ.get("UPWELL_LOG_LEVEL", "warning" if quiet else "info"),
    )
    data = Path(os.path.abspath(data))  # noqa: PTH100  # keeps symbolic links in the path
    _check_address(host, port)
    with ExitStack() as stack:
        make_folder(data)
        stack.enter_context(FolderLock.acquire(data))
        _check_version(data)
        env_file = data / "dev.env"
        known = read_env(env_file) if env_file.exists() else {}
        environment = _without_our_own(os.environ, known, data)
        parts: list[EmbeddedPostgres | EmbeddedStorage] = []
        given = sorted({"UPWELL_DATABASE_URL", "UPWELL_S3_ENDPOINT_URL"} & environment.keys())
        if "UPWELL_DATABASE_URL" not in environment:
            postgres = stack.enter_context(EmbeddedPostgres.start(data / "postgres"))
            parts.append(postgres)
            environment["UPWELL_DATABASE_URL"] = postgres.url_for(_LOGIN, _DATABASE)
            environment["UPWELL_DATABASE_OWNER_URL"] = postgres.url_for("postgres", _DATABASE)
            asyncio.run(_make_database(postgres.url))
        if "UPWELL_S3_ENDPOINT_URL" not in environment:
            secret = environment.setdefault(_STORAGE_SECRET, known.get(_STORAGE_SECRET) or secrets.token_urlsafe(24))
            hook = WebHook(f"http://127.0.0.1:{port}/v1/storage-events", secret)
            storage = stack.enter_context(EmbeddedStorage.start(data / "s3", hook=hook))
            parts.append(storage)
            environment["UPWELL_S3_ENDPOINT_URL"] = storage.endpoint_url
            environment["UPWELL_S3_REGION"] = storage.region
            environment["UPWELL_S3_ACCESS_KEY_ID"] = storage.access_key_id
            environment["UPWELL_S3_SECRET_ACCESS_KEY"] = storage.secret_access_key
        environment.setdefault("UPWELL_S3_BUCKET", S3_BUCKET)
        if _TOKEN_SECRETS not in environment:
            environment[_TOKEN_SECRETS] = _own_secret(data / "token-secrets")
        for name in ("UPWELL_CORS_ORIGINS", "UPWELL_S3_CORS_ORIGINS"):
            environment.setdefault(name, "*")
        environment |= {_FOLDER: str(data), "UPWELL_HOST": host, "UPWELL_PORT": str(port)}
        if rate_limits:
            environment["UPWELL_RATE_LIMITS"] = "on"
        environment.setdefault("UPWELL_RATE_LIMITS", "off")
        settings = Settings(environment)
        asyncio.run(migrate(settings.database_owner_url))
        if environment["UPWELL_DATABASE_URL"] != environment.get("UPWELL_DATABASE_OWNER_URL"):
            asyncio.run(_make_login(settings))
        first = _First(tier=tier, folder=data, env_file=env_file, known=known, given=given)
        uvloop.run(_serve(settings, first, parts))


def _own_secret(file: Path) -> str:
    """Return the server's secret of this folder, generated at the first start and readable only by its owner."""
    if not file.exists():
        write_private(file, secrets.token_hex(32) + "\n")
    return file.read_text(encoding="ascii").strip()


def _without_our_own(environment: Mapping[str, str], known: Mapping[str, str], data: Path) -> dict[str, str]:
    """Return the user's variables without those of a `dev.env`: this folder has its own parts.

    The file of another folder names its folder, and all of its variables are left out.
    """
    other = environment.get(_FOLDER)
    if other is not None and other != str(data):
        file = Path(other) / "dev.env"
        its = read_env(file) if file.is_file() else {}
        environment = {name: value for name, value in environment.items() if its.get(name) != value}
    ours = {"UPWELL_DATABASE_URL": data / "postgres", "UPWELL_S3_ENDPOINT_URL": data / "s3"}
    return {
        name: value
        for name, value in environment.items()
        if name not in ours or value != known.get(name) or not ours[name].exists()
    }


async def _serve(settings: Settings, first: "_First", parts: Sequence[EmbeddedPostgres | EmbeddedStorage]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    ready = asyncio.Event()
    written: dict[str, str] = {}
    telemetry = telemetry_of(settings)

    @asynccontextmanager
    async def services() -> AsyncIterator[Services]:
        async with running(settings, telemetry=telemetry) as opened:
            await opened.ports.storage.prepare(cors_origins=settings.s3.cors_origins)
            # in a separate task: only it acts for the first organization
            making = asyncio.create_task(_first_things(opened, settings, first))
            written.update(await making)
            write_env(first.env_file, written)
            worker = asyncio.create_task(run_worker(opened, settings, stopping), name="worker")
            ready.set()
            keep_what_is_loaded()
            try:
                yield opened
            finally:
                stopping.set()
                await worker

    server = Server(
        uvicorn.Config(
            create_app(
                services,
                cors_origins=settings.cors_origins,
                storage_events_secret=settings.storage_events_secret,
                telemetry=telemetry,
            ),
            **options(settings.host, settings.port),
        )
    )
    serving = asyncio.create_task(server.serve())
    watching = asyncio.create_task(_watch(parts))
    waiting = [asyncio.create_task(ready.wait()), asyncio.create_task(stopping.wait()), watching]
    await asyncio.wait({serving, waiting[0], watching}, return_when=asyncio.FIRST_COMPLETED)
    if ready.is_set():
        _say_what_next(written, first)
        await asyncio.wait({serving, waiting[1], watching}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if watching.done():
        watching.result()
    for task in waiting:
        task.cancel()


async def _watch(parts: Sequence[EmbeddedPostgres | EmbeddedStorage]) -> None:
    """Return never. Raises `EmbeddedError` once a part has ended."""
    while True:
        for part in parts:
            part.check()
        await asyncio.sleep(_WATCH_SECONDS)


class _First(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of a start. `known`: the variables that an earlier start has written into `env_file`.

    `given`: the settings in the user's environment that replace parts of this folder.
    """

    tier: Tier
    folder: Path
    env_file: Path
    known: Mapping[str, str]
    given: Sequence[str]


async def _first_things(services: Services, settings: Settings, first: _First) -> dict[str, str]:
    """Create the first organization, key, namespace and bucket, or find those of an earlier start."""
    organization = await _organization(services, first.tier)
    known = first.known
    acting_for.set(organization.organization_id)
    secret = known.get("UPWELL_API_KEY", "")
    key = await services.ports.directory.key(hash_of(secret)) if secret else None
    if (
        key is None
        or key.key_hash != hash_of(secret)
        or key.revoked_at is not None
        or key.organization_id != organization.organization_id
    ):
        key, secret = await services.keys.create(
            organization.organization_id,
            KeyWish(
                name=services.ports.ids.new("dev-", 8),
                user_id="usr_dev",
                description="Made by upwell dev",
                permissions=tuple(Permission),
            ),
            actor_id="system:dev",
        )
    caller = Caller(key=key, organization=organization)
    reader = services.ports.read_side
    namespace = await reader.namespace(organization.organization_id, NAMESPACE)
    if namespace is None:
        namespace = await services.create_namespace(
            caller, name=NAMESPACE, description="Made by upwell dev", settings={"feature_extractors": []}
        )
    bucket = await reader.bucket(namespace.namespace_id, BUCKET)
    if bucket is None:
        bucket = await services.create_bucket(
            caller,
            namespace,
            name=BUCKET,
            description="Made by upwell dev",
            bucket_schema=_SCHEMA,
            unique_key=None,
            metadata={},
        )
    return {
        "UPWELL_URL": _url(settings),
        _FOLDER: str(first.folder),
        "UPWELL_API_KEY": secret,
        "UPWELL_NAMESPACE": namespace.name,
        "UPWELL_BUCKET": bucket.name,
        **{
            k: v
            for k, v in settings.environment.items()
            if k.startswith(("UPWELL_DATABASE_", "UPWELL_S3_", "UPWELL_STORAGE_"))
        },
    }


async def _organization(services: Services, tier: Tier) -> OrganizationRecord:
    try:
        found = await services.organizations.find(ORGANIZATION)
    except NotFoundError:
        return await services.organizations.create(name=ORGANIZATION, tier=tier)
    if found.tier is not tier:
        return await services.organizations.set_limits(found.organization_id, tier=tier, quota_bytes=None)
    return found


async def _make_database(superuser_url: str) -> None:
    connection = await connect(superuser_url, role=None)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", _DATABASE):
            await connection.execute(f"CREATE DATABASE {_DATABASE}")
    finally:
        await connection.close()


async def _make_login(settings: Settings) -> None:
    """Create the service's login, with the service's role: it is not a superuser and owns no table."""
    connection = await connect(settings.database_owner_url, role=None)
    try:
        with suppress(asyncpg.DuplicateObjectError):
            await connection.execute(f"CREATE ROLE {_LOGIN} LOGIN")
        await connection.execute(f"GRANT {SERVICE_ROLE} TO {_LOGIN}")
    finally:
        await connection.close()


def _check_address(host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UserError(f"The address {host} cannot be used ({error.strerror}): choose another with --host.") from error
    family, kind, _, _, address = found[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise UserError(
                f"The port {port} of {host} cannot be used ({error.strerror}): stop what uses it, or choose another"
                " with --port or --host."
            ) from error


def _url(settings: Settings) -> str:
    """Return the URL of the service for this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  # compared only
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def _check_version(data: Path) -> None:
    marker = data / "version"
    found = marker.read_text(encoding="utf-8").strip() if marker.exists() else None
    if found is None:
        write_private(marker, FOLDER_VERSION + "\n")
    elif found != FOLDER_VERSION:
        raise UserError(
            f"The folder {data} was made by another version of Upwell (format {found[:20]!r}, this one knows"
            f" {FOLDER_VERSION}): run that version, or choose another folder with --data."
        )


def _say_what_next(env: Mapping[str, str], first: _First) -> None:
    shown = os.path.relpath(first.env_file)
    upwell = _command()
    data = os.path.relpath(first.folder)
    lines = [
        "",
        f"  Upwell is ready at {env['UPWELL_URL']}",
        f"  with {' and '.join(first.given)} of the environment" if first.given else f"  with its own data in {data}/",
        "",
        *([] if data == _FOUND_ALONE else [f"  first             set -a; . {shown}; set +a"]),
        f"  upload a file     {upwell} upload FILE",
        f"  see the uploads   {upwell} uploads list",
        f"  watch the events  {upwell} events tail",
        f"  the API           {env['UPWELL_URL']}/docs",
        f"  use your tools    set -a; . {shown}; set +a",
        "",
        "  Ctrl-C stops it; the data stays.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _command() -> str:
    """Return the command of this program for another terminal in this folder: `upwell` only if it is on the PATH there.

    `uv run` changes the PATH only for the program that it runs.
    """
    program = Path(sys.argv[0])
    folder = os.environ.get("VIRTUAL_ENV", "")
    elsewhere = os.pathsep.join(
        each for each in os.environ.get("PATH", "").split(os.pathsep) if each != str(Path(folder) / "bin")
    )
    found = shutil.which("upwell", path=elsewhere)
    if program.name != "upwell" or (found and Path(found).samefile(program)):
        return "upwell"
    near = os.path.relpath(program)
    return str(program) if near.startswith(os.pardir) else near
