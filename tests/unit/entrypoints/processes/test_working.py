"""The modules that a worker loads."""

import subprocess
import sys

from tests.docs.pages import ROOT

LOADED = """
import sys
import entrypoints.processes.working
print({"entrypoints.http", "litestar", "uvicorn"} & set(sys.modules))
"""


def test_a_worker_does_not_load_the_http_api() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}"},
    )
    assert done.stdout == "set()\n"
