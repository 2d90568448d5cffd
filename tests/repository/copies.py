"""Copies of the tree, in which tests change what they like."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without what git and pytest told this process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_"))}
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, "PRE_COMMIT_HOME": str(folder.parent / "pre-commit")},
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it printed."""
    done = run(folder, "git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy_of_the_tree(folder: Path) -> Path:
    """Copy what git keeps, as it stands now, into a repository of its own, with the environment beside it."""
    folder.mkdir()
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((ROOT / name).read_bytes())
            path.chmod((ROOT / name).stat().st_mode)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it stands")
    return folder
