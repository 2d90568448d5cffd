"""What commands of operators load."""

import subprocess
import sys

from tests.docs.pages import ROOT

LOADED = """
import sys
import entrypoints.cli.administering
import entrypoints.cli.checking
print({"httpx", "upwell_client", "litestar", "botocore"} & set(sys.modules))
"""


def test_commands_of_operators_load_neither_the_client_nor_the_http_api_nor_the_storage() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}"},
    )
    assert done.stdout == "set()\n"
