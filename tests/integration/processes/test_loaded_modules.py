"""No process of Upwell loads `eventsourcing`, its driver, or the module for both: only programs beside it use them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.uploads.test_batches import ended
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Database, Servers, environment_for, free_port, make_tenant, start, wait_ready
from tests.docs.pages import ROOT

# Python runs a module of this name at its start, in every process that has the folder on its path.
WATCH = """
import os
import sys

NAMES = {"eventsourcing", "psycopg", "psycopg_binary", "psycopg_pool", "upwell_eventsourcing"}


def note(line):
    with open(os.environ["LOADED_MODULES"], "a", encoding="utf-8") as file:
        file.write(f"{line}\\n")


class Watch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in NAMES:
            note(f"loaded {name}")


sys.meta_path.insert(0, Watch)
for word in sys.orig_argv:
    note(f"started {word}")
"""


class Watched:
    """What the processes with this environment have loaded of those names."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(WATCH)
        self._notes = folder / "notes"
        paths = [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]
        self.environment = {"PYTHONPATH": os.pathsep.join(paths), "LOADED_MODULES": str(self._notes)}

    def notes(self, kind: str) -> set[str]:
        lines = self._notes.read_text(encoding="utf-8").splitlines()
        return {line.partition(" ")[2] for line in lines if line.startswith(kind)}


@pytest.mark.parametrize("commands", [("serve", "worker"), ("dev",)], ids=" and ".join)
async def test_processes_that_take_an_upload_load_neither_eventsourcing_nor_its_driver(
    commands: Sequence[str], servers: Servers, database: Database, tmp_path: Path
) -> None:
    watched = Watched(tmp_path)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**environment_for(servers, database), **watched.environment, "UPWELL_PORT": str(port)}
    options = {"dev": ["--port", str(port), "--data", str(tmp_path / "data")]}
    processes = [start(environment, command, *options.get(command, [])) for command in commands]
    try:
        wait_ready(url, processes[0])
        tenant = await make_tenant(database, url)
        async with tenant.client() as client:
            upload = await announce(client, b"moving")
            await put(upload, b"moving")
            done = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm", params={"async": "true"})
            assert (await ended(client, done.json()["task_id"]))["status"] == "COMPLETED"
    finally:
        for process in processes:
            process.terminate()
        assert [process.wait(45) for process in processes] == [0] * len(processes)
    assert watched.notes("started") >= set(commands)
    assert watched.notes("loaded") == set()


def test_a_program_that_names_the_module_loads_all_of_them(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    subprocess.run(
        [sys.executable, "-W", "error", "-c", "import upwell_eventsourcing"],
        env={**os.environ, **watched.environment},
        check=True,
    )
    assert watched.notes("loaded") >= {"eventsourcing", "psycopg", "psycopg_pool", "upwell_eventsourcing"}
