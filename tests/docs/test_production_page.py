"""The page on production, from top to bottom: each of its blocks runs against real servers, or says why it does not.

A PostgreSQL that asks for passwords, an S3 storage, two services (one as systemd starts it), and nginx with TLS in
front of them. Hosts, ports, paths and passwords of the page are replaced by those of this machine, and nothing else.
"""

import configparser
import re
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from tests.clusters import Cluster, cluster
from tests.conftest import Servers, free_port, wait_ready
from tests.docs.aws import call
from tests.docs.pages import PRODUCTION, Block, blocks
from tests.docs.test_pages import Shell, make_folder, shell
from tests.programs import program

MIB = 2**20
# No storage here knows the policies of IAM: tests/docs/test_reference.py holds that block to the calls to storage.
ELSEWHERE = ["Permissions for S3"]


class Reader:
    """Takes the blocks of the page by their headings, in any order."""

    def __init__(self) -> None:
        lines = PRODUCTION.read_text(encoding="utf-8").splitlines()
        self._left: list[tuple[str, Block]] = []
        for block in blocks(PRODUCTION):
            heading = next(line for line in reversed(lines[: block.line]) if line.startswith("## "))
            self._left.append((heading.removeprefix("## "), block))

    def take(self, heading: str, kind: str) -> str:
        """Return the first block of this kind under a heading that was not taken yet."""
        found = next(pair for pair in self._left if (pair[0], pair[1].kind) == (heading, kind))
        self._left.remove(found)
        return found[1].source

    def left(self) -> list[str]:
        """Return the headings of the blocks that were not taken and are not marked as not run."""
        return [heading for heading, block in self._left if not block.skipped]


@contextmanager
def database_that_asks_for_passwords() -> Iterator[Cluster]:
    with cluster(port=free_port()) as made:
        made.make()
        (made.data / "pg_hba.conf").write_text("local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        made.start()
        yield made


@contextmanager
def proxy(nginx: Path, page: str, ports: list[int], port: int, certificate: Path) -> Iterator[None]:
    """Run nginx with the page's configuration, on another port and before other ports."""
    with tempfile.TemporaryDirectory(prefix="upwell-nginx-") as folder:
        Path(folder).chmod(0o711)  # root's nginx answers as another user
        for number, here in zip((8000, 8001), ports, strict=True):
            page = page.replace(f"127.0.0.1:{number} ", f"127.0.0.1:{here} ")
        tls = f"ssl_certificate {certificate}; ssl_certificate_key {certificate.with_suffix('.key')};"
        page = page.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl; {tls}")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        config = Path(folder) / "nginx.conf"
        config.write_text(
            f"daemon off; worker_processes 1; pid {folder}/pid; events {{}} http {{ access_log off; {places}\n{page}}}"
        )
        running = subprocess.Popen([nginx, "-e", f"{folder}/error.log", "-c", config])
        try:
            wait_ready(f"https://localhost:{port}", running)
            yield
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait(30)


@contextmanager
def running(command: str, environment: Mapping[str, str], listener: socket.socket | None = None) -> Iterator[None]:
    """Run a command of the page until the end of the test, with a listener if there is one, as systemd hands it over.

    It has one process instead of four, which start faster; tests of restarting have more, and reload them.
    """
    shown = f"exec {command.replace('--workers 4', '--workers 1')}"
    if listener is not None:
        shown = f"LISTEN_PID=$$ LISTEN_FDS=1 {shown} 3<&{listener.fileno()}"
    given = () if listener is None else (listener.fileno(),)
    process = subprocess.Popen(["bash", "-c", shown], env=dict(environment), pass_fds=given)
    try:
        yield
        process.terminate()
        assert process.wait(60) == 0, command
    finally:  # after a failure it may still be starting
        process.kill()
        process.wait()


def unit(text: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(comment_prefixes=("#",))
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser's own pages say
    parsed.read_string(text)
    return parsed


def settings(
    page: str, passwords: Mapping[str, str], secret: str, postgres: Cluster, servers: Servers
) -> dict[str, str]:
    """Return the page's settings, with values of this machine in place of `…` and of names of hosts."""
    there = dict(line.split("=", 1) for line in page.splitlines())
    for name in ("UPWELL_DATABASE_URL", "UPWELL_DATABASE_OWNER_URL"):
        login = re.match(r"postgresql://(\w+):…@db\.internal/", there[name])
        assert login is not None
        password = quote(passwords[login[1]])
        there[name] = there[name].replace("…@db.internal", f"{password}@127.0.0.1:{postgres.port}")
    here = {
        "UPWELL_S3_ACCESS_KEY_ID": servers.s3_access_key_id,
        "UPWELL_S3_SECRET_ACCESS_KEY": servers.s3_secret_access_key,
        "UPWELL_TOKEN_SECRETS": secret.strip(),
    }
    assert {name for name, value in there.items() if value == "…"} == set(here)
    return {**there, **here, "UPWELL_S3_ENDPOINT_URL": servers.s3_endpoint_url}


def test_the_page_on_production_leads_to_a_service_behind_its_proxy(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nginx, openssl = program("nginx", "nginx-light"), program("openssl", "openssl")
    page = Reader()
    port, ports = free_port(), [free_port(), free_port()]
    certificate = tmp_path / "tls.crt"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", tmp_path / "tls.key"),
        ],
        check=True,
        capture_output=True,
    )
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificate))
    own = make_folder(tmp_path / "clone", {"UPWELL_URL": f"https://localhost:{port}"})
    with ExitStack() as stack:
        postgres = stack.enter_context(database_that_asks_for_passwords())
        prepared = page.take("Prepare the database", "sql")
        _execute(postgres.url(), prepared)
        passwords = dict(re.findall(r"CREATE ROLE (\w+) LOGIN PASSWORD '([^']*)'", prepared))
        with shell(tmp_path, own) as sh:
            secret = sh.run(page.take("Set the environment", "sh"))
        environment = settings(page.take("Set the environment", "text"), passwords, secret, postgres, servers)
        with shell(tmp_path, own | environment) as sh:
            assert "The database is up to date." in sh.run(page.take("Migrate the database", "sh"))
        owner_url = environment.pop("UPWELL_DATABASE_OWNER_URL")
        _execute(owner_url, "DROP EXTENSION pg_trgm CASCADE")
        _execute(owner_url, page.take("Speed up search", "sql"))

        sh = stack.enter_context(shell(tmp_path, own | environment))
        sh.run(page.take("Create an organization", "sh"))
        socket_unit, service_unit = (unit(page.take("Stop and update", "ini")) for _ in range(2))
        behind = own | environment | {"UPWELL_TRUSTED_PROXIES": "127.0.0.1", "UPWELL_LOG_LEVEL": "warning"}
        serve, work = page.take("Start the processes", "sh").splitlines()
        stack.enter_context(running(serve, behind | {"UPWELL_PORT": str(ports[0])}))
        stack.enter_context(running(work, behind))
        listener = _as_systemd_listens(socket_unit, ports[1])
        stack.callback(listener.close)
        command = service_unit["Service"]["ExecStart"].replace("/opt/upwell/.venv/bin/", "")
        stack.enter_context(running(command, behind, listener))
        stack.enter_context(proxy(nginx, page.take("Put a proxy in front", "nginx"), ports, port, certificate))

        sh.run(page.take("Create a namespace and a bucket", "sh"))
        assert '"status":"ok"' in sh.run(page.take("Health checks", "sh"))
        _main_job(sh, port)
    _prepare_bucket(page, servers, tmp_path)
    assert page.left() == ELSEWHERE


def _execute(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in filter(None, map(str.strip, statements.split(";"))):
            connection.execute(statement.encode())


def _as_systemd_listens(socket_unit: configparser.ConfigParser, port: int) -> socket.socket:
    host, _, _ = socket_unit["Socket"]["ListenStream"].partition(":")
    return socket.create_server((host, port), backlog=int(socket_unit["Socket"]["Backlog"]))


def _main_job(sh: Shell, port: int) -> None:
    """Send a file, and as many announcements as one request may hold, past the proxy."""
    sent = sh.run(
        "export UPWELL_API_KEY=$key UPWELL_NAMESPACE=main UPWELL_BUCKET=files\n"
        "printf 'High water.\\n' > tide.txt; upwell upload tide.txt; printf 'key: %s\\n' \"$key\""
    )
    assert "tide.txt: sent 12 bytes; upload upl_" in sent
    key = sent.rsplit("key: ", 1)[1].strip()
    item = b'{"filename": "a.txt", "content_type": "text/plain", "blob_property": "text"}'
    body = b'{"uploads": [%b]}' % item
    answer = httpx.post(
        f"https://localhost:{port}/v1/buckets/files/uploads/batch",
        content=body.ljust(4 * MIB),
        headers={"Authorization": f"Bearer {key}", "X-Namespace": "main", "Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.status_code == httpx.codes.OK, answer.text


def _prepare_bucket(page: Reader, servers: Servers, folder: Path) -> None:
    """Prepare another bucket by hand: without TLS, as here, no client gets in afterwards."""
    for name in ("lifecycle", "cors", "policy"):
        written = page.take("Prepare the bucket yourself", "json").replace("acme-uploads", "by-hand")
        (folder / f"{name}.json").write_text(written)
    commands = page.take("Prepare the bucket yourself", "sh").replace("acme-uploads", "by-hand").replace("\\\n", "")
    client: Any = Session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=servers.s3_endpoint_url,
        aws_access_key_id=servers.s3_access_key_id,
        aws_secret_access_key=servers.s3_secret_access_key,
    )
    for words in map(shlex.split, commands.splitlines()):
        if words[2] == "put-public-access-block":  # SeaweedFS has no such thing
            with pytest.raises(ClientError, match="NotImplemented"):
                call(client, words, folder)
        else:
            call(client, words, folder)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object(Bucket="by-hand", Key="a")
