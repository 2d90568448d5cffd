"""Every setting there is, in one table: environment variables, checked at start.

A test compares the reference page in the docs with this table.
"""

import itertools
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar, cast, overload
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from application.ports.storage.object_storage import KEEP_NONCURRENT_DAYS, LEAST_NONCURRENT_DAYS
from application.rules import TOKEN_RATE_PERCENT, Rules
from domain.keys.token_secrets import TokenSecrets
from domain.organizations.organization import DEFAULT_TIER_LIMITS, Tier, TierLimits
from domain.uploads.parts import MAX_PART_BYTES, MIN_PART_BYTES, USUAL_PART_BYTES

Network = IPv4Network | IPv6Network
Value = TypeVar("Value")
MAX_BYTES = 2**63 - 1
MIN_SECRET_LENGTH = 16
MIN_TOKEN_SECRET_LENGTH = 32
_MIN_DIFFERENT = 6  # different characters of a secret; 1 in 31,700 random ones of 16 hexadecimal digits has fewer
_PLACEHOLDERS = (
    "change|changed|replace|insert|set|put|enter|fill|your|my|our|this|that|here|please|in|it|the|a|an|is|to|for|of|with"
    "|secret|password|passwd|passphrase|pass|token|key|api|access|storage|events?|metrics|upwell|server|service|admin"
    "|root|user|test|testing|dev|development|prod|production|example|sample|demo|dummy|default|placeholder|insecure"
    "|todo|tbd|xxx|me|foo|bar|baz|hello|world|letmein|qwerty|abc|1234?5?6?7?8?9?0?"
)
_DRAW_ONE = "Generate one, for example with: openssl rand -hex 32"
_ONLY_PLACEHOLDERS = re.compile(rf"(?:{_PLACEHOLDERS})+", re.IGNORECASE)


class SettingError(Exception):
    """A setting is missing or wrong. The message names it and the allowed values."""


class Setting(msgspec.Struct, Generic[Value], frozen=True):
    """One environment variable, as an attribute of `Settings`. `parse` raises `ValueError` with the reason.

    An absent variable has the value of `default`; without one, it is None, or refused if there is an `example`.
    `meaning_of_none`: for the docs.
    """

    name: str
    help: str
    parse: Callable[[str], Value]
    default: str | None = None
    example: str | None = None
    meaning_of_none: str = ""

    @overload
    def __get__(self, settings: None, owner: object) -> Self: ...

    @overload
    def __get__(self, settings: "Settings", owner: object) -> Value: ...

    def __get__(self, settings: "Settings | None", owner: object) -> Self | Value:
        return self if settings is None else self.read(settings.given)

    def read(self, environment: Mapping[str, str]) -> Value:
        """Return the value in an environment. Raises `SettingError`."""
        value = environment.get(self.name, self.default)
        if value is None and self.example is not None:
            raise SettingError(f"{self.name} is not set. {self.help} For example: {self.name}={self.example}")
        try:
            return cast("Value", None) if value is None else self.parse(value)
        except ValueError as error:
            raise SettingError(f"{self.name} {error}.") from None


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _secret(value: str, shortest: int = MIN_SECRET_LENGTH) -> str:
    if len(value) < shortest or not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError(
            f"must have at least {shortest} printable ASCII characters, and no spaces around them. {_DRAW_ONE}"
        )
    if _is_weak(value):
        raise ValueError(f"is easy to guess: it repeats itself, counts up, or consists of common words. {_DRAW_ONE}")
    return value


def _is_weak(secret: str) -> bool:
    """Return whether a secret looks typed rather than random: attackers try such secrets first."""
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(secret)]
    repeated = sum(step == before and step in {-1, 0, 1} for before, step in itertools.pairwise(steps))
    return (
        len(set(secret)) < _MIN_DIFFERENT
        or secret in (secret + secret)[1:-1]  # a piece, again and again
        or repeated * 2 > len(steps)  # the same character, or the next one, most of the time
        or _ONLY_PLACEHOLDERS.fullmatch(re.sub(r"[^A-Za-z0-9]", "", secret)) is not None
    )


def _secrets(value: str) -> tuple[str, ...]:
    secrets = tuple(_secret(each, MIN_TOKEN_SECRET_LENGTH) for each in _list(value))
    if not secrets or len(set(secrets)) < len(secrets):
        raise ValueError(f"must be secrets separated by commas, newest first, each once. {_DRAW_ONE}")
    return secrets


def _whole(digits: str) -> int:
    """Return a number of ASCII digits; `int` also accepts signs, spaces, underscores and digits of other scripts."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(digits)
    return int(digits)


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = _whole(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, written in digits alone")
        return number

    return parse


def _seconds(low: int, high: int) -> Callable[[str], timedelta]:
    return lambda value: timedelta(seconds=_number(low, high)(value))


def _days(low: int, high: int) -> Callable[[str], timedelta]:
    return lambda value: timedelta(days=_number(low, high)(value))


def _days_or_all(low: int, high: int) -> Callable[[str], timedelta | None]:
    def parse(value: str) -> timedelta | None:
        if value == "all":
            return None
        try:
            return _days(low, high)(value)
        except ValueError:
            raise ValueError(
                f"must be 'all', or a whole number from {low} to {high}, written in digits alone"
            ) from None

    return parse


def _bytes_or_none(value: str) -> int | None:
    return None if value.lower() == "none" else _number(0, MAX_BYTES)(value)


def _split_url(value: str) -> SplitResult:
    try:
        return urlsplit(value)
    except ValueError:
        raise ValueError("has a host that cannot be read: an IPv6 address needs brackets, such as [::1]") from None


def _check_port(url: SplitResult) -> None:
    try:
        port = url.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("has a port that is not a number from 1 to 65535")


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        parts = _split_url(value)
        is_http = parts.scheme.startswith("http")
        if parts.scheme not in schemes or (is_http and not parts.hostname):
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
        if is_http:
            _check_port(parts)
        return value

    return parse


def _database_url(value: str) -> str:
    """Refuse a URL that would be misread, such as one with a password that contains separators."""
    encoded = "special characters in the password must be percent-encoded: @ is %40, : is %3A, / is %2F, # is %23"
    value = _url("postgresql", "postgres")(value)
    parts = urlsplit(value)
    hosts = parts.netloc.rpartition("@")[2]
    misplaced = "@" in parts.path + parts.query and "@" not in parts.netloc
    if parts.netloc.count("@") > 1 or misplaced or "#" in value:
        raise ValueError(f"cannot be read: {encoded}")
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise ValueError(f"has a % without two hex digits after it: {encoded}, and % is %25")
    if re.search(r":(?![0-9]{1,5}(,|$))", re.sub(r"\[[^\]]*\]", "", hosts)):
        raise ValueError(f"has a port that is not a number: {encoded}")
    try:
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"has parameters that cannot be read (?name=value&…): {encoded}") from None
    if unknown := sorted(set(given) - _DATABASE_PARAMETERS):
        raise ValueError(f"has the parameter {unknown[0]}: only {', '.join(sorted(_DATABASE_PARAMETERS))} are known")
    for name, known in _DATABASE_CHOICES.items():
        if name in given and given[name][-1] not in known:
            raise ValueError(f"has an unknown {name}: use one of {', '.join(known)}")
    for name in _DATABASE_FILES & set(given):
        try:
            _file(given[name][-1])
        except ValueError as error:
            raise ValueError(f"has the parameter {name}, which {error}") from None
    return value


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return parse


def _switch(value: str) -> bool:
    return _choice("on", "off")(value) == "on"


def _time(value: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ValueError("must be a time with a zone, such as 2027-01-31T12:00:00Z")
    return parsed


def _networks(value: str) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(each)) for each in _list(value))
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.1.0.0/16, separated by commas: {error}") from None


def _proxies(value: str) -> tuple[Network, ...]:
    return tuple(ip_network(each) for each in _networks(value))


def _ports(value: str) -> tuple[tuple[int, int], ...]:
    found = [each.partition("-") for each in _list(value)]
    try:
        ranges = tuple((_whole(low.strip()), _whole((high if dash else low).strip())) for low, dash, high in found)
    except ValueError:
        ranges = ((0, 0),)
    if not all(0 < low <= high < 2**16 for low, high in ranges):
        raise ValueError("must be ports or ranges of them, such as 8443,9000-9010, separated by commas")
    return ranges


def _list(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())


def is_loopback(host: str) -> bool:
    """Return whether an address is reachable from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _server_urls(value: str) -> tuple[str, ...]:
    servers = _list(value)
    urls = [_split_url(each) for each in servers]
    if not urls or not all(url.scheme in _NATS_SCHEMES and url.hostname for url in urls):
        raise ValueError("must be URLs such as nats://nats-1:4222,nats://nats-2:4222, separated by commas")
    for url in urls:
        _check_port(url)
    return servers


def _origins(value: str) -> tuple[str, ...]:
    """Return web origins as browsers send them: in lower case, without a path."""
    origins = tuple(origin.lower() for origin in _list(value))
    if not all(origin == "*" or _ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError(
            "must be web origins, each a scheme, a host and optionally a port, such as https://app.example.com,"
            " separated by commas, or * for any"
        )
    return origins


def _stream(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError("must be letters, digits, '-' and '_', up to 64")
    return value


def _file(value: str) -> str:
    try:
        Path(value).read_bytes()
    except OSError as error:
        raise ValueError(f"must be a readable file: {error}") from None
    return value


_HTTP = _url("http", "https")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._*-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_DATABASE_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
}
_DATABASE_FILES = {"passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl"}
_DATABASE_PARAMETERS = {
    *_DATABASE_CHOICES,
    *_DATABASE_FILES,
    *("host", "port", "dbname", "database", "user", "password", "service", "servicefile"),
    *("sslpassword", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib", "application_name", "options"),
}
_NATS_SCHEMES = ("nats", "tls", "ws", "wss")

_FILE_LIMITS = {
    tier: Setting(
        f"UPWELL_{tier.upper()}_FILE_LIMIT_BYTES",
        f"The largest file that the tier `{tier}` may upload.",
        _number(1, MAX_BYTES),
        default=str(limits.file_size_bytes),
    )
    for tier, limits in DEFAULT_TIER_LIMITS.items()
}
_QUOTAS = {
    tier: Setting(
        f"UPWELL_{tier.upper()}_QUOTA_BYTES",
        f"The storage quota of new organizations of the tier `{tier}`; `none` for no quota.",
        _bytes_or_none,
        default="none" if limits.quota_bytes is None else str(limits.quota_bytes),
    )
    for tier, limits in DEFAULT_TIER_LIMITS.items()
}


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The S3 bucket and its credentials."""

    bucket: str
    region: str
    endpoint_url: str
    public_endpoint_url: str
    addressing: Literal["path", "virtual"]
    access_key_id: str
    secret_access_key: str
    session_token: str | None
    credentials_expire_at: datetime | None
    old_versions_days: int
    cors_origins: tuple[str, ...]


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where metrics are served. `port`: the first one that is tried. `token` None: no authentication."""

    host: str
    port: int
    token: str | None


class NatsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the feed is relayed to. `replicas`: for a new stream."""

    servers: tuple[str, ...]
    stream: str
    replicas: int
    credentials: str | None


class Settings:
    """The environment, read and checked. Each attribute only requires its own variables."""

    database_url = Setting(
        "UPWELL_DATABASE_URL",
        "PostgreSQL, as a libpq URI; a socket directory goes in `?host=`. The service acts as `upwell_service`.",
        _database_url,
        example="postgresql://upwell@/upwell?host=/run/postgresql",
    )
    _owner_url: Setting[str | None] = Setting(
        "UPWELL_DATABASE_OWNER_URL",
        "The same database as the owner of its tables, for `migrate` and `rebuild`; without it, UPWELL_DATABASE_URL.",
        _database_url,
    )
    pool_size = Setting(
        "UPWELL_DATABASE_POOL_SIZE", "Connections for reading, per process.", _number(1, 1000), default="10"
    )
    clock_tolerance = Setting(
        "UPWELL_CLOCK_TOLERANCE_SECONDS",
        "The largest difference between a host's clock and PostgreSQL's; beyond it, the host's processes do no work.",
        _seconds(1, 600),
        default="10",
    )
    start_patience_seconds = Setting(
        "UPWELL_START_PATIENCE_SECONDS",
        "How long a process waits at start for PostgreSQL and the storage if they are unreachable.",
        _number(0, 3600),
        default="60",
    )
    _s3_bucket = Setting("UPWELL_S3_BUCKET", "The S3 bucket that holds the bytes.", _text, example="my-uploads")
    _s3_region = Setting("UPWELL_S3_REGION", "The region of the S3 bucket.", _text, default="us-east-1")
    _s3_endpoint_url: Setting[str | None] = Setting(
        "UPWELL_S3_ENDPOINT_URL", "The URL of S3 for the service; default: AWS.", _HTTP
    )
    _s3_public_endpoint_url: Setting[str | None] = Setting(
        "UPWELL_S3_PUBLIC_ENDPOINT_URL",
        "The URL of S3 for clients, if it differs: presigned URLs begin with it.",
        _HTTP,
    )
    _s3_addressing: Setting[str | None] = Setting(
        "UPWELL_S3_ADDRESSING",
        "`path` (`host/bucket/key`) or `virtual` (`bucket.host/key`).",
        _choice("path", "virtual"),
        meaning_of_none="path with an endpoint URL, otherwise virtual",
    )
    _s3_access_key_id = Setting("UPWELL_S3_ACCESS_KEY_ID", "The access key.", _text, example="AKIA…")
    _s3_secret_access_key = Setting("UPWELL_S3_SECRET_ACCESS_KEY", "The secret of the access key.", _text, example="…")
    _s3_session_token: Setting[str | None] = Setting(
        "UPWELL_S3_SESSION_TOKEN", "The session token of temporary credentials.", _text
    )
    _s3_credentials_expire_at: Setting[datetime | None] = Setting(
        "UPWELL_S3_CREDENTIALS_EXPIRE_AT",
        "When temporary credentials expire (ISO 8601 with a zone): no presigned URL outlives them.",
        _time,
    )
    _s3_old_versions_days = Setting(
        "UPWELL_S3_OLD_VERSIONS_DAYS",
        "How many days the S3 bucket keeps overwritten versions; set as a lifecycle rule at start.",
        _number(LEAST_NONCURRENT_DAYS, 36_500),
        default=str(KEEP_NONCURRENT_DAYS),
    )
    _s3_cors_origins = Setting(
        "UPWELL_S3_CORS_ORIGINS",
        "Web origins that may send to the S3 bucket, separated by commas; `serve` sets them on it at start."
        " Without it, the CORS rules of the S3 bucket do not change. `upwell dev` sets `*`.",
        _origins,
        default="",
    )
    cors_origins = Setting(
        "UPWELL_CORS_ORIGINS",
        "Web origins whose pages may read the API's responses, separated by commas; a key can be limited to fewer."
        " By default, none may. `upwell dev` sets `*`.",
        _origins,
        default="",
    )
    _own_secrets: Setting[tuple[str, ...] | None] = Setting(
        "UPWELL_TOKEN_SECRETS",
        "The server's own secrets, newest first, separated by commas: the newest signs tokens and encrypts"
        " secrets in tables; the others are still accepted. Each has at least 32 characters: generate one with"
        " `openssl rand -hex 32`. `upwell dev` keeps one in its data folder.",
        _secrets,
    )
    storage_events_secret: Setting[str | None] = Setting(
        "UPWELL_STORAGE_EVENTS_SECRET",
        "The secret of a storage that reports new objects over HTTP; without it, the route does not exist.",
        _secret,
    )
    storage_events_queue_url: Setting[str | None] = Setting(
        "UPWELL_STORAGE_EVENTS_QUEUE_URL",
        "The SQS queue for notifications of the storage; a worker reads it, with the region and the keys of S3.",
        _HTTP,
    )
    webhook_allowed_networks = Setting(
        "UPWELL_WEBHOOK_ALLOWED_NETWORKS",
        "Private networks that webhooks may reach, separated by commas: `10.1.0.0/16,127.0.0.1`.",
        _networks,
        default="",
    )
    webhook_allowed_ports = Setting(
        "UPWELL_WEBHOOK_ALLOWED_PORTS",
        "Ports or port ranges that webhooks may reach besides 443 and 80, separated by commas: `8443,9000-9010`.",
        _ports,
        default="",
    )
    _nats_servers = Setting(
        "UPWELL_NATS_SERVERS",
        "The NATS servers that `relay nats` publishes on, as comma-separated URLs, optionally with `user:password@`.",
        _server_urls,
        example="nats://nats-1:4222,nats://nats-2:4222",
    )
    _nats_stream = Setting(
        "UPWELL_NATS_STREAM", "The JetStream stream; the relay creates it if it is missing.", _stream, default="UPWELL"
    )
    _nats_replicas = Setting(
        "UPWELL_NATS_REPLICAS", "The number of replicas of a stream that the relay creates.", _number(1, 5), default="1"
    )
    _nats_credentials: Setting[str | None] = Setting(
        "UPWELL_NATS_CREDENTIALS", "The path of a `.creds` file for the connection to NATS.", _file
    )
    host = Setting("UPWELL_HOST", "The address that `serve` listens on.", _text, default="127.0.0.1")
    port = Setting("UPWELL_PORT", "The port that `serve` listens on.", _number(1, 65535), default="8000")
    trusted_proxies = Setting(
        "UPWELL_TRUSTED_PROXIES",
        "Networks of the proxies in front, separated by commas: `10.0.0.0/24,127.0.0.1`. The client's address is taken"
        " from their `X-Forwarded-For`, and their connections are not limited by address.",
        _proxies,
        default="",
    )
    max_connections = Setting(
        "UPWELL_MAX_CONNECTIONS",
        "Concurrent connections per process; fewer if the limit of open files is lower. When all are in use, idle"
        " ones are closed for new ones.",
        _number(1, 100_000),
        default="4096",
    )
    max_connections_per_address: Setting[int | None] = Setting(
        "UPWELL_MAX_CONNECTIONS_PER_ADDRESS",
        "Concurrent connections per process and client address.",
        _number(1, 100_000),
        meaning_of_none="half of UPWELL_MAX_CONNECTIONS",
    )
    keep_alive_seconds = Setting(
        "UPWELL_KEEP_ALIVE_SECONDS",
        "How long an idle connection is kept; set it higher than in the proxy in front.",
        _number(1, 3600),
        default="75",
    )
    streams_per_key = Setting(
        "UPWELL_STREAMS_PER_KEY",
        "Concurrent event streams and waiting requests per process and API key; a single token of the key may have a"
        " tenth of them.",
        _number(1, 100_000),
        default="1000",
    )
    drain_seconds = Setting(
        "UPWELL_DRAIN_SECONDS",
        "How long `serve` keeps serving after SIGTERM while `/readyz` returns 503, so that load balancers can react"
        " first.",
        _number(0, 600),
        default="0",
    )
    limits_rates = Setting(
        "UPWELL_RATE_LIMITS",
        "`on` or `off`: whether requests are limited. `upwell dev` disables them, except with `--rate-limits`.",
        _switch,
        default="on",
    )
    _token_rate_percent = Setting(
        "UPWELL_TOKEN_RATE_PERCENT",
        "The percentage of its organization's requests per minute that a single token may use.",
        _number(1, 100),
        default=str(TOKEN_RATE_PERCENT),
    )
    log_format = Setting("UPWELL_LOG_FORMAT", "`json` or `console`.", _choice("json", "console"), default="json")
    log_level = Setting(
        "UPWELL_LOG_LEVEL", "The lowest level to log.", _choice("debug", "info", "warning", "error"), default="info"
    )
    _metrics_port: Setting[int | None] = Setting(
        "UPWELL_METRICS_PORT",
        "Each process serves `/metrics` on the first free port from this one on; without it, there are none.",
        _number(1, 65535),
    )
    _metrics_host = Setting("UPWELL_METRICS_HOST", "The address for `/metrics`.", _text, default="127.0.0.1")
    _metrics_token: Setting[str | None] = Setting(
        "UPWELL_METRICS_TOKEN", "The bearer token for `/metrics`; required if other hosts can connect.", _secret
    )
    traces = Setting(
        "UPWELL_TRACES",
        "`on` or `off`: whether OpenTelemetry traces are sent; its own variables (`OTEL_…`) set the destination.",
        _switch,
        default="off",
    )
    _grace = Setting(
        "UPWELL_EXPIRY_GRACE_SECONDS",
        "How long after a URL's expiry a worker checks for the bytes.",
        _seconds(0, 86_400),
        default="900",
    )
    request_records_kept = Setting(
        "UPWELL_REQUEST_RECORDS_DAYS",
        "How long the audit log keeps the addresses and user agents of requests.",
        _days(1, 3650),
        default="90",
    )
    analytics_kept = Setting(
        "UPWELL_ANALYTICS_DAYS",
        "How many days of hourly analytics are kept, from 31 to 36500; `all` forever. Set it for every worker.",
        _days_or_all(31, 36_500),
        default="all",
    )
    _deliveries_kept = Setting(
        "UPWELL_WEBHOOK_DELIVERIES_DAYS",
        "How long the deliveries of webhooks are kept after their event, with their attempts; from 4 to 3650 days.",
        _days(4, 3650),
        default="30",
    )
    _retention = Setting(
        "UPWELL_RETENTION_DAYS",
        "How long the record of an upload that did not complete is kept, and that of an ended task.",
        _days(0, 3650),
        default="30",
    )
    _inline_limit_bytes = Setting(
        "UPWELL_INLINE_LIMIT_BYTES",
        "Files of this size and more are verified by a worker, not in the confirm request.",
        _number(0, MAX_BYTES),
        default="100000000",
    )
    _part_bytes = Setting(
        "UPWELL_PART_BYTES",
        "The usual part size of multipart uploads; very large files have larger parts.",
        _number(MIN_PART_BYTES, MAX_PART_BYTES),
        default=str(USUAL_PART_BYTES),
    )
    _key_overlap = Setting(
        "UPWELL_KEY_OVERLAP_SECONDS",
        "How long the old secret of an API key works after a rotation, unless the rotation sets another time.",
        _seconds(0, 30 * 86_400),
        default="86400",
    )

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.given = dict(os.environ if environment is None else environment)
        for name in self.given:
            if name in _BY_NAME:
                _BY_NAME[name].read(self.given)  # a wrong one is refused at start, used or not

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment variables, for another process."""
        return {name: value for name, value in self.given.items() if name in _BY_NAME}

    @property
    def database_owner_url(self) -> str:
        """The database URL of the owner."""
        return self._owner_url or self.database_url

    @property
    def database_owner_setting(self) -> str:
        """The setting that the owner's URL comes from."""
        return "UPWELL_DATABASE_OWNER_URL" if self._owner_url else "UPWELL_DATABASE_URL"

    @property
    def metrics(self) -> MetricsSettings | None:
        """Where metrics are served; None: nowhere."""
        port, host, token = self._metrics_port, self._metrics_host, self._metrics_token
        if port is None:
            return None
        if token is None and not is_loopback(host):
            raise SettingError(f"UPWELL_METRICS_TOKEN is not set, but other hosts can connect to {host}: set it.")
        return MetricsSettings(host=host, port=port, token=token)

    @property
    def token_secrets(self) -> TokenSecrets:
        """The server's own secrets."""
        if self._own_secrets is None:
            raise SettingError(
                "UPWELL_TOKEN_SECRETS is not set. The service signs tokens and encrypts webhook secrets with it; every"
                " process needs the same value. Generate one with: openssl rand -hex 32"
            )
        return TokenSecrets(self._own_secrets)

    @property
    def nats(self) -> NatsSettings:
        """The stream and its servers."""
        return NatsSettings(
            servers=self._nats_servers,
            stream=self._nats_stream,
            replicas=self._nats_replicas,
            credentials=self._nats_credentials,
        )

    @property
    def s3(self) -> S3Settings:
        """The S3 bucket and its endpoints."""
        endpoint = self._s3_endpoint_url or f"https://s3.{self._s3_region}.amazonaws.com"
        addressing = self._s3_addressing or ("path" if self._s3_endpoint_url else "virtual")
        return S3Settings(
            bucket=self._s3_bucket,
            region=self._s3_region,
            endpoint_url=endpoint,
            public_endpoint_url=self._s3_public_endpoint_url or endpoint,
            addressing="path" if addressing == "path" else "virtual",
            access_key_id=self._s3_access_key_id,
            secret_access_key=self._s3_secret_access_key,
            session_token=self._s3_session_token,
            credentials_expire_at=self._s3_credentials_expire_at,
            old_versions_days=self._s3_old_versions_days,
            cors_origins=self._s3_cors_origins,
        )

    @property
    def rules(self) -> Rules:
        """The rules for use cases."""
        return Rules(
            tier_limits={
                tier: TierLimits(
                    file_size_bytes=_FILE_LIMITS[tier].read(self.given), quota_bytes=_QUOTAS[tier].read(self.given)
                )
                for tier in Tier
            },
            grace=self._grace,
            retention=self._retention,
            deliveries_kept=self._deliveries_kept,
            inline_limit_bytes=self._inline_limit_bytes,
            part_bytes=self._part_bytes,
            key_overlap=self._key_overlap,
            token_rate_percent=self._token_rate_percent,
        )


SETTINGS: tuple[Setting[Any], ...] = (
    *(setting for setting in vars(Settings).values() if isinstance(setting, Setting)),
    *_FILE_LIMITS.values(),
    *_QUOTAS.values(),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_OTHER_NAMES = frozenset(  # a client's, `dev`'s, and those of the tests
    {
        *("UPWELL_URL", "UPWELL_API_KEY", "UPWELL_NAMESPACE", "UPWELL_BUCKET"),
        *("UPWELL_DEV_FOLDER", "UPWELL_CONTRACT_FILE", "UPWELL_HARNESS_EXAMPLES"),
    }
)


def unknown_settings(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables that look like settings but are unknown, each with the most similar name, if any."""
    known = [*_BY_NAME, *_OTHER_NAMES]
    unknown = sorted(name for name in environment if name.startswith("UPWELL_") and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None) for name in unknown}
