"""The page "Your first change" does what it says: its patches apply to this tree, in order, and its commands pass."""

from pathlib import Path

from tests.docs.pages import ROOT, Block, blocks
from tests.repository.copies import copy_of_the_tree, git, run

PAGE = ROOT / "docs" / "tutorial" / "your-first-change.md"


def fails(block: Block) -> bool:
    """Return whether the page says that the command of a block fails."""
    above = PAGE.read_text(encoding="utf-8").splitlines()[block.line - 3]
    return above == "<!-- not run: it fails, as it must -->"


def test_the_patches_apply_and_the_commands_do_what_the_page_says(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    done = []
    for block in blocks(PAGE):
        if block.kind == "diff":
            (tmp_path / "patch").write_text(block.source, encoding="utf-8")
            git(tree, "apply", str(tmp_path / "patch"))
        elif block.kind == "sh":
            ran = run(tree, "sh", "-eu", "-c", block.source)
            assert (ran.returncode != 0) is fails(block), f"line {block.line}:\n{ran.stdout}{ran.stderr}"
        done.append("failed" if block.kind == "sh" and fails(block) else block.kind)

    assert done[:4] == ["diff", "failed", "diff", "sh"], "a test that fails, then the rule that makes it pass"
    changed = {line[3:] for line in git(tree, "status", "--porcelain").splitlines()}
    assert {name.split("/")[0] for name in changed} == {"domain", "docs", "tests"}
    assert "docs/explanation/admission-order.md" in changed, "the drawn page follows the code"


def test_the_page_names_each_layer_and_the_way_back() -> None:
    text = PAGE.read_text(encoding="utf-8")

    for path in (
        "domain/uploads/filenames.py",
        "application/uploads/requesting.py",
        "entrypoints/http/answers/errors.py",
    ):
        assert f"`{path}`" in text
        assert (ROOT / path).is_file()
    for page in ("CONTRIBUTING.md", "docs/index.md", "docs/explanation/architecture.md"):
        assert f"{PAGE.name})" in (ROOT / page).read_text(encoding="utf-8")
