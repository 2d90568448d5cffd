"""Copies of the tree, which tests may change."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without the variables that git and pytest set for this process."""
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
    """Copy the files in git, in their current state, into a new repository, with the environment beside it."""
    folder.mkdir()
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((ROOT / name).read_bytes())
            path.chmod((ROOT / name).stat().st_mode)
    _take_along(folder / ".venv", Path(sys.prefix))
    git(folder, "init", "--quiet")
    objects = git(
        ROOT, "rev-parse", "--path-format=absolute", "--git-path", "objects"
    )  # most exist already: none is written
    (folder / ".git" / "objects" / "info" / "alternates").write_text(objects, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it stands")
    return folder


def _take_along(copy: Path, original: Path) -> None:
    """Link a folder of programs to the original, and the bytecode of it, if that is kept elsewhere by path."""
    copy.symlink_to(original)
    if "PYTHONPYCACHEPREFIX" in os.environ:
        compiled, of_copy = (Path(f"{os.environ['PYTHONPYCACHEPREFIX']}{each}") for each in (original, copy))
        of_copy.parent.mkdir(parents=True, exist_ok=True)
        of_copy.symlink_to(compiled)
