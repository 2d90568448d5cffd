"""Files of environment variables for shells and people: lines `NAME='value'`, readable only by the owner."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of a file; other lines are skipped."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            parts = shlex.split(value)
            found[name] = parts[0] if parts else ""
    return found


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write the variables atomically (mode 600): a reader finds the old file or the new one."""
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.chmod(0o600)
    new.replace(path)
