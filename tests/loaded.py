"""The modules that a program loads, in a process of its own."""

import subprocess
import sys
from collections.abc import Collection

from tests.docs.pages import ROOT


def loaded_by(program: str, names: Collection[str]) -> set[str]:
    """Run a program, and return those of these modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(*({set(names)!r} & set(sys.modules)))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}"},
    )
    return set(done.stdout.split())
