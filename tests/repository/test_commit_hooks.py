"""The hooks of .pre-commit-config.yaml find, in a copy of the tree, what CI would find."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it is there for other packages

from tests.docs.pages import ROOT
from tests.repository.copies import copy_of_the_tree, git, run

MODULE = "domain/json_text.py"
PAGE = "docs/reference/settings.md"
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS = [hook["id"] for repo in CONFIG["repos"] for hook in repo["hooks"]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_of_the_tree(tmp_path / "tree")


def hooks(tree: Path) -> tuple[dict[str, bool], str]:
    """Run the hooks on the staged files; return which of them ran and passed, and their output."""
    done = run(tree, sys.executable, "-m", "pre_commit", "run", "--verbose", "--color", "never")
    blocks = done.stdout.split("\n- hook id: ")
    passed = {
        block.split("\n", 1)[0]: before.rsplit("\n", 1)[-1].endswith("Passed")
        for before, block in pairwise(blocks)
        if not before.rsplit("\n", 1)[-1].endswith("Skipped")
    }
    assert done.returncode == (0 if all(passed.values()) else 1), done.stdout + done.stderr
    return passed, done.stdout


def test_a_commit_that_is_in_order_passes_all_hooks(tree: Path) -> None:
    module = tree / MODULE
    module.write_text(module.read_text(encoding="utf-8") + "\n\nANSWER = 42\n", encoding="utf-8")
    git(tree, "add", "--all")

    passed, printed = hooks(tree)

    assert passed == dict.fromkeys(HOOKS, True), printed
    assert git(tree, "status", "--porcelain").splitlines() == [f"M  {MODULE}"]


def test_each_hook_finds_what_is_wrong_for_it(tree: Path) -> None:
    module, page = tree / MODULE, tree / PAGE
    module.write_text(
        module.read_text(encoding="utf-8") + "\n\nimport application.rules\n\nANSWER: str = 42  +  1\n",
        encoding="utf-8",
    )
    page.write_text(page.read_text(encoding="utf-8").replace("| name | default |", "| names | defaults |"))
    git(tree, "add", "--all")

    passed, printed = hooks(tree)

    assert passed == dict.fromkeys(HOOKS, False), printed
    assert "E402" in printed
    assert 'Incompatible types in assignment (expression has type "int", variable has type "str")' in printed
    assert "domain.json_text -> application.rules" in printed


def test_a_commit_of_other_files_waits_for_nothing(tree: Path) -> None:
    (tree / "LICENSE").write_text("Another licence.\n", encoding="utf-8")
    git(tree, "add", "--all")

    assert hooks(tree)[0] == {}


def test_the_tools_are_the_ones_of_the_environment() -> None:
    entries = [hook["entry"].split()[0] for repo in CONFIG["repos"] for hook in repo["hooks"]]

    assert {repo["repo"] for repo in CONFIG["repos"]} == {"local"}
    assert {hook["language"] for repo in CONFIG["repos"] for hook in repo["hooks"]} == {"system"}
    assert [entry for entry in entries if not entry.startswith(".venv/bin/")] == []
    assert [entry for entry in entries if not (Path(sys.prefix) / entry.removeprefix(".venv/")).exists()] == []
