"""Programs of the machine that tests need: installed and required by `.ci/run`; named and skipped elsewhere."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def program(name: str, package: str, *, folders: str = "/usr/sbin:/usr/bin:/usr/local/bin") -> Path:
    """Return the path of a program; without it, fail in CI and skip elsewhere, by the package that has it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{folders}")
    if found is None:
        left_out(f"{name} is not here: install the package {package}")
    return Path(found)


def left_out(reason: str) -> NoReturn:
    """Fail in CI, where everything runs; skip elsewhere and say why."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def without_privileges() -> list[str]:
    """Return a command that removes root's privileges, except for files, from the next one; a user has none."""
    if os.geteuid() != 0:
        return []
    return [str(program("setpriv", "util-linux")), "--bounding-set=-all,+dac_override", "--inh-caps=-all"]
