"""`upwell dev` as a user meets it: ready, persistent, clean after every end, and clear about what is wrong."""

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from entrypoints.envfile import read_env
from tests.conftest import Database, free_port, make_tenant, start, wait_ready

COMMAND = (sys.executable, "-c", "from entrypoints.cli.main import main; main()")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach, wherever the tests run."""
    made = Path(tempfile.mkdtemp(prefix="upwell-dev-"))
    made.chmod(0o755)
    yield made / "data"
    shutil.rmtree(made, ignore_errors=True)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)


def develop(
    folder: Path, port: int, *options: str, environment: dict[str, str] | None = None, host: str = "127.0.0.1"
) -> subprocess.Popen[bytes]:
    process = start(environment or {}, "dev", "--port", str(port), "--data", str(folder), *options)
    wait_ready(f"http://{host}:{port}", process)
    wait_for((folder / "dev.env").exists)
    return process


def refused(*arguments: str) -> tuple[int, str]:
    process = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return process.returncode, process.stderr


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_dev_keeps_its_data_over_ctrl_c_and_kill_9_and_leaves_no_child(folder: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = develop(folder, port)
    env = read_env(folder / "dev.env")
    assert stat.S_IMODE((folder / "dev.env").stat().st_mode) == 0o600
    assert env["UPWELL_URL"] == url
    assert "UPWELL_TOKEN_SECRETS" not in env
    assert stat.S_IMODE((folder / "token-secrets").stat().st_mode) == 0o600
    secret = (folder / "token-secrets").read_text()
    headers = {"Authorization": f"Bearer {env['UPWELL_API_KEY']}", "X-Namespace": env["UPWELL_NAMESPACE"]}
    asked = {"filename": "a.txt", "content_type": "text/plain", "file_size_bytes": 5, "blob_property": "text"}
    answer = httpx.post(f"{url}/v1/buckets/files/uploads", json=asked, headers=headers)
    assert "RateLimit" not in answer.headers
    upload = answer.json()
    httpx.put(upload["presigned_url"], content=b"hello", headers={"Content-Type": "text/plain"}).raise_for_status()
    done = httpx.post(f"{url}/v1/uploads/{upload['upload_id']}/confirm", headers=headers, timeout=20).json()
    assert done["status"] == "COMPLETED"

    children = family(process)
    assert len(children) >= 2
    process.kill()  # SIGKILL: no process of the test runs now
    process.wait()
    wait_for(lambda: not any(child.is_running() for child in children))

    process = develop(folder, port, "--rate-limits", environment=env)  # from a shell that has read dev.env
    assert read_env(folder / "dev.env")["UPWELL_API_KEY"] == env["UPWELL_API_KEY"]
    found = httpx.get(f"{url}/v1/uploads/{upload['upload_id']}", headers=headers)
    assert found.json()["status"] == "COMPLETED"
    assert (folder / "token-secrets").read_text() == secret
    assert found.headers["RateLimit"].startswith('"data";r=')
    again = httpx.post(
        f"{url}/v1/buckets/files/uploads", json={**asked, "file_hash": done["file_hash"]}, headers=headers
    ).json()
    assert again["is_duplicate"] is True

    second = refused("dev", "--port", str(free_port()), "--data", str(folder))
    assert second[0] == 2
    assert "in use" in second[1]
    assert "Traceback" not in second[1]

    children = family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    wait_for(lambda: not any(child.is_running() for child in children))


@pytest.mark.parametrize(("program", "name"), [("postgres", "PostgreSQL"), ("weed", "SeaweedFS")])
def test_dev_ends_with_a_sentence_when_one_of_its_servers_has_ended(folder: Path, program: str, name: str) -> None:
    arguments = ["dev", "--port", str(free_port()), "--data", str(folder)]
    process = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    wait_for((folder / "dev.env").exists)
    [server] = [
        each for each in family(process) if each.name() == program and each.parent() == psutil.Process(process.pid)
    ]
    server.kill()

    _, errors = process.communicate(timeout=60)

    last = errors.decode().strip().splitlines()[-1]
    assert f"{name} has ended with status -9: start again, nothing is lost; its log is" in last
    assert process.returncode == 2


def test_dev_has_parts_of_its_own_beside_another_and_behind_a_proxy(folder: Path, tmp_path: Path) -> None:
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}  # no listener there
    first = develop(folder, free_port(), environment=proxy)
    its = read_env(folder / "dev.env")
    other = folder.parent / "other"
    port = free_port()
    second = develop(other, port, "--host", "127.0.0.2", environment=its, host="127.0.0.2")
    try:
        mine = read_env(other / "dev.env")
        assert mine["UPWELL_URL"] == f"http://127.0.0.2:{port}"
        for name in ("UPWELL_DATABASE_URL", "UPWELL_S3_ENDPOINT_URL", "UPWELL_API_KEY"):
            assert mine[name] != its[name]
        (tmp_path / "first.zip").write_bytes(b"anything")
        done = subprocess.run(
            [*COMMAND, "upload", "first.zip", "--json"],
            env={**os.environ, **its, **proxy},
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["status"] == "COMPLETED"
    finally:
        for process in (first, second):
            process.send_signal(signal.SIGINT)
    assert [process.wait(60) for process in (first, second)] == [0, 0]


def test_a_busy_port_is_one_sentence_and_exit_code_2(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, said = refused("dev", "--port", str(taken.getsockname()[1]), "--data", str(folder))
    assert status == 2
    assert "--port" in said
    assert len(said.strip().splitlines()) == 1


def test_a_folder_of_another_version_is_one_sentence_and_exit_code_2(folder: Path) -> None:
    folder.mkdir()
    (folder / "version").write_text("99\n")
    status, said = refused("dev", "--port", str(free_port()), "--data", str(folder))
    assert status == 2
    assert "another version" in said
    assert len(said.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_sentence_and_exit_code_2(folder: Path) -> None:
    folder.write_text("a file stands where the folder should be")
    status, said = refused("dev", "--port", str(free_port()), "--data", str(folder))
    assert status == 2
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("UPWELL_DATABASE_URL", "mysql://x"), ("UPWELL_PORT", "many"), ("UPWELL_S3_ENDPOINT_URL", "localhost:9000")],
)
def test_a_wrong_setting_is_refused_at_start_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    status, said = refused("serve")
    assert status == 2
    assert name in said
    assert len(said.strip().splitlines()) == 1


async def test_what_goes_on_by_itself_goes_on_for_a_second_organization_too(folder: Path) -> None:
    port = free_port()
    process = develop(folder, port)
    asked = {"filename": "a.txt", "content_type": "text/plain", "blob_property": "text"}
    try:
        url = read_env(folder / "dev.env")["UPWELL_DATABASE_URL"]
        tenant = await make_tenant(Database(name="upwell", url=url, owner_url=url), f"http://127.0.0.1:{port}")
        async with tenant.client() as client, httpx.AsyncClient(trust_env=False) as plain, asyncio.timeout(60):

            async def sent(**more: object) -> str:
                upload = (await client.post("/v1/buckets/files/uploads", json=asked | more)).json()
                content = json.dumps(more).encode()
                put = await plain.put(upload["presigned_url"], content=content, headers={"Content-Type": "text/plain"})
                put.raise_for_status()
                return f"/v1/uploads/{upload['upload_id']}"

            async def completed(path: str) -> None:
                while (await client.get(path)).json()["status"] != "COMPLETED":
                    await asyncio.sleep(0.05)

            unconfirmed, confirmed = await sent(auto_confirm=True), await sent()
            begun = (await client.post(f"{confirmed}/confirm", params={"async": "true"})).json()
            await completed(f"/v1/tasks/{begun['task_id']}")
            await completed(confirmed)
            await completed(unconfirmed)
    finally:
        process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 60) == 0
