"""The command line as users run it: a separate process, against real servers."""

import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from adapters.postgres.database.connecting import connect
from application.rules import Rules
from domain.organizations.organization import Tier
from domain.uploads.parts import MIN_PART_BYTES
from entrypoints.envfile import write_env
from entrypoints.wiring.operations import administering
from tests.acceptance.forwarding import Proxy, forwarding
from tests.conftest import Database, Servers, Service, Tenant, free_port
from upwell_client.uploading import MULTIPART_FROM_BYTES

COMMAND = [sys.executable, "-c", "from entrypoints.cli.main import main; main()"]
# Loopback is reached directly, without any proxy; here a proxy that records is in between.
_BY_PROXY = [sys.executable, "-c", f"from upwell_client import client; client.LOOPBACK = (); {COMMAND[-1]}"]
PATIENCE_SECONDS = 60
ROOT = Path(__file__).parents[3]
IMPORTED = os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")])


def environment_of(values: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("UPWELL_")}
    return {**inherited, "PYTHONPATH": IMPORTED, **values}


@dataclass(frozen=True)
class Ran:
    """The result of a command. No command ever shows a traceback."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        """Return the JSON objects of the lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class User:
    """A user with a separate folder and the variables of a tenant."""

    folder: Path
    tenant: Tenant

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables of the tenant."""
        return {
            "UPWELL_URL": self.tenant.url,
            "UPWELL_API_KEY": self.tenant.secret,
            "UPWELL_NAMESPACE": self.tenant.namespace.name,
            "UPWELL_BUCKET": self.tenant.bucket.name,
            "UPWELL_DATABASE_URL": self.tenant.database.url,
        }

    def file(self, name: str, body: bytes | None = None) -> bytes:
        """Make a file and return its bytes."""
        content = secrets.token_bytes(50_000) if body is None else body
        (self.folder / name).write_bytes(content)
        return content

    async def run(self, *arguments: str, **changed: str) -> Ran:
        """Run a command to its end."""
        return await run(*arguments, folder=self.folder, variables={**self.variables, **changed})


async def run(*arguments: str, folder: Path, variables: Mapping[str, str], stdout: int = subprocess.PIPE) -> Ran:
    with anyio.fail_after(PATIENCE_SECONDS):
        done = await anyio.run_process(
            [*(_BY_PROXY if "NO_PROXY" in variables else COMMAND), *arguments],
            env=environment_of(variables),
            cwd=folder,
            check=False,
            stdout=stdout,
        )
    ran = Ran(code=done.returncode, out=(done.stdout or b"").decode(), err=done.stderr.decode())
    assert "Traceback" not in ran.err
    return ran


@pytest.fixture
def user(tenant: Tenant, tmp_path: Path) -> User:
    return User(folder=tmp_path, tenant=tenant)


async def test_files_become_objects_and_the_fitting_property_is_found(user: User) -> None:
    body = user.file("clip.mp4")
    user.file("notes.txt", b"hello")
    ran = await user.run("upload", "clip.mp4", "notes.txt", "--json")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    clip, notes = sorted(ran.json, key=lambda done: str(done["file"]))
    assert clip["sha256"] == hashlib.sha256(body).hexdigest()
    assert (clip["ok"], clip["status"], clip["sent_bytes"]) == (True, "COMPLETED", len(body))
    assert (clip["blob_property"], notes["blob_property"]) == ("video", "text")
    async with user.tenant.client() as client:
        found = (await client.get(f"/v1/buckets/files/objects/{clip['object_id']}")).json()
    assert found["blobs"][0]["upload_id"] == clip["upload_id"]


async def test_the_file_of_upwell_dev_in_a_parent_folder_names_the_service(user: User) -> None:
    (user.folder / ".upwell").mkdir()
    write_env(user.folder / ".upwell" / "dev.env", user.variables)
    (user.folder / "below").mkdir()
    user.file("below/clip.mp4")
    ran = await run("upload", "clip.mp4", folder=user.folder / "below", variables={})
    assert ran.code == 0, ran.err
    assert ran.out.startswith("clip.mp4: sent 48.8 KiB; upload upl_")


async def test_known_bytes_are_sent_again_only_on_request(user: User) -> None:
    user.file("clip.mp4")
    (first,) = (await user.run("upload", "clip.mp4", "--json")).json
    said = await user.run("upload", "clip.mp4")
    assert said.out == (
        f"clip.mp4: nothing sent, the same bytes are already in {first['upload_id']};"
        f" upload {first['upload_id']}, object {first['object_id']}\n"
    )
    (again,) = (await user.run("upload", "clip.mp4", "--json", "--no-skip-duplicates")).json
    assert again["upload_id"] != first["upload_id"]
    assert again["sent_bytes"] == 50_000


async def test_for_a_duplicate_the_unused_fields_are_named(user: User) -> None:
    user.file("clip.mp4")
    (first,) = (await user.run("upload", "clip.mp4", "--metadata", '{"a": 1}', "--json")).json
    assert (first["not_kept"], first["note"]) == ([], None)
    wished = ("--metadata", '{"a": 2}', "--object-metadata", '{"title": "x"}', "--content-type", "video/webm")
    said = await user.run("upload", "clip.mp4", *wished)
    assert said.out == (
        f"clip.mp4: nothing sent, the same bytes are already in {first['upload_id']} as video/mp4;"
        f" upload {first['upload_id']}, object {first['object_id']}; not kept: --content-type, --metadata,"
        " --object-metadata; --no-skip-duplicates stores the file with them\n"
    )
    (again,) = (await user.run("upload", "clip.mp4", *wished, "--json")).json
    assert (again["content_type"], again["blob_property"]) == ("video/mp4", "video")
    assert again["not_kept"] == ["--content-type", "--metadata", "--object-metadata"]
    # found only at verification: the upload is new, and the object is that of the first
    (late,) = (await user.run("upload", "clip.mp4", *wished, "--json", "--hash", "none")).json
    assert (late["content_type"], late["is_duplicate"], late["object_id"]) == ("video/webm", True, first["object_id"])
    assert late["not_kept"] == ["--object-metadata"]


async def test_standard_input_is_uploaded_under_a_name(user: User) -> None:
    with anyio.fail_after(PATIENCE_SECONDS):
        done = await anyio.run_process(
            [*COMMAND, "upload", "-", "--name", "notes.txt", "--json"],
            env=environment_of(user.variables),
            cwd=user.folder,
            input=b"hello",
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    body = json.loads(done.stdout)
    assert (body["file"], body["blob_property"], body["sha256"]) == ("-", "text", hashlib.sha256(b"hello").hexdigest())
    async with user.tenant.client() as client:
        assert (await client.get(f"/v1/uploads/{body['upload_id']}")).json()["filename"] == "notes.txt"
    for arguments in (
        ("-",),
        ("notes.txt", "--name", "a"),
        ("-", "a.txt", "--name", "a"),
        ("-", "--name", "a", "--resume"),
    ):
        ran = await user.run("upload", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "standard input" in ran.err.lower()


async def test_a_variable_that_is_no_setting_is_named_once(user: User) -> None:
    ran = await user.run("uploads", "list", UPWELL_BUCKTE="files")
    assert ran.code == 0
    assert ran.err == "upwell: UPWELL_BUCKTE is not a setting and is ignored: did you mean UPWELL_BUCKET?\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_shell_completes_commands(user: User, shell: str) -> None:
    ran = await user.run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert "_UPWELL_COMPLETE" in ran.out


async def test_an_empty_file_is_uploaded(user: User) -> None:
    user.file("empty.txt", b"")
    (done,) = (await user.run("upload", "empty.txt", "--json")).json
    assert (done["ok"], done["size_bytes"], done["status"]) == (True, 0, "COMPLETED")


async def test_the_command_waits_until_a_worker_has_verified_a_large_file(user: User) -> None:
    with (user.folder / "big.mp4").open("wb") as file:
        file.write(secrets.token_bytes(8))
        file.truncate(100_000_000)
    (done,) = (await user.run("upload", "big.mp4", "--json")).json
    assert (done["ok"], done["status"]) == (True, "COMPLETED")
    shown = (await user.run("uploads", "show", done["upload_id"], "--json")).json[0]
    began = next(event for event in shown["events"] if event["tag"] == "upload.verification_began.v1")
    assert began["facts"]["inline"] is False


async def test_a_file_that_fails_does_not_keep_the_others_back(user: User) -> None:
    user.file("good.mp4")
    user.file("odd.bin")
    (user.folder / "folder").mkdir()
    ran = await user.run("upload", "folder", "*.csv", "odd.bin", "nowhere.mp4", "good.mp4")
    assert ran.code == 1
    good, odd = sorted(ran.out.splitlines())
    assert good.startswith("good.mp4: sent")
    *problems, summary = ran.err.splitlines()
    pattern, folder, nowhere = sorted(problems)
    assert pattern == "upwell: *.csv: no file matches this pattern"
    assert folder == "upwell: folder: there is no file in this folder"
    assert nowhere == "upwell: nowhere.mp4: the file does not exist"
    assert "; stored without an object: application/octet-stream fits no property of the bucket files" in odd
    assert summary.startswith("upwell: 2 uploaded, 0 already stored, 3 failed; sent 97.7 KiB in ")


async def test_a_file_that_cannot_be_read_does_not_keep_the_others_back(user: User) -> None:
    user.file("good.mp4")
    user.file("secret.mp4")
    (user.folder / "secret.mp4").unlink()
    (user.folder / "secret.mp4").symlink_to("secret.mp4")  # even root cannot read a link to itself
    ran = await user.run("upload", "secret.mp4", "good.mp4")
    assert ran.code == 1
    assert ran.out.startswith("good.mp4: sent")
    assert "upwell: secret.mp4: " in ran.err


async def test_any_file_is_taken(user: User) -> None:
    names = ["LICENSE", "a.zip", "a.log", "a.yaml", "a.toml", "a.tar.gz", "a.parquet", "a.txt", "a.mp4", "a.exe"]
    for name in names:
        user.file(name, f"hello from {name}".encode())
    ran = await user.run("upload", *names, "--json")
    assert {done["file"]: (done["ok"], done["status"]) for done in ran.json} == dict.fromkeys(
        names, (True, "COMPLETED")
    )


async def test_folders_and_patterns_are_uploaded_each_file_once(user: User) -> None:
    (user.folder / "data" / "deep").mkdir(parents=True)
    for number in range(12):
        user.file(f"data/{number:02}.mp4")
    user.file("data/deep/00.mp4")
    same = user.file("data/deep/a.txt", b"twice")
    user.file("data/deep/b.txt", same)
    user.file("data/.hidden.mp4")
    ran = await user.run("upload", "data", "data/**/*.mp4", "data/00.mp4")
    assert ran.code == 0, ran.err
    names = sorted(line.split(":")[0] for line in ran.out.splitlines())
    assert names == [
        *(f"data/{number:02}.mp4" for number in range(12)),
        *(f"data/deep/{n}" for n in ("00.mp4", "a.txt", "b.txt")),
    ]
    assert ran.err.startswith("upwell: 14 uploaded, 1 already stored, 0 failed; sent ")
    again = (await user.run("upload", "data/**/*.mp4", "--json")).json
    assert [done["sent_bytes"] for done in again] == [0] * 13


async def test_a_file_of_any_type_is_kept_without_an_object(user: User) -> None:
    user.file("odd.bin")
    (done,) = (await user.run("upload", "odd.bin", "--no-object", "--json")).json
    assert (done["ok"], done["object_id"]) == (True, None)


async def test_metadata_goes_with_the_upload_and_its_object(user: User) -> None:
    user.file("clip.mp4")
    metadata, of_object = '{"campaign": "summer"}', '{"title": "A day out"}'
    ran = await user.run("upload", "clip.mp4", "--metadata", metadata, "--object-metadata", of_object, "--json")
    (done,) = ran.json
    async with user.tenant.client() as client:
        upload = (await client.get(f"/v1/uploads/{done['upload_id']}")).json()
        found = (await client.get(f"/v1/buckets/files/objects/{done['object_id']}")).json()
    assert upload["metadata"] == {"campaign": "summer"}
    assert found["title"] == "A day out"


async def test_a_refusal_is_printed_in_the_words_of_the_service_before_anything_is_sent(
    service: Service, user: User
) -> None:
    poor = User(folder=user.folder, tenant=await service.tenant(tier=Tier.FREE, quota_bytes=100))
    poor.file("clip.mp4")
    ran = await poor.run("upload", "clip.mp4")
    assert ran.code == 1
    assert "The storage quota is 100 bytes" in ran.err
    assert ran.err.endswith("[quota_exceeded]\n")


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"UPWELL_API_KEY": "sk_wrong"}, 1, "[key_unknown]"),
        ({"UPWELL_BUCKET": "nope"}, 1, "[bucket_not_found]"),
        ({"UPWELL_NAMESPACE": "nope"}, 1, "[namespace_not_found]"),
        ({"UPWELL_URL": "gopher://x"}, 2, "must begin with http"),
        ({"UPWELL_URL": ""}, 2, "UPWELL_URL is not set"),
    ],
)
async def test_what_is_wrong_for_all_files_is_one_sentence(
    user: User, changed: dict[str, str], code: int, said: str
) -> None:
    user.file("clip.mp4")
    ran = await user.run("upload", "clip.mp4", "clip.mp4", **changed)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_a_service_that_is_down_is_a_sentence(user: User) -> None:
    user.file("clip.mp4")
    ran = await user.run("upload", "clip.mp4", UPWELL_URL=f"http://127.0.0.1:{free_port()}")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].endswith("cannot be reached: [Errno 111] Connection refused")


async def test_the_client_loads_neither_the_servers_libraries_nor_the_file(user: User) -> None:
    with (user.folder / "big.mp4").open("wb") as file:
        file.truncate(200_000_000)
    script = (
        "import sys, pathlib\n"
        "from entrypoints.cli.main import upwell\n"
        "code = upwell.main(sys.argv[1:], standalone_mode=False)\n"
        "loaded = {'litestar', 'asyncpg', 'aiobotocore', 'botocore', 'uvicorn'} & set(sys.modules)\n"
        # not ru_maxrss, in which the process that forked it still counts
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "peak_kib = int(status.split('VmHWM:')[1].split()[0])\n"
        "print(code, sorted(loaded), peak_kib // 1024, sep='|')\n"
    )
    with anyio.fail_after(PATIENCE_SECONDS):
        done = await anyio.run_process(
            [sys.executable, "-c", script, "upload", "big.mp4"],
            env=environment_of(user.variables),
            cwd=user.folder,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    code, loaded, peak_mib = done.stdout.decode().splitlines()[-1].split("|")
    assert (code, loaded) == ("0", "[]"), done.stderr.decode()
    assert int(peak_mib) < 120


PARTS = 13


@pytest.fixture
def large(user: User) -> bytes:
    """A file large enough to be sent as multipart automatically."""
    return user.file("large.mp4", secrets.token_bytes(MULTIPART_FROM_BYTES))


@pytest.fixture
def proxy(service: Service, servers: Servers) -> Iterator[Proxy]:
    with forwarding(service.url, servers.s3_endpoint_url) as made:
        yield made


async def broken_off(user: User, proxy: Proxy, how: signal.Signals, *, passing: int) -> Ran:
    """Upload the large file, and end that by a signal when so many parts have arrived."""
    proxy.passing = passing
    async with await anyio.open_process(
        [*_BY_PROXY, "upload", "large.mp4"],
        env=environment_of({**user.variables, **proxy.variables}),
        cwd=user.folder,
        stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert await anyio.to_thread.run_sync(proxy.holding.wait, PATIENCE_SECONDS), "no part was held back"
        process.send_signal(how)
        with anyio.fail_after(PATIENCE_SECONDS):
            code = await process.wait()  # although storage does not answer
        printed = [b"".join([block async for block in stream]) for stream in (process.stdout, process.stderr)]
    await anyio.to_thread.run_sync(proxy.drop)
    assert len(proxy.parts) == passing
    return Ran(code=code, out=printed[0].decode(), err=printed[1].decode())


async def test_a_large_file_is_sent_as_parts_with_limited_concurrency(user: User, large: bytes, proxy: Proxy) -> None:
    for number in range(8):
        user.file(f"small-{number}.mp4")
    proxy.passing = 0
    async with anyio.create_task_group() as group:

        async def upload() -> None:
            ran = await user.run("upload", "--parallel", "3", "--json", ".", **proxy.variables)
            assert ran.code == 0, ran.err
            done = next(done for done in ran.json if done["file"] == "large.mp4")
            assert (done["sent_bytes"], done["status"]) == (len(large), "COMPLETED")
            assert done["sha256"] == hashlib.sha256(large).hexdigest()

        group.start_soon(upload)
        with anyio.fail_after(PATIENCE_SECONDS):
            while proxy.arrived < 3:
                await anyio.sleep(0.01)
        proxy.open()
    assert proxy.most_at_once == 3
    assert sorted(proxy.parts) == [*[0] * 8, *range(1, PARTS + 1)]


async def test_a_killed_upload_continues_with_the_missing_parts(
    user: User, large: bytes, proxy: Proxy, tmp_path: Path
) -> None:
    await broken_off(user, proxy, signal.SIGKILL, passing=3)
    there, proxy.parts = set(proxy.parts), []
    state = user.folder / ".large.mp4.upwell-upload"
    assert user.tenant.secret not in state.read_text()
    (tmp_path / "elsewhere").mkdir()
    variables = {**user.variables, **proxy.variables}
    ran = await run(
        "upload",
        "--resume",
        "--json",
        str(user.folder / "large.mp4"),
        folder=tmp_path / "elsewhere",
        variables=variables,
    )
    (done,) = ran.json
    assert (ran.code, done["resumed"], done["status"]) == (0, True, "COMPLETED")
    assert done["sha256"] == hashlib.sha256(large).hexdigest()
    assert len(there) == 3
    assert sorted(proxy.parts) == sorted({*range(1, PARTS + 1)} - there)
    assert done["sent_bytes"] < len(large) - 2 * MIN_PART_BYTES
    assert not state.exists()


async def test_ctrl_c_ends_at_once_and_the_upload_goes_on_later(user: User, large: bytes, proxy: Proxy) -> None:
    ended = await broken_off(user, proxy, signal.SIGINT, passing=2)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.startswith("upwell: large.mp4: interrupted; the upload upl_")
    # the recorded parts: an answer may have been under way
    assert re.search(
        r" is left (pending|in progress)(, with (5|10)\.0 MiB in storage)?: continue with 'upwell upload --resume'\n$",
        ended.err,
    )
    proxy.parts = []
    ran = await user.run("upload", "--resume", **proxy.variables)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("large.mp4: sent ")
    assert f" of {len(large) // 1024**2}.0 MiB, the rest was already stored; upload upl_" in ran.out
    assert len(proxy.parts) == PARTS - 2
    again = await user.run("upload", "--resume", **proxy.variables)
    assert (again.code, again.out, again.err) == (0, "", "upwell: no upload was interrupted here\n")


async def test_an_upload_that_ended_while_interrupted_is_sent_again(user: User, large: bytes, proxy: Proxy) -> None:
    await broken_off(user, proxy, signal.SIGKILL, passing=1)
    upload_id = json.loads((user.folder / ".large.mp4.upwell-upload").read_bytes())["upload_id"]
    async with user.tenant.client() as client:
        await client.delete(f"/v1/uploads/{upload_id}")
    ran = await user.run("upload", "--resume", "--json", "large.mp4", **proxy.variables)
    (done,) = ran.json
    # the progress follows, if it takes long
    assert ran.err.startswith(
        f"upwell: large.mp4: the interrupted upload {upload_id} is CANCELED: the file is sent again\n"
    )
    assert (done["ok"], done["resumed"], done["sent_bytes"]) == (True, False, len(large))


async def test_a_large_file_that_arrived_before_is_not_sent_again_by_resume(user: User, large: bytes) -> None:
    (first,) = (await user.run("upload", "large.mp4", "--json")).json
    assert first["sent_bytes"] == len(large)
    (again,) = (await user.run("upload", "--resume", "large.mp4", "--json")).json
    assert (again["ok"], again["is_duplicate"], again["sent_bytes"]) == (True, True, 0)
    assert again["upload_id"] == first["upload_id"]


async def test_a_folder_may_have_a_name_that_is_no_utf_8(user: User) -> None:
    folder = user.folder / os.fsdecode(b"M\xe4rz")
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"x")
    ran = await user.run("upload", "M*", "--json")
    (done,) = ran.json
    assert (ran.code, done["file"], done["ok"]) == (0, "M\\udce4rz/a.txt", True)


async def test_nothing_to_upload_is_a_wrong_use(user: User) -> None:
    ran = await user.run("upload")
    assert (ran.code, ran.out) == (2, "")
    assert "Name the FILES to upload" in ran.err


async def test_what_was_uploaded_is_downloaded_by_the_upload_or_its_object(user: User) -> None:
    body = user.file("clip.mp4")
    (done,) = (await user.run("upload", "clip.mp4", "--json")).json
    (user.folder / "clip.mp4").unlink()
    ran = await user.run("download", done["upload_id"])
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"clip.mp4: received 48.8 KiB; upload {done['upload_id']}\n"
    assert (user.folder / "clip.mp4").read_bytes() == body
    (got,) = (await user.run("download", done["object_id"], "--output", "other.mp4", "--json")).json
    assert got == {
        "file": "other.mp4",
        "upload_id": done["upload_id"],
        "size_bytes": len(body),
        "sha256": done["sha256"],
    }
    assert (user.folder / "other.mp4").read_bytes() == body


async def test_a_file_that_is_there_is_not_replaced_unless_that_is_wanted(user: User) -> None:
    body = user.file("clip.mp4")
    (done,) = (await user.run("upload", "clip.mp4", "--json")).json
    user.file("clip.mp4", b"my own work")
    ran = await user.run("download", done["upload_id"])
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "upwell: clip.mp4 already exists: choose another name with --output, or replace it with --overwrite\n"
    )
    assert (user.folder / "clip.mp4").read_bytes() == b"my own work"
    assert (await user.run("download", done["upload_id"], "--overwrite")).code == 0
    assert (user.folder / "clip.mp4").read_bytes() == body


async def test_what_cannot_be_downloaded_is_one_sentence(user: User) -> None:
    for arguments, said in (
        (("upl_unknown",), "The upload does not exist, or you cannot access it: check its id. [upload_not_found]"),
        (("obj_unknown", "--bucket", "files"), "[object_not_found]"),
    ):
        ran = await user.run("download", *arguments)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("upwell: ")
        assert said in ran.err
        assert len(ran.err.splitlines()) == 1


async def test_uploads_are_listed_between_tabs_newest_first(user: User) -> None:
    user.file("one.mp4")
    user.file("two.mp4")
    uploaded = (await user.run("upload", "--parallel", "1", "one.mp4", "two.mp4", "--json")).json
    rows = [line.split("\t") for line in (await user.run("uploads", "list")).out.splitlines()]
    assert [row[0] for row in rows] == [done["upload_id"] for done in reversed(uploaded)]
    assert rows[0][1:3] + rows[0][4:] == ["COMPLETED", "50000", uploaded[1]["object_id"], "two.mp4"]
    found = (await user.run("uploads", "list", "--search", "ONE", "--status", "completed", "--json")).json
    assert [row["filename"] for row in found] == ["one.mp4"]
    assert (await user.run("uploads", "list", "--status", "FAILED")).out == ""
    assert len((await user.run("uploads", "list", "--limit", "1")).out.splitlines()) == 1


async def test_an_upload_is_shown_with_its_history(user: User) -> None:
    user.file("clip.mp4")
    (done,) = (await user.run("upload", "clip.mp4", "--json")).json
    ran = await user.run("uploads", "show", done["upload_id"])
    assert ran.code == 0
    record, history = ran.out.split("\n\n")
    assert "filename                  clip.mp4" in record
    tags = [line.split()[2] for line in history.splitlines()]
    assert tags == [
        "upload.requested.v1",
        "upload.verification_began.v1",
        "upload.verified.v1",
        "upload.completed.v1",
    ]
    assert user.tenant.caller.key.key_id in history


async def test_a_history_is_read_over_the_api_where_no_database_is_named(user: User) -> None:
    user.file("clip.mp4")
    (done,) = (await user.run("upload", "clip.mp4", "--json")).json
    ran = await user.run("uploads", "show", done["upload_id"], UPWELL_DATABASE_URL="")
    assert (ran.code, ran.err) == (0, "")
    assert "upload.requested.v1" in ran.out
    assert "upload.completed.v1" in ran.out
    ran = await user.run("uploads", "show", done["upload_id"], UPWELL_DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert (ran.code, ran.out.split()[:2]) == (0, ["upload_id", done["upload_id"]])
    assert "cannot be reached" in ran.err


async def test_events_are_read_over_the_api_where_no_database_is_named(user: User) -> None:
    user.file("clip.mp4")
    (done,) = (await user.run("upload", "clip.mp4", "--json")).json
    wanted = ("--types", "upload.*,object.*")
    ran = await user.run("events", "tail", "--no-follow", *wanted, UPWELL_DATABASE_URL="")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert ["upload.completed.v1", done["upload_id"]] in [row[2:4] for row in rows]
    (event, *_) = (await user.run("events", "tail", "--no-follow", "--json", *wanted, UPWELL_DATABASE_URL="")).json
    assert event["tag"] == "upload.requested.v1"
    assert event["event"]["request"]["filename"] == "clip.mp4"


async def test_an_invalid_id_is_reported_as_such(user: User) -> None:
    ran = await user.run("uploads", "show", "x/../")
    assert (ran.code, ran.out) == (2, "")
    assert "'x/../' is not an id" in ran.err
    unknown = await user.run("uploads", "show", "upl_unknown")
    assert (unknown.code, unknown.err) == (
        1,
        "upwell: The upload does not exist, or you cannot access it: check its id. [upload_not_found]\n",
    )


class Tail:
    """A running `upwell events tail`."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self._out = BufferedByteReceiveStream(process.stdout)
        self._err = BufferedByteReceiveStream(process.stderr)

    async def line(self) -> str:
        """Wait for a printed line."""
        return (await self._out.receive_until(b"\n", 1_000_000)).decode()

    async def next_line(self) -> str:
        """Wait for a line of output."""
        return (await self._err.receive_until(b"\n", 1_000_000)).decode()


@asynccontextmanager
async def tailing(folder: Path, database: Database, *arguments: str) -> AsyncIterator[Tail]:
    variables = environment_of({"UPWELL_DATABASE_URL": database.url})
    with anyio.fail_after(PATIENCE_SECONDS):
        async with await anyio.open_process(
            [*COMMAND, "events", "tail", *arguments], env=variables, cwd=folder, stdin=subprocess.DEVNULL
        ) as process:
            try:
                yield Tail(process)
            finally:
                if process.returncode is None:
                    process.kill()


async def happen(database: Database) -> str:
    """Cause an event, and return the id that it is about."""
    async with administering(database.url, Rules()) as use:
        return (await use.organizations.create(name=secrets.token_hex(4), tier=Tier.FREE)).organization_id


async def test_events_are_printed_as_they_are_appended_until_ctrl_c(tmp_path: Path, database: Database) -> None:
    first = await happen(database)
    async with tailing(tmp_path, database, "--from-start", "--types", "organization.*") as tail:
        position, at, tag, stream = (await tail.line()).split()
        assert (position, tag, stream) == ("1", "organization.created.v1", first)
        assert at.endswith("Z")
        second = await happen(database)
        assert second in await tail.line()
        tail.process.send_signal(signal.SIGINT)
        assert await tail.process.wait() == 130
        assert (await tail.next_line()).strip() == ""


async def test_the_tail_outlives_its_connections(tmp_path: Path, servers: Servers, database: Database) -> None:
    await happen(database)
    async with tailing(tmp_path, database, "--from-start", "--json") as tail:
        assert json.loads(await tail.line())["position"] == 1
        admin = await connect(servers.postgres_url, role=None)
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database.name)
        await admin.close()
        second = await happen(database)
        event = json.loads(await tail.line())
        assert (event["position"], event["originator_id"]) == (2, second)
        assert event["event"]["type"] == "organization.created.v1"


async def test_what_there_is_can_be_printed_without_following(tmp_path: Path, database: Database) -> None:
    for _ in range(3):
        await happen(database)
    variables = {"UPWELL_DATABASE_URL": database.url}
    ran = await run("events", "tail", "--no-follow", "--after", "1", folder=tmp_path, variables=variables)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["2", "3"]


async def test_a_reader_that_is_gone_ends_the_tail_quietly(tmp_path: Path, database: Database) -> None:
    await happen(database)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = await run(
            "events",
            "tail",
            "--from-start",
            folder=tmp_path,
            variables={"UPWELL_DATABASE_URL": database.url},
            stdout=writing,
        )
    finally:
        os.close(writing)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "No target: UPWELL_URL, UPWELL_API_KEY, UPWELL_NAMESPACE are not set"),
        ("mysql://x", "must be a URL that begins with postgresql://"),
        ("postgresql://x@127.0.0.1:1/x", "PostgreSQL cannot be reached"),
    ],
)
async def test_a_database_that_cannot_be_read_is_one_sentence(tmp_path: Path, url: str, said: str) -> None:
    ran = await run("events", "tail", folder=tmp_path, variables={"UPWELL_DATABASE_URL": url})
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_a_database_that_does_not_exist_is_one_sentence(tmp_path: Path, servers: Servers) -> None:
    url = servers.url_for("postgres", "nowhere")
    ran = await run("events", "tail", folder=tmp_path, variables={"UPWELL_DATABASE_URL": url})
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(': database "nowhere" does not exist\n')
    assert len(ran.err.splitlines()) == 1
