"""The embedded S3 storage, really started."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from adapters.embedded.errors import EmbeddedError
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.process import wait_until
from adapters.embedded.seaweedfs import EmbeddedStorage

ROOT = Path(__file__).parents[3]
GONE_WITHIN = timedelta(seconds=20)
MULTIPART = b"--b\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\nunsigned\r\n--b--\r\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="upwell-test-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def storage() -> Iterator[EmbeddedStorage]:
    """A shared one for the tests that do not test the start."""
    made = Path(tempfile.mkdtemp(prefix="upwell-test-"))
    with EmbeddedStorage.start(made) as running:
        yield running
    shutil.rmtree(made)


def connect(endpoint_url: str, access_key_id: str | None, secret_access_key: str | None) -> Any:  # noqa: ANN401 - botocore makes its methods at run time
    return Session().create_client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def client(storage: EmbeddedStorage) -> Any:  # noqa: ANN401 - as above
    return connect(storage.endpoint_url, storage.access_key_id, storage.secret_access_key)


def listening(storage: EmbeddedStorage) -> set[tuple[str, int]]:
    connections = psutil.Process(storage.pid).net_connections(kind="inet")
    return {(found.laddr[0], found.laddr[1]) for found in connections if found.status == psutil.CONN_LISTEN}


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send an unsigned request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": "multipart/form-data; boundary=b"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.HTTPException, OSError):
        return 0, b"refused: this door does not speak HTTP/1"
    finally:
        connection.close()


def test_objects_credentials_and_endpoint_stay_over_a_stop_and_a_start(folder: Path) -> None:
    with EmbeddedStorage.start(folder / "s3") as first:
        s3 = client(first)
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="a key/ü", Body=b"seven")
        s3.put_object(Bucket="kept", Key="large", Body=b"x" * 9_000_000)
    assert not first.alive()
    first.stop()  # again: nothing happens
    with EmbeddedStorage.start(folder / "s3") as second:
        assert second.alive()
        assert second.endpoint_url == first.endpoint_url
        assert (second.access_key_id, second.secret_access_key) == (first.access_key_id, first.secret_access_key)
        s3 = client(second)
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["kept"]
        assert s3.get_object(Bucket="kept", Key="a key/ü")["Body"].read() == b"seven"
        assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == b"x" * 9_000_000
    for path in folder.rglob("*.json"):
        assert path.stat().st_mode & 0o077 == 0
    assert (folder / "s3" / "seaweedfs").stat().st_mode & 0o077 == 0


def test_objects_are_there_when_the_ports_had_to_change(folder: Path) -> None:
    with EmbeddedStorage.start(folder / "s3") as first:
        client(first).create_bucket(Bucket="kept")
        client(first).put_object(Bucket="kept", Key="k", Body=b"seven")
        doors = sorted(port for _, port in listening(first))
    with pytest.MonkeyPatch.context() as patched:
        taken = [socket.create_server(("127.0.0.1", port)) for port in doors]
        patched.setattr("adapters.embedded.process._PORTS", range(32_000, 32_700))
        try:
            with EmbeddedStorage.start(folder / "s3") as second:
                assert second.endpoint_url != first.endpoint_url
                s3 = client(second)
                assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"seven"
                s3.put_object(Bucket="kept", Key="k2", Body=b"eight")
                assert s3.get_object(Bucket="kept", Key="k2")["Body"].read() == b"eight"
                assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"seven"
        finally:
            for each in taken:
                each.close()


def test_a_killed_parent_leaves_no_process_and_loses_nothing_acknowledged(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from adapters.embedded.postgres import EmbeddedPostgres\n"
        "from adapters.embedded.seaweedfs import EmbeddedStorage\n"
        "postgres = EmbeddedPostgres.start(Path(sys.argv[1]))\n"
        "storage = EmbeddedStorage.start(Path(sys.argv[1]))\n"
        "print(postgres.pid, storage.pid, storage.endpoint_url, storage.access_key_id, storage.secret_access_key)\n"
        "sys.stdout.flush(); sys.stdin.read()\n"
    )
    folder.chmod(0o755)
    command = [sys.executable, "-c", program, str(folder / "dev")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        postgres_pid, storage_pid, endpoint_url, key, secret = parent.stdout.readline().split()
        family = psutil.Process(parent.pid).children(recursive=True)
        assert {int(postgres_pid), int(storage_pid)} <= {process.pid for process in family}
        s3 = connect(endpoint_url, key, secret)
        s3.create_bucket(Bucket="kept")
        names = [f"k{number}" for number in range(100)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda name: s3.put_object(Bucket="kept", Key=name, Body=name.encode() * 100), names))
        s3.delete_object(Bucket="kept", Key="k0")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_until(lambda: not any(process.is_running() for process in family), GONE_WITHIN)
    with EmbeddedPostgres.start(folder / "dev") as postgres, EmbeddedStorage.start(folder / "dev") as storage:
        assert postgres.alive()
        s3 = client(storage)
        assert {found["Key"] for found in s3.list_objects_v2(Bucket="kept")["Contents"]} == set(names) - {"k0"}
        for name in names[1:]:
            assert s3.get_object(Bucket="kept", Key=name)["Body"].read() == name.encode() * 100


def test_a_start_waits_for_what_a_killed_parent_left(folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from adapters.embedded.seaweedfs import EmbeddedStorage\n"
        "storage = EmbeddedStorage.start(Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, folder / "s3"], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    with EmbeddedStorage.start(folder / "s3") as storage:
        assert storage.alive()


def test_a_second_start_on_the_same_folder_is_refused_by_pid(storage: EmbeddedStorage) -> None:
    data = Path(psutil.Process(storage.pid).cwd()).parent
    with pytest.raises(EmbeddedError, match=rf"in use by another upwell dev \(pid {os.getpid()}\)"):
        EmbeddedStorage.start(data)
    assert storage.alive()
    client(storage).list_buckets()


def test_it_begins_without_buckets(folder: Path) -> None:
    with EmbeddedStorage.start(folder / "s3") as storage:
        assert client(storage).list_buckets()["Buckets"] == []


def test_buckets_have_versions(storage: EmbeddedStorage) -> None:
    s3 = client(storage)
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versioned", Key="k", Body=b"first")["VersionId"]
    s3.put_object(Bucket="versioned", Key="k", Body=b"second")
    assert s3.get_object(Bucket="versioned", Key="k", VersionId=first)["Body"].read() == b"first"


def test_a_bucket_with_objects_is_not_deleted(storage: EmbeddedStorage) -> None:
    s3 = client(storage)
    s3.create_bucket(Bucket="filled")
    s3.put_object(Bucket="filled", Key="k", Body=b"seven")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket="filled")
    s3.delete_object(Bucket="filled", Key="k")
    s3.delete_bucket(Bucket="filled")


def test_many_buckets_find_room(storage: EmbeddedStorage) -> None:
    s3 = client(storage)
    for number in range(20):
        s3.create_bucket(Bucket=f"one-of-many-{number}")
        s3.put_object(Bucket=f"one-of-many-{number}", Key="k", Body=b"seven")


def test_it_listens_on_loopback_only(storage: EmbeddedStorage) -> None:
    found = listening(storage)
    assert len(found) == 8
    assert {address for address, _ in found} == {"127.0.0.1"}


def test_other_credentials_are_refused(storage: EmbeddedStorage) -> None:
    stranger = connect(storage.endpoint_url, storage.access_key_id, "another")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


def test_no_door_takes_or_deletes_anything_unsigned(storage: EmbeddedStorage) -> None:
    s3 = client(storage)
    s3.create_bucket(Bucket="guarded")
    s3.put_object(Bucket="guarded", Key="k", Body=b"seven")
    paths = [
        "/guarded",
        "/guarded/k",
        "/guarded/unsigned",
        "/buckets/guarded/k",
        "/buckets/guarded/unsigned",
        "/unsigned",
        "/submit",
        "/dir/assign?count=1",
        "/dir/assign?collection=guarded",
        "/col/delete?collection=guarded",
        "/vol/grow?count=1",
        "/vol/vacuum",
        "/.tus/guarded/unsigned",
        *(f"/{volume},0163703700d6" for volume in range(1, 6)),
    ]
    for _, port in sorted(listening(storage)):
        for path in paths:
            for method in ("PUT", "POST", "DELETE", "PATCH"):
                status, answer = ask(port, method, path, MULTIPART)
                assert status in {0, 400, 401, 403, 404, 405}, (port, method, path, status, answer)
    for _, port in sorted(listening(storage)):
        for path in (
            "/dir/assign",
            "/dir/lookup?fileId=1,0163703700d6",
            "/col/delete?collection=guarded",
            "/vol/grow?count=1",
        ):
            status, answer = ask(port, "GET", path)
            assert status in {0, 400, 401, 403, 404, 405}, (port, path, status, answer)
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="guarded")["Contents"]] == ["k"]
    assert s3.get_object(Bucket="guarded", Key="k")["Body"].read() == b"seven"
    assert ask(urlsplit(storage.endpoint_url).port or 0, "GET", "/guarded/k")[0] == 403


@pytest.mark.parametrize("door", ["master.grpc", "volume.grpc", "filer.grpc", "s3.grpc"])
def test_its_components_accept_no_other_client(storage: EmbeddedStorage, door: str) -> None:
    hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
    address = ("127.0.0.1", storage._ports[door])
    with socket.create_connection(address, timeout=10) as plain:
        plain.sendall(hello)
        assert _answer(plain) == b""
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    anyone.set_alpn_protocols(["h2"])
    with anyone.wrap_socket(socket.create_connection(address, timeout=10)) as encrypted:
        encrypted.sendall(hello)
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
            encrypted.recv(1)


def _answer(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1)
    except ConnectionResetError:
        return b""


def test_a_users_own_settings_do_not_reach_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder / "home" / ".seaweedfs"
    home.mkdir(parents=True)
    (home / "filer.toml").write_text('[redis2]\nenabled = true\naddress = "127.0.0.1:1"\n')
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSERS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "users")
    monkeypatch.setenv("WEED_JWT_SIGNING_KEY", "")
    with EmbeddedStorage.start(folder / "s3") as storage:
        users = connect(storage.endpoint_url, None, None)
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            users.list_buckets()


def test_a_long_path_with_spaces_commas_and_umlauts_works(folder: Path) -> None:
    data = folder / "a folder, 'quoted' & größer 数据" / ("long" * 30) / ("path" * 30)
    assert len(str(data)) > 250
    with EmbeddedStorage.start(data) as storage:
        client(storage).create_bucket(Bucket="kept")


def test_an_unwritable_folder_is_refused_in_a_sentence(folder: Path) -> None:
    folder.chmod(0o755)
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    program = (
        "import os, sys; from pathlib import Path\n"
        "from adapters.embedded.seaweedfs import EmbeddedStorage\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "EmbeddedStorage.start(Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", program, str(closed / "s3")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "cannot be written (Permission denied): make it writable for this user" in done.stderr


def test_a_start_that_times_out_is_reported_with_the_log_and_leaves_no_process(folder: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"was not ready within 0 s: .*seaweedfs\.log"):
        EmbeddedStorage.start(folder / "s3", wait=timedelta(0))
    with EmbeddedStorage.start(folder / "s3") as storage:
        assert storage.alive()


def test_without_any_program_the_variable_to_set_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.files", lambda _: None)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(EmbeddedError, match="UPWELL_S3_ENDPOINT_URL"):
        EmbeddedStorage.start(folder / "s3")
