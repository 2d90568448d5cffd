"""Node and the tools of the JavaScript client, which scripts/install-client-tools installs; CI must have them."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

PACKAGE = ROOT / "clients" / "javascript"
TOOLS = PACKAGE / "node_modules" / ".bin"

needs_node = pytest.mark.skipif(
    (shutil.which("node") is None or not TOOLS.exists()) and "CI" not in os.environ,
    reason="the tools of the JavaScript client are not installed: scripts/install-client-tools",
)


def manifest() -> dict[str, Any]:
    """Return the package.json."""
    read: dict[str, Any] = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    return read


def run(*command: str | Path, cwd: Path = PACKAGE, environment: Mapping[str, str] | None = None) -> str:
    """Run a program that must succeed; return its output."""
    path = os.pathsep.join((str(TOOLS), os.environ["PATH"]))
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return done.stdout
