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
_DRAW_ONE = "Draw one by chance, for example with: openssl rand -hex 32"
_ONLY_PLACEHOLDERS = re.compile(rf"(?:{_PLACEHOLDERS})+", re.IGNORECASE)


class SettingError(Exception):
    """A setting is missing or wrong; the message names it and says what it should be."""


class Setting(msgspec.Struct, frozen=True):
    """One environment variable. `default` is shown in the docs; `parse` raises `ValueError` with what is wrong."""

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
            f"must be {shortest} printable ASCII characters or more, without spaces around them. {_DRAW_ONE}"
        )
    if _is_weak(value):
        raise ValueError(f"is easily guessed: it repeats itself, counts up, or is made of usual words. {_DRAW_ONE}")
    return value


def _is_weak(secret: str) -> bool:
    """Say whether a secret was typed rather than drawn: somebody who guesses tries such ones first."""
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(secret)]
    going_on = sum(step == before and step in {-1, 0, 1} for before, step in itertools.pairwise(steps))
    return (
        len(set(secret)) < _MIN_DIFFERENT
        or secret in (secret + secret)[1:-1]  # a piece, again and again
        or going_on * 2 > len(steps)  # the same character, or the next one, most of the time
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
    """Refuse what would be read otherwise than it was meant: a password with characters that separate."""
    encoded = "special characters in the password must be percent-encoded: @ is %40, : is %3A, / is %2F, # is %23"
    value = _url("postgresql", "postgres")(value)
    parts = urlsplit(value)
    hosts = parts.netloc.rpartition("@")[2]
    misplaced = "@" in parts.path + parts.query and "@" not in parts.netloc
    if parts.netloc.count("@") > 1 or misplaced or "#" in value:
        raise ValueError(f"cannot be read: {encoded}")
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise ValueError(f"has a % that is followed by no two hex digits: {encoded}, and % is %25")
    if re.search(r":(?!\d{1,5}(,|$))", re.sub(r"\[[^\]]*\]", "", hosts)):
        raise ValueError(f"names a port that is no number: {encoded}")
    try:
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"has parameters that cannot be read (?name=value&…): {encoded}") from None
    if unknown := sorted(set(given) - _DATABASE_PARAMETERS):
        raise ValueError(f"has the parameter {unknown[0]}: only {', '.join(sorted(_DATABASE_PARAMETERS))} are known")
    for name, known in _DATABASE_CHOICES.items():
        if name in given and given[name][-1] not in known:
            raise ValueError(f"has another {name} than {', '.join(known)}")
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
    """Return whether only this machine reaches an address."""
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
        raise ValueError(f"must be a file that can be read: {error}") from None
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
    Setting("UPWELL_DATABASE_POOL_SIZE", "Connections for reading, for each process.", "10", _number(1, 1000)),
    Setting(
        "UPWELL_CLOCK_TOLERANCE_SECONDS",
        "How far a host's clock may be from PostgreSQL's: while it is further off, its processes do no work.",
        "10",
        _number(1, 600),
    ),
    Setting(
        "UPWELL_START_PATIENCE_SECONDS",
        "How long a process that starts waits for PostgreSQL and the storage while they cannot be reached.",
        "60",
        _number(0, 3600),
    ),
    Setting("UPWELL_S3_BUCKET", "The S3 bucket that holds the bytes.", None, _text),
    Setting("UPWELL_S3_REGION", "Its region.", "us-east-1", _text),
    Setting("UPWELL_S3_ENDPOINT_URL", "Where the service reaches S3; without it, AWS.", None, _HTTP),
    Setting(
        "UPWELL_S3_PUBLIC_ENDPOINT_URL",
        "Where clients reach S3, if that is another place: presigned URLs begin with it.",
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
    Setting("UPWELL_S3_SECRET_ACCESS_KEY", "Its secret.", None, _text),
    Setting("UPWELL_S3_SESSION_TOKEN", "The session token of temporary credentials.", None, _text),
    Setting(
        "UPWELL_S3_CREDENTIALS_EXPIRE_AT",
        "When temporary credentials end (ISO 8601 with a zone): no presigned URL outlives them.",
        None,
        _time,
    ),
    Setting(
        "UPWELL_S3_OLD_VERSIONS_DAYS",
        "How many days the bucket keeps versions that were overwritten; set as a lifecycle rule at start.",
        str(KEEP_NONCURRENT_DAYS),
        _number(LEAST_NONCURRENT_DAYS, 36_500),
    ),
    Setting(
        "UPWELL_S3_CORS_ORIGINS",
        "Web origins that may send to the bucket, separated by commas; `serve` sets them on the bucket at start."
        " Without it, the bucket's own CORS rules stay as they are. `upwell dev` has `*`.",
        None,
        _list,
    ),
    Setting(
        "UPWELL_CORS_ORIGINS",
        "Web origins whose pages may read the API's answers, separated by commas; a key can be held to fewer. Without"
        " it, none may. `upwell dev` has `*`.",
        None,
        _list,
    ),
    Setting(
        "UPWELL_TOKEN_SECRETS",
        "The server's own secrets, newest first, separated by commas: the newest signs tokens and encrypts what is"
        " secret in tables; the others are still accepted. Each has 32 characters or more: `openssl rand -hex 32` draws"
        " one. `upwell dev` keeps one in its data folder.",
        None,
        _token_secrets,
    ),
    Setting(
        "UPWELL_STORAGE_EVENTS_SECRET",
        "What a storage proves itself with when it tells of new objects over HTTP; without it, it cannot.",
        None,
        _secret,
    ),
    Setting(
        "UPWELL_STORAGE_EVENTS_QUEUE_URL",
        "The SQS queue that storage tells of new objects in; a worker reads it, with the region and the keys of S3.",
        None,
        _HTTP,
    ),
    Setting(
        "UPWELL_WEBHOOK_ALLOWED_NETWORKS",
        "Private networks that webhooks may reach all the same, separated by commas: `10.1.0.0/16,127.0.0.1`.",
        None,
        _networks,
    ),
    Setting(
        "UPWELL_WEBHOOK_ALLOWED_PORTS",
        "Ports that webhooks may reach beside 443 and 80, or ranges of them, separated by commas: `8443,9000-9010`.",
        None,
        _ports,
    ),
    Setting(
        "UPWELL_NATS_SERVERS",
        "The NATS servers that `relay nats` publishes on, as URLs separated by commas; they may hold `user:password@`.",
        None,
        _nats_servers,
    ),
    Setting("UPWELL_NATS_STREAM", "The JetStream stream that it fills, and makes if there is none.", "UPWELL", _stream),
    Setting("UPWELL_NATS_REPLICAS", "On how many servers a stream is kept that it makes.", "1", _number(1, 5)),
    Setting("UPWELL_NATS_CREDENTIALS", "The path of a `.creds` file with which it connects to NATS.", None, _file),
    Setting("UPWELL_HOST", "The address that `serve` listens on.", "127.0.0.1", _text),
    Setting("UPWELL_PORT", "The port that `serve` listens on.", "8000", _number(1, 65535)),
    Setting(
        "UPWELL_TRUSTED_PROXIES",
        "Networks of the proxies in front, separated by commas: `10.0.0.0/24,127.0.0.1`. The client's address is taken"
        " from their `X-Forwarded-For`, and they may have as many connections as there are.",
        None,
        _proxies,
    ),
    Setting(
        "UPWELL_MAX_CONNECTIONS",
        "Connections that each process serves at once; fewer if the limit of open files is lower. When all are in use,"
        " idle ones are closed for new ones.",
        "4096",
        _number(1, 100_000),
    ),
    Setting(
        "UPWELL_MAX_CONNECTIONS_PER_ADDRESS",
        "Connections that each process serves at once for one client address.",
        "half of UPWELL_MAX_CONNECTIONS",
        _number(1, 100_000),
    ),
    Setting(
        "UPWELL_KEEP_ALIVE_SECONDS",
        "How long a connection waits for its next request; longer than the proxy in front keeps one.",
        "75",
        _number(1, 3600),
    ),
    Setting(
        "UPWELL_STREAMS_PER_KEY",
        "Event streams and waiting requests that each process serves at once for one API key; one token of the key may"
        " have a tenth of them.",
        "1000",
        _number(1, 100_000),
    ),
    Setting(
        "UPWELL_DRAIN_SECONDS",
        "How long `serve` goes on serving after SIGTERM while `/readyz` answers 503, so that load balancers look"
        " elsewhere first.",
        "0",
        _number(0, 600),
    ),
    Setting(
        "UPWELL_RATE_LIMITS",
        "`on` or `off`: whether requests are limited. `upwell dev` has them off unless it is told otherwise.",
        "on",
        _choice("on", "off"),
    ),
    Setting(
        "UPWELL_TOKEN_RATE_PERCENT",
        "How many percent of its organization's requests a minute a single token may use.",
        str(TOKEN_RATE_PERCENT),
        _number(1, 100),
    ),
    Setting("UPWELL_LOG_FORMAT", "`json` or `console`.", "json", _choice("json", "console")),
    Setting("UPWELL_LOG_LEVEL", "The least that is logged.", "info", _choice("debug", "info", "warning", "error")),
    Setting(
        "UPWELL_METRICS_PORT",
        "Each process tells its metrics at `/metrics` on the first free port from this one on; without it, none.",
        None,
        _number(1, 65535),
    ),
    Setting("UPWELL_METRICS_HOST", "The address for it.", "127.0.0.1", _text),
    Setting(
        "UPWELL_METRICS_TOKEN",
        "What who reads metrics proves itself with, as a bearer token; needed where others than this host can ask.",
        None,
        _secret,
    ),
    Setting(
        "UPWELL_TRACES",
        "`on` or `off`: whether traces are sent, by OpenTelemetry, to where its own variables (`OTEL_…`) say.",
        "off",
        _choice("on", "off"),
    ),
    Setting(
        "UPWELL_EXPIRY_GRACE_SECONDS",
        "How long after a URL's expiry somebody looks whether the bytes came.",
        "900",
        _number(0, 86_400),
    ),
    Setting(
        "UPWELL_REQUEST_RECORDS_DAYS",
        "How long the audit log knows from which address, and by which client, something was done.",
        "90",
        _number(1, 3650),
    ),
    Setting(
        "UPWELL_RETENTION_DAYS",
        "How long the record of an upload is kept that did not complete.",
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
        "The usual size of the parts of an upload in parts; larger files have larger ones.",
        str(USUAL_PART_BYTES),
        _number(MIN_PART_BYTES, MAX_PART_BYTES),
    ),
    Setting(
        "UPWELL_KEY_OVERLAP_SECONDS",
        "How long the secret before a rotation of an API key works on, unless the rotation says otherwise.",
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
    """Return the names that begin as settings do and are none, each with the most similar one, if any is."""
    known = [*_BY_NAME, *_OTHER_NAMES]
    unknown = sorted(name for name in environment if name.startswith("UPWELL_") and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None) for name in unknown}


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes are."""

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
    """Where metrics are told. `port`: the first that is tried. `token` None: who reaches it may read them."""

    host: str
    port: int
    token: str | None


class NatsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the feed is relayed to. `replicas`: of a stream that is made."""

    servers: tuple[str, ...]
    stream: str
    replicas: int
    credentials: str | None


class Settings:
    """The environment, read and checked. What is not needed is not asked for: each property checks its own."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        for name in self._environment:
            if name in _BY_NAME:
                self._get(name)  # a wrong one is refused at start, used or not

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment variables, to hand on to another process."""
        return {name: value for name, value in self._environment.items() if name in _BY_NAME}

    @property
    def database_url(self) -> str:
        """The service's database."""
        return str(self._need("UPWELL_DATABASE_URL", "postgresql://upwell@/upwell?host=/run/postgresql"))

    @property
    def database_owner_url(self) -> str:
        """The database as its owner."""
        return str(self._get("UPWELL_DATABASE_OWNER_URL") or self.database_url)

    @property
    def database_owner_setting(self) -> str:
        """The setting that the owner's URL comes from."""
        return "UPWELL_DATABASE_OWNER_URL" if self._get("UPWELL_DATABASE_OWNER_URL") else "UPWELL_DATABASE_URL"

    @property
    def start_patience_seconds(self) -> int:
        """How long a start waits for parts that are away."""
        return int(self._get("UPWELL_START_PATIENCE_SECONDS"))

    @property
    def pool_size(self) -> int:
        """How many connections read."""
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
        """How long it is known where requests came from."""
        return timedelta(days=self._get("UPWELL_REQUEST_RECORDS_DAYS"))

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        """The proxies in front."""
        return tuple(self._get("UPWELL_TRUSTED_PROXIES") or ())

    @property
    def max_connections(self) -> int:
        """How many connections a process serves."""
        return int(self._get("UPWELL_MAX_CONNECTIONS"))

    @property
    def max_connections_per_address(self) -> int | None:
        """How many of them may be of one address; None: half."""
        value: int | None = self._get("UPWELL_MAX_CONNECTIONS_PER_ADDRESS")
        return value

    @property
    def keep_alive_seconds(self) -> int:
        """How long a connection waits for its next request."""
        return int(self._get("UPWELL_KEEP_ALIVE_SECONDS"))

    @property
    def streams_per_key(self) -> int:
        """How many answers that go on a process gives to one key."""
        return int(self._get("UPWELL_STREAMS_PER_KEY"))

    @property
    def drain_seconds(self) -> int:
        """How long `serve` goes on after SIGTERM."""
        return int(self._get("UPWELL_DRAIN_SECONDS"))

    @property
    def limits_rates(self) -> bool:
        """Whether requests are limited."""
        return bool(self._get("UPWELL_RATE_LIMITS") == "on")

    @property
    def log_format(self) -> str:
        """How logs look."""
        return str(self._get("UPWELL_LOG_FORMAT"))

    @property
    def log_level(self) -> str:
        """The least that is logged."""
        return str(self._get("UPWELL_LOG_LEVEL"))

    @property
    def metrics(self) -> MetricsSettings | None:
        """Where metrics are told; None: nowhere."""
        port: int | None = self._get("UPWELL_METRICS_PORT")
        if port is None:
            return None
        host: str = self._get("UPWELL_METRICS_HOST")
        token: str | None = self._get("UPWELL_METRICS_TOKEN")
        if token is None and not is_loopback(host):
            raise SettingError(f"UPWELL_METRICS_TOKEN is not set, and others can ask at {host}: set it.")
        return MetricsSettings(host=host, port=port, token=token)

    @property
    def traces(self) -> bool:
        """Whether traces are sent."""
        return bool(self._get("UPWELL_TRACES") == "on")

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """Web origins whose pages may read the API's answers."""
        return tuple(self._get("UPWELL_CORS_ORIGINS") or ())

    @property
    def token_secrets(self) -> TokenSecrets:
        """The server's own secrets."""
        found = self._get("UPWELL_TOKEN_SECRETS")
        if found is None:
            raise SettingError(
                "UPWELL_TOKEN_SECRETS is not set. The service signs tokens and encrypts webhook secrets with it; every"
                " process needs the same value. Draw one with: openssl rand -hex 32"
            )
        return TokenSecrets(found)

    @property
    def storage_events_secret(self) -> str | None:
        """What a storage that tells of new objects proves itself with."""
        value: str | None = self._get("UPWELL_STORAGE_EVENTS_SECRET")
        return value

    @property
    def storage_events_queue_url(self) -> str | None:
        """The queue in which storage tells of new objects."""
        value: str | None = self._get("UPWELL_STORAGE_EVENTS_QUEUE_URL")
        return value

    @property
    def webhook_allowed_networks(self) -> tuple[str, ...]:
        """Private networks that webhooks may reach."""
        return tuple(self._get("UPWELL_WEBHOOK_ALLOWED_NETWORKS") or ())

    @property
    def webhook_allowed_ports(self) -> tuple[tuple[int, int], ...]:
        """Ranges of ports that webhooks may reach beside those of the web."""
        return tuple(self._get("UPWELL_WEBHOOK_ALLOWED_PORTS") or ())

    @property
    def nats(self) -> NatsSettings:
        """The stream and how to reach it."""
        return NatsSettings(
            servers=self._need("UPWELL_NATS_SERVERS", "nats://nats-1:4222,nats://nats-2:4222"),
            stream=self._get("UPWELL_NATS_STREAM"),
            replicas=self._get("UPWELL_NATS_REPLICAS"),
            credentials=self._get("UPWELL_NATS_CREDENTIALS"),
        )

    @property
    def s3(self) -> S3Settings:
        """The bucket and how to reach it."""
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
        """The rules that use cases go by."""
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
