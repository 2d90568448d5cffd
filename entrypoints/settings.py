"""Every setting there is, in one table: environment variables, checked at start.

The reference page in the docs is held against this table by a test.
"""

import itertools
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from application.ports.storage.object_storage import KEEP_NONCURRENT_DAYS, LEAST_NONCURRENT_DAYS
from application.rules import TOKEN_RATE_PERCENT, Rules
from domain.keys.token_secrets import TokenSecrets
from domain.organizations.organization import DEFAULT_TIER_LIMITS, Tier, TierLimits
from domain.uploads.parts import MAX_PART_BYTES, MIN_PART_BYTES, USUAL_PART_BYTES

Network = IPv4Network | IPv6Network
MAX_BYTES = 2**63 - 1
MIN_SECRET_LENGTH = 16
MIN_TOKEN_SECRET_LENGTH = 32
_MIN_DIFFERENT = 6  # characters of a secret; of 16 hexadecimal digits drawn by chance fewer differ once in 40,000 times
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


class Setting(msgspec.Struct, frozen=True):
    """One environment variable. The docs show `default`; `parse` raises `ValueError` with the reason."""

    name: str
    help: str
    default: str | None
    parse: Callable[[str], Any]


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


def _token_secrets(value: str) -> tuple[str, ...]:
    secrets = tuple(_secret(each, MIN_TOKEN_SECRET_LENGTH) for each in _list(value))
    if not secrets or len(set(secrets)) < len(secrets):
        raise ValueError(f"must be secrets separated by commas, newest first, each once. {_DRAW_ONE}")
    return secrets


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return parse


def _bytes_or_none(value: str) -> int | None:
    return None if value.lower() == "none" else _number(0, MAX_BYTES)(value)


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or (parts.scheme.startswith("http") and not parts.hostname):
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
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
    if re.search(r":(?!\d{1,5}(,|$))", re.sub(r"\[[^\]]*\]", "", hosts)):
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
        ranges = tuple((int(low), int(high if dash else low)) for low, dash, high in found)
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


def _nats_servers(value: str) -> tuple[str, ...]:
    servers = _list(value)
    if not servers or not all(urlsplit(each).scheme in _NATS_SCHEMES and urlsplit(each).hostname for each in servers):
        raise ValueError("must be URLs such as nats://nats-1:4222,nats://nats-2:4222, separated by commas")
    return servers


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

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "UPWELL_DATABASE_URL",
        "PostgreSQL, as a libpq URI; a socket directory goes in `?host=`. The service acts as `upwell_service`.",
        None,
        _database_url,
    ),
    Setting(
        "UPWELL_DATABASE_OWNER_URL",
        "The same database as the owner of its tables, for `migrate` and `rebuild`; without it, UPWELL_DATABASE_URL.",
        None,
        _database_url,
    ),
    Setting("UPWELL_DATABASE_POOL_SIZE", "Connections for reading, per process.", "10", _number(1, 1000)),
    Setting(
        "UPWELL_CLOCK_TOLERANCE_SECONDS",
        "The largest difference between a host's clock and PostgreSQL's; beyond it, the host's processes do no work.",
        "10",
        _number(1, 600),
    ),
    Setting(
        "UPWELL_START_PATIENCE_SECONDS",
        "How long a process waits at start for PostgreSQL and the storage if they are unreachable.",
        "60",
        _number(0, 3600),
    ),
    Setting("UPWELL_S3_BUCKET", "The S3 bucket that holds the bytes.", None, _text),
    Setting("UPWELL_S3_REGION", "The region of the S3 bucket.", "us-east-1", _text),
    Setting("UPWELL_S3_ENDPOINT_URL", "The URL of S3 for the service; default: AWS.", None, _HTTP),
    Setting(
        "UPWELL_S3_PUBLIC_ENDPOINT_URL",
        "The URL of S3 for clients, if it differs: presigned URLs begin with it.",
        None,
        _HTTP,
    ),
    Setting(
        "UPWELL_S3_ADDRESSING",
        "`path` (`host/bucket/key`) or `virtual` (`bucket.host/key`).",
        "path with an endpoint URL, otherwise virtual",
        _choice("path", "virtual"),
    ),
    Setting("UPWELL_S3_ACCESS_KEY_ID", "The access key.", None, _text),
    Setting("UPWELL_S3_SECRET_ACCESS_KEY", "The secret of the access key.", None, _text),
    Setting("UPWELL_S3_SESSION_TOKEN", "The session token of temporary credentials.", None, _text),
    Setting(
        "UPWELL_S3_CREDENTIALS_EXPIRE_AT",
        "When temporary credentials expire (ISO 8601 with a zone): no presigned URL outlives them.",
        None,
        _time,
    ),
    Setting(
        "UPWELL_S3_OLD_VERSIONS_DAYS",
        "How many days the S3 bucket keeps overwritten versions; set as a lifecycle rule at start.",
        str(KEEP_NONCURRENT_DAYS),
        _number(LEAST_NONCURRENT_DAYS, 36_500),
    ),
    Setting(
        "UPWELL_S3_CORS_ORIGINS",
        "Web origins that may send to the S3 bucket, separated by commas; `serve` sets them on it at start."
        " Without it, the CORS rules of the S3 bucket do not change. `upwell dev` sets `*`.",
        None,
        _list,
    ),
    Setting(
        "UPWELL_CORS_ORIGINS",
        "Web origins whose pages may read the API's responses, separated by commas; a key can be limited to fewer."
        " By default, none may. `upwell dev` sets `*`.",
        None,
        _list,
    ),
    Setting(
        "UPWELL_TOKEN_SECRETS",
        "The server's own secrets, newest first, separated by commas: the newest signs tokens and encrypts"
        " secrets in tables; the others are still accepted. Each has at least 32 characters: generate one with"
        " `openssl rand -hex 32`. `upwell dev` keeps one in its data folder.",
        None,
        _token_secrets,
    ),
    Setting(
        "UPWELL_STORAGE_EVENTS_SECRET",
        "The secret of a storage that reports new objects over HTTP; without it, the route does not exist.",
        None,
        _secret,
    ),
    Setting(
        "UPWELL_STORAGE_EVENTS_QUEUE_URL",
        "The SQS queue for notifications of the storage; a worker reads it, with the region and the keys of S3.",
        None,
        _HTTP,
    ),
    Setting(
        "UPWELL_WEBHOOK_ALLOWED_NETWORKS",
        "Private networks that webhooks may reach, separated by commas: `10.1.0.0/16,127.0.0.1`.",
        None,
        _networks,
    ),
    Setting(
        "UPWELL_WEBHOOK_ALLOWED_PORTS",
        "Ports or port ranges that webhooks may reach besides 443 and 80, separated by commas: `8443,9000-9010`.",
        None,
        _ports,
    ),
    Setting(
        "UPWELL_NATS_SERVERS",
        "The NATS servers that `relay nats` publishes on, as comma-separated URLs, optionally with `user:password@`.",
        None,
        _nats_servers,
    ),
    Setting("UPWELL_NATS_STREAM", "The JetStream stream; the relay creates it if it is missing.", "UPWELL", _stream),
    Setting("UPWELL_NATS_REPLICAS", "The number of replicas of a stream that the relay creates.", "1", _number(1, 5)),
    Setting("UPWELL_NATS_CREDENTIALS", "The path of a `.creds` file for the connection to NATS.", None, _file),
    Setting("UPWELL_HOST", "The address that `serve` listens on.", "127.0.0.1", _text),
    Setting("UPWELL_PORT", "The port that `serve` listens on.", "8000", _number(1, 65535)),
    Setting(
        "UPWELL_TRUSTED_PROXIES",
        "Networks of the proxies in front, separated by commas: `10.0.0.0/24,127.0.0.1`. The client's address is taken"
        " from their `X-Forwarded-For`, and their connections are not limited by address.",
        None,
        _proxies,
    ),
    Setting(
        "UPWELL_MAX_CONNECTIONS",
        "Concurrent connections per process; fewer if the limit of open files is lower. When all are in use, idle"
        " ones are closed for new ones.",
        "4096",
        _number(1, 100_000),
    ),
    Setting(
        "UPWELL_MAX_CONNECTIONS_PER_ADDRESS",
        "Concurrent connections per process and client address.",
        "half of UPWELL_MAX_CONNECTIONS",
        _number(1, 100_000),
    ),
    Setting(
        "UPWELL_KEEP_ALIVE_SECONDS",
        "How long an idle connection is kept; set it higher than in the proxy in front.",
        "75",
        _number(1, 3600),
    ),
    Setting(
        "UPWELL_STREAMS_PER_KEY",
        "Concurrent event streams and waiting requests per process and API key; a single token of the key may have a"
        " tenth of them.",
        "1000",
        _number(1, 100_000),
    ),
    Setting(
        "UPWELL_DRAIN_SECONDS",
        "How long `serve` keeps serving after SIGTERM while `/readyz` returns 503, so that load balancers can react"
        " first.",
        "0",
        _number(0, 600),
    ),
    Setting(
        "UPWELL_RATE_LIMITS",
        "`on` or `off`: whether requests are limited. `upwell dev` disables them, except with `--rate-limits`.",
        "on",
        _choice("on", "off"),
    ),
    Setting(
        "UPWELL_TOKEN_RATE_PERCENT",
        "The percentage of its organization's requests per minute that a single token may use.",
        str(TOKEN_RATE_PERCENT),
        _number(1, 100),
    ),
    Setting("UPWELL_LOG_FORMAT", "`json` or `console`.", "json", _choice("json", "console")),
    Setting("UPWELL_LOG_LEVEL", "The lowest level to log.", "info", _choice("debug", "info", "warning", "error")),
    Setting(
        "UPWELL_METRICS_PORT",
        "Each process serves `/metrics` on the first free port from this one on; without it, there are none.",
        None,
        _number(1, 65535),
    ),
    Setting("UPWELL_METRICS_HOST", "The address for `/metrics`.", "127.0.0.1", _text),
    Setting(
        "UPWELL_METRICS_TOKEN",
        "The bearer token for `/metrics`; required if other hosts can connect.",
        None,
        _secret,
    ),
    Setting(
        "UPWELL_TRACES",
        "`on` or `off`: whether OpenTelemetry traces are sent; its own variables (`OTEL_…`) set the destination.",
        "off",
        _choice("on", "off"),
    ),
    Setting(
        "UPWELL_EXPIRY_GRACE_SECONDS",
        "How long after a URL's expiry a worker checks for the bytes.",
        "900",
        _number(0, 86_400),
    ),
    Setting(
        "UPWELL_REQUEST_RECORDS_DAYS",
        "How long the audit log keeps the addresses and user agents of requests.",
        "90",
        _number(1, 3650),
    ),
    Setting(
        "UPWELL_RETENTION_DAYS",
        "How long the record of an upload that did not complete is kept.",
        "30",
        _number(0, 3650),
    ),
    Setting(
        "UPWELL_INLINE_LIMIT_BYTES",
        "Files of this size and more are verified by a worker, not in the confirm request.",
        "100000000",
        _number(0, MAX_BYTES),
    ),
    Setting(
        "UPWELL_PART_BYTES",
        "The usual part size of multipart uploads; very large files have larger parts.",
        str(USUAL_PART_BYTES),
        _number(MIN_PART_BYTES, MAX_PART_BYTES),
    ),
    Setting(
        "UPWELL_KEY_OVERLAP_SECONDS",
        "How long the old secret of an API key works after a rotation, unless the rotation sets another time.",
        "86400",
        _number(0, 30 * 86_400),
    ),
    *(
        Setting(
            f"UPWELL_{tier.upper()}_FILE_LIMIT_BYTES",
            f"The largest file that the tier `{tier}` may upload.",
            str(limits.file_size_bytes),
            _number(1, MAX_BYTES),
        )
        for tier, limits in DEFAULT_TIER_LIMITS.items()
    ),
    *(
        Setting(
            f"UPWELL_{tier.upper()}_QUOTA_BYTES",
            f"The storage quota of new organizations of the tier `{tier}`; `none` for no quota.",
            "none" if limits.quota_bytes is None else str(limits.quota_bytes),
            _bytes_or_none,
        )
        for tier, limits in DEFAULT_TIER_LIMITS.items()
    ),
)
DESCRIBED_DEFAULTS = {"UPWELL_S3_ADDRESSING", "UPWELL_MAX_CONNECTIONS_PER_ADDRESS"}  # they depend on other settings
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
    """The environment, read and checked. Each property only requires its own variables."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        for name in self._environment:
            if name in _BY_NAME:
                self._get(name)  # a wrong one is refused at start, used or not

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment variables, for another process."""
        return {name: value for name, value in self._environment.items() if name in _BY_NAME}

    @property
    def database_url(self) -> str:
        """The service's database."""
        return str(self._need("UPWELL_DATABASE_URL", "postgresql://upwell@/upwell?host=/run/postgresql"))

    @property
    def database_owner_url(self) -> str:
        """The database URL of the owner."""
        return str(self._get("UPWELL_DATABASE_OWNER_URL") or self.database_url)

    @property
    def database_owner_setting(self) -> str:
        """The setting that the owner's URL comes from."""
        return "UPWELL_DATABASE_OWNER_URL" if self._get("UPWELL_DATABASE_OWNER_URL") else "UPWELL_DATABASE_URL"

    @property
    def start_patience_seconds(self) -> int:
        """How long a start waits for unreachable parts."""
        return int(self._get("UPWELL_START_PATIENCE_SECONDS"))

    @property
    def pool_size(self) -> int:
        """The number of connections for reading."""
        return int(self._get("UPWELL_DATABASE_POOL_SIZE"))

    @property
    def clock_tolerance(self) -> timedelta:
        """How far the host's clock may be from PostgreSQL's."""
        return timedelta(seconds=self._get("UPWELL_CLOCK_TOLERANCE_SECONDS"))

    @property
    def host(self) -> str:
        """The address to listen on."""
        return str(self._get("UPWELL_HOST"))

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self._get("UPWELL_PORT"))

    @property
    def request_records_kept(self) -> timedelta:
        """How long the origin of requests is kept."""
        return timedelta(days=self._get("UPWELL_REQUEST_RECORDS_DAYS"))

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        """The proxies in front."""
        return tuple(self._get("UPWELL_TRUSTED_PROXIES") or ())

    @property
    def max_connections(self) -> int:
        """The number of connections per process."""
        return int(self._get("UPWELL_MAX_CONNECTIONS"))

    @property
    def max_connections_per_address(self) -> int | None:
        """The number of connections per address; None: half of all."""
        value: int | None = self._get("UPWELL_MAX_CONNECTIONS_PER_ADDRESS")
        return value

    @property
    def keep_alive_seconds(self) -> int:
        """How long a connection waits for its next request."""
        return int(self._get("UPWELL_KEEP_ALIVE_SECONDS"))

    @property
    def streams_per_key(self) -> int:
        """The number of event streams per process and key."""
        return int(self._get("UPWELL_STREAMS_PER_KEY"))

    @property
    def drain_seconds(self) -> int:
        """How long `serve` keeps serving after SIGTERM."""
        return int(self._get("UPWELL_DRAIN_SECONDS"))

    @property
    def limits_rates(self) -> bool:
        """Whether requests are limited."""
        return bool(self._get("UPWELL_RATE_LIMITS") == "on")

    @property
    def log_format(self) -> str:
        """The format of logs."""
        return str(self._get("UPWELL_LOG_FORMAT"))

    @property
    def log_level(self) -> str:
        """The lowest level to log."""
        return str(self._get("UPWELL_LOG_LEVEL"))

    @property
    def metrics(self) -> MetricsSettings | None:
        """Where metrics are served; None: nowhere."""
        port: int | None = self._get("UPWELL_METRICS_PORT")
        if port is None:
            return None
        host: str = self._get("UPWELL_METRICS_HOST")
        token: str | None = self._get("UPWELL_METRICS_TOKEN")
        if token is None and not is_loopback(host):
            raise SettingError(f"UPWELL_METRICS_TOKEN is not set, but other hosts can connect to {host}: set it.")
        return MetricsSettings(host=host, port=port, token=token)

    @property
    def traces(self) -> bool:
        """Whether traces are sent."""
        return bool(self._get("UPWELL_TRACES") == "on")

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """Web origins whose pages may read the API's responses."""
        return tuple(self._get("UPWELL_CORS_ORIGINS") or ())

    @property
    def token_secrets(self) -> TokenSecrets:
        """The server's own secrets."""
        found = self._get("UPWELL_TOKEN_SECRETS")
        if found is None:
            raise SettingError(
                "UPWELL_TOKEN_SECRETS is not set. The service signs tokens and encrypts webhook secrets with it; every"
                " process needs the same value. Generate one with: openssl rand -hex 32"
            )
        return TokenSecrets(found)

    @property
    def storage_events_secret(self) -> str | None:
        """The secret of a storage that reports new objects."""
        value: str | None = self._get("UPWELL_STORAGE_EVENTS_SECRET")
        return value

    @property
    def storage_events_queue_url(self) -> str | None:
        """The queue for notifications of the storage."""
        value: str | None = self._get("UPWELL_STORAGE_EVENTS_QUEUE_URL")
        return value

    @property
    def webhook_allowed_networks(self) -> tuple[str, ...]:
        """Private networks that webhooks may reach."""
        return tuple(self._get("UPWELL_WEBHOOK_ALLOWED_NETWORKS") or ())

    @property
    def webhook_allowed_ports(self) -> tuple[tuple[int, int], ...]:
        """Port ranges that webhooks may reach besides 443 and 80."""
        return tuple(self._get("UPWELL_WEBHOOK_ALLOWED_PORTS") or ())

    @property
    def nats(self) -> NatsSettings:
        """The stream and its servers."""
        return NatsSettings(
            servers=self._need("UPWELL_NATS_SERVERS", "nats://nats-1:4222,nats://nats-2:4222"),
            stream=self._get("UPWELL_NATS_STREAM"),
            replicas=self._get("UPWELL_NATS_REPLICAS"),
            credentials=self._get("UPWELL_NATS_CREDENTIALS"),
        )

    @property
    def s3(self) -> S3Settings:
        """The S3 bucket and its endpoints."""
        region = str(self._get("UPWELL_S3_REGION"))
        given = self._get("UPWELL_S3_ENDPOINT_URL")
        endpoint = str(given or f"https://s3.{region}.amazonaws.com")
        addressing = (
            self._get("UPWELL_S3_ADDRESSING")
            if "UPWELL_S3_ADDRESSING" in self._environment
            else ("path" if given else "virtual")
        )
        return S3Settings(
            bucket=str(self._need("UPWELL_S3_BUCKET", "my-uploads")),
            region=region,
            endpoint_url=endpoint,
            public_endpoint_url=self._get("UPWELL_S3_PUBLIC_ENDPOINT_URL") or endpoint,
            addressing="path" if addressing == "path" else "virtual",
            access_key_id=str(self._need("UPWELL_S3_ACCESS_KEY_ID", "AKIA…")),
            secret_access_key=str(self._need("UPWELL_S3_SECRET_ACCESS_KEY", "…")),
            session_token=self._get("UPWELL_S3_SESSION_TOKEN"),
            credentials_expire_at=self._get("UPWELL_S3_CREDENTIALS_EXPIRE_AT"),
            old_versions_days=self._get("UPWELL_S3_OLD_VERSIONS_DAYS"),
            cors_origins=tuple(self._get("UPWELL_S3_CORS_ORIGINS") or ()),
        )

    @property
    def rules(self) -> Rules:
        """The rules for use cases."""
        return Rules(
            tier_limits={
                tier: TierLimits(
                    file_size_bytes=self._get(f"UPWELL_{tier.upper()}_FILE_LIMIT_BYTES"),
                    quota_bytes=self._get(f"UPWELL_{tier.upper()}_QUOTA_BYTES"),
                )
                for tier in Tier
            },
            grace=timedelta(seconds=self._get("UPWELL_EXPIRY_GRACE_SECONDS")),
            retention=timedelta(days=self._get("UPWELL_RETENTION_DAYS")),
            inline_limit_bytes=self._get("UPWELL_INLINE_LIMIT_BYTES"),
            part_bytes=self._get("UPWELL_PART_BYTES"),
            key_overlap=timedelta(seconds=self._get("UPWELL_KEY_OVERLAP_SECONDS")),
            token_rate_percent=self._get("UPWELL_TOKEN_RATE_PERCENT"),
        )

    def _get(self, name: str) -> Any:  # noqa: ANN401  # each setting has a type of its own
        setting = _BY_NAME[name]
        value = self._environment.get(name, setting.default if name not in DESCRIBED_DEFAULTS else None)
        if value is None:
            return None
        try:
            return setting.parse(value)
        except ValueError as error:
            raise SettingError(f"{name} {error}.") from None

    def _need(self, name: str, example: str) -> Any:  # noqa: ANN401  # the same
        value = self._get(name)
        if value is None:
            raise SettingError(f"{name} is not set. {_BY_NAME[name].help} For example: {name}={example}")
        return value
